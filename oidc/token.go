package oidc

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	goidc "github.com/coreos/go-oidc/v3/oidc"
)

// maxToken bounds a token in characters; hundreds of groups fit.
const maxToken = 256 << 10

// header is what the header of a token says of its signature.
type header struct {
	Algorithm string `json:"alg"`
	KeyID     string `json:"kid"`
	Type      string `json:"typ"`

	// Keys that a token brings along or points to prove nothing (RFC 8725 section 3.5, 3.10).
	Key       json.RawMessage `json:"jwk"`
	KeysURL   json.RawMessage `json:"jku"`
	Chain     json.RawMessage `json:"x5u"`
	Critical  json.RawMessage `json:"crit"`
	Encrypted json.RawMessage `json:"enc"`
}

// readHeader reads the header of a token in the compact form and refuses what no honest provider sends.
func readHeader(step Step, token string) (header, error) {
	var h header
	first, rest, _ := strings.Cut(token, ".")
	if len(token) > maxToken || strings.Count(rest, ".") != 1 {
		return h, refuse(step, "form", SideProvider, "the token cannot be read: it is no signed JSON web token", nil)
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(first)
	if err == nil {
		err = json.Unmarshal(raw, &h)
	}
	switch {
	case err != nil:
		return h, refuse(step, "form", SideProvider, "the token cannot be read: it is no signed JSON web token", err)
	case !accepted(h.Algorithm):
		return h, refuse(step, "algorithm", SideProvider, "the token is not signed in a way that is accepted here; let the provider sign with one of "+strings.Join(algorithmNames(), ", "), nil)
	case h.Key != nil || h.KeysURL != nil || h.Chain != nil:
		return h, refuse(step, "header", SideProvider, "the token brings or names the key that it is to be checked with, which proves nothing", nil)
	case h.Critical != nil || h.Encrypted != nil:
		return h, refuse(step, "header", SideProvider, "the token asks for something in its header that is not known here", nil)
	}
	return h, nil
}

// proven verifies who signed a token, and nothing else.
func (p *RelyingParty) proven(ctx context.Context, step Step, provider Provider, token string) (*goidc.IDToken, claims, header, error) {
	h, err := readHeader(step, token)
	if err != nil {
		return nil, nil, h, err
	}
	if len(provider.Algorithms) > 0 && !slices.Contains(provider.Algorithms, h.Algorithm) {
		return nil, nil, h, refuse(step, "algorithm", SideProvider, "the token is signed in a way that the provider does not announce", nil)
	}
	keys := &signer{party: p, provider: provider, step: step, header: h}
	// What go-oidc would say about issuer, audience and times is a text; the checks that name what is wrong follow here.
	verifier := goidc.NewVerifier(provider.Issuer, keys, &goidc.Config{
		SupportedSigningAlgs: []string{h.Algorithm}, Now: p.config.Now, SkipIssuerCheck: true, SkipClientIDCheck: true, SkipExpiryCheck: true,
	})
	verified, err := verifier.Verify(ctx, token)
	switch {
	case keys.refusal != nil:
		return nil, nil, h, keys.refusal
	case err != nil:
		return nil, nil, h, refuse(step, "form", SideProvider, "the token's claims cannot be read", err)
	}
	var raw json.RawMessage
	var all claims
	if err := verified.Claims(&raw); err != nil {
		return nil, nil, h, refuse(step, "form", SideProvider, "the token's claims cannot be read", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&all); err != nil || all == nil {
		return nil, nil, h, refuse(step, "form", SideProvider, "the token's claims cannot be read", err)
	}
	return verified, all, h, nil
}

// addressed checks whose token it is and for whom (Core section 3.1.3.7, 2 to 5).
func addressed(step Step, issuer, client string, token *goidc.IDToken, all claims) error {
	// Google's tokens may lack the scheme (https://developers.google.com/identity/openid-connect/openid-connect).
	google := issuer == "https://accounts.google.com" && token.Issuer == "accounts.google.com"
	authorized, hasParty := all["azp"]
	switch {
	case token.Issuer != issuer && !google:
		return refuse(step, "issuer", SideProvider, "the token is by another provider", nil)
	case !slices.Contains(token.Audience, client):
		return refuse(step, "audience", SideProvider, "the token is for another application", nil)
	case hasParty && authorized != client:
		return refuse(step, "azp", SideProvider, "the token was given to another application", nil)
	case len(token.Audience) > 1 && !hasParty:
		return refuse(step, "azp", SideProvider, "the token is for several applications and does not say to which one it was given", nil)
	}
	return nil
}

// timely checks the instants of a token (Core section 3.1.3.7, 9 and 10).
func timely(step Step, now time.Time, token *goidc.IDToken, all claims) error {
	switch {
	case token.Expiry.IsZero():
		return refuse(step, "exp", SideProvider, "the token does not say until when it holds", nil)
	case now.After(token.Expiry.Add(Skew)):
		return refuse(step, "exp", SidePerson, "the token has expired; sign in again, and if that does not help, the clocks of the provider and of this server differ", nil)
	case token.IssuedAt.IsZero():
		return refuse(step, "iat", SideProvider, "the token does not say when it was issued", nil)
	case token.IssuedAt.After(now.Add(Skew)):
		return refuse(step, "iat", SideProvider, "the token is from the future: the clocks of the provider and of this server differ by more than a minute", nil)
	}
	if from, given := all.instant("nbf"); given && from.After(now.Add(Skew)) {
		return refuse(step, "nbf", SideProvider, "the token does not hold yet: the clocks of the provider and of this server differ by more than a minute", nil)
	}
	return nil
}

// expected is what a sign-in demands of its ID token.
type expected struct {
	client, nonce string
	accessToken   string
	maxAge        time.Duration
	aged          bool // a maxAge was asked for
}

// idToken verifies an ID token for one sign-in (Core section 3.1.3.7).
func (p *RelyingParty) idToken(ctx context.Context, provider Provider, raw string, want expected) (claims, error) {
	token, all, h, err := p.proven(ctx, StepIDToken, provider, raw)
	if err != nil {
		return nil, err
	}
	now := p.config.Now()
	if err := addressed(StepIDToken, provider.Issuer, want.client, token, all); err != nil {
		return nil, err
	}
	if err := timely(StepIDToken, now, token, all); err != nil {
		return nil, err
	}
	switch {
	case h.Type == logoutType:
		return nil, refuse(StepIDToken, "typ", SideProvider, "this is a token to sign out with", nil)
	case token.Nonce == "":
		return nil, refuse(StepIDToken, "nonce", SideProvider, "the token does not say for which sign-in it is", nil)
	case subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(want.nonce)) != 1:
		return nil, refuse(StepIDToken, "nonce", SidePerson, "the token is for another sign-in; sign in again", nil)
	case token.Subject == "":
		return nil, refuse(StepIDToken, "subject", SideProvider, "the token does not say who signed in", nil)
	case len(token.Subject) > maxSubject:
		return nil, refuse(StepIDToken, "subject", SideProvider, "the token names the person by more than 255 characters", nil)
	case token.AccessTokenHash != "" && token.VerifyAccessToken(want.accessToken) != nil:
		return nil, refuse(StepIDToken, "at_hash", SideProvider, "the ID token and the access token do not belong together", nil)
	}
	if want.aged {
		at, given := all.instant("auth_time")
		switch {
		case !given:
			return nil, refuse(StepIDToken, "auth_time", SideProvider, "a fresh sign-in was asked for, and the provider does not say when it was", nil)
		case now.After(at.Add(want.maxAge + Skew)):
			return nil, refuse(StepIDToken, "auth_time", SidePerson, "a fresh sign-in was asked for, and the provider gave an older one; sign out there and sign in again", nil)
		}
	}
	return all, nil
}
