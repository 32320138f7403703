package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"
)

// kind is a kind of database: what differs between the two.
type kind interface {
	name() string // "SQLite"
	flag() string // "sqlite"
	version(ctx context.Context) (string, error)
	notes() []string

	// fresh gives the URL of a database without a schema, and what removes it.
	fresh(ctx context.Context) (url string, drop func(), err error)

	// limits readies what Usher is compared with on a site.
	limits(ctx context.Context, s *site) (limits, error)
}

// limits runs the limit of an operation.
type limits interface {
	// run measures one operation on an organisation, in operations a second.
	run(ctx context.Context, operation string, o *org) (float64, error)
	close()
}

func uniqueName() string {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails
	return "usher_bench_" + hex.EncodeToString(b[:])
}

type sqliteKind struct{ *bench }

func (k *sqliteKind) name() string { return "SQLite" }
func (k *sqliteKind) flag() string { return "sqlite" }

func (k *sqliteKind) fresh(context.Context) (string, func(), error) {
	return "sqlite:" + filepath.Join(k.dir, uniqueName()+".db"), func() {}, nil // goes with the directory
}

type postgresKind struct {
	*bench

	url      string // of the server
	settings string
}

func (k *postgresKind) name() string { return "PostgreSQL" }
func (k *postgresKind) flag() string { return "postgres" }

func (k *postgresKind) version(ctx context.Context) (string, error) {
	conn, err := pgx.Connect(ctx, k.url)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(ctx) }()
	var version, fsync, commit, buffers string
	err = conn.QueryRow(ctx, `SELECT current_setting('server_version'), current_setting('fsync'),
current_setting('synchronous_commit'), current_setting('shared_buffers')`).Scan(&version, &fsync, &commit, &buffers)
	return fmt.Sprintf("PostgreSQL %s (fsync %s, synchronous_commit %s, shared_buffers %s), %d connections.",
		version, fsync, commit, buffers, k.connections(k.flag())), err
}

func (k *postgresKind) fresh(ctx context.Context) (string, func(), error) {
	name := uniqueName()
	u, err := url.Parse(k.url)
	if err != nil {
		return "", nil, err
	}
	u.Path = "/" + name
	drop := func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		if err := k.administer(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			k.sayf("drop %s: %v", name, err)
		}
	}
	return u.String(), drop, k.administer(ctx, "CREATE DATABASE "+name)
}

func (k *postgresKind) administer(ctx context.Context, statement string) error {
	conn, err := pgx.Connect(ctx, k.url)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}
