package persistence

import (
	"math"

	"github.com/google/uuid"

	"usher/domain"
)

type cursors struct{ session }

// Fresh looks at the end of the event log of all organisations together: on SQLite that is the end of the table. On
// PostgreSQL the planner has two ways: a few organisations are looked at one by one, in the index of their feeds; many by a
// small index that knows which pages of the table are the last. It does not know those of the last minute apart, which are
// many while much is going on.
func (t cursors) Fresh(since int64) (orgs []domain.OrganisationID, upTo int64, err error) {
	horizon := "SELECT COALESCE(MAX(commit_order), 0) + 1 FROM events"
	fresh := "SELECT DISTINCT organisation_id FROM events WHERE commit_order >= ? AND commit_order < ?"
	if t.dialect() == postgres {
		horizon = horizonSQL
		fresh = `SELECT o.organisation_id FROM organisations o
WHERE EXISTS (SELECT 1 FROM events e WHERE e.organisation_id = o.organisation_id AND e.commit_order >= ? AND e.commit_order < ?)`
	}
	if _, err := fetch(t, horizon, nil, &upTo); err != nil || upTo <= since {
		return nil, upTo, err
	}
	orgs, err = t.organisations(fresh, since, upTo)
	return orgs, upTo, err
}

func (t cursors) Behind() ([]domain.OrganisationID, error) {
	// The condition on commit_order alone is what the index is entered by.
	return t.organisations(`SELECT o.organisation_id FROM organisations o
LEFT JOIN delivery_cursors c ON c.organisation_id = o.organisation_id
WHERE EXISTS (SELECT 1 FROM events e WHERE e.organisation_id = o.organisation_id AND e.commit_order >= COALESCE(c.commit_order, 0)
AND (e.commit_order > COALESCE(c.commit_order, 0) OR e.event_id > COALESCE(c.event_id, ?)))`, uuid.Nil.String())
}

func (t cursors) organisations(sql string, args ...any) ([]domain.OrganisationID, error) {
	var list []domain.OrganisationID
	err := t.query(sql, args, func(r row) error {
		var id domain.OrganisationID
		err := r.Scan(&id.UUID)
		list = append(list, id)
		return err
	})
	return list, err
}

const cursorSQL = "SELECT commit_order, event_id FROM delivery_cursors WHERE organisation_id = ?"

func (t cursors) Claim(org domain.OrganisationID) (at domain.EventPosition, claimed bool, err error) {
	read := func(r row) error {
		claimed = true
		return r.Scan(&at.Commit, &at.ID.UUID)
	}
	lock := cursorSQL
	if t.dialect() == postgres {
		lock += " FOR UPDATE SKIP LOCKED"
	}
	if err := t.inside(lock, []any{org.UUID}, read); err != nil || claimed {
		return at, claimed, err
	}
	// Either another has it, or it is a new organisation, whose log is passed on from the beginning.
	err = t.inside(`INSERT INTO delivery_cursors (organisation_id, commit_order, event_id) VALUES (?, 0, ?)
ON CONFLICT DO NOTHING RETURNING commit_order, event_id`, []any{org.UUID, uuid.Nil.String()}, read)
	return at, claimed, err
}

func (t cursors) Move(org domain.OrganisationID, at domain.EventPosition) error {
	return t.exec("UPDATE delivery_cursors SET commit_order = ?, event_id = ? WHERE organisation_id = ?", at.Commit, idOrLowest(at.ID.UUID), org.UUID)
}

func (t cursors) At(org domain.OrganisationID) (at domain.EventPosition, err error) {
	_, err = fetch(t, cursorSQL, []any{org.UUID}, &at.Commit, &at.ID.UUID)
	return at, err
}

// descending is a position to begin after in descending order; the zero one is behind all.
func descending(at domain.EventPosition) domain.EventPosition {
	if at == (domain.EventPosition{}) {
		return before(math.MaxInt64)
	}
	return at
}
