package scim

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"usher/domain"
	"usher/domain/attribute"
	"usher/scim/schema"
)

const (
	memberOne = "01990000-0000-7000-8000-000000000001"
	memberTwo = "01990000-0000-7000-8000-000000000002"
)

// readMembers reads a group's body as a request does.
func readMembers(body string) (attribute.Value, []string, error) {
	set, err := schema.Standard()
	if err != nil {
		return attribute.Value{}, nil, err
	}
	x := &exchange{service: &service{}}
	var list memberList
	tree, err := parse([]byte(body), attribute.Bounds{Element: list.take})
	if err == nil {
		tree, err = x.wholeGroup(set.View(schema.Group), tree, &list)
	}
	var ids []string
	for _, id := range list.distinct() {
		ids = append(ids, id.String())
	}
	return tree, ids, err
}

func TestMembersOfABody(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		members string
		want    []string
		code    string
	}{
		"objects":                     {members: `"members":[{"value":"` + memberTwo + `","type":"User","display":"x","$ref":"y"},{"value":"` + memberOne + `"}]`, want: []string{memberOne, memberTwo}},
		"in any case":                 {members: `"MEMBERS":[{"VALUE":"` + memberOne + `"}]`, want: []string{memberOne}},
		"twice":                       {members: `"members":[{"value":"` + memberOne + `"},{"value":"` + memberOne + `"}]`, want: []string{memberOne}},
		"bare":                        {members: `"members":["` + memberOne + `"]`, want: []string{memberOne}},
		"one object":                  {members: `"members":{"value":"` + memberOne + `"}`, want: []string{memberOne}},
		"a link":                      {members: `"members":[{"$ref":"https://x/scim/v2/Users/` + memberOne + `/"}]`, want: []string{memberOne}},
		"by the URN":                  {members: `"` + domain.URNGroup + `:members":[{"value":"` + memberOne + `"}]`, want: []string{memberOne}},
		"in an object called by it":   {members: `"` + domain.URNGroup + `":{"members":[{"value":"` + memberOne + `"}]}`, want: []string{memberOne}},
		"none":                        {members: `"members":[]`},
		"null":                        {members: `"members":null`},
		"nulls and nothing":           {members: `"members":[null,{},{"value":null}]`},
		"no id":                       {members: `"members":[{"value":"nobody"}]`, code: domain.CodeInvalidValue},
		"an id in capitals":           {members: `"members":[{"value":"` + strings.ToUpper("01990000-0000-7000-8000-0000000000ab") + `"}]`, code: domain.CodeInvalidValue},
		"an empty value":              {members: `"members":[{"value":""}]`, code: domain.CodeInvalidValue},
		"a number":                    {members: `"members":[{"value":1}]`, code: domain.CodeInvalidValue},
		"no value but something else": {members: `"members":[{"display":"Ana"}]`, code: domain.CodeInvalidValue},
		"numbers":                     {members: `"members":[1]`, code: domain.CodeInvalidValue},
		"lists":                       {members: `"members":[["` + memberOne + `"]]`, code: domain.CodeInvalidValue},
		"a list elsewhere":            {members: `"other":{"members":[{"value":"nobody"}]}`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tree, ids, err := readMembers(`{"displayName":"g",` + test.members + `}`)
			if test.code != "" {
				require.True(t, domain.IsCode(err, test.code), "%v", err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.want, ids)
			require.False(t, tree.Get("members").Assigned(), "members are no part of the tree")
			require.Equal(t, "g", tree.Get("displayName").Text())
		})
	}
}

// 100,000 members are identifiers, never a tree.
func TestManyMembersAreAStream(t *testing.T) {
	t.Parallel()
	const n = 100_000
	body := []byte(`{"displayName":"g","members":[` + strings.TrimSuffix(strings.Repeat(`{"value":"`+memberOne+`","type":"User"},`, n), ",") + `]}`)
	allocated := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			var list memberList
			tree, err := parse(body, attribute.Bounds{Element: list.take})
			if err != nil || len(list.ids) != n || tree.Get("members").Len() != 0 {
				b.Fatal(err, len(list.ids))
			}
		}
	}).AllocedBytesPerOp()
	// The text once more, 16 bytes an identifier in a slice that doubles, and each object while it passes by.
	require.Less(t, allocated, int64(len(body)+n*600))
}

// Whatever is sent as a group ends in an error of the client's or in members that are identifiers.
func TestAnyGroupBody(t *testing.T) {
	t.Parallel()
	pieces := []string{
		`{`, `}`, `[`, `]`, `,`, `:`, `"members"`, `"value"`, `"$ref"`, `"displayName"`, `"g"`, `null`, `1`, `true`, `"` + memberOne + `"`, `"` + domain.URNGroup + `"`,
		`{"value":"` + memberOne + `"}`, `"members":[`, `{"displayName":"g",`,
	}
	rapid.Check(t, func(t *rapid.T) {
		body := strings.Join(rapid.SliceOf(rapid.SampledFrom(pieces)).Draw(t, "body"), "")
		if rapid.Bool().Draw(t, "whole") {
			body = `{"displayName":"g","members":[` + body + `]}`
		}
		_, ids, err := readMembers(body)
		if err != nil {
			require.True(t, domain.IsKind(err, domain.Invalid), "%v", err)
		}
		for _, id := range ids {
			require.Len(t, id, 36)
		}
	})
}
