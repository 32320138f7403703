package persistence

import "usher/domain"

const oneUserSQL = " WHERE u.organisation_id = ? AND u.user_id = ? AND u.connection_id = ? AND u.archived_at IS NULL"

func (t users) Get(scope domain.Scope, id domain.UserID) (domain.User, error) {
	if scope.Whole {
		return t.one(selectUser(t.dialect())+" WHERE u.organisation_id = ? AND u.user_id = ? AND u.archived_at IS NULL",
			[]any{scope.Organisation.UUID, id.UUID})
	}
	args := make([]any, 0, 5)
	args = append(args, scope.Organisation.UUID, id.UUID, scope.Connection.UUID)
	sql := oneUser(t.dialect(), scope.Standing != nil)
	if scope.Standing != nil {
		args = append(args, scope.Organisation.UUID, scope.Standing.AccessVersion)
	}
	return t.one(sql, args)
}

// one reads one person. NotFound.
func (t users) one(sql string, args []any) (domain.User, error) {
	list, err := t.all(sql, args)
	if err != nil {
		return domain.User{}, err
	}
	if len(list) == 0 {
		return domain.User{}, notFound("user")
	}
	return list[0], nil
}

// oneUser is the statement of Get, put together once for each database and kind of caller.
func oneUser(d dialect, proving bool) string {
	switch {
	case d == sqlite && proving:
		return provenUserSQLite
	case d == sqlite:
		return oneUserSQLite
	case proving:
		return provenUserPostgres
	}
	return oneUserPostgres
}

//nolint:gochecknoglobals // texts that are put together once
var (
	oneUserSQLite, oneUserPostgres       = selectUserSQLite + oneUserSQL, selectUserPostgres + oneUserSQL
	provenUserSQLite, provenUserPostgres = oneUserSQLite + " AND " + standingSQL, oneUserPostgres + " AND " + standingSQL
)

func selectUser(d dialect) string {
	if d == sqlite {
		return selectUserSQLite
	}
	return selectUserPostgres
}

func (t users) all(sql string, args []any) ([]domain.User, error) {
	var list []domain.User
	err := t.query(sql, args, func(r row) error {
		u, err := scanUser(r)
		list = append(list, u)
		return err
	})
	return list, err
}

func (t users) Reports(scope domain.Scope, manager domain.UserID, limit int) ([]domain.User, error) {
	return t.all(selectUser(t.dialect())+" WHERE u.organisation_id = ? AND u.manager = ? AND u.connection_id = ? AND u.archived_at IS NULL ORDER BY u.user_id LIMIT ?",
		[]any{scope.Organisation.UUID, manager.String(), scope.Connection.UUID, limit})
}

// Owners locks the owners' rows in order of id, so that two units of work wait for each other and never block both.
// Only what the rule looks at is read.
func (t users) Owners(org domain.OrganisationID) ([]domain.User, error) {
	sql := "SELECT user_id, status, COALESCE(accepted_at, 0) FROM users WHERE organisation_id = ? AND owner AND archived_at IS NULL ORDER BY user_id"
	if t.dialect() == postgres {
		sql += " FOR UPDATE"
	}
	var list []domain.User
	err := t.inside(sql, []any{org.UUID}, func(r row) error {
		u := domain.User{Organisation: org, Owner: true}
		var status string
		var accepted int64
		err := r.Scan(&u.ID.UUID, &status, &accepted)
		u.Status, u.AcceptedAt = domain.Status(status), instant(accepted)
		list = append(list, u)
		return err
	})
	return list, err
}
