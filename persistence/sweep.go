package persistence

import (
	"strings"
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

// sweepWork is, for each kind, what an organisation o has that has something to sweep. All are look-ups by the organisation,
// and every mark is the present.
func sweepWork(kind domain.SweepKind) (string, bool) {
	work, known := map[domain.SweepKind]string{
		domain.SweepWindows: `EXISTS (SELECT 1 FROM access_windows w JOIN sessions s ON s.organisation_id = w.organisation_id AND s.user_id = w.user_id
WHERE w.organisation_id = o.organisation_id)`,
		domain.SweepLinks:      "EXISTS (SELECT 1 FROM links l WHERE l.organisation_id = o.organisation_id AND l.state = 'open' AND l.expires_at <= ?)",
		domain.SweepInactivity: "EXISTS (SELECT 1 FROM users u WHERE u.organisation_id = o.organisation_id)",
		domain.SweepPasswords:  "EXISTS (SELECT 1 FROM sign_ins s WHERE s.organisation_id = o.organisation_id)",
		domain.SweepCredentials: `(EXISTS (SELECT 1 FROM tokens t WHERE t.organisation_id = o.organisation_id AND t.expires_at > ? AND t.revoked_at IS NULL
AND t.warned_at IS NULL AND t.oauth_client_id IS NULL)
OR EXISTS (SELECT 1 FROM oauth_clients c WHERE c.organisation_id = o.organisation_id AND c.expires_at > ? AND c.revoked_at IS NULL AND c.warned_at IS NULL)
OR EXISTS (SELECT 1 FROM api_keys k WHERE k.organisation_id = o.organisation_id AND k.expires_at > ? AND k.revoked_at IS NULL AND k.warned_at IS NULL))`,
		domain.SweepSessions: "EXISTS (SELECT 1 FROM sessions s WHERE s.organisation_id = o.organisation_id)",
		domain.SweepSeats: `(EXISTS (SELECT 1 FROM waiting_people w WHERE w.organisation_id = o.organisation_id)
OR EXISTS (SELECT 1 FROM licence_wishes w WHERE w.organisation_id = o.organisation_id))`,
		domain.SweepStrays:  "EXISTS (SELECT 1 FROM " + strays + " WHERE s.organisation_id = o.organisation_id AND " + astray + ")",
		domain.SweepReviews: "EXISTS (SELECT 1 FROM users u WHERE u.organisation_id = o.organisation_id)",
	}[kind]
	return work, known
}

func (t sweeps) Due(kind domain.SweepKind, dueAt, now time.Time, after domain.OrganisationID, limit int) ([]domain.OrganisationID, error) {
	work, known := sweepWork(kind)
	if !known {
		return nil, domain.InvalidField("kind", "there is no such sweep")
	}
	args := []any{idOrLowest(after.UUID), dueAt.UnixMilli(), string(kind), dueAt.UnixMilli()}
	for range strings.Count(work, "?") {
		args = append(args, now.UnixMilli())
	}
	var due []domain.OrganisationID
	err := t.query(`SELECT o.organisation_id FROM organisations o
WHERE o.organisation_id > ? AND o.created_at <= ? AND o.suspended_at IS NULL AND NOT EXISTS (SELECT 1 FROM sweeps d
WHERE d.organisation_id = o.organisation_id AND d.kind = ? AND d.due_at = ? AND d.finished_at IS NOT NULL) AND `+work+`
ORDER BY o.organisation_id LIMIT ?`, append(args, limit), func(r row) error {
		var id domain.OrganisationID
		err := r.Scan(&id.UUID)
		due = append(due, id)
		return err
	})
	return due, err
}

func (t sweeps) Forget(org domain.OrganisationID, kind domain.SweepKind, before time.Time) error {
	return t.exec("DELETE FROM sweeps WHERE organisation_id = ? AND kind = ? AND due_at < ?", org.UUID, string(kind), before.UnixMilli())
}
