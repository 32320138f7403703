package domain

import (
	"time"

	"github.com/google/uuid"
)

// Claim is something that was said about what a person is to have, whether or not it won (rule mapping.precedence): by the
// SCIM extension of Usher, by SCIM roles and entitlements, or by an administrator whose choice something stronger has
// displaced for the time being. What groups give is no claim: it is looked up.
type Claim struct {
	Kind   GivenKind
	Source Source
	Object uuid.UUID // what is meant; zero: that they have none, or, with a Text, nothing that is here
	Text   string    // as it was said: the name of a role or the like; of a licence its name, which is what is meant
	At     time.Time
}

// matched reports whether a claim names something that is here, or that the person has none.
func (c Claim) matched() bool { return c.Object != uuid.Nil || c.Text == "" || c.Kind == GivenSeat }

// slot tells several claims of a kind apart, of which a person can have many.
func (c Claim) slot() string {
	switch {
	case c.Kind != GivenQueue:
		return ""
	case c.Object != uuid.Nil:
		return c.Object.String()
	}
	return c.Text
}

// Slot is what, with kind and source, tells the claims of a person apart.
func (c Claim) Slot() string { return c.slot() }

// Claims is the store of what was said about people.
type Claims interface {
	// Of reads what was said about somebody, by kind, source and slot.
	Of(org OrganisationID, user UserID) ([]Claim, error)
	// Save writes what is said now in place of what was.
	Save(org OrganisationID, user UserID, was, is []Claim) error
	// Meaning gives the people of whom something was said that means a thing, in order of id.
	Meaning(org OrganisationID, kind GivenKind, id uuid.UUID) ([]UserID, error)
	// Rename makes claims that mean one thing mean another; with the zero id those of administrators go, and others mean
	// nothing that is here.
	Rename(org OrganisationID, kind GivenKind, id, by uuid.UUID) error
	// Displaced gives what administrators chose for people and something stronger has taken the place of, each thing once.
	Displaced(org OrganisationID) ([]Claim, error)
	// DropBeyond removes what the directory of a connection said of its people beyond some limits (rule provision.limits),
	// and keeps others from changing those people until the unit of work ends. It gives whose claims it removed.
	DropBeyond(org OrganisationID, connection ConnectionID, limits Limits) ([]UserID, error)
}

// MappingTx is the part of a unit of work that is about what groups and claims give to people.
type MappingTx interface {
	Mappings() Mappings
	Claims() Claims
	ClaimedGroups() ClaimedGroups
	Dossiers() Dossiers
	Jobs() Jobs
}

// state makes what a source says now about a person what is kept, in place of what it said before, and applies it (rule
// mapping.precedence). Where it says the same nothing happens. The caller has written the person in this unit of work.
// source is SourceExtension or SourceRoles; said has claims of that source.
func state(tx Tx, org OrganisationID, user UserID, source Source, said []Claim, now time.Time, write scribe) error {
	known, err := tx.Claims().Of(org, user)
	if err != nil {
		return err
	}
	var was, is []Claim
	for _, c := range known {
		if c.Source == source {
			was = append(was, c)
		}
	}
	for _, c := range said {
		c.Source, c.At = source, now
		for _, old := range was {
			if old.Kind == c.Kind && old.Object == c.Object && old.Text == c.Text {
				c.At = old.At
			}
		}
		is = append(is, c)
	}
	if sameClaims(was, is) {
		return nil
	}
	if err := tx.Assignments().Lock(org); err != nil {
		return err
	}
	if err := tx.Claims().Save(org, user, was, is); err != nil {
		return err
	}
	return recompute(tx, org, []UserID{user}, now, write)
}

// sameClaims compares two lists whatever their order.
func sameClaims(a, b []Claim) bool {
	if len(a) != len(b) {
		return false
	}
	seen := map[Claim]bool{}
	for _, c := range a {
		seen[c] = true
	}
	for _, c := range b {
		if !seen[c] {
			return false
		}
	}
	return true
}
