package persistence_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/persistence"
	"usher/persistence/storetest"
)

// unsharded are the tables that find an organisation, and so cannot be spread by it.
func unsharded() []string { return []string{"organisation_slugs", "domain_names"} }

var (
	createTable = regexp.MustCompile(`(?is)^CREATE TABLE (\w+) \((.*)\)$`)
	storage     = regexp.MustCompile(`(?is)^ALTER (TABLE|INDEX) (\w+)( SET \(\w+ = \d+\))$`)
)

// parts is in how many parts a table is created.
const parts = 4

// The proof that the schema shards by tenant: every table that has an organisation is created PARTITION BY HASH
// (organisation_id), which PostgreSQL refuses where a primary key or a unique index does without it; and on that schema
// the store keeps its contract.
//
//race:without the contract once more, on another schema; TestContract has it
func TestSchemaShards(t *testing.T) {
	t.Parallel()
	storetest.Contract(t, func(t testing.TB) *persistence.Store {
		t.Helper()
		databaseURL := storetest.EmptyPostgresURL(t)
		db := storetest.RawURL(t, databaseURL)
		var whole []string
		for _, statement := range schemaStatements(t) {
			match := createTable.FindStringSubmatch(statement)
			if of := storage.FindStringSubmatch(statement); of != nil { // which is a matter of the parts, where the rows are
				for i := range parts {
					var part string
					require.NoError(t, db.QueryRow("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = $1::regclass ORDER BY 1 OFFSET $2 LIMIT 1", of[2], i).Scan(&part))
					_, err := db.Exec("ALTER " + of[1] + " " + part + of[3])
					require.NoError(t, err, statement)
				}
				continue
			}
			if match == nil {
				_, err := db.Exec(statement)
				require.NoError(t, err, statement)
				continue
			}
			if table := match[1]; !partitioned(t, db, table, statement) {
				whole = append(whole, table)
				_, err := db.Exec(statement)
				require.NoError(t, err, statement)
			}
		}
		require.Equal(t, unsharded(), whole, "tables that cannot be spread over shards")
		require.Positive(t, storetest.Count(t, db, "SELECT count(*) FROM pg_partitioned_table"))
		return storetest.Open(t, databaseURL)
	})
}

// partitioned creates a table in four parts by organisation; false where PostgreSQL will not.
func partitioned(t testing.TB, db *sql.DB, table, statement string) bool {
	t.Helper()
	require.Contains(t, statement, "organisation_id", "the table %s belongs to no organisation", table)
	if _, err := db.Exec(statement + " PARTITION BY HASH (organisation_id)"); err != nil {
		require.Contains(t, unsharded(), table, "%v", err)
		require.Contains(t, err.Error(), "0A000", "PostgreSQL refuses it for another reason")
		return false
	}
	for i := range parts {
		_, err := db.Exec(fmt.Sprintf("CREATE TABLE %s_%d PARTITION OF %s FOR VALUES WITH (MODULUS %d, REMAINDER %d)", table, i, table, parts, i))
		require.NoError(t, err)
	}
	return true
}

// schemaStatements are the statements of all migrations of PostgreSQL, one by one.
func schemaStatements(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("migrations", "postgres", "*.sql"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	comment := regexp.MustCompile(`--[^\n]*`)
	var statements []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		up, _, _ := strings.Cut(string(text), "-- +goose Down")
		for statement := range strings.SplitSeq(comment.ReplaceAllString(up, ""), ";") {
			if statement = strings.TrimSpace(statement); statement != "" {
				statements = append(statements, statement)
			}
		}
	}
	return statements
}
