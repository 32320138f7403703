package patch_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/patch"
	"usher/scim/schema"
)

// What surrounds the operations.
func TestReadBody(t *testing.T) {
	t.Parallel()
	users := view(t, schema.User)
	const operation = `{"op":"replace","path":"title","value":"x"}`
	for _, body := range []string{
		`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` + operation + `]}`,
		`{"Operations":[` + operation + `]}`,
		`{"schemas":null,"Operations":[` + operation + `]}`,
		`{"schemas":["urn:x","urn:ietf:params:scim:schemas:core:2.0:User"],"operations":[` + operation + `],"more":1}`,
		`{"SCHEMAS":[],"OPERATIONS":[{"OP":"replace","Path":"title","VALUE":"x","id":7}]}`,
	} {
		operations, err := patch.Read([]byte(body), users, users, nil)
		require.NoError(t, err, body)
		require.Len(t, operations, 1)
		require.Equal(t, "title", operations[0].Path.String())
		require.Equal(t, "x", operations[0].Value.Text())
	}
	for _, c := range []struct{ body, code string }{
		{``, domain.CodeInvalidSyntax},
		{`[]`, domain.CodeInvalidSyntax},
		{`null`, domain.CodeInvalidSyntax},
		{`{}`, domain.CodeInvalidSyntax},
		{`{"Operations":null}`, domain.CodeInvalidSyntax},
		{`{"Operations":[]}`, domain.CodeInvalidSyntax},
		{`{"Operations":` + operation + `}`, domain.CodeInvalidSyntax},
		{`{"Operations":"x"}`, domain.CodeInvalidSyntax},
		{`{"Operations":[null]}`, domain.CodeInvalidSyntax},
		{`{"Operations":[[` + operation + `]]}`, domain.CodeInvalidSyntax},
		{`{"Operations":[` + operation + `]} x`, domain.CodeInvalidSyntax},
		{`{"Operations":[` + operation + `],"operations":[]}`, domain.CodeInvalidSyntax},
		{`{"Operations":[{"op":"add","Op":"remove","path":"title","value":1}]}`, domain.CodeInvalidSyntax},
		{`{"Operations":[` + strings.Repeat(operation+",", patch.MaxOperations) + operation + `]}`, domain.CodeTooMany},
	} {
		for _, typ := range schema.Types() {
			v := view(t, typ)
			_, err := patch.Read([]byte(c.body), v, v, nil)
			requireCode(t, err, c.code)
		}
	}
	_, err := patch.Read([]byte(`{"Operations":[`+strings.Repeat(operation+",", patch.MaxOperations-1)+operation+`]}`), users, users, nil)
	require.NoError(t, err, "the bound is inclusive")
}

// The members of a big group never are a tree: there are more of them than values that a tree may have.
func TestReadBigGroup(t *testing.T) {
	t.Parallel()
	const members = 100_000
	groups := view(t, schema.Group)
	var list strings.Builder
	for i := range members {
		if i > 0 {
			list.WriteByte(',')
		}
		fmt.Fprintf(&list, `{"value":"00000000-0000-7000-8000-%012d","type":"User","display":"Person %d","$ref":null}`, i, i)
	}
	for _, c := range []struct{ rule, body string }{
		{"value after path", `{"op":"replace","path":"members","value":[` + list.String() + `]}`},
		{"value before path", `{"value":[` + list.String() + `],"path":"members","op":"replace"}`},
		{"without path", `{"op":"replace","value":{"members":[` + list.String() + `],"displayName":"Big"}}`},
		{"by the URN", `{"op":"replace","value":{"` + domain.URNGroup + `:members":[` + list.String() + `]}}`},
	} {
		t.Run(c.rule, func(t *testing.T) {
			t.Parallel()
			operations, err := patch.Read([]byte(`{"Operations":[`+c.body+`]}`), groups, groups, nil)
			require.NoError(t, err)
			last := operations[len(operations)-1]
			require.Len(t, last.Members, members)
			require.Equal(t, "00000000-0000-7000-8000-000000099999", last.Members[members-1])
			steps, err := patch.GroupSteps(operations, groups, groups, nil)
			require.NoError(t, err)
			require.Len(t, steps[len(steps)-1].Members, members)
		})
	}
	t.Run("a list that proves to be something else is read again as a tree, in its bounds", func(t *testing.T) {
		t.Parallel()
		_, err := patch.Read([]byte(`{"Operations":[{"op":"replace","value":[`+list.String()+`],"path":"displayName"}]}`), groups, groups, nil)
		requireCode(t, err, domain.CodeInvalidSyntax)
	})
}

// Members and other lists may stand in one body.
func TestReadMixedGroup(t *testing.T) {
	t.Parallel()
	groups := view(t, schema.Group)
	operations, err := patch.Read([]byte(`{"Operations":[
		{"op":"replace","value":[{"value":"Guides"}],"path":"displayName"},
		{"op":"add","value":[{"value":"a"},"b",{"value":"c","type":"User"},{"$ref":"https://x.test/Users/d"}],"path":"members"},
		{"op":"add","value":{"externalId":"e","members":[{"value":"f"}]}},
		{"op":"remove","path":"members[value eq \"g\"]"}]}`), groups, groups, nil)
	require.NoError(t, err)
	require.Len(t, operations, 5)
	require.Equal(t, "Guides", operations[0].Value.Text())
	require.ElementsMatch(t, []string{"a", "b", "c", "d"}, operations[1].Members)
	require.Equal(t, "e", operations[2].Value.Text())
	require.Equal(t, []string{"f"}, operations[3].Members)
	require.NotNil(t, operations[4].Path.Where)
}

// The cost of a change to a group is that of the change.
func TestGroupStepsAreByKey(t *testing.T) {
	t.Parallel()
	groups := view(t, schema.Group)
	const a, b = "00000000-0000-7000-8000-00000000000a", "00000000-0000-7000-8000-00000000000b"
	steps := func(operations string) []domain.GroupStep {
		read, err := patch.Read([]byte(`{"Operations":[`+operations+`]}`), groups, groups, nil)
		require.NoError(t, err)
		steps, err := patch.GroupSteps(read, groups, groups, nil)
		require.NoError(t, err)
		return steps
	}
	one := steps(`{"op":"remove","path":"members[value eq \"` + a + `\"]"}`)
	require.Len(t, one, 1)
	require.Nil(t, one[0].RemoveWhere, "a member that is named is removed by key, not searched for")
	require.Len(t, one[0].Remove, 1)
	require.Len(t, steps(`{"op":"remove","path":"members[value eq \"` + a + `\" or value eq \"` + b + `\"]"}`)[0].Remove, 2)
	require.NotNil(t, steps(`{"op":"remove","path":"members[type eq \"Group\"]"}`)[0].RemoveWhere)
	all := steps(`{"op":"remove","path":"members"}`)
	require.NotNil(t, all[0].RemoveWhere)
	require.Nil(t, *all[0].RemoveWhere)
	require.Empty(t, steps(`{"op":"add","path":"members","value":[]}`), "nothing to do is no step")
	require.Len(t, steps(`{"op":"replace","path":"displayName","value":"x"},{"op":"replace","path":"externalId","value":"y"}`), 1,
		"neighbouring operations on attributes are one step")
}

func requireCode(t testing.TB, err error, code string) {
	t.Helper()
	var refusal *domain.Error
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, domain.Invalid, refusal.Kind)
	require.Equal(t, code, refusal.Code, refusal.Message)
	require.NotEmpty(t, refusal.Message)
}

// An extension that is used must be complete, and one that holds what cannot change stays.
func TestCustomSchemas(t *testing.T) {
	t.Parallel()
	users, base := view(t, schema.User), resource(t, "user.json")
	base.Delete(person)
	refused := func(code string, all ...operation) {
		t.Helper()
		body, err := json.Marshal(map[string]any{"Operations": all})
		require.NoError(t, err)
		operations, err := patch.Read(body, users, users, nil)
		require.NoError(t, err)
		_, err = patch.Apply(operations, base, users, users, nil)
		requireCode(t, err, code)
	}
	refused(domain.CodeRequired, operation{"add", person + ":level", 3})
	used, ok := apply(t, users, base, operation{"add", person + ":level", 3}, operation{"add", person + ":grade", "A"})
	require.True(t, ok)
	require.JSONEq(t, `{"grade":"A","level":3}`, show(used.Get(person)))

	base.Set(person, attribute.NewComplex(attribute.Member{Name: "badge", Value: attribute.NewString("B-1")}))
	refused(domain.CodeMutability, operation{"remove", person, nil})
	refused(domain.CodeMutability, operation{"replace", "", map[string]any{person: nil}})
}
