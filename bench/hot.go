package main

import (
	"context"
	"time"

	"usher/bench/load"
	"usher/bench/report"
)

// operation is something that Usher does all day, measured against a limit and as the organisation grows.
type operation struct {
	flag  string
	title string
	goals map[string]float64 // of the rate against the limit, by database; none: no limit
	grows bool               // also measured at the other sizes
	fresh bool               // it adds so many people that the first site is renewed before it
	limit bool               // there is a limit
	org   func(*site) *org
	load  func(s *site, o *org, connections int) []load.Worker
}

// seatsGoal is the rate of creates in an organisation with a limited number of seats against one without a limit.
const seatsGoal = 0.7

// growth is how much longer an operation may take in the largest organisation than in the smallest.
const growth = 1.3

// operations and their goals: those first that leave the number of people as it is.
func operations() []operation {
	everybody := func(s *site) *org { return s.main }
	return []operation{
		{
			flag: "get", title: "get by id", grows: true, limit: true, org: everybody, goals: map[string]float64{"postgres": 0.7, "sqlite": 0.7},
			load: func(_ *site, o *org, n int) []load.Worker { return o.Gets(n) },
		},
		{
			flag: "eq", title: "userName eq", grows: true, limit: true, org: everybody, goals: map[string]float64{"postgres": 0.7, "sqlite": 0.7},
			load: func(_ *site, o *org, n int) []load.Worker { return o.Equals(n) },
		},
		{
			flag: "list", title: "list of 100", grows: true, limit: true, org: everybody, goals: map[string]float64{"postgres": 0.35, "sqlite": 0.8},
			load: func(_ *site, o *org, n int) []load.Worker { return o.Lists(n) },
		},
		{
			flag: "totals", title: "total of all, unfiltered", grows: true, org: everybody,
			load: func(_ *site, o *org, n int) []load.Worker { return o.Totals(n) },
		},
		{
			flag: "patch", title: "patch active", grows: true, limit: true, org: everybody, goals: map[string]float64{"postgres": 0.7, "sqlite": 0.7},
			load: func(s *site, _ *org, n int) []load.Worker { return s.patches.Workers(n) },
		},
		{
			flag: "create", title: "create", grows: true, fresh: true, limit: true, org: everybody, goals: map[string]float64{"postgres": 0.7, "sqlite": 0.7},
			load: func(s *site, o *org, n int) []load.Worker { return o.Creates(n, s.run()) },
		},
		{
			flag: "create-limited", title: "create, limited seats", fresh: true, limit: true, org: func(s *site) *org { return s.limited }, goals: map[string]float64{"postgres": 0.6},
			load: func(s *site, o *org, n int) []load.Worker { return o.Creates(n, s.run()) },
		},
	}
}

// figures are what the rounds of one operation gave.
type figures struct {
	usher, limit []float64
	p50, p99     []float64 // seconds
	means        map[int][]float64
	others       map[string][]float64
}

// hot measures the operations: in every round Usher and the limit on the first site, then Usher on the others, so that
// noise hits all of them.
func (b *bench) hot(ctx context.Context, sites []*site) error {
	first := sites[0]
	var wanted []operation
	found := map[string]*figures{}
	for _, op := range operations() {
		if b.wants(op.flag) {
			wanted = append(wanted, op)
			found[op.flag] = &figures{means: map[int][]float64{}, others: map[string][]float64{}}
		}
	}
	for range b.Rounds {
		for _, op := range wanted {
			if err := b.round(ctx, sites, op, found[op.flag]); err != nil {
				return err
			}
		}
		if err := first.renew(ctx); err != nil {
			return err
		}
	}
	against := first.against()
	for _, op := range wanted {
		f := found[op.flag]
		if op.limit {
			b.add(f.row(against, op.title, f.limit, op.goals[first.flag()]))
		}
		for _, other := range others(op.flag) {
			if len(f.others[other.flag]) > 0 {
				b.add(f.row(against, other.title, f.others[other.flag], 0))
			}
		}
	}
	if limited, free := found["create-limited"], found["create"]; limited != nil && free != nil {
		b.add(limited.row(against, "create, limited seats, against unlimited ones", free.usher, seatsGoal))
	}
	for _, op := range wanted {
		last := sites[len(sites)-1]
		if f := found[op.flag]; op.grows && last != first {
			goal := report.AtMost(growth)
			if op.flag == "list" {
				goal = report.Goal{} // the first page is the same work; nothing was promised
			}
			b.add(report.Row{
				Table: first.grown(last), Operation: op.title, Form: report.OfSizes, Goal: goal,
				Usher: report.Median(f.means[last.users]), Limit: report.Median(f.means[first.users]),
			})
		}
	}
	return nil
}

// round measures one operation once everywhere.
func (b *bench) round(ctx context.Context, sites []*site, op operation, f *figures) error {
	for i, s := range sites {
		o := op.org(s)
		if i > 0 && !op.grows || o == nil {
			continue
		}
		if err := op.ready(ctx, s); err != nil {
			return err
		}
		result, err := s.load(ctx, op.flag, b.Seconds, op.load(s, o, b.connections(s.flag())))
		if err != nil {
			return err
		}
		all := result.Latency()
		f.means[s.users] = append(f.means[s.users], all.Mean().Seconds())
		if i > 0 || !op.limit {
			continue
		}
		f.usher = append(f.usher, result.Rate())
		f.p50, f.p99 = append(f.p50, all.Quantile(0.5).Seconds()), append(f.p99, all.Quantile(0.99).Seconds())
		if err := op.ready(ctx, s); err != nil {
			return err
		}
		limit, err := s.limit.run(ctx, op.flag, o)
		if err != nil {
			return err
		}
		s.sayf("%s %d: %s: %.0f/s is the limit", s.name(), s.users, op.flag, limit)
		f.limit = append(f.limit, limit)
		for _, other := range others(op.flag) {
			if rate, err := s.limit.run(ctx, other.flag, o); err != nil {
				return err
			} else if rate > 0 {
				f.others[other.flag] = append(f.others[other.flag], rate)
			}
		}
	}
	return nil
}

// ready renews the site where the operation needs that.
func (op operation) ready(ctx context.Context, s *site) error {
	if !op.fresh {
		return nil
	}
	return s.renew(ctx)
}

// other is a further limit of an operation, to tell where its time goes.
type other struct{ flag, title string }

func others(operation string) []other {
	switch operation {
	case "get":
		return []other{{"key", "get by id, against the bare select (pgbench)"}}
	case "list":
		return []other{{"page", "list of 100, against the same statements (pgbench)"}}
	}
	return nil
}

func (f *figures) row(table, title string, limit []float64, goal float64) report.Row {
	r := report.Row{
		Table: table, Operation: title, Form: report.OfLimits, Usher: report.Median(f.usher), Limit: report.Median(limit),
		P50: time.Duration(report.Median(f.p50) * float64(time.Second)), P99: time.Duration(report.Median(f.p99) * float64(time.Second)),
	}
	if goal > 0 {
		r.Goal = report.AtLeast(goal)
	}
	return r
}
