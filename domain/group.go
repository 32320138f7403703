package domain

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"usher/domain/attribute"
)

// Group is what the directory calls a group. Its members are rows of their own and are read in pages.
type Group struct {
	ID           GroupID
	Organisation OrganisationID
	Connection   ConnectionID
	ExternalID   string
	ClaimValue   string // what claims call it, of one that an administrator declared; empty: a directory's group
	DisplayName  Name
	Document     []byte // the resource as it is answered, without members and meta
	Version      int64
	CreatedAt    time.Time
	ModifiedAt   time.Time
	ArchivedAt   time.Time
}

// Attributes decodes the document.
func (g *Group) Attributes() (attribute.Value, error) { return decodeDocument(g.Document) }

// describe sets the typed fields and the document from a tree with canonical names in canonical order.
func (g *Group) describe(tree attribute.Value) error {
	display := tree.Get("displayName").Text()
	if display == "" {
		return &Error{Kind: Invalid, Code: CodeRequired, Field: "displayName", Message: "a group needs a displayName"}
	}
	g.DisplayName = NewName(display)
	if err := checkKey("displayName", g.DisplayName.Key); err != nil {
		return err
	}
	g.ExternalID = tree.Get("externalId").Text()
	if err := checkKey("externalId", g.ExternalID); err != nil {
		return err
	}
	g.Document = composeDocument(URNGroup, g.ID.String(), tree)
	return nil
}

// MemberKind tells a person from a nested group.
type MemberKind uint8

// The kinds of members.
const (
	MemberUser  MemberKind = 1
	MemberGroup MemberKind = 2
)

// Member of a group.
type Member struct {
	ID      uuid.UUID // a UserID or a GroupID
	Kind    MemberKind
	Display string
}

// Groups is the store of groups.
type Groups interface {
	Memberships

	// Get reads one group, without members. NotFound as for people.
	Get(scope Scope, id GroupID) (Group, error)
	// Lock is Get, and keeps others from changing the group until the unit of work ends. NotFound.
	Lock(scope Scope, id GroupID) (Group, error)
	// Page reads the groups a query asks for, without members.
	Page(q Query) (Page[Group], error)
	// Insert adds a group without members. ExternalIDTaken.
	Insert(g Group) error
	// Save writes a changed group over the version that was read, as Users.Save.
	Save(was, is Group) error
	// Touch counts a change of members: version and ModifiedAt move on, whatever the version was.
	Touch(g Group, at time.Time) error
	// Among gives those of some identifiers that name groups which are there.
	Among(org OrganisationID, ids []uuid.UUID) ([]GroupID, error)
	// Names gives the display names of some groups, those that are gone included.
	Names(org OrganisationID, ids []uuid.UUID) (map[GroupID]string, error)
	// Archive takes a group out of sight with its memberships.
	Archive(g Group) error
}

// Memberships is the store of who is in which group.
type Memberships interface {
	// Members reads members after the given id in order of id, at most limit.
	Members(scope Scope, id GroupID, after uuid.UUID, limit int) ([]Member, error)
	// MemberCount counts members up to limit: what exceeds it answers limit.
	MemberCount(scope Scope, id GroupID, limit int) (int, error)
	// AddMembers adds those that are not there yet and returns them. Invalid when one is neither a person nor a group
	// this connection can see: then nothing is added.
	AddMembers(g Group, ids []uuid.UUID) (added []uuid.UUID, err error)
	// RemoveMembers removes those that are there and returns them.
	RemoveMembers(g Group, ids []uuid.UUID) (removed []uuid.UUID, err error)
	// RemoveMembersWhere removes the members that a predicate over the sub-attributes of members (value, display,
	// type) selects; nil selects all.
	RemoveMembersWhere(g Group, where Predicate) (removed []uuid.UUID, err error)
	// ReplaceMembers makes ids the members and returns what that changed. Invalid as for AddMembers.
	ReplaceMembers(g Group, ids []uuid.UUID) (added, removed []uuid.UUID, err error)
}

// UnknownMember refuses a member that is neither a person nor a group the connection can see. One of another
// connection or organisation answers like one that never existed (rule link.scope).
func UnknownMember(value string) *Error {
	const most = 60
	if len(value) > most {
		value = strings.ToValidUTF8(value[:most], "") + "…"
	}
	return InvalidField("members", "no user or group with the id \""+value+"\" is known to this connection; push the user first, then the membership")
}
