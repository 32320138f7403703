package main

import (
	"context"
	"errors"
	"fmt"

	"usher/persistence"
)

type migrateCommand struct {
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (migrateCommand) Help() string {
	return `Migrations only go forward. On PostgreSQL run this once before the servers of a new version start; SQLite migrates itself. Nothing happens when the schema is current.

Example:

  usher migrate --database postgres://usher@db.acme.test/usher`
}

// Run migrates.
func (c *migrateCommand) Run(ctx context.Context, p *process) error {
	url, err := c.url()
	if err != nil {
		return err
	}
	store, err := persistence.Open(ctx, persistence.Config{URL: url, Connections: int(c.DatabaseConnections)})
	if err != nil {
		return err
	}
	was, err := store.SchemaState(ctx)
	if err == nil {
		err = store.Migrate(ctx)
	}
	if err = errors.Join(err, store.Close()); err != nil {
		return err
	}
	out := struct {
		Database string `json:"database"`
		From     int64  `json:"from"`
		To       int64  `json:"to"`
	}{persistence.Redacted(url), was.Current, was.Target}
	return c.print(p, out, func() string {
		if was.Current == was.Target {
			return fmt.Sprintf("The schema of %s is current (version %d).\n", out.Database, out.To)
		}
		return fmt.Sprintf("The schema of %s is now at version %d (was %d).\n", out.Database, out.To, out.From)
	})
}
