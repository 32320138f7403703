package persistence

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"

	"gorm.io/gorm"
)

// job is a unit of work that waits for the writer.
type job struct {
	ctx  context.Context //nolint:containedctx // the job is the call
	fn   func(session) error
	err  error
	done chan struct{}
}

func (e *sqliteEngine) write(ctx context.Context, fn func(session) error) error {
	for attempt := 1; ; attempt++ {
		err := e.enqueue(ctx, fn)
		if !isRetryable(err) || attempt >= maxAttempts {
			return err
		}
	}
}

// enqueue hands a unit of work to the writer and waits for its outcome. Once it is accepted the outcome is awaited
// even if the caller has gone, since it will be durable all the same.
func (e *sqliteEngine) enqueue(ctx context.Context, fn func(session) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j := &job{ctx: ctx, fn: fn, done: make(chan struct{})}
	e.mu.RLock()
	if e.stop {
		e.mu.RUnlock()
		return errClosed
	}
	select {
	case e.jobs <- j:
		e.mu.RUnlock()
	case <-ctx.Done():
		e.mu.RUnlock()
		return ctx.Err()
	}
	<-j.done
	return j.err
}

// run is the one goroutine that writes: it takes what is waiting, up to a group, and commits it together. While one
// group is being made durable the next one gathers.
func (e *sqliteEngine) run() {
	defer close(e.done)
	w := &groupWriter{engine: e}
	defer w.release()
	for first := range e.jobs {
		group := []*job{first}
	gather:
		for len(group) < maxGroup {
			select {
			case j, ok := <-e.jobs:
				if !ok {
					break gather
				}
				group = append(group, j)
			default:
				break gather
			}
		}
		w.commit(group)
		for _, j := range group {
			close(j.done)
		}
	}
}

// groupWriter holds the writer's connection and its prepared statements.
type groupWriter struct {
	engine *sqliteEngine
	conn   *sql.Conn
	writes statements
}

func (w *groupWriter) release() {
	w.writes.close()
	if w.conn != nil {
		_ = w.conn.Close()
	}
}

// commit runs a group in one transaction and gives every job its outcome. First all run without savepoints, which is
// quickest; only when one fails after it has written, everything is undone and the group runs again with a savepoint
// around each.
func (w *groupWriter) commit(group []*job) {
	err := w.attempt(group, false)
	if errors.Is(err, errDirty) {
		err = w.attempt(group, true)
	}
	if err != nil {
		for _, j := range group {
			j.err = err
		}
	}
}

// errDirty undoes a group without savepoints in which a job failed after it had written.
var errDirty = errors.New("persistence: a unit of work failed half way")

func (w *groupWriter) attempt(group []*job, savepoints bool) (err error) {
	if err := w.connect(); err != nil {
		return err
	}
	if err := w.run("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = w.run("ROLLBACK")
		}
	}()
	for _, j := range group {
		if err := w.job(j, savepoints); err != nil {
			return err
		}
	}
	return w.run("COMMIT")
}

// job runs one unit of work; the error returned concerns the group.
func (w *groupWriter) job(j *job, savepoint bool) error {
	if savepoint {
		if err := w.run("SAVEPOINT job"); err != nil {
			return err
		}
	}
	s := &sqliteWrite{sqliteRead: sqliteRead{ctx: j.ctx, engine: w.engine}, writer: w}
	j.err = s.call(j.fn)
	switch {
	case j.err == nil && s.failed == nil:
	case j.err == nil:
		j.err = s.failed
		fallthrough
	default:
		if fatal(j.err) {
			return j.err
		}
		if s.wrote && !savepoint {
			return errDirty
		}
		if savepoint {
			if err := w.run("ROLLBACK TO job"); err != nil {
				return err
			}
		}
	}
	if savepoint {
		return w.run("RELEASE job")
	}
	return nil
}

// fatal reports an error after which SQLite may have ended the whole transaction by itself.
func fatal(err error) bool {
	return sqliteCode(err) != 0 && isUnavailable(err)
}

// connect takes the writer's one connection.
func (w *groupWriter) connect() error {
	if w.conn != nil {
		return nil
	}
	conn, err := w.engine.writer.Conn(context.Background())
	if err != nil {
		return err
	}
	w.conn, w.writes.db = conn, conn
	return nil
}

func (w *groupWriter) run(text string) error {
	_, err := w.exec(text, nil)
	return err
}

func (w *groupWriter) exec(text string, args []any) (int64, error) {
	st, kept, err := w.writes.get(text)
	if err != nil {
		return 0, err
	}
	if !kept {
		defer func() { _ = st.Close() }()
	}
	result, err := st.Exec(sqliteArgs(args)...) //nolint:noctx // see statements.rows
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// sqliteWrite is a unit of work inside a group.
type sqliteWrite struct {
	sqliteRead
	writer *groupWriter
	wrote  bool
	failed error // the first error: what came after it does not stand
}

// call runs fn and turns a panic into an error, so that one unit of work cannot stop the writer.
func (s *sqliteWrite) call(fn func(session) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("persistence: a unit of work panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return fn(s)
}

func (s *sqliteWrite) query(sql string, args []any, each func(row) error) error {
	return s.fail(s.writer.writes.rows(sql, args, each))
}

func (s *sqliteWrite) inside(sql string, args []any, each func(row) error) error {
	s.wrote = true
	return s.query(sql, args, each)
}

func (s *sqliteWrite) exec(sql string, args ...any) error {
	s.wrote = true
	_, err := s.writer.exec(sql, args)
	return s.fail(err)
}

func (s *sqliteWrite) claim(taken error, sql string, args ...any) error {
	s.wrote = true
	_, err := s.writer.exec(sql, args)
	if isTaken(err) {
		err = taken
	}
	return s.fail(err)
}

func (s *sqliteWrite) touch(otherwise error, sql string, args ...any) error {
	s.wrote = true
	n, err := s.writer.exec(sql, args)
	if err == nil && n == 0 {
		err = otherwise
	}
	return s.fail(err)
}

func (s *sqliteWrite) fail(err error) error {
	if err != nil && s.failed == nil {
		s.failed = err
	}
	return err
}

func (s *sqliteWrite) orm() *gorm.DB {
	s.wrote = true
	g := s.engine.wg.Session(&gorm.Session{NewDB: true, Context: context.WithoutCancel(s.ctx)})
	g.Statement.ConnPool = s.writer.conn
	return g
}
