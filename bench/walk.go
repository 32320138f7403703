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
	walkPage   = 1000      // people a page of the walk through everybody
	syncPage   = 100       // people a page of a full sync, as identity providers ask
	walkTime   = time.Hour // bounds a walk
	syncGoal   = 60.0      // seconds
	sameAtEnds = growth    // the last page costs what the first does, within noise
)

// walk measures reading everybody: by cursor through the largest organisation, and a full sync both ways.
func (b *bench) walk(ctx context.Context, sites []*site) error {
	last := sites[len(sites)-1]
	if b.wants("walk") {
		if err := b.cursorToTheEnd(ctx, last); err != nil {
			return err
		}
	}
	if last.sync == nil {
		return nil
	}
	for _, byCursor := range []bool{true, false} {
		var times, first, end []float64
		for range b.Rounds {
			w := last.sync.Walk(byCursor, syncPage)
			took, err := last.walkOnce(ctx, w)
			if err != nil {
				return err
			}
			f, l := w.Ends()
			times, first, end = append(times, took.Seconds()), append(first, f.Seconds()), append(end, l.Seconds())
		}
		how := "startIndex"
		if byCursor {
			how = "cursor"
		}
		b.add(report.Row{
			Table: last.single(), Form: report.OfValues, Operation: fmt.Sprintf("full sync of %s people by %s", thousands(last.sync.People.Users), how),
			Note:  fmt.Sprintf("pages of %d; the first %.1f ms, the last %.1f ms", syncPage, 1e3*report.Median(first), 1e3*report.Median(end)),
			Usher: report.Median(times), Unit: "s", Goal: report.AtMost(syncGoal),
		})
	}
	return nil
}

// cursorToTheEnd compares the first pages by cursor with the last.
func (b *bench) cursorToTheEnd(ctx context.Context, s *site) error {
	var first, end []float64
	for range b.Rounds {
		w := s.main.Walk(true, walkPage)
		if _, err := s.walkOnce(ctx, w); err != nil {
			return err
		}
		f, l := w.Ends()
		first, end = append(first, f.Seconds()), append(end, l.Seconds())
	}
	b.add(report.Row{
		Table: s.ends(), Form: report.OfSizes, Operation: fmt.Sprintf("page of %d by cursor", walkPage),
		Note: "small is the beginning, large the end", Usher: report.Median(end), Limit: report.Median(first), Goal: report.AtMost(sameAtEnds),
	})
	return nil
}

func (s *site) walkOnce(ctx context.Context, w *traffic.Walk) (time.Duration, error) {
	result, err := load.Run(ctx, load.Config{Address: s.server.Address(), Workers: []load.Worker{w}, For: walkTime})
	if err != nil {
		return 0, fmt.Errorf("walk: %w\n%s", err, s.server.Log())
	}
	first, last := w.Ends()
	s.sayf("%s %d: read %d people in %d pages in %s; the first %s, the last %s", s.name(), s.users, w.Seen, len(w.Pages), short(result.Elapsed), short(first), short(last))
	return result.Elapsed, nil
}
