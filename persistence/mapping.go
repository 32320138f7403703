package persistence

import (
	"cmp"
	"slices"
	"strings"

	"github.com/google/uuid"

	"usher/domain"
)

type mappings struct{ session }

const mappingColumns = `m.mapping_id, m.group_id, m.priority, m.role_id, m.profile_id, m.team_id, m.queues, m.licence, m.saved_by_kind,
m.saved_by_id, m.version, m.created_at, m.modified_at`

func (t mappings) List(org domain.OrganisationID) ([]domain.Mapping, error) {
	var list []domain.Mapping
	err := t.query("SELECT "+mappingColumns+" FROM mappings m WHERE m.organisation_id = ? ORDER BY m.created_at, m.mapping_id",
		[]any{org.UUID}, func(r row) error {
			m, err := scanMapping(r, org)
			list = append(list, m)
			return err
		})
	return list, err
}

func scanMapping(r row, org domain.OrganisationID) (domain.Mapping, error) {
	m := domain.Mapping{Organisation: org}
	var queues string
	var created, modified int64
	err := r.Scan(&m.ID.UUID, &m.Group.UUID, &m.Priority, &m.Grants.Role.UUID, &m.Grants.Profile.UUID, &m.Grants.Team.UUID, &queues,
		&m.Grants.Licence, &m.SavedBy.Kind, &m.SavedBy.ID, &m.Version, &created, &modified)
	if err != nil {
		return m, err
	}
	m.CreatedAt, m.ModifiedAt = instant(created), instant(modified)
	m.Grants.Queues, err = identifiers[domain.Queue](queues)
	return m, err
}

// identifiers reads identifiers between commas.
func identifiers[Noun any](text string) ([]domain.ID[Noun], error) {
	if text == "" {
		return nil, nil
	}
	parts := strings.Split(text, ",")
	ids := make([]domain.ID[Noun], len(parts))
	for i, part := range parts {
		id, err := uuid.Parse(part)
		if err != nil {
			return nil, err
		}
		ids[i] = domain.ID[Noun]{UUID: id}
	}
	return ids, nil
}

func identifierText[Noun any](ids []domain.ID[Noun]) string {
	parts := make([]string, len(ids))
	for i, id := range ids {
		parts[i] = id.String()
	}
	return strings.Join(parts, ",")
}

func (t mappings) Get(org domain.OrganisationID, id domain.MappingID) (domain.Mapping, error) {
	var m domain.Mapping
	found := false
	err := t.query("SELECT "+mappingColumns+" FROM mappings m WHERE m.organisation_id = ? AND m.mapping_id = ?", []any{org.UUID, id.UUID},
		func(r row) (err error) {
			found = true
			m, err = scanMapping(r, org)
			return err
		})
	if err == nil && !found {
		err = notFound("mapping")
	}
	return m, err
}

func (t mappings) Insert(m domain.Mapping) error {
	g := m.Grants
	return t.exec(`INSERT INTO mappings (organisation_id, mapping_id, group_id, priority, role_id, profile_id, team_id, queues, licence,
saved_by_kind, saved_by_id, version, created_at, modified_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		m.Organisation.UUID, m.ID.UUID, m.Group.UUID, m.Priority, g.Role.UUID, g.Profile.UUID, g.Team.UUID, identifierText(g.Queues),
		g.Licence, m.SavedBy.Kind, m.SavedBy.ID, m.Version, m.CreatedAt.UnixMilli(), m.ModifiedAt.UnixMilli())
}

func (t mappings) Save(was, is domain.Mapping) error {
	g := is.Grants
	return t.touch(errStale, `UPDATE mappings SET group_id = ?, priority = ?, role_id = ?, profile_id = ?, team_id = ?, queues = ?, licence = ?,
saved_by_kind = ?, saved_by_id = ?, version = ?, modified_at = ? WHERE organisation_id = ? AND mapping_id = ? AND version = ?`,
		is.Group.UUID, is.Priority, g.Role.UUID, g.Profile.UUID, g.Team.UUID, identifierText(g.Queues), g.Licence,
		is.SavedBy.Kind, is.SavedBy.ID, is.Version, is.ModifiedAt.UnixMilli(), is.Organisation.UUID, is.ID.UUID, was.Version)
}

func (t mappings) Delete(m domain.Mapping) error {
	return t.touch(errStale, "DELETE FROM mappings WHERE organisation_id = ? AND mapping_id = ? AND version = ?",
		m.Organisation.UUID, m.ID.UUID, m.Version)
}

// Reaches goes up from the group only where the organisation has a mapping at all.
func (t mappings) Reaches(org domain.OrganisationID, group domain.GroupID) (bool, error) {
	d := t.dialect()
	join := " JOIN "
	if d == sqlite { // CROSS JOIN keeps the order
		join = " CROSS JOIN "
	}
	var one int
	return fetch(t, `WITH RECURSIVE up (id) AS (
SELECT `+castID(d)+` WHERE EXISTS (SELECT 1 FROM mappings WHERE organisation_id = ?)
UNION SELECT x.group_id FROM up`+join+`memberships x ON x.organisation_id = ? AND x.member_id = up.id)
SELECT 1 FROM up`+join+`mappings m ON m.organisation_id = ? AND m.group_id = up.id LIMIT 1`,
		[]any{group.UUID, org.UUID, org.UUID, org.UUID}, &one)
}

func (t mappings) DemandNoQueues(org domain.OrganisationID, user domain.UserID) error {
	return demandNone(t.session, `SELECT 1 FROM mappings WHERE organisation_id = ? AND queues <> ''
UNION ALL SELECT 1 FROM user_claims WHERE organisation_id = ? AND user_id = ? AND kind = 'queue'`, org.UUID, org.UUID, user.UUID)
}

// demandNone makes the unit of work run again when a query finds anything. An optimistic attempt does not wait for the
// answer: it divides by zero.
func demandNone(s session, sql string, args ...any) error {
	if p, ok := s.(*postgresWrite); ok && p.optimistic() {
		return p.guarded("SELECT 1/(CASE WHEN EXISTS ("+sql+") THEN 0 ELSE 1 END)", args...)
	}
	var one int
	found, err := fetch(s, sql+" LIMIT 1", args, &one)
	if err == nil && found {
		err = s.fail(errStale)
	}
	return err
}

// downSQL begins a statement that goes through the groups in some groups.
func (t mappings) downSQL() string {
	join := " JOIN "
	if t.dialect() == sqlite {
		join = " CROSS JOIN "
	}
	return `WITH RECURSIVE down (id) AS (SELECT listed.id FROM ` + idList(t.dialect()) + `
UNION SELECT x.member_id FROM down` + join + `memberships x ON x.organisation_id = ? AND x.group_id = down.id AND x.member_kind = 2) `
}

func (t mappings) Below(org domain.OrganisationID, among []domain.GroupID) ([]domain.GroupID, error) {
	if len(among) == 0 {
		return nil, nil
	}
	var list []domain.GroupID
	err := t.query(t.downSQL()+"SELECT id FROM down ORDER BY id", []any{uuids(among), org.UUID}, func(r row) error {
		var id domain.GroupID
		err := r.Scan(&id.UUID)
		list = append(list, id)
		return err
	})
	return list, err
}

// HoldBelow locks the rows of the groups, which whoever changes their members writes, in order of id, until none is below
// them that it has not locked: one may have come while it waited. SQLite has one writer.
func (t mappings) HoldBelow(org domain.OrganisationID, among []domain.GroupID) ([]domain.GroupID, error) {
	list, err := t.Below(org, among)
	for err == nil && t.dialect() == postgres && len(list) > 0 {
		err = t.inside("SELECT group_id FROM groups WHERE organisation_id = ? AND group_id = ANY(?::uuid[]) ORDER BY group_id FOR NO KEY UPDATE",
			[]any{org.UUID, uuids(list)}, func(row) error { return nil })
		if err != nil {
			break
		}
		var again []domain.GroupID
		if again, err = t.Below(org, among); err != nil || slices.Equal(again, list) {
			break
		}
		list = again
	}
	return list, err
}

func uuids[Noun any](ids []domain.ID[Noun]) []uuid.UUID {
	list := make([]uuid.UUID, len(ids))
	for i, id := range ids {
		list[i] = id.UUID
	}
	return list
}

func (t mappings) PeopleBelow(org domain.OrganisationID, among []domain.GroupID, limit int) ([]domain.UserID, error) {
	join := " JOIN "
	if t.dialect() == sqlite {
		join = " CROSS JOIN "
	}
	return assignments(t).people(t.downSQL()+`SELECT m.member_id FROM down`+join+`memberships m
ON m.organisation_id = ? AND m.group_id = down.id AND m.member_kind = 1
UNION ALL SELECT c.user_id FROM down`+join+`claimed_groups c ON c.organisation_id = ? AND c.group_id = down.id LIMIT ?`,
		uuids(among), org.UUID, org.UUID, org.UUID, limit)
}

func (t mappings) Above(org domain.OrganisationID, groups []domain.GroupID) ([]domain.MappingID, error) {
	join := " JOIN "
	if t.dialect() == sqlite {
		join = " CROSS JOIN "
	}
	var list []domain.MappingID
	err := t.query(`WITH RECURSIVE above (id) AS (SELECT listed.id FROM `+idList(t.dialect())+`
UNION SELECT x.group_id FROM above`+join+`memberships x ON x.organisation_id = ? AND x.member_id = above.id)
SELECT m.mapping_id FROM above`+join+`mappings m ON m.organisation_id = ? AND m.group_id = above.id ORDER BY m.mapping_id`,
		[]any{uuids(groups), org.UUID, org.UUID}, func(r row) error {
			var id domain.MappingID
			err := r.Scan(&id.UUID)
			list = append(list, id)
			return err
		})
	return list, err
}

func (t mappings) Within(org domain.OrganisationID, group domain.GroupID, people []domain.UserID) ([]domain.UserID, error) {
	return assignments(t).people(dossiers(t).upSQL()+"SELECT DISTINCT up.person FROM up WHERE up.id = ?", uuids(people), org.UUID, uuids(people), org.UUID, org.UUID, group.UUID)
}

func (t mappings) PeopleOf(org domain.OrganisationID, group domain.GroupID, after domain.UserID, limit int) ([]domain.UserID, error) {
	from := []any{org.UUID, group.UUID, idOrLowest(after.UUID), limit}
	// Each list is cut before they are put together: else a page of a big group would read what is left of it.
	return assignments(t).people(`SELECT member_id FROM (
SELECT member_id FROM (SELECT member_id FROM memberships WHERE organisation_id = ? AND group_id = ? AND member_id > ? AND member_kind = 1 ORDER BY member_id LIMIT ?) AS pushed
UNION
SELECT user_id FROM (SELECT user_id FROM claimed_groups WHERE organisation_id = ? AND group_id = ? AND user_id > ? ORDER BY user_id LIMIT ?) AS claimed
) AS everybody ORDER BY member_id LIMIT ?`, append(append(from, from...), limit)...)
}

func (t mappings) Orphans(org domain.OrganisationID) ([]domain.Group, error) {
	return t.groups("g.organisation_id = ? AND g.archived_at IS NOT NULL AND g.group_id IN (SELECT m.group_id FROM mappings m WHERE m.organisation_id = ?)",
		org.UUID, org.UUID)
}

func (t mappings) Alike(gone domain.Group, limit int) ([]domain.Group, error) {
	known := textOrNull(cmp.Or(gone.ExternalID, gone.ClaimValue))
	return t.groups(`g.organisation_id = ? AND g.connection_id = ? AND g.archived_at IS NULL
AND (g.display_name_key = ? OR g.external_id = ? OR g.claim_value = ?) ORDER BY g.group_id LIMIT ?`,
		gone.Organisation.UUID, gone.Connection.UUID, gone.DisplayName.Key, known, known, limit)
}

func (t mappings) groups(where string, args ...any) ([]domain.Group, error) {
	var list []domain.Group
	err := t.query("SELECT "+groupColumns()+" FROM groups g WHERE "+where, args, func(r row) error {
		g, err := scanGroup(r)
		list = append(list, g)
		return err
	})
	return list, err
}

// What groups and claims give (domain.MappingTx).

func (t tx) Mappings() domain.Mappings           { return mappings(t) }
func (t tx) Claims() domain.Claims               { return claims(t) }
func (t tx) ClaimedGroups() domain.ClaimedGroups { return claimedGroups(t) }
func (t tx) Dossiers() domain.Dossiers           { return dossiers(t) }
func (t tx) Jobs() domain.Jobs                   { return jobs(t) }
