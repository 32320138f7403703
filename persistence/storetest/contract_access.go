package storetest

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
)

// fillAccess puts a row into every table that is about what people may do.
func fillAccess(t testing.TB, tx domain.Tx, org domain.OrganisationID, user domain.UserID) error {
	t.Helper()
	role := domain.Role{Entry: draftEntry[domain.Role](t, org, "Agent"), Sees: domain.SeesOwn}
	profile := domain.Profile{Entry: draftEntry[domain.Profile](t, org, "Agent")}
	module := domain.Module{Organisation: org, ID: "campaigns", Name: "Campaigns", Version: 1}
	for _, insert := range []func() error{
		func() error { return tx.Modules().Insert(module) },
		func() error { return tx.Roles().Insert(role) },
		func() error { return tx.Profiles().Insert(profile) },
		func() error { return tx.Teams().Insert(domain.Team{Entry: draftEntry[domain.Team](t, org, "Blue")}) },
		func() error {
			return tx.Queues().Insert(domain.Queue{Entry: draftEntry[domain.Queue](t, org, "Sales")})
		},
		func() error {
			return tx.Assignments().SaveDefaults(org, domain.Defaults{}, domain.Defaults{Role: role.ID, Profile: profile.ID, Version: 1})
		},
		func() error {
			was := domain.UserAccess{User: user, Organisation: org}
			is := was
			is.Role, is.Version = domain.Given[domain.Role]{ID: role.ID, Source: domain.SourceMapping, At: role.CreatedAt}, 1
			return tx.Assignments().Save(was, is)
		},
	} {
		if err := insert(); err != nil {
			return err
		}
	}
	return nil
}

// draftEntry is an entry as a use case would make it.
func draftEntry[Noun any](t testing.TB, org domain.OrganisationID, name string) domain.Entry[Noun] {
	t.Helper()
	at := time.Date(2026, 4, 5, 6, 7, 8, 9e6, time.UTC)
	return domain.Entry[Noun]{
		ID: domain.ID[Noun]{UUID: newUUID(t)}, Organisation: org, Name: domain.NewName(name), Description: "About\n" + name,
		Version: 1, CreatedAt: at, ModifiedAt: at,
	}
}

// entries holds a list to what domain.Entries promises. make makes one of the list, other changes everything that is its own.
func entries[Noun any](t *testing.T, store *persistence.Store, list func(domain.Tx) domain.Entries[Noun], entry func(*Noun) *domain.Entry[Noun],
	draft func(domain.Entry[Noun]) Noun, other func(*Noun),
) {
	t.Helper()
	tenant := OwnTenant(t, store, -1)
	org, elsewhere := tenant.Organisation.ID, NewTenant(t, store, Slug(t)+"-2", -1).Organisation.ID
	insert := func(n Noun) error { return writing(store, func(tx domain.Tx) error { return list(tx).Insert(n) }) }
	get := func(org domain.OrganisationID, id domain.ID[Noun]) (Noun, error) {
		return tryReading(store, func(tx domain.Tx) (Noun, error) { return list(tx).Get(org, id) })
	}
	all := func(org domain.OrganisationID) []Noun {
		return reading(t, store, func(tx domain.Tx) ([]Noun, error) { return list(tx).List(org) })
	}
	b, a := draft(draftEntry[Noun](t, org, "Éclair")), draft(draftEntry[Noun](t, org, "aBC"))
	idB := entry(&b).ID
	require.Empty(t, all(org))
	require.NoError(t, insert(b))
	require.NoError(t, insert(a))
	require.Equal(t, []Noun{a, b}, all(org), "in order of name")
	got, err := get(org, idB)
	require.NoError(t, err)
	require.Equal(t, b, got)
	byName := func(org domain.OrganisationID, name string) (Noun, error) {
		return tryReading(store, func(tx domain.Tx) (Noun, error) { return list(tx).ByName(org, name) })
	}
	got, err = byName(org, "ÉCLAIR")
	require.NoError(t, err)
	require.Equal(t, b, got)
	_, err = byName(org, "Ecla")
	Gone(t, err)
	_, err = byName(elsewhere, "Éclair")
	Gone(t, err)
	_, err = get(elsewhere, idB)
	Gone(t, err)
	require.Empty(t, all(elsewhere))

	Refused(t, insert(draft(draftEntry[Noun](t, org, "éCLAIR"))), domain.Conflict, domain.CodeNameTaken)
	require.NoError(t, insert(draft(draftEntry[Noun](t, elsewhere, "éclair"))), "another organisation has names of its own")

	change := func(was, is Noun) error {
		return writing(store, func(tx domain.Tx) error { return list(tx).Save(was, is) })
	}
	is := b
	e := entry(&is)
	e.Name, e.Description, e.Version, e.ModifiedAt = domain.NewName("éclairs"), "", 2, e.ModifiedAt.Add(time.Hour)
	other(&is)
	require.NoError(t, change(b, is))
	got, err = get(org, idB)
	require.NoError(t, err)
	require.Equal(t, is, got)
	taken := is
	entry(&taken).Name, entry(&taken).Version = domain.NewName("ABC"), 3
	Refused(t, change(is, taken), domain.Conflict, domain.CodeNameTaken)
	movedOn(t, store, func(tx domain.Tx) error { return list(tx).Save(b, is) })
	movedOn(t, store, func(tx domain.Tx) error { return list(tx).Delete(b) })
	got, err = get(org, idB)
	require.NoError(t, err)
	require.Equal(t, is, got)

	remove := func(n Noun) error { return writing(store, func(tx domain.Tx) error { return list(tx).Delete(n) }) }
	require.NoError(t, remove(is))
	_, err = get(org, idB)
	Gone(t, err)
	require.Equal(t, []Noun{a}, all(org))
	require.NoError(t, insert(draft(draftEntry[Noun](t, org, "ÉCLAIRS"))), "the name is free again")
}

func roles(t *testing.T, store *persistence.Store) {
	entries(t, store, func(tx domain.Tx) domain.Entries[domain.Role] { return tx.Roles() },
		func(r *domain.Role) *domain.Entry[domain.Role] { return &r.Entry },
		func(e domain.Entry[domain.Role]) domain.Role { return domain.Role{Entry: e, Sees: domain.SeesTeam} },
		func(r *domain.Role) { r.Parent, r.Sees = domain.RoleID{UUID: newUUID(t)}, domain.SeesAll })
}

func profiles(t *testing.T, store *persistence.Store) {
	view, dial := domain.Permission{Module: "users", Action: "view"}, domain.Permission{Module: "campaigns", Action: "dial"}
	entries(t, store, func(tx domain.Tx) domain.Entries[domain.Profile] { return tx.Profiles() },
		func(p *domain.Profile) *domain.Entry[domain.Profile] { return &p.Entry },
		func(e domain.Entry[domain.Profile]) domain.Profile {
			return domain.Profile{Entry: e, Grants: domain.Permissions{}}
		},
		func(p *domain.Profile) {
			p.Icon, p.Baseline, p.System = "shield", true, true
			p.Grants = domain.Permissions{view: domain.AllObjects(), dial: domain.TheseObjects(`a "quoted" one`, "b")}
		})
}

func teams(t *testing.T, store *persistence.Store) {
	entries(t, store, func(tx domain.Tx) domain.Entries[domain.Team] { return tx.Teams() },
		func(n *domain.Team) *domain.Entry[domain.Team] { return &n.Entry },
		func(e domain.Entry[domain.Team]) domain.Team { return domain.Team{Entry: e} }, func(*domain.Team) {})
}

func queues(t *testing.T, store *persistence.Store) {
	entries(t, store, func(tx domain.Tx) domain.Entries[domain.Queue] { return tx.Queues() },
		func(n *domain.Queue) *domain.Entry[domain.Queue] { return &n.Entry },
		func(e domain.Entry[domain.Queue]) domain.Queue { return domain.Queue{Entry: e} }, func(*domain.Queue) {})
}

func modules(t *testing.T, store *persistence.Store) {
	org := OwnTenant(t, store, -1).Organisation.ID
	at := time.Date(2026, 4, 5, 6, 7, 8, 9e6, time.UTC)
	module := func(id string, own ...string) domain.Module {
		return domain.Module{
			Organisation: org, ID: id, Name: "The " + id, Actions: append([]string{"view", "create", "edit", "delete"}, own...),
			Version: 1, CreatedAt: at, ModifiedAt: at,
		}
	}
	insert := func(m domain.Module) error {
		return writing(store, func(tx domain.Tx) error { return tx.Modules().Insert(m) })
	}
	list := func() []domain.Module {
		return reading(t, store, func(tx domain.Tx) ([]domain.Module, error) { return tx.Modules().List(org) })
	}
	b, a := module("records"), module("campaigns", "pause", "dial")
	require.NoError(t, insert(b))
	require.NoError(t, insert(a))
	Refused(t, insert(module("records", "x")), domain.Conflict, domain.CodeNameTaken)
	require.Equal(t, []domain.Module{a, b}, list())
	is := module("records", "share")
	is.Name, is.HasObjects, is.Version, is.ModifiedAt = "Records", true, 2, at.Add(time.Hour)
	require.NoError(t, writing(store, func(tx domain.Tx) error { return tx.Modules().Save(b, is) }))
	require.Equal(t, []domain.Module{a, is}, list())
	movedOn(t, store, func(tx domain.Tx) error { return tx.Modules().Save(b, is) })
	movedOn(t, store, func(tx domain.Tx) error { return tx.Modules().Delete(b) })
	require.NoError(t, writing(store, func(tx domain.Tx) error { return tx.Modules().Delete(a) }))
	require.Equal(t, []domain.Module{is}, list())
	elsewhere := NewTenant(t, store, Slug(t)+"-2", -1).Organisation.ID
	require.Empty(t, reading(t, store, func(tx domain.Tx) ([]domain.Module, error) { return tx.Modules().List(elsewhere) }))
}

func licenceTypes(t *testing.T, store *persistence.Store) {
	org := OwnTenant(t, store, -1).Organisation.ID
	list := func() []domain.LicenceType {
		return reading(t, store, func(tx domain.Tx) ([]domain.LicenceType, error) { return tx.LicenceTypes().List(org) })
	}
	was := domain.LicenceType{Organisation: org, Name: domain.LicenceFull, Modules: domain.AllObjects(), Version: 1}
	require.Equal(t, []domain.LicenceType{was}, list())
	for _, modules := range []domain.Objects{domain.TheseObjects("users", "campaigns"), domain.TheseObjects(), domain.AllObjects()} {
		is := was
		is.Modules, is.Version = modules, was.Version+1
		require.NoError(t, writing(store, func(tx domain.Tx) error { return tx.LicenceTypes().Save(was, is) }))
		require.Equal(t, is.Modules.All, list()[0].Modules.All)
		require.ElementsMatch(t, is.Modules.IDs, list()[0].Modules.IDs)
		require.Equal(t, is.Version, list()[0].Version)
		was = is
	}
}

// licencesGo: a licence goes when nobody has it; until then its people can be found, those in line last, and what names it
// can be made to name another one.
func licencesGo(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, 5)
	org := tenant.Organisation.ID
	trial := domain.LicenceType{Organisation: org, Name: "trial", Modules: domain.AllObjects(), Version: 1}
	require.NoError(t, writing(store, func(tx domain.Tx) error { return tx.Seats().Plan(org, domain.SeatPlan{Licence: "trial", Limit: 2}) }))
	holders := func(licence string, limit int) []domain.UserID {
		return reading(t, store, func(tx domain.Tx) ([]domain.UserID, error) { return tx.LicenceTypes().Holders(org, licence, limit) })
	}
	named := func(licence string) bool {
		return reading(t, store, func(tx domain.Tx) (bool, error) { return tx.LicenceTypes().Named(org, licence) })
	}
	require.Empty(t, holders("trial", 9))
	ana, bo := Account(t, store, tenant, "ana@acme.test", nil), Account(t, store, tenant, "bo@acme.test", nil)
	require.Equal(t, []domain.UserID{ana.ID, bo.ID}, holders(domain.LicenceFull, 9))
	require.Equal(t, []domain.UserID{ana.ID}, holders(domain.LicenceFull, 1))
	require.NoError(t, writing(store, func(tx domain.Tx) error {
		return tx.Waiting().Join(domain.WaitingPlace{Organisation: org, User: ana.ID, Licence: domain.LicenceFull, Next: domain.Active, Since: ana.CreatedAt})
	}))
	require.Equal(t, []domain.UserID{bo.ID, ana.ID}, holders(domain.LicenceFull, 9), "who is in line comes last")

	require.False(t, named("trial"))
	require.NoError(t, writing(store, func(tx domain.Tx) error {
		return tx.Dossiers().Wish(org, ana.ID, domain.LicenceWish{Licence: "trial", Since: ana.CreatedAt})
	}))
	require.True(t, named("trial"))
	said := domain.Claim{Kind: domain.GivenSeat, Source: domain.SourceExtension, Text: "trial", At: ana.CreatedAt}
	require.NoError(t, writing(store, func(tx domain.Tx) error { return tx.Claims().Save(org, bo.ID, nil, []domain.Claim{said}) }))
	require.NoError(t, writing(store, func(tx domain.Tx) error { return tx.LicenceTypes().Rename(org, "trial", domain.LicenceFull) }))
	require.False(t, named("trial"))
	require.Empty(t, reading(t, store, func(tx domain.Tx) ([]domain.UserID, error) { return tx.Dossiers().Wishing(org, domain.LicenceFull, 9) }),
		"who has it wishes for it no more")
	said.Text = domain.LicenceFull
	require.Equal(t, []domain.Claim{said}, reading(t, store, func(tx domain.Tx) ([]domain.Claim, error) { return tx.Claims().Of(org, bo.ID) }))

	gone := func(l domain.LicenceType) func(domain.Tx) error {
		return func(tx domain.Tx) error { return tx.LicenceTypes().Delete(l) }
	}
	stale := trial
	stale.Version = 2
	movedOn(t, store, gone(stale))
	movedOn(t, store, gone(domain.LicenceType{Organisation: org, Name: domain.LicenceFull, Version: 1}))
	require.NoError(t, writing(store, gone(trial)))
	list := reading(t, store, func(tx domain.Tx) ([]domain.LicenceType, error) { return tx.LicenceTypes().List(org) })
	require.Equal(t, []string{domain.LicenceFull}, []string{list[0].Name})
	require.Len(t, list, 1)
}

// movedOn requires that a write is over a version that is gone: then the unit of work runs again.
func movedOn(t testing.TB, store domain.Store, fn func(domain.Tx) error) {
	t.Helper()
	enough := domain.UnknownMember("enough")
	runs := 0
	err := writing(store, func(tx domain.Tx) error {
		if runs++; runs > 2 { // PostgreSQL tries twice before it has to begin anew
			return enough
		}
		return fn(tx)
	})
	require.Equal(t, enough, err)
}

func uuidsOf(ids []domain.UserID) []uuid.UUID {
	list := make([]uuid.UUID, len(ids))
	for i, id := range ids {
		list[i] = id.UUID
	}
	return list
}
