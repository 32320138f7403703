package schema_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/scim/schema"
)

func TestParse(t *testing.T) {
	t.Parallel()
	got, err := schema.Parse([]byte(`{"schemas":["ignored"],"meta":{},"ID":"urn:acme:hr","attributes":[{"Name":"badge"}]}`))
	require.NoError(t, err)
	require.Equal(t, "urn:acme:hr", got.URN)
	want := `{"schemas":["` + schema.URNSchema + `"],"id":"urn:acme:hr","name":"","description":"",` +
		`"attributes":[{"name":"badge","type":"string","multiValued":false,"description":"","required":false,` +
		`"caseExact":false,"mutability":"readWrite","returned":"default","uniqueness":"none"}]}`
	require.Equal(t, want, string(got.Definition))

	again, err := schema.Parse(got.Definition)
	require.NoError(t, err)
	require.Equal(t, got, again, "the canonical form is a definition itself")
}

// TestParseSettles holds what the type decides about the case of values (RFC 7643 section 2.3).
func TestParseSettles(t *testing.T) {
	t.Parallel()
	for typ, caseExact := range map[string]bool{"reference": true, "binary": true, "integer": false, "boolean": false} {
		got, err := schema.Parse(fmt.Appendf(nil,
			`{"id":"urn:acme:hr","attributes":[{"name":"a","type":%q,"caseExact":%t}]}`, typ, !caseExact))
		require.NoError(t, err)
		require.Contains(t, string(got.Definition), fmt.Sprintf(`"caseExact":%t`, caseExact), typ)
	}
}

// TestParseRefuses names for every mistake the field and the remedy.
func TestParseRefuses(t *testing.T) {
	t.Parallel()
	attribute := func(members string) string {
		return `{"id":"urn:acme:hr","attributes":[{"name":"ok"},{` + members + `}]}`
	}
	sub := func(members string) string {
		return attribute(`"name":"desk","type":"complex","subAttributes":[{` + members + `}]`)
	}
	urn := func(id string) string { return `{"id":"` + id + `","attributes":[{"name":"a"}]}` }
	many := `{"id":"urn:acme:hr","attributes":[{"name":"a"` + strings.Repeat(`},{"name":"a"`, 200) + `}]}`
	for i := range 201 {
		many = strings.Replace(many, `"a"`, fmt.Sprintf(`"b%d"`, i), 1)
	}
	tests := []struct{ name, text, code, field, remedy string }{
		{"not JSON", `{`, domain.CodeInvalidSyntax, "", "at byte 1"},
		{"twice the same member", `{"id":"a","ID":"b"}`, domain.CodeInvalidSyntax, "", "two members"},
		{"not an object", `[]`, domain.CodeInvalidSyntax, "", "one JSON object"},
		{"too large", strings.Repeat(" ", 64<<10) + "{}", domain.CodeTooLarge, "", "64 KiB"},
		{"too many", many, domain.CodeTooMany, "attributes", "at most 200"},
		{"no id", `{"attributes":[{"name":"a"}]}`, domain.CodeRequired, "id", "give a value"},
		{"id not text", `{"id":7}`, domain.CodeInvalidValue, "id", "give text"},
		{"id not a URN", urn("https://acme.test"), domain.CodeInvalidValue, "id", "use a URN"},
		{"id too short", urn("urn:acme"), domain.CodeInvalidValue, "id", "use a URN"},
		{"id too long", urn("urn:acme:" + strings.Repeat("a", 200)), domain.CodeInvalidValue, "id", "at most 200"},
		{"id with empty parts", urn("urn:acme::hr"), domain.CodeInvalidValue, "id", "empty parts"},
		{"id with a colon at the end", urn("urn:acme:hr:"), domain.CodeInvalidValue, "id", "empty parts"},
		{"id with other characters", urn("urn:acme:h/r"), domain.CodeInvalidValue, "id", "only letters"},
		{"core", urn("urn:ietf:params:scim:schemas:core:2.0:User"), domain.CodeInvalidValue, "id", "reserved"},
		{"enterprise, another case", urn("URN:IETF:params:scim:schemas:extension:ENTERPRISE:2.0:User"), domain.CodeInvalidValue, "id", "reserved"},
		{"usher", urn("urn:ietf:params:scim:schemas:extension:usher:3.0:User"), domain.CodeInvalidValue, "id", "reserved"},
		{"messages", urn("urn:ietf:params:scim:api:messages:2.0:PatchOp"), domain.CodeInvalidValue, "id", "reserved"},
		{"above a reserved one", urn("urn:ietf:params:scim"), domain.CodeInvalidValue, "id", "reserved"},
		{"unknown member", `{"id":"urn:acme:hr","atributes":[]}`, domain.CodeInvalidValue, "atributes", "known here are"},
		{"name not text", `{"id":"urn:acme:hr","name":1}`, domain.CodeInvalidValue, "name", "give text"},
		{"long description", `{"id":"urn:acme:hr","description":"` + strings.Repeat("x", 1025) + `"}`, domain.CodeInvalidValue, "description", "at most 1024"},
		{"no attributes", `{"id":"urn:acme:hr"}`, domain.CodeRequired, "attributes", "at least one"},
		{"empty attributes", `{"id":"urn:acme:hr","attributes":[]}`, domain.CodeRequired, "attributes", "at least one"},
		{"attributes an object", `{"id":"urn:acme:hr","attributes":{"a":1}}`, domain.CodeRequired, "attributes", "an array"},
		{"attribute not an object", `{"id":"urn:acme:hr","attributes":["a"]}`, domain.CodeInvalidValue, "attributes[0]", "as an object"},
		{"attribute without name", attribute(`"type":"string"`), domain.CodeRequired, "attributes[1].name", "give a value"},
		{"name begins with a digit", attribute(`"name":"1a"`), domain.CodeInvalidValue, "attributes[1].name", "begin with a letter"},
		{"name with a point", attribute(`"name":"a.b"`), domain.CodeInvalidValue, "attributes[1].name", "letters, digits"},
		{"name with a colon", attribute(`"name":"a:b"`), domain.CodeInvalidValue, "attributes[1].name", "letters, digits"},
		{"name not ASCII", attribute(`"name":"größe"`), domain.CodeInvalidValue, "attributes[1].name", "letters, digits"},
		{"name too long", attribute(`"name":"` + strings.Repeat("a", 65) + `"`), domain.CodeInvalidValue, "attributes[1].name", "at most 64"},
		{"$ref at top level", attribute(`"name":"$ref"`), domain.CodeInvalidValue, "attributes[1].name", "begin with a letter"},
		{"name twice", attribute(`"name":"OK"`), domain.CodeInvalidValue, "attributes[1].name", "ok is there already"},
		{"unknown characteristic", attribute(`"name":"a","mutabilty":"readOnly"`), domain.CodeInvalidValue, "attributes[1].mutabilty", "mutability"},
		{"unknown type", attribute(`"name":"a","type":"date"`), domain.CodeInvalidValue, "attributes[1].type", "dateTime"},
		{"type not text", attribute(`"name":"a","type":1`), domain.CodeInvalidValue, "attributes[1].type", "give text"},
		{"unknown mutability", attribute(`"name":"a","mutability":"ro"`), domain.CodeInvalidValue, "attributes[1].mutability", "readOnly"},
		{"writeOnly", attribute(`"name":"a","mutability":"writeOnly"`), domain.CodeInvalidValue, "attributes[1].mutability", "leave the attribute out"},
		{"unknown returned", attribute(`"name":"a","returned":"often"`), domain.CodeInvalidValue, "attributes[1].returned", "request"},
		{"never returned", attribute(`"name":"a","returned":"never"`), domain.CodeInvalidValue, "attributes[1].returned", "leave the attribute out"},
		{"unknown uniqueness", attribute(`"name":"a","uniqueness":"yes"`), domain.CodeInvalidValue, "attributes[1].uniqueness", "none, server, global"},
		{"unique on the server", attribute(`"name":"a","uniqueness":"server"`), domain.CodeInvalidValue, "attributes[1].uniqueness", `use "none"`},
		{"globally unique", attribute(`"name":"a","uniqueness":"global"`), domain.CodeInvalidValue, "attributes[1].uniqueness", `use "none"`},
		{"flag as text", attribute(`"name":"a","required":"true"`), domain.CodeInvalidValue, "attributes[1].required", "true or false"},
		{"multiValued as number", attribute(`"name":"a","multiValued":1`), domain.CodeInvalidValue, "attributes[1].multiValued", "true or false"},
		{"caseExact as list", attribute(`"name":"a","caseExact":[]`), domain.CodeInvalidValue, "attributes[1].caseExact", "true or false"},
		{"required but readOnly", attribute(`"name":"a","required":true,"mutability":"readOnly"`), domain.CodeInvalidValue, "attributes[1].required", "use false"},
		{"canonicalValues as text", attribute(`"name":"a","canonicalValues":"x"`), domain.CodeInvalidValue, "attributes[1].canonicalValues", "array of texts"},
		{"canonicalValues of numbers", attribute(`"name":"a","canonicalValues":["x",1]`), domain.CodeInvalidValue, "attributes[1].canonicalValues[1]", "give text"},
		{"canonicalValues of a boolean", attribute(`"name":"a","type":"boolean","canonicalValues":["x"]`), domain.CodeInvalidValue, "attributes[1].canonicalValues", "leave them out"},
		{"referenceTypes of a string", attribute(`"name":"a","referenceTypes":["User"]`), domain.CodeInvalidValue, "attributes[1].referenceTypes", "leave them out"},
		{"description as number", attribute(`"name":"a","description":1`), domain.CodeInvalidValue, "attributes[1].description", "give text"},
		{"complex without sub-attributes", attribute(`"name":"a","type":"complex"`), domain.CodeRequired, "attributes[1].subAttributes", "at least one"},
		{"sub-attributes of a string", attribute(`"name":"a","subAttributes":[{"name":"b"}]`), domain.CodeInvalidValue, "attributes[1].subAttributes", `"complex"`},
		{"two levels", sub(`"name":"a","type":"complex","subAttributes":[{"name":"b"}]`), domain.CodeInvalidValue, "attributes[1].subAttributes[0].type", "no sub-attributes of their own"},
		{"bad name below", sub(`"name":"$value"`), domain.CodeInvalidValue, "attributes[1].subAttributes[0].name", "begin with a letter"},
		{"unknown type below", sub(`"name":"a","type":"text"`), domain.CodeInvalidValue, "attributes[1].subAttributes[0].type", "string"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := schema.Parse([]byte(test.text))
			var e *domain.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, domain.Invalid, e.Kind)
			require.Equal(t, test.code, e.Code, e.Error())
			require.Equal(t, test.field, e.Field, e.Error())
			require.Contains(t, e.Message, test.remedy)
		})
	}
}

func TestParseAllowsReferences(t *testing.T) {
	t.Parallel()
	got, err := schema.Parse([]byte(`{"id":"urn:acme:hr","attributes":[{"name":"buddy","type":"complex","subAttributes":[
		{"name":"value"},{"name":"$ref","type":"reference","referenceTypes":["User"]}]}]}`))
	require.NoError(t, err)
	require.Contains(t, string(got.Definition), `"name":"$ref","type":"reference"`)
}

func TestWith(t *testing.T) {
	t.Parallel()
	custom := func(urn string) domain.Schema {
		s, err := schema.Parse([]byte(`{"id":"` + urn + `","attributes":[{"name":"a"},{"name":"b"}]}`))
		require.NoError(t, err)
		return s
	}
	set := standard(t)
	none, err := set.With(nil)
	require.NoError(t, err)
	require.Same(t, set, none)

	two, err := set.With([]domain.Schema{custom("urn:acme:hr"), custom("urn:acme:hr:a")})
	require.NoError(t, err)
	at, _, ok := two.View(schema.User).Resolve("urn:acme:hr:a")
	require.True(t, ok)
	require.Equal(t, domain.Path{URN: "urn:acme:hr:a"}, at.Path, "a schema goes before an attribute of the same spelling")
	at, _, _ = two.View(schema.User).Resolve("urn:acme:hr:a:a")
	require.Equal(t, domain.Path{URN: "urn:acme:hr:a", Name: "a"}, at.Path)
	_, _, ok = set.View(schema.User).Resolve("urn:acme:hr")
	require.False(t, ok, "the set that is extended stays what it is")

	_, err = set.With([]domain.Schema{custom("urn:acme:hr"), custom("URN:Acme:HR")})
	require.True(t, domain.IsCode(err, domain.CodeNameTaken), "%v", err)
	_, err = set.With([]domain.Schema{{URN: "urn:acme:hr", Definition: []byte("{")}})
	require.True(t, domain.IsKind(err, domain.Internal), "%v", err)
}
