package domain

import (
	"bytes"
	"cmp"
	"fmt"
	"regexp"
	"time"

	"github.com/google/uuid"

	"usher/domain/attribute"
)

// RecordsTx is the part of a unit of work that is about what the application says people own and did.
type RecordsTx interface {
	Records() Records
	Plans() Plans
	Calls() Calls
}

// RecordKey names something of the application: a kind such as clients or deals, and the application's own id.
type RecordKey struct {
	Kind string // 1 to 64 lower-case letters, digits, hyphens and underscores
	ID   string // 1 to 200 visible characters of ASCII but the slash, compared exactly
}

var recordIDForm = regexp.MustCompile(`^[\x21-\x2E\x30-\x7E]{1,200}$`)

// check refuses a key that names nothing; at goes before the field. Invalid.
func (k RecordKey) check(at string) error {
	if !isIdentifier(k.Kind) {
		return InvalidField(at+"kind", "name a kind of record with 1 to 64 lower-case letters, digits, hyphens and underscores")
	}
	if !recordIDForm.MatchString(k.ID) || k.ID == "." || k.ID == ".." {
		return InvalidField(at+"id", "use 1 to 200 visible characters of ASCII without a slash as the id of a record")
	}
	return nil
}

func (k RecordKey) compare(other RecordKey) int {
	return cmp.Or(cmp.Compare(k.Kind, other.Kind), cmp.Compare(k.ID, other.ID))
}

// subject is what the event log calls a record: it has no UUID of its own.
func (k RecordKey) subject(org OrganisationID) uuid.UUID {
	return uuid.NewSHA1(org.UUID, []byte("record:"+k.Kind+":"+k.ID))
}

// Record is something that the application says a person owns: a client, a deal, a ticket. What it is beyond its key only
// the application knows.
type Record struct {
	RecordKey

	Owner UserID
	Since time.Time // when the owner got it
}

// RecordAccess is what somebody may do with a record; each includes the one before it.
type RecordAccess string

// The accesses.
const (
	RecordNone RecordAccess = ""
	RecordView RecordAccess = "view"
	RecordEdit RecordAccess = "edit"
)

// includes reports whether it is at least another one.
func (a RecordAccess) includes(other RecordAccess) bool {
	return a == other || a == RecordEdit || other == RecordNone
}

// RecordShare lets a person or a team work with somebody else's record.
type RecordShare struct {
	User UserID // one of the two is zero
	Team TeamID
	May  RecordAccess
}

func (s RecordShare) compare(other RecordShare) int {
	return cmp.Or(bytes.Compare(s.User.UUID[:], other.User.UUID[:]), bytes.Compare(s.Team.UUID[:], other.Team.UUID[:]))
}

func (s RecordShare) tree() attribute.Value {
	if s.User.IsZero() {
		return texts("team", s.Team.String(), "may", string(s.May))
	}
	return texts("user", s.User.String(), "may", string(s.May))
}

// RecordCount is how many records of a kind a person owns.
type RecordCount struct {
	Kind string
	N    int
}

// RecordCounts is how many records a person owns, and of which kinds: the most frequent ones, at most [MaxRecordKinds].
type RecordCounts struct {
	Total int
	Kinds []RecordCount
}

func (c RecordCounts) tree() attribute.Value {
	kinds := attribute.NewComplex()
	for _, k := range c.Kinds {
		kinds.Set(k.Kind, attribute.NewNumber(fmt.Sprint(k.N)))
	}
	tree := attribute.NewComplex(attribute.Member{Name: "total", Value: attribute.NewNumber(fmt.Sprint(c.Total))})
	tree.Set("kinds", kinds)
	return tree
}

const (
	// MaxRecordKinds bounds the kinds that are counted one by one.
	MaxRecordKinds = 100
	// MaxRecordBatch bounds the records that are told at once.
	MaxRecordBatch = 1000
	// MaxRecordShares bounds with how many people and teams one record is shared.
	MaxRecordShares = 200
)

// RecordStanding is everything that decides what a person may do with a record, but the roles of the organisation.
type RecordStanding struct {
	Viewer Place
	Status Status // of the viewer
	Owner  Place  // of the record
	Known  bool   // the record is
	ByUser RecordAccess
	ByTeam RecordAccess
}

// HeldPerson is somebody whom a unit of work keeps from going.
type HeldPerson struct {
	ID     UserID
	Status Status // Nobody: archived
}

// LeftRecords is somebody who is gone and whose records wait for another owner.
type LeftRecords struct {
	User   User
	Since  time.Time
	Counts RecordCounts
}

// Records is the store of who owns what.
//
//nolint:interfacebloat // one noun; each method is one statement
type Records interface {
	// Owns reports whether a person owns any record. On the way of everybody who goes it is asked after the person was
	// saved, which keeps new records away (see Share).
	Owns(org OrganisationID, user UserID) (bool, error)
	// Share reads people and keeps them from going until the unit of work ends, in order of id, those who do not exist left
	// out; archived ones are there.
	Share(org OrganisationID, users []UserID) ([]HeldPerson, error)
	// Hold is Share for one person whose records are about to move: nobody else adds any meanwhile. NotFound.
	Hold(org OrganisationID, user UserID) (HeldPerson, error)

	// Get finds a record. NotFound.
	Get(org OrganisationID, key RecordKey) (Record, error)
	// Differing counts which of some records there are not yet, and which of them others own.
	Differing(org OrganisationID, records []Record) (created, moved int, err error)
	// Put makes records be owned as they say.
	Put(org OrganisationID, records []Record) error
	// Remove forgets records with their shares, and counts those there were.
	Remove(org OrganisationID, keys []RecordKey) (int, error)
	// Of reads the records of a person in order of key after the given one, of one kind or with the empty one of all.
	Of(org OrganisationID, owner UserID, kind string, after RecordKey, limit int) ([]Record, error)
	// Counts counts the records of a person.
	Counts(org OrganisationID, owner UserID) (RecordCounts, error)
	// Transfer gives all records of a person to another one by one statement.
	Transfer(org OrganisationID, from, to UserID, at time.Time) error

	// Leave notes that somebody is gone and left records.
	Leave(org OrganisationID, user UserID, at time.Time) error
	// Left reads who is inactive or archived and left records that still wait, in order of id after the given one.
	Left(org OrganisationID, after UserID, limit int) ([]LeftRecords, error)

	// Shares reads with whom a record is shared, in order, those who were deleted left out.
	Shares(org OrganisationID, key RecordKey) ([]RecordShare, error)
	// SetShares puts shares in place of those there were.
	SetShares(org OrganisationID, key RecordKey, was, is []RecordShare) error
	// SharedWith reads records that are shared with a team, in order of key, at most limit.
	SharedWith(org OrganisationID, team TeamID, limit int) ([]RecordKey, error)
	// Standing reads, by one statement, what decides what a person may do with a record (rule records.shared). NotFound
	// where there is no such person.
	Standing(org OrganisationID, key RecordKey, viewer UserID) (RecordStanding, error)
}
