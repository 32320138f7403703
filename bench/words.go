package main

import (
	"fmt"
	"runtime"
	"strconv"
	"time"

	"usher/bench/load"
)

// The tables by name, and what is said below them.

func (s *site) against() string {
	return fmt.Sprintf("%s: %s people, against the limit", s.name(), thousands(s.users))
}

func (s *site) grown(to *site) string {
	return fmt.Sprintf("%s: time of one operation with %s people (large) against %s (small)", s.name(), thousands(to.users), thousands(s.users))
}

func (s *site) ends() string {
	return fmt.Sprintf("%s: the end against the beginning of %s people", s.name(), thousands(s.users))
}

func (s *site) single() string { return single(s.kind) }

func single(k kind) string { return k.name() + ": single figures" }

func (b *bench) describeMachine() {
	b.report.Machine = append(b.report.Machine,
		fmt.Sprintf("%d processors for everything: Usher, database and load; %s.", runtime.NumCPU(), runtime.Version()),
		fmt.Sprintf("Medians of %d runs of %d s, Usher and the limit in turns.", b.Rounds, b.Seconds))
	people := "Nobody is in a group."
	if b.Teams > 0 {
		people = fmt.Sprintf("Everybody is in a group of %d.", b.Teams)
	}
	b.report.Machine = append(b.report.Machine, people)
	if b.Profile != "" {
		b.report.Machine = append(b.report.Machine, "Usher was profiled, which costs some per cent, and served without access log and metrics.")
	}
	b.report.Notes = append(b.report.Notes,
		"Usher is the built binary with default settings, over HTTP with JSON: token checked, rules applied, events written, every request logged.")
}

func (k *postgresKind) notes() []string {
	return []string{
		"Limit of create and patch on PostgreSQL: pgbench (prepared, as many connections) runs the statements that Usher sends for it, one after the other in a transaction, without the look-up of the token before a create; Usher sends them in one round trip.",
		"Limit of get and userName eq on PostgreSQL: a server of net/http and pgx that answers the stored document by one prepared select after a look-up of the token in a map, under the same load.",
		"Limit of list on PostgreSQL: pgbench selects 100 stored documents; \"the same statements\" are those that Usher sends, with total, groups and the proof of the token.",
	}
}

func (k *sqliteKind) notes() []string {
	return []string{
		"Limit on SQLite: the statements that Usher runs, straight on the driver in one process without HTTP or JSON: as many goroutines as there are connections; writes in groups of up to 64 a commit, each durable before it returns; reads as prepared statements on four connections, every column scanned.",
	}
}

// short is a duration for the eye.
func short(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }

// perRequest is the processor time of one request, about: those of the warming are estimated.
func perRequest(used time.Duration, r load.Result, warm time.Duration) time.Duration {
	requests := r.Rate() * (r.Elapsed + warm).Seconds()
	if requests < 1 {
		return 0
	}
	return (time.Duration(float64(used) / requests)).Round(time.Microsecond)
}

// thousands writes a number with commas.
func thousands(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
