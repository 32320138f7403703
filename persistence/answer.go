package persistence

import (
	"time"

	"usher/domain"
)

type answers struct{ session }

func (t answers) Claim(a domain.Answer, now time.Time) (*domain.Answer, error) {
	err := t.exec("DELETE FROM answers WHERE organisation_id = ? AND expires_at <= ?", a.Organisation.UUID, now.UnixMilli())
	if err != nil {
		return nil, err
	}
	claimed := false
	err = t.inside(`INSERT INTO answers (organisation_id, asker_id, idempotency_key, request_hash, sealed, expires_at) VALUES (?, ?, ?, ?, NULL, ?)
ON CONFLICT (organisation_id, asker_id, idempotency_key) DO NOTHING RETURNING 1`,
		[]any{a.Organisation.UUID, a.Asker.ID, a.Key, a.Request[:], a.ExpiresAt.UnixMilli()}, func(row) error {
			claimed = true
			return nil
		})
	if err != nil || claimed {
		return nil, err
	}
	found := a
	var request []byte
	var expires int64
	there, err := fetch(t, "SELECT request_hash, sealed, expires_at FROM answers WHERE organisation_id = ? AND asker_id = ? AND idempotency_key = ?",
		[]any{a.Organisation.UUID, a.Asker.ID, a.Key}, &request, &found.Sealed, &expires)
	if err == nil && !there {
		err = errStale // it was released in between: look again
	}
	copy(found.Request[:], request)
	found.ExpiresAt = instant(expires)
	return &found, err
}

func (t answers) Keep(a domain.Answer) error {
	return t.exec("UPDATE answers SET sealed = ?, user_id = ? WHERE organisation_id = ? AND asker_id = ? AND idempotency_key = ?",
		a.Sealed, idOrNull(a.About.UUID), a.Organisation.UUID, a.Asker.ID, a.Key)
}

func (t answers) Release(a domain.Answer) error {
	return t.exec("DELETE FROM answers WHERE organisation_id = ? AND asker_id = ? AND idempotency_key = ? AND sealed IS NULL",
		a.Organisation.UUID, a.Asker.ID, a.Key)
}

// Forget looks through the answers of a day: they are few, and nobody is erased often.
func (t answers) Forget(org domain.OrganisationID, about domain.UserID) error {
	return t.exec("DELETE FROM answers WHERE organisation_id = ? AND user_id = ?", org.UUID, about.UUID)
}
