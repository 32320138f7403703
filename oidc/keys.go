package oidc

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// How long a provider's keys are believed: a key that it takes back stops working within this time. And how often they
// are fetched at most, however many tokens name keys that are not among them.
const (
	keysFor   = time.Hour
	keysPause = 10 * time.Second
)

// The ways to sign that are accepted (RFC 7518 section 3.1, RFC 8037, and FAPI 2.0's wish for PS256 and ES256): asymmetric
// ones only. "none" signs nothing, and with HS256 who can check could also sign.
var algorithms = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

func accepted(name string) bool { return slices.Contains(algorithms, jose.SignatureAlgorithm(name)) }

func algorithmNames() []string {
	names := make([]string, len(algorithms))
	for i, a := range algorithms {
		names[i] = string(a)
	}
	return names
}

// keySet are the public keys of a provider that can check a signature.
type keySet []jose.JSONWebKey

const (
	maxKeys    = 100
	minRSABits = 2048
)

// keysOf fetches a provider's keys, or remembers them. enough says whether those known will do.
func (p *RelyingParty) keysOf(ctx context.Context, provider Provider, enough func(keySet) bool) (keySet, error) {
	return p.keys.read(ctx, provider.KeysURI, enough, func(ctx context.Context) (keySet, error) {
		var document struct {
			Keys []json.RawMessage `json:"keys"`
		}
		if err := p.fetch(ctx, StepKeys, provider.KeysURI, &document); err != nil {
			return nil, err
		}
		if len(document.Keys) > maxKeys {
			return nil, refuse(StepKeys, "count", SideProvider, "the provider has more keys than anybody needs", nil)
		}
		var set keySet
		for _, raw := range document.Keys {
			// A key that is not understood, or is not to be used, is as none (RFC 7517 section 5).
			var key jose.JSONWebKey
			if json.Unmarshal(raw, &key) == nil && usableKey(key) {
				set = append(set, key)
			}
		}
		if len(set) == 0 {
			return nil, refuse(StepKeys, "none", SideProvider, "the provider's key set has no key that signatures could be checked with", nil)
		}
		return set, nil
	})
}

// usableKey reports whether a key is public, for signatures, and strong enough.
func usableKey(key jose.JSONWebKey) bool {
	if !key.Valid() || (key.Use != "" && key.Use != "sig") || (key.Algorithm != "" && !accepted(key.Algorithm)) {
		return false
	}
	switch k := key.Key.(type) {
	case *rsa.PublicKey:
		return k.N.BitLen() >= minRSABits
	case *ecdsa.PublicKey, ed25519.PublicKey:
		return true
	}
	return false // symmetric, or private
}

// suits reports whether a key can have made a signature of an algorithm.
func suits(key jose.JSONWebKey, algorithm string) bool {
	if key.Algorithm != "" && key.Algorithm != algorithm {
		return false
	}
	switch k := key.Key.(type) {
	case *rsa.PublicKey:
		return strings.HasPrefix(algorithm, "RS") || strings.HasPrefix(algorithm, "PS")
	case *ecdsa.PublicKey:
		return map[string]int{"ES256": 256, "ES384": 384, "ES512": 521}[algorithm] == k.Curve.Params().BitSize
	case ed25519.PublicKey:
		return algorithm == "EdDSA"
	}
	return false
}

// candidates are the keys that a token's header can mean: those with its key id, or, where it names none, the only one
// that suits.
func (s keySet) candidates(h header) keySet {
	var found keySet
	for _, key := range s {
		if suits(key, h.Algorithm) && (h.KeyID == "" || key.KeyID == h.KeyID) {
			found = append(found, key)
		}
	}
	return found
}

// signer is what go-oidc asks to check a signature, for one token whose header has been looked at. It keeps why it
// refused, which go-oidc would make a text of.
type signer struct {
	party    *RelyingParty
	provider Provider
	step     Step
	header   header
	refusal  error
}

// VerifySignature implements go-oidc's KeySet.
func (s *signer) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	payload, err := s.verify(ctx, token)
	s.refusal = err
	return payload, err
}

func (s *signer) verify(ctx context.Context, token string) ([]byte, error) {
	keys, err := s.party.keysOf(ctx, s.provider, func(known keySet) bool { return len(known.candidates(s.header)) > 0 })
	if err != nil {
		return nil, err
	}
	candidates := keys.candidates(s.header)
	switch {
	case len(candidates) == 0:
		return nil, refuse(s.step, "key", SideProvider, "the token is signed with a key that is not among the provider's", nil)
	case s.header.KeyID == "" && len(candidates) > 1:
		return nil, refuse(s.step, "kid", SideProvider, "the token does not say which of the provider's keys signed it", nil)
	}
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(s.header.Algorithm)})
	if err != nil {
		return nil, refuse(s.step, "form", SideProvider, "the token cannot be read", err)
	}
	for _, key := range candidates {
		if payload, err := signed.Verify(key.Key); err == nil {
			return payload, nil
		}
	}
	return nil, refuse(s.step, "signature", SideProvider, "the token's signature is not by the provider's key", nil)
}
