package api

import (
	"context"
	"net/http"
	"time"

	"usher/domain"
)

// OAuthClient is an OAuth client of a connection, without its secret.
type OAuthClient struct {
	ID                 string     `json:"id" format:"uuid" doc:"The client_id."`
	ConnectionID       string     `json:"connection_id" format:"uuid"`
	State              string     `json:"state" enum:"active,expired,revoked"`
	TokenLifetimeHours int        `json:"token_lifetime_hours" doc:"How long the tokens are good that it is given."`
	CreatedAt          time.Time  `json:"created_at"`
	RotatedAt          *time.Time `json:"rotated_at" doc:"When its secret was made; null: with the client."`
	PreviousEndsAt     *time.Time `json:"previous_ends_at" doc:"Until when the secret before stays good; null: there was none."`
	ExpiresAt          *time.Time `json:"expires_at" doc:"null: never."`
	RevokedAt          *time.Time `json:"revoked_at"`
	LastUsedAt         *time.Time `json:"last_used_at" doc:"When it was given a token last."`
}

// newOAuthClient is a client with its secret.
type newOAuthClient struct {
	OAuthClient

	Secret string `json:"client_secret" doc:"The secret itself, for the identity provider. It is shown this once."`
}

type createOAuthClient struct {
	ByID

	Body *struct {
		ExpiresInHours     int `json:"expires_in_hours,omitempty" doc:"How long the client is good for; 0: for ever." minimum:"0" maximum:"87600"`
		TokenLifetimeHours int `json:"token_lifetime_hours,omitempty" doc:"How long the tokens are good that it is given; 1 unless given." minimum:"1" maximum:"6"`
	}
}

func (s *service) addOAuthClients() {
	add(s, operation{
		method: http.MethodGet, path: "/connections/{id}/oauth-clients", id: "list-oauth-clients", tag: "OAuth clients",
		summary: "List the OAuth clients of a connection", needs: "directory:view",
	}, func(ctx context.Context, who domain.Administrator, in *membersInput) (*page[OAuthClient], error) {
		id, err := identified[domain.Connection](in.ID, "connection")
		if err != nil {
			return nil, err
		}
		all, err := s.Administration.OAuthClients(ctx, who, id)
		if err != nil {
			return nil, err
		}
		return slicePage(exchangeOf(ctx), "oauth clients "+in.ID, in.Paged, all, func(c domain.OAuthClient) string { return c.ID.String() }, s.showOAuthClient)
	})
	add(s, operation{
		method: http.MethodPost, path: "/connections/{id}/oauth-clients", id: "create-oauth-client", tag: "OAuth clients",
		summary: "Make an OAuth client for a connection",
		description: "With its id and secret the identity provider gets short directory tokens at POST /oauth/token (client credentials, RFC 6749 section 4.4). " +
			"Who has it can change anybody of the directory, so making it takes every permission there is.",
		needs: "directory:edit", status: http.StatusCreated,
	}, func(ctx context.Context, who domain.Administrator, in *createOAuthClient) (*created[newOAuthClient], error) {
		id, err := identified[domain.Connection](in.ID, "connection")
		if err != nil {
			return nil, err
		}
		var spec domain.OAuthClientSpec
		if in.Body != nil {
			spec.Lifetime = time.Duration(in.Body.ExpiresInHours) * time.Hour
			spec.TokenLifetime = time.Duration(in.Body.TokenLifetimeHours) * time.Hour
		}
		c, text, err := s.Administration.CreateOAuthClient(ctx, who, id, spec)
		return s.madeOAuthClient(c, text), err
	})
	add(s, operation{
		method: http.MethodPost, path: "/oauth-clients/{id}/rotate", id: "rotate-oauth-client", tag: "OAuth clients",
		summary: "Give an OAuth client another secret",
		description: "The new secret is good for as long as the one before was made for; that one ends after the overlap, and one before it at once. " +
			"Without overlap (0) the tokens that the client was given end as well." +
			" Who has it can change anybody of the directory, so making it takes every permission there is.",
		needs: "directory:edit", status: http.StatusCreated,
	}, func(ctx context.Context, who domain.Administrator, in *rotateToken) (*created[newOAuthClient], error) {
		id, err := identified[domain.OAuthClient](in.ID, "OAuth client")
		if err != nil {
			return nil, err
		}
		overlap := defaultOverlap
		if in.Body != nil && in.Body.OverlapHours != nil {
			overlap = time.Duration(*in.Body.OverlapHours) * time.Hour
		}
		c, text, err := s.Administration.RotateOAuthClient(ctx, who, id, overlap, ifMatch(in.IfMatch))
		return s.madeOAuthClient(c, text), err
	})
	add(s, operation{
		method: http.MethodDelete, path: "/oauth-clients/{id}", id: "revoke-oauth-client", tag: "OAuth clients", summary: "End an OAuth client",
		description: "It is given nothing more, and every token that it was given is refused from the next request on. It stays in the list.",
		needs:       "directory:edit", status: http.StatusNoContent,
	}, func(ctx context.Context, who domain.Administrator, in *Matching) (*struct{}, error) {
		id, err := identified[domain.OAuthClient](in.ID, "OAuth client")
		if err != nil {
			return nil, err
		}
		_, err = s.Administration.RevokeOAuthClient(ctx, who, id, ifMatch(in.IfMatch))
		return nil, err
	})
}

func (s *service) madeOAuthClient(c domain.OAuthClient, text string) *created[newOAuthClient] {
	return &created[newOAuthClient]{
		Location: Prefix + "/connections/" + c.Connection.String() + "/oauth-clients", ETag: tag(c.Version()),
		Body: newOAuthClient{OAuthClient: s.showOAuthClient(c), Secret: text},
	}
}

func (s *service) showOAuthClient(c domain.OAuthClient) OAuthClient {
	return OAuthClient{
		ID: c.ID.String(), ConnectionID: c.Connection.String(), State: state(c.InForce(s.Now()), c.RevokedAt),
		TokenLifetimeHours: int(c.TokenLifetime / time.Hour), CreatedAt: c.CreatedAt, RotatedAt: moment(c.RotatedAt),
		PreviousEndsAt: moment(c.PreviousEndsAt), ExpiresAt: moment(c.ExpiresAt), RevokedAt: moment(c.RevokedAt), LastUsedAt: moment(c.LastUsedAt),
	}
}
