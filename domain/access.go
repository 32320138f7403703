package domain

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"

	"usher/domain/attribute"
)

// Source is who gave a person something. It is kept with what was given, so that who comes later knows whether to
// overrule it (rule mapping.precedence).
type Source string

// The sources, from the strongest to the weakest.
const (
	SourceAdministrator Source = "administrator" // by hand or by API
	SourceExtension     Source = "extension"     // the SCIM extension of Usher
	SourceRoles         Source = "roles"         // SCIM roles and entitlements
	SourceMapping       Source = "mapping"       // membership of a group
	SourceDefault       Source = "default"       // of the organisation
)

// Given is one thing that a person was given: a role, profile, team or queue, or with the zero id the decision that they
// have none. The zero value means that nobody has decided anything.
type Given[Noun any] struct {
	ID      ID[Noun]
	Source  Source    // empty: nobody has decided
	Locked  bool      // an administrator's, which nothing from the directory overrules
	Mapping MappingID // that gives it, where the source is one
	At      time.Time
}

// GivenLicence says where the licence of a person comes from, which is kept with the person.
type GivenLicence struct {
	Source  Source // empty: nobody has decided
	Locked  bool
	Mapping MappingID
	At      time.Time
}

// GivenKind names what a person can be given.
type GivenKind string

// The kinds.
const (
	GivenRole    GivenKind = "role"
	GivenProfile GivenKind = "profile"
	GivenTeam    GivenKind = "team"
	GivenQueue   GivenKind = "queue"
	GivenSeat    GivenKind = "licence" // the licence type of the person's seat
)

// UserAccess is everything that one person is given, beside the person.
type UserAccess struct {
	User         UserID
	Organisation OrganisationID
	Owner        bool
	Directory    bool // the person comes from one
	Licence      string
	LicenceFrom  GivenLicence

	Role    Given[Role]
	Profile Given[Profile]
	Team    Given[Team]
	Queues  []Given[Queue] // by id
	Granted Permissions    // beside the profile
	Revoked Permissions    // in spite of it

	GrantedAt time.Time // when Granted changed last; zero: never, or it was not noted
	RevokedAt time.Time // when Revoked did

	Version    int64 // of all this; 0: nothing was ever given
	ModifiedAt time.Time
}

// Defaults are what people from a directory get for whom nobody has decided (rule provision.defaults). They are looked
// up, not copied: a new default holds for everybody who has the default, at once.
type Defaults struct {
	Role      RoleID    // zero: none
	RoleAt    time.Time // since when it is this one; zero: it was not noted
	Profile   ProfileID // zero: none
	ProfileAt time.Time // likewise
	Version   int64     // 0: never set
}

func (d Defaults) tree() attribute.Value {
	tree := attribute.NewComplex()
	if !d.Role.IsZero() {
		tree.Set("role", attribute.NewString(d.Role.String()))
	}
	if !d.Profile.IsZero() {
		tree.Set("profile", attribute.NewString(d.Profile.String()))
	}
	return tree
}

// With puts the defaults where nobody has decided.
func (u UserAccess) With(d Defaults) UserAccess {
	if !u.Directory {
		return u
	}
	if u.Role.Source == "" && !d.Role.IsZero() {
		u.Role = Given[Role]{ID: d.Role, Source: SourceDefault, At: d.RoleAt}
	}
	if u.Profile.Source == "" && !d.Profile.IsZero() {
		u.Profile = Given[Profile]{ID: d.Profile, Source: SourceDefault, At: d.ProfileAt}
	}
	return u
}

// Place of the person in the hierarchy.
func (u UserAccess) Place() Place {
	return Place{User: u.User, Owner: u.Owner, Role: u.Role.ID, Team: u.Team.ID}
}

// tree is all this as the event log shows it.
func (u UserAccess) tree() attribute.Value {
	tree := attribute.NewComplex()
	set := func(name string, v attribute.Value) {
		if v.Assigned() {
			tree.Set(name, v)
		}
	}
	set("role", u.Role.tree())
	set("profile", u.Profile.tree())
	set("team", u.Team.tree())
	queues := make([]attribute.Value, len(u.Queues))
	for i, q := range u.Queues {
		queues[i] = q.tree()
	}
	set("queues", attribute.NewList(queues...))
	if u.LicenceFrom.Source != "" {
		set("licence", u.LicenceFrom.tree(u.Licence))
	}
	set("granted", u.Granted.Tree())
	set("revoked", u.Revoked.Tree())
	return tree
}

func (g Given[Noun]) tree() attribute.Value {
	tree := texts("source", string(g.Source))
	if !g.ID.IsZero() {
		tree.Set("id", attribute.NewString(g.ID.String()))
	}
	if g.Locked {
		tree.Set("locked", attribute.NewBool(true))
	}
	if !g.Mapping.IsZero() {
		tree.Set("mapping", attribute.NewString(g.Mapping.String()))
	}
	return tree
}

func (g GivenLicence) tree(licence string) attribute.Value {
	tree := Given[Organisation]{Source: g.Source, Locked: g.Locked, Mapping: g.Mapping}.tree()
	tree.Set("licence", attribute.NewString(licence))
	return tree
}

// SortQueues puts what a person was given in order of id.
func SortQueues(queues []Given[Queue]) {
	slices.SortFunc(queues, func(a, b Given[Queue]) int { return cmp.Compare(a.ID.String(), b.ID.String()) })
}

// Access is what one read finds of what a person may do: enough to decide it.
type Access struct {
	Owner    bool
	Status   Status
	Modules  Objects     // that the licence reaches (rule licence.modules)
	Profile  Permissions // of the person's profile
	Baseline Permissions // of the baseline profiles
	Granted  Permissions
	Revoked  Permissions
}

// Effective is what the person may do (rule permission.effective): what the profile, the baselines and they themselves
// are granted, without what is revoked from them, as far as their licence goes. Baselines are for people who are active
// (rule user.baseline). An owner may do everything, which this does not list. Whether somebody may come in to do it is no part of this:
// see [Decide].
func (a Access) Effective() Permissions {
	held := a.Profile.Union(a.Granted)
	if a.Status == Active {
		held = held.Union(a.Baseline)
	}
	return held.Minus(a.Revoked).Within(a.Modules.Has)
}

// Allows reports whether the person may do an action on an object; with object "" on any.
func (a Access) Allows(of Permission, object string) bool {
	return a.Owner || a.Effective().Allows(of, object)
}

// Assignments is the store of what people are given.
type Assignments interface {
	// Lock makes administrators' changes of what people may do take turns: it waits for others in the organisation, and
	// keeps them out until the unit of work ends. NotFound.
	Lock(org OrganisationID) error
	// Of reads what a person is given, without the defaults. NotFound.
	Of(org OrganisationID, user UserID) (UserAccess, error)
	// OfMany reads, by one statement, what some people are given, without the defaults, in order of id. Who is not here is left
	// out.
	OfMany(org OrganisationID, users []UserID) ([]UserAccess, error)
	// Save writes what changed over the version that was read; the unit of work runs again when that is no longer the
	// current one.
	Save(was, is UserAccess) error
	// Access reads, by one statement, what decides what a person may do. NotFound.
	Access(org OrganisationID, user UserID) (Access, error)
	// Admission reads, by one statement, what decides whether a person may come in and what they may then do: for
	// somebody who is not here, that they are not. NotFound: the organisation.
	Admission(org OrganisationID, user UserID) (Admission, error)

	// Held counts the people here who were given something; those who have it as a default are not counted.
	Held(org OrganisationID, kind GivenKind, id uuid.UUID) (int, error)
	// Replace gives everybody who was given something another thing of its kind in its place, from the same source, and
	// counts that as a change of theirs. It returns those who are here, in order of id. With the zero id they are left
	// as if nobody had decided.
	Replace(org OrganisationID, kind GivenKind, id, by uuid.UUID, at time.Time) ([]UserID, error)
	// Mentioning gives the people whose own grants or revokes mention a module, in order of id.
	Mentioning(org OrganisationID, module string) ([]UserID, error)

	// Defaults of an organisation; the zero value where none were set.
	Defaults(org OrganisationID) (Defaults, error)
	// SaveDefaults writes defaults over the version that was read, as Save.
	SaveDefaults(org OrganisationID, was, is Defaults) error
}

// AccessTx is the part of a unit of work that is about what people may do.
type AccessTx interface {
	Modules() Modules
	Roles() Entries[Role]
	Profiles() Entries[Profile]
	Teams() Entries[Team]
	Queues() Entries[Queue]
	LicenceTypes() LicenceTypes
	Assignments() Assignments
	MappingTx
}
