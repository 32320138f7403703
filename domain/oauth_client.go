package domain

import (
	"crypto/subtle"
	"io"
	"strconv"
	"time"

	"usher/domain/attribute"
)

// OAuthClient is a client of a connection: for its id and secret it is given short directory tokens (RFC 6749 section
// 4.4), in place of a long one that somebody pastes.
type OAuthClient struct {
	ID             OAuthClientID
	Organisation   OrganisationID
	Connection     ConnectionID
	Hash           TokenHash     // of its secret
	Previous       TokenHash     // of the secret before that
	PreviousEndsAt time.Time     // zero: there was no other secret
	TokenLifetime  time.Duration // of the tokens that it is given
	CreatedAt      time.Time
	RotatedAt      time.Time // the secret was made; zero: with the client
	ExpiresAt      time.Time // zero: never
	RevokedAt      time.Time // zero: in force
	LastUsedAt     time.Time // it was given a token; zero: never
	WarnedAt       time.Time // it was told that the secret ends; zero: not yet
}

// OAuthClientID names a client; it is the client_id of RFC 6749.
type OAuthClientID = ID[OAuthClient]

// OAuthSecretPrefix begins every secret of a client, so that secret scanners can know it.
const OAuthSecretPrefix = "usher_oauth_"

// The bounds of clients and of what they are given.
const (
	MaxOAuthClients    = 20 // in force of one connection
	MaxOAuthTokens     = 50 // in force of one client; one more ends the oldest
	MinOAuthLifetime   = time.Hour
	MaxOAuthLifetime   = 6 * time.Hour
	oauthClientSubject = "oauth_client"
)

// The types of events about clients.
const (
	OAuthClientCreated  EventType = "oauth_client.created"
	OAuthClientRotated  EventType = "oauth_client.secret_rotated"
	OAuthClientRevoked  EventType = "oauth_client.revoked"
	OAuthClientExpiring EventType = "oauth_client.expiring" // its secret ends soon, and with it the client
)

// OAuthTx is the part of a unit of work that is about clients.
type OAuthTx interface {
	OAuthClients() OAuthClients
}

// OAuthClients is the store of clients.
type OAuthClients interface {
	// Insert adds a client.
	Insert(c OAuthClient) error
	// Get finds one. NotFound.
	Get(org OrganisationID, id OAuthClientID) (OAuthClient, error)
	// List gives the clients of a connection, newest first, those that are no longer in force as well.
	List(org OrganisationID, of ConnectionID) ([]OAuthClient, error)
	// Hold is Get, and keeps others from the client until the unit of work ends. NotFound.
	Hold(org OrganisationID, id OAuthClientID) (OAuthClient, error)
	// Save writes what is held.
	Save(c OAuthClient) error
	// Warned notes that it was told that a client's secret ends. NotFound.
	Warned(org OrganisationID, id OAuthClientID, at time.Time) error
	// Tokens gives the tokens of a client, oldest first.
	Tokens(org OrganisationID, id OAuthClientID) ([]Token, error)
	// Forget removes the tokens of a client that have expired or were revoked.
	Forget(org OrganisationID, id OAuthClientID, now time.Time) error
}

// InForce reports whether the client is given anything at a time.
func (c OAuthClient) InForce(now time.Time) bool {
	return c.RevokedAt.IsZero() && (c.ExpiresAt.IsZero() || now.Before(c.ExpiresAt))
}

// Version tells one state of the client from another, for If-Match.
func (c OAuthClient) Version() int64 {
	return stateVersion(c.ExpiresAt, c.RevokedAt, c.RotatedAt, c.PreviousEndsAt)
}

// secretEnds reports whether a secret is the client's at a time, and when it ends by itself; zero: with the client.
func (c OAuthClient) secretEnds(secret TokenHash, now time.Time) (ends time.Time, good bool) {
	current := subtle.ConstantTimeCompare(secret[:], c.Hash[:]) == 1
	previous := subtle.ConstantTimeCompare(secret[:], c.Previous[:]) == 1
	switch {
	case current:
		return time.Time{}, true
	case previous && now.Before(c.PreviousEndsAt):
		return c.PreviousEndsAt, true
	}
	return time.Time{}, false
}

// secretMade is when the client's secret was made.
func (c OAuthClient) secretMade() time.Time {
	if !c.RotatedAt.IsZero() {
		return c.RotatedAt
	}
	return c.CreatedAt
}

// OAuthClientSpec describes a client to be made.
type OAuthClientSpec struct {
	Lifetime      time.Duration // of the client; 0: it does not expire
	TokenLifetime time.Duration // 1 to 6 hours; 0: 1 hour
}

// Check says what is wrong with a description, without a store. Invalid.
func (s OAuthClientSpec) Check() error {
	if s.TokenLifetime != 0 && (s.TokenLifetime < MinOAuthLifetime || s.TokenLifetime > MaxOAuthLifetime) {
		return InvalidField("token_lifetime", "use 1 to 6 hours, such as 1h")
	}
	return checkLifetime(s.Lifetime)
}

// makeOAuthClient makes a client of a connection of a checked description, and its secret.
func makeOAuthClient(env Environment, random io.Reader, of Connection, spec OAuthClientSpec, now time.Time) (c OAuthClient, text string, err error) {
	id, err := newID[OAuthClient](env)
	if err != nil {
		return OAuthClient{}, "", err
	}
	secret, err := newSecret(random)
	if err != nil {
		return OAuthClient{}, "", err
	}
	text, hash := secretText(OAuthSecretPrefix, of.Organisation, secret)
	c = OAuthClient{
		ID: id, Organisation: of.Organisation, Connection: of.ID, Hash: hash, TokenLifetime: max(spec.TokenLifetime, MinOAuthLifetime),
		CreatedAt: now, ExpiresAt: after(now, spec.Lifetime),
	}
	return c, text, nil
}

// insertOAuthClient stores a new client of a connection that has room for it.
func insertOAuthClient(tx Tx, by author, c OAuthClient) error {
	all, err := tx.OAuthClients().List(c.Organisation, c.Connection)
	if err != nil {
		return err
	}
	n := 0
	for _, other := range all {
		if other.InForce(c.CreatedAt) {
			n++
		}
	}
	if n >= MaxOAuthClients {
		return &Error{Kind: Conflict, Code: CodeTooMany, Message: "the connection has " + strconv.Itoa(n) + " OAuth clients in force, which is all it may have; revoke one that is not used"}
	}
	if err := tx.OAuthClients().Insert(c); err != nil {
		return err
	}
	return by.record(tx, OAuthClientCreated, oauthClientSubject, c.ID.UUID, c.CreatedAt, attribute.Value{},
		texts("connection", c.Connection.String(), "tokenLifetime", c.TokenLifetime.String(), "expiresAt", timestamp(c.ExpiresAt)))
}

// rotateOAuthClient gives a held client another secret, which is good for as long as the one before was made for. That
// one stays good for the overlap, or until it would have ended anyway; without overlap what it obtained ends as well.
func rotateOAuthClient(tx Tx, by author, random io.Reader, c OAuthClient, overlap time.Duration, now time.Time) (OAuthClient, string, error) {
	if !c.InForce(now) {
		return c, "", InvalidField("id", "this client has expired or was revoked; make a new one for its connection")
	}
	secret, err := newSecret(random)
	if err != nil {
		return c, "", err
	}
	text, hash := secretText(OAuthSecretPrefix, c.Organisation, secret)
	made := c.secretMade()
	c.WarnedAt = time.Time{}
	c.Previous, c.PreviousEndsAt, c.Hash, c.RotatedAt = c.Hash, now.Add(overlap), hash, now
	if !c.ExpiresAt.IsZero() {
		if c.PreviousEndsAt.After(c.ExpiresAt) {
			c.PreviousEndsAt = c.ExpiresAt
		}
		c.ExpiresAt = now.Add(c.ExpiresAt.Sub(made))
	}
	if err := tx.OAuthClients().Save(c); err != nil {
		return c, "", err
	}
	if overlap == 0 {
		if err := endOAuthTokens(tx, by, c, now); err != nil {
			return c, "", err
		}
	}
	return c, text, by.record(tx, OAuthClientRotated, oauthClientSubject, c.ID.UUID, now, attribute.Value{},
		texts("previousEndsAt", timestamp(c.PreviousEndsAt), "expiresAt", timestamp(c.ExpiresAt)))
}

// revokeOAuthClient ends a held client and every token that it was given.
func revokeOAuthClient(tx Tx, by author, c OAuthClient, now time.Time) (OAuthClient, error) {
	if !c.RevokedAt.IsZero() {
		return c, nil
	}
	c.RevokedAt = now
	if err := tx.OAuthClients().Save(c); err != nil {
		return c, err
	}
	if err := endOAuthTokens(tx, by, c, now); err != nil {
		return c, err
	}
	return c, by.record(tx, OAuthClientRevoked, oauthClientSubject, c.ID.UUID, now, attribute.Value{}, texts("revokedAt", timestamp(now)))
}

// endOAuthTokens revokes the tokens of a held client that are in force.
func endOAuthTokens(tx Tx, by author, c OAuthClient, now time.Time) error {
	tokens, err := tx.OAuthClients().Tokens(c.Organisation, c.ID)
	if err != nil {
		return err
	}
	for _, t := range tokens {
		if !t.InForce(now) {
			continue
		}
		if _, err := revokeToken(tx, by, t, now); err != nil {
			return err
		}
	}
	return nil
}

// parseOAuthSecret reads the secret of a client: which organisation it speaks of, and what is kept of it.
func parseOAuthSecret(text string) (Bearer, bool) { return parseSecret(OAuthSecretPrefix, text) }
