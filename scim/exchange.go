package scim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"usher/domain"
	"usher/scim/schema"
)

// exchange is one request with its answer.
type exchange struct {
	*service

	w        http.ResponseWriter
	r        *http.Request
	endpoint endpoint
	media    string // of the answer
	base     string // absolute URL of the prefix, fit to stand inside a JSON string

	caller   domain.Caller
	recalled bool // the caller is from memory, and nothing has verified the token yet
	ignored  bool // an attribute that no schema knows was dropped

	status int // of the answer; 0: none has begun
}

// statusClientGone is what the metrics are told of a request whose client did not wait for the answer.
const statusClientGone = 499

// serve carries one request through: who asks, whether they may, what answers, and how a failure is told.
func (s *service) serve(w http.ResponseWriter, r *http.Request, e endpoint) {
	start := s.Now()
	r, release := outliving(r)
	defer release()
	x := &exchange{service: s, w: w, r: r, endpoint: e, media: acceptable(r.Header), base: escapedURL(s.BaseURL())}
	defer func() {
		abort := x.recovered(recover())
		if s.Observe != nil {
			s.Observe(r, e.pattern, x.caller, x.status, s.Now().Sub(start))
		}
		if abort {
			panic(http.ErrAbortHandler)
		}
		x.leaveBody()
	}()
	if err := x.run(); err != nil {
		x.fail(err)
	}
}

// longest bounds a request that no longer depends on its client.
const longest = 2 * time.Minute

// outliving lets a request that may change something go on when its client falls silent: a client that has sent its
// whole request may close its side and still wait for the answer, and what is under way is done or refused, and told.
// A read ends with its client.
func outliving(r *http.Request) (*http.Request, context.CancelFunc) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return r, func() {}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), longest)
	return r.WithContext(ctx), cancel
}

// linger is how long the server waits, after the answer, for the rest of a body that nobody read.
const linger = time.Second

// leaveBody keeps a sender who announced a body and does not send it from holding the connection after the answer.
func (x *exchange) leaveBody() {
	if x.r.Body != nil && x.r.Body != http.NoBody {
		// Where the connection knows no deadlines there is nothing to hold.
		_ = http.NewResponseController(x.w).SetReadDeadline(wallClock().Add(linger))
	}
}

// run authenticates and answers. Where the caller is from memory and the answer is a refusal, nothing has shown that
// the token still holds: it is looked up then, and a token that does not hold is the refusal. The look-up may also show
// that the organisation's schemas have changed since; what was refused by the old ones gets a second reading.
func (x *exchange) run() error {
	if handled, err := x.self(); handled {
		return err
	}
	action, err := x.action()
	t := inForce
	if err == nil {
		t = action.trust
	}
	var denied error
	if x.caller, x.recalled, denied = x.authenticate(x.r.Context(), x.r.Header, t); denied != nil {
		return denied
	}
	if err != nil {
		return err
	}
	if err := x.admit(); err != nil {
		return err
	}
	err = action.run(x)
	if err == nil || !x.recalled || x.status != 0 {
		return err
	}
	knew := x.caller.SchemaVersion
	if x.caller, x.recalled, denied = x.authenticate(x.r.Context(), x.r.Header, inForce); denied != nil {
		return denied
	}
	if x.caller.SchemaVersion == knew {
		return err
	}
	return action.run(x)
}

// action picks what answers the method; HEAD is a GET whose body the server leaves out.
func (x *exchange) action() (action, error) {
	if x.endpoint.methods == nil {
		return action{}, refuse(http.StatusNotFound, "unknown_path",
			"there is nothing at this path; use /Users, /Groups, /Bulk, /.search, /Schemas, /ResourceTypes or /ServiceProviderConfig below the SCIM base URL")
	}
	method := x.r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if a, ok := x.endpoint.methods[method]; ok {
		return a, nil
	}
	r := refuse(http.StatusMethodNotAllowed, "method_not_allowed", "this method is not allowed here; use "+x.endpoint.allowed())
	r.allow = x.endpoint.allowed()
	return action{}, r
}

// admit applies the rate limit of the connection.
func (x *exchange) admit() error {
	if x.Limiter == nil {
		return nil
	}
	wait, ok := x.Limiter.Allow(x.r.Context(), x.caller)
	if ok {
		return nil
	}
	return &refusal{
		outcome: outcomes[domain.CodeRateLimited], code: domain.CodeRateLimited, retryAfter: max(wait, time.Second),
		detail: "this connection sends more requests than the operator of the service allows; repeat the request after the time in Retry-After",
	}
}

// id is the last part of the path.
func (x *exchange) id() string { return chi.URLParam(x.r, "id") }

// note counts a habit of the vendor that was put right.
func (x *exchange) note(rule string) {
	x.ignored = x.ignored || rule == schema.RuleUnknownAttribute
	if x.Ledger != nil {
		x.Ledger.Count(x.caller, domain.TallyStraightened, rule, "")
	}
}

// fail tells a refusal, and counts it where it was a connection's. Where half an answer is out, cutting the connection is
// the only way left to say that it is no whole one; and to a client that has left, no answer at all is better than the
// empty one that the server would send by itself.
func (x *exchange) fail(err error) {
	left := errors.Is(x.r.Context().Err(), context.Canceled)
	r := refused(err, x.RequestID(x.r.Context()))
	if !left {
		if r.status >= http.StatusInternalServerError && r.status != http.StatusNotImplemented {
			x.logFault(r.code, slog.Any("cause", err))
		}
		x.count(x.r.Method, x.endpoint.pattern, r)
	}
	switch {
	case x.status != 0:
		panic(http.ErrAbortHandler)
	case left:
		x.status = statusClientGone
		panic(http.ErrAbortHandler)
	default:
		x.tell(r)
	}
}

// tell answers with a refusal.
func (x *exchange) tell(r *refusal) {
	h := x.w.Header()
	h.Del("ETag")
	h.Del("Location")
	if r.challenge != "" {
		h.Set("WWW-Authenticate", r.challenge)
	}
	if r.allow != "" {
		h.Set("Allow", r.allow)
	}
	if r.retryAfter > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64((r.retryAfter+time.Second-1)/time.Second), 10))
	}
	x.send(r.status, appendRefusal(make([]byte, 0, 512), r))
}

// count adds a refusal to the ledger: every one of a write, and of a read those that show that something is set up
// wrongly. That an id or a cached copy is not what it was is the daily bread of a read.
func (x *exchange) count(method, pattern string, r *refusal) {
	reading := method == http.MethodGet || method == http.MethodHead
	if x.Ledger == nil || x.caller.Connection.IsZero() || reading && r.status == http.StatusNotFound {
		return
	}
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
	default:
		method = "other" // a client makes up no names here
	}
	what := method + " " + strings.TrimSuffix(pattern, "/{id}") + " " + strconv.Itoa(r.status) + " " + r.code
	x.Ledger.Count(x.caller, domain.TallyRefused, what, r.lasting())
}

// recovered answers for a handler that panicked. abort is true when the connection has to be cut, because half an
// answer is out.
func (x *exchange) recovered(fault any) (abort bool) {
	if fault == nil {
		return false
	}
	if err, ok := fault.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		return true
	}
	cause := fmt.Sprintf("%T", fault) // not the value, which may be somebody's
	var known runtime.Error
	if err, ok := fault.(error); ok && errors.As(err, &known) {
		cause = known.Error()
	}
	x.logFault("panic", slog.String("cause", cause), slog.String("stack", string(debug.Stack())))
	if x.status != 0 {
		return true
	}
	x.tell(refused(&domain.Error{Kind: domain.Internal, Code: domain.CodeInternal}, x.RequestID(x.r.Context())))
	return false
}

func (x *exchange) logFault(code string, more ...slog.Attr) {
	attributes := append([]slog.Attr{
		slog.String("code", code),
		slog.String("request_id", x.RequestID(x.r.Context())),
		slog.String("route", x.endpoint.pattern),
		slog.String("organisation", x.caller.Organisation.String()),
		slog.String("connection", x.caller.Connection.String()),
	}, more...)
	x.Log.LogAttrs(x.r.Context(), slog.LevelError, "scim request failed", attributes...)
}
