package domain

import (
	"context"
	"io"
	"time"

	"usher/domain/attribute"
)

// OAuth gives clients of connections the short tokens of the client credentials grant (RFC 6749 section 4.4). They are
// directory tokens like any other: they end at their time, when the client is revoked, and when the connection or the
// organisation is stopped.
type OAuth struct {
	store  Store
	env    Environment
	random io.Reader
}

// NewOAuth makes the use cases over a store. random must be a cryptographic source.
func NewOAuth(store Store, env Environment, random io.Reader) *OAuth {
	return &OAuth{store: store, env: env, random: random}
}

// UnknownOAuthClient is the refusal of a client, the same whatever is wrong with its id or secret.
func UnknownOAuthClient() *Error {
	return &Error{Kind: Unauthenticated, Code: CodeUnauthenticated, Message: "the client is unknown, expired or revoked, or this is not its secret; " +
		"\"usher token create --client-credentials\" makes a new one"}
}

// Client finds the client that shows an id and a secret. Unauthenticated, the same for an id that nobody has and for a
// wrong secret; Forbidden where its organisation or connection is stopped.
func (o *OAuth) Client(ctx context.Context, id, secret string) (OAuthClient, error) {
	var c OAuthClient
	err := o.store.Read(ctx, func(tx Tx) (err error) {
		c, _, err = clientOf(tx, id, secret, o.env.instant(), OAuthClients.Get)
		return err
	})
	return c, err
}

// Token gives the client that shows an id and a secret a token. text is the token itself, which is kept nowhere. What it
// was given before and has ended is forgotten; of more tokens than it may have in force the oldest end. Errors as of
// [OAuth.Client].
func (o *OAuth) Token(ctx context.Context, id, secret string, from Visitor) (t Token, text string, err error) {
	now := o.env.instant()
	err = o.store.Write(ctx, func(tx Tx) error {
		c, ends, err := clientOf(tx, id, secret, now, OAuthClients.Hold)
		if err != nil {
			return err
		}
		by := author{
			env: o.env, organisation: c.Organisation, actor: Actor{Kind: "connection", ID: c.Connection.UUID},
			requestID: from.RequestID, from: from.Address,
		}
		t, text, err = o.issue(tx, by, c, ends, now)
		return err
	})
	if err != nil {
		return Token{}, "", err
	}
	return t, text, nil
}

// issue makes a token for a held client, which ends no later than its secret does.
func (o *OAuth) issue(tx Tx, by author, c OAuthClient, secretEnds, now time.Time) (t Token, text string, err error) {
	tokens, err := tx.OAuthClients().Tokens(c.Organisation, c.ID)
	if err != nil {
		return t, "", err
	}
	var open []Token
	for _, t := range tokens {
		if t.InForce(now) {
			open = append(open, t)
		}
	}
	if len(open) < len(tokens) {
		if err := tx.OAuthClients().Forget(c.Organisation, c.ID, now); err != nil {
			return t, "", err
		}
	}
	for ; len(open) >= MaxOAuthTokens; open = open[1:] {
		if _, err := revokeToken(tx, by, open[0], now); err != nil {
			return t, "", err
		}
	}
	expires := now.Add(c.TokenLifetime)
	for _, end := range []time.Time{c.ExpiresAt, secretEnds} {
		if !end.IsZero() && end.Before(expires) {
			expires = end
		}
	}
	t, text, err = makeToken(o.env, o.random, Connection{Organisation: c.Organisation, ID: c.Connection}, expires, now)
	if err != nil {
		return t, "", err
	}
	t.Client = c.ID
	if err := tx.Tokens().Insert(t); err != nil {
		return t, "", err
	}
	c.LastUsedAt = now
	if err := tx.OAuthClients().Save(c); err != nil {
		return t, "", err
	}
	return t, text, by.record(tx, TokenCreated, "token", t.ID.UUID, now, attribute.Value{},
		texts("connection", c.Connection.String(), "oauthClient", c.ID.String(), "expiresAt", timestamp(expires)))
}

// clientOf finds a client by what it shows, and when that secret ends; zero: with the client.
func clientOf(tx Tx, id, secret string, now time.Time, get func(OAuthClients, OrganisationID, OAuthClientID) (OAuthClient, error)) (c OAuthClient, ends time.Time, err error) {
	b, good := parseOAuthSecret(secret)
	of, known := ParseID[OAuthClient](id)
	if !good || !known {
		return c, ends, UnknownOAuthClient()
	}
	if c, err = get(tx.OAuthClients(), b.Organisation, of); err != nil {
		if IsKind(err, NotFound) {
			err = UnknownOAuthClient()
		}
		return c, ends, err
	}
	if ends, good = c.secretEnds(b.Hash, now); !good || !c.InForce(now) {
		return OAuthClient{}, ends, UnknownOAuthClient()
	}
	organisation, err := tx.Organisations().Get(c.Organisation)
	if err != nil {
		return c, ends, err
	}
	connection, err := tx.Connections().Get(c.Organisation, c.Connection)
	if err != nil {
		return c, ends, err
	}
	return c, ends, Caller{OrganisationSuspended: !organisation.SuspendedAt.IsZero(), ConnectionDisabled: !connection.DisabledAt.IsZero()}.admitted()
}
