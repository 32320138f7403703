package oidc_test

import (
	"crypto"
	"fmt"
	"maps"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/oidc"
	"usher/oidc/oidctest"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.provider.Claims["amr"], s.provider.Claims["acr"], s.provider.Claims["sid"] = []string{"pwd", "otp"}, "phr", "session-1"
	s.provider.Claims["locale"] = "es-MX"
	fresh := 5 * time.Minute
	address, started := s.start(oidc.Wish{
		ReturnTo: "/calls?open=1", Prompt: "select_account", LoginHint: "ada@acme.test", MaxAge: &fresh, Contexts: []string{"phr", "phrh"}, Languages: []string{"es", "en"},
	})
	u, err := url.Parse(address)
	require.NoError(t, err)
	asked := u.Query()
	require.Equal(t, []string{"select_account", "ada@acme.test", "300", "phr phrh", "es en", "openid profile email"},
		[]string{asked.Get("prompt"), asked.Get("login_hint"), asked.Get("max_age"), asked.Get("acr_values"), asked.Get("ui_locales"), asked.Get("scope")})
	require.NotContains(t, address, string(started.Verifier), "the proof key itself stays here")

	arrival, err := s.party.Finish(t.Context(), s.registration, started, s.provider.Visit(address))
	require.NoError(t, err)
	require.NotEmpty(t, arrival.LogoutHint)
	require.Equal(t, oidc.Arrival{
		Organisation: s.registration.Organisation, Connection: s.registration.Connection, Issuer: s.provider.Issuer, Subject: oidctest.Subject,
		Person: oidc.Person{
			UserName: "ada@acme.test", Email: "ada@acme.test", EmailVerified: true, Name: "Ada Lovelace", GivenName: "Ada", FamilyName: "Lovelace",
			Language: "es-MX", Groups: []string{"Engineering", "Everyone"},
		},
		Methods: []string{"pwd", "otp"}, Context: "phr", SignedIn: arrival.SignedIn, ProviderSession: "session-1", LogoutHint: arrival.LogoutHint, Started: started,
	}, arrival)
	require.True(t, arrival.SignedIn.Equal(s.clock.Now()))
	require.Equal(t, "/calls?open=1", arrival.Started.ReturnTo)
	require.Equal(t, 1, s.provider.Asked(oidctest.DocumentPath))
	require.Equal(t, 1, s.provider.Asked(oidctest.KeysPath))
	require.Zero(t, s.provider.Asked(oidctest.UserInfoPath), "only where the connection says so")

	again, err := s.signIn()
	require.NoError(t, err)
	require.Equal(t, arrival.Subject, again.Subject)
	require.Equal(t, 1, s.provider.Asked(oidctest.DocumentPath), "remembered")
	s.clock.Move(2 * time.Hour)
	_, err = s.signIn()
	require.NoError(t, err)
	require.Equal(t, []int{2, 2}, []int{s.provider.Asked(oidctest.DocumentPath), s.provider.Asked(oidctest.KeysPath)}, "not for ever")
}

// Secrets do not show when the values that hold them are printed.
func TestSecurity43SecretsDoNotShow(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	_, started := s.start(oidc.Wish{})
	arrival, err := s.signIn()
	require.NoError(t, err)
	printed := fmt.Sprintf("%v %+v %#v %v %+v %v", s.registration, s.registration, s.registration.Client, started, started, arrival)
	for _, secret := range []oidc.Secret{s.registration.Client.Secret, started.State, started.Nonce, started.Verifier, arrival.LogoutHint} {
		require.NotEmpty(t, string(secret))
		require.NotContains(t, printed, string(secret))
	}
}

func TestWaysToSign(t *testing.T) {
	t.Parallel()
	pss := oidctest.RSA("pss")
	pss.Algorithm = "PS256"
	unnamed := oidctest.ECDSA("")
	for name, key := range map[string]oidctest.Key{
		"RS256": oidctest.RSA("a"), "PS256": pss, "ES256": oidctest.ECDSA("b"), "EdDSA": oidctest.EdDSA("c"), "one key without a name": unnamed,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			s.provider.Keys = []oidctest.Key{key}
			arrival, err := s.signIn()
			require.NoError(t, err)
			require.Equal(t, oidctest.Subject, arrival.Subject)
		})
	}
}

func TestWaysToShowTheClient(t *testing.T) {
	t.Parallel()
	t.Run("client_secret_basic", func(t *testing.T) {
		t.Parallel()
		s := newScene(t)
		_, err := s.signIn()
		require.NoError(t, err)
		posted := s.provider.Posted()
		require.Len(t, posted, 1)
		require.Empty(t, posted[0].Get("client_secret"))
	})
	t.Run("client_secret_post", func(t *testing.T) {
		t.Parallel()
		s := newScene(t)
		s.provider.Document = func(d map[string]any) {
			d["token_endpoint_auth_methods_supported"] = []string{"client_secret_post"}
		}
		_, err := s.signIn()
		require.NoError(t, err)
		require.Equal(t, oidctest.ClientSecret, s.provider.Posted()[0].Get("client_secret"))
	})
	for _, key := range []oidctest.Key{oidctest.RSA("k"), oidctest.ECDSA("k"), oidctest.EdDSA("k")} {
		t.Run("private_key_jwt "+key.Algorithm, func(t *testing.T) {
			t.Parallel()
			if key.Algorithm == "RS256" {
				key.Algorithm = "PS256"
			}
			s := newScene(t)
			s.provider.ClientKey = &key
			s.registration.Client = oidc.Credential{Key: key.Private, KeyID: "k", Thumbprint: []byte("0123456789abcdef0123456789abcdef")}
			_, err := s.signIn()
			require.NoError(t, err)
			_, err = s.signIn()
			require.NoError(t, err)
			posted := s.provider.Posted()
			require.NotEqual(t, posted[0].Get("client_assertion"), posted[1].Get("client_assertion"), "each with an identifier of its own")
			require.Empty(t, posted[0].Get("client_secret"))

			other := oidctest.ECDSA("k")
			s.registration.Client.Key = other.Private
			s.refused(oidc.StepToken, "client")
		})
	}
	t.Run("wrong secret", func(t *testing.T) {
		t.Parallel()
		s := newScene(t)
		s.registration.Client.Secret = "wrong"
		e := s.refused(oidc.StepToken, "client")
		require.Equal(t, oidc.SideHere, e.Side)
		require.Equal(t, "invalid_client client authentication failed", e.Said)
	})
	t.Run("no key that could sign", func(t *testing.T) {
		t.Parallel()
		s := newScene(t)
		s.registration.Client = oidc.Credential{Way: oidc.PrivateKeyJWT, Key: crypto.Signer(nil)}
		s.refused(oidc.StepConnection, "key")
	})
}

func TestUserInfo(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.registration.Mapping.UserInfo = true
	s.provider.UserInfo = map[string]any{"sub": oidctest.Subject, "locale": "es", "email": "other@acme.test"}
	arrival, err := s.signIn()
	require.NoError(t, err)
	require.Equal(t, "es", arrival.Person.Language)
	require.Equal(t, "ada@acme.test", arrival.Person.Email, "what the signed token says stays")

	s.provider.UserInfo["sub"] = "somebody-else"
	s.refused(oidc.StepUserInfo, "subject")
	delete(s.provider.UserInfo, "sub")
	s.refused(oidc.StepUserInfo, "subject")
	s.provider.Answer = func(tokens map[string]any) { tokens["access_token"] = "unknown" }
	s.provider.Forge = func(token *oidctest.Token) { delete(token.Claims, "at_hash") }
	e := s.refused(oidc.StepUserInfo, "answer")
	require.NotContains(t, e.Error(), "invalid_token")
}

func TestPresets(t *testing.T) {
	t.Parallel()
	const tenant = "9188040d-6c67-4c5b-b112-36a304b66dad"
	t.Run("entra", func(t *testing.T) {
		t.Parallel()
		s := newScene(t)
		s.provider.Issuer += "/" + tenant + "/v2.0" // the server answers below it as above
		s.registration.Issuer = s.provider.Issuer
		s.registration.Mapping = oidc.Preset(domain.KindEntra)
		s.provider.Instead = below("/" + tenant + "/v2.0")
		maps.Copy(s.provider.Claims, map[string]any{"oid": "object-1", "tid": tenant, "xms_pl": "es-ES", "preferred_username": "ada@acme.onmicrosoft.test"})
		arrival, err := s.signIn()
		require.NoError(t, err)
		require.Equal(t, tenant+"/object-1", arrival.Subject)
		require.Equal(t, "object-1", arrival.Person.ExternalID)
		require.False(t, arrival.Person.EmailVerified, "an address of Entra proves nothing, whatever it says")
		require.Equal(t, "es-ES", arrival.Person.Language)
		require.Empty(t, arrival.Person.GroupsNote())

		delete(s.provider.Claims, "groups")
		s.provider.Claims["_claim_names"] = map[string]any{"groups": "src1"}
		s.provider.Claims["_claim_sources"] = map[string]any{"src1": map[string]any{"endpoint": s.provider.Issuer + "/overage"}}
		arrival, err = s.signIn()
		require.NoError(t, err)
		require.True(t, arrival.Person.GroupsLeftOut)
		require.Contains(t, arrival.Person.GroupsNote(), "more groups than the provider puts into a token")
		require.Zero(t, s.provider.Asked("/"+tenant+"/v2.0/overage"), "addresses in claims are not visited")

		s.provider.Claims["tid"] = "72f988bf-86f1-41af-91ab-2d7cd011db47"
		s.refused(oidc.StepClaims, "tenant")
		delete(s.provider.Claims, "tid")
		s.refused(oidc.StepClaims, "tenant")
		s.provider.Claims["tid"] = tenant
		delete(s.provider.Claims, "oid")
		s.refused(oidc.StepClaims, "subject")
	})
	t.Run("google", func(t *testing.T) {
		t.Parallel()
		s := newScene(t)
		s.registration.Mapping = oidc.Preset(domain.KindGoogle)
		arrival, err := s.signIn()
		require.NoError(t, err)
		require.False(t, arrival.Person.EmailVerified, "Google does not host the address")
		s.provider.Claims["hd"] = "acme.test"
		arrival, err = s.signIn()
		require.NoError(t, err)
		require.True(t, arrival.Person.EmailVerified)
		require.Empty(t, arrival.Person.Groups)

		s.registration.Mapping.HostedDomains = []string{"Acme.test"}
		address, _ := s.start(oidc.Wish{})
		require.Contains(t, address, "hd=Acme.test")
		_, err = s.signIn()
		require.NoError(t, err)
		s.provider.Claims["hd"] = "evil.test"
		s.refused(oidc.StepClaims, "hd")
		delete(s.provider.Claims, "hd")
		s.refused(oidc.StepClaims, "hd")
	})
	t.Run("okta", func(t *testing.T) {
		t.Parallel()
		s := newScene(t)
		s.registration.Mapping = oidc.Preset(domain.KindOkta)
		address, _ := s.start(oidc.Wish{})
		require.Contains(t, address, "scope=openid+profile+email+groups")
	})
	t.Run("of one's own", func(t *testing.T) {
		t.Parallel()
		s := newScene(t)
		s.registration.Mapping = oidc.Mapping{
			Subject: "employee", UserName: "login", Email: "mail", EmailVerified: "mail_ok", Groups: "/realm_access/roles", Name: "https://acme.test/a.name", Language: "/a~1b/0",
		}
		maps.Copy(s.provider.Claims, map[string]any{
			"employee": "E-17", "login": "ada", "mail": "a@acme.test", "mail_ok": "true", "https://acme.test/a.name": "Ada",
			"realm_access": map[string]any{"roles": []any{"one", 2, "", "three"}}, "a/b": []any{"es"},
		})
		arrival, err := s.signIn()
		require.NoError(t, err)
		require.Equal(t, "E-17", arrival.Subject)
		require.Equal(t, oidc.Person{
			UserName: "ada", Email: "a@acme.test", EmailVerified: true, Name: "Ada", Groups: []string{"one", "three"},
		}, arrival.Person, "a list is no object, so /a~1b/0 is nothing")
		s.provider.Claims["employee"], s.provider.Claims["mail_ok"] = 17, 1
		s.refused(oidc.StepClaims, "subject")
		s.provider.Claims["employee"] = "E-17"
		arrival, err = s.signIn()
		require.NoError(t, err)
		require.False(t, arrival.Person.EmailVerified, "only true is true")
	})
}
