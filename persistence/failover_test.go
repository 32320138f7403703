package persistence_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
)

// clients push people until they are told to stop. One who is told that the database is away asks again for the same
// person, since it may have been done or not: then the name is taken, by themselves.
type clients struct {
	*testing.T
	directory    *domain.Directory
	caller       domain.Caller
	stop         atomic.Bool
	acknowledged atomic.Int64
	refused      atomic.Int64
	group        sync.WaitGroup
	mu           sync.Mutex
	names        []string // acknowledged, or found to be there
}

func startClients(t *testing.T, store *persistence.Store, tenant storetest.Tenant, n int) *clients {
	t.Helper()
	c := &clients{T: t, directory: domain.NewDirectory(store, storetest.Environment()), caller: tenant.Caller}
	for client := range n {
		c.group.Go(func() {
			for i := 0; !c.stop.Load(); i++ {
				if !c.push(fmt.Sprintf("u%d-%d@acme.test", client, i)) {
					return
				}
			}
		})
	}
	return c
}

// push sees to it that a person is there; false when something happened that should not.
func (c *clients) push(name string) bool {
	for asked := false; ; asked = true {
		_, err := c.directory.Provision(context.Background(), c.caller, storetest.Person(name, storetest.Emails("mail-"+name)))
		switch {
		case err == nil, asked && domain.IsCode(err, domain.CodeUserNameTaken):
			c.acknowledged.Add(1)
			c.mu.Lock()
			c.names = append(c.names, name)
			c.mu.Unlock()
			return true
		case !domain.IsKind(err, domain.Unavailable):
			c.Errorf("a client was told: %v", err)
			return false
		case strings.Contains(err.Error(), password):
			c.Errorf("the password stands in an error: %v", err)
			return false
		}
		c.refused.Add(1)
		time.Sleep(time.Millisecond) // as a client would, but longer
	}
}

// more waits until so many more were acknowledged.
func (c *clients) more(n int64) {
	c.Helper()
	from := c.acknowledged.Load()
	require.Eventually(c, func() bool { return c.acknowledged.Load() >= from+n }, 2*time.Minute, time.Millisecond)
}

// end stops all clients and looks for everybody.
func (c *clients) end(store *persistence.Store) {
	c.Helper()
	c.stop.Store(true)
	c.group.Wait()
	require.Positive(c, c.refused.Load(), "nobody noticed that the server was away")
	there := map[string]int{}
	require.NoError(c, store.Read(context.Background(), func(tx domain.Tx) error {
		page, err := tx.Users().Page(domain.Query{Scope: c.caller.Scope(), Limit: 1_000_000})
		for _, u := range page.Items {
			there[u.UserName.Text]++
		}
		return err
	}))
	for _, name := range c.names {
		require.Equal(c, 1, there[name], "%s was acknowledged", name)
	}
	storetest.Consistent(c, store, c.caller.Organisation)
}

// A server that crashes under load and starts again loses nothing that was acknowledged, and writes resume on the store
// as it is (security 46).
func TestServerCrash(t *testing.T) {
	t.Parallel()
	server := newCluster(t)
	server.exec("CREATE DATABASE usher")
	store := storetest.Open(t, server.url("usher"))
	require.NoError(t, store.Migrate(t.Context()))
	tenant := storetest.OwnTenant(t, store, -1)
	wrong, err := persistence.Open(t.Context(), persistence.Config{URL: strings.Replace(server.url("usher"), password, "Wrong"+password, 1)})
	require.Nil(t, wrong)
	refusedSetting(t, err, "password authentication failed")

	c := startClients(t, store, tenant, 12)
	for range 2 {
		c.more(60)
		server.crash()
		refused := c.refused.Load()
		require.Eventually(t, func() bool { return c.refused.Load() > refused }, time.Minute, time.Millisecond)
		storetest.Refused(t, store.Ping(t.Context()), domain.Unavailable, domain.CodeUnavailable)
		server.start()
	}
	c.more(60)
	require.NoError(t, store.Ping(t.Context()))
	c.end(store)
}

// The primary is lost, the synchronous standby is promoted, and the URL names both: nothing acknowledged is lost, and
// writes resume without a restart (security 47).
func TestFailover(t *testing.T) {
	t.Parallel()
	primary := newCluster(t)
	primary.exec("CREATE DATABASE usher")
	standby := primary.standby()
	store := storetest.Open(t, standby.url("usher", primary)) // of several hosts the one that takes writes is found
	require.NoError(t, store.Migrate(t.Context()))
	tenant := storetest.OwnTenant(t, store, -1)
	notWrittenTo(t, standby, tenant)
	c := startClients(t, store, tenant, 12)
	c.more(100)
	primary.crash()
	refused := c.refused.Load()
	require.Eventually(t, func() bool { return c.refused.Load() > refused }, time.Minute, time.Millisecond)
	standby.exec("SELECT pg_promote()")
	c.more(100)
	c.end(store)
	require.Equal(t, "false", standby.query("SELECT pg_is_in_recovery()::text"))
}

// notWrittenTo: a standby by itself answers reads, and says to those who write that they cannot now.
func notWrittenTo(t *testing.T, standby *cluster, tenant storetest.Tenant) {
	t.Helper()
	alone := storetest.Open(t, standby.url("usher"))
	directory := domain.NewDirectory(alone, storetest.Environment())
	require.Eventually(t, func() bool {
		_, err := directory.Authenticate(context.Background(), tenant.Bearer)
		return err == nil
	}, time.Minute, 10*time.Millisecond)
	_, err := directory.Provision(t.Context(), tenant.Caller, storetest.Person("ana@acme.test"))
	storetest.Refused(t, err, domain.Unavailable, domain.CodeUnavailable)
	require.NoError(t, alone.Close())
}
