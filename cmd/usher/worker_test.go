package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// A worker that worked goes on at once, one that failed is told of once and tried again, and stopping waits for what is
// being done, the last that was started first.
func TestWorkers(t *testing.T) { //nolint:paralleltest // other tests' goroutines would be in the way
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	var log safeBuffer
	w := workers{log: slog.New(slog.NewTextHandler(&log, nil)), runs: newRuns()}
	var mu sync.Mutex
	var ended []string
	reached := make(chan struct{})
	lasting := func(name string) worker {
		begun := make(chan struct{})
		go func() { <-begun; reached <- struct{}{} }()
		return worker{name: name, every: time.Millisecond, run: func(ctx context.Context) (bool, error) {
			close(begun)
			<-ctx.Done()
			mu.Lock()
			defer mu.Unlock()
			ended = append(ended, name)
			return false, ctx.Err()
		}}
	}
	outcomes := []error{nil, errors.New("no storage"), errors.New("no storage"), nil}
	n, finished := 0, make(chan struct{})
	w.start(worker{name: "busy", every: time.Millisecond, run: func(context.Context) (bool, error) {
		if n++; n > len(outcomes) {
			if n == len(outcomes)+1 {
				close(finished)
			}
			return false, nil
		}
		return n == 1, outcomes[n-1]
	}})
	<-finished
	w.start(lasting("first"))
	<-reached
	w.start(lasting("second"))
	<-reached
	w.stop()
	require.Equal(t, []string{"second", "first"}, ended)
	require.Equal(t, 1, strings.Count(log.String(), "background work failed"), log.String())
	require.Contains(t, log.String(), "no storage")
	require.Equal(t, 1, strings.Count(log.String(), "background work goes on"), log.String())
	require.NotContains(t, log.String(), "first", "that it was stopped is no failure")
	registry := prometheus.NewRegistry()
	require.NoError(t, registry.Register(w.runs))
	families, err := registry.Gather()
	require.NoError(t, err)
	counts := map[string]float64{}
	for _, m := range families[0].GetMetric() { // labels are in order of name
		counts[m.GetLabel()[1].GetValue()+" "+m.GetLabel()[0].GetValue()] = m.GetCounter().GetValue()
	}
	require.InDelta(t, 1, counts["busy "+runWorked], 0)
	require.InDelta(t, 2, counts["busy "+runFailed], 0)
	require.GreaterOrEqual(t, counts["busy "+runIdle], 1.0)
}

// safeBuffer is a buffer that several goroutines write to.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
