package signin

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"usher/domain"
	"usher/oidc/assertion"
)

// giveAssertion answers a page of an application that wants to show its own server, or ours, who is signed in: a short
// assertion for the session's cookie. A script gets it from an origin of the application and from nowhere else: an answer that
// another origin's script could read is never made, and one that no script asks for neither. It changes nothing.
func giveAssertion(v *visit) error {
	h := v.w.Header()
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "Origin, Cookie")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	from := v.r.Header.Get("Origin")
	key := domain.ApplicationKey{Audience: v.r.URL.Query().Get("application"), Origin: domain.Origin(from)}
	if from == "" { // as browsers ask at the address of the page itself
		key.Origin = domain.Origin(v.origin)
	}
	if from == "" && v.r.Header.Get("Sec-Fetch-Site") != "same-origin" {
		return v.refuseAssertion(http.StatusForbidden, "script_only", "a script of the application asks for this, from one of its origins")
	}
	c, err := v.Entrance.Check(v.r.Context(), v.token(), key)
	if from != "" && (c.Application.ID.IsZero() || !slices.Contains(c.Application.Origins, domain.Origin(from))) {
		// Whether somebody is signed in is for the application to know only.
		return v.refuseAssertion(http.StatusForbidden, "origin_unknown", "this is asked for from an origin of the application, by somebody who is signed in")
	}
	if from != "" {
		h.Set("Access-Control-Allow-Origin", from)
		h.Set("Access-Control-Allow-Credentials", "true")
	}
	switch {
	case domain.IsKind(err, domain.Unauthenticated), domain.IsCode(err, domain.CodeStepMissing):
		return v.refuseAssertion(http.StatusUnauthorized, "unauthenticated", "nobody is signed in; send the person to "+v.BaseURL+"/sign-in?return_to=…")
	case domain.IsKind(err, domain.Forbidden):
		reason := domain.CodeAccessRefused
		if c.Decision.Reason != "" {
			reason = c.Decision.Reason
		}
		return v.refuseAssertion(http.StatusForbidden, reason, "this person may not come in at the moment")
	case err != nil:
		return err
	}
	says, err := claimsOf(c.Guest)
	if err != nil {
		return err
	}
	token, err := v.assert(v.r.Context(), c.Guest, says)
	if err != nil {
		return err
	}
	return v.answerJSON(http.StatusOK, map[string]any{"assertion": token, "expires_in": int((assertion.Lifetime - reuseFor) / time.Second)})
}

// refuseAssertion answers a script.
func (v *visit) refuseAssertion(status int, code, detail string) error {
	return v.answerJSON(status, map[string]any{"code": code, "detail": detail})
}

func (v *visit) answerJSON(status int, body map[string]any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "application/json")
	v.w.WriteHeader(status)
	_, _ = v.w.Write(text)
	return nil
}
