package attribute_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"usher/domain/attribute"
)

func read(t require.TestingT, text string) attribute.Value {
	v, err := attribute.Read([]byte(text), attribute.Bounds{})
	require.NoError(t, err)
	return v
}

func TestAssigned(t *testing.T) {
	t.Parallel()
	for text, assigned := range map[string]bool{
		`null`: false, `[]`: false, `{}`: false, `[null,{}]`: false, `{"a":null,"b":[]}`: false,
		`""`: true, `false`: true, `0`: true, `[""]`: true, `{"a":{"b":0}}`: true,
	} {
		require.Equal(t, assigned, read(t, text).Assigned(), text)
	}
}

func TestEqual(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b  string
		equal bool
	}{
		{`{"a":1,"b":2}`, `{"b":2,"A":1}`, true},
		{`{"a":1,"b":null}`, `{"a":1}`, true},
		{`{"a":1}`, `{"a":1,"b":[]}`, true},
		{`null`, `[]`, true},
		{`[1,2]`, `[2,1]`, false},
		{`[1]`, `[1,1]`, false},
		{`"a"`, `"A"`, false},
		{`1`, `"1"`, false},
		{`{"a":1}`, `{"a":1,"b":0}`, false},
	} {
		require.Equal(t, c.equal, attribute.Equal(read(t, c.a), read(t, c.b)), "%s and %s", c.a, c.b)
		require.Equal(t, c.equal, attribute.Equal(read(t, c.b), read(t, c.a)), "%s and %s", c.b, c.a)
	}
}

func TestSetAndDeleteLeaveOtherHoldersAlone(t *testing.T) {
	t.Parallel()
	original := read(t, `{"a":1,"b":2}`)
	changed := original
	changed.Set("A", attribute.NewNumber("9"))
	changed.Set("c", attribute.NewNumber("3"))
	require.True(t, changed.Delete("B"))
	require.False(t, changed.Delete("b"))
	require.Equal(t, []byte(`{"a":9,"c":3}`), attribute.AppendJSON(nil, changed), "a name keeps the spelling it had")
	require.Equal(t, []byte(`{"a":1,"b":2}`), attribute.AppendJSON(nil, original))
}

func TestDiff(t *testing.T) {
	t.Parallel()
	was, is := attribute.Diff(read(t, `{"same":[1],"gone":true,"moved":"a"}`), read(t, `{"moved":"b","same":[1],"new":{"x":1}}`))
	require.Equal(t, []byte(`{"gone":true,"moved":"a"}`), attribute.AppendJSON(nil, was))  //nolint:testifylint // to the byte
	require.Equal(t, []byte(`{"moved":"b","new":{"x":1}}`), attribute.AppendJSON(nil, is)) //nolint:testifylint // to the byte
}

func TestFold(t *testing.T) {
	t.Parallel()
	for _, same := range [][]string{
		{"ana@acme.test", "ANA@ACME.TEST", "Ana@Acme.Test"},
		{"straße", "STRASSE", "STRAẞE"},
		{"Σίσυφος", "ΣΊΣΥΦΟΣ", "σίσυφοσ"},
		{"ﬁle", "FILE", "file"},
		{"ａｎａ", "ana", "ANA"},
		{"é", "E\u0301", "\u00c9"},
	} {
		for _, s := range same {
			require.Equal(t, attribute.Fold(same[0]), attribute.Fold(s), "%q and %q", same[0], s)
		}
	}
	require.NotEqual(t, attribute.Fold("ı"), attribute.Fold("i"), "the dotless i is a letter of its own")
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		require.Equal(t, attribute.Fold(s), attribute.Fold(attribute.Fold(s)), "folding twice is folding once")
	})
}

func TestEqualName(t *testing.T) {
	t.Parallel()
	require.True(t, attribute.EqualName("urn:ietf:X", "URN:IETF:x"))
	require.False(t, attribute.EqualName("a", "ab"))
	require.False(t, attribute.EqualName("[", "{"), "only letters have case")
	require.False(t, attribute.EqualName("K", "\u212a"), "the Kelvin sign is no k")
}
