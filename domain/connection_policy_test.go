package domain_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
)

// The rules about what a connection may do and whose people are whose, as TestRules.
func TestRulesOfTrust(t *testing.T) {
	t.Parallel()
	each := storetest.Shared(t)
	for name, rule := range map[string]func(*scene){
		"provision.activation":             activationOfConnection,
		"provision.limits":                 limitsOfConnection,
		"provision.limits-deleted":         limitsDeleted,
		"provision.limits-applied":         limitsApplied,
		"owner.escalation-uncovered":       ownerEscalationUncovered,
		"seat.wait-by-connection":          seatWaitByConnection,
		"seat.required-by-connection":      seatRequiredByConnection,
		"suspend.sticks-by-connection":     suspendSticksByConnection,
		"user.email-immutable":             emailImmutableByConnection,
		"owner.escalation-of-limits":       escalationOfLimits,
		"change.nothing-connection-policy": connectionPolicyNothing,
		"link.adopt":                       linkAdoptMarked,
		"link.adopt-by-domain":             linkAdoptByDomain,
		"link.adopt-groups":                linkAdoptGroups,
		"link.scope-domains":               domainsOfOne,
		"link.scope-deleted-connection":    deletedConnection,
		"owner.escalation-of-adoption":     escalationOfAdoption,
		"owner.last-connection":            ownerLastConnection,
		"owner.last-at-once":               ownerLastAtOnce,
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

// connectionPolicy changes the policy of the scene's connection, and looks its caller up again as its next request does.
func (s *scene) connectionPolicy(change func(*domain.ConnectionPolicy)) domain.ConnectionPolicy {
	s.Helper()
	policy, err := s.tryConnectionPolicy(s.boss(), change)
	require.NoError(s, err)
	s.again()
	return policy
}

func (s *scene) tryConnectionPolicy(who domain.Administrator, change func(*domain.ConnectionPolicy)) (domain.ConnectionPolicy, error) {
	return s.admin.ChangeConnectionPolicy(s.Context(), who, s.caller.Connection, domain.IfMatch{}, func(p domain.ConnectionPolicy) (domain.ConnectionPolicy, error) {
		change(&p)
		return p, nil
	})
}

// again looks the caller up.
func (s *scene) again() {
	s.Helper()
	caller, err := s.directory.Authenticate(s.Context(), domain.Bearer{Organisation: s.org(), Hash: s.caller.Token})
	require.NoError(s, err)
	s.caller = caller
}

// activationOfConnection: a connection's way of activating can be changed, and holds from the next push on. Somebody
// recalled from before is looked up again.
func activationOfConnection(s *scene) {
	require.Equal(s, domain.Active, s.provision("a@acme.test").Status)
	bearer := domain.Bearer{Organisation: s.org(), Hash: s.caller.Token}
	_, err := s.directory.Authenticate(s.Context(), bearer)
	require.NoError(s, err)
	recalled, ok := s.directory.Recall(bearer)
	require.True(s, ok)
	made := s.eventsSince(func() {
		s.connectionPolicy(func(p *domain.ConnectionPolicy) { p.Activation = domain.ActivateByInvitation })
	})
	require.Equal(s, []domain.EventType{domain.ConnectionPolicyChanged}, eventTypes(made))
	require.Equal(s, []string{"immediate", "invite"}, []string{made[0].Before.Get("activation").Text(), made[0].After.Get("activation").Text()})
	require.Equal(s, domain.Pending, s.provision("b@acme.test").Status)
	u, err := s.directory.Provision(s.Context(), recalled, storetest.Person("c@acme.test"))
	require.NoError(s, err)
	require.Equal(s, domain.Pending, u.Status, "who was recalled writes with what holds now")
	c, err := s.admin.Connection(s.Context(), s.boss(), s.caller.Connection)
	require.NoError(s, err)
	require.Equal(s, domain.ActivateByInvitation, c.Activation)
	require.NotEqual(s, s.tenant.Connection.Version(), c.Version(), "the connection reads differently")

	second := s.another("second")
	require.Equal(s, domain.ActivateAtOnce, second.Policy.Activation, "another connection has a policy of its own")
	_, err = s.tryConnectionPolicy(s.boss(), func(p *domain.ConnectionPolicy) { p.Activation = "tomorrow" })
	storetest.Refused(s, err, domain.Invalid, domain.CodeInvalidValue)
}

// limitsOfConnection: what a list names must be there; no list is no restriction, an empty one nothing at all.
func limitsOfConnection(s *scene) {
	policy, err := s.admin.ConnectionPolicy(s.Context(), s.boss(), s.caller.Connection)
	require.NoError(s, err)
	require.Equal(s, domain.DefaultConnectionPolicy(domain.ActivateAtOnce), policy)
	role, heir := s.staff(), s.local("heir@acme.test").ID
	require.True(s, policy.Limits.Role(role) && policy.Limits.Profile(domain.ProfileID{}) && policy.Limits.Licence("x"))
	policy = s.connectionPolicy(func(p *domain.ConnectionPolicy) {
		p.Limits = domain.Limits{Roles: []domain.RoleID{role}, Profiles: []domain.ProfileID{}, Licences: []string{domain.LicenceFull}}
		p.Successor = domain.Successor{Kind: domain.SuccessorFallback, Fallback: heir}
		p.Adoption = domain.AdoptNever
	})
	require.Equal(s, policy, s.caller.Policy, "the look-up of the token carries it")
	limits := s.caller.Policy.Limits
	require.True(s, limits.Role(role))
	require.False(s, limits.Role(domain.RoleID{UUID: uuid.New()}))
	require.False(s, limits.Profile(domain.ProfileID{UUID: uuid.New()}))
	require.False(s, limits.Licence("simulator"))
	for field, wrong := range map[string]func(*domain.ConnectionPolicy){
		"limits.roles":          func(p *domain.ConnectionPolicy) { p.Limits.Roles = []domain.RoleID{{UUID: uuid.New()}} },
		"limits.profiles":       func(p *domain.ConnectionPolicy) { p.Limits.Profiles = []domain.ProfileID{{UUID: uuid.New()}} },
		"limits.licences":       func(p *domain.ConnectionPolicy) { p.Limits.Licences = []string{"full", "gold"} },
		"successor_fallback_id": func(p *domain.ConnectionPolicy) { p.Successor.Fallback = domain.UserID{UUID: uuid.New()} },
		"successor":             func(p *domain.ConnectionPolicy) { p.Successor.Kind = "nobody" },
		"password_sync":         func(p *domain.ConnectionPolicy) { p.PasswordSync = "" },
		"adoption":              func(p *domain.ConnectionPolicy) { p.Adoption = "all" },
		"email_change":          func(p *domain.ConnectionPolicy) { p.EmailChange = domain.EmailChangeAdministrator },
	} {
		_, err := s.tryConnectionPolicy(s.boss(), wrong)
		storetest.Refused(s, err, domain.Invalid, domain.CodeInvalidValue)
		var e *domain.Error
		require.ErrorAs(s, err, &e)
		require.Equal(s, field, e.Field)
	}
	_, err = s.tryConnectionPolicy(s.boss(), func(p *domain.ConnectionPolicy) { p.Successor.Fallback = domain.UserID{} })
	storetest.Refused(s, err, domain.Invalid, domain.CodeRequired)
	_, err = s.tryConnectionPolicy(s.clerk("directory:view"), func(p *domain.ConnectionPolicy) { p.Adoption = domain.AdoptMarked })
	storetest.Refused(s, err, domain.Forbidden, domain.CodePermissionMissing)
	elsewhere := storetest.NewTenant(s, s.store, storetest.Slug(s)+"-2", -1)
	_, err = s.admin.ConnectionPolicy(s.Context(), s.boss(), elsewhere.Connection.ID)
	storetest.Gone(s, err)
}

// seatWaitByConnection: one connection lets people wait, where the organisation refuses.
func seatWaitByConnection(s *scene) {
	s.withSeats(1)
	s.provision("a@acme.test")
	second := s.another("second")
	s.connectionPolicy(func(p *domain.ConnectionPolicy) { p.SeatOverflow = domain.SeatOverflowWait })
	u := s.provision("b@acme.test")
	require.True(s, s.waits(u.ID))
	_, err := s.directory.Provision(s.Context(), second, storetest.Person("c@acme.test"))
	storetest.Refused(s, err, domain.Forbidden, domain.CodeSeatsExhausted)
}

// seatRequiredByConnection: one connection refuses, where the organisation lets people wait.
func seatRequiredByConnection(s *scene) {
	s.withSeats(1)
	s.provision("a@acme.test")
	s.policy(func(p *domain.Policy) { p.SeatOverflow = domain.SeatOverflowWait })
	s.connectionPolicy(func(p *domain.ConnectionPolicy) { p.SeatOverflow = domain.SeatOverflowRefuse })
	storetest.Refused(s, s.tryProvision("b@acme.test"), domain.Forbidden, domain.CodeSeatsExhausted)
	s.connectionPolicy(func(p *domain.ConnectionPolicy) { p.SeatOverflow = "" })
	require.True(s, s.waits(s.provision("b@acme.test").ID), "undecided again, it does as the organisation")
}

// suspendSticksByConnection: a connection's own policy stands before the organisation's, both ways, for a change and for
// a person who is pushed anew.
func suspendSticksByConnection(s *scene) {
	u := s.provision("ana@acme.test")
	s.deactivate(u.ID)
	s.connectionPolicy(func(p *domain.ConnectionPolicy) { p.Suspension = domain.DirectoryWins })
	require.Equal(s, domain.Active, s.setActive(u.ID, true).Status)
	s.deactivate(u.ID)
	s.deprovision(u.ID)
	u = s.provision("ana@acme.test")
	require.Equal(s, domain.Active, u.Status)

	s.policy(func(p *domain.Policy) { p.Suspension = domain.DirectoryWins })
	s.connectionPolicy(func(p *domain.ConnectionPolicy) { p.Suspension = domain.AdministratorWins })
	s.deactivate(u.ID)
	made := s.eventsSince(func() { require.Equal(s, domain.Inactive, s.setActive(u.ID, true).Status) })
	require.Equal(s, []domain.EventType{domain.SuspensionKept}, eventTypes(made))
	s.deprovision(u.ID)
	require.Equal(s, domain.Inactive, s.provision("ana@acme.test").Status)
}

// emailImmutableByConnection: a connection that changes no names, in an organisation whose other directories do, and the
// other way round. What else it sent applies.
func emailImmutableByConnection(s *scene) {
	u := s.provision("ana@acme.test", storetest.Emails("ana@acme.test"))
	rename := func(name string) domain.User {
		return s.change(u.ID, storetest.Setting(storetest.Text("userName", name), storetest.Emails(name), storetest.Text("title", "of "+name)))
	}
	s.connectionPolicy(func(p *domain.ConnectionPolicy) { p.EmailChange = domain.EmailChangeNever })
	var is domain.User
	made := s.eventsSince(func() { is = rename("anna@acme.test") })
	require.ElementsMatch(s, []domain.EventType{domain.EmailChangeSkipped, domain.UserUpdated}, eventTypes(made))
	require.Equal(s, "ana@acme.test", is.UserName.Text)
	require.Equal(s, u.ID, s.signsInBy("ana@acme.test"))
	require.Equal(s, "of anna@acme.test", s.attributesOf(is).Get("title").Text())
	s.policy(func(p *domain.Policy) { p.EmailChange = domain.EmailChangeNever })
	s.connectionPolicy(func(p *domain.ConnectionPolicy) { p.EmailChange = domain.EmailChangeDirectory })
	require.Equal(s, "anna@acme.test", rename("anna@acme.test").UserName.Text)
	require.Equal(s, u.ID, s.signsInBy("anna@acme.test"))
}

// escalationOfLimits: who cannot give a role or profile does not let a directory give it either; who holds everything
// and sees everybody may lift the limits.
func escalationOfLimits(s *scene) {
	role, err := s.admin.CreateRole(s.Context(), s.boss(), domain.RoleSpec{Name: "Boss", Sees: domain.SeesAll})
	require.NoError(s, err)
	strong, err := s.admin.CreateProfile(s.Context(), s.boss(), domain.ProfileSpec{Name: "Strong", Grants: s.clerk("users:edit").Permissions})
	require.NoError(s, err)
	weak, err := s.admin.CreateProfile(s.Context(), s.boss(), domain.ProfileSpec{Name: "Weak", Grants: s.clerk("users:view").Permissions})
	require.NoError(s, err)
	s.connectionPolicy(func(p *domain.ConnectionPolicy) {
		p.Limits.Roles, p.Limits.Profiles = []domain.RoleID{}, []domain.ProfileID{}
	})
	clerk := s.clerk("directory:edit", "users:view")
	clerk.Actor.Kind = "api_key"
	made := s.eventsSince(func() {
		for field, widen := range map[string]func(*domain.ConnectionPolicy){
			"limits.roles":    func(p *domain.ConnectionPolicy) { p.Limits.Roles = []domain.RoleID{role.ID} },
			"limits.profiles": func(p *domain.ConnectionPolicy) { p.Limits.Profiles = []domain.ProfileID{weak.ID, strong.ID} },
		} {
			for _, widen := range []func(*domain.ConnectionPolicy){widen, func(p *domain.ConnectionPolicy) {
				if p.Limits.Roles = nil; field == "limits.profiles" {
					p.Limits.Roles, p.Limits.Profiles = []domain.RoleID{}, nil
				}
			}} {
				_, err := s.tryConnectionPolicy(clerk, widen)
				storetest.Refused(s, err, domain.Forbidden, domain.CodeEscalation)
				var e *domain.Error
				require.ErrorAs(s, err, &e)
				require.Equal(s, field, e.Field)
			}
		}
	})
	require.Empty(s, made)
	_, err = s.tryConnectionPolicy(clerk, func(p *domain.ConnectionPolicy) { p.Limits.Profiles = []domain.ProfileID{weak.ID} })
	require.NoError(s, err)
	everything := s.boss()
	everything.Owner, everything.Actor.Kind = false, "api_key"
	catalogue, err := s.admin.Modules(s.Context(), s.boss())
	require.NoError(s, err)
	everything.Permissions = domain.Permissions{}
	for _, m := range catalogue {
		for _, action := range m.Actions {
			everything.Permissions[domain.Permission{Module: m.ID, Action: action}] = domain.AllObjects()
		}
	}
	is, err := s.tryConnectionPolicy(everything, func(p *domain.ConnectionPolicy) { p.Limits = domain.Limits{} })
	require.NoError(s, err)
	require.Equal(s, domain.Limits{}, is.Limits)
}

// connectionPolicyNothing: what is so already changes nothing; a stale version is refused.
func connectionPolicyNothing(s *scene) {
	made := s.eventsSince(func() {
		require.Zero(s, s.connectionPolicy(func(*domain.ConnectionPolicy) {}).Version)
	})
	require.Empty(s, made)
	require.EqualValues(s, 1, s.connectionPolicy(func(p *domain.ConnectionPolicy) { p.Limits.Licences = []string{} }).Version)
	made = s.eventsSince(func() {
		_, err := s.admin.ChangeConnectionPolicy(s.Context(), s.boss(), s.caller.Connection, domain.IfMatch{Set: true, Versions: []int64{0}},
			func(p domain.ConnectionPolicy) (domain.ConnectionPolicy, error) { return p, nil })
		storetest.Refused(s, err, domain.Precondition, domain.CodeVersionMismatch)
	})
	require.Empty(s, made)
	require.EqualValues(s, 2, s.connectionPolicy(func(p *domain.ConnectionPolicy) { p.Limits.Licences = nil }).Version)
}
