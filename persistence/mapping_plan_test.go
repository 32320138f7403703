package persistence_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
)

// A job walks through a big group page by page: each page is read from where the last one ended, and no further.
//
//race:without one statement, looked at
func TestPeopleOfGroupArePaged(t *testing.T) {
	t.Parallel()
	storetest.EachDialect(t, func(t *testing.T, store *persistence.Store) {
		tenant := storetest.NewTenant(t, store, "acme", -1)
		org, group := tenant.Organisation.ID, domain.GroupID{UUID: uuid.MustParse("00000000-0000-7000-8000-000000000001")}
		crowd(t, store, tenant.Caller, 5000)
		for _, insert := range []string{
			"INSERT INTO memberships (organisation_id, group_id, member_id, member_kind) SELECT organisation_id, ?, user_id, 1 FROM users",
			"INSERT INTO claimed_groups (organisation_id, group_id, user_id, since) SELECT organisation_id, ?, user_id, 1 FROM users",
		} {
			require.NoError(t, persistence.Exec(store, insert, group.UUID))
		}
		settle(t, store)
		after := domain.UserID{UUID: uuid.MustParse("00000000-0000-7000-8000-00000000007b")}
		found, statements, err := persistence.ExplainPeopleOf(store, org, group, after, 100)
		require.NoError(t, err)
		require.Len(t, found, 100)
		require.Equal(t, "00000000-0000-7000-8000-00000000007c", found[0].String())
		requirePlan(t, store, statements, plan{"memberships USING PRIMARY KEY (organisation_id=? AND group_id=? AND member_id>?)", "Scan using memberships_"})
		requirePlan(t, store, statements, plan{"claimed_groups_of_group (organisation_id=? AND group_id=? AND user_id>?)", "claimed_groups_of_group"})
		if store.Stat().Kind == "postgres" {
			require.Equal(t, 3, strings.Count(statements[0].Plan, "Limit"), "each list is cut, and both together: %s", statements[0].Plan)
		}
	})
}
