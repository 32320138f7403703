package storetest

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence"
)

func users(t *testing.T, store *persistence.Store) {
	for name, part := range map[string]func(*testing.T, *persistence.Store){
		"Get": getUser, "Insert": insertUsers, "Save": saveUser, "Archive": archiveUser, "Owners": owners, "Reports": reports,
		"Standing": standing, "Lengths": lengths,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			part(t, store)
		})
	}
}

func userByID(store domain.Store, scope domain.Scope, id domain.UserID) (domain.User, error) {
	return tryReading(store, func(tx domain.Tx) (domain.User, error) { return tx.Users().Get(scope, id) })
}

// getUser: what was stored, to whom it belongs, and NotFound to everybody else (rule link.scope).
func getUser(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, -1)
	scope := tenant.Caller.Scope()
	boss := insertUser(t, store, DraftUser(t, tenant.Caller, Person("boss@acme.test", Text("externalId", "e-boss"))))
	u := insertUser(t, store, DraftUser(t, tenant.Caller, Person("Ana@Acme.test", Text("externalId", "E1"), Name("Ana", "Łuk"),
		Text("displayName", "Ana Ł."), Emails("ana@acme.test", "ANA@home.test"), Manager(boss.ID.String()))))
	got, err := userByID(store, scope, u.ID)
	require.NoError(t, err)
	want := u
	want.Emails, want.GivenName, want.FamilyName = nil, "", "" // those are in the document
	want.ManagerRef = &domain.PersonRef{ID: boss.ID, Display: "boss@acme.test"}
	require.Equal(t, want, got)

	t.Run("manager by external id", func(t *testing.T) {
		byExternal := insertUser(t, store, DraftUser(t, tenant.Caller, Person("b@acme.test", Manager("e-boss"))))
		got, err := userByID(store, scope, byExternal.ID)
		require.NoError(t, err)
		require.Equal(t, want.ManagerRef, got.ManagerRef)
	})
	t.Run("an external id is never an id", func(t *testing.T) { // Grafana CVE-2025-41115
		posing := insertUser(t, store, DraftUser(t, tenant.Caller, Person("posing@acme.test", Text("externalId", boss.ID.String()))))
		got, err := userByID(store, scope, boss.ID)
		require.NoError(t, err)
		require.Equal(t, boss.ID, got.ID)
		got, err = userByID(store, scope, u.ID)
		require.NoError(t, err)
		require.Equal(t, boss.ID, got.ManagerRef.ID, "an id is looked for before an external id")
		_, err = userByID(store, scope, posing.ID)
		require.NoError(t, err)
	})
	t.Run("groups in order of id", func(t *testing.T) {
		var refs []domain.GroupRef
		for _, name := range []string{"Zebra \"quoted\"", "Äpfel", "Mitte\n"} {
			g := insertGroup(t, store, DraftGroup(t, tenant.Caller, GroupNamed(name)))
			refs = append(refs, domain.GroupRef{ID: g.ID, Display: name})
			write(t, store, func(tx domain.Tx) error {
				_, err := tx.Groups().AddMembers(g, uuids(u.ID.UUID))
				return err
			})
		}
		got, err := userByID(store, scope, u.ID)
		require.NoError(t, err)
		require.Equal(t, refs, got.Groups)
	})
	t.Run("nobody else's", func(t *testing.T) {
		_, unknown := userByID(store, scope, domain.UserID{UUID: newUUID(t)})
		Gone(t, unknown)
		second, _, _ := NewConnection(t, store, tenant.Organisation.ID, "second")
		elsewhere := NewTenant(t, store, Slug(t), -1)
		for _, scope := range []domain.Scope{
			{Organisation: tenant.Organisation.ID, Connection: second.ID},
			{Organisation: elsewhere.Organisation.ID, Connection: tenant.Connection.ID},
			elsewhere.Caller.Scope(),
			{Organisation: tenant.Organisation.ID}, // no connection at all
		} {
			_, err := userByID(store, scope, u.ID)
			require.Equal(t, unknown, err)
		}
		local := Account(t, store, tenant, "local@acme.test", nil)
		_, err := userByID(store, scope, local.ID)
		require.Equal(t, unknown, err, "a person of no directory")
		_, err = userByID(store, domain.Scope{Organisation: tenant.Organisation.ID}, local.ID)
		require.Equal(t, unknown, err)
	})
	rowsAgree(t, store, tenant.Organisation.ID)
}

func insertUsers(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, -1)
	second, _, secondCaller := NewConnection(t, store, tenant.Organisation.ID, "second")
	elsewhere := NewTenant(t, store, Slug(t)+"-2", -1)
	insert := func(caller domain.Caller, tree attribute.Value) error {
		u := DraftUser(t, caller, tree)
		return writing(store, func(tx domain.Tx) error { return addUser(tx, u) })
	}
	require.NoError(t, insert(tenant.Caller, Person("Straße@acme.test", Text("externalId", "Ab1"))))
	taken := insert(tenant.Caller, Person("STRASSE@ACME.TEST"))
	Refused(t, taken, domain.Conflict, domain.CodeUserNameTaken)
	require.Equal(t, taken, insert(secondCaller, Person("STRASSE@acme.test")), "of another connection")
	require.NoError(t, insert(elsewhere.Caller, Person("straße@acme.test", Text("externalId", "Ab1"))), "of another organisation")

	Refused(t, insert(tenant.Caller, Person("b@acme.test", Text("externalId", "Ab1"))), domain.Conflict, domain.CodeExternalIDTaken)
	require.NoError(t, insert(tenant.Caller, Person("b@acme.test", Text("externalId", "aB1"))), "external ids are case-exact")
	require.NoError(t, insert(secondCaller, Person("c@acme.test", Text("externalId", "Ab1"))), "a connection has external ids of its own")
	require.NoError(t, insert(tenant.Caller, Person("d@acme.test")))
	require.NoError(t, insert(tenant.Caller, Person("e@acme.test")), "any number may have none")
	require.NotEqual(t, tenant.Connection.ID, second.ID)

	many := make([]string, 250)
	for i := range many {
		many[i] = "alias" + string(rune('a'+i%26)) + uuid.NewString() + "@acme.test"
	}
	require.NoError(t, insert(tenant.Caller, Person("many@acme.test", Emails(many...))), "any number of e-mails")
	rowsAgree(t, store, tenant.Organisation.ID)
	rowsAgree(t, store, elsewhere.Organisation.ID)
}

func saveUser(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, -1)
	save := func(known domain.User, change func(attribute.Value) (attribute.Value, error)) (domain.User, error) {
		was, is := DraftChange(t, tenant.Caller, known, change)
		err := writing(store, func(tx domain.Tx) error { return tx.Users().Save(was, is) })
		if err != nil {
			rowsAgree(t, store, tenant.Organisation.ID)
			return known, err
		}
		got, err := userByID(store, tenant.Caller.Scope(), known.ID)
		require.NoError(t, err)
		require.Equal(t, string(is.Document), string(got.Document))
		require.Equal(t, is.Version, got.Version)
		require.Equal(t, is.ModifiedAt, got.ModifiedAt)
		rowsAgree(t, store, tenant.Organisation.ID)
		return got, nil
	}
	must := func(u domain.User, err error) domain.User {
		t.Helper()
		require.NoError(t, err)
		return u
	}
	other := insertUser(t, store, DraftUser(t, tenant.Caller, Person("other@acme.test", Text("externalId", "other"), Emails("other@mail.test"))))
	u := insertUser(t, store, DraftUser(t, tenant.Caller, Person("ana@acme.test", Text("externalId", "ana"), Text("displayName", "Ana"))))

	u = must(save(u, Setting(Text("displayName", "Ana Ø"), Name("Ana", "Ø"), Emails("ana@acme.test", "second@acme.test"))))
	u = must(save(u, Setting(Text("userName", "ANA@acme.test"))))
	u = must(save(u, Setting(Text("userName", "anna@acme.test"))))
	u = must(save(u, Setting(Text("userName", "ana@acme.test"))))
	u = must(save(u, Setting(Text("userName", "second@acme.test"))))
	u = must(save(u, Setting(Text("userName", "third@acme.test"))))
	u = must(save(u, Setting(Manager(other.ID.String()))))
	u = must(save(u, Setting(Manager("somebody not here yet"))))
	u = must(save(u, Clearing(domain.URNEnterprise, "emails", "displayName", "name", "externalId")))
	u = must(save(u, Setting(Text("externalId", "ana"), Truth("active", false))))

	_, err := save(u, Setting(Text("userName", "Other@acme.test")))
	Refused(t, err, domain.Conflict, domain.CodeUserNameTaken)
	_, err = save(u, Setting(Text("externalId", "other")))
	Refused(t, err, domain.Conflict, domain.CodeExternalIDTaken)
	u = must(save(u, Setting(Text("externalId", "Other"))))

	t.Run("over the version that was read", func(t *testing.T) {
		was, is := DraftChange(t, tenant.Caller, u, Setting(Text("title", "late")))
		u = must(save(u, Setting(Text("title", "early"))))
		attempts := 0
		err := writing(store, func(tx domain.Tx) error {
			attempts++
			if attempts > 1 {
				return tx.Users().Save(DraftChange(t, tenant.Caller, u, Setting(Text("nickName", "second attempt"))))
			}
			return tx.Users().Save(was, is)
		})
		require.NoError(t, err, "the unit of work runs again")
		got, err := userByID(store, tenant.Caller.Scope(), u.ID)
		require.NoError(t, err)
		tree, err := got.Attributes()
		require.NoError(t, err)
		require.Equal(t, "early", tree.Get("title").Text())
		require.Equal(t, "second attempt", tree.Get("nickName").Text())
	})
	rowsAgree(t, store, tenant.Organisation.ID)
}

// archiveUser: out of sight, names free, memberships gone, groups changed.
func archiveUser(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, 3)
	scope := tenant.Caller.Scope()
	tree := Person("ana@acme.test", Text("externalId", "ana"), Emails("ana@mail.test"), Text("displayName", "Ana"))
	u := insertUser(t, store, DraftUser(t, tenant.Caller, tree))
	g := insertGroup(t, store, DraftGroup(t, tenant.Caller, GroupNamed("Everybody")))
	write(t, store, func(tx domain.Tx) error {
		_, err := tx.Groups().AddMembers(g, uuids(u.ID.UUID))
		return err
	})
	gone := u
	gone.Status, gone.Version, gone.ArchivedAt, gone.ModifiedAt = domain.Inactive, u.Version+1, u.ModifiedAt.Add(time.Second), u.ModifiedAt.Add(time.Second)
	write(t, store, func(tx domain.Tx) error {
		if err := tx.Users().Archive(gone); err != nil {
			return err
		}
		return tx.Seats().Release(u.Organisation, u.ID)
	})
	_, err := userByID(store, scope, u.ID)
	Gone(t, err)
	group := reading(t, store, func(tx domain.Tx) (domain.Group, error) { return tx.Groups().Get(scope, g.ID) })
	require.Equal(t, g.Version+1, group.Version)
	require.Equal(t, gone.ModifiedAt, group.ModifiedAt)
	require.Zero(t, reading(t, store, func(tx domain.Tx) (int, error) { return tx.Groups().MemberCount(scope, g.ID, 10) }))
	require.Zero(t, Count(t, Raw(t, store), "SELECT count(*) FROM memberships WHERE organisation_id = $1", u.Organisation.String()))
	insertUser(t, store, DraftUser(t, tenant.Caller, tree))

	t.Run("over the version that was read", func(t *testing.T) {
		attempts := 0
		err := writing(store, func(tx domain.Tx) error {
			attempts++
			if attempts > 1 {
				return domain.UnknownToken()
			}
			return tx.Users().Archive(gone)
		})
		Refused(t, err, domain.Unauthenticated, domain.CodeUnauthenticated)
		require.Equal(t, 2, attempts)
	})
	rowsAgree(t, store, tenant.Organisation.ID)
}

func owners(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, -1)
	accepted := time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)
	owner := func(u *domain.User) { u.Owner, u.AcceptedAt = true, accepted }
	a := Account(t, store, tenant, "a@acme.test", owner)
	pending := Account(t, store, tenant, "b@acme.test", func(u *domain.User) { u.Owner, u.Status, u.AcceptedAt = true, domain.Pending, time.Time{} })
	Account(t, store, tenant, "c@acme.test", nil)
	archived := Account(t, store, tenant, "d@acme.test", owner)
	archived.Status, archived.ArchivedAt, archived.Version = domain.Inactive, accepted, 2
	write(t, store, func(tx domain.Tx) error {
		if err := tx.Users().Archive(archived); err != nil {
			return err
		}
		return tx.Seats().Release(archived.Organisation, archived.ID)
	})
	var list []domain.Owner
	write(t, store, func(tx domain.Tx) (err error) {
		list, err = tx.Users().Owners(tenant.Organisation.ID)
		return err
	})
	require.Equal(t, []domain.Owner{
		{ID: a.ID, Status: domain.Active, AcceptedAt: accepted}, {ID: pending.ID, Status: domain.Pending},
	}, list)
	write(t, store, func(tx domain.Tx) (err error) {
		held, err := tx.SignIns().Hold(tenant.Organisation.ID, a.ID)
		if err != nil {
			return err
		}
		held.Password = "$test$x"
		if err := tx.SignIns().Save(held); err != nil {
			return err
		}
		list, err = tx.Users().Owners(tenant.Organisation.ID)
		return err
	})
	require.Equal(t, []bool{true, false}, []bool{list[0].WayIn, list[1].WayIn})
	rowsAgree(t, store, tenant.Organisation.ID)
}

func reports(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, -1)
	boss := insertUser(t, store, DraftUser(t, tenant.Caller, Person("boss@acme.test")))
	var ids []domain.UserID
	for _, name := range []string{"a", "b", "c"} {
		ids = append(ids, insertUser(t, store, DraftUser(t, tenant.Caller, Person(name+"@acme.test", Manager(boss.ID.String())))).ID)
	}
	_, _, second := NewConnection(t, store, tenant.Organisation.ID, "second")
	insertUser(t, store, DraftUser(t, second, Person("hidden@acme.test", Manager(boss.ID.String()))))
	find := func(limit int) (found []domain.UserID) {
		for _, u := range reading(t, store, func(tx domain.Tx) ([]domain.User, error) {
			return tx.Managers().Reports(tenant.Organisation.ID, boss.ID, limit)
		}) {
			require.Equal(t, boss.ID.String(), u.Manager)
			found = append(found, u.ID)
		}
		return found
	}
	require.Equal(t, ids, find(10))
	require.Len(t, find(2), 2)
	rowsAgree(t, store, tenant.Organisation.ID)
}

// standing: a read for a caller known from memory answers nothing once anybody's access was taken or given back, told by
// the same statement; a look-up makes it good again.
func standing(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, -1)
	u := insertUser(t, store, DraftUser(t, tenant.Caller, Person("ana@acme.test")))
	g := insertGroup(t, store, DraftGroup(t, tenant.Caller, GroupNamed("Everybody")))
	now := time.Now()
	answers := func(caller domain.Caller) bool {
		scope := caller.Scope()
		scope.Standing = &domain.Standing{AccessVersion: caller.AccessVersion}
		_, errUser := userByID(store, scope, u.ID)
		_, errGroup := tryReading(store, func(tx domain.Tx) (domain.Group, error) { return tx.Groups().Get(scope, g.ID) })
		require.Equal(t, errUser == nil, errGroup == nil)
		if errUser != nil {
			Gone(t, errUser)
			Gone(t, errGroup)
		}
		return errUser == nil
	}
	lookUp := func() domain.Caller {
		return reading(t, store, func(tx domain.Tx) (domain.Caller, error) {
			return tx.Tokens().Caller(domain.Bearer{Organisation: tenant.Organisation.ID, Hash: tenant.Caller.Token}, now)
		})
	}
	known := lookUp()
	require.True(t, answers(known))
	_, _, second := NewConnection(t, store, tenant.Organisation.ID, "second")
	require.False(t, answers(second), "another connection's people")
	require.True(t, answers(known), "a new connection takes nothing away")
	other := known
	other.AccessVersion++
	require.False(t, answers(other))

	org, connection := tenant.Organisation.ID, tenant.Connection.ID
	moves := func(fn func(domain.Tx) error) {
		t.Helper()
		before := lookUp()
		require.True(t, answers(before))
		write(t, store, fn)
		require.False(t, answers(before))
		after := lookUp()
		require.Greater(t, after.AccessVersion, before.AccessVersion)
		require.True(t, answers(after))
	}
	for _, at := range []time.Time{now, {}} {
		moves(func(tx domain.Tx) error { return tx.Organisations().Suspend(org, at) })
		moves(func(tx domain.Tx) error { return tx.Connections().Disable(org, connection, at) })
	}
	expiring := domain.Token{
		ID: domain.TokenID{UUID: newUUID(t)}, Organisation: org, Connection: connection, Hash: domain.TokenHash{2}, CreatedAt: now,
		ExpiresAt: now.Add(time.Minute).Truncate(time.Millisecond),
	}
	write(t, store, func(tx domain.Tx) error { return tx.Tokens().Insert(expiring) })
	caller := reading(t, store, func(tx domain.Tx) (domain.Caller, error) {
		return tx.Tokens().Caller(domain.Bearer{Organisation: org, Hash: expiring.Hash}, now)
	})
	require.True(t, expiring.ExpiresAt.Equal(caller.TokenExpiresAt))
	require.Zero(t, lookUp().TokenExpiresAt)
	moves(func(tx domain.Tx) error { return tx.Tokens().Revoke(org, expiring.ID, now) })

	elsewhere := lookUp()
	neighbour := NewTenant(t, store, newUUID(t).String(), -1)
	write(t, store, func(tx domain.Tx) error {
		return tx.Connections().Disable(neighbour.Organisation.ID, neighbour.Connection.ID, now)
	})
	require.True(t, answers(elsewhere), "another organisation's changes are its own")
}

// uuids are identifiers in order.
func uuids(ids ...uuid.UUID) []uuid.UUID {
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	return ids
}
