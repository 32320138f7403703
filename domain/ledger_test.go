package domain_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
)

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 11, 22, 8, 30, 15, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) forward(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func (c *clock) environment() domain.Environment {
	return domain.Environment{Now: c.now, NewID: uuid.NewV7}
}

// brokenStore is a store whose writes fail while it is told so.
type brokenStore struct {
	domain.Store

	err    error
	writes int
}

func (s *brokenStore) Write(ctx context.Context, fn func(domain.Tx) error) error {
	s.writes++
	if s.err != nil {
		return s.err
	}
	return s.Store.Write(ctx, fn)
}

// callerOf makes an organisation and gives the caller that its first token is.
func callerOf(t *testing.T, store domain.Store, c *clock, slug string) domain.Caller {
	t.Helper()
	installation := domain.NewInstallation(store, c.environment(), randomSource())
	made, err := installation.CreateOrganisation(t.Context(), domain.OrganisationSpec{Slug: slug})
	require.NoError(t, err)
	bearer, err := domain.ParseBearer(made.TokenText)
	require.NoError(t, err)
	caller, err := domain.NewDirectory(store, c.environment()).Authenticate(t.Context(), bearer)
	require.NoError(t, err)
	return caller
}

func tallies(t *testing.T, store domain.Store, caller domain.Caller, kind domain.TallyKind) []domain.Tally {
	t.Helper()
	var list []domain.Tally
	require.NoError(t, store.Read(t.Context(), func(tx domain.Tx) (err error) {
		list, err = tx.Tallies().List(caller.Organisation, caller.Connection, kind)
		return err
	}))
	return list
}

func lastUsed(t *testing.T, store domain.Store, caller domain.Caller) time.Time {
	t.Helper()
	var tokens []domain.Token
	require.NoError(t, store.Read(t.Context(), func(tx domain.Tx) (err error) {
		tokens, err = tx.Tokens().List(caller.Organisation)
		return err
	}))
	require.Len(t, tokens, 1)
	return tokens[0].LastUsedAt
}

func TestLedgerCounts(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		c := newClock()
		caller := callerOf(t, store, c, "acme")
		ledger := domain.NewLedger(store, c.environment())

		first := c.now()
		caller.RequestID = "one"
		ledger.Count(caller, domain.TallyRefused, "POST /Users 409 user_name_taken", "the first")
		c.forward(time.Second)
		caller.RequestID = "two"
		ledger.Count(caller, domain.TallyRefused, "POST /Users 409 user_name_taken", "the latest")
		ledger.Count(caller, domain.TallyStraightened, "boolean", "")
		require.Empty(t, tallies(t, store, caller, domain.TallyRefused), "nothing is written before Flush")
		require.NoError(t, ledger.Flush(t.Context()))

		refused := tallies(t, store, caller, domain.TallyRefused)
		require.Equal(t, []domain.Tally{{
			Organisation: caller.Organisation, Connection: caller.Connection, Kind: domain.TallyRefused,
			What: "POST /Users 409 user_name_taken", Count: 2, FirstAt: first, LastAt: c.now(), Detail: "the latest", RequestID: "two",
		}}, refused)
		require.Equal(t, int64(1), tallies(t, store, caller, domain.TallyStraightened)[0].Count)

		require.NoError(t, ledger.Flush(t.Context()))
		ledger.Count(caller, domain.TallyRefused, "POST /Users 409 user_name_taken", "later")
		require.NoError(t, ledger.Flush(t.Context()))
		require.Equal(t, int64(3), tallies(t, store, caller, domain.TallyRefused)[0].Count, "what was written is not written again")
	})
}

func TestLedgerTakesAnyText(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		c := newClock()
		caller := callerOf(t, store, c, "acme")
		ledger := domain.NewLedger(store, c.environment())
		ledger.Count(caller, domain.TallyRefused, "a\x00b\xff"+strings.Repeat("é", 1000), "\x00\xfe"+strings.Repeat("x", 5000))
		require.NoError(t, ledger.Flush(t.Context()))
		found := tallies(t, store, caller, domain.TallyRefused)
		require.Len(t, found, 1)
		require.Len(t, []rune(found[0].What), 200)
		require.Len(t, []rune(found[0].Detail), 500)
	})
}

func TestLedgerIsBounded(t *testing.T) {
	t.Parallel()
	c := newClock()
	store := storetest.SQLite(t)
	caller, other := callerOf(t, store, c, "acme"), callerOf(t, store, c, "beta")
	broken := &brokenStore{Store: store, err: &domain.Error{Kind: domain.Unavailable, Code: domain.CodeUnavailable}}
	ledger := domain.NewLedger(broken, c.environment())
	const excess, connections = 1000, 16
	callers := make([]domain.Caller, connections)
	for i := range callers {
		callers[i] = caller
		callers[i].Connection = domain.ConnectionID{UUID: uuid.New()}
	}
	for i := range domain.MaxCounted + excess {
		ledger.Count(callers[i%connections], domain.TallyRefused, fmt.Sprint("what ", i), "")
		if i%500 == 0 {
			require.Error(t, ledger.Flush(t.Context()), "what could not be written counts against the bound")
		}
	}
	ledger.Count(other, domain.TallyRefused, "something", "")
	broken.err = nil
	require.NoError(t, ledger.Flush(t.Context()))

	total, different, rest := int64(0), 0, int64(0)
	for _, caller := range callers {
		for _, n := range tallies(t, store, caller, domain.TallyRefused) {
			total += n.Count
			if n.What == domain.Other {
				rest += n.Count
			} else {
				different++
			}
		}
	}
	require.Equal(t, int64(domain.MaxCounted+excess), total, "nothing is lost, only lumped together")
	require.LessOrEqual(t, different, domain.MaxCounted)
	require.GreaterOrEqual(t, rest, int64(excess))
	found := tallies(t, store, other, domain.TallyRefused)
	require.Len(t, found, 1)
	require.Equal(t, domain.Other, found[0].What, "each connection has an Other of its own")
}

func TestLedgerKeepsWhatCouldNotBeWritten(t *testing.T) {
	t.Parallel()
	c := newClock()
	store := storetest.SQLite(t)
	caller := callerOf(t, store, c, "acme")
	broken := &brokenStore{Store: store}
	ledger := domain.NewLedger(broken, c.environment())

	ledger.Count(caller, domain.TallyRefused, "kept", "")
	ledger.Used(caller)
	broken.err = &domain.Error{Kind: domain.Unavailable, Code: domain.CodeUnavailable}
	require.ErrorIs(t, ledger.Flush(t.Context()), broken.err)
	ledger.Count(caller, domain.TallyRefused, "kept", "")
	ledger.Used(caller)
	broken.err = nil
	require.NoError(t, ledger.Flush(t.Context()))
	require.Equal(t, int64(2), tallies(t, store, caller, domain.TallyRefused)[0].Count)
	require.Equal(t, c.now().Truncate(time.Minute), lastUsed(t, store, caller))

	ledger.Count(caller, domain.TallyRefused, "poisonous", "")
	broken.err = &domain.Error{Kind: domain.Internal, Code: domain.CodeInternal}
	require.ErrorIs(t, ledger.Flush(t.Context()), broken.err)
	broken.err = nil
	require.NoError(t, ledger.Flush(t.Context()))
	require.Len(t, tallies(t, store, caller, domain.TallyRefused), 1, "what the store refuses does not come back for ever")
}

func TestLedgerRemembersUseToTheMinute(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		c := newClock()
		caller := callerOf(t, store, c, "acme")
		counted := &brokenStore{Store: store}
		ledger := domain.NewLedger(counted, c.environment())
		for range 100 {
			ledger.Used(caller)
			require.NoError(t, ledger.Flush(t.Context()))
		}
		require.Equal(t, 1, counted.writes, "once a minute, however often it is used")
		require.Equal(t, c.now().Truncate(time.Minute), lastUsed(t, store, caller))

		c.forward(time.Minute)
		ledger.Used(caller)
		require.NoError(t, ledger.Flush(t.Context()))
		require.Equal(t, 2, counted.writes)
		require.Equal(t, c.now().Truncate(time.Minute), lastUsed(t, store, caller))
	})
}

func TestLedgerConcurrently(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		c := newClock()
		caller := callerOf(t, store, c, "acme")
		const writers, each = 8, 200
		replicas := []*domain.Ledger{domain.NewLedger(store, c.environment()), domain.NewLedger(store, c.environment())}
		var group sync.WaitGroup
		for w := range writers {
			group.Go(func() {
				ledger := replicas[w%2]
				for i := range each {
					ledger.Count(caller, domain.TallyRefused, fmt.Sprint("what ", i%7), "")
					ledger.Used(caller)
					if i%50 == 0 {
						_ = ledger.Flush(t.Context())
					}
				}
			})
		}
		group.Wait()
		for _, ledger := range replicas {
			require.NoError(t, ledger.Flush(t.Context()))
		}
		var total int64
		for _, n := range tallies(t, store, caller, domain.TallyRefused) {
			total += n.Count
		}
		require.Equal(t, int64(writers*each), total)
	})
}
