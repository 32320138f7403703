package domain

import (
	"bytes"

	"github.com/google/uuid"
)

// ID is an application-made UUIDv7 that cannot be mistaken for the id of another noun: UserID and GroupID are
// different types.
type ID[Noun any] struct{ uuid.UUID }

// The identifiers of the nouns.
type (
	OrganisationID = ID[Organisation]
	ConnectionID   = ID[Connection]
	TokenID        = ID[Token]
	UserID         = ID[User]
	GroupID        = ID[Group]
	EventID        = ID[Event]
)

// ParseID reads the canonical 36-character spelling of an identifier, in lower case. Anything else, the other spellings
// that RFC 9562 knows included, is not the name of anything: ok is false.
func ParseID[Noun any](s string) (id ID[Noun], ok bool) {
	if len(s) != 36 {
		return id, false
	}
	parsed, err := uuid.Parse(s)
	if err != nil || parsed.String() != s {
		return id, false
	}
	return ID[Noun]{parsed}, true
}

// IsZero reports whether the id names nothing.
func (id ID[Noun]) IsZero() bool { return id.UUID == uuid.Nil }

func compareIDs[Noun any](a, b ID[Noun]) int { return bytes.Compare(a.UUID[:], b.UUID[:]) }

// newID makes an identifier for a noun.
func newID[Noun any](env Environment) (ID[Noun], error) {
	u, err := env.NewID()
	if err != nil {
		return ID[Noun]{}, &Error{Kind: Internal, Code: "id_source", Message: "no identifier could be made", Err: err}
	}
	return ID[Noun]{u}, nil
}
