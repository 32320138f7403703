package domain_test

import (
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// limited is a directory that may give the role and profile agent and the licence full, and a person of whom it said more.
func limited(s *scene) (u domain.User, boss, agent domain.Role, mighty, modest domain.Profile) {
	s.Helper()
	s.setSeats(domain.SeatPlan{Licence: "simulator", Unlimited: true})
	boss, agent = s.role("Boss", domain.RoleID{}, domain.SeesAll), s.role("Agent", domain.RoleID{}, domain.SeesOwn)
	mighty, modest = s.profile("Mighty", permitted("users:delete")), s.profile("Modest", permitted("teams:view"))
	s.connectionPolicy(func(p *domain.ConnectionPolicy) {
		p.Limits = domain.Limits{Roles: []domain.RoleID{agent.ID}, Profiles: []domain.ProfileID{modest.ID}, Licences: []string{"full"}}
	})
	u = s.provision("ana@acme.test", values("roles", "Boss"), values("entitlements", "Mighty", "simulator"))
	s.given(u.ID, domain.RoleID{}, domain.ProfileID{}, "full")
	return u, boss, agent, mighty, modest
}

// given requires what somebody has, and that Explain says the same.
func (s *scene) given(u domain.UserID, role domain.RoleID, profile domain.ProfileID, licence string) {
	s.Helper()
	is := s.access(u)
	require.Equal(s, []any{role, profile, licence}, []any{is.Role.ID, is.Profile.ID, is.Licence})
	rulings, err := s.admin.Rulings(s.Context(), s.boss(), u)
	require.NoError(s, err)
	won := map[domain.GivenKind]uuid.UUID{}
	for _, r := range rulings {
		if r.Won && r.Winner.Source != domain.SourceDefault && r.Winner.Object != uuid.Nil {
			won[r.Kind] = r.Winner.Object
		}
		require.False(s, r.Kind == domain.GivenSeat && r.Won && r.Winner.Text != licence, r.Winner)
	}
	require.Equal(s, []uuid.UUID{role.UUID, profile.UUID}, []uuid.UUID{won[domain.GivenRole], won[domain.GivenProfile]})
}

// limitsDeleted: what a directory said beyond its connection's limits does not hold when the connection is gone either, and
// what it could say still does.
func limitsDeleted(s *scene) {
	u, _, agent, _, modest := limited(s)
	ben := s.provision("ben@acme.test", values("roles", "Agent"), values("entitlements", "Modest"))
	carl := s.provision("carl@acme.test", values("roles", "Agent"), values("entitlements", "Mighty"))
	team := s.team("Blue")
	stale := s.caller
	require.NoError(s, s.admin.DeleteConnection(s.Context(), s.boss(), s.caller.Connection, domain.IfMatch{}))
	holds := func() {
		s.Helper()
		s.given(u.ID, domain.RoleID{}, domain.ProfileID{}, "full")
		s.given(ben.ID, agent.ID, modest.ID, "full")
		s.given(carl.ID, agent.ID, domain.ProfileID{}, "full")
	}
	holds()
	clerk := s.clerk("users:view", "users:edit", "roles:edit", "teams:view")
	for _, u := range []domain.User{u, ben, carl} {
		_, err := s.admin.Assign(s.Context(), clerk, u.ID, domain.IfMatch{}, domain.AccessChange{Team: domain.Choose(team.ID)})
		require.NoError(s, err)
	}
	holds()

	// Nor does what the directory says in a push that is under way.
	stray, err := s.directory.Provision(s.Context(), stale, storetest.Person("stray@acme.test", values("roles", "Boss"), values("entitlements", "Mighty")))
	require.NoError(s, err)
	s.given(stray.ID, domain.RoleID{}, domain.ProfileID{}, "full")
	require.NoError(s, s.store.Write(s.Context(), func(tx domain.Tx) error { return tx.Connections().Strays(s.org(), s.clock.Now()) }))
	s.assign(stray.ID, domain.AccessChange{Team: domain.Choose(team.ID)})
	s.given(stray.ID, domain.RoleID{}, domain.ProfileID{}, "full")
}

// limitsApplied: other limits hold at once for what was said before, so that nothing waits for whoever changes the person
// next.
func limitsApplied(s *scene) {
	u, boss, agent, mighty, _ := limited(s)
	made := s.eventsSince(func() {
		s.connectionPolicy(func(p *domain.ConnectionPolicy) {
			p.Limits.Roles, p.Limits.Profiles = []domain.RoleID{boss.ID, agent.ID}, []domain.ProfileID{mighty.ID}
		})
	})
	require.Equal(s, []domain.EventType{domain.ConnectionPolicyChanged, domain.UserAccessChanged}, eventTypes(made))
	s.given(u.ID, boss.ID, mighty.ID, "full")
	s.connectionPolicy(func(p *domain.ConnectionPolicy) { p.Limits.Licences = nil })
	s.given(u.ID, boss.ID, mighty.ID, "simulator")
	s.connectionPolicy(func(p *domain.ConnectionPolicy) { p.Limits = domain.NothingAllowed() })
	s.given(u.ID, domain.RoleID{}, domain.ProfileID{}, "full")
}

// ownerEscalationUncovered: whoever changes anything of a person must be able to give what is decided anew with it, also of
// a kind that they did not name.
func ownerEscalationUncovered(s *scene) {
	u, _, _, mighty, modest := limited(s)
	s.connectionPolicy(func(p *domain.ConnectionPolicy) { p.Limits.Profiles = []domain.ProfileID{modest.ID} })
	team := s.team("Blue")
	assign := func(who domain.Administrator) error {
		_, err := s.admin.Assign(s.Context(), who, u.ID, domain.IfMatch{}, domain.AccessChange{Team: domain.Choose(team.ID)})
		return err
	}
	// What is to be, and is not yet: a job is on its way.
	require.NoError(s, s.store.Write(s.Context(), func(tx domain.Tx) error {
		was, err := tx.ConnectionPolicies().Get(s.org(), s.caller.Connection)
		if err != nil {
			return err
		}
		is := was
		is.Limits.Profiles, is.Version = nil, was.Version+1
		return tx.ConnectionPolicies().Save(s.org(), s.caller.Connection, was, is)
	}))
	s.escalates(func() error { return assign(s.clerk("users:view", "users:edit")) })
	require.NoError(s, assign(s.clerk("users:view", "users:edit", "users:delete")))
	require.Equal(s, mighty.ID, s.access(u.ID).Profile.ID)
}

// profileDeleteLimited: what the limits of a connection name is deleted only where another one takes its place there.
func profileDeleteLimited(s *scene) {
	a, b := s.role("A", domain.RoleID{}, domain.SeesOwn), s.role("B", domain.RoleID{}, domain.SeesOwn)
	p, q := s.profile("P", permitted("teams:view")), s.profile("Q", permitted("teams:view"))
	s.connectionPolicy(func(c *domain.ConnectionPolicy) {
		c.Limits.Roles, c.Limits.Profiles = []domain.RoleID{a.ID, b.ID}, []domain.ProfileID{p.ID}
	})
	role := func(by domain.RoleID) error {
		return s.admin.DeleteRole(s.Context(), s.boss(), a.ID, domain.IfMatch{}, by)
	}
	profile := func(by domain.ProfileID) error {
		return s.admin.DeleteProfile(s.Context(), s.boss(), p.ID, domain.IfMatch{}, by)
	}
	made := s.eventsSince(func() {
		for _, err := range []error{role(domain.RoleID{}), profile(domain.ProfileID{})} {
			storetest.Refused(s, err, domain.Conflict, domain.CodeInUse)
			require.ErrorContains(s, err, "may give this")
		}
	})
	require.Empty(s, made)
	made = s.eventsSince(func() {
		require.NoError(s, role(b.ID))
		require.NoError(s, profile(q.ID))
	})
	require.Equal(s, []domain.EventType{domain.ConnectionPolicyChanged, domain.RoleDeleted, domain.ConnectionPolicyChanged, domain.ProfileDeleted}, eventTypes(made))
	s.again()
	require.Equal(s, domain.Limits{Roles: []domain.RoleID{b.ID}, Profiles: []domain.ProfileID{q.ID}}, s.caller.Policy.Limits)
	s.connectionPolicy(func(c *domain.ConnectionPolicy) { c.Limits.Profiles = nil })
	require.NoError(s, s.admin.DeleteProfile(s.Context(), s.boss(), q.ID, domain.IfMatch{}, domain.ProfileID{}))
}

// profileDeleteBarred: what a directory said beyond its limits means what takes the place of a role or profile that is deleted, and is given
// at once and exactly as the limits say of that.
func profileDeleteBarred(s *scene) {
	u, boss, agent, mighty, modest := limited(s)
	third, fourth := s.role("Third", domain.RoleID{}, domain.SeesOwn), s.profile("Fourth", permitted("queues:view"))
	require.NoError(s, s.admin.DeleteRole(s.Context(), s.boss(), boss.ID, domain.IfMatch{}, third.ID))
	require.NoError(s, s.admin.DeleteProfile(s.Context(), s.boss(), mighty.ID, domain.IfMatch{}, fourth.ID))
	s.given(u.ID, domain.RoleID{}, domain.ProfileID{}, "full")

	s.escalates(func() error {
		return s.admin.DeleteProfile(s.Context(), s.clerk("profiles:delete"), fourth.ID, domain.IfMatch{}, modest.ID)
	})
	s.given(u.ID, domain.RoleID{}, domain.ProfileID{}, "full")
	require.NoError(s, s.admin.DeleteRole(s.Context(), s.boss(), third.ID, domain.IfMatch{}, agent.ID))
	require.NoError(s, s.admin.DeleteProfile(s.Context(), s.boss(), fourth.ID, domain.IfMatch{}, modest.ID))
	s.given(u.ID, agent.ID, modest.ID, "full")
	require.Equal(s, permitted("teams:view"), s.effective(u.ID))
}
