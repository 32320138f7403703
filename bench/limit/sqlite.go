package limit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"usher/bench/load"
	"usher/bench/seed"
)

// SQLite runs statements straight on the driver, on a database that Usher has open as well: the same settings, one
// connection that writes and four that read.
type SQLite struct {
	people  seed.People
	readers *sql.DB
	writer  *sql.DB
	conn    *sql.Conn // the writer's one connection

	get, equal, page query
	writes           map[string]*sql.Stmt
	model            model
	next             atomic.Int64 // number of the next new person
}

const (
	readers  = 4
	perGroup = 64 // writes that share a commit
)

// OpenSQLite opens a database file that was seeded.
func OpenSQLite(ctx context.Context, file string, people seed.People) (*SQLite, error) {
	s := &SQLite{people: people, writes: map[string]*sql.Stmt{}}
	s.next.Store(time.Now().UnixMicro())
	var err error
	if s.writer, err = sql.Open("sqlite", dsn(file, "-16000")); err != nil {
		return nil, err
	}
	if s.readers, err = sql.Open("sqlite", dsn(file, "-8000")); err != nil {
		return nil, errors.Join(err, s.writer.Close())
	}
	s.readers.SetMaxOpenConns(readers)
	s.readers.SetMaxIdleConns(readers)
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("limit: %w", err), s.Close())
	}
	return s, nil
}

// dsn has the settings of the store.
func dsn(file, cachePages string) string {
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "temp_store(MEMORY)",
		"cache_size(" + cachePages + ")", "journal_size_limit(67108864)",
	}}
	return "file:" + (&url.URL{Path: file}).EscapedPath() + "?" + q.Encode()
}

func (s *SQLite) prepare(ctx context.Context) (err error) {
	if s.conn, err = s.writer.Conn(ctx); err != nil {
		return err
	}
	for _, text := range append(createSQL(), saveUserSQL, releaseSeatSQL, takeSeatSQL, "BEGIN IMMEDIATE", "COMMIT") {
		if s.writes[text], err = s.conn.PrepareContext(ctx, text); err != nil { //nolint:sqlclosecheck // Close does
			return fmt.Errorf("%s: %w", text, err)
		}
	}
	for text, to := range map[string]*query{getSQL: &s.get, equalSQL: &s.equal, pageSQL: &s.page} {
		if *to, err = s.query(ctx, text); err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
	}
	return s.readModel(ctx)
}

// Close ends all connections.
func (s *SQLite) Close() error {
	var errs []error
	for _, st := range s.writes {
		if st != nil {
			errs = append(errs, st.Close())
		}
	}
	if s.conn != nil {
		errs = append(errs, s.conn.Close())
	}
	return errors.Join(append(errs, s.writer.Close(), s.readers.Close())...)
}

// each runs fn in as many goroutines as there are callers, over and over, for a time. fn is told which caller it is and
// how often it ran there.
func each(ctx context.Context, callers int, during time.Duration, fn func(caller, n int) error) (load.Result, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	histograms := make([]load.Histogram, callers)
	began := time.Now()
	until := began.Add(during)
	var wg sync.WaitGroup
	for caller := range callers {
		wg.Go(func() {
			for n, from := 0, time.Now(); from.Before(until) && ctx.Err() == nil; n++ {
				if err := fn(caller, n); err != nil {
					cancel(err)
					return
				}
				to := time.Now()
				histograms[caller].Add(to.Sub(from))
				from = to
			}
		})
	}
	wg.Wait()
	result := load.Result{Elapsed: time.Since(began), Kinds: make([]load.Histogram, 1)}
	for i := range histograms {
		result.Kinds[0].Merge(&histograms[i])
	}
	return result, context.Cause(ctx)
}
