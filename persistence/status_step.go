package persistence

import "usher/domain"

type statusSteps struct{ session }

func (t statusSteps) Get(org domain.OrganisationID, user domain.UserID) (domain.StatusStep, bool, error) {
	s := domain.StatusStep{Organisation: org, User: user}
	var at int64
	found, err := fetch(t, "SELECT type, actor_kind, actor_id, stepped_at FROM status_steps WHERE organisation_id = ? AND user_id = ?",
		[]any{org.UUID, user.UUID}, &s.Event, &s.By.Kind, &s.By.ID, &at)
	if err != nil || !found {
		return domain.StatusStep{}, false, err
	}
	s.At = instant(at)
	return s, true, nil
}

func (t statusSteps) Put(s domain.StatusStep) error {
	return t.exec(`INSERT INTO status_steps (organisation_id, user_id, type, actor_kind, actor_id, stepped_at) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (organisation_id, user_id) DO UPDATE SET type = excluded.type, actor_kind = excluded.actor_kind, actor_id = excluded.actor_id,
stepped_at = excluded.stepped_at`,
		s.Organisation.UUID, s.User.UUID, string(s.Event), s.By.Kind, s.By.ID, s.At.UnixMilli())
}
