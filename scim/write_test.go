package scim

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/schema"
)

// The spliced answer and the tree that projections and sort keys are made from are one resource, whatever is in it.
func TestSplicedIsTheTree(t *testing.T) {
	t.Parallel()
	const base = "https://usher.test/scim/v2"
	text := rapid.Map(rapid.String(), func(s string) string { return strings.ReplaceAll(s, "\x00", "") }) // never read, so never stored
	rapid.Check(t, func(t *rapid.T) {
		id := func(label string) (id uuid.UUID) {
			copy(id[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, label))
			return id
		}
		instant := func(label string) time.Time {
			return time.UnixMilli(rapid.Int64Range(0, 4e12).Draw(t, label)).In(time.FixedZone("x", 3600))
		}
		tree := attribute.NewComplex(
			attribute.Member{Name: "userName", Value: attribute.NewString(text.Draw(t, "userName"))},
			attribute.Member{Name: "title", Value: attribute.NewString(text.Draw(t, "title"))})
		u := domain.User{
			ID: domain.UserID{UUID: id("id")}, Version: rapid.Int64Range(1, 1<<40).Draw(t, "version"),
			CreatedAt: instant("created"), ModifiedAt: instant("modified"),
		}
		for range rapid.IntRange(0, 3).Draw(t, "groups") {
			u.Groups = append(u.Groups, domain.GroupRef{ID: domain.GroupID{UUID: id("group")}, Display: text.Draw(t, "display")})
		}
		enterprise := attribute.NewComplex(attribute.Member{Name: "department", Value: attribute.NewString(`"}}}`)})
		if rapid.Bool().Draw(t, "manager") {
			u.Manager = "m" + text.Draw(t, "manager value")
			enterprise.Set("manager", attribute.NewComplex(attribute.Member{Name: "value", Value: attribute.NewString(u.Manager)}))
			if rapid.Bool().Draw(t, "resolved") {
				u.ManagerRef = &domain.PersonRef{ID: domain.UserID{UUID: id("boss")}, Display: text.Draw(t, "boss's name")}
			}
		}
		tree.Set(domain.URNEnterprise, enterprise)
		u.Document = attribute.AppendJSON(nil, tree)

		spliced := appendUser(nil, &u, base)
		want, err := userTree(&u, base)
		require.NoError(t, err)
		require.JSONEq(t, string(attribute.AppendJSON(nil, want)), string(spliced))
	})
}

// A member is one resource, too.
func TestSplicedMembers(t *testing.T) {
	t.Parallel()
	for _, m := range []domain.Member{
		{ID: uuid.UUID{1}, Kind: domain.MemberUser, Display: `A "b" <c>`}, {ID: uuid.UUID{2}, Kind: domain.MemberGroup}, {ID: uuid.UUID{3}, Kind: domain.MemberUser},
	} {
		require.JSONEq(t, string(attribute.AppendJSON(nil, memberTree(&m, "http://x"))), string(appendMember(nil, &m, "http://x")))
	}
}

// The base URL comes from a setting: whatever it is, it stays inside its JSON string.
func TestBaseURLIsEscaped(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"https://usher.test/scim/v2": "https://usher.test/scim/v2", `http://x/"a\b`: "http://x/%22a%5cb", "http://x/ä \n": "http://x/%c3%a4%20%0a",
	} {
		require.Equal(t, want, escapedURL(url))
		_, err := attribute.Read(appendProviderConfig(nil, escapedURL(url), false), attribute.Bounds{})
		require.NoError(t, err)
	}
	require.Equal(t, "https://usher.test/scim/v2/Groups/1", location("https://usher.test/scim/v2", schema.Group, "1"))
}

// An instant is written as instantForm says, whatever its zone and its part of a second.
func TestAppendInstant(t *testing.T) {
	t.Parallel()
	for _, at := range []time.Time{
		{}, time.UnixMilli(0), time.Unix(0, 999_999_999), time.Date(2024, 2, 29, 23, 59, 59, 1_000_000, time.UTC),
		time.Date(9999, 12, 31, 23, 59, 59, 999_000_000, time.UTC), time.Date(2025, 1, 1, 0, 30, 0, 0, time.FixedZone("east", 3600)),
	} {
		require.Equal(t, at.UTC().Format(instantForm), string(appendInstant(nil, at)))
	}
}
