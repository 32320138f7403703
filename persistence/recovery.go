package persistence

import (
	"time"

	"usher/domain"
)

type recoveryCodes struct{ session }

func (t recoveryCodes) Replace(org domain.OrganisationID, user domain.UserID, hashes []domain.TokenHash, at time.Time) error {
	if err := t.exec("DELETE FROM recovery_codes WHERE organisation_id = ? AND user_id = ?", org.UUID, user.UUID); err != nil {
		return err
	}
	for _, hash := range hashes {
		err := t.exec("INSERT INTO recovery_codes (organisation_id, user_id, hash, created_at) VALUES (?, ?, ?, ?)", org.UUID, user.UUID, hash[:], at.UnixMilli())
		if err != nil {
			return err
		}
	}
	return nil
}

func (t recoveryCodes) Use(org domain.OrganisationID, user domain.UserID, hash domain.TokenHash) (bool, error) {
	n, err := gone(t, "DELETE FROM recovery_codes WHERE organisation_id = ? AND user_id = ? AND hash = ? RETURNING 1", org.UUID, user.UUID, hash[:])
	return n == 1, err
}

func (t recoveryCodes) Left(org domain.OrganisationID, user domain.UserID) (n int, madeAt time.Time, err error) {
	var made int64
	_, err = fetch(t, "SELECT count(*), COALESCE(max(created_at), 0) FROM recovery_codes WHERE organisation_id = ? AND user_id = ?",
		[]any{org.UUID, user.UUID}, &n, &made)
	return n, instant(made), err
}

func (t recoveryCodes) Remove(org domain.OrganisationID, user domain.UserID) (int, error) {
	return gone(t, "DELETE FROM recovery_codes WHERE organisation_id = ? AND user_id = ? RETURNING 1", org.UUID, user.UUID)
}
