package persistence

import (
	"strconv"
	"strings"

	"usher/domain"
)

type managers struct{ session }

// managed says whose managers a read resolves.
type managed uint8

const (
	managedOwn     managed = iota // those of the connection that has the person
	managedAdopted                // and those whom that connection may adopt
	managedAll                    // and those whom administrators chose, and those of no connection among each other
	managedKinds
)

// managedIn is what a scope resolves. To a directory the others are unknown ids (security 5).
func managedIn(scope domain.Scope) managed {
	switch {
	case scope.Whole || scope.Declared:
		return managedAll
	case scope.Adopting:
		return managedAdopted
	}
	return managedOwn
}

// managerOf selects something of the person m who is the manager of u: by id, else by external id, which means what it means
// in one connection. Of these two COALESCE takes the first that there is.
func managerOf(what string, kind managed) string {
	const from = " FROM users m WHERE m.organisation_id = u.organisation_id AND "
	seen := "m.connection_id = u.connection_id"
	if kind != managedOwn {
		seen += " OR m.connection_id IS NULL AND " + adoptableBy("m", "u.connection_id")
	}
	if kind == managedAll {
		seen += ` OR m.connection_id IS NULL AND u.connection_id IS NULL
OR EXISTS (SELECT 1 FROM chosen_managers c WHERE c.organisation_id = u.organisation_id AND c.user_id = u.user_id AND c.manager_id = m.user_id)`
	}
	if kind != managedOwn {
		seen = "(" + seen + ")"
	}
	return "(SELECT " + what + from + seen + " AND m.archived_at IS NULL AND m.user_id = u.manager_id), (SELECT " + what + from +
		"m.connection_id = u.connection_id AND m.archived_at IS NULL AND m.external_id = u.manager)"
}

// managerIDSQL is the id of the manager of u, as administrators see them; NULL for none.
var managerIDSQL = "COALESCE(" + managerOf("m.user_id", managedAll) + ")" //nolint:gochecknoglobals // a text that is put together once

func (t managers) Choose(org domain.OrganisationID, user, manager domain.UserID) error {
	if manager.IsZero() {
		return t.exec("DELETE FROM chosen_managers WHERE organisation_id = ? AND user_id = ?", org.UUID, user.UUID)
	}
	return t.exec(`INSERT INTO chosen_managers (organisation_id, user_id, manager_id) VALUES (?, ?, ?)
ON CONFLICT (organisation_id, user_id) DO UPDATE SET manager_id = excluded.manager_id`, org.UUID, user.UUID, manager.UUID)
}

// Above counts steps, and so ends where people are above each other.
func (t managers) Above(org domain.OrganisationID, user domain.UserID, limit int) ([]domain.UserID, error) {
	var list []domain.UserID
	err := t.query(`WITH RECURSIVE up (id, step) AS (SELECT u.user_id, 0 FROM users u WHERE u.organisation_id = ? AND u.user_id = ?
UNION ALL SELECT `+managerIDSQL+`, up.step + 1 FROM up JOIN users u ON u.organisation_id = ? AND u.user_id = up.id
WHERE u.manager IS NOT NULL AND up.step < `+strconv.Itoa(limit)+`)
SELECT id FROM up WHERE step > 0 AND id IS NOT NULL ORDER BY step`, []any{org.UUID, user.UUID, org.UUID}, func(r row) error {
		var id domain.UserID
		err := r.Scan(&id.UUID)
		list = append(list, id)
		return err
	})
	return list, err
}

func (t managers) Reports(org domain.OrganisationID, manager domain.UserID, limit int) ([]domain.User, error) {
	return users(t).all(reportsSQL(t.dialect()), []any{org.UUID, manager.String(), manager.UUID, limit})
}

// reportsSQL finds people by what their attributes call the manager: SQLite would walk through the whole organisation, which is
// in the order that is asked for.
func reportsSQL(d dialect) string {
	return selectUser(d, managedAll) + indexedBy(d, "users_manager") + " WHERE u.organisation_id = ? AND u.manager = ? AND " + managerIDSQL +
		" = ? AND u.archived_at IS NULL ORDER BY u.user_id LIMIT ?"
}

// managerColumn is the manager of a person as administrators see them.
type managerColumn struct{}

func (managerColumn) test(_ *translator, l leaf) condition {
	if l.compare == nil {
		return condition{sql: managerIDSQL + " IS NOT NULL", exact: true}
	}
	id, ok := domain.ParseID[domain.User](l.compare.Operand.Value.Text())
	if l.compare.Operator != domain.Equal || !ok {
		return unknown()
	}
	return condition{sql: managerIDSQL + " = ?", args: []any{id.UUID}, exact: true}
}

func (managerColumn) order(*translator, domain.Attribute) *ordering { return nil }

// forgetChoice takes back that a manager was chosen by hand where another one takes the place.
func (t users) forgetChoice(was, is domain.User) error {
	if was.Manager == is.Manager || was.Manager == "" {
		return nil
	}
	return managers(t).Choose(is.Organisation, is.ID, domain.UserID{})
}

// managerPair is a manager as personRef reads them.
func managerPair(pair string, kind managed) string {
	return managerOf(strings.Replace(pair, "%s", "m.user_id, COALESCE(m.display_name, m.user_name)", 1), kind)
}
