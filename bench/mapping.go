package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"usher/bench/load"
	"usher/bench/process"
	"usher/bench/report"
)

const (
	mappingGoal = 60.0 // seconds for everybody whom a changed mapping concerns
	blockGoal   = 0.1  // seconds that a push may wait for it
	lookEvery   = 50 * time.Millisecond
)

// mappings measures a change of a mapping that concerns everybody in the big group, and how long a push of somebody waits
// meanwhile.
func (b *bench) mappings(ctx context.Context, sites []*site) error {
	if !b.wants("mapping") {
		return nil
	}
	s := sites[len(sites)-1]
	big := b.Members[len(b.Members)-1]
	m, err := s.newMapping(ctx, s.groups[big])
	if err != nil {
		return err
	}
	var times []float64
	var alone, beside load.Histogram
	for round := range b.Rounds {
		quiet, err := s.beside(ctx, func(ctx context.Context) error {
			return pause(ctx, time.Duration(b.Seconds)*time.Second)
		})
		if err != nil {
			return err
		}
		var took time.Duration
		loud, err := s.beside(ctx, func(ctx context.Context) (err error) {
			took, err = m.change(ctx, round+1)
			return err
		})
		if err != nil {
			return err
		}
		s.sayf("%s %d: changed what %d people are given in %s; pushes waited p50 %s, p99 %s, at most %s; without it p50 %s, p99 %s, at most %s",
			s.name(), s.users, s.size(big), short(took), short(loud.Quantile(0.5)), short(loud.Quantile(0.99)), short(loud.Max()),
			short(quiet.Quantile(0.5)), short(quiet.Quantile(0.99)), short(quiet.Max()))
		times = append(times, took.Seconds())
		alone.Merge(quiet)
		beside.Merge(loud)
	}
	b.add(
		report.Row{
			Table: s.single(), Form: report.OfValues, Operation: fmt.Sprintf("mapping changed for %s people", thousands(s.size(big))),
			Note: fmt.Sprintf("%d connections push meanwhile", bystanders), Usher: report.Median(times), Unit: "s", Goal: report.AtMost(mappingGoal),
		},
		report.Row{
			Table: s.single(), Form: report.OfValues, Operation: "longest wait of a push meanwhile",
			Note: fmt.Sprintf("p99 %.0f ms; without the change at most %.0f ms, p99 %.0f ms", 1e3*beside.Quantile(0.99).Seconds(),
				1e3*alone.Max().Seconds(), 1e3*alone.Quantile(0.99).Seconds()),
			Usher: beside.Max().Seconds(), Unit: "s", Goal: report.AtMost(blockGoal),
		})
	return nil
}

// pause waits.
func pause(ctx context.Context, lasts time.Duration) error {
	select {
	case <-time.After(lasts):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// beside does something while others patch people, and gives how long they waited.
func (s *site) beside(ctx context.Context, do func(context.Context) error) (*load.Histogram, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan struct{})
	var others load.Result
	var errOthers error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		workers := s.patches.Workers(bystanders)
		for i, w := range workers {
			workers[i] = until{w, done}
		}
		others, errOthers = load.Run(ctx, load.Config{Address: s.server.Address(), Workers: workers, For: walkTime})
	}()
	err := do(ctx)
	close(done)
	<-ended
	return others.Latency(), errors.Join(err, errOthers)
}

// mapping is one that gives the members of a group a team, over the REST API.
type mapping struct {
	*site

	key   string
	path  string
	teams [2]string
}

// newMapping makes a mapping and waits until everybody has what it gives.
func (s *site) newMapping(ctx context.Context, group string) (*mapping, error) {
	var key struct {
		Key string `json:"api_key"`
	}
	args := []string{"apikey", "create", "--org", s.main.slug, "--name", "Bench", "--permissions", "teams:create,directory:view,directory:edit", "--json"}
	if err := process.Run(ctx, s.usher(args...), &key); err != nil {
		return nil, err
	}
	m := &mapping{site: s, key: key.Key}
	for i, name := range []string{"North", "South"} {
		var team struct{ ID string }
		if err := m.ask(ctx, http.MethodPost, "/teams", map[string]any{"name": name}, &team); err != nil {
			return nil, err
		}
		m.teams[i] = team.ID
	}
	took, err := m.save(ctx, http.MethodPost, "/mappings", map[string]any{"group_id": group, "team_id": m.teams[0]})
	s.sayf("%s %d: gave a team to everybody in the group in %s", s.name(), s.users, short(took))
	return m, err
}

// change makes the mapping give the other team, and waits until everybody has it.
func (m *mapping) change(ctx context.Context, round int) (time.Duration, error) {
	return m.save(ctx, http.MethodPut, m.path, map[string]any{"priority": 100, "team_id": m.teams[round%2]})
}

// save saves the mapping and waits for the job that applies it.
func (m *mapping) save(ctx context.Context, method, path string, body any) (time.Duration, error) {
	began := time.Now()
	var saved struct {
		ID    string
		JobID string `json:"job_id"`
	}
	if err := m.ask(ctx, method, path, body, &saved); err != nil {
		return 0, err
	}
	m.path = "/mappings/" + saved.ID
	for saved.JobID != "" {
		var job struct {
			Phase   string
			Changed int
		}
		if err := m.ask(ctx, http.MethodGet, "/jobs/"+saved.JobID, nil, &job); err != nil {
			return 0, err
		}
		if job.Phase == "done" {
			break
		}
		if err := pause(ctx, lookEvery); err != nil {
			return 0, err
		}
	}
	return time.Since(began), nil
}

// ask asks the REST API.
func (m *mapping) ask(ctx context.Context, method, path string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, m.server.URL+"/api/v1"+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+m.key)
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	told, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("%s %s: %d %s", method, path, answer.StatusCode, told)
	}
	return json.Unmarshal(told, into)
}
