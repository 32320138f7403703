package persistence

import (
	"encoding/json"
	"time"

	"usher/domain"
)

type identities struct{ session }

func (t identities) Find(i domain.Identity) (user domain.UserID, found bool, err error) {
	found, err = fetch(t, "SELECT user_id FROM identities WHERE organisation_id = ? AND connection_id = ? AND issuer = ? AND subject = ?",
		[]any{i.Organisation.UUID, i.Connection.UUID, i.Issuer, i.Subject}, &user.UUID)
	return user, found, err
}

func (t identities) Link(i domain.Identity) error {
	return t.touch(domain.IdentityTaken(), `INSERT INTO identities (organisation_id, connection_id, issuer, subject, user_id, linked_at, linked_by, said, used_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (organisation_id, connection_id, issuer, subject) DO UPDATE SET user_id = excluded.user_id
WHERE identities.user_id = excluded.user_id`,
		i.Organisation.UUID, i.Connection.UUID, i.Issuer, i.Subject, i.User.UUID, i.LinkedAt.UnixMilli(),
		string(i.LinkedBy), spellTold(i.Said), millis(i.UsedAt))
}

func (t identities) Tell(i domain.Identity) error {
	return t.exec("UPDATE identities SET said = ? WHERE organisation_id = ? AND connection_id = ? AND issuer = ? AND subject = ?",
		spellTold(i.Said), i.Organisation.UUID, i.Connection.UUID, i.Issuer, i.Subject)
}

// spellTold is what a provider told as a column has it; empty for nothing.
func spellTold(said domain.Told) string {
	if said == (domain.Told{}) {
		return ""
	}
	text, _ := json.Marshal(said) //nolint:errchkjson // of texts alone, which cannot fail
	return string(text)
}

func (t identities) Used(i domain.Identity, at time.Time) error {
	return t.exec("UPDATE identities SET used_at = ? WHERE organisation_id = ? AND connection_id = ? AND issuer = ? AND subject = ?",
		millis(at), i.Organisation.UUID, i.Connection.UUID, i.Issuer, i.Subject)
}

func (t identities) Take(i domain.Identity) error {
	return t.touch(notFound("identity"), "DELETE FROM identities WHERE organisation_id = ? AND connection_id = ? AND issuer = ? AND subject = ? AND user_id = ?",
		i.Organisation.UUID, i.Connection.UUID, i.Issuer, i.Subject, i.User.UUID)
}

func (t identities) Unlink(org domain.OrganisationID, user domain.UserID) error {
	return t.exec("DELETE FROM identities WHERE organisation_id = ? AND user_id = ?", org.UUID, user.UUID)
}

func (t identities) List(org domain.OrganisationID, user domain.UserID) ([]domain.Identity, error) {
	var list []domain.Identity
	err := t.query(`SELECT connection_id, issuer, subject, linked_at, linked_by, said, COALESCE(used_at, 0) FROM identities WHERE organisation_id = ? AND user_id = ?
ORDER BY linked_at, connection_id, issuer, subject`, []any{org.UUID, user.UUID}, func(r row) error {
		i := domain.Identity{Organisation: org, User: user}
		var linked, used int64
		var by, said string
		err := r.Scan(&i.Connection.UUID, &i.Issuer, &i.Subject, &linked, &by, &said, &used)
		if err == nil && said != "" {
			err = json.Unmarshal([]byte(said), &i.Said)
		}
		i.LinkedAt, i.LinkedBy, i.UsedAt = instant(linked), domain.LinkedBy(by), instant(used)
		list = append(list, i)
		return err
	})
	return list, err
}
