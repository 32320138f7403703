package signin

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/persistence"
	"usher/persistence/storetest"
)

// documented are the first cells of the table under a heading of docs/bridge.md.
func documented(t *testing.T, heading string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "docs", "bridge.md"))
	require.NoError(t, err)
	_, section, found := strings.Cut(string(text), "\n## "+heading+"\n")
	require.True(t, found)
	section, _, _ = strings.Cut(section, "\n## ")
	var cells []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(section, -1) {
		cells = append(cells, row[1])
	}
	return cells
}

// docs/bridge.md has every header and every claim, and no other.
func TestPageOfTheBridge(t *testing.T) {
	t.Parallel()
	claimed := []string{"iss", "sub", "aud", "iat", "exp", "jti"}
	for field := range reflect.TypeFor[claims]().Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		claimed = append(claimed, name)
	}
	require.Equal(t, claimed, documented(t, "Claims"))

	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		g := newGate(t, store)
		g.member("ana@acme.test")
		var sent []string
		for name := range g.nginx(g.session("ana@acme.test")).Header() {
			if strings.HasPrefix(name, "X-Usher-") {
				sent = append(sent, name)
			}
		}
		listed := documented(t, "Headers")
		require.ElementsMatch(t, sent, listed)
		nginx, err := os.ReadFile(filepath.Join("..", "docs", "examples", "nginx.conf"))
		require.NoError(t, err)
		slices.Sort(listed)
		for _, file := range []string{"bridge.md", filepath.Join("examples", "Caddyfile")} {
			text, err := os.ReadFile(filepath.Join("..", "docs", file))
			require.NoError(t, err)
			_, copied, _ := strings.Cut(string(text), "copy_headers ")
			copied, _, _ = strings.Cut(copied, "\n")
			words := strings.Fields(copied)
			slices.Sort(words)
			require.Equal(t, listed, words, "Caddy copies them all")
		}
		for _, name := range listed {
			require.Contains(t, string(nginx), "proxy_set_header "+name+" $", "nginx replaces what a client sends")
		}
	})
}
