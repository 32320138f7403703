package domain_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
)

// countingStore counts writes, and can be slow.
type countingStore struct {
	domain.Store

	writes atomic.Int64
	gate   chan struct{} // nil: no gate
}

func (s *countingStore) Write(ctx context.Context, fn func(domain.Tx) error) error {
	s.writes.Add(1)
	if s.gate != nil {
		<-s.gate
	}
	return s.Store.Write(ctx, fn)
}

func TestLimiterAcrossReplicas(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		c := newClock()
		caller, other := callerOf(t, store, c, "acme"), callerOf(t, store, c, "beta")
		const limit = 10
		replicas := []*domain.Limiter{
			domain.NewLimiter(store, c.environment(), limit),
			domain.NewLimiter(store, c.environment(), limit),
			domain.NewLimiter(store, c.environment(), limit),
		}
		for second := range 3 {
			passed := 0
			for i := range 30 {
				wait, ok := replicas[i%len(replicas)].Allow(t.Context(), caller)
				if ok {
					passed++
				} else {
					require.Positive(t, wait)
					require.LessOrEqual(t, wait, time.Second)
				}
			}
			require.Equal(t, limit, passed, "in second %d", second)
			_, ok := replicas[0].Allow(t.Context(), other)
			require.True(t, ok, "another organisation notices nothing")
			c.forward(time.Second)
		}
	})
}

func TestLimiterConcurrently(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		c := newClock()
		caller := callerOf(t, store, c, "acme")
		const limit = 40
		replicas := []*domain.Limiter{domain.NewLimiter(store, c.environment(), limit), domain.NewLimiter(store, c.environment(), limit)}
		var passed atomic.Int64
		var group sync.WaitGroup
		for i := range 200 {
			group.Go(func() {
				if _, ok := replicas[i%2].Allow(t.Context(), caller); ok {
					passed.Add(1)
				}
			})
		}
		group.Wait()
		require.Equal(t, int64(limit), passed.Load(), "exactly as many as the limit says")
	})
}

func TestLimiterAnswersAFloodFromMemory(t *testing.T) {
	t.Parallel()
	c := newClock()
	store := storetest.SQLite(t)
	caller := callerOf(t, store, c, "acme")
	counting := &countingStore{Store: store}
	limiter := domain.NewLimiter(counting, c.environment(), 5)
	for range 10_000 {
		limiter.Allow(t.Context(), caller)
	}
	require.Equal(t, int64(5), counting.writes.Load(), "what exceeds the limit costs no database")
}

func TestLimiterCountsWhoWaitsTogether(t *testing.T) {
	t.Parallel()
	c := newClock()
	store := storetest.SQLite(t)
	caller := callerOf(t, store, c, "acme")
	counting := &countingStore{Store: store, gate: make(chan struct{})}
	limiter := domain.NewLimiter(counting, c.environment(), 1000)

	const clients = 100
	var passed atomic.Int64
	var group sync.WaitGroup
	for range clients {
		group.Go(func() {
			if _, ok := limiter.Allow(t.Context(), caller); ok {
				passed.Add(1)
			}
		})
	}
	close(counting.gate)
	group.Wait()
	require.Equal(t, int64(clients), passed.Load())
	require.LessOrEqual(t, counting.writes.Load(), int64(clients))
	var total int
	require.NoError(t, store.Write(t.Context(), func(tx domain.Tx) (err error) {
		total, err = tx.Rates().Add(caller.Scope(), c.now().Unix(), 0)
		return err
	}))
	require.Equal(t, clients, total, "each is counted once")
}

func TestLimiterLetsThroughWhatItCannotCount(t *testing.T) {
	t.Parallel()
	c := newClock()
	store := storetest.SQLite(t)
	caller := callerOf(t, store, c, "acme")
	broken := &brokenStore{Store: store, err: &domain.Error{Kind: domain.Unavailable, Code: domain.CodeUnavailable}}
	limiter := domain.NewLimiter(broken, c.environment(), 1)
	for range 5 {
		_, ok := limiter.Allow(t.Context(), caller)
		require.True(t, ok)
	}
	broken.err = nil
	_, ok := limiter.Allow(t.Context(), caller)
	require.True(t, ok)
	_, ok = limiter.Allow(t.Context(), caller)
	require.False(t, ok)
}

func TestLimiterDoesNotHoldWhoLeaves(t *testing.T) {
	t.Parallel()
	c := newClock()
	store := storetest.SQLite(t)
	caller := callerOf(t, store, c, "acme")
	counting := &countingStore{Store: store, gate: make(chan struct{})}
	limiter := domain.NewLimiter(counting, c.environment(), 10)

	first := make(chan bool)
	go func() {
		_, ok := limiter.Allow(context.Background(), caller)
		first <- ok
	}()
	require.Eventually(t, func() bool { return counting.writes.Load() == 1 }, 10*time.Second, time.Millisecond)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, ok := limiter.Allow(ctx, caller) // while the first one holds the turn
	require.True(t, ok)
	close(counting.gate)
	require.True(t, <-first)
}

func TestLimiterOff(t *testing.T) {
	t.Parallel()
	limiter := domain.NewLimiter(nil, newClock().environment(), 0)
	_, ok := limiter.Allow(t.Context(), domain.Caller{})
	require.True(t, ok, "no limit asks no store")
}
