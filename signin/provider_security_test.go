package signin

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/oidc"
	"usher/oidc/oidctest"
	"usher/persistence"
	"usher/persistence/storetest"
)

// What is tried at the door of people who come by an identity provider, by the numbers of the list of attacks, over every
// database, through the pages.
func TestSecuritySingleSignOn(t *testing.T) {
	t.Parallel()
	each := storetest.Shared(t)
	for number, attack := range map[string]func(*porch){
		"25": forgedSignatures, "26": unknownKeys, "27": wrongClaims, "28": replays, "29": strangeProviders, "30": victimsAddress,
		"31": sameSubject, "32": disabledMeanwhile, "33": strangeAddresses, "34": manyStarted, "36": deactivatedEverywhere,
		"38": singleSignOnOnly, "back-channel": backChannel,
	} {
		t.Run(number, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, store *persistence.Store) {
				p := newPorch(t, store)
				attack(p)
				if !t.Failed() {
					storetest.Consistent(t, store, p.org())
				}
			})
		})
	}
}

// forged is a sign-in whose ID token was changed on the way: nobody is in, and nobody was made.
func (p *porch) forged(change func(*oidctest.Token), key, why string) {
	p.Helper()
	users, sessions := p.count("users"), p.count("sessions")
	p.provider.Forge = change
	p.refused(p.signIn(p.connection, p.provider), key, why)
	p.provider.Forge = nil
	require.Equal(p, []int{users, sessions, 0}, []int{p.count("users"), p.count("sessions"), p.browser.started()}, why)
}

func forgedSignatures(p *porch) {
	p.justInTime(p.connection)
	other := oidctest.OtherRSA("one")
	for why, change := range map[string]func(*oidctest.Token){
		"alg none":             func(t *oidctest.Token) { t.Header["alg"], t.Sign = "none", oidctest.Unsigned },
		"HS256 by public key":  func(t *oidctest.Token) { t.Header["alg"], t.Sign = "HS256", oidctest.HMAC(p.provider.Keys[0].PEM()) },
		"embedded jwk":         func(t *oidctest.Token) { t.Header["jwk"], t.Sign = other.JWK(), other.Sign },
		"jku":                  func(t *oidctest.Token) { t.Header["jku"], t.Sign = p.provider.Issuer+"/evil", other.Sign },
		"another key":          func(t *oidctest.Token) { t.Sign = other.Sign },
		"crit":                 func(t *oidctest.Token) { t.Header["crit"] = []string{"exp"} },
		"a signature cut away": func(t *oidctest.Token) { t.Sign = oidctest.Unsigned },
	} {
		p.forged(change, "provider", why)
	}
	require.Zero(p, p.provider.Asked("/evil"))
	p.provider.Keys = append(p.provider.Keys, oidctest.OtherRSA("two"))
	p.clock.Move(time.Hour)
	p.forged(func(t *oidctest.Token) { delete(t.Header, "kid") }, "provider", "no kid among several keys")
	p.let(p.signIn(p.connection, p.provider))
}

func unknownKeys(p *porch) {
	p.justInTime(p.connection)
	for range 10 {
		p.forged(func(t *oidctest.Token) { t.Header["kid"] = uuid.NewString() }, "provider", "an unknown kid")
	}
	require.LessOrEqual(p, p.provider.Asked(oidctest.KeysPath), 2, "the key set is fetched once in an interval")
}

func wrongClaims(p *porch) {
	p.justInTime(p.connection)
	claim := func(name string, value any) func(*oidctest.Token) {
		return func(t *oidctest.Token) {
			if t.Claims[name] = value; value == nil {
				delete(t.Claims, name)
			}
		}
	}
	at := func(after time.Duration) int64 { return p.clock.Now().Add(after).Unix() }
	for _, wrong := range []struct {
		name  string
		value any
		key   string
	}{
		{"iss", "https://evil.test", "provider"},
		{"aud", "another-client", "provider"},
		{"aud", nil, "provider"},
		{"aud", []string{oidctest.ClientID, "another-client"}, "provider"}, // without azp
		{"azp", "another-client", "provider"},
		{"exp", at(-61 * time.Second), "provider-clock"},
		{"exp", nil, "provider"},
		{"iat", at(62 * time.Second), "provider-clock"},
		{"iat", nil, "provider"},
		{"nbf", at(62 * time.Second), "provider-clock"},
		{"sub", "", "provider"},
		{"sub", nil, "provider"},
		{"sub", strings.Repeat("x", 256), "provider"},
	} {
		if wrong.value == nil && (wrong.name == "exp" || wrong.name == "iat") {
			p.forged(claim(wrong.name, wrong.value), "provider-clock", wrong.name)
			continue
		}
		p.forged(claim(wrong.name, wrong.value), wrong.key, wrong.name)
	}
	p.provider.Forge = func(t *oidctest.Token) { t.Claims["exp"], t.Claims["iat"] = at(-50*time.Second), at(50*time.Second) }
	p.let(p.signIn(p.connection, p.provider))
}

func replays(p *porch) {
	p.justInTime(p.connection)
	for why, key := range map[string]string{"": "provider", "of-another-sign-in": "provider-again"} {
		p.forged(func(t *oidctest.Token) { t.Claims["nonce"] = why }, key, "nonce "+why)
	}
	var old any
	p.provider.Forge = func(t *oidctest.Token) { old = t.Claims["nonce"] }
	answer := p.provider.Visit(p.begin(p.connection, ""))
	p.let(p.get(back(p.connection, answer)))
	out := newJar()
	p.browser = out
	p.forged(func(t *oidctest.Token) { t.Claims["nonce"] = old }, "provider-again", "a nonce that was used")

	p.refused(p.get(back(p.connection, answer)), "provider-cookie", "in another browser")
	stranger := p.provider.Visit(p.begin(p.connection, ""))
	p.browser = newJar()
	p.refused(p.get(back(p.connection, stranger)), "provider-cookie", "begun in another browser")
	answer = p.provider.Visit(p.begin(p.connection, ""))
	without := url.Values{"code": answer["code"], "iss": answer["iss"]}
	p.refused(p.get(back(p.connection, without)), "provider-cookie", "no state")
	p.let(p.get(back(p.connection, answer)))
	require.Zero(p, p.browser.started())
	token := p.browser.cookies[hostPrefix+sessionCookie]
	again := p.get(back(p.connection, answer))
	require.Equal(p, []any{http.StatusSeeOther, homePath}, []any{again.Code, again.Header().Get("Location")}, "the back button, when one is in")
	require.Equal(p, token, p.browser.cookies[hostPrefix+sessionCookie])
	for _, posted := range p.provider.Posted() {
		require.Len(p, posted.Get("code_verifier"), 43, "a proof key always")
	}

	// Tomorrow, and with the cookie of one tab under the name of another.
	p.browser = newJar()
	answer = p.provider.Visit(p.begin(p.connection, ""))
	p.clock.Move(24 * time.Hour)
	p.refused(p.get(back(p.connection, answer)), "provider-again", "tomorrow")
	first, second := p.provider.Visit(p.begin(p.connection, "")), p.provider.Visit(p.begin(p.connection, ""))
	require.Equal(p, 2, p.browser.started(), "two tabs")
	name := func(v url.Values) string { return hostPrefix + startedCookie + oidc.StateKey(v.Get("state")) }
	p.browser.cookies[name(first)], p.browser.cookies[name(second)] = p.browser.cookies[name(second)], p.browser.cookies[name(first)]
	p.refused(p.get(back(p.connection, first)), "provider-cookie", "the cookie of another tab")
	third := p.provider.Visit(p.begin(p.connection, ""))
	p.let(p.get(back(p.connection, third)))
}

func strangeProviders(p *porch) {
	p.justInTime(p.connection)
	start := "/oidc/" + p.connection.ID.String() + "/start"
	p.door = p.replica(p.provider.Roots, false)
	p.refused(p.get(start), "provider-here", "an address that is not public")
	for why, document := range map[string]func(map[string]any){
		"another issuer": func(d map[string]any) { d["issuer"] = "https://evil.test" },
		"no keys":        func(d map[string]any) { delete(d, "jwks_uri") },
	} {
		p.provider.Document, p.door = document, p.replica(p.provider.Roots, true)
		w := p.get(start)
		require.Equal(p, http.StatusBadGateway, w.Code, why)
		require.Zero(p, p.browser.started(), why)
	}
	p.provider.Document = nil
	elsewhere := oidctest.New(p.T)
	p.provider.Instead = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == oidctest.DocumentPath {
			http.Redirect(w, r, elsewhere.Issuer+oidctest.DocumentPath, http.StatusFound)
			return true
		}
		return false
	}
	p.door = p.replica(p.provider.Roots, true)
	require.Equal(p, http.StatusBadGateway, p.get(start).Code)
	require.Zero(p, elsewhere.Asked(oidctest.DocumentPath), "a redirect is not followed")
	p.provider.Instead, p.door = nil, p.replica(p.provider.Roots, true)
	p.provider.Claims["picture"] = p.provider.Issuer + "/picture.png"
	p.let(p.signIn(p.connection, p.provider))
	require.Zero(p, p.provider.Asked("/picture.png"))
}

func victimsAddress(p *porch) {
	domainName := storetest.Slug(p) + ".test"
	address := "victim@" + domainName
	victim := storetest.Account(p, p.store, p.tenant, address, nil)
	evil := oidctest.New(p.T)
	evil.Now = p.clock.Now
	foreign, _ := p.connect("evil", evil, domain.KindGeneric)
	roots := p.provider.Roots.Clone()
	addRoot(p, roots, evil)
	p.door = p.replica(roots, true)
	evil.Claims["email"], evil.Claims["email_verified"], evil.Claims["preferred_username"] = address, true, address
	for why, trusted := range map[string][]domain.ConnectionID{"not proved": nil, "proved, and another trusted": {p.connection.ID}} {
		if trusted != nil {
			e, err := p.admin.AddEmailDomain(p.Context(), p.boss(), domainName)
			require.NoError(p, err)
			_, err = p.admin.VerifyEmailDomain(p.Context(), p.boss(), records{e.Record(): e.Challenge}, domainName, domain.IfMatch{})
			require.NoError(p, err)
			_, err = p.admin.TrustConnections(p.Context(), p.boss(), domainName, domain.IfMatch{}, trusted)
			require.NoError(p, err)
		}
		p.refused(p.signIn(foreign, evil), "no-account", why)
		p.justInTime(foreign)
		p.refused(p.signIn(foreign, evil), "no-account", why+", and the name is the victim's")
	}
	require.Zero(p, p.count("identities"))
	p.provider.Claims["email"], p.provider.Claims["email_verified"] = address, false
	p.refused(p.signIn(p.connection, p.provider), "no-account", "trusted, and not verified")
	p.provider.Claims["email_verified"] = true
	require.Equal(p, victim.ID, p.let(p.signIn(p.connection, p.provider)).User)

	// Entra's e-mail is what an administrator of any tenant typed, and its people are oid in tid.
	p.browser = newJar()
	entra, _ := p.connect("entra", evil, domain.KindEntra)
	evil.Claims = map[string]any{"sub": "pairwise", "oid": "o-1", "tid": "t-1", "email": address, "email_verified": true, "xms_edov": true}
	p.refused(p.signIn(entra, evil), "provider-claims", "of another tenant")
}

// records are those that DNS has.
type records map[string]string

func (r records) TXT(_ context.Context, name string) ([]string, error) { return []string{r[name]}, nil }

func addRoot(t testing.TB, roots *x509.CertPool, provider *oidctest.Provider) {
	t.Helper()
	require.True(t, roots.AppendCertsFromPEM(provider.CertificatePEM()))
}

func sameSubject(p *porch) {
	other := oidctest.New(p.T)
	other.Now = p.clock.Now
	second, _ := p.connect("second", other, domain.KindGeneric)
	other.Claims["preferred_username"] = "another@acme.test"
	other.Claims["email_verified"] = false
	roots := p.provider.Roots.Clone()
	addRoot(p, roots, other)
	p.door = p.replica(roots, true)
	p.twin = p.door
	p.justInTime(p.connection)
	p.justInTime(second)
	first := p.let(p.signIn(p.connection, p.provider)).User
	require.NotEqual(p, first, p.let(p.signIn(second, other)).User)
	require.Equal(p, first, p.let(p.signIn(p.connection, p.provider)).User)
}

func disabledMeanwhile(p *porch) {
	p.justInTime(p.connection)
	answer := p.provider.Visit(p.begin(p.connection, ""))
	disable := func(disabled bool) {
		_, err := p.admin.SetConnectionDisabled(p.Context(), p.boss(), p.connection.ID, disabled, domain.IfMatch{})
		require.NoError(p, err)
	}
	disable(true)
	p.refused(p.get(back(p.connection, answer)), "provider-off", "disabled meanwhile")
	p.refused(p.get("/oidc/"+p.connection.ID.String()+"/start"), "provider-off", "disabled")
	require.Empty(p, p.provider.Posted(), "the code was not even shown")
	disable(false)
	p.let(p.signIn(p.connection, p.provider))
	disable(true)
	_, err := p.twin.Entrance.Verify(p.Context(), p.browser.cookies[hostPrefix+sessionCookie])
	require.True(p, domain.IsKind(err, domain.Unauthenticated), "and who came in by it is out")
}

func strangeAddresses(p *porch) {
	p.justInTime(p.connection)
	for _, to := range []string{"//evil.test", `/\evil.test`, "https://evil.test/", "javascript:alert(1)", "/account\r\nSet-Cookie: x=y", "/%5cevil.test"} {
		for _, parameter := range []string{"return_to", "target_link_uri"} {
			answer := p.provider.Visit(p.begin(p.connection, "?"+parameter+"="+url.QueryEscape(to)))
			w := p.get(back(p.connection, answer))
			require.Equal(p, []any{http.StatusSeeOther, homePath}, []any{w.Code, w.Header().Get("Location")}, to)
		}
	}
	p.browser = newJar()
	p.provider.Callback = func(q url.Values) {
		q.Del("code")
		q.Set("error", "server_error")
		q.Set("error_description", "<script>alert(1)</script>\r\nX: y")
	}
	w := p.signIn(p.connection, p.provider)
	p.refused(w, "provider-down", "an error of the provider's")
	require.NotContains(p, w.Body.String(), "<script>alert")
	require.Contains(p, w.Body.String(), "&lt;script&gt;")
	p.provider.Callback = nil

	// A start by the provider's portal begins a sign-in, and only for its own people.
	address := p.begin(p.connection, "?iss="+url.QueryEscape(p.provider.Issuer)+"&login_hint=ada%40acme.test")
	require.Contains(p, address, "login_hint=ada%40acme.test")
	p.refused(p.get("/oidc/"+p.connection.ID.String()+"/start?iss=https%3A%2F%2Fevil.test"), "provider", "another's portal")
	for _, id := range []string{uuid.NewString(), "x", p.org().String()} {
		require.Equal(p, http.StatusNotFound, p.get("/oidc/"+id+"/start").Code)
	}
}

// manyStarted: what is begun costs the server nothing that stays, and a browser a bounded number of cookies of bounded size.
func manyStarted(p *porch) {
	before := p.count("events") + p.count("used_tokens") + p.count("rate_windows")
	long := "?return_to=" + url.QueryEscape("/account?x="+strings.Repeat("y", 1900))
	for range 60 {
		p.begin(p.connection, long)
		require.LessOrEqual(p, p.browser.started(), maxStarted)
		for name, value := range p.browser.cookies {
			require.LessOrEqual(p, len(name)+len(value), 4096)
		}
	}
	require.Equal(p, maxStarted, p.browser.started())
	require.Equal(p, before, p.count("events")+p.count("used_tokens")+p.count("rate_windows"), "nothing was written")
	require.Equal(p, 1, p.provider.Asked(oidctest.DocumentPath), "and the provider asked once")
	p.clock.Move(oidc.StartedFor)
	p.begin(p.connection, "")
	require.Equal(p, 1, p.browser.started(), "those whose time is over have gone")
}

func deactivatedEverywhere(p *porch) {
	p.justInTime(p.connection)
	user := p.let(p.signIn(p.connection, p.provider)).User
	_, err := p.directory.ChangeUser(p.Context(), p.caller, user, domain.IfMatch{}, nil, storetest.Setting(storetest.Truth("active", false)))
	require.NoError(p, err)
	for _, door := range []*Handler{p.door, p.twin} {
		_, err := door.Entrance.Verify(p.Context(), p.browser.cookies[hostPrefix+sessionCookie])
		require.True(p, domain.IsKind(err, domain.Unauthenticated))
	}
	p.browser = newJar()
	w := p.signIn(p.connection, p.provider)
	require.Equal(p, http.StatusForbidden, w.Code)
	require.False(p, p.browser.signedIn())
	require.Zero(p, p.count("sessions"))
}

// nonces are what differs from page to page.
var nonces = regexp.MustCompile(` nonce="[^"]*"`)

func singleSignOnOnly(p *porch) {
	p.justInTime(p.connection)
	p.let(p.signIn(p.connection, p.provider))
	path := "/sign-in/" + p.tenant.Organisation.Slug
	answer := func(name, password string) string {
		w := newJar().send(p.door, http.MethodPost, path, url.Values{"name": {name}, "password": {password}})
		require.Equal(p, http.StatusUnauthorized, w.Code)
		return nonces.ReplaceAllString(strings.ReplaceAll(w.Body.String(), name, ""), "")
	}
	unknown := answer("nobody@acme.test", "a mule on the harbour")
	for _, password := range []string{"", "null", "$argon2id$", " "} {
		require.Equal(p, unknown, answer("ada@acme.test", password), "as for nobody")
	}
}

// backChannel: a good logout token ends exactly those sessions, at every replica; any other is 400 and ends nothing.
func backChannel(p *porch) {
	p.justInTime(p.connection)
	sid := "s-1"
	p.provider.Claims["sid"] = sid
	p.let(p.signIn(p.connection, p.provider))
	first := p.browser
	p.browser = newJar()
	p.provider.Claims["sid"] = "s-2"
	p.let(p.signIn(p.connection, p.provider))
	alive := func(b *jar) bool {
		_, err := p.door.Entrance.Verify(p.Context(), b.cookies[hostPrefix+sessionCookie])
		return err == nil
	}
	post := func(token string) int {
		w := newJar().send(p.twin, http.MethodPost, "/oidc/"+p.connection.ID.String()+"/logout", url.Values{"logout_token": {token}})
		require.Equal(p, "no-store", w.Header().Get("Cache-Control"))
		if w.Code != http.StatusOK {
			var told map[string]string
			require.NoError(p, json.Unmarshal(w.Body.Bytes(), &told))
			require.Equal(p, "invalid_request", told["error"])
		}
		return w.Code
	}
	wrong := func(change func(*oidctest.Token)) string {
		token := p.provider.Logout(oidctest.Subject, sid)
		change(&token)
		return token.Compact()
	}
	for why, token := range map[string]string{
		"nothing": "", "rubbish": "a.b.c",
		"unsigned":         wrong(func(t *oidctest.Token) { t.Header["alg"], t.Sign = "none", oidctest.Unsigned }),
		"another key":      wrong(func(t *oidctest.Token) { t.Sign = oidctest.OtherRSA("one").Sign }),
		"another audience": wrong(func(t *oidctest.Token) { t.Claims["aud"] = "x" }),
		"another issuer":   wrong(func(t *oidctest.Token) { t.Claims["iss"] = "https://evil.test" }),
		"a nonce":          wrong(func(t *oidctest.Token) { t.Claims["nonce"] = "n" }),
		"no event":         wrong(func(t *oidctest.Token) { delete(t.Claims, "events") }),
		"nobody":           wrong(func(t *oidctest.Token) { delete(t.Claims, "sub"); delete(t.Claims, "sid") }),
		"long ago":         wrong(func(t *oidctest.Token) { t.Claims["iat"] = p.clock.Now().Add(-time.Hour).Unix() }),
	} {
		require.Equal(p, http.StatusBadRequest, post(token), why)
	}
	require.Equal(p, []bool{true, true}, []bool{alive(first), alive(p.browser)})
	good := p.provider.Logout(oidctest.Subject, sid).Compact()
	require.Equal(p, http.StatusOK, post(good))
	require.Equal(p, []bool{false, true}, []bool{alive(first), alive(p.browser)}, "that session, and no other")
	require.Equal(p, http.StatusBadRequest, post(good), "once")
	require.Equal(p, http.StatusOK, post(p.provider.Logout("somebody-else", "").Compact()), "who is not here has none")
	require.True(p, alive(p.browser))
	require.Equal(p, http.StatusOK, post(p.provider.Logout(oidctest.Subject, "").Compact()))
	require.False(p, alive(p.browser))
}
