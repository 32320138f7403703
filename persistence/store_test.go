package persistence_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"usher/persistence"
	"usher/persistence/storetest"
)

// Security 52: what the suites call serializable is.
func TestSecurity52Serializable(t *testing.T) {
	t.Parallel()
	for level, open := range map[string]func(testing.TB) *persistence.Store{"read committed": storetest.Postgres, "serializable": storetest.Serializable} {
		got, err := persistence.Isolation(open(t))
		require.NoError(t, err)
		require.Equal(t, level, got)
	}
}

// The contract of every store, over both databases, and over PostgreSQL at SERIALIZABLE (security 52).
func TestContract(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		storetest.Contract(t, storetest.SQLite)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		storetest.Contract(t, storetest.Postgres)
	})
	t.Run("serializable", func(t *testing.T) {
		t.Parallel()
		storetest.Contract(t, storetest.Serializable)
	})
}

// What many do at once, over the same.
func TestConcurrency(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		storetest.Concurrency(t, storetest.SQLite)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		storetest.Concurrency(t, storetest.Postgres)
	})
	t.Run("serializable", func(t *testing.T) {
		t.Parallel()
		storetest.Concurrency(t, storetest.Serializable)
	})
}
