package domain_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"usher/domain"
	"usher/persistence/storetest"
)

// as is a person who administers with what they are permitted at this moment.
func (s *scene) as(u domain.UserID) domain.Administrator {
	s.Helper()
	return domain.Administrator{Organisation: s.org(), Actor: domain.Actor{Kind: "user", ID: u.UUID}, Permissions: s.effective(u)}
}

func (s *scene) effective(u domain.UserID) domain.Permissions {
	s.Helper()
	held, err := s.administration().Effective(s.Context(), s.boss(), u)
	require.NoError(s, err)
	return held
}

func (s *scene) profile(name string, grants domain.Permissions) domain.Profile {
	s.Helper()
	p, err := s.administration().CreateProfile(s.Context(), s.boss(), domain.ProfileSpec{Name: name, Grants: grants})
	require.NoError(s, err)
	return p
}

func (s *scene) role(name string, parent domain.RoleID, sees domain.Sight) domain.Role {
	s.Helper()
	r, err := s.administration().CreateRole(s.Context(), s.boss(), domain.RoleSpec{Name: name, Parent: parent, Sees: sees})
	require.NoError(s, err)
	return r
}

func (s *scene) team(name string) domain.Team {
	s.Helper()
	t, err := s.administration().CreateTeam(s.Context(), s.boss(), domain.GroupingSpec{Name: name})
	require.NoError(s, err)
	return t
}

func (s *scene) queue(name string) domain.Queue {
	s.Helper()
	q, err := s.administration().CreateQueue(s.Context(), s.boss(), domain.GroupingSpec{Name: name})
	require.NoError(s, err)
	return q
}

func (s *scene) assign(u domain.UserID, change domain.AccessChange) domain.Assigned {
	s.Helper()
	is, err := s.administration().Assign(s.Context(), s.boss(), u, domain.IfMatch{}, change)
	require.NoError(s, err)
	return is
}

func (s *scene) register(id string, actions ...string) domain.Module {
	s.Helper()
	m, err := s.administration().RegisterModule(s.Context(), s.boss(), domain.ModuleSpec{ID: id, Actions: actions, HasObjects: true}, domain.IfMatch{}, false)
	require.NoError(s, err)
	return m
}

// permitted spells permissions on every object: users:view and so on.
func permitted(texts ...string) domain.Permissions {
	out := domain.Permissions{}
	for _, text := range texts {
		out[mustPermission(text)] = domain.AllObjects()
	}
	return out
}

func mustPermission(text string) domain.Permission {
	of, err := domain.ParsePermission(text)
	if err != nil {
		panic(err)
	}
	return of
}

// escalates requires the refusal of rule owner.escalation, and that it made nothing.
func (s *scene) escalates(do func() error) {
	s.Helper()
	made := s.eventsSince(func() {
		storetest.Refused(s, do(), domain.Forbidden, domain.CodeEscalation)
	})
	require.Empty(s, made)
}

// permissionEffective: profile and own grants, without own revokes, as far as the licence goes; an owner has everything.
// It holds from the next look on (rule access.immediate).
func permissionEffective(s *scene) {
	s.register("campaigns", "dial")
	u := s.provision("ana@acme.test")
	require.Empty(s, s.effective(u.ID))
	_, err := s.administration().Effective(s.Context(), s.boss(), domain.UserID{UUID: uuid.New()})
	storetest.Gone(s, err)

	dial := mustPermission("campaigns:dial")
	p := s.profile("Dialler", permitted("users:view", "users:edit").Union(domain.Permissions{dial: domain.TheseObjects("c1", "c2")}))
	granted := permitted("teams:view").Union(domain.Permissions{dial: domain.TheseObjects("c3")})
	revoked := permitted("users:edit").Union(domain.Permissions{dial: domain.TheseObjects("c1")})
	s.assign(u.ID, domain.AccessChange{Profile: domain.Choose(p.ID), Granted: &granted, Revoked: &revoked})
	want := permitted("users:view", "teams:view").Union(domain.Permissions{dial: domain.TheseObjects("c2", "c3")})
	require.Equal(s, want, s.effective(u.ID))

	_, err = s.administration().EditProfile(s.Context(), s.boss(), p.ID, domain.IfMatch{}, domain.ProfileSpec{Grants: permitted("users:view", "users:edit", "campaigns:dial")})
	require.NoError(s, err)
	now := s.effective(u.ID)
	require.True(s, now.Allows(dial, "c9"))
	require.False(s, now.Allows(dial, "c1"), "what is revoked stays revoked")

	_, err = s.administration().SetLicenceModules(s.Context(), s.boss(), domain.LicenceFull, domain.IfMatch{}, domain.TheseObjects("users"))
	require.NoError(s, err)
	require.Equal(s, permitted("users:view"), s.effective(u.ID))

	owner := s.owner("owner@acme.test", true)
	held := s.effective(owner.ID)
	require.True(s, held.Allows(mustPermission("users:import"), "x"))
	require.True(s, held.Allows(dial, "c9"), "whatever the licence says")

	// Everybody may look at what they may do themselves, and with the permission at what others may.
	_, err = s.administration().Effective(s.Context(), s.as(u.ID), u.ID)
	require.NoError(s, err)
	_, err = s.administration().Effective(s.Context(), s.as(u.ID), owner.ID)
	require.NoError(s, err)
	other := s.provision("other@acme.test")
	_, err = s.administration().Effective(s.Context(), s.as(other.ID), u.ID)
	storetest.Refused(s, err, domain.Forbidden, domain.CodePermissionMissing)
}

// permissionEffectiveInactive: of somebody who is inactive it is told what they hold, an owner as anybody, without the baselines, which are
// for active people; with it they do nothing.
func permissionEffectiveInactive(s *scene) {
	_, err := s.administration().CreateProfile(s.Context(), s.boss(), domain.ProfileSpec{Name: "Everybody", Baseline: true, Grants: permitted("queues:view")})
	require.NoError(s, err)
	desk := s.profile("Desk", permitted("teams:view"))
	top := s.role("Top", domain.RoleID{}, domain.SeesAll)
	s.owner("first@acme.test", true)
	ana, owner, other := s.local("ana@acme.test"), s.owner("owner@acme.test", true), s.local("other@acme.test")
	granted := permitted("users:view")
	s.assign(ana.ID, domain.AccessChange{Profile: domain.Choose(desk.ID), Role: domain.Choose(top.ID), Granted: &granted})
	s.own(ana.ID, "1")
	s.own(other.ID, "2")
	everything := s.effective(owner.ID)
	require.Equal(s, permitted("queues:view", "teams:view", "users:view"), s.effective(ana.ID))
	for _, u := range []domain.User{ana, owner} {
		_, err := s.admin.DeactivateWith(s.Context(), s.boss(), u.ID, domain.IfMatch{}, domain.Handover{Leave: true})
		require.NoError(s, err)
		for _, method := range []domain.AccessMethod{domain.ByPassword, domain.BySingleSignOn, domain.BySession} {
			d, err := s.admin.Access(s.Context(), s.boss(), u.ID, method)
			require.NoError(s, err)
			require.Equal(s, []any{false, domain.ReasonInactive}, []any{d.Allowed, d.Reason})
		}
		for _, record := range []string{"1", "2"} {
			may, err := s.admin.RecordAccess(s.Context(), s.boss(), deal(record), u.ID)
			require.NoError(s, err)
			require.Equal(s, domain.RecordDecision{}, may, "%s and record %s", u.UserName.Text, record)
		}
		sees, err := s.admin.Sees(s.Context(), s.boss(), u.ID, other.ID)
		require.NoError(s, err)
		require.False(s, sees)
	}
	require.Equal(s, permitted("teams:view", "users:view"), s.effective(ana.ID))
	require.Equal(s, everything, s.effective(owner.ID))
	for _, u := range []domain.User{ana, owner} {
		e, err := s.admin.Explain(s.Context(), s.boss(), u.ID)
		require.NoError(s, err)
		require.Equal(s, s.effective(u.ID), e.Rights.Effective, "Explain tells the same")
		require.Equal(s, u.ID == owner.ID, e.Rights.Owner)
		require.Empty(s, e.Rights.Baseline)
		s.activate(u.ID)
	}
	require.Equal(s, permitted("queues:view", "teams:view", "users:view"), s.effective(ana.ID), "what they hold is what they do again")
}

// What one read finds comes to what a naive model says, for every permission on every object.
func TestEffectiveIsItsModel(t *testing.T) {
	t.Parallel()
	permissions := []domain.Permission{{Module: "users", Action: "view"}, {Module: "users", Action: "edit"}, {Module: "campaigns", Action: "dial"}}
	objects := []string{"a", "b", "c"}
	universe := append([]string{"never named"}, objects...)
	anyPermissions := rapid.Custom(func(t *rapid.T) domain.Permissions {
		out := domain.Permissions{}
		for _, of := range permissions {
			switch rapid.IntRange(0, 2).Draw(t, "how") {
			case 0:
				out[of] = domain.AllObjects()
			case 1:
				out[of] = domain.TheseObjects(rapid.SliceOf(rapid.SampledFrom(objects)).Draw(t, "ids")...)
			}
		}
		return out
	})
	rapid.Check(t, func(t *rapid.T) {
		access := domain.Access{
			Owner:   rapid.IntRange(0, 4).Draw(t, "owner") == 0,
			Status:  rapid.SampledFrom([]domain.Status{domain.Active, domain.Pending, domain.Inactive}).Draw(t, "status"),
			Profile: anyPermissions.Draw(t, "profile"), Baseline: anyPermissions.Draw(t, "baseline"),
			Granted: anyPermissions.Draw(t, "granted"), Revoked: anyPermissions.Draw(t, "revoked"),
			Modules: domain.TheseObjects(rapid.SliceOf(rapid.SampledFrom([]string{"users", "campaigns"})).Draw(t, "modules")...),
		}
		if rapid.Bool().Draw(t, "all modules") {
			access.Modules = domain.AllObjects()
		}
		in := func(p domain.Permissions, of domain.Permission, id string) bool { return p[of].Has(id) }
		for _, of := range permissions {
			reached := access.Modules.All
			for _, m := range access.Modules.IDs {
				reached = reached || m == of.Module
			}
			for _, id := range universe {
				want := in(access.Profile, of, id) || in(access.Granted, of, id) || access.Status == domain.Active && in(access.Baseline, of, id)
				want = want && !in(access.Revoked, of, id) && reached
				require.Equal(t, want, access.Effective().Allows(of, id), "%s on %s", of, id)
				require.Equal(t, want || access.Owner, access.Allows(of, id))
			}
		}
		// It survives being written and read.
		held := access.Effective()
		read, err := domain.ReadPermissions(held.Tree())
		require.NoError(t, err)
		require.Equal(t, held, read)
	})
}

// userBaseline: everybody active has the permissions of a baseline profile, whatever else they have.
func userBaseline(s *scene) {
	ad := s.administration()
	active, off := s.provision("on@acme.test"), s.provision("off@acme.test", storetest.Truth("active", false))
	p := s.profile("Everybody", permitted("teams:view"))
	require.Empty(s, s.effective(active.ID))
	_, err := ad.EditProfile(s.Context(), s.boss(), p.ID, domain.IfMatch{}, domain.ProfileSpec{Grants: p.Grants, Baseline: true})
	require.NoError(s, err)
	require.Equal(s, permitted("teams:view"), s.effective(active.ID))
	require.Empty(s, s.effective(off.ID))
	s.setActive(off.ID, true)
	require.Equal(s, permitted("teams:view"), s.effective(off.ID))
	another, err := ad.CreateProfile(s.Context(), s.boss(), domain.ProfileSpec{Name: "More", Grants: permitted("queues:view"), Baseline: true})
	require.NoError(s, err)
	require.Equal(s, permitted("teams:view", "queues:view"), s.effective(active.ID))
	revoked := permitted("queues:view")
	s.assign(active.ID, domain.AccessChange{Revoked: &revoked})
	require.Equal(s, permitted("teams:view"), s.effective(active.ID))
	require.NoError(s, ad.DeleteProfile(s.Context(), s.boss(), another.ID, domain.IfMatch{}, domain.ProfileID{}))
	require.Equal(s, permitted("teams:view"), s.effective(off.ID))
}

// userCopyPermissions: role, profile, own permissions, team and queues are copied, and copying again changes nothing.
func userCopyPermissions(s *scene) {
	ad := s.administration()
	from, to := s.provision("from@acme.test"), s.provision("to@acme.test")
	r, p, team, q1, q2, q3 := s.role("Agent", domain.RoleID{}, domain.SeesOwn), s.profile("Agent", permitted("teams:view")), s.team("Blue"), s.queue("1"), s.queue("2"), s.queue("3")
	granted, revoked := permitted("users:view"), permitted("teams:view")
	s.assign(from.ID, domain.AccessChange{
		Role: domain.Choose(r.ID), Profile: domain.Choose(p.ID), Team: domain.Choose(team.ID), Queues: &[]domain.QueueID{q1.ID, q2.ID},
		Granted: &granted, Revoked: &revoked, Locked: true,
	})
	s.assign(to.ID, domain.AccessChange{Queues: &[]domain.QueueID{q2.ID, q3.ID}})
	made := s.eventsSince(func() {
		copied, err := ad.CopyAccess(s.Context(), s.boss(), from.ID, to.ID, domain.IfMatch{})
		require.NoError(s, err)
		require.Equal(s, r.ID, copied.Role.ID)
		require.Equal(s, p.ID, copied.Profile.ID)
		require.Equal(s, team.ID, copied.Team.ID)
		require.ElementsMatch(s, []domain.QueueID{q1.ID, q2.ID}, []domain.QueueID{copied.Queues[0].ID, copied.Queues[1].ID})
		require.Equal(s, granted, copied.Granted)
		require.Equal(s, revoked, copied.Revoked)
		require.Equal(s, domain.SourceAdministrator, copied.Role.Source)
		require.False(s, copied.Role.Locked, "a lock is about one person")
	})
	require.Equal(s, []domain.EventType{domain.UserAccessChanged}, eventTypes(made))
	require.Equal(s, to.ID.UUID, made[0].Subject)
	require.Equal(s, s.effective(from.ID), s.effective(to.ID))
	made = s.eventsSince(func() {
		_, err := ad.CopyAccess(s.Context(), s.boss(), from.ID, to.ID, domain.IfMatch{})
		require.NoError(s, err)
	})
	require.Empty(s, made)

	_, err := ad.CopyAccess(s.Context(), s.boss(), domain.UserID{UUID: q1.ID.UUID}, to.ID, domain.IfMatch{})
	require.Equal(s, "from", fieldAtFault(s, err))
	storetest.Gone(s, err)

	// What somebody has by default is copied as well, to who has it by no default: as it is now.
	_, err = ad.SetDefaults(s.Context(), s.boss(), domain.IfMatch{}, r.ID, p.ID)
	require.NoError(s, err)
	pushed, other := s.provision("pushed@acme.test"), s.role("Other", domain.RoleID{}, domain.SeesOwn)
	byHand := s.provision("by-hand@acme.test")
	s.assign(byHand.ID, domain.AccessChange{Role: domain.Choose(other.ID), Profile: domain.Choose(domain.ProfileID{}), Revoked: &revoked})
	copied, err := ad.CopyAccess(s.Context(), s.boss(), pushed.ID, byHand.ID, domain.IfMatch{})
	require.NoError(s, err)
	require.Equal(s, []any{r.ID, p.ID}, []any{copied.Role.ID, copied.Profile.ID})
	require.Equal(s, s.effective(pushed.ID), s.effective(byHand.ID))

	_, err = ad.SetDefaults(s.Context(), s.boss(), domain.IfMatch{}, domain.RoleID{}, domain.ProfileID{})
	require.NoError(s, err)

	// Nobody copies what they do not hold, nor ends by it what was revoked, nor from whom they do not see.
	helper := s.provision("helper@acme.test")
	may := permitted("users:view", "users:edit")
	s.assign(helper.ID, domain.AccessChange{Granted: &may})
	third := s.provision("third@acme.test")
	s.escalates(func() error {
		_, err := ad.CopyAccess(s.Context(), s.as(helper.ID), from.ID, third.ID, domain.IfMatch{})
		return err
	})
	s.assign(third.ID, domain.AccessChange{Revoked: &revoked})
	plain := s.provision("plain@acme.test")
	s.escalates(func() error {
		_, err := ad.CopyAccess(s.Context(), s.as(helper.ID), plain.ID, third.ID, domain.IfMatch{})
		return err
	})
	_, err = ad.CopyAccess(s.Context(), s.clerk("users:edit"), plain.ID, third.ID, domain.IfMatch{})
	storetest.Refused(s, err, domain.Forbidden, domain.CodePermissionMissing)
}

// accessDefaults: people from a directory have the default role and profile unless something else was decided; a new
// default holds for all of them at once.
func accessDefaults(s *scene) {
	ad := s.administration()
	pushed, local := s.provision("pushed@acme.test"), s.local("local@acme.test")
	r, p, own := s.role("Agent", domain.RoleID{}, domain.SeesOwn), s.profile("Agent", permitted("teams:view")), s.profile("Own", permitted("queues:view"))
	access := func(id domain.UserID) domain.UserAccess {
		u, err := ad.UserAccess(s.Context(), s.boss(), id)
		require.NoError(s, err)
		return u
	}
	require.Zero(s, access(pushed.ID).Role.ID, "no default: none")
	chosen := s.clock.Now().UTC().Truncate(time.Millisecond)
	made := s.eventsSince(func() {
		for range 2 {
			d, err := ad.SetDefaults(s.Context(), s.boss(), domain.IfMatch{}, r.ID, p.ID)
			require.NoError(s, err)
			require.EqualValues(s, 1, d.Version)
		}
	})
	require.Equal(s, []domain.EventType{domain.DefaultsChanged}, eventTypes(made))
	require.Equal(s, domain.Given[domain.Role]{ID: r.ID, Source: domain.SourceDefault, At: chosen}, access(pushed.ID).Role)
	require.Equal(s, permitted("teams:view"), s.effective(pushed.ID))
	require.Zero(s, access(local.ID).Profile.ID)
	require.Empty(s, s.effective(local.ID))
	s.assign(pushed.ID, domain.AccessChange{Profile: domain.Choose(own.ID)})
	require.Equal(s, permitted("queues:view"), s.effective(pushed.ID))
	s.assign(pushed.ID, domain.AccessChange{Profile: domain.Choose(domain.ProfileID{})})
	require.Empty(s, s.effective(pushed.ID), "it was decided that there is none")
	s.assign(pushed.ID, domain.AccessChange{Profile: domain.Automatically[domain.Profile]()})
	require.Equal(s, permitted("teams:view"), s.effective(pushed.ID))

	// What is a default cannot just go.
	storetest.Refused(s, ad.DeleteProfile(s.Context(), s.boss(), p.ID, domain.IfMatch{}, domain.ProfileID{}), domain.Conflict, domain.CodeInUse)
	s.clock.Move(time.Hour)
	require.NoError(s, ad.DeleteProfile(s.Context(), s.boss(), p.ID, domain.IfMatch{}, own.ID))
	d, err := ad.Defaults(s.Context(), s.boss())
	require.NoError(s, err)
	require.Equal(s, domain.Defaults{Role: r.ID, RoleAt: chosen, Profile: own.ID, ProfileAt: chosen.Add(time.Hour), Version: 2}, d)
	_, err = ad.SetDefaults(s.Context(), s.boss(), domain.IfMatch{Set: true, Versions: []int64{1}}, domain.RoleID{}, domain.ProfileID{})
	storetest.Refused(s, err, domain.Precondition, domain.CodeVersionMismatch)
	_, err = ad.SetDefaults(s.Context(), s.boss(), domain.IfMatch{}, domain.RoleID{}, p.ID)
	storetest.Refused(s, err, domain.Invalid, domain.CodeInvalidValue)
}

// licenceModules: people reach only the modules of their licence, and a profile that permits nothing there warns.
func licenceModules(s *scene) {
	ad := s.administration()
	require.NoError(s, s.store.Write(s.Context(), func(tx domain.Tx) error {
		return tx.Seats().Plan(s.org(), domain.SeatPlan{Licence: domain.LicenceSimulator, Unlimited: true})
	}))
	s.register("simulator")
	u := storetest.Account(s, s.store, s.tenant, "sim@acme.test", func(u *domain.User) { u.Licence = domain.LicenceSimulator })
	made := s.eventsSince(func() {
		for range 2 {
			l, err := ad.SetLicenceModules(s.Context(), s.boss(), domain.LicenceSimulator, domain.IfMatch{}, domain.TheseObjects("simulator"))
			require.NoError(s, err)
			require.EqualValues(s, 2, l.Version)
		}
	})
	require.Equal(s, []domain.EventType{domain.LicenceUpdated}, eventTypes(made))
	office, both := s.profile("Office", permitted("users:view")), s.profile("Both", permitted("users:view", "simulator:view"))
	assigned := s.assign(u.ID, domain.AccessChange{Profile: domain.Choose(office.ID)})
	require.Contains(s, assigned.Warning, "simulator")
	require.Empty(s, s.effective(u.ID))
	require.Empty(s, s.assign(u.ID, domain.AccessChange{Profile: domain.Choose(both.ID)}).Warning)
	require.Equal(s, permitted("simulator:view"), s.effective(u.ID))
	full := s.provision("full@acme.test")
	require.Empty(s, s.assign(full.ID, domain.AccessChange{Profile: domain.Choose(office.ID)}).Warning)

	// However such a person is saved: added, moved to the licence, copied to, or with the profile that they had.
	warned := func(u domain.User, err error) string {
		s.Helper()
		require.NoError(s, err)
		warning, err := ad.Warning(s.Context(), u)
		require.NoError(s, err)
		return warning
	}
	add := func(name string, profile domain.ProfileID, licence string) domain.User {
		return s.done(ad.Add(s.Context(), s.boss(), domain.NewPerson{FullName: name, Email: name + "@acme.test", Role: s.staff(), Profile: profile, Licence: licence}))
	}
	require.Contains(s, warned(add("office", office.ID, domain.LicenceSimulator), nil), "the licence simulator")
	require.Empty(s, warned(add("both", both.ID, domain.LicenceSimulator), nil))
	require.Empty(s, warned(add("nothing", domain.ProfileID{}, domain.LicenceSimulator), nil), "who has no profile has none that is wrong")
	require.Empty(s, warned(full, nil))
	require.Contains(s, warned(ad.ChangeLicence(s.Context(), s.boss(), full.ID, domain.IfMatch{}, domain.LicenceSimulator)), "the licence simulator")
	require.Contains(s, s.assign(full.ID, domain.AccessChange{Profile: domain.Choose(office.ID)}).Warning, "the licence simulator")
	copied, err := ad.CopyAccess(s.Context(), s.boss(), full.ID, u.ID, domain.IfMatch{})
	require.NoError(s, err)
	require.Contains(s, copied.Warning, "the licence simulator")
	pushed := s.provision("pushed@acme.test")
	_, err = ad.SetDefaults(s.Context(), s.boss(), domain.IfMatch{}, domain.RoleID{}, office.ID)
	require.NoError(s, err)
	require.Contains(s, warned(ad.LockLicence(s.Context(), s.boss(), pushed.ID, domain.IfMatch{}, domain.LicenceSimulator)), "the licence simulator", "by default, too")

	l, err := ad.LicenceType(s.Context(), s.boss(), domain.LicenceSimulator)
	require.NoError(s, err)
	require.Equal(s, domain.TheseObjects("simulator"), l.Modules)
	_, err = ad.LicenceType(s.Context(), s.boss(), "unheard-of")
	storetest.Gone(s, err)
	_, err = ad.LicenceType(s.Context(), s.application("users:view"), domain.LicenceSimulator)
	storetest.Refused(s, err, domain.Forbidden, domain.CodePermissionMissing)

	set := func(who domain.Administrator, licence string, modules domain.Objects) error {
		_, err := ad.SetLicenceModules(s.Context(), who, licence, domain.IfMatch{}, modules)
		return err
	}
	storetest.Refused(s, set(s.boss(), domain.LicenceSimulator, domain.TheseObjects("nothing")), domain.Invalid, domain.CodeInvalidValue)
	storetest.Gone(s, set(s.boss(), "unheard-of", domain.AllObjects()))
	limited := domain.Administrator{Organisation: s.org(), Permissions: permitted("licences:edit")}
	s.escalates(func() error { return set(limited, domain.LicenceSimulator, domain.AllObjects()) })
	require.NoError(s, set(limited, domain.LicenceSimulator, domain.TheseObjects()))
	list, err := ad.LicenceTypes(s.Context(), s.boss())
	require.NoError(s, err)
	require.Len(s, list, 2)
	require.True(s, list[1].Modules.None())
}

// accessImmediate: what one replica changes holds on another one from its next look on.
func accessImmediate(s *scene) {
	replica := domain.NewAdministration(storetest.Open(s, storetest.URL(s, s.store)), s.clock.Environment(), randomSource())
	u := s.provision("ana@acme.test")
	look := func() domain.Permissions {
		held, err := replica.Effective(s.Context(), s.boss(), u.ID)
		require.NoError(s, err)
		return held
	}
	p := s.profile("Agent", permitted("teams:view"))
	require.Empty(s, look())
	s.assign(u.ID, domain.AccessChange{Profile: domain.Choose(p.ID)})
	require.Equal(s, permitted("teams:view"), look())
	_, err := s.administration().EditProfile(s.Context(), s.boss(), p.ID, domain.IfMatch{}, domain.ProfileSpec{Grants: permitted("queues:view")})
	require.NoError(s, err)
	require.Equal(s, permitted("queues:view"), look())
	revoked := permitted("queues:view")
	s.assign(u.ID, domain.AccessChange{Revoked: &revoked})
	require.Empty(s, look())
}

// accessAssign: what is given remembers where it is from; what is so already changes nothing.
func accessAssign(s *scene) {
	ad := s.administration()
	u := s.provision("ana@acme.test")
	r, team := s.role("Agent", domain.RoleID{}, domain.SeesOwn), s.team("Blue")
	q1, q2 := s.queue("One"), s.queue("Two")
	change := domain.AccessChange{Role: domain.Choose(r.ID), Team: domain.Choose(team.ID), Queues: &[]domain.QueueID{q2.ID, q1.ID, q2.ID}, Locked: true}
	made := s.eventsSince(func() {
		is := s.assign(u.ID, change)
		require.Equal(s, domain.Given[domain.Role]{ID: r.ID, Source: domain.SourceAdministrator, Locked: true, At: s.clock.Now()}, is.Role)
		require.Len(s, is.Queues, 2)
		require.EqualValues(s, 1, is.Version)
		require.Equal(s, is, s.assign(u.ID, change), "so it is already")
	})
	require.Equal(s, []domain.EventType{domain.UserAccessChanged}, eventTypes(made))
	require.Equal(s, "by-hand", made[0].RequestID)
	require.Equal(s, r.ID.String(), made[0].After.Get("role").Get("id").Text())

	// What a mapping gives stays until an administrator locks something else.
	mapped := s.provision("mapped@acme.test")
	s.mapping(s.group("Mapped", mapped.ID.UUID), domain.MappingGrants{Role: r.ID, Queues: []domain.QueueID{q1.ID}})
	is := s.assign(mapped.ID, domain.AccessChange{Role: domain.Automatically[domain.Role](), Queues: &[]domain.QueueID{q2.ID}})
	require.Equal(s, domain.SourceMapping, is.Role.Source)
	require.Len(s, is.Queues, 2, "queues add up")
	is = s.assign(mapped.ID, domain.AccessChange{Role: domain.Choose(r.ID), Queues: &[]domain.QueueID{}})
	require.Equal(s, domain.SourceMapping, is.Role.Source)
	require.Len(s, is.Queues, 1)
	is = s.assign(mapped.ID, domain.AccessChange{Role: domain.Choose(r.ID), Locked: true})
	require.Equal(s, domain.SourceAdministrator, is.Role.Source)

	who := domain.Administrator{Organisation: s.org(), Permissions: permitted("users:view")}
	_, err := ad.Assign(s.Context(), who, u.ID, domain.IfMatch{}, domain.AccessChange{})
	storetest.Refused(s, err, domain.Forbidden, domain.CodePermissionMissing)
	who.Permissions = domain.Permissions{mustPermission("users:edit"): domain.TheseObjects(mapped.ID.String())}
	_, err = ad.Assign(s.Context(), who, u.ID, domain.IfMatch{}, domain.AccessChange{})
	storetest.Refused(s, err, domain.Forbidden, domain.CodePermissionMissing)
	_, err = ad.Assign(s.Context(), who, mapped.ID, domain.IfMatch{}, domain.AccessChange{Team: domain.Choose(team.ID)})
	require.NoError(s, err, "one person that they may edit")
}
