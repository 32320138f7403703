package domain_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
)

// docs/states.md draws the steps that the code has, no more and no less, in the drawing as in the table, and names every
// reason of a refusal.
func TestStatesAreDrawn(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/states.md")
	require.NoError(t, err)
	name := func(s domain.Status, nobody string) string {
		if s == domain.Nobody {
			return nobody
		}
		return string(s)
	}
	var drawing, table []string
	for _, step := range domain.Transitions() {
		by := strings.Join(step.By, ", ")
		drawing = append(drawing, fmt.Sprintf("%s --> %s: %s", name(step.From, "[*]"), name(step.To, "[*]"), by))
		table = append(table, fmt.Sprintf("| %s | %s | %s |", name(step.From, "nobody"), name(step.To, "nobody"), by))
	}
	lines := func(form string) []string {
		var found []string
		for _, line := range regexp.MustCompile("(?m)"+form).FindAllString(string(text), -1) {
			found = append(found, strings.TrimSpace(line))
		}
		return found
	}
	require.Equal(t, drawing, lines(`^    \S+ --> \S+: .*$`))
	require.Equal(t, table, lines(`^\| (?:nobody|pending|active|inactive) \| (?:nobody|pending|active|inactive) \| .* \|$`))
	for reason, word := range constants(t, "decision.go", "Reason") {
		require.Contains(t, string(text), "`"+word+"`", reason)
	}
}
