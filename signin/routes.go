package signin

import (
	"net/http"
	"slices"
	"strings"

	"usher/domain"
	"usher/web"
)

// route is a way to a page. The pattern is one of net/http, without the method.
type route struct {
	method  string
	pattern string
	answer  func(v *visit) error
}

// routes are all there are.
func routes() []route {
	return []route{
		{http.MethodGet, "/{$}", home},
		{http.MethodGet, "/sign-in", showIdentify},
		{http.MethodPost, "/sign-in", identify},
		{http.MethodGet, "/sign-in/organisation", showOrganisation},
		{http.MethodPost, "/sign-in/organisation", chooseOrganisation},
		{http.MethodGet, "/sign-in/check", checkCookies},
		{http.MethodGet, "/sign-in/password", showNewPassword},
		{http.MethodPost, "/sign-in/password", changePassword},
		{http.MethodGet, "/sign-in/passkey", showPasskey},
		{http.MethodPost, "/sign-in/passkey", signInByPasskey},
		{http.MethodGet, "/sign-in/factor", showFactor},
		{http.MethodPost, "/sign-in/factor", answerCode},
		{http.MethodPost, "/sign-in/factor/recovery", answerRecovery},
		{http.MethodPost, "/sign-in/factor/passkey", answerPasskey},
		{http.MethodGet, "/sign-in/enrol", showEnrol},
		{http.MethodPost, "/sign-in/enrol", enrolApp},
		{http.MethodPost, "/sign-in/enrol/passkey", enrolPasskey},
		{http.MethodGet, "/sign-in/{slug}", showSignIn},
		{http.MethodPost, "/sign-in/{slug}", signIn},
		{http.MethodGet, "/sign-out", showSignOut},
		{http.MethodPost, "/sign-out", signOut},
		{http.MethodGet, "/invitation/{token}", showInvitation},
		{http.MethodPost, "/invitation/{token}", acceptInvitation},
		{http.MethodPost, "/invitation/{token}/again", askAgain},
		{http.MethodGet, "/reset", showReset},
		{http.MethodPost, "/reset", requestReset},
		{http.MethodGet, "/reset/{token}", showResetLink},
		{http.MethodPost, "/reset/{token}", resetPassword},
		{http.MethodGet, "/account", showAccount},
		{http.MethodGet, "/oidc/{connection}/start", startAtProvider},
		{http.MethodGet, "/oidc/{connection}/callback", comeBack},
		{http.MethodPost, "/oidc/{connection}/logout", endByProvider},
		{http.MethodPost, "/account/language", chooseLanguage},
		{http.MethodPost, "/account/sessions/others/end", endOthers},
		{http.MethodPost, "/account/sessions/{session}/end", endSession},
		{http.MethodGet, "/account/prove", showProve},
		{http.MethodPost, "/account/prove", proveByPassword},
		{http.MethodPost, "/account/prove/passkey", proveByPasskey},
		{http.MethodGet, "/account/security", showSecurity},
		{http.MethodGet, "/account/security/app", showApp},
		{http.MethodPost, "/account/security/app", enrolApp},
		{http.MethodPost, "/account/security/app/remove", removeApp},
		{http.MethodGet, "/account/security/passkey", showMakePasskey},
		{http.MethodPost, "/account/security/passkey", enrolPasskey},
		{http.MethodPost, "/account/security/passkeys/{passkey}/remove", removePasskey},
		{http.MethodPost, "/account/security/codes", renewCodes},
		{http.MethodPost, "/account/security/devices/forget", forgetDevices},
		{http.MethodPost, "/account/security/devices/{device}/forget", forgetDevice},
		{http.MethodGet, "/auth/assertion", giveAssertion},
		{http.MethodGet, "/brand/{slug}/logo", showLogo},
	}
}

// lay makes a router of routes: each pattern answers for its methods, and refuses others.
func (h *Handler) lay(all []route) *http.ServeMux {
	mux := http.NewServeMux()
	byPattern := map[string]map[string]func(v *visit) error{}
	for _, r := range all {
		if byPattern[r.pattern] == nil {
			byPattern[r.pattern] = map[string]func(v *visit) error{}
		}
		byPattern[r.pattern][r.method] = r.answer
	}
	for pattern, methods := range byPattern {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			h.visited(w, r, strings.TrimSuffix(pattern, "{$}"), methods)
		})
	}
	mux.HandleFunc(web.AssetPrefix, func(w http.ResponseWriter, r *http.Request) {
		if (r.Method == http.MethodGet || r.Method == http.MethodHead) && web.ServeAsset(w, r) {
			h.Observe(r, web.AssetPrefix)
			return
		}
		h.visited(w, r, web.AssetPrefix, map[string]func(v *visit) error{http.MethodGet: notFound})
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		h.visited(w, r, "unknown", map[string]func(v *visit) error{http.MethodGet: notFound, http.MethodPost: notFound})
	})
	return mux
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if isCheck(r.URL.Path) { // before the router, which would clean a path that is not ours to clean
		h.check(w, r)
		return
	}
	h.routes.ServeHTTP(w, r)
}

func notFound(*visit) error {
	return &domain.Error{Kind: domain.NotFound, Code: domain.CodeNotFound, Message: "there is no such page"}
}

// allowed are the methods of a pattern, for the header Allow.
func allowed(methods map[string]func(v *visit) error) string {
	var names []string
	for name := range methods {
		names = append(names, name)
		if name == http.MethodGet {
			names = append(names, http.MethodHead)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
