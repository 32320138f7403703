// Command rules keeps docs/rules.md: every named rule of the domain, and the tests that prove it. It reads the names of
// tests out of their source, so that a rule without a test, or a test of a rule that does not exist, is found.
//
//	go run ./internal/rules           writes the page
//	go run ./internal/rules -check    fails where a rule has no test, or where the page is not what it would write
//
// A test proves a rule when it bears the rule's name: the key of a table in a test file or the name of a subtest
// ("seat.wait", or "seat.wait-at-once" for one side of it), or in a script of the command line a line `# rule seat.wait`.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	check := flag.Bool("check", false, "write nothing; fail where the page or the tests are wanting")
	flag.Parse()
	if err := run(".", *check); err != nil {
		fmt.Fprintln(os.Stderr, "rules:", err) //nolint:forbidigo // a command of its own
		os.Exit(1)                             //nolint:forbidigo // a command of its own
	}
}

// run reads the tree at a folder and writes or checks its page.
func run(root string, check bool) error {
	proofs, err := scan(root, names(Catalogue()))
	if err != nil {
		return err
	}
	if err := wanting(Catalogue(), proofs); err != nil {
		return err
	}
	path := filepath.Join(root, "docs", "rules.md")
	want := page(Catalogue(), proofs)
	if !check {
		return os.WriteFile(path, want, 0o600)
	}
	have, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if !bytes.Equal(have, want) {
		return fmt.Errorf("%s does not say what the tests say: go run ./internal/rules", path)
	}
	return nil
}
