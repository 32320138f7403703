package persistence

import (
	"bytes"
	"slices"
	"strings"

	"github.com/google/uuid"

	"usher/domain"
	"usher/domain/attribute"
)

// userFrom is what userColumns and userColumnsAlone are read from.
const userFrom = " FROM users u"

// userColumnsAlone are what scanUser reads, without groups and manager; those have to be attached (see attach).
const userColumnsAlone = userOwnColumns + ", '', ''"

const userOwnColumns = `u.organisation_id, u.user_id, u.connection_id, u.status, u.owner, u.licence, u.user_name, u.user_name_key,
COALESCE(u.external_id, ''), COALESCE(u.display_name, ''), COALESCE(u.manager, ''), u.document, u.version, u.created_at,
u.modified_at, COALESCE(u.accepted_at, 0)`

// userColumns are what scanUser reads: userColumnsOf once for each database and for whose managers are resolved.
func userColumns(d dialect, kind managed) string { return userColumnTexts[d][kind] }

//nolint:gochecknoglobals // texts that are put together once
var (
	userColumnTexts = [2][managedKinds]string{
		sqlite:   {userColumnsOf(sqlite, managedOwn), userColumnsOf(sqlite, managedAdopted), userColumnsOf(sqlite, managedAll)},
		postgres: {userColumnsOf(postgres, managedOwn), userColumnsOf(postgres, managedAdopted), userColumnsOf(postgres, managedAll)},
	}
	selectUserTexts = [2][managedKinds]string{
		sqlite:   {selectUserOf(sqlite, managedOwn), selectUserOf(sqlite, managedAdopted), selectUserOf(sqlite, managedAll)},
		postgres: {selectUserOf(postgres, managedOwn), selectUserOf(postgres, managedAdopted), selectUserOf(postgres, managedAll)},
	}
)

// selectUser selects userColumns.
func selectUser(d dialect, kind managed) string { return selectUserTexts[d][kind] }

func selectUserOf(d dialect, kind managed) string { return "SELECT " + userColumns(d, kind) + userFrom }

// userColumnsOf are what scanUser reads, with groups and manager by sub-select: for one person that is quicker than a
// second statement. They are nested, not joined, since a database prepares every relation of a join for each execution,
// and those in a branch that is not taken only in name.
func userColumnsOf(d dialect, kind managed) string {
	pair, list := "json_build_array(%s)::text", "to_json(ARRAY(%s))::text"
	if d == sqlite {
		pair, list = "json_array(%s)", "(SELECT json_group_array(json(pair)) FROM (%s))"
	}
	groups := "SELECT " + strings.Replace(strings.TrimSuffix(pair, "::text"), "%s",
		"x.group_id, (SELECT g.display_name FROM groups g WHERE g.organisation_id = x.organisation_id AND g.group_id = x.group_id AND g.archived_at IS NULL)", 1) +
		" AS pair FROM memberships x WHERE x.organisation_id = u.organisation_id AND x.member_id = u.user_id"
	return userOwnColumns + `, CASE WHEN u.manager IS NULL THEN '' ELSE COALESCE(` + managerPair(pair, kind) + `, '') END, ` +
		strings.Replace(list, "%s", groups, 1)
}

// scanUser reads userColumns. Names and e-mails beyond what the columns hold are in the document.
func scanUser(r row) (domain.User, error) {
	var u domain.User
	var created, modified, accepted int64
	var status, manager, groups string
	err := r.Scan(&u.Organisation.UUID, &u.ID.UUID, &u.Connection.UUID, &status, &u.Owner, &u.Licence, &u.UserName.Text,
		&u.UserName.Key, &u.ExternalID, &u.DisplayName, &u.Manager, &u.Document, &u.Version, &created, &modified, &accepted,
		&manager, &groups)
	if err != nil {
		return domain.User{}, err
	}
	u.Status = domain.Status(status)
	u.CreatedAt, u.ModifiedAt, u.AcceptedAt = instant(created), instant(modified), instant(accepted)
	if manager != "" {
		if u.ManagerRef, err = personRef(manager); err != nil {
			return domain.User{}, err
		}
	}
	u.Groups, err = groupRefs(groups)
	return u, err
}

// personRef reads the pair that userColumns makes: [id, display name].
func personRef(pair string) (*domain.PersonRef, error) {
	tree, err := attribute.Read([]byte(pair), attribute.Bounds{})
	if err != nil {
		return nil, err
	}
	id, err := uuid.Parse(tree.Item(0).Text())
	return &domain.PersonRef{ID: domain.UserID{UUID: id}, Display: tree.Item(1).Text()}, err
}

// groupRefs reads the list that userColumns makes, [[id, display name], …], in order of id. A group without a name is
// one that is archived at this moment.
func groupRefs(list string) ([]domain.GroupRef, error) {
	if len(list) <= len("[]") {
		return nil, nil
	}
	tree, err := attribute.Read([]byte(list), attribute.Bounds{Nodes: 3_000_000})
	if err != nil {
		return nil, err
	}
	refs := make([]domain.GroupRef, 0, tree.Len())
	for _, m := range tree.Members() {
		if !m.Value.Item(1).Assigned() {
			continue
		}
		id, err := uuid.Parse(m.Value.Item(0).Text())
		if err != nil {
			return nil, err
		}
		refs = append(refs, domain.GroupRef{ID: domain.GroupID{UUID: id}, Display: m.Value.Item(1).Text()})
	}
	sortGroupRefs(refs)
	return refs, nil
}

func sortGroupRefs(refs []domain.GroupRef) {
	slices.SortFunc(refs, func(a, b domain.GroupRef) int { return bytes.Compare(a.ID.UUID[:], b.ID.UUID[:]) })
}

// groupColumns are what scanGroup reads of groups g.
func groupColumns() string {
	return `g.organisation_id, g.group_id, g.connection_id, COALESCE(g.external_id, ''), COALESCE(g.claim_value, ''), g.display_name, g.display_name_key,
g.document, g.version, g.created_at, g.modified_at`
}

func scanGroup(r row) (domain.Group, error) {
	var g domain.Group
	var created, modified int64
	err := r.Scan(&g.Organisation.UUID, &g.ID.UUID, &g.Connection.UUID, &g.ExternalID, &g.ClaimValue, &g.DisplayName.Text, &g.DisplayName.Key,
		&g.Document, &g.Version, &created, &modified)
	g.CreatedAt, g.ModifiedAt = instant(created), instant(modified)
	return g, err
}
