package persistence

import "usher/domain"

const oneUserSQL = " WHERE u.organisation_id = ? AND u.user_id = ? AND u.connection_id = ? AND u.archived_at IS NULL"

func (t users) Get(scope domain.Scope, id domain.UserID) (domain.User, error) {
	if scope.Whole {
		return t.Find(scope.Organisation, id)
	}
	if scope.Adopting {
		return t.adoptable(scope, id)
	}
	args := make([]any, 0, 5)
	args = append(args, scope.Organisation.UUID, id.UUID, scope.Connection.UUID)
	if scope.Declared { // an administrator, who looks at one connection
		return t.one(selectUser(t.dialect(), managedAll)+oneUserSQL, args)
	}
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
	oneUserSQLite, oneUserPostgres       = selectUser(sqlite, managedOwn) + oneUserSQL, selectUser(postgres, managedOwn) + oneUserSQL
	provenUserSQLite, provenUserPostgres = oneUserSQLite + " AND " + standingSQL, oneUserPostgres + " AND " + standingSQL
)

func (t users) all(sql string, args []any) ([]domain.User, error) {
	var list []domain.User
	err := t.query(sql, args, func(r row) error {
		u, err := scanUser(r)
		list = append(list, u)
		return err
	})
	return list, err
}

// Owners locks the owners' rows in order of id, so that two units of work wait for each other and never block both.
// Only what the rule looks at is read.
func (t users) Owners(org domain.OrganisationID) ([]domain.Owner, error) {
	const owners = " FROM users u WHERE u.organisation_id = ? AND u.owner AND u.archived_at IS NULL ORDER BY u.user_id"
	if t.dialect() == postgres {
		// A statement of its own: what is beside the rows (blocks, windows) is seen as of the beginning of a statement,
		// and the locks may have been waited for.
		if err := t.inside("SELECT u.user_id"+owners+" FOR UPDATE", []any{org.UUID}, func(row) error { return nil }); err != nil {
			return nil, err
		}
	}
	var list []domain.Owner
	err := t.inside(`SELECT u.user_id, u.status, COALESCE(u.accepted_at, 0),
EXISTS (SELECT 1 FROM user_blocks b WHERE b.organisation_id = u.organisation_id AND b.user_id = u.user_id),
EXISTS (SELECT 1 FROM access_windows w WHERE w.organisation_id = u.organisation_id AND w.user_id = u.user_id AND w.valid_until <> ''),
EXISTS (SELECT 1 FROM sign_ins s WHERE s.organisation_id = u.organisation_id AND s.user_id = u.user_id AND s.password <> '' AND s.password_ends_at IS NULL) OR
EXISTS (SELECT 1 FROM identities i JOIN connections c ON c.organisation_id = i.organisation_id AND c.connection_id = i.connection_id
	WHERE i.organisation_id = u.organisation_id AND i.user_id = u.user_id AND c.disabled_at IS NULL AND c.oidc_issuer = i.issuer)`+owners,
		[]any{org.UUID}, func(r row) error {
			var o domain.Owner
			var status string
			var accepted int64
			err := r.Scan(&o.ID.UUID, &status, &accepted, &o.Blocked, &o.Ends, &o.WayIn)
			o.Status, o.AcceptedAt = domain.Status(status), instant(accepted)
			list = append(list, o)
			return err
		})
	return list, err
}

func (t users) Find(org domain.OrganisationID, id domain.UserID) (domain.User, error) {
	return t.one(selectUser(t.dialect(), managedAll)+" WHERE u.organisation_id = ? AND u.user_id = ? AND u.archived_at IS NULL", []any{org.UUID, id.UUID})
}

func (t users) Archived(org domain.OrganisationID, id domain.UserID) (domain.User, error) {
	list, err := t.all("SELECT "+userColumnsAlone+userFrom+" WHERE u.organisation_id = ? AND u.user_id = ? AND u.archived_at IS NOT NULL",
		[]any{org.UUID, id.UUID})
	if err == nil && len(list) == 0 {
		err = notFound("user")
	}
	if err != nil {
		return domain.User{}, err
	}
	u := list[0]
	var archived int64
	_, err = fetch(t, "SELECT archived_at FROM users WHERE organisation_id = ? AND user_id = ?", []any{org.UUID, id.UUID}, &archived)
	u.ArchivedAt = instant(archived)
	return u, err
}

func (t users) HasEmail(org domain.OrganisationID, key string, but domain.UserID) (bool, error) {
	var has bool
	_, err := fetch(t, `SELECT EXISTS (SELECT 1 FROM user_emails WHERE organisation_id = ? AND address_key = ? AND user_id IS DISTINCT FROM ?)
OR EXISTS (SELECT 1 FROM sign_in_names WHERE organisation_id = ? AND name_key = ? AND user_id IS DISTINCT FROM ?)`,
		[]any{org.UUID, key, but.UUID, org.UUID, key, but.UUID}, &has)
	return has, err
}
