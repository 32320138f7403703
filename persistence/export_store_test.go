package persistence

import (
	"context"
	"errors"
	"io/fs"

	"github.com/pressly/goose/v3"

	"usher/domain"
)

// What the tests of the store need from inside.
var (
	Classified   = classified
	CheckVersion = checkVersion
)

// MaxAttempts is how often a unit of work is tried.
const MaxAttempts = maxAttempts

// MigrateTo brings the schema to a version that this program knows.
func MigrateTo(ctx context.Context, store *Store, version int64) error {
	return store.migrateTo(ctx, version)
}

// Newest is the version that a database of this kind is brought to.
func Newest(store *Store) (int64, error) {
	_, _, folder := store.migrations()
	return newest(folder)
}

// Versions are the versions that a database of this kind can have had.
func Versions(store *Store) ([]int64, error) {
	_, _, folder := store.migrations()
	names, err := fs.Glob(migrations, folder+"/*.sql")
	var versions []int64
	for _, name := range names {
		version, errName := goose.NumericComponent(name)
		err = errors.Join(err, errName)
		versions = append(versions, version)
	}
	return versions, err
}

// OnWriter runs a statement on SQLite's writing connection, between units of work.
func OnWriter(store *Store, statement string) error {
	return store.write(context.Background(), func(s session) error {
		w, ok := s.(*sqliteWrite)
		if !ok {
			return errReadOnly
		}
		_, err := w.writer.exec(statement, nil)
		return err
	})
}

// RunsCarefully reports whether a unit of work on PostgreSQL is in its careful attempt.
func RunsCarefully(of domain.Tx) bool {
	t, ok := of.(tx)
	if !ok {
		return false
	}
	s, ok := t.session.(*postgresWrite)
	return ok && s.careful
}
