package persistence

import "usher/domain"

type windows struct{ session }

func (t windows) Get(org domain.OrganisationID, user domain.UserID) (domain.Window, error) {
	var s domain.WindowSpec
	found, err := fetch(t, "SELECT time_zone, valid_from, valid_until, schedule FROM access_windows WHERE organisation_id = ? AND user_id = ?",
		[]any{org.UUID, user.UUID}, &s.TimeZone, &s.ValidFrom, &s.ValidUntil, &s.Schedule)
	if err != nil || !found {
		return domain.Window{}, err
	}
	return windowOf(s)
}

// windowOf reads a window as it is stored.
func windowOf(s domain.WindowSpec) (domain.Window, error) {
	w, err := s.Window()
	if err != nil {
		return w, &domain.Error{Kind: domain.Internal, Code: domain.CodeInternal, Message: "a stored access window cannot be read", Err: err}
	}
	return w, nil
}

func (t windows) Put(org domain.OrganisationID, user domain.UserID, w domain.Window) error {
	if w.IsZero() {
		return t.exec("DELETE FROM access_windows WHERE organisation_id = ? AND user_id = ?", org.UUID, user.UUID)
	}
	return t.exec(`INSERT INTO access_windows (organisation_id, user_id, time_zone, valid_from, valid_until, schedule) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (organisation_id, user_id) DO UPDATE SET time_zone = excluded.time_zone, valid_from = excluded.valid_from,
valid_until = excluded.valid_until, schedule = excluded.schedule`,
		org.UUID, user.UUID, w.Zone.Name(), string(w.ValidFrom), string(w.ValidUntil), w.Schedule.String())
}
