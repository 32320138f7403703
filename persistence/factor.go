package persistence

import "usher/domain"

type secondFactors struct{ session }

func (t secondFactors) Put(f domain.SecondFactor) error {
	return t.exec(`INSERT INTO second_factors (organisation_id, user_id, kind, sealed, confirmed_at, step) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (organisation_id, user_id, kind) DO UPDATE SET sealed = excluded.sealed, confirmed_at = excluded.confirmed_at, step = excluded.step`,
		f.Organisation.UUID, f.User.UUID, f.Kind, f.Sealed, millis(f.ConfirmedAt), f.Step)
}

func (t secondFactors) List(org domain.OrganisationID, user domain.UserID) ([]domain.SecondFactor, error) {
	var list []domain.SecondFactor
	err := t.query("SELECT kind, sealed, COALESCE(confirmed_at, 0), step FROM second_factors WHERE organisation_id = ? AND user_id = ? ORDER BY kind",
		[]any{org.UUID, user.UUID}, func(r row) error {
			f := domain.SecondFactor{Organisation: org, User: user}
			var confirmed int64
			err := r.Scan(&f.Kind, &f.Sealed, &confirmed, &f.Step)
			f.ConfirmedAt = instant(confirmed)
			list = append(list, f)
			return err
		})
	return list, err
}

func (t secondFactors) Use(f domain.SecondFactor, step int64) error {
	return t.touch(errStale, "UPDATE second_factors SET step = ? WHERE organisation_id = ? AND user_id = ? AND kind = ? AND step < ?",
		step, f.Organisation.UUID, f.User.UUID, f.Kind, step)
}

func (t secondFactors) Remove(org domain.OrganisationID, user domain.UserID) (int, error) {
	return gone(t, "DELETE FROM second_factors WHERE organisation_id = ? AND user_id = ? RETURNING 1", org.UUID, user.UUID)
}

// gone runs a statement that returns the number 1 for each row that it deletes, and counts them.
func gone(s session, sql string, args ...any) (int, error) {
	n := 0
	err := s.inside(sql, args, func(r row) error {
		n++
		var one int64
		return r.Scan(&one)
	})
	return n, err
}
