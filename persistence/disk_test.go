package persistence_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
)

// A full disk under SQLite: whoever writes is told that the store is Unavailable, nobody is told that something is done
// which is not, reading goes on, and all is well by itself when there is room (security 51).
func TestDiskFull(t *testing.T) {
	t.Parallel()
	store := storetest.SQLite(t)
	tenant := storetest.OwnTenant(t, store, 1000)
	directory := domain.NewDirectory(store, storetest.Environment())
	first, err := directory.Provision(t.Context(), tenant.Caller, storetest.Person("first@acme.test"))
	require.NoError(t, err)
	pages := storetest.Count(t, storetest.Raw(t, store), "PRAGMA page_count")

	var mu sync.Mutex
	var acknowledged []domain.UserID
	// fill pushes people, many at a time so that groups of them share a commit, until all were refused many times.
	fill := func(round string) {
		var group sync.WaitGroup
		for client := range 12 {
			group.Go(func() {
				for i, refused := 0, 0; refused < 4; i++ {
					u, err := directory.Provision(context.Background(), tenant.Caller,
						storetest.Person(fmt.Sprintf("%s-%d-%d@acme.test", round, client, i), storetest.Text("title", strings.Repeat("x", 3000))))
					switch {
					case err == nil:
						mu.Lock()
						acknowledged = append(acknowledged, u.ID)
						mu.Unlock()
					case domain.IsKind(err, domain.Unavailable):
						refused++
					default:
						t.Errorf("a full disk is told as: %v", err)
						return
					}
				}
			})
		}
		group.Wait()
	}
	for round, room := range []int{40, 30, 50} {
		require.NoError(t, persistence.OnWriter(store, fmt.Sprintf("PRAGMA max_page_count = %d", pages+room)))
		fill(fmt.Sprint("full", round))
		_, err := directory.User(t.Context(), tenant.Caller, first.ID)
		require.NoError(t, err, "a full disk is no reason not to read")
		require.NoError(t, persistence.OnWriter(store, "PRAGMA max_page_count = 1000000"))
		u, err := directory.Provision(t.Context(), tenant.Caller, storetest.Person(fmt.Sprintf("after%d@acme.test", round)))
		require.NoError(t, err, "there is room again")
		acknowledged = append(acknowledged, u.ID)
		pages = storetest.Count(t, storetest.Raw(t, store), "PRAGMA page_count")
	}
	for _, id := range acknowledged {
		_, err := directory.User(t.Context(), tenant.Caller, id)
		require.NoError(t, err, "acknowledged and not there")
	}
	require.Equal(t, len(acknowledged)+1, storetest.Count(t, storetest.Raw(t, store), "SELECT count(*) FROM users"), "there and not acknowledged")
	storetest.Consistent(t, store, tenant.Organisation.ID)
}

// The same where the operating system refuses the write: files that may not grow, which then may.
func TestFilesMayNotGrow(t *testing.T) {
	t.Parallel()
	store := storetest.SQLite(t)
	tenant := storetest.OwnTenant(t, store, -1)
	p := startChild(t, "fill", storetest.URL(t, store), tenant, domain.GroupID{})
	p.finish()
	require.GreaterOrEqual(t, len(p.said["refused"]), 5)
	require.Len(t, p.said["recovered"], 1)
	directory := domain.NewDirectory(store, storetest.Environment())
	for _, text := range p.said["created"] {
		id, _ := domain.ParseID[domain.User](text)
		_, err := directory.User(t.Context(), tenant.Caller, id)
		require.NoError(t, err, "acknowledged and not there")
	}
	require.Equal(t, len(p.said["created"]), storetest.Count(t, storetest.Raw(t, store), "SELECT count(*) FROM users"), "there and not acknowledged")
	storetest.Consistent(t, store, tenant.Organisation.ID)
}
