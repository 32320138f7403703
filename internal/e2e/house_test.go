// Package e2e_test walks through the house as people do: in a real Chromium, against the program as it is shipped, two
// replicas of it on one PostgreSQL behind a proxy with TLS, with Dex as the identity provider and a real mail server. What
// a page looks like and whether everybody can use it is looked at on the way: every page in light, in dark and on a phone,
// with axe-core.
package e2e_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/persistence/storetest"
)

// patience is how long something may take that should take a moment: nothing here fails on time.
const patience = time.Minute

// house is everything that runs.
type house struct {
	*testing.T

	folder    string // temporary
	binary    string // usher
	database  string
	authority string // file with the certificate of the authority that all here trust
	files     certificate
	public    string   // where people reach it: the proxy
	replicas  []string // where each of the two listens
	letters   *postOffice
	browser   *browser
	trusting  *http.Client
}

// with is the house in one of its stories.
func (h *house) with(t *testing.T) *house {
	t.Helper()
	here := *h
	here.T = t
	return &here
}

// open opens a window without cookies.
func (h *house) open() *window { return h.browser.open(h.T, true) }

const secretKey = "a-secret-key-for-the-end-to-end-tests-0123456789"

// build compiles a program, as it is shipped, from a module of this tree.
func build(t *testing.T, module, pkg string, flags ...string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), filepath.Base(pkg))
	command := exec.CommandContext(t.Context(), "go", append(append([]string{"build", "-trimpath", "-ldflags", "-s -w", "-o", to}, flags...), pkg)...)
	command.Dir = module
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	said, err := command.CombinedOutput()
	require.NoError(t, err, string(said))
	return to
}

// newHouse starts two replicas behind a proxy, a mail server, and a browser.
func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{T: t, folder: t.TempDir(), binary: build(t, filepath.Join("..", ".."), "./cmd/usher", "-tags", "timetzdata"), database: storetest.EmptyPostgresURL(t)}
	h.authority = filepath.Join(h.folder, "authority.pem")
	h.files = newCertificate(t, h.authority)
	h.letters = openPostOffice(t)
	proxy := h.openProxy()
	h.public = "https://localhost:" + port(proxy.Listener)
	h.usher("migrate")
	for range 2 {
		h.replicas = append(h.replicas, h.serve())
	}
	pool := x509.NewCertPool()
	pem, err := os.ReadFile(h.authority)
	require.NoError(t, err)
	require.True(t, pool.AppendCertsFromPEM(pem))
	h.trusting = &http.Client{Timeout: patience, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	t.Cleanup(h.trusting.CloseIdleConnections)
	h.browser = openBrowser(t, h.files.pin)
	return h
}

// environment is what the program gets of this process, and where everything is.
func (h *house) environment() []string {
	var kept []string
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, "USHER_") {
			kept = append(kept, pair)
		}
	}
	return append(kept, "USHER_DATABASE="+h.database, "USHER_SECRET_KEY="+secretKey, "USHER_PUBLIC_URL="+h.public, "SSL_CERT_FILE="+h.authority)
}

// usher runs a command of the program, and gives what it printed.
func (h *house) usher(args ...string) []byte {
	h.Helper()
	var said, complaint bytes.Buffer
	command := exec.CommandContext(h.Context(), h.binary, args...)
	command.Env, command.Stdout, command.Stderr = h.environment(), &said, &complaint
	require.NoError(h, command.Run(), "usher %s: %s", strings.Join(args, " "), complaint.String())
	return said.Bytes()
}

// serve starts a replica, and gives where it listens.
func (h *house) serve() string {
	h.Helper()
	command := exec.Command(h.binary, "serve", "--listen", "127.0.0.1:0", "--oidc-allow-private", "--trusted-proxy", "127.0.0.1",
		"--smtp-url", "smtp+plain://"+h.letters.address, "--mail-from", "Usher <usher@acme.test>")
	command.Env = h.environment()
	log := start(h.T, command)
	var line struct {
		Message string `json:"msg"`
		URL     string `json:"url"`
	}
	log.wait(func(text []byte) bool { return json.Unmarshal(text, &line) == nil && line.Message == "serving" })
	return line.URL
}

// openProxy is the one with TLS in front of the replicas. A cookie says which of the two answers; the first, unless there is
// one.
func (h *house) openProxy() *httptest.Server {
	h.Helper()
	proxy := httptest.NewUnstartedServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			which := 0
			if c, err := r.In.Cookie("replica"); err == nil && c.Value == "2" {
				which = 1
			}
			to, err := url.Parse(h.replicas[which])
			if err != nil {
				panic(err)
			}
			r.SetURL(to)
			r.Out.Host = r.In.Host
			r.SetXForwarded()
		},
	})
	pair, err := tls.LoadX509KeyPair(h.files.certificate, h.files.key)
	require.NoError(h, err)
	proxy.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	proxy.Config.ErrorLog = nil
	proxy.StartTLS()
	h.Cleanup(proxy.Close)
	return proxy
}

// port is the one that something listens on.
func port(l net.Listener) string { return strconv.Itoa(l.Addr().(*net.TCPAddr).Port) }

// freePort is one that nothing listens on.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return port(l)
}

// spoken is what a program said, line by line.
type spoken struct {
	t     *testing.T
	lines chan []byte
	mu    sync.Mutex
	text  bytes.Buffer
	rest  []byte
}

// Write implements io.Writer.
func (s *spoken) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text.Write(p)
	s.rest = append(s.rest, p...)
	for {
		line, rest, found := bytes.Cut(s.rest, []byte("\n"))
		if !found {
			return len(p), nil
		}
		s.rest = rest
		select {
		case s.lines <- bytes.Clone(line):
		default: // nobody waits any more
		}
	}
}

func (s *spoken) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// wait waits for a line.
func (s *spoken) wait(is func(line []byte) bool) {
	s.t.Helper()
	late := time.After(patience)
	for {
		select {
		case line := <-s.lines:
			if is(line) {
				return
			}
		case <-late:
			require.FailNow(s.t, "the program did not say what was expected", s.String())
		}
	}
}

// start starts a program that is told to stop, by its process id, when the test ends.
func start(t *testing.T, command *exec.Cmd) *spoken {
	t.Helper()
	said := &spoken{t: t, lines: make(chan []byte, 1000)}
	command.Stdout, command.Stderr = said, said
	command.WaitDelay = patience
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		err := command.Wait()
		if t.Failed() {
			t.Logf("%s: %v\n%s", filepath.Base(command.Path), err, tail(said.String()))
		}
	})
	return said
}

// tail is the end of a text.
func tail(text string) string { return text[max(0, len(text)-12_000):] }

// certificate is one of an authority of its own, for localhost.
type certificate struct {
	certificate, key string // files
	pin              string // of the public key, as Chromium wants to hear it
}

func newCertificate(t *testing.T, authority string) certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	c := certificate{certificate: authority, key: authority + ".key", pin: pinOf(t, key.Public())}
	require.NoError(t, os.WriteFile(c.certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	require.NoError(t, os.WriteFile(c.key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
	return c
}

// ask sends JSON with a bearer token, and reads the answer into a value where one is given.
func (h *house) ask(method, path, token string, body, into any) {
	h.Helper()
	var text []byte
	if body != nil {
		var err error
		text, err = json.Marshal(body)
		require.NoError(h, err)
	}
	r, err := http.NewRequestWithContext(h.Context(), method, h.public+path, bytes.NewReader(text))
	require.NoError(h, err)
	r.Header.Set("Authorization", "Bearer "+token)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	got, err := h.trusting.Do(r)
	require.NoError(h, err)
	defer got.Body.Close()
	answer, err := io.ReadAll(got.Body)
	require.NoError(h, err)
	require.Equal(h, 2, got.StatusCode/100, "%s %s: %d %s", method, path, got.StatusCode, answer)
	if into != nil {
		require.NoError(h, json.Unmarshal(answer, into), string(answer))
	}
}
