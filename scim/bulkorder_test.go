package scim

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"usher/domain/attribute"
)

func TestComponents(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		refers [][]int
		want   [][]int
	}{
		"nothing":                    {nil, nil},
		"no references":              {[][]int{{}, {}, {}}, [][]int{{0}, {1}, {2}}},
		"backwards":                  {[][]int{{}, {0}, {1}}, [][]int{{0}, {1}, {2}}},
		"forwards":                   {[][]int{{2}, {}, {}}, [][]int{{2}, {0}, {1}}},
		"a circle":                   {[][]int{{1}, {0}, {}}, [][]int{{0, 1}, {2}}},
		"oneself":                    {[][]int{{0}}, [][]int{{0}}},
		"a circle behind another":    {[][]int{{1}, {0, 2}, {3}, {2}}, [][]int{{2, 3}, {0, 1}}},
		"what a circle needs, first": {[][]int{{1, 2}, {0}, {}}, [][]int{{2}, {0, 1}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := components(len(test.refers), func(i int) []int { return test.refers[i] })
			for _, c := range got {
				slices.Sort(c)
			}
			require.Equal(t, test.want, got)
		})
	}
}

// Everything comes once, after what it refers to, and together with what refers back.
func TestComponentsKeepTheirPromise(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 30).Draw(t, "n")
		refers := make([][]int, n)
		for i := range refers {
			refers[i] = rapid.SliceOfN(rapid.IntRange(0, n-1), 0, 4).Draw(t, "refers")
		}
		place := map[int]int{}
		for at, c := range components(n, func(i int) []int { return refers[i] }) {
			for _, i := range c {
				_, twice := place[i]
				require.False(t, twice)
				place[i] = at
			}
		}
		require.Len(t, place, n)
		for i := range refers {
			reached := reach(refers, i)
			for j := range refers {
				if reached[j] {
					require.LessOrEqual(t, place[j], place[i])
					require.Equal(t, reach(refers, j)[i], place[j] == place[i])
				}
			}
		}
	})
}

// reach is everything that can be come to from i by at least one step.
func reach(refers [][]int, i int) map[int]bool {
	seen, todo := map[int]bool{}, slices.Clone(refers[i])
	for len(todo) > 0 {
		j := todo[0]
		todo = todo[1:]
		if !seen[j] {
			seen[j] = true
			todo = append(todo, refers[j]...)
		}
	}
	return seen
}

// A chain and a ring of as many operations as a request may hold end in bounded time and stack.
func TestSecurity21ComponentsAreBounded(t *testing.T) {
	t.Parallel()
	chain := components(maxOperations, func(i int) []int {
		if i+1 < maxOperations {
			return []int{i + 1}
		}
		return nil
	})
	require.Len(t, chain, maxOperations)
	ring := components(maxOperations, func(i int) []int { return []int{(i + 1) % maxOperations, 0} })
	require.Len(t, ring, 1)
}

func TestReferences(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"a"}, mentions("value", "bulkId:a"))
	require.Equal(t, []string{"a"}, mentions("manager", "BULKID:a"))
	require.Empty(t, mentions("displayName", "bulkId:a"), "a text that looks like a reference is a text")
	require.Equal(t, []string{"a", "b"}, mentions("path", `members[value eq "bulkId:a" or value eq "bulkId:b"]`))
	require.Empty(t, mentions("path", "bulkId"))
	require.Empty(t, mentions("value", "bulkId:"))
	require.Empty(t, mentions("value", "x bulkId:a"))

	data, err := attribute.Read([]byte(`{"a":[null,{"value":"bulkId:x"},"bulkId:y"],"path":"m[value eq \"bulkId:x\"]","n":null,"e":{},"l":[],"b":true,"d":1.50}`), attribute.Bounds{})
	require.NoError(t, err)
	known := func(id string) (string, bool) { return "ID", id == "x" }
	want := `{"a":[null,{"value":"ID"},"bulkId:y"],"path":"m[value eq \"ID\"]","n":null,"e":{},"l":[],"b":true,"d":1.50}`
	got := string(appendExact(nil, resolved(data, "", known)))
	require.True(t, want == got, got) //nolint:testifylint // to the byte: null and 1.50 as they were
}
