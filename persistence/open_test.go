package persistence_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
)

const password = "Correct-Horse_Battery"

// A wrong database setting is one line that names the setting and the remedy, without the password, and leaves nothing
// behind.
func TestOpenRefuses(t *testing.T) { //nolint:tparallel // its cases share a folder
	t.Parallel()
	folder := t.TempDir()
	text := filepath.Join(folder, "notes.db")
	require.NoError(t, os.WriteFile(text, []byte(strings.Repeat("no database at all\n", 100)), 0o600))
	for name, c := range map[string]struct{ url, says string }{
		"nothing":            {"", "sqlite:FILE"},
		"no scheme":          {"usher.db", "sqlite:FILE"},
		"another database":   {"mysql://root:" + password + "@localhost/usher", "mysql"},
		"a typing error":     {"postgress://root:" + password + "@localhost/usher", "postgress"},
		"words for libpq":    {"password=" + password + " host=localhost user=usher", "postgres://"},
		"words, colon later": {"host=localhost password=" + password + " options=a:b", "postgres://"},
		"sqlite, no file":    {"sqlite:", "name a file"},
		"sqlite, in memory":  {"sqlite::memory:", "name a file"},
		"no directory":       {"sqlite:" + filepath.Join(folder, "none", "usher.db"), "does not exist"},
		"a directory":        {"sqlite:" + folder, "is a directory"},
		"a file as one":      {"sqlite:" + filepath.Join(text, "usher.db"), "not a directory"},
		"not a database":     {"sqlite:" + text, "not an SQLite database"},
		"nobody listens":     {"postgres://usher:" + password + "@127.0.0.1:1/usher", "connection refused"},
		"several, none":      {"postgres://usher:" + password + "@127.0.0.1:1,127.0.0.1:2/usher", "check host"},
		"password apart":     {"postgres://127.0.0.1:1/usher?user=usher&password=" + password, "check host"},
		"unreadable":         {"postgres://usher:" + password + "@[::1/usher", "cannot be read"},
		"unreadable port":    {"postgres://usher:" + password + "@localhost:port/usher", "cannot be read"},
		"unreadable option":  {"postgres://usher:" + password + "@localhost/usher?sslmode=perhaps", "cannot be read"},
		"unreadable escape":  {"postgres://usher:" + password + "%zz@localhost/usher", "cannot be read"},
	} {
		t.Run(name, func(t *testing.T) { // one after the other, in one folder
			before := listing(t, folder)
			_, err := persistence.Open(t.Context(), persistence.Config{URL: c.url})
			refusedSetting(t, err, c.says)
			require.Equal(t, before, listing(t, folder), "nothing is created")
			require.NotContains(t, persistence.Redacted(c.url), password)
		})
	}
}

// refusedSetting requires the one line that a wrong setting is answered with.
func refusedSetting(t *testing.T, err error, says string) {
	t.Helper()
	var refusal *domain.Error
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, domain.Invalid, refusal.Kind)
	require.Equal(t, "database", refusal.Field)
	require.Contains(t, refusal.Message, says)
	require.NotContains(t, err.Error(), password)
	require.NotContains(t, err.Error(), "\n")
}

func listing(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestOpenServerRefuses(t *testing.T) {
	t.Parallel()
	address := storetest.EmptyPostgresURL(t)
	_, err := persistence.Open(t.Context(), persistence.Config{URL: strings.Replace(address, "usher_test_", "usher_missing_", 1)})
	refusedSetting(t, err, "does not exist")
	_, err = persistence.Open(t.Context(), persistence.Config{URL: strings.Replace(address, "postgres@", "nobody:"+password+"@", 1)})
	refusedSetting(t, err, "nobody")
}

// A server that takes connections and says nothing keeps nobody waiting for longer than they will.
func TestOpenSilentServer(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err = persistence.Open(ctx, persistence.Config{URL: "postgres://usher:" + password + "@" + listener.Addr().String() + "/usher?sslmode=disable"})
	refusedSetting(t, err, "check host")
}

func TestOpenReadOnly(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("to root nothing is read-only; make test runs as somebody else")
	}
	folder := t.TempDir()
	file := filepath.Join(folder, "usher.db")
	store := storetest.Open(t, "sqlite:"+file)
	require.NoError(t, store.Migrate(t.Context()))
	require.NoError(t, store.Close())

	require.NoError(t, os.Chmod(file, 0o400))
	_, err := persistence.Open(t.Context(), persistence.Config{URL: "sqlite:" + file})
	refusedSetting(t, err, "writ")
	require.NoError(t, os.Chmod(file, 0o600))

	before := listing(t, folder)
	require.NoError(t, os.Chmod(folder, 0o500))
	t.Cleanup(func() { _ = os.Chmod(folder, 0o700) })
	for _, name := range []string{"usher.db", "new.db"} {
		_, err := persistence.Open(t.Context(), persistence.Config{URL: "sqlite:" + filepath.Join(folder, name)})
		refusedSetting(t, err, "cannot be written")
	}
	require.Equal(t, before, listing(t, folder))
}

// Every path that the operating system takes is one for a database.
func TestOpenPaths(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for _, name := range []string{"plain.db", "with space.db", "question?mark=1.db", "hash#tag.db", "per%20cent.db", "ünïcödé.db", "a&b;c.db", "noending"} {
		store := storetest.Open(t, "sqlite:"+filepath.Join(folder, name))
		require.NoError(t, store.Migrate(t.Context()), name)
		require.NoError(t, store.Close())
		require.FileExists(t, filepath.Join(folder, name))
	}
	require.Len(t, listing(t, folder), 8, "each under its own name, and nothing beside them")
}

func TestCheckVersion(t *testing.T) {
	t.Parallel()
	for version, says := range map[int]string{90624: "PostgreSQL 9;", 130009: "PostgreSQL 13;"} {
		refusedSetting(t, persistence.CheckVersion(version), says)
		refusedSetting(t, persistence.CheckVersion(version), "14 or newer")
	}
	for _, version := range []int{140000, 150018, 170002} {
		require.NoError(t, persistence.CheckVersion(version))
	}
}

func TestRedacted(t *testing.T) {
	t.Parallel()
	for _, databaseURL := range []string{
		"postgres://usher:" + password + "@localhost/usher", "postgresql://usher:" + password + "@a:1,b:2/usher",
		"postgres://localhost/usher?user=usher&password=" + password, "postgres://localhost/usher?sslpassword=" + password,
		"postgres://localhost/usher?PASSWORD=" + password, "postgres://u@localhost/usher?a=1;password=" + password,
		"mysql://u:" + password + "@h/d", "host=h password=" + password, password,
	} {
		require.NotContains(t, persistence.Redacted(databaseURL), password, databaseURL)
	}
	require.Equal(t, "sqlite:/var/lib/usher.db", persistence.Redacted("sqlite:/var/lib/usher.db"))
	require.Contains(t, persistence.Redacted("postgres://usher:"+password+"@db.test:5432/usher"), "db.test:5432/usher")
}
