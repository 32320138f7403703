package main

import (
	"context"
	"fmt"
	"time"

	"usher/bench/report"
	"usher/bench/traffic"
)

// searchTime is how long a search may take: what scim.md asks of every filter.
const searchTime = 50 * time.Millisecond

// search measures searches inside names at every size, one at a time.
func (b *bench) search(ctx context.Context, sites []*site) error {
	if !b.wants("search") {
		return nil
	}
	first, last := sites[0], sites[len(sites)-1]
	slowest := 0.0
	var rows []report.Row
	for i, search := range traffic.Searches() {
		medians := map[*site][]float64{}
		for range b.Rounds {
			for _, s := range sites {
				result, err := s.load(ctx, fmt.Sprintf("search%d", i), min(b.Seconds, 2), s.main.Searches(1, search))
				if err != nil {
					return err
				}
				medians[s] = append(medians[s], result.Latency().Quantile(0.5).Seconds())
			}
		}
		row := report.Row{
			Table: first.grown(last), Operation: search.Name, Form: report.OfSizes,
			Usher: report.Median(medians[last]), Limit: report.Median(medians[first]),
		}
		slowest = max(slowest, row.Usher)
		rows = append(rows, row)
	}
	if first != last {
		b.add(rows...)
	}
	b.add(report.Row{
		Table: first.single(), Form: report.OfValues, Operation: "slowest search (sw, co on userName, emails, displayName)",
		Note: "of " + thousands(last.users) + " people", Usher: slowest, Unit: "s", Goal: report.AtMost(searchTime.Seconds()),
	})
	return nil
}
