package persistence

import (
	"strings"
	"time"

	"usher/domain"
)

type signIns struct{ session }

const signInColumns = `sign_ins.user_id, sign_ins.password, COALESCE(sign_ins.password_set_at, 0), COALESCE(sign_ins.password_ends_at, 0),
COALESCE(sign_ins.password_warned_at, 0), sign_ins.previous_passwords, sign_ins.failures, COALESCE(sign_ins.slowed_until, 0), sign_ins.enrol`

// scanSignIn reads signInColumns.
func scanSignIn(r row, org domain.OrganisationID) (domain.SignIn, error) {
	s := domain.SignIn{Organisation: org}
	var set, ends, warned, slowed, failures int64
	var previous string
	err := r.Scan(&s.User.UUID, &s.Password, &set, &ends, &warned, &previous, &failures, &slowed, &s.Enrol)
	s.PasswordSetAt, s.PasswordEndsAt, s.PasswordWarnedAt = instant(set), instant(ends), instant(warned)
	s.Failures, s.SlowedUntil = int(failures), instant(slowed)
	if previous != "" {
		s.Previous = strings.Split(previous, " ")
	}
	return s, err
}

// Known is on the way of every deactivation. An optimistic attempt on PostgreSQL does not wait for the answer: it divides by
// zero, which undoes the attempt, when something is known.
func (t signIns) Known(org domain.OrganisationID, user domain.UserID) (bool, error) {
	const row = "SELECT 1 FROM sign_ins WHERE organisation_id = ? AND user_id = ?"
	if p, ok := t.session.(*postgresWrite); ok && p.optimistic() {
		return false, p.guarded("SELECT 1/(CASE WHEN EXISTS ("+row+") THEN 0 ELSE 1 END)", org.UUID, user.UUID)
	}
	var one int64
	return fetch(t, row, []any{org.UUID, user.UUID}, &one)
}

func (t signIns) Get(org domain.OrganisationID, user domain.UserID) (s domain.SignIn, found bool, err error) {
	err = t.query("SELECT "+signInColumns+" FROM sign_ins WHERE sign_ins.organisation_id = ? AND sign_ins.user_id = ?", []any{org.UUID, user.UUID},
		func(r row) (err error) {
			found = true
			s, err = scanSignIn(r, org)
			return err
		})
	return s, found, err
}

func (t signIns) Hold(org domain.OrganisationID, user domain.UserID) (s domain.SignIn, err error) {
	// An update of nothing locks the row that is there.
	err = t.inside(`INSERT INTO sign_ins (organisation_id, user_id) VALUES (?, ?)
ON CONFLICT (organisation_id, user_id) DO UPDATE SET user_id = excluded.user_id RETURNING `+signInColumns, []any{org.UUID, user.UUID},
		func(r row) (err error) {
			s, err = scanSignIn(r, org)
			return err
		})
	return s, err
}

func (t signIns) Save(s domain.SignIn) error {
	return t.touch(errStale, `UPDATE sign_ins SET password = ?, password_set_at = ?, password_ends_at = ?, password_warned_at = ?,
previous_passwords = ?, failures = ?, slowed_until = ?, enrol = ? WHERE organisation_id = ? AND user_id = ?`,
		s.Password, millis(s.PasswordSetAt), millis(s.PasswordEndsAt), millis(s.PasswordWarnedAt), strings.Join(s.Previous, " "),
		s.Failures, millis(s.SlowedUntil), s.Enrol, s.Organisation.UUID, s.User.UUID)
}

func (t signIns) ByName(org domain.OrganisationID, key string) (user domain.UserID, found bool, err error) {
	found, err = fetch(t, "SELECT user_id FROM sign_in_names WHERE organisation_id = ? AND name_key = ?", []any{org.UUID, key}, &user.UUID)
	return user, found, err
}

func (t signIns) Aged(org domain.OrganisationID, setBy time.Time, after domain.UserID, limit int) ([]domain.SignIn, error) {
	var list []domain.SignIn
	err := t.query("SELECT "+signInColumns+` FROM sign_ins JOIN users u ON u.organisation_id = sign_ins.organisation_id AND u.user_id = sign_ins.user_id
WHERE sign_ins.organisation_id = ? AND sign_ins.user_id > ? AND sign_ins.password <> '' AND sign_ins.password_ends_at IS NULL AND sign_ins.password_set_at <= ?
AND COALESCE(sign_ins.password_warned_at, 0) < sign_ins.password_set_at AND u.status = 'active' AND u.archived_at IS NULL
ORDER BY sign_ins.user_id LIMIT ?`, []any{org.UUID, idOrLowest(after.UUID), setBy.UnixMilli(), limit}, func(r row) error {
		s, err := scanSignIn(r, org)
		list = append(list, s)
		return err
	})
	return list, err
}
