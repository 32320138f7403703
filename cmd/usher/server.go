package main

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"usher/admin/api"
	"usher/oauth"
	"usher/oidc/assertion"
	"usher/scim"
	"usher/signin"
)

// What a client gets, so that a slow one costs a goroutine for a while and nothing else. The SCIM adapter moves the
// limits of bodies and answers on as they make progress; these hold for everything that it does not read or write.
const (
	maxHeader  = 32 << 10         // bytes of the request line and all headers
	headerTime = 10 * time.Second // for all of them
	bodyTime   = 10 * time.Second // for a body that nobody reads
	writeTime  = time.Minute      // to take an answer
	idleTime   = 2 * time.Minute  // between two requests on one connection
)

// newServer makes an HTTP server with these limits.
func newServer(handler http.Handler, log *slog.Logger) *http.Server {
	const slack = 4096 // what net/http adds to MaxHeaderBytes
	return &http.Server{
		Handler: handler, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug), // what clients did wrong on the socket
		MaxHeaderBytes: maxHeader - slack, ReadHeaderTimeout: headerTime, IdleTimeout: idleTime, WriteTimeout: writeTime,
	}
}

// handler is the front door.
func (a *App) handler() http.Handler {
	return a.follow(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path := r.URL.Path; {
		case path == "/healthz":
			label(r, path)
			a.health.live(w, r)
		case path == "/readyz":
			label(r, path)
			a.health.ready(w, r)
		case a.config.Box != nil && path == lettersPath:
			label(r, path)
			a.config.Box.ServeHTTP(w, r)
		case path == assertion.Path:
			label(r, path)
			a.signer.ServeHTTP(w, r)
		case path == oauth.Path:
			label(r, path)
			a.oauth.ServeHTTP(w, r)
		case isSCIM(path):
			a.scim.ServeHTTP(w, r)
		case path == api.Prefix || strings.HasPrefix(path, api.Prefix+"/"):
			a.api.ServeHTTP(w, r)
		case signin.Owns(path):
			a.people.ServeHTTP(w, r)
		default:
			label(r, "unknown")
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.Header().Set("X-Content-Type-Options", "nosniff")
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, "There is nothing here. Identity providers push to "+scim.Prefix+"; the API for applications is at "+api.Prefix+"; people sign in at /sign-in.\n")
		}
	}))
}

// isSCIM reports whether a path belongs to the SCIM adapter, which takes it in any case.
func isSCIM(path string) bool {
	n := len(scim.Prefix)
	return len(path) >= n && strings.EqualFold(path[:n], scim.Prefix) && (len(path) == n || path[n] == '/')
}
