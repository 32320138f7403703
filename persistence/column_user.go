package persistence

import (
	"usher/domain"
	"usher/domain/attribute"
)

var usersTable = table{
	name: "users", alias: "u", id: "u.user_id", document: "u.document", page: "users_page", key: "sqlite_autoindex_users_1", counted: countUsers, words: "users_text", columns: userColumn,
}

// directMember is the type of the groups of a person: nested ones are not unfolded (RFC 7643 section 4.1.2).
const directMember = "direct"

// userColumn finds what answers an attribute of people.
func userColumn(p domain.Path) column {
	switch p.URN {
	case "":
	case domain.URNEnterprise:
		if p.Name == "manager" && p.Sub == "value" {
			return textColumn{sql: "u.manager", caseExact: true, optional: absent, index: "users_manager", partial: true}
		}
		return nil
	case domain.URNPerson:
		return personColumn(p)
	default:
		return nil
	}
	switch p.Name {
	case "emails":
		return emailRows.of(p.Sub)
	case "groups":
		return groupRows.of(p.Sub)
	case "meta":
		return metaColumn(p.Sub, "u", "User")
	case "name":
		return nameColumn(p.Sub)
	}
	if p.Sub != "" {
		return nil
	}
	switch p.Name {
	case "id":
		return idColumn{sql: "u.user_id", index: "users_page", rank: one}
	case "userName":
		return textColumn{sql: "u.user_name_key", index: "users_user_name", unique: true, words: true}
	case "externalId":
		return textColumn{
			sql: "u.external_id", caseExact: true, optional: blank, document: "u.document", path: []string{"externalId"},
			index: "users_external_id", unique: true, partial: true,
		}
	case "displayName":
		return textColumn{
			sql: "u.display_name_key", optional: blank, document: "u.document", path: []string{"displayName"},
			index: "users_display_name", words: true,
		}
	case "active":
		return choice{
			{"u.status = '" + string(domain.Inactive) + "'", []attribute.Value{attribute.NewBool(false)}},
			{"u.status <> '" + string(domain.Inactive) + "'", []attribute.Value{attribute.NewBool(true)}},
		}
	}
	return nil
}

func nameColumn(sub string) column {
	switch sub {
	case "givenName":
		return textColumn{sql: "u.given_name_key", optional: blank, document: "u.document", path: []string{"name", sub}}
	case "familyName":
		return textColumn{sql: "u.family_name_key", optional: blank, document: "u.document", path: []string{"name", sub}}
	}
	return nil
}

// metaColumn answers the attributes of meta (RFC 7643 section 3.1), for the table with an alias.
func metaColumn(sub, alias, kind string) column {
	switch sub {
	case "resourceType":
		return always(attribute.NewString(kind))
	case "created":
		return instantColumn{alias + ".created_at"}
	case "lastModified":
		return instantColumn{alias + ".modified_at"}
	}
	return nil
}

// emailRows are the e-mails that have a value; others are in the document alone.
var emailRows = &relation{
	from: func(d dialect, index string) string { return "user_emails e" + indexedBy(d, index) }, organisation: "e.organisation_id", owner: "e.user_id",
	partial: "value", document: "u.document", name: "emails",
	columns: func(sub string) column {
		switch sub {
		case "value":
			return textColumn{sql: "e.address_key", index: "user_emails_address", words: true, ofRows: true}
		case "type":
			return textColumn{sql: "e.type_key", optional: blank, ofRows: true}
		case "primary":
			return choice{
				{"e.is_primary", []attribute.Value{attribute.NewBool(true)}},
				{"NOT e.is_primary", []attribute.Value{attribute.NewBool(false), {}}},
			}
		}
		return nil
	},
}

// indexedBy tells SQLite the index; an index that keeps the table itself has no name.
func indexedBy(d dialect, index string) string {
	if d != sqlite || index == "" || index == "memberships_pkey" {
		return ""
	}
	return " INDEXED BY " + index
}

// groupRows are the groups of a person.
var groupRows = &relation{
	from: func(d dialect, index string) string {
		const on = " ON g.organisation_id = m.organisation_id AND g.group_id = m.group_id"
		switch {
		case d == postgres:
			return "memberships m JOIN groups g" + on
		case index == "groups_display_name":
			return "groups g" + indexedBy(d, index) + " CROSS JOIN memberships m" + on
		}
		return "memberships m" + indexedBy(d, index) + " CROSS JOIN groups g" + on
	},
	where:        " AND g.archived_at IS NULL",
	organisation: "m.organisation_id", owner: "m.member_id", first: "m.group_id",
	columns: func(sub string) column {
		switch sub {
		case "value":
			return idColumn{sql: "m.group_id", index: "memberships_pkey", rank: some, ofRows: true}
		case "display":
			return textColumn{sql: "g.display_name_key", index: "groups_display_name", ofRows: true}
		case "type":
			return always(attribute.NewString(directMember))
		}
		return nothing()
	},
}
