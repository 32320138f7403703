package persistence_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/persistence"
	"usher/persistence/storetest"
)

// The values of an event are found by its subject, and what is to be erased of somebody is found by them, whether it is about
// them or by them: never by looking through those of the whole organisation.
//
//race:without three statements, looked at
func TestEventValuesAreFoundByKey(t *testing.T) {
	t.Parallel()
	storetest.EachDialect(t, func(t *testing.T, store *persistence.Store) {
		tenant := storetest.NewTenant(t, store, "acme", -1)
		crowd(t, store, tenant.Caller, 5000)
		for _, insert := range []string{
			`INSERT INTO events (organisation_id, event_id, type, actor_kind, actor_id, subject_kind, subject_id, request_id, occurred_at)
SELECT organisation_id, user_id, 'user.created', 'user', user_id, 'user', user_id, 'r', 1 FROM users`,
			`INSERT INTO event_values (subject_id, organisation_id, event_id, address, person_id)
SELECT user_id, organisation_id, user_id, '192.0.2.1', user_id FROM users`,
		} {
			require.NoError(t, persistence.Exec(store, insert))
		}
		settle(t, store)
		plans := []plan{
			{"v USING INDEX sqlite_autoindex_event_values_1 (organisation_id=? AND subject_id=? AND event_id=?)", "event_values_pkey"},
			{"event_values USING INDEX sqlite_autoindex_event_values_1 (organisation_id=? AND subject_id=?)", "event_values_pkey"},
			{"event_values USING INDEX event_values_person (organisation_id=? AND person_id=?)", "event_values_person"},
		}
		for i, statement := range persistence.EventStatements() {
			got, err := persistence.Explain(store, statement, tenant.Organisation.ID.UUID, uuid.MustParse("00000000-0000-7000-8000-00000000007b"))
			require.NoError(t, err)
			requirePlan(t, store, []persistence.Statement{{SQL: statement, Plan: got}}, plans[i])
		}
	})
}
