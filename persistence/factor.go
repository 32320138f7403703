package persistence

import "usher/domain"

type secondFactors struct{ session }

func (t secondFactors) Put(f domain.SecondFactor) error {
	return t.exec(`INSERT INTO second_factors (organisation_id, user_id, kind, sealed, confirmed_at) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (organisation_id, user_id, kind) DO UPDATE SET sealed = excluded.sealed, confirmed_at = excluded.confirmed_at`,
		f.Organisation.UUID, f.User.UUID, f.Kind, f.Sealed, millis(f.ConfirmedAt))
}

func (t secondFactors) List(org domain.OrganisationID, user domain.UserID) ([]domain.SecondFactor, error) {
	var list []domain.SecondFactor
	err := t.query("SELECT kind, sealed, COALESCE(confirmed_at, 0) FROM second_factors WHERE organisation_id = ? AND user_id = ? ORDER BY kind",
		[]any{org.UUID, user.UUID}, func(r row) error {
			f := domain.SecondFactor{Organisation: org, User: user}
			var confirmed int64
			err := r.Scan(&f.Kind, &f.Sealed, &confirmed)
			f.ConfirmedAt = instant(confirmed)
			list = append(list, f)
			return err
		})
	return list, err
}

func (t secondFactors) Remove(org domain.OrganisationID, user domain.UserID) (int, error) {
	n := 0
	err := t.inside("DELETE FROM second_factors WHERE organisation_id = ? AND user_id = ? RETURNING kind", []any{org.UUID, user.UUID}, func(r row) error {
		n++
		var kind string
		return r.Scan(&kind)
	})
	return n, err
}
