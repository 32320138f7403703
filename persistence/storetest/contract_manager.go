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

// managers: whom a directory names it resolves where it sees them, and administrators where the directory would; whom an
// administrator chose they see whoever has them, and a directory that does not sees an id like any other.
func managers(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, -1)
	org := tenant.Organisation.ID
	_, _, other := NewConnection(t, store, org, "second")
	local := func(name string, more ...attribute.Member) domain.User {
		u := DraftUser(t, tenant.Caller, Person(name+"@acme.test", more...))
		u.Connection = domain.ConnectionID{}
		return insertUser(t, store, u)
	}
	here := insertUser(t, store, DraftUser(t, tenant.Caller, Person("here@acme.test", Text("externalId", "e-here"))))
	there := insertUser(t, store, DraftUser(t, other, Person("there@acme.test")))
	nobodys, marked := local("nobodys"), local("marked")
	write(t, store, func(tx domain.Tx) error {
		return tx.Adoptions().Mark(domain.Adoption{Organisation: org, User: marked.ID, Connection: tenant.Connection.ID, Since: time.Unix(1, 0)})
	})
	choose := func(u domain.User, manager domain.UserID) {
		write(t, store, func(tx domain.Tx) error { return tx.Managers().Choose(org, u.ID, manager) })
	}

	all := domain.Scope{Organisation: org, Whole: true, Declared: true}
	ofConnection := domain.Scope{Organisation: org, Connection: tenant.Connection.ID, Declared: true}
	directory := tenant.Caller.Scope()
	adopting := directory
	adopting.Adopting = true
	seen := func(scope domain.Scope, u domain.User) (found string) {
		t.Helper()
		got := reading(t, store, func(tx domain.Tx) (domain.User, error) { return tx.Users().Get(scope, u.ID) })
		for _, order := range []*domain.Sort{nil, {Attribute: domain.Attribute{Path: domain.Path{Name: "userName"}}}} {
			page := reading(t, store, func(tx domain.Tx) (domain.Page[domain.User], error) {
				return tx.Users().Page(domain.Query{Scope: scope, Limit: 100, Sort: order})
			})
			for _, one := range page.Items {
				if one.ID == u.ID {
					require.Equal(t, got, one)
				}
			}
		}
		if got.ManagerRef == nil {
			return ""
		}
		require.Equal(t, got.Manager, got.ManagerRef.ID.String())
		return got.ManagerRef.Display
	}
	for i, c := range []struct {
		manager                     domain.User
		directory, adopting, all    string // without a choice
		chosenDirectory, chosenHere string // by an administrator
	}{
		{manager: here, directory: "here@acme.test", adopting: "here@acme.test", all: "here@acme.test", chosenDirectory: "here@acme.test", chosenHere: "here@acme.test"},
		{manager: there, chosenHere: "there@acme.test"},
		{manager: nobodys, chosenHere: "nobodys@acme.test"},
		{manager: marked, adopting: "marked@acme.test", all: "marked@acme.test", chosenHere: "marked@acme.test"},
		{manager: domain.User{ID: domain.UserID{UUID: newUUID(t)}}},
	} {
		report := insertUser(t, store, DraftUser(t, tenant.Caller, Person(newUUID(t).String()+"@acme.test", Manager(c.manager.ID.String()))))
		require.Equal(t, []string{c.directory, c.adopting, c.all, c.all},
			[]string{seen(directory, report), seen(adopting, report), seen(all, report), seen(ofConnection, report)}, "pushed, %d", i)
		choose(report, c.manager.ID)
		require.Equal(t, []string{c.chosenDirectory, c.chosenHere, c.chosenHere},
			[]string{seen(directory, report), seen(all, report), seen(ofConnection, report)}, "chosen, %d", i)
	}

	require.Equal(t, "nobodys@acme.test", seen(all, local("x", Manager(nobodys.ID.String()))), "those of no connection know each other")
	byChoice := local("y", Manager(here.ID.String()))
	require.Empty(t, seen(all, byChoice))
	choose(byChoice, here.ID)
	require.Equal(t, "here@acme.test", seen(all, byChoice))
	choose(byChoice, domain.UserID{})
	require.Empty(t, seen(all, byChoice))

	t.Run("a choice ends with the name of another", func(t *testing.T) {
		report := insertUser(t, store, DraftUser(t, tenant.Caller, Person("z@acme.test", Manager(there.ID.String()))))
		choose(report, there.ID)
		is := resaved(t, store, tenant.Caller, report, Setting(Manager("somebody")))
		is = resaved(t, store, tenant.Caller, is, Setting(Manager(there.ID.String())))
		require.Empty(t, seen(all, is))
	})
	rowsAgree(t, store, org)
}

// above: by id and by external id, as far as asked for, also of who is archived, and not for ever in a circle.
func above(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, -1)
	org := tenant.Organisation.ID
	add := func(name string, more ...attribute.Member) domain.User {
		more = append(more, Text("externalId", "e-"+name))
		return insertUser(t, store, DraftUser(t, tenant.Caller, Person(name+"@acme.test", more...)))
	}
	find := func(u domain.User, limit int) []domain.UserID {
		return reading(t, store, func(tx domain.Tx) ([]domain.UserID, error) { return tx.Managers().Above(org, u.ID, limit) })
	}
	top := add("top")
	middle := add("middle", Manager(top.ID.String()))
	low := add("low", Manager("e-middle"))
	stray := add("stray", Manager(uuid.NewString()))
	require.Empty(t, find(top, 5))
	require.Equal(t, []domain.UserID{middle.ID, top.ID}, find(low, 5))
	require.Equal(t, []domain.UserID{middle.ID}, find(low, 1))
	require.Empty(t, find(stray, 5))
	gone := low
	gone.Status, gone.ArchivedAt, gone.Version = domain.Inactive, time.Unix(9, 0), low.Version+1
	write(t, store, func(tx domain.Tx) error { return tx.Users().Archive(gone) })
	require.Equal(t, []domain.UserID{middle.ID}, find(low, 1))

	resaved(t, store, tenant.Caller, top, Setting(Manager(middle.ID.String())))
	require.Equal(t, []domain.UserID{top.ID, middle.ID, top.ID, middle.ID}, find(middle, 4))
	rowsAgree(t, store, org)
}

// resaved stores a change of a person and reads them again.
func resaved(t *testing.T, store *persistence.Store, caller domain.Caller, known domain.User, change func(attribute.Value) (attribute.Value, error)) domain.User {
	t.Helper()
	was, is := DraftChange(t, caller, known, change)
	write(t, store, func(tx domain.Tx) error { return tx.Users().Save(was, is) })
	got, err := userByID(store, caller.Scope(), known.ID)
	require.NoError(t, err)
	return got
}
