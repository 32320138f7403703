package persistence_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
)

// givingAccess is an organisation of so many people in which everybody is given a profile and permissions of their own.
// It gives one of them.
func givingAccess(t testing.TB, store *persistence.Store, people int) (domain.OrganisationID, domain.UserID) {
	t.Helper()
	tenant := storetest.NewTenant(t, store, "acme", -1)
	org := tenant.Organisation.ID
	now := time.Now().UTC().Truncate(time.Millisecond)
	view, dial := domain.Permission{Module: "users", Action: "view"}, domain.Permission{Module: "campaigns", Action: "dial"}
	require.NoError(t, store.Write(t.Context(), func(tx domain.Tx) error {
		for i, name := range []string{"Agent", "One baseline", "Another"} {
			err := tx.Profiles().Insert(domain.Profile{Entry: domain.Entry[domain.Profile]{
				ID: domain.ProfileID{UUID: uuid.UUID{15: byte(i + 1)}}, Organisation: org, Name: domain.NewName(name), Version: 1, CreatedAt: now, ModifiedAt: now,
			}, Grants: domain.Permissions{view: domain.AllObjects(), dial: domain.TheseObjects("c1", "c2")}, Baseline: i > 0})
			if err != nil {
				return err
			}
		}
		return nil
	}))
	crowd(t, store, tenant.Caller, people)
	require.NoError(t, persistence.Exec(store, `INSERT INTO assignments (organisation_id, user_id, kind, slot, object_id, source, locked, assigned_at)
SELECT organisation_id, user_id, 'profile', '', ?, 'administrator', false, 1 FROM users`, uuid.UUID{15: 1}))
	require.NoError(t, persistence.Exec(store, `INSERT INTO user_access (organisation_id, user_id, granted, revoked, version, modified_at)
SELECT organisation_id, user_id, '{"teams:view":true}', '{"campaigns:dial":["c1"]}', 1, 1 FROM users`))
	user := uuid.MustParse("00000000-0000-7000-8000-00000000007b")
	for _, others := range []string{ // everybody else is kept out, by everything that can keep somebody out
		`INSERT INTO user_blocks (organisation_id, user_id, reason, since, actor_kind) SELECT organisation_id, user_id, 'administrator', 1, 'system'`,
		`INSERT INTO access_windows (organisation_id, user_id, time_zone, valid_from, valid_until, schedule) SELECT organisation_id, user_id, 'UTC', '', '2020-01-01', ''`,
		`INSERT INTO waiting_people (organisation_id, user_id, licence, place, next_status, since)
SELECT organisation_id, user_id, licence, row_number() OVER (ORDER BY user_id), 'active', 1`,
	} {
		require.NoError(t, persistence.Exec(store, others+" FROM users WHERE user_id <> ?", user))
	}
	settle(t, store)
	return org, domain.UserID{UUID: user}
}

// Whether a person may come in and what they may do is found by one statement that looks everything up by a key, whatever
// the number of people: it is on the way of every request that an application lets Usher decide.
//
//race:without one statement, looked at
func TestAdmissionIsLookedUp(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		org, user := givingAccess(t, store, 20_000)
		found, statements, err := persistence.ExplainAdmission(store, org, user)
		require.NoError(t, err)
		require.Len(t, statements, 1)
		require.Equal(t, domain.Decision{Allowed: true}, found.Decide(domain.BySession, time.Now()))
		held := found.Access.Effective()
		require.True(t, held.Allows(domain.Permission{Module: "teams", Action: "view"}, ""))
		require.True(t, held.Allows(domain.Permission{Module: "campaigns", Action: "dial"}, "c2"))
		require.False(t, held.Allows(domain.Permission{Module: "campaigns", Action: "dial"}, "c1"))
		for _, table := range []string{"users", "user_access", "assignments", "user_blocks", "access_windows", "waiting_people"} {
			requirePlan(t, store, statements, plan{"(organisation_id=? AND user_id=?", table + "_pkey"})
		}
	})
}

// So is who comes to an application, once it is known what people have in common.
//
//race:without one statement, looked at
func TestGuestIsLookedUp(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		org, user := givingAccess(t, store, 20_000)
		require.NoError(t, persistence.Exec(store, "INSERT INTO sign_ins (organisation_id, user_id) SELECT organisation_id, user_id FROM users"))
		require.NoError(t, persistence.Exec(store, `INSERT INTO sessions (organisation_id, session_id, method, user_id, hash, agent, address, created_at, seen_at)
SELECT organisation_id, user_id, 'password', user_id, CAST('hash of ' || CAST(user_id AS text) AS `+map[string]string{"sqlite": "blob", "postgres": "bytea"}[store.Stat().Kind]+`), '', '', 1, 1 FROM users`))
		require.NoError(t, persistence.Exec(store, `INSERT INTO sign_in_names (organisation_id, name_key, user_id, kind)
SELECT organisation_id, 'mail of ' || CAST(user_id AS text), user_id, 'email' FROM users`))
		settle(t, store)
		found, statements, err := persistence.ExplainGuest(store, org, domain.SessionKey{ID: domain.SessionID(user)})
		require.NoError(t, err)
		require.Len(t, statements, 1)
		require.Equal(t, user, found.User.ID)
		require.Equal(t, "Agent", found.Profile.Name)
		for _, table := range []string{"users", "user_access", "assignments", "user_blocks", "access_windows", "waiting_people"} {
			requirePlan(t, store, statements, plan{"(organisation_id=? AND user_id=?", table + "_pkey"})
		}
		requirePlan(t, store, statements, plan{"n USING COVERING INDEX sign_in_names_user (organisation_id=? AND user_id=?)", "sign_in_names_user"})
		require.Equal(t, "mail of "+user.String(), found.EmailKey)
		requirePlan(t, store, statements, plan{"s USING INDEX sqlite_autoindex_sessions_1 (organisation_id=? AND session_id=?)", "sessions_pkey"})
	})
}

func BenchmarkAdmission(b *testing.B) {
	for name, open := range map[string]func(testing.TB) *persistence.Store{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		b.Run(name, func(b *testing.B) {
			store := open(b)
			org, user := givingAccess(b, store, 20_000)
			dial := domain.Permission{Module: "campaigns", Action: "dial"}
			now := time.Now()
			b.ResetTimer()
			for b.Loop() {
				err := store.Read(b.Context(), func(tx domain.Tx) error {
					found, err := tx.Assignments().Admission(org, user)
					require.True(b, found.Decide(domain.BySession, now).Allowed && found.Access.Allows(dial, "c2"))
					return err
				})
				require.NoError(b, err)
			}
		})
	}
}
