package domain_test

import (
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

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

	// One that comes back by another name is known by what the directory calls it.
	push := func(name string) domain.Group {
		g, err := s.directory.CreateGroup(s.Context(), s.caller, storetest.GroupNamed(name, storetest.Text("externalId", "g-1")), nil)
		require.NoError(s, err)
		return g
	}
	was := push("Support")
	m = s.mapping(was, domain.MappingGrants{Team: team.ID}, 7)
	require.NoError(s, s.directory.DeleteGroup(s.Context(), s.caller, was.ID, domain.IfMatch{}))
	is := push("Customer care")
	view, err := s.admin.Mapping(s.Context(), s.boss(), m.ID)
	require.NoError(s, err)
	require.Len(s, view.Candidates, 1)
	require.Equal(s, is.ID, view.Candidates[0].ID)
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
