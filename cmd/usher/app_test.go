package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
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

func TestReadiness(t *testing.T) {
	t.Parallel()
	current := persistence.SchemaState{Current: 1, Target: 1}
	unreachable := &domain.Error{Kind: domain.Unavailable, Code: domain.CodeUnavailable}
	for name, tt := range map[string]struct {
		state    persistence.SchemaState
		err      error
		stopping bool
		status   int
		body     string
	}{
		"ready":        {state: current, status: 200, body: `{"status":"ok"}`},
		"unreachable":  {err: unreachable, status: 503, body: `{"reason":"database","status":"unavailable"}`},
		"other fault":  {err: errors.New("?"), status: 503, body: `{"reason":"database","status":"unavailable"}`},
		"older schema": {state: persistence.SchemaState{Target: 1}, status: 503, body: `{"reason":"schema","status":"unavailable"}`},
		"newer schema": {state: persistence.SchemaState{Current: 2, Target: 1}, status: 503, body: `{"reason":"schema","status":"unavailable"}`},
		"stopping":     {state: current, stopping: true, status: 503, body: `{"reason":"stopping","status":"unavailable"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var app App
			app.stopping.Store(tt.stopping)
			h := health{now: time.Now, stopping: &app.stopping, schema: func(context.Context) (persistence.SchemaState, error) { return tt.state, tt.err }}
			w := httptest.NewRecorder()
			h.ready(w, httptest.NewRequest(http.MethodGet, "/readyz", http.NoBody))
			require.Equal(t, tt.status, w.Code)
			require.JSONEq(t, tt.body, w.Body.String())
		})
	}
}

// A database that hangs is not ready within two seconds, and whoever asks meanwhile costs it nothing more.
func TestReadinessIsBounded(t *testing.T) {
	t.Parallel()
	var app App
	asked := 0
	h := health{now: time.Now, stopping: &app.stopping, schema: func(ctx context.Context) (persistence.SchemaState, error) {
		asked++
		<-ctx.Done()
		return persistence.SchemaState{}, ctx.Err()
	}}
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			w := httptest.NewRecorder()
			h.ready(w, httptest.NewRequest(http.MethodGet, "/readyz", http.NoBody))
			if w.Code != http.StatusServiceUnavailable {
				t.Errorf("answered %d", w.Code)
			}
		})
	}
	group.Wait()
	require.Less(t, asked, 20)
}

// When the database goes away under a running server it is alive and not ready, and it says which.
func TestReadinessWithoutDatabase(t *testing.T) {
	t.Parallel()
	app := startApp(t, appConfig(storetest.PostgresURL(t), io.Discard))
	got := do(t, http.MethodGet, app.URL()+"/readyz", "", "")
	require.Equal(t, http.StatusOK, got.status)
	require.NoError(t, app.store.Close())
	require.Eventually(t, func() bool {
		got := do(t, http.MethodGet, app.URL()+"/readyz", "", "")
		return got.status == http.StatusServiceUnavailable && strings.Contains(got.body, `"database"`)
	}, 20*time.Second, 10*time.Millisecond)
	got = do(t, http.MethodGet, app.URL()+"/healthz", "", "")
	require.Equal(t, http.StatusOK, got.status)
}

func TestHeadersAreBounded(t *testing.T) {
	t.Parallel()
	app := startApp(t, appConfig("sqlite:"+filepath.Join(t.TempDir(), "usher.db"), io.Discard))
	for size, status := range map[int]int{31 << 10: http.StatusOK, 33 << 10: http.StatusRequestHeaderFieldsTooLarge} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, app.URL()+"/healthz", http.NoBody)
		require.NoError(t, err)
		r.Header.Set("X-Padding", strings.Repeat("x", size))
		response, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		response.Body.Close()
		require.Equal(t, status, response.StatusCode, "%d bytes", size)
	}
}

func TestPanicIsAnswered(t *testing.T) {
	t.Parallel()
	log := &logbook{}
	app := startApp(t, appConfig("sqlite:"+filepath.Join(t.TempDir(), "usher.db"), log))
	server := httptest.NewServer(app.follow(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/half" {
			_, _ = io.WriteString(w, "half an ")
			_ = http.NewResponseController(w).Flush()
		}
		panic("somebody's secret")
	})))
	defer server.Close()

	got := do(t, http.MethodGet, server.URL+"/all", "", "")
	require.Equal(t, http.StatusInternalServerError, got.status)
	require.Contains(t, got.body, got.header.Get("X-Request-Id"))
	require.Contains(t, log.String(), `"msg":"panic"`)
	require.Contains(t, log.String(), "app_test.go", "the stack says where")
	require.NotContains(t, log.String()+got.body, "somebody's secret")
	require.Contains(t, log.String(), `"status":500`)

	response, err := server.Client().Get(server.URL + "/half")
	require.NoError(t, err)
	defer response.Body.Close()
	_, err = io.ReadAll(response.Body)
	require.Error(t, err, "half an answer is not taken for a whole one")
}

func TestRequestID(t *testing.T) {
	t.Parallel()
	for given, safe := range map[string]bool{
		"": false, "a": true, "Root=1-67891233-abcdef012345678912345678": true, strings.Repeat("x", 64): true,
		strings.Repeat("x", 65): false, "a b": false, "a\"b": false, "a\nb": false, "ä": false, "<script>": false, "{a}": false,
	} {
		require.Equal(t, safe, isSafeID(given), "%q", given)
	}
}

// The same request is found in the log, the answer and the event.
func TestRequestIDReachesTheEvent(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, databaseURL string) {
		log := &logbook{}
		app := startApp(t, appConfig(databaseURL, log))
		token := organisation(t, app, "acme")
		got := do(t, http.MethodPost, app.URL()+"/scim/v2/Users", token, user("ana@acme.test"))
		require.Equal(t, http.StatusCreated, got.status, got.body)
		id := got.header.Get("X-Request-Id")
		require.NotEmpty(t, id)

		all, err := app.Installation.ListOrganisations(t.Context())
		require.NoError(t, err)
		var events []domain.Event
		require.NoError(t, app.store.Read(t.Context(), func(tx domain.Tx) (err error) {
			events, err = tx.Events().List(all[0].ID, domain.EventID{}, 100)
			return err
		}))
		require.Equal(t, id, events[len(events)-1].RequestID)

		var line map[string]any
		require.Eventually(t, func() bool {
			for text := range strings.Lines(log.String()) {
				if strings.Contains(text, id) {
					return json.Unmarshal([]byte(text), &line) == nil
				}
			}
			return false
		}, 10*time.Second, time.Millisecond)
		require.Equal(t, "request", line["msg"])
		require.Equal(t, "POST", line["method"])
		require.Equal(t, "/scim/v2/Users", line["route"])
		require.InDelta(t, 201, line["status"], 0)
		require.Equal(t, all[0].ID.String(), line["organisation"])
		require.NotEmpty(t, line["connection"])
	})
}

// Methods and paths that clients make up are no labels.
func TestLabelsAreBounded(t *testing.T) {
	t.Parallel()
	c := appConfig("sqlite:"+filepath.Join(t.TempDir(), "usher.db"), io.Discard)
	c.MetricsListen = "127.0.0.1:0"
	app := startApp(t, c)
	for i := range 50 {
		do(t, fmt.Sprint("METHOD", i), fmt.Sprint(app.URL(), "/path/", i), "", "")
		do(t, fmt.Sprint("METHOD", i), fmt.Sprint(app.URL(), "/scim/v2/Users/", i), "", "")
		do(t, http.MethodGet, fmt.Sprint(app.URL(), "/scim/v2/path", i), "", "")
	}
	text := do(t, http.MethodGet, app.MetricsURL(), "", "").body
	series := 0
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "usher_http_requests_total{") {
			series++
		}
	}
	require.LessOrEqual(t, series, 5, text)
	require.NotContains(t, text, "METHOD")
	require.Contains(t, text, `route="/scim/v2/Users/{id}"`)
	require.Contains(t, text, `route="unknown"`)
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

// Only units of work with an event are measured as its lag.
func TestEventLag(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, databaseURL string) {
		c := appConfig(databaseURL, io.Discard)
		c.MetricsListen = "127.0.0.1:0"
		app := startApp(t, c)
		token := organisation(t, app, "acme")
		body := do(t, http.MethodPost, app.URL()+"/scim/v2/Users", token, user("ana@acme.test")).body
		var made struct{ ID string }
		require.NoError(t, json.Unmarshal([]byte(body), &made))
		const same = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"active","value":true}]}`
		got := do(t, http.MethodPatch, app.URL()+"/scim/v2/Users/"+made.ID, token, same)
		require.Equal(t, http.StatusOK, got.status, got.body)
		do(t, http.MethodPost, app.URL()+"/scim/v2/Users", token, user("ana@acme.test")) // 409
		text := do(t, http.MethodGet, app.MetricsURL(), "", "").body
		require.Contains(t, text, "usher_event_lag_seconds_count 1\n")
	})
}

func TestLogIsTextForPeople(t *testing.T) {
	t.Parallel()
	var people, programs bytes.Buffer
	newLogger(&people, true, "info").LogAttrs(t.Context(), slog.LevelInfo, "serving")
	newLogger(&programs, false, "info").LogAttrs(t.Context(), slog.LevelInfo, "serving")
	newLogger(&programs, false, "warn").LogAttrs(t.Context(), slog.LevelInfo, "not said")
	require.Contains(t, people.String(), "level=INFO msg=serving")
	require.True(t, json.Valid(programs.Bytes()))
	require.NotContains(t, programs.String(), "not said")
}
