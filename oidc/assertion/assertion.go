// Package assertion owns what this server signs itself: short tokens that tell an application who is calling, the keys
// that sign them, and the key set by which anybody checks them. It leaves to the domain when keys rotate, and to the store
// that each does so once.
//
//	signer, err := assertion.New(assertion.Config{Keys: installation.SigningKeys, Issuer: "https://usher.acme.test", …})
//	token, err := signer.Mint(ctx, assertion.Claims{Subject: user.ID.String(), Audience: "https://crm.acme.test"})
//	mux.Handle(assertion.Path, signer)
package assertion

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"golang.org/x/sync/singleflight"

	"usher/domain"
)

// Path is where the key set is.
const Path = "/.well-known/jwks.json"

// Lifetime is how long an assertion holds.
const Lifetime = 5 * time.Minute

// How long keys are remembered, and how long those remembered do where the store cannot be reached. A new key is published
// for a day before it signs, so nobody has to see it sooner.
const (
	rememberFor = time.Minute
	doFor       = time.Hour
)

// Config of a signer. Everything is required but Random.
type Config struct {
	// Keys gives the published keys and makes those that are due, with what it is given: [domain.Installation.SigningKeys].
	Keys func(ctx context.Context, maker domain.MakeSigningKey) ([]domain.SigningKey, error)

	// Seal encrypts a private key for its place; Open gives it back.
	Seal, Open func(text, place []byte) ([]byte, error)

	Issuer string // this server's address
	Now    func() time.Time
	Random io.Reader // cryptographic; nil: crypto/rand
	Log    *slog.Logger
}

// Signer mints assertions and serves the key set. It is safe for use by many goroutines.
type Signer struct {
	config Config
	flight singleflight.Group

	mu    sync.Mutex
	known ring
}

// ring are the keys as they were at an instant.
type ring struct {
	keys     []key
	document []byte // the key set
	at       time.Time
}

type key struct {
	domain.SigningKey

	signer jose.Signer
}

// New makes a signer that has read no key yet.
func New(c Config) (*Signer, error) {
	if c.Keys == nil || c.Seal == nil || c.Open == nil || c.Issuer == "" || c.Now == nil || c.Log == nil {
		return nil, errors.New("assertion: Keys, Seal, Open, Issuer, Now and Log are required")
	}
	if c.Random == nil {
		c.Random = rand.Reader
	}
	return &Signer{config: c}, nil
}

// Claims are what an assertion says.
type Claims struct {
	Subject   string         // whom it is about; required
	Audience  string         // the application that it is for, and no other; required
	Algorithm string         // EdDSA unless given, or ES256
	More      map[string]any // beside the registered claims, which it may not have (RFC 7519 section 4.1)
}

// registeredNames are the claims that [Signer.Mint] sets.
var registeredNames = []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti"}

// Mint signs an assertion that holds for five minutes. Each has an identifier of its own (jti).
func (s *Signer) Mint(ctx context.Context, c Claims) (string, error) {
	if c.Subject == "" || c.Audience == "" {
		return "", errors.New("assertion: subject and audience are required")
	}
	if c.Algorithm == "" {
		c.Algorithm = string(jose.EdDSA)
	}
	ring, err := s.ring(ctx)
	if err != nil {
		return "", err
	}
	now := s.config.Now()
	signer := ring.signing(c.Algorithm, now)
	if signer == nil {
		return "", fmt.Errorf("assertion: there is no key for %q", c.Algorithm)
	}
	var id [16]byte
	if _, err := io.ReadFull(s.config.Random, id[:]); err != nil {
		return "", fmt.Errorf("assertion: make an identifier: %w", err)
	}
	all := maps.Clone(c.More)
	if all == nil {
		all = map[string]any{}
	}
	for _, name := range registeredNames {
		if _, there := all[name]; there {
			return "", fmt.Errorf("assertion: the claim %s is not the caller's to set", name)
		}
	}
	maps.Copy(all, map[string]any{
		"iss": s.config.Issuer, "sub": c.Subject, "aud": c.Audience, "iat": now.Unix(), "exp": now.Add(Lifetime).Unix(),
		"jti": base64.RawURLEncoding.EncodeToString(id[:]),
	})
	token, err := jwt.Signed(signer).Claims(all).Serialize()
	if err != nil {
		return "", fmt.Errorf("assertion: sign: %w", err)
	}
	return token, nil
}

// signing is the newest key of an algorithm that signs already.
func (r ring) signing(algorithm string, now time.Time) jose.Signer {
	for _, k := range slices.Backward(r.keys) { // by generation
		if k.Algorithm == algorithm && !now.Before(k.UsedFrom) {
			return k.signer
		}
	}
	return nil
}

// ring gives the keys, as remembered for a minute. Where they cannot be read anew, those known do for a while longer.
func (s *Signer) ring(ctx context.Context) (ring, error) {
	s.mu.Lock()
	known := s.known
	s.mu.Unlock()
	age := s.config.Now().Sub(known.at)
	if known.document != nil && age < rememberFor && age >= 0 {
		return known, nil
	}
	done := s.flight.DoChan("", func() (any, error) {
		fresh, err := s.read(context.WithoutCancel(ctx))
		if err != nil {
			return fresh, err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.known = fresh
		return fresh, nil
	})
	select {
	case <-ctx.Done():
		return ring{}, ctx.Err()
	case result := <-done:
		if result.Err == nil {
			fresh, _ := result.Val.(ring)
			return fresh, nil
		}
		if known.document != nil && age < doFor {
			s.config.Log.LogAttrs(ctx, slog.LevelWarn, "the keys for assertions cannot be read; those known are used", slog.Any("cause", result.Err))
			return known, nil
		}
		return ring{}, result.Err
	}
}

func (s *Signer) read(ctx context.Context) (ring, error) {
	at := s.config.Now()
	list, err := s.config.Keys(ctx, s.make)
	if err != nil {
		return ring{}, err
	}
	fresh := ring{at: at}
	published := make([]json.RawMessage, 0, len(list))
	for _, k := range list {
		signer, err := s.open(k)
		if err != nil {
			return ring{}, err
		}
		jwk, err := JWK(k.ID, k.Algorithm, k.Public)
		if err != nil {
			return ring{}, err
		}
		fresh.keys = append(fresh.keys, key{k, signer})
		published = append(published, jwk)
	}
	if fresh.document, err = json.Marshal(map[string]any{"keys": published}); err != nil {
		return ring{}, fmt.Errorf("assertion: encode the key set: %w", err)
	}
	return fresh, nil
}

// KeySet is the document with the public keys (RFC 7517 section 5): those that sign, those that will, and those that did
// a moment ago.
func (s *Signer) KeySet(ctx context.Context) ([]byte, error) {
	ring, err := s.ring(ctx)
	return ring.document, err
}

// ServeHTTP serves the key set. It may be remembered for five minutes, a small part of the day for which a key is
// published before it signs.
func (s *Signer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	document, err := s.KeySet(r.Context())
	if err != nil {
		s.config.Log.LogAttrs(r.Context(), slog.LevelError, "the key set cannot be read", slog.Any("cause", err))
		w.Header().Set("Retry-After", "5")
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "public, max-age=300")
	w.Header().Set("Access-Control-Allow-Origin", "*") // it is public, and pages may check assertions too
	w.Header().Set("Content-Length", strconv.Itoa(len(document)))
	_, _ = w.Write(document)
}
