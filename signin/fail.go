package signin

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"usher/domain"
)

// failure is what the page of an error tells.
type failure struct {
	Title, Text string // keys
	Icon, Kind  string // of its emblem; empty: what is not our fault
	Said        string // by an identity provider, in its own words
	Detail      string // what there is to know beside the text
	Reference   string // empty: there is nothing to look for
	SignIn      bool   // to sign in may help
}

// fail answers with what went wrong, in plain words. Who is not signed in is sent to sign in; who has a step left, to it.
func (v *visit) fail(err error) {
	var known *domain.Error
	if errors.As(err, &known) {
		switch known.Code {
		case domain.CodeUnauthenticated:
			to := withReturn("/sign-in", v.here())
			if v.token() != "" {
				v.forget(sessionCookie)
				to += map[bool]string{true: "&", false: "?"}[strings.Contains(to, "?")] + "ended=1"
			}
			_ = v.redirect(to)
			return
		case domain.CodeProofMissing:
			to := v.here()
			switch {
			case to != "":
			case strings.HasPrefix(v.r.URL.Path, securityPath):
				to = securityPath
			default:
				to = homePath
			}
			_ = v.redirect(withReturn("/account/prove", to))
			return
		case domain.CodeStepMissing:
			if known.Field != "" {
				_ = v.redirect(stepPath(domain.SignInStep(known.Field), v.returnTo()))
				return
			}
		}
	}
	if reason, told, ok := refusal(err); ok {
		if err = v.turnAway(reason, told); err == nil {
			return
		}
	}
	status, f := v.explain(err)
	switch {
	case status >= http.StatusInternalServerError:
		v.Log.LogAttrs(v.r.Context(), slog.LevelError, "a page failed", slog.Any("cause", err))
	case f.Reference != "": // nothing is wrong here, and whoever is asked for help looks for it
		v.Log.LogAttrs(v.r.Context(), slog.LevelInfo, "somebody was refused", slog.Any("cause", err))
	}
	if status == http.StatusTooManyRequests {
		v.retryAfter(time.Minute)
	}
	if status == http.StatusServiceUnavailable {
		v.retryAfter(5 * time.Second)
	}
	p := v.page(f.Title, f)
	p.Path = ""
	if err := v.show(status, "error", p); err != nil {
		v.Log.LogAttrs(v.r.Context(), slog.LevelError, "a page could not be made", slog.Any("cause", err))
		http.Error(v.w, v.RequestID(v.r), http.StatusInternalServerError)
	}
}

// here is the page that was asked for, to come back to.
func (v *visit) here() string {
	if v.r.Method != http.MethodGet {
		return ""
	}
	to := url.URL{Path: v.r.URL.Path, RawQuery: v.r.URL.RawQuery}
	return to.String()
}

// explain finds the status and the words for an error.
func (v *visit) explain(err error) (int, failure) {
	if status, f, ok := v.providerFailure(err); ok {
		return status, f
	}
	var known *domain.Error
	switch {
	case errors.Is(err, errMethod):
		return http.StatusMethodNotAllowed, failure{Title: "error.method.title", Text: "error.method.text"}
	case errors.Is(err, errCrossSite):
		return http.StatusForbidden, failure{Title: "error.cross-site.title", Text: "error.cross-site.text"}
	case errors.Is(err, errForm):
		return http.StatusBadRequest, failure{Title: "error.form.title", Text: "error.form.text"}
	case errors.As(err, &known):
		switch known.Kind {
		case domain.NotFound:
			return http.StatusNotFound, failure{Title: "error.not-found.title", Text: "error.not-found.text", Icon: "question"}
		case domain.Throttled:
			return http.StatusTooManyRequests, failure{Title: "error.throttled.title", Text: "error.throttled.text", Icon: "clock"}
		case domain.Unavailable:
			return http.StatusServiceUnavailable, failure{Title: "error.unavailable.title", Text: "error.unavailable.text", Icon: "clock", Reference: v.RequestID(v.r)}
		case domain.Forbidden, domain.Unauthenticated:
			if known.Code == domain.CodeLocalSignInOff {
				return http.StatusForbidden, failure{Title: "error.local-off.title", Text: "error.local-off.text", Icon: "shield", SignIn: true}
			}
			return http.StatusForbidden, failure{Title: "error.refused.title", Text: "error.refused.text", SignIn: true}
		case domain.Internal, domain.Invalid, domain.Conflict, domain.Precondition: // below
		}
	}
	return http.StatusInternalServerError, failure{Title: "error.internal.title", Text: "error.internal.text", Kind: "bad", Reference: v.RequestID(v.r)}
}
