package storetest

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence"
)

func groupByID(store domain.Store, scope domain.Scope, id domain.GroupID) (domain.Group, error) {
	return tryReading(store, func(tx domain.Tx) (domain.Group, error) { return tx.Groups().Get(scope, id) })
}

func groups(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, -1)
	scope := tenant.Caller.Scope()
	_, _, second := NewConnection(t, store, tenant.Organisation.ID, "second")
	insert := func(caller domain.Caller, tree attribute.Value) (domain.Group, error) {
		g := DraftGroup(t, caller, tree)
		return g, writing(store, func(tx domain.Tx) error { return tx.Groups().Insert(g) })
	}
	g, err := insert(tenant.Caller, GroupNamed("Ärzte", Text("externalId", "X1")))
	require.NoError(t, err)
	got, err := groupByID(store, scope, g.ID)
	require.NoError(t, err)
	require.Equal(t, g, got)

	_, err = insert(tenant.Caller, GroupNamed("Others", Text("externalId", "X1")))
	Refused(t, err, domain.Conflict, domain.CodeExternalIDTaken)
	other, err := insert(tenant.Caller, GroupNamed("Ärzte", Text("externalId", "x1")))
	require.NoError(t, err, "names of groups need not be unique, and external ids are case-exact")
	_, err = insert(second, GroupNamed("Ärzte", Text("externalId", "X1")))
	require.NoError(t, err, "a connection has external ids of its own")

	_, unknown := groupByID(store, scope, domain.GroupID{UUID: newUUID(t)})
	Gone(t, unknown)
	elsewhere := NewTenant(t, store, Slug(t)+"-2", -1)
	for _, foreign := range []domain.Scope{second.Scope(), elsewhere.Caller.Scope(), {Organisation: tenant.Organisation.ID}} {
		_, err := groupByID(store, foreign, g.ID)
		require.Equal(t, unknown, err)
	}

	t.Run("Lock", func(t *testing.T) {
		lock := func(scope domain.Scope, id domain.GroupID) (locked domain.Group, err error) {
			err = writing(store, func(tx domain.Tx) error {
				locked, err = tx.Groups().Lock(scope, id)
				return err
			})
			return locked, err
		}
		locked, err := lock(scope, g.ID)
		require.NoError(t, err)
		require.Equal(t, g, locked)
		_, err = lock(second.Scope(), g.ID)
		require.Equal(t, unknown, err)
	})
	t.Run("Save", func(t *testing.T) {
		renamed := g
		renamed.DisplayName, renamed.Version = domain.NewName("Doctors"), g.Version+1
		renamed.Document = DraftGroup(t, tenant.Caller, GroupNamed("Doctors", Text("externalId", "X1"))).Document
		renamed.Document = withID(t, renamed.Document, g.ID.String())
		write(t, store, func(tx domain.Tx) error { return tx.Groups().Save(g, renamed) })
		got, err := groupByID(store, scope, g.ID)
		require.NoError(t, err)
		require.Equal(t, renamed, got)
		attempts := 0
		err = writing(store, func(tx domain.Tx) error {
			if attempts++; attempts > 1 {
				return unknown
			}
			return tx.Groups().Save(g, renamed)
		})
		require.Equal(t, unknown, err, "over the version that was read, else the unit of work runs again")
		taken := renamed
		taken.ExternalID, taken.Version = "x1", renamed.Version+1
		err = writing(store, func(tx domain.Tx) error { return tx.Groups().Save(renamed, taken) })
		Refused(t, err, domain.Conflict, domain.CodeExternalIDTaken)
		g = renamed
	})
	t.Run("Touch", func(t *testing.T) {
		at := g.ModifiedAt.Add(time.Hour)
		touch := func(at time.Time) error {
			return writing(store, func(tx domain.Tx) error { return tx.Groups().Touch(g, at) })
		}
		require.NoError(t, touch(at))
		require.NoError(t, touch(at.Add(-time.Minute)), "whatever the clock of this replica says")
		got, err := groupByID(store, scope, g.ID)
		require.NoError(t, err)
		require.Equal(t, g.Version+2, got.Version)
		require.Equal(t, at.Add(time.Millisecond), got.ModifiedAt, "lastModified moves on")
		g = got
		nobody := g
		nobody.ID = domain.GroupID{UUID: newUUID(t)}
		Gone(t, writing(store, func(tx domain.Tx) error { return tx.Groups().Touch(nobody, at) }))
	})
	t.Run("Archive", func(t *testing.T) {
		u := insertUser(t, store, DraftUser(t, tenant.Caller, Person("member@acme.test")))
		write(t, store, func(tx domain.Tx) error {
			if _, err := tx.Groups().AddMembers(g, uuids(u.ID.UUID)); err != nil {
				return err
			}
			_, err := tx.Groups().AddMembers(other, uuids(g.ID.UUID))
			return err
		})
		gone := g
		gone.Version, gone.ArchivedAt, gone.ModifiedAt = g.Version+1, g.ModifiedAt.Add(time.Second), g.ModifiedAt.Add(time.Second)
		write(t, store, func(tx domain.Tx) error { return tx.Groups().Archive(gone) })
		_, err := groupByID(store, scope, g.ID)
		require.Equal(t, unknown, err)
		require.Zero(t, Count(t, Raw(t, store), "SELECT count(*) FROM memberships WHERE organisation_id = $1", g.Organisation.String()))
		parent, err := groupByID(store, scope, other.ID)
		require.NoError(t, err)
		require.Equal(t, other.Version+1, parent.Version, "the group it was in has changed")
		person, err := userByID(store, scope, u.ID)
		require.NoError(t, err, "members stay")
		require.Empty(t, person.Groups)
		Gone(t, writing(store, func(tx domain.Tx) error { return tx.Groups().Touch(gone, gone.ModifiedAt) }))
		_, err = insert(tenant.Caller, GroupNamed("Ärzte", Text("externalId", "X1")))
		require.NoError(t, err, "its external id is free")
	})
	rowsAgree(t, store, tenant.Organisation.ID)
}

// withID gives a document another id.
func withID(t testing.TB, document []byte, id string) []byte {
	t.Helper()
	tree, err := attribute.Read(document, attribute.Bounds{})
	require.NoError(t, err)
	tree.Set("id", attribute.NewString(id))
	return attribute.AppendJSON(nil, tree)
}

func members(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, -1)
	scope := tenant.Caller.Scope()
	g := insertGroup(t, store, DraftGroup(t, tenant.Caller, GroupNamed("Everybody")))
	nested := insertGroup(t, store, DraftGroup(t, tenant.Caller, GroupNamed("Nested")))
	a := insertUser(t, store, DraftUser(t, tenant.Caller, Person("a@acme.test", Text("displayName", "Ana")))).ID.UUID
	b := insertUser(t, store, DraftUser(t, tenant.Caller, Person("b@acme.test"))).ID.UUID
	c := insertUser(t, store, DraftUser(t, tenant.Caller, Person("c@acme.test"))).ID.UUID
	list := func() []domain.Member {
		return reading(t, store, func(tx domain.Tx) ([]domain.Member, error) { return tx.Groups().Members(scope, g.ID, uuid.Nil, 100) })
	}
	ids := func() []uuid.UUID {
		var found []uuid.UUID
		for _, m := range list() {
			found = append(found, m.ID)
		}
		return found
	}
	change := func(fn func(domain.Groups) (added, removed []uuid.UUID, err error)) (added, removed []uuid.UUID, err error) {
		err = writing(store, func(tx domain.Tx) error {
			added, removed, err = fn(tx.Groups())
			return err
		})
		return uuids(added...), uuids(removed...), err
	}
	add := func(ids ...uuid.UUID) ([]uuid.UUID, error) {
		added, _, err := change(func(g2 domain.Groups) (added, _ []uuid.UUID, err error) {
			added, err = g2.AddMembers(g, ids)
			return added, nil, err
		})
		return added, err
	}
	remove := func(ids ...uuid.UUID) []uuid.UUID {
		_, removed, err := change(func(g2 domain.Groups) (_, removed []uuid.UUID, err error) {
			removed, err = g2.RemoveMembers(g, ids)
			return nil, removed, err
		})
		require.NoError(t, err)
		return removed
	}
	removeWhere := func(where domain.Predicate) []uuid.UUID {
		_, removed, err := change(func(g2 domain.Groups) (_, removed []uuid.UUID, err error) {
			removed, err = g2.RemoveMembersWhere(g, where)
			return nil, removed, err
		})
		require.NoError(t, err)
		return removed
	}
	replace := func(ids ...uuid.UUID) (added, removed []uuid.UUID, err error) {
		return change(func(g2 domain.Groups) (added, removed []uuid.UUID, err error) { return g2.ReplaceMembers(g, ids) })
	}

	added, err := add(b, a, b, nested.ID.UUID)
	require.NoError(t, err)
	require.Equal(t, uuids(a, b, nested.ID.UUID), added, "once each")
	added, err = add(b, c)
	require.NoError(t, err)
	require.Equal(t, uuids(c), added, "those who were not there yet")
	added, err = add(a, b, c)
	require.NoError(t, err)
	require.Empty(t, added)

	want := map[uuid.UUID]domain.Member{
		a: {ID: a, Kind: domain.MemberUser, Display: "Ana"}, b: {ID: b, Kind: domain.MemberUser, Display: "b@acme.test"},
		c: {ID: c, Kind: domain.MemberUser, Display: "c@acme.test"}, nested.ID.UUID: {ID: nested.ID.UUID, Kind: domain.MemberGroup, Display: "Nested"},
	}
	require.Len(t, list(), len(want))
	for _, m := range list() {
		require.Equal(t, want[m.ID], m)
	}
	require.Equal(t, uuids(a, b, c, nested.ID.UUID), ids(), "in order of id")
	page := reading(t, store, func(tx domain.Tx) ([]domain.Member, error) { return tx.Groups().Members(scope, g.ID, ids()[1], 1) })
	require.Len(t, page, 1)
	require.Equal(t, ids()[2], page[0].ID)
	count := func(limit int) int {
		return reading(t, store, func(tx domain.Tx) (int, error) { return tx.Groups().MemberCount(scope, g.ID, limit) })
	}
	require.Equal(t, 4, count(100))
	require.Equal(t, 3, count(3), "not beyond the limit")

	t.Run("strangers", func(t *testing.T) {
		_, _, second := NewConnection(t, store, tenant.Organisation.ID, "second")
		elsewhere := NewTenant(t, store, Slug(t), -1)
		gone := insertUser(t, store, DraftUser(t, tenant.Caller, Person("gone@acme.test")))
		archived := gone
		archived.Status, archived.Version, archived.ArchivedAt = domain.Inactive, 2, time.Now()
		write(t, store, func(tx domain.Tx) error {
			if err := tx.Users().Archive(archived); err != nil {
				return err
			}
			return tx.Seats().Release(gone.Organisation, gone.ID)
		})
		before := ids()
		for name, stranger := range map[string]uuid.UUID{
			"nobody":                           newUUID(t),
			"the zero id":                      uuid.Nil,
			"deleted":                          gone.ID.UUID,
			"a person of another connection":   insertUser(t, store, DraftUser(t, second, Person("s@acme.test"))).ID.UUID,
			"a group of another connection":    insertGroup(t, store, DraftGroup(t, second, GroupNamed("S"))).ID.UUID,
			"a person of another organisation": insertUser(t, store, DraftUser(t, elsewhere.Caller, Person("s@acme.test"))).ID.UUID,
			"a person of no directory":         Account(t, store, tenant, "local@acme.test", nil).ID.UUID,
			"a connection":                     tenant.Connection.ID.UUID,
			"the organisation":                 tenant.Organisation.ID.UUID,
		} {
			joining := insertUser(t, store, DraftUser(t, tenant.Caller, Person("joining"+uuid.NewString()+"@acme.test"))).ID.UUID
			_, err := add(joining, stranger)
			require.Equal(t, domain.UnknownMember(stranger.String()), err, name)
			_, _, err = replace(a, stranger)
			require.Equal(t, domain.UnknownMember(stranger.String()), err, name)
			require.Equal(t, before, ids(), "%s: then nothing is changed", name)
		}
	})

	require.Equal(t, uuids(c), remove(c, newUUID(t)), "those who were there")
	require.Empty(t, remove(c))
	_, err = add(c)
	require.NoError(t, err)

	sub := func(name, operand string, operator domain.Operator) domain.Predicate {
		return domain.Compare{
			Attribute: domain.Attribute{Path: domain.Path{Sub: name}}, Operator: operator,
			Operand: domain.Operand{Value: attribute.NewString(operand)},
		}
	}
	require.Equal(t, uuids(nested.ID.UUID), removeWhere(sub("type", "group", domain.Equal)))
	require.Equal(t, uuids(a), removeWhere(sub("display", "AN", domain.StartsWith)))
	require.Equal(t, uuids(b), removeWhere(sub("value", b.String(), domain.Equal)))
	require.Empty(t, removeWhere(sub("value", b.String(), domain.Equal)))
	require.Equal(t, uuids(c), ids())
	_, err = add(a, b)
	require.NoError(t, err)
	require.Equal(t, uuids(a, b, c), removeWhere(nil), "without a predicate everybody")
	require.Empty(t, ids())

	added, removed, err := replace(a, b)
	require.NoError(t, err)
	require.Equal(t, uuids(a, b), added)
	require.Empty(t, removed)
	added, removed, err = replace(c, b, c)
	require.NoError(t, err)
	require.Equal(t, uuids(c), added)
	require.Equal(t, uuids(a), removed)
	require.Equal(t, uuids(b, c), ids())
	added, removed, err = replace()
	require.NoError(t, err)
	require.Empty(t, added)
	require.Equal(t, uuids(b, c), removed)
	rowsAgree(t, store, tenant.Organisation.ID)
}
