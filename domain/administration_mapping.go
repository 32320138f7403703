package domain

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"usher/domain/attribute"
)

// MappingSpec describes a mapping as it is to be.
type MappingSpec struct {
	Group    GroupID
	Priority int // 1 to [MaxMappingPriority], the lowest wins
	Grants   MappingGrants
}

// MappingView is a mapping with what there is to know about its group.
type MappingView struct {
	Mapping

	GroupName  string  // as it is or was; empty: the group is not known any more
	Orphan     bool    // the group is gone, and nobody gets anything until the mapping is bound to another one (rule mapping.rebind)
	Candidates []Group // of an orphan: groups of the same connection with the same name, external id or value of claims
	Job        JobID   // that applies a change of it; zero: none
}

// maxRebindCandidates bounds how many groups are offered for one orphan.
const maxRebindCandidates = 20

// Mappings gives the mappings of the organisation, in order of creation. It needs directory:view.
func (ad *Administration) Mappings(ctx context.Context, who Administrator) ([]MappingView, error) {
	var views []MappingView
	err := ad.look(ctx, who, ModuleDirectory, ActionView, "", func(tx Tx) error {
		list, err := tx.Mappings().List(who.Organisation)
		if err != nil {
			return err
		}
		views, err = viewMappings(tx, who.Organisation, list)
		return err
	})
	return views, err
}

// Mapping gives one. It needs directory:view. NotFound.
func (ad *Administration) Mapping(ctx context.Context, who Administrator, id MappingID) (MappingView, error) {
	var view MappingView
	err := ad.look(ctx, who, ModuleDirectory, ActionView, "", func(tx Tx) error {
		m, err := tx.Mappings().Get(who.Organisation, id)
		if err != nil {
			return err
		}
		view, err = viewMapping(tx, m)
		return err
	})
	return view, err
}

func viewMapping(tx Tx, m Mapping) (MappingView, error) {
	views, err := viewMappings(tx, m.Organisation, []Mapping{m})
	if err != nil {
		return MappingView{}, err
	}
	return views[0], nil
}

// viewMappings adds to mappings what there is to know about their groups.
func viewMappings(tx Tx, org OrganisationID, list []Mapping) ([]MappingView, error) {
	gone := map[GroupID]Group{}
	orphans, err := tx.Mappings().Orphans(org)
	if err != nil {
		return nil, err
	}
	for _, g := range orphans {
		gone[g.ID] = g
	}
	ids := make([]uuid.UUID, len(list))
	for i, m := range list {
		ids[i] = m.Group.UUID
	}
	names, err := tx.Groups().Names(org, ids)
	if err != nil {
		return nil, err
	}
	jobs, err := tx.Jobs().List(org, JobID{}, maxJobsShown)
	if err != nil {
		return nil, err
	}
	views := make([]MappingView, len(list))
	for i, m := range list {
		views[i] = MappingView{Mapping: m, GroupName: names[m.Group]}
		if g, orphan := gone[m.Group]; orphan {
			views[i].Orphan = true
			if views[i].Candidates, err = tx.Mappings().Alike(g, maxRebindCandidates); err != nil {
				return nil, err
			}
		}
		j := slices.IndexFunc(jobs, func(j Job) bool { return j.FinishedAt.IsZero() && j.About.ID == m.ID.UUID })
		if j >= 0 {
			views[i].Job = jobs[j].ID
		}
	}
	return views, nil
}

// CreateMapping makes a mapping, and gives the members of the group what it says (rule mapping.apply). It needs
// directory:edit, and nobody maps what they could not give (rule owner.escalation). Invalid, TooMany, Forbidden.
func (ad *Administration) CreateMapping(ctx context.Context, who Administrator, spec MappingSpec) (MappingView, error) {
	id, err := newID[Mapping](ad.env)
	if err != nil {
		return MappingView{}, err
	}
	return ad.mapping(ctx, who, MappingID{}, spec.Group, func(tx Tx, _ Mapping, now time.Time) (Mapping, error) {
		known, err := tx.Mappings().List(who.Organisation)
		if err != nil {
			return Mapping{}, err
		}
		if len(known) >= MaxMappings {
			return Mapping{}, tooMany("group", "there are as many mappings as one organisation can have; delete one first")
		}
		m := Mapping{
			ID: id, Organisation: who.Organisation, Group: spec.Group, Priority: spec.Priority, Grants: spec.Grants, SavedBy: who.Actor,
			Version: 1, CreatedAt: now, ModifiedAt: now,
		}
		if err := ad.checkMapping(tx, who, &m, true); err != nil {
			return m, err
		}
		if err := tx.Mappings().Insert(m); err != nil {
			return m, err
		}
		if err := ad.record(tx, who, MappingCreated, "mapping", id.UUID, now, attribute.Value{}, m.tree()); err != nil {
			return m, err
		}
		return m, ad.applyMapping(tx, who, m, []GroupID{m.Group}, now)
	})
}

// mapping runs a change of a mapping, or with the zero id the making of one, for somebody who may, in turn with others.
// It holds the groups that it is about, so that whoever joins them at the same moment is seen, or sees the change.
func (ad *Administration) mapping(ctx context.Context, who Administrator, id MappingID, group GroupID, fn func(tx Tx, was Mapping, now time.Time) (Mapping, error)) (MappingView, error) {
	var view MappingView
	err := ad.change(ctx, who, ModuleDirectory, ActionEdit, "", func(tx Tx, now time.Time) error {
		was, err := holdMapping(tx, who.Organisation, id, group)
		if err != nil {
			return err
		}
		m, err := fn(tx, was, now)
		if err != nil || m.ID.IsZero() {
			return err
		}
		view, err = viewMapping(tx, m)
		return err
	})
	return view, err
}

// holdMapping reads a mapping that is about to change, with the locks that this needs: first those of groups, as pushes
// take them.
func holdMapping(tx Tx, org OrganisationID, id MappingID, group GroupID) (Mapping, error) {
	var was Mapping
	for {
		groups := []GroupID{}
		if !group.IsZero() {
			groups = append(groups, group)
		}
		if !id.IsZero() {
			m, err := tx.Mappings().Get(org, id)
			if err != nil {
				return m, err
			}
			was, groups = m, append(groups, m.Group)
		}
		if _, err := tx.Mappings().HoldBelow(org, groups); err != nil {
			return was, err
		}
		if err := tx.Assignments().Lock(org); err != nil || id.IsZero() {
			return was, err
		}
		is, err := tx.Mappings().Get(org, id)
		if err != nil || is.Group == was.Group {
			return is, err
		}
	}
}

func (ad *Administration) applyMapping(tx Tx, who Administrator, m Mapping, groups []GroupID, now time.Time) error {
	r := reach{about: JobSubject{Kind: jobAboutMapping, ID: m.ID.UUID}, groups: groups}
	return apply(tx, who.Organisation, r, now, ad.scribe(who))
}

// checkMapping refuses what is no mapping, and what who saves it could not give; it puts what it gives in order.
func (ad *Administration) checkMapping(tx Tx, who Administrator, m *Mapping, newGroup bool) error {
	switch {
	case m.Priority < 1 || m.Priority > MaxMappingPriority:
		return InvalidField("priority", "use 1 to 1,000,000; the lowest wins")
	case !m.Grants.gives():
		return InvalidField("grants", "let the mapping give at least one of role, profile, team, queues and licence")
	case len(m.Grants.Queues) > maxQueuesOfUser:
		return tooMany("queues", "let a mapping give at most 200 queues")
	}
	m.Grants.Queues = sortedQueues(m.Grants.Queues)
	if newGroup {
		_, err := tx.Groups().Get(who.scope(ConnectionID{}), m.Group)
		if IsKind(err, NotFound) {
			err = InvalidField("group", "there is no group with the id "+m.Group.String()+"; choose one from the list of groups")
		}
		if err != nil {
			return err
		}
	}
	return ad.mayMap(tx, who, m.Grants)
}

// mayMap refuses grants that do not exist or that somebody could not give by hand (rule owner.escalation).
func (ad *Administration) mayMap(tx Tx, who Administrator, g MappingGrants) error {
	org := who.Organisation
	if !g.Role.IsZero() {
		role, err := refer(tx.Roles(), org, g.Role, "role", "role")
		if err != nil {
			return err
		}
		if err := ad.mayGiveRole(tx, who, "role", role); err != nil {
			return err
		}
	}
	if !g.Profile.IsZero() {
		profile, err := refer(tx.Profiles(), org, g.Profile, "profile", "profile")
		if err != nil {
			return err
		}
		if err := ad.mayGiveProfile(tx, who, "profile", profile); err != nil {
			return err
		}
	}
	if !g.Team.IsZero() {
		if _, err := refer(tx.Teams(), org, g.Team, "team", "team"); err != nil {
			return err
		}
	}
	for _, q := range g.Queues {
		if _, err := refer(tx.Queues(), org, q, "queues", "queue"); err != nil {
			return err
		}
	}
	if g.Licence == "" {
		return nil
	}
	err := ad.mayGiveLicence(tx, who, "licence", g.Licence)
	if IsKind(err, NotFound) {
		err = InvalidField("licence", "the organisation has no licence "+clipped(g.Licence)+"; see the list of licences")
	}
	return err
}

// MappingChange is what changes of a mapping; nil leaves it as it is, a zero id, no queues and an empty licence give
// nothing of the kind.
type MappingChange struct {
	Priority *int
	Role     *RoleID
	Profile  *ProfileID
	Team     *TeamID
	Queues   *[]QueueID
	Licence  *string
}

func (c MappingChange) applied(m Mapping) Mapping {
	if c.Priority != nil {
		m.Priority = *c.Priority
	}
	if c.Role != nil {
		m.Grants.Role = *c.Role
	}
	if c.Profile != nil {
		m.Grants.Profile = *c.Profile
	}
	if c.Team != nil {
		m.Grants.Team = *c.Team
	}
	if c.Queues != nil {
		m.Grants.Queues = *c.Queues
	}
	if c.Licence != nil {
		m.Grants.Licence = *c.Licence
	}
	return m
}

// EditMapping changes what a mapping gives, or its priority, for everybody in the group (rule mapping.apply). It is
// checked as a whole against who changes it, and so is what may win where it gives less (rule owner.escalation). It needs directory:edit. NotFound, Precondition,
// Invalid, TooMany, Forbidden.
func (ad *Administration) EditMapping(ctx context.Context, who Administrator, id MappingID, match IfMatch, change MappingChange) (MappingView, error) {
	return ad.mapping(ctx, who, id, GroupID{}, func(tx Tx, was Mapping, now time.Time) (Mapping, error) {
		if err := match.admits(was.Version); err != nil {
			return was, err
		}
		is := change.applied(was)
		if err := ad.checkMapping(tx, who, &is, false); err != nil {
			return was, err
		}
		if err := ad.mayUnmap(tx, who, []Mapping{was}, &is); err != nil {
			return was, err
		}
		return ad.saveMapping(tx, who, was, is, now)
	})
}

// RebindMapping binds a mapping to another group, such as the one that took the place of a group that is gone (rule
// mapping.rebind). It is checked as EditMapping is, and needs directory:edit. NotFound, Precondition, Invalid, Forbidden.
func (ad *Administration) RebindMapping(ctx context.Context, who Administrator, id MappingID, match IfMatch, group GroupID) (MappingView, error) {
	return ad.mapping(ctx, who, id, group, func(tx Tx, was Mapping, now time.Time) (Mapping, error) {
		if err := match.admits(was.Version); err != nil {
			return was, err
		}
		is := was
		is.Group = group
		if err := ad.checkMapping(tx, who, &is, true); err != nil {
			return was, err
		}
		if err := ad.mayUnmap(tx, who, []Mapping{was}, &is); err != nil {
			return was, err
		}
		return ad.saveMapping(tx, who, was, is, now)
	})
}

// saveMapping writes a changed mapping with its event, and applies it. When nothing differs nothing is written.
func (ad *Administration) saveMapping(tx Tx, who Administrator, was, is Mapping, now time.Time) (Mapping, error) {
	before, after := was.tree(), is.tree()
	if attribute.Equal(before, after) {
		return was, nil
	}
	is.SavedBy, is.Version, is.ModifiedAt = who.Actor, was.Version+1, later(now, was.ModifiedAt)
	if err := tx.Mappings().Save(was, is); err != nil {
		return was, err
	}
	before, after = attribute.Diff(before, after)
	if err := ad.record(tx, who, MappingUpdated, "mapping", is.ID.UUID, now, before, after); err != nil {
		return was, err
	}
	groups := []GroupID{was.Group}
	if is.Group != was.Group {
		groups = append(groups, is.Group)
	}
	return is, ad.applyMapping(tx, who, is, groups, now)
}

// DeleteMapping ends a mapping: everybody in the group loses what nothing else gives them. It needs directory:edit, and nobody
// uncovers what they could not give (rule owner.escalation). NotFound, Precondition, Forbidden.
func (ad *Administration) DeleteMapping(ctx context.Context, who Administrator, id MappingID, match IfMatch) error {
	_, err := ad.mapping(ctx, who, id, GroupID{}, func(tx Tx, m Mapping, now time.Time) (Mapping, error) {
		if err := match.admits(m.Version); err != nil {
			return m, err
		}
		if err := ad.mayUnmap(tx, who, []Mapping{m}, nil); err != nil {
			return m, err
		}
		if err := tx.Mappings().Delete(m); err != nil {
			return m, err
		}
		if err := ad.record(tx, who, MappingDeleted, "mapping", id.UUID, now, m.tree(), attribute.Value{}); err != nil {
			return m, err
		}
		return Mapping{}, ad.applyMapping(tx, who, m, []GroupID{m.Group}, now)
	})
	return err
}

// remap makes mappings, limits of connections and claims that name one thing name the one that takes its place. Without one it
// refuses where a mapping or limits name it (rule profile.delete).
func (ad *Administration) remap(tx Tx, who Administrator, kind GivenKind, noun string, id, by uuid.UUID, now time.Time) error {
	list, err := tx.Mappings().List(who.Organisation)
	if err != nil {
		return err
	}
	for _, was := range list {
		if !was.Grants.mentions(kind, id) {
			continue
		}
		if by == uuid.Nil {
			return inUse("a mapping gives this " + noun + " to members of a group; name another one in its place, or change the mapping first")
		}
		is := was
		is.Grants = was.Grants.replaced(kind, id, by)
		is.SavedBy, is.Version, is.ModifiedAt = who.Actor, was.Version+1, later(now, was.ModifiedAt)
		if err := tx.Mappings().Save(was, is); err != nil {
			return err
		}
		before, after := attribute.Diff(was.tree(), is.tree())
		if err := ad.record(tx, who, MappingUpdated, "mapping", is.ID.UUID, now, before, after); err != nil {
			return err
		}
	}
	if by == uuid.Nil {
		err = unlimited(tx, who.Organisation, noun, func(l Limits) bool { return l.names(kind, id) })
	} else {
		err = ad.relimit(tx, who, func(l Limits) Limits { return l.replaced(kind, id, by) }, now)
	}
	if err != nil {
		return err
	}
	return tx.Claims().Rename(who.Organisation, kind, id, by)
}
