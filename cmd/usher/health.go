package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"usher/domain"
	"usher/persistence"
)

// health answers those who look after the process: /healthz says that it lives, /readyz that it can serve.
type health struct {
	now      func() time.Time
	stopping *atomic.Bool
	schema   func(context.Context) (persistence.SchemaState, error)

	mu      sync.Mutex // one look at the database at a time
	checked time.Time
	found   error
}

const (
	readyTime = 2 * time.Second        // for the database to answer
	readyAge  = 250 * time.Millisecond // a younger answer is given again, so that asking costs the database little
)

// live answers 200 as long as anything answers.
func (h *health) live(w http.ResponseWriter, r *http.Request) {
	answer(w, r, http.StatusOK, `{"status":"ok"}`)
}

// ready answers 200 when the database is reachable and its schema current, else 503 with what is missing.
func (h *health) ready(w http.ResponseWriter, r *http.Request) {
	var reason string
	if h.stopping.Load() {
		reason = "stopping"
	} else if err := h.database(r.Context()); err != nil {
		reason = "database"
		if domain.IsKind(err, domain.Invalid) {
			reason = "schema"
		}
	}
	if reason == "" {
		answer(w, r, http.StatusOK, `{"status":"ok"}`)
		return
	}
	w.Header().Set("Retry-After", "5")
	answer(w, r, http.StatusServiceUnavailable, `{"status":"unavailable","reason":"`+reason+`"}`)
}

// database says what is wrong with the database.
func (h *health) database(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if age := h.now().Sub(h.checked); age >= 0 && age < readyAge {
		return h.found
	}
	// The answer is for all who ask, so it does not end with the one who asked first.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyTime)
	defer cancel()
	state, err := h.schema(ctx)
	if err == nil {
		err = state.Err()
	}
	if err == nil && ctx.Err() != nil {
		err = errors.New("health: the database did not answer in time")
	}
	h.checked, h.found = h.now(), err
	return err
}

// answer writes a small JSON document.
func answer(w http.ResponseWriter, r *http.Request, status int, document string) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		status, document = http.StatusMethodNotAllowed, `{"status":"method not allowed"}`
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, document+"\n")
}
