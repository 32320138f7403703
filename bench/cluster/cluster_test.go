package cluster_test

import (
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"usher/bench/cluster"
	"usher/persistence/storetest"
)

func TestAClusterIsDurableAndGoneAfterwards(t *testing.T) {
	t.Parallel()
	bin := cluster.Find(os.Getenv("USHER_TEST_POSTGRES_BIN"))
	if bin == "" {
		storetest.Missing(t, "PostgreSQL is not installed")
	}
	dir, err := os.MkdirTemp("", "usher-cluster-*") //nolint:usetesting // other users cannot pass through t.TempDir
	require.NoError(t, err)
	defer func() { require.NoError(t, os.RemoveAll(dir)) }()
	require.NoError(t, os.Chmod(dir, 0o711))
	server, err := cluster.Start(t.Context(), bin, dir)
	require.NoError(t, err)
	defer server.Stop()
	conn, err := pgx.Connect(t.Context(), server.URL("postgres"))
	require.NoError(t, err)
	var fsync, commit, pages string
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT current_setting('fsync'), current_setting('synchronous_commit'), current_setting('full_page_writes')").
		Scan(&fsync, &commit, &pages))
	require.Equal(t, []string{"on", "on", "on"}, []string{fsync, commit, pages})
	require.NoError(t, conn.Close(t.Context()))

	server.Stop()
	_, err = pgx.Connect(t.Context(), server.URL("postgres"))
	require.Error(t, err)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestWithoutProgramsItSaysWhatToDo(t *testing.T) {
	t.Parallel()
	_, err := cluster.Start(t.Context(), "", t.TempDir())
	require.ErrorContains(t, err, "--postgres")
}
