package company

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"usher/domain/attribute"
)

func TestTheSameCompanyIsMadeEveryTime(t *testing.T) {
	t.Parallel()
	c := Company{Name: "acme", People: 500, Groups: 40}
	people, groups, order := make([]Person, c.People), make([]Group, c.Groups), c.order()
	for n := range people {
		people[n] = c.Person(n)
	}
	for n := range groups {
		groups[n] = c.Group(n)
	}
	for n := c.People - 1; n >= 0; n-- { // in whatever order they are made
		require.Equal(t, people[n], c.Person(n))
	}
	for n := c.Groups - 1; n >= 0; n-- {
		require.Equal(t, groups[n], c.Group(n))
	}
	require.Equal(t, order, c.order())
}

func TestNoTwoShareAName(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, c := range []Company{{"acme", 3000, 300}, {"other", 3000, 300}} {
		for n := range c.People {
			p := c.Person(n)
			require.Empty(t, seen[attribute.Fold(p.UserName)])
			seen[attribute.Fold(p.UserName)] = p.UserName
		}
		for n := range c.Groups {
			g := c.Group(n)
			require.Empty(t, seen[attribute.Fold(g.DisplayName)])
			seen[attribute.Fold(g.DisplayName)] = g.DisplayName
		}
	}
}

// What the package promises of its people occurs, in a small company already.
func TestPeopleAreOfAllKinds(t *testing.T) {
	t.Parallel()
	c := Company{Name: "acme", People: 600, Groups: 30}
	scripts := map[string]*unicode.RangeTable{
		"Cyrillic": unicode.Cyrillic, "Greek": unicode.Greek, "Han": unicode.Han, "Hiragana": unicode.Hiragana, "Hangul": unicode.Hangul,
		"Arabic": unicode.Arabic, "Hebrew": unicode.Hebrew, "Devanagari": unicode.Devanagari, "Thai": unicode.Thai, "signs": unicode.So,
	}
	position := make([]int, c.People)
	for at, n := range c.order() {
		position[n] = at
	}
	kinds, managed := map[string]int{}, make([]bool, c.People)
	count := func(kind string, is bool) {
		if is {
			kinds[kind]++
		}
	}
	for n := range c.People {
		p := c.Person(n)
		var b bytes.Buffer
		require.NoError(t, json.NewEncoder(&b).Encode(p.Body))
		text := quote(p.Body)
		for script, letters := range scripts {
			count(script, strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(letters, r) }))
		}
		emails, _ := p.Body["emails"].([]any)
		phones, _ := p.Body["phoneNumbers"].([]any)
		addresses, _ := p.Body["addresses"].([]any)
		count("decomposed", !norm.NFC.IsNormalString(text))
		count("several e-mails", len(emails) > 1)
		count("several phones", len(phones) > 1)
		count("several addresses", len(addresses) > 1)
		active, _ := p.Body["active"].(bool)
		count("inactive", !active)
		count("without externalId", p.Body["externalId"] == nil)
		if p.Manager == nobody {
			count("without manager", true)
			continue
		}
		require.Less(t, p.Manager, n, "the managers are a tree")
		managed[p.Manager] = true
		count("manager by id", p.PatchedIn)
		count("manager by externalId", !p.PatchedIn)
		count("manager by id who is pushed later", p.PatchedIn && position[p.Manager] > position[n])
		count("manager by id who is pushed earlier", p.PatchedIn && position[p.Manager] < position[n])
		count("manager by externalId who is pushed later", !p.PatchedIn && position[p.Manager] > position[n])
		count("manager by externalId who is pushed earlier", !p.PatchedIn && position[p.Manager] < position[n])
	}
	for _, is := range managed {
		count("manages", is)
	}
	for _, kind := range []string{
		"Cyrillic", "Greek", "Han", "Hiragana", "Hangul", "Arabic", "Hebrew", "Devanagari", "Thai", "signs", "decomposed", "several e-mails",
		"several phones", "several addresses", "inactive", "without externalId", "without manager", "manager by id", "manager by externalId",
		"manager by id who is pushed later", "manager by id who is pushed earlier", "manager by externalId who is pushed later",
		"manager by externalId who is pushed earlier", "manages",
	} {
		require.GreaterOrEqual(t, kinds[kind], 5, kind)
	}
}

func TestGroupsAreOfAllSizes(t *testing.T) {
	t.Parallel()
	c := Company{Name: "acme", People: 100_000, Groups: 2_000}
	sizes := map[int]int{}
	nested := 0
	for n := range c.Groups {
		g := c.Group(n)
		seen := map[int]bool{}
		for _, p := range g.People {
			require.False(t, seen[p])
			require.True(t, p >= 0 && p < c.People)
			seen[p] = true
		}
		for _, in := range g.Groups {
			require.True(t, in != n && in >= 0 && in < c.Groups)
			nested++
		}
		sizes[len(g.People)]++
	}
	require.Positive(t, sizes[0])
	require.Positive(t, sizes[largest])
	require.Greater(t, len(sizes), 100)
	require.Greater(t, nested, 500)
	require.Contains(t, c.Group(1).Groups, 2)
	require.Contains(t, c.Group(2).Groups, 1)

	of, memberships, groups := c.memberOf()
	total := 0
	for _, list := range of {
		total += len(list)
	}
	require.Equal(t, memberships, total)
	require.Equal(t, nested, groups)
}

func TestTheSmallestCompaniesCanBeMade(t *testing.T) {
	t.Parallel()
	for people := 1; people < 20; people++ {
		c := Company{Name: "a", People: people, Groups: 14}
		for n := range c.Groups {
			require.LessOrEqual(t, len(c.Group(n).People), people)
		}
	}
}

func TestWhatCannotBeMadeIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []Company{{"", 1, 1}, {"Acme", 1, 1}, {"a b", 1, 1}, {"a", 0, 1}, {"a", 1, -1}, {"a", MostPeople + 1, 1}, {"a", 1, MostGroups + 1}} {
		require.Error(t, c.Check(), "%v", c)
	}
	good := Server{URL: "http://127.0.0.1:1/scim/v2", Connections: 1}
	require.NoError(t, good.Check())
	for _, url := range []string{"http://192.0.2.1/scim/v2", "http://example.test:80/scim/v2", "https://127.0.0.1:1/scim/v2", "http://127.0.0.1:1/scim/v2/", "127.0.0.1:1", "http://127.0.0.1:1/?a"} {
		require.Error(t, Server{URL: url, Connections: 1}.Check(), url)
	}
	for _, n := range []int{0, -1, MostConnections + 1} {
		require.Error(t, Server{URL: good.URL, Connections: n}.Check())
	}
}
