package domain

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
	"time"
)

// TokenHash is what is kept of a bearer token: its SHA-256. The token has 256 random bits, so no salt or slow hash is
// needed to keep it from being guessed.
type TokenHash [sha256.Size]byte

// Token is a bearer token of a connection, without its secret.
type Token struct {
	ID           TokenID
	Organisation OrganisationID
	Connection   ConnectionID
	Hash         TokenHash
	CreatedAt    time.Time
	ExpiresAt    time.Time // zero: never
	RevokedAt    time.Time // zero: in force
	LastUsedAt   time.Time // zero: never; kept to the minute
}

// Bearer is a well-formed directory token as a client presented it: what it claims, not yet believed.
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
	raw := slices.Concat(org.UUID[:], secret[:])
	text = DirectoryTokenPrefix + base64.RawURLEncoding.EncodeToString(raw)
	return text, sha256.Sum256([]byte(text))
}

// ParseBearer reads the text of a directory token. Unauthenticated when it does not have the form of one.
func ParseBearer(text string) (Bearer, error) {
	const size = len(OrganisationID{}.UUID) + tokenSecretSize
	body, ok := strings.CutPrefix(text, DirectoryTokenPrefix)
	if !ok || len(body) != base64.RawURLEncoding.EncodedLen(size) { // the decoder would skip line breaks
		return Bearer{}, UnknownToken()
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(body)
	if err != nil || len(raw) != size {
		return Bearer{}, UnknownToken()
	}
	b := Bearer{Hash: sha256.Sum256([]byte(text))}
	copy(b.Organisation.UUID[:], raw)
	return b, nil
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
	// Revoke ends a token. NotFound.
	Revoke(org OrganisationID, id TokenID, at time.Time) error
	// Caller finds who a bearer is. Unauthenticated when the token is unknown, expired at now or revoked.
	Caller(b Bearer, now time.Time) (Caller, error)
	// Used remembers when tokens were last used.
	Used(org OrganisationID, hash TokenHash, at time.Time) error
}
