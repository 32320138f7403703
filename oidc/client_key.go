package oidc

import (
	"encoding/json"
	"io"

	"usher/domain"
	"usher/oidc/assertion"
)

// clientKeyAlgorithm is by what clients sign with keys that are made here: short, and taken by Okta, Ping and most others.
const clientKeyAlgorithm = "ES256"

// MakeClientKey makes key pairs for connections that show the provider who they are by private_key_jwt. seal encrypts the
// private half for its connection. It gives a [domain.MakeClientKey].
func MakeClientKey(random io.Reader, seal func(org domain.OrganisationID, id domain.ConnectionID, plain []byte) ([]byte, error)) domain.MakeClientKey {
	return func(org domain.OrganisationID, id domain.ConnectionID) (keyID string, public, sealed []byte, err error) {
		keyID, public, private, err := assertion.Make(random, clientKeyAlgorithm)
		if err != nil {
			return "", nil, nil, err
		}
		sealed, err = seal(org, id, private)
		return keyID, public, sealed, err
	}
}

// ClientJWK is the public key of a client as its provider wants it (RFC 7517); nil where there is none.
func ClientJWK(s domain.ProviderSettings) (json.RawMessage, error) {
	if len(s.PublicKey) == 0 {
		return nil, nil
	}
	return assertion.JWK(s.KeyID, clientKeyAlgorithm, s.PublicKey)
}
