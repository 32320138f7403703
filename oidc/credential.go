package oidc

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"golang.org/x/oauth2"
)

// Secret is a text that shows nowhere by itself.
type Secret string

// String hides it.
func (Secret) String() string { return "(hidden)" }

// GoString hides it.
func (Secret) GoString() string { return "(hidden)" }

// LogValue hides it.
func (Secret) LogValue() slog.Value { return slog.StringValue("(hidden)") }

// MarshalText hides it.
func (Secret) MarshalText() ([]byte, error) { return []byte("(hidden)"), nil }

// Way is how a client shows who it is at the token endpoint (Core section 9).
type Way string

// The ways. With none, PKCE alone binds the code to whoever asked for it.
const (
	ClientSecretBasic Way = "client_secret_basic"
	ClientSecretPost  Way = "client_secret_post"
	PrivateKeyJWT     Way = "private_key_jwt" // RFC 7523
	NoClientSecret    Way = "none"
)

// Credential is how a client shows who it is. With an empty Way it is private_key_jwt where there is a key, and with a
// secret what the provider announces, basic before post.
type Credential struct {
	Way    Way
	Secret Secret

	// Key signs for private_key_jwt: RSA of 2048 bits or more (PS256),
	// ECDSA P-256 (ES256) or Ed25519 (EdDSA).
	Key   crypto.Signer
	KeyID string
	// Thumbprint is the SHA-256 of the certificate that the provider knows the key by, as Entra wants it; nil: none.
	Thumbprint []byte
}

// way is how to show it to this provider.
func (c Credential) way(provider Provider) Way {
	switch {
	case c.Way != "":
		return c.Way
	case c.Key != nil:
		return PrivateKeyJWT
	case c.Secret == "":
		return NoClientSecret
	case len(provider.ClientAuthentications) > 0 && !slices.Contains(provider.ClientAuthentications, string(ClientSecretBasic)):
		return ClientSecretPost
	}
	return ClientSecretBasic // the default of Discovery section 3
}

// assertionTime is how long a client's assertion holds.
const assertionTime = time.Minute

// exchange takes a code to the token endpoint.
func (p *RelyingParty) exchange(ctx context.Context, provider Provider, r Registration, code, verifier string) (*oauth2.Token, error) {
	config := oauth2.Config{
		ClientID: r.ClientID, RedirectURL: r.RedirectURI,
		Endpoint: oauth2.Endpoint{TokenURL: provider.TokenEndpoint, AuthStyle: oauth2.AuthStyleInParams},
	}
	options := []oauth2.AuthCodeOption{oauth2.VerifierOption(verifier)}
	secrets := []string{code, verifier, string(r.Client.Secret), url.QueryEscape(string(r.Client.Secret))} // the last as Basic has it
	switch way := r.Client.way(provider); way {
	case ClientSecretBasic:
		config.ClientSecret, config.Endpoint.AuthStyle = string(r.Client.Secret), oauth2.AuthStyleInHeader
	case ClientSecretPost:
		config.ClientSecret = string(r.Client.Secret)
	case PrivateKeyJWT:
		assertion, err := p.clientAssertion(provider, r)
		if err != nil {
			return nil, err
		}
		options = append(options,
			oauth2.SetAuthURLParam("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
			oauth2.SetAuthURLParam("client_assertion", assertion))
		secrets = append(secrets, assertion)
	case NoClientSecret:
	default:
		return nil, refuse(StepConnection, "authentication", SideHere, "this connection has no way to show the provider who it is", fmt.Errorf("the way %q", way))
	}
	token, err := config.Exchange(p.outgoing(ctx), code, options...)
	if err != nil {
		return nil, tokenRefusal(err, secrets...)
	}
	return token, nil
}

// clientAssertion signs who the client is (RFC 7523 section 3). The audience is the token endpoint, which is what Okta and
// Entra demand; since each connection has a key of its own for one issuer, an assertion is of no use anywhere else.
func (p *RelyingParty) clientAssertion(provider Provider, r Registration) (string, error) {
	algorithm, err := signingAlgorithm(r.Client.Key)
	if err != nil {
		return "", refuse(StepConnection, "key", SideHere, "the key of this connection cannot sign for it", err)
	}
	options := &jose.SignerOptions{}
	options.WithType("JWT")
	if r.Client.KeyID != "" {
		options.WithHeader("kid", r.Client.KeyID)
	}
	if r.Client.Thumbprint != nil {
		options.WithHeader("x5t#S256", base64url(r.Client.Thumbprint))
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: r.Client.Key}, options)
	if err != nil {
		return "", refuse(StepConnection, "key", SideHere, "the key of this connection cannot sign for it", err)
	}
	id, err := p.random()
	if err != nil {
		return "", err
	}
	now := p.config.Now()
	assertion, err := jwt.Signed(signer).Claims(jwt.Claims{
		Issuer: r.ClientID, Subject: r.ClientID, Audience: jwt.Audience{provider.TokenEndpoint}, ID: id,
		IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(assertionTime)),
	}).Serialize()
	if err != nil {
		return "", refuse(StepConnection, "key", SideHere, "the key of this connection cannot sign for it", err)
	}
	return assertion, nil
}

// signingAlgorithm is the one algorithm for which a key is used.
func signingAlgorithm(key crypto.Signer) (jose.SignatureAlgorithm, error) {
	switch k := key.(type) {
	case *rsa.PrivateKey:
		if k.N.BitLen() >= minRSABits {
			return jose.PS256, nil
		}
		return "", errors.New("an RSA key needs 2048 bits or more")
	case *ecdsa.PrivateKey:
		if k.Curve.Params().BitSize == 256 {
			return jose.ES256, nil
		}
		return "", errors.New("of elliptic curves, P-256 and Ed25519 are used")
	case ed25519.PrivateKey:
		return jose.EdDSA, nil
	}
	return "", errors.New("the key is missing or of no kind that is known")
}
