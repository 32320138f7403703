// Package pgbench marks what PostgreSQL itself can do: it runs PostgreSQL's pgbench over the statements that Usher
// sends, one after the other, with as many connections.
//
// The scripts beside this file are written by hand. A test records what Usher sends for the same operations and compares
// statement by statement, so that the limit cannot drift from what it is the limit of.
//
//	limit, err := pgbench.Run(ctx, pgbench.Config{URL: url, Script: pgbench.Create, Connections: 16, Seconds: 5, People: people})
package pgbench

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"usher/bench/seed"
)

//go:embed *.sql
var scripts embed.FS

// The scripts.
const (
	Create = "create.sql" // a person
	Patch  = "patch.sql"  // a person off or on
	Key    = "key.sql"    // a stored document by key
	Page   = "page.sql"   // 100 stored documents
	List   = "list.sql"   // 100 people as Usher selects them
)

// Config says what to run.
type Config struct {
	Program      string // pgbench; empty: that of PATH
	URL          string
	Script       string
	Connections  int
	Seconds      int
	Transactions int         // of each connection, in place of Seconds
	People       seed.People // whose organisation the script works on
}

var (
	rate    = regexp.MustCompile(`(?m)^tps = ([0-9.]+)`)
	latency = regexp.MustCompile(`(?m)^latency average = ([0-9.]+) ms`)
)

// Result is what pgbench measured.
type Result struct {
	Rate float64 // transactions a second
	Mean time.Duration
}

// Run runs one script.
func Run(ctx context.Context, c Config) (Result, error) {
	if c.Program == "" {
		c.Program = "pgbench"
	}
	dir, err := os.MkdirTemp("", "usher-pgbench-*")
	if err != nil {
		return Result{}, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	text, err := scripts.ReadFile(c.Script)
	if err != nil {
		return Result{}, err
	}
	file := filepath.Join(dir, c.Script)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		return Result{}, err
	}
	length := "--time=" + strconv.Itoa(c.Seconds)
	if c.Transactions > 0 {
		length = "--transactions=" + strconv.Itoa(c.Transactions)
	}
	args := []string{
		"--no-vacuum", "--protocol=prepared", "--client=" + strconv.Itoa(c.Connections),
		"--jobs=" + strconv.Itoa(min(c.Connections, runtime.NumCPU())), length, "--file=" + file,
	}
	variables, err := c.variables(ctx)
	if err != nil {
		return Result{}, fmt.Errorf("pgbench: %w", err)
	}
	for name, value := range variables {
		args = append(args, "--define="+name+"="+value)
	}
	command := exec.CommandContext(ctx, c.Program, append(args, c.URL)...)
	command.Env = append(os.Environ(), "PGOPTIONS=-c random_page_cost=1.1") // as Usher's connections have it
	out, err := command.CombinedOutput()
	if err != nil {
		return Result{}, fmt.Errorf("pgbench %s: %w: %s", c.Script, errors.Join(err, ctx.Err()), out)
	}
	return read(out)
}

// read finds the figures in what pgbench prints.
func read(out []byte) (Result, error) {
	perSecond, average := rate.FindSubmatch(out), latency.FindSubmatch(out)
	if perSecond == nil || average == nil {
		return Result{}, fmt.Errorf("pgbench printed no figures: %s", out)
	}
	r, errRate := strconv.ParseFloat(string(perSecond[1]), 64)
	ms, errMean := strconv.ParseFloat(string(average[1]), 64)
	return Result{Rate: r, Mean: time.Duration(ms * float64(time.Millisecond))}, errors.Join(errRate, errMean)
}

// variables are what the scripts are told. JSON comes in as variables too: a colon before a letter is one to pgbench.
func (c Config) variables(ctx context.Context) (map[string]string, error) {
	p := c.People
	now := time.Now().UnixMilli()
	model := p.User(0)
	conn, err := pgx.Connect(ctx, c.URL)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(ctx) }()
	var document, name string
	err = conn.QueryRow(ctx, "SELECT document, user_name FROM users WHERE organisation_id = $1::text::uuid AND user_id = $2::text::uuid",
		p.Caller.Organisation.String(), model.String()).Scan(&document, &name)
	if err != nil {
		return nil, fmt.Errorf("read person 0: %w", err)
	}
	const perMillisecond = 10_000 // numbers for new people; they stay below 2⁵⁶ (see seed.People)
	return map[string]string{
		"org": p.Caller.Organisation.String(), "connection": p.Caller.Connection.String(),
		"access": strconv.FormatInt(p.Caller.AccessVersion, 10), "now": strconv.FormatInt(now, 10),
		"prefix": fmt.Sprintf("%016x", p.Prefix), "users": strconv.Itoa(p.Users), "clients": strconv.Itoa(c.Connections),
		"n": "0", "base": strconv.FormatInt(now*perMillisecond, 10),
		"first": strconv.Itoa(p.Users / 2), "each": strconv.Itoa(max(1, p.Users/2/c.Connections)),
		"document": document, "model_id": model.String(), "model_name": name, "on": `"active":true`, "off": `"active":false`,
	}, nil
}
