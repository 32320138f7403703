package persistence

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"usher/domain"
)

// errStale fails a unit of work whose version guard found that the row has moved on: the unit runs again.
var errStale = errors.New("persistence: the row has changed since it was read")

// SQLSTATE codes (PostgreSQL documentation, appendix A).
const (
	stateUniqueViolation      = "23505"
	stateDivisionByZero       = "22012" // only our own guards divide
	stateSerializationFailure = "40001"
	stateDeadlock             = "40P01"
	stateReadOnly             = "25006"
	stateLockNotAvailable     = "55P03" // within a lock_timeout that the operator has set
	classConnection           = "08"
	classResources            = "53" // disk full, out of memory, too many connections
	classOperator             = "57" // shutdown, crash, cannot connect now
	classSystem               = "58" // input/output error
)

func sqlState(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func sqliteCode(err error) int {
	var e *driver.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}

// isTaken reports a violated unique key.
func isTaken(err error) bool {
	code := sqliteCode(err)
	return sqlState(err) == stateUniqueViolation ||
		code == sqlite3.SQLITE_CONSTRAINT_UNIQUE || code == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
}

// isRetryable reports that the database asks for the unit of work to be run again.
func isRetryable(err error) bool {
	state := sqlState(err)
	return errors.Is(err, errStale) || state == stateSerializationFailure || state == stateDeadlock
}

// isUnavailable reports that the database cannot be reached, is full, or may not be written at the moment.
func isUnavailable(err error) bool {
	if isAway(err) {
		return true
	}
	if state := sqlState(err); state != "" {
		class := state[:2]
		return class == classConnection || class == classResources || class == classOperator || class == classSystem ||
			state == stateReadOnly || state == stateLockNotAvailable
	}
	switch sqliteCode(err) & 0xff {
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY,
		sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM:
		return true
	}
	return false
}

// isAway reports that there is no connection: it could not be made (whatever the server said to that), it ended under a
// statement or before it, the time was up, or the store is closed.
func isAway(err error) bool {
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || pgconn.Timeout(err) || pgconn.SafeToRetry(err) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, sql.ErrConnDone) || errors.Is(err, pgx.ErrTxClosed) || errors.Is(err, errClosed)
}

// classified turns whatever a unit of work failed with into a *domain.Error. It is the only place that knows driver
// errors.
func classified(err error) error {
	if err == nil {
		return nil
	}
	var known *domain.Error
	if errors.As(err, &known) {
		return err
	}
	switch {
	case errors.Is(err, context.Canceled):
		return &domain.Error{Kind: domain.Unavailable, Code: domain.CodeUnavailable, Message: "the request was abandoned", Err: err}
	case isRetryable(err):
		return &domain.Error{Kind: domain.Unavailable, Code: domain.CodeUnavailable, Message: "too many changes to the same thing at once; try again", Err: err}
	case isUnavailable(err):
		return &domain.Error{Kind: domain.Unavailable, Code: domain.CodeUnavailable, Message: "the database cannot be used at the moment; try again", Err: err}
	}
	return &domain.Error{Kind: domain.Internal, Code: domain.CodeInternal, Message: "the database refused a statement", Err: err}
}

// notFound is what every look-up that finds nothing answers.
func notFound(what string) *domain.Error {
	return &domain.Error{Kind: domain.NotFound, Code: domain.CodeNotFound, Message: "there is no such " + strings.TrimSpace(what)}
}
