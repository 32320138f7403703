package storetest

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
)

// giving is an organisation in which people are given things that need not exist: the store does not know.
type giving struct {
	testing.TB
	store  *persistence.Store
	tenant Tenant
	at     time.Time
}

func newGiving(t *testing.T, store *persistence.Store) *giving {
	t.Helper()
	return &giving{TB: t, store: store, tenant: OwnTenant(t, store, -1), at: time.Date(2026, 4, 5, 6, 7, 8, 9e6, time.UTC)}
}

func (g *giving) org() domain.OrganisationID { return g.tenant.Organisation.ID }

func (g *giving) person(name string) domain.User {
	g.Helper()
	return insertUser(g, g.store, DraftUser(g, g.tenant.Caller, Person(name)))
}

func (g *giving) of(user domain.UserID) domain.UserAccess {
	g.Helper()
	return reading(g, g.store, func(tx domain.Tx) (domain.UserAccess, error) { return tx.Assignments().Of(g.org(), user) })
}

// give changes what a person is given.
func (g *giving) give(user domain.UserID, change func(*domain.UserAccess)) domain.UserAccess {
	g.Helper()
	was := g.of(user)
	is := was
	is.Queues = append([]domain.Given[domain.Queue](nil), was.Queues...)
	change(&is)
	is.Version, is.ModifiedAt = was.Version+1, g.at
	domain.SortQueues(is.Queues)
	write(g, g.store, func(tx domain.Tx) error { return tx.Assignments().Save(was, is) })
	require.Equal(g, is, g.of(user))
	return is
}

func (g *giving) archive(u domain.User) {
	g.Helper()
	u.Status, u.ArchivedAt, u.Version = domain.Inactive, time.Now(), u.Version+1
	write(g, g.store, func(tx domain.Tx) error { return tx.Users().Archive(u) })
}

func (g *giving) held(kind domain.GivenKind, id uuid.UUID) int {
	g.Helper()
	return reading(g, g.store, func(tx domain.Tx) (int, error) { return tx.Assignments().Held(g.org(), kind, id) })
}

func (g *giving) replace(kind domain.GivenKind, id, by uuid.UUID) (moved []domain.UserID) {
	g.Helper()
	write(g, g.store, func(tx domain.Tx) (err error) {
		moved, err = tx.Assignments().Replace(g.org(), kind, id, by, g.at.Add(time.Hour))
		return err
	})
	return moved
}

func assignments(t *testing.T, store *persistence.Store) {
	g := newGiving(t, store)
	ana, ben := g.person("ana@acme.test"), g.person("ben@acme.test")
	none := domain.UserAccess{
		User: ana.ID, Organisation: g.org(), Directory: true, Licence: domain.LicenceFull,
		Granted: domain.Permissions{}, Revoked: domain.Permissions{},
	}
	require.Equal(t, none, g.of(ana.ID))
	_, err := tryReading(store, func(tx domain.Tx) (domain.UserAccess, error) {
		return tx.Assignments().Of(NewTenant(t, store, Slug(t)+"-2", -1).Organisation.ID, ana.ID)
	})
	Gone(t, err)

	role, profile, team := newUUID(t), newUUID(t), newUUID(t)
	q1, q2 := newUUID(t), newUUID(t)
	queue := func(id uuid.UUID, source domain.Source) domain.Given[domain.Queue] {
		return domain.Given[domain.Queue]{ID: domain.QueueID{UUID: id}, Source: source, At: g.at}
	}
	first := g.give(ana.ID, func(u *domain.UserAccess) {
		u.Role = domain.Given[domain.Role]{ID: domain.RoleID{UUID: role}, Source: domain.SourceMapping, At: g.at}
		u.Profile = domain.Given[domain.Profile]{Source: domain.SourceAdministrator, Locked: true, At: g.at} // decidedly none
		u.Team = domain.Given[domain.Team]{ID: domain.TeamID{UUID: team}, Source: domain.SourceExtension, At: g.at}
		u.Queues = append(u.Queues, queue(q1, domain.SourceAdministrator), queue(q2, domain.SourceMapping))
		u.Granted = domain.Permissions{{Module: "campaigns", Action: "dial"}: domain.TheseObjects("c1")}
		u.Revoked = domain.Permissions{{Module: "users", Action: "view"}: domain.AllObjects()}
		u.GrantedAt, u.RevokedAt = g.at.Add(time.Minute), g.at.Add(2*time.Minute)
	})
	movedOn(t, store, func(tx domain.Tx) error { return tx.Assignments().Save(none, first) })
	g.give(ana.ID, func(u *domain.UserAccess) {
		u.Role = domain.Given[domain.Role]{}
		u.Profile = domain.Given[domain.Profile]{ID: domain.ProfileID{UUID: profile}, Source: domain.SourceAdministrator, At: g.at}
		u.Queues = u.Queues[:1]
		u.Granted = domain.Permissions{}
		u.GrantedAt = g.at.Add(time.Hour)
	})
	g.give(ben.ID, func(u *domain.UserAccess) {
		u.Profile = domain.Given[domain.Profile]{ID: domain.ProfileID{UUID: profile}, Source: domain.SourceMapping, At: g.at}
		u.Queues = append(u.Queues, queue(q1, domain.SourceMapping), queue(q2, domain.SourceMapping))
		u.Granted = domain.Permissions{{Module: "campaignsx", Action: "dial"}: domain.AllObjects()}
	})
	require.Equal(t, []domain.UserAccess{g.of(ana.ID), g.of(ben.ID)}, reading(t, store, func(tx domain.Tx) ([]domain.UserAccess, error) {
		return tx.Assignments().OfMany(g.org(), []domain.UserID{ben.ID, {UUID: newUUID(t)}, ana.ID})
	}))
	gone := g.person("gone@acme.test")
	g.give(gone.ID, func(u *domain.UserAccess) {
		u.Profile = domain.Given[domain.Profile]{ID: domain.ProfileID{UUID: profile}, Source: domain.SourceMapping, At: g.at}
		u.Revoked = domain.Permissions{{Module: "users", Action: "view"}: domain.AllObjects()}
	})
	g.archive(gone)
	_, err = tryReading(store, func(tx domain.Tx) (domain.UserAccess, error) { return tx.Assignments().Of(g.org(), gone.ID) })
	Gone(t, err)

	require.Zero(t, g.held(domain.GivenRole, role))
	require.Equal(t, 2, g.held(domain.GivenProfile, profile), "who was archived holds nothing")
	require.Zero(t, g.held(domain.GivenTeam, profile))
	require.Equal(t, 1, g.held(domain.GivenQueue, q2))
	mentioning := func(module string) []uuid.UUID {
		return uuidsOf(reading(t, store, func(tx domain.Tx) ([]domain.UserID, error) { return tx.Assignments().Mentioning(g.org(), module) }))
	}
	require.Empty(t, mentioning("campaigns"))
	require.Equal(t, []uuid.UUID{ben.ID.UUID}, mentioning("campaignsx"))
	require.Equal(t, []uuid.UUID{ana.ID.UUID}, mentioning("users"))

	heir := newUUID(t)
	before := g.of(ben.ID)
	require.Equal(t, []uuid.UUID{ana.ID.UUID, ben.ID.UUID}, uuidsOf(g.replace(domain.GivenProfile, profile, heir)))
	after := g.of(ben.ID)
	require.Equal(t, domain.Given[domain.Profile]{ID: domain.ProfileID{UUID: heir}, Source: domain.SourceMapping, At: g.at.Add(time.Hour)}, after.Profile)
	require.Equal(t, before.Version+1, after.Version)
	require.Equal(t, before.Granted, after.Granted)
	require.Equal(t, before.Queues, after.Queues)
	require.Empty(t, g.replace(domain.GivenProfile, profile, heir))

	moved := g.replace(domain.GivenQueue, q1, q2)
	require.Len(t, moved, 2)
	for _, id := range moved {
		list := g.of(id).Queues
		require.Len(t, list, 1, "who is in both is in one")
		require.Equal(t, q2, list[0].ID.UUID)
	}
	require.Len(t, g.replace(domain.GivenQueue, q2, uuid.Nil), 2)
	require.Empty(t, g.of(ana.ID).Queues)

	Gone(t, writing(store, func(tx domain.Tx) error {
		return tx.Assignments().Lock(domain.OrganisationID{UUID: newUUID(t)})
	}))
	defaults := func() domain.Defaults {
		return reading(t, store, func(tx domain.Tx) (domain.Defaults, error) { return tx.Assignments().Defaults(g.org()) })
	}
	require.Equal(t, domain.Defaults{}, defaults())
	is := domain.Defaults{Role: domain.RoleID{UUID: role}, RoleAt: g.at, Version: 1}
	for range 2 {
		was := defaults()
		write(t, store, func(tx domain.Tx) error { return tx.Assignments().SaveDefaults(g.org(), was, is) })
		require.Equal(t, is, defaults())
		movedOn(t, store, func(tx domain.Tx) error { return tx.Assignments().SaveDefaults(g.org(), was, is) })
		is = domain.Defaults{Profile: domain.ProfileID{UUID: profile}, RoleAt: g.at.Add(time.Hour), ProfileAt: g.at.Add(time.Minute), Version: 2}
	}
}

// access: one statement finds everything that decides what a person may do.
func access(t *testing.T, store *persistence.Store) {
	g := newGiving(t, store)
	ana := g.person("ana@acme.test")
	local := insertUser(t, store, func() domain.User {
		u := DraftUser(t, g.tenant.Caller, Person("local@acme.test"))
		u.Connection, u.Owner, u.Status = domain.ConnectionID{}, true, domain.Pending
		return u
	}())
	decides := func(id domain.UserID) domain.Admission {
		return reading(t, store, func(tx domain.Tx) (domain.Admission, error) { return tx.Assignments().Admission(g.org(), id) })
	}
	of := func(id domain.UserID) domain.Access {
		found := reading(t, store, func(tx domain.Tx) (domain.Access, error) { return tx.Assignments().Access(g.org(), id) })
		require.Equal(t, domain.Admission{Facts: domain.AccessFacts{Here: true, Status: found.Status}, Access: found}, decides(id))
		return found
	}
	none := domain.Permissions{}
	require.Equal(t, domain.Access{Status: domain.Active, Modules: domain.AllObjects(), Profile: none, Granted: none, Revoked: none}, of(ana.ID))
	require.Equal(t, domain.Access{Owner: true, Status: domain.Pending, Modules: domain.AllObjects(), Profile: none, Granted: none, Revoked: none}, of(local.ID))

	grants := func(action string) domain.Permissions {
		return domain.Permissions{{Module: "users", Action: action}: domain.AllObjects()}
	}
	profile := func(name, action string, baseline bool) domain.Profile {
		p := domain.Profile{Entry: draftEntry[domain.Profile](t, g.org(), name), Grants: grants(action), Baseline: baseline}
		write(t, store, func(tx domain.Tx) error { return tx.Profiles().Insert(p) })
		return p
	}
	given, byDefault := profile("Given", "edit", false), profile("Default", "view", false)
	profile("One baseline", "invite", true)
	profile("Another", "export", true)
	write(t, store, func(tx domain.Tx) error {
		return tx.Assignments().SaveDefaults(g.org(), domain.Defaults{}, domain.Defaults{Profile: byDefault.ID, Version: 1})
	})
	require.Equal(t, grants("view"), of(ana.ID).Profile, "nobody has decided")
	require.Equal(t, none, of(local.ID).Profile, "the defaults are for people from a directory")
	require.Equal(t, grants("invite").Union(grants("export")), of(ana.ID).Baseline)

	g.give(ana.ID, func(u *domain.UserAccess) {
		u.Profile = domain.Given[domain.Profile]{ID: given.ID, Source: domain.SourceAdministrator, At: g.at}
		u.Granted, u.Revoked = grants("unblock"), grants("delete")
	})
	got := of(ana.ID)
	require.Equal(t, []domain.Permissions{grants("edit"), grants("unblock"), grants("delete")}, []domain.Permissions{got.Profile, got.Granted, got.Revoked})
	g.give(ana.ID, func(u *domain.UserAccess) {
		u.Profile = domain.Given[domain.Profile]{Source: domain.SourceAdministrator, At: g.at}
	})
	require.Equal(t, none, of(ana.ID).Profile, "it was decided that there is none")

	was := reading(t, store, func(tx domain.Tx) ([]domain.LicenceType, error) { return tx.LicenceTypes().List(g.org()) })[0]
	is := was
	is.Modules, is.Version = domain.TheseObjects("campaigns", "users"), 2
	write(t, store, func(tx domain.Tx) error { return tx.LicenceTypes().Save(was, is) })
	require.Equal(t, is.Modules, of(ana.ID).Modules)

	g.archive(ana)
	_, err := tryReading(store, func(tx domain.Tx) (domain.Access, error) { return tx.Assignments().Access(g.org(), ana.ID) })
	Gone(t, err)
	require.Equal(t, domain.Admission{}, decides(ana.ID), "nobody is here")
	rowsAgree(t, store, g.org())
}

// admission: the same statement finds everything that decides whether a person may come in.
func admission(t *testing.T, store *persistence.Store) {
	g := newGiving(t, store)
	ana := g.person("ana@acme.test")
	of := func() domain.AccessFacts {
		found := reading(t, store, func(tx domain.Tx) (domain.Admission, error) { return tx.Assignments().Admission(g.org(), ana.ID) })
		require.Equal(t, ana.Status, found.Access.Status)
		return found.Facts
	}
	want := domain.AccessFacts{Here: true, Status: ana.Status}
	require.Equal(t, want, of())
	for _, step := range []struct {
		change func(tx domain.Tx) error
		facts  func()
	}{
		{func(tx domain.Tx) error {
			return tx.Blocks().Put(domain.Block{}, domain.Block{Organisation: g.org(), User: ana.ID, Reason: domain.BlockedByInactivity, Since: g.at, By: domain.ActorSystem()})
		}, func() { want.Block = domain.BlockedByInactivity }},
		{func(tx domain.Tx) error {
			w, err := domain.WindowSpec{TimeZone: "Europe/Madrid", ValidUntil: "2030-06-30", Schedule: "mon 09:00-17:00"}.Window()
			want.Window = w
			if err != nil {
				return err
			}
			return tx.Windows().Put(g.org(), ana.ID, w)
		}, func() {}},
		{func(tx domain.Tx) error {
			return tx.Waiting().Join(domain.WaitingPlace{Organisation: g.org(), User: ana.ID, Licence: domain.LicenceFull, Next: domain.Active, Since: g.at})
		}, func() { want.Waiting = true }},
		{func(tx domain.Tx) error { return tx.Organisations().Suspend(g.org(), g.at) }, func() { want.OrganisationSuspended = true }},
	} {
		write(t, store, step.change)
		step.facts()
		require.Equal(t, want, of())
	}
	_, err := tryReading(store, func(tx domain.Tx) (domain.Admission, error) {
		return tx.Assignments().Admission(domain.OrganisationID{UUID: newUUID(t)}, ana.ID)
	})
	Gone(t, err)
}
