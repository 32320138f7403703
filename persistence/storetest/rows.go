package storetest

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
)

// Raw is a connection of its own to a store's database, for tests that look at rows and catalogues. The store must have
// been opened by this package.
func Raw(t testing.TB, store *persistence.Store) *sql.DB {
	t.Helper()
	return RawURL(t, URL(t, store))
}

// URL is where a store that was opened by this package is.
func URL(t testing.TB, store *persistence.Store) string {
	t.Helper()
	found, ok := opened.Load(store)
	require.True(t, ok, "the store was not opened by storetest")
	return found.(string)
}

// RawURL is Raw for a database by its URL. It asks at the level of the server, as it does not try again.
func RawURL(t testing.TB, databaseURL string) *sql.DB {
	t.Helper()
	driver, name := "pgx", strings.Replace(databaseURL, atSerializable, "", 1)
	if kind, file := persistence.Kind(databaseURL); kind == "sqlite" {
		driver, name = "sqlite", "file:"+(&url.URL{Path: file}).EscapedPath()+"?_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)"
	}
	db, err := sql.Open(driver, name)
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// isSQLite asks the database which one it is.
func isSQLite(db *sql.DB) bool {
	var version string
	return db.QueryRow("SELECT sqlite_version()").Scan(&version) == nil
}

// Count runs a query that answers one number.
func Count(t testing.TB, db *sql.DB, query string, args ...any) int {
	t.Helper()
	var n int
	require.NoError(t, db.QueryRow(query, args...).Scan(&n), query)
	return n
}

// TenantTables names the tables that hold rows of an organisation, as the database's catalogue has them.
func TenantTables(t testing.TB, db *sql.DB) []string {
	t.Helper()
	query := `SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organisation_id'
WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1`
	if isSQLite(db) {
		query = `SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c ON c.name = 'organisation_id' WHERE m.type = 'table' ORDER BY 1`
	}
	var tables []string
	require.NoError(t, eachOf(db, func(scan func(...any) error) error {
		var name string
		err := scan(&name)
		tables = append(tables, name)
		return err
	}, query))
	require.Contains(t, strings.Join(tables, " "), "users")
	return tables
}

// querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// eachOf calls each for every row of a query.
func eachOf(db querier, each func(scan func(...any) error) error, query string, args ...any) error {
	rows, err := db.QueryContext(context.Background(), query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// TenantRows is everything that a database keeps of an organisation, by table, each row as text, in order.
func TenantRows(t testing.TB, db *sql.DB, org domain.OrganisationID) map[string][]string {
	t.Helper()
	kept := map[string][]string{}
	for _, table := range TenantTables(t, db) {
		require.NoError(t, eachRow(db, func(values []any) {
			kept[table] = append(kept[table], fmt.Sprintf("%q", values))
		}, "SELECT * FROM "+table+" WHERE organisation_id = $1", org.String()), table)
		slices.Sort(kept[table])
	}
	return kept
}

// eachRow calls each for every row of a query, with its values as text and numbers.
func eachRow(db querier, each func(values []any), query string, args ...any) error {
	rows, err := db.QueryContext(context.Background(), query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	for rows.Next() {
		values, targets := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			targets[i] = &values[i]
		}
		if err := rows.Scan(targets...); err != nil {
			return err
		}
		each(values)
	}
	return rows.Err()
}
