package persistence

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"usher/domain"
)

type assignments struct{ session }

// Lock takes the row of the organisation, but not so that a foreign key to it would have to wait.
func (t assignments) Lock(org domain.OrganisationID) error {
	sql := "SELECT 1 FROM organisations WHERE organisation_id = ?"
	if t.dialect() == postgres {
		sql += " FOR NO KEY UPDATE" // SQLite has one writer
	}
	found := false
	err := t.inside(sql, []any{org.UUID}, func(row) error {
		found = true
		return nil
	})
	if err == nil && !found {
		err = errNoOrganisation()
	}
	return err
}

// userAccessColumns are what a row of givenRow.scan holds, by userAccessJoins, for each thing that a person was given.
const (
	userAccessColumns = `u.owner, u.connection_id IS NOT NULL, u.licence, COALESCE(x.granted, ''), COALESCE(x.revoked, ''),
COALESCE(x.version, 0), COALESCE(x.modified_at, 0), COALESCE(a.kind, ''), a.object_id, COALESCE(a.source, ''), COALESCE(a.locked, false),
COALESCE(a.assigned_at, 0), a.mapping_id, COALESCE(x.granted_at, 0), COALESCE(x.revoked_at, 0)`
	userAccessJoins = `
LEFT JOIN user_access x ON x.organisation_id = u.organisation_id AND x.user_id = u.user_id
LEFT JOIN assignments a ON a.organisation_id = u.organisation_id AND a.user_id = u.user_id`
	userAccessSQL = "SELECT " + userAccessColumns + " FROM users u" + userAccessJoins + `
WHERE u.organisation_id = ? AND u.user_id = ? AND u.archived_at IS NULL ORDER BY a.kind, a.slot`
)

func (t assignments) Of(org domain.OrganisationID, user domain.UserID) (domain.UserAccess, error) {
	u := domain.UserAccess{User: user, Organisation: org}
	found := false
	var texts accessTexts
	err := t.query(userAccessSQL, []any{org.UUID, user.UUID}, func(r row) error {
		found = true
		var one givenRow
		err := one.scan(r)
		one.into(&u, &texts)
		return err
	})
	if err == nil && !found {
		err = notFound("user")
	}
	if err != nil {
		return domain.UserAccess{}, err
	}
	err = texts.into(&u)
	return u, err
}

func (t assignments) OfMany(org domain.OrganisationID, users []domain.UserID) (list []domain.UserAccess, err error) {
	err = dossiers(t).people(t.query, org, uuids(users), func(d domain.Dossier) { list = append(list, d.Access) })
	return list, err
}

// accessTexts are a person's own grants and revokes as they are stored.
type accessTexts struct{ granted, revoked string }

func (t accessTexts) into(u *domain.UserAccess) (err error) {
	if u.Granted, err = permissionsOf(t.granted); err != nil {
		return err
	}
	u.Revoked, err = permissionsOf(t.revoked)
	return err
}

// givenRow is one of the rows of a person.
type givenRow struct {
	owner, directory  bool
	licence           string
	texts             accessTexts
	version, modified int64
	kind, source      string
	object, mapping   uuid.UUID
	locked            bool
	at                int64

	grantedAt, revokedAt int64
}

// scan reads more, then userAccessColumns.
func (r *givenRow) scan(from row, more ...any) error {
	return from.Scan(append(more, &r.owner, &r.directory, &r.licence, &r.texts.granted, &r.texts.revoked, &r.version, &r.modified, &r.kind,
		&r.object, &r.source, &r.locked, &r.at, &r.mapping, &r.grantedAt, &r.revokedAt)...)
}

func (r *givenRow) into(u *domain.UserAccess, texts *accessTexts) {
	u.Owner, u.Directory, u.Licence, u.Version, u.ModifiedAt = r.owner, r.directory, r.licence, r.version, instant(r.modified)
	u.GrantedAt, u.RevokedAt = instant(r.grantedAt), instant(r.revokedAt)
	*texts = r.texts
	switch domain.GivenKind(r.kind) {
	case domain.GivenRole:
		u.Role = givenBy[domain.Role](r)
	case domain.GivenProfile:
		u.Profile = givenBy[domain.Profile](r)
	case domain.GivenTeam:
		u.Team = givenBy[domain.Team](r)
	case domain.GivenQueue:
		u.Queues = append(u.Queues, givenBy[domain.Queue](r))
	case domain.GivenSeat:
		g := givenBy[domain.LicenceType](r)
		u.LicenceFrom = domain.GivenLicence{Source: g.Source, Locked: g.Locked, Mapping: g.Mapping, At: g.At}
	}
}

func givenBy[Noun any](r *givenRow) domain.Given[Noun] {
	return domain.Given[Noun]{
		ID: domain.ID[Noun]{UUID: r.object}, Source: domain.Source(r.source), Locked: r.locked,
		Mapping: domain.MappingID{UUID: r.mapping}, At: instant(r.at),
	}
}

// assignmentRow is one row of a person.
type assignmentRow struct {
	kind    domain.GivenKind
	slot    string
	object  uuid.UUID
	source  domain.Source
	locked  bool
	mapping uuid.UUID
	licence string
	at      int64
}

// samePlace reports whether one of two rows of a person takes the place of the other.
func (r assignmentRow) samePlace(other assignmentRow) bool {
	return r.kind == other.kind && r.slot == other.slot
}

func rowOf[Noun any](kind domain.GivenKind, g domain.Given[Noun]) assignmentRow {
	r := assignmentRow{kind: kind, object: g.ID.UUID, source: g.Source, locked: g.Locked, mapping: g.Mapping.UUID, at: since(g.At)}
	if kind == domain.GivenQueue {
		r.slot = g.ID.String()
	}
	return r
}

// since is an instant of a column that has no NULL.
func since(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return at.UnixMilli()
}

// rowsOf are the rows of what was decided.
func rowsOf(u domain.UserAccess) []assignmentRow {
	rows := []assignmentRow{rowOf(domain.GivenRole, u.Role), rowOf(domain.GivenProfile, u.Profile), rowOf(domain.GivenTeam, u.Team)}
	for _, q := range u.Queues {
		rows = append(rows, rowOf(domain.GivenQueue, q))
	}
	from := u.LicenceFrom
	seat := rowOf(domain.GivenSeat, domain.Given[domain.LicenceType]{Source: from.Source, Locked: from.Locked, Mapping: from.Mapping, At: from.At})
	seat.licence = u.Licence
	rows = append(rows, seat)
	return slices.DeleteFunc(rows, func(r assignmentRow) bool { return r.source == "" })
}

const saveUserAccessSQL = `INSERT INTO user_access (organisation_id, user_id, granted, revoked, granted_at, revoked_at, version, modified_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (organisation_id, user_id) DO UPDATE SET granted = excluded.granted, revoked = excluded.revoked,
granted_at = excluded.granted_at, revoked_at = excluded.revoked_at, version = excluded.version,
modified_at = excluded.modified_at WHERE user_access.version = ?`

func (t assignments) Save(was, is domain.UserAccess) error {
	org, user := is.Organisation.UUID, is.User.UUID
	err := t.touch(errStale, saveUserAccessSQL, org, user, permissionText(is.Granted), permissionText(is.Revoked),
		millis(is.GrantedAt), millis(is.RevokedAt), is.Version, is.ModifiedAt.UnixMilli(), was.Version)
	if err != nil {
		return err
	}
	before, after := rowsOf(was), rowsOf(is)
	for _, r := range before {
		if slices.ContainsFunc(after, r.samePlace) {
			continue
		}
		err := t.exec("DELETE FROM assignments WHERE organisation_id = ? AND user_id = ? AND kind = ? AND slot = ?", org, user, string(r.kind), r.slot)
		if err != nil {
			return err
		}
	}
	for _, r := range after {
		if slices.Contains(before, r) {
			continue
		}
		err := t.exec(`INSERT INTO assignments (organisation_id, user_id, kind, slot, object_id, source, locked, mapping_id, licence, assigned_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (organisation_id, user_id, kind, slot) DO UPDATE SET object_id = excluded.object_id,
source = excluded.source, locked = excluded.locked, mapping_id = excluded.mapping_id, licence = excluded.licence, assigned_at = excluded.assigned_at`, org, user, string(r.kind), r.slot, r.object, string(r.source), r.locked, r.mapping, textOrNull(r.licence), r.at)
		if err != nil {
			return err
		}
	}
	return nil
}

// here keeps those rows of assignments a whose people have not been archived.
const here = ` EXISTS (SELECT 1 FROM users u WHERE u.organisation_id = a.organisation_id AND u.user_id = a.user_id AND u.archived_at IS NULL)`

func (t assignments) Held(org domain.OrganisationID, kind domain.GivenKind, id uuid.UUID) (int, error) {
	var n int
	_, err := fetch(t, "SELECT count(*) FROM assignments a WHERE a.organisation_id = ? AND a.kind = ? AND a.object_id = ? AND"+here,
		[]any{org.UUID, string(kind), id}, &n)
	return n, err
}

func (t assignments) Replace(org domain.OrganisationID, kind domain.GivenKind, id, by uuid.UUID, at time.Time) ([]domain.UserID, error) {
	holders := []any{org.UUID, string(kind), id}
	people, err := t.people("SELECT a.user_id FROM assignments a WHERE a.organisation_id = ? AND a.kind = ? AND a.object_id = ? AND"+here+" ORDER BY a.user_id", holders...)
	if err != nil {
		return nil, err
	}
	// A change of theirs: so that nobody changes them by what they have read before.
	err = t.exec(`INSERT INTO user_access (organisation_id, user_id, granted, revoked, version, modified_at)
SELECT a.organisation_id, a.user_id, '', '', 1, `+castBig(t.dialect())+` FROM assignments a WHERE a.organisation_id = ? AND a.kind = ? AND a.object_id = ?
ON CONFLICT (organisation_id, user_id) DO UPDATE SET version = user_access.version + 1, modified_at = excluded.modified_at`,
		append([]any{at.UnixMilli()}, holders...)...)
	if err != nil {
		return nil, err
	}
	if by != uuid.Nil {
		slot := ""
		if kind == domain.GivenQueue {
			slot = by.String()
		}
		err = t.exec(t.inherit(kind), append([]any{slot, by, at.UnixMilli()}, holders...)...)
	}
	if err == nil {
		err = t.exec("DELETE FROM assignments WHERE organisation_id = ? AND kind = ? AND object_id = ?", holders...)
	}
	return people, err
}

// inherit gives the holders of something another thing. Of queues they may have that one already.
func (t assignments) inherit(kind domain.GivenKind) string {
	d := t.dialect()
	if kind != domain.GivenQueue {
		return "UPDATE assignments SET slot = ?, object_id = ?, assigned_at = ? WHERE organisation_id = ? AND kind = ? AND object_id = ?"
	}
	return `INSERT INTO assignments (organisation_id, user_id, kind, slot, object_id, source, locked, mapping_id, assigned_at)
SELECT a.organisation_id, a.user_id, a.kind, ` + castText(d) + `, ` + castID(d) + `, a.source, a.locked, a.mapping_id, ` + castBig(d) + `
FROM assignments a WHERE a.organisation_id = ? AND a.kind = ? AND a.object_id = ?
ON CONFLICT (organisation_id, user_id, kind, slot) DO NOTHING`
}

// castBig, castText and castID are parameters whose type PostgreSQL cannot see from where they stand.
func castBig(d dialect) string { return cast(d, "bigint") }

func castText(d dialect) string { return cast(d, "text") }

func castID(d dialect) string { return cast(d, "uuid") }

func cast(d dialect, as string) string {
	if d == postgres {
		return "?::" + as
	}
	return "?"
}

// people runs a query for identifiers of people.
func (t assignments) people(sql string, args ...any) ([]domain.UserID, error) {
	var list []domain.UserID
	err := t.query(sql, args, func(r row) error {
		var id domain.UserID
		err := r.Scan(&id.UUID)
		list = append(list, id)
		return err
	})
	return list, err
}

func (t assignments) Mentioning(org domain.OrganisationID, module string) ([]domain.UserID, error) {
	name := `"` + module + ":"
	return t.people(`SELECT x.user_id FROM user_access x JOIN users u ON u.organisation_id = x.organisation_id AND u.user_id = x.user_id
WHERE x.organisation_id = ? AND u.archived_at IS NULL AND (replace(x.granted, ?, '') <> x.granted OR replace(x.revoked, ?, '') <> x.revoked)
ORDER BY x.user_id`, org.UUID, name, name)
}

func (t assignments) Defaults(org domain.OrganisationID) (domain.Defaults, error) {
	var d domain.Defaults
	var role, profile int64
	_, err := fetch(t, "SELECT role_id, profile_id, version, COALESCE(role_at, 0), COALESCE(profile_at, 0) FROM access_defaults WHERE organisation_id = ?",
		[]any{org.UUID}, &d.Role.UUID, &d.Profile.UUID, &d.Version, &role, &profile)
	d.RoleAt, d.ProfileAt = instant(role), instant(profile)
	return d, err
}

func (t assignments) SaveDefaults(org domain.OrganisationID, was, is domain.Defaults) error {
	err := t.touch(errStale, `INSERT INTO access_defaults (organisation_id, role_id, profile_id, role_at, profile_at, version) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (organisation_id) DO UPDATE SET role_id = excluded.role_id, profile_id = excluded.profile_id, role_at = excluded.role_at,
profile_at = excluded.profile_at, version = excluded.version WHERE access_defaults.version = ?`,
		org.UUID, is.Role.UUID, is.Profile.UUID, millis(is.RoleAt), millis(is.ProfileAt), is.Version, was.Version)
	if err != nil {
		return err
	}
	return commonsChanged(t, org)
}
