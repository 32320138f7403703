package domain

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

// applyAtOnce is how many people a change of groups or mappings is applied to in its own unit of work; for more there is
// a job (rule mapping.apply).
const applyAtOnce = 1000

// reach is whom a change of groups or mappings may have changed something for.
type reach struct {
	about      JobSubject
	people     []UserID
	groups     []GroupID    // and everybody below these
	membersOf  GroupID      // and the people who are direct members of this group now, which is about to go
	connection ConnectionID // or all people of this connection, and nobody else
}

// apply decides anew about everybody in reach: at once, or, where they are many, by a job whose cost here does not grow
// with their number.
func apply(tx Tx, org OrganisationID, r reach, now time.Time, write scribe) error {
	people, few, err := r.few(tx, org)
	if err != nil {
		return err
	}
	if few {
		return recompute(tx, org, people, now, write)
	}
	return startJob(tx, org, r, now, write)
}

// few finds everybody in reach, unless they are many.
func (r reach) few(tx Tx, org OrganisationID) ([]UserID, bool, error) {
	people := distinctPeople(r.people)
	if len(people) > applyAtOnce {
		return nil, false, nil
	}
	if !r.connection.IsZero() {
		people, err := tx.Jobs().OfConnection(Job{Organisation: org, Connection: r.connection}, UserID{}, applyAtOnce+1)
		return people, len(people) <= applyAtOnce, err
	}
	groups := r.groups
	if !r.membersOf.IsZero() {
		groups = append(slices.Clone(groups), r.membersOf)
	}
	if len(groups) == 0 {
		return people, true, nil
	}
	below, err := tx.Mappings().PeopleBelow(org, groups, applyAtOnce+1)
	if err != nil || len(below) > applyAtOnce {
		return nil, false, err
	}
	people = distinctPeople(append(people, below...))
	return people, len(people) <= applyAtOnce, nil
}

func distinctPeople(ids []UserID) []UserID {
	ids = slices.Clone(ids)
	slices.SortFunc(ids, func(a, b UserID) int { return slices.Compare(a.UUID[:], b.UUID[:]) })
	return slices.Compact(ids)
}

// membersMoved applies that members, people or groups, joined or left a group. Where no mapping reaches them it costs one
// look-up.
//
// The row of a group is written by whoever changes its members, and so keeps others from that. Whoever changes what reaches
// a group (by putting a group above it into another one or out of it, or by changing a mapping of one above it) holds the
// rows of all groups below. So what reaches a group stands as long as its row is held, and who joins or leaves at the same
// moment is either seen or comes later and sees the change.
func (d *Directory) membersMoved(tx Tx, caller Caller, group GroupID, moved []uuid.UUID, now time.Time) error {
	if len(moved) == 0 {
		return nil
	}
	reached, err := tx.Mappings().Reaches(caller.Organisation, group)
	if err != nil || !reached {
		return err
	}
	groups, err := tx.Groups().Among(caller.Organisation, moved)
	if err != nil {
		return err
	}
	if len(groups) > 0 {
		if _, err := tx.Mappings().HoldBelow(caller.Organisation, groups); err != nil {
			return err
		}
	}
	r := reach{about: JobSubject{Kind: jobAboutGroup, ID: group.UUID}, groups: groups}
	for _, id := range moved {
		if !slices.Contains(groups, GroupID{UUID: id}) {
			r.people = append(r.people, UserID{UUID: id})
		}
	}
	return apply(tx, caller.Organisation, r, now, d.scribe(caller))
}

// beforeGroupGoes finds who loses something with a group that is about to go, and whose row is held; it gives back what is
// to be done once it is gone. Of many people a job takes care.
func beforeGroupGoes(tx Tx, org OrganisationID, group GroupID, now time.Time, write scribe) (after func() error, err error) {
	nothing := func() error { return nil }
	reached, err := tx.Mappings().Reaches(org, group)
	if err != nil || !reached {
		return nothing, err
	}
	below, err := tx.Mappings().HoldBelow(org, []GroupID{group})
	if err != nil {
		return nothing, err
	}
	r := reach{about: JobSubject{Kind: jobAboutGroup, ID: group.UUID}, membersOf: group}
	r.groups = slices.DeleteFunc(below, func(id GroupID) bool { return id == group })
	people, few, err := r.few(tx, org)
	if err != nil {
		return nothing, err
	}
	if !few {
		return nothing, startJob(tx, org, r, now, write)
	}
	return func() error { return recompute(tx, org, people, now, write) }, nil
}

// archiveGroup takes a group away whose row is held, and from its people what it gave; say is called in between, and tells
// of it.
func archiveGroup(tx Tx, group Group, now time.Time, write scribe, say func() error) error {
	group.ArchivedAt, group.ModifiedAt, group.Version = now, later(now, group.ModifiedAt), group.Version+1
	apply, err := beforeGroupGoes(tx, group.Organisation, group.ID, now, write)
	if err != nil {
		return err
	}
	if err := tx.Groups().Archive(group); err != nil {
		return err
	}
	if err := say(); err != nil {
		return err
	}
	return apply()
}
