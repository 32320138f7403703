package signin

import (
	"net/http"
	"time"
)

// The cookies. On https each bears the prefix __Host-, by which browsers bind it to this host (RFC 6265bis section 4.1.3).
const (
	sessionCookie  = "usher_session"  // the token of a session
	deviceCookie   = "usher_device"   // the token of a remembered device
	languageCookie = "usher_language" // the language that was chosen here
)

const hostPrefix = "__Host-"

func (h *Handler) cookieName(name string) string {
	if h.secure {
		return hostPrefix + name
	}
	return name
}

// cookie is what the browser keeps under a name; empty: nothing.
func (v *visit) cookie(name string) string {
	c, err := v.r.Cookie(v.cookieName(name))
	if err != nil {
		return ""
	}
	return c.Value
}

// keep has the browser keep something: for so long, or, with 0, until it is closed.
func (v *visit) keep(name, value string, lifetime time.Duration) {
	http.SetCookie(v.w, &http.Cookie{ //nolint:gosec // Secure wherever there is https
		Name: v.cookieName(name), Value: value, Path: "/", MaxAge: int(lifetime / time.Second),
		Secure: v.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// forget has the browser forget something.
func (v *visit) forget(name string) { v.keep(name, "", -time.Second) }
