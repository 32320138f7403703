package persistence

import (
	"bytes"
	"slices"

	"github.com/google/uuid"

	"usher/domain"
	"usher/domain/attribute"
)

// visibleMember joins a membership m with the person or group it is; a member that is archived shows nowhere.
const visibleMember = ` FROM memberships m
LEFT JOIN users u ON m.member_kind = 1 AND u.organisation_id = m.organisation_id AND u.user_id = m.member_id AND u.archived_at IS NULL
LEFT JOIN groups n ON m.member_kind = 2 AND n.organisation_id = m.organisation_id AND n.group_id = m.member_id AND n.archived_at IS NULL
WHERE m.organisation_id = ? AND m.group_id = ? AND (u.user_id IS NOT NULL OR n.group_id IS NOT NULL)`

func (t groups) Members(scope domain.Scope, id domain.GroupID, after uuid.UUID, limit int) ([]domain.Member, error) {
	members := make([]domain.Member, 0, min(limit, 128))
	err := t.query("SELECT m.member_id, m.member_kind, COALESCE(u.display_name, u.user_name, n.display_name)"+visibleMember+
		" AND m.member_id > ? ORDER BY m.member_id LIMIT ?",
		[]any{scope.Organisation.UUID, id.UUID, idOrLowest(after), limit}, func(r row) error {
			var m domain.Member
			err := r.Scan(&m.ID, &m.Kind, &m.Display)
			members = append(members, m)
			return err
		})
	return members, err
}

func (t groups) MemberCount(scope domain.Scope, id domain.GroupID, limit int) (int, error) {
	var n int
	_, err := fetch(t, "SELECT count(*) FROM (SELECT 1"+visibleMember+" LIMIT ?) counted",
		[]any{scope.Organisation.UUID, id.UUID, limit}, &n)
	return n, err
}

// joinSQL adds the listed people and groups of the connection that are not members yet, in order of id, so that two who
// add the same ones wait for each other and never block both.
func (t groups) joinSQL() string {
	return `INSERT INTO memberships (organisation_id, group_id, member_id, member_kind)
SELECT g.organisation_id, g.group_id, joining.id, joining.kind FROM groups g, (` + t.visibleSQL() + `) AS joining
WHERE g.organisation_id = ? AND g.group_id = ? ORDER BY joining.id
ON CONFLICT (organisation_id, group_id, member_id) DO NOTHING RETURNING member_id`
}

// visibleSQL selects those of a list that the connection can see, with their kind.
func (t groups) visibleSQL() string {
	list, join := idList(t.dialect()), " JOIN "
	if t.dialect() == sqlite { // CROSS JOIN keeps the order: it would go through the list for each person
		join = " CROSS JOIN "
	}
	return `SELECT u.user_id AS id, 1 AS kind FROM ` + list + join + `users u ON u.user_id = listed.id
WHERE u.organisation_id = ? AND u.connection_id = ? AND u.archived_at IS NULL
UNION SELECT n.group_id, 2 FROM ` + list + join + `groups n ON n.group_id = listed.id
WHERE n.organisation_id = ? AND n.connection_id = ? AND n.archived_at IS NULL AND ` + pushed("n")
}

func (t groups) visibleArgs(g domain.Group, ids []uuid.UUID) []any {
	return []any{ids, g.Organisation.UUID, g.Connection.UUID, ids, g.Organisation.UUID, g.Connection.UUID}
}

func (t groups) AddMembers(g domain.Group, ids []uuid.UUID) ([]uuid.UUID, error) {
	ids = distinct(ids)
	added, err := t.idsOf(t.joinSQL(), append(t.visibleArgs(g, ids), g.Organisation.UUID, g.ID.UUID)...)
	if err != nil || len(added) == len(ids) {
		return added, err
	}
	return added, t.allVisible(g, ids)
}

// allVisible refuses a list that names somebody this connection cannot see: another's person answers like one that
// never existed (rule link.scope).
func (t groups) allVisible(g domain.Group, ids []uuid.UUID) error {
	seen, err := t.idsOf("SELECT id FROM ("+t.visibleSQL()+") AS visible", t.visibleArgs(g, ids)...)
	if err != nil || len(seen) == len(ids) {
		return err
	}
	known := make(map[uuid.UUID]struct{}, len(seen))
	for _, id := range seen {
		known[id] = struct{}{}
	}
	for _, id := range ids {
		if _, ok := known[id]; !ok {
			return domain.UnknownMember(id.String())
		}
	}
	return nil
}

func (t groups) RemoveMembers(g domain.Group, ids []uuid.UUID) ([]uuid.UUID, error) {
	return t.idsOf("DELETE FROM memberships WHERE organisation_id = ? AND group_id = ? AND member_id IN (SELECT listed.id FROM "+
		idList(t.dialect())+") RETURNING member_id", g.Organisation.UUID, g.ID.UUID, distinct(ids))
}

func (t groups) RemoveMembersWhere(g domain.Group, where domain.Predicate) ([]uuid.UUID, error) {
	if where == nil {
		return t.idsOf("DELETE FROM memberships WHERE organisation_id = ? AND group_id = ? RETURNING member_id", g.Organisation.UUID, g.ID.UUID)
	}
	const page = 1000
	var selected []uuid.UUID
	scope := domain.Scope{Organisation: g.Organisation, Connection: g.Connection}
	for after := uuid.Nil; ; {
		members, err := t.Members(scope, g.ID, after, page)
		if err != nil {
			return nil, err
		}
		for _, m := range members {
			if domain.Match(where, memberTree(m)) {
				selected = append(selected, m.ID)
			}
		}
		if len(members) < page {
			break
		}
		after = members[page-1].ID
	}
	if len(selected) == 0 {
		return nil, nil
	}
	return t.RemoveMembers(g, selected)
}

// memberTree is a member as a predicate sees it (RFC 7643 section 4.2).
func memberTree(m domain.Member) attribute.Value {
	kind := "User"
	if m.Kind == domain.MemberGroup {
		kind = "Group"
	}
	return attribute.NewComplex(
		attribute.Member{Name: "value", Value: attribute.NewString(m.ID.String())},
		attribute.Member{Name: "type", Value: attribute.NewString(kind)},
		attribute.Member{Name: "display", Value: attribute.NewString(m.Display)})
}

func (t groups) ReplaceMembers(g domain.Group, ids []uuid.UUID) (added, removed []uuid.UUID, err error) {
	ids = distinct(ids)
	removed, err = t.idsOf("DELETE FROM memberships WHERE organisation_id = ? AND group_id = ? AND member_id NOT IN (SELECT listed.id FROM "+
		idList(t.dialect())+") RETURNING member_id", g.Organisation.UUID, g.ID.UUID, ids)
	if err != nil || len(ids) == 0 {
		return nil, removed, err
	}
	added, err = t.AddMembers(g, ids)
	return added, removed, err
}

// idsOf runs a statement that writes and returns identifiers.
func (t groups) idsOf(sql string, args ...any) ([]uuid.UUID, error) {
	var ids []uuid.UUID
	err := t.inside(sql, args, func(r row) error {
		var id uuid.UUID
		err := r.Scan(&id)
		ids = append(ids, id)
		return err
	})
	return ids, err
}

// distinct sorts identifiers and drops repeated ones.
func distinct(ids []uuid.UUID) []uuid.UUID {
	ids = slices.Clone(ids)
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	return slices.Compact(ids)
}
