package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"

	"usher/persistence"
)

// kind is a kind of database: what differs between the two.
type kind interface {
	name() string // "SQLite"
	flag() string // "sqlite"
	version(ctx context.Context) (string, error)
	notes() []string

	// fresh gives the URL of a database without a schema, and what removes it.
	fresh(ctx context.Context) (url string, drop func(), err error)

	// copied gives the URL of a copy of a database that nobody has open.
	copied(ctx context.Context, url string) (copied string, drop func(), err error)

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

func (k *sqliteKind) copied(ctx context.Context, url string) (string, func(), error) {
	made, _, err := k.fresh(ctx)
	if err != nil {
		return "", nil, err
	}
	_, from := persistence.Kind(url)
	_, to := persistence.Kind(made)
	drop := func() {
		for _, suffix := range []string{"", "-wal", "-shm"} {
			_ = os.Remove(to + suffix)
		}
	}
	return made, drop, copyFile(from, to)
}

func copyFile(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }()
	target, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Sync(), target.Close())
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

func (k *postgresKind) fresh(ctx context.Context) (string, func(), error) { return k.create(ctx, "") }

func (k *postgresKind) copied(ctx context.Context, from string) (string, func(), error) {
	u, err := url.Parse(from)
	if err != nil {
		return "", nil, err
	}
	return k.create(ctx, " TEMPLATE "+u.Path[1:])
}

func (k *postgresKind) create(ctx context.Context, options string) (string, func(), error) {
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
	return u.String(), drop, k.administer(ctx, "CREATE DATABASE "+name+options)
}

func (k *postgresKind) administer(ctx context.Context, statement string) error {
	conn, err := pgx.Connect(ctx, k.url)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}
