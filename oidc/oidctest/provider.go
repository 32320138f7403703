// Package oidctest plays OpenID providers in tests: an honest one that holds clients to the specification (proof keys,
// redirect addresses, codes that work once), and, where a test says so, one that sends anything else. It is a real HTTP
// server with TLS; what a browser would do there is [Provider.Visit].
//
//	provider := oidctest.New(t)
//	provider.Forge = func(token *oidctest.Token) { token.Claims["aud"] = "somebody-else" }
package oidctest

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// What the provider knows its one client by, unless the test changes it.
const (
	ClientID     = "usher-client"
	ClientSecret = "correct horse: battery/staple" // characters that Basic has to escape
	RedirectURI  = "https://usher.acme.test/oidc/callback"
	Subject      = "00u-ada"
)

// Provider is one OpenID provider. Its fields may be set before it is asked and between requests, not during one.
type Provider struct {
	Issuer string
	Roots  *x509.CertPool // the authority of its certificate

	Redirect string // where people go back to; RedirectURI unless changed

	Now    func() time.Time
	Keys   []Key // published; the first one signs
	Claims map[string]any

	ClientKey *Key // the client's key for private_key_jwt; nil: it has a secret

	// What is not as it should be; nil: nothing.
	Document func(document map[string]any)                            // changes the discovery document
	Forge    func(token *Token)                                       // changes an ID token before it is signed
	Callback func(query url.Values)                                   // changes what the browser goes back with
	Answer   func(tokens map[string]any)                              // changes the answer of the token endpoint
	Instead  func(w http.ResponseWriter, r *http.Request) (done bool) // answers in place of everything
	UserInfo map[string]any                                           // what userinfo says; nil: the person's claims

	server *httptest.Server
	mu     sync.Mutex
	asked  map[string]int
	codes  map[string]*granted
	tokens map[string]map[string]any // userinfo by access token
	client any                       // the registered public key of the client, where it is not ClientKey's
	posted []url.Values
}

type granted struct {
	redirect, challenge, nonce string
	claims                     map[string]any
}

// New starts a provider that ends with the test.
func New(t testing.TB) *Provider {
	t.Helper()
	p := Unstarted()
	p.server = httptest.NewUnstartedServer(p)
	p.server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // handshakes that a test made fail
	p.server.StartTLS()
	t.Cleanup(p.server.Close)
	p.Issuer = p.server.URL
	p.Roots = x509.NewCertPool()
	p.Roots.AddCert(p.server.Certificate())
	return p
}

// Close ends the provider: nobody listens there any more.
func (p *Provider) Close() { p.server.Close() }

// CertificatePEM is the authority of the provider's certificate as a file has it.
func (p *Provider) CertificatePEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.server.Certificate().Raw})
}

// Unstarted is a provider without a server of its own: an [http.Handler] that needs its Issuer.
func Unstarted() *Provider {
	return &Provider{
		Redirect: RedirectURI, Now: time.Now, Keys: []Key{RSA("one")}, asked: map[string]int{}, codes: map[string]*granted{}, tokens: map[string]map[string]any{},
		Claims: map[string]any{
			"sub": Subject, "email": "ada@acme.test", "email_verified": true, "preferred_username": "ada@acme.test",
			"name": "Ada Lovelace", "given_name": "Ada", "family_name": "Lovelace", "groups": []string{"Engineering", "Everyone"},
		},
	}
}

// Asked is how often a path was requested.
func (p *Provider) Asked(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked[path]
}

// Posted are the bodies that the token endpoint was sent.
func (p *Provider) Posted() []url.Values {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]url.Values(nil), p.posted...)
}

// Paths of the endpoints.
const (
	DocumentPath = "/.well-known/openid-configuration"
	KeysPath     = "/keys"
	TokenPath    = "/token"
	UserInfoPath = "/userinfo"
)

// ServeHTTP implements http.Handler.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked[r.URL.Path]++
	instead := p.Instead
	p.mu.Unlock()
	if instead != nil && instead(w, r) {
		return
	}
	switch r.URL.Path {
	case DocumentPath:
		p.document(w)
	case KeysPath:
		var keys []any
		for _, key := range p.Keys {
			keys = append(keys, key.JWK())
		}
		answer(w, http.StatusOK, map[string]any{"keys": keys})
	case TokenPath:
		p.token(w, r)
	case UserInfoPath:
		p.mu.Lock()
		claims := p.tokens[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
		p.mu.Unlock()
		if claims == nil {
			answer(w, http.StatusUnauthorized, map[string]any{"error": "invalid_token"})
			return
		}
		answer(w, http.StatusOK, claims)
	default:
		http.NotFound(w, r)
	}
}

func answer(w http.ResponseWriter, status int, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(must(json.Marshal(body)))
}

func (p *Provider) document(w http.ResponseWriter) {
	way := "client_secret_basic"
	if p.ClientKey != nil {
		way = "private_key_jwt"
	}
	document := map[string]any{
		"issuer": p.Issuer, "authorization_endpoint": p.Issuer + "/authorize?from=document", "token_endpoint": p.Issuer + TokenPath,
		"jwks_uri": p.Issuer + KeysPath, "userinfo_endpoint": p.Issuer + UserInfoPath, "end_session_endpoint": p.Issuer + "/logout?from=document",
		"id_token_signing_alg_values_supported": []string{"RS256", "PS256", "ES256", "EdDSA"}, "code_challenge_methods_supported": []string{"S256", "plain"},
		"token_endpoint_auth_methods_supported": []string{way}, "response_types_supported": []string{"code"},
		"authorization_response_iss_parameter_supported": true, "backchannel_logout_supported": true, "backchannel_logout_session_supported": true,
	}
	if p.Document != nil {
		p.Document(document)
	}
	answer(w, http.StatusOK, document)
}

// Visit is what a browser does at the authorisation endpoint: the person signs in, and comes back with the query that
// Visit gives. It panics where a request is not as the provider was told to expect it.
func (p *Provider) Visit(address string) url.Values {
	u := must(url.Parse(address))
	query := u.Query()
	if !strings.HasPrefix(address, p.Issuer+"/authorize?") || query.Get("response_type") != "code" || query.Get("client_id") != ClientID ||
		query.Get("redirect_uri") != p.Redirect || query.Get("code_challenge_method") != "S256" || len(query.Get("code_challenge")) != 43 ||
		!strings.Contains(" "+query.Get("scope")+" ", " openid ") || query.Get("from") != "document" {
		panic("oidctest: the browser came with " + address)
	}
	claims := maps.Clone(p.Claims)
	if claims["auth_time"] == nil && query.Has("max_age") {
		claims["auth_time"] = p.Now().Unix()
	}
	code := encode(must(randomBytes()))
	p.mu.Lock()
	p.codes[code] = &granted{redirect: p.Redirect, challenge: query.Get("code_challenge"), nonce: query.Get("nonce"), claims: claims}
	p.mu.Unlock()
	back := url.Values{"code": {code}, "state": {query.Get("state")}, "iss": {p.Issuer}}
	if p.Callback != nil {
		p.Callback(back)
	}
	return back
}

func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	p.mu.Lock()
	p.posted = append(p.posted, r.PostForm)
	code := r.PostForm.Get("code")
	grant := p.codes[code]
	p.mu.Unlock()
	if !p.knows(r) {
		answer(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client", "error_description": "client authentication failed"})
		return
	}
	sum := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
	if grant == nil || r.PostForm.Get("grant_type") != "authorization_code" || grant.redirect != r.PostForm.Get("redirect_uri") || grant.challenge != encode(sum[:]) {
		answer(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant", "error_description": "the code is not good"})
		return
	}
	access := encode(must(randomBytes()))
	p.mu.Lock()
	delete(p.codes, code)
	p.tokens[access] = grant.claims
	if p.UserInfo != nil {
		p.tokens[access] = p.UserInfo
	}
	p.mu.Unlock()
	tokens := map[string]any{"access_token": access, "token_type": "Bearer", "expires_in": 300, "id_token": p.mint(grant, access)}
	if p.Answer != nil {
		p.Answer(tokens)
	}
	answer(w, http.StatusOK, tokens)
}

// mint makes the ID token for a code.
func (p *Provider) mint(grant *granted, access string) string {
	key, now := p.Keys[0], p.Now()
	claims := maps.Clone(grant.claims)
	maps.Copy(claims, map[string]any{
		"iss": p.Issuer, "aud": ClientID, "exp": now.Add(5 * time.Minute).Unix(), "iat": now.Unix(), "nonce": grant.nonce,
	})
	if key.Algorithm != "EdDSA" { // whose at_hash is by SHA-512
		sum := sha256.Sum256([]byte(access))
		claims["at_hash"] = encode(sum[:16])
	}
	token := p.Draft(claims)
	if p.Forge != nil {
		p.Forge(&token)
	}
	return token.Compact()
}

// Draft is a token with these claims that the provider's first key would sign.
func (p *Provider) Draft(claims map[string]any) Token {
	key := p.Keys[0]
	head := map[string]any{"alg": key.Algorithm, "typ": "JWT"}
	if key.ID != "" {
		head["kid"] = key.ID
	}
	return Token{Header: head, Claims: claims, Sign: key.Sign}
}

// Logout is a back-channel logout token as it should be.
func (p *Provider) Logout(subject, session string) Token {
	claims := map[string]any{
		"iss": p.Issuer, "aud": ClientID, "iat": p.Now().Unix(), "exp": p.Now().Add(2 * time.Minute).Unix(), "jti": encode(must(randomBytes())),
		"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
	}
	if subject != "" {
		claims["sub"] = subject
	}
	if session != "" {
		claims["sid"] = session
	}
	token := p.Draft(claims)
	token.Header["typ"] = "logout+jwt"
	return token
}

// knows authenticates the client.
func (p *Provider) knows(r *http.Request) bool {
	if p.ClientKey != nil {
		return p.knowsKey(r.PostForm)
	}
	id, secret, basic := r.BasicAuth()
	if basic {
		id, secret = unescaped(id), unescaped(secret)
	} else {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	return id == ClientID && subtle.ConstantTimeCompare([]byte(secret), []byte(ClientSecret)) == 1
}

func unescaped(s string) string {
	s, _ = url.QueryUnescape(s)
	return s
}

// RegisterClient registers the client's public key, as a JSON web key.
func (p *Provider) RegisterClient(jwk []byte) error {
	var key jose.JSONWebKey
	if err := json.Unmarshal(jwk, &key); err != nil {
		return err
	}
	p.client = key.Key
	return nil
}

// knowsKey checks an assertion of the client (RFC 7523 section 3).
func (p *Provider) knowsKey(form url.Values) bool {
	token, err := jwt.ParseSigned(form.Get("client_assertion"), []jose.SignatureAlgorithm{jose.SignatureAlgorithm(p.ClientKey.Algorithm)})
	if err != nil || form.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
		return false
	}
	public := p.client
	if public == nil {
		public = p.ClientKey.Private.Public()
	}
	var claims jwt.Claims
	if token.Claims(public, &claims) != nil || claims.ID == "" || claims.Expiry == nil || claims.Expiry.Time().Sub(p.Now()) > 5*time.Minute {
		return false
	}
	return claims.Validate(jwt.Expected{
		Issuer: ClientID, Subject: ClientID, AnyAudience: jwt.Audience{p.Issuer + TokenPath}, Time: p.Now(),
	}) == nil
}
