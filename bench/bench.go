package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"usher/bench/cluster"
	"usher/bench/process"
	"usher/bench/report"
)

// bench is one run of everything.
type bench struct {
	runCommand

	dir    string // everything it makes is below
	binary string // of Usher
	log    io.Writer
	began  time.Time
	report report.Report
}

// Run measures and prints.
func (c *runCommand) Run(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.TimeLimit, errors.New("the time limit has passed"))
	defer cancel()
	b := &bench{runCommand: *c, log: os.Stderr, began: time.Now()}
	if b.dir, err = os.MkdirTemp(c.Dir, "usher-bench-*"); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(b.dir) }()
	if err := os.Chmod(b.dir, 0o711); err != nil { // PostgreSQL passes through as another user
		return err
	}
	if c.Profile != "" {
		if err := os.MkdirAll(c.Profile, 0o755); err != nil {
			return err
		}
	}
	b.sayf("building usher")
	if b.binary, err = process.Build(ctx, b.dir); err != nil {
		return err
	}
	err = b.measure(ctx)
	if len(b.report.Rows) > 0 { // what there is, whatever ended it
		err = errors.Join(err, b.print(os.Stdout))
	}
	return err
}

// measure runs everything on the databases that were asked for.
func (b *bench) measure(ctx context.Context) error {
	b.describeMachine()
	if b.Database != "postgres" {
		if err := b.on(ctx, &sqliteKind{bench: b}); err != nil {
			return fmt.Errorf("on SQLite: %w", err)
		}
	}
	if b.Database == "sqlite" {
		return nil
	}
	kind := &postgresKind{bench: b, url: b.Postgres, settings: "the given server"}
	if kind.url == "" {
		server, err := cluster.Start(ctx, cluster.Find(b.PostgresBin), b.dir)
		if err != nil {
			return err
		}
		defer server.Stop()
		kind.url, kind.settings = server.URL("postgres"), cluster.Settings
	}
	if err := b.on(ctx, kind); err != nil {
		return fmt.Errorf("on PostgreSQL: %w", err)
	}
	return nil
}

// on runs everything on one database.
func (b *bench) on(ctx context.Context, k kind) error {
	version, err := k.version(ctx)
	if err != nil {
		return err
	}
	b.report.Machine = append(b.report.Machine, version)
	b.report.Notes = append(b.report.Notes, k.notes()...)
	if b.wants("start") {
		if err := b.start(ctx, k); err != nil {
			return fmt.Errorf("start: %w", err)
		}
	}
	if len(b.Only) == 1 && b.wants("start") {
		return nil
	}
	var sites []*site
	defer func() {
		for _, s := range sites {
			s.close()
		}
	}()
	for i, users := range b.Users {
		s, err := b.openSite(ctx, k, users, i == 0, i == len(b.Users)-1)
		if s != nil {
			sites = append(sites, s)
		}
		if err != nil {
			return fmt.Errorf("with %d people: %w", users, err)
		}
	}
	for _, part := range []func(context.Context, []*site) error{b.hot, b.checks, b.search, b.walk, b.groups, b.mappings, b.decide} {
		if err := part(ctx, sites); err != nil {
			return err
		}
	}
	return nil
}

// sayf tells the progress.
func (b *bench) sayf(format string, args ...any) {
	_, _ = fmt.Fprintf(b.log, "%5.0f s  %s\n", time.Since(b.began).Seconds(), fmt.Sprintf(format, args...))
}

func (b *bench) print(w io.Writer) error {
	if b.JSON != "" {
		text, err := json.MarshalIndent(b.report, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(b.JSON, append(text, '\n'), 0o644); err != nil {
			return err
		}
	}
	return b.report.WriteMarkdown(w)
}

func (b *bench) add(rows ...report.Row) { b.report.Rows = append(b.report.Rows, rows...) }
