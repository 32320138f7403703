package persistence

import (
	"time"

	"usher/domain"
)

type sweeps struct{ session }

func (t sweeps) Claim(org domain.OrganisationID, kind domain.SweepKind, dueAt time.Time) (domain.Sweep, error) {
	s := domain.Sweep{Organisation: org, Kind: kind, DueAt: dueAt}
	var finished int64
	// An update of nothing locks the row that is there.
	err := t.inside(`INSERT INTO sweeps (organisation_id, kind, due_at) VALUES (?, ?, ?)
ON CONFLICT (organisation_id, kind, due_at) DO UPDATE SET due_at = excluded.due_at RETURNING after_user_id, COALESCE(finished_at, 0)`,
		[]any{org.UUID, string(kind), dueAt.UnixMilli()}, func(r row) error { return r.Scan(&s.After.UUID, &finished) })
	s.FinishedAt = instant(finished)
	return s, err
}

func (t sweeps) Move(s domain.Sweep) error {
	return t.exec("UPDATE sweeps SET after_user_id = ?, finished_at = ? WHERE organisation_id = ? AND kind = ? AND due_at = ?",
		s.After.UUID, millis(s.FinishedAt), s.Organisation.UUID, string(s.Kind), s.DueAt.UnixMilli())
}
