package persistence

import (
	"usher/domain"
	"usher/domain/attribute"
)

// The kinds of suspended_names.
const (
	suspendedName       = 1 // a user name or e-mail, folded
	suspendedExternalID = 2 // of a connection, which stands before it
)

type suspensions struct{ session }

func (t suspensions) Get(org domain.OrganisationID, user domain.UserID) (domain.Suspension, bool, error) {
	s := domain.Suspension{Organisation: org, User: user}
	var since int64
	found, err := fetch(t, "SELECT since, actor_kind, actor_id FROM suspensions WHERE organisation_id = ? AND user_id = ?",
		[]any{org.UUID, user.UUID}, &since, &s.By.Kind, &s.By.ID)
	if err != nil || !found {
		return domain.Suspension{}, false, err
	}
	s.Since = instant(since)
	return s, true, nil
}

func (t suspensions) Put(s domain.Suspension) error {
	return t.exec(`INSERT INTO suspensions (organisation_id, user_id, since, actor_kind, actor_id) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (organisation_id, user_id) DO UPDATE SET since = excluded.since, actor_kind = excluded.actor_kind, actor_id = excluded.actor_id`,
		s.Organisation.UUID, s.User.UUID, s.Since.UnixMilli(), s.By.Kind, s.By.ID)
}

func (t suspensions) End(org domain.OrganisationID, user domain.UserID) error {
	if err := t.exec("DELETE FROM suspended_names WHERE organisation_id = ? AND user_id = ?", org.UUID, user.UUID); err != nil {
		return err
	}
	return t.exec("DELETE FROM suspensions WHERE organisation_id = ? AND user_id = ?", org.UUID, user.UUID)
}

func (t suspensions) Remember(u domain.User) error {
	const insert = `INSERT INTO suspended_names (organisation_id, kind, name_key, user_id) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`
	for _, key := range namesOf(u) {
		if err := t.exec(insert, u.Organisation.UUID, suspendedName, key, u.ID.UUID); err != nil {
			return err
		}
	}
	if u.ExternalID == "" {
		return nil
	}
	return t.exec(insert, u.Organisation.UUID, suspendedExternalID, externalKey(u), u.ID.UUID)
}

// namesOf are the keys by which a person is known: user name and e-mails, each once.
func namesOf(u domain.User) []string {
	keys := []string{u.UserName.Key}
	seen := map[string]bool{u.UserName.Key: true}
	for _, e := range u.Emails {
		if !seen[e.Address.Key] {
			seen[e.Address.Key] = true
			keys = append(keys, e.Address.Key)
		}
	}
	return keys
}

func externalKey(u domain.User) string { return u.Connection.String() + "/" + u.ExternalID }

// textList is the condition, with one parameter (see textsArg), that a column is one of several texts.
func textList(d dialect) string {
	if d == postgres {
		return " IN (SELECT json_array_elements_text(?::json))"
	}
	return " IN (SELECT value FROM json_each(?))"
}

func textsArg(texts []string) string {
	items := make([]attribute.Value, len(texts))
	for i, text := range texts {
		items[i] = attribute.NewString(text)
	}
	return string(attribute.AppendJSON(nil, attribute.NewList(items...)))
}

// Match is on the way of every push. An optimistic attempt on PostgreSQL does not wait for the answer: it divides by zero,
// which undoes the attempt, when there is a match.
func (t suspensions) Match(u domain.User) (domain.Suspension, bool, error) {
	where := ` FROM suspended_names n WHERE n.organisation_id = ? AND n.kind = 1 AND n.name_key` + textList(t.dialect())
	external := ` FROM suspended_names n WHERE n.organisation_id = ? AND n.kind = 2 AND n.name_key = ?`
	args := []any{u.Organisation.UUID, textsArg(namesOf(u)), u.Organisation.UUID, externalKey(u)}
	if p, ok := t.session.(*postgresWrite); ok && p.optimistic() {
		return domain.Suspension{}, false, p.guarded("SELECT 1/(CASE WHEN EXISTS (SELECT 1"+where+") OR EXISTS (SELECT 1"+external+") THEN 0 ELSE 1 END)", args...)
	}
	s := domain.Suspension{Organisation: u.Organisation}
	var since int64
	found, err := fetch(t, `SELECT s.user_id, s.since, s.actor_kind, s.actor_id FROM suspensions s WHERE s.organisation_id = ? AND s.user_id IN (
SELECT n.user_id`+where+` UNION ALL SELECT n.user_id`+external+`) ORDER BY s.since DESC, s.user_id DESC LIMIT 1`,
		append([]any{u.Organisation.UUID}, args...), &s.User.UUID, &since, &s.By.Kind, &s.By.ID)
	if err != nil || !found {
		return domain.Suspension{}, false, err
	}
	s.Since = instant(since)
	return s, true, nil
}
