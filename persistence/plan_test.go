package persistence_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence"
	"usher/persistence/storetest"
)

// crowd adds people numbered from 0. The database makes them up: by way of the store it would take minutes under the
// race detector.
func crowd(t testing.TB, store *persistence.Store, c domain.Caller, people int) {
	t.Helper()
	digits, id := "printf('%07d', i)", "printf('00000000-0000-7000-8000-%012x', i)"
	if store.Stat().Kind == "postgres" {
		digits, id = "lpad(CAST(i AS text), 7, '0')", "CAST('00000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0') AS uuid)"
	}
	numbers := fmt.Sprintf("WITH RECURSIVE numbers(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM numbers WHERE i < %d), ", people-1) +
		"people AS (SELECT i, " + id + " AS id, " + digits + " AS digits FROM numbers) "
	org, connection := c.Organisation.UUID, c.Connection.UUID
	require.NoError(t, persistence.Exec(store, `INSERT INTO users (organisation_id, user_id, connection_id, status, licence, user_name,
user_name_key, external_id, display_name, display_name_key, document, version, created_at, modified_at) `+numbers+`
SELECT ?, id, ?, 'active', 'full', 'person' || digits || '@acme.test', 'person' || digits || '@acme.test', 'ext-' || digits,
'Given' || digits || ' Family', 'given' || digits || ' family',
'{"schemas":[],"id":"' || id || '","userName":"person' || digits || '@acme.test","title":"t' || i || '","active":true}', 1, 0, 0 FROM people`,
		org, connection))
	require.NoError(t, persistence.Exec(store, `INSERT INTO user_emails (organisation_id, user_id, position, address_key, type_key, is_primary) `+
		numbers+`SELECT ?, id, 0, 'mail' || digits || '@acme.test', 'work', true FROM people`, org))
	require.NoError(t, persistence.Exec(store, "INSERT INTO resource_counts (organisation_id, connection_id, kind, shard, n) VALUES (?, ?, 'user', 0, ?)",
		org, connection, people))
	if store.Stat().Kind == "sqlite" {
		require.NoError(t, persistence.Exec(store, `INSERT INTO users_text (rowid, words)
SELECT u.rowid, u.user_name_key || char(10) || u.display_name_key || char(10) || e.address_key
FROM users u JOIN user_emails e ON e.organisation_id = u.organisation_id AND e.user_id = u.user_id`))
	}
	settle(t, store)
}

// settle is what PostgreSQL does by itself in time. SQLite keeps no statistics.
func settle(t testing.TB, store *persistence.Store) {
	t.Helper()
	if store.Stat().Kind == "postgres" {
		require.NoError(t, persistence.Query(store, "VACUUM ANALYZE"))
	}
}

func compare(of domain.Attribute, operator domain.Operator, operand string) domain.Predicate {
	return domain.Compare{Attribute: of, Operator: operator, Operand: domain.Operand{Value: attribute.NewString(operand)}}
}

var (
	userName    = at("", "userName", "", domain.TypeString, false)
	displayName = at("", "displayName", "", domain.TypeString, false)
	externalID  = at("", "externalId", "", domain.TypeString, true)
	title       = at("", "title", "", domain.TypeString, false)
	emailValue  = at("", "emails", "value", domain.TypeString, false)
	workEmail   = domain.Element{Attribute: at("", "emails", "", domain.TypeComplex, false), Where: domain.And{Terms: []domain.Predicate{
		compare(at("", "", "type", domain.TypeString, false), domain.Equal, "work"),
		compare(at("", "", "value", domain.TypeString, false), domain.Equal, "mail0000123@acme.test"),
	}}}
)

// anyName is what a search box asks.
func anyName(o domain.Operator, s string) domain.Predicate {
	return domain.Or{Terms: []domain.Predicate{compare(userName, o, s), compare(displayName, o, s), compare(emailValue, o, s)}}
}

// What identity providers and people search by is found by an index, in as few statements as it takes.
//
//race:without one search after the other
func TestPageUsesIndexes(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name       string
		where      domain.Predicate
		sort       *domain.Sort
		offset     int
		found      int
		index      plan
		statements int // 0: however many
	}{
		{name: "list", found: 100, index: plan{"users_page", "users_p"}, statements: 1},
		{name: "far offset", offset: 10_000, found: 100, index: plan{"users_page", "Index Only Scan using users_page"}, statements: 2},
		{name: "userName eq", where: compare(userName, domain.Equal, "PERSON0000123@acme.test"), found: 1, index: plan{"users_user_name", "users_user_name"}, statements: 1},
		{name: "externalId eq", where: compare(externalID, domain.Equal, "ext-0000123"), found: 1, index: plan{"users_external_id", "users_external_id"}, statements: 1},
		{name: "displayName eq", where: compare(displayName, domain.Equal, "given0000123 FAMILY"), found: 1, index: plan{"users_display_name", "users_display_name"}, statements: 1},
		{name: "emails.value eq", where: compare(emailValue, domain.Equal, "mail0000123@acme.test"), found: 1, index: plan{"user_emails_address", "user_emails_address"}, statements: 1},
		{name: "emails[…] eq", where: workEmail, found: 1, index: plan{"user_emails_address", "user_emails_address"}, statements: 1},
		{name: "userName sw", where: compare(userName, domain.StartsWith, "Person000012"), found: 10, index: plan{"users_user_name", "users_user_name"}, statements: 2},
		{name: "displayName sw", where: compare(displayName, domain.StartsWith, "Given000012"), found: 10, index: plan{"users_display_name", "users_display_name"}, statements: 2},
		{name: "emails.value sw", where: compare(emailValue, domain.StartsWith, "mail000012"), found: 10, index: plan{"user_emails_address", "user_emails_address"}, statements: 2},
		{name: "userName co", where: compare(userName, domain.Contains, "N0000123@a"), found: 1, index: plan{"users_text", "users_user_name_text"}, statements: 2},
		{name: "displayName co", where: compare(displayName, domain.Contains, "N0000123 f"), found: 1, index: plan{"users_text", "users_display_name_text"}, statements: 2},
		{name: "emails.value co", where: compare(emailValue, domain.Contains, "L0000123@a"), found: 1, index: plan{"users_text", "user_emails_address_text"}, statements: 2},
		{name: "emails.value ew", where: compare(emailValue, domain.EndsWith, "0000123@acme.test"), found: 1, index: plan{"users_text", "user_emails_address_text"}, statements: 2},
		{name: "any eq", where: anyName(domain.Equal, "mail0000123@acme.test"), found: 1, index: plan{"user_emails_address", "user_emails_address"}, statements: 1},
		{name: "any co", where: anyName(domain.Contains, "mail0000123@acme"), found: 1, index: plan{"users_text", "user_emails_address_text"}},
		{name: "userName eq with what has no column", where: domain.And{Terms: []domain.Predicate{
			compare(userName, domain.Equal, "person0000123@acme.test"), compare(title, domain.Equal, "T123")}}, found: 1, index: plan{"users_user_name", "users_user_name"}, statements: 2},
		{name: "in order of userName", sort: &domain.Sort{Attribute: userName}, found: 100, index: plan{"users_user_name", "users_user_name"}, statements: 2},
		{name: "in order of displayName", sort: &domain.Sort{Attribute: displayName}, found: 100, index: plan{"users_display_name", "users_display_name"}, statements: 2},
		{name: "in falling order of displayName", sort: &domain.Sort{Attribute: displayName, Descending: true}, found: 100, index: plan{"users_display_name", "users_display_name"}},
	}
	storetest.EachDialect(t, func(t *testing.T, store *persistence.Store) {
		const people = 20_000
		tenant := storetest.NewTenant(t, store, "acme", -1)
		crowd(t, store, tenant.Caller, people)
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				page, statements, err := persistence.ExplainUsers(store, domain.Query{
					Scope: tenant.Caller.Scope(), Where: c.where, Sort: c.sort, Offset: c.offset, Limit: 100, Total: true,
				})
				require.NoError(t, err)
				require.Len(t, page.Items, c.found)
				total := people
				if c.where != nil {
					total = c.found
				}
				require.Equal(t, total, page.Total)
				requirePlan(t, store, statements, c.index)
				if c.statements > 0 {
					require.Len(t, finding(statements), c.statements)
				}
			})
		}
	})
}

// What an administrator searches for in a whole organisation is found by an index as well: pages in order of id and of
// names, and parts of names and addresses.
//
//race:without one search after the other
func TestPageOfWholeOrganisationUsesIndexes(t *testing.T) {
	t.Parallel()
	any3 := domain.Or{Terms: []domain.Predicate{
		compare(userName, domain.Contains, "0000123"), compare(displayName, domain.Contains, "0000123"), compare(emailValue, domain.Contains, "0000123"),
	}}
	active := domain.Compare{
		Attribute: domain.Attribute{Path: domain.Path{URN: domain.URNPerson, Name: "status"}, CaseExact: true},
		Operand:   domain.Operand{Value: attribute.NewString("active")},
	}
	cases := []struct {
		name       string
		where      domain.Predicate
		sort       *domain.Sort
		found      int
		index      plan
		statements int
	}{
		{name: "in order of id", found: 100, index: plan{"sqlite_autoindex_users_1", "users_p"}, statements: 1},
		{name: "in falling order of id", sort: &domain.Sort{Attribute: domain.Attribute{Path: domain.Path{Name: "id"}}, Descending: true}, found: 100, index: plan{"sqlite_autoindex_users_1", "users_p"}},
		{name: "in order of userName", sort: &domain.Sort{Attribute: userName}, found: 100, index: plan{"users_user_name", "users_user_name"}},
		{name: "in order of displayName", sort: &domain.Sort{Attribute: displayName}, found: 100, index: plan{"users_display_name", "users_display_name"}},
		{name: "active ones", where: active, found: 100, index: plan{"sqlite_autoindex_users_1", "users_p"}, statements: 1},
		{name: "any co", where: any3, found: 1, index: plan{"users_text", "users_user_name_text"}},
		{name: "any co, active, in order of displayName", where: domain.And{Terms: []domain.Predicate{active, any3}}, sort: &domain.Sort{Attribute: displayName}, found: 1, index: plan{"users_text", "users_user_name_text"}},
	}
	storetest.EachDialect(t, func(t *testing.T, store *persistence.Store) {
		tenant := storetest.NewTenant(t, store, "acme", -1)
		crowd(t, store, tenant.Caller, 20_000)
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				page, statements, err := persistence.ExplainUsers(store, domain.Query{
					Scope: domain.Scope{Organisation: tenant.Caller.Organisation, Whole: true}, Where: c.where, Sort: c.sort, Limit: 100,
				})
				require.NoError(t, err)
				require.Len(t, page.Items, c.found)
				requirePlan(t, store, statements, c.index)
				if c.statements > 0 {
					require.Len(t, finding(statements), c.statements)
				}
			})
		}
	})
}

// finding leaves out what a page's people are given afterwards: their groups and managers (see attach).
func finding(statements []persistence.Statement) []persistence.Statement {
	return slices.DeleteFunc(statements, func(s persistence.Statement) bool { return strings.Contains(s.SQL, "listed.id, x.group_id") })
}

// plan is the index that a database's plan has to name.
type plan struct{ sqlite, postgres string }

func requirePlan(t *testing.T, store *persistence.Store, statements []persistence.Statement, p plan) {
	t.Helper()
	var plans strings.Builder
	for _, s := range statements {
		plans.WriteString(s.Plan + "\n")
	}
	index := p.sqlite
	if store.Stat().Kind == "postgres" {
		index = p.postgres
	}
	require.Contains(t, plans.String(), index)
	require.NotRegexp(t, `Seq Scan on user|SCAN [a-z]\b|(e|m|g) USING PRIMARY KEY \(organisation_id=\?\)(\n|$)`, plans.String())
}

// Memberships are looked up from the side that is asked about, whatever the number of groups and members.
//
//race:without one search after the other
func TestPageUsesIndexesOfMemberships(t *testing.T) {
	t.Parallel()
	storetest.EachDialect(t, func(t *testing.T, store *persistence.Store) {
		const groups, each = 1000, 8
		tenant := storetest.NewTenant(t, store, "acme", -1)
		crowd(t, store, tenant.Caller, 4000)
		everybody, err := readPage(store, domain.Query{Scope: tenant.Caller.Scope(), Limit: 4000}, func(tx domain.Tx, q domain.Query) (domain.Page[domain.User], error) { return tx.Users().Page(q) })
		require.NoError(t, err)
		var last domain.Group
		require.NoError(t, store.Write(context.Background(), func(tx domain.Tx) error {
			for i := range groups {
				id, err := uuid.NewV7()
				if err != nil {
					return err
				}
				name := fmt.Sprintf("Team %04d", i)
				last = domain.Group{
					ID: domain.GroupID{UUID: id}, Organisation: tenant.Caller.Organisation, Connection: tenant.Caller.Connection,
					ExternalID: fmt.Sprint("g", i), DisplayName: domain.NewName(name),
					Document: fmt.Appendf(nil, `{"schemas":["%s"],"id":"%s","displayName":"%s"}`, domain.URNGroup, id, name), Version: 1,
				}
				if err := tx.Groups().Insert(last); err != nil {
					return err
				}
				var members []uuid.UUID
				for j := range each {
					members = append(members, everybody.Items[(i*each+j*517)%len(everybody.Items)].ID.UUID)
				}
				if _, err := tx.Groups().AddMembers(last, members); err != nil {
					return err
				}
			}
			return nil
		}))
		settle(t, store)
		member := everybody.Items[0].ID.String()
		scope := tenant.Caller.Scope()

		users := map[string]struct {
			where domain.Predicate
			index plan
		}{
			"list":              {nil, plan{"memberships_member", "memberships_member"}},
			"groups.value eq":   {compare(at("", "groups", "value", domain.TypeString, false), domain.Equal, last.ID.String()), plan{"m USING PRIMARY KEY (organisation_id=? AND group_id=?", "memberships_pkey"}},
			"groups.display eq": {compare(at("", "groups", "display", domain.TypeString, false), domain.Equal, "TEAM 0999"), plan{"groups_display_name", "groups_display_name"}},
			"groups.display ne": {compare(at("", "groups", "display", domain.TypeString, false), domain.NotEqual, "x"), plan{"", ""}},
		}
		for name, c := range users {
			t.Run("users "+name, func(t *testing.T) {
				page, statements, err := persistence.ExplainUsers(store, domain.Query{Scope: scope, Where: c.where, Limit: 100})
				require.NoError(t, err)
				require.NotEmpty(t, page.Items)
				requirePlan(t, store, statements, c.index)
			})
		}
		ofGroups := map[string]struct {
			where domain.Predicate
			index plan
		}{
			"list":             {nil, plan{"groups_page", "groups_p"}},
			"displayName eq":   {compare(displayName, domain.Equal, "team 0999"), plan{"groups_display_name", "groups_display_name"}},
			"displayName sw":   {compare(displayName, domain.StartsWith, "team 099"), plan{"groups_display_name", "groups_display_name"}},
			"externalId eq":    {compare(externalID, domain.Equal, "g999"), plan{"groups_external_id", "groups_external_id"}},
			"members.value eq": {compare(at("", "members", "value", domain.TypeString, false), domain.Equal, member), plan{"memberships_member", "memberships_member"}},
		}
		for name, c := range ofGroups {
			t.Run("groups "+name, func(t *testing.T) {
				page, statements, err := persistence.ExplainGroups(store, domain.Query{Scope: scope, Where: c.where, Limit: 100})
				require.NoError(t, err)
				require.NotEmpty(t, page.Items)
				requirePlan(t, store, statements, c.index)
			})
		}
	})
}
