package domain_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence"
	"usher/persistence/storetest"
)

// What a mapping or a connection can make of anybody is checked against who says so, as TestRules.
func TestRulesOfEscalation(t *testing.T) {
	t.Parallel()
	each := storetest.Shared(t)
	for name, rule := range map[string]func(*scene){
		"owner.escalation-mapping-licence":   escalationMappingLicence,
		"owner.escalation-mapping-uncovered": escalationMappingUncovered,
		"owner.escalation-group-removed":     escalationGroupRemoved,
		"owner.escalation-limits-licence":    escalationLimitsLicence,
		"owner.escalation-limits-barred":     escalationLimitsBarred,
		"owner.escalation-adopted-default":   escalationAdoptedDefault,
		"owner.escalation-claimed":           escalationClaimed,
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

// everything is an application that may do all there is, and is no owner.
func (s *scene) everything() domain.Administrator {
	s.Helper()
	catalogue, err := s.admin.Modules(s.Context(), s.boss())
	require.NoError(s, err)
	all := domain.Permissions{}
	for _, m := range catalogue {
		for _, action := range m.Actions {
			all[domain.Permission{Module: m.ID, Action: action}] = domain.AllObjects()
		}
	}
	return domain.Administrator{Organisation: s.org(), Actor: domain.Actor{Kind: "api_key", ID: uuid.New()}, Permissions: all}
}

// shut is the licence simulator, which reaches nothing but teams.
func (s *scene) shut() {
	s.Helper()
	s.setSeats(domain.SeatPlan{Licence: domain.LicenceSimulator, Unlimited: true})
	_, err := s.admin.SetLicenceModules(s.Context(), s.boss(), domain.LicenceSimulator, domain.IfMatch{}, domain.TheseObjects("teams"))
	require.NoError(s, err)
}

// escalationMappingLicence: a mapping that gives a licence is saved by nobody who does not hold everything in the modules that it
// opens to whoever may come to have it.
func escalationMappingLicence(s *scene) {
	g := s.group("Sales")
	clerk := s.clerk("directory:view", "directory:edit", "users:view")
	create := func(who domain.Administrator, licence string) (domain.MappingView, error) {
		return s.admin.CreateMapping(s.Context(), who, domain.MappingSpec{Group: g.ID, Priority: 1, Grants: domain.MappingGrants{Licence: licence}})
	}
	_, err := create(clerk, domain.LicenceFull)
	require.NoError(s, err, "where there is no other licence it opens nothing")
	s.shut()
	m, err := create(clerk, domain.LicenceSimulator)
	require.NoError(s, err, "which every licence reaches")
	s.escalates(func() error { _, err := create(clerk, domain.LicenceFull); return err })
	licence := domain.LicenceFull
	s.escalates(func() error {
		_, err := s.admin.EditMapping(s.Context(), clerk, m.ID, domain.IfMatch{}, domain.MappingChange{Licence: &licence})
		return err
	})
	s.escalates(func() error {
		_, err := s.admin.MappingDryRun(s.Context(), clerk, domain.DryRun{
			Limit: 10, Spec: &domain.MappingSpec{Group: g.ID, Priority: 1, Grants: domain.MappingGrants{Licence: licence}},
		})
		return err
	})
	_, err = create(s.everything(), domain.LicenceFull)
	require.NoError(s, err)
	_, err = create(clerk, "unheard-of")
	storetest.Refused(s, err, domain.Invalid, domain.CodeInvalidValue)
	require.Equal(s, "licence", fieldAtFault(s, err))
}

// escalationMappingUncovered: nobody ends or weakens a mapping where what may win in its place is more than they could give:
// another mapping's, an administrator's choice, the default, or the licence full.
func escalationMappingUncovered(s *scene) {
	s.shut()
	strong, weak := s.profile("Strong", permitted("users:delete")), s.profile("Weak", permitted("users:view"))
	wide, narrow := s.role("Director", domain.RoleID{}, domain.SeesAll), s.role("Agent", domain.RoleID{}, domain.SeesOwn)
	ana := s.provision("ana@acme.test")
	g, other := s.group("Sales", ana.ID.UUID), s.group("Other", ana.ID.UUID)
	clerk := s.clerk("directory:view", "directory:edit", "users:view")
	clerk.Actor.Kind = "api_key"
	defaults := func(role domain.RoleID, profile domain.ProfileID) {
		_, err := s.admin.SetDefaults(s.Context(), s.boss(), domain.IfMatch{}, role, profile)
		require.NoError(s, err)
	}
	number, none := 1_000_000, domain.ProfileID{}
	queue := s.queue("Queue")
	ways := map[string]func(domain.MappingView) error{
		"delete": func(m domain.MappingView) error {
			return s.admin.DeleteMapping(s.Context(), clerk, m.ID, domain.IfMatch{})
		},
		"dry run": func(m domain.MappingView) error {
			_, err := s.admin.MappingDryRun(s.Context(), clerk, domain.DryRun{Mapping: m.ID, Limit: 1})
			return err
		},
		"rebind": func(m domain.MappingView) error {
			_, err := s.admin.RebindMapping(s.Context(), clerk, m.ID, domain.IfMatch{}, s.group(uuid.NewString()).ID)
			return err
		},
		"edit": func(m domain.MappingView) error {
			change := domain.MappingChange{Profile: &none, Role: &domain.RoleID{}, Licence: new(string), Queues: &[]domain.QueueID{queue.ID}}
			_, err := s.admin.EditMapping(s.Context(), clerk, m.ID, domain.IfMatch{}, change)
			return err
		},
	}
	weaken := func(m domain.MappingView) error {
		_, err := s.admin.EditMapping(s.Context(), clerk, m.ID, domain.IfMatch{}, domain.MappingChange{Priority: &number})
		return err
	}
	refused := func(m domain.MappingView, more ...func(domain.MappingView) error) {
		s.Helper()
		for name, way := range ways {
			made := s.eventsSince(func() { storetest.Refused(s, way(m), domain.Forbidden, domain.CodeEscalation) })
			for _, e := range made { // but for the group to bind it to
				require.Equal(s, domain.GroupCreated, e.Type, name)
			}
		}
		for _, way := range more {
			s.escalates(func() error { return way(m) })
		}
	}

	// By the default.
	defaults(wide.ID, strong.ID)
	refused(s.mapping(g, domain.MappingGrants{Profile: weak.ID}))
	refused(s.mapping(g, domain.MappingGrants{Role: narrow.ID}))
	defaults(narrow.ID, weak.ID)

	// By the licence that who is given none has.
	refused(s.mapping(g, domain.MappingGrants{Licence: domain.LicenceSimulator}))

	// By another mapping of the connection's groups; one of another connection's people is none of theirs.
	m := s.mapping(g, domain.MappingGrants{Profile: weak.ID}, 3)
	elsewhere, err := s.directory.CreateGroup(s.Context(), s.another("second"), storetest.GroupNamed("Elsewhere"), nil)
	require.NoError(s, err)
	s.mapping(elsewhere, domain.MappingGrants{Profile: strong.ID}, 500)
	require.NoError(s, weaken(m))
	s.editMapping(m.ID, domain.MappingChange{Priority: new(3)})
	last := s.mapping(other, domain.MappingGrants{Profile: strong.ID}, 500)
	refused(m, weaken)
	four := 4
	_, err = s.admin.EditMapping(s.Context(), clerk, m.ID, domain.IfMatch{}, domain.MappingChange{Priority: &four})
	require.NoError(s, err, "it is stronger still")
	s.deleteMapping(last.ID)
	require.NoError(s, s.admin.DeleteMapping(s.Context(), clerk, m.ID, domain.IfMatch{}))

	// By what an administrator chose for somebody.
	ben := s.provision("ben@acme.test")
	s.assign(ben.ID, domain.AccessChange{Profile: domain.Choose(strong.ID)})
	m = s.mapping(s.group("Ben's", ben.ID.UUID), domain.MappingGrants{Profile: weak.ID}, 600)
	require.Equal(s, weak.ID, s.access(ben.ID).Profile.ID)
	refused(m)
	require.NoError(s, s.admin.DeleteMapping(s.Context(), s.everything(), m.ID, domain.IfMatch{}))
	require.Equal(s, strong.ID, s.access(ben.ID).Profile.ID)
}

// escalationGroupRemoved: nor by removing the group that was declared for it, or the connection.
func escalationGroupRemoved(s *scene) {
	s.shut()
	g, err := s.admin.DeclareGroup(s.Context(), s.boss(), s.caller.Connection, domain.DeclaredGroupSpec{Value: "sales", Name: "Sales"})
	require.NoError(s, err)
	s.mapping(g, domain.MappingGrants{Licence: domain.LicenceSimulator})
	clerk := s.clerk("directory:view", "directory:edit")
	remove := func(who domain.Administrator) error {
		return s.admin.RemoveDeclaredGroup(s.Context(), who, s.caller.Connection, g.ID)
	}
	end := func(who domain.Administrator) error {
		return s.admin.DeleteConnection(s.Context(), who, s.caller.Connection, domain.IfMatch{})
	}
	s.escalates(func() error { return remove(clerk) })
	s.escalates(func() error { return end(clerk) })
	require.NoError(s, remove(s.everything()))
	require.NoError(s, end(clerk), "nothing hangs on it any more")
}

// escalationLimitsLicence: nor does anybody let a directory give a licence that they could not give.
func escalationLimitsLicence(s *scene) {
	s.shut()
	s.connectionPolicy(func(p *domain.ConnectionPolicy) { p.Limits.Licences = []string{domain.LicenceSimulator} })
	clerk := s.clerk("directory:view", "directory:edit")
	for _, licences := range [][]string{nil, {domain.LicenceSimulator, domain.LicenceFull}} {
		s.escalates(func() error {
			_, err := s.tryConnectionPolicy(clerk, func(p *domain.ConnectionPolicy) { p.Limits.Licences = licences })
			require.Equal(s, "limits.licences", fieldAtFault(s, err))
			return err
		})
	}
	for _, licences := range [][]string{{domain.LicenceSimulator, domain.LicenceFull}, nil} {
		_, err := s.tryConnectionPolicy(s.everything(), func(p *domain.ConnectionPolicy) { p.Limits.Licences = licences })
		require.NoError(s, err)
	}
}

// escalationLimitsBarred: nor bars what keeps people from more: then the default is what they have.
func escalationLimitsBarred(s *scene) {
	strong, weak := s.profile("Strong", permitted("users:delete")), s.profile("Weak", permitted("users:view"))
	_, err := s.admin.SetDefaults(s.Context(), s.boss(), domain.IfMatch{}, domain.RoleID{}, strong.ID)
	require.NoError(s, err)
	u := s.provision("ana@acme.test", values("entitlements", "Weak"))
	require.Equal(s, weak.ID, s.access(u.ID).Profile.ID)
	narrow := func(who domain.Administrator) error {
		_, err := s.tryConnectionPolicy(who, func(p *domain.ConnectionPolicy) { p.Limits.Profiles = []domain.ProfileID{} })
		return err
	}
	s.escalates(func() error { return narrow(s.clerk("directory:view", "directory:edit", "users:view")) })
	require.NoError(s, narrow(s.clerk("directory:view", "directory:edit", "users:delete")))
	require.Equal(s, strong.ID, s.access(u.ID).Profile.ID)
}

// escalationAdoptedDefault: nobody lets a directory adopt an account that would then have a default they could not give.
func escalationAdoptedDefault(s *scene) {
	strong := s.profile("Strong", permitted("users:delete"))
	_, err := s.admin.SetDefaults(s.Context(), s.boss(), domain.IfMatch{}, domain.RoleID{}, strong.ID)
	require.NoError(s, err)
	u := s.local("local@acme.test")
	mark := func(who domain.Administrator) error {
		_, err := s.admin.MakeAdoptable(s.Context(), who, u.ID, s.caller.Connection)
		return err
	}
	s.escalates(func() error { return mark(s.clerk("directory:edit", "users:edit")) })
	require.NoError(s, mark(s.clerk("directory:edit", "users:edit", "users:delete")))
	s.again()
	s.change(u.ID, storetest.Setting(attribute.Member{Name: "title", Value: attribute.NewString("x")}))
	require.Equal(s, permitted("users:delete"), s.effective(u.ID))
}

// escalationClaimed: which claim says what groups somebody is in, and whether that counts, is said by who could give anything.
func escalationClaimed(s *scene) {
	s.registered(s.caller.Connection, "https://id.test")
	change := func(who domain.Administrator, change func(*domain.ProviderSettings)) error {
		_, err := s.admin.ChangeProviderSettings(s.Context(), who, s.caller.Connection, domain.IfMatch{}, nil, func(p domain.ProviderSettings) domain.ProviderSettings {
			change(&p)
			return p
		})
		return err
	}
	clerk := s.clerk("directory:view", "directory:edit")
	for _, settings := range []func(*domain.ProviderSettings){
		func(p *domain.ProviderSettings) { p.AppliesGroups = !p.AppliesGroups },
		func(p *domain.ProviderSettings) { p.Claims = map[string]string{"groups": "nickname"} },
	} {
		s.escalates(func() error { return change(clerk, settings) })
		require.NoError(s, change(s.everything(), settings))
	}
}
