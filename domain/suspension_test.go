package domain_test

import (
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence/storetest"
)

// suspendSticks: whom an administrator deactivated, no directory brings back: not by active: true, not by replacing, not
// by deleting and pushing anew under any of their names, however often. Each attempt is an event.
func suspendSticks(s *scene) {
	s.withSeats(2)
	names := []attribute.Member{storetest.Emails("a@mail.test", "b@mail.test"), storetest.Text("externalId", "e1")}
	u := s.provision("ana@acme.test", names...)
	s.deactivate(u.ID)
	inVain := func(do func() domain.User) domain.User {
		s.Helper()
		var outcome domain.User
		made := s.eventsSince(func() { outcome = do() })
		require.Contains(s, eventTypes(made), domain.SuspensionKept)
		require.NotContains(s, eventTypes(made), domain.UserActivated)
		require.Equal(s, domain.Inactive, outcome.Status)
		require.False(s, s.attributesOf(outcome).Get("active").Truth())
		require.Zero(s, s.held())
		return outcome
	}
	same := inVain(func() domain.User { return s.setActive(u.ID, true) })
	require.EqualValues(s, 2, same.Version, "nothing changed")
	inVain(func() domain.User {
		return s.change(u.ID, func(attribute.Value) (attribute.Value, error) {
			return storetest.Person("ana@acme.test", append(names, storetest.Truth("active", true), storetest.Text("title", "replaced"))...), nil
		})
	})
	for _, anew := range []func() domain.User{
		func() domain.User { return s.provision("ANA@acme.test") },
		func() domain.User { return s.provision("ana@acme.test", names...) },
		func() domain.User { return s.provision("x@acme.test", storetest.Emails("B@mail.test")) },
		func() domain.User { return s.provision("b@mail.test", storetest.Text("externalId", "E7")) },
		func() domain.User { return s.provision("y@acme.test", storetest.Text("externalId", "E7")) },
		func() domain.User { return s.provision("y@acme.test", storetest.Truth("active", false)) },
	} {
		s.deprovision(u.ID)
		again := inVain(anew)
		require.NotEqual(s, u.ID, again.ID)
		require.True(s, again.AcceptedAt.IsZero())
		u = again
		inVain(func() domain.User { return s.setActive(u.ID, true) })
	}
	made := s.eventsSince(func() { require.Equal(s, domain.Active, s.provision("ana@acme.test").Status) })
	require.Equal(s, []domain.EventType{domain.UserCreated}, eventTypes(made), "names that went over to a new account and were given up there are not kept for ever")

	// An administrator ends it.
	s.activate(u.ID)
	s.setActive(u.ID, false)
	require.Equal(s, domain.Inactive, s.found(u.ID).Status)
	made = s.eventsSince(func() { require.NotEqual(s, domain.Inactive, s.setActive(u.ID, true).Status) })
	require.Equal(s, []domain.EventType{domain.UserActivated}, eventTypes(made))
	s.deprovision(u.ID)
	require.Equal(s, domain.Active, s.provision("y@acme.test").Status)
}

// suspendSticksUntilReadmitted: an administrator who lets somebody in again, in whatever way, ends what was said before; who
// is only added disabled is not let in yet.
func suspendSticksUntilReadmitted(s *scene) {
	const name = "ana@acme.test"
	gone := func() {
		u := s.provision(name)
		s.deactivate(u.ID)
		s.deprovision(u.ID)
	}
	back := func() {
		again := s.provision(name, storetest.Text("externalId", "e1"))
		require.Equal(s, domain.Active, again.Status)
		s.deprovision(again.ID)
		for _, table := range []string{"suspensions", "suspended_names"} {
			require.Zero(s, storetest.Count(s, storetest.Raw(s, s.store), "SELECT count(*) FROM "+table+" WHERE organisation_id = $1", s.org().String()))
		}
	}
	gone()
	u := s.add(name)
	s.done(s.admin.Confirm(s.Context(), s.boss(), u.ID, domain.IfMatch{}))
	s.adoptable(u.ID, s.caller.Connection)
	require.Equal(s, domain.Active, s.setActive(u.ID, true).Status)
	s.deprovision(u.ID)
	back()

	gone()
	require.NoError(s, s.admin.Delete(s.Context(), s.boss(), s.add(name).ID, domain.IfMatch{}))
	back()

	gone()
	disabled, err := s.admin.Add(s.Context(), s.boss(), domain.NewPerson{GivenName: "Ana", FamilyName: "Łuk", Email: name, Role: s.staff(), Disabled: true})
	require.NoError(s, err)
	require.NoError(s, s.admin.Delete(s.Context(), s.boss(), disabled.ID, domain.IfMatch{}))
	again := s.provision(name)
	require.Equal(s, domain.Inactive, again.Status)
	s.activate(again.ID)
	s.deprovision(again.ID)
	back()

	// Two who are gone with one name each, and one person who has both.
	gone()
	other := s.provision("bo@acme.test")
	s.deactivate(other.ID)
	s.deprovision(other.ID)
	both, err := s.admin.Add(s.Context(), s.boss(), domain.NewPerson{
		GivenName: "Ana", FamilyName: "Łuk", Email: "bo@acme.test", UserName: name, Role: s.staff(),
	})
	require.NoError(s, err)
	require.NoError(s, s.admin.Delete(s.Context(), s.boss(), both.ID, domain.IfMatch{}))
	back()
	require.Equal(s, domain.Active, s.provision("bo@acme.test").Status)
}

// suspendSticksLoosely: where the policy says that the directory wins, it brings people back, and an event tells.
func suspendSticksLoosely(s *scene) {
	s.policy(func(p *domain.Policy) { p.Suspension = domain.DirectoryWins })
	u := s.provision("ana@acme.test")
	s.deactivate(u.ID)
	made := s.eventsSince(func() { require.Equal(s, domain.Active, s.setActive(u.ID, true).Status) })
	require.ElementsMatch(s, []domain.EventType{domain.SuspensionOverruled, domain.UserActivated}, eventTypes(made))
	require.Equal(s, 1, s.held())
	s.deactivate(u.ID)
	s.deprovision(u.ID)
	var again domain.User
	made = s.eventsSince(func() { again = s.provision("ana@acme.test") })
	require.ElementsMatch(s, []domain.EventType{domain.SuspensionOverruled, domain.UserCreated}, eventTypes(made))
	require.Equal(s, domain.Active, again.Status)
	s.deprovision(again.ID)
	s.policy(func(p *domain.Policy) { p.Suspension = domain.AdministratorWins })
	require.Equal(s, domain.Active, s.provision("ana@acme.test").Status, "it ended")
}
