package api

import (
	"context"
	"net/http"
	"time"

	"usher/domain"
)

// connection is one identity provider of the organisation.
type connection struct {
	ID           string     `json:"id" format:"uuid"`
	Name         string     `json:"name"`
	Kind         string     `json:"kind"`
	Activation   string     `json:"activation" doc:"When a pushed person becomes active: first_access, immediate or invite."`
	OIDCIssuer   *string    `json:"oidc_issuer" doc:"null: it signs nobody in."`
	OIDCClientID *string    `json:"oidc_client_id"`
	CreatedAt    time.Time  `json:"created_at"`
	DisabledAt   *time.Time `json:"disabled_at" doc:"null: it works."`
}

type newConnection struct {
	Body struct {
		Name       string `json:"name" doc:"Unique in the organisation, without case." minLength:"1" maxLength:"100"`
		Kind       string `json:"kind,omitempty" enum:"okta,entra,google,onelogin,jumpcloud,ping,generic" default:"generic"`
		Activation string `json:"activation,omitempty" enum:"first_access,immediate,invite" doc:"immediate unless given."`
	}
}

type changeConnection struct {
	Matching

	Body struct {
		OIDCIssuer       *string `json:"oidc_issuer,omitempty" doc:"Another issuer; empty: nobody signs in by the connection any more." maxLength:"1000"`
		OIDCClientID     *string `json:"oidc_client_id,omitempty" doc:"Another client id, as it was registered at the issuer." maxLength:"1000"`
		OIDCClientSecret *string `json:"oidc_client_secret,omitempty" doc:"Another secret of the client, which is never answered; empty: none." maxLength:"4000"`
	}
}

func (s *service) addConnections() {
	add(s, operation{
		method: http.MethodGet, path: "/connections", id: "list-connections", tag: "Connections", summary: "List the connections", needs: "directory:view",
	}, func(ctx context.Context, who domain.Administrator, in *Paged) (*page[connection], error) {
		all, err := s.Administration.Connections(ctx, who)
		if err != nil {
			return nil, err
		}
		return slicePage(exchangeOf(ctx), "connections", *in, all, func(c domain.Connection) string { return c.ID.String() }, showConnection)
	})
	add(s, operation{
		method: http.MethodPost, path: "/connections", id: "create-connection", tag: "Connections", summary: "Make a connection",
		description: "It has no token yet: see POST /connections/{id}/tokens.", needs: "directory:edit", status: http.StatusCreated,
	}, func(ctx context.Context, who domain.Administrator, in *newConnection) (*created[connection], error) {
		c, err := s.Administration.CreateConnection(ctx, who, domain.ConnectionSpec{
			Name: in.Body.Name, Kind: domain.ConnectionKind(in.Body.Kind), Activation: domain.Activation(in.Body.Activation),
		})
		return &created[connection]{Location: Prefix + "/connections/" + c.ID.String(), ETag: tag(c.Version()), Body: showConnection(c)}, err
	})
	add(s, operation{
		method: http.MethodGet, path: "/connections/{id}", id: "get-connection", tag: "Connections", summary: "Read one connection", needs: "directory:view",
	}, func(ctx context.Context, who domain.Administrator, in *ByID) (*one[connection], error) {
		id, err := identified[domain.Connection](in.ID, "connection")
		if err != nil {
			return nil, err
		}
		c, err := s.Administration.Connection(ctx, who, id)
		return oneConnection(c), err
	})
	add(s, operation{
		method: http.MethodPatch, path: "/connections/{id}", id: "change-connection", tag: "Connections", summary: "Change what a connection is at which OpenID provider",
		description: "What is left out stays, and the change holds from the next sign-in on. With another issuer, which takes every permission there is, the secret is forgotten unless a new one is given, " +
			"the sessions that began by the connection end, and people are strangers: who they were at the old issuer is nobody's until the connection has it again, and who comes is looked for as at the first time. " +
			"Refused where the last owner signs in by it alone.",
		needs: "directory:edit",
	}, s.changeConnection)
	add(s, operation{
		method: http.MethodDelete, path: "/connections/{id}", id: "delete-connection", tag: "Connections", summary: "End a connection for ever",
		description: "Its tokens, clients and linked sign-ins are dead from the next request on, whatever is made under its name later. Its people stay, as people of no connection; its groups go, " +
			"and with them what mappings gave for them. Refused where the last owner signs in by it alone.",
		needs: "directory:edit", status: http.StatusNoContent,
	}, s.deleteConnection)
	add(s, operation{
		method: http.MethodPost, path: "/connections/{id}/disable", id: "disable-connection", tag: "Connections", summary: "Stop a connection",
		description: "Its tokens are refused from the next request on, and its people stay.", needs: "directory:edit",
	}, s.setDisabled(true))
	add(s, operation{
		method: http.MethodPost, path: "/connections/{id}/enable", id: "enable-connection", tag: "Connections", summary: "Let a connection work again",
		needs: "directory:edit",
	}, s.setDisabled(false))
}

func (s *service) changeConnection(ctx context.Context, who domain.Administrator, in *changeConnection) (*one[connection], error) {
	id, err := identified[domain.Connection](in.ID, "connection")
	if err != nil {
		return nil, err
	}
	change := domain.OIDCChange{Issuer: in.Body.OIDCIssuer, ClientID: in.Body.OIDCClientID}
	if given := in.Body.OIDCClientSecret; given != nil && *given == "" {
		change.NoSecret = true
	} else if given != nil {
		change.Seal = func(org domain.OrganisationID, id domain.ConnectionID) ([]byte, error) {
			return s.Clients.SealSecret(org, id, *given)
		}
	}
	c, err := s.Administration.ChangeConnectionClient(ctx, who, id, ifMatch(in.IfMatch), change)
	return oneConnection(c), spelled(err, map[string]string{"oidc-issuer": "oidc_issuer", "oidc-client-id": "oidc_client_id"})
}

func (s *service) deleteConnection(ctx context.Context, who domain.Administrator, in *Matching) (*struct{}, error) {
	id, err := identified[domain.Connection](in.ID, "connection")
	if err != nil {
		return nil, err
	}
	return nil, s.Administration.DeleteConnection(ctx, who, id, ifMatch(in.IfMatch))
}

func (s *service) setDisabled(disabled bool) func(context.Context, domain.Administrator, *Matching) (*one[connection], error) {
	return func(ctx context.Context, who domain.Administrator, in *Matching) (*one[connection], error) {
		id, err := identified[domain.Connection](in.ID, "connection")
		if err != nil {
			return nil, err
		}
		c, err := s.Administration.SetConnectionDisabled(ctx, who, id, disabled, ifMatch(in.IfMatch))
		return oneConnection(c), err
	}
}

// created is an answer with something that was made.
type created[Item any] struct {
	Location string `header:"Location" doc:"Where it is."`
	ETag     string `header:"ETag" doc:"The version, for If-Match."`
	Body     Item
}

func oneConnection(c domain.Connection) *one[connection] {
	return &one[connection]{ETag: tag(c.Version()), Body: showConnection(c)}
}

func showConnection(c domain.Connection) connection {
	return connection{
		ID: c.ID.String(), Name: c.Name, Kind: string(c.Kind), Activation: string(c.Activation), OIDCIssuer: orNil(c.OIDC.Issuer),
		OIDCClientID: orNil(c.OIDC.ClientID), CreatedAt: c.CreatedAt, DisabledAt: moment(c.DisabledAt),
	}
}
