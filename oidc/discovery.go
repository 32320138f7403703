package oidc

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"usher/internal/redact"
)

// How long a provider's document is believed, and how long nobody asks again after a failure.
const (
	providerFor   = time.Hour
	providerPause = 5 * time.Second
)

// Provider is what an OpenID provider says of itself (OpenID Connect Discovery 1.0 section 3, RFC 8414, RFC 9207).
type Provider struct {
	Issuer                 string   `json:"issuer"`
	AuthorizationEndpoint  string   `json:"authorization_endpoint"`
	TokenEndpoint          string   `json:"token_endpoint"`
	UserInfoEndpoint       string   `json:"userinfo_endpoint"`
	KeysURI                string   `json:"jwks_uri"`
	EndSessionEndpoint     string   `json:"end_session_endpoint"`
	Algorithms             []string `json:"id_token_signing_alg_values_supported"`
	ChallengeMethods       []string `json:"code_challenge_methods_supported"`
	ClientAuthentications  []string `json:"token_endpoint_auth_methods_supported"`
	ResponseTypes          []string `json:"response_types_supported"`
	Scopes                 []string `json:"scopes_supported"`
	AnnouncesIssuer        bool     `json:"authorization_response_iss_parameter_supported"`
	BackChannelLogout      bool     `json:"backchannel_logout_supported"`
	BackChannelWithSession bool     `json:"backchannel_logout_session_supported"`
}

// Discover reads the document of a registered provider, or remembers it.
func (p *RelyingParty) Discover(ctx context.Context, issuer string) (Provider, error) {
	return p.providers.read(ctx, issuer, func(Provider) bool { return true }, func(ctx context.Context) (Provider, error) {
		provider, err := p.document(ctx, issuer)
		if err != nil {
			return provider, err
		}
		return provider, p.usable(provider)
	})
}

// wellKnown is where the document of an issuer is (Discovery section 4).
func wellKnown(issuer string) string {
	return strings.TrimSuffix(issuer, "/") + "/.well-known/openid-configuration"
}

// document fetches what is at the well-known address, and believes it only if it speaks of the issuer that was asked
// (Discovery section 4.3): else somebody else's document would say where to take the codes.
func (p *RelyingParty) document(ctx context.Context, issuer string) (Provider, error) {
	var provider Provider
	if err := p.address(issuer); err != nil {
		return provider, refuse(StepDiscovery, "issuer", SideHere, "the issuer of this connection is no https address", err)
	}
	if err := p.fetch(ctx, StepDiscovery, wellKnown(issuer), &provider); err != nil {
		return provider, err
	}
	if provider.Issuer != issuer {
		e := refuse(StepIssuer, "issuer", SideHere, "the provider calls itself by another name than this connection is registered with; enter its issuer exactly so, if it is the right provider", nil)
		if e.Said = redact.Line(provider.Issuer, maxSaid); strings.Contains(provider.Issuer, "{tenantid}") { // Entra's common and organizations
			e.Message = "this is the provider's address for all tenants; enter the issuer of your own tenant, with its id in the address"
		}
		return provider, e
	}
	return provider, nil
}

// usable checks the addresses, ways to sign and proof keys that a provider announces.
func (p *RelyingParty) usable(provider Provider) error {
	for _, e := range []struct {
		name, address string
		needed        bool
	}{
		{"authorization_endpoint", provider.AuthorizationEndpoint, true},
		{"token_endpoint", provider.TokenEndpoint, true},
		{"jwks_uri", provider.KeysURI, true},
		{"userinfo_endpoint", provider.UserInfoEndpoint, false},
		{"end_session_endpoint", provider.EndSessionEndpoint, false},
	} {
		if e.address == "" && !e.needed {
			continue
		}
		if err := p.address(e.address); err != nil {
			return refuse(StepEndpoints, e.name, SideProvider, "the provider announces no usable "+e.name, err)
		}
	}
	if len(provider.Algorithms) > 0 && !slices.ContainsFunc(provider.Algorithms, accepted) {
		return refuse(StepAlgorithms, "algorithm", SideProvider, "the provider signs in no way that is accepted here; let it sign ID tokens with one of "+strings.Join(algorithmNames(), ", "), nil)
	}
	if len(provider.ChallengeMethods) > 0 && !slices.Contains(provider.ChallengeMethods, "S256") {
		return refuse(StepPKCE, "pkce", SideProvider, "the provider takes no proof keys by S256 (PKCE), and without them a stolen code could be used", nil)
	}
	return nil
}

// fetch reads a JSON object.
func (p *RelyingParty) fetch(ctx context.Context, step Step, address string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return refuse(step, "address", SideProvider, "this is no address that can be asked", err)
	}
	request.Header.Set("Accept", "application/json")
	answer, err := p.client.Do(request)
	if err != nil {
		return unreachable(step, err)
	}
	defer func() { _ = answer.Body.Close() }()
	switch {
	case answer.StatusCode/100 == 3:
		return refuse(step, "redirect", SideProvider, "the provider sends elsewhere from "+where(request)+", which is not followed; enter the issuer exactly as the provider shows it", nil)
	case answer.StatusCode != http.StatusOK:
		return refuse(step, "status", SideProvider, fmt.Sprintf("the provider answers %d at %s", answer.StatusCode, where(request)), nil)
	}
	if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
		if e := unreachable(step, err); e.Check != "connect" {
			return e
		}
		return refuse(step, "json", SideProvider, "what the provider answers at "+where(request)+" is no such document", err)
	}
	return nil
}

// where is an address without its query.
func where(r *http.Request) string { return r.URL.Scheme + "://" + r.URL.Host + r.URL.EscapedPath() }
