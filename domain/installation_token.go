package domain

import (
	"context"
	"fmt"
	"time"
)

// TokenSpec describes a token to be made.
type TokenSpec struct {
	Connection string        // its name
	Lifetime   time.Duration // 0: it does not expire
}

// CreateToken makes a bearer token for a connection. text is the token itself: it is shown once and kept nowhere. Other
// tokens of the connection stay in force, so that one can be replaced without a gap. NotFound, Invalid.
func (in *Installation) CreateToken(ctx context.Context, slug string, spec TokenSpec) (t Token, text string, err error) {
	now := in.env.instant()
	var expires time.Time
	switch {
	case spec.Lifetime < 0:
		return Token{}, "", InvalidField("expires", "use a duration from now such as 8760h or 365d")
	case spec.Lifetime > 0:
		expires = now.Add(spec.Lifetime)
	}
	err = in.change(ctx, slug, func(tx Tx, o Organisation) error {
		c, err := tx.Connections().ByName(o.ID, spec.Connection)
		if err != nil {
			return err
		}
		if t, text, err = makeToken(in.env, in.random, c, expires, now); err != nil {
			return err
		}
		return insertToken(tx, in.author(o), t)
	})
	if err != nil {
		return Token{}, "", err
	}
	return t, text, nil
}

// ListedToken is a token with the name of its connection.
type ListedToken struct {
	Token
	ConnectionName string
}

// ListTokens gives the tokens of an organisation, or of one connection where name is not empty, newest first; those
// that have expired or were revoked as well. NotFound.
func (in *Installation) ListTokens(ctx context.Context, slug, name string) ([]ListedToken, error) {
	var listed []ListedToken
	err := in.store.Read(ctx, func(tx Tx) error {
		listed = nil
		o, err := tx.Organisations().BySlug(slug)
		if err != nil {
			return err
		}
		var only ConnectionID
		if name != "" {
			c, err := tx.Connections().ByName(o.ID, name)
			if err != nil {
				return err
			}
			only = c.ID
		}
		connections, err := tx.Connections().List(o.ID)
		if err != nil {
			return err
		}
		names := make(map[ConnectionID]string, len(connections))
		for _, c := range connections {
			names[c.ID] = c.Name
		}
		tokens, err := tx.Tokens().List(o.ID)
		if err != nil {
			return err
		}
		for _, t := range tokens {
			if only.IsZero() || t.Connection == only {
				listed = append(listed, ListedToken{Token: t, ConnectionName: names[t.Connection]})
			}
		}
		return nil
	})
	return listed, err
}

// RevokeToken ends a token with the next request that bears it. NotFound.
func (in *Installation) RevokeToken(ctx context.Context, slug string, id TokenID) (Token, error) {
	now := in.env.instant()
	var outcome Token
	err := in.change(ctx, slug, func(tx Tx, o Organisation) error {
		t, err := token(tx, o, id)
		if err != nil {
			return err
		}
		outcome, err = revokeToken(tx, in.author(o), t, now)
		return err
	})
	return outcome, err
}

// token finds the token that a command names.
func token(tx Tx, o Organisation, id TokenID) (Token, error) {
	tokens, err := tx.Tokens().List(o.ID)
	if err != nil {
		return Token{}, err
	}
	for _, t := range tokens {
		if t.ID == id {
			return t, nil
		}
	}
	return Token{}, &Error{
		Kind: NotFound, Code: CodeNotFound, Field: "id",
		Message: fmt.Sprintf("the organisation %s has no token %s; \"usher token list --org %s\" shows which there are", o.Slug, id, o.Slug),
	}
}
