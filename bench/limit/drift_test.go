package limit

import (
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/persistence"
)

var update = flag.Bool("update", false, "write the statements that read anew")

// The reads are those that a store has prepared after it was asked the same.
func TestTheReadsAreWhatUsherRuns(t *testing.T) {
	t.Parallel()
	b := newBoth(t, 10)
	b.get(t, "/ServiceProviderConfig", 200)
	before := prepared(b.store)
	b.get(t, "/Users/"+b.people.User(1).String(), 200)
	b.get(t, `/Users?filter=userName+eq+%22x%22`, 200)
	b.get(t, "/Users?startIndex=1&count=100", 200)
	var reads []string
	for _, text := range prepared(b.store) {
		if !slices.Contains(before, text) {
			reads = append(reads, text)
		}
	}
	require.Len(t, reads, 3, "one statement each: if Usher needs more, so does the limit")
	for file, marks := range map[string]string{"get.sql": "u.user_id = ?", "equal.sql": "u.user_name_key = ?", "page.sql": "resource_counts"} {
		at := slices.IndexFunc(reads, func(text string) bool { return strings.Contains(text, marks) })
		require.GreaterOrEqual(t, at, 0, file)
		if *update {
			require.NoError(t, os.WriteFile(file, []byte(reads[at]+"\n"), 0o644))
		}
		written, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, reads[at], plain(string(written)), "%s is not what Usher runs: go test ./bench/limit -update", file)
	}
}

// prepared are the statements that a store has prepared on its readers. Reflection sees them where nobody else needs to.
func prepared(store *persistence.Store) []string {
	known := reflect.ValueOf(store).Elem().FieldByName("engine").Elem().Elem().FieldByName("reads").FieldByName("known")
	var list []string
	for _, text := range known.MapKeys() {
		list = append(list, plain(text.String()))
	}
	return list
}

var space = regexp.MustCompile(`\s+`)

func plain(sql string) string { return space.ReplaceAllString(strings.TrimSpace(sql), " ") }

// The writes are texts of package persistence.
func TestTheWritesAreWhatUsherRuns(t *testing.T) {
	t.Parallel()
	texts := texts(t, "../../persistence")
	for _, sql := range append(createSQL(), saveUserSQL, releaseSeatSQL, takeSeatSQL) {
		require.True(t, slices.ContainsFunc(texts, func(text *regexp.Regexp) bool { return text.MatchString(plain(sql)) }),
			"package persistence has no such statement:\n%s", sql)
	}
}

// texts are the strings that a package's source makes, with anything for what is only known when it runs.
func texts(t *testing.T, dir string) []*regexp.Regexp {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	s := sources{constants: map[string]ast.Expr{}}
	var parsed []*ast.File
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		file, err := parser.ParseFile(token.NewFileSet(), name, text, 0)
		require.NoError(t, err)
		parsed = append(parsed, file)
		maps.Copy(s.constants, constants(file))
	}
	const shortest = 40 // characters; what is shorter is no statement
	var found []*regexp.Regexp
	for _, file := range parsed {
		ast.Inspect(file, func(n ast.Node) bool {
			e, ok := n.(ast.Expr)
			if !ok {
				return true
			}
			pattern := s.pattern(e)
			if len(strings.ReplaceAll(pattern, anything, "")) < shortest {
				return true
			}
			found = append(found, regexp.MustCompile("^"+pattern+"$"))
			return false
		})
	}
	require.NotEmpty(t, found)
	return found
}

type sources struct{ constants map[string]ast.Expr }

const anything = "(?:.*)"

func constants(file *ast.File) map[string]ast.Expr {
	found := map[string]ast.Expr{}
	for _, d := range file.Decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		for _, spec := range g.Specs {
			v := spec.(*ast.ValueSpec)
			for i, name := range v.Names {
				if i < len(v.Values) {
					found[name.Name] = v.Values[i]
				}
			}
		}
	}
	return found
}

// pattern of a string expression; anything for what is not known.
func (s sources) pattern(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			text, _ := strconv.Unquote(e.Value)
			return regexp.QuoteMeta(space.ReplaceAllString(text, " "))
		}
	case *ast.Ident:
		if value, ok := s.constants[e.Name]; ok {
			return s.pattern(value)
		}
	case *ast.ParenExpr:
		return s.pattern(e.X)
	case *ast.BinaryExpr:
		if e.Op == token.ADD {
			return s.pattern(e.X) + s.pattern(e.Y)
		}
	}
	return anything
}
