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

// declaredGroups are in the sight of administrators alone, found by what claims call them, and not counted.
func declaredGroups(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, -1)
	org, scope := tenant.Organisation.ID, tenant.Caller.Scope()
	_, _, second := NewConnection(t, store, org, "second")
	declare := func(caller domain.Caller, value, name string) (domain.Group, error) {
		g := DraftGroup(t, caller, GroupNamed(name))
		g.ClaimValue = value
		return g, writing(store, func(tx domain.Tx) error { return tx.Groups().Insert(g) })
	}
	pushed := DraftGroup(t, tenant.Caller, GroupNamed("Sales", Text("externalId", "x")))
	write(t, store, func(tx domain.Tx) error { return tx.Groups().Insert(pushed) })
	g, err := declare(tenant.Caller, "x", "Support")
	require.NoError(t, err)
	_, err = declare(tenant.Caller, "x", "Others")
	Refused(t, err, domain.Conflict, domain.CodeNameTaken)
	other, err := declare(tenant.Caller, "X", "Support")
	require.NoError(t, err, "what claims say is case-exact")
	foreign, err := declare(second, "x", "Support")
	require.NoError(t, err, "a connection has its own")

	wide := scope
	wide.Declared = true
	whole := domain.Scope{Organisation: org, Whole: true}
	_, unknown := groupByID(store, scope, domain.GroupID{UUID: newUUID(t)})
	for id, hidden := range map[domain.GroupID]bool{g.ID: true, pushed.ID: false} {
		_, err := groupByID(store, scope, id)
		require.Equal(t, hidden, err != nil)
		if hidden {
			require.Equal(t, unknown, err)
			require.Equal(t, unknown, writing(store, func(tx domain.Tx) error {
				_, err := tx.Groups().Lock(scope, id)
				return err
			}))
		}
	}
	for _, of := range []domain.Scope{wide, whole} {
		got, err := groupByID(store, of, g.ID)
		require.NoError(t, err)
		require.Equal(t, g, got)
	}
	for _, c := range []struct {
		scope domain.Scope
		total int
	}{{scope, 1}, {wide, 3}, {whole, 4}} {
		for limit := range 3 {
			page := reading(t, store, func(tx domain.Tx) (domain.Page[domain.Group], error) {
				return tx.Groups().Page(domain.Query{Scope: c.scope, Limit: limit, Total: true})
			})
			require.Equal(t, []int{c.total, min(limit, c.total)}, []int{page.Total, len(page.Items)})
		}
	}
	err = writing(store, func(tx domain.Tx) error {
		_, err := tx.Groups().AddMembers(pushed, uuids(g.ID.UUID))
		return err
	})
	require.Equal(t, domain.UnknownMember(g.ID.String()), err)

	named := func(names ...string) []domain.GroupID {
		ids := map[domain.GroupID]bool{}
		found := reading(t, store, func(tx domain.Tx) ([]domain.Group, error) {
			return tx.ClaimedGroups().Named(org, tenant.Connection.ID, names)
		})
		for _, of := range found {
			ids[of.ID] = true
		}
		var list []domain.GroupID
		for _, of := range []domain.Group{pushed, g, other, foreign} {
			if ids[of.ID] {
				list = append(list, of.ID)
			}
		}
		return list
	}
	require.Equal(t, []domain.GroupID{pushed.ID, g.ID}, named("x"))
	require.Equal(t, []domain.GroupID{pushed.ID, other.ID}, named("SALES", "X"))
	require.Empty(t, named("nobody"))
	declared := func(connection domain.ConnectionID) []domain.Group {
		return reading(t, store, func(tx domain.Tx) ([]domain.Group, error) { return tx.ClaimedGroups().Declared(org, connection) })
	}
	require.Equal(t, []domain.Group{g, other}, declared(tenant.Connection.ID))
	require.Equal(t, []domain.Group{foreign}, declared(second.Connection))

	gone := g
	gone.Version, gone.ArchivedAt, gone.ModifiedAt = g.Version+1, g.ModifiedAt.Add(time.Second), g.ModifiedAt.Add(time.Second)
	write(t, store, func(tx domain.Tx) error { return tx.Groups().Archive(gone) })
	require.Equal(t, []domain.Group{other}, declared(tenant.Connection.ID))
	alike := reading(t, store, func(tx domain.Tx) ([]domain.Group, error) { return tx.Mappings().Alike(gone, 10) })
	require.Equal(t, []uuid.UUID{pushed.ID.UUID, other.ID.UUID}, []uuid.UUID{alike[0].ID.UUID, alike[1].ID.UUID}, "what its claim would mean, and what has its name")
	_, err = declare(tenant.Caller, "x", "Support")
	require.NoError(t, err, "its value is free")
	rowsAgree(t, store, org)

	// Declared while the connection went: a sweep takes it away.
	connection := reading(t, store, func(tx domain.Tx) (domain.Connection, error) { return tx.Connections().Get(org, second.Connection) })
	write(t, store, func(tx domain.Tx) error {
		_, _, err := tx.Connections().Delete(connection, connection.CreatedAt)
		return err
	})
	require.Empty(t, declared(second.Connection))
	due := func() bool {
		found := reading(t, store, func(tx domain.Tx) ([]domain.OrganisationID, error) {
			return tx.Sweeps().Due(domain.SweepStrays, g.CreatedAt.Add(time.Hour), g.CreatedAt.Add(time.Hour), domain.OrganisationID{}, 1000)
		})
		return slices.Contains(found, org)
	}
	require.False(t, due())
	_, err = declare(second, "late", "Late")
	require.NoError(t, err)
	require.True(t, due())
	write(t, store, func(tx domain.Tx) error { return tx.Connections().Strays(org, g.CreatedAt.Add(time.Hour)) })
	require.Empty(t, declared(second.Connection))
	require.False(t, due())
}
