package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"usher/bench/process"
	"usher/bench/report"
)

const (
	startGoal = 0.5             // seconds
	idleGoal  = 60.0            // MB
	settle    = 3 * time.Second // after which a server is idle
)

// start measures the first start on a new database, and the memory of a server that nobody has asked anything.
func (b *bench) start(ctx context.Context, k kind) error {
	var times, resident []float64
	for range b.Rounds {
		took, memory, err := b.startOnce(ctx, k)
		if err != nil {
			return err
		}
		b.sayf("%s: ready after %s, idle with %.1f MB", k.name(), short(took), float64(memory.Resident)/1e6)
		times = append(times, took.Seconds())
		if memory.Resident > 0 {
			resident = append(resident, float64(memory.Resident)/1e6)
		}
	}
	table := single(k)
	b.add(report.Row{Table: table, Form: report.OfValues, Operation: "first start to ready", Usher: report.Median(times), Unit: "s", Goal: report.AtMost(startGoal)})
	if len(resident) > 0 {
		b.add(report.Row{Table: table, Form: report.OfValues, Operation: "idle memory", Note: "resident", Usher: report.Median(resident), Unit: "MB", Goal: report.AtMost(idleGoal)})
	}
	return nil
}

// startOnce starts a server on a new database. No memory is given where it cannot be measured.
func (b *bench) startOnce(ctx context.Context, k kind) (took time.Duration, memory process.Memory, err error) {
	s := &site{bench: b, kind: k, secret: newSecret()}
	defer s.close()
	if err = s.make(ctx); err != nil {
		return 0, memory, err
	}
	if k.flag() == "postgres" { // SQLite migrates itself, in the time that is measured
		if err := process.Run(ctx, s.usher("migrate"), nil); err != nil {
			return 0, memory, err
		}
	}
	began := time.Now()
	if s.server, err = process.Start(ctx, s.usher("serve", "--listen", "127.0.0.1:0")); err != nil {
		return 0, memory, err
	}
	if err := ready(ctx, s.server.URL); err != nil {
		return 0, memory, err
	}
	took = time.Since(began)
	select {
	case <-time.After(settle):
	case <-ctx.Done():
		return 0, memory, ctx.Err()
	}
	if memory, err = s.server.Memory(); err != nil {
		b.sayf("memory cannot be measured here: %v", err)
	}
	return took, memory, nil
}

// ready waits until a server says that it is.
func ready(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/readyz", http.NoBody)
		if err != nil {
			return err
		}
		answer, err := client.Do(request)
		if err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
			err = fmt.Errorf("it answers %d", answer.StatusCode)
		}
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		}
	}
}
