package persistence

import "usher/domain"

type ownerships struct{ session }

func (t ownerships) Of(org domain.OrganisationID, users []domain.UserID) ([]domain.Ownership, error) {
	var list []domain.Ownership
	if len(users) == 0 {
		return list, nil
	}
	err := t.query("SELECT user_id, actor_kind, actor_id, since FROM ownerships WHERE organisation_id = ? AND user_id"+amongUsers(users),
		usersArgs(org, users), func(r row) error {
			o := domain.Ownership{Organisation: org}
			var since int64
			err := r.Scan(&o.User.UUID, &o.By.Kind, &o.By.ID, &since)
			o.Since = instant(since)
			list = append(list, o)
			return err
		})
	return list, err
}

func (t ownerships) Put(o domain.Ownership) error {
	return t.exec(`INSERT INTO ownerships (organisation_id, user_id, actor_kind, actor_id, since) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (organisation_id, user_id) DO UPDATE SET actor_kind = excluded.actor_kind, actor_id = excluded.actor_id, since = excluded.since`,
		o.Organisation.UUID, o.User.UUID, o.By.Kind, o.By.ID, o.Since.UnixMilli())
}

func (t ownerships) End(org domain.OrganisationID, user domain.UserID) error {
	return t.exec("DELETE FROM ownerships WHERE organisation_id = ? AND user_id = ?", org.UUID, user.UUID)
}
