package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

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
	require.Contains(t, log.String(), "TestPanicIsAnswered", "the stack says where")
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
