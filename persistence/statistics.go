package persistence

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// statistics has PostgreSQL look at its tables again when they have grown. The server does that by itself, but only
// after a minute or so, and until then it goes on with the plans it made while the tables were empty: in a first push
// of thousands of people every look-up would walk through all of them.
type statistics struct {
	pool *pgxpool.Pool
	rows atomic.Int64    // written by this process
	next atomic.Int64    // the number of rows at which to look again
	stop context.Context //nolint:containedctx // ends with the store
	end  context.CancelFunc

	mu     sync.Mutex // guards closed: nobody joins a group that is waited for
	closed bool
	group  sync.WaitGroup
}

const (
	firstLook   = 50 // rows; then ten times as many, and so on
	lookTimeout = time.Minute
)

func newStatistics(pool *pgxpool.Pool) *statistics {
	s := &statistics{pool: pool}
	s.stop, s.end = context.WithCancel(context.Background())
	s.next.Store(firstLook)
	return s
}

// grew counts rows that were written. It never waits.
func (s *statistics) grew(rows int64) {
	next := s.next.Load()
	if s.rows.Add(rows) < next || !s.next.CompareAndSwap(next, 10*next) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.group.Go(func() {
		ctx, cancel := context.WithTimeout(s.stop, lookTimeout)
		defer cancel()
		// A server that refuses (the user does not own the tables, a shutdown) looks by itself later.
		_, _ = s.pool.Exec(ctx, "ANALYZE users, user_emails, sign_in_names, groups, memberships, seats, tokens, connections, organisations")
	})
}

// close waits for what is under way.
func (s *statistics) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.end()
	s.group.Wait()
}
