package patch_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/patch"
	"usher/scim/schema"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// sentence is one rule of RFC 7644 section 3.5.2 or one habit of a vendor, with operations that show it.
type sentence struct {
	Rule       string          `json:"rule"`
	Operations json.RawMessage `json:"operations"`
}

// outcome is what becomes of the resource: the attributes that differ, before and after, and the rules that applied; or
// the refusal.
type outcome struct {
	Rule   string          `json:"rule"`
	Was    json.RawMessage `json:"was,omitempty"`
	Is     json.RawMessage `json:"is,omitempty"`
	Same   bool            `json:"unchanged,omitempty"`
	Notes  []string        `json:"notes,omitempty"`
	Refuse *refusal        `json:"refused,omitempty"`
}

type refusal struct {
	Code    string `json:"code"`
	Field   string `json:"field,omitempty"`
	Message string `json:"message"`
}

// TestUserSentences applies every sentence to the person of testdata/user.json.
func TestUserSentences(t *testing.T) {
	t.Parallel()
	users := view(t, schema.User)
	before := resource(t, "user.json")
	text := show(before)
	sentences(t, "user", func(body []byte, note func(string)) (attribute.Value, attribute.Value, error) {
		operations, err := patch.Read(body, users, users, note)
		if err != nil {
			return before, before, err
		}
		after, err := patch.Apply(operations, before, users, users, note)
		require.Equal(t, text, show(before), "the current tree is never changed")
		if err == nil {
			require.Equal(t, show(users.Order(after)), show(after), "the outcome is in canonical order")
		}
		return before, after, err
	})
}

// TestGroupSentences applies every sentence to the group of testdata/group.json, whose members are rows.
func TestGroupSentences(t *testing.T) {
	t.Parallel()
	groups := view(t, schema.Group)
	before := resource(t, "group.json")
	sentences(t, "group", func(body []byte, note func(string)) (attribute.Value, attribute.Value, error) {
		operations, err := patch.Read(body, groups, groups, note)
		if err != nil {
			return before, before, err
		}
		steps, err := patch.GroupSteps(operations, groups, groups, note)
		if err != nil {
			return before, before, err
		}
		after, err := carryOut(steps, before)
		return before, after, err
	})
}

// Every rule of dialect.go has a sentence to which it applies.
func TestEveryRuleHasASentence(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("testdata", "*", "*.golden"))
	require.NoError(t, err)
	noted := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var all []outcome
		require.NoError(t, json.Unmarshal(text, &all))
		for _, o := range all {
			for _, rule := range o.Notes {
				noted[rule] = true
			}
		}
	}
	for _, rule := range patch.Rules() {
		require.True(t, noted[rule], rule)
		require.NotContains(t, schema.Rules(), rule, "one name, one rule")
	}
}

// carryOut does to a tree what the domain does to rows.
func carryOut(steps []domain.GroupStep, group attribute.Value) (attribute.Value, error) {
	attributes := group
	attributes.Delete("members")
	members := group.Get("members").Items()
	without := func(gone func(attribute.Value) bool) {
		var kept []attribute.Value
		for _, m := range members {
			if !gone(m) {
				kept = append(kept, m)
			}
		}
		members = kept
	}
	add := func(ids []uuid.UUID) {
		for _, id := range ids {
			without(func(m attribute.Value) bool { return m.Get("value").Text() == id.String() && !m.Has("type") })
			known := false
			for _, m := range members {
				known = known || m.Get("value").Text() == id.String()
			}
			if !known {
				members = append(members, attribute.NewComplex(attribute.Member{Name: "value", Value: attribute.NewString(id.String())}))
			}
		}
	}
	for _, step := range steps {
		if step.Attributes != nil {
			var err error
			if attributes, err = step.Attributes(attributes); err != nil {
				return group, err
			}
		}
		switch {
		case step.Replace:
			members = nil
			add(step.Members)
		case step.RemoveWhere != nil:
			without(func(m attribute.Value) bool { return domain.Match(*step.RemoveWhere, m) })
		default:
			for _, id := range step.Remove {
				without(func(m attribute.Value) bool { return m.Get("value").Text() == id.String() })
			}
			add(step.Add)
		}
	}
	attributes.Set("members", attribute.NewList(members...))
	return attributes, nil
}

// sentences runs the files of a folder of testdata and compares with the golden files beside them.
func sentences(t *testing.T, folder string, apply func(body []byte, note func(string)) (before, after attribute.Value, err error)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", folder, "*.json"))
	require.NoError(t, err)
	for _, file := range files {
		golden := strings.TrimSuffix(file, ".json") + ".golden"
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var all []sentence
		require.NoError(t, json.Unmarshal(text, &all))
		var got []outcome
		for _, s := range all {
			var notes []string
			body := []byte(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":` + string(s.Operations) + `}`)
			before, after, err := apply(body, func(rule string) { notes = append(notes, rule) })
			got = append(got, tell(t, s.Rule, before, after, notes, err))
		}
		if *update {
			require.NoError(t, os.WriteFile(golden, pretty(t, got), 0o644))
			continue
		}
		text, err = os.ReadFile(golden)
		require.NoError(t, err)
		var want []outcome
		require.NoError(t, json.Unmarshal(text, &want))
		require.Len(t, got, len(want), file)
		for i := range want {
			require.Equal(t, string(pretty(t, want[i])), string(pretty(t, got[i])))
		}
	}
}

func tell(t *testing.T, rule string, before, after attribute.Value, notes []string, err error) outcome {
	t.Helper()
	o := outcome{Rule: rule, Notes: notes}
	if err != nil {
		var refused *domain.Error
		require.ErrorAs(t, err, &refused)
		require.Equal(t, domain.Invalid, refused.Kind)
		o.Refuse = &refusal{Code: refused.Code, Field: refused.Field, Message: refused.Message}
		return o
	}
	was, is := attribute.Diff(before, after)
	if o.Same = !was.Assigned() && !is.Assigned(); !o.Same {
		o.Was, o.Is = []byte(show(was)), []byte(show(is))
	}
	return o
}

func pretty(t *testing.T, v any) []byte {
	t.Helper()
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	require.NoError(t, encoder.Encode(v))
	return []byte(b.String())
}

func show(v attribute.Value) string { return string(attribute.AppendJSON(nil, v)) }

// view is the real schema, with one of an organisation's own.
func view(t testing.TB, typ schema.Type) *schema.View {
	t.Helper()
	set, err := schema.Standard()
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join("testdata", "custom.json"))
	require.NoError(t, err)
	custom, err := schema.Parse(text)
	require.NoError(t, err)
	set, err = set.With([]domain.Schema{custom})
	require.NoError(t, err)
	return set.View(typ)
}

func resource(t testing.TB, file string) attribute.Value {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", file))
	require.NoError(t, err)
	v, err := attribute.Read(text, attribute.Bounds{})
	require.NoError(t, err)
	return v
}
