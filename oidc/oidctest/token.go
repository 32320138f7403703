package oidctest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"sync"
)

// Key signs tokens by one algorithm.
type Key struct {
	ID        string // kid; empty: none is told
	Algorithm string // RS256, PS256, ES256 or EdDSA
	Private   crypto.Signer
}

// The keys are made once: what they protect are tests.
var (
	rsaKey = sync.OnceValue(func() crypto.Signer { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	rsaTwo = sync.OnceValue(func() crypto.Signer { return must(rsa.GenerateKey(rand.Reader, 2048)) })
)

// RSA is a key of 2048 bits, the same in the whole process.
func RSA(id string) Key { return Key{ID: id, Algorithm: "RS256", Private: rsaKey()} }

// OtherRSA is another one.
func OtherRSA(id string) Key { return Key{ID: id, Algorithm: "RS256", Private: rsaTwo()} }

// ECDSA is a new key on P-256.
func ECDSA(id string) Key {
	return Key{ID: id, Algorithm: "ES256", Private: must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))}
}

// EdDSA is a new Ed25519 key.
func EdDSA(id string) Key {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	return Key{ID: id, Algorithm: "EdDSA", Private: must(private, err)}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// JWK is the public half (RFC 7517).
func (k Key) JWK() map[string]any {
	jwk := map[string]any{"use": "sig", "alg": k.Algorithm}
	if k.ID != "" {
		jwk["kid"] = k.ID
	}
	switch public := k.Private.Public().(type) {
	case *rsa.PublicKey:
		jwk["kty"], jwk["n"], jwk["e"] = "RSA", encode(public.N.Bytes()), "AQAB"
	case *ecdsa.PublicKey:
		point := must(public.Bytes())
		jwk["kty"], jwk["crv"], jwk["x"], jwk["y"] = "EC", "P-256", encode(point[1:33]), encode(point[33:])
	case ed25519.PublicKey:
		jwk["kty"], jwk["crv"], jwk["x"] = "OKP", "Ed25519", encode(public)
	}
	return jwk
}

// PEM is the public half as text: what the classic attack on HS256 takes for a secret.
func (k Key) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(k.Private.Public()))})
}

// Sign signs as the key's algorithm says.
func (k Key) Sign(input []byte) []byte {
	sum := sha256.Sum256(input)
	switch private := k.Private.(type) {
	case *rsa.PrivateKey:
		if k.Algorithm == "PS256" {
			return must(rsa.SignPSS(rand.Reader, private, crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}))
		}
		return must(rsa.SignPKCS1v15(nil, private, crypto.SHA256, sum[:]))
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, private, sum[:])
		must(r, err)
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	case ed25519.PrivateKey:
		return ed25519.Sign(private, input)
	}
	panic("oidctest: a key of an unknown kind")
}

// HMAC signs as HS256 does.
func HMAC(secret []byte) func([]byte) []byte {
	return func(input []byte) []byte {
		mac := hmac.New(sha256.New, secret)
		mac.Write(input)
		return mac.Sum(nil)
	}
}

// Unsigned signs nothing.
func Unsigned([]byte) []byte { return nil }

// Token is a token that is about to be signed: whatever of it is wrong is the test's to choose.
type Token struct {
	Header map[string]any
	Claims map[string]any
	Sign   func(input []byte) []byte
}

// Compact is the token as it goes over the wire.
func (t Token) Compact() string {
	input := encode(must(json.Marshal(t.Header))) + "." + encode(must(json.Marshal(t.Claims)))
	return input + "." + encode(t.Sign([]byte(input)))
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func randomBytes() ([]byte, error) {
	b := make([]byte, 24)
	_, err := rand.Read(b)
	return b, err
}
