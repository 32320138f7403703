package architecture_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// How many requirements the sections of OWASP ASVS 5.0.0 have, in the chapters that the page answers
// (https://github.com/OWASP/ASVS/tree/v5.0.0_release/5.0).
var asvs = map[string][]int{
	"6": {3, 12, 8, 6, 8, 4, 2, 4}, "7": {3, 4, 2, 5, 3, 2}, "8": {4, 4, 3, 2}, "10": {2, 3, 5, 16, 5, 2, 3},
	"11": {4, 5, 5, 4, 2, 2, 2}, "14": {2, 8, 3}, "16": {1, 5, 4, 3, 4},
}

// Security 45: the page says of each requirement, once and in order, whether and where it is met, and names tests and pages
// that there are.
func TestSecurity45EachRequirement(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	text, err := os.ReadFile(filepath.Join(root, "docs", "asvs.md"))
	require.NoError(t, err)
	page := string(text)
	var want, have []string
	for _, chapter := range []string{"6", "7", "8", "10", "11", "14", "16"} {
		for section, requirements := range asvs[chapter] {
			for n := range requirements {
				want = append(want, chapter+"."+strconv.Itoa(section+1)+"."+strconv.Itoa(n+1))
			}
		}
	}
	row := regexp.MustCompile(`(?m)^\| ([0-9.]+) \| ([^|]+) \| (.*) \|$`)
	for _, found := range row.FindAllStringSubmatch(page, -1) {
		have = append(have, found[1])
		require.Regexp(t, `^(met|partly|not|not unless set|does not apply|by (policy|connection|the operator))$`, found[2], found[1])
		require.NotEmpty(t, strings.TrimSpace(found[3]), "%s: where, or why not", found[1])
	}
	require.Equal(t, want, have)

	tests := testNames(t, root)
	for _, found := range regexp.MustCompile("`(Test[A-Za-z0-9]+)(…?)(?:/[^`]*)?`").FindAllStringSubmatch(page, -1) {
		require.Condition(t, func() bool {
			for name := range tests {
				if name == found[1] || found[2] != "" && strings.HasPrefix(name, found[1]) {
					return true
				}
			}
			return false
		}, "there is no test %s", found[1])
	}
	for _, found := range regexp.MustCompile(`\]\(([a-z/.-]+\.md)`).FindAllStringSubmatch(page, -1) {
		require.FileExists(t, filepath.Join(root, "docs", found[1]))
	}
}

// testNames are the tests of the whole tree.
func testNames(t *testing.T, root string) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	function := regexp.MustCompile(`(?m)^func (Test[A-Za-z0-9]+)\(`)
	for _, depth := range []string{"*", "*/*", "*/*/*"} {
		files, err := filepath.Glob(filepath.Join(root, depth, "*_test.go"))
		require.NoError(t, err)
		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			for _, found := range function.FindAllStringSubmatch(string(text), -1) {
				names[found[1]] = true
			}
		}
	}
	require.Greater(t, len(names), 100)
	return names
}
