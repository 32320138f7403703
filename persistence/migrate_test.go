package persistence_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
)

// eachEmpty runs a test over the URL of a database of each kind that has no schema.
func eachEmpty(t *testing.T, test func(t *testing.T, databaseURL string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, "sqlite:"+filepath.Join(t.TempDir(), "usher.db"))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, storetest.EmptyPostgresURL(t))
	})
}

func stateOf(t *testing.T, store *persistence.Store) persistence.SchemaState {
	t.Helper()
	state, err := store.SchemaState(t.Context())
	require.NoError(t, err)
	return state
}

// An empty database is told from one that is up to date, and coming up to date again changes nothing.
func TestMigrateFresh(t *testing.T) {
	t.Parallel()
	eachEmpty(t, func(t *testing.T, databaseURL string) {
		store := storetest.Open(t, databaseURL)
		newest, err := persistence.Newest(store)
		require.NoError(t, err)
		require.Positive(t, newest)
		require.Equal(t, persistence.SchemaState{Current: 0, Target: newest}, stateOf(t, store))
		refusedSetting(t, stateOf(t, store).Err(), "usher migrate")

		require.NoError(t, store.Migrate(t.Context()))
		require.Equal(t, persistence.SchemaState{Current: newest, Target: newest}, stateOf(t, store))
		require.NoError(t, stateOf(t, store).Err())
		tenant := storetest.OwnTenant(t, store, 2)
		db := storetest.RawURL(t, databaseURL)
		before := schemaOf(t, db)
		require.NoError(t, store.Migrate(t.Context()))
		require.Equal(t, before, schemaOf(t, db))
		_, err = domain.NewDirectory(store, storetest.Environment()).Authenticate(t.Context(), tenant.Bearer)
		require.NoError(t, err)
	})
}

// A schema made by a newer program is refused, by who serves and by who migrates, and left as it is.
func TestMigrateNewer(t *testing.T) {
	t.Parallel()
	eachEmpty(t, func(t *testing.T, databaseURL string) {
		store := storetest.Open(t, databaseURL)
		require.NoError(t, store.Migrate(t.Context()))
		newest, err := persistence.Newest(store)
		require.NoError(t, err)
		db := storetest.RawURL(t, databaseURL)
		_, err = db.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES ($1, true)", newest+3)
		require.NoError(t, err)
		before := schemaOf(t, db)
		says := fmt.Sprintf("version %d", newest+3)
		refusedSetting(t, stateOf(t, store).Err(), says)
		refusedSetting(t, stateOf(t, store).Err(), "newer usher")
		refusedSetting(t, store.Migrate(t.Context()), says)
		require.Equal(t, before, schemaOf(t, db))
	})
}

// A database in which somebody else has tables is not half migrated.
func TestMigrateForeign(t *testing.T) {
	t.Parallel()
	eachEmpty(t, func(t *testing.T, databaseURL string) {
		db := storetest.RawURL(t, databaseURL)
		_, err := db.Exec("CREATE TABLE groups (of_somebody_else integer)")
		require.NoError(t, err)
		store := storetest.Open(t, databaseURL)
		refusedSetting(t, store.Migrate(t.Context()), "another application")
		_, err = store.SchemaState(t.Context())
		refusedSetting(t, err, "another application")
		tables := "SELECT count(*) FROM sqlite_master WHERE type = 'table'"
		if kind, _ := persistence.Kind(databaseURL); kind == "postgres" {
			tables = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
		}
		var n int
		require.NoError(t, db.QueryRow(tables).Scan(&n))
		require.Equal(t, 1, n, "nothing was added")
	})
}

// Replicas that start at the same moment may all migrate: one does, and the others find it done.
func TestMigrateAtOnce(t *testing.T) {
	t.Parallel()
	eachEmpty(t, func(t *testing.T, databaseURL string) {
		const replicas = 8
		stores := make([]*persistence.Store, replicas)
		for i := range stores {
			stores[i] = storetest.Open(t, databaseURL)
		}
		errs := make([]error, replicas)
		var group sync.WaitGroup
		for i, store := range stores {
			group.Go(func() { errs[i] = store.Migrate(context.Background()) })
		}
		group.Wait()
		for i, err := range errs {
			require.NoError(t, err, "replica %d", i)
			require.NoError(t, stateOf(t, stores[i]).Err())
		}
	})
}

// From every earlier version, with data in it, the schema becomes the one a fresh database has, and nothing is lost.
// testdata/schema holds what a database of each version held; a new version's is written by -update.
//
//race:without migrations run one after the other
func TestMigrateFromEveryVersion(t *testing.T) {
	t.Parallel()
	eachEmpty(t, func(t *testing.T, databaseURL string) {
		kind, _ := persistence.Kind(databaseURL)
		fresh := storetest.Open(t, databaseURL)
		newest, err := persistence.Newest(fresh)
		require.NoError(t, err)
		require.NoError(t, fresh.Migrate(t.Context()))
		want := schemaOf(t, storetest.RawURL(t, databaseURL))
		if *update {
			writeFixture(t, fresh, databaseURL, fixtureOf(kind, newest))
		}
		for _, version := range versionsOf(t, kind) {
			t.Run(fmt.Sprint(version), func(t *testing.T) {
				older := "sqlite:" + filepath.Join(t.TempDir(), "usher.db")
				if kind == "postgres" {
					older = storetest.EmptyPostgresURL(t)
				}
				store := storetest.Open(t, older)
				require.NoError(t, persistence.MigrateTo(t.Context(), store, version))
				require.Equal(t, persistence.SchemaState{Current: version, Target: newest}, stateOf(t, store))
				db := storetest.RawURL(t, older)
				readFixture(t, db, fixtureOf(kind, version))
				before := rowCounts(t, db)
				require.NoError(t, store.Migrate(t.Context()))
				require.NoError(t, stateOf(t, store).Err())
				require.Equal(t, want, schemaOf(t, db), "an upgraded schema differs from a fresh one")
				after := rowCounts(t, db)
				for table, n := range before {
					require.Equal(t, n, after[table], "rows of %s", table)
				}
				checkStory(t, store)
			})
		}
	})
}

// versionsOf are the versions that the migrations of a database lead through.
func versionsOf(t *testing.T, kind string) []int64 {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("migrations", kind, "*.sql"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	versions := make([]int64, len(files))
	for i, file := range files {
		_, err := fmt.Sscanf(filepath.Base(file), "%d_", &versions[i])
		require.NoError(t, err)
	}
	return versions
}

// schemaOf spells the schema of a database, as its catalogue has it, in lines.
func schemaOf(t *testing.T, db *sql.DB) string {
	t.Helper()
	query := "SELECT type || ' ' || name || ' ' || COALESCE(sql, '') FROM sqlite_master WHERE name NOT LIKE '%goose%'"
	if !isSQLite(db) {
		query = `SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || COALESCE(column_default, '') || ' ' ||
COALESCE(collation_name, '') FROM information_schema.columns WHERE table_schema = current_schema() AND table_name NOT LIKE '%goose%'
UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema() AND tablename NOT LIKE '%goose%'
UNION ALL SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = current_schema()::regnamespace AND conrelid::regclass::text NOT LIKE '%goose%'
UNION ALL SELECT 'goose ' || version_id FROM goose_db_version WHERE false`
	}
	rows, err := db.Query(query)
	require.NoError(t, err)
	defer rows.Close()
	var lines []string
	for rows.Next() {
		var line string
		require.NoError(t, rows.Scan(&line))
		lines = append(lines, line)
	}
	require.NoError(t, rows.Err())
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}

func isSQLite(db *sql.DB) bool {
	var version string
	return db.QueryRow("SELECT sqlite_version()").Scan(&version) == nil
}

func rowCounts(t *testing.T, db *sql.DB) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for _, table := range storetest.TenantTables(t, db) {
		counts[table] = storetest.Count(t, db, "SELECT count(*) FROM "+table)
	}
	return counts
}

// The subject of whoever was turned away before version 24 is gone from the log, whatever is in it, and the rest of what was
// told is there.
//
//race:without migrations run one after the other
func TestMigrateErasesSubjects(t *testing.T) {
	t.Parallel()
	eachEmpty(t, func(t *testing.T, databaseURL string) {
		kind, _ := persistence.Kind(databaseURL)
		store := storetest.Open(t, databaseURL)
		require.NoError(t, persistence.MigrateTo(t.Context(), store, 23))
		db := storetest.RawURL(t, databaseURL)
		readFixture(t, db, fixtureOf(kind, 23))
		const org, event, other = "01900000-0000-7000-8000-000000000001", "01900000-0000-7000-8000-0000000000f1", "01900000-0000-7000-8000-0000000000f2"
		for id, of := range map[string]string{event: "connection.first_access_refused", other: "connection.client_changed"} {
			_, err := db.Exec(`INSERT INTO events (organisation_id, event_id, type, actor_kind, actor_id, subject_kind, subject_id, request_id, occurred_at)
VALUES ($1, $2, $3, 'connection', $1, 'connection', $1, 'r', 1)`, org, id, of)
			require.NoError(t, err)
			_, err = db.Exec("INSERT INTO event_values (organisation_id, event_id, subject_id, after_values) VALUES ($1, $2, $1, $3)",
				org, id, `{"reason":"it's \"so\"","issuer":"https://idp.test","subject":"zephyrine\u0000"}`)
			require.NoError(t, err)
		}
		require.NoError(t, store.Migrate(t.Context()))
		var is string
		require.NoError(t, db.QueryRow("SELECT after_values FROM event_values WHERE event_id = $1", event).Scan(&is))
		require.JSONEq(t, `{"reason":"it's \"so\"","issuer":"https://idp.test"}`, is)
		require.NoError(t, db.QueryRow("SELECT after_values FROM event_values WHERE event_id = $1", other).Scan(&is))
		require.Contains(t, is, "zephyrine", "which no other event has to lose")
	})
}
