package schema_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/scim/schema"
)

const person = `{"schemas":["s"],"id":"1","userName":"ana","name":{"familyName":"Roca","givenName":"Ana"},` +
	`"emails":[{"value":"a@b","type":"work"},{"type":"home"}],"groups":[{"value":"g"}],"meta":{"version":"1"},` +
	`"` + acmeURN + `":{"badge":"b","floor":1,"notes":"n"},"` + enterprise + `":{"department":"Sales","manager":{"value":"2"}}}`

func TestSelection(t *testing.T) {
	t.Parallel()
	view := acme(t).View(schema.User)
	tests := []struct {
		name                 string
		attributes, excluded []string
		want                 string
	}{
		{"returned on request only", nil, nil, `{"schemas":["s"],"id":"1","userName":"ana",` +
			`"name":{"familyName":"Roca","givenName":"Ana"},"emails":[{"value":"a@b","type":"work"},{"type":"home"}],` +
			`"groups":[{"value":"g"}],"meta":{"version":"1"},"` + acmeURN + `":{"badge":"b","floor":1},` +
			`"` + enterprise + `":{"department":"Sales","manager":{"value":"2"}}}`},
		{"one", []string{"USERNAME"}, nil, `{"schemas":["s"],"id":"1","userName":"ana"}`},
		{"sub-attributes", []string{" name.familyName ", "emails.value"}, nil,
			`{"schemas":["s"],"id":"1","name":{"familyName":"Roca"},"emails":[{"value":"a@b"}]}`},
		{"whole and part", []string{"name.familyName", "name"}, nil,
			`{"schemas":["s"],"id":"1","name":{"familyName":"Roca","givenName":"Ana"}}`},
		{"an extension by its URN", []string{enterprise}, nil,
			`{"schemas":["s"],"id":"1","` + enterprise + `":{"department":"Sales","manager":{"value":"2"}}}`},
		{"an extension's attribute", []string{enterprise + ":department", acmeURN + ":notes"}, nil,
			`{"schemas":["s"],"id":"1","` + acmeURN + `":{"notes":"n"},"` + enterprise + `":{"department":"Sales"}}`},
		{"an extension's sub-attribute", []string{"manager.value"}, nil,
			`{"schemas":["s"],"id":"1","` + enterprise + `":{"manager":{"value":"2"}}}`},
		{"an extension without what is on request", []string{acmeURN}, nil,
			`{"schemas":["s"],"id":"1","` + acmeURN + `":{"badge":"b","floor":1}}`},
		{"a core attribute by its URN", []string{domain.URNUser + ":userName"}, nil, `{"schemas":["s"],"id":"1","userName":"ana"}`},
		{"the core schema", []string{domain.URNUser}, nil, `{"schemas":["s"],"id":"1","userName":"ana",` +
			`"name":{"familyName":"Roca","givenName":"Ana"},"emails":[{"value":"a@b","type":"work"},{"type":"home"}],` +
			`"groups":[{"value":"g"}],"meta":{"version":"1"}}`},
		{"unknown ones are ignored", []string{"pet", "", "urn:x:y"}, nil, `{"schemas":["s"],"id":"1"}`},
		{"excluded", nil, []string{"name", "emails", "groups", "meta", enterprise, acmeURN},
			`{"schemas":["s"],"id":"1","userName":"ana"}`},
		{"excluded sub-attributes", nil, []string{"name.givenName", "emails.value", "groups.value", "meta", acmeURN, "manager"},
			`{"schemas":["s"],"id":"1","userName":"ana","name":{"familyName":"Roca"},` +
				`"emails":[{"type":"work"},{"type":"home"}],"` + enterprise + `":{"department":"Sales"}}`},
		{"always returned", nil, []string{"id", "schemas", domain.URNUser, enterprise, "password", "pet"},
			`{"schemas":["s"],"id":"1","` + acmeURN + `":{"badge":"b","floor":1}}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, err := view.Selection(test.attributes, test.excluded)
			require.NoError(t, err)
			tree := read(t, person)
			got := s.Apply(tree)
			requireTree(t, test.want, got)
			requireTree(t, person, tree, "the tree that is given is not changed")
			requireTree(t, test.want, s.Apply(got))
			require.False(t, s.All())
			for _, m := range tree.Members() {
				if got.Has(m.Name) {
					require.True(t, s.Wants(m.Name), m.Name)
				}
			}
		})
	}
}

// Whoever excludes an extension keeps what is returned whatever is asked (RFC 7644 section 3.9).
func TestSelectionKeepsWhatIsAlwaysReturned(t *testing.T) {
	t.Parallel()
	const urn = "urn:acme:always:1.0:User"
	custom, err := schema.Parse([]byte(`{"id":"` + urn + `","name":"A","attributes":[{"name":"kept","type":"string","returned":"always"},{"name":"other","type":"string"}]}`))
	require.NoError(t, err)
	standard, err := schema.Standard()
	require.NoError(t, err)
	set, err := standard.With([]domain.Schema{custom})
	require.NoError(t, err)
	s, err := set.View(schema.User).Selection(nil, []string{urn})
	require.NoError(t, err)
	require.True(t, s.Wants(urn))
	tree := read(t, `{"id":"1","`+urn+`":{"kept":"k","other":"o"}}`)
	requireTree(t, `{"id":"1","`+urn+`":{"kept":"k"}}`, s.Apply(tree))
}

func TestSelectionOfEverything(t *testing.T) {
	t.Parallel()
	s, err := standard(t).View(schema.User).Selection(nil, nil)
	require.NoError(t, err)
	for _, s := range []schema.Selection{s, {}} {
		require.True(t, s.All())
		require.True(t, s.Wants("groups"))
		requireTree(t, person, s.Apply(read(t, person)))
	}
}

// TestSelectionOfUnknownMembers holds that what no schema knows is shown unless something is asked for.
func TestSelectionOfUnknownMembers(t *testing.T) {
	t.Parallel()
	view := standard(t).View(schema.User)
	tree := read(t, `{"id":"1","title":"T","zebra":1}`)
	s, err := view.Selection(nil, []string{"title"})
	require.NoError(t, err)
	requireTree(t, `{"id":"1","zebra":1}`, s.Apply(tree))
	s, err = view.Selection([]string{"title"}, nil)
	require.NoError(t, err)
	requireTree(t, `{"id":"1","title":"T"}`, s.Apply(tree))
}

func TestSelectionWants(t *testing.T) {
	t.Parallel()
	view := acme(t).View(schema.User)
	s, err := view.Selection([]string{"userName", "groups.value", "manager.value"}, nil)
	require.NoError(t, err)
	for name, want := range map[string]bool{
		"id": true, "schemas": true, "userName": true, "groups": true, "GROUPS": true, enterprise: true, "emails": false,
		"meta": false, acmeURN: false, "pet": false, "password": false,
	} {
		require.Equal(t, want, s.Wants(name), name)
	}
	s, err = view.Selection(nil, []string{"groups", "meta.version", enterprise + ":manager"})
	require.NoError(t, err)
	for name, want := range map[string]bool{
		"id": true, "userName": true, "groups": false, "meta": true, enterprise: true, acmeURN: true, "pet": true,
	} {
		require.Equal(t, want, s.Wants(name), name)
	}
	members, err := acme(t).View(schema.Group).Selection(nil, []string{"members"})
	require.NoError(t, err)
	require.False(t, members.Wants("members"))
}

func TestSelectionRefuses(t *testing.T) {
	t.Parallel()
	view := acme(t).View(schema.User)
	_, err := view.Selection([]string{"userName"}, []string{"emails"})
	require.Equal(t, domain.InvalidField("excludedAttributes", "send attributes or excludedAttributes, not both"), err)
}
