package persistence

import (
	"usher/domain"
	"usher/domain/attribute"
)

var groupsTable = table{
	name: "groups", alias: "g", id: "g.group_id", document: "g.document", page: "groups_page", key: "sqlite_autoindex_groups_1", counted: countGroups, columns: groupColumn,
}

// groupColumn finds what answers an attribute of groups.
func groupColumn(p domain.Path) column {
	if p.URN != "" {
		return nil
	}
	switch p.Name {
	case "members":
		return memberRows.of(p.Sub)
	case "meta":
		return metaColumn(p.Sub, "g", "Group")
	}
	if p.Sub != "" {
		return nil
	}
	switch p.Name {
	case "id":
		return idColumn{sql: "g.group_id", index: "groups_page", rank: one}
	case "externalId":
		return textColumn{
			sql: "g.external_id", caseExact: true, optional: blank, document: "g.document", path: []string{"externalId"},
			index: "groups_external_id", unique: true, partial: true,
		}
	case "displayName":
		return textColumn{sql: "g.display_name_key", index: "groups_display_name", words: true}
	}
	return nil
}

// memberRows are the members of a group, people and groups; one that is archived shows nowhere.
var memberRows = &relation{
	from: func(d dialect, index string) string {
		return "memberships m" + indexedBy(d, index) + `
LEFT JOIN users mu ON m.member_kind = 1 AND mu.organisation_id = m.organisation_id AND mu.user_id = m.member_id AND mu.archived_at IS NULL
LEFT JOIN groups mg ON m.member_kind = 2 AND mg.organisation_id = m.organisation_id AND mg.group_id = m.member_id AND mg.archived_at IS NULL`
	},
	where:        " AND (mu.user_id IS NOT NULL OR mg.group_id IS NOT NULL)",
	organisation: "m.organisation_id", owner: "m.group_id", first: "m.member_id",
	columns: func(sub string) column {
		switch sub {
		case "value":
			return idColumn{sql: "m.member_id", index: "memberships_member", rank: few, ofRows: true}
		case "display":
			return textColumn{
				sql:   "COALESCE(mu.display_name_key, mu.user_name_key, mg.display_name_key)",
				spelt: "COALESCE(mu.display_name, mu.user_name, mg.display_name)", ofRows: true,
			}
		case "type":
			return choice{
				{"m.member_kind = 1", []attribute.Value{attribute.NewString("User")}},
				{"m.member_kind = 2", []attribute.Value{attribute.NewString("Group")}},
			}
		}
		return nothing()
	},
}
