package main

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"usher/domain"
)

// lagging is a store that measures how long it takes from when a unit of work has decided something (its function has
// returned for the last time) to when that is durable. Units of work without an event are not measured.
type lagging struct {
	domain.Store

	now func() time.Time
	lag prometheus.Observer
}

// Write implements domain.Store.
func (s lagging) Write(ctx context.Context, fn func(domain.Tx) error) error {
	var decided time.Time
	var appended bool
	err := s.Store.Write(ctx, func(tx domain.Tx) error {
		appended = false
		err := fn(watchedTx{tx, &appended})
		decided = s.now()
		return err
	})
	if err == nil && appended {
		s.lag.Observe(s.now().Sub(decided).Seconds())
	}
	return err
}

// watchedTx notices when an event is appended.
type watchedTx struct {
	domain.Tx

	appended *bool
}

// Events implements domain.Tx.
func (t watchedTx) Events() domain.Events { return watchedEvents{t.Tx.Events(), t.appended} }

type watchedEvents struct {
	domain.Events

	appended *bool
}

// Append implements domain.Events.
func (e watchedEvents) Append(event domain.Event) error {
	*e.appended = true
	return e.Events.Append(event)
}
