// Package storetest owns the contract that every store must keep, as one suite over SQLite and PostgreSQL ([Contract],
// [Concurrency], [Consistent]), and gives other packages' tests a fresh store of each.
//
//	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
//		tenant := storetest.NewTenant(t, store, "acme", 10)
//		directory := domain.NewDirectory(store, storetest.Environment())
//		_, err := directory.Provision(ctx, tenant.Caller, storetest.Person("ana@acme.test"))
//		…
//		storetest.Consistent(t, store, tenant.Organisation.ID)
//	})
//
// PostgreSQL is the server that USHER_TEST_POSTGRES names (its user must be allowed to create databases). Without it
// those tests are skipped, except where USHER_TEST_REQUIRE is 1: there they fail, so that nothing is left out unnoticed.
package storetest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"usher/persistence"
)

// Each runs a test over a fresh, migrated store of each database, and one of PostgreSQL at SERIALIZABLE, in parallel.
func Each(t *testing.T, test func(t *testing.T, store *persistence.Store)) {
	t.Helper()
	EachDialect(t, test)
	t.Run("serializable", func(t *testing.T) {
		t.Parallel()
		test(t, Serializable(t))
	})
}

// EachDialect is Each without SERIALIZABLE: for tests of what one statement finds and by which index, in which others that
// write at the same time have no part.
func EachDialect(t *testing.T, test func(t *testing.T, store *persistence.Store)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, SQLite(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, Postgres(t))
	})
}

// EachURL is Each for tests that open the store themselves: the URL is of a fresh, migrated database.
func EachURL(t *testing.T, test func(t *testing.T, databaseURL string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		onFile(t, test)
	})
	EachLevel(t, test)
}

// EachDialectURL is EachURL without SERIALIZABLE.
func EachDialectURL(t *testing.T, test func(t *testing.T, databaseURL string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		onFile(t, test)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, PostgresURL(t))
	})
}

// EachLevel is EachURL without SQLite: for tests of several processes on one database.
func EachLevel(t *testing.T, test func(t *testing.T, databaseURL string)) {
	t.Helper()
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, PostgresURL(t))
	})
	t.Run("serializable", func(t *testing.T) {
		t.Parallel()
		test(t, SerializableURL(t))
	})
}

func onFile(t *testing.T, test func(t *testing.T, databaseURL string)) {
	t.Helper()
	store, databaseURL := sqlite(t)
	require.NoError(t, store.Close())
	test(t, databaseURL)
}

// Shared opens a store of each database, and one of PostgreSQL at SERIALIZABLE, once for all subtests of t. What it
// returns runs a test over each, in parallel: for suites in which every test has an organisation of its own.
func Shared(t *testing.T) func(t *testing.T, test func(t *testing.T, store *persistence.Store)) {
	t.Helper()
	type kind struct {
		name  string
		store *persistence.Store
	}
	kinds := []kind{{name: "sqlite", store: SQLite(t)}, {name: "postgres"}, {name: "serializable"}}
	if os.Getenv("USHER_TEST_POSTGRES") != "" {
		kinds[1].store, kinds[2].store = Postgres(t), Serializable(t)
	}
	return func(t *testing.T, test func(t *testing.T, store *persistence.Store)) {
		t.Helper()
		for _, k := range kinds {
			t.Run(k.name, func(t *testing.T) {
				t.Parallel()
				if k.store == nil {
					_ = server(t) // which skips or fails
				}
				test(t, k.store)
			})
		}
	}
}

// SQLite is a fresh, migrated store on a file that goes with the test.
func SQLite(t testing.TB) *persistence.Store {
	t.Helper()
	store, _ := sqlite(t)
	return store
}

func sqlite(t testing.TB) (*persistence.Store, string) {
	t.Helper()
	migrated, err := migratedFile()
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "usher.db")
	require.NoError(t, os.WriteFile(file, migrated, 0o600))
	databaseURL := "sqlite:" + file
	return Open(t, databaseURL), databaseURL
}

// Postgres is a store on a fresh, migrated database that goes with the test.
func Postgres(t testing.TB) *persistence.Store {
	t.Helper()
	return Open(t, PostgresURL(t))
}

// Serializable is a store on a fresh, migrated database at SERIALIZABLE.
func Serializable(t testing.TB) *persistence.Store {
	t.Helper()
	return Open(t, SerializableURL(t))
}

// atSerializable is what a URL says for every transaction to be at that level; libpq reads no + as a blank.
const atSerializable = "options=-c%20default_transaction_isolation%3Dserializable"

// SerializableURL is PostgresURL with every transaction at isolation level SERIALIZABLE, where the server refuses more of
// them and asks for a retry (security 52).
func SerializableURL(t testing.TB) string {
	t.Helper()
	u, err := url.Parse(PostgresURL(t))
	require.NoError(t, err)
	if u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += atSerializable
	return u.String()
}

// Open opens a store and closes it with the test.
func Open(t testing.TB, databaseURL string) *persistence.Store {
	t.Helper()
	store, err := persistence.Open(context.Background(), persistence.Config{URL: databaseURL})
	require.NoError(t, err)
	opened.Store(store, databaseURL)
	t.Cleanup(func() {
		opened.Delete(store)
		_ = store.Close()
	})
	return store
}

// opened remembers where a store is, for those who look at its rows: a store keeps its URL, and so its password, to
// itself.
var opened sync.Map // *persistence.Store → string

// PostgresURL makes a fresh, migrated database, dropped with the test.
func PostgresURL(t testing.TB) string {
	t.Helper()
	template, err := migratedTemplate(server(t))
	require.NoError(t, err)
	return database(t, " TEMPLATE "+template)
}

// EmptyPostgresURL makes a fresh database without a schema, dropped with the test.
func EmptyPostgresURL(t testing.TB) string {
	t.Helper()
	return database(t, "")
}

func server(t testing.TB) string {
	t.Helper()
	address := os.Getenv("USHER_TEST_POSTGRES")
	if address == "" {
		Missing(t, "USHER_TEST_POSTGRES is not set; make test starts a server and sets it")
	}
	return address
}

// Missing ends a test for want of something that make test sees to: as skipped, or where USHER_TEST_REQUIRE is 1 as failed.
func Missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("USHER_TEST_REQUIRE") == "1" {
		t.Fatal(what)
	}
	t.Skip(what)
}

func database(t testing.TB, options string) string {
	t.Helper()
	address := server(t)
	name := uniqueName()
	require.NoError(t, administer(address, "CREATE DATABASE "+name+options))
	t.Cleanup(func() {
		if err := administer(address, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			t.Logf("drop %s: %v", name, err)
		}
	})
	return onDatabase(address, name)
}

func uniqueName() string {
	var b [8]byte
	_, _ = rand.Read(b[:])
	return "usher_test_" + hex.EncodeToString(b[:])
}

// onDatabase is the server's address with another database.
func onDatabase(address, name string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	u.Path = "/" + name
	return u.String()
}

func administer(address, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return fmt.Errorf("connect to USHER_TEST_POSTGRES: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, statement)
	return err
}

// migratedFile is an empty, migrated database of SQLite, made once per process: to copy it takes a thousandth of the time
// of the migrations.
var migratedFile = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "usher-test-*")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	ctx, file := context.Background(), filepath.Join(folder, "usher.db")
	store, err := persistence.Open(ctx, persistence.Config{URL: "sqlite:" + file})
	if err != nil {
		return nil, err
	}
	if err := store.Migrate(ctx); err != nil {
		_ = store.Close()
		return nil, err
	}
	if err := store.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
})

// migratedTemplate makes the database from which the others are copied, once per process.
var migratedTemplate = func() func(address string) (string, error) {
	var once sync.Once
	var name string
	var err error
	return func(address string) (string, error) {
		once.Do(func() {
			ctx := context.Background()
			name = uniqueName()
			if err = administer(address, "CREATE DATABASE "+name); err != nil {
				return
			}
			var store *persistence.Store
			if store, err = persistence.Open(ctx, persistence.Config{URL: onDatabase(address, name)}); err != nil {
				return
			}
			err = store.Migrate(ctx)
			_ = store.Close()
		})
		return name, err
	}
}()
