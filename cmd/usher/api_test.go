package main

import (
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/admin/api"
	"usher/domain"
	"usher/persistence/storetest"
)

// application makes an API key that may do everything there is to do.
func application(t *testing.T, app *App, slug string) (key string) {
	t.Helper()
	spec := domain.APIKeySpec{Name: "application"}
	for _, text := range storetest.EveryPermission() {
		of, err := domain.ParsePermission(text)
		require.NoError(t, err)
		spec.Permissions = append(spec.Permissions, of)
	}
	_, key, err := app.Installation.CreateAPIKey(t.Context(), slug, spec)
	require.NoError(t, err)
	return key
}

// The API is behind the same door as SCIM: a request has one identifier in answer, log and event, its line in the log and
// its place in the metrics, and no secret in any of them; the key's use is written down.
func TestAPIIsFollowed(t *testing.T) {
	t.Parallel()
	storetest.EachDialectURL(t, func(t *testing.T, databaseURL string) {
		log := &logbook{}
		c := appConfig(databaseURL, log)
		c.MetricsListen = "127.0.0.1:0"
		app := startApp(t, c)
		token := organisation(t, app, "acme")
		key := application(t, app, "acme")
		base := app.URL() + api.Prefix
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/connections", strings.NewReader(`{"name":"okta"}`))
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer "+key)
		r.Header.Set("X-Request-Id", "from-the-proxy")
		r.Header.Set("Idempotency-Key", "k-1")
		response, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		response.Body.Close()
		require.Equal(t, http.StatusCreated, response.StatusCode)
		require.Equal(t, "from-the-proxy", response.Header.Get("X-Request-Id"))

		var line map[string]any
		require.Eventually(t, func() bool {
			for text := range strings.Lines(log.String()) {
				if strings.Contains(text, "from-the-proxy") {
					return json.Unmarshal([]byte(text), &line) == nil
				}
			}
			return false
		}, 10*time.Second, time.Millisecond)
		require.Equal(t, "/api/v1/connections", line["route"])
		require.Equal(t, "POST", line["method"])
		require.InDelta(t, 201, line["status"], 0)
		keys, _, err := app.Installation.ListAPIKeys(t.Context(), "acme")
		require.NoError(t, err)
		require.Equal(t, keys[0].Organisation.String(), line["organisation"])
		require.Equal(t, keys[0].ID.String(), line["api_key"])
		var events []domain.Event
		require.NoError(t, app.store.Read(t.Context(), func(tx domain.Tx) (err error) {
			events, err = tx.Events().List(keys[0].Organisation, domain.EventID{}, 100)
			return err
		}))
		require.Equal(t, "from-the-proxy", events[len(events)-1].RequestID)

		// A directory's token opens nothing here, and a key nothing there (security 3).
		require.Equal(t, http.StatusUnauthorized, do(t, http.MethodGet, base+"/users", token, "").status)
		require.Equal(t, http.StatusUnauthorized, do(t, http.MethodGet, app.URL()+"/scim/v2/Users", key, "").status)
		for _, path := range []string{"/users/x", "/users/y", "/nowhere", "/else/where", ""} {
			require.Equal(t, http.StatusNotFound, do(t, http.MethodGet, base+path, key, "").status, path)
		}
		require.Equal(t, http.StatusOK, do(t, http.MethodHead, base+"/me", key, "").status)
		metrics := do(t, http.MethodGet, app.MetricsURL(), "", "").body
		require.Contains(t, metrics, `usher_http_requests_total{kind="api",method="GET",route="/api/v1/users/{id}",status="404"} 2`)
		require.Contains(t, metrics, `usher_http_requests_total{kind="api",method="GET",route="unknown",status="404"} 3`)
		require.Contains(t, metrics, `route="/api/v1/me"`)

		require.NoError(t, app.ledger.Flush(t.Context()))
		keys, _, err = app.Installation.ListAPIKeys(t.Context(), "acme")
		require.NoError(t, err)
		require.WithinDuration(t, time.Now(), keys[0].LastUsedAt, 2*time.Minute)
		require.NotContains(t, log.String(), key)
	})
}

// A body that comes too slowly is cut like any other (security 22), and one that was announced and never sent holds nobody.
func TestAPISlowBodyIsCut(t *testing.T) {
	t.Parallel()
	app := startApp(t, appConfig("sqlite:"+filepath.Join(t.TempDir(), "usher.db"), io.Discard))
	app.bodyTime = 200 * time.Millisecond
	organisation(t, app, "acme")
	key := application(t, app, "acme")
	address := strings.TrimPrefix(app.URL(), "http://")
	for _, authorization := range []string{"", "Authorization: Bearer " + key + "\r\n"} {
		require.NoError(t, drip(t.Context(), address, "POST /api/v1/connections HTTP/1.1\r\nHost: usher\r\nContent-Type: application/json\r\n"+
			authorization+"Content-Length: 1000000\r\n\r\n{"))
	}
	require.Equal(t, http.StatusOK, do(t, http.MethodGet, app.URL()+"/api/v1/me", key, "").status)
	connections, err := app.Installation.ListConnections(t.Context(), "acme")
	require.NoError(t, err)
	require.Len(t, connections, 1)
}
