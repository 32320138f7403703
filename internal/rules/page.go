package main

import (
	"bytes"
	"fmt"
	"strings"
)

// page is docs/rules.md.
func page(chapters []Chapter, proofs []Proof) []byte {
	var b bytes.Buffer
	b.WriteString(`# Rules and their tests

Every rule has a name, which stands in the comments of the code that keeps it, and tests of that name. ` + "`make rules`" + ` writes
this page from the tests; CI fails when a rule has none, or when it is not shown through as many doors as people have.
One rule is run by its name:

	make test PKG=./domain RUN=TestRules/seat.wait
`)
	for _, c := range chapters {
		fmt.Fprintf(&b, "\n## %s\n\n| rule | says | tests |\n|---|---|---|\n", c.Title)
		for _, r := range c.Rules {
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", r.Name, r.Says, cell(r.Name, proofs))
		}
	}
	return b.Bytes()
}

// cell lists the tests of a rule, by door.
func cell(rule string, proofs []Proof) string {
	var doors []string
	for _, door := range doorsOf(rule, proofs) {
		var links []string
		for _, p := range proofs {
			if p.Rule == rule && p.Door == door {
				links = append(links, fmt.Sprintf("[%s](../%s)", p.Name, p.File))
			}
		}
		doors = append(doors, door+": "+strings.Join(links, ", "))
	}
	return strings.Join(doors, "<br>")
}
