package toyidp

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const keyID = "toy"

// document is what the provider says of itself (Discovery 1.0 section 3).
func (p *Provider) document(w http.ResponseWriter, _ *http.Request) {
	at := p.config.Issuer
	answer(w, http.StatusOK, map[string]any{
		"issuer": at, "authorization_endpoint": at + "/authorize", "token_endpoint": at + "/token", "jwks_uri": at + "/keys",
		"userinfo_endpoint": at + "/userinfo", "end_session_endpoint": at + "/logout",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		"scopes_supported":                      []string{"openid", "profile", "email", "groups"},
		"id_token_signing_alg_values_supported": []string{string(jose.ES256)}, "code_challenge_methods_supported": []string{"S256"},
		"token_endpoint_auth_methods_supported":          []string{"client_secret_basic", "client_secret_post"},
		"authorization_response_iss_parameter_supported": true,
		"backchannel_logout_supported":                   true, "backchannel_logout_session_supported": true,
	})
}

// keys is the key set.
func (p *Provider) keys(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{"keys": []jose.JSONWebKey{
		{Key: p.key.Public(), KeyID: keyID, Algorithm: string(jose.ES256), Use: "sig"},
	}})
}

// asked checks what Usher sent the browser here with (Core section 3.1.2.2): what is wrong is told here, and nobody is sent
// to an address that is not registered.
func (p *Provider) asked(q url.Values) (wrong string) {
	switch {
	case q.Get("client_id") != p.config.Client.ID || q.Get("redirect_uri") != p.config.Client.RedirectURI:
		return "This provider knows one application, the Usher of this demo, and this request is not by it."
	case q.Get("response_type") != "code" || !strings.Contains(" "+q.Get("scope")+" ", " openid "):
		return "This provider speaks OpenID Connect by the code flow only."
	case q.Get("code_challenge_method") != "S256" || q.Get("code_challenge") == "":
		return "This provider wants a proof key (PKCE with S256)."
	}
	return ""
}

// authorize asks who is there. It knows nobody from before, so without a page it signs nobody in (prompt=none).
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	switch wrong := p.asked(q); {
	case wrong != "":
		p.refuse(w, wrong)
	case q.Get("prompt") == "none":
		p.back(w, r, q, url.Values{"error": {"login_required"}})
	default:
		p.show(w, http.StatusOK, "who", whoPage{Client: p.config.Client, Query: r.URL.RawQuery, People: p.listed()})
	}
}

// chosen sends the browser back with a code for whoever was clicked on, or for nobody.
func (p *Provider) chosen(w http.ResponseWriter, r *http.Request) {
	q, err := url.ParseQuery(r.PostFormValue("query"))
	wrong := p.asked(q)
	if err != nil || wrong != "" {
		p.refuse(w, wrong)
		return
	}
	person, known := p.person(r.PostFormValue("person"))
	if !known {
		p.back(w, r, q, url.Values{"error": {"access_denied"}, "error_description": {"Nobody was chosen."}})
		return
	}
	code := p.secret()
	v := visit{person: person, session: p.secret(), nonce: q.Get("nonce"), challenge: q.Get("code_challenge"), at: p.config.Now()}
	p.mu.Lock()
	keep(p.codes, code, v)
	p.mu.Unlock()
	p.back(w, r, q, url.Values{"code": {code}})
}

// back sends the browser back (RFC 6749 section 4.1.2, RFC 9207).
func (p *Provider) back(w http.ResponseWriter, r *http.Request, q, say url.Values) {
	say.Set("state", q.Get("state"))
	say.Set("iss", p.config.Issuer)
	http.Redirect(w, r, p.config.Client.RedirectURI+"?"+say.Encode(), http.StatusSeeOther)
}

// token gives tokens for a code, once (Core section 3.1.3).
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	if !p.isClient(r) {
		answer(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
		return
	}
	code := r.PostFormValue("code")
	p.mu.Lock()
	v, known := p.codes[code]
	delete(p.codes, code)
	p.mu.Unlock()
	proof := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !known || p.config.Now().Sub(v.at) > codeTime || r.PostFormValue("grant_type") != "authorization_code" ||
		r.PostFormValue("redirect_uri") != p.config.Client.RedirectURI || v.challenge != base64.RawURLEncoding.EncodeToString(proof[:]) {
		answer(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant"})
		return
	}
	claims := p.claims(v.person)
	claims["sid"], claims["nonce"], claims["auth_time"] = v.session, v.nonce, v.at.Unix()
	id, err := p.sign("JWT", claims)
	if err != nil {
		answer(w, http.StatusInternalServerError, map[string]any{"error": "server_error"})
		return
	}
	access := p.secret()
	p.mu.Lock()
	keep(p.tokens, access, v)
	p.signedIn = append(p.signedIn, v)
	p.signedIn = p.signedIn[max(0, len(p.signedIn)-maxKept):]
	p.mu.Unlock()
	answer(w, http.StatusOK, map[string]any{"access_token": access, "token_type": "Bearer", "expires_in": 300, "id_token": id})
}

// isClient authenticates Usher, by Basic or in the form.
func (p *Provider) isClient(r *http.Request) bool {
	id, secret, basic := r.BasicAuth()
	if basic {
		id, _ = url.QueryUnescape(id)
		secret, _ = url.QueryUnescape(secret)
	} else {
		id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	return id == p.config.Client.ID && subtle.ConstantTimeCompare([]byte(secret), []byte(p.config.Client.Secret)) == 1
}

// claims are what is told of somebody (Core section 5.1).
func (p *Provider) claims(o Person) map[string]any {
	return map[string]any{
		"sub": o.ID, "name": o.Name(), "given_name": o.Given, "family_name": o.Family, "preferred_username": o.UserName,
		"email": o.UserName, "email_verified": true, "groups": p.groupsOf(o.ID),
	}
}

// userInfo tells the same again for an access token (Core section 5.3).
func (p *Provider) userInfo(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	v, known := p.tokens[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	p.mu.Unlock()
	if !known {
		answer(w, http.StatusUnauthorized, map[string]any{"error": "invalid_token"})
		return
	}
	answer(w, http.StatusOK, p.claims(v.person))
}

// sign makes a token for Usher that holds for some minutes.
func (p *Provider) sign(kind string, claims map[string]any) (string, error) {
	now := p.config.Now()
	claims["iss"], claims["aud"] = p.config.Issuer, p.config.Client.ID
	claims["iat"], claims["exp"] = now.Unix(), now.Add(2*time.Minute).Unix()
	key := jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: p.key, KeyID: keyID}}
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType(jose.ContentType(kind)))
	if err != nil {
		return "", err
	}
	return jwt.Signed(signer).Claims(claims).Serialize()
}

// secret is 256 random bits.
func (p *Provider) secret() string {
	var b [32]byte
	if _, err := io.ReadFull(p.config.Random, b[:]); err != nil {
		panic("toyidp: there is no randomness: " + err.Error()) // as crypto/rand does
	}
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// keep puts something into a map that stays small: which one goes for it is chance.
func keep(into map[string]visit, name string, v visit) {
	for known := range into {
		if len(into) < maxKept {
			break
		}
		delete(into, known)
	}
	into[name] = v
}
