package domain

import (
	"context"
	"errors"
	"time"
)

// Sweeper runs the sweeps of all organisations when they are due. Any number of replicas may have one each: a sweep is run
// once for its due time, whoever runs it. One Sweeper is for one goroutine.
type Sweeper struct {
	installation *Installation
	observe      func(SweepKind, SweepReport, error)
	done         map[SweepKind]time.Time // the due time for which there is nothing left to do
}

// NewSweeper makes a sweeper. observe is told of every sweep of an organisation that this one ran, or failed to; nil: nobody is.
func NewSweeper(in *Installation, observe func(SweepKind, SweepReport, error)) *Sweeper {
	if observe == nil {
		observe = func(SweepKind, SweepReport, error) {}
	}
	return &Sweeper{installation: in, observe: observe, done: map[SweepKind]time.Time{}}
}

// sweepPage is how many organisations are looked up at once.
const sweepPage = 200

// Run does what is due, and reports whether that was anything. What fails for one organisation keeps no other one waiting,
// and is tried again by the next run. When nothing is due it asks the database nothing.
func (s *Sweeper) Run(ctx context.Context) (worked bool, err error) {
	now := s.installation.env.instant()
	for _, kind := range SweepKinds() {
		dueAt := kind.DueAt(now)
		if s.done[kind].Equal(dueAt) {
			continue
		}
		swept, failed := s.round(ctx, kind, dueAt, now)
		worked = worked || swept
		if failed == nil {
			s.done[kind] = dueAt
		}
		err = errors.Join(err, failed)
	}
	return worked, err
}

// round runs the sweep of one kind in every organisation.
func (s *Sweeper) round(ctx context.Context, kind SweepKind, dueAt, now time.Time) (worked bool, failed error) {
	var after OrganisationID
	for {
		var page []OrganisationID
		err := s.installation.store.Read(ctx, func(tx Tx) (err error) {
			page, err = tx.Sweeps().Due(kind, dueAt, now, after, sweepPage)
			return err
		})
		if err != nil {
			return worked, errors.Join(failed, err)
		}
		for _, after = range page {
			if err := ctx.Err(); err != nil {
				return worked, errors.Join(failed, err)
			}
			report, err := s.installation.sweep(ctx, after, kind, dueAt, now)
			if IsKind(err, NotFound) { // the organisation was deleted
				continue
			}
			if err != nil {
				failed = errors.Join(failed, err)
			}
			if err != nil || report.Done {
				s.observe(kind, report, err)
				worked = true
			}
		}
		if len(page) < sweepPage {
			return worked, failed
		}
	}
}
