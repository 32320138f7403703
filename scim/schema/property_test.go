package schema_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/schema"
)

// TestTreeProperties draws bodies with right and wrong names, in any case and order, of right and wrong values, and
// holds what Tree promises.
func TestTreeProperties(t *testing.T) {
	t.Parallel()
	set := acme(t)
	for _, typ := range schema.Types() {
		view, bodies := set.View(typ), bodyGenerator(t, set, typ)
		t.Run(typ.String(), func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				checkTree(t, view, bodies.Draw(t, "body"))
			})
		})
	}
}

// checkTree holds that the outcome has only canonical names in canonical order, that straightening it again changes and
// finds nothing, that what is given stays as it is, and that a refusal names a field.
func checkTree(t require.TestingT, view *schema.View, body attribute.Value) {
	before := show(body)
	tree, err := view.Tree(body, nil)
	require.Equal(t, before, show(body), "the body is not changed")
	if err != nil {
		var e *domain.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, domain.Invalid, e.Kind)
		require.Equal(t, body.Kind() != attribute.Complex, e.Code == domain.CodeInvalidSyntax)
		require.Equal(t, e.Code == domain.CodeInvalidValue, e.Field != "")
		return
	}
	requireCanonical(t, view, "", tree)
	require.Equal(t, show(tree), show(view.Order(tree)))

	var notes []string
	again, err := view.Tree(tree, func(rule string) { notes = append(notes, rule) })
	require.NoError(t, err)
	require.Equal(t, show(tree), show(again))
	require.Empty(t, notes)
}

// requireCanonical holds that every member of an object is called as the schema calls it, and may be written.
func requireCanonical(t require.TestingT, view *schema.View, prefix string, v attribute.Value) {
	for _, m := range v.Members() {
		if m.Name == "" {
			requireCanonical(t, view, prefix, m.Value)
			continue
		}
		path := prefix + m.Name
		at, facts, ok := view.Resolve(path)
		require.True(t, ok, path)
		require.NotEqual(t, "readOnly", mutabilityName(facts.Mutability), path)
		require.False(t, facts.Secret, path)
		next := path + "."
		switch {
		case at.Sub != "":
			require.Equal(t, at.Sub, m.Name)
		case at.Name != "":
			require.Equal(t, at.Name, m.Name)
		default:
			require.Equal(t, at.URN, m.Name)
			next = path + ":"
		}
		require.NotContains(t, []string{"schemas", "id", "meta", "groups", "password"}, path)
		requireCanonical(t, view, next, m.Value)
	}
}

// TestValueIsTree holds that the value of an attribute comes out the same by its path and inside a resource.
func TestValueIsTree(t *testing.T) {
	t.Parallel()
	set := acme(t)
	view, bodies := set.View(schema.User), bodyGenerator(t, set, schema.User)
	rapid.Check(t, func(t *rapid.T) {
		for _, m := range bodies.Draw(t, "body").Members() {
			at, facts, ok := view.Resolve(m.Name)
			if !ok || facts.Secret || mutabilityName(facts.Mutability) == "readOnly" || at.Many && at.Sub != "" ||
				!strings.EqualFold(m.Name, at.Name) && !strings.EqualFold(m.Name, at.URN) || m.Name == "manager" {
				continue
			}
			value, err := view.Value(at, m.Value, nil)
			tree, errTree := view.Tree(attribute.NewComplex(m), nil)
			require.Equal(t, errTree, err)
			if err == nil {
				if tree.Has(m.Name) {
					require.Equal(t, show(tree.Get(m.Name)), show(value))
				} else {
					require.Equal(t, "{}", show(value))
				}
			}
		}
	})
}

// bodyGenerator draws bodies for a resource type from what its schemas say.
func bodyGenerator(t testing.TB, set *schema.Set, typ schema.Type) *rapid.Generator[attribute.Value] {
	t.Helper()
	var all []described
	for _, d := range documents(t, set) {
		if d.ID == typ.URN() || typ == schema.User && d.ID != domain.URNGroup {
			all = append(all, d)
		}
	}
	return rapid.Custom(func(t *rapid.T) attribute.Value {
		body := attribute.NewComplex()
		add := func(name string, value attribute.Value) {
			if rapid.IntRange(0, 9).Draw(t, "case") == 0 {
				name = strings.ToUpper(name)
			}
			if !body.Has(name) {
				body.Set(name, value)
			}
		}
		for range rapid.IntRange(0, 8).Draw(t, "members") {
			d := rapid.SampledFrom(all).Draw(t, "schema")
			c := rapid.SampledFrom(d.Attributes).Draw(t, "attribute")
			value := drawValue(t, c)
			switch rapid.IntRange(0, 12).Draw(t, "spelling") {
			case 0:
				add(rapid.SampledFrom([]string{"id", "meta", "schemas", "unknown", "un.known", "urn:un:known"}).Draw(t, "stray"), value)
			case 1:
				add(d.ID+":"+c.Name, value)
			case 2:
				if len(c.SubAttributes) > 0 {
					sub := rapid.SampledFrom(c.SubAttributes).Draw(t, "sub")
					add(c.Name+"."+sub.Name, drawValue(t, sub))
				}
			case 3:
				add(d.ID, attribute.NewComplex(attribute.Member{Name: c.Name, Value: value}))
			default:
				if d.ID == typ.URN() {
					add(c.Name, value)
				} else {
					add(d.ID, attribute.NewComplex(attribute.Member{Name: c.Name, Value: value}))
				}
			}
		}
		return body
	})
}

// drawValue draws a value for an attribute: mostly of its type, else whatever comes.
func drawValue(t *rapid.T, c property) attribute.Value {
	if rapid.IntRange(0, 7).Draw(t, "wrong") == 0 {
		return drawAny(t, 3)
	}
	one := func() attribute.Value {
		switch c.Type {
		case "boolean":
			return rapid.SampledFrom([]attribute.Value{
				attribute.NewBool(true), attribute.NewBool(false), attribute.NewString("True"), attribute.NewString("FALSE"),
			}).Draw(t, "boolean")
		case "integer", "decimal":
			n := strconv.Itoa(rapid.Int().Draw(t, "number"))
			if rapid.Bool().Draw(t, "text") {
				return attribute.NewString(n)
			}
			return attribute.NewNumber(n)
		case "dateTime":
			return attribute.NewString("2026-01-31T08:00:00" + rapid.SampledFrom([]string{"Z", "", ".5-07:00"}).Draw(t, "zone"))
		case "binary":
			return attribute.NewString("aGk=")
		case "complex":
			v := attribute.NewComplex()
			for range rapid.IntRange(0, 4).Draw(t, "subs") {
				sub := rapid.SampledFrom(c.SubAttributes).Draw(t, "sub")
				v.Set(sub.Name, drawValue(t, sub))
			}
			return v
		default:
			return attribute.NewString(rapid.StringN(0, 5, -1).Draw(t, "text"))
		}
	}
	if !*c.MultiValued || rapid.IntRange(0, 5).Draw(t, "bare") == 0 {
		return one()
	}
	var items []attribute.Value
	for range rapid.IntRange(0, 3).Draw(t, "items") {
		items = append(items, one())
	}
	return attribute.NewList(items...)
}

func drawAny(t *rapid.T, depth int) attribute.Value {
	switch rapid.IntRange(0, 3+min(depth, 1)*2).Draw(t, "kind") {
	case 0:
		return attribute.Value{}
	case 1:
		return attribute.NewBool(rapid.Bool().Draw(t, "boolean"))
	case 2:
		return attribute.NewNumber("1.5")
	case 3:
		return attribute.NewString(rapid.SampledFrom([]string{"", "x", "true", "12"}).Draw(t, "text"))
	case 4:
		var items []attribute.Value
		for range rapid.IntRange(0, 2).Draw(t, "items") {
			items = append(items, drawAny(t, depth-1))
		}
		return attribute.NewList(items...)
	default:
		v := attribute.NewComplex()
		for range rapid.IntRange(0, 2).Draw(t, "members") {
			v.Set(rapid.SampledFrom([]string{"value", "type", "primary", "$ref", "x", "managerId"}).Draw(t, "name"), drawAny(t, depth-1))
		}
		return v
	}
}

// FuzzTree reads any text as a body: no crash, and what Tree promises.
func FuzzTree(f *testing.F) {
	set := acme(f)
	for _, text := range []string{oktaCreate, entraCreate, canonicalCreate, `{"name":{"a":1},"name.givenName":"x"}`} {
		f.Add([]byte(text), false)
	}
	f.Add([]byte(`{"displayName":"g","members":[{"$ref":"a/b"},"c",{"value":1}]}`), true)
	f.Fuzz(func(t *testing.T, text []byte, group bool) {
		body, err := attribute.Read(text, attribute.Bounds{Nodes: 10_000})
		if err != nil {
			return
		}
		view := set.View(schema.User)
		if group {
			view = set.View(schema.Group)
		}
		checkTree(t, view, body)
	})
}

// FuzzParse reads any text as a custom schema: no crash, and what is accepted compiles and is its own canonical form.
func FuzzParse(f *testing.F) {
	set := standard(f)
	f.Add([]byte(`{"id":"urn:acme:hr","attributes":[{"name":"a","type":"complex","subAttributes":[{"name":"value"}]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		custom, err := schema.Parse(text)
		if err != nil {
			require.True(t, domain.IsKind(err, domain.Invalid), "%v", err)
			return
		}
		again, err := schema.Parse(custom.Definition)
		require.NoError(t, err)
		require.Equal(t, custom, again)
		_, err = set.With([]domain.Schema{custom})
		require.NoError(t, err)
	})
}
