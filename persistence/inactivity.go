package persistence

import (
	"time"

	"usher/domain"
)

type inactivity struct{ session }

func (t inactivity) Accessed(org domain.OrganisationID, user domain.UserID, at time.Time) error {
	return t.exec(`INSERT INTO inactivity (organisation_id, user_id, accessed_at) VALUES (?, ?, ?)
ON CONFLICT (organisation_id, user_id) DO UPDATE SET accessed_at = excluded.accessed_at
WHERE COALESCE(inactivity.accessed_at, 0) < excluded.accessed_at`, org.UUID, user.UUID, at.UnixMilli())
}

func (t inactivity) Seen(org domain.OrganisationID, users []domain.UserID) (map[domain.UserID]time.Time, error) {
	seen := map[domain.UserID]time.Time{}
	if len(users) == 0 {
		return seen, nil
	}
	err := t.query("SELECT user_id, accessed_at FROM inactivity WHERE organisation_id = ? AND accessed_at IS NOT NULL AND user_id"+amongUsers(users),
		usersArgs(org, users), func(r row) error {
			var id domain.UserID
			var at int64
			err := r.Scan(&id.UUID, &at)
			seen[id] = instant(at)
			return err
		})
	return seen, err
}

func (t inactivity) Restart(org domain.OrganisationID, user domain.UserID, at time.Time) error {
	return t.exec(`INSERT INTO inactivity (organisation_id, user_id, restarted_at) VALUES (?, ?, ?)
ON CONFLICT (organisation_id, user_id) DO UPDATE SET restarted_at = excluded.restarted_at
WHERE COALESCE(inactivity.restarted_at, 0) < excluded.restarted_at`, org.UUID, user.UUID, at.UnixMilli())
}

func (t inactivity) Warned(org domain.OrganisationID, user domain.UserID, at time.Time) error {
	return t.exec(`INSERT INTO inactivity (organisation_id, user_id, warned_at) VALUES (?, ?, ?)
ON CONFLICT (organisation_id, user_id) DO UPDATE SET warned_at = excluded.warned_at`, org.UUID, user.UUID, at.UnixMilli())
}

func (t inactivity) Idle(org domain.OrganisationID, since time.Time, after domain.UserID, limit int) ([]domain.Idle, error) {
	var list []domain.Idle
	ms := since.UnixMilli()
	err := t.query(`SELECT u.user_id, u.owner, COALESCE(u.accepted_at, u.created_at), COALESCE(i.accessed_at, 0), COALESCE(i.restarted_at, 0),
COALESCE(i.warned_at, 0)
FROM users u LEFT JOIN inactivity i ON i.organisation_id = u.organisation_id AND i.user_id = u.user_id
WHERE u.organisation_id = ? AND u.user_id > ? AND u.status = 'active' AND u.archived_at IS NULL
AND COALESCE(u.accepted_at, u.created_at) <= ? AND COALESCE(i.accessed_at, 0) <= ? AND COALESCE(i.restarted_at, 0) <= ?
AND (i.accessed_at IS NOT NULL
OR EXISTS (SELECT 1 FROM sign_ins s WHERE s.organisation_id = u.organisation_id AND s.user_id = u.user_id AND s.password <> '')
OR EXISTS (SELECT 1 FROM identities d WHERE d.organisation_id = u.organisation_id AND d.user_id = u.user_id))
AND NOT EXISTS (SELECT 1 FROM user_blocks b WHERE b.organisation_id = u.organisation_id AND b.user_id = u.user_id)
ORDER BY u.user_id LIMIT ?`, []any{org.UUID, idOrLowest(after.UUID), ms, ms, ms, limit}, func(r row) error {
		var idle domain.Idle
		var began, accessed, restarted, warned int64
		err := r.Scan(&idle.User.UUID, &idle.Owner, &began, &accessed, &restarted, &warned)
		idle.Since, idle.WarnedAt = instant(max(began, accessed, restarted)), instant(warned)
		list = append(list, idle)
		return err
	})
	return list, err
}
