package domain

import (
	"maps"
	"slices"

	"usher/domain/attribute"
)

// Role is a place in the hierarchy of an organisation. It decides whose data those who hold it see.
type Role struct {
	Entry[Role]

	Parent RoleID // zero: at the top
	Sees   Sight
}

// RoleID identifies a role.
type RoleID = ID[Role]

// Sight is whose data a role shows. Each shows what the one before it shows, and more.
type Sight string

// The sights.
const (
	SeesOwn     Sight = "own"     // the person's own
	SeesTeam    Sight = "team"    // and that of the person's team
	SeesSubtree Sight = "subtree" // and that of everybody whose role is below
	SeesAll     Sight = "all"     // everybody's
)

// ParseSight reads a sight. Invalid.
func ParseSight(s string) (Sight, error) {
	if !slices.Contains(sights(), Sight(s)) {
		return "", InvalidField("sees", "use one of own, team, subtree, all")
	}
	return Sight(s), nil
}

// sights from the least to the most.
func sights() []Sight { return []Sight{SeesOwn, SeesTeam, SeesSubtree, SeesAll} }

// atLeast reports whether it shows what another one does.
func (s Sight) atLeast(other Sight) bool {
	return slices.Index(sights(), s) >= slices.Index(sights(), other)
}

const (
	// MaxRoles bounds the roles of one organisation: the hierarchy is read as a whole.
	MaxRoles = 500
	// MaxRoleDepth bounds how many roles stand above each other.
	MaxRoleDepth = 20
)

func (r Role) tree() attribute.Value {
	tree := texts("name", r.Name.Text, "description", r.Description, "sees", string(r.Sees))
	if !r.Parent.IsZero() {
		tree.Set("parent", attribute.NewString(r.Parent.String()))
	}
	return tree
}

// Hierarchy is the roles of an organisation, by id.
type Hierarchy map[RoleID]Role

// NewHierarchy puts roles in order.
func NewHierarchy(roles []Role) Hierarchy {
	h := make(Hierarchy, len(roles))
	for _, r := range roles {
		h[r.ID] = r
	}
	return h
}

// Below reports whether a role stands below another one, at any distance. A role that is not there stands below none.
func (h Hierarchy) Below(id, above RoleID) bool {
	r := h[id]
	for range len(h) { // however the roles were stored, this ends
		if r.Parent.IsZero() {
			return false
		}
		if r.Parent == above {
			return true
		}
		r = h[r.Parent]
	}
	return false
}

// depth is how many roles stand in the line from the top to this one, it included.
func (h Hierarchy) depth(id RoleID) int {
	n := 0
	for r, ok := h[id]; ok && n <= len(h); r, ok = h[r.Parent] {
		n++
	}
	return n
}

// check refuses a role whose place in the hierarchy is none: below itself, below one that does not exist, too deep.
// Invalid, TooMany.
func (h Hierarchy) check(r Role) error {
	if _, known := h[r.Parent]; !known && !r.Parent.IsZero() {
		return InvalidField("parent", "there is no role with the id "+r.Parent.String()+"; choose one from the list of roles")
	}
	if r.Parent == r.ID || h.Below(r.Parent, r.ID) {
		return InvalidField("parent", "a role cannot stand below itself; choose a parent that is not below this role")
	}
	moved := make(Hierarchy, len(h)+1)
	maps.Copy(moved, h)
	moved[r.ID] = r
	for id := range moved {
		if (id == r.ID || moved.Below(id, r.ID)) && moved.depth(id) > MaxRoleDepth {
			return tooMany("parent", "let at most 20 roles stand above each other; choose a parent nearer to the top")
		}
	}
	return nil
}

// Place is what of a person decides whose data they see and who sees theirs.
type Place struct {
	User  UserID
	Owner bool
	Role  RoleID // zero: none
	Team  TeamID // zero: none
}

// Sees reports whether one person may see another's data (rule role.sees). A person without a role sees their own, an
// owner everybody's; whether they may come in is no matter here.
func (h Hierarchy) Sees(viewer, of Place) bool {
	if viewer.User == of.User || viewer.Owner {
		return true
	}
	role, held := h[viewer.Role]
	if !held {
		return false
	}
	switch {
	case role.Sees == SeesAll:
		return true
	case role.Sees.atLeast(SeesTeam) && !viewer.Team.IsZero() && viewer.Team == of.Team:
		return true
	}
	return role.Sees == SeesSubtree && h.Below(of.Role, role.ID)
}
