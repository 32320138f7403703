package seed

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"usher/domain"
	"usher/domain/attribute"
)

// The rows of what was made, column by column as the store writes them.

// table is a table with its columns in the order of the rows below.
type table struct {
	name    string
	columns []string
}

func columns(name, list string) table { return table{name, strings.Fields(list)} }

var (
	usersTable = columns("users", `organisation_id user_id connection_id status owner licence user_name user_name_key external_id
		display_name display_name_key given_name_key family_name_key document version created_at modified_at accepted_at`)
	emailsTable      = columns("user_emails", "organisation_id user_id position address_key type_key is_primary")
	namesTable       = columns("sign_in_names", "organisation_id name_key user_id connection_id kind")
	groupsTable      = columns("groups", "organisation_id group_id connection_id display_name display_name_key document version created_at modified_at")
	membershipsTable = columns("memberships", "organisation_id group_id member_id member_kind")
	eventsTable      = columns("events", "organisation_id event_id type actor_kind actor_id subject_kind subject_id request_id occurred_at")
	valuesTable      = columns("event_values", "organisation_id subject_id event_id before_values after_values address person_id")
)

// spelling is how a database takes an identifier.
type spelling func(uuid.UUID) any

func (id spelling) user(u *domain.User) []any {
	return []any{
		id(u.Organisation.UUID), id(u.ID.UUID), id(u.Connection.UUID), string(u.Status), u.Owner, u.Licence, u.UserName.Text,
		u.UserName.Key, orNull(u.ExternalID), orNull(u.DisplayName), foldedOrNull(u.DisplayName), foldedOrNull(u.GivenName),
		foldedOrNull(u.FamilyName), string(u.Document), u.Version, u.CreatedAt.UnixMilli(), u.ModifiedAt.UnixMilli(), millis(u.AcceptedAt),
	}
}

func (id spelling) emails(u *domain.User) [][]any {
	rows := make([][]any, len(u.Emails))
	for i, e := range u.Emails {
		rows[i] = []any{id(u.Organisation.UUID), id(u.ID.UUID), i, e.Address.Key, foldedOrNull(e.Type), e.Primary}
	}
	return rows
}

// names are what the person signs in by.
func (id spelling) names(u *domain.User) [][]any {
	row := func(key, kind string) []any {
		return []any{id(u.Organisation.UUID), key, id(u.ID.UUID), id(u.Connection.UUID), kind}
	}
	rows := [][]any{row(u.UserName.Key, "user_name")}
	if email, ok := u.SignInEmail(); ok && email.Key != u.UserName.Key {
		rows = append(rows, row(email.Key, "email"))
	}
	return rows
}

func (id spelling) group(g *domain.Group) []any {
	return []any{
		id(g.Organisation.UUID), id(g.ID.UUID), id(g.Connection.UUID), g.DisplayName.Text, g.DisplayName.Key, string(g.Document),
		g.Version, g.CreatedAt.UnixMilli(), g.ModifiedAt.UnixMilli(),
	}
}

func (id spelling) membership(g *domain.Group, member uuid.UUID) []any {
	return []any{id(g.Organisation.UUID), id(g.ID.UUID), id(member), int(domain.MemberUser)}
}

func (id spelling) event(e *domain.Event) []any {
	return []any{
		id(e.Organisation.UUID), id(e.ID.UUID), string(e.Type), e.Actor.Kind, id(e.Actor.ID), e.SubjectKind, id(e.Subject),
		e.RequestID, e.At.UnixMilli(),
	}
}

func (id spelling) values(e *domain.Event) []any {
	return []any{id(e.Organisation.UUID), id(e.Subject), id(e.ID.UUID), nil, string(attribute.AppendJSON(nil, e.After)), orNull(e.From), nil}
}

// words is what SQLite's trigram table finds a person by.
func words(u *domain.User) string {
	found := []string{u.UserName.Key}
	if u.DisplayName != "" {
		found = append(found, attribute.Fold(u.DisplayName))
	}
	for _, e := range u.Emails {
		if e.Address.Key != u.UserName.Key {
			found = append(found, e.Address.Key)
		}
	}
	return strings.Join(found, "\n")
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func foldedOrNull(s string) any {
	if s == "" {
		return nil
	}
	return attribute.Fold(s)
}

func millis(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}
