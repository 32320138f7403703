package persistence

import (
	"strings"
	"time"

	"usher/domain"
)

type deliveries struct{ session }

const queueDeliverySQL = `INSERT INTO webhook_deliveries (organisation_id, webhook_id, event_id, commit_order, type, subject_id, state, attempts,
status, problem, created_at) VALUES (?, ?, ?, ?, ?, ?, 'queued', 0, 0, '', ?) ON CONFLICT (organisation_id, webhook_id, event_id) DO `

// Queue. A lane that is there is locked by the update of nothing, so that it cannot be closed over what is queued in it
// (Hold).
func (t deliveries) Queue(list []domain.Delivery, again bool, due time.Time) error {
	conflict := "NOTHING"
	if again {
		conflict = `UPDATE SET state = 'queued', attempts = 0, first_at = NULL, last_at = NULL, status = 0, problem = '',
created_at = excluded.created_at, done_at = NULL`
	}
	lanes := map[domain.Lane]bool{}
	for _, d := range list {
		lane := domain.Lane{Organisation: d.Organisation, Webhook: d.Webhook, Subject: d.Subject}
		if !lanes[lane] {
			lanes[lane] = true
			err := t.exec(`INSERT INTO webhook_lanes (organisation_id, webhook_id, subject_id, due_at) VALUES (?, ?, ?, ?)
ON CONFLICT (organisation_id, webhook_id, subject_id) DO UPDATE SET due_at = webhook_lanes.due_at`, append(laneKey(lane), due.UnixMilli())...)
			if err != nil {
				return err
			}
		}
		err := t.exec(queueDeliverySQL+conflict, d.Organisation.UUID, d.Webhook.UUID, d.Event.UUID, d.Position.Commit, string(d.Type), d.Subject, d.CreatedAt.UnixMilli())
		if err != nil {
			return err
		}
	}
	return nil
}

func laneKey(l domain.Lane) []any { return []any{l.Organisation.UUID, l.Webhook.UUID, l.Subject} }

const (
	ofLane   = " WHERE organisation_id = ? AND webhook_id = ? AND subject_id = ?"
	ofTarget = " WHERE organisation_id = ? AND webhook_id = ?"
)

func (t deliveries) Due(now time.Time, without []domain.WebhookID, limit int) ([]domain.Lane, error) {
	sql, args := "SELECT organisation_id, webhook_id, subject_id, due_at FROM webhook_lanes WHERE due_at <= ?", []any{now.UnixMilli()}
	if len(without) > 0 {
		sql += " AND webhook_id NOT IN (" + strings.TrimSuffix(strings.Repeat("?, ", len(without)), ", ") + ")"
		for _, id := range without {
			args = append(args, id.UUID)
		}
	}
	var list []domain.Lane
	err := t.query(sql+" ORDER BY due_at LIMIT ?", append(args, limit), func(r row) error {
		var l domain.Lane
		var due int64
		err := r.Scan(&l.Organisation.UUID, &l.Webhook.UUID, &l.Subject, &due)
		l.DueAt = instant(due)
		list = append(list, l)
		return err
	})
	return list, err
}

func (t deliveries) Take(l domain.Lane, until time.Time) (taken bool, err error) {
	err = t.inside("UPDATE webhook_lanes SET due_at = ?"+ofLane+" AND due_at = ? RETURNING 1",
		append(append([]any{until.UnixMilli()}, laneKey(l)...), l.DueAt.UnixMilli()), func(row) error {
			taken = true
			return nil
		})
	return taken, err
}

func (t deliveries) Hold(l domain.Lane) (due time.Time, found bool, err error) {
	sql := "SELECT due_at FROM webhook_lanes" + ofLane
	if t.dialect() == postgres {
		sql += " FOR UPDATE"
	}
	err = t.inside(sql, laneKey(l), func(r row) error {
		var ms int64
		found = true
		err := r.Scan(&ms)
		due = instant(ms)
		return err
	})
	return due, found, err
}

func (t deliveries) Move(l domain.Lane, due time.Time) error {
	return t.exec("UPDATE webhook_lanes SET due_at = ?"+ofLane, append([]any{due.UnixMilli()}, laneKey(l)...)...)
}

func (t deliveries) Close(l domain.Lane) error {
	return t.exec("DELETE FROM webhook_lanes"+ofLane, laneKey(l)...)
}

const deliverySQL = `SELECT event_id, commit_order, type, subject_id, state, attempts, COALESCE(first_at, 0), COALESCE(last_at, 0), status, problem,
created_at, COALESCE(done_at, 0) FROM webhook_deliveries`

func (t deliveries) all(org domain.OrganisationID, hook domain.WebhookID, where string, args ...any) ([]domain.Delivery, error) {
	var list []domain.Delivery
	err := t.query(deliverySQL+ofTarget+where, append([]any{org.UUID, hook.UUID}, args...), func(r row) error {
		d := domain.Delivery{Organisation: org, Webhook: hook}
		var kind, state string
		var first, last, created, done int64
		err := r.Scan(&d.Event.UUID, &d.Position.Commit, &kind, &d.Subject, &state, &d.Attempts, &first, &last, &d.Status, &d.Problem, &created, &done)
		d.Position.ID, d.Type, d.State = d.Event, domain.EventType(kind), domain.DeliveryState(state)
		d.FirstAt, d.LastAt, d.CreatedAt, d.DoneAt = instant(first), instant(last), instant(created), instant(done)
		list = append(list, d)
		return err
	})
	return list, err
}

func (t deliveries) Head(l domain.Lane) (domain.Delivery, bool, error) {
	list, err := t.all(l.Organisation, l.Webhook, " AND subject_id = ? AND state = 'queued' ORDER BY commit_order, event_id LIMIT 1", l.Subject)
	if err != nil || len(list) == 0 {
		return domain.Delivery{}, false, err
	}
	return list[0], true, nil
}

func (t deliveries) Settle(d domain.Delivery) error {
	return t.exec(`UPDATE webhook_deliveries SET state = ?, attempts = ?, first_at = ?, last_at = ?, status = ?, problem = ?, done_at = ?
WHERE organisation_id = ? AND webhook_id = ? AND event_id = ? AND state = 'queued'`, string(d.State), d.Attempts, millis(d.FirstAt), millis(d.LastAt),
		d.Status, d.Problem, millis(d.DoneAt), d.Organisation.UUID, d.Webhook.UUID, d.Event.UUID)
}

func (t deliveries) Stop(org domain.OrganisationID, id domain.WebhookID) error {
	return t.exec("DELETE FROM webhook_lanes"+ofTarget, org.UUID, id.UUID)
}

func (t deliveries) Resume(org domain.OrganisationID, id domain.WebhookID, due time.Time) error {
	return t.exec(`INSERT INTO webhook_lanes (organisation_id, webhook_id, subject_id, due_at)
SELECT DISTINCT organisation_id, webhook_id, subject_id, `+castBig(t.dialect())+` FROM webhook_deliveries`+ofTarget+` AND state = 'queued'
ON CONFLICT (organisation_id, webhook_id, subject_id) DO NOTHING`, due.UnixMilli(), org.UUID, id.UUID)
}

func (t deliveries) List(org domain.OrganisationID, id domain.WebhookID, state domain.DeliveryState, after domain.EventPosition, limit int) ([]domain.Delivery, error) {
	at := descending(after)
	where, args := " AND (commit_order, event_id) < (?, ?)", []any{at.Commit, idOrLowest(at.ID.UUID)}
	if state != "" {
		where, args = where+" AND state = ?", append(args, string(state))
	}
	return t.all(org, id, where+" ORDER BY commit_order DESC, event_id DESC LIMIT ?", append(args, limit)...)
}

func (t deliveries) Prune(done time.Time, limit int) (int, error) {
	return prune(t, "webhook_deliveries", "organisation_id, webhook_id, event_id", done, limit)
}

// prune removes what was done before an instant.
func prune(t session, table, key string, done time.Time, limit int) (n int, err error) {
	err = t.inside("DELETE FROM "+table+" WHERE ("+key+") IN (SELECT "+key+" FROM "+table+" WHERE done_at < ? ORDER BY done_at LIMIT ?) RETURNING 1",
		[]any{done.UnixMilli(), limit}, func(row) error {
			n++
			return nil
		})
	return n, err
}

func (t deliveries) Backlog() (int, time.Time, error) { return backlog(t, "webhook_deliveries") }

// backlog counts what is queued in a table.
func backlog(t session, table string) (n int, oldest time.Time, err error) {
	var ms int64
	_, err = fetch(t, "SELECT count(*), COALESCE(MIN(created_at), 0) FROM "+table+" WHERE state = 'queued'", nil, &n, &ms)
	return n, instant(ms), err
}
