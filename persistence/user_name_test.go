package persistence_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"usher/persistence"
	"usher/persistence/storetest"
)

// The names of one person are found by the person, not among those of the whole organisation.
func TestNamesOfPersonAreFoundByKey(t *testing.T) {
	t.Parallel()
	store := storetest.SQLite(t)
	db := storetest.Raw(t, store)
	for _, statement := range []string{"DELETE FROM %s", "UPDATE %s SET connection_id = 'c'"} {
		var id, parent, unused int
		var plan string
		row := db.QueryRowContext(t.Context(), "EXPLAIN QUERY PLAN "+persistence.AboutNamesOfPerson(store, statement)+" WHERE organisation_id = 'a' AND user_id = 'b'")
		require.NoError(t, row.Scan(&id, &parent, &unused, &plan))
		require.Contains(t, plan, "sign_in_names_user (organisation_id=? AND user_id=?)")
	}
	require.NoError(t, db.Close())
}
