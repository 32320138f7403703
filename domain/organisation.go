package domain

import (
	"regexp"
	"time"
)

// Organisation is a tenant: everything else belongs to exactly one.
type Organisation struct {
	ID            OrganisationID
	Slug          string // short name in commands and addresses; unique, free again after deletion
	Name          string
	CreatedAt     time.Time
	SuspendedAt   time.Time // zero: not suspended
	SchemaVersion int64     // grows with every change of its custom schemas
}

// Organisations is the store of organisations.
type Organisations interface {
	// Insert adds an organisation. SlugTaken when its slug is in use.
	Insert(o Organisation) error
	// Get finds one. NotFound.
	Get(id OrganisationID) (Organisation, error)
	// BySlug finds one by its short name. NotFound.
	BySlug(slug string) (Organisation, error)
	// Sole gives the only one there is; found is false where there are none or several.
	Sole() (o Organisation, found bool, err error)
	// List gives all, by slug.
	List() ([]Organisation, error)
	// Suspend sets or (with the zero time) clears the suspension. NotFound.
	Suspend(id OrganisationID, at time.Time) error
	// Delete erases the organisation and everything that belongs to it. NotFound.
	Delete(id OrganisationID) error
}

var slugForm = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$`)

// ReservedSlugs are the words of the pages that people sign in by, which lie beside the doors of organisations.
func ReservedSlugs() []string {
	return []string{"check", "enrol", "factor", "organisation", "passkey", "password"}
}

// ParseSlug checks an organisation's short name: 1 to 63 lower-case letters, digits and inner hyphens.
func ParseSlug(s string) (string, error) {
	if !slugForm.MatchString(s) {
		return "", InvalidField("slug", "use 1 to 63 lower-case letters, digits and hyphens, beginning and ending with a letter or digit")
	}
	return s, nil
}
