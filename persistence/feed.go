package persistence

import (
	"bytes"
	"math"
	"strings"

	"github.com/google/uuid"

	"usher/domain"
)

// The order in which events were committed. On PostgreSQL commit_order is the id of the transaction that appended the
// event. Ids are given when a transaction begins to write, and it may commit long after others with a higher one; so only
// what is below the id of the oldest transaction still under way is shown, since nothing can come before that any more. A
// long transaction anywhere on the server delays the feed, and never spoils it. On SQLite the one writer numbers events
// as it commits them, and there is nothing to wait for.

const horizonSQL = "SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)"

// horizon is the number below which nothing more will be committed.
func (t events) horizon(org domain.OrganisationID) (int64, error) {
	sql, args := horizonSQL, []any(nil)
	if t.dialect() == sqlite { // an organisation's own: the rows of one that was erased may come again
		sql, args = "SELECT COALESCE(MAX(commit_order), 0) + 1 FROM events WHERE organisation_id = ?", []any{org.UUID}
	}
	var horizon int64
	_, err := fetch(t, sql, args, &horizon)
	return horizon, err
}

// before is the last position below a number.
func before(horizon int64) domain.EventPosition {
	last := uuid.UUID(bytes.Repeat([]byte{math.MaxUint8}, len(uuid.UUID{})))
	return domain.EventPosition{Commit: horizon - 1, ID: domain.EventID{UUID: last}}
}

func (t events) Present(org domain.OrganisationID) (domain.EventPosition, error) {
	horizon, err := t.horizon(org)
	return before(horizon), err
}

func (t events) Feed(q domain.EventQuery) (domain.EventPage, error) {
	page := domain.EventPage{Next: q.After}
	horizon, err := t.horizon(q.Organisation)
	if err != nil || q.Limit <= 0 {
		return page, err
	}
	var x draft
	x.add("SELECT "+eventColumns+", e.commit_order"+eventFrom+
		" WHERE e.organisation_id = ? AND (e.commit_order, e.event_id) > (?, ?) AND e.commit_order < ?",
		q.Organisation.UUID, q.After.Commit, idOrLowest(q.After.ID.UUID), horizon)
	if len(q.Types) > 0 {
		x.add(" AND e.type IN (" + strings.TrimSuffix(strings.Repeat("?, ", len(q.Types)), ", ") + ")")
		for _, of := range q.Types {
			x.args = append(x.args, string(of))
		}
	}
	if q.Subject != uuid.Nil {
		x.add(" AND e.subject_id = ?", q.Subject)
	}
	if !q.Since.IsZero() {
		x.add(" AND e.occurred_at >= ?", q.Since.UnixMilli())
	}
	x.add(" ORDER BY e.commit_order, e.event_id LIMIT ?", q.Limit+1)
	err = t.query(x.String(), x.args, func(r row) error {
		var at domain.EventPosition
		e, err := scanEvent(r, q.Organisation, &at.Commit)
		at.ID = e.ID
		page.Events, page.Positions = append(page.Events, e), append(page.Positions, at)
		return err
	})
	switch {
	case err != nil:
		return domain.EventPage{}, err
	case len(page.Events) > q.Limit:
		page.Events, page.Positions = page.Events[:q.Limit], page.Positions[:q.Limit]
		page.Next, page.More = page.Positions[q.Limit-1], true
	case page.Next.Commit < horizon: // all below the horizon was looked through; a position of a server that was ahead stays
		page.Next = before(horizon)
	}
	return page, nil
}
