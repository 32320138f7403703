package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// made is a tree with one test file of each kind.
func made(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{
		"domain/rules_test.go": `package domain
func TestRules(t *testing.T) {
	for name, rule := range map[string]func(){
		"seat.wait": seatWait, "seat.wait-at-once": seatWait, "seat.waiting": other, "unknown.rule": other,
	} { t.Run(name, rule) }
	t.Run("owner.last", func(t *testing.T) {})
	words := map[string]string{"seat.take": "is a text"}
}`,
		"cmd/x/testdata/script/seat.txtar": "# rule seat.wait, by hand\nexec x\n",
		"domain/seat.go":                   `package domain // "seat.wait"`,
		".cache/other_test.go":             "package broken(",
	} {
		path := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return root
}

var someRules = []string{"owner.last", "seat.take", "seat.wait"}

func TestScanFindsNamesOfTests(t *testing.T) {
	t.Parallel()
	proofs, err := scan(made(t), someRules)
	require.NoError(t, err)
	require.Equal(t, []Proof{
		{Rule: "owner.last", Name: "owner.last", Door: "domain", File: "domain/rules_test.go"},
		{Rule: "seat.wait", Name: "seat.wait", Door: "cmd/x", File: "cmd/x/testdata/script/seat.txtar"},
		{Rule: "seat.wait", Name: "seat.wait", Door: "domain", File: "domain/rules_test.go"},
		{Rule: "seat.wait", Name: "seat.wait-at-once", Door: "domain", File: "domain/rules_test.go"},
	}, proofs)
}

func TestWantingTellsWhatHasNoTest(t *testing.T) {
	t.Parallel()
	proofs, err := scan(made(t), someRules)
	require.NoError(t, err)
	chapters := []Chapter{{"Seats", []Rule{{"seat.wait", "", 2}, {"owner.last", "", 1}}}}
	require.NoError(t, wanting(chapters, proofs))

	chapters[0].Rules[1].Doors = 2
	require.EqualError(t, wanting(chapters, proofs), "owner.last has tests of its name in 1 of at least 2 doors [domain]")
	chapters[0].Rules[1] = Rule{"seat.take", "", 1}
	require.EqualError(t, wanting(chapters, proofs), "seat.take has tests of its name in 0 of at least 1 doors []")
}

func TestRulesOfTwoThatFitIsTheLonger(t *testing.T) {
	t.Parallel()
	rules := []string{"seat.wait", "seat.wait-long"}
	require.Equal(t, "seat.wait-long", ruleOf("seat.wait-long-time", rules))
	require.Equal(t, "seat.wait", ruleOf("seat.wait-at-once", rules))
	require.Empty(t, ruleOf("seat.waiting", rules))
}

func TestPageLinksTests(t *testing.T) {
	t.Parallel()
	proofs, err := scan(made(t), someRules)
	require.NoError(t, err)
	text := string(page([]Chapter{{"Seats", []Rule{{"seat.wait", "Who waits.", 2}}}}, proofs))
	require.Contains(t, text, "| `seat.wait` | Who waits. | cmd/x: [seat.wait](../cmd/x/testdata/script/seat.txtar)<br>"+
		"domain: [seat.wait](../domain/rules_test.go), [seat.wait-at-once](../domain/rules_test.go) |\n")
}

// The page says what the tests of this tree say, and every rule has tests through as many doors as people have.
func TestThePageIsTrue(t *testing.T) {
	t.Parallel()
	require.NoError(t, run("../..", true))
}
