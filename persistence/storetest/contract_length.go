package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence"
)

// lengths: whatever the domain lets through, both databases take. PostgreSQL's indexes have a longest entry, which texts
// that do not compress reach first.
func lengths(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, -1)
	directory := domain.NewDirectory(store, Environment())
	people := map[string]func(text string) attribute.Value{
		"userName":    func(text string) attribute.Value { return Person(text) },
		"displayName": func(text string) attribute.Value { return Person("displayName", Text("displayName", text)) },
		"externalId":  func(text string) attribute.Value { return Person("externalId", Text("externalId", text)) },
		"emails":      func(text string) attribute.Value { return Person("emails", Emails(text)) },
		"manager":     func(text string) attribute.Value { return Person("manager", Manager(text)) },
		"name":        func(text string) attribute.Value { return Person("name", Name(text, text)) },
		"title":       func(text string) attribute.Value { return Person("title", Text("title", text)) },
	}
	of := map[string]func(text string) attribute.Value{
		"displayName": func(text string) attribute.Value { return GroupNamed(text) },
		"externalId":  func(text string) attribute.Value { return GroupNamed("externalId", Text("externalId", text)) },
	}
	for _, characters := range []int{1, 300, 600, 900, 1024, 3000, 100_000} {
		text := Incompressible(characters)
		for field, tree := range people {
			_, err := directory.Provision(t.Context(), tenant.Caller, withUnique(tree(text), characters))
			acceptable(t, err, "user", field, characters)
		}
		for field, tree := range of {
			_, err := directory.CreateGroup(t.Context(), tenant.Caller, tree(text), nil)
			acceptable(t, err, "group", field, characters)
		}
	}
	rowsAgree(t, store, tenant.Organisation.ID)
}

// withUnique makes the user name of a person one that no other length has.
func withUnique(tree attribute.Value, characters int) attribute.Value {
	if name := tree.Get("userName").Text(); len(name) < 20 {
		tree.Set("userName", attribute.NewString(name+string(rune('a'+characters%26))+string(rune('a'+characters%25))))
	}
	return tree
}

// acceptable: stored, or refused as too long.
func acceptable(t testing.TB, err error, what, field string, characters int) {
	t.Helper()
	if characters <= 600 {
		require.NoError(t, err, "%s %s of %d characters", what, field, characters)
	}
	if err != nil {
		require.True(t, domain.IsKind(err, domain.Invalid), "%s %s of %d characters: %v", what, field, characters, err)
	}
}
