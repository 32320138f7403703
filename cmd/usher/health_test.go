package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
)

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
