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
	LinkedBy     LinkedBy
	UsedAt       time.Time // they last came by it; zero: not since that is noted
	Said         Told      // what the provider told last of somebody who was made here by it (see [ProviderSettings.RefreshesNames])
}

// LinkedBy is by what an identity came to belong to somebody.
type LinkedBy string

// The ways in which an identity comes to belong to somebody, in the order in which they are tried.
const (
	LinkedByExternalID LinkedBy = "external_id"  // the directory's externalId, which a claim equals
	LinkedByInvitation LinkedBy = "invitation"   // an open one, in the same browser (rule invite.sso)
	LinkedByEmail      LinkedBy = "email"        // one that the provider verified, of a domain for which it is trusted
	LinkedJustInTime   LinkedBy = "just_in_time" // the person was made for it
)

// Told are the names of a person and their language as a provider tells them.
type Told struct {
	Name, GivenName, FamilyName, Language string
}

// tree is the identity as events show it.
func (i Identity) tree() attribute.Value {
	return texts("connection", i.Connection.String(), "issuer", i.Issuer, "subject", i.Subject, "by", string(i.LinkedBy))
}

// Identities is the store of identities.
type Identities interface {
	// Find gives whom an identity belongs to; found is false for nobody.
	Find(i Identity) (user UserID, found bool, err error)
	// Link binds an identity to a person. IdentityTaken when it belongs to somebody else.
	Link(i Identity) error
	// Tell keeps what a provider told last of somebody.
	Tell(i Identity) error
	// Used notes that somebody came by one.
	Used(i Identity, at time.Time) error
	// Take takes one from whom it belongs to. NotFound.
	Take(i Identity) error
	// Unlink takes all from somebody.
	Unlink(org OrganisationID, user UserID) error
	// List gives somebody's identities, oldest first.
	List(org OrganisationID, user UserID) ([]Identity, error)
}

// IdentityTaken is the refusal of an identity that belongs to somebody else.
func IdentityTaken() *Error {
	return &Error{Kind: Conflict, Code: CodeIdentityTaken, Message: "this sign-in of the identity provider belongs to another account; sign in with another one, or ask an administrator"}
}
