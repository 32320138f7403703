package domain

import "time"

// SecondFactor is something that proves a person beside a password. Its seed is sealed under the secret key of the
// installation.
type SecondFactor struct {
	Organisation OrganisationID
	User         UserID
	Kind         string // "totp"
	Sealed       []byte
	ConfirmedAt  time.Time // a code of it was right once; zero: it is being set up, and counts for nothing
}

// SecondFactors is the store of second factors. A person has at most one of a kind.
type SecondFactors interface {
	// Put writes a factor in place of the one of its kind.
	Put(f SecondFactor) error
	// List gives somebody's factors, by kind.
	List(org OrganisationID, user UserID) ([]SecondFactor, error)
	// Remove removes all of somebody and says how many there were.
	Remove(org OrganisationID, user UserID) (int, error)
}
