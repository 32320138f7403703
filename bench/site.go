package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"crypto/rand"

	"usher/bench/load"
	"usher/bench/people"
	"usher/bench/process"
	"usher/bench/seed"
	"usher/bench/traffic"
)

// site is a database of one size with Usher on it.
type site struct {
	*bench
	kind

	url     string
	users   int
	secret  string
	drop    func()
	server  *process.Server
	limit   limits
	main    *org // as many people as the site has
	limited *org // with a limited number of seats; nil: not on this site
	sync    *org // for the full sync; nil: not on this site

	patches *traffic.Patches
	groups  map[int]string // ids of the groups by --members; only on the last site
	runs    int
}

// org is an organisation of a site.
type org struct {
	traffic.Organisation

	slug, token string
}

// openSite makes a database, fills it and starts Usher on it. What was made is returned with an error too.
func (b *bench) openSite(ctx context.Context, k kind, users int, first, last bool) (*site, error) {
	s := &site{bench: b, kind: k, users: users, secret: newSecret(), groups: map[int]string{}}
	var err error
	if s.url, s.drop, err = k.fresh(ctx); err != nil {
		return nil, err
	}
	if err := process.Run(ctx, s.usher("migrate"), nil); err != nil {
		return s, err
	}
	groups := seed.Teams(users, b.Teams)
	sized := len(groups)
	if last {
		for _, n := range b.Members {
			groups = append(groups, seed.Group{Name: fmt.Sprintf("Group of %d", n), To: min(n, users)})
		}
	}
	if s.main, err = s.found(ctx, "main", 0, users, groups); err != nil {
		return s, err
	}
	if last {
		for i, n := range b.Members {
			s.groups[n] = s.main.People.Group(sized + i).String()
		}
	}
	if first && b.wants("create-limited") {
		// As many as a machine ten times as fast could take.
		seats := users + 100_000*b.Rounds*(b.Seconds+1)
		if s.limited, err = s.found(ctx, "limited", seats, users, nil); err != nil {
			return s, err
		}
	}
	if last && b.wants("sync") {
		if s.sync, err = s.found(ctx, "sync", 0, b.Sync, seed.Teams(b.Sync, b.Teams)); err != nil {
			return s, err
		}
	}
	if s.server, err = process.Start(ctx, s.serve()); err != nil {
		return s, err
	}
	for _, o := range []*org{s.main, s.limited, s.sync} {
		if o != nil {
			o.Form = load.NewForm(s.server.Address(), "/scim/v2", o.token)
		}
	}
	s.patches = s.main.Patches()
	if first {
		s.limit, err = k.limits(ctx, s)
	}
	return s, err
}

// found makes an organisation and its people; without a number, seats are unlimited.
func (s *site) found(ctx context.Context, slug string, seats, users int, groups []seed.Group) (*org, error) {
	args := []string{"org", "create", "--slug", slug, "--json"}
	if seats > 0 {
		args = append(args, "--seats", "full="+strconv.Itoa(seats))
	}
	var made struct {
		Token string `json:"scim_token"`
	}
	if err := process.Run(ctx, s.usher(args...), &made); err != nil {
		return nil, err
	}
	began := time.Now()
	o := &org{slug: slug, token: made.Token}
	var err error
	o.People, err = seed.Fill(ctx, s.url, made.Token, seed.Plan{Company: people.Company(slug), Users: users, Groups: groups})
	s.sayf("%s: seeded %d people and %d groups in %.1f s", s.name(), users, len(groups), time.Since(began).Seconds())
	return o, err
}

// usher is a command of the binary. Secrets travel in the environment, where a list of processes does not show them.
func (s *site) usher(args ...string) process.Command {
	return process.Command{Path: s.binary, Args: args, Env: []string{"USHER_DATABASE=" + s.url, "USHER_SECRET_KEY=" + s.secret}}
}

// serve is the command that serves Usher: the binary, or this program where profiles are wanted.
func (s *site) serve() process.Command {
	if s.Profile == "" {
		return s.usher("serve", "--listen", "127.0.0.1:0")
	}
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	return process.Command{Path: self, Args: []string{"profiled"}, Env: []string{"BENCH_DATABASE=" + s.url}}
}

// load puts Usher under load, and takes a profile meanwhile where one is wanted.
func (s *site) load(ctx context.Context, what string, seconds int, workers []load.Worker) (load.Result, error) {
	const warm = 500 * time.Millisecond
	s.runs++
	var profile <-chan error
	if s.Profile != "" {
		file := filepath.Join(s.Profile, fmt.Sprintf("%s-%d-%s-%d.pprof", s.flag(), s.users, what, s.runs))
		profile = fetchProfile(ctx, s.server.Debug, seconds, file)
	}
	result, err := load.Run(ctx, load.Config{Address: s.server.Address(), Workers: workers, Warm: warm, For: time.Duration(seconds) * time.Second})
	if err != nil {
		return result, fmt.Errorf("%s: %w\n%s", what, err, s.server.Log())
	}
	if profile != nil {
		err = <-profile
	}
	all := result.Latency()
	s.sayf("%s %d: %s: %.0f/s, p50 %s, p99 %s", s.name(), s.users, what, result.Rate(), all.Quantile(0.5), all.Quantile(0.99))
	return result, err
}

// run is a name that no other run has.
func (s *site) run() string { return "r" + strconv.Itoa(s.runs) }

func (s *site) close() {
	if s.limit != nil {
		s.limit.close()
	}
	if s.server != nil {
		s.server.Stop()
	}
	s.drop()
}

func newSecret() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
