// Package architecture_test keeps the plan of the house true: which folder may import which, which library has one
// owner, and what no package may be. It reads what is really built (`go list -deps`), so a rule broken through a third
// package shows as well; .golangci.yml says the same while one types.
//
// It is about what ends up in the binary. Tests are free to join the adapters to what they need, a real database
// above all.
package architecture_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "usher"

// A folder's rule. What lies below a folder without a rule of its own follows it, and may import it and its other
// subfolders.
type rule struct {
	imports   []string // folders of this module
	libraries []string // other modules' import paths, by prefix; nil: any that no other folder owns
	everyone  bool     // may import all of the house
}

// Who may import whom. A folder that is missing here is a violation: a new room is put on the plan first.
var house = map[string]rule{
	"cmd/usher":        {everyone: true},
	"cmd/usher/toyidp": {}, // the demo's provider: to the house it is as foreign as any other, and meets it over HTTP
	"domain/attribute": {libraries: []string{"golang.org/x/text"}},
	"domain": {
		imports:   []string{"domain/attribute"},
		libraries: []string{"github.com/google/uuid", "github.com/nyaruka/phonenumbers", "golang.org/x/image/webp", "golang.org/x/net/idna", "golang.org/x/text"},
	},
	"persistence":   {imports: []string{"domain"}},
	"scim":          {imports: []string{"domain"}},
	"oauth":         {imports: []string{"domain"}},
	"oidc":          {imports: []string{"domain", "internal/redact"}},
	"signin":        {imports: []string{"domain", "oidc", "web", "internal/redact"}}, // the last by way of oidc
	"admin/api":     {imports: []string{"domain", "web"}},
	"admin/console": {imports: []string{"domain", "web"}},
	"web":           {},
	"delivery":      {imports: []string{"domain", "internal/redact"}},
	"bench":         {everyone: true},
	"docs/examples": {}, // what an application does, without the house
	"internal":      {}, // tests about the tree itself, and what is of no room

	"internal/redact": {},
}

// Libraries with owners: nobody else imports them.
var owners = map[string][]string{
	"github.com/elimity-com/scim":    {"scim"},
	"github.com/scim2/filter-parser": {"scim"},
	"gorm.io":                        {"persistence"},
	"github.com/pressly/goose":       {"persistence"},
	"github.com/jackc":               {"persistence", "bench"}, // bench measures the bare drivers, as the limit
	"modernc.org":                    {"persistence", "bench"},
	"github.com/coreos/go-oidc":      {"oidc"},
	"golang.org/x/oauth2":            {"oidc"},
}

// What the domain does not do: HTTP, SQL, wire forms. The first list is about its own import lines; the second about
// everything it is built of, since a library could bring a web server along (uuid and phonenumbers bring
// encoding/json, and database/sql/driver for its one interface).
var (
	domainNeverImports = []string{"database/sql", "encoding/json", "net/http"}
	domainNeverReaches = []string{"database/sql", "net/http"}
)

var forbiddenNames = []string{"common", "helper", "helpers", "http", "model", "models", "util", "utils"}

// built is a package as `go list -json` describes it.
type built struct {
	ImportPath string
	Name       string
	Dir        string
	Standard   bool
	GoFiles    []string
	Imports    []string // its own import lines
	Deps       []string // everything it is built of
}

func (p built) ours() bool {
	return p.ImportPath == module || strings.HasPrefix(p.ImportPath, module+"/")
}

func TestDependencyRule(t *testing.T) {
	t.Parallel()
	packages := list(t)
	require.True(t, slices.ContainsFunc(packages, func(p built) bool { return p.ImportPath == module+"/domain" }),
		"go list did not see the domain: this test looks at nothing")
	require.Empty(t, violations(packages))
}

func TestNoPackageInitialisesItself(t *testing.T) {
	t.Parallel()
	var found []string
	for _, p := range list(t) {
		if !p.ours() {
			continue
		}
		for _, name := range p.GoFiles {
			source, err := os.ReadFile(filepath.Join(p.Dir, name))
			require.NoError(t, err)
			inits, err := initFunctions(name, source)
			require.NoError(t, err)
			for _, line := range inits {
				found = append(found, fmt.Sprintf("%s/%s:%d: func init: what it sets up comes in by constructor", p.ImportPath, name, line))
			}
		}
	}
	require.Empty(t, found)
}

// The rules find what breaks them: a made-up house in which each is broken once, beside neighbours that keep it.
func TestViolationsAreFound(t *testing.T) {
	t.Parallel()
	library := func(path string) built { return built{ImportPath: path} }
	standard := func(path string) built { return built{ImportPath: path, Standard: true} }
	tests := map[string]struct {
		packages []built
		want     []string
	}{
		"a house in order": {
			packages: []built{
				{ImportPath: "usher/cmd/usher", Name: "main", Imports: []string{"usher/scim", "usher/persistence", "github.com/alecthomas/kong"}},
				{ImportPath: "usher/domain", Name: "domain", Imports: []string{"time", "usher/domain/attribute", "github.com/google/uuid"}, Deps: []string{"encoding/json", "database/sql/driver"}},
				{ImportPath: "usher/domain/attribute", Name: "attribute", Imports: []string{"golang.org/x/text/cases"}},
				{ImportPath: "usher/persistence", Name: "persistence", Imports: []string{"usher/domain", "gorm.io/gorm", "usher/persistence/migrations"}},
				{ImportPath: "usher/persistence/storetest", Name: "storetest", Imports: []string{"usher/persistence", "usher/domain/attribute"}},
				{ImportPath: "usher/scim", Name: "scim", Imports: []string{"usher/domain", "github.com/elimity-com/scim/schema", "net/http"}},
				{ImportPath: "usher/signin", Name: "signin", Imports: []string{"usher/oidc", "usher/web"}},
				{ImportPath: "github.com/stretchr/testify/http", Name: "http"},
			},
		},
		"scim reads the store": {
			packages: []built{{ImportPath: "usher/scim", Name: "scim", Imports: []string{"usher/persistence"}}},
			want:     []string{"usher/scim imports usher/persistence: scim may import domain of this module"},
		},
		"scim reaches the store through the domain": {
			packages: []built{{ImportPath: "usher/scim", Name: "scim", Imports: []string{"usher/domain"}, Deps: []string{"usher/domain", "usher/persistence"}}},
			want:     []string{"usher/scim is built of usher/persistence: scim may import domain of this module"},
		},
		"one adapter knows another": {
			packages: []built{{ImportPath: "usher/admin/api", Name: "api", Imports: []string{"usher/scim"}}},
			want:     []string{"usher/admin/api imports usher/scim: admin/api may import domain, web of this module"},
		},
		"a subfolder follows its folder": {
			packages: []built{{ImportPath: "usher/delivery/mail", Name: "mail", Imports: []string{"usher/delivery", "usher/web"}}},
			want:     []string{"usher/delivery/mail imports usher/web: delivery may import domain, internal/redact of this module"},
		},
		"attribute knows the domain": {
			packages: []built{{ImportPath: "usher/domain/attribute", Name: "attribute", Imports: []string{"usher/domain", "github.com/google/uuid"}}},
			want: []string{
				"usher/domain/attribute imports usher/domain: domain/attribute may import nothing of this module",
				"usher/domain/attribute imports github.com/google/uuid: domain/attribute may import golang.org/x/text of other modules",
			},
		},
		"the domain speaks HTTP": {
			packages: []built{{ImportPath: "usher/domain", Name: "domain", Imports: []string{"net/http"}, Deps: []string{"net/http"}}},
			want:     []string{"usher/domain imports net/http: the domain knows no HTTP, SQL or wire form"},
		},
		"the domain is built of HTTP": {
			packages: []built{{ImportPath: "usher/domain", Name: "domain", Deps: []string{"net/http", "net/url"}}},
			want:     []string{"usher/domain is built of net/http: the domain knows no HTTP, SQL or wire form"},
		},
		"the domain takes a library that is not small and pure": {
			packages: []built{{ImportPath: "usher/domain", Name: "domain", Imports: []string{"github.com/prometheus/client_golang/prometheus"}}},
			want:     []string{"usher/domain imports github.com/prometheus/client_golang/prometheus: domain may import github.com/google/uuid, github.com/nyaruka/phonenumbers, golang.org/x/image/webp, golang.org/x/net/idna, golang.org/x/text of other modules"},
		},
		"a library has one owner": {
			packages: []built{
				{ImportPath: "usher/cmd/usher", Name: "main", Imports: []string{"gorm.io/gorm"}},
				{ImportPath: "usher/bench", Name: "main", Imports: []string{"github.com/jackc/pgx/v5", "github.com/elimity-com/scim"}},
			},
			want: []string{
				"usher/cmd/usher imports gorm.io/gorm: only persistence does",
				"usher/bench imports github.com/elimity-com/scim: only scim does",
			},
		},
		"a folder that only looks like another": {
			packages: []built{{ImportPath: "usher/scimitar", Name: "scimitar"}},
			want:     []string{"usher/scimitar has no rule: put the folder on the plan (internal/architecture, .golangci.yml)"},
		},
		"names that say nothing": {
			packages: []built{{ImportPath: "usher/scim/utils", Name: "utils"}, {ImportPath: "usher/scim/wire", Name: "http"}},
			want:     []string{"usher/scim/utils is called utils: a name says what it holds", "usher/scim/wire is called http: a name says what it holds"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			known := append([]built{library("github.com/google/uuid"), standard("time"), standard("net/http"), standard("net/url"),
				standard("encoding/json"), standard("database/sql/driver")}, test.packages...)
			require.Equal(t, test.want, violations(known))
		})
	}
}

func TestInitFunctionsAreFound(t *testing.T) {
	t.Parallel()
	lines, err := initFunctions("a.go", []byte("package a\n\ntype t struct{}\n\nfunc (t) init() {}\n\nfunc init() {}\n\nfunc initialise() {}\n\nfunc init() {}\n"))
	require.NoError(t, err)
	require.Equal(t, []int{7, 11}, lines)
}

// violations says for each package of ours which rule it breaks, in the order given.
func violations(packages []built) []string {
	standard := map[string]bool{}
	for _, p := range packages {
		standard[p.ImportPath] = p.Standard
	}
	var found []string
	for _, p := range packages {
		if !p.ours() {
			continue
		}
		if slices.Contains(forbiddenNames, p.Name) {
			found = append(found, fmt.Sprintf("%s is called %s: a name says what it holds", p.ImportPath, p.Name))
		}
		folder, known := ruling(p.ImportPath)
		if !known {
			found = append(found, p.ImportPath+" has no rule: put the folder on the plan (internal/architecture, .golangci.yml)")
			continue
		}
		for _, imported := range p.Imports {
			if complaint := judge(folder, imported, standard[imported]); complaint != "" {
				found = append(found, fmt.Sprintf("%s imports %s: %s", p.ImportPath, imported, complaint))
			}
		}
		for _, reached := range p.Deps {
			if slices.Contains(p.Imports, reached) {
				continue
			}
			if complaint := judgeReach(folder, reached); complaint != "" {
				found = append(found, fmt.Sprintf("%s is built of %s: %s", p.ImportPath, reached, complaint))
			}
		}
	}
	return found
}

// judge says what is wrong with an import line in a folder, or nothing.
func judge(folder, imported string, standard bool) string {
	switch {
	case built{ImportPath: imported}.ours():
		if !mayEnter(folder, imported) {
			return mayImport(folder, house[folder].imports, "this module")
		}
	case standard:
		if inDomain(folder) && slices.Contains(domainNeverImports, imported) {
			return "the domain knows no HTTP, SQL or wire form"
		}
	default:
		for library, owner := range owners {
			if within(imported, library) && !slices.Contains(owner, folder) {
				return fmt.Sprintf("only %s does", strings.Join(owner, ", "))
			}
		}
		allowed := house[folder].libraries
		if allowed != nil && !slices.ContainsFunc(allowed, func(library string) bool { return within(imported, library) }) {
			return mayImport(folder, allowed, "other modules")
		}
	}
	return ""
}

// judgeReach says what is wrong with a package that a folder is built of without an import line, or nothing.
func judgeReach(folder, reached string) string {
	if (built{ImportPath: reached}).ours() && !mayEnter(folder, reached) {
		return mayImport(folder, house[folder].imports, "this module")
	}
	if inDomain(folder) && slices.Contains(domainNeverReaches, reached) {
		return "the domain knows no HTTP, SQL or wire form"
	}
	return ""
}

// mayEnter says whether a folder may import a package of this module: its own, or one of a folder it is allowed,
// whose subfolders come with it.
func mayEnter(folder, imported string) bool {
	if house[folder].everyone {
		return true
	}
	target, known := ruling(imported)
	if !known {
		return false
	}
	return target == folder || slices.ContainsFunc(house[folder].imports, func(allowed string) bool { return within(target, allowed) })
}

func mayImport(folder string, allowed []string, of string) string {
	what := "nothing"
	if len(allowed) > 0 {
		what = strings.Join(allowed, ", ")
	}
	return fmt.Sprintf("%s may import %s of %s", folder, what, of)
}

// ruling is the folder whose rule a package of ours follows: the longest that it lies in.
func ruling(importPath string) (folder string, known bool) {
	inside := strings.TrimPrefix(importPath, module+"/")
	for candidate := range house {
		if within(inside, candidate) && len(candidate) > len(folder) {
			folder, known = candidate, true
		}
	}
	return folder, known
}

func inDomain(folder string) bool { return within(folder, "domain") }

// within says whether a path is a folder, or lies in it.
func within(path, folder string) bool { return path == folder || strings.HasPrefix(path, folder+"/") }

// initFunctions are the lines on which a source file declares func init.
func initFunctions(name string, source []byte) ([]int, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var lines []int
	for _, declared := range file.Decls {
		if function, ok := declared.(*ast.FuncDecl); ok && function.Recv == nil && function.Name.Name == "init" {
			lines = append(lines, files.Position(function.Pos()).Line)
		}
	}
	return lines, nil
}

// list is every package of this module and everything they are built of.
func list(t *testing.T) []built {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Name,Dir,Standard,GoFiles,Imports,Deps", "./...")
	command.Dir = filepath.Join("..", "..")
	var problems bytes.Buffer
	command.Stderr = &problems
	out, err := command.Output()
	require.NoError(t, err, problems.String())
	var packages []built
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p built
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages
		}
		require.NoError(t, err)
		packages = append(packages, p)
	}
}
