package persistence

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"usher/domain"
	"usher/domain/attribute"
)

func attr(name, sub string) domain.Attribute {
	return domain.Attribute{Path: domain.Path{Name: name, Sub: sub}}
}

func caseExact(a domain.Attribute) domain.Attribute {
	a.CaseExact = true
	return a
}

func comparison(of domain.Attribute, o domain.Operator, s string) domain.Compare {
	return domain.Compare{Attribute: of, Operator: o, Operand: domain.Operand{Value: attribute.NewString(s)}}
}

// What a predicate becomes: the rest of its meaning is tested against both databases (TestPageMeansWhatMatchMeans).
func TestPredicateInSQL(t *testing.T) {
	t.Parallel()
	userName, externalID := attr("userName", ""), caseExact(attr("externalId", ""))
	title, email, emails := attr("title", ""), attr("emails", "value"), attr("emails", "")
	inEmail := func(p ...domain.Predicate) domain.Predicate {
		return domain.Element{Attribute: emails, Where: domain.And{Terms: p}}
	}
	const groupExists = "EXISTS (SELECT 1 FROM memberships m JOIN groups g ON g.organisation_id = m.organisation_id AND g.group_id = m.group_id " +
		"WHERE m.organisation_id = u.organisation_id AND m.member_id = u.user_id AND g.archived_at IS NULL)"
	const inDocument = `(strpos(lower(u.document COLLATE "C"), ?) > 0 OR octet_length(u.document) <> length(u.document))`
	cases := []struct {
		name  string
		where domain.Predicate
		sql   string
		args  []any
		exact bool
	}{
		{"none", nil, "TRUE", nil, true},
		{"a key is compared folded", comparison(userName, domain.Equal, "Ａna"), "u.user_name_key = ?", []any{"ana"}, true},
		{"what is caseExact is compared as it is", comparison(externalID, domain.Equal, "Ana"), "u.external_id = ?", []any{"Ana"}, true},
		{"a prefix is a range", comparison(userName, domain.StartsWith, "an%"), "(u.user_name_key >= ? AND u.user_name_key < ?)", []any{"an%", "an&"}, true},
		{"wild cards are literal", comparison(userName, domain.Contains, `5%_\`), "u.user_name_key LIKE ?", []any{`%5\%\_\\%`}, true},
		{"absent is unequal", comparison(externalID, domain.NotEqual, "a"), "(u.external_id <> ? OR u.external_id IS NULL)", []any{"a"}, true},
		{"not is not null", domain.Not{Term: comparison(externalID, domain.Equal, "a")}, "(u.external_id = ?) IS NOT TRUE", []any{"a"}, true},
		{"what no column answers is looked for in the document", comparison(title, domain.Equal, "Boss"), inDocument, []any{"boss"}, false},
		{"but for what JSON spells in another way", comparison(title, domain.Equal, `bo"ss`), "TRUE", nil, false},
		{"groups are not in the document", domain.Element{Attribute: attr("groups", ""), Where: comparison(caseExact(attr("", "display")), domain.Equal, "Team")}, groupExists, nil, false},
		{"and nothing is said of its opposite", domain.Not{Term: comparison(title, domain.Equal, "Boss")}, "TRUE", nil, false},
		{
			"a conjunction narrows by what it can", domain.And{Terms: []domain.Predicate{comparison(title, domain.NotEqual, "boss"), comparison(userName, domain.Equal, "ana")}},
			"u.user_name_key = ?", []any{"ana"}, false,
		},
		{
			"a disjunction does not", domain.Or{Terms: []domain.Predicate{comparison(title, domain.NotEqual, "boss"), comparison(userName, domain.Equal, "ana")}},
			"TRUE", nil, false,
		},
		{
			"negation reaches the terms", domain.Not{Term: domain.Or{Terms: []domain.Predicate{comparison(title, domain.Equal, "boss"), comparison(userName, domain.Equal, "ana")}}},
			"(u.user_name_key = ?) IS NOT TRUE", []any{"ana"}, false,
		},
		{"no user name is empty", comparison(userName, domain.Contains, ""), "TRUE", nil, true},
		{"no id is like this", comparison(attr("id", ""), domain.Equal, "7"), "FALSE", nil, true},
		{
			"one element has both", inEmail(comparison(attr("", "value"), domain.Equal, "A@b"), comparison(attr("", "type"), domain.Equal, "work")),
			"u.user_id IN (SELECT e.user_id FROM user_emails e WHERE e.organisation_id = ? AND (e.address_key = ? AND e.type_key = ?))",
			[]any{uuid.Max, "a@b", "work"}, true,
		},
		{"an e-mail without a value has no row", inEmail(comparison(attr("", "type"), domain.Equal, "x")), "TRUE", nil, false},
		{"nor is it unequal to one", comparison(email, domain.NotEqual, "a@b"), "TRUE", nil, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tr := &translator{dialect: postgres, table: &usersTable, scope: domain.Scope{Organisation: domain.OrganisationID{UUID: uuid.Max}}}
			got := tr.where(c.where)
			require.Equal(t, c.sql, got.sql)
			require.Equal(t, c.args, got.args)
			require.Equal(t, c.exact, got.exact)
		})
	}
}

// Instants are whole milliseconds; an operand between two of them still divides them rightly.
func TestInstantBetweenMilliseconds(t *testing.T) {
	t.Parallel()
	tr := &translator{dialect: sqlite, table: &usersTable}
	created := attr("meta", "created")
	created.Type = domain.TypeDateTime
	whole := time.UnixMilli(1000)
	for _, c := range []struct {
		operator domain.Operator
		at       time.Time
		sql      string
	}{
		{domain.Equal, whole, "u.created_at = ?"}, {domain.Equal, whole.Add(1), "FALSE"},
		{domain.NotEqual, whole, "u.created_at <> ?"}, {domain.NotEqual, whole.Add(1), "TRUE"},
		{domain.Greater, whole, "u.created_at > ?"}, {domain.Greater, whole.Add(1), "u.created_at > ?"},
		{domain.GreaterOrEqual, whole, "u.created_at >= ?"}, {domain.GreaterOrEqual, whole.Add(1), "u.created_at > ?"},
		{domain.Less, whole, "u.created_at < ?"}, {domain.Less, whole.Add(1), "u.created_at <= ?"},
		{domain.LessOrEqual, whole, "u.created_at <= ?"}, {domain.LessOrEqual, whole.Add(1), "u.created_at <= ?"},
	} {
		p := domain.Compare{Attribute: created, Operator: c.operator, Operand: domain.Operand{Value: attribute.NewString("t"), Time: c.at}}
		got := tr.where(p)
		require.Equal(t, c.sql, got.sql, "%v %v", c.operator, c.at)
		if len(got.args) > 0 {
			require.Equal(t, []any{int64(1000)}, got.args)
		}
	}
}

func TestSuccessorBoundsAPrefix(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		prefix := rapid.StringN(1, 4, -1).Draw(t, "prefix")
		other := rapid.OneOf(rapid.String(), rapid.Map(rapid.String(), func(s string) string { return prefix + s })).Draw(t, "other")
		end, ok := successor(prefix)
		inRange := other >= prefix && (!ok || other < end)
		require.Equal(t, strings.HasPrefix(other, prefix), inRange, "%q %q", end, other)
	})
	end, ok := successor("a\U0010FFFF\U0010FFFF")
	require.True(t, ok)
	require.Equal(t, "b", end)
	_, ok = successor("\U0010FFFF")
	require.False(t, ok)
}

func TestTrigramsAreQuoted(t *testing.T) {
	t.Parallel()
	require.Equal(t, `"abc" AND "bcd"`, trigramMatch("abcd"))
	require.Equal(t, `"a""b"`, trigramMatch(`a"b`))
	require.Equal(t, `"日本語"`, trigramMatch("日本語"))
	require.Equal(t, `"aaa"`, trigramMatch("aaaaa"))
	require.LessOrEqual(t, strings.Count(trigramMatch(strings.Repeat("abcdefghij0123456789", 300)), " AND "), maxTrigrams)
}

// Keys of positions are ordered as bytes.
func TestInstantKeysKeepTheirOrder(t *testing.T) {
	t.Parallel()
	o := &ordering{sql: "u.created_at", number: true}
	var last string
	for _, text := range []string{"-9223372036854775808", "-7", "0", "5", "999", "1000", "1722470400000", "9223372036854775807"} {
		key, err := o.key(text)
		require.NoError(t, err)
		require.Len(t, key, 20)
		require.Less(t, last, key)
		last = key
	}
	arg, err := o.keyArg("09223372036854775801")
	require.NoError(t, err)
	require.Equal(t, int64(-7), arg)
}
