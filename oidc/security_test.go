package oidc_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/oidc"
	"usher/oidc/oidctest"
)

// below serves what the provider has at its root under a folder.
func below(folder string) func(http.ResponseWriter, *http.Request) bool {
	return func(_ http.ResponseWriter, r *http.Request) bool {
		r.URL.Path = strings.TrimPrefix(r.URL.Path, folder)
		return false
	}
}

func TestSecurity25Signatures(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	key, other := oidctest.RSA("one"), oidctest.OtherRSA("one")
	s.forged(func(token *oidctest.Token) { token.Header["alg"], token.Sign = "none", oidctest.Unsigned }, "algorithm")
	s.forged(func(token *oidctest.Token) { token.Header["alg"], token.Sign = "None", oidctest.Unsigned }, "algorithm")
	s.forged(func(token *oidctest.Token) { delete(token.Header, "alg") }, "algorithm")
	s.forged(func(token *oidctest.Token) { token.Header["alg"], token.Sign = "HS256", oidctest.HMAC(key.PEM()) }, "algorithm")
	s.forged(func(token *oidctest.Token) {
		token.Header["alg"], token.Sign = "HS256", oidctest.HMAC([]byte(oidctest.ClientSecret))
	}, "algorithm")
	s.forged(func(token *oidctest.Token) { token.Header["jwk"], token.Sign = other.JWK(), other.Sign }, "header")
	s.forged(func(token *oidctest.Token) { token.Header["jwk"] = nil }, "header")
	s.forged(func(token *oidctest.Token) {
		token.Header["jku"], token.Sign = s.provider.Issuer+"/evil", other.Sign
	}, "header")
	s.forged(func(token *oidctest.Token) { token.Header["x5u"] = s.provider.Issuer + "/evil" }, "header")
	s.forged(func(token *oidctest.Token) { token.Header["crit"] = []string{"exp"} }, "header")
	s.forged(func(token *oidctest.Token) { token.Sign = other.Sign }, "signature")
	s.forged(func(token *oidctest.Token) { token.Sign = oidctest.Unsigned }, "signature")
	s.forged(func(token *oidctest.Token) { token.Header["alg"] = "RS512" }, "algorithm")
	s.forged(func(token *oidctest.Token) { token.Header["kid"] = "nobody's" }, "key")
	require.Zero(t, s.provider.Asked("/evil"))

	s.provider.Answer = func(tokens map[string]any) { tokens["id_token"] = "eyJ" + strings.Repeat("a", 300<<10) }
	s.refused(oidc.StepIDToken, "form")
	s.provider.Answer = func(tokens map[string]any) { tokens["id_token"] = "a.b.c" }
	s.refused(oidc.StepIDToken, "form")
	s.provider.Answer = func(tokens map[string]any) { delete(tokens, "id_token") }
	s.refused(oidc.StepToken, "id_token")
	s.provider.Answer = nil

	t.Run("several keys", func(t *testing.T) {
		t.Parallel()
		s := newScene(t)
		s.provider.Keys = []oidctest.Key{oidctest.RSA("one"), oidctest.OtherRSA("two"), oidctest.EdDSA("three")}
		_, err := s.signIn()
		require.NoError(t, err)
		s.forged(func(token *oidctest.Token) { delete(token.Header, "kid") }, "kid")
		s.forged(func(token *oidctest.Token) { token.Header["kid"] = "two" }, "signature")
		s.forged(func(token *oidctest.Token) { token.Header["kid"] = "three" }, "key")
	})
	t.Run("keys that are no public signature keys", func(t *testing.T) {
		t.Parallel()
		s := newScene(t)
		s.provider.Instead = func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != oidctest.KeysPath {
				return false
			}
			_, err := w.Write([]byte(`{"keys":[{"kty":"oct","kid":"one","k":"AAAA"},{"kty":"RSA","kid":"one","n":"AQAB","e":"AQAB"},{"kty":"new","kid":"one"},7]}`))
			return err == nil
		}
		s.refused(oidc.StepKeys, "none")
	})
}

func TestSecurity26UnknownKeys(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	_, err := s.signIn()
	require.NoError(t, err)
	require.Equal(t, 1, s.provider.Asked(oidctest.KeysPath))
	flood := func() {
		var all sync.WaitGroup
		for range 200 {
			all.Go(func() {
				token := s.provider.Logout("somebody", "")
				token.Header["kid"] = "nobody's"
				_, err := s.party.EndSessions(t.Context(), s.registration, token.Compact())
				e, ok := oidc.Refused(err)
				if !ok || e.Check != "key" {
					t.Errorf("not refused for its key: %v", err)
				}
			})
		}
		all.Wait()
	}
	flood()
	require.Equal(t, 1, s.provider.Asked(oidctest.KeysPath), "the keys have just been fetched")
	s.clock.Move(11 * time.Second)
	flood()
	require.Equal(t, 2, s.provider.Asked(oidctest.KeysPath), "one fetch per interval")
	flood()
	require.Equal(t, 2, s.provider.Asked(oidctest.KeysPath))

	s.provider.Keys = []oidctest.Key{oidctest.OtherRSA("two")}
	s.clock.Move(11 * time.Second)
	_, err = s.signIn()
	require.NoError(t, err, "a rotated key is found")
	require.Equal(t, 3, s.provider.Asked(oidctest.KeysPath))
}

// A flood at a provider that is down, or not the one that was registered, is one request per interval too.
func TestSecurity26ProvidersThatFail(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.provider.Instead = func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusBadGateway)
		return true
	}
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			_, _, err := s.party.Start(t.Context(), s.registration, oidc.Wish{})
			if e, ok := oidc.Refused(err); !ok || e.Check != "status" {
				t.Errorf("not refused for the status: %v", err)
			}
		})
	}
	all.Wait()
	require.Equal(t, 1, s.provider.Asked(oidctest.DocumentPath))
	s.provider.Instead = nil
	s.clock.Move(6 * time.Second)
	_, err := s.signIn()
	require.NoError(t, err)
}

func TestSecurity27Claims(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	set := func(name string, value any) func(*oidctest.Token) {
		return func(token *oidctest.Token) { token.Claims[name] = value }
	}
	without := func(name string) func(*oidctest.Token) {
		return func(token *oidctest.Token) { delete(token.Claims, name) }
	}
	now := s.clock.Now().Unix()
	for _, c := range []struct {
		name   string
		change func(*oidctest.Token)
		check  string
	}{
		{"wrong issuer", set("iss", "https://evil.test"), "issuer"},
		{"issuer with a slash more", set("iss", s.provider.Issuer+"/"), "issuer"},
		{"no issuer", without("iss"), "issuer"},
		{"wrong audience", set("aud", "other"), "audience"},
		{"missing audience", without("aud"), "audience"},
		{"empty audience", set("aud", []string{}), "audience"},
		{"audience that begins like it", set("aud", oidctest.ClientID+"2"), "audience"},
		{"bad azp", set("azp", "other"), "azp"},
		{"azp of another kind", set("azp", 7), "azp"},
		{"several audiences without azp", set("aud", []string{"other", oidctest.ClientID}), "azp"},
		{"expired", set("exp", now-61), "exp"},
		{"no expiry", without("exp"), "exp"},
		{"no time of issue", without("iat"), "iat"},
		{"from the future", set("iat", now+61), "iat"},
		{"not yet", set("nbf", now+61), "nbf"},
		{"empty subject", set("sub", ""), "subject"},
		{"no subject", without("sub"), "subject"},
		{"a long subject", set("sub", strings.Repeat("x", 256)), "subject"},
		{"another access token", set("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"), "at_hash"},
		{"expiry of another kind", set("exp", "tomorrow"), "form"},
		{"a logout token", func(token *oidctest.Token) { token.Header["typ"] = "logout+jwt" }, "typ"},
	} {
		s.provider.Forge = c.change
		_, err := s.signIn()
		require.Error(t, err, c.name)
		refusal(t, err, oidc.StepIDToken, c.check)
	}
	for name, change := range map[string]func(*oidctest.Token){
		"within the skew": func(token *oidctest.Token) { token.Claims["exp"], token.Claims["iat"] = now-59, now+59 },
		"several audiences, given to us": func(token *oidctest.Token) {
			token.Claims["aud"], token.Claims["azp"] = []string{"other", oidctest.ClientID}, oidctest.ClientID
		},
		"a list of one":        set("aud", []string{oidctest.ClientID}),
		"255 characters":       set("sub", strings.Repeat("x", 255)),
		"without an at_hash":   without("at_hash"),
		"a picture to look at": set("picture", s.provider.Issuer+"/picture"),
	} {
		s.provider.Forge = change
		_, err := s.signIn()
		require.NoError(t, err, name)
	}
	require.Zero(t, s.provider.Asked("/picture"))
	s.provider.Forge = nil

	fresh := 5 * time.Minute
	for name, at := range map[string]any{"too old": now - 361, "not told": "yesterday"} {
		address, started := s.start(oidc.Wish{MaxAge: &fresh})
		s.provider.Claims["auth_time"] = at
		_, err := s.party.Finish(t.Context(), s.registration, started, s.provider.Visit(address))
		require.Error(t, err, name)
		refusal(t, err, oidc.StepIDToken, "auth_time")
	}
}

func TestSecurity28NonceStateAndProofKey(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.forged(func(token *oidctest.Token) { delete(token.Claims, "nonce") }, "nonce")
	s.forged(func(token *oidctest.Token) { token.Claims["nonce"] = "wrong" }, "nonce")
	_, earlier := s.start(oidc.Wish{})
	s.forged(func(token *oidctest.Token) { token.Claims["nonce"] = string(earlier.Nonce) }, "nonce")

	back := func(change func(url.Values), step oidc.Step, check string) {
		t.Helper()
		s.provider.Callback = change
		s.refused(step, check)
		s.provider.Callback = nil
	}
	back(func(q url.Values) { q.Del("state") }, oidc.StepCallback, "state")
	back(func(q url.Values) { q.Set("state", string(earlier.State)) }, oidc.StepCallback, "state")
	back(func(q url.Values) { q.Add("state", "another") }, oidc.StepCallback, "state")
	back(func(q url.Values) { q.Add("code", "another") }, oidc.StepCallback, "code")
	back(func(q url.Values) { q.Del("code") }, oidc.StepCallback, "code")
	back(func(q url.Values) { q.Set("code", "made-up") }, oidc.StepToken, "code")
	back(func(q url.Values) { q.Set("iss", "https://evil.test") }, oidc.StepCallback, "iss")
	back(func(q url.Values) { q.Del("iss") }, oidc.StepCallback, "iss")
	require.Len(t, s.provider.Posted(), 4, "nothing was asked where the browser's answer was wrong")

	// The answer of one browser in another, and the same answer twice.
	address, started := s.start(oidc.Wish{})
	query := s.provider.Visit(address)
	_, err := s.party.Finish(t.Context(), s.registration, earlier, query)
	refusal(t, err, oidc.StepCallback, "state")
	_, err = s.party.Finish(t.Context(), s.registration, oidc.Started{}, query)
	refusal(t, err, oidc.StepCallback, "cookie")
	_, err = s.party.Finish(t.Context(), s.registration, started, query)
	require.NoError(t, err)
	_, err = s.party.Finish(t.Context(), s.registration, started, query)
	refusal(t, err, oidc.StepToken, "code")

	// A code that somebody stole is of no use without the proof key of the browser that asked for it.
	address, victim := s.start(oidc.Wish{})
	stolen := s.provider.Visit(address)
	_, thief := s.start(oidc.Wish{})
	stolen.Set("state", string(thief.State))
	_, err = s.party.Finish(t.Context(), s.registration, thief, stolen)
	refusal(t, err, oidc.StepToken, "code")
	require.NotEqual(t, victim.Verifier, thief.Verifier)

	// Too late.
	address, started = s.start(oidc.Wish{})
	query = s.provider.Visit(address)
	s.clock.Move(oidc.StartedFor)
	_, err = s.party.Finish(t.Context(), s.registration, started, query)
	refusal(t, err, oidc.StepCallback, "time")

	for _, sealed := range []string{"", "{}", "null", `{"o":"x"}`, "\x00"} {
		_, err := oidc.OpenStarted([]byte(sealed))
		refusal(t, err, oidc.StepCallback, "cookie")
	}
	require.NotEqual(t, oidc.StateKey(string(started.State)), oidc.StateKey(string(victim.State)), "two tabs have a cookie each")

	s.provider.Document = func(d map[string]any) { d["code_challenge_methods_supported"] = []string{"plain"} }
	s.clock.Move(2 * time.Hour)
	_, _, err = s.party.Start(t.Context(), s.registration, oidc.Wish{})
	refusal(t, err, oidc.StepPKCE, "pkce")
}

// A provider that does not announce RFC 9207 may leave the issuer out, and may not send a wrong one.
func TestSecurity28IssuerThatIsNotAnnounced(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.provider.Document = func(d map[string]any) { delete(d, "authorization_response_iss_parameter_supported") }
	s.provider.Callback = func(q url.Values) { q.Del("iss") }
	_, err := s.signIn()
	require.NoError(t, err)
	s.provider.Callback = func(q url.Values) { q.Set("iss", "https://evil.test") }
	s.refused(oidc.StepCallback, "iss")
}

func TestSecurity29Discovery(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(map[string]any)
		step   oidc.Step
		check  string
	}{
		{"another issuer", func(d map[string]any) { d["issuer"] = "https://evil.test" }, oidc.StepIssuer, "issuer"},
		{"no issuer", func(d map[string]any) { delete(d, "issuer") }, oidc.StepIssuer, "issuer"},
		{"plain token endpoint", func(d map[string]any) { d["token_endpoint"] = "http://evil.test/token" }, oidc.StepEndpoints, "token_endpoint"},
		{"no keys", func(d map[string]any) { delete(d, "jwks_uri") }, oidc.StepEndpoints, "jwks_uri"},
		{"script", func(d map[string]any) { d["authorization_endpoint"] = "javascript:alert(1)" }, oidc.StepEndpoints, "authorization_endpoint"},
		{"file", func(d map[string]any) { d["userinfo_endpoint"] = "file:///etc/passwd" }, oidc.StepEndpoints, "userinfo_endpoint"},
		{"fragment", func(d map[string]any) { d["end_session_endpoint"] = "https://a.test/#x" }, oidc.StepEndpoints, "end_session_endpoint"},
		{"only HS256", func(d map[string]any) { d["id_token_signing_alg_values_supported"] = []string{"HS256", "none"} }, oidc.StepAlgorithms, "algorithm"},
		{"issuer of another kind", func(d map[string]any) { d["issuer"] = 7 }, oidc.StepDiscovery, "json"},
		{"too large", func(d map[string]any) { d["more"] = strings.Repeat("x", 2<<20) }, oidc.StepDiscovery, "size"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			s.provider.Document = c.change
			_, _, err := s.party.Start(t.Context(), s.registration, oidc.Wish{})
			refusal(t, err, c.step, c.check)
		})
	}
	for _, path := range []string{oidctest.DocumentPath, oidctest.KeysPath, oidctest.TokenPath} {
		t.Run("redirect of "+path, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			s.provider.Instead = func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path != path {
					return false
				}
				http.Redirect(w, r, s.provider.Issuer+"/evil", http.StatusTemporaryRedirect)
				return true
			}
			address, started, err := s.party.Start(t.Context(), s.registration, oidc.Wish{})
			if err == nil {
				_, err = s.party.Finish(t.Context(), s.registration, started, s.provider.Visit(address))
			}
			e, ok := oidc.Refused(err)
			require.True(t, ok, "%v", err)
			require.Equal(t, "redirect", e.Check)
			require.Zero(t, s.provider.Asked("/evil"))
		})
	}
	t.Run("all tenants of Entra", func(t *testing.T) {
		t.Parallel()
		s := newScene(t)
		s.provider.Document = func(d map[string]any) { d["issuer"] = "https://login.microsoftonline.com/{tenantid}/v2.0" }
		_, _, err := s.party.Start(t.Context(), s.registration, oidc.Wish{})
		require.Contains(t, refusal(t, err, oidc.StepIssuer, "issuer").Message, "your own tenant")
	})
}

func TestSecurity29PrivateAddresses(t *testing.T) {
	t.Parallel()
	provider := oidctest.New(t)
	party, err := oidc.New(oidc.Config{Roots: provider.Roots, Now: time.Now})
	require.NoError(t, err)
	t.Cleanup(party.Close)
	for _, issuer := range []string{
		provider.Issuer,
		strings.Replace(provider.Issuer, "127.0.0.1", "localhost", 1), // a name, which is looked at after it is resolved
		"https://10.0.0.1", "https://192.168.1.1", "https://172.16.0.1", "https://169.254.169.254", "https://0.0.0.0", "https://100.64.0.1",
		"https://[::1]", "https://[fe80::1]", "https://[fd00::1]", "https://[::ffff:127.0.0.1]", "https://[64:ff9b::7f00:1]", "https://[2002:7f00:1::]", "https://[::]",
		"https://224.0.0.1", "https://255.255.255.255",
	} {
		_, _, err := party.Start(t.Context(), register(issuer), oidc.Wish{})
		refusal(t, err, oidc.StepAddress, "private")
	}
	require.Zero(t, provider.Asked(oidctest.DocumentPath))

	// An honest looking document that leads inside.
	s := newScene(t)
	_, _, err = s.party.Start(t.Context(), s.registration, oidc.Wish{})
	require.NoError(t, err, "the operator allows it")
	_, _, err = party.Start(t.Context(), register("http://usher.test"), oidc.Wish{})
	refusal(t, err, oidc.StepDiscovery, "issuer")
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	_, _, err = s.party.Start(t.Context(), register(plain.URL), oidc.Wish{})
	refusal(t, err, oidc.StepDiscovery, "issuer")
}

// An address of a person at a provider that is not trusted for it is a text, and no proof.
func TestSecurity30AddressesAreNotProof(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for _, value := range []any{nil, false, "false", "yes", 1, []any{true}} {
		s.provider.Claims["email_verified"] = value
		arrival, err := s.signIn()
		require.NoError(t, err)
		require.Equal(t, "ada@acme.test", arrival.Person.Email)
		require.False(t, arrival.Person.EmailVerified, "%v", value)
	}
	s.registration.Mapping.EmailVerified = ""
	s.provider.Claims["email_verified"] = true
	arrival, err := s.signIn()
	require.NoError(t, err)
	require.False(t, arrival.Person.EmailVerified)
}

func TestSecurity31SameSubjectAtTwoProviders(t *testing.T) {
	t.Parallel()
	one, two := newScene(t), newScene(t)
	first, err := one.signIn()
	require.NoError(t, err)
	second, err := two.signIn()
	require.NoError(t, err)
	require.Equal(t, first.Subject, second.Subject)
	require.NotEqual(t, first.Issuer, second.Issuer)
	require.NotEqual(t, first.Connection, second.Connection)

	// An answer of one provider taken to the other.
	address, started := one.start(oidc.Wish{})
	query := one.provider.Visit(address)
	mixed := two.registration
	mixed.Organisation, mixed.Connection = one.registration.Organisation, one.registration.Connection
	_, err = two.party.Finish(t.Context(), mixed, started, query)
	refusal(t, err, oidc.StepCallback, "connection")
	_, err = two.party.Finish(t.Context(), two.registration, started, query)
	refusal(t, err, oidc.StepCallback, "connection")
}

func TestSecurity32DisabledMeanwhile(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	address, started := s.start(oidc.Wish{})
	query := s.provider.Visit(address)
	s.registration.Disabled = true
	_, err := s.party.Finish(t.Context(), s.registration, started, query)
	refusal(t, err, oidc.StepConnection, "disabled")
	require.Empty(t, s.provider.Posted(), "the code was not even taken to the provider")
	_, _, err = s.party.Start(t.Context(), s.registration, oidc.Wish{})
	refusal(t, err, oidc.StepConnection, "disabled")
	_, err = s.party.EndSessions(t.Context(), s.registration, s.provider.Logout("x", "").Compact())
	require.NoError(t, err, "whoever is in can still be signed out")
}

// Security 43: a provider that repeats what it was sent tells nobody the client's secret or assertion, the code or its proof, be it
// in the words of its refusal, at their own places or others, or in what is no HTTP at all.
func TestSecurity43ProviderRepeatsWhatItWasSent(t *testing.T) {
	t.Parallel()
	key := oidctest.ECDSA("k")
	for _, way := range []oidc.Way{oidc.ClientSecretBasic, oidc.ClientSecretPost, oidc.PrivateKeyJWT} {
		for _, raw := range []bool{false, true} {
			t.Run(fmt.Sprint(way, " ", raw), func(t *testing.T) {
				t.Parallel()
				s := newScene(t)
				if s.registration.Client.Way = way; way == oidc.PrivateKeyJWT {
					s.registration.Client = oidc.Credential{Way: way, Key: key.Private, KeyID: "k"}
				}
				var form url.Values
				var header string
				s.provider.Instead = func(w http.ResponseWriter, r *http.Request) bool {
					if r.URL.Path != oidctest.TokenPath {
						return false
					}
					text, err := io.ReadAll(r.Body)
					if err != nil {
						return false
					}
					form, _ = url.ParseQuery(string(text))
					header = r.Header.Get("Authorization")
					said := header + " " + form.Get("client_secret") + " " + form.Get("code") + " " + form.Get("code_verifier") + " " + form.Get("client_assertion")
					if raw {
						c, _, err := w.(http.Hijacker).Hijack()
						if err != nil {
							return false
						}
						defer c.Close()
						_, err = c.Write([]byte("HTTP/1.1 200 OK\r\n" + said + "\r\n\r\n"))
						return err == nil
					}
					w.Header().Set("Content-Type", "application/json")
					w.WriteHeader(http.StatusBadRequest)
					return json.NewEncoder(w).Encode(map[string]string{"error": "invalid_request", "error_description": said}) == nil
				}
				e := s.refused(oidc.StepToken, map[bool]string{false: "answer", true: "connect"}[raw])
				if !raw {
					require.Contains(t, e.Said, "invalid_request")
				}
				require.NotEmpty(t, form.Get("code_verifier"))
				basic := strings.TrimPrefix(header, "Basic ")
				basic = basic[min(len(basic), (len(oidctest.ClientID)+1)*8/6+1):] // the client's id is no secret
				for _, secret := range []string{oidctest.ClientSecret, basic, form.Get("code"), form.Get("code_verifier"), form.Get("client_assertion")} {
					for i := range len(secret) - 9 {
						require.NotContains(t, e.Error(), secret[i:i+10])
					}
				}
			})
		}
	}
	// At the callback it may repeat what the browser brings with it.
	s := newScene(t)
	s.provider.Callback = func(q url.Values) {
		q.Del("code")
		q.Set("error", "x")
		q.Set("error_description", "state "+q.Get("state"))
	}
	e := s.refused(oidc.StepCallback, "error")
	require.Equal(t, "x state (hidden)", e.Said)
}

// What a provider says goes on as one short line of foreign text, apart from our own words.
func TestSecurity33ForeignWords(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.provider.Callback = func(q url.Values) {
		q.Del("code")
		q.Set("error", "access_denied")
		q.Set("error_description", "<script>alert(1)</script>\r\nSet-Cookie: x=y\u202Egnp.exe"+strings.Repeat("z", 1000))
	}
	e := s.refused(oidc.StepCallback, "denied")
	require.NotContains(t, e.Message, "script")
	require.True(t, strings.HasPrefix(e.Said, "access_denied <script>alert(1)</script>  Set-Cookie: x=y gnp.exe"), e.Said)
	require.LessOrEqual(t, len([]rune(e.Said)), 201)
	require.NotContains(t, e.Said, "\n")

	for code, check := range map[string]string{"login_required": "interaction", "server_error": "unavailable", "invalid_scope": "registration", "unheard_of": "error"} {
		s.provider.Callback = func(q url.Values) { q.Del("code"); q.Set("error", code) }
		s.refused(oidc.StepCallback, check)
	}
	// An error is believed only with the state of this browser.
	s.provider.Callback = func(q url.Values) { q.Set("error", "access_denied"); q.Set("state", "x") }
	s.refused(oidc.StepCallback, "state")
	s.provider.Callback = nil

	// A link from outside can suggest whom to sign in, in one line.
	address, _ := s.start(oidc.Wish{LoginHint: "ada@acme.test\r\nx"})
	require.Contains(t, address, "login_hint=ada%40acme.test++x")
}

// What was started is in the browsers: the relying party remembers one provider, however many go away.
//
//race:without nothing happens side by side
func TestSecurity34StartedSignIns(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	seen := map[oidc.Secret]bool{}
	longest := 0
	for range 100_000 {
		_, started, err := s.party.Start(t.Context(), s.registration, oidc.Wish{ReturnTo: "/" + strings.Repeat("x", 5000)})
		require.NoError(t, err)
		sealed, err := started.Seal()
		require.NoError(t, err)
		longest = max(longest, len(sealed))
		seen[started.State] = true
	}
	require.Len(t, seen, 100_000)
	require.Less(t, longest, 1000, "it fits into a cookie, encrypted too")
	require.Equal(t, 1, s.provider.Asked(oidctest.DocumentPath))
}
