package domain

import (
	"context"

	"github.com/google/uuid"

	"usher/domain/attribute"
)

// GroupStep is one step of a change to a group. Steps are applied in order, all or none.
type GroupStep struct {
	// Attributes, when set, makes new attributes (members excepted) of the current ones.
	Attributes func(current attribute.Value) (attribute.Value, error)

	Add         []uuid.UUID // members to add; those that are there stay
	Remove      []uuid.UUID // members to remove; those that are not there are no error
	RemoveWhere *Predicate  // remove the members selected; a nil predicate selects all
	Replace     bool        // make Members the members
	Members     []uuid.UUID
}

// CreateGroup creates a group with its members. ExternalIDTaken; Invalid, also when a member is nobody this connection
// can see.
func (d *Directory) CreateGroup(ctx context.Context, caller Caller, attributes attribute.Value, members []uuid.UUID) (Group, error) {
	caller, err := d.verified(ctx, caller)
	if err != nil {
		return Group{}, err
	}
	id, err := newID[Group](d.env)
	if err != nil {
		return Group{}, err
	}
	now := d.env.instant()
	group := Group{
		ID: id, Organisation: caller.Organisation, Connection: caller.Connection,
		Version: 1, CreatedAt: now, ModifiedAt: now,
	}
	if err := group.describe(attributes); err != nil {
		return Group{}, err
	}
	tree, err := group.Attributes()
	if err != nil {
		return Group{}, err
	}
	event, err := d.event(caller, GroupCreated, "group", id.UUID, now)
	if err != nil {
		return Group{}, err
	}
	return group, d.store.Write(ctx, func(tx Tx) error {
		if err := d.linkMembers(tx, caller, now, members); err != nil {
			return err
		}
		if err := tx.Groups().Insert(group); err != nil {
			return err
		}
		event := event
		event.After = tree
		if len(members) > 0 {
			added, err := tx.Groups().AddMembers(group, members)
			if err != nil {
				return err
			}
			event.After.Set("members", memberList(added))
		}
		return tx.Events().Append(event)
	})
}

// ChangeGroup applies steps to a group and returns it as it is then. Its cost is that of the change, not of the group.
// When nothing differs nothing is written. NotFound, Precondition, and as for CreateGroup.
func (d *Directory) ChangeGroup(ctx context.Context, caller Caller, id GroupID, match IfMatch, steps []GroupStep) (Group, error) {
	caller, err := d.verified(ctx, caller)
	if err != nil {
		return Group{}, err
	}
	var outcome Group
	err = d.store.Write(ctx, func(tx Tx) error {
		read := tx.Groups().Get
		if match.Set || !commute(steps) {
			read = tx.Groups().Lock
		}
		was, err := read(caller.Scope(), id)
		if err != nil {
			return err
		}
		if err := match.admits(was.Version); err != nil {
			return err
		}
		if err := d.linkMembers(tx, caller, d.env.instant(), stepMembers(steps)); err != nil {
			return err
		}
		outcome, err = d.changeGroup(tx, caller, was, match, steps)
		return err
	})
	if err != nil {
		return Group{}, err
	}
	return outcome, nil
}

// commute reports whether steps come to the same whatever others do to the group meanwhile: members that only join, or
// only leave. Those run beside each other; everything else has the group to itself, or two replacements of the members
// at once would leave a mixture of both.
func commute(steps []GroupStep) bool {
	joins, leaves := false, false
	for _, s := range steps {
		if s.Attributes != nil || s.Replace {
			return false
		}
		joins = joins || len(s.Add) > 0
		leaves = leaves || len(s.Remove) > 0 || s.RemoveWhere != nil
	}
	return !joins || !leaves
}

func (d *Directory) changeGroup(tx Tx, caller Caller, was Group, match IfMatch, steps []GroupStep) (Group, error) {
	before, err := was.Attributes()
	if err != nil {
		return Group{}, err
	}
	after := before
	joined, left := newMemberSet(), newMemberSet()
	for _, step := range steps {
		if step.Attributes != nil {
			if after, err = step.Attributes(after); err != nil {
				return Group{}, err
			}
		}
		added, removed, err := applyMembers(tx, was, step)
		if err != nil {
			return Group{}, err
		}
		left.note(removed, joined)
		joined.note(added, left)
	}
	now := d.env.instant()
	is := was
	if err := is.describe(after); err != nil {
		return Group{}, err
	}
	if after, err = is.Attributes(); err != nil {
		return Group{}, err
	}
	described := !attribute.Equal(before, after)
	if !described && joined.empty() && left.empty() {
		return was, nil
	}
	event, err := d.event(caller, GroupUpdated, "group", is.ID.UUID, now)
	if err != nil {
		return Group{}, err
	}
	event.Before, event.After = attribute.Diff(before, after)
	if !joined.empty() {
		event.After.Set("members", memberList(joined.list()))
	}
	if !left.empty() {
		event.Before.Set("members", memberList(left.list()))
	}
	if err := tx.Events().Append(event); err != nil {
		return Group{}, err
	}
	is.Version, is.ModifiedAt = was.Version+1, later(now, was.ModifiedAt)
	if described || match.Set {
		err = tx.Groups().Save(was, is) // over the version that was read
	} else {
		err = tx.Groups().Touch(is, is.ModifiedAt) // members alone never collide with each other
	}
	if err != nil {
		return Group{}, err
	}
	return is, d.membersMoved(tx, caller, is.ID, append(joined.list(), left.list()...), now)
}

// applyMembers carries out the part of a step that concerns members.
func applyMembers(tx Tx, g Group, step GroupStep) (added, removed []uuid.UUID, err error) {
	groups := tx.Groups()
	switch {
	case step.Replace:
		return groups.ReplaceMembers(g, step.Members)
	case step.RemoveWhere != nil:
		removed, err = groups.RemoveMembersWhere(g, *step.RemoveWhere)
	case len(step.Remove) > 0:
		removed, err = groups.RemoveMembers(g, step.Remove)
	case len(step.Add) > 0:
		added, err = groups.AddMembers(g, step.Add)
	}
	return added, removed, err
}

// memberSet collects the net effect of the steps: who left and came back has done neither.
type memberSet struct {
	at    map[uuid.UUID]int
	order []uuid.UUID
}

func newMemberSet() *memberSet { return &memberSet{at: map[uuid.UUID]int{}} }

func (s *memberSet) note(ids []uuid.UUID, opposite *memberSet) {
	for _, id := range ids {
		if _, undone := opposite.at[id]; undone {
			delete(opposite.at, id)
			continue
		}
		s.at[id] = len(s.order)
		s.order = append(s.order, id)
	}
}

func (s *memberSet) empty() bool { return len(s.at) == 0 }

func (s *memberSet) list() []uuid.UUID {
	ids := make([]uuid.UUID, 0, len(s.at))
	for i, id := range s.order {
		if at, there := s.at[id]; there && at == i {
			ids = append(ids, id)
		}
	}
	return ids
}

func memberList(ids []uuid.UUID) attribute.Value {
	items := make([]attribute.Value, len(ids))
	for i, id := range ids {
		items[i] = attribute.NewString(id.String())
	}
	return attribute.NewList(items...)
}

// DeleteGroup deletes a group; its members stay. NotFound, Precondition.
func (d *Directory) DeleteGroup(ctx context.Context, caller Caller, id GroupID, match IfMatch) error {
	caller, err := d.verified(ctx, caller)
	if err != nil {
		return err
	}
	return d.store.Write(ctx, func(tx Tx) error {
		group, err := tx.Groups().Lock(caller.Scope(), id)
		if err != nil {
			return err
		}
		if err := match.admits(group.Version); err != nil {
			return err
		}
		now := d.env.instant()
		event, err := d.event(caller, GroupDeleted, "group", id.UUID, now)
		if err != nil {
			return err
		}
		if event.Before, err = group.Attributes(); err != nil {
			return err
		}
		return archiveGroup(tx, group, now, d.scribe(caller), func() error { return tx.Events().Append(event) })
	})
}
