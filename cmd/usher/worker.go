package main

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"usher/domain"
)

// worker is something that a server does by itself, again and again, beside answering. Several replicas may do it at the
// same moment: whatever it does takes care of that by itself.
type worker struct {
	name  string        // in logs and metrics
	every time.Duration // from the end of one run to the next; a run that worked is followed by the next at once

	// run does a piece of work and says whether there may be more of it. It ends soon after ctx does.
	run func(ctx context.Context) (worked bool, err error)
}

// workers are those of one server, in the order in which they were added. They end in the reverse order.
type workers struct {
	log  *slog.Logger
	runs *prometheus.CounterVec

	list []*employed
}

// employed is a worker with what ends it.
type employed struct {
	worker

	stop context.CancelFunc
	done sync.WaitGroup
}

// The outcomes of a run, as the metrics count them.
const (
	runWorked = "worked"
	runIdle   = "idle"
	runFailed = "failed"
)

// newRuns are the counts of runs.
func newRuns() *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "usher_worker_runs_total", Help: "Runs of what the server does by itself, by worker and outcome: worked, idle (there was nothing to do), failed.",
	}, []string{"worker", "outcome"})
}

// start lets a worker work until stop.
func (w *workers) start(job worker) {
	ctx, cancel := context.WithCancel(context.Background())
	e := &employed{worker: job, stop: cancel}
	w.list = append(w.list, e)
	e.done.Go(func() { w.work(ctx, job) })
}

// stop ends the workers one after the other, the last that was started first, and waits for each.
func (w *workers) stop() {
	for _, e := range slices.Backward(w.list) {
		e.stop()
		e.done.Wait()
	}
	w.list = nil
}

// work runs a worker at its pace. What fails is told once, until it has worked again.
func (w *workers) work(ctx context.Context, job worker) {
	timer := time.NewTimer(job.every)
	defer timer.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		worked, err := job.run(ctx)
		if ctx.Err() != nil {
			return
		}
		outcome, pause := runIdle, job.every
		switch {
		case err != nil:
			outcome = runFailed
			if !failing {
				w.log.LogAttrs(ctx, slog.LevelWarn, "background work failed and is tried again", slog.String("worker", job.name), slog.Any("cause", err))
			}
		case worked:
			outcome, pause = runWorked, 0
		}
		if failing && err == nil {
			w.log.LogAttrs(ctx, slog.LevelInfo, "background work goes on", slog.String("worker", job.name))
		}
		failing = err != nil
		w.runs.WithLabelValues(job.name, outcome).Inc()
		timer.Reset(pause)
	}
}

// sweepEvery is how often it is looked whether a sweep is due. Where none is, that asks the database nothing.
const sweepEvery = 10 * time.Second

// employ starts everything that this server does by itself.
func (a *App) employ() {
	for _, job := range []worker{
		{name: "counts", every: flushEvery, run: func(ctx context.Context) (bool, error) { return false, a.ledger.Flush(ctx) }},
		{name: "mappings", every: time.Second, run: a.Installation.RunJobs},
		{name: "resets", every: time.Second, run: a.Entrance.SendResets},
		{name: "sweeps", every: sweepEvery, run: domain.NewSweeper(a.Installation, a.metrics.swept).Run},
	} {
		a.workers.start(job)
	}
	a.employCourier()
}
