package persistence_test

import (
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence"
	"usher/persistence/storetest"
)

// server is a store on PostgreSQL with a way to change what the server does behind its back.
type server struct {
	*testing.T
	store     *persistence.Store
	raw       *sql.DB
	tenant    storetest.Tenant
	directory *domain.Directory
	open      bool // let units of work open a transaction before they write
}

func newServer(t *testing.T) *server {
	t.Helper()
	store := storetest.Postgres(t)
	return &server{
		T: t, store: store, raw: storetest.Raw(t, store), tenant: storetest.OwnTenant(t, store, 5),
		directory: domain.NewDirectory(store, storetest.Environment()),
	}
}

func (s *server) run(statements ...string) {
	s.Helper()
	for _, statement := range statements {
		_, err := s.raw.Exec(statement)
		require.NoError(s, err, statement)
	}
}

// fails makes the server refuse inserts of people with a code: times of them, and every one for 0. when is BEFORE, or
// AFTER for a refusal that comes only with the commit.
func (s *server) fails(state string, times int, when string) {
	s.Helper()
	condition := "true"
	if times > 0 {
		condition = fmt.Sprintf("nextval('failures') <= %d", times)
	}
	trigger := "CREATE TRIGGER failing BEFORE INSERT"
	if when == "AFTER" {
		trigger = "CREATE CONSTRAINT TRIGGER failing AFTER INSERT"
	}
	timing := ""
	if when == "AFTER" {
		timing = "DEFERRABLE INITIALLY DEFERRED"
	}
	s.run("CREATE SEQUENCE IF NOT EXISTS failures", "SELECT setval('failures', 1, false)",
		"CREATE OR REPLACE FUNCTION failing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF "+condition+
			" THEN RAISE EXCEPTION 'by order' USING ERRCODE = '"+state+"'; END IF; RETURN NEW; END $$",
		trigger+" ON users "+timing+" FOR EACH ROW EXECUTE FUNCTION failing()")
}

func (s *server) works() { s.Helper(); s.run("DROP TRIGGER failing ON users") }

// insert is a unit of work that counts its attempts.
func (s *server) insert(name string) (u domain.User, attempts int, careful int, err error) {
	s.Helper()
	u = storetest.DraftUser(s, s.tenant.Caller, storetest.Person(name))
	err = s.store.Write(s.Context(), func(tx domain.Tx) error {
		attempts++
		if persistence.RunsCarefully(tx) {
			careful++
		}
		if s.open {
			if _, err := tx.Users().Owners(u.Organisation); err != nil {
				return err
			}
		}
		if err := tx.Users().Insert(u); err != nil {
			return err
		}
		return tx.Seats().Take(u.Organisation, u.Licence, u.ID)
	})
	return u, attempts, careful, err
}

// A unit of work runs once, without a transaction, where nothing is in its way; where a guard fails it runs a second
// time, carefully, and says exactly what is wrong.
func TestCarefulAttempt(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	first, attempts, careful, err := s.insert("ana@acme.test")
	require.NoError(t, err)
	require.Equal(t, []int{1, 0}, []int{attempts, careful})

	_, attempts, careful, err = s.insert("ANA@acme.test")
	storetest.Refused(t, err, domain.Conflict, domain.CodeUserNameTaken)
	require.Equal(t, []int{2, 1}, []int{attempts, careful})

	for i := range 4 {
		_, attempts, _, err = s.insert(fmt.Sprintf("u%d@acme.test", i))
		require.NoError(t, err)
		require.Equal(t, 1, attempts)
	}
	_, attempts, careful, err = s.insert("too-many@acme.test")
	require.Equal(t, domain.SeatsExhausted("full", 5, 5), err)
	require.Equal(t, []int{2, 1}, []int{attempts, careful})

	// A version that has moved on makes it run again until it reads the one there is.
	attempts = 0
	known := first
	_, err = s.directory.ChangeUser(t.Context(), s.tenant.Caller, first.ID, domain.IfMatch{}, nil, storetest.Setting(storetest.Text("title", "a")))
	require.NoError(t, err)
	changed, err := s.directory.ChangeUser(t.Context(), s.tenant.Caller, first.ID, domain.IfMatch{}, &known, func(current attribute.Value) (attribute.Value, error) {
		attempts++
		current.Set("nickName", attribute.NewString("b"))
		return current, nil
	})
	require.NoError(t, err)
	require.Equal(t, 2, attempts)
	require.EqualValues(t, 3, changed.Version)
}

// ways are how a refusal can reach a unit of work: with a statement or only with the commit, in a transaction that was
// kept back to the end or in one that was opened.
func (s *server) ways(fn func(when, name string)) {
	s.Helper()
	for _, when := range []string{"BEFORE", "AFTER"} {
		for _, s.open = range []bool{false, true} {
			fn(when, fmt.Sprintf("%s-%t@acme.test", when, s.open))
		}
	}
}

func (s *server) people() int {
	s.Helper()
	return storetest.Count(s, s.raw, "SELECT count(*) FROM users")
}

// What the server asks to be run again is run again, a bounded number of times; nobody hears of it unless it does not end.
func TestRetries(t *testing.T) {
	t.Parallel()
	for _, state := range []string{"40001", "40P01"} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.ways(func(when, name string) {
				s.fails(state, 3, when)
				u, attempts, _, err := s.insert(name)
				require.NoError(t, err, when)
				require.Equal(t, 4, attempts, when)
				_, err = s.directory.User(t.Context(), s.tenant.Caller, u.ID)
				require.NoError(t, err)
				s.works()
			})
			s.fails(state, 0, "AFTER")
			before := s.people()
			_, attempts, _, err := s.insert("b@acme.test")
			storetest.Refused(t, err, domain.Unavailable, domain.CodeUnavailable)
			require.Equal(t, persistence.MaxAttempts, attempts)
			require.Equal(t, before, s.people(), "and nothing of it is there")
			require.Equal(t, before, storetest.Count(t, s.raw, "SELECT count(*) FROM seats WHERE holder_id IS NOT NULL"))
		})
	}
}

// A full disk, a server that stops, a statement cut short: Unavailable at once, never a false acknowledgement, and all is
// well when the cause is gone (security 51; here the server is told to say so, since its disk cannot really be filled).
func TestServerRefuses(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for state, kind := range map[string]domain.Kind{
		"53100": domain.Unavailable, "53200": domain.Unavailable, "57P01": domain.Unavailable, "58030": domain.Unavailable,
		"25006": domain.Unavailable, "57014": domain.Unavailable, "XX000": domain.Internal,
	} {
		s.ways(func(when, name string) {
			s.fails(state, 0, when)
			before := s.people()
			_, attempts, _, err := s.insert(name)
			require.True(t, domain.IsKind(err, kind), "%s %s: %v", when, state, err)
			require.Equal(t, 1, attempts, "to be told to come later is not to be asked to try again")
			require.Equal(t, before, s.people())
			s.works()
			u, _, _, err := s.insert(name)
			require.NoError(t, err)
			require.Equal(t, before+1, s.people())
			require.NoError(t, s.store.Write(t.Context(), func(tx domain.Tx) error {
				u.Status, u.Version, u.ArchivedAt = domain.Inactive, u.Version+1, u.ModifiedAt
				if err := tx.Users().Archive(u); err != nil {
					return err
				}
				return tx.Seats().Release(u.Organisation, u.ID)
			}))
		})
	}
}

// Connections that the server ends, idle or at work, are replaced without anybody's doing.
func TestConnectionsEnd(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for round := range 5 {
		s.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
		var failed int
		for {
			_, _, _, err := s.insert(fmt.Sprintf("u%d@acme.test", round))
			if err == nil {
				break
			}
			storetest.Refused(t, err, domain.Unavailable, domain.CodeUnavailable)
			failed++
			require.Less(t, failed, 50, "it does not recover")
		}
	}
}

// The server learns how many rows there are as they are written, also by units of work of a single statement: its own
// look at a table comes a minute late.
func TestPostgresLearnsHowMuchThereIs(t *testing.T) {
	t.Parallel()
	store := storetest.Postgres(t)
	db := storetest.Raw(t, store)
	require.NoError(t, persistence.Exec(store, "CREATE TABLE more AS SELECT n FROM generate_series(1, 100) n"))
	for range 2 { // what is known after the first is not what the second has written
		require.NoError(t, persistence.Exec(store, "UPDATE more SET n = n + 1"))
	}
	require.Eventually(t, func() bool {
		return storetest.Count(t, db, "SELECT count(*) FROM pg_class WHERE relname = 'organisations' AND reltuples >= 0") == 1
	}, 10*time.Second, 20*time.Millisecond)
}

// Nobody who writes is the one who sorts megabytes of others' entries into an index.
func TestSearchIndexesSortInEarly(t *testing.T) {
	t.Parallel()
	db := storetest.Raw(t, storetest.Postgres(t))
	ofAll := "SELECT count(*) FROM pg_class i JOIN pg_am m ON m.oid = i.relam WHERE m.amname = 'gin' AND i.relname LIKE '%_text'"
	require.Equal(t, 4, storetest.Count(t, db, ofAll))
	require.Equal(t, 4, storetest.Count(t, db, ofAll+" AND i.reloptions @> ARRAY['gin_pending_list_limit=256']"))
}
