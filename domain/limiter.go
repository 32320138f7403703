package domain

import (
	"context"
	"sync"
	"time"
)

// Limiter lets every connection and API key make so many requests a second, counted across all replicas through the store
// ([Rates]). A replica asks the store for all requests that wait at the same moment in one unit of work, and answers
// by itself for the rest of a second of which it has learned that it is used up: a flood costs no database.
type Limiter struct {
	store Store
	env   Environment
	limit int

	mu     sync.Mutex
	meters map[Scope]*meter
}

// meter is what this replica knows of one connection.
type meter struct {
	turn chan struct{} // holds one token: who has it asks the store for everybody that waits

	mu     sync.Mutex
	window int64 // the second last heard of
	total  int   // requests in it so far, on all replicas
	wait   *queue
}

// queue is a number of requests that are counted together.
type queue struct {
	n      int
	done   chan struct{}
	window int64
	total  int // after all n
	failed bool
}

const (
	window       = time.Second
	countTimeout = 2 * time.Second
	maxMeters    = 4096 // connections remembered before those of past seconds are forgotten
)

// NewLimiter makes a limiter of perSecond requests; 0 lets everything through.
func NewLimiter(store Store, env Environment, perSecond int) *Limiter {
	return &Limiter{store: store, env: env, limit: perSecond, meters: map[Scope]*meter{}}
}

// Allowance is what a limiter says of one request.
type Allowance struct {
	OK        bool
	Limit     int           // requests in a window; 0: as many as you like
	Remaining int           // in this window
	Window    time.Duration // how long a window is
	Reset     time.Duration // until the next window
}

// Allow counts one request of a caller and says whether it may go on; if not, when to come again. When the store
// cannot count, the request goes on: it will learn that by itself.
func (l *Limiter) Allow(ctx context.Context, caller Caller) (retryAfter time.Duration, ok bool) {
	a := l.Take(ctx, caller.Scope())
	if a.OK {
		return 0, true
	}
	return a.Reset, false
}

// allowance is the outcome where so many requests have come in the window.
func (l *Limiter) allowance(ok bool, total int) Allowance {
	return Allowance{OK: ok, Limit: l.limit, Remaining: max(0, l.limit-total), Window: window, Reset: untilNext(l.env.Now())}
}

// RateScope is what an administrator's requests are counted under: an API key has a count of its own.
func (a Administrator) RateScope() Scope {
	return Scope{Organisation: a.Organisation, Connection: ConnectionID{UUID: a.Actor.ID}}
}

// Take is Allow for whatever requests are counted by: a connection, or an API key in its place.
func (l *Limiter) Take(ctx context.Context, scope Scope) Allowance {
	if l.limit <= 0 {
		return Allowance{OK: true}
	}
	current := l.env.Now().UnixNano() / int64(window)
	m := l.meter(scope, current)

	m.mu.Lock()
	if m.window == current && m.total >= l.limit {
		m.mu.Unlock()
		return l.allowance(false, l.limit)
	}
	if m.wait == nil {
		m.wait = &queue{done: make(chan struct{})}
	}
	q := m.wait
	q.n++
	place := q.n
	m.mu.Unlock()

	select {
	case <-q.done:
	case <-m.turn:
		l.count(ctx, scope, m, q)
		m.turn <- struct{}{}
	case <-ctx.Done():
		return l.allowance(true, 0) // nobody waits for the answer
	}
	if q.failed {
		return l.allowance(true, 0)
	}
	total := q.total - q.n + place
	return l.allowance(total <= l.limit, total)
}

// count asks the store for all who wait in q, unless that was done meanwhile. The caller holds the turn.
func (l *Limiter) count(ctx context.Context, scope Scope, m *meter, q *queue) {
	m.mu.Lock()
	if m.wait != q {
		m.mu.Unlock()
		return
	}
	m.wait = nil
	m.mu.Unlock()

	// Others depend on the outcome, so it does not end with the request that happens to ask.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), countTimeout)
	defer cancel()
	q.window = l.env.Now().UnixNano() / int64(window)
	err := l.store.Write(ctx, func(tx Tx) (err error) {
		q.total, err = tx.Rates().Add(scope, q.window, q.n)
		return err
	})
	q.failed = err != nil

	m.mu.Lock()
	if !q.failed && q.window >= m.window {
		m.window, m.total = q.window, q.total
	}
	m.mu.Unlock()
	close(q.done)
}

// meter finds or makes the meter of a connection, and forgets those that have been quiet when there are many.
func (l *Limiter) meter(scope Scope, current int64) *meter {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.meters[scope]
	if m != nil {
		return m
	}
	if len(l.meters) >= maxMeters {
		for other, m := range l.meters {
			m.mu.Lock()
			if m.wait == nil && m.window < current-1 {
				delete(l.meters, other)
			}
			m.mu.Unlock()
		}
	}
	m = &meter{turn: make(chan struct{}, 1)}
	m.turn <- struct{}{}
	l.meters[scope] = m
	return m
}

// untilNext is the time to the next window.
func untilNext(now time.Time) time.Duration {
	return window - time.Duration(now.UnixNano()%int64(window))
}
