package domain

import (
	"crypto/sha256"
	"encoding/base64"
	"io"
	"slices"
	"strings"
	"time"

	"usher/domain/attribute"
)

// TokenHash is what is kept of a bearer token: its SHA-256. The token has 256 random bits, so no salt or slow hash is
// needed to keep it from being guessed.
type TokenHash [sha256.Size]byte

// Token is a bearer token of a connection, without its secret.
type Token struct {
	ID           TokenID
	Organisation OrganisationID
	Connection   ConnectionID
	Client       OAuthClientID // that was given it; zero: it was made by hand
	Hash         TokenHash
	CreatedAt    time.Time
	ExpiresAt    time.Time // zero: never
	RevokedAt    time.Time // zero: in force
	LastUsedAt   time.Time // zero: never; kept to the minute
	WarnedAt     time.Time // it was told that it ends; zero: not yet
}

// Bearer is a well-formed directory token or API key as a client presented it: what it claims, not yet believed.
type Bearer struct {
	Organisation OrganisationID
	Hash         TokenHash
}

// DirectoryTokenPrefix begins every directory token, so that secret scanners can know it.
const DirectoryTokenPrefix = "usher_scim_"

const tokenSecretSize = 32 // bytes

// NewDirectoryToken makes the text of a token from 32 random bytes. The organisation's id is part of it, so that the
// look-up goes to the organisation's own shard; it is no secret.
func NewDirectoryToken(org OrganisationID, secret [tokenSecretSize]byte) (text string, hash TokenHash) {
	return secretText(DirectoryTokenPrefix, org, secret)
}

// secretText makes the text of a bearer secret of a kind, and what is kept of it.
func secretText(prefix string, org OrganisationID, secret [tokenSecretSize]byte) (text string, hash TokenHash) {
	raw := slices.Concat(org.UUID[:], secret[:])
	text = prefix + base64.RawURLEncoding.EncodeToString(raw)
	return text, sha256.Sum256([]byte(text))
}

// newSecret reads the random part of a bearer secret.
func newSecret(random io.Reader) (secret [tokenSecretSize]byte, err error) {
	if _, err := io.ReadFull(random, secret[:]); err != nil {
		return secret, &Error{Kind: Internal, Code: CodeInternal, Message: "no token could be made", Err: err}
	}
	return secret, nil
}

// ParseBearer reads the text of a directory token. Unauthenticated when it does not have the form of one.
func ParseBearer(text string) (Bearer, error) {
	b, ok := parseSecret(DirectoryTokenPrefix, text)
	if !ok {
		return Bearer{}, UnknownToken()
	}
	return b, nil
}

// parseSecret reads the text of a bearer secret of a kind; ok is false when it does not have the form of one.
func parseSecret(prefix, text string) (b Bearer, ok bool) {
	const size = len(OrganisationID{}.UUID) + tokenSecretSize
	body, ok := strings.CutPrefix(text, prefix)
	if !ok || len(body) != base64.RawURLEncoding.EncodedLen(size) { // the decoder would skip line breaks
		return Bearer{}, false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(body)
	if err != nil || len(raw) != size {
		return Bearer{}, false
	}
	b = Bearer{Hash: sha256.Sum256([]byte(text))}
	copy(b.Organisation.UUID[:], raw)
	return b, true
}

// InForce reports whether the token opens anything at a time.
func (t Token) InForce(now time.Time) bool {
	return t.RevokedAt.IsZero() && (t.ExpiresAt.IsZero() || now.Before(t.ExpiresAt))
}

// Version tells one state of the token from another, for If-Match.
func (t Token) Version() int64 { return stateVersion(t.ExpiresAt, t.RevokedAt) }

// makeToken makes a token of a connection, and its text.
func makeToken(env Environment, random io.Reader, c Connection, expires, now time.Time) (t Token, text string, err error) {
	id, err := newID[Token](env)
	if err != nil {
		return Token{}, "", err
	}
	secret, err := newSecret(random)
	if err != nil {
		return Token{}, "", err
	}
	text, hash := NewDirectoryToken(c.Organisation, secret)
	return Token{ID: id, Organisation: c.Organisation, Connection: c.ID, Hash: hash, CreatedAt: now, ExpiresAt: expires}, text, nil
}

// createdToken is what the event of a new token shows.
func createdToken(t Token) attribute.Value {
	return texts("connection", t.Connection.String(), "expiresAt", timestamp(t.ExpiresAt))
}

// UnknownToken is the refusal of a bearer token, the same whatever is wrong with it.
func UnknownToken() *Error {
	return &Error{Kind: Unauthenticated, Code: CodeUnauthenticated, Message: "the bearer token is missing, malformed, expired or revoked; " +
		"paste a token made by \"usher token create\" into the identity provider"}
}

// Tokens is the store of directory tokens.
type Tokens interface {
	// Insert adds a token.
	Insert(t Token) error
	// List gives the tokens of an organisation, newest first.
	List(org OrganisationID) ([]Token, error)
	// Get finds one. NotFound.
	Get(org OrganisationID, id TokenID) (Token, error)
	// Expire sets when a token ends. NotFound.
	Expire(org OrganisationID, id TokenID, at time.Time) error
	// Warned notes that it was told that a token ends. NotFound.
	Warned(org OrganisationID, id TokenID, at time.Time) error
	// Revoke ends a token. NotFound.
	Revoke(org OrganisationID, id TokenID, at time.Time) error
	// Caller finds who a bearer is. Unauthenticated when the token is unknown, expired at now or revoked.
	Caller(b Bearer, now time.Time) (Caller, error)
	// Used remembers when tokens were last used.
	Used(org OrganisationID, hash TokenHash, at time.Time) error
}
