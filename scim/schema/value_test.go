package schema_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/schema"
)

// TestValue is what becomes of the value of a patch operation, by the path that it is for.
func TestValue(t *testing.T) {
	t.Parallel()
	view := acme(t).View(schema.User)
	tests := []struct{ path, value, want string }{
		{"userName", `"ana"`, `"ana"`},
		{"nickName", `""`, `null`},
		{"nickName", `null`, `null`},
		{"nickName", `[]`, `null`},
		{"nickName", `{}`, `null`},
		{"active", `"False"`, `false`},
		{"active", `true`, `true`},
		{"name", `{"GIVENNAME":"Ana","middleName":null,"pet":"Rex"}`, `{"givenName":"Ana","middleName":null}`},
		{"name", `{}`, `null`},
		{"name", `[]`, `null`},
		{"name", `null`, `null`},
		{"name.givenName", `["Ana"]`, `"Ana"`},
		{"emails", `[{"type":"work","value":"a@b"}]`, `[{"value":"a@b","type":"work"}]`},
		{"emails", `{"type":"work","value":"a@b"}`, `[{"value":"a@b","type":"work"}]`},
		{"emails", `"a@b"`, `[{"value":"a@b"}]`},
		{"emails", `[{"type":"work","value":null}]`, `null`},
		{"emails", `[]`, `null`},
		{"emails.value", `"a@b"`, `"a@b"`},
		{"emails.primary", `"True"`, `true`},
		{"addresses", `[{"country":"DE","type":"work"},{"type":"home"}]`, `[{"country":"DE","type":"work"}]`},
		{"roles", `[{"value":"{\"id\":1}"}]`, `[{"value":"{\"id\":1}"}]`},
		{"manager", `"26118915"`, `{"value":"26118915"}`},
		{"manager", `""`, `null`},
		{"manager", `{"value":""}`, `null`},
		{"manager", `{"value":null,"displayName":"John"}`, `null`},
		{"manager", `[{"$ref":"../Users/1","value":"1"}]`, `{"value":"1"}`},
		{"manager", `{"$ref":"../Users/1"}`, `{"value":"1"}`},
		{"manager", `{"$ref":"/"}`, `{}`},
		{"manager", `{"displayName":"John"}`, `{}`},
		{"manager", `7`, `{"value":"7"}`},
		{"manager.value", `"1"`, `"1"`},
		{enterprise, `{"DEPARTMENT":"Sales","manager.value":"1"}`, `{"department":"Sales","manager":{"value":"1"}}`},
		{enterprise, `{"pet.name":"Rex"}`, `{}`},
		{enterprise, `{"pet":"Rex"}`, `{}`},
		{enterprise, `null`, `null`},
		{acmeURN + ":languages", `["de","","fr"]`, `["de","fr"]`},
		{acmeURN + ":languages", `"de"`, `["de"]`},
		{acmeURN + ":desks", `{"number":"4","building":"A"}`, `[{"building":"A","number":4}]`},
		{acmeURN + ":floor", `"-3"`, `-3`},
		{acmeURN + ":shoeSize", `4.25e1`, `4.25e1`},
		{acmeURN + ":thumbprint", `"-_8="`, `"-_8="`},
		{acmeURN + ":thumbprint", `"aGk\r\naGk"`, `"aGk\r\naGk"`},
		{acmeURN + ":handbook", `"anything goes"`, `"anything goes"`},
		{acmeURN + ":region", `{"value":"","country":"DE"}`, `{"value":null,"country":"DE"}`},
	}
	for _, test := range tests {
		t.Run(test.path+" "+test.value, func(t *testing.T) {
			t.Parallel()
			at, _, ok := view.Resolve(test.path)
			require.True(t, ok)
			got, err := view.Value(at, read(t, test.value), nil)
			require.NoError(t, err)
			requireTree(t, test.want, got)
		})
	}
}

func TestValueOfOneElement(t *testing.T) {
	t.Parallel()
	view := standard(t).View(schema.User)
	at, _, _ := view.Resolve("emails")
	at.Many = false
	got, err := view.Value(at, read(t, `{"type":"work","value":"a@b","x":1}`), nil)
	require.NoError(t, err)
	requireTree(t, `{"value":"a@b","type":"work"}`, got)
	got, err = view.Value(at, read(t, `{"type":"work","value":""}`), nil)
	require.NoError(t, err)
	requireTree(t, "null", got)
}

// TestWrongValues is every way in which a value is not of its attribute's type; the message never repeats the value.
func TestWrongValues(t *testing.T) {
	t.Parallel()
	view := acme(t).View(schema.User)
	long := `"` + strings.Repeat("x", 64<<10+1) + `"`
	tests := []struct{ path, value, message string }{
		{"userName", `true`, "send text here, not a boolean"},
		{"userName", `{"a":1}`, "send text here, not an object"},
		{"userName", `["a","b"]`, "send text here, not an array"},
		{"title", long, "send at most 65536 bytes of text"},
		{"active", `"yes"`, "send true or false here, not this text"},
		{"active", `1`, "send true or false here, not a number"},
		{"name", `"Ana Roca"`, "send an object here, not this text"},
		{"name", `[{"givenName":"a"},{"givenName":"b"}]`, "send an object here, not an array"},
		{"emails", `[["a@b"]]`, "send an array, each item an object here, not an array"},
		{"addresses", `["Berlin"]`, "send an array, each item an object here, not this text"},
		{"emails.primary", `"maybe"`, "send true or false here, not this text"},
		{enterprise, `"x"`, "send an object here, not this text"},
		{acmeURN + ":floor", `1.5`, "send a whole number of at most 64 bits, without point or exponent"},
		{acmeURN + ":floor", `99999999999999999999`, "send a whole number of at most 64 bits, without point or exponent"},
		{acmeURN + ":floor", `"twelve"`, "send a whole number here, not this text"},
		{acmeURN + ":floor", `true`, "send a whole number here, not a boolean"},
		{acmeURN + ":shoeSize", `1e999`, "send a number that a 64-bit float can hold"},
		{acmeURN + ":shoeSize", `"Inf"`, "send a number here, not this text"},
		{acmeURN + ":hired", `"yesterday"`, "send a date and time such as 2026-01-31T08:00:00Z here, not this text"},
		{acmeURN + ":hired", `"2026-02-30T08:00:00Z"`, "send a date and time such as 2026-01-31T08:00:00Z here, not this text"},
		{
			acmeURN + ":hired", `"2026-01-31T08:00:00.` + strings.Repeat("0", 1000) + `Z"`,
			"send a date and time such as 2026-01-31T08:00:00Z here, not this text",
		},
		{acmeURN + ":hired", `12`, "send a date and time such as 2026-01-31T08:00:00Z here, not a number"},
		{acmeURN + ":thumbprint", `"a"`, "send the bytes in base64"},
		{acmeURN + ":thumbprint", `"aGk%"`, "send the bytes in base64"},
		{acmeURN + ":thumbprint", `12`, "send bytes in base64 as text here, not a number"},
		{acmeURN + ":handbook", `false`, "send a URI as text here, not a boolean"},
		{acmeURN + ":languages", `[["de"]]`, "send an array, each item text here, not an array"},
		{acmeURN + ":languages", `{"a":1}`, "send an array, each item text here, not an object"},
		{acmeURN + ":desks.number", `{"a":1}`, "send a whole number here, not an object"},
	}
	for _, test := range tests {
		t.Run(test.path+" "+test.value[:min(30, len(test.value))], func(t *testing.T) {
			t.Parallel()
			at, _, ok := view.Resolve(test.path)
			require.True(t, ok)
			_, err := view.Value(at, read(t, test.value), nil)
			require.Equal(t, domain.InvalidField(test.path, test.message), err)

			field := test.path
			if at.URN != "" && at.Name == "" {
				field = at.URN
			}
			_, err = view.Tree(attribute.NewComplex(attribute.Member{Name: field, Value: read(t, test.value)}), nil)
			if at.Many && at.Sub != "" {
				require.NoError(t, err, "what a list of elements should do with it is not said, it is dropped")
			} else {
				require.True(t, domain.IsCode(err, domain.CodeInvalidValue), "%v", err)
			}
		})
	}
}

func TestTreeWantsAnObject(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`null`, `[]`, `"x"`, `1`, `true`} {
		_, err := standard(t).View(schema.User).Tree(read(t, text), nil)
		require.True(t, domain.IsCode(err, domain.CodeInvalidSyntax), text)
	}
}

func TestValueOfUnknownPath(t *testing.T) {
	t.Parallel()
	_, err := standard(t).View(schema.User).Value(
		domain.Attribute{Path: domain.Path{URN: "urn:x:y", Name: "a", Sub: "b"}}, attribute.NewString("x"), nil)
	var e *domain.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, domain.CodeInvalidPath, e.Code)
	require.Equal(t, "urn:x:y:a.b", e.Field)
}

func TestComplete(t *testing.T) {
	t.Parallel()
	set := acme(t)
	tests := []struct {
		typ         schema.Type
		tree, field string
	}{
		{schema.User, `{"userName":"ana"}`, ""},
		{schema.User, `{"userName":"ana","active":null}`, ""},
		{schema.User, `{}`, "userName"},
		{schema.User, `{"userName":null,"displayName":"Ana"}`, "userName"},
		{schema.User, `{"userName":"ana","` + acmeURN + `":{"floor":1}}`, acmeURN + ":badge"},
		{schema.User, `{"userName":"ana","` + acmeURN + `":{"floor":null}}`, ""},
		{schema.User, `{"userName":"ana","` + acmeURN + `":{"badge":"b","desks":[{"building":"A"},{"number":1}]}}`,
			acmeURN + ":desks.building"},
		{schema.User, `{"userName":"ana","` + acmeURN + `":{"badge":"b","desks":[{"building":"A"}]}}`, ""},
		{schema.Group, `{"displayName":"Tour Guides"}`, ""},
		{schema.Group, `{"members":[{"value":"1"}]}`, "displayName"},
	}
	for _, test := range tests {
		err := set.View(test.typ).Complete(read(t, test.tree))
		if test.field == "" {
			require.NoError(t, err, test.tree)
			continue
		}
		require.Equal(t, &domain.Error{
			Kind: domain.Invalid, Code: domain.CodeRequired, Field: test.field, Message: "send a value for " + test.field,
		}, err, test.tree)
	}
}
