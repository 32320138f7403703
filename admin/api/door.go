package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"usher/domain"
)

// maxBody bounds a request's body, in bytes.
const maxBody = 1 << 20

// longest bounds a request that no longer depends on its client.
const longest = 2 * time.Minute

// exchange is one request on its way to its answer.
type exchange struct {
	*service

	r     *http.Request
	who   domain.Administrator
	guest *domain.Guest // where it is no key that asks but a person, about themselves
	body  []byte
	route string // pattern
}

type exchangeKey struct{}

// exchangeOf is the exchange that a context belongs to.
func exchangeOf(ctx context.Context) *exchange {
	x, ok := ctx.Value(exchangeKey{}).(*exchange)
	if !ok {
		panic("api: an operation was called without its door")
	}
	return x
}

func (x *exchange) requestID() string { return x.RequestID(x.r.Context()) }

// ServeHTTP answers one request. The answer is complete before any of it goes out.
func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r, release := outliving(r)
	defer release()
	x := &exchange{service: s, r: r, route: "unknown"}
	given := x.safely()
	given.send(w)
	if s.Observe != nil {
		s.Observe(r, x.route, x.who, given.status)
	}
}

// outliving lets a request that may change something go on when its client falls silent: what is under way is done or
// refused, and told where somebody still listens. A read ends with its client.
func outliving(r *http.Request) (*http.Request, context.CancelFunc) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return r, func() {}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), longest)
	return r.WithContext(ctx), cancel
}

// safely answers also for an operation that panics.
func (x *exchange) safely() (given *answer) {
	defer func() {
		fault := recover()
		if fault == nil {
			return
		}
		x.Log.LogAttrs(x.r.Context(), slog.LevelError, "panic",
			slog.String("cause", fmt.Sprintf("%T", fault)), slog.String("stack", string(debug.Stack())))
		given = newAnswer()
		x.refuse(given, x.r, told(&domain.Error{Kind: domain.Internal, Code: domain.CodeInternal}, x.requestID()))
	}()
	given = newAnswer()
	if x.r.URL.Path == Prefix+documentPath && isRead(x.r.Method) {
		x.route = Prefix + documentPath
		given.Header().Set("Content-Type", "application/openapi+json")
		_, _ = given.Write(x.document)
		return given
	}
	if err := x.admitted(given); err != nil {
		x.refuse(given, x.r, x.problem(err))
		return given
	}
	if key := x.r.Header.Values("Idempotency-Key"); x.r.Method == http.MethodPost && len(key) > 0 {
		x.once(given, strings.Join(key, ","))
		return given
	}
	x.operate(given)
	return given
}

// admitted finds who asks, counts the request and reads its body: nobody learns what there is before that.
func (x *exchange) admitted(given *answer) error {
	if err := x.known(); err != nil {
		return err
	}
	if err := x.count(given); err != nil {
		return err
	}
	return x.read()
}

// known finds who asks: a key, or, about themselves only, a person.
func (x *exchange) known() error {
	if x.Guests != nil && x.r.URL.Path == Prefix+selfPath && isRead(x.r.Method) {
		g, known, err := x.Guests.Guest(x.r)
		if err != nil {
			return err
		}
		if known {
			x.guest = &g
			x.asks(domain.Administrator{Organisation: g.User.Organisation, Actor: domain.Actor{Kind: "user", ID: g.User.ID.UUID}})
			return nil
		}
	}
	b, err := bearer(x.r.Header)
	if err != nil {
		return err
	}
	who, err := x.Administration.Authenticate(x.r.Context(), b)
	x.asks(who)
	return err
}

// asks keeps who asks, with what is to be known of this one request.
func (x *exchange) asks(who domain.Administrator) {
	x.who = who
	x.who.RequestID, x.who.From = x.requestID(), x.ClientAddress(x.r.Context())
}

// bearer reads the API key of a request (RFC 6750 section 2.1). Exactly one Authorization header is believed, and only
// with its scheme: of two, a proxy on the way may have seen the other.
func bearer(h http.Header) (domain.Bearer, error) {
	lines := h["Authorization"]
	if len(lines) == 1 {
		scheme, key, found := strings.Cut(strings.TrimSpace(lines[0]), " ")
		if found && strings.EqualFold(scheme, "Bearer") {
			return domain.ParseAPIKey(strings.TrimLeft(key, " "))
		}
	}
	p := told(domain.UnknownAPIKey(), "")
	p.challenge = `Bearer realm="usher"` // of a request that carries no key at all, the challenge names no error
	return domain.Bearer{}, p
}

// count applies the rate limit of the key, and tells what is left of it (draft-ietf-httpapi-ratelimit-headers-10).
func (x *exchange) count(given *answer) error {
	if x.Limiter == nil {
		return nil
	}
	a := x.Limiter.Take(x.r.Context(), x.who.RateScope())
	if a.Limit > 0 {
		const second = time.Second
		reset := strconv.Itoa(int((a.Reset + second - 1) / second))
		given.Header().Set("Ratelimit-Policy", `"default";q=`+strconv.Itoa(a.Limit)+";w="+strconv.Itoa(int(a.Window/second)))
		given.Header().Set("Ratelimit", `"default";r=`+strconv.Itoa(a.Remaining)+";t="+reset)
	}
	if a.OK {
		return nil
	}
	p := told(&domain.Error{
		Kind: domain.Throttled, Code: domain.CodeRateLimited,
		Message: "this API key sends more requests than the operator of the service allows; repeat the request after the time in Retry-After",
	}, "")
	p.retryAfter = max(a.Reset, time.Second)
	return p
}

// read takes in the body, whole and bounded. The server has set the time in which it has to arrive.
func (x *exchange) read() error {
	if x.r.Body == nil || x.r.Body == http.NoBody {
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(x.r.Body, maxBody+1))
	var network net.Error
	switch {
	case len(text) > maxBody:
		return tooLarge()
	case errors.As(err, &network) && network.Timeout():
		return refusal(http.StatusRequestTimeout, "request_timeout", "The body arrived too slowly", "the body arrived too slowly; send the request again")
	case err != nil:
		return &domain.Error{Kind: domain.Invalid, Code: domain.CodeInvalidSyntax, Message: "the body ends too early; send it whole"}
	}
	x.body = text
	return nil
}

// operate calls the operation at the path, or says that there is none.
func (x *exchange) operate(given *answer) {
	route := chi.NewRouteContext()
	if route.RouteMethod = x.r.Method; x.r.Method == http.MethodHead {
		route.RouteMethod = http.MethodGet
	}
	ctx := context.WithValue(x.r.Context(), chi.RouteCtxKey, route)
	r := x.r.WithContext(context.WithValue(ctx, exchangeKey{}, x))
	r.Body = io.NopCloser(bytes.NewReader(x.body))
	r.Header = oneIfMatch(r.Header)
	x.routes.ServeHTTP(given, r)
	if pattern := route.RoutePattern(); strings.HasPrefix(pattern, Prefix+"/") && !strings.HasSuffix(pattern, "/*") {
		x.route = pattern
	}
}

func isRead(method string) bool { return method == http.MethodGet || method == http.MethodHead }
