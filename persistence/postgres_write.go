package persistence

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/gorm"
)

// errCareful fails an optimistic attempt whose guard did not hold: the unit of work runs again carefully, where the
// same statement gives its exact error.
var errCareful = errors.New("persistence: a guard of the optimistic attempt failed")

// errReadOnly is a write in Store.Read: a mistake of ours.
var errReadOnly = errors.New("persistence: a read was asked to write")

// errRolledBack is a COMMIT that the server answered with ROLLBACK, without an error, because a statement before it had
// failed.
var errRolledBack = errors.New("persistence: the transaction was rolled back instead of committed")

const commitSQL = "COMMIT"

// postgresWrite is one attempt at a unit of work. See session for how it proceeds.
type postgresWrite struct {
	postgresRead
	careful bool // an explicit transaction, statement after statement

	conn   *sql.Conn // set once begun
	native *pgx.Conn // the same connection
	queue  []statement
	rows   int64 // written so far
	failed error
}

// statement is a write that waits for the end of an optimistic attempt.
type statement struct {
	sql   string
	args  []any
	taken error // claim: what a unique violation means
	guard bool  // touch: a division by zero means that no row was changed
}

func (s *postgresWrite) query(sql string, args []any, each func(row) error) error {
	if s.conn == nil && len(s.queue) == 0 && !s.careful {
		return s.postgresRead.query(sql, args, each)
	}
	return s.inside(sql, args, each)
}

func (s *postgresWrite) inside(sql string, args []any, each func(row) error) error {
	if err := s.begin(); err != nil {
		return s.fail(err)
	}
	rows, err := s.native.Query(s.ctx, s.engine.bind.numbered(sql), postgresArgs(args)...)
	if err != nil {
		return s.fail(err)
	}
	err = eachRow(rows, each)
	s.rows += rows.CommandTag().RowsAffected()
	return s.fail(err)
}

// anew is inside for a statement whose plan must follow the size that the tables have now.
func (s *postgresWrite) anew(sql string, args []any, each func(row) error) error {
	return s.inside(sql, append([]any{pgx.QueryExecModeCacheDescribe}, args...), each) // unnamed, so planned for these arguments
}

func (s *postgresWrite) exec(sql string, args ...any) error {
	return s.put(statement{sql: sql, args: args}, nil)
}

func (s *postgresWrite) claim(taken error, sql string, args ...any) error {
	return s.put(statement{sql: sql, args: args, taken: taken}, nil)
}

func (s *postgresWrite) touch(otherwise error, sql string, args ...any) error {
	return s.put(statement{sql: sql, args: args, guard: true}, otherwise)
}

// put keeps a write for the end, or runs it where the attempt is careful.
func (s *postgresWrite) put(st statement, otherwise error) error {
	if !s.careful {
		if st.guard {
			st.sql = dividing(st.sql)
		}
		s.queue = append(s.queue, st)
		return nil
	}
	if err := s.begin(); err != nil {
		return s.fail(err)
	}
	tag, err := s.native.Exec(s.ctx, s.engine.bind.numbered(st.sql), postgresArgs(st.args)...)
	switch {
	case st.taken != nil && isTaken(err):
		return s.fail(st.taken)
	case st.guard && isTaken(err): // somebody took the key since it was looked at
		return s.fail(errStale)
	case err != nil:
		return s.fail(err)
	case st.guard && tag.RowsAffected() == 0:
		return s.fail(otherwise)
	}
	s.rows += tag.RowsAffected()
	return nil
}

// optimistic reports whether a statement may be written so that it only fails when the careful attempt is needed.
func (s *postgresWrite) optimistic() bool { return !s.careful }

// guarded is touch for a statement that divides by zero by itself when it has not done what it should; only for an
// optimistic attempt.
func (s *postgresWrite) guarded(sql string, args ...any) error {
	s.queue = append(s.queue, statement{sql: sql, args: args, guard: true})
	return nil
}

// dividing makes a statement fail (by dividing by zero) when it changes no row, so that it undoes the pipelined
// transaction it is part of.
func dividing(sql string) string {
	return "WITH done AS (" + sql + " RETURNING 1) SELECT 1/count(*) FROM done"
}

// begin opens the explicit transaction if there is none, and sends what was kept back.
func (s *postgresWrite) begin() error {
	if s.conn == nil {
		conn, err := s.engine.db.Conn(s.ctx)
		if err != nil {
			return err
		}
		s.conn = conn
		if err := conn.Raw(func(c any) error {
			std, ok := c.(*stdlib.Conn)
			if !ok {
				return fmt.Errorf("persistence: the connection is a %T", c)
			}
			s.native = std.Conn()
			return nil
		}); err != nil {
			return err
		}
		s.queue = append([]statement{{sql: "BEGIN"}}, s.queue...)
	}
	if len(s.queue) == 0 {
		return nil
	}
	queue := s.queue
	s.queue = nil
	return s.send(s.native, queue)
}

// sender is a connection or the pool.
type sender interface {
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// send runs statements in one round trip.
func (s *postgresWrite) send(to sender, queue []statement) error {
	batch := &pgx.Batch{}
	for _, st := range queue {
		batch.Queue(s.engine.bind.numbered(st.sql), postgresArgs(st.args)...)
	}
	results := to.SendBatch(s.ctx, batch)
	for _, st := range queue {
		tag, err := results.Exec()
		if err == nil && st.sql == commitSQL && tag.String() != commitSQL {
			err = errRolledBack
		}
		if err == nil {
			s.rows += tag.RowsAffected()
			continue
		}
		_ = results.Close()
		switch {
		case st.taken != nil && isTaken(err):
			return st.taken
		case st.guard && (sqlState(err) == stateDivisionByZero || isTaken(err)):
			return errCareful
		}
		return err
	}
	return results.Close()
}

// commit makes the unit of work durable.
func (s *postgresWrite) commit() error {
	switch {
	case s.conn != nil:
		err := s.send(s.native, append(s.queue, statement{sql: commitSQL}))
		s.queue = nil
		if err != nil {
			s.rollback()
			return err
		}
		return s.conn.Close()
	case len(s.queue) == 0:
		return nil
	}
	if len(s.queue) == 1 && !s.queue[0].guard && s.queue[0].taken == nil {
		tag, err := s.engine.pool.Exec(s.ctx, s.engine.bind.numbered(s.queue[0].sql), postgresArgs(s.queue[0].args)...)
		s.rows += tag.RowsAffected()
		return err
	}
	return s.send(s.engine.pool, s.queue) // the pipeline is one implicit transaction
}

const rollbackTimeout = 2 * time.Second

// rollback undoes the attempt and gives the connection back. A connection that cannot even roll back is closed by the
// pool, which ends its transaction as well.
func (s *postgresWrite) rollback() {
	if s.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), rollbackTimeout)
	defer cancel()
	if _, err := s.native.Exec(ctx, "ROLLBACK"); err != nil {
		_ = s.native.Close(ctx)
	}
	_ = s.conn.Close()
	s.conn = nil
}

func (s *postgresWrite) fail(err error) error {
	if err != nil && s.failed == nil {
		s.failed = err
	}
	return err
}

// orm makes the attempt an explicit transaction: GORM looks at the outcome of each statement.
func (s *postgresWrite) orm() *gorm.DB {
	g := s.engine.g.Session(&gorm.Session{NewDB: true, Context: s.ctx})
	if err := s.begin(); err != nil {
		_ = g.AddError(s.fail(err))
		return g
	}
	g.Statement.ConnPool = s.conn
	return g
}
