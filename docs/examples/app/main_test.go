package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/internal/secret"
	"usher/oidc"
	"usher/oidc/assertion"
	"usher/persistence/storetest"
	"usher/signin"
)

// house is Usher, the application and nginx in front of both, as docs/examples has them.
type house struct {
	*testing.T
	url      string // of nginx
	clock    *storetest.Clock
	admin    *domain.Administration
	entrance *domain.Entrance
	boss     domain.Administrator
	user     domain.User
	signer   *assertion.Signer
}

const password = "a mule on the harbour"

// usher makes the house without a proxy: Usher at one address, people's cookies for another.
func usher(t *testing.T, public string, algorithm string) (*house, string) {
	t.Helper()
	store, clock := storetest.SQLite(t), storetest.NewClock()
	env := clock.Environment()
	tenant := storetest.OwnTenant(t, store, -1)
	h := &house{
		T: t, url: public, clock: clock, admin: domain.NewAdministration(store, env, rand.Reader), entrance: domain.NewEntrance(store, env, rand.Reader),
		boss: domain.Administrator{Organisation: tenant.Organisation.ID, Actor: domain.ActorOperator(), Owner: true},
	}
	key, err := secret.Parse("a-secret-key-for-tests-0123456789abcdef")
	require.NoError(t, err)
	log := slog.New(slog.NewJSONHandler(io.Discard, nil))
	seal := func(text, place []byte) ([]byte, error) { return key.Seal("test", text, place) }
	open := func(sealed, place []byte) ([]byte, error) { return key.Open("test", sealed, place) }
	h.signer, err = assertion.New(assertion.Config{
		Keys: domain.NewInstallation(store, env, rand.Reader).SigningKeys, Issuer: public, Now: clock.Now, Log: log, Seal: seal, Open: open,
	})
	require.NoError(t, err)
	people, err := signin.New(signin.Config{
		Entrance: h.entrance, Party: new(oidc.RelyingParty), Signer: h.signer, BaseURL: public, Seal: seal, Open: open, Now: clock.Now, Random: rand.Reader, Log: log,
	})
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.Handle(assertion.Path, h.signer)
	mux.Handle("/", people)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)

	_, err = h.admin.CreateApplication(t.Context(), h.boss, domain.ApplicationSpec{Name: "Example", Origins: []string{public}, Algorithm: algorithm})
	require.NoError(t, err)
	role, err := h.admin.CreateRole(t.Context(), h.boss, domain.RoleSpec{Name: "Agent", Sees: domain.SeesOwn})
	require.NoError(t, err)
	h.user, err = h.admin.Add(t.Context(), h.boss, domain.NewPerson{GivenName: "Ana", FamilyName: "Łuk", Email: "ana@acme.test", Role: role.ID})
	require.NoError(t, err)
	var links []domain.Link
	require.NoError(t, store.Read(t.Context(), func(tx domain.Tx) (err error) {
		links, err = tx.Links().Open(h.boss.Organisation, h.user.ID)
		return err
	}))
	_, err = h.entrance.AcceptInvitation(t.Context(), storetest.Links().Token(h.boss.Organisation, domain.LinkInvitation, links[0].ID), password, domain.Visitor{})
	require.NoError(t, err)
	return h, server.URL
}

// token signs Ana in.
func (h *house) token() string {
	h.Helper()
	in, err := h.entrance.SignIn(h.Context(), h.boss.Organisation, "ana@acme.test", password, domain.Visitor{})
	require.NoError(h, err)
	return in.Token
}

// freePort is an address where nobody listens.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	return l.Addr().String()
}

// needed is a program that the test runs: the first of these that is there and does this. Where the tests must be whole,
// one has to.
func needed(t *testing.T, names []string, arguments ...string) string {
	t.Helper()
	for _, name := range names {
		path, err := exec.LookPath(name)
		if err == nil && exec.CommandContext(t.Context(), path, arguments...).Run() == nil {
			return path
		}
	}
	storetest.Missing(t, names[0]+" is not here")
	return ""
}

// addressed is a configuration of docs/examples with the addresses of this test.
func addressed(t *testing.T, name, listen, usherURL, appURL string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", name))
	require.NoError(t, err)
	return strings.NewReplacer(
		"127.0.0.1:8000", listen, "127.0.0.1:8080", strings.TrimPrefix(usherURL, "http://"), "127.0.0.1:3000", strings.TrimPrefix(appURL, "http://"),
	).Replace(string(text))
}

// nginx runs the configuration of docs/examples.
func nginx(t *testing.T, listen, usherURL, appURL string) {
	t.Helper()
	program := needed(t, []string{"nginx", "/usr/sbin/nginx"}, "-v")
	folder := t.TempDir()
	var temporary strings.Builder
	for _, of := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		temporary.WriteString(of + "_temp_path " + filepath.Join(folder, of) + ";\n")
	}
	config := strings.NewReplacer(
		"http {\n", "http {\n"+temporary.String(), "events {}", "daemon off; master_process off; pid "+filepath.Join(folder, "pid")+"; error_log stderr;\nevents {}",
	).Replace(addressed(t, "nginx.conf", listen, usherURL, appURL))
	file := filepath.Join(folder, "nginx.conf")
	require.NoError(t, os.WriteFile(file, []byte(config), 0o600))
	start(t, listen, nil, program, "-p", folder, "-c", file, "-e", "stderr")
}

// caddy runs the configuration of docs/examples.
func caddy(t *testing.T, listen, usherURL, appURL string) {
	t.Helper()
	program := needed(t, []string{"caddy"}, "version")
	folder := t.TempDir()
	file := filepath.Join(folder, "Caddyfile")
	require.NoError(t, os.WriteFile(file, []byte(addressed(t, "Caddyfile", listen, usherURL, appURL)), 0o600))
	start(t, listen, []string{"HOME=" + folder, "XDG_DATA_HOME=" + folder, "XDG_CONFIG_HOME=" + folder}, program, "run", "--config", file, "--adapter", "caddyfile")
}

// start runs a proxy until the test ends, and waits until it listens.
func start(t *testing.T, listen string, environment []string, program string, arguments ...string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	command := exec.CommandContext(ctx, program, arguments...)
	command.Env = append(os.Environ(), environment...)
	var said bytes.Buffer
	command.Stderr = &said
	require.NoError(t, command.Start())
	t.Cleanup(func() { cancel(); _ = command.Wait() })
	require.Eventually(t, func() bool {
		conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", listen)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}, 30*time.Second, 20*time.Millisecond, "%s does not listen: %s", program, &said)
}

// answered is what came back, but for its body.
type answered struct {
	StatusCode int
	Header     http.Header
}

// browse asks nginx for a page, as a browser does.
func (h *house) browse(path, token string, header ...string) (answered, string) {
	h.Helper()
	r, err := http.NewRequestWithContext(h.Context(), http.MethodGet, h.url+path, http.NoBody)
	require.NoError(h, err)
	r.Header.Set("Accept", "text/html")
	if token != "" {
		r.AddCookie(&http.Cookie{Name: "usher_session", Value: token})
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(r)
	require.NoError(h, err)
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	require.NoError(h, err)
	return answered{answer.StatusCode, answer.Header}, string(body)
}

func TestBehindNginx(t *testing.T) {
	t.Parallel()
	h := behind(t, nginx)
	direct, body := h.browse("/auth/check", h.token())
	require.Equal(t, http.StatusNotFound, direct.StatusCode, "the question is nginx's to ask: %s", body)
	h.story()
}

func TestBehindCaddy(t *testing.T) {
	t.Parallel()
	behind(t, caddy).story()
}

// behind is the house with a real proxy.
func behind(t *testing.T, proxy func(t *testing.T, listen, usherURL, appURL string)) *house {
	t.Helper()
	listen := freePort(t)
	h, usherURL := usher(t, "http://"+listen, domain.SignedEdDSA)
	app := httptest.NewServer(handler(&Verifier{Issuer: h.url, Audience: h.url, Now: h.clock.Now}))
	t.Cleanup(app.Close)
	proxy(t, listen, usherURL, app.URL)
	return h
}

// story: signed out, to sign in and back; signed in, the application sees who came; refused, they see why; deactivated, refused
// with the next request; what a client makes up about itself is gone.
func (h *house) story() {
	h.Helper()
	t := h.T
	out, _ := h.browse("/deals?id=1&x=%2F", "")
	require.Equal(t, http.StatusFound, out.StatusCode)
	require.Equal(t, h.url+"/sign-in?return_to="+url.QueryEscape(h.url+"/deals?id=1&x=%2F"), out.Header.Get("Location"))
	page, body := h.browse(strings.TrimPrefix(out.Header.Get("Location"), h.url), "")
	if page.StatusCode == http.StatusSeeOther { // there is one organisation: to its own door
		page, body = h.browse(page.Header.Get("Location"), "")
	}
	require.Equal(t, http.StatusOK, page.StatusCode, body)
	require.Contains(t, body, "return_to")

	token := h.token()
	spoofed := []string{"X-Usher-User", "somebody", "X-Usher-Role", "Administrator", "X-Usher-Permissions", "users:edit", "X-Usher-Team", "Board", "X-Usher-Assertion", "made.up.token", "X-Forwarded-Host", "evil.test", "X-Forwarded-Uri", "/evil"}
	in, body := h.browse("/deals", token, spoofed...)
	require.Equal(t, http.StatusOK, in.StatusCode, body)
	var seen struct {
		Claims             map[string]any
		User, Role, Cookie string
	}
	require.NoError(t, json.Unmarshal([]byte(body), &seen))
	require.Equal(t, []string{h.user.ID.String(), "Agent", ""}, []string{seen.User, seen.Role, seen.Cookie}, "ours, not what the client sent, and no session for the application")
	require.Equal(t, []any{h.user.ID.String(), "Ana Łuk", "ana@acme.test"}, []any{seen.Claims["sub"], seen.Claims["name"], seen.Claims["email"]})
	out, _ = h.browse("/deals", "", spoofed...)
	require.Equal(t, http.StatusFound, out.StatusCode)

	// Refused: a browser sees why, in a page that is whole; a program reads it.
	_, err := h.admin.SetWindow(t.Context(), h.boss, h.user.ID, domain.IfMatch{}, domain.WindowSpec{TimeZone: "UTC", ValidFrom: h.clock.Now().AddDate(1, 0, 0).Format(time.DateOnly)})
	require.NoError(t, err)
	why, body := h.browse("/deals", token, spoofed...)
	require.Equal(t, []any{http.StatusForbidden, "not_yet_valid"}, []any{why.StatusCode, why.Header.Get("X-Usher-Reason")}, body)
	require.Contains(t, body, "Your account is not valid yet.")
	require.Contains(t, body, "You are signed in as Ana Łuk.")
	require.Contains(t, body, h.url+"/sign-out")
	_, style, _ := strings.Cut(body, `rel="stylesheet" href="`+h.url)
	style, _, _ = strings.Cut(style, `"`)
	sheet, _ := h.browse(style, "")
	require.Equal(t, http.StatusOK, sheet.StatusCode)
	why, body = h.browse("/deals", token, "Accept", "application/json")
	require.Equal(t, []any{http.StatusForbidden, "application/problem+json"}, []any{why.StatusCode, why.Header.Get("Content-Type")})
	require.Contains(t, body, `"code":"not_yet_valid"`)
	_, err = h.admin.SetWindow(t.Context(), h.boss, h.user.ID, domain.IfMatch{}, domain.WindowSpec{})
	require.NoError(t, err)

	_, err = h.admin.Deactivate(t.Context(), h.boss, h.user.ID, domain.IfMatch{})
	require.NoError(t, err)
	out, _ = h.browse("/deals", token)
	require.Equal(t, http.StatusFound, out.StatusCode, "with the next request")
}

// The three examples of verification agree about what holds and what does not, for both algorithms.
func TestVerifiers(t *testing.T) {
	t.Parallel()
	node, python := needed(t, []string{"node"}, "--version"), needed(t, []string{"python3", "/usr/bin/python3"}, "-c", "import cryptography")
	for _, algorithm := range []string{domain.SignedEdDSA, domain.SignedES256} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			mux := http.NewServeMux()
			server := httptest.NewServer(mux)
			t.Cleanup(server.Close)
			h, _ := usher(t, server.URL, algorithm)
			mux.Handle(assertion.Path, h.signer)
			mint := func(audience, organisation string) string {
				token, err := h.signer.Mint(t.Context(), assertion.Claims{
					Subject: h.user.ID.String(), Audience: audience, Algorithm: algorithm, More: map[string]any{"org": organisation},
				})
				require.NoError(t, err)
				return token
			}
			good := mint("crm", "acme")
			parts := strings.Split(good, ".")
			forged := parts[0] + "." + strings.Split(mint("other", "acme"), ".")[1] + "." + parts[2]
			for name, c := range map[string]struct {
				token string
				holds bool
			}{
				"good": {good, true}, "another audience": {mint("other", "acme"), false}, "another organisation": {mint("crm", "evil"), false},
				"another body": {forged, false}, "no signature": {parts[0] + "." + parts[1] + ".", false},
			} {
				_, err := (&Verifier{Issuer: server.URL, Audience: "crm", Organisation: "acme", Now: h.clock.Now}).Verify(t.Context(), c.token)
				require.Equal(t, c.holds, err == nil, "Go: %s: %v", name, err)
				for _, program := range [][]string{{node, "../verify.mjs"}, {python, "../verify.py"}} {
					command := exec.CommandContext(t.Context(), program[0], program[1], server.URL, "crm", "acme")
					command.Stdin = strings.NewReader(c.token)
					said, err := command.CombinedOutput()
					require.Equal(t, c.holds, err == nil, "%s: %s: %s", program[1], name, said)
					if c.holds {
						require.Contains(t, string(said), h.user.ID.String())
					}
				}
			}
			h.clock.Move(5 * time.Minute)
			_, err := (&Verifier{Issuer: server.URL, Audience: "crm", Now: h.clock.Now}).Verify(t.Context(), good)
			require.ErrorIs(t, err, errAssertion, "five minutes and no longer")
		})
	}
}
