package web

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Shield is what keeps a page to itself.
type Shield struct {
	Nonce string // of the page's own style and script; empty: it has none
	From  string // origin of what the page is made of; empty: its own
	HTTPS bool   // the page is reached by https, and by nothing else from then on
}

// Nonce makes a new one for a page: 128 bits (CSP Level 3 section 7.1).
func Nonce(random io.Reader) (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("web: make a nonce: %w", err)
	}
	return base64.RawStdEncoding.EncodeToString(b[:]), nil
}

// Secure sets the headers of a page. Forms go to this server only, and what follows them too: browsers hold redirects after
// a form to form-action, so that who has to go elsewhere is sent on by a page.
func Secure(h http.Header, s Shield) {
	policy := []string{
		"default-src 'none'", "style-src 'self'", "script-src 'none'", "img-src 'self' data:", "connect-src 'self'",
		"form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
	}
	if s.From != "" { // one that shows and sends nothing of its own
		policy = []string{
			"default-src 'none'", "style-src " + s.From, "script-src 'none'", "img-src " + s.From + " data:", "form-action 'none'", "base-uri 'none'", "frame-ancestors 'none'",
		}
	}
	if s.Nonce != "" {
		policy[1] += " 'nonce-" + s.Nonce + "'"
		policy[2] = "script-src 'nonce-" + s.Nonce + "'"
	}
	h.Set("Content-Security-Policy", strings.Join(policy, "; "))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=(), publickey-credentials-get=(self), publickey-credentials-create=(self)")
	h.Set("Cache-Control", "no-store")
	if s.HTTPS {
		h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	}
}
