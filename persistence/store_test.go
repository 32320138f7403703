package persistence_test

import (
	"testing"

	"usher/persistence/storetest"
)

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
