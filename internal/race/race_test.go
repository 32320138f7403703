package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// tree writes files below a folder; a file's name says whether it holds tests.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte("package p\n"+text), 0o600))
	}
	return root
}

// Whatever way a test comes to a goroutine, it is found.
func TestWhoStartsGoroutinesIsFound(t *testing.T) {
	t.Parallel()
	const concurrently = "func atOnce(do func()) { go do() }\ntype group struct{}\nfunc (group) both() { atOnce(nil) }\n"
	for name, test := range map[string]struct {
		files map[string]string
		want  string
	}{
		"by the statement":          {map[string]string{"a/a_test.go": "func TestA() { go f() }\nfunc TestB() { f() }"}, "^TestA$"},
		"by a group":                {map[string]string{"a/a_test.go": "func TestA() { var g sync.WaitGroup; g.Go(f) }"}, "^TestA$"},
		"by a clock":                {map[string]string{"a/a_test.go": "func TestA() { time.AfterFunc(1, f) }"}, "^TestA$"},
		"in a closure":              {map[string]string{"a/a_test.go": "func TestA() { f(func() { go g() }) }"}, "^TestA$"},
		"by another function":       {map[string]string{"a/a_test.go": "func TestA() { atOnce(f) }", "a/b_test.go": concurrently}, "^TestA$"},
		"by a method's method":      {map[string]string{"a/a_test.go": "func TestA() { g.both() }", "a/b_test.go": concurrently}, "^TestA$"},
		"by a function handed on":   {map[string]string{"a/a_test.go": "func TestA() { f(atOnce) }", "a/b_test.go": concurrently}, "^TestA$"},
		"by who calls each other":   {map[string]string{"a/a_test.go": "func TestA() { f() }\nfunc f() { g() }\nfunc g() { f(); go f() }"}, "^TestA$"},
		"in a package for tests":    {map[string]string{"a/a_test.go": "import \"usher/b/btest\"\nfunc TestA() { btest.All() }", "b/btest/b.go": "func All() { go f() }"}, "^TestA$"},
		"in a method of such a one": {map[string]string{"a/a_test.go": "import x \"usher/b/btest\"\nfunc TestA() { x.New().All() }", "b/btest/b.go": "func (s) All() { go f() }"}, "^TestA$"},
		"of a fuzz target":          {map[string]string{"a/a_test.go": "func FuzzA() { go f() }\nfunc ExampleA() { go f() }\nfunc BenchmarkA() { go f() }\nfunc Testify() { go f() }"}, "^ExampleA$|^FuzzA$"},
		"all where the package does": {map[string]string{"a/a.go": "func f() { go g() }", "a/a_test.go": "func TestA() {}\nfunc TestB() {}\nfunc TestMain() {}"},
			"^TestA$|^TestB$"},
		"all but who is excepted": {map[string]string{"a/a.go": "func f() { go g() }", "a/a_test.go": "// TestA is.\n//\n//race:without alone\nfunc TestA() {}\nfunc TestB() {}"},
			"^TestB$"},
		"entries of a table": {map[string]string{"a/a_test.go": concurrently + `func TestA() {
			for name, rule := range map[string]func(){"a.b-at once": one, "c": two, "d": func() { go f() }} { t.Run(name, func() { rule() }) } }
			func one() { atOnce(f) }
			func two() {}`}, `^TestA$/^a\.b-at_once$|^TestA$/^d$`},
		"a whole table with one loop": {map[string]string{"a/a_test.go": concurrently + `func TestA() {
			for name, rule := range map[string]func(){"a": one} { t.Run(name, func() { go rule() }) } }
			func one() {}`}, "^TestA$"},
		"a whole table of other subtests": {map[string]string{"a/a_test.go": concurrently + `func TestA() {
			for name, rule := range map[string]func(){"a": one, "b": two} { t.Run("of "+name, func() { rule() }) } }
			func one() { atOnce(f) }
			func two() {}`}, "^TestA$"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			division, err := divide(tree(t, test.files))
			require.NoError(t, err)
			require.Equal(t, []string{"./a\t" + test.want}, lines(division))
		})
	}
}

// What is called by the name of something else in another package is not that.
func TestNamesakesAreApart(t *testing.T) {
	t.Parallel()
	_, err := divide(tree(t, map[string]string{
		"a/a_test.go":     "import (\n\"usher/b\"\n\"usher/c/ctest\"\n)\nfunc TestA() { b.All(); x.all(); x.every(); ctest.New() }",
		"b/b_test.go":     "func All() { go f() }\nfunc (s) every() { go f() }",
		"c/ctest/c.go":    "func New() {}\nfunc (s) all() { go f() }",
		"bench/x.go":      "func f() { go g() }",
		"bench/x_test.go": "func TestX() { go f() }",
	}))
	require.ErrorContains(t, err, "no test starts a goroutine")
}

func TestAnExceptionSaysWhy(t *testing.T) {
	t.Parallel()
	_, err := divide(tree(t, map[string]string{"a/a_test.go": "//race:without\nfunc TestA() { go f() }"}))
	require.ErrorContains(t, err, "a: TestA: //race:without says why")
}

// In this tree: whoever puts people side by side has them, and who is alone has not.
func TestDivisionOfThisTree(t *testing.T) {
	t.Parallel()
	division, err := divide(filepath.Join("..", ".."))
	require.NoError(t, err)
	for folder, tests := range map[string][]string{
		"persistence": {"^TestConcurrency$", "^TestKill$", "^TestContract$"},
		"domain":      {`^TestRules$/^seat\.never-oversold$`, `^TestRules$/^seat\.wait-at-once$`, "^TestLimiterConcurrently$"},
		"cmd/usher":   {"^TestWorkers$"},
		"admin/api":   {"^TestIdempotencyKeyAtOnce$"},
	} {
		require.Subset(t, division[folder], tests, folder)
	}
	require.NotContains(t, division["cmd/usher"], "^TestScripts$")
	all := strings.Join(lines(division), "\n")
	require.NotContains(t, all, "TestLifeAgreesWithModel")
	for folder := range maps.Keys(division) {
		require.True(t, slices.IsSorted(division[folder]), folder)
	}
}
