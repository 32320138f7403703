package domain_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
)

// The rules about what groups give, as TestRules.
func TestRulesOfMappings(t *testing.T) {
	t.Parallel()
	each := storetest.Shared(t)
	for name, rule := range map[string]func(*scene){
		"mapping.apply":              mappingApply,
		"mapping.apply-nested":       mappingApplyNested,
		"mapping.apply-edit":         mappingApplyEdit,
		"mapping.apply-licence":      mappingApplyLicence,
		"mapping.apply-freed":        mappingApplyFreed,
		"mapping.apply-job":          mappingApplyJob,
		"mapping.apply-at-once":      mappingApplyAtOnce,
		"mapping.precedence":         mappingPrecedence,
		"mapping.precedence-equal":   mappingPrecedenceEqual,
		"mapping.precedence-licence": mappingPrecedenceLicence,
		"mapping.rebind":             mappingRebind,
		"mapping.dry-run":            mappingDryRun,
		"mapping.checked":            mappingChecked,
		"link.scope-declared":        linkScopeDeclared,
		"mapping.declared-checked":   mappingDeclaredChecked,
		"profile.delete-mapped":      profileDeleteMapped,
		"profile.delete-limited":     profileDeleteLimited,
		"profile.delete-barred":      profileDeleteBarred,
		"owner.escalation-mapping":   ownerEscalationMapping,
		"owner.last-mapping":         ownerLastMapping,
		"deactivate.queues":          deactivateQueues,
		"deactivate.queues-at-once":  deactivateQueuesAtOnce,
		"mapping.wish-at-once":       mappingWishAtOnce,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, store *persistence.Store) {
				s := newScene(t, store, -1)
				rule(s)
				if !t.Failed() {
					storetest.Consistent(t, store, s.org())
				}
			})
		})
	}
}

// mapping gives the members of a group something, with the priority 100 or the one given.
func (s *scene) mapping(g domain.Group, grants domain.MappingGrants, priority ...int) domain.MappingView {
	s.Helper()
	spec := domain.MappingSpec{Group: g.ID, Priority: 100, Grants: grants}
	if len(priority) > 0 {
		spec.Priority = priority[0]
	}
	m, err := s.admin.CreateMapping(s.Context(), s.boss(), spec)
	require.NoError(s, err)
	return m
}

func (s *scene) editMapping(id domain.MappingID, change domain.MappingChange) domain.MappingView {
	s.Helper()
	m, err := s.admin.EditMapping(s.Context(), s.boss(), id, domain.IfMatch{}, change)
	require.NoError(s, err)
	return m
}

func (s *scene) deleteMapping(id domain.MappingID) {
	s.Helper()
	require.NoError(s, s.admin.DeleteMapping(s.Context(), s.boss(), id, domain.IfMatch{}))
}

// access is what somebody is given.
func (s *scene) access(u domain.UserID) domain.UserAccess {
	s.Helper()
	is, err := s.admin.UserAccess(s.Context(), s.boss(), u)
	require.NoError(s, err)
	return is
}

// teamOf is the team somebody is in, whoever put them there.
func (s *scene) teamOf(u domain.UserID) domain.TeamID { return s.access(u).Team.ID }

func queueIDs(u domain.UserAccess) []domain.QueueID {
	ids := []domain.QueueID{}
	for _, q := range u.Queues {
		ids = append(ids, q.ID)
	}
	return ids
}

func join(ids ...uuid.UUID) domain.GroupStep  { return domain.GroupStep{Add: ids} }
func leave(ids ...uuid.UUID) domain.GroupStep { return domain.GroupStep{Remove: ids} }

// mappingApply: whoever joins a group has what it gives at once, with one event each, and loses it when they leave or the
// group goes. Everything else stays.
func mappingApply(s *scene) {
	s.setSeats(domain.SeatPlan{Licence: "simulator", Unlimited: true})
	ana, ben := s.provision("ana@acme.test"), s.provision("ben@acme.test")
	role, profile := s.role("Agent", domain.RoleID{}, domain.SeesOwn), s.profile("Agent", permitted("teams:view"))
	team, q1, q2 := s.team("Blue"), s.queue("One"), s.queue("Two")
	g := s.group("Sales", ana.ID.UUID)
	grants := domain.MappingGrants{Role: role.ID, Profile: profile.ID, Team: team.ID, Queues: []domain.QueueID{q2.ID, q1.ID, q1.ID}, Licence: "simulator"}
	var m domain.MappingView
	made := s.eventsSince(func() { m = s.mapping(g, grants) })
	require.Equal(s, []domain.EventType{domain.MappingCreated, domain.UserUpdated, domain.UserAccessChanged}, eventTypes(made))
	require.Equal(s, "by-hand", made[2].RequestID)
	require.Equal(s, m.ID.String(), made[2].After.Get("role").Get("mapping").Text())

	full := func(id domain.UserID) {
		s.Helper()
		is := s.access(id)
		require.Equal(s, []any{role.ID, profile.ID, team.ID, "simulator"}, []any{is.Role.ID, is.Profile.ID, is.Team.ID, is.Licence})
		require.ElementsMatch(s, []domain.QueueID{q1.ID, q2.ID}, queueIDs(is))
		for _, source := range []domain.Source{is.Role.Source, is.Profile.Source, is.Team.Source, is.LicenceFrom.Source, is.Queues[0].Source} {
			require.Equal(s, domain.SourceMapping, source)
		}
		require.Equal(s, []domain.MappingID{m.ID, m.ID}, []domain.MappingID{is.Role.Mapping, is.LicenceFrom.Mapping})
	}
	bare := func(id domain.UserID) {
		s.Helper()
		is := s.access(id)
		require.Equal(s, []any{domain.Source(""), domain.Source(""), domain.Source(""), "full", domain.GivenLicence{}},
			[]any{is.Role.Source, is.Profile.Source, is.Team.Source, is.Licence, is.LicenceFrom})
		require.Empty(s, is.Queues)
	}
	full(ana.ID)
	bare(ben.ID)
	require.Equal(s, []int{1, 1}, []int{s.of("full").Held, s.of("simulator").Held})

	own := s.queue("Own")
	s.assign(ben.ID, domain.AccessChange{Queues: &[]domain.QueueID{own.ID}})
	made = s.eventsSince(func() {
		s.changeGroup(g.ID, join(ana.ID.UUID, ben.ID.UUID)) // ana is there already
	})
	require.Equal(s, []domain.EventType{domain.GroupUpdated, domain.UserUpdated, domain.UserAccessChanged}, eventTypes(made))
	require.ElementsMatch(s, []domain.QueueID{q1.ID, q2.ID, own.ID}, queueIDs(s.access(ben.ID)))
	require.Empty(s, s.eventsSince(func() { s.changeGroup(g.ID, join(ben.ID.UUID)) }))

	s.changeGroup(g.ID, domain.GroupStep{Replace: true, Members: []uuid.UUID{ana.ID.UUID}})
	require.Equal(s, []domain.QueueID{own.ID}, queueIDs(s.access(ben.ID)), "what was given by hand stays")
	require.Equal(s, "full", s.access(ben.ID).Licence)
	full(ana.ID)
	s.changeGroup(g.ID, leave(ana.ID.UUID))
	bare(ana.ID)
	s.changeGroup(g.ID, join(ana.ID.UUID))
	full(ana.ID)
	require.NoError(s, s.directory.DeleteGroup(s.Context(), s.caller, g.ID, domain.IfMatch{}))
	bare(ana.ID)

	// Who is deleted while they have it leaves nothing behind that others would trip over.
	other := s.group("Other", ana.ID.UUID)
	s.mapping(other, domain.MappingGrants{Licence: "simulator"})
	s.deprovision(ana.ID)
	require.Zero(s, s.of("simulator").Held)
}

// mappingApplyNested: members of groups inside the group have it too; circles end.
func mappingApplyNested(s *scene) {
	ana := s.provision("ana@acme.test")
	team := s.team("Blue")
	low := s.group("Low", ana.ID.UUID)
	middle := s.group("Middle", low.ID.UUID)
	top := s.group("Top")
	s.mapping(top, domain.MappingGrants{Team: team.ID})
	require.True(s, s.teamOf(ana.ID).IsZero())
	s.changeGroup(top.ID, join(middle.ID.UUID))
	require.Equal(s, team.ID, s.teamOf(ana.ID))
	s.changeGroup(low.ID, join(top.ID.UUID)) // round in a circle
	require.Equal(s, team.ID, s.teamOf(ana.ID))
	ben := s.provision("ben@acme.test")
	s.changeGroup(low.ID, join(ben.ID.UUID))
	require.Equal(s, team.ID, s.teamOf(ben.ID))
	s.changeGroup(middle.ID, leave(low.ID.UUID))
	require.True(s, s.teamOf(ana.ID).IsZero())
	s.changeGroup(middle.ID, join(low.ID.UUID))
	require.Equal(s, team.ID, s.teamOf(ben.ID))
	require.NoError(s, s.directory.DeleteGroup(s.Context(), s.caller, middle.ID, domain.IfMatch{}))
	require.True(s, s.teamOf(ana.ID).IsZero(), "the link is gone")
	require.True(s, s.teamOf(ben.ID).IsZero())
}

// mappingApplyEdit: a changed mapping holds at once for everybody, a deleted one no more; what is so already changes
// nothing.
func mappingApplyEdit(s *scene) {
	ana := s.provision("ana@acme.test")
	blue, red := s.team("Blue"), s.team("Red")
	m := s.mapping(s.group("Sales", ana.ID.UUID), domain.MappingGrants{Team: blue.ID})
	made := s.eventsSince(func() {
		is := s.editMapping(m.ID, domain.MappingChange{Team: &red.ID})
		require.EqualValues(s, 2, is.Version)
		require.Equal(s, is, s.editMapping(m.ID, domain.MappingChange{Team: &red.ID}))
	})
	require.Equal(s, []domain.EventType{domain.MappingUpdated, domain.UserAccessChanged}, eventTypes(made))
	require.Equal(s, red.ID, s.teamOf(ana.ID))
	_, err := s.admin.EditMapping(s.Context(), s.boss(), m.ID, domain.IfMatch{Set: true, Versions: []int64{1}}, domain.MappingChange{})
	storetest.Refused(s, err, domain.Precondition, domain.CodeVersionMismatch)
	made = s.eventsSince(func() { s.deleteMapping(m.ID) })
	require.Equal(s, []domain.EventType{domain.MappingDeleted, domain.UserAccessChanged}, eventTypes(made))
	require.True(s, s.teamOf(ana.ID).IsZero())
	storetest.Gone(s, s.admin.DeleteMapping(s.Context(), s.boss(), m.ID, domain.IfMatch{}))
}

// mappingApplyLicence: a licence without a free seat never fails the group's push; the old seat is kept and the person is
// flagged, until there is a seat.
func mappingApplyLicence(s *scene) {
	s.withSeats(5)
	s.setSeats(domain.SeatPlan{Licence: "simulator", Limit: 1})
	ana, ben := s.provision("ana@acme.test", storetest.Name("Ana", "Ash")), s.provision("ben@acme.test", storetest.Name("Ben", "Beech"))
	gone := s.provision("gone@acme.test", storetest.Truth("active", false))
	g := s.group("Sales")
	m := s.mapping(g, domain.MappingGrants{Licence: "simulator", Team: s.team("Blue").ID})
	made := s.eventsSince(func() { s.changeGroup(g.ID, join(ana.ID.UUID, ben.ID.UUID, gone.ID.UUID)) })
	require.Equal(s, []int{1, 1}, []int{s.of("full").Held, s.of("simulator").Held})
	require.Equal(s, "simulator", s.access(gone.ID).Licence, "who is inactive needs no seat")
	lucky, unlucky := ana.ID, ben.ID
	if s.access(lucky).Licence != "simulator" {
		lucky, unlucky = unlucky, lucky
	}
	require.Equal(s, []string{"simulator", "full"}, []string{s.access(lucky).Licence, s.access(unlucky).Licence})
	flagged := slices.DeleteFunc(made, func(e domain.Event) bool { return e.Type != domain.UserLicenceUnmet })
	require.Len(s, flagged, 1)
	require.Equal(s, unlucky.UUID, flagged[0].Subject)
	require.Equal(s, "simulator", s.wish(unlucky))
	require.Empty(s, s.wish(lucky))
	require.False(s, s.teamOf(unlucky).IsZero(), "everything else applies")
	require.Empty(s, s.eventsSince(func() { s.assign(unlucky, domain.AccessChange{}) }), "asking again tells nothing new")

	s.setSeats(domain.SeatPlan{Licence: "simulator", Limit: 2})
	require.Equal(s, "simulator", s.access(unlucky).Licence)
	require.Empty(s, s.wish(unlucky))
	require.Equal(s, []int{0, 2}, []int{s.of("full").Held, s.of("simulator").Held})

	// The way back asks for a seat, too.
	s.setSeats(domain.SeatPlan{Licence: "full", Limit: 1})
	s.deleteMapping(m.ID)
	require.Equal(s, []int{1, 1}, []int{s.of("full").Held, s.of("simulator").Held})
}

// mappingApplyFreed: a seat that becomes free goes to who wishes for its licence, theirs to the next, and the last to who waits for
// it, all at once and by whatever it became free (rules mapping.apply, seat.wait).
func mappingApplyFreed(s *scene) {
	s.withSeats(9)
	s.policy(func(p *domain.Policy) { p.SeatOverflow = domain.SeatOverflowWait })
	for _, licence := range []string{"simulator", "trainee"} {
		s.setSeats(domain.SeatPlan{Licence: licence, Limit: 1})
	}
	simulators, trainees := s.group("Simulators"), s.group("Trainees")
	s.mapping(simulators, domain.MappingGrants{Licence: "simulator"}, 1)
	s.mapping(trainees, domain.MappingGrants{Licence: "trainee"}, 2)
	for way, free := range map[string]func(domain.UserID){
		"pushed": func(id domain.UserID) { s.setActive(id, false) }, "by hand": s.deactivate, "deleted": s.deprovision,
		"another licence": func(id domain.UserID) {
			s.setSeats(domain.SeatPlan{Licence: "guest", Unlimited: true})
			s.done(s.admin.LockLicence(s.Context(), s.boss(), id, domain.IfMatch{}, "guest"))
		},
	} {
		s.setSeats(domain.SeatPlan{Licence: "full", Limit: 9})
		person := func(name string, groups ...domain.Group) domain.UserID {
			u := s.provision(way + name)
			for _, g := range groups {
				s.changeGroup(g.ID, join(u.ID.UUID))
			}
			return u.ID
		}
		holder := person("holder", simulators)
		first, second, last := person("first", trainees, simulators), person("second", trainees), person("last", simulators)
		require.Equal(s, []string{"simulator", "trainee", "simulator"}, []string{s.wish(first), s.wish(second), s.wish(last)}, way)
		s.deactivate(last) // who has it at once, and holds no seat
		require.Equal(s, []string{"simulator", ""}, []string{s.access(last).Licence, s.wish(last)})
		s.setSeats(domain.SeatPlan{Licence: "full", Limit: 1})
		waiting := person("waiting")
		require.True(s, s.waits(waiting))

		free(holder)
		require.Equal(s, []string{"simulator", "trainee"}, []string{s.access(first).Licence, s.access(second).Licence}, way)
		require.Equal(s, []string{"", ""}, []string{s.wish(first), s.wish(second)})
		require.Equal(s, domain.Active, s.user(waiting).Status)
		require.Equal(s, []int{1, 1}, []int{s.of("simulator").Held, s.of("trainee").Held})
		storetest.Consistent(s, s.store, s.org())
		for _, id := range []domain.UserID{holder, first, second, last, waiting} {
			if _, err := s.directory.User(s.Context(), s.caller, id); err == nil {
				s.deprovision(id)
			}
		}
	}
}

func (s *scene) wish(u domain.UserID) string {
	s.Helper()
	wish, err := s.admin.LicenceWish(s.Context(), s.boss(), u)
	require.NoError(s, err)
	return wish.Licence
}

// runJobs carries out jobs until one is finished. Others may carry it out meanwhile.
func (s *scene) runJobs(id domain.JobID) domain.Job {
	s.Helper()
	for {
		j, err := s.admin.Job(s.Context(), s.boss(), id)
		require.NoError(s, err)
		if !j.FinishedAt.IsZero() {
			return j
		}
		_, err = s.operator().RunJobs(s.Context())
		require.NoError(s, err)
	}
}

// mappingApplyJob: above 1,000 people a job does it, with progress, by any replica, what is taken away first; a push into
// the group costs no more for their number.
func mappingApplyJob(s *scene) {
	const people = 1003
	ids := make([]uuid.UUID, people)
	require.NotContains(s, outcomes(s.T, concurrently(8, func(worker int) error {
		for i := worker; i < people; i += 8 {
			u, err := s.directory.Provision(s.Context(), s.caller, storetest.Person(fmt.Sprintf("u%d@acme.test", i)))
			if err != nil {
				return err
			}
			ids[i] = u.ID.UUID
		}
		return nil
	})), "refused")
	blue, red, q := s.team("Blue"), s.team("Red"), s.queue("One")
	g := s.group("Sales", ids...)
	m := s.mapping(g, domain.MappingGrants{Team: blue.ID})
	require.False(s, m.Job.IsZero())
	require.True(s, s.teamOf(domain.UserID{UUID: ids[7]}).IsZero(), "it has not begun")
	var done domain.Job
	for _, e := range s.eventsSince(func() { done = s.runJobs(m.Job) }) {
		require.Equal(s, []any{s.boss().Actor, s.boss().RequestID, s.boss().From}, []any{e.Actor, e.RequestID, e.From}, "a deed of who saved the mapping")
	}
	require.Equal(s, []any{domain.JobDone, people, people, people}, []any{done.Phase, done.People, done.LookedAt, done.Changed})
	count := func(kind domain.GivenKind, id uuid.UUID) int {
		var n int
		require.NoError(s, s.store.Read(s.Context(), func(tx domain.Tx) (err error) {
			n, err = tx.Assignments().Held(s.org(), kind, id)
			return err
		}))
		return n
	}
	require.Equal(s, people, count(domain.GivenTeam, blue.ID.UUID))
	again, err := s.admin.Mapping(s.Context(), s.boss(), m.ID)
	require.NoError(s, err)
	require.True(s, again.Job.IsZero(), "it is finished")

	// What is taken away is taken away first: one of them has a team by hand, and so only gets the queue.
	own := domain.UserID{UUID: ids[3]}
	s.assign(own, domain.AccessChange{Team: domain.Choose(red.ID), Locked: true})
	m = s.editMapping(m.ID, domain.MappingChange{Team: &domain.TeamID{}, Queues: &[]domain.QueueID{q.ID}})
	for {
		j, err := s.admin.Job(s.Context(), s.boss(), m.Job)
		require.NoError(s, err)
		if j.Phase != domain.JobTakes {
			require.Zero(s, count(domain.GivenTeam, blue.ID.UUID))
			if j.LookedAt == 0 {
				require.Empty(s, s.access(own).Queues)
			}
			break
		}
		require.Empty(s, s.access(own).Queues, "who only gets something comes later")
		_, err = s.operator().RunJobs(s.Context())
		require.NoError(s, err)
	}

	// A later change of the same mapping takes the place of a job that is under way.
	open := m.Job
	m = s.editMapping(m.ID, domain.MappingChange{Team: &red.ID})
	require.NotEqual(s, open, m.Job)
	old, err := s.admin.Job(s.Context(), s.boss(), open)
	require.NoError(s, err)
	require.False(s, old.FinishedAt.IsZero())
	s.runJobs(m.Job)
	require.Equal(s, []int{people, people}, []int{count(domain.GivenTeam, red.ID.UUID), count(domain.GivenQueue, q.ID.UUID)})

	// The whole group joins another one, and leaves with it.
	green := s.team("Green")
	top := s.group("Top")
	s.mapping(top, domain.MappingGrants{Team: green.ID}, 1)
	s.changeGroup(top.ID, join(g.ID.UUID))
	s.runJobs(s.lastJob())
	require.Equal(s, people-1, count(domain.GivenTeam, green.ID.UUID))
	require.NoError(s, s.directory.DeleteGroup(s.Context(), s.caller, g.ID, domain.IfMatch{}))
	require.Equal(s, people, s.runJobs(s.lastJob()).People, "its members, who are nowhere else")
	require.Equal(s, []int{0, 1, 0}, []int{
		count(domain.GivenTeam, green.ID.UUID), count(domain.GivenTeam, red.ID.UUID), count(domain.GivenQueue, q.ID.UUID),
	})
	list, err := s.admin.Jobs(s.Context(), s.boss(), domain.JobID{}, 50)
	require.NoError(s, err)
	require.Len(s, list, 5)
}

func (s *scene) lastJob() domain.JobID {
	s.Helper()
	list, err := s.admin.Jobs(s.Context(), s.boss(), domain.JobID{}, 1)
	require.NoError(s, err)
	require.Len(s, list, 1)
	return list[0].ID
}

// mappingApplyAtOnce: whatever joins, leaves and changes of mappings happen at the same moment, in the end everybody has
// what the memberships and mappings say, and no more.
func mappingApplyAtOnce(s *scene) {
	blue, red := s.team("Blue"), s.team("Red")
	people := make([]domain.UserID, 6)
	for i := range people {
		people[i] = s.provision(fmt.Sprintf("u%d@acme.test", i)).ID
	}
	g, top := s.group("Sales"), s.group("Top")
	m := s.mapping(top, domain.MappingGrants{Team: blue.ID})
	require.Equal(s, map[string]int{"": 24}, outcomes(s.T, concurrently(24, func(i int) error {
		switch i % 4 {
		case 0:
			_, err := s.directory.ChangeGroup(s.Context(), s.caller, g.ID, domain.IfMatch{}, []domain.GroupStep{join(people[i/4].UUID)})
			return err
		case 1:
			step := join(g.ID.UUID)
			if i == 13 {
				step = leave(g.ID.UUID)
			}
			_, err := s.directory.ChangeGroup(s.Context(), s.caller, top.ID, domain.IfMatch{}, []domain.GroupStep{step})
			return err
		case 2:
			_, err := s.directory.ChangeGroup(s.Context(), s.caller, g.ID, domain.IfMatch{}, []domain.GroupStep{leave(people[(i/4+3)%6].UUID)})
			return err
		}
		team := []domain.TeamID{blue.ID, red.ID}[i/4%2]
		_, err := s.admin.EditMapping(s.Context(), s.boss(), m.ID, domain.IfMatch{}, domain.MappingChange{Team: &team})
		return err
	})))
	now, err := s.admin.Mapping(s.Context(), s.boss(), m.ID)
	require.NoError(s, err)
	nested := slices.Contains(s.members(top.ID), g.ID.UUID)
	for _, id := range people {
		want := domain.TeamID{}
		if nested && slices.Contains(s.members(g.ID), id.UUID) {
			want = now.Grants.Team
		}
		require.Equal(s, want, s.teamOf(id))
	}
}
