package persistence_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
)

// What a client may do about an error of PostgreSQL depends on its code alone.
func TestClassifiedSQLState(t *testing.T) {
	t.Parallel()
	for _, class := range []struct {
		kind   domain.Kind
		states []string
	}{
		{domain.Unavailable, []string{
			"08000", "08003", "08006", "08001", "08004", "08P01", // connection
			"53000", "53100", "53200", "53300", "53400", // disk full, out of memory, too many connections
			"57000", "57014", "57P01", "57P02", "57P03", "57P04", "57P05", // cancelled, shutdown, crash, starting up
			"58000", "58030", "58P01", // input and output
			"25006",          // a standby
			"40001", "40P01", // after all retries
			"55P03", // a lock that was not to be had in the time the operator allows
		}},
		{domain.Internal, []string{
			"22012", "22P02", "23502", "23503", "23505", "23514", "25P02", "42501", "42601", "42P01", "54000", "0A000", "XX000", "XX001",
		}},
	} {
		for _, state := range class.states {
			for _, err := range []error{
				&pgconn.PgError{Code: state, Message: "of the server"},
				fmt.Errorf("users: insert: %w", &pgconn.PgError{Code: state}),
			} {
				var got *domain.Error
				require.ErrorAs(t, persistence.Classified(err), &got, state)
				require.Equal(t, class.kind, got.Kind, state)
				require.ErrorIs(t, got, err, "the cause is kept for the log")
				require.NotContains(t, got.Message, "of the server", "and shown to nobody")
			}
		}
	}
}

func TestClassified(t *testing.T) {
	t.Parallel()
	own := domain.UnknownMember("x")
	require.NoError(t, persistence.Classified(nil))
	require.Same(t, own, persistence.Classified(own), "what the domain says stays as it is")
	wrapped := fmt.Errorf("around: %w", own)
	require.Equal(t, wrapped, persistence.Classified(wrapped))

	_, refused := pgconn.Connect(t.Context(), "postgres://nobody@127.0.0.1:1/none?sslmode=disable&connect_timeout=5")
	require.Error(t, refused)
	for name, err := range map[string]error{
		"nobody listens":        refused,
		"cancelled":             context.Canceled,
		"too late":              context.DeadlineExceeded,
		"too late for a socket": os.ErrDeadlineExceeded,
		"cut":                   io.EOF,
		"cut in the middle":     fmt.Errorf("receive message: %w", io.ErrUnexpectedEOF),
		"closed":                net.ErrClosed,
		"reset":                 &net.OpError{Op: "read", Err: errors.New("connection reset by peer")},
		"transaction closed":    pgx.ErrTxClosed,
		"connection closed":     sql.ErrConnDone,
	} {
		require.True(t, domain.IsKind(persistence.Classified(err), domain.Unavailable), name)
	}
	for name, err := range map[string]error{
		"anything else": errors.New("anything else"), "no rows": sql.ErrNoRows,
	} {
		require.True(t, domain.IsKind(persistence.Classified(err), domain.Internal), name)
	}
}

// A server that is there but lets nobody in, as while a database is being restored, is as good as away.
func TestClassifiedConnectError(t *testing.T) {
	t.Parallel()
	u := storetest.EmptyPostgresURL(t)
	config, err := pgconn.ParseConfig(u)
	require.NoError(t, err)
	config.Database += "_not_there"
	_, err = pgconn.ConnectConfig(t.Context(), config)
	var state *pgconn.PgError
	require.ErrorAs(t, err, &state)
	require.Equal(t, "3D000", state.Code)
	require.True(t, domain.IsKind(persistence.Classified(err), domain.Unavailable), "%v", err)
}

// SQLite's errors cannot be made by hand: each of these happens.
func TestClassifiedSQLite(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "usher.db")
	db := openRaw(t, file, "")
	run := func(db *sql.DB, statement string) error {
		_, err := db.Exec(statement)
		return err
	}
	for _, statement := range []string{
		"CREATE TABLE parent (a PRIMARY KEY) WITHOUT ROWID", "CREATE TABLE t (a UNIQUE, b INTEGER NOT NULL CHECK (b > 0), c REFERENCES parent)",
		"CREATE TABLE filler (a)", "INSERT INTO t VALUES (1, 1, NULL)",
	} {
		require.NoError(t, run(db, statement))
	}
	for statement, kind := range map[string]domain.Kind{
		"INSERT INTO t VALUES (1, 1, NULL)":    domain.Internal, // no name of a noun told it otherwise
		"INSERT INTO t VALUES (2, NULL, NULL)": domain.Internal,
		"INSERT INTO t VALUES (2, 0, NULL)":    domain.Internal,
		"INSERT INTO t VALUES (2, 1, 1)":       domain.Internal,
		"SELECT nonsense":                      domain.Internal,
	} {
		err := run(db, statement)
		require.Error(t, err, statement)
		require.True(t, domain.IsKind(persistence.Classified(err), kind), "%s: %v", statement, err)
	}

	away := func(name string, err error) {
		require.Error(t, err, name)
		require.True(t, domain.IsKind(persistence.Classified(err), domain.Unavailable), "%s: %v", name, err)
	}
	lock, err := db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	_, err = lock.Exec("INSERT INTO filler VALUES (1)")
	require.NoError(t, err)
	other := openRaw(t, file, "&_pragma=busy_timeout(1)")
	away("somebody else writes", run(other, "INSERT INTO filler VALUES (2)"))
	require.NoError(t, lock.Rollback())

	require.NoError(t, run(other, "PRAGMA query_only = 1"))
	away("read-only", run(other, "INSERT INTO filler VALUES (2)"))
	full := openRaw(t, file, "&_pragma=max_page_count(1)")
	away("full", run(full, "INSERT INTO filler VALUES (zeroblob(1000000))"))
	away("no such directory", run(openRaw(t, filepath.Join(t.TempDir(), "none", "x.db"), ""), "SELECT 1 FROM sqlite_master"))
}

func openRaw(t *testing.T, file, more string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=foreign_keys(1)&_pragma=journal_mode(WAL)"+more)
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// After Close whatever is asked is Unavailable, and closing again is no fault.
func TestClose(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		tenant := storetest.OwnTenant(t, store, -1)
		directory := domain.NewDirectory(store, storetest.Environment())
		require.NoError(t, store.Ping(t.Context()))
		require.NoError(t, store.Close())
		require.NoError(t, store.Close())
		_, err := directory.Provision(t.Context(), tenant.Caller, storetest.Person("ana@acme.test"))
		storetest.Refused(t, err, domain.Unavailable, domain.CodeUnavailable)
		_, err = directory.Authenticate(t.Context(), tenant.Bearer)
		storetest.Refused(t, err, domain.Unavailable, domain.CodeUnavailable)
		storetest.Refused(t, store.Ping(t.Context()), domain.Unavailable, domain.CodeUnavailable)
		_, err = store.SchemaState(t.Context())
		storetest.Refused(t, err, domain.Unavailable, domain.CodeUnavailable)
		storetest.Refused(t, store.Migrate(t.Context()), domain.Unavailable, domain.CodeUnavailable)
	})
}

// Close while others write: each of them is told what became of it.
func TestCloseWhileWriting(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, databaseURL string) {
		store := storetest.Open(t, databaseURL)
		tenant := storetest.OwnTenant(t, store, -1)
		directory := domain.NewDirectory(store, storetest.Environment())
		const clients = 12
		began, outcomes := make(chan struct{}, 10_000), make(chan outcome, clients)
		for client := range clients {
			go func() {
				var o outcome
				for i := 0; o.err == nil; i++ {
					var u domain.User
					u, o.err = directory.Provision(context.Background(), tenant.Caller, storetest.Person(fmt.Sprintf("u%d-%d@acme.test", client, i)))
					if o.err == nil {
						o.acknowledged = append(o.acknowledged, u.ID)
						began <- struct{}{}
					}
				}
				outcomes <- o
			}()
		}
		for range 3 * clients {
			<-began
		}
		require.NoError(t, store.Close())
		again := storetest.Open(t, databaseURL)
		reader := domain.NewDirectory(again, storetest.Environment())
		for range clients {
			o := <-outcomes
			storetest.Refused(t, o.err, domain.Unavailable, domain.CodeUnavailable)
			for _, id := range o.acknowledged {
				_, err := reader.User(t.Context(), tenant.Caller, id)
				require.NoError(t, err)
			}
		}
		storetest.Consistent(t, again, tenant.Organisation.ID)
	})
}

// outcome is what a client was told, one after the other, until an error.
type outcome struct {
	acknowledged []domain.UserID
	err          error
}

// A caller who leaves while the database works is answered, and the connection works on or is replaced.
func TestCancel(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		tenant := storetest.OwnTenant(t, store, -1)
		directory := domain.NewDirectory(store, storetest.Environment())
		for i := range 60 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*50*time.Microsecond)
			name := fmt.Sprintf("u%d@acme.test", i)
			_, err := directory.Provision(ctx, tenant.Caller, storetest.Person(name))
			cancel()
			if err != nil {
				storetest.Refused(t, err, domain.Unavailable, domain.CodeUnavailable)
			}
			// Whichever it was, the same request again has one outcome: it is there, once.
			_, again := directory.Provision(t.Context(), tenant.Caller, storetest.Person(name))
			if err == nil || again != nil {
				storetest.Refused(t, again, domain.Conflict, domain.CodeUserNameTaken)
			}
		}
		storetest.Consistent(t, store, tenant.Organisation.ID)
	})
}
