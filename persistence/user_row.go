package persistence

import (
	"github.com/google/uuid"

	"usher/domain"
	"usher/domain/attribute"
)

// userFrom joins a person u with their manager: the one whose id (mi), else whose external id (me), the directory gave.
const userFrom = ` FROM users u
LEFT JOIN users mi ON mi.organisation_id = u.organisation_id AND mi.user_id = u.manager_id
 AND mi.connection_id = u.connection_id AND mi.archived_at IS NULL
LEFT JOIN users me ON mi.user_id IS NULL AND u.manager IS NOT NULL AND me.organisation_id = u.organisation_id
 AND me.connection_id = u.connection_id AND me.external_id = u.manager AND me.archived_at IS NULL`

// userColumns are what scanUser reads of userFrom, groups included: one statement is quicker than two.
func userColumns(d dialect) string {
	list, join := `COALESCE((SELECT json_agg(json_build_array(g.group_id, g.display_name) ORDER BY g.group_id)::text`, "JOIN"
	if d == sqlite { // CROSS JOIN keeps the order: it would go through all groups for each person
		list, join = `COALESCE((SELECT json_group_array(json_array(g.group_id, g.display_name))`, "CROSS JOIN"
	}
	return `u.organisation_id, u.user_id, u.connection_id, u.status, u.owner, u.licence, u.user_name, u.user_name_key,
COALESCE(u.external_id, ''), COALESCE(u.display_name, ''), COALESCE(u.manager, ''), u.document, u.version, u.created_at,
u.modified_at, COALESCE(u.accepted_at, 0), COALESCE(mi.user_id, me.user_id),
COALESCE(mi.display_name, mi.user_name, me.display_name, me.user_name, ''),
` + list + ` FROM memberships x ` + join + ` groups g ON g.organisation_id = x.organisation_id AND g.group_id = x.group_id AND g.archived_at IS NULL
WHERE x.organisation_id = u.organisation_id AND x.member_id = u.user_id), '')`
}

// scanUser reads userColumns. Names and e-mails beyond what the columns hold are in the document.
func scanUser(r row) (domain.User, error) {
	var u domain.User
	var manager domain.PersonRef
	var created, modified, accepted int64
	var status, groups string
	err := r.Scan(&u.Organisation.UUID, &u.ID.UUID, &u.Connection.UUID, &status, &u.Owner, &u.Licence, &u.UserName.Text,
		&u.UserName.Key, &u.ExternalID, &u.DisplayName, &u.Manager, &u.Document, &u.Version, &created, &modified, &accepted,
		&manager.ID.UUID, &manager.Display, &groups)
	if err != nil {
		return domain.User{}, err
	}
	u.Status = domain.Status(status)
	u.CreatedAt, u.ModifiedAt, u.AcceptedAt = instant(created), instant(modified), instant(accepted)
	if !manager.ID.IsZero() {
		u.ManagerRef = &manager
	}
	u.Groups, err = groupRefs(groups)
	return u, err
}

// groupRefs reads the list that userColumns makes: [[id, display name], …], empty for none.
func groupRefs(list string) ([]domain.GroupRef, error) {
	if len(list) <= len("[]") {
		return nil, nil
	}
	tree, err := attribute.Read([]byte(list), attribute.Bounds{Nodes: 3_000_000})
	if err != nil {
		return nil, err
	}
	refs := make([]domain.GroupRef, tree.Len())
	for i, m := range tree.Members() {
		id, err := uuid.Parse(m.Value.Item(0).Text())
		if err != nil {
			return nil, err
		}
		refs[i] = domain.GroupRef{ID: domain.GroupID{UUID: id}, Display: m.Value.Item(1).Text()}
	}
	return refs, nil
}

// groupColumns are what scanGroup reads of groups g.
func groupColumns() string {
	return `g.organisation_id, g.group_id, g.connection_id, COALESCE(g.external_id, ''), g.display_name, g.display_name_key,
g.document, g.version, g.created_at, g.modified_at`
}

func scanGroup(r row) (domain.Group, error) {
	var g domain.Group
	var created, modified int64
	err := r.Scan(&g.Organisation.UUID, &g.ID.UUID, &g.Connection.UUID, &g.ExternalID, &g.DisplayName.Text, &g.DisplayName.Key,
		&g.Document, &g.Version, &created, &modified)
	g.CreatedAt, g.ModifiedAt = instant(created), instant(modified)
	return g, err
}
