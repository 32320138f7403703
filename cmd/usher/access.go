package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"usher/domain"
	"usher/scim"
)

// access follows one request from the socket to its line in the log. It is the writer of the answer, and travels in the
// request's context.
type access struct {
	http.ResponseWriter

	control *http.ResponseController
	began   time.Time
	id      string // of the request
	client  string // the network address that it comes from
	route   string // pattern, not path
	caller  domain.Caller
	key     string // id of the API key; empty: none
	status  int    // 0: nothing answered yet
	written int64
}

type accessKey struct{}

// accessOf is the access that a context belongs to; nil outside a request.
func accessOf(ctx context.Context) *access {
	x, _ := ctx.Value(accessKey{}).(*access)
	return x
}

// requestID is the identifier of the request that a context belongs to.
func requestID(ctx context.Context) string {
	if x := accessOf(ctx); x != nil {
		return x.id
	}
	return ""
}

// label names the route of a request.
func label(r *http.Request, route string) {
	if x := accessOf(r.Context()); x != nil {
		x.route = route
	}
}

// observe learns from the SCIM adapter what only it knows.
func (a *App) observe(r *http.Request, route string, caller domain.Caller, status int, _ time.Duration) {
	x := accessOf(r.Context())
	if x == nil {
		return
	}
	x.caller, x.route = caller, "unknown"
	if strings.HasPrefix(route, "/") {
		x.route = scim.Prefix + strings.TrimSuffix(route, "/")
	}
	if x.status == 0 {
		x.status = status // of a client that did not wait
	}
	if caller.Token != (domain.TokenHash{}) && status != http.StatusUnauthorized {
		a.ledger.Used(caller)
	}
}

// kindAPI is the kind, in the metrics, of what comes with an API key.
const kindAPI = "api"

// observeAPI learns from the REST adapter what only it knows.
func (a *App) observeAPI(r *http.Request, route string, who domain.Administrator, status int) {
	x := accessOf(r.Context())
	if x == nil {
		return
	}
	x.route = route
	if who.Organisation.IsZero() {
		return
	}
	x.caller, x.key = domain.Caller{Organisation: who.Organisation, Kind: kindAPI}, who.Actor.ID.String()
	if status != http.StatusUnauthorized {
		a.ledger.UsedKey(who)
	}
}

// follow gives every request an identifier, a pace, a line in the log and a place in the metrics, and answers for those
// that panic.
func (a *App) follow(next http.Handler) http.Handler {
	now := a.config.Environment.Now
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := &access{ResponseWriter: w, control: http.NewResponseController(w), began: now(), id: a.identify(r), client: clientAddress(r, a.config.Proxies)}
		w.Header().Set("X-Request-Id", x.id)
		r = r.WithContext(context.WithValue(r.Context(), accessKey{}, x))
		if r.Body != nil && r.Body != http.NoBody {
			_ = x.control.SetReadDeadline(time.Now().Add(a.bodyTime)) // the server takes in what the handler leaves
		}
		defer func() {
			cut := a.recovered(recover(), x, r)
			a.account(r.Context(), x, r.Method, now().Sub(x.began))
			if cut {
				panic(http.ErrAbortHandler)
			}
		}()
		next.ServeHTTP(x, r)
	})
}

// account writes the request's line and counts it. Nothing that was sent is in it but the method.
func (a *App) account(ctx context.Context, x *access, method string, took time.Duration) {
	if x.status == 0 {
		x.status = http.StatusOK // what net/http answers for a handler that said nothing
	}
	method = knownMethod(method)
	a.metrics.observe(x.route, method, x.status, kindOf(x.caller), took)
	level := slog.LevelInfo
	if x.route == "/healthz" || x.route == "/readyz" {
		level = slog.LevelDebug
	}
	a.config.Log.LogAttrs(ctx, level, "request",
		slog.String("method", method), slog.String("route", x.route), slog.Int("status", x.status),
		slog.Float64("duration_ms", float64(took.Microseconds())/1000), slog.Int64("bytes", x.written))
}

// recovered answers for a handler that panicked. cut is true when half an answer is out.
func (a *App) recovered(fault any, x *access, r *http.Request) (cut bool) {
	if fault == nil {
		return false
	}
	if fault == http.ErrAbortHandler { //nolint:errorlint // the sentinel itself is what net/http compares with
		return true
	}
	a.config.Log.LogAttrs(r.Context(), slog.LevelError, "panic",
		slog.String("cause", fmt.Sprintf("%T", fault)), slog.String("stack", string(debug.Stack())))
	if x.status != 0 {
		return true
	}
	x.Header().Set("Content-Type", "text/plain; charset=utf-8")
	x.WriteHeader(http.StatusInternalServerError)
	_, _ = io.WriteString(x, "The service failed to answer this request ("+x.id+").\n")
	return false
}

// identify takes the identifier that a proxy gave the request, or makes one.
func (a *App) identify(r *http.Request) string {
	if given := r.Header.Get("X-Request-Id"); isSafeID(given) {
		return given
	}
	id, err := a.config.Environment.NewID()
	if err != nil {
		return "unknown"
	}
	return id.String()
}

// isSafeID accepts 1 to 64 letters, digits and marks that mean nothing in a log, a header or a database.
func isSafeID(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && !strings.ContainsRune("-_.:=+/@", rune(c)) {
			return false
		}
	}
	return true
}

// knownMethod keeps a client from making up labels.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "other"
}

// kindOf is the kind of connection that asked; none where nobody was recognised.
func kindOf(caller domain.Caller) string {
	if caller.Kind == "" {
		return "none"
	}
	return string(caller.Kind)
}

// WriteHeader implements http.ResponseWriter.
func (x *access) WriteHeader(status int) {
	if x.status == 0 && status >= http.StatusOK {
		x.status = status
	}
	x.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter. The time to take an answer begins with it, however long it took to find.
func (x *access) Write(p []byte) (int, error) {
	if x.status == 0 {
		x.status = http.StatusOK
	}
	if x.written == 0 {
		_ = x.control.SetWriteDeadline(time.Now().Add(writeTime))
	}
	n, err := x.ResponseWriter.Write(p)
	x.written += int64(n)
	return n, err
}

// Flush implements http.Flusher.
func (x *access) Flush() { _ = x.control.Flush() }

// Unwrap is for http.ResponseController.
func (x *access) Unwrap() http.ResponseWriter { return x.ResponseWriter }
