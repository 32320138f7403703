package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"usher/bench/limit"
	"usher/bench/load"
	"usher/bench/pgbench"
	"usher/bench/process"
	"usher/persistence"
)

// postgresLimits are pgbench over the same statements, and a server that answers what is stored.
type postgresLimits struct {
	*postgresKind

	site   *site
	server *process.Server
}

func (k *postgresKind) limits(ctx context.Context, s *site) (limits, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	l := &postgresLimits{postgresKind: k, site: s}
	l.server, err = process.Start(ctx, process.Command{Path: self, Args: []string{"limit"}, Env: []string{
		"BENCH_DATABASE=" + s.url, "BENCH_TOKEN=" + s.main.token, "BENCH_ORGANISATION=" + s.main.People.Caller.Organisation.String(),
	}})
	return l, err
}

func (l *postgresLimits) run(ctx context.Context, operation string, o *org) (float64, error) {
	scripts := map[string]string{
		"create": pgbench.Create, "create-limited": pgbench.Create, "patch": pgbench.Patch, "list": pgbench.Page, "page": pgbench.List, "key": pgbench.Key,
	}
	n := l.connections(l.flag())
	if script, ok := scripts[operation]; ok {
		program := "pgbench"
		if l.PostgresBin != "" {
			program = filepath.Join(l.PostgresBin, program)
		}
		result, err := pgbench.Run(ctx, pgbench.Config{
			Program: program, URL: l.site.url, Script: script, Connections: n, Seconds: l.Seconds, People: o.People,
		})
		return result.Rate, err
	}
	there := *o
	there.Form = load.NewForm(l.server.Address(), "/scim/v2", o.token)
	c := load.Config{Address: l.server.Address(), Warm: time.Second / 2, For: time.Duration(l.Seconds) * time.Second}
	switch operation {
	case "get":
		c.Workers = there.Gets(n)
	case "eq":
		c.Workers = there.Equals(n)
	default:
		return 0, fmt.Errorf("there is no limit of %s", operation)
	}
	before := l.server.CPU()
	result, err := load.Run(ctx, c)
	if err != nil {
		return 0, fmt.Errorf("limit server: %w\n%s", err, l.server.Log())
	}
	l.sayf("%s: %s: %s of the limit server's processor each", l.name(), operation, perRequest(l.server.CPU()-before, result, c.Warm))
	return result.Rate(), nil
}

func (l *postgresLimits) close() {
	if l.server != nil {
		l.server.Stop()
	}
}

// limitCommand serves stored documents until it is told to stop.
type limitCommand struct {
	Database     string `required:"" env:"BENCH_DATABASE"`
	Token        string `required:"" env:"BENCH_TOKEN"`
	Organisation string `required:"" env:"BENCH_ORGANISATION"`
	Connections  int    `default:"16" env:"BENCH_CONNECTIONS"`
}

// Run serves.
func (c *limitCommand) Run(ctx context.Context) error {
	return limit.Serve(ctx, c.Database, c.Token, c.Organisation, c.Connections, os.Stderr)
}

// sqliteLimits are the same statements straight on the driver, in this process.
type sqliteLimits struct {
	*sqliteKind

	file string
	open map[*org]*limit.SQLite
}

func (k *sqliteKind) limits(_ context.Context, s *site) (limits, error) {
	_, file := persistence.Kind(s.url)
	return &sqliteLimits{sqliteKind: k, file: file, open: map[*org]*limit.SQLite{}}, nil
}

func (l *sqliteLimits) run(ctx context.Context, operation string, o *org) (float64, error) {
	s := l.open[o]
	if s == nil {
		var err error
		if s, err = limit.OpenSQLite(ctx, l.file, o.People); err != nil {
			return 0, err
		}
		l.open[o] = s
	}
	run, ok := map[string]func(context.Context, int, time.Duration) (load.Result, error){
		"create": s.Create, "create-limited": s.Create, "patch": s.Patch, "get": s.Get, "eq": s.Equal, "list": s.Page,
	}[operation]
	if !ok {
		return 0, nil // what pgbench tells of PostgreSQL, nobody tells of SQLite
	}
	result, err := run(ctx, l.connections(l.flag()), time.Duration(l.Seconds)*time.Second)
	return result.Rate(), err
}

func (l *sqliteLimits) close() {
	for _, s := range l.open {
		_ = s.Close()
	}
}

func (k *sqliteKind) version(ctx context.Context) (string, error) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return "", err
	}
	defer func() { _ = db.Close() }()
	var version string
	err = db.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&version)
	return "SQLite " + version + " (modernc, WAL, synchronous FULL), " + strconv.Itoa(k.connections(k.flag())) + " connections.", err
}
