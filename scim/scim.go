// Package scim owns the protocol of RFC 7643 and RFC 7644, with the cursors of RFC 9865, on top of the domain: who
// asks, what was asked, which use case answers, and how the outcome is told.
//
// It leaves the knowledge of attributes to scim/schema, the filter and path grammar to scim/filter, the meaning of
// PATCH bodies to scim/patch, and every rule about people and groups to the domain. A request passes through the files
// like this: route.go finds the endpoint, authenticate.go the caller, body.go reads, user.go or group.go (or list.go,
// bulk.go, discovery.go) calls a use case of [domain.Directory], write.go tells the outcome, and whatever goes wrong on
// the way becomes an answer in error.go.
//
//	handler, err := scim.New(scim.Config{Directory: directory, BaseURL: base, CursorKey: key, Now: time.Now, Log: log})
//	mux.Handle("/scim/v2/", handler)
package scim

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"usher/domain"
)

// Prefix is the path that the handler is served under.
const Prefix = "/scim/v2"

// The bounds of a request. Those of filters and patches are with their grammar.
const (
	maxBody       = 1 << 20  // bytes, after expansion
	maxGroupBody  = 16 << 20 // bytes of a group with its members, after expansion
	maxOperations = 1000     // of one Bulk request
	defaultCount  = 100      // resources of a page where none is asked for
	maxCount      = 1000     // resources of a page, whatever is asked for
	bigGroup      = 200      // members; above it a PATCH is answered without the group
)

// Config of the protocol adapter.
type Config struct {
	Directory *domain.Directory

	// BaseURL is the absolute URL of /scim/v2 as clients reach it, without a slash at the end.
	BaseURL func() string

	// CursorKey seals the cursors: 32 bytes, the same on all replicas.
	CursorKey []byte

	// Now is the clock by which cursors expire and requests are timed.
	Now func() time.Time

	// Log is where faults are told: what happened and in which request, never what was sent.
	Log *slog.Logger

	Guests  Guests  // nil: nobody but directories is known
	Limiter Limiter // nil: no rate limit
	Ledger  Ledger  // nil: nothing is counted

	// Observe is told of every request that was answered. route is the pattern ("/Users/{id}"), not the path; caller is
	// the zero Caller for a request whose token was not accepted. nil: nobody asks.
	Observe func(r *http.Request, route string, caller domain.Caller, status int, took time.Duration)

	// RequestID is the identifier of the request in logs and events. nil: none.
	RequestID func(ctx context.Context) string

	// ClientAddress is the network address that a request comes from, as far as it can be believed. nil: not known.
	ClientAddress func(ctx context.Context) string
}

// Limiter limits the requests of one connection, whichever replicas they arrive at.
type Limiter interface {
	// Allow counts a request; ok is false when it is one too many, and retryAfter says when the next has a chance.
	Allow(ctx context.Context, caller domain.Caller) (retryAfter time.Duration, ok bool)
}

// Ledger counts what an administrator wants to know about a connection: requests that were refused, habits of its
// vendor that were put right. It must not block.
type Ledger interface {
	Count(caller domain.Caller, kind domain.TallyKind, what, detail string)
}

// service is the handler with what it needs, the same for all requests.
type service struct {
	Config

	schemas *schemaCache
	cursors sealer
	buffers buffers
	routes  http.Handler
}

// New makes the handler of everything under [Prefix].
func New(c Config) (http.Handler, error) {
	switch {
	case c.Directory == nil:
		return nil, errors.New("scim: a Directory is required")
	case c.BaseURL == nil:
		return nil, errors.New("scim: a BaseURL is required")
	case c.Now == nil:
		return nil, errors.New("scim: a clock is required")
	case c.Log == nil:
		return nil, errors.New("scim: a logger is required")
	}
	if c.RequestID == nil {
		c.RequestID = func(context.Context) string { return "" }
	}
	if c.ClientAddress == nil {
		c.ClientAddress = func(context.Context) string { return "" }
	}
	cursors, err := newSealer(c.CursorKey)
	if err != nil {
		return nil, err
	}
	standard, err := newSchemaCache(c.Directory)
	if err != nil {
		return nil, err
	}
	s := &service{Config: c, cursors: cursors, schemas: standard}
	s.routes = s.router()
	return s, nil
}
