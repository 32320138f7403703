package persistence

import "usher/domain"

type resetRequests struct{ session }

func (t resetRequests) Put(r domain.ResetRequest) error {
	return t.exec(`INSERT INTO reset_requests (organisation_id, user_id, request_id, address, requested_at) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (organisation_id, user_id) DO NOTHING`, r.Organisation.UUID, r.User.UUID, r.RequestID, r.Address, r.At.UnixMilli())
}

func (t resetRequests) Waiting(limit int) ([]domain.ResetRequest, error) {
	var list []domain.ResetRequest
	err := t.query("SELECT organisation_id, user_id, request_id, address, requested_at FROM reset_requests ORDER BY requested_at LIMIT ?", []any{limit}, func(row row) error {
		var r domain.ResetRequest
		var at int64
		err := row.Scan(&r.Organisation.UUID, &r.User.UUID, &r.RequestID, &r.Address, &at)
		r.At = instant(at)
		list = append(list, r)
		return err
	})
	return list, err
}

func (t resetRequests) Take(r domain.ResetRequest) (taken bool, err error) {
	err = t.inside("DELETE FROM reset_requests WHERE organisation_id = ? AND user_id = ? RETURNING 1",
		[]any{r.Organisation.UUID, r.User.UUID}, func(row) error {
			taken = true
			return nil
		})
	return taken, err
}
