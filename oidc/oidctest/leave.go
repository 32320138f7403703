package oidctest

import (
	"net/url"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Leave is what a browser does at the end-session endpoint (RP-Initiated Logout 1.0 section 2): the person signs out, and goes
// back to the address that Leave gives. registered is where the client may have people sent back to. It panics where a request
// is not as the provider was told to expect it.
func (p *Provider) Leave(address, registered string) string {
	u := must(url.Parse(address))
	query := u.Query()
	if !strings.HasPrefix(address, p.Issuer+"/logout?") || query.Get("from") != "document" || query.Get("client_id") != ClientID ||
		query.Get("post_logout_redirect_uri") != registered || len(query["state"]) > 1 {
		panic("oidctest: the browser came to sign out with " + address)
	}
	if hint := query.Get("id_token_hint"); hint != "" && !p.minted(hint) {
		panic("oidctest: the hint is no ID token of this provider: " + hint)
	}
	back := must(url.Parse(registered))
	if query.Has("state") {
		back.RawQuery = url.Values{"state": query["state"]}.Encode()
	}
	return back.String()
}

// minted reports whether an ID token was made here for the client, however long ago.
func (p *Provider) minted(token string) bool {
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256, jose.EdDSA})
	return err == nil && slices.ContainsFunc(p.Keys, func(key Key) bool {
		var claims jwt.Claims
		return parsed.Claims(key.Private.Public(), &claims) == nil && claims.Issuer == p.Issuer && claims.Audience.Contains(ClientID)
	})
}
