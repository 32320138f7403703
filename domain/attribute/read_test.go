package attribute_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"usher/domain/attribute"
)

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 33) + strings.Repeat("]", 33)
	for name, c := range map[string]struct {
		text   string
		at     int
		reason string
	}{
		"nothing":                    {"", 0, "ends too early"},
		"only space":                 {" \n", 2, "ends too early"},
		"two values":                 {`{} {}`, 3, "after the JSON value"},
		"not UTF-8":                  {"\"a\xff\"", 2, "not valid UTF-8"},
		"NUL":                        {"\"a\x00\"", 2, "control character"},
		"escaped NUL":                {`"a\u0000"`, 8, "NUL"},
		"unpaired surrogate":         {`"\ud800"`, 7, "surrogate"},
		"surrogate and letter":       {`"\ud800a"`, 7, "surrogate"},
		"reversed surrogates":        {`"\udc00\ud800"`, 13, "surrogate"},
		"newline in a string":        {"\"a\nb\"", 2, "control character"},
		"no closing quote":           {`"abc`, 4, "closing quote"},
		"no closing quote, escaped":  {`"a\n`, 4, "closing quote"},
		"unknown escape":             {`"\x41"`, 2, "unknown escape"},
		"short \\u":                  {`"\u12"`, 3, "four hexadecimal digits"},
		"bad \\u":                    {`"\u12g4"`, 3, "four hexadecimal digits"},
		"one name twice":             {`{"a":1,"a":2}`, 7, `called "a"`},
		"names that differ by case":  {`{"userName":1,"USERNAME":2}`, 14, `called "USERNAME"`},
		"many names, one twice":      {manyNames(40) + `,"N7":1}`, len(manyNames(40)) + 1, `called "N7"`},
		"leading zero":               {`01`, 1, "after the JSON value"},
		"lone minus":                 {`-`, 1, "digit"},
		"no fraction":                {`1.`, 2, "after the point"},
		"no exponent":                {`1e+`, 3, "exponent"},
		"misspelt word":              {`tru`, 0, "expected true"},
		"unexpected character":       {`ñ`, 0, `'ñ'`},
		"no comma in an array":       {`[1 2]`, 3, "comma or ]"},
		"no comma in an object":      {`{"a":1 "b":2}`, 7, "comma or }"},
		"comma before the end":       {`{"a":1,}`, 7, "name of a member"},
		"no colon":                   {`{"a" 1}`, 5, "colon"},
		"deeper than the limit":      {deep, 32, "nested deeper than the limit of 32"},
		"objects deeper than limits": {strings.Repeat(`{"a":`, 40), 160, "nested deeper"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := attribute.Read([]byte(c.text), attribute.Bounds{})
			var fault *attribute.SyntaxError
			require.ErrorAs(t, err, &fault)
			require.Contains(t, fault.Reason, c.reason)
			require.Equal(t, c.at, fault.Offset)
		})
	}
}

func manyNames(n int) string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf(`"n%d":0`, i)
	}
	return "{" + strings.Join(names, ",")
}

func TestReadStopsAtTheBound(t *testing.T) {
	t.Parallel()
	text := []byte("[" + strings.Repeat("0,", 1000) + "0]")
	_, err := attribute.Read(text, attribute.Bounds{Nodes: 500})
	var fault *attribute.SyntaxError
	require.ErrorAs(t, err, &fault)
	require.Less(t, fault.Offset, 1010, "it stopped where the bound was reached")
	_, err = attribute.Read(text, attribute.Bounds{Nodes: 1002})
	require.NoError(t, err)
}

func TestReadKeeps(t *testing.T) {
	t.Parallel()
	text := `{"a":"\u00e9\ud83d\ude00\/\"\\","n":-0.50e+2,"l":[1,true,null,{}],"o":{"x":false}}`
	tree, err := attribute.Read([]byte(text), attribute.Bounds{})
	require.NoError(t, err)
	require.Equal(t, `é😀/"\`, tree.Get("A").Text())
	require.Equal(t, "-0.50e+2", tree.Get("n").Text(), "a number is kept as it was spelt")
	require.Equal(t, 4, tree.Get("l").Len())
	require.True(t, tree.Get("o").Has("X"))
	require.False(t, tree.Get("o").Get("x").Truth())
	require.Equal(t, []byte(`{"a":"é😀/\"\\","n":-0.50e+2,"l":[1,true,null,{}],"o":{"x":false}}`), attribute.AppendJSON(nil, tree), "to the byte") //nolint:testifylint // to the byte
}

func TestElementTakesItemsOutOfTheTree(t *testing.T) {
	t.Parallel()
	text := `{"Operations":[{"value":[{"value":"a"},{"value":"b"}]},{"value":[{"value":"c"}],"tags":["x"]}]}`
	var seen []string
	tree, err := attribute.Read([]byte(text), attribute.Bounds{
		Nodes: 9, // what is taken does not count
		Element: func(names []string, index []int, item attribute.Value) (bool, error) {
			if len(names) != 2 || names[1] != "value" {
				return false, nil
			}
			seen = append(seen, fmt.Sprintf("%v %v %s", names, index, item.Get("value").Text()))
			return true, nil
		},
	})
	require.NoError(t, err)
	require.Equal(t, []string{"[Operations value] [0 0] a", "[Operations value] [0 1] b", "[Operations value] [1 0] c"}, seen)
	require.Equal(t, 0, tree.Get("Operations").Item(1).Get("value").Len())
	require.Equal(t, 1, tree.Get("Operations").Item(1).Get("tags").Len())
}

func TestReadAgreesWithEncodingJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		tree := someTree(t, 4)
		text := attribute.AppendJSON(nil, tree)
		require.True(t, json.Valid(text), "%s", text)
		again, err := attribute.Read(text, attribute.Bounds{})
		require.NoError(t, err)
		require.True(t, attribute.Equal(tree, again), "%s", text)
		require.Equal(t, string(text), string(attribute.AppendJSON(nil, again)), "canonical text is a fixed point")
	})
}

// someTree draws a tree whose objects have names that differ by more than case.
func someTree(t *rapid.T, depth int) attribute.Value {
	kinds := []string{"string", "number", "bool"}
	if depth > 0 {
		kinds = append(kinds, "list", "object", "object")
	}
	switch rapid.SampledFrom(kinds).Draw(t, "kind") {
	case "string":
		return attribute.NewString(strings.ReplaceAll(rapid.String().Draw(t, "string"), "\x00", ""))
	case "number":
		return attribute.NewNumber(fmt.Sprint(rapid.Int64().Draw(t, "number")))
	case "bool":
		return attribute.NewBool(rapid.Bool().Draw(t, "bool"))
	case "list":
		items := make([]attribute.Value, rapid.IntRange(0, 4).Draw(t, "items"))
		for i := range items {
			items[i] = someTree(t, depth-1)
		}
		return attribute.NewList(items...)
	}
	object := attribute.NewComplex()
	for _, name := range rapid.SliceOfDistinct(rapid.StringMatching(`[a-z$]{1,8}`), rapid.ID).Draw(t, "names") {
		object.Set(name, someTree(t, depth-1))
	}
	return object
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{`{"a":[1,"\ud83d\ude00",null]}`, `"\u0000"`, `[[[[`, `{"a":1,"A":2}`, "\xff", `-0.0e-1`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		tree, err := attribute.Read(text, attribute.Bounds{})
		if err != nil {
			return
		}
		if !json.Valid(text) {
			t.Fatalf("accepted what encoding/json refuses: %q", text)
		}
		canonical := attribute.AppendJSON(nil, tree)
		again, err := attribute.Read(canonical, attribute.Bounds{})
		if err != nil || !attribute.Equal(tree, again) {
			t.Fatalf("%q became %q: %v", text, canonical, err)
		}
	})
}
