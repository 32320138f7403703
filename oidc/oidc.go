// Package oidc owns the relying party: how people sign in at the OpenID provider of a connection and come back with a
// proof of who they are. It discovers providers and their keys through a guarded client, runs the code flow with PKCE,
// verifies ID and logout tokens, maps claims, and tests a connection step by step. It keeps nothing on the server while
// somebody is away at the provider: what a started sign-in must remember is one value, [Started], that the caller seals
// into a cookie.
//
// It leaves to others who the person is in the house (domain), pages and cookies (signin), and secrets at rest: a
// [Registration] comes with its secret opened.
//
//	party, err := oidc.New(oidc.Config{Now: time.Now, Random: rand.Reader})
//	away, started, err := party.Start(ctx, registration, oidc.Wish{LoginHint: "ada@acme.test"})
//	// the browser goes to away, with started sealed in a cookie, and comes back with a query
//	arrival, err := party.Finish(ctx, registration, started, query)
//
// Every refusal is an [*Error]: the step that failed, in plain words, and on which side to mend it.
package oidc

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	goidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"usher/domain"
)

// Skew is how far the clocks of a provider and of this server may be apart.
const Skew = 60 * time.Second

// Config of a relying party.
type Config struct {
	// AllowHTTP lets providers be reached without TLS, and AllowPrivate lets them have addresses that are not public:
	// for an operator whose provider is in the same network, and for tests.
	AllowHTTP, AllowPrivate bool

	// Roots are the authorities that providers' certificates are checked against; nil: those of the system.
	Roots *x509.CertPool

	// Patience is how long a provider may take for one answer, from the look-up of its name to the last byte; 0: 10 seconds.
	Patience time.Duration

	Now    func() time.Time // the clock; required
	Random io.Reader        // cryptographic; nil: crypto/rand
}

// RelyingParty signs people in at any number of providers. It is safe for use by many goroutines.
type RelyingParty struct {
	config    Config
	client    *http.Client
	providers *book[Provider]
	keys      *book[keySet]
}

// New makes a relying party that has asked nobody yet.
func New(c Config) (*RelyingParty, error) {
	if c.Now == nil {
		return nil, errors.New("oidc: Now is required")
	}
	if c.Random == nil {
		c.Random = rand.Reader
	}
	if c.Patience == 0 {
		c.Patience = wholeTime
	}
	p := &RelyingParty{config: c, client: guarded(c)}
	p.providers = newBook[Provider](c.Now, providerFor, providerPause)
	p.keys = newBook[keySet](c.Now, keysFor, keysPause)
	return p, nil
}

// Close gives back the idle connections to providers.
func (p *RelyingParty) Close() { p.client.CloseIdleConnections() }

// outgoing is a context under which go-oidc and oauth2 use the guarded client.
func (p *RelyingParty) outgoing(ctx context.Context) context.Context {
	return context.WithValue(goidc.ClientContext(ctx, p.client), oauth2.HTTPClient, p.client)
}

// random is 256 random bits, in base64url.
func (p *RelyingParty) random() (string, error) {
	var b [32]byte
	if _, err := io.ReadFull(p.config.Random, b[:]); err != nil {
		return "", fmt.Errorf("oidc: make a random value: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b[:]), nil
}

// Registration is a connection as the client of its provider.
type Registration struct {
	Organisation domain.OrganisationID
	Connection   domain.ConnectionID
	Issuer       string // exactly as the provider spells it
	ClientID     string
	Client       Credential // how the client shows who it is
	RedirectURI  string     // absolute; registered at the provider
	Scopes       []string   // beside openid; nil: those of the mapping
	Mapping      Mapping    // which claim is what
	Disabled     bool       // the connection is disabled: nobody starts, and nobody comes back
}

// ready refuses a registration that signs nobody in.
func (r Registration) ready() error {
	switch {
	case r.Disabled:
		return refuse(StepConnection, "disabled", SideHere, "this way to sign in is switched off; use another one, or ask your administrator", nil)
	case r.Issuer == "" || r.ClientID == "":
		return refuse(StepConnection, "registration", SideHere, "this connection signs nobody in: it has no issuer and client id", nil)
	case r.RedirectURI == "":
		return refuse(StepConnection, "registration", SideHere, "this connection has no address for people to come back to", nil)
	}
	return nil
}
