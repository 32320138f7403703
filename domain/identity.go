package domain

import (
	"time"

	"usher/domain/attribute"
)

// Identity is who somebody is at an OpenID provider: the issuer's subject, as one connection knows it (OpenID Connect
// Core 1.0 section 2). It belongs to one person.
type Identity struct {
	Organisation OrganisationID
	Connection   ConnectionID
	Issuer       string
	Subject      string
	User         UserID
	LinkedAt     time.Time
}

// tree is the identity as events show it.
func (i Identity) tree() attribute.Value {
	return texts("connection", i.Connection.String(), "issuer", i.Issuer, "subject", i.Subject)
}

// Identities is the store of identities.
type Identities interface {
	// Find gives whom an identity belongs to; found is false for nobody.
	Find(i Identity) (user UserID, found bool, err error)
	// Link binds an identity to a person. IdentityTaken when it belongs to somebody else.
	Link(i Identity) error
	// Unlink takes all from somebody.
	Unlink(org OrganisationID, user UserID) error
	// List gives somebody's identities, oldest first.
	List(org OrganisationID, user UserID) ([]Identity, error)
}

// IdentityTaken is the refusal of an identity that belongs to somebody else.
func IdentityTaken() *Error {
	return &Error{Kind: Conflict, Code: CodeIdentityTaken, Message: "this sign-in of the identity provider belongs to another account; sign in with another one, or ask an administrator"}
}
