package assertion

import (
	"context"
	"crypto/x509"
	"errors"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// ErrNotOurs is what anything but an assertion of this server is answered with, whatever is wrong with it.
var ErrNotOurs = errors.New("assertion: it is none of ours, or no longer good")

// Verify reads an assertion that this server has signed and that holds at this moment, for any audience: whether the
// audience is one, and whether its subject may still come in, is for the caller to look up.
func (s *Signer) Verify(ctx context.Context, raw string) (Claims, error) {
	token, err := jwt.ParseSigned(raw, []jose.SignatureAlgorithm{jose.EdDSA, jose.ES256})
	if err != nil || len(token.Headers) != 1 {
		return Claims{}, ErrNotOurs
	}
	ring, err := s.ring(ctx)
	if err != nil {
		return Claims{}, err
	}
	for _, k := range ring.keys {
		if k.ID != token.Headers[0].KeyID || k.Algorithm != token.Headers[0].Algorithm {
			continue
		}
		public, err := x509.ParsePKIXPublicKey(k.Public)
		if err != nil {
			return Claims{}, err
		}
		var registered jwt.Claims
		more := map[string]any{}
		if err := token.Claims(public, &registered, &more); err != nil {
			return Claims{}, ErrNotOurs
		}
		if registered.Expiry == nil || registered.IssuedAt == nil || len(registered.Audience) != 1 || registered.Subject == "" ||
			registered.ValidateWithLeeway(jwt.Expected{Issuer: s.config.Issuer, Time: s.config.Now()}, leeway) != nil {
			return Claims{}, ErrNotOurs
		}
		for _, name := range registeredNames {
			delete(more, name)
		}
		return Claims{Subject: registered.Subject, Audience: registered.Audience[0], Algorithm: k.Algorithm, More: more}, nil
	}
	return Claims{}, ErrNotOurs
}

// leeway is how far the clocks of replicas may be apart.
const leeway = 5 * time.Second
