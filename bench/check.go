package main

import (
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"usher/bench/load"
)

// parts are what --only names.
var parts = []string{
	"create", "create-limited", "get", "eq", "list", "patch", "totals", "search", "walk", "sync", "members", "replace", "read-group", "mapping", "check", "decide", "start",
}

// bound is what the number of a flag may be.
type bound struct {
	flag             string
	value, low, high int
}

// AfterApply checks the flags (kong calls it).
func (c *runCommand) AfterApply() error {
	for _, part := range c.Only {
		if !slices.Contains(parts, part) {
			return fmt.Errorf("--only: there is no %s; there are %s", part, strings.Join(parts, ", "))
		}
	}
	// Every connection of a patch needs people of its own, of one half of all: 400 connections fit a thousand people.
	bounds := []bound{
		{"seconds", c.Seconds, 1, 600}, {"rounds", c.Rounds, 1, 100}, {"connections", c.Connections, 0, 400},
		{"sync", c.Sync, 100, 10_000_000}, {"teams", c.Teams, 0, 1_000_000},
	}
	for _, n := range c.Users {
		bounds = append(bounds, bound{"users", n, 1000, 10_000_000})
	}
	for _, n := range c.Members {
		bounds = append(bounds, bound{"members", n, 2, 250_000}) // a body of 16 MiB holds no more
	}
	for _, b := range bounds {
		if b.value < b.low || b.value > b.high {
			return fmt.Errorf("--%s: %d is not between %d and %d", b.flag, b.value, b.low, b.high)
		}
	}
	if len(c.Users) == 0 || len(c.Members) == 0 {
		return fmt.Errorf("--users and --members need a size each")
	}
	slices.Sort(c.Users)
	slices.Sort(c.Members)
	return onThisMachine(c.Postgres)
}

// onThisMachine refuses a PostgreSQL elsewhere: it would be put under load.
func onThisMachine(url string) error {
	if url == "" {
		return nil
	}
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return fmt.Errorf("--postgres: the URL cannot be read")
	}
	hosts := []string{config.Host}
	for _, f := range config.Fallbacks {
		hosts = append(hosts, f.Host)
	}
	for _, host := range hosts {
		if strings.HasPrefix(host, "/") {
			continue // a socket in the file system
		}
		if _, err := load.Loopback(net.JoinHostPort(host, "1")); err != nil {
			return fmt.Errorf("--postgres: %w", err)
		}
	}
	return nil
}

// wants reports whether a part is to be measured.
func (c *runCommand) wants(part ...string) bool {
	return len(c.Only) == 0 || slices.ContainsFunc(part, func(p string) bool { return slices.Contains(c.Only, p) })
}

// connections at the same time.
func (c *runCommand) connections(kind string) int {
	switch {
	case c.Connections > 0:
		return c.Connections
	case kind == "sqlite":
		return 64
	}
	return 16
}
