package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Proof is a test that bears a rule's name.
type Proof struct {
	Rule string
	Name string // the rule's, or with what the test shows of it behind a hyphen
	Door string // the folder of the test
	File string // from the root
}

// scan finds the proofs in all test files and scripts below a folder, in order of name and file.
func scan(root string, rules []string) ([]Proof, error) {
	var found []Proof
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name := entry.Name(); path != root && (strings.HasPrefix(name, ".") || name == "node_modules") {
				return filepath.SkipDir
			}
			return nil
		}
		var read func([]byte) ([]string, error)
		switch {
		case strings.HasSuffix(path, "_test.go"):
			read = testNames
		case strings.HasSuffix(path, ".txtar"):
			read = scriptNames
		default:
			return nil
		}
		source, err := os.ReadFile(path) //nolint:gosec // the source that is being built
		if err != nil {
			return err
		}
		named, err := read(source)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		file, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		file = filepath.ToSlash(file)
		for _, name := range named {
			if rule := ruleOf(name, rules); rule != "" {
				found = append(found, Proof{Rule: rule, Name: name, Door: door(file), File: file})
			}
		}
		return nil
	})
	slices.SortFunc(found, func(a, b Proof) int {
		return strings.Compare(a.Name+" "+a.File, b.Name+" "+b.File)
	})
	return slices.Compact(found), err
}

// door is the folder that a test is about: the package's, for a script the command's.
func door(file string) string {
	folder, _, _ := strings.Cut(file, "/testdata/")
	if folder == file {
		return file[:max(strings.LastIndex(file, "/"), 0)]
	}
	return folder
}

// ruleOf is the rule that a test of this name is about; empty: none. Of two that fit, the longer one.
func ruleOf(name string, rules []string) string {
	best := ""
	for _, rule := range rules {
		if (name == rule || strings.HasPrefix(name, rule+"-")) && len(rule) > len(best) {
			best = rule
		}
	}
	return best
}

// testNames are the texts that can be names of subtests: keys of tables, and what is given to Run.
func testNames(source []byte) ([]string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), "", source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var list []string
	ast.Inspect(file, func(n ast.Node) bool {
		for _, name := range namesIn(n) {
			if lit, ok := name.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if text, err := strconv.Unquote(lit.Value); err == nil {
					list = append(list, text)
				}
			}
		}
		return true
	})
	return list, nil
}

// namesIn are the expressions of a piece of source that name tests.
func namesIn(n ast.Node) []ast.Expr {
	switch n := n.(type) {
	case *ast.CallExpr:
		if call, ok := n.Fun.(*ast.SelectorExpr); ok && call.Sel.Name == "Run" && len(n.Args) > 0 {
			return n.Args[:1]
		}
	case *ast.CompositeLit:
		if n.Type == nil && len(n.Elts) > 1 && couldRun(n.Elts[1]) { // a row of a table: the name, then the test
			return n.Elts[:1]
		}
		if _, ok := n.Type.(*ast.MapType); ok {
			return keysOf(n)
		}
	}
	return nil
}

// keysOf a table are the names of what could be tests.
func keysOf(table *ast.CompositeLit) []ast.Expr {
	var keys []ast.Expr
	for _, element := range table.Elts {
		if pair, ok := element.(*ast.KeyValueExpr); ok && couldRun(pair.Value) {
			keys = append(keys, pair.Key)
		}
	}
	return keys
}

// couldRun reports whether a value of a table could be a test: a function, by name or in place.
func couldRun(value ast.Expr) bool {
	switch value.(type) {
	case *ast.Ident, *ast.FuncLit, *ast.SelectorExpr, *ast.CallExpr:
		return true
	}
	return false
}

// scriptNames are the rules that a script of the command line says it is about, by lines `# rule NAME`.
func scriptNames(source []byte) ([]string, error) {
	var list []string
	lines := bufio.NewScanner(bytes.NewReader(source))
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), "# rule "); ok {
			for name := range strings.FieldsSeq(rest) {
				list = append(list, strings.Trim(name, ",.:;"))
			}
		}
	}
	return list, lines.Err()
}

// wanting says which rules have no test, or are not tested through as many doors as people have.
func wanting(chapters []Chapter, proofs []Proof) error {
	var all error
	for _, c := range chapters {
		for _, r := range c.Rules {
			doors := doorsOf(r.Name, proofs)
			if len(doors) < r.Doors {
				all = errors.Join(all, fmt.Errorf("%s has tests of its name in %d of at least %d doors %v", r.Name, len(doors), r.Doors, doors))
			}
		}
	}
	return all
}

func doorsOf(rule string, proofs []Proof) []string {
	var doors []string
	for _, p := range proofs {
		if p.Rule == rule && !slices.Contains(doors, p.Door) {
			doors = append(doors, p.Door)
		}
	}
	slices.Sort(doors)
	return doors
}
