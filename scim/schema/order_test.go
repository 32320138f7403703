package schema_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/scim/schema"
)

func TestOrder(t *testing.T) {
	t.Parallel()
	view := acme(t).View(schema.User)
	tree := read(t, `{
		"`+enterprise+`":{"manager":{"displayName":"John","value":"1"},"department":"Sales"},
		"`+acmeURN+`":{"desks":[{"number":1,"building":"A"},{"building":"B"}],"badge":"b"},
		"meta":{"version":"1","resourceType":"User"},"zebra":1,
		"active":true,"emails":[{"type":"work","value":"a@b"}],"name":{"givenName":"Ana","familyName":"Roca"},
		"userName":"ana","id":"1","schemas":["a"]}`)
	before := show(tree)
	ordered := view.Order(tree)
	requireTree(t, `{"schemas":["a"],"id":"1","userName":"ana","name":{"familyName":"Roca","givenName":"Ana"},`+
		`"active":true,"emails":[{"value":"a@b","type":"work"}],"meta":{"resourceType":"User","version":"1"},`+
		`"`+acmeURN+`":{"badge":"b","desks":[{"building":"A","number":1},{"building":"B"}]},`+
		`"`+enterprise+`":{"department":"Sales","manager":{"value":"1","displayName":"John"}},"zebra":1}`, ordered)
	requireTree(t, before, tree, "the tree that is given is not changed")
	require.Equal(t, show(ordered), show(view.Order(ordered)))
}

// TestOrderInside holds that an object in order is taken apart only where something inside it is not.
func TestOrderInside(t *testing.T) {
	t.Parallel()
	view := standard(t).View(schema.User)
	for text, want := range map[string]string{
		`{"userName":"a","name":{"givenName":"A","familyName":"R"},"title":"T"}`:  `{"userName":"a","name":{"familyName":"R","givenName":"A"},"title":"T"}`,
		`{"emails":["odd",{"value":"a"},{"type":"t","value":"b"}],"roles":"odd"}`: `{"emails":["odd",{"value":"a"},{"value":"b","type":"t"}],"roles":"odd"}`,
	} {
		requireTree(t, want, view.Order(read(t, text)))
	}
}

// TestLast holds what splicing relies on: the enterprise extension ends a user's document, the manager ends it.
func TestLast(t *testing.T) {
	t.Parallel()
	all := acme(t).Schemas(base)
	require.Equal(t, enterprise, all[len(all)-1].ID)
	documents := documents(t, acme(t))
	attributes := documents[len(documents)-1].Attributes
	require.Equal(t, "manager", attributes[len(attributes)-1].Name)
}

func TestReplace(t *testing.T) {
	t.Parallel()
	view := acme(t).View(schema.User)
	current := `{"schemas":["s"],"id":"1","userName":"ana","name":{"givenName":"Ana"},"title":"Boss","active":false,` +
		`"` + acmeURN + `":{"badge":"b","contract":"c","score":7},"` + enterprise + `":{"department":"Sales"}}`
	tests := []struct{ name, sent, want string }{
		{
			"what is left out is cleared, but not an extension of the organisation's own, active, or the server's",
			`{"userName":"eva"}`,
			`{"schemas":["s"],"id":"1","userName":"eva","active":false,` +
				`"` + acmeURN + `":{"badge":"b","contract":"c","score":7}}`,
		},
		{
			"in an extension that is sent, what is left out is cleared, but not what is immutable or the server's",
			`{"userName":"ana","` + acmeURN + `":{"floor":1}}`,
			`{"schemas":["s"],"id":"1","userName":"ana","active":false,` +
				`"` + acmeURN + `":{"floor":1,"contract":"c","score":7}}`,
		},
		{
			"null clears an extension",
			`{"userName":"ana","active":true,"` + acmeURN + `":null}`,
			`{"schemas":["s"],"id":"1","userName":"ana","active":true,"` + acmeURN + `":{"contract":"c","score":7}}`,
		},
		{
			"inside a complex value what is left out is cleared",
			`{"userName":"ana","name":{"familyName":"Roca"},"active":null}`,
			`{"schemas":["s"],"id":"1","userName":"ana","name":{"familyName":"Roca"},"active":false,` +
				`"` + acmeURN + `":{"badge":"b","contract":"c","score":7}}`,
		},
		{
			"an immutable value may be repeated",
			`{"userName":"ana","` + acmeURN + `":{"contract":"c"}}`,
			`{"schemas":["s"],"id":"1","userName":"ana","active":false,"` + acmeURN + `":{"contract":"c","score":7}}`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := view.Replace(read(t, current), read(t, test.sent))
			require.NoError(t, err)
			requireTree(t, test.want, got)
		})
	}
	_, err := view.Replace(read(t, current), read(t, `{"userName":"ana","`+acmeURN+`":{"contract":"d"}}`))
	require.True(t, domain.IsCode(err, domain.CodeMutability), "%v", err)
}
