package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"usher/domain"
	"usher/oidc"
)

// startDemo runs the demo until stop is called.
func startDemo(t *testing.T) (shown shownDemo, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var said logbook
	p := &process{stdout: &said, stderr: io.Discard, now: time.Now, newID: uuid.NewV7, random: rand.Reader}
	ended := make(chan error, 1)
	demo := demoCommand{Listen: "127.0.0.1:0", LogLevel: "error", outputFlags: outputFlags{JSON: true}}
	go func() { ended <- demo.Run(ctx, p) }()
	require.Eventually(t, func() bool { return json.Unmarshal([]byte(said.String()), &shown) == nil }, scriptWait, 10*time.Millisecond)
	return shown, func() error {
		cancel()
		return <-ended
	}
}

// click does what a button of the directory does, and gives the page that follows.
func click(t *testing.T, address string, form url.Values) string {
	t.Helper()
	got, err := http.PostForm(address, form)
	require.NoError(t, err)
	defer got.Body.Close()
	page, err := io.ReadAll(got.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, got.StatusCode, string(page))
	return string(page)
}

// What is clicked on in the directory of the demo reaches Usher by SCIM, as from any identity provider.
func TestDemoDirectory(t *testing.T) {
	t.Parallel()
	demo, stop := startDemo(t)
	defer func() { require.NoError(t, stop()) }()
	person := func(filter string) string {
		q := url.Values{"filter": {filter}}
		return do(t, http.MethodGet, demo.SCIMURL+"/Users?"+q.Encode(), demo.SCIMToken, "").body
	}
	require.Contains(t, person(`userName eq "ana@acme.test"`), `"active":true`)
	page := click(t, demo.DirectoryURL+"people/demo-ana/deactivate", nil)
	require.Contains(t, page, "Reactivate: Ana García")
	require.Contains(t, page, "<b>PATCH</b> "+demo.SCIMURL+"/Users/")
	require.Contains(t, person(`userName eq "ana@acme.test"`), `"active":false`)
	click(t, demo.DirectoryURL+"people/demo-ana/reactivate", nil)
	require.Contains(t, person(`userName eq "ana@acme.test"`), `"active":true`)

	members := func() string {
		q := url.Values{"filter": {`displayName eq "Team leads"`}}
		return do(t, http.MethodGet, demo.SCIMURL+"/Groups?"+q.Encode(), demo.SCIMToken, "").body
	}
	require.Equal(t, 1, strings.Count(members(), `"value":`))
	click(t, demo.DirectoryURL+"people/demo-bjorn/join", url.Values{"group": {"Team leads"}})
	require.Equal(t, 2, strings.Count(members(), `"value":`))
	click(t, demo.DirectoryURL+"people/demo-bjorn/leave", url.Values{"group": {"Team leads"}})
	require.Equal(t, 1, strings.Count(members(), `"value":`))

	for _, address := range []string{demo.URL, demo.SignInURL, demo.LettersURL, demo.DirectoryURL, demo.OIDCIssuer, demo.ApplicationURL} {
		shown, err := url.Parse(address)
		require.NoError(t, err)
		require.Equal(t, "localhost", shown.Hostname(), "one host, whose cookies they share, and a name, for passkeys")
	}
	stranger := do(t, http.MethodGet, demo.ApplicationURL, "", "")
	require.Equal(t, http.StatusUnauthorized, stranger.status, "the application lets nobody in whom Usher does not know")
}

func TestDemoLeavesNothingRunning(t *testing.T) { //nolint:paralleltest // other tests' goroutines would be in the way
	before := goleak.IgnoreCurrent()
	_, stop := startDemo(t)
	require.NoError(t, stop())
	http.DefaultClient.CloseIdleConnections()
	goleak.VerifyNone(t, before)
}

// The toy provider is refused outside the demo: whoever serves a database with a connection to it asks it nothing, and
// nobody makes such a connection there.
func TestToyProviderIsRefusedOutsideTheDemo(t *testing.T) {
	t.Parallel()
	c := appConfig("sqlite:"+filepath.Join(t.TempDir(), "usher.db"), io.Discard)
	check := func(app *App) domain.ConnectionCheck {
		key, err := app.config.Key.key()
		require.NoError(t, err)
		checked, err := app.Installation.CheckConnection(t.Context(), "acme", toyName, oidc.Checker{Party: app.party, Registrar: app.registrar(key)})
		require.NoError(t, err)
		return checked
	}
	beside, err := openBeside(t.Context())
	require.NoError(t, err)
	for _, l := range []net.Listener{beside.toy.listener, beside.application.listener} {
		require.True(t, l.Addr().(*net.TCPAddr).IP.IsLoopback(), "whoever reaches it is whomever they click on")
	}
	c.Demo = true
	demo := startApp(t, c)
	_, err = populate(t.Context(), demo, beside)
	require.NoError(t, err)
	beside.serve(demo)
	t.Cleanup(func() { require.NoError(t, beside.stop()) })
	require.True(t, check(demo).Good)

	c.Demo, c.Registry = false, nil
	served := startApp(t, c)
	checked := check(served)
	require.False(t, checked.Good)
	failed := slices.IndexFunc(checked.Steps, func(s domain.CheckedStep) bool { return s.Verdict == "failed" })
	require.Equal(t, "the issuer of this connection is no https address", checked.Steps[failed].Message)

	for _, issuer := range []string{beside.toy.URL(), "http://[::1]:1", "http://localhost:1", "http://idp.acme.test"} {
		_, err = served.Installation.CreateConnection(t.Context(), "acme", domain.ConnectionSpec{
			Name: issuer, Kind: domain.KindGeneric, OIDC: domain.OIDCSpec{Issuer: issuer, ClientID: toyClient},
		})
		requireIssuerRefused(t, err)
	}
	_, err = served.Installation.CreateConnection(t.Context(), "acme", domain.ConnectionSpec{
		Name: "elsewhere", Kind: domain.KindGeneric, OIDC: domain.OIDCSpec{Issuer: "http://idp.acme.test", ClientID: toyClient, OnThisMachine: true},
	})
	requireIssuerRefused(t, err) // the demo itself believes no other machine
}

func requireIssuerRefused(t *testing.T, err error) {
	t.Helper()
	var refused *domain.Error
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "oidc-issuer", refused.Field)
}

// Nothing but the demo's own files reaches the toy provider, or asks for what only it may have.
func TestOnlyTheDemoHasAToyProvider(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	uses := map[string][]string{}
	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, source, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		note := func(use string) { uses[use] = append(uses[use], filepath.ToSlash(name)) }
		for _, imported := range file.Imports {
			if imported.Path.Value == `"usher/cmd/usher/toyidp"` {
				note("import")
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); ok && (key.Name == "OnThisMachine" || key.Name == "Demo") {
					note(key.Name)
				}
			case *ast.AssignStmt:
				for _, left := range n.Lhs {
					if selected, ok := left.(*ast.SelectorExpr); ok && (selected.Sel.Name == "OnThisMachine" || selected.Sel.Name == "Demo") {
						note(selected.Sel.Name)
					}
				}
			case *ast.CallExpr:
				if called, ok := n.Fun.(*ast.Ident); ok && called.Name == "openToy" {
					note("openToy")
				}
			}
			return true
		})
		return nil
	}))
	require.Equal(t, map[string][]string{
		"import":        {"cmd/usher/demo_people.go", "cmd/usher/demo_toy.go"},
		"OnThisMachine": {"cmd/usher/demo_toy.go"},
		"Demo":          {"cmd/usher/demo.go"},
		"openToy":       {"cmd/usher/demo.go"},
	}, uses)
}
