package persistence

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	"github.com/google/uuid"
	gormsqlite "gorm.io/driver/sqlite"
	"gorm.io/gorm"
	_ "modernc.org/sqlite" // the driver "sqlite": SQLite in pure Go
)

// sqliteEngine runs units of work on an SQLite file: reads on a small pool of connections, writes one after the other
// on a single connection, in groups that share one durable commit.
type sqliteEngine struct {
	readers *sql.DB
	writer  *sql.DB // one connection
	rg, wg  *gorm.DB
	reads   statements
	known   remembered

	jobs   chan *job
	done   chan struct{} // closed when the writing goroutine has ended
	closed sync.Once
	mu     sync.RWMutex // guards stop
	stop   bool
}

// errClosed answers writes after Close.
var errClosed = errors.New("persistence: the store is closed")

const (
	defaultReaders = 4   // more do not help: SQLite readers share one page cache lock each, and there are few cores
	maxGroup       = 64  // units of work that share one commit
	maxQueued      = 256 // writes that may wait; more block their callers
)

func openSQLite(ctx context.Context, file string, connections int) (*sqliteEngine, error) {
	if file == "" || file == ":memory:" {
		return nil, configError("name a file, as in sqlite:usher.db")
	}
	if err := writable(file); err != nil {
		return nil, err
	}
	if connections == 0 {
		connections = defaultReaders
	}
	writer, err := sql.Open("sqlite", dsn(file, "-16000"))
	if err != nil {
		return nil, configError("the SQLite file cannot be opened: %v", err)
	}
	writer.SetMaxOpenConns(1)
	if err := takesWrites(ctx, writer); err != nil {
		_ = writer.Close()
		return nil, configError("the file %s is not an SQLite database that can be opened for writing: %v", file, reason(err))
	}
	readers, err := sql.Open("sqlite", dsn(file, "-8000"))
	if err != nil {
		_ = writer.Close()
		return nil, configError("the SQLite file cannot be opened: %v", err)
	}
	readers.SetMaxOpenConns(connections)
	readers.SetMaxIdleConns(connections)
	e := &sqliteEngine{readers: readers, writer: writer, jobs: make(chan *job, maxQueued), done: make(chan struct{})}
	e.reads.db = readers
	if e.rg, err = gorm.Open(gormsqlite.Dialector{DriverName: "sqlite", Conn: readers}, gormConfig()); err == nil {
		e.wg, err = gorm.Open(gormsqlite.Dialector{DriverName: "sqlite", Conn: writer}, gormConfig())
	}
	if err != nil {
		_ = readers.Close()
		_ = writer.Close()
		return nil, configError("GORM cannot use the database: %v", err)
	}
	go e.run()
	return e, nil
}

// dsn sets what every connection needs: a write-ahead log that is on disk before a commit answers, foreign keys,
// patience with another process (the command line beside a server), and transactions that take the write lock at once.
func dsn(file, cachePages string) string {
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "temp_store(MEMORY)",
		"cache_size(" + cachePages + ")", "journal_size_limit(67108864)",
	}}
	return "file:" + (&url.URL{Path: file}).EscapedPath() + "?" + q.Encode()
}

// writable refuses a place where SQLite could not work, before anything is created there.
func writable(file string) error {
	folder := filepath.Dir(file)
	info, err := os.Stat(folder)
	switch {
	case err != nil:
		return configError("the directory %s does not exist; create it or name another file", folder)
	case !info.IsDir():
		return configError("%s is not a directory; name another file", folder)
	}
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		return configError("%s is a directory; name a file in it", file)
	}
	probe, err := os.CreateTemp(folder, ".usher-probe-*")
	if err != nil {
		return configError("the directory %s cannot be written, which SQLite needs beside its file; change its permissions or name another file", folder)
	}
	_ = probe.Close()
	_ = os.Remove(probe.Name())
	return nil
}

// takesWrites reports what keeps a file from being written: SQLite opens one without that permission all the same, and
// refuses the first write only.
func takesWrites(ctx context.Context, writer *sql.DB) error {
	tx, err := writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "CREATE TABLE usher_probe (id INTEGER)")
	return errors.Join(err, tx.Rollback())
}

func (e *sqliteEngine) read(ctx context.Context, fn func(session) error) error {
	return fn(&sqliteRead{ctx: ctx, engine: e})
}

func (e *sqliteEngine) ping(ctx context.Context) error {
	var one int
	return e.readers.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master").Scan(&one)
}

func (e *sqliteEngine) stat() Stat {
	s := e.readers.Stats()
	return Stat{Kind: "sqlite", Max: s.MaxOpenConnections + 1, Open: s.OpenConnections + 1, InUse: s.InUse, Queue: len(e.jobs)}
}

func (e *sqliteEngine) close() error {
	e.closed.Do(func() {
		e.mu.Lock()
		e.stop = true
		close(e.jobs)
		e.mu.Unlock()
	})
	<-e.done
	e.reads.close()
	return errors.Join(e.readers.Close(), e.writer.Close())
}

// statements keeps prepared statements of one pool or connection by their text.
type statements struct {
	db interface {
		PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
	}
	mu    sync.RWMutex
	known map[string]*sql.Stmt
}

const maxPrepared = 512 // searches have texts without number; those beyond are prepared each time

// get prepares a statement or finds it; once is false when the caller must close it.
func (s *statements) get(text string) (st *sql.Stmt, kept bool, err error) {
	s.mu.RLock()
	st, ok := s.known[text]
	s.mu.RUnlock()
	if ok {
		return st, true, nil
	}
	if st, err = s.db.PrepareContext(context.Background(), text); err != nil { //nolint:sqlclosecheck // kept, or the caller closes it
		return nil, false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil {
		s.known = map[string]*sql.Stmt{}
	}
	if other, ok := s.known[text]; ok {
		_ = st.Close()
		return other, true, nil
	}
	if len(s.known) >= maxPrepared {
		return st, false, nil
	}
	s.known[text] = st
	return st, true, nil
}

func (s *statements) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, st := range s.known {
		_ = st.Close()
	}
	s.known = nil
}

// rows runs a statement that returns rows. The driver is not handed the caller's context: watching one costs it a
// goroutine per call; long searches look at the context between their batches.
func (s *statements) rows(text string, args []any, each func(row) error) error {
	st, kept, err := s.get(text)
	if err != nil {
		return err
	}
	if !kept {
		defer func() { _ = st.Close() }()
	}
	rows, err := st.Query(sqliteArgs(args)...) //nolint:noctx // see above
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := each(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// sqliteArgs spells identifiers as text; the zero one is NULL. Lists of them become JSON (see idList).
func sqliteArgs(args []any) []any {
	out := args
	copied := false
	for i, a := range args {
		var v any
		switch a := a.(type) {
		case uuid.UUID:
			if a != uuid.Nil {
				v = a.String()
			}
		case []uuid.UUID:
			text := append(make([]byte, 0, 2+39*len(a)), '[')
			for j, id := range a {
				if j > 0 {
					text = append(text, ',')
				}
				text = append(append(append(text, '"'), id.String()...), '"')
			}
			v = string(append(text, ']'))
		default:
			continue
		}
		if !copied {
			out, copied = append([]any(nil), args...), true
		}
		out[i] = v
	}
	return out
}

// sqliteRead is a session of single statements.
type sqliteRead struct {
	ctx    context.Context //nolint:containedctx // a session lives as long as the call it serves
	engine *sqliteEngine
}

func (s *sqliteRead) dialect() dialect        { return sqlite }
func (s *sqliteRead) remembered() *remembered { return &s.engine.known }

func (s *sqliteRead) query(sql string, args []any, each func(row) error) error {
	if err := s.ctx.Err(); err != nil {
		return err
	}
	return s.engine.reads.rows(sql, args, each)
}

func (s *sqliteRead) inside(string, []any, func(row) error) error { return errReadOnly }
func (s *sqliteRead) exec(string, ...any) error                   { return errReadOnly }
func (s *sqliteRead) claim(error, string, ...any) error           { return errReadOnly }
func (s *sqliteRead) touch(error, string, ...any) error           { return errReadOnly }
func (s *sqliteRead) fail(err error) error                        { return err }
func (s *sqliteRead) orm() *gorm.DB                               { return s.engine.rg.WithContext(s.ctx) }
