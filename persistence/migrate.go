package persistence

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"

	"usher/domain"
)

//go:embed migrations
var migrations embed.FS

func (e *postgresEngine) migrations() (string, *sql.DB, string) {
	return string(goose.DialectPostgres), e.db, "migrations/postgres"
}

func (e *sqliteEngine) migrations() (string, *sql.DB, string) {
	return string(goose.DialectSQLite3), e.writer, "migrations/sqlite"
}

// SchemaState says how far the database's schema is.
type SchemaState struct {
	Current int64 // the version the database has; 0 is empty
	Target  int64 // the version this program needs
}

// Err is nil when the schema is the one this program needs, and otherwise says which command to run.
func (s SchemaState) Err() error {
	switch {
	case s.Current < s.Target:
		return configError("its schema is at version %d and this program needs %d; run: usher migrate --database …", s.Current, s.Target)
	case s.Current > s.Target:
		return configError("its schema is at version %d, made by a newer usher than this one (%d); run that one", s.Current, s.Target)
	}
	return nil
}

// SchemaState looks at the database's schema. Unavailable.
func (s *Store) SchemaState(ctx context.Context) (SchemaState, error) {
	_, _, folder := s.migrations()
	target, err := newest(folder)
	if err != nil {
		return SchemaState{}, err
	}
	state := SchemaState{Target: target}
	err = s.read(ctx, func(session session) error {
		var there, others bool
		look := `SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'goose_db_version'), EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table')`
		if session.dialect() == postgres {
			look = `SELECT to_regclass('goose_db_version') IS NOT NULL, COALESCE(to_regclass('users'), to_regclass('groups'), to_regclass('events')) IS NOT NULL`
		}
		if _, err := fetch(session, look, nil, &there, &others); err != nil {
			return err
		}
		if !there && others {
			return configError("it holds the tables of another application; name a database of its own for Usher")
		}
		if !there {
			return nil
		}
		_, err := fetch(session, "SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version", nil, &state.Current)
		return err
	})
	return state, s.outcome(err)
}

// newest is the number of the last migration in a folder.
func newest(folder string) (int64, error) {
	names, err := fs.Glob(migrations, folder+"/*.sql")
	if err != nil || len(names) == 0 {
		return 0, &domain.Error{Kind: domain.Internal, Code: domain.CodeInternal, Message: "the program holds no migrations", Err: err}
	}
	return goose.NumericComponent(names[len(names)-1])
}

// migrateAttempts is how often in a row a migration is tried while the schema stays where it is.
const migrateAttempts = 8

// Migrate brings the schema to the version this program needs. A newer one is refused, and nothing changed. Several
// processes may do so at the same moment: one of them makes each change, in a transaction, and the others, who collide
// with it, look again. As long as the schema gets on, whoever it is that moves it, nobody gives up.
func (s *Store) Migrate(ctx context.Context) error {
	pause, attempt, reached := firstPause, 0, int64(-1)
	for {
		state, err := s.SchemaState(ctx)
		switch {
		case err != nil:
			return err
		case state.Current > state.Target:
			return state.Err()
		case state.Current == state.Target:
			return nil
		}
		if attempt++; state.Current > reached {
			pause, attempt, reached = firstPause, 1, state.Current
		}
		err = s.migrateTo(ctx, state.Target)
		if err == nil || attempt >= migrateAttempts {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
		pause = min(2*pause, longPause)
	}
}

// migrateTo applies the migrations up to a version.
func (s *Store) migrateTo(ctx context.Context, version int64) error {
	name, db, folder := s.migrations()
	files, err := fs.Sub(migrations, folder)
	if err != nil {
		return fmt.Errorf("persistence: open %s: %w", folder, err)
	}
	provider, err := goose.NewProvider(goose.Dialect(name), db, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("persistence: read migrations: %w", err)
	}
	if _, err := provider.UpTo(ctx, version); err != nil {
		return configError("its schema cannot be migrated: %s", reason(err))
	}
	return nil
}
