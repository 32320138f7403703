// Package main is the benchmark of Usher: one command that fills databases with people, puts Usher under load beside
// what the database and net/http could do at most, and prints a Markdown table of ratios.
//
//	go run ./bench                                  everything, on both databases: half an hour
//	go run ./bench --database sqlite --users 10000 --only get,eq
//	go run ./bench --profile profiles --only create a CPU profile of the server for every operation
//
// Noise on a shared machine is large, so a figure counts as a ratio: Usher and the limit take turns in one run, and
// medians are compared. It is bounded in time and count, speaks to this machine only, and stops what it started.
//
// The folders: load is the load generator, traffic the requests it sends, people and seed who is asked about, process
// and cluster what runs beside, limit and pgbench what Usher is compared with, report the tables. The files here say
// what is measured (hot.go, search.go, walk.go, group.go, mapping.go, proxy.go, decide.go, start.go) and what the goals are.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

// cli is the grammar of the command line.
type cli struct {
	Run     runCommand     `cmd:"" default:"withargs" help:"Measure and print the tables."`
	Limit   limitCommand   `cmd:"" hidden:"" help:"Serve stored documents: the limit for reads over PostgreSQL."`
	Profile profileCommand `cmd:"" name:"profiled" hidden:"" help:"Serve Usher with profiles of itself."`
}

type runCommand struct {
	Database    string        `enum:"sqlite,postgres,both" default:"both" help:"Which database: sqlite, postgres or both."`
	Postgres    string        `env:"USHER_BENCH_POSTGRES,USHER_TEST_POSTGRES" placeholder:"URL" help:"A PostgreSQL on this machine whose user may create databases; one of its own is started unless given."`
	PostgresBin string        `env:"USHER_TEST_POSTGRES_BIN" placeholder:"DIR" help:"Where initdb, postgres and pgbench are."`
	Users       []int         `default:"10000,1000000" help:"Sizes of the organisation, the smallest first: limits are measured at the first, growth between the first and the last."`
	Members     []int         `default:"100,100000" help:"Sizes of groups, the smallest first."`
	Sync        int           `default:"100000" help:"How many people a full sync reads."`
	Teams       int           `default:"100" help:"Everybody is in one group of so many; 0: nobody is in any."`
	Connections int           `placeholder:"N" help:"Connections that ask at the same time (16 for PostgreSQL, 64 for SQLite unless given)."`
	Seconds     int           `default:"5" help:"How long one measurement takes."`
	Rounds      int           `default:"3" help:"How often each is repeated; medians count."`
	Only        []string      `placeholder:"PART" help:"Measure only these: create, create-limited, get, eq, list, patch, totals, search, walk, sync, members, replace, read-group, mapping, check, decide, start."`
	Profile     string        `placeholder:"DIR" help:"Write a CPU profile of the server for every operation into this directory. Usher is then served by this program, without access log and metrics."`
	JSON        string        `name:"json" placeholder:"FILE" help:"Write all figures as JSON into this file as well."`
	Dir         string        `placeholder:"DIR" help:"Where databases are made, on the disk to be measured; a temporary directory unless given."`
	TimeLimit   time.Duration `default:"3h" help:"End after this time, whatever is missing."`
}

func main() {
	// A reader that goes away (head) must not leave servers behind either.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	defer stop()
	var grammar cli
	command := kong.Parse(&grammar,
		kong.Name("bench"), kong.Description("Measures Usher beside what its database and net/http could do at most."),
		kong.BindTo(ctx, (*context.Context)(nil)))
	if err := command.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop is called above
	}
}
