package domain

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Candidate is one of the things that were said about what a person is to have of a kind, and what became of it.
type Candidate struct {
	Object   uuid.UUID // zero: none, or, with a Text, nothing that is here
	Text     string    // of a licence its name; else what was said
	Source   Source
	Locked   bool
	Mapping  MappingID // where the source is one
	Group    GroupID   // whose mapping it is
	Claimed  bool      // the person is in the group by the claims of their last sign-in, and not as the directory has it
	Priority int
	At       time.Time // since when it is said
	Lost     Loss      // empty: it won
}

// Loss is why a candidate did not win.
type Loss string

// The losses.
const (
	LostOutranked Loss = "outranked"     // something stronger, of a higher priority, or older says otherwise
	LostLimits    Loss = "limits"        // the connection of the person may not give it (rule provision.limits)
	LostOwner     Loss = "owner_licence" // an owner's licence is not simulator (rule owner.escalation)
	LostInactive  Loss = "inactive"      // who is inactive is in no queue (rule deactivate.queues)
	LostUnmatched Loss = "unmatched"     // what was said names nothing here
)

// Ruling is what a person gets of a kind, and why: the one place where it is decided (rule mapping.precedence). Of queues
// there is one ruling for each queue that anything names.
type Ruling struct {
	Kind   GivenKind
	Won    bool // false: nobody has decided, or nothing that was said holds
	Winner Candidate
	Losers []Candidate // the strongest first
}

// Dossier is all that decides what one person is given.
type Dossier struct {
	Access     UserAccess // as it is stored, without the defaults
	Status     Status
	Connection ConnectionID
	Claims     []Claim
	Mappings   []MappingID // that reach the person
	Claimed    []MappingID // those of them that do so by the claims of a sign-in alone
	Wish       LicenceWish // zero: none
}

// LicenceWish is the licence that a person is to have and of which no seat is free (rule mapping.apply): until there is
// one they keep what they have.
type LicenceWish struct {
	Licence string
	Since   time.Time
}

// Dossiers is the store of what decides what people are given.
type Dossiers interface {
	// Read reads those of some people who are here, in order of id. hold keeps others from changing the people until the
	// unit of work ends.
	Read(org OrganisationID, users []UserID, hold bool) ([]Dossier, error)
	// Wish writes, or with the zero value removes, somebody's wish.
	Wish(org OrganisationID, user UserID, wish LicenceWish) error
	// Wishing are people who wish for a licence, those who wish for longest first, at most limit.
	Wishing(org OrganisationID, licence string, limit int) ([]UserID, error)
	// Queues reads the queues that somebody is in.
	Queues(org OrganisationID, user UserID) ([]Given[Queue], error)
	// DemandSettled makes the unit of work run again when somebody is in a queue, or wishes for a licence; an optimistic attempt
	// does not wait for the answer. The person's status was written before in this unit of work.
	DemandSettled(org OrganisationID, user UserID) error
	// FormerQueues are the queues, given by hand, that somebody was in when they were deactivated last.
	FormerQueues(org OrganisationID, user UserID) ([]QueueID, error)
	// RememberQueues writes them, in place of those there were.
	RememberQueues(org OrganisationID, user UserID, queues []QueueID, at time.Time) error
}

// judge is what holds for everybody of an organisation when what people get is decided.
type judge struct {
	mappings map[MappingID]Mapping
	defaults Defaults
	limits   map[ConnectionID]Limits
}

// rank is the place of a source in the order of precedence; the lowest wins.
func (c Candidate) rank() int {
	switch c.Source {
	case SourceAdministrator:
		if c.Locked {
			return 0
		}
		return 4
	case SourceExtension:
		return 1
	case SourceRoles:
		return 2
	case SourceMapping:
		return 3
	case SourceDefault, SourceDirectory, SourcePerson:
	}
	return 5
}

// stronger puts candidates in order of precedence (rule mapping.precedence).
func (j judge) stronger(a, b Candidate) int {
	if c := cmp.Compare(a.rank(), b.rank()); c != 0 || a.Source != SourceMapping {
		return c
	}
	return j.mappings[a.Mapping].compare(j.mappings[b.Mapping])
}

// rule decides what a person gets of every kind.
func (j judge) rule(d Dossier) []Ruling {
	rulings := []Ruling{
		j.one(d, GivenRole, administrators(d.Access.Role), Candidate{Object: j.defaults.Role.UUID, At: j.defaults.RoleAt}),
		j.one(d, GivenProfile, administrators(d.Access.Profile), Candidate{Object: j.defaults.Profile.UUID, At: j.defaults.ProfileAt}),
		j.one(d, GivenTeam, administrators(d.Access.Team), Candidate{}),
		j.one(d, GivenSeat, d.Access.administratorsLicence(), Candidate{}),
	}
	return append(rulings, j.queues(d)...)
}

// administrators is the choice of an administrator that stands, if there is one.
func administrators[Noun any](g Given[Noun]) []Candidate {
	if g.Source != SourceAdministrator {
		return nil
	}
	return []Candidate{{Object: g.ID.UUID, Source: g.Source, Locked: g.Locked, At: g.At}}
}

// administratorsLicence is administrators for the licence. A licence other than full of which nobody noted where it comes
// from was chosen by hand.
func (u UserAccess) administratorsLicence() []Candidate {
	from := u.LicenceFrom
	if from.Source != SourceAdministrator && (from.Source != "" || u.Licence == LicenceFull) {
		return nil
	}
	return []Candidate{{Text: u.Licence, Source: SourceAdministrator, Locked: from.Locked, At: from.At}}
}

// one decides about a kind of which a person has one at most.
func (j judge) one(d Dossier, kind GivenKind, candidates []Candidate, byDefault Candidate) Ruling {
	chosen := len(candidates) > 0
	for _, c := range d.Claims {
		if c.Kind == kind && (c.Source != SourceAdministrator || !chosen) {
			candidates = append(candidates, claimed(c))
		}
	}
	for _, m := range j.reaching(d) {
		if c, given := m.candidate(kind); given {
			c.Claimed = slices.Contains(d.Claimed, m.ID)
			candidates = append(candidates, c)
		}
	}
	if byDefault.Object != uuid.Nil && d.Access.Directory {
		byDefault.Source = SourceDefault
		candidates = append(candidates, byDefault)
	}
	return j.decide(d, kind, candidates)
}

// queues decides about each queue that anything names: they add up.
func (j judge) queues(d Dossier) []Ruling {
	by := map[uuid.UUID][]Candidate{}
	var order []uuid.UUID
	put := func(c Candidate) {
		if by[c.Object] == nil {
			order = append(order, c.Object)
		}
		by[c.Object] = append(by[c.Object], c)
	}
	for _, q := range d.Access.Queues {
		for _, c := range administrators(q) {
			put(c)
		}
	}
	for _, c := range d.Claims {
		if c.Kind == GivenQueue {
			put(claimed(c))
		}
	}
	for _, m := range j.reaching(d) {
		for _, q := range m.Grants.Queues {
			c := m.says()
			c.Object, c.Claimed = q.UUID, slices.Contains(d.Claimed, m.ID)
			put(c)
		}
	}
	slices.SortFunc(order, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	rulings := make([]Ruling, len(order))
	for i, id := range order {
		rulings[i] = j.decide(d, GivenQueue, by[id])
	}
	return rulings
}

// reaching are the mappings that reach a person.
func (j judge) reaching(d Dossier) []Mapping {
	list := make([]Mapping, 0, len(d.Mappings))
	for _, id := range d.Mappings {
		if m, known := j.mappings[id]; known {
			list = append(list, m)
		}
	}
	return list
}

func claimed(c Claim) Candidate {
	said := Candidate{Object: c.Object, Text: c.Text, Source: c.Source, At: c.At}
	if !c.matched() {
		said.Lost = LostUnmatched
	}
	return said
}

// says is a candidate by a mapping.
func (m Mapping) says() Candidate {
	return Candidate{Source: SourceMapping, Mapping: m.ID, Group: m.Group, Priority: m.Priority, At: m.ModifiedAt}
}

// candidate is what a mapping gives of a kind of which a person has one at most.
func (m Mapping) candidate(kind GivenKind) (c Candidate, given bool) {
	c = m.says()
	switch kind {
	case GivenRole:
		c.Object = m.Grants.Role.UUID
	case GivenProfile:
		c.Object = m.Grants.Profile.UUID
	case GivenTeam:
		c.Object = m.Grants.Team.UUID
	case GivenSeat:
		c.Text = m.Grants.Licence
	case GivenQueue:
	}
	return c, c.Object != uuid.Nil || c.Text != ""
}

// decide finds the winner among candidates of a kind.
func (j judge) decide(d Dossier, kind GivenKind, candidates []Candidate) Ruling {
	r := Ruling{Kind: kind}
	slices.SortStableFunc(candidates, j.stronger)
	for _, c := range candidates {
		if c.Lost == "" {
			c.Lost = j.bars(d, kind, c)
		}
		if c.Lost == "" && !r.Won {
			r.Won, r.Winner = true, c
			continue
		}
		c.Lost = cmp.Or(c.Lost, LostOutranked)
		r.Losers = append(r.Losers, c)
	}
	return r
}

// bars is why a candidate cannot win whatever else is said; empty: it can.
func (j judge) bars(d Dossier, kind GivenKind, c Candidate) Loss {
	byDirectory := c.Source == SourceExtension || c.Source == SourceRoles || c.Source == SourceMapping
	limits, limited := j.limits[d.Connection]
	switch {
	case kind == GivenQueue && d.Status == Inactive:
		return LostInactive
	case kind == GivenSeat && d.Access.Owner && c.Text == LicenceSimulator:
		return LostOwner
	case byDirectory && limited && !limits.allow(kind, c):
		return LostLimits
	}
	return ""
}

// allow reports whether a directory may give what a candidate names (rule provision.limits). That somebody has none of a
// kind, and what is not limited, it may always say.
func (l Limits) allow(kind GivenKind, c Candidate) bool {
	switch {
	case kind == GivenRole && c.Object != uuid.Nil:
		return l.Role(RoleID{UUID: c.Object})
	case kind == GivenProfile && c.Object != uuid.Nil:
		return l.Profile(ProfileID{UUID: c.Object})
	case kind == GivenSeat:
		return l.Licence(c.Text)
	}
	return true
}
