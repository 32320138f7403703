package persistence

import (
	"strings"

	"github.com/google/uuid"

	"usher/domain"
)

type adoptions struct{ session }

// wide reports whether a scope holds more than the index in order of id within a connection does.
func wide(scope domain.Scope) bool { return scope.Whole || scope.Adopting }

// adoptsSQL tells, with the look-up of a token t, whether there may be anybody whom its connection may adopt: ordinary
// reads are then spared the question.
const adoptsSQL = `(EXISTS (SELECT 1 FROM adoptions a WHERE a.organisation_id = t.organisation_id AND a.connection_id = t.connection_id)
OR EXISTS (SELECT 1 FROM domains m WHERE m.organisation_id = t.organisation_id AND m.adopter_id = t.connection_id))`

// adoptableBy is the condition that a person of no connection may be adopted by one: because they are marked, or because they
// sign in by an address of a domain that is. Owners are only marked one by one. The connection is named twice.
func adoptableBy(person, connection string) string {
	return strings.NewReplacer("$person", person, "$connection", connection).Replace(`(
EXISTS (SELECT 1 FROM adoptions a WHERE a.organisation_id = $person.organisation_id AND a.user_id = $person.user_id AND a.connection_id = $connection)
OR NOT $person.owner AND EXISTS (SELECT 1 FROM domains d WHERE d.organisation_id = $person.organisation_id AND d.adopter_id = $connection AND
EXISTS (SELECT 1 FROM sign_in_names s WHERE s.organisation_id = $person.organisation_id AND s.user_id = $person.user_id
AND (s.name_key LIKE '%@' || d.name OR s.name_key LIKE '%@' || d.written))))`)
}

// adoptable is the condition that a person u is a connection's, or of none and one whom it may adopt.
func adoptable(scope domain.Scope) (sql string, args []any) {
	return "(u.connection_id = ? OR u.connection_id IS NULL AND " + adoptableBy("u", "?") + ")",
		[]any{scope.Connection.UUID, scope.Connection.UUID, scope.Connection.UUID}
}

// adoptable reads one person whom a connection has or may adopt. NotFound.
func (t users) adoptable(scope domain.Scope, id domain.UserID) (domain.User, error) {
	condition, args := adoptable(scope)
	sql := selectUser(t.dialect(), managedAdopted) + " WHERE u.organisation_id = ? AND u.user_id = ? AND u.archived_at IS NULL AND " + condition
	args = append([]any{scope.Organisation.UUID, id.UUID}, args...)
	if scope.Standing != nil {
		sql += " AND " + standingSQL
		args = append(args, scope.Organisation.UUID, scope.Standing.AccessVersion)
	}
	return t.one(sql, args)
}

func (t adoptions) Of(org domain.OrganisationID, user domain.UserID) (domain.Adoption, bool, error) {
	a := domain.Adoption{Organisation: org, User: user}
	var since int64
	found, err := fetch(t, "SELECT connection_id, since FROM adoptions WHERE organisation_id = ? AND user_id = ?",
		[]any{org.UUID, user.UUID}, &a.Connection.UUID, &since)
	a.Since = instant(since)
	return a, found, err
}

func (t adoptions) Mark(a domain.Adoption) error {
	err := t.exec(`INSERT INTO adoptions (organisation_id, user_id, connection_id, since) VALUES (?, ?, ?, ?)
ON CONFLICT (organisation_id, user_id) DO UPDATE SET connection_id = excluded.connection_id, since = excluded.since`,
		a.Organisation.UUID, a.User.UUID, a.Connection.UUID, a.Since.UnixMilli())
	if err != nil {
		return err
	}
	return accessChanged(t, a.Organisation)
}

func (t adoptions) Unmark(org domain.OrganisationID, user domain.UserID) error {
	if err := t.exec("DELETE FROM adoptions WHERE organisation_id = ? AND user_id = ?", org.UUID, user.UUID); err != nil {
		return err
	}
	return accessChanged(t, org)
}

func (t adoptions) Among(scope domain.Scope, ids []uuid.UUID) ([]domain.UserID, error) {
	condition, args := adoptable(scope)
	var found []domain.UserID
	err := t.query("SELECT u.user_id FROM "+dossiers(t).among("users u", "u.organisation_id = ? AND u.user_id = listed.id")+
		" WHERE u.archived_at IS NULL AND u.connection_id IS NULL AND "+condition+" ORDER BY u.user_id",
		append([]any{ids, scope.Organisation.UUID}, args...), func(r row) error {
			var id domain.UserID
			err := r.Scan(&id.UUID)
			found = append(found, id)
			return err
		})
	return found, err
}

func (t adoptions) Link(u domain.User) error {
	condition, args := adoptable(domain.Scope{Organisation: u.Organisation, Connection: u.Connection})
	err := t.touch(errStale, `UPDATE users AS u SET connection_id = ?, version = ?, modified_at = ? WHERE u.organisation_id = ? AND u.user_id = ?
AND u.version = ? AND u.connection_id IS NULL AND u.archived_at IS NULL AND `+condition,
		append([]any{u.Connection.UUID, u.Version, u.ModifiedAt.UnixMilli(), u.Organisation.UUID, u.ID.UUID, u.Version - 1}, args...)...)
	if err != nil {
		return err
	}
	err = t.exec("UPDATE "+namesOfPerson(t)+" SET connection_id = ? WHERE organisation_id = ? AND user_id = ?",
		u.Connection.UUID, u.Organisation.UUID, u.ID.UUID)
	if err != nil {
		return err
	}
	if err := t.exec("DELETE FROM adoptions WHERE organisation_id = ? AND user_id = ?", u.Organisation.UUID, u.ID.UUID); err != nil {
		return err
	}
	return count(t, u.Organisation, u.Connection, countUsers, u.ID.UUID, 1)
}
