package main

import (
	"context"
	"errors"
	"strings"

	"usher/domain"
	"usher/internal/secret"
	"usher/persistence"
)

// databaseFlags say where the data is.
type databaseFlags struct {
	Database            string   `default:"sqlite:usher.db" group:"Database" placeholder:"URL" help:"sqlite:FILE (sqlite:usher.db unless given), or postgres://USER:PASSWORD@HOST:PORT/DATABASE (several hosts: HOST1:PORT,HOST2:PORT)."`
	DatabaseFile        string   `group:"Database" placeholder:"FILE" help:"Read the database URL from this file instead."`
	DatabaseConnections poolSize `group:"Database" placeholder:"N" help:"Keep at most N connections to PostgreSQL (16 unless given), or readers of SQLite (4)."`
}

const defaultDatabase = "sqlite:usher.db"

// url is the URL of the database.
func (f databaseFlags) url() (string, error) {
	if f.DatabaseFile == "" {
		if f.Database == "" {
			return defaultDatabase, nil
		}
		return f.Database, nil
	}
	text, err := secret.Read(f.DatabaseFile)
	if err != nil {
		return "", wrong("database-file", "%v; name a file that holds the database URL", err)
	}
	return strings.TrimSpace(text), nil
}

// openFor opens the database for a command that works on what is there: an SQLite file that does not exist is a wrong
// name, and is not made.
func (f databaseFlags) openFor(ctx context.Context) (*persistence.Store, error) {
	url, err := f.url()
	if err != nil {
		return nil, err
	}
	if kind, file := persistence.Kind(url); kind == "sqlite" && file != "" && !isFile(file) {
		return nil, wrong("database", "there is no %s; \"usher org create\" makes it with the first organisation, or name the one you mean", file)
	}
	return f.open(ctx, url)
}

// openOrCreate opens the database for a command that may be the first one: an SQLite file is made.
func (f databaseFlags) openOrCreate(ctx context.Context) (*persistence.Store, error) {
	url, err := f.url()
	if err != nil {
		return nil, err
	}
	return f.open(ctx, url)
}

func (f databaseFlags) open(ctx context.Context, url string) (*persistence.Store, error) {
	return openCurrent(ctx, persistence.Config{URL: url, Connections: int(f.DatabaseConnections)})
}

// openCurrent opens a database whose schema is the one that this program needs. SQLite brings itself there; PostgreSQL,
// which others may be using at this moment, has to be brought there by "usher migrate".
func openCurrent(ctx context.Context, c persistence.Config) (*persistence.Store, error) {
	store, err := persistence.Open(ctx, c)
	if err != nil {
		return nil, err
	}
	if kind, _ := persistence.Kind(c.URL); kind == "sqlite" {
		err = store.Migrate(ctx)
	} else {
		var state persistence.SchemaState
		if state, err = store.SchemaState(ctx); err == nil {
			err = state.Err()
		}
	}
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return store, nil
}

// withInstallation opens the database, runs fn on it and closes it.
func (p *process) withInstallation(ctx context.Context, open func(context.Context) (*persistence.Store, error), fn func(*domain.Installation) error) error {
	return p.withEnvironment(ctx, open, func() (domain.Environment, error) { return p.environment(), nil }, fn)
}

// withLinks is withInstallation for a command that can give somebody a seat, and so be what invites them.
func (p *process) withLinks(ctx context.Context, database databaseFlags, key keyFlags, fn func(*domain.Installation) error) error {
	return p.withEnvironment(ctx, database.openFor, func() (domain.Environment, error) { return key.linking(p.environment(), database) }, fn)
}

func (p *process) withEnvironment(ctx context.Context, open func(context.Context) (*persistence.Store, error),
	environment func() (domain.Environment, error), fn func(*domain.Installation) error,
) error {
	store, err := open(ctx)
	if err != nil {
		return err
	}
	env, err := environment() // which may make a key beside the database
	if err == nil {
		err = fn(domain.NewInstallation(store, env, p.random))
	}
	return errors.Join(err, store.Close())
}
