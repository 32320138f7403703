package oidc

import (
	"encoding/json"
	"io"

	"usher/domain"
	"usher/oidc/assertion"
)

// clientKeyAlgorithm is by what clients sign with keys that are made here: short, and taken by Okta, Ping and most others.
const clientKeyAlgorithm = "ES256"

// Clients are connections as clients of their providers: where people come back to, and the keys of those that show who
// they are by private_key_jwt.
type Clients struct {
	BaseURL string    // where this server is reached, without a slash at its end
	Random  io.Reader // cryptographic

	// SealKey encrypts a private key for its connection.
	SealKey func(org domain.OrganisationID, id domain.ConnectionID, plain []byte) ([]byte, error)
	// SealPlain encrypts a client's secret for its connection, as [Registrar] opens it.
	SealPlain func(org domain.OrganisationID, id domain.ConnectionID, plain []byte) ([]byte, error)
}

// MakeKey makes a key pair for a connection. It is a [domain.MakeClientKey].
func (c Clients) MakeKey(org domain.OrganisationID, id domain.ConnectionID) (keyID string, public, sealed []byte, err error) {
	keyID, public, private, err := assertion.Make(c.Random, clientKeyAlgorithm)
	if err != nil {
		return "", nil, nil, err
	}
	sealed, err = c.SealKey(org, id, private)
	return keyID, public, sealed, err
}

// SealSecret encrypts a client's secret for its connection.
func (c Clients) SealSecret(org domain.OrganisationID, id domain.ConnectionID, secret string) ([]byte, error) {
	return c.SealPlain(org, id, []byte(secret))
}

// JWK is the public key of a client as its provider wants it (RFC 7517); nil where there is none.
func (Clients) JWK(s domain.ProviderSettings) (json.RawMessage, error) {
	if len(s.PublicKey) == 0 {
		return nil, nil
	}
	return assertion.JWK(s.KeyID, clientKeyAlgorithm, s.PublicKey)
}

// CallbackURL is the address that has to be registered at the provider.
func (c Clients) CallbackURL(id domain.ConnectionID) string { return c.BaseURL + CallbackPath(id) }
