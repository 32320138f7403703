package domain_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"usher/domain"
)

func TestParsePermission(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"users:view", "call-records:export_all", "m2:a1"} {
		p, err := domain.ParsePermission(text)
		require.NoError(t, err)
		require.Equal(t, text, p.String())
	}
	for _, text := range []string{"", ":", "users", "users:", ":view", "Users:view", "users:vi ew", "a:b:c", "ü:view", strings.Repeat("m", 65) + ":view"} {
		_, err := domain.ParsePermission(text)
		require.True(t, domain.IsCode(err, domain.CodeInvalidValue), text)
	}
}

// Objects are sets: their operations are those of sets, over every object that is named and one that never is.
func TestObjectsAreSets(t *testing.T) {
	t.Parallel()
	universe := []string{"a", "b", "c", "d", "never named"}
	draw := func(t *rapid.T, label string) domain.Objects {
		o := domain.TheseObjects(rapid.SliceOf(rapid.SampledFrom(universe[:4])).Draw(t, label)...)
		if rapid.Bool().Draw(t, label+" all") {
			return o.Complement()
		}
		return o
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := draw(t, "a"), draw(t, "b")
		for _, id := range universe {
			require.Equal(t, a.Has(id) || b.Has(id), a.Union(b).Has(id))
			require.Equal(t, a.Has(id) && !b.Has(id), a.Minus(b).Has(id))
			require.Equal(t, !a.Has(id), a.Complement().Has(id))
		}
		require.True(t, a.Minus(a).None())
		require.Equal(t, a.Union(b), b.Union(a))
	})
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	view, edit := domain.Permission{Module: "users", Action: "view"}, domain.Permission{Module: "users", Action: "edit"}
	dial := domain.Permission{Module: "campaigns", Action: "dial"}
	profile := domain.Permissions{view: domain.AllObjects(), dial: domain.TheseObjects("c1", "c2")}
	granted := profile.Union(domain.Permissions{edit: domain.AllObjects(), dial: domain.TheseObjects("c3")})
	require.Equal(t, []domain.Permission{dial, edit, view}, granted.List())
	require.Len(t, profile, 2, "what it was made of stays")

	left := granted.Minus(domain.Permissions{view: domain.TheseObjects("ana"), dial: domain.TheseObjects("c1", "c2", "c3")})
	require.True(t, left.Allows(view, "bob"))
	require.False(t, left.Allows(view, "ana"))
	require.True(t, left.Allows(view, ""))
	require.False(t, left.Allows(dial, ""))
	require.Equal(t, []domain.Permission{edit, view}, left.List())
	require.Equal(t, []domain.Permission{dial}, granted.Within(func(m string) bool { return m == "campaigns" }).List())
	require.True(t, domain.Permissions(nil).Union(profile).Allows(dial, "c1"))
	require.False(t, domain.Permissions(nil).Allows(dial, ""))
}
