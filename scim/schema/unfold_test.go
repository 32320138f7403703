package schema_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/schema"
)

// TestUnfold is where members go whose names are paths, and who wins where two name the same attribute.
func TestUnfold(t *testing.T) {
	t.Parallel()
	view := acme(t).View(schema.User)
	inEnterprise := func(s string) string { return `{"` + enterprise + `":` + s + `}` }
	tests := []struct{ name, body, want string }{
		{"into nothing", `{"name.givenName":"Ana"}`, `{"name":{"givenName":"Ana"}}`},
		{"into an object", `{"name.givenName":"Ana","name":{"familyName":"Roca"}}`, `{"name":{"familyName":"Roca","givenName":"Ana"}}`},
		{"over an object", `{"NAME.GIVENNAME":"Ana","name":{"givenName":"Eva"}}`, `{"name":{"givenName":"Ana"}}`},
		{"over null", `{"name":null,"name.givenName":"Ana"}`, `{"name":{"givenName":"Ana"}}`},
		{"to clear", `{"name.givenName":null,"name":{"givenName":"Ana"}}`, `{"name":{"givenName":null}}`},
		{"a core object is merged", `{"` + domain.URNUser + `":{"name":{"givenName":"Ana"},"title":"T"},"name":{"familyName":"Roca"}}`,
			`{"name":{"familyName":"Roca","givenName":"Ana"},"title":"T"}`},
		{"a core object has no extensions", `{"` + domain.URNUser + `":{"` + enterprise + `":{"department":"Sales"}}}`, `{}`},
		{"a qualified object is merged", `{"` + domain.URNUser + `:name":{"givenName":"Ana"},"name":{"familyName":"Roca"}}`,
			`{"name":{"familyName":"Roca","givenName":"Ana"}}`},
		{"a qualified list replaces", `{"` + domain.URNUser + `:emails":["a@b"],"emails":["c@d"]}`, `{"emails":[{"value":"a@b"}]}`},
		{"a list has no place for one", `{"emails.value":"a@b","` + domain.URNUser + `:emails.type":"work"}`, `{}`},
		{"beside another name of the value", inEnterprise(`{"manager":{"managerId":"1"},"manager.displayName":"John"}`),
			inEnterprise(`{"manager":{"value":"1"}}`)},
		{"a qualified manager", `{"` + enterprise + `:manager":"1"}`, inEnterprise(`{"manager":{"value":"1"}}`)},
		{"no manager", `{"` + enterprise + `:manager":"","` + enterprise + `":{"department":"Sales"}}`,
			inEnterprise(`{"department":"Sales","manager":null}`)},
		{"an unknown extension", `{"urn:unknown:x":{"a":1},"urn:unknown:x:a":1}`, `{}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			body := read(t, test.body)
			tree, err := view.Tree(body, nil)
			require.NoError(t, err)
			requireTree(t, test.want, tree)
			require.Equal(t, show(read(t, test.body)), show(body), "the body is not changed")
		})
	}
}

// TestTwice holds that of two members of one name, which no text that was read has, the later wins.
func TestTwice(t *testing.T) {
	t.Parallel()
	view := standard(t).View(schema.User)
	body := attribute.NewComplex(
		attribute.Member{Name: "title", Value: attribute.NewString("one")},
		attribute.Member{Name: "TITLE", Value: attribute.NewString("two")},
	)
	tree, err := view.Tree(body, nil)
	require.NoError(t, err)
	requireTree(t, `{"title":"two"}`, tree)
}

// TestManyMembers takes an object and a list past what is straightened without the heap.
func TestManyMembers(t *testing.T) {
	t.Parallel()
	list := `[` + strings.Repeat(`{"type":"other","value":"a@b"},`, 99) + `{"value":"a@b"}]`
	tree, err := standard(t).View(schema.User).Tree(read(t, `{"emails":`+list+`}`), nil)
	require.NoError(t, err)
	require.Equal(t, 100, tree.Get("emails").Len())
	requireTree(t, `{"value":"a@b","type":"other"}`, tree.Get("emails").Item(98))
	requireTree(t, `{"value":"a@b"}`, tree.Get("emails").Item(99))

	var names []string
	for i := range 150 {
		names = append(names, `"a`+strings.Repeat("x", i%50)+string(rune('a'+i/50))+`"`)
	}
	custom, err := schema.Parse([]byte(`{"id":"urn:acme:hr","attributes":[{"name":` + strings.Join(names, `},{"name":`) + `}]}`))
	require.NoError(t, err)
	set, err := standard(t).With([]domain.Schema{custom})
	require.NoError(t, err)
	body, want := `{"urn:acme:hr":{`, `{"urn:acme:hr":{`
	for i := range names {
		body += names[len(names)-1-i] + `:"v",`
		want += names[i] + `:"v",`
	}
	tree, err = set.View(schema.User).Tree(read(t, strings.TrimSuffix(body, ",")+"}}"), nil)
	require.NoError(t, err)
	requireTree(t, strings.TrimSuffix(want, ",")+"}}", tree)
}
