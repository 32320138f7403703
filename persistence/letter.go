package persistence

import (
	"time"

	"usher/domain"
)

type letters struct{ session }

func (t letters) Queue(l domain.Letter) error {
	return t.exec(`INSERT INTO letters (organisation_id, letter_id, kind, urgency, user_id, event_id, state, attempts, due_at, created_at, problem)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '') ON CONFLICT (organisation_id, letter_id) DO NOTHING`, l.Organisation.UUID, l.ID.UUID, string(l.Kind),
		urgency(l.Kind.Awaited()), l.User.UUID, l.Event.UUID, string(l.State), l.Attempts, l.DueAt.UnixMilli(), l.CreatedAt.UnixMilli())
}

const letterSQL = `SELECT organisation_id, letter_id, kind, user_id, event_id, state, attempts, due_at, created_at, COALESCE(done_at, 0), problem FROM letters WHERE `

func (t letters) all(where string, args ...any) ([]domain.Letter, error) {
	var list []domain.Letter
	err := t.query(letterSQL+where, args, func(r row) error {
		var l domain.Letter
		var kind, state string
		var due, created, done int64
		err := r.Scan(&l.Organisation.UUID, &l.ID.UUID, &kind, &l.User.UUID, &l.Event.UUID, &state, &l.Attempts, &due, &created, &done, &l.Problem)
		l.Kind, l.State = domain.LetterKind(kind), domain.DeliveryState(state)
		l.DueAt, l.CreatedAt, l.DoneAt = instant(due), instant(created), instant(done)
		list = append(list, l)
		return err
	})
	return list, err
}

// urgency is the place of a letter among those of its organisation: the lowest first.
func urgency(awaited bool) int {
	if awaited {
		return 0
	}
	return 1
}

// lettersWaitingSQL goes from one organisation with letters to the next, and not through the letters.
const lettersWaitingSQL = `WITH RECURSIVE queues (id) AS (
SELECT first.id FROM (SELECT organisation_id AS id FROM letters WHERE state = 'queued' AND organisation_id > ? ORDER BY organisation_id LIMIT 1) first
UNION ALL SELECT (SELECT l.organisation_id FROM letters l WHERE l.state = 'queued' AND l.organisation_id > queues.id ORDER BY l.organisation_id LIMIT 1)
FROM queues WHERE queues.id IS NOT NULL)
SELECT id FROM queues WHERE id IS NOT NULL AND (
(SELECT l.due_at FROM letters l WHERE l.organisation_id = queues.id AND l.urgency = 0 AND l.state = 'queued' ORDER BY l.due_at LIMIT 1) <= ?
OR (SELECT l.due_at FROM letters l WHERE l.organisation_id = queues.id AND l.urgency = 1 AND l.state = 'queued' ORDER BY l.due_at LIMIT 1) <= ?) LIMIT ?`

const lettersDueWhere = "organisation_id = ? AND urgency = ? AND state = 'queued' AND due_at <= ? ORDER BY due_at LIMIT ?"

func (t letters) Waiting(now time.Time, after domain.OrganisationID, limit int) ([]domain.OrganisationID, error) {
	var list []domain.OrganisationID
	err := t.query(lettersWaitingSQL, []any{idOrLowest(after.UUID), now.UnixMilli(), now.UnixMilli(), limit}, func(r row) error {
		var id domain.OrganisationID
		err := r.Scan(&id.UUID)
		list = append(list, id)
		return err
	})
	return list, err
}

func (t letters) Due(org domain.OrganisationID, now time.Time, limit int) ([]domain.Letter, error) {
	list, err := t.all(lettersDueWhere, org.UUID, urgency(true), now.UnixMilli(), limit)
	if err != nil || len(list) == limit {
		return list, err
	}
	others, err := t.all(lettersDueWhere, org.UUID, urgency(false), now.UnixMilli(), limit-len(list))
	return append(list, others...), err
}

func (t letters) Take(l domain.Letter, until time.Time) (taken bool, err error) {
	err = t.inside(`UPDATE letters SET due_at = ?, attempts = attempts + 1 WHERE organisation_id = ? AND letter_id = ? AND due_at = ? AND state = 'queued'
RETURNING 1`, []any{until.UnixMilli(), l.Organisation.UUID, l.ID.UUID, l.DueAt.UnixMilli()}, func(row) error {
		taken = true
		return nil
	})
	return taken, err
}

func (t letters) Settle(l domain.Letter) error {
	return t.exec("UPDATE letters SET state = ?, due_at = ?, done_at = ?, problem = ? WHERE organisation_id = ? AND letter_id = ? AND state = 'queued'",
		string(l.State), l.DueAt.UnixMilli(), millis(l.DoneAt), l.Problem, l.Organisation.UUID, l.ID.UUID)
}

func (t letters) List(org domain.OrganisationID, limit int) ([]domain.Letter, error) {
	return t.all("organisation_id = ? ORDER BY created_at DESC, letter_id LIMIT ?", org.UUID, limit)
}

func (t letters) Prune(done time.Time, limit int) (int, error) {
	return prune(t, "letters", "organisation_id, letter_id", done, limit)
}

func (t letters) Backlog() (int, time.Time, error) { return backlog(t, "letters") }
