package persistence_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"usher/persistence"
	"usher/persistence/storetest"
)

// Who reports to somebody who goes is found by the manager, not among the whole organisation.
func TestReportsAreFoundByManager(t *testing.T) {
	t.Parallel()
	store := storetest.SQLite(t)
	db := storetest.Raw(t, store)
	var id, parent, unused int
	var plan string
	row := db.QueryRowContext(t.Context(), "EXPLAIN QUERY PLAN "+persistence.ReportsSQL(), "a", "b", "c", 5)
	require.NoError(t, row.Scan(&id, &parent, &unused, &plan))
	require.Contains(t, plan, "users_manager (organisation_id=? AND manager=?)")
	require.NoError(t, db.Close())
}
