package persistence

import (
	"time"

	"github.com/google/uuid"

	"usher/domain"
)

type groups struct{ session }

func (t groups) Page(q domain.Query) (domain.Page[domain.Group], error) {
	return pageGroups(t.session, q)
}

func (t groups) Get(scope domain.Scope, id domain.GroupID) (domain.Group, error) {
	return t.get(t.query, scope, id, "")
}

func (t groups) Lock(scope domain.Scope, id domain.GroupID) (domain.Group, error) {
	if t.dialect() == sqlite { // whose one writer keeps everybody else out
		return t.Get(scope, id)
	}
	return t.get(t.inside, scope, id, " FOR NO KEY UPDATE")
}

func (t groups) get(query func(string, []any, func(row) error) error, scope domain.Scope, id domain.GroupID, lock string) (domain.Group, error) {
	inScope, args := groupsTable.inScope(scope)
	sql := "SELECT " + groupColumns() + " FROM groups g WHERE " + inScope + " AND g.group_id = ?"
	args = append(args, id.UUID)
	if scope.Standing != nil {
		proof, proofArgs := standing(scope)
		sql, args = sql+" AND "+proof, append(args, proofArgs...)
	}
	var group domain.Group
	found := false
	err := query(sql+lock, args, func(r row) (err error) {
		found = true
		group, err = scanGroup(r)
		return err
	})
	if err == nil && !found {
		err = notFound("group")
	}
	return group, err
}

const insertGroupSQL = `INSERT INTO groups (organisation_id, group_id, connection_id, external_id, claim_value, display_name, display_name_key,
document, version, created_at, modified_at, archived_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)`

func (t groups) Insert(g domain.Group) error {
	taken := externalIDTaken()
	if g.ClaimValue != "" {
		taken = &domain.Error{
			Kind: domain.Conflict, Code: domain.CodeNameTaken, Field: "value",
			Message: "a group of this connection was declared as " + clip(g.ClaimValue) + " already; use that one",
		}
	}
	err := t.claim(taken, insertGroupSQL, g.Organisation.UUID, g.ID.UUID, g.Connection.UUID, textOrNull(g.ExternalID), textOrNull(g.ClaimValue),
		g.DisplayName.Text, g.DisplayName.Key, string(g.Document), g.Version, g.CreatedAt.UnixMilli(), g.ModifiedAt.UnixMilli())
	if err != nil {
		return err
	}
	return countGroup(t, g, 1)
}

// countGroup counts a group where a directory sees it.
func countGroup(s session, g domain.Group, by int) error {
	if g.ClaimValue != "" {
		return nil
	}
	return count(s, g.Organisation, g.Connection, countGroups, g.ID.UUID, by)
}

func (t groups) Save(was, is domain.Group) error {
	if is.ExternalID != was.ExternalID && is.ExternalID != "" {
		var other int
		found, err := fetch(t, `SELECT 1 FROM groups WHERE organisation_id = ? AND connection_id = ? AND external_id = ?
AND archived_at IS NULL AND group_id <> ?`, []any{is.Organisation.UUID, is.Connection.UUID, is.ExternalID, is.ID.UUID}, &other)
		if err != nil {
			return err
		}
		if found {
			return externalIDTaken()
		}
	}
	return t.touch(errStale, `UPDATE groups SET external_id = ?, display_name = ?, display_name_key = ?, document = ?, version = ?,
modified_at = ? WHERE organisation_id = ? AND group_id = ? AND version = ? AND archived_at IS NULL`,
		textOrNull(is.ExternalID), is.DisplayName.Text, is.DisplayName.Key, string(is.Document), is.Version,
		is.ModifiedAt.UnixMilli(), is.Organisation.UUID, is.ID.UUID, was.Version)
}

func (t groups) Touch(g domain.Group, at time.Time) error {
	return t.touch(notFound("group"), `UPDATE groups SET version = version + 1,
modified_at = CASE WHEN modified_at < ? THEN ? ELSE modified_at + 1 END
WHERE organisation_id = ? AND group_id = ? AND archived_at IS NULL`,
		at.UnixMilli(), at.UnixMilli(), g.Organisation.UUID, g.ID.UUID)
}

func (t groups) Among(org domain.OrganisationID, ids []uuid.UUID) ([]domain.GroupID, error) {
	var list []domain.GroupID
	err := t.query("SELECT g.group_id FROM "+dossiers(t).among("groups g", "g.organisation_id = ? AND g.group_id = listed.id AND g.archived_at IS NULL"),
		[]any{distinct(ids), org.UUID}, func(r row) error {
			var id domain.GroupID
			err := r.Scan(&id.UUID)
			list = append(list, id)
			return err
		})
	return list, err
}

func (t groups) Names(org domain.OrganisationID, ids []uuid.UUID) (map[domain.GroupID]string, error) {
	names := map[domain.GroupID]string{}
	err := t.query("SELECT g.group_id, g.display_name FROM "+dossiers(t).among("groups g", "g.organisation_id = ? AND g.group_id = listed.id"),
		[]any{distinct(ids), org.UUID}, func(r row) error {
			var id domain.GroupID
			var name string
			err := r.Scan(&id.UUID, &name)
			names[id] = name
			return err
		})
	return names, err
}

func (t groups) Archive(g domain.Group) error {
	err := t.touch(errStale, `UPDATE groups SET version = ?, modified_at = ?, archived_at = ?
WHERE organisation_id = ? AND group_id = ? AND version = ? AND archived_at IS NULL`,
		g.Version, g.ModifiedAt.UnixMilli(), millis(g.ArchivedAt), g.Organisation.UUID, g.ID.UUID, g.Version-1)
	if err != nil {
		return err
	}
	if err := t.exec("DELETE FROM memberships WHERE organisation_id = ? AND group_id = ?", g.Organisation.UUID, g.ID.UUID); err != nil {
		return err
	}
	if err := t.exec("DELETE FROM claimed_groups WHERE organisation_id = ? AND group_id = ?", g.Organisation.UUID, g.ID.UUID); err != nil {
		return err
	}
	if err := leaveGroups(t, g.Organisation, g.ID.UUID, g.ModifiedAt); err != nil {
		return err
	}
	return countGroup(t, g, -1)
}
