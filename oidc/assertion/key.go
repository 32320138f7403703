package assertion

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"github.com/go-jose/go-jose/v4"

	"usher/domain"
)

// Make makes a key pair for an algorithm, ES256 or EdDSA: its private half as PKCS #8, its public one as a
// SubjectPublicKeyInfo, and its id, which is its thumbprint (RFC 7638).
func Make(random io.Reader, algorithm string) (id string, public, private []byte, err error) {
	var pair crypto.Signer
	switch algorithm {
	case string(jose.ES256):
		pair, err = ecdsa.GenerateKey(elliptic.P256(), random)
	case string(jose.EdDSA):
		_, pair, err = ed25519Key(random)
	default:
		err = fmt.Errorf("there are no keys for %q", algorithm)
	}
	if err != nil {
		return "", nil, nil, fmt.Errorf("assertion: make a key: %w", err)
	}
	thumbprint, err := (&jose.JSONWebKey{Key: pair.Public()}).Thumbprint(crypto.SHA256)
	if err != nil {
		return "", nil, nil, fmt.Errorf("assertion: name a key: %w", err)
	}
	if public, err = x509.MarshalPKIXPublicKey(pair.Public()); err != nil {
		return "", nil, nil, fmt.Errorf("assertion: encode a key: %w", err)
	}
	if private, err = x509.MarshalPKCS8PrivateKey(pair); err != nil {
		return "", nil, nil, fmt.Errorf("assertion: encode a key: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(thumbprint), public, private, nil
}

func ed25519Key(random io.Reader) (ed25519.PublicKey, crypto.Signer, error) {
	public, private, err := ed25519.GenerateKey(random)
	return public, private, err
}

// JWK is a public key as key sets have it (RFC 7517).
func JWK(id, algorithm string, public []byte) (json.RawMessage, error) {
	key, err := x509.ParsePKIXPublicKey(public)
	if err != nil {
		return nil, fmt.Errorf("assertion: read a public key: %w", err)
	}
	return json.Marshal(jose.JSONWebKey{Key: key, KeyID: id, Algorithm: algorithm, Use: "sig"})
}

// place is where a sealed key belongs.
func place(algorithm string, generation int64) []byte {
	return []byte(algorithm + "/" + strconv.FormatInt(generation, 10))
}

// make makes a sealed key. It implements domain.MakeSigningKey.
func (s *Signer) make(algorithm string, generation int64) (id string, public, sealed []byte, err error) {
	id, public, private, err := Make(s.config.Random, algorithm)
	if err != nil {
		return "", nil, nil, err
	}
	sealed, err = s.config.Seal(private, place(algorithm, generation))
	return id, public, sealed, err
}

// open makes what signs of a sealed key.
func (s *Signer) open(k domain.SigningKey) (jose.Signer, error) {
	plain, err := s.config.Open(k.Sealed, place(k.Algorithm, k.Generation))
	if err != nil {
		return nil, fmt.Errorf("assertion: open the key %s: %w", k.ID, err)
	}
	private, err := x509.ParsePKCS8PrivateKey(plain)
	if err != nil {
		return nil, fmt.Errorf("assertion: read the key %s: %w", k.ID, err)
	}
	options := (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", k.ID)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.SignatureAlgorithm(k.Algorithm), Key: private}, options)
	if err != nil {
		return nil, fmt.Errorf("assertion: use the key %s: %w", k.ID, err)
	}
	return signer, nil
}
