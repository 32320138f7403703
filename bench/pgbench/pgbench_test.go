package pgbench

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"usher/bench/seed"
	"usher/domain"
	"usher/persistence/storetest"
)

// Every script runs, and does to the tables what it says.
func TestTheScriptsRun(t *testing.T) {
	t.Parallel()
	program := "pgbench"
	if dir := os.Getenv("USHER_TEST_POSTGRES_BIN"); dir != "" {
		program = filepath.Join(dir, program)
	}
	if _, err := exec.LookPath(program); err != nil {
		storetest.Missing(t, "pgbench is not installed")
	}
	const users, seats = 40, 100_000
	database := storetest.PostgresURL(t)
	env := domain.Environment{Now: time.Now, NewID: uuid.NewV7}
	made, err := domain.NewInstallation(storetest.Open(t, database), env, bytes.NewReader(make([]byte, 1000))).CreateOrganisation(t.Context(),
		domain.OrganisationSpec{Slug: "acme", Seats: []domain.SeatPlan{{Licence: domain.LicenceFull, Limit: seats}}})
	require.NoError(t, err)
	people, err := seed.Fill(t.Context(), database, made.TokenText, seed.Plan{Company: "seed", Users: users, Groups: seed.Teams(users, 10)})
	require.NoError(t, err)
	conn, err := pgx.Connect(t.Context(), database)
	require.NoError(t, err)
	defer func() { _ = conn.Close(t.Context()) }()
	count := func(from string) (n int) {
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT count(*) FROM "+from).Scan(&n))
		return n
	}
	run := func(script string) {
		result, err := Run(t.Context(), Config{Program: program, URL: database, Script: script, Connections: 2, Transactions: 100, People: people})
		require.NoError(t, err)
		require.Positive(t, result.Rate)
		require.Positive(t, result.Mean)
	}
	for range 2 { // a second run does not meet the first one's
		run(Create)
		now := count("users")
		require.Greater(t, now, users)
		for _, from := range []string{
			"user_emails", "sign_in_names", "seats WHERE holder_id IS NOT NULL", "event_values WHERE after_values LIKE '%limit.%'", "users WHERE document LIKE '%'||user_name||'%' AND document LIKE '%'||user_id||'%'",
		} {
			require.InDelta(t, now, count(from), users, from)
		}
		require.Equal(t, now, count("generate_series(1, (SELECT sum(n) FROM resource_counts WHERE kind = 'user'))"))
	}
	for range 2 {
		run(Patch)
	}
	require.Equal(t, count("users WHERE status = 'active'"), count("users WHERE document LIKE '%\"active\":true%'"))
	require.Equal(t, count("users WHERE status = 'active'"), count("users WHERE version % 2 = 1"))
	require.Equal(t, count("users WHERE status = 'active'"), count("seats WHERE holder_id IS NOT NULL"))
	require.Equal(t, users/2, count("users WHERE version > 1"), "only the second half")
	require.Positive(t, count("events WHERE type = 'user.deactivated'"))
	for _, script := range []string{Key, Page, List} {
		run(script)
	}
}

func TestTheFiguresAreFound(t *testing.T) {
	t.Parallel()
	r, err := read([]byte("transaction type: x\nlatency average = 2.500 ms\ninitial connection time = 9 ms\ntps = 6399.5 (without initial connection time)\n"))
	require.NoError(t, err)
	require.Equal(t, Result{Rate: 6399.5, Mean: 2500 * time.Microsecond}, r)
	_, err = read([]byte("pgbench: error"))
	require.Error(t, err)
}
