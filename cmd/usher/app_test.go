package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
)

// logbook is a log that tests read while it is written.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// appConfig is a server on a database, on any free port.
func appConfig(databaseURL string, log io.Writer) Config {
	return Config{
		Listen:      "127.0.0.1:0",
		Database:    persistence.Config{URL: databaseURL},
		Key:         keyring{keyFlags{SecretKey: scriptKey}, databaseURL},
		Environment: domain.Environment{Now: time.Now, NewID: uuid.NewV7},
		Random:      rand.Reader,
		Log:         newLogger(log, false, "debug"),
	}
}

// startApp starts a server that is stopped with the test.
func startApp(t *testing.T, c Config) *App {
	t.Helper()
	app := NewApp(c)
	require.NoError(t, app.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, app.Stop(context.Background())) })
	return app
}

// organisation makes an organisation and gives its token.
func organisation(t *testing.T, app *App, slug string) (token string) {
	t.Helper()
	made, err := app.Installation.CreateOrganisation(t.Context(), domain.OrganisationSpec{Slug: slug})
	require.NoError(t, err)
	return made.TokenText
}

// answered is an answer, read to its end.
type answered struct {
	status int
	header http.Header
	body   string
}

// do sends a request.
func do(t *testing.T, method, url, token, body string) answered {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/scim+json")
	}
	client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return answered{response.StatusCode, response.Header, string(text)}
}

// user is the body that creates a person.
func user(name string) string {
	return fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":%q}`, name)
}

// Nothing that an App started outlives it, however far it came.
func TestAppLeavesNothingRunning(t *testing.T) { //nolint:paralleltest // other tests' goroutines would be in the way
	before := goleak.IgnoreCurrent()
	folder := t.TempDir()
	databaseURL := "sqlite:" + filepath.Join(folder, "usher.db")
	for range 3 {
		c := appConfig(databaseURL, io.Discard)
		c.MetricsListen = "127.0.0.1:0"
		app := NewApp(c)
		require.NoError(t, app.Start(t.Context()))
		got := do(t, http.MethodGet, app.URL()+"/healthz", "", "")
		require.Equal(t, http.StatusOK, got.status)
		require.NoError(t, app.Stop(t.Context()))
	}
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	for name, spoil := range map[string]func(*Config){
		"listen":         func(c *Config) { c.Listen = taken.Addr().String() },
		"metrics-listen": func(c *Config) { c.MetricsListen = taken.Addr().String() },
		"database":       func(c *Config) { c.Database.URL = "sqlite:" + folder },
		"secret-key":     func(c *Config) { c.Key.flags.SecretKey = "short" },
	} {
		c := appConfig(databaseURL, io.Discard)
		spoil(&c)
		var e *domain.Error
		require.ErrorAs(t, NewApp(c).Start(t.Context()), &e)
		require.Equal(t, name, e.Field)
	}
	goleak.VerifyNone(t, before)
}

func TestAppMakesItsKeyOnce(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "usher.db")
	var keys []string
	for range 2 {
		c := appConfig("sqlite:"+file, io.Discard)
		c.Key.flags = keyFlags{}
		app := NewApp(c)
		require.NoError(t, app.Start(t.Context()))
		require.NoError(t, app.Stop(t.Context()))
		info, err := os.Stat(file + ".key")
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
		text, err := os.ReadFile(file + ".key")
		require.NoError(t, err)
		keys = append(keys, string(text))
	}
	require.Equal(t, keys[0], keys[1])
}

// The last uses of tokens and the refusals of the last second are there after Stop.
func TestAppStopWritesDownWhatWasCounted(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, databaseURL string) {
		app := NewApp(appConfig(databaseURL, io.Discard))
		require.NoError(t, app.Start(t.Context()))
		token := organisation(t, app, "acme")
		got := do(t, http.MethodPost, app.URL()+"/scim/v2/Users", token, `{"userName":""}`)
		require.Equal(t, http.StatusBadRequest, got.status)
		require.NoError(t, app.Stop(t.Context()))

		store := storetest.Open(t, databaseURL)
		installation := domain.NewInstallation(store, app.config.Environment, rand.Reader)
		tokens, err := installation.ListTokens(t.Context(), "acme", "")
		require.NoError(t, err)
		require.WithinDuration(t, time.Now(), tokens[0].LastUsedAt, 2*time.Minute)
		var refused []domain.Tally
		require.NoError(t, store.Read(t.Context(), func(tx domain.Tx) (err error) {
			refused, err = tx.Tallies().List(tokens[0].Organisation, tokens[0].Connection, domain.TallyRefused)
			return err
		}))
		require.Len(t, refused, 1)
		require.Equal(t, int64(1), refused[0].Count)
		require.NotEmpty(t, refused[0].RequestID)
	})
}

// A listener that breaks ends the server, and the process with it: it does not stay around deaf.
func TestBrokenListenerEndsTheServer(t *testing.T) {
	t.Parallel()
	app := startApp(t, appConfig("sqlite:"+filepath.Join(t.TempDir(), "usher.db"), io.Discard))
	require.NoError(t, app.listener.Close())
	require.ErrorContains(t, app.Wait(t.Context()), "listening on 127.0.0.1:")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, app.Wait(ctx))
}
