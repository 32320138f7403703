package persistence_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/persistence"
	"usher/persistence/storetest"
)

// commonTables are those of which something is remembered between requests, each with a column that says nothing new.
func commonTables() map[string]string {
	return map[string]string{
		"policies": "version", "modules": "version", "licences": "version", "profiles": "version", "access_defaults": "version", "roles": "version",
		"teams": "version", "queues": "version", "connections": "created_at", "applications": "version", "application_origins": "origin",
	}
}

// What is remembered between requests comes from those tables only whose changes draw a new stamp. Of the organisation itself
// only what nobody remembers is read by the way.
func TestCommonsComeFromStampedTables(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		tenant := storetest.NewTenant(t, store, "acme", -1)
		statements, err := persistence.CommonsStatements(store, tenant.Organisation.ID)
		require.NoError(t, err)
		var read []string
		for _, s := range statements {
			for _, found := range regexp.MustCompile(`(?i)(?:from|join)\s+(\w+)`).FindAllStringSubmatch(s.SQL, -1) {
				read = append(read, found[1])
			}
		}
		require.NotEmpty(t, read)
		for _, table := range read {
			if table != "organisations" {
				require.Contains(t, commonTables(), table)
			}
		}
		for table := range commonTables() {
			require.True(t, table == "application_origins" || slices.Contains(read, table), "nothing of %s is remembered", table)
		}
	})
}

// Every statement that writes to one of the tables is in a function that draws another stamp.
func TestCommonsAreStamped(t *testing.T) {
	t.Parallel()
	exempt := map[string]string{
		"seat.go: Resize":            "how many seats a licence has is not remembered",
		"connection_policy.go: Save": "how a connection activates people is not remembered",
	}
	tables := strings.Join(slices.Collect(maps.Keys(commonTables())), "|")
	writes := regexp.MustCompile(`(?i)(insert into|update|delete from) ("\+t\.table|(` + tables + `)\b)`)
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	found := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		parsed, err := parser.ParseFile(token.NewFileSet(), file, text, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, d := range parsed.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			body := string(text[f.Pos()-1 : f.End()-1])
			match := writes.FindStringSubmatch(body)
			if match == nil && !strings.Contains(body, "Create(&connectionRow{") {
				continue
			}
			if match != nil {
				found[match[2]] = true
			}
			where := file + ": " + f.Name.Name
			_, free := exempt[where]
			require.NotEqual(t, free, strings.Contains(body, "commonsChanged("), "%s writes what is remembered, and draws no stamp", where)
		}
	}
	require.Len(t, found, 7, "%v", found) // and the entries by one name
}
