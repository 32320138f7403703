package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

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

	seeded  string // URL of the database as it was seeded
	url     string // of the database in use: that one, or a copy
	users   int
	secret  string
	drops   []func() // remove the databases
	copied  bool     // the one in use is a copy
	server  *process.Server
	limit   limits
	main    *org // as many people as the site has
	limited *org // with a limited number of seats; nil: not on this site
	sync    *org // for the full sync; nil: not on this site

	patches *traffic.Patches
	groups  map[int]string // ids of the groups by --members; only on the last site
	runs    int
}

// seatsPerSecond is how many seats of a limited number a run finds free: more than any machine takes.
const seatsPerSecond = 50_000

// org is an organisation of a site.
type org struct {
	traffic.Organisation

	slug, token string
}

// openSite makes a database, fills it and starts Usher on it. What was made is returned with an error too.
func (b *bench) openSite(ctx context.Context, k kind, users int, first, last bool) (*site, error) {
	s := &site{bench: b, kind: k, users: users, secret: newSecret(), groups: map[int]string{}}
	var err error
	if err = s.make(ctx); err != nil {
		return s, err
	}
	if err := process.Run(ctx, s.usher("migrate"), nil); err != nil {
		return s, err
	}
	groups := seed.Teams(users, b.Teams)
	sized := len(groups)
	if last {
		for _, n := range b.Members {
			groups = append(groups, seed.Group{Name: fmt.Sprintf("Group of %d", n), To: s.size(n)})
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
		seats := users + seatsPerSecond*(b.Seconds+1)
		if s.limited, err = s.found(ctx, "limited", seats, users, nil); err != nil {
			return s, err
		}
	}
	if last && b.wants("sync") {
		if s.sync, err = s.found(ctx, "sync", 0, b.Sync, seed.Teams(b.Sync, b.Teams)); err != nil {
			return s, err
		}
	}
	s.copied = first
	err = s.open(ctx)
	return s, err
}

// size is how many members a group of n really has: half of the people at most, so that there are outsiders.
func (s *site) size(n int) int { return min(n, s.users/2) }

// make makes the database to be seeded.
func (s *site) make(ctx context.Context) error {
	url, drop, err := s.fresh(ctx)
	if drop != nil {
		s.drops = append(s.drops, drop)
	}
	s.seeded, s.url = url, url
	return err
}

// open starts Usher, and readies the limits, on the first site; there on a copy, so that the site can be renewed.
func (s *site) open(ctx context.Context) (err error) {
	if s.copied {
		var drop func()
		s.url, drop, err = s.kind.copied(ctx, s.seeded)
		if drop != nil {
			s.drops = append(s.drops, drop)
		}
		if err != nil {
			return err
		}
	}
	if s.server, err = process.Start(ctx, s.serve()); err != nil {
		return err
	}
	for _, o := range []*org{s.main, s.limited, s.sync} {
		if o != nil {
			o.Form = load.NewForm(s.server.Address(), "/scim/v2", o.token)
		}
	}
	s.patches = s.main.Patches()
	if s.copied {
		s.limit, err = s.limits(ctx, s)
	}
	return err
}

// renew makes the first site what it was when it was seeded: a few seconds of creating people make of ten thousand
// several times as many.
func (s *site) renew(ctx context.Context) error {
	if !s.copied {
		return nil
	}
	s.shut()
	last := len(s.drops) - 1
	s.drops[last]()
	s.drops = s.drops[:last]
	return s.open(ctx)
}

// shut stops what runs on the database.
func (s *site) shut() {
	if s.limit != nil {
		s.limit.close()
	}
	if s.server != nil {
		s.server.Stop()
	}
	s.limit, s.server = nil, nil
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
	s.server.Forget()
	before := s.server.CPU()
	result, err := load.Run(ctx, load.Config{Address: s.server.Address(), Workers: workers, Warm: warm, For: time.Duration(seconds) * time.Second})
	if err != nil {
		return result, fmt.Errorf("%s: %w\n%s", what, err, s.server.Log())
	}
	if profile != nil {
		err = <-profile
	}
	all := result.Latency()
	s.sayf("%s %d: %s: %.0f/s, p50 %s, p99 %s, %s of the server's processor each", s.name(), s.users, what, result.Rate(),
		short(all.Quantile(0.5)), short(all.Quantile(0.99)), perRequest(s.server.CPU()-before, result, warm))
	return result, err
}

// run is a name that no other run has.
func (s *site) run() string { return "r" + strconv.Itoa(s.runs) }

func (s *site) close() {
	s.shut()
	for _, drop := range s.drops {
		drop()
	}
}

func newSecret() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
