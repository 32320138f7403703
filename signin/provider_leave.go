package signin

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"usher/domain"
	"usher/oidc"
	"usher/web"
)

// leftLifetime is how long somebody may be away at their provider to sign out there.
const leftLifetime = 15 * time.Minute

// leaveProvider is the address at which the provider of a session ends its own, too (RP-Initiated Logout 1.0 section 2);
// empty where there is none. That somebody is out here does not wait for it.
func (v *visit) leaveProvider(s domain.Session) string {
	if s.Connection.IsZero() {
		return ""
	}
	ctx, cancel := context.WithTimeout(v.r.Context(), leaveTime)
	defer cancel()
	address, err := v.providerLogout(ctx, s)
	if err != nil {
		v.Log.LogAttrs(ctx, slog.LevelWarn, "nobody is signed out at the provider", slog.String("connection", s.Connection.String()), slog.Any("cause", err))
		return ""
	}
	return address
}

// leaveTime is how long somebody who signs out waits for their provider to say where.
const leaveTime = 3 * time.Second

func (v *visit) providerLogout(ctx context.Context, s domain.Session) (string, error) {
	door, err := v.Entrance.Door(ctx, s.Connection)
	if err != nil {
		return "", err
	}
	registration, err := v.Registrar.Registration(door.Connection, door.Settings)
	if err != nil {
		return "", err
	}
	var hint oidc.Secret
	if len(s.LogoutHint) > 0 {
		plain, err := v.Open(s.LogoutHint, placeOfHint(s.Organisation, s.Connection))
		if err != nil {
			return "", err
		}
		hint = oidc.Secret(plain)
	}
	state, err := web.Nonce(v.Random)
	if err != nil {
		return "", err
	}
	address, err := v.Party.SignOut(ctx, registration, hint, v.BaseURL+"/sign-in", state)
	if err != nil || address == "" {
		return "", err
	}
	return address, v.keepSealed(leftCookie, state+" "+door.Organisation.Slug, leftLifetime)
}

// cameOut is whose door it is to which a browser comes back that went to sign out at a provider (RP-Initiated Logout 1.0
// section 3); ok is false where this browser did not go.
func (v *visit) cameOut() (slug string, ok bool) {
	state, slug, ok := strings.Cut(v.opened(leftCookie), " ")
	given := v.r.URL.Query().Get("state")
	if !ok || subtle.ConstantTimeCompare([]byte(given), []byte(state)) != 1 {
		return "", false
	}
	v.forget(leftCookie)
	return slug, true
}

// endByProvider ends the sessions that a provider says are over (Back-Channel Logout 1.0 section 2.5). The answer is for a
// program: 200, or 400 with the reason.
func endByProvider(v *visit) error {
	v.w.Header().Set("Cache-Control", "no-store")
	p, err := v.passage()
	if err == nil {
		var what oidc.Ending
		if what, err = v.Party.EndSessions(v.r.Context(), p.registration, v.r.PostFormValue("logout_token")); err == nil {
			_, err = v.Entrance.EndByProvider(v.r.Context(), domain.ProviderEnding(what), v.visitor())
		}
	}
	if err == nil {
		v.w.WriteHeader(http.StatusOK)
		return nil
	}
	v.Log.LogAttrs(v.r.Context(), slog.LevelWarn, "a provider's logout was refused", slog.Any("cause", err))
	status, why := http.StatusServiceUnavailable, "try again"
	if refusal, is := oidc.Refused(err); is {
		if why = refusal.Message; !down(refusal) {
			status = http.StatusBadRequest
		}
	} else if domain.IsKind(err, domain.NotFound) {
		status, why = http.StatusBadRequest, "there is no such connection"
	} else if domain.IsCode(err, domain.CodeTokenReplayed) {
		status, why = http.StatusBadRequest, "this logout token has come before"
	}
	body, err := json.Marshal(map[string]string{"error": "invalid_request", "error_description": why})
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "application/json")
	v.w.WriteHeader(status)
	_, _ = v.w.Write(body)
	return nil
}
