// Package signin owns the pages and sessions of people: what a browser is shown and sends on the way in, and the cookies
// that it keeps. A request is a visit: routes.go finds who answers it, visit.go is what they answer with, cookie.go what
// the browser keeps; a file per topic holds the pages. It leaves every rule to package domain, providers to package oidc,
// and how pages look and speak to package web.
//
//	people, err := signin.New(signin.Config{Entrance: entrance, BaseURL: "https://usher.acme.test", …})
//	if signin.Owns(r.URL.Path) {
//		people.ServeHTTP(w, r)
//	}
//
// Every page works without script. A GET changes nothing: programs open the links in letters before people do.
package signin

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"usher/domain"
	"usher/oidc"
	"usher/oidc/assertion"
	"usher/web"
)

//go:embed pages
var pages embed.FS

// Config of the adapter. Everything is required but Signer, Observe, RequestID and ClientAddress.
type Config struct {
	Entrance  *domain.Entrance
	Party     *oidc.RelyingParty
	Registrar oidc.Registrar
	Signer    *assertion.Signer // nil where nothing is asserted

	// BaseURL is where people reach the server, without a slash at its end. With https cookies are Secure and bound to the
	// host; http is for a server on one's own machine.
	BaseURL string

	// Seal encrypts what a browser or the database keeps; Open gives it back for the same place. What something is for is
	// part of its place.
	Seal, Open func(text, place []byte) ([]byte, error)

	Now    func() time.Time
	Random io.Reader // cryptographic
	Log    *slog.Logger

	// Observe is told of every request that was answered. route is the pattern ("/sign-in/{slug}"), not the path.
	Observe func(r *http.Request, route string)

	// RequestID is the identifier of the request in logs and events.
	RequestID func(r *http.Request) string

	// ClientAddress is the network address that a request comes from, as far as it can be believed; empty: it is not known, and
	// attempts are not counted by it.
	ClientAddress func(r *http.Request) string
}

// Handler answers everything that [Owns] says is its own.
type Handler struct {
	Config

	routes *http.ServeMux
	book   *web.Book
	texts  map[web.Language]web.Catalogue
	cross  *http.CrossOriginProtection
	secure bool   // by https
	origin string // of BaseURL
	signed signed

	passkeys *webauthn.WebAuthn // nil: browsers make none for the name of this server
}

// New makes the handler.
func New(c Config) (*Handler, error) {
	if c.Entrance == nil || c.Party == nil || c.Seal == nil || c.Open == nil || c.Now == nil || c.Random == nil || c.Log == nil {
		return nil, errors.New("signin: Entrance, Party, Seal, Open, Now, Random and Log are required")
	}
	base, err := url.Parse(c.BaseURL)
	if err != nil || base.Host == "" {
		return nil, errors.New("signin: BaseURL has to be an address")
	}
	if c.Observe == nil {
		c.Observe = func(*http.Request, string) {}
	}
	if c.RequestID == nil {
		c.RequestID = func(*http.Request) string { return "" }
	}
	if c.ClientAddress == nil {
		c.ClientAddress = func(*http.Request) string { return "" }
	}
	h := &Handler{Config: c, secure: base.Scheme == "https", origin: base.Scheme + "://" + base.Host, cross: http.NewCrossOriginProtection()}
	if err := h.cross.AddTrustedOrigin(h.origin); err != nil {
		return nil, fmt.Errorf("signin: trust one's own address: %w", err)
	}
	own, err := fs.Sub(pages, "pages")
	if err != nil {
		return nil, fmt.Errorf("signin: open the pages: %w", err)
	}
	if h.book, err = web.NewBook(own); err != nil {
		return nil, err
	}
	if h.texts, err = web.Load(); err != nil {
		return nil, err
	}
	if h.passkeys, err = relyingParty(base, h.origin); err != nil {
		return nil, err
	}
	h.routes = h.lay(routes())
	return h, nil
}

// Owns reports whether a path is one that people or their browsers use.
func Owns(path string) bool {
	if path == "/" {
		return true
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch first {
	case "sign-in", "sign-out", "invitation", "reset", "account", "oidc", "auth", "brand", "assets":
		return true
	}
	return false
}
