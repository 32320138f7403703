package signin

import (
	"errors"
	"net/http"

	"usher/domain"
	"usher/oidc"
)

// providerFailure finds the words for a sign-in at a provider that did not come to its end; ok is false for any other error.
// Each has a reference, by which the log says more.
func (v *visit) providerFailure(err error) (status int, f failure, ok bool) {
	of := func(status int, key string, again bool) (int, failure, bool) {
		f := failure{Title: "error." + key + ".title", Text: "error." + key + ".text", Reference: v.RequestID(v.r), SignIn: again}
		if refusal, is := oidc.Refused(err); is {
			f.Said = refusal.Said
		}
		return status, f, true
	}
	var known *domain.Error
	if errors.As(err, &known) {
		switch known.Code {
		case domain.CodeNoAccount:
			return of(http.StatusForbidden, "no-account", true)
		case domain.CodeSignInTooWeak:
			return of(http.StatusForbidden, "proof", true)
		case domain.CodeConnectionShut:
			return of(http.StatusForbidden, "provider-off", true)
		case domain.CodeSeatsExhausted:
			status, f, ok := of(http.StatusForbidden, "no-seat", true)
			f.Detail = known.Message
			return status, f, ok
		}
		return 0, failure{}, false
	}
	refusal, is := oidc.Refused(err)
	switch {
	case !is:
		return 0, failure{}, false
	case refusal.Check == "disabled":
		return of(http.StatusForbidden, "provider-off", true)
	case down(refusal):
		return of(http.StatusBadGateway, "provider-down", true)
	case refusal.Check == "denied":
		return of(http.StatusForbidden, "provider-denied", true)
	case refusal.Check == "requirements":
		return of(http.StatusForbidden, "proof", true)
	case refusal.Check == "hd":
		return of(http.StatusForbidden, "provider-account", true)
	case refusal.Check == "cookie":
		return of(http.StatusBadRequest, "provider-cookie", true)
	case clock(refusal):
		return of(http.StatusBadGateway, "provider-clock", true)
	case refusal.Step == oidc.StepIDToken && refusal.Check == "auth_time":
		return of(http.StatusForbidden, "provider-fresh", true)
	case refusal.Side == oidc.SidePerson:
		return of(http.StatusBadRequest, "provider-again", true)
	case refusal.Step == oidc.StepClaims:
		return of(http.StatusBadGateway, "provider-claims", false)
	case refusal.Side == oidc.SideHere:
		return of(http.StatusBadGateway, "provider-here", false)
	}
	return of(http.StatusBadGateway, "provider", true)
}

// down reports whether the provider cannot be reached, for now.
func down(e *oidc.Error) bool {
	switch e.Check {
	case "connect", "time", "name", "certificate", "tls", "unavailable", "status":
		return e.Step != oidc.StepCallback || e.Check == "unavailable"
	}
	return false
}

// clock reports whether two clocks that differ are the likely reason.
func clock(e *oidc.Error) bool {
	switch e.Check {
	case "iat", "exp", "nbf":
		return e.Step == oidc.StepIDToken
	}
	return false
}
