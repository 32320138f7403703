package domain_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

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
		"owner.escalation-mapping":   ownerEscalationMapping,
		"owner.last-mapping":         ownerLastMapping,
		"deactivate.queues":          deactivateQueues,
		"deactivate.queues-at-once":  deactivateQueuesAtOnce,
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
	done := s.runJobs(m.Job)
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

// mappingPrecedence: a locked choice, the extension, roles, mappings by priority, an unlocked choice, the default; each
// shows when the one above it goes.
func mappingPrecedence(s *scene) {
	ana := s.provision("ana@acme.test")
	profiles := map[string]domain.ProfileID{}
	for _, name := range []string{"default", "chosen", "second", "first", "roles", "extension", "locked"} {
		profiles[name] = s.profile(name, permitted("teams:view")).ID
	}
	is := func(name string, source domain.Source) {
		s.Helper()
		given := s.access(ana.ID).Profile
		require.Equal(s, profiles[name], given.ID, name)
		require.Equal(s, source, given.Source)
	}
	said := func(claims ...domain.Claim) {
		s.Helper()
		require.NoError(s, s.store.Write(s.Context(), func(tx domain.Tx) error {
			known, err := tx.Claims().Of(s.org(), ana.ID)
			if err != nil {
				return err
			}
			now := slices.DeleteFunc(slices.Clone(known), func(c domain.Claim) bool { return c.Source != domain.SourceAdministrator })
			return tx.Claims().Save(s.org(), ana.ID, known, append(now, claims...))
		}))
		s.assign(ana.ID, domain.AccessChange{}) // decides anew
	}
	claim := func(source domain.Source, name string) domain.Claim {
		return domain.Claim{Kind: domain.GivenProfile, Source: source, Object: profiles[name].UUID, Text: name, At: s.clock.Now()}
	}
	_, err := s.admin.SetDefaults(s.Context(), s.boss(), domain.IfMatch{}, domain.RoleID{}, profiles["default"])
	require.NoError(s, err)
	is("default", domain.SourceDefault)
	s.assign(ana.ID, domain.AccessChange{Profile: domain.Choose(profiles["chosen"])})
	is("chosen", domain.SourceAdministrator)
	g := s.group("Sales", ana.ID.UUID)
	second := s.mapping(g, domain.MappingGrants{Profile: profiles["second"]}, 20)
	is("second", domain.SourceMapping)
	first := s.mapping(g, domain.MappingGrants{Profile: profiles["first"]}, 10)
	is("first", domain.SourceMapping)
	said(claim(domain.SourceRoles, "roles"))
	is("roles", domain.SourceRoles)
	said(claim(domain.SourceRoles, "roles"), claim(domain.SourceExtension, "extension"))
	is("extension", domain.SourceExtension)
	s.assign(ana.ID, domain.AccessChange{Profile: domain.Choose(profiles["locked"]), Locked: true})
	is("locked", domain.SourceAdministrator)
	named := func(winner string, losers ...string) {
		s.Helper()
		r := ruling(s, s.explain(ana.ID), domain.GivenProfile)
		told := []string{}
		for _, c := range r.Losers {
			require.Equal(s, domain.LostOutranked, c.Lost)
			require.NotZero(s, c.At, "since when it is said")
			told = append(told, r.Names[c.Object])
		}
		require.Equal(s, []any{winner, losers}, []any{r.Names[r.Winner.Object], told}, "Explain names the winner and the losers, the strongest first")
	}
	named("locked", "extension", "roles", "first", "second", "default")

	// And back: an unlocked choice is overruled, and the answer says so.
	assigned := s.assign(ana.ID, domain.AccessChange{Profile: domain.Choose(profiles["chosen"])})
	require.Contains(s, assigned.Warning, "overrules the choice")
	named("extension", "roles", "first", "second", "chosen", "default")
	is("extension", domain.SourceExtension)
	unknown := domain.Claim{Kind: domain.GivenProfile, Source: domain.SourceExtension, Text: "Nobody", At: s.clock.Now()}
	said(claim(domain.SourceRoles, "roles"), unknown)
	is("roles", domain.SourceRoles) // what names nothing here gives nothing
	said()
	is("first", domain.SourceMapping)
	s.deleteMapping(first.ID)
	is("second", domain.SourceMapping)
	s.deleteMapping(second.ID)
	is("chosen", domain.SourceAdministrator) // it was not forgotten
	s.assign(ana.ID, domain.AccessChange{Profile: domain.Automatically[domain.Profile]()})
	is("default", domain.SourceDefault)

	// That somebody is to have none can be said as well.
	s.assign(ana.ID, domain.AccessChange{Profile: domain.Choose(domain.ProfileID{}), Locked: true})
	require.True(s, s.access(ana.ID).Profile.ID.IsZero())
}

// mappingPrecedenceEqual: of equal priority the older mapping wins, and queues add up.
func mappingPrecedenceEqual(s *scene) {
	ana := s.provision("ana@acme.test")
	blue, red, q1, q2 := s.team("Blue"), s.team("Red"), s.queue("One"), s.queue("Two")
	g, h := s.group("Sales", ana.ID.UUID), s.group("Support", ana.ID.UUID)
	older := s.mapping(g, domain.MappingGrants{Team: blue.ID, Queues: []domain.QueueID{q1.ID}})
	s.clock.Move(time.Minute)
	s.mapping(h, domain.MappingGrants{Team: red.ID, Queues: []domain.QueueID{q1.ID, q2.ID}})
	require.Equal(s, blue.ID, s.teamOf(ana.ID))
	require.ElementsMatch(s, []domain.QueueID{q1.ID, q2.ID}, queueIDs(s.access(ana.ID)))
	number := 101
	s.editMapping(older.ID, domain.MappingChange{Priority: &number})
	require.Equal(s, red.ID, s.teamOf(ana.ID))
	s.changeGroup(h.ID, leave(ana.ID.UUID))
	require.Equal(s, blue.ID, s.teamOf(ana.ID))
	require.Equal(s, []domain.QueueID{q1.ID}, queueIDs(s.access(ana.ID)))
}

// mappingPrecedenceLicence: a licence by hand is refused where the directory gives one, unless it is locked; one that was
// chosen before a mapping came comes back when it goes.
func mappingPrecedenceLicence(s *scene) {
	for _, licence := range []string{"simulator", "other"} {
		s.setSeats(domain.SeatPlan{Licence: licence, Unlimited: true})
	}
	ana := s.provision("ana@acme.test")
	g := s.group("Sales")
	s.mapping(g, domain.MappingGrants{Licence: "simulator"})
	s.done(s.admin.ChangeLicence(s.Context(), s.boss(), ana.ID, domain.IfMatch{}, "other"))
	s.changeGroup(g.ID, join(ana.ID.UUID))
	require.Equal(s, "simulator", s.access(ana.ID).Licence)
	_, err := s.admin.ChangeLicence(s.Context(), s.boss(), ana.ID, domain.IfMatch{}, "full")
	storetest.Refused(s, err, domain.Conflict, domain.CodeOutranked)
	s.changeGroup(g.ID, leave(ana.ID.UUID))
	require.Equal(s, "other", s.access(ana.ID).Licence)
	s.changeGroup(g.ID, join(ana.ID.UUID))
	require.Equal(s, "full", s.done(s.admin.LockLicence(s.Context(), s.boss(), ana.ID, domain.IfMatch{}, "full")).Licence)
	require.Empty(s, s.eventsSince(func() { s.assign(ana.ID, domain.AccessChange{}) }))
	s.changeGroup(g.ID, leave(ana.ID.UUID))
	require.Equal(s, "full", s.access(ana.ID).Licence)
}

// mappingRebind: a group that was deleted and pushed again is another one; its mapping is kept, and offered for it.
func mappingRebind(s *scene) {
	ana := s.provision("ana@acme.test")
	team := s.team("Blue")
	old := s.group("Sales", ana.ID.UUID)
	m := s.mapping(old, domain.MappingGrants{Team: team.ID})
	require.Equal(s, []any{"Sales", false}, []any{m.GroupName, m.Orphan})
	require.NoError(s, s.directory.DeleteGroup(s.Context(), s.caller, old.ID, domain.IfMatch{}))
	fresh := s.group("sALES", ana.ID.UUID)
	s.group("Sales 2")
	foreign := s.another("elsewhere")
	_, err := s.directory.CreateGroup(s.Context(), foreign, storetest.GroupNamed("Sales"), nil)
	require.NoError(s, err)
	require.True(s, s.teamOf(ana.ID).IsZero(), "a name binds nothing")

	list, err := s.admin.Mappings(s.Context(), s.boss())
	require.NoError(s, err)
	require.Len(s, list, 1)
	require.True(s, list[0].Orphan)
	require.Equal(s, "Sales", list[0].GroupName)
	require.Len(s, list[0].Candidates, 1)
	require.Equal(s, fresh.ID, list[0].Candidates[0].ID)

	made := s.eventsSince(func() {
		is, err := s.admin.RebindMapping(s.Context(), s.boss(), m.ID, domain.IfMatch{}, fresh.ID)
		require.NoError(s, err)
		require.Equal(s, []any{fresh.ID, false, team.ID}, []any{is.Group, is.Orphan, is.Grants.Team})
	})
	require.Equal(s, []domain.EventType{domain.MappingUpdated, domain.UserAccessChanged}, eventTypes(made))
	require.Equal(s, team.ID, s.teamOf(ana.ID))
	_, err = s.admin.RebindMapping(s.Context(), s.boss(), m.ID, domain.IfMatch{}, old.ID)
	storetest.Refused(s, err, domain.Invalid, domain.CodeInvalidValue)
}

// mappingDryRun: it lists who would change and how, and writes nothing.
func mappingDryRun(s *scene) {
	s.setSeats(domain.SeatPlan{Licence: "simulator", Unlimited: true})
	ana, ben := s.provision("ana@acme.test"), s.provision("ben@acme.test")
	blue, red := s.team("Blue"), s.team("Red")
	s.assign(ben.ID, domain.AccessChange{Team: domain.Choose(red.ID), Locked: true})
	inner := s.group("Inner", ana.ID.UUID)
	g := s.group("Sales", inner.ID.UUID, ben.ID.UUID)
	try := func(q domain.DryRun) map[domain.UserID]domain.WouldChange {
		s.Helper()
		found := map[domain.UserID]domain.WouldChange{}
		for q.Limit = 1; ; {
			page, err := s.admin.MappingDryRun(s.Context(), s.boss(), q)
			require.NoError(s, err)
			for _, one := range page.Items {
				found[one.User] = one
			}
			if q.After = page.Next; page.Next == nil {
				return found
			}
		}
	}
	spec := domain.MappingSpec{Group: g.ID, Priority: 5, Grants: domain.MappingGrants{Team: blue.ID, Licence: "simulator"}}
	before := len(s.events())
	found := try(domain.DryRun{Spec: &spec})
	require.Len(s, found, 2)
	require.Equal(s, blue.ID.String(), found[ana.ID].After.Get("team").Get("id").Text())
	require.Equal(s, ana.Display(), found[ana.ID].Display)
	require.False(s, found[ben.ID].After.Has("team"), "it is locked")
	require.Equal(s, "simulator", found[ben.ID].After.Get("licence").Get("licence").Text())
	require.Len(s, s.events(), before)
	require.True(s, s.teamOf(ana.ID).IsZero())

	m := s.mapping(g, spec.Grants, 5)
	require.Empty(s, try(domain.DryRun{Mapping: m.ID, Spec: &spec}))
	gone := try(domain.DryRun{Mapping: m.ID})
	require.Len(s, gone, 2)
	require.Equal(s, blue.ID.String(), gone[ana.ID].Before.Get("team").Get("id").Text())
	spec.Group = inner.ID
	require.Equal(s, []domain.UserID{ben.ID}, slices.Collect(maps.Keys(try(domain.DryRun{Mapping: m.ID, Spec: &spec}))))
	_, err := s.admin.MappingDryRun(s.Context(), s.clerk("directory:view"), domain.DryRun{Spec: &spec, Limit: 5})
	storetest.Refused(s, err, domain.Forbidden, domain.CodePermissionMissing)
}

// mappingChecked: what is no mapping is refused, with the field at fault, and changes nothing.
func mappingChecked(s *scene) {
	g, team := s.group("Sales"), s.team("Blue")
	nobody := uuid.MustParse("01900000-0000-7000-8000-0000000000ff")
	made := s.eventsSince(func() {
		for field, spec := range map[string]domain.MappingSpec{
			"group":    {Group: domain.GroupID{UUID: nobody}, Priority: 1, Grants: domain.MappingGrants{Team: team.ID}},
			"priority": {Group: g.ID, Grants: domain.MappingGrants{Team: team.ID}},
			"grants":   {Group: g.ID, Priority: 1},
			"role":     {Group: g.ID, Priority: 1, Grants: domain.MappingGrants{Role: domain.RoleID{UUID: nobody}}},
			"profile":  {Group: g.ID, Priority: 1, Grants: domain.MappingGrants{Profile: domain.ProfileID{UUID: nobody}}},
			"team":     {Group: g.ID, Priority: 1, Grants: domain.MappingGrants{Team: domain.TeamID{UUID: nobody}}},
			"queues":   {Group: g.ID, Priority: 1, Grants: domain.MappingGrants{Queues: []domain.QueueID{{UUID: nobody}}}},
			"licence":  {Group: g.ID, Priority: 1, Grants: domain.MappingGrants{Licence: "unheard-of"}},
		} {
			_, err := s.admin.CreateMapping(s.Context(), s.boss(), spec)
			storetest.Refused(s, err, domain.Invalid, domain.CodeInvalidValue)
			var refusal *domain.Error
			require.ErrorAs(s, err, &refusal)
			require.Equal(s, field, refusal.Field)
		}
		_, err := s.admin.CreateMapping(s.Context(), s.clerk("directory:view"), domain.MappingSpec{Group: g.ID, Priority: 1, Grants: domain.MappingGrants{Team: team.ID}})
		storetest.Refused(s, err, domain.Forbidden, domain.CodePermissionMissing)
	})
	require.Empty(s, made)
}

// profileDeleteMapped: what a mapping gives does not go without another one in its place, which the mapping then gives.
func profileDeleteMapped(s *scene) {
	ana := s.provision("ana@acme.test")
	old, heir, queue, other := s.profile("Old", nil), s.profile("Heir", nil), s.queue("One"), s.queue("Two")
	g := s.group("Sales")
	m := s.mapping(g, domain.MappingGrants{Profile: old.ID, Queues: []domain.QueueID{queue.ID}})
	storetest.Refused(s, s.admin.DeleteProfile(s.Context(), s.boss(), old.ID, domain.IfMatch{}, domain.ProfileID{}), domain.Conflict, domain.CodeInUse)
	require.NoError(s, s.admin.DeleteProfile(s.Context(), s.boss(), old.ID, domain.IfMatch{}, heir.ID))
	s.changeGroup(g.ID, join(ana.ID.UUID))
	require.Equal(s, heir.ID, s.access(ana.ID).Profile.ID)
	require.NoError(s, s.admin.DeleteQueue(s.Context(), s.boss(), queue.ID, domain.IfMatch{}, other.ID))
	require.Equal(s, []domain.QueueID{other.ID}, queueIDs(s.access(ana.ID)))
	is, err := s.admin.Mapping(s.Context(), s.boss(), m.ID)
	require.NoError(s, err)
	require.Equal(s, domain.MappingGrants{Profile: heir.ID, Queues: []domain.QueueID{other.ID}}, is.Grants)
	require.Empty(s, s.eventsSince(func() { s.assign(ana.ID, domain.AccessChange{}) }), "what is kept is what would be decided anew")
}

// ownerEscalationMapping: a mapping is checked against who saves it, as a whole.
func ownerEscalationMapping(s *scene) {
	g := s.group("Sales")
	mighty, modest := s.profile("Mighty", permitted("users:delete")), s.profile("Modest", permitted("directory:view"))
	wide := s.role("Director", domain.RoleID{}, domain.SeesAll)
	clerk := s.clerk("directory:edit", "directory:view")
	clerk.Actor.Kind = "api_key"
	for _, grants := range []domain.MappingGrants{{Profile: mighty.ID}, {Role: wide.ID}} {
		s.escalates(func() error {
			_, err := s.admin.CreateMapping(s.Context(), clerk, domain.MappingSpec{Group: g.ID, Priority: 1, Grants: grants})
			return err
		})
	}
	m, err := s.admin.CreateMapping(s.Context(), clerk, domain.MappingSpec{Group: g.ID, Priority: 2, Grants: domain.MappingGrants{Profile: modest.ID}})
	require.NoError(s, err)
	require.Equal(s, clerk.Actor, m.SavedBy)
	s.escalates(func() error {
		_, err := s.admin.EditMapping(s.Context(), clerk, m.ID, domain.IfMatch{}, domain.MappingChange{Profile: &mighty.ID})
		return err
	})
	s.editMapping(m.ID, domain.MappingChange{Profile: &mighty.ID})
	number := 1
	s.escalates(func() error { // a higher priority, too, gives it to people
		_, err := s.admin.EditMapping(s.Context(), clerk, m.ID, domain.IfMatch{}, domain.MappingChange{Priority: &number})
		return err
	})
	other := s.group("Other")
	s.escalates(func() error {
		_, err := s.admin.RebindMapping(s.Context(), clerk, m.ID, domain.IfMatch{}, other.ID)
		return err
	})

	// What somebody has by a mapping nobody makes theirs for good who could not give it.
	ana := s.provision("ana@acme.test")
	s.changeGroup(g.ID, join(ana.ID.UUID))
	require.Equal(s, mighty.ID, s.access(ana.ID).Profile.ID)
	s.escalates(func() error {
		_, err := s.admin.Assign(s.Context(), s.clerk("users:edit"), ana.ID, domain.IfMatch{}, domain.AccessChange{Profile: domain.Choose(mighty.ID)})
		return err
	})

	// Nor does anybody let a choice go that keeps a person from it.
	s.assign(ana.ID, domain.AccessChange{Profile: domain.Choose(modest.ID), Locked: true})
	s.escalates(func() error {
		_, err := s.admin.Assign(s.Context(), s.clerk("users:edit", "directory:view"), ana.ID, domain.IfMatch{}, domain.AccessChange{Profile: domain.Automatically[domain.Profile]()})
		return err
	})
	s.escalates(func() error {
		_, err := s.admin.Assign(s.Context(), s.clerk("users:edit", "directory:view"), ana.ID, domain.IfMatch{}, domain.AccessChange{Profile: domain.Choose(modest.ID)})
		return err
	})
}

// ownerLastMapping: no mapping makes an owner or ends an ownership, nor takes an owner's licence away.
func ownerLastMapping(s *scene) {
	s.setSeats(domain.SeatPlan{Licence: "simulator", Unlimited: true})
	owner := s.owner("owner@acme.test", true)
	ana := s.provision("ana@acme.test")
	g := s.group("Sales", ana.ID.UUID, owner.ID.UUID)
	m := s.mapping(g, domain.MappingGrants{Licence: "simulator", Team: s.team("Blue").ID})
	is := s.access(owner.ID)
	require.Equal(s, []any{true, "full", false}, []any{is.Owner, is.Licence, is.Team.ID.IsZero()})
	require.Empty(s, s.wish(owner.ID), "it is not to have it")
	require.Equal(s, []any{false, "simulator"}, []any{s.access(ana.ID).Owner, s.access(ana.ID).Licence})
	rulings, err := s.admin.Rulings(s.Context(), s.boss(), owner.ID)
	require.NoError(s, err)
	lost := map[domain.Loss]domain.MappingID{}
	for _, r := range rulings {
		for _, c := range r.Losers {
			lost[c.Lost] = c.Mapping
		}
	}
	require.Equal(s, map[domain.Loss]domain.MappingID{domain.LostOwner: m.ID}, lost)
	s.deleteMapping(m.ID)
	require.Equal(s, []any{true, "full"}, []any{s.access(owner.ID).Owner, s.access(owner.ID).Licence})
}

// deactivateQueues: who is deactivated is in no queue; on activation those from mappings come back, those by hand are only
// offered. It is so by hand and by push.
func deactivateQueues(s *scene) {
	hand, mapped := s.queue("Hand"), s.queue("Mapped")
	ana, ben := s.provision("ana@acme.test"), s.provision("ben@acme.test")
	s.mapping(s.group("Sales", ana.ID.UUID, ben.ID.UUID), domain.MappingGrants{Queues: []domain.QueueID{mapped.ID}})
	for id, turn := range map[domain.UserID]func(active bool){
		ana.ID: func(active bool) { s.setActive(ana.ID, active) },
		ben.ID: func(active bool) {
			change := s.admin.Deactivate
			if active {
				change = s.admin.Activate
			}
			s.done(change(s.Context(), s.boss(), ben.ID, domain.IfMatch{}))
		},
	} {
		s.assign(id, domain.AccessChange{Queues: &[]domain.QueueID{hand.ID}})
		require.ElementsMatch(s, []domain.QueueID{hand.ID, mapped.ID}, queueIDs(s.access(id)))
		made := s.eventsSince(func() { turn(false) })
		require.ElementsMatch(s, []domain.EventType{domain.UserDeactivated, domain.UserAccessChanged}, eventTypes(made))
		require.Empty(s, s.access(id).Queues)
		former, err := s.admin.FormerQueues(s.Context(), s.boss(), id)
		require.NoError(s, err)
		require.Equal(s, []domain.QueueID{hand.ID}, former, "those from mappings are nothing to be offered")
		_, err = s.admin.Assign(s.Context(), s.boss(), id, domain.IfMatch{}, domain.AccessChange{Queues: &[]domain.QueueID{hand.ID}})
		storetest.Refused(s, err, domain.Invalid, domain.CodeInvalidValue)
		require.NotEmpty(s, s.members(s.user(id).Groups[0].ID), "the memberships of the directory stay")

		made = s.eventsSince(func() { turn(true) })
		require.ElementsMatch(s, []domain.EventType{domain.UserActivated, domain.UserAccessChanged}, eventTypes(made))
		require.Equal(s, []domain.QueueID{mapped.ID}, queueIDs(s.access(id)))
		former, err = s.admin.FormerQueues(s.Context(), s.boss(), id)
		require.NoError(s, err)
		require.Equal(s, []domain.QueueID{hand.ID}, former)
		s.assign(id, domain.AccessChange{Queues: &former})
		former, err = s.admin.FormerQueues(s.Context(), s.boss(), id)
		require.NoError(s, err)
		require.Empty(s, former, "they are in it again")
	}

	// Who was inactive when the mapping came gets its queues with the activation.
	gone := s.provision("gone@acme.test", storetest.Truth("active", false))
	s.changeGroup(s.user(ana.ID).Groups[0].ID, join(gone.ID.UUID))
	require.Empty(s, s.access(gone.ID).Queues)
	s.setActive(gone.ID, true)
	require.Equal(s, []domain.QueueID{mapped.ID}, queueIDs(s.access(gone.ID)))
}

// deactivateQueuesAtOnce: whoever is put into a queue at the very moment of the deactivation is not in it afterwards.
func deactivateQueuesAtOnce(s *scene) {
	q := s.queue("One")
	g := s.group("Sales")
	s.mapping(g, domain.MappingGrants{Queues: []domain.QueueID{q.ID}})
	for i := range 8 {
		u := s.provision(fmt.Sprintf("u%d@acme.test", i))
		errs := concurrently(3, func(i int) error {
			switch i {
			case 0:
				_, err := s.tryChange(u.ID, storetest.Setting(storetest.Truth("active", false)))
				return err
			case 1:
				_, err := s.directory.ChangeGroup(s.Context(), s.caller, g.ID, domain.IfMatch{}, []domain.GroupStep{join(u.ID.UUID)})
				return err
			}
			_, err := s.admin.Assign(s.Context(), s.boss(), u.ID, domain.IfMatch{}, domain.AccessChange{Queues: &[]domain.QueueID{q.ID}})
			if domain.IsKind(err, domain.Invalid) { // it came too late
				return nil
			}
			return err
		})
		require.Equal(s, map[string]int{"": 3}, outcomes(s.T, errs))
		require.Equal(s, domain.Inactive, s.user(u.ID).Status)
		require.Empty(s, s.access(u.ID).Queues)
	}
}
