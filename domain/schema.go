package domain

import "time"

// Schema is a schema of an organisation's own for people: attributes beyond RFC 7643, under a URN of its choice. The
// definition is the JSON of RFC 7643 section 7, checked and compiled by the adapter that speaks it.
type Schema struct {
	Organisation OrganisationID
	URN          string
	Definition   []byte
	CreatedAt    time.Time
}

// Schemas is the store of custom schemas.
type Schemas interface {
	// Insert adds a schema and moves the organisation's schema version on. NameTaken.
	Insert(s Schema) error
	// List gives the schemas of an organisation by URN, and their version.
	List(org OrganisationID) ([]Schema, int64, error)
}
