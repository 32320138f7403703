package signin

import (
	"encoding/base64"
	"net/http"
	"time"
)

// The cookies. On https each bears the prefix __Host-, by which browsers bind it to this host (RFC 6265bis section 4.1.3).
const (
	sessionCookie    = "usher_session"    // the token of a session
	deviceCookie     = "usher_device"     // the token of a remembered device
	browserCookie    = "usher_browser"    // a number, to which what a device signs before a sign-in is bound
	languageCookie   = "usher_language"   // the language that was chosen here
	placesCookie     = "usher_places"     // the organisations where somebody has signed in
	nameCookie       = "usher_name"       // the name that was typed on the page before, sealed
	invitationCookie = "usher_invitation" // the invitation that is being answered by single sign-on, sealed
	leftCookie       = "usher_left"       // that somebody is away at their provider to sign out there, too, sealed
	probeCookie      = "usher_probe"      // nothing: it shows that cookies are kept
)

const (
	hostPrefix         = "__Host-"
	year               = 365 * 24 * time.Hour
	nameLifetime       = 10 * time.Minute
	invitationLifetime = 15 * time.Minute
)

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

// forget has the browser forget something, if it keeps it.
func (v *visit) forget(name string) {
	if v.cookie(name) != "" {
		v.keep(name, "", -time.Second)
	}
}

// keepSealed has the browser keep something that it cannot read.
func (v *visit) keepSealed(name, value string, lifetime time.Duration) error {
	sealed, err := v.Seal([]byte(value), sealedPlace(name))
	if err != nil {
		return err
	}
	v.keep(name, base64.RawURLEncoding.EncodeToString(sealed), lifetime)
	return nil
}

// opened is what the browser keeps sealed under a name; empty: nothing, or nothing of ours.
func (v *visit) opened(name string) string {
	sealed, err := base64.RawURLEncoding.DecodeString(v.cookie(name))
	if err != nil || len(sealed) == 0 {
		return ""
	}
	text, err := v.Open(sealed, sealedPlace(name))
	if err != nil {
		return ""
	}
	return string(text)
}

func sealedPlace(name string) []byte { return []byte("cookie " + name) }

// probe has a browser that shows no cookie keep one, to see whether it does.
func (v *visit) probe() {
	if len(v.r.Cookies()) == 0 {
		v.keep(probeCookie, "1", 0)
	}
}
