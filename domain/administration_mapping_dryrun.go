package domain

import (
	"context"
	"slices"
	"time"

	"usher/domain/attribute"
)

// DryRun asks what a mapping would change if it were saved, or deleted.
type DryRun struct {
	Mapping MappingID    // that is changed; zero: a new one
	Spec    *MappingSpec // as it is to be, with the zero group where it is now; nil: it is deleted
	After   *Position    // where to go on: Key is the id of a group, ID that of a person
	Limit   int          // how many people are looked at, at most
}

// WouldChange is one person for whom something would change. Before and after have what differs, as events show it, and
// the licence where that would be another one; there may be no seat for it.
type WouldChange struct {
	User          UserID
	Display       string
	Before, After attribute.Value
}

// MappingDryRun gives the people for whom something would change, in no order, group by group: a page may hold fewer than
// were looked at and yet not be the last. It writes nothing. It needs directory:edit and is refused as the change itself
// would be. Seats are not counted: somebody listed with another licence gets it where there is a seat. Invalid, also for a
// mapping that is not there, TooMany, Forbidden.
func (ad *Administration) MappingDryRun(ctx context.Context, who Administrator, q DryRun) (Page[WouldChange], error) {
	var page Page[WouldChange]
	now := ad.env.instant()
	err := ad.look(ctx, who, ModuleDirectory, ActionEdit, "", func(tx Tx) error {
		trial, err := ad.trial(tx, who, q, now)
		if err != nil {
			return err
		}
		j := Job{Organisation: who.Organisation, Groups: trial.groups}
		if q.After != nil {
			j.Group, _ = ParseID[Group](q.After.Key)
			j.After = UserID{UUID: q.After.ID}
		}
		people, err := j.below(tx, q.Limit)
		if err != nil {
			return err
		}
		page = Page[WouldChange]{}
		if len(people) == q.Limit {
			page.Next = &Position{Key: j.Group.String(), ID: j.After.UUID}
		}
		page.Items, err = trial.outcome(tx, people, now)
		return err
	})
	return page, err
}

// trial is a mapping that is not saved.
type trial struct {
	mapping Mapping
	gone    bool      // it is deleted
	groups  []GroupID // whose people it is about
}

// trial checks the question.
func (ad *Administration) trial(tx Tx, who Administrator, q DryRun, now time.Time) (trial, error) {
	t := trial{gone: q.Spec == nil}
	var err error
	if q.Mapping.IsZero() {
		t.mapping = Mapping{Organisation: who.Organisation, CreatedAt: now, ModifiedAt: now}
		t.mapping.ID, err = newID[Mapping](ad.env)
	} else {
		t.mapping, err = tx.Mappings().Get(who.Organisation, q.Mapping)
		if IsKind(err, NotFound) {
			err = InvalidField("mapping", "there is no mapping with the id "+q.Mapping.String()+"; choose one from the list of mappings")
		}
		t.groups = []GroupID{t.mapping.Group}
	}
	if err != nil {
		return t, err
	}
	if t.gone {
		return t, ad.mayUnmap(tx, who, []Mapping{t.mapping}, nil)
	}
	saved, was := t.mapping, t.mapping.Group
	t.mapping.Priority, t.mapping.Grants = q.Spec.Priority, q.Spec.Grants
	if q.Mapping.IsZero() || !q.Spec.Group.IsZero() {
		t.mapping.Group = q.Spec.Group
	}
	if t.mapping.Group != was {
		t.groups = append(t.groups, t.mapping.Group)
	}
	if err := ad.checkMapping(tx, who, &t.mapping, q.Mapping.IsZero() || t.mapping.Group != was); err != nil || q.Mapping.IsZero() {
		return t, err
	}
	return t, ad.mayUnmap(tx, who, []Mapping{saved}, &t.mapping)
}

// outcome decides about people as if the mapping were saved.
func (t trial) outcome(tx Tx, people []UserID, now time.Time) ([]WouldChange, error) {
	list := []WouldChange{}
	org := t.mapping.Organisation
	dossiers, err := tx.Dossiers().Read(org, distinctPeople(people), false)
	if err != nil || len(dossiers) == 0 {
		return list, err
	}
	within := map[UserID]bool{}
	if !t.gone {
		members, err := tx.Mappings().Within(org, t.mapping.Group, people)
		if err != nil {
			return nil, err
		}
		for _, id := range members {
			within[id] = true
		}
	}
	for i := range dossiers {
		d := &dossiers[i]
		d.Mappings = slices.DeleteFunc(d.Mappings, func(id MappingID) bool { return id == t.mapping.ID })
		if within[d.Access.User] {
			d.Mappings = append(d.Mappings, t.mapping.ID)
		}
	}
	j, err := judgeOf(tx, org, dossiers)
	if err != nil {
		return nil, err
	}
	j.mappings[t.mapping.ID] = t.mapping
	for _, d := range dossiers {
		s := j.settle(d, now)
		s.access.Licence, s.access.LicenceFrom = s.licence, s.from
		before, after := attribute.Diff(d.Access.tree(), s.access.tree())
		if !before.Assigned() && !after.Assigned() {
			continue
		}
		u, err := tx.Users().Find(org, d.Access.User)
		if err != nil {
			return nil, err
		}
		list = append(list, WouldChange{User: u.ID, Display: u.Display(), Before: before, After: after})
	}
	return list, nil
}
