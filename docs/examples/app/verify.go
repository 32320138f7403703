package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Verifier checks assertions of one issuer for one application, by the issuer's published keys (RFC 7515, RFC 7517). The
// keys are fetched again when one is asked for that is not known, at most once a minute.
type Verifier struct {
	Issuer   string
	Audience string
	// Organisation is the id of the only one whose people come. Where it is empty those of each come that has registered the
	// audience, and the claim org tells them apart: it is the organisation that says what its people are called.
	Organisation string
	Now          func() time.Time

	mu      sync.Mutex
	keys    map[string]jwk
	fetched time.Time
}

// jwk is a public key of the set.
type jwk struct {
	ID        string `json:"kid"`
	Algorithm string `json:"alg"`
	X         string `json:"x"`
	Y         string `json:"y"`
}

var errAssertion = errors.New("the assertion is missing, wrong or too old")

// Verify gives the claims of an assertion that holds.
func (v *Verifier) Verify(ctx context.Context, token string) (map[string]any, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, errAssertion
	}
	var header struct {
		Algorithm string `json:"alg"`
		Key       string `json:"kid"`
	}
	if decode(parts[0], &header) != nil {
		return nil, errAssertion
	}
	key, err := v.key(ctx, header.Key)
	if err != nil {
		return nil, err
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || key.Algorithm != header.Algorithm || !key.signed([]byte(parts[0]+"."+parts[1]), signature) {
		return nil, errAssertion
	}
	var claims map[string]any
	if decode(parts[1], &claims) != nil {
		return nil, errAssertion
	}
	expires, ok := claims["exp"].(float64)
	if !ok || claims["iss"] != v.Issuer || claims["aud"] != v.Audience || v.Organisation != "" && claims["org"] != v.Organisation || !v.Now().Before(time.Unix(int64(expires), 0)) {
		return nil, errAssertion
	}
	return claims, nil
}

// signed reports whether a signature is the key's.
func (k jwk) signed(text, signature []byte) bool {
	x, err := base64.RawURLEncoding.DecodeString(k.X)
	if err != nil {
		return false
	}
	switch k.Algorithm {
	case "EdDSA":
		return len(x) == ed25519.PublicKeySize && ed25519.Verify(x, text, signature)
	case "ES256":
		y, err := base64.RawURLEncoding.DecodeString(k.Y)
		if err != nil || len(x) != 32 || len(y) != 32 || len(signature) != 64 {
			return false
		}
		public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
		sum := sha256.Sum256(text)
		return err == nil && ecdsa.Verify(public, sum[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:]))
	}
	return false
}

// key finds a key of the issuer.
func (v *Verifier) key(ctx context.Context, id string) (jwk, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if key, known := v.keys[id]; known {
		return key, nil
	}
	if v.Now().Sub(v.fetched) < time.Minute {
		return jwk{}, errAssertion
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, v.Issuer+"/.well-known/jwks.json", http.NoBody)
	if err != nil {
		return jwk{}, err
	}
	response, err := (&http.Client{Timeout: 10 * time.Second}).Do(request)
	if err != nil {
		return jwk{}, err
	}
	defer func() { _ = response.Body.Close() }()
	var set struct {
		Keys []jwk `json:"keys"`
	}
	if err := json.NewDecoder(response.Body).Decode(&set); err != nil {
		return jwk{}, err
	}
	v.keys, v.fetched = map[string]jwk{}, v.Now()
	for _, key := range set.Keys {
		v.keys[key.ID] = key
	}
	key, known := v.keys[id]
	if !known {
		return jwk{}, errAssertion
	}
	return key, nil
}

// decode reads a part of an assertion.
func decode(part string, into any) error {
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return err
	}
	return json.NewDecoder(bytes.NewReader(text)).Decode(into)
}
