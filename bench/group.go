package main

import (
	"context"
	"fmt"
	"time"

	"usher/bench/load"
	"usher/bench/report"
	"usher/bench/traffic"
)

const (
	replaceGoal = 10.0 // seconds
	perBatch    = 1000 // members added at once, where a group is pushed in batches
	bystanders  = 4    // connections that go on writing meanwhile
	readers     = 4    // connections that read the big group
	smallAnswer = 8e6  // bytes
)

// groups measures groups on the largest site.
func (b *bench) groups(ctx context.Context, sites []*site) error {
	s := sites[len(sites)-1]
	if b.wants("members") {
		if err := b.joins(ctx, s); err != nil {
			return err
		}
	}
	if b.wants("replace") {
		if err := b.pushes(ctx, s); err != nil {
			return err
		}
	}
	if b.wants("read-group") {
		return b.readGroup(ctx, s)
	}
	return nil
}

// joins compares adding and removing one member of a small group with the same of a big one, one request at a time.
func (b *bench) joins(ctx context.Context, s *site) error {
	small, big := b.Members[0], b.Members[len(b.Members)-1]
	means := map[int]map[int][]float64{small: {}, big: {}}
	for range b.Rounds {
		for _, n := range b.Members {
			result, err := s.load(ctx, fmt.Sprintf("members%d", n), b.Seconds, s.main.Joins(1, s.groups[n], s.users-1))
			if err != nil {
				return err
			}
			for kind := range result.Kinds {
				means[n][kind] = append(means[n][kind], result.Kinds[kind].Mean().Seconds())
			}
		}
	}
	for kind, name := range []string{traffic.Join: "add one member", traffic.Leave: "remove one member"} {
		b.add(report.Row{
			Table: fmt.Sprintf("%s: a group of %s members against one of %s", s.name(), thousands(s.size(big)), thousands(s.size(small))), Form: report.OfSizes,
			Operation: name, Usher: report.Median(means[big][kind]), Limit: report.Median(means[small][kind]), Goal: report.AtMost(growth),
		})
	}
	return nil
}

// pushes measures a big group pushed whole and in batches, and how long others wait meanwhile.
func (b *bench) pushes(ctx context.Context, s *site) error {
	n := s.size(b.Members[len(b.Members)-1])
	var whole, half, batches []float64
	var waits [3]float64 // the longest of a bystander, during each
	for round := range b.Rounds {
		group, err := s.newGroup(ctx, fmt.Sprintf("Pushed %d", round))
		if err != nil {
			return err
		}
		name, shift := "Pushed whole", min(n/2, s.users-n)
		for i, steps := range [][]traffic.Step{
			{s.main.ReplaceMembers(group, name, 0, n)},
			{s.main.ReplaceMembers(group, name, shift, shift+n)},
		} {
			took, wait, err := s.besides(ctx, steps)
			if err != nil {
				return err
			}
			waits[i] = max(waits[i], wait.Seconds())
			if i == 0 {
				whole = append(whole, took.Seconds())
			} else {
				half = append(half, took.Seconds())
			}
		}
		if group, err = s.newGroup(ctx, fmt.Sprintf("Batched %d", round)); err != nil {
			return err
		}
		var steps []traffic.Step
		for from := 0; from < n; from += perBatch {
			steps = append(steps, s.main.AddMembers(group, from, min(from+perBatch, n)))
		}
		took, wait, err := s.besides(ctx, steps)
		if err != nil {
			return err
		}
		batches, waits[2] = append(batches, took.Seconds()), max(waits[2], wait.Seconds())
	}
	for i, row := range []report.Row{
		{Operation: "push of " + thousands(n) + " members as one replace", Usher: report.Median(whole), Goal: report.AtMost(replaceGoal)},
		{Operation: "replace of half of " + thousands(n) + " members", Usher: report.Median(half), Goal: report.AtMost(replaceGoal)},
		{Operation: fmt.Sprintf("push of %s members in batches of %s", thousands(n), thousands(perBatch)), Usher: report.Median(batches), Goal: report.AtMost(replaceGoal)},
	} {
		row.Table, row.Form, row.Unit = s.single(), report.OfValues, "s"
		row.Note = fmt.Sprintf("longest wait of another write meanwhile %.0f ms", 1e3*waits[i])
		b.add(row)
	}
	return nil
}

func (s *site) newGroup(ctx context.Context, name string) (string, error) {
	once := &traffic.Once{Steps: []traffic.Step{s.main.CreateGroup(name)}}
	if _, err := s.send(ctx, once); err != nil {
		return "", err
	}
	return traffic.ID(once.Answers[0])
}

// send sends the steps once, one after the other.
func (s *site) send(ctx context.Context, once *traffic.Once) (load.Result, error) {
	result, err := load.Run(ctx, load.Config{Address: s.server.Address(), Workers: []load.Worker{once}, For: walkTime})
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, s.server.Log())
	}
	return result, err
}

// besides sends the steps while others patch people, and gives how long the steps took and how long one of the others
// waited at most.
func (s *site) besides(ctx context.Context, steps []traffic.Step) (took, wait time.Duration, err error) {
	var result load.Result
	others, err := s.beside(ctx, func(ctx context.Context) (err error) {
		result, err = s.send(ctx, &traffic.Once{Steps: steps})
		return err
	})
	s.sayf("%s %d: pushed a group in %s; others waited at most %s, p99 %s", s.name(), s.users, short(result.Elapsed),
		short(others.Max()), short(others.Quantile(0.99)))
	return result.Elapsed, others.Max(), err
}

// until is a worker that ends when something else has.
type until struct {
	load.Worker

	done <-chan struct{}
}

// Request implements load.Worker.
func (u until) Request(dst []byte) ([]byte, int) {
	select {
	case <-u.done:
		return nil, 0
	default:
		return u.Worker.Request(dst)
	}
}

// readGroup measures reading the big group from several connections, and the memory that takes.
func (b *bench) readGroup(ctx context.Context, s *site) error {
	big := b.Members[len(b.Members)-1]
	group := s.groups[big]
	once := &traffic.Once{Steps: []traffic.Step{{Status: 200, Make: func(dst []byte) []byte { return s.main.Form.Get(dst, "/Groups/", group) }}}}
	if _, err := s.send(ctx, once); err != nil {
		return err
	}
	size := float64(once.Sizes[0])
	before, err := s.server.Memory()
	if err == nil {
		err = s.server.ResetPeak()
	}
	if err != nil {
		s.sayf("memory cannot be measured here: %v", err)
		return nil
	}
	result, err := s.load(ctx, "read-group", b.Seconds, s.main.ReadGroups(readers, group))
	if err != nil {
		return err
	}
	after, err := s.server.Memory()
	if err != nil {
		return err
	}
	grown := float64(after.Peak - before.Resident)
	s.sayf("%s: an answer has %.1f MB; %d readers made the server grow from %.0f MB by %.1f MB", s.name(), size/1e6, readers, float64(before.Resident)/1e6, grown/1e6)
	streamed := report.Row{
		Table: s.single(), Form: report.OfValues, Operation: "memory that these reads add at most",
		Note: "streamed: less than one answer", Usher: max(grown/1e6, 0.1), Unit: "MB", Goal: report.AtMost(size / 1e6),
	}
	if size < smallAnswer { // beside what every server takes while it works, nothing can be told of it
		streamed.Goal, streamed.Note = report.Goal{}, ""
	}
	b.add(
		report.Row{
			Table: s.single(), Form: report.OfValues, Operation: "read of a group of " + thousands(s.size(big)),
			Note: fmt.Sprintf("%.1f MB, %d at the same time", size/1e6, readers), Usher: result.Latency().Quantile(0.5).Seconds(), Unit: "s",
		},
		streamed)
	return nil
}
