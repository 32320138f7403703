package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
)

// fillMapping gives an organisation a row in each of the tables about what groups and claims give.
func fillMapping(t testing.TB, tx domain.Tx, org domain.OrganisationID, user domain.UserID, group domain.GroupID) error {
	t.Helper()
	at := time.Date(2026, 4, 5, 6, 7, 8, 9e6, time.UTC)
	queues, err := tx.Queues().List(org)
	if err != nil {
		return err
	}
	job := draftJob(t, org, at)
	for _, insert := range []func() error{
		func() error { return tx.Mappings().Insert(draftMapping(t, org, group, at)) },
		func() error {
			return tx.Claims().Save(org, user, nil, []domain.Claim{{Kind: domain.GivenRole, Source: domain.SourceRoles, Text: "Nobody", At: at}})
		},
		func() error {
			return tx.Dossiers().Wish(org, user, domain.LicenceWish{Licence: domain.LicenceSimulator, Since: at})
		},
		func() error { return tx.Dossiers().RememberQueues(org, user, []domain.QueueID{queues[0].ID}, at) },
		func() error { return tx.Jobs().Insert(job, []domain.UserID{user}, domain.GroupID{}) },
	} {
		if err := insert(); err != nil {
			return err
		}
	}
	return nil
}

func draftMapping(t testing.TB, org domain.OrganisationID, group domain.GroupID, at time.Time) domain.Mapping {
	t.Helper()
	return domain.Mapping{
		ID: domain.MappingID{UUID: newUUID(t)}, Organisation: org, Group: group, Priority: 100,
		Grants: domain.MappingGrants{Role: domain.RoleID{UUID: newUUID(t)}}, SavedBy: domain.ActorOperator(), Version: 1, CreatedAt: at, ModifiedAt: at,
	}
}

func draftJob(t testing.TB, org domain.OrganisationID, at time.Time) domain.Job {
	t.Helper()
	return domain.Job{
		ID: domain.JobID{UUID: newUUID(t)}, Organisation: org, About: domain.JobSubject{Kind: "mapping", ID: newUUID(t)},
		Groups: []domain.GroupID{{UUID: newUUID(t)}, {UUID: newUUID(t)}}, Actor: domain.Actor{Kind: "user", ID: newUUID(t)}, RequestID: "r-1",
		Phase: domain.JobTakes, CreatedAt: at, MovedAt: at,
	}
}

func mappings(t *testing.T, store *persistence.Store) {
	g := newGiving(t, store)
	group := insertGroup(t, store, DraftGroup(t, g.tenant.Caller, GroupNamed("Sales")))
	list := func() []domain.Mapping {
		return reading(t, store, func(tx domain.Tx) ([]domain.Mapping, error) { return tx.Mappings().List(g.org()) })
	}
	require.Empty(t, list())
	m := draftMapping(t, g.org(), group.ID, g.at)
	write(t, store, func(tx domain.Tx) error { return tx.Mappings().Insert(m) })
	older := draftMapping(t, g.org(), group.ID, g.at.Add(-time.Hour))
	older.Grants = domain.MappingGrants{
		Profile: domain.ProfileID{UUID: newUUID(t)}, Team: domain.TeamID{UUID: newUUID(t)}, Licence: "full",
		Queues: []domain.QueueID{{UUID: newUUID(t)}, {UUID: newUUID(t)}},
	}
	older.SavedBy = domain.Actor{Kind: "user", ID: newUUID(t)}
	write(t, store, func(tx domain.Tx) error { return tx.Mappings().Insert(older) })
	require.Equal(t, []domain.Mapping{older, m}, list(), "the older first")

	is := m
	is.Priority, is.Grants, is.Version, is.ModifiedAt = 5, older.Grants, 2, g.at.Add(time.Hour)
	write(t, store, func(tx domain.Tx) error { return tx.Mappings().Save(m, is) })
	require.Equal(t, is, reading(t, store, func(tx domain.Tx) (domain.Mapping, error) { return tx.Mappings().Get(g.org(), m.ID) }))
	movedOn(t, store, func(tx domain.Tx) error { return tx.Mappings().Save(m, is) })
	movedOn(t, store, func(tx domain.Tx) error { return tx.Mappings().Delete(m) })
	write(t, store, func(tx domain.Tx) error { return tx.Mappings().Delete(is) })
	require.Equal(t, []domain.Mapping{older}, list())
	_, err := tryReading(store, func(tx domain.Tx) (domain.Mapping, error) { return tx.Mappings().Get(g.org(), m.ID) })
	Gone(t, err)
	elsewhere := NewTenant(t, store, Slug(t)+"-2", -1).Organisation.ID
	_, err = tryReading(store, func(tx domain.Tx) (domain.Mapping, error) { return tx.Mappings().Get(elsewhere, older.ID) })
	Gone(t, err)
}

// reaches: mappings reach people through groups in groups, round in circles too.
func reaches(t *testing.T, store *persistence.Store) {
	g := newGiving(t, store)
	ana, ben := g.person("ana@acme.test"), g.person("ben@acme.test")
	top := insertGroup(t, store, DraftGroup(t, g.tenant.Caller, GroupNamed("Top")))
	middle := insertGroup(t, store, DraftGroup(t, g.tenant.Caller, GroupNamed("Middle")))
	low := insertGroup(t, store, DraftGroup(t, g.tenant.Caller, GroupNamed("Low")))
	apart := insertGroup(t, store, DraftGroup(t, g.tenant.Caller, GroupNamed("Apart")))
	for _, link := range [][2]uuid.UUID{
		{top.ID.UUID, middle.ID.UUID}, {middle.ID.UUID, low.ID.UUID}, {low.ID.UUID, top.ID.UUID}, {low.ID.UUID, ana.ID.UUID},
		{middle.ID.UUID, ana.ID.UUID}, {apart.ID.UUID, ben.ID.UUID},
	} {
		write(t, store, func(tx domain.Tx) error {
			_, err := tx.Groups().AddMembers(domain.Group{ID: domain.GroupID{UUID: link[0]}, Organisation: g.org(), Connection: g.tenant.Connection.ID}, []uuid.UUID{link[1]})
			return err
		})
	}
	reached := func(id domain.GroupID) bool {
		return reading(t, store, func(tx domain.Tx) (bool, error) { return tx.Mappings().Reaches(g.org(), id) })
	}
	require.False(t, reached(low.ID), "there is no mapping at all")
	m := draftMapping(t, g.org(), top.ID, g.at)
	write(t, store, func(tx domain.Tx) error { return tx.Mappings().Insert(m) })
	require.True(t, reached(low.ID))
	require.True(t, reached(top.ID))
	require.False(t, reached(apart.ID))

	below := func(groups ...domain.GroupID) []domain.GroupID {
		return reading(t, store, func(tx domain.Tx) ([]domain.GroupID, error) { return tx.Mappings().Below(g.org(), groups) })
	}
	circle := []domain.GroupID{top.ID, middle.ID, low.ID}
	slices.SortFunc(circle, func(a, b domain.GroupID) int { return slices.Compare(a.UUID[:], b.UUID[:]) })
	require.Equal(t, circle, below(middle.ID))
	require.Equal(t, []domain.GroupID{apart.ID}, below(apart.ID))
	people := reading(t, store, func(tx domain.Tx) ([]domain.UserID, error) {
		return tx.Mappings().PeopleBelow(g.org(), []domain.GroupID{top.ID}, 10)
	})
	require.Equal(t, []domain.UserID{ana.ID, ana.ID}, people)
	require.Len(t, reading(t, store, func(tx domain.Tx) ([]domain.UserID, error) {
		return tx.Mappings().PeopleBelow(g.org(), []domain.GroupID{top.ID, apart.ID}, 2)
	}), 2)
	require.Equal(t, []domain.UserID{ben.ID}, reading(t, store, func(tx domain.Tx) ([]domain.UserID, error) {
		return tx.Mappings().PeopleOf(g.org(), apart.ID, domain.UserID{}, 5)
	}))
	require.Empty(t, reading(t, store, func(tx domain.Tx) ([]domain.UserID, error) {
		return tx.Mappings().PeopleOf(g.org(), apart.ID, ben.ID, 5)
	}))
	require.Equal(t, []domain.GroupID{top.ID}, reading(t, store, func(tx domain.Tx) ([]domain.GroupID, error) {
		return tx.Groups().Among(g.org(), []uuid.UUID{ana.ID.UUID, top.ID.UUID, newUUID(t)})
	}))

	dossiers := reading(t, store, func(tx domain.Tx) ([]domain.Dossier, error) {
		return tx.Dossiers().Read(g.org(), []domain.UserID{ben.ID, ana.ID, {UUID: newUUID(t)}}, false)
	})
	require.Len(t, dossiers, 2, "in order of id, who is not here left out")
	require.Equal(t, ana.ID, dossiers[0].Access.User)
	require.Equal(t, []domain.MappingID{m.ID}, dossiers[0].Mappings)
	require.Equal(t, g.tenant.Connection.ID, dossiers[0].Connection)
	require.Equal(t, domain.Active, dossiers[0].Status)
	require.Empty(t, dossiers[1].Mappings)
	require.Equal(t, g.of(ben.ID), dossiers[1].Access)
}

// claims: what was said, and what else decides about a person.
func claims(t *testing.T, store *persistence.Store) {
	g := newGiving(t, store)
	ana, ben := g.person("ana@acme.test"), g.person("ben@acme.test")
	role, queue, other := newUUID(t), newUUID(t), newUUID(t)
	said := []domain.Claim{
		{Kind: domain.GivenQueue, Source: domain.SourceExtension, Object: queue, Text: "Sales", At: g.at},
		{Kind: domain.GivenQueue, Source: domain.SourceExtension, Text: "Nowhere", At: g.at},
		{Kind: domain.GivenRole, Source: domain.SourceAdministrator, Object: role, At: g.at},
		{Kind: domain.GivenRole, Source: domain.SourceRoles, Object: role, Text: "Agent", At: g.at},
	}
	of := func(user domain.UserID) []domain.Claim {
		return reading(t, store, func(tx domain.Tx) ([]domain.Claim, error) { return tx.Claims().Of(g.org(), user) })
	}
	save := func(user domain.UserID, was, is []domain.Claim) {
		write(t, store, func(tx domain.Tx) error { return tx.Claims().Save(g.org(), user, was, is) })
	}
	save(ana.ID, nil, said)
	save(ben.ID, nil, said)
	require.ElementsMatch(t, said, of(ana.ID))
	changed := append([]domain.Claim{{Kind: domain.GivenRole, Source: domain.SourceRoles, Object: other, Text: "Lead", At: g.at}}, said[:3]...)
	save(ana.ID, said, changed)
	require.ElementsMatch(t, changed, of(ana.ID))
	save(ana.ID, changed, changed[:1])
	require.Equal(t, changed[:1], of(ana.ID))

	rename := func(kind domain.GivenKind, id, by uuid.UUID) {
		meant := reading(t, store, func(tx domain.Tx) ([]domain.UserID, error) { return tx.Claims().Meaning(g.org(), kind, id) })
		require.NotEmpty(t, meant)
		write(t, store, func(tx domain.Tx) error { return tx.Claims().Rename(g.org(), kind, id, by) })
		require.Empty(t, reading(t, store, func(tx domain.Tx) ([]domain.UserID, error) { return tx.Claims().Meaning(g.org(), kind, id) }))
		if by != uuid.Nil {
			require.Subset(t, reading(t, store, func(tx domain.Tx) ([]domain.UserID, error) { return tx.Claims().Meaning(g.org(), kind, by) }), meant)
		}
	}
	rename(domain.GivenRole, role, other)
	rename(domain.GivenQueue, queue, other)
	for _, c := range of(ben.ID) {
		if c.Text != "Nowhere" {
			require.Equal(t, other, c.Object, c)
		}
	}
	rename(domain.GivenRole, other, uuid.Nil)
	rename(domain.GivenQueue, other, uuid.Nil)
	require.ElementsMatch(t, []domain.Claim{
		{Kind: domain.GivenQueue, Source: domain.SourceExtension, Text: "Sales", At: g.at}, said[1],
		{Kind: domain.GivenRole, Source: domain.SourceRoles, Text: "Agent", At: g.at},
	}, of(ben.ID), "an administrator's goes, others mean nothing that is here")

	wish := domain.LicenceWish{Licence: "simulator", Since: g.at}
	dossier := func() domain.Dossier {
		return reading(t, store, func(tx domain.Tx) ([]domain.Dossier, error) {
			return tx.Dossiers().Read(g.org(), []domain.UserID{ana.ID}, false)
		})[0]
	}
	require.Equal(t, of(ana.ID), dossier().Claims)
	require.Len(t, dossier().Claims, 1)
	write(t, store, func(tx domain.Tx) error { return tx.Dossiers().Wish(g.org(), ana.ID, wish) })
	require.Equal(t, wish, dossier().Wish)
	wishing := func() []domain.UserID {
		return reading(t, store, func(tx domain.Tx) ([]domain.UserID, error) { return tx.Dossiers().Wishing(g.org(), "simulator", 5) })
	}
	require.Equal(t, []domain.UserID{ana.ID}, wishing())
	write(t, store, func(tx domain.Tx) error { return tx.Dossiers().Wish(g.org(), ana.ID, domain.LicenceWish{}) })
	require.Empty(t, wishing())

	licence := g.give(ana.ID, func(u *domain.UserAccess) {
		u.LicenceFrom = domain.GivenLicence{Source: domain.SourceMapping, Mapping: domain.MappingID{UUID: other}, At: g.at}
		u.Queues = append(u.Queues, domain.Given[domain.Queue]{ID: domain.QueueID{UUID: queue}, Source: domain.SourceMapping, Mapping: domain.MappingID{UUID: other}, At: g.at})
	})
	require.Equal(t, licence, dossier().Access)
	demand := func(user domain.UserID) func(domain.Tx) error {
		return func(tx domain.Tx) error { return tx.Dossiers().DemandSettled(g.org(), user) }
	}
	movedOn(t, store, demand(ana.ID))
	write(t, store, demand(ben.ID))
	write(t, store, func(tx domain.Tx) error { return tx.Dossiers().Wish(g.org(), ben.ID, wish) })
	movedOn(t, store, demand(ben.ID))
	write(t, store, func(tx domain.Tx) error { return tx.Mappings().DemandNoQueues(g.org(), ana.ID) })
	m := draftMapping(t, g.org(), domain.GroupID{UUID: newUUID(t)}, g.at)
	m.Grants.Queues = []domain.QueueID{{UUID: queue}}
	write(t, store, func(tx domain.Tx) error { return tx.Mappings().Insert(m) })
	movedOn(t, store, func(tx domain.Tx) error { return tx.Mappings().DemandNoQueues(g.org(), ana.ID) })
}

func jobs(t *testing.T, store *persistence.Store) {
	g := newGiving(t, store)
	ana, ben := g.person("ana@acme.test"), g.person("ben@acme.test")
	group := insertGroup(t, store, DraftGroup(t, g.tenant.Caller, GroupNamed("Sales")))
	write(t, store, func(tx domain.Tx) error {
		_, err := tx.Groups().AddMembers(group, uuids(ana.ID.UUID, ben.ID.UUID))
		return err
	})
	j := draftJob(t, g.org(), g.at)
	write(t, store, func(tx domain.Tx) error { return tx.Jobs().Insert(j, []domain.UserID{ana.ID}, group.ID) })
	get := func(id domain.JobID) domain.Job {
		return reading(t, store, func(tx domain.Tx) (domain.Job, error) { return tx.Jobs().Get(g.org(), id) })
	}
	require.Equal(t, j, get(j.ID))
	listed := reading(t, store, func(tx domain.Tx) ([]domain.UserID, error) { return tx.Jobs().Listed(j, domain.UserID{}, 10) })
	require.ElementsMatch(t, []domain.UserID{ana.ID, ben.ID}, listed)
	require.Equal(t, listed[1:], reading(t, store, func(tx domain.Tx) ([]domain.UserID, error) { return tx.Jobs().Listed(j, listed[0], 10) }))
	count := func(j domain.Job, groups ...domain.GroupID) int {
		return reading(t, store, func(tx domain.Tx) (int, error) { return tx.Jobs().Count(j, groups) })
	}
	require.Equal(t, 4, count(j, group.ID))
	require.Equal(t, 2, count(j))
	whole := draftJob(t, g.org(), g.at)
	whole.Connection = g.tenant.Connection.ID
	require.Equal(t, 2, count(whole))
	require.Equal(t, listed[1:], reading(t, store, func(tx domain.Tx) ([]domain.UserID, error) { return tx.Jobs().OfConnection(whole, listed[0], 10) }))

	hold := func() (held domain.Job, found bool) {
		write(t, store, func(tx domain.Tx) (err error) {
			held, found, err = tx.Jobs().Hold(g.org(), j.ID)
			return err
		})
		return held, found
	}
	held, found := hold()
	require.True(t, found)
	require.Equal(t, j, held)
	open := reading(t, store, func(tx domain.Tx) (list []domain.Job, err error) {
		err = writing(store, func(tx domain.Tx) (err error) {
			list, err = tx.Jobs().Open(g.org(), j.About)
			return err
		})
		return list, err
	})
	require.Equal(t, []domain.Job{j}, open)

	j.Phase, j.Group, j.After, j.People, j.LookedAt, j.Changed = domain.JobGives, group.ID, ana.ID, 4, 3, 2
	j.MovedAt, j.FinishedAt = g.at.Add(time.Minute), g.at.Add(time.Minute)
	write(t, store, func(tx domain.Tx) error { return tx.Jobs().Move(j) })
	require.Equal(t, j, get(j.ID))
	_, found = hold()
	require.False(t, found, "it is finished")
	later := draftJob(t, g.org(), g.at)
	write(t, store, func(tx domain.Tx) error { return tx.Jobs().Insert(later, nil, domain.GroupID{}) })
	page := func(before domain.JobID) []domain.Job {
		return reading(t, store, func(tx domain.Tx) ([]domain.Job, error) { return tx.Jobs().List(g.org(), before, 5) })
	}
	require.Equal(t, []domain.Job{later, j}, page(domain.JobID{}))
	require.Equal(t, []domain.Job{j}, page(later.ID))
	elsewhere := NewTenant(t, store, Slug(t)+"-2", -1).Organisation.ID
	_, err := tryReading(store, func(tx domain.Tx) (domain.Job, error) { return tx.Jobs().Get(elsewhere, j.ID) })
	Gone(t, err)
	later.Phase, later.FinishedAt = domain.JobDone, g.at
	write(t, store, func(tx domain.Tx) error { return tx.Jobs().Move(later) })
}
