package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// divide looks at the tree below a folder, and gives by package the patterns of its tests that need the race detector:
// ^TestName$, or ^TestName$/^subtest$. The benchmarks have no part in it: what they load is the code that others test.
func divide(root string) (map[string][]string, error) {
	packages, err := read(root)
	if err != nil {
		return nil, err
	}
	division := map[string][]string{}
	for _, p := range packages {
		var chosen []string
		for _, test := range p.tests() {
			reason, excepted := without(test)
			switch {
			case excepted && reason == "":
				return nil, fmt.Errorf("%s: %s: //race:without says why", p.path, test.name())
			case !excepted:
				chosen = append(chosen, p.patterns(test, packages)...)
			}
		}
		if len(chosen) > 0 {
			slices.Sort(chosen)
			division[p.path] = chosen
		}
	}
	if len(division) == 0 {
		return nil, errors.New("no test starts a goroutine: is this the tree?")
	}
	return division, nil
}

// without reads the line that excepts a test.
func without(test *function) (reason string, excepted bool) {
	if test.decl.Doc == nil {
		return "", false
	}
	for _, line := range test.decl.Doc.List {
		if rest, ok := strings.CutPrefix(line.Text, "//race:without"); ok {
			return strings.TrimSpace(rest), true
		}
	}
	return "", false
}

// patterns are those of a test, or of its subtests, that need the race detector.
func (p *folder) patterns(test *function, packages map[string]*folder) []string {
	whole := "^" + test.name() + "$"
	if p.starts {
		return []string{whole}
	}
	cases, rest := subtests(test.decl.Body)
	if p.reaches(test.within(rest), packages) {
		return []string{whole}
	}
	var out []string
	for name, body := range cases {
		if p.reaches(test.within(body), packages) {
			out = append(out, whole+"/^"+regexp.QuoteMeta(strings.ReplaceAll(name, " ", "_"))+"$")
		}
	}
	return out
}

// read parses every folder with Go files below a root.
func read(root string) (map[string]*folder, error) {
	packages := map[string]*folder{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() {
			if path != root && (name == "bench" || name == "testdata" || name == "node_modules" || strings.HasPrefix(name, ".")) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		inside, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		inside = filepath.ToSlash(inside)
		if packages[inside] == nil {
			packages[inside] = &folder{path: inside, forTests: strings.HasSuffix(inside, "test"), functions: map[string][]*function{}}
		}
		return packages[inside].add(path)
	})
	return packages, err
}
