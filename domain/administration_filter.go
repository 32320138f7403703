package domain

import (
	"time"

	"usher/domain/attribute"
)

// OnlineFor is how long somebody counts as online after they were seen (rule presence).
const OnlineFor = 5 * time.Minute

// HeldFilter asks for people by what they are given; the zero value does not ask.
type HeldFilter[Noun any] struct {
	ID   ID[Noun]
	None bool // those who have none of the kind
}

// PeopleFilter asks for people by how they stand and what they are given; nil asks for nothing. Roles and profiles that
// people have by default count as theirs.
type PeopleFilter struct {
	Role    HeldFilter[Role]
	Profile HeldFilter[Profile]
	Team    HeldFilter[Team]
	Queue   HeldFilter[Queue]
	Manager HeldFilter[User]
	Unowned bool  // whom no connection owns
	Owner   *bool // system owners
	Blocked *bool
	Waiting *bool // in line for a seat
	Online  *bool // seen within [OnlineFor]
}

// The attributes of people that this asks by, below [URNPerson].
const (
	personRole      = "role"
	personProfile   = "profile"
	personTeam      = "team"
	personQueue     = "queue"
	personDirectory = "directory" // whether the person comes from one
	personOwner     = "owner"
	personBlocked   = "blocked"
	personWaiting   = "waiting"
	personLastSeen  = "lastSeen"
	personManager   = "manager"
)

func personAttribute(name string) Attribute {
	return Attribute{Path: Path{URN: URNPerson, Name: name}, CaseExact: true}
}

// where are the filter's conditions, all of which have to hold.
func (f PeopleFilter) where(defaults Defaults, now time.Time) []Predicate {
	var terms []Predicate
	terms = append(terms, f.Role.where(personRole, defaults.Role)...)
	terms = append(terms, f.Profile.where(personProfile, defaults.Profile)...)
	terms = append(terms, f.Team.where(personTeam, TeamID{})...)
	terms = append(terms, f.Queue.where(personQueue, QueueID{})...)
	if f.Unowned {
		terms = append(terms, isTrue(personDirectory, false))
	}
	for _, flag := range []struct {
		name string
		want *bool
	}{{personOwner, f.Owner}, {personBlocked, f.Blocked}, {personWaiting, f.Waiting}} {
		if flag.want != nil {
			terms = append(terms, isTrue(flag.name, *flag.want))
		}
	}
	if f.Online != nil {
		seen := personAttribute(personLastSeen)
		seen.Type = TypeDateTime
		at := now.Add(-OnlineFor)
		var online Predicate = Compare{Attribute: seen, Operator: GreaterOrEqual, Operand: Operand{Value: attribute.NewString(timestamp(at)), Time: at}}
		if !*f.Online {
			online = Not{Term: online}
		}
		terms = append(terms, online)
	}
	return terms
}

func isTrue(name string, want bool) Predicate {
	of := personAttribute(name)
	of.Type = TypeBoolean
	return Compare{Attribute: of, Operator: Equal, Operand: Operand{Value: attribute.NewBool(want)}}
}

// where asks for what was given, or for people about whom nobody has decided where the default says the same.
func (f HeldFilter[Noun]) where(name string, byDefault ID[Noun]) []Predicate {
	value := personAttribute(name)
	value.Sub, value.Many = "value", true
	decided := personAttribute(name)
	decided.Many, decided.Type = true, TypeComplex
	undecided := And{Terms: []Predicate{isTrue(personDirectory, true), Not{Term: Present{Attribute: decided}}}}
	switch {
	case !f.ID.IsZero():
		given := Predicate(Compare{Attribute: value, Operator: Equal, Operand: Operand{Value: attribute.NewString(f.ID.String())}})
		if f.ID == byDefault {
			given = Or{Terms: []Predicate{given, undecided}}
		}
		return []Predicate{given}
	case !f.None:
		return nil
	}
	none := []Predicate{Not{Term: Present{Attribute: value}}}
	if !byDefault.IsZero() {
		none = append(none, Not{Term: undecided})
	}
	return none
}
