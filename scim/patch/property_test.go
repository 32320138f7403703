package patch_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/patch"
	"usher/scim/schema"
)

// operation is one as a client would write it.
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path,omitempty"`
	Value any    `json:"value,omitempty"`
}

const (
	enterprise = domain.URNEnterprise
	person     = "urn:acme:params:scim:2.0:Person"
)

// operations are random, mostly sensible, over every kind of path.
func operations(kinds ...string) *rapid.Generator[operation] {
	text := rapid.SampledFrom([]any{"a", "B", "x@y.test", "", nil, "True", 7, []any{}})
	types := []string{"work", "home", "mobile", "Work"}
	element := rapid.Custom(func(t *rapid.T) any {
		v := map[string]any{"value": text.Draw(t, "value")}
		if rapid.Bool().Draw(t, "typed") {
			v["type"] = rapid.SampledFrom(types).Draw(t, "type")
		}
		if rapid.Bool().Draw(t, "with primary") {
			v["primary"] = rapid.SampledFrom([]any{true, false, "True", "False"}).Draw(t, "primary")
		}
		if rapid.Bool().Draw(t, "shown") {
			v["display"] = text.Draw(t, "display")
		}
		return v
	})
	elements := rapid.Map(rapid.SliceOfN(element, 0, 3), func(v []any) any { return v })
	name := rapid.Custom(func(t *rapid.T) any {
		return map[string]any{"givenName": text.Draw(t, "given"), "familyName": text.Draw(t, "family")}
	})
	return rapid.Custom(func(t *rapid.T) operation {
		list := rapid.SampledFrom([]string{"emails", "phoneNumbers", "roles"}).Draw(t, "list")
		selected := list + rapid.SampledFrom([]string{
			`[type eq "work"]`, `[type eq "mobile" and primary eq true]`, `[value eq "a"]`, `[value pr]`, `[not (type eq "home")]`, `[primary eq "True"]`,
		}).Draw(t, "filter")
		o := operation{Op: rapid.SampledFrom(kinds).Draw(t, "op")}
		switch rapid.SampledFrom([]string{"text", "name", "part", "list", "every", "element", "sub", "primary", "extension", "manager", "tags", "whole"}).Draw(t, "kind") {
		case "text":
			o.Path = rapid.SampledFrom([]string{"title", "nickName", "displayName", "userName", "active", enterprise + ":department", person + ":level"}).Draw(t, "path")
			o.Value = text.Draw(t, "text")
		case "name":
			o.Path, o.Value = "name", name.Draw(t, "name")
		case "part":
			o.Path, o.Value = "name.givenName", text.Draw(t, "part")
		case "list":
			o.Path, o.Value = list, elements.Draw(t, "elements")
		case "every":
			o.Path, o.Value = list+".type", rapid.SampledFrom(types).Draw(t, "type")
		case "element":
			o.Path, o.Value = selected, element.Draw(t, "element")
		case "sub":
			o.Path, o.Value = selected+".value", text.Draw(t, "sub")
		case "primary":
			o.Path, o.Value = selected+".primary", true
		case "extension":
			o.Path, o.Value = enterprise, map[string]any{"department": text.Draw(t, "department"), "manager": text.Draw(t, "manager")}
		case "manager":
			o.Path, o.Value = enterprise+":manager", text.Draw(t, "manager")
		case "tags":
			o.Path, o.Value = person+":tags", rapid.SliceOfN(rapid.SampledFrom([]string{"red", "green", "RED", "a"}), 0, 3).Draw(t, "tags")
		case "whole":
			o.Op = rapid.SampledFrom([]string{"add", "replace"}).Draw(t, "op without path")
			v := map[string]any{
				"name.familyName": text.Draw(t, "dotted"), enterprise + ":costCenter": text.Draw(t, "qualified"),
				list: elements.Draw(t, "elements"), "id": "x", "shoeSize": 43,
			}
			if rapid.Bool().Draw(t, "with value path") {
				v[selected+".value"] = text.Draw(t, "value path")
			}
			o.Value = v
		}
		return o
	})
}

// apply applies operations; ok is false for a refusal, which must be an Invalid.
func apply(t require.TestingT, users *schema.View, before attribute.Value, all ...operation) (after attribute.Value, ok bool) {
	body, err := json.Marshal(map[string]any{"Operations": all})
	require.NoError(t, err)
	read, err := patch.Read(body, users, users, nil)
	if err == nil {
		after, err = patch.Apply(read, before, users, users, nil)
	}
	require.True(t, err == nil || domain.IsKind(err, domain.Invalid), "%v", err)
	return after, err == nil
}

// A person after any operations is canonical: known attributes in canonical order, nothing unassigned, nothing that
// would have to be put right, at most one primary; and the tree they were applied to is as it was.
func TestOutcomesAreCanonical(t *testing.T) {
	t.Parallel()
	users, base := view(t, schema.User), resource(t, "user.json")
	text := show(base)
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(operations("add", "replace", "remove", "Replace"), 1, 6).Draw(t, "operations")
		after, ok := apply(t, users, base, all...)
		require.Equal(t, text, show(base))
		if ok {
			requireCanonical(t, users, after)
		}
	})
}

func requireCanonical(t require.TestingT, users *schema.View, after attribute.Value) {
	require.Equal(t, show(users.Order(after)), show(after))
	client := after
	client.Delete("schemas")
	client.Delete("id")
	straight, err := users.Tree(client, func(rule string) { require.Fail(t, "not canonical", "%s in %s", rule, show(after)) })
	require.NoError(t, err)
	require.Equal(t, show(straight), show(client))
	for _, m := range after.Members() {
		require.True(t, m.Value.Assigned(), m.Name)
		primaries := 0
		for _, item := range m.Value.Members() {
			if m.Value.Kind() == attribute.List && item.Value.Get("primary").Truth() {
				primaries++
			}
		}
		require.LessOrEqual(t, primaries, 1, show(m.Value))
	}
}

// What was replaced or added is there: the same again changes nothing, and nothing at all, not even the order.
func TestTheSameAgainChangesNothing(t *testing.T) {
	t.Parallel()
	users, base := view(t, schema.User), resource(t, "user.json")
	rapid.Check(t, func(t *rapid.T) {
		start, ok := apply(t, users, base, rapid.SliceOfN(operations("add", "replace", "remove"), 0, 3).Draw(t, "before")...)
		if !ok {
			start = base
		}
		o := operations("add", "replace").Draw(t, "operation")
		once, ok := apply(t, users, start, o)
		if !ok {
			return
		}
		twice, ok := apply(t, users, once, o)
		if changesItsTarget(o) {
			return
		}
		require.True(t, ok, "what was accepted once is accepted twice")
		require.Equal(t, show(once), show(twice))
	})
}

// changesItsTarget reports whether an operation may change what its own value filter looks at, or two of its keys the
// same list, so that the same again means something else.
func changesItsTarget(o operation) bool {
	if v, ok := o.Value.(map[string]any); ok {
		for key := range v {
			if strings.Contains(key, "[") || key == "type" && strings.Contains(o.Path, "[type") {
				return true
			}
		}
	}
	for _, by := range []string{"[value", "[primary", "and primary", "[not"} {
		if strings.Contains(o.Path, by) {
			return true
		}
	}
	return false
}

// What is added fresh and removed again leaves no trace.
func TestAddThenRemoveLeavesNoTrace(t *testing.T) {
	t.Parallel()
	users, base := view(t, schema.User), resource(t, "user.json")
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.StringMatching(`fresh-[a-zA-Zé"\\]{1,10}`).Draw(t, "value")
		quoted, err := json.Marshal(value)
		require.NoError(t, err)
		var add, remove operation
		switch rapid.SampledFrom([]string{"single", "part", "extension", "element by filter", "element by value", "plain"}).Draw(t, "kind") {
		case "single":
			add, remove = operation{"add", "userType", value}, operation{"remove", "userType", nil}
		case "part":
			add, remove = operation{"add", "name.middleName", value}, operation{"remove", "name.middleName", nil}
		case "extension":
			add, remove = operation{"add", enterprise + ":costCenter", value}, operation{"remove", enterprise + ":costCenter", nil}
		case "element by filter":
			add = operation{"add", "emails", []any{map[string]any{"value": value, "type": "work"}}}
			remove = operation{"remove", `emails[value eq ` + string(quoted) + `]`, nil}
		case "element by value":
			add = operation{"add", "ims", []any{map[string]any{"value": value, "type": "xmpp", "display": "x"}}}
			remove = operation{"remove", "ims", []any{map[string]any{"value": value, "type": "XMPP"}}}
		case "plain":
			add, remove = operation{"add", person + ":tags", value}, operation{"remove", person + ":tags", []any{value}}
		}
		there, ok := apply(t, users, base, add)
		require.True(t, ok)
		require.NotEqual(t, show(base), show(there))
		gone, ok := apply(t, users, there, remove)
		require.True(t, ok)
		require.Equal(t, show(base), show(gone))
		atOnce, ok := apply(t, users, base, add, remove)
		require.True(t, ok)
		require.Equal(t, show(base), show(atOnce))
	})
}
