package signin

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"usher/domain"
)

// checkPath is where proxies ask whether a request may go on to an application (docs/bridge.md). Whatever comes after it is
// the path that was asked for, which is how Envoy tells.
const checkPath = "/auth/check"

func isCheck(path string) bool {
	return path == checkPath || strings.HasPrefix(path, checkPath+"/") || path == refusedPath
}

// The headers that say why a request may not go on.
const (
	headerSignIn      = "X-Usher-Sign-In"      // with 401: where to sign in, or to go on signing in
	headerReason      = "X-Usher-Reason"       // with 403: one word
	headerNextOpening = "X-Usher-Next-Opening" // with 403: when the person may come in again (RFC 3339)
)

// check answers a proxy: 200 with who comes, 401 with where to sign in (for a browser, with proxies that hand on what they are
// answered, 302), 403 with the reason. It takes any method, since some proxies ask with the one of the request; it changes
// nothing but when the person was seen, so that a request from another site does no harm. Nothing is remembered of the
// decision.
func (h *Handler) check(w http.ResponseWriter, r *http.Request) {
	route := checkPath
	if r.URL.Path == refusedPath {
		route = refusedPath
	}
	h.Observe(r, route)
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	q, err := parseQuestion(r)
	if err != nil {
		h.tell(w, r, http.StatusBadRequest, domain.CodeInvalidValue, err.Error())
		return
	}
	q.hands = q.hands || route == refusedPath
	key := domain.ApplicationKey{Audience: q.application, Origin: q.origin}
	if key == (domain.ApplicationKey{}) {
		key.Audience = unnamed
	}
	c, err := h.Entrance.Check(r.Context(), h.sessionToken(r), key)
	if q.organisation != "" && c.OrganisationSlug != q.organisation && !c.User.ID.IsZero() {
		c, err = domain.Checked{}, domain.UnknownSession() // who is in at another organisation is nobody here
	}
	if err != nil {
		h.turnAway(w, r, q, c, err)
		return
	}
	if route == refusedPath {
		h.goBack(w, r, q, c)
		return
	}
	if err := h.introduce(r.Context(), header, c.Guest); err != nil {
		h.turnAway(w, r, q, c, err)
		return
	}
	w.WriteHeader(http.StatusOK)
}

// unnamed is no application's audience: a request of which nobody knows for whom it is goes nowhere.
const unnamed = " "

// sessionToken is the token that a browser shows; empty: none.
func (h *Handler) sessionToken(r *http.Request) string {
	c, err := r.Cookie(h.cookieName(sessionCookie))
	if err != nil {
		return ""
	}
	return c.Value
}

// turnAway tells why a request does not go on.
func (h *Handler) turnAway(w http.ResponseWriter, r *http.Request, q question, c domain.Checked, err error) {
	var known *domain.Error
	if !errors.As(err, &known) {
		known = &domain.Error{Kind: domain.Internal, Code: domain.CodeInternal, Err: err}
	}
	switch {
	case known.Code == domain.CodeUnauthenticated:
		path := "/sign-in"
		if q.organisation != "" {
			path += "/" + url.PathEscape(q.organisation)
		}
		h.sendToSignIn(w, r, q, withReturn(path, q.asked), known.Message)
	case known.Code == domain.CodeStepMissing:
		h.sendToSignIn(w, r, q, stepPath(domain.SignInStep(known.Field), q.asked), known.Message)
	case known.Kind == domain.Forbidden:
		h.refuse(w, r, q, c, known)
	default:
		status := http.StatusInternalServerError
		if known.Kind == domain.Unavailable {
			status = http.StatusServiceUnavailable
			w.Header().Set("Retry-After", "5")
		}
		h.Log.LogAttrs(r.Context(), slog.LevelError, "a check failed", slog.Any("cause", err))
		h.tell(w, r, status, known.Code, "the sign-in service failed to answer; try again in a moment (request "+h.RequestID(r)+")")
	}
}

// sendToSignIn says where to sign in.
func (h *Handler) sendToSignIn(w http.ResponseWriter, r *http.Request, q question, path, message string) {
	where := h.BaseURL + path
	w.Header().Set(headerSignIn, where)
	if q.redirects(r) {
		w.Header().Set("Location", where)
		w.WriteHeader(http.StatusFound)
		return
	}
	w.Header().Set("WWW-Authenticate", `Usher realm="`+h.origin+`"`)
	h.tell(w, r, http.StatusUnauthorized, domain.CodeUnauthenticated, message)
}
