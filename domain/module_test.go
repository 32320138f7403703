package domain_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
)

// The table of docs/permissions.md has every module of Usher's own, in the order in which GET /modules lists them, and every action.
func TestModulesAreDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/permissions.md")
	require.NoError(t, err)
	_, row, found := strings.Cut(string(text), "\n| Module | a part of Usher (")
	require.True(t, found)
	row, _, _ = strings.Cut(row, " |\n")
	listed, rest, found := strings.Cut(row, ")")
	require.True(t, found)
	word := regexp.MustCompile("`([^`]+)`")
	words := func(in string) (all []string) {
		for _, w := range word.FindAllStringSubmatch(in, -1) {
			all = append(all, w[1])
		}
		return all
	}

	var modules []string
	own := map[string][]string{}
	for _, m := range domain.BuiltInModules() {
		modules = append(modules, m.ID)
		if actions := m.OwnActions(); len(actions) > 0 {
			own[m.ID] = actions
		}
	}
	require.Equal(t, modules, words(listed))

	_, actions, found := strings.Cut(rest, "Every module has the actions ")
	require.True(t, found)
	parts := strings.Split(actions, "; ")
	require.Equal(t, []string{domain.ActionView, domain.ActionCreate, domain.ActionEdit, domain.ActionDelete}, words(parts[0]))
	documented := map[string][]string{}
	for _, part := range parts[1:] {
		if module, adds, found := strings.Cut(part, " adds "); found && strings.HasPrefix(module, "`") {
			documented[strings.Trim(module, "`")] = words(adds)
		}
	}
	require.Equal(t, own, documented)
}
