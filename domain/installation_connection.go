package domain

import (
	"context"
	"net/url"

	"usher/domain/attribute"
)

// ConnectionSpec describes a connection to be made.
type ConnectionSpec struct {
	Name       string
	Kind       ConnectionKind
	Activation Activation // empty: first_access where it signs people in, immediate elsewhere
	OIDC       OIDCSpec
}

// OIDCSpec registers a connection at its OpenID provider; the zero value means that it signs nobody in.
type OIDCSpec struct {
	Issuer   string
	ClientID string

	// Seal encrypts the client's secret for the connection that gets it; nil: no secret. It may run before the
	// connection is there.
	Seal func(org OrganisationID, id ConnectionID) ([]byte, error)

	// OnThisMachine lets the issuer be an http:// address of this very machine: the toy provider of the demo, which alone
	// sets it.
	OnThisMachine bool
}

// Check says what is wrong with a description, without a store. Invalid.
func (s ConnectionSpec) Check() error {
	if _, err := label("name", s.Name); err != nil {
		return err
	}
	return s.OIDC.check()
}

// CreateConnection makes a connection without a token (rule provision.activation sets how its people become active).
// NotFound, NameTaken, Invalid.
func (in *Installation) CreateConnection(ctx context.Context, slug string, spec ConnectionSpec) (Connection, error) {
	c, err := plannedConnection(in.env, spec)
	if err != nil {
		return Connection{}, err
	}
	err = in.change(ctx, slug, func(tx Tx, o Organisation) error {
		c.Organisation = o.ID
		if spec.OIDC.Seal != nil {
			sealed, err := spec.OIDC.Seal(o.ID, c.ID)
			if err != nil {
				return err
			}
			c.OIDC.SealedSecret = sealed
		}
		return insertConnection(tx, in.author(o), c)
	})
	if err != nil {
		return Connection{}, err
	}
	return c, nil
}

// plannedConnection makes a connection of a description, without organisation and client secret. Invalid.
func plannedConnection(env Environment, spec ConnectionSpec) (Connection, error) {
	if err := spec.Check(); err != nil {
		return Connection{}, err
	}
	name, err := label("name", spec.Name)
	if err != nil {
		return Connection{}, err
	}
	id, err := newID[Connection](env)
	if err != nil {
		return Connection{}, err
	}
	c := Connection{
		ID: id, Name: name, Kind: spec.Kind, Activation: spec.Activation, CreatedAt: env.instant(),
		OIDC: OIDCClient{Issuer: spec.OIDC.Issuer, ClientID: spec.OIDC.ClientID},
	}
	if c.Activation == "" {
		c.Activation = defaultActivation(c.OIDC)
	}
	return c, nil
}

// defaultActivation is rule provision.activation where nothing was chosen: who can sign in by this connection becomes
// active by doing so, anybody else with the push.
func defaultActivation(client OIDCClient) Activation {
	if client.Issuer != "" {
		return ActivateOnFirstAccess
	}
	return ActivateAtOnce
}

func (s OIDCSpec) check() error {
	if s.Issuer == "" {
		if s.ClientID != "" || s.Seal != nil {
			return &Error{Kind: Invalid, Code: CodeRequired, Field: "oidc-issuer", Message: "an OpenID client needs its issuer, for example https://acme.okta.com"}
		}
		return nil
	}
	u, err := url.Parse(s.Issuer)
	if err != nil || u.Scheme != "https" && !s.plain(u) || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || len(s.Issuer) > 1000 {
		return InvalidField("oidc-issuer", "use the https:// address of the OpenID provider, without query or fragment, for example https://acme.okta.com")
	}
	if s.ClientID == "" {
		return &Error{Kind: Invalid, Code: CodeRequired, Field: "oidc-client-id", Message: "an issuer needs the id of the client that was registered there"}
	}
	if _, err := label("oidc-client-id", s.ClientID); err != nil {
		return InvalidField("oidc-client-id", "use the client id as the OpenID provider shows it, on one line")
	}
	return nil
}

// plain reports whether an issuer may be asked without TLS.
func (s OIDCSpec) plain(u *url.URL) bool {
	return s.OnThisMachine && u.Scheme == "http" && isLoopback(u.Hostname())
}

// createdConnection is what the event of a new connection shows.
func createdConnection(c Connection) attribute.Value {
	return texts("name", c.Name, "kind", string(c.Kind), "activation", string(c.Activation),
		"issuer", c.OIDC.Issuer, "clientId", c.OIDC.ClientID)
}

// ListConnections gives the connections of an organisation, by name. NotFound.
func (in *Installation) ListConnections(ctx context.Context, slug string) ([]Connection, error) {
	var all []Connection
	err := in.store.Read(ctx, func(tx Tx) error {
		o, err := tx.Organisations().BySlug(slug)
		if err != nil {
			return err
		}
		all, err = tx.Connections().List(o.ID)
		return err
	})
	return all, err
}

// DisableConnection stops a connection: its tokens are refused and nobody signs in by it, and its people stay. NotFound,
// LastOwner.
func (in *Installation) DisableConnection(ctx context.Context, slug, name string) (Connection, error) {
	return in.setDisabled(ctx, slug, name, true)
}

// EnableConnection lets a connection work again. NotFound.
func (in *Installation) EnableConnection(ctx context.Context, slug, name string) (Connection, error) {
	return in.setDisabled(ctx, slug, name, false)
}

func (in *Installation) setDisabled(ctx context.Context, slug, name string, disabled bool) (Connection, error) {
	now := in.env.instant()
	var outcome Connection
	var by author
	err := in.change(ctx, slug, func(tx Tx, o Organisation) error {
		by = in.author(o)
		c, err := tx.Connections().ByName(o.ID, name)
		if err != nil {
			return err
		}
		outcome = c
		outcome, err = disableConnection(tx, by, c, disabled, now)
		return err
	})
	if IsCode(err, CodeLastOwner) {
		err = ownerProtectedFrom(ctx, in.store, by, "connection", outcome.ID.UUID, now, err)
	}
	return outcome, err
}
