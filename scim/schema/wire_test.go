package schema_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/schema"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// fixture is what a directory sends, with where its vendor says so.
type fixture struct {
	Vendor        string          `json:"vendor"`
	Documentation string          `json:"documentation"`
	Type          string          `json:"type"`
	Body          json.RawMessage `json:"body"`
}

// TestWire compares what becomes of whole bodies with golden files: the tree, cleared members as null, and the rules
// that applied.
func TestWire(t *testing.T) {
	t.Parallel()
	set := acme(t)
	for _, file := range fixtures(t, "wire") {
		t.Run(name(file), func(t *testing.T) {
			t.Parallel()
			f := load(t, file)
			tree, notes := straighten(t, f.view(set), f.Body)
			golden(t, file, tree, notes)
		})
	}
}

// TestDialect does the same for each rule of dialect.go, which has one fixture that it applies to.
func TestDialect(t *testing.T) {
	t.Parallel()
	set := acme(t)
	for _, rule := range schema.Rules() {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join("testdata", "dialect", rule+".json")
			f := load(t, file)
			tree, notes := straighten(t, f.view(set), f.Body)
			require.Contains(t, notes, rule)
			golden(t, file, tree, notes)

			again, notes := straighten(t, f.view(set), []byte(show(tree)))
			require.Equal(t, show(tree), show(again))
			require.Empty(t, notes, "what was put right needs no second time")
		})
	}
	require.Len(t, fixtures(t, "dialect"), len(schema.Rules()), "a fixture without rule")
}

// TestExamples holds the example resources of RFC 7643 section 8 against what becomes of them: everything that a client
// may say survives, nothing else does.
func TestExamples(t *testing.T) {
	t.Parallel()
	set := acme(t)
	serverOwned := map[string][]string{
		"": {"schemas", "id", "meta", "groups", "password"}, "manager": {"$ref", "displayName"}, "members": {"$ref", "display"},
	}
	for _, section := range []string{"8_1", "8_2", "8_3", "8_4"} {
		t.Run(section, func(t *testing.T) {
			t.Parallel()
			f := load(t, filepath.Join("testdata", "wire", "rfc7643_"+section+".json"))
			tree, notes := straighten(t, f.view(set), f.Body)
			require.Empty(t, notes)
			want := without(read(t, string(f.Body)), "", serverOwned)
			require.True(t, attribute.Equal(want, tree), "%s\n%s", show(want), show(tree))
			require.NoError(t, f.view(set).Complete(tree))
		})
	}
}

// without leaves out members by the name of the attribute that they belong to.
func without(v attribute.Value, of string, names map[string][]string) attribute.Value {
	switch v.Kind() {
	case attribute.Complex:
		out := attribute.NewComplex()
		for _, m := range v.Members() {
			if !slices.Contains(names[of], m.Name) {
				out.Set(m.Name, without(m.Value, m.Name, names))
			}
		}
		return out
	case attribute.List:
		var items []attribute.Value
		for _, item := range v.Items() {
			items = append(items, without(item, of, names))
		}
		return attribute.NewList(items...)
	default:
		return v
	}
}

func (f fixture) view(set *schema.Set) *schema.View {
	if f.Type == "Group" {
		return set.View(schema.Group)
	}
	return set.View(schema.User)
}

func straighten(t *testing.T, view *schema.View, body []byte) (attribute.Value, []string) {
	t.Helper()
	notes := []string{}
	tree, err := view.Tree(read(t, string(body)), func(rule string) { notes = append(notes, rule) })
	require.NoError(t, err)
	return tree, notes
}

func golden(t *testing.T, file string, tree attribute.Value, notes []string) {
	t.Helper()
	rules, err := json.Marshal(notes)
	require.NoError(t, err)
	compare(t, strings.TrimSuffix(file, ".json")+".golden", `{"notes":`+string(rules)+`,"tree":`+show(tree)+`}`)
}

// compare holds JSON against a golden file, indented.
func compare(t *testing.T, file, got string) {
	t.Helper()
	var indented bytes.Buffer
	require.NoError(t, json.Indent(&indented, []byte(got), "", "  "))
	indented.WriteByte('\n')
	if *update {
		require.NoError(t, os.WriteFile(file, indented.Bytes(), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), indented.String())
}

// show is JSON that, unlike the canonical form, shows unassigned members too.
func show(v attribute.Value) string {
	var b []byte
	switch v.Kind() {
	case attribute.Complex:
		b = append(b, '{')
		for i, m := range v.Members() {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(attribute.AppendString(b, m.Name), ':')
			b = append(b, show(m.Value)...)
		}
		return string(append(b, '}'))
	case attribute.List:
		b = append(b, '[')
		for i, item := range v.Items() {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, show(item)...)
		}
		return string(append(b, ']'))
	default:
		return string(attribute.AppendJSON(nil, v))
	}
}

// requireTree compares a tree with JSON as show writes it: the order of members counts.
func requireTree(t require.TestingT, want string, got attribute.Value, message ...any) {
	require.Equal(t, want, show(got), message...)
}

func fixtures(t *testing.T, folder string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", folder, "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

func load(t *testing.T, file string) fixture {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var f fixture
	require.NoError(t, json.Unmarshal(text, &f))
	require.NotEmpty(t, f.Vendor)
	require.NotEmpty(t, f.Documentation)
	return f
}

func name(file string) string { return strings.TrimSuffix(filepath.Base(file), ".json") }

// acme is the standard set and one schema of an organisation's own with an attribute of every type.
func acme(t testing.TB) *schema.Set {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "acme.json"))
	require.NoError(t, err)
	custom, err := schema.Parse(text)
	require.NoError(t, err)
	set, err := standard(t).With([]domain.Schema{custom})
	require.NoError(t, err)
	return set
}
