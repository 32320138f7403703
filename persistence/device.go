package persistence

import (
	"time"

	"usher/domain"
)

type devices struct{ session }

func (t devices) Insert(d domain.Device) error {
	err := t.exec("DELETE FROM devices WHERE organisation_id = ? AND user_id = ? AND expires_at <= ?", d.Organisation.UUID, d.User.UUID, d.CreatedAt.UnixMilli())
	if err != nil {
		return err
	}
	return t.exec("INSERT INTO devices (organisation_id, device_id, user_id, hash, agent, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
		d.Organisation.UUID, d.ID.UUID, d.User.UUID, d.Hash[:], d.Agent, d.CreatedAt.UnixMilli(), d.ExpiresAt.UnixMilli())
}

func (t devices) Known(org domain.OrganisationID, user domain.UserID, hash domain.TokenHash, now time.Time) (bool, error) {
	var one int64
	return fetch(t, "SELECT 1 FROM devices WHERE organisation_id = ? AND hash = ? AND user_id = ? AND expires_at > ?",
		[]any{org.UUID, hash[:], user.UUID, now.UnixMilli()}, &one)
}

func (t devices) List(org domain.OrganisationID, user domain.UserID, now time.Time) ([]domain.Device, error) {
	var list []domain.Device
	err := t.query(`SELECT device_id, hash, agent, created_at, expires_at FROM devices
WHERE organisation_id = ? AND user_id = ? AND expires_at > ? ORDER BY created_at DESC, device_id DESC`,
		[]any{org.UUID, user.UUID, now.UnixMilli()}, func(r row) error {
			d := domain.Device{Organisation: org, User: user}
			var hash []byte
			var created, expires int64
			err := r.Scan(&d.ID.UUID, &hash, &d.Agent, &created, &expires)
			copy(d.Hash[:], hash)
			d.CreatedAt, d.ExpiresAt = instant(created), instant(expires)
			list = append(list, d)
			return err
		})
	return list, err
}

func (t devices) Forget(org domain.OrganisationID, user domain.UserID, id domain.DeviceID) error {
	return t.touch(notFound("device"), "DELETE FROM devices WHERE organisation_id = ? AND device_id = ? AND user_id = ?", org.UUID, id.UUID, user.UUID)
}

func (t devices) ForgetAll(org domain.OrganisationID, user domain.UserID) (int, error) {
	n := 0
	err := t.inside("DELETE FROM devices WHERE organisation_id = ? AND user_id = ? RETURNING device_id", []any{org.UUID, user.UUID}, func(r row) error {
		n++
		var id domain.DeviceID
		return r.Scan(&id.UUID)
	})
	return n, err
}
