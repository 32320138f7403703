package domain

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"usher/domain/attribute"
)

// Mapping says what members of a group get: a role, a profile, a team, queues, a licence, or some of these. It is bound to
// the group's id, never to its name. Members of groups inside the group get it, too.
type Mapping struct {
	ID           MappingID
	Organisation OrganisationID
	Group        GroupID
	Priority     int // the lowest wins; of equal ones the older mapping
	Grants       MappingGrants
	SavedBy      Actor // who saved it last, and so was checked against it (rule owner.escalation)
	Version      int64 // grows by one with every change
	CreatedAt    time.Time
	ModifiedAt   time.Time
}

// MappingID identifies a mapping.
type MappingID = ID[Mapping]

// MappingGrants is what a mapping gives. What is zero it does not give.
type MappingGrants struct {
	Role    RoleID
	Profile ProfileID
	Team    TeamID
	Queues  []QueueID // in order, each once
	Licence string
}

// Bounds of mappings.
const (
	MaxMappings        = 1000 // of one organisation
	MaxMappingPriority = 1_000_000
)

// Mappings is the store of mappings.
//
//nolint:interfacebloat // one noun; each method is one statement
type Mappings interface {
	// List gives all of an organisation, in order of creation.
	List(org OrganisationID) ([]Mapping, error)
	// Get reads one. NotFound.
	Get(org OrganisationID, id MappingID) (Mapping, error)
	// Insert adds one.
	Insert(m Mapping) error
	// Save writes a changed one over the version that was read; the unit of work runs again when that is no longer the
	// current one.
	Save(was, is Mapping) error
	// Delete removes the version that was read, as Save.
	Delete(m Mapping) error

	// Reaches reports, by one look-up where an organisation has no mappings, whether members of a group get anything: by a
	// mapping of the group or of one that it is in, at any distance.
	Reaches(org OrganisationID, group GroupID) (bool, error)
	// DemandNoQueues makes the unit of work run again when a mapping of the organisation, or something that was said about
	// a person, gives queues; an optimistic attempt does not wait for the answer.
	DemandNoQueues(org OrganisationID, user UserID) error
	// Below gives the groups in some groups, at any distance, and those themselves, in order of id.
	Below(org OrganisationID, groups []GroupID) ([]GroupID, error)
	// HoldBelow is Below, and keeps others from changing the members of those groups until the unit of work ends.
	HoldBelow(org OrganisationID, groups []GroupID) ([]GroupID, error)
	// PeopleBelow gives people in some groups, at any distance, perhaps several times each, and not more than limit.
	PeopleBelow(org OrganisationID, groups []GroupID, limit int) ([]UserID, error)
	// Above gives the mappings of some groups and of those that they are in, at any distance: what their members get.
	Above(org OrganisationID, groups []GroupID) ([]MappingID, error)
	// Within gives those of some people who are in a group, at any distance.
	Within(org OrganisationID, group GroupID, people []UserID) ([]UserID, error)
	// PeopleOf gives the direct members of a group who are people after one of them, in order of id.
	PeopleOf(org OrganisationID, group GroupID, after UserID, limit int) ([]UserID, error)
	// Orphans reads the groups of mappings that are gone.
	Orphans(org OrganisationID) ([]Group, error)
	// Alike are the groups that are there of the same connection as one that is gone, with its display name, without case,
	// or its external id, or what claims called it, which may be the one or the other; at most limit.
	Alike(gone Group, limit int) ([]Group, error)
}

// compare puts mappings in order of precedence, the strongest first (rule mapping.precedence).
func (m Mapping) compare(n Mapping) int {
	return cmp.Or(cmp.Compare(m.Priority, n.Priority), m.CreatedAt.Compare(n.CreatedAt), slices.Compare(m.ID.UUID[:], n.ID.UUID[:]))
}

// gives reports whether a mapping gives anything.
func (g MappingGrants) gives() bool {
	return !g.Role.IsZero() || !g.Profile.IsZero() || !g.Team.IsZero() || len(g.Queues) > 0 || g.Licence != ""
}

// mentions reports whether a mapping gives a thing.
func (g MappingGrants) mentions(kind GivenKind, id uuid.UUID) bool {
	switch kind {
	case GivenRole:
		return g.Role.UUID == id
	case GivenProfile:
		return g.Profile.UUID == id
	case GivenTeam:
		return g.Team.UUID == id
	case GivenQueue:
		return slices.Contains(g.Queues, QueueID{UUID: id})
	case GivenSeat:
	}
	return false
}

// replaced is what a mapping gives when one thing takes another's place; with the zero id none does.
func (g MappingGrants) replaced(kind GivenKind, id, by uuid.UUID) MappingGrants {
	if !g.mentions(kind, id) {
		return g
	}
	switch kind {
	case GivenRole:
		g.Role.UUID = by
	case GivenProfile:
		g.Profile.UUID = by
	case GivenTeam:
		g.Team.UUID = by
	case GivenQueue:
		queues := slices.DeleteFunc(slices.Clone(g.Queues), func(q QueueID) bool { return q.UUID == id })
		if by != uuid.Nil {
			queues = append(queues, QueueID{UUID: by})
		}
		g.Queues = sortedQueues(queues)
	case GivenSeat:
	}
	return g
}

// sortedQueues puts queues in order, each once.
func sortedQueues(queues []QueueID) []QueueID {
	queues = slices.Clone(queues)
	slices.SortFunc(queues, func(a, b QueueID) int { return slices.Compare(a.UUID[:], b.UUID[:]) })
	return slices.Compact(queues)
}

// tree is a mapping as events show it.
func (m Mapping) tree() attribute.Value {
	tree := texts("group", m.Group.String())
	tree.Set("priority", attribute.NewNumber(strconv.Itoa(m.Priority)))
	for _, one := range []struct {
		name string
		id   uuid.UUID
	}{{"role", m.Grants.Role.UUID}, {"profile", m.Grants.Profile.UUID}, {"team", m.Grants.Team.UUID}} {
		if one.id != uuid.Nil {
			tree.Set(one.name, attribute.NewString(one.id.String()))
		}
	}
	if len(m.Grants.Queues) > 0 {
		ids := make([]string, len(m.Grants.Queues))
		for i, q := range m.Grants.Queues {
			ids[i] = q.String()
		}
		tree.Set("queues", textList(ids))
	}
	if m.Grants.Licence != "" {
		tree.Set("licence", attribute.NewString(m.Grants.Licence))
	}
	return tree
}
