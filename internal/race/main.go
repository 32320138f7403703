// Command race says which tests run with the race detector. It makes a test three to ten times as long, and finds nothing
// where only one goroutine is at work; so these tests run with it, and all others without:
//
//   - those that start goroutines, themselves or through what they call in the tests' own code;
//   - all of a package whose own code starts goroutines.
//
// Who only uses what starts goroutines elsewhere, a store or a server, leaves races in it to the tests of its package. A test
// is excepted by a line in its comment that says why:
//
//	//race:without each program is a process of its own
//
// What it prints is a line for each package that has such tests: its folder and their pattern. `go test -run PATTERN` and
// `go test -skip PATTERN` are complements: whatever the pattern says, no test is left out (.ci/test runs both).
package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

func main() {
	division, err := divide(".")
	if err != nil {
		fmt.Fprintln(os.Stderr, "race:", err) //nolint:forbidigo // a command of its own
		os.Exit(1)                            //nolint:forbidigo // a command of its own
	}
	for _, line := range lines(division) {
		_, _ = fmt.Fprintln(os.Stdout, line) //nolint:forbidigo // a command of its own
	}
}

// lines are what is printed.
func lines(division map[string][]string) []string {
	var out []string
	for folder, patterns := range division {
		out = append(out, "./"+folder+"\t"+strings.Join(patterns, "|"))
	}
	slices.Sort(out)
	return out
}
