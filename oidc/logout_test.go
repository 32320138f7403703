package oidc_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/oidc"
	"usher/oidc/oidctest"
)

func TestSignOut(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	arrival, err := s.signIn()
	require.NoError(t, err)
	address, err := s.party.SignOut(t.Context(), s.registration, arrival.LogoutHint, "https://usher.acme.test/sign-in", "s1")
	require.NoError(t, err)
	u, err := url.Parse(address)
	require.NoError(t, err)
	require.Equal(t, s.provider.Issuer+"/logout", u.Scheme+"://"+u.Host+u.Path)
	require.Equal(t, url.Values{
		"from": {"document"}, "client_id": {oidctest.ClientID}, "id_token_hint": {string(arrival.LogoutHint)},
		"post_logout_redirect_uri": {"https://usher.acme.test/sign-in"}, "state": {"s1"},
	}, u.Query())

	none := newScene(t)
	none.provider.Document = func(d map[string]any) { delete(d, "end_session_endpoint") }
	address, err = none.party.SignOut(t.Context(), none.registration, "", "", "")
	require.NoError(t, err)
	require.Empty(t, address)
}

func TestBackChannelLogout(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	end := func(token oidctest.Token) (oidc.Ending, error) {
		return s.party.EndSessions(t.Context(), s.registration, token.Compact())
	}
	utc := func(e oidc.Ending) oidc.Ending {
		e.Until = e.Until.UTC()
		return e
	}
	first := s.provider.Logout(oidctest.Subject, "session-1")
	ending, err := end(first)
	require.NoError(t, err)
	want := oidc.Ending{
		Organisation: s.registration.Organisation, Connection: s.registration.Connection, Issuer: s.provider.Issuer, ProviderSession: "session-1", Subject: oidctest.Subject,
		Token: first.Claims["jti"].(string), Until: s.clock.Now().UTC().Truncate(time.Second).Add(11 * time.Minute),
	}
	require.Equal(t, want, utc(ending))
	second := s.provider.Logout("", "session-2")
	ending, err = end(second)
	require.NoError(t, err)
	want.ProviderSession, want.Subject, want.Token = "session-2", "", second.Claims["jti"].(string)
	require.Equal(t, want, utc(ending))

	now := s.clock.Now().Unix()
	for _, c := range []struct {
		name   string
		change func(*oidctest.Token)
		check  string
	}{
		{"an ID token", func(token *oidctest.Token) { delete(token.Claims, "events") }, "events"},
		{"another event", func(token *oidctest.Token) { token.Claims["events"] = map[string]any{"x": map[string]any{}} }, "events"},
		{"an event that is no object", func(token *oidctest.Token) {
			token.Claims["events"] = map[string]any{"http://schemas.openid.net/event/backchannel-logout": true}
		}, "events"},
		{"a nonce", func(token *oidctest.Token) { token.Claims["nonce"] = "n" }, "nonce"},
		{"an empty nonce", func(token *oidctest.Token) { token.Claims["nonce"] = nil }, "nonce"},
		{"nobody's", func(token *oidctest.Token) { delete(token.Claims, "sub") }, "subject"},
		{"without identifier", func(token *oidctest.Token) { delete(token.Claims, "jti") }, "jti"},
		{"of another kind", func(token *oidctest.Token) { token.Header["typ"] = "at+jwt" }, "typ"},
		{"for another client", func(token *oidctest.Token) { token.Claims["aud"] = "other" }, "audience"},
		{"by another provider", func(token *oidctest.Token) { token.Claims["iss"] = "https://evil.test" }, "issuer"},
		{"expired", func(token *oidctest.Token) { token.Claims["exp"] = now - 61 }, "exp"},
		{"without expiry", func(token *oidctest.Token) { delete(token.Claims, "exp") }, "exp"},
		{"without time", func(token *oidctest.Token) { delete(token.Claims, "iat") }, "iat"},
		{"old, and good for years", func(token *oidctest.Token) { token.Claims["iat"], token.Claims["exp"] = now-601, now+1e6 }, "iat"},
		{"forged", func(token *oidctest.Token) { token.Sign = oidctest.OtherRSA("one").Sign }, "signature"},
		{"not signed", func(token *oidctest.Token) { token.Header["alg"], token.Sign = "none", oidctest.Unsigned }, "algorithm"},
	} {
		token := s.provider.Logout(oidctest.Subject, "")
		c.change(&token)
		_, err := end(token)
		require.Error(t, err, c.name)
		refusal(t, err, oidc.StepLogout, c.check)
	}
	for name, raw := range map[string]string{"empty": "", "text": "logout", "parts": "a.b.c.d"} {
		_, err := s.party.EndSessions(t.Context(), s.registration, raw)
		require.Error(t, err, name)
		refusal(t, err, oidc.StepLogout, "form")
	}
}

// Subjects of Entra are found by what they were linked by; where the token has only sub, the session says enough.
func TestBackChannelLogoutOfEntra(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.registration.Mapping = oidc.Preset(domain.KindEntra)
	ending, err := s.party.EndSessions(t.Context(), s.registration, s.provider.Logout("pairwise", "session-1").Compact())
	require.NoError(t, err)
	require.Equal(t, []string{"session-1", ""}, []string{ending.ProviderSession, ending.Subject})
	_, err = s.party.EndSessions(t.Context(), s.registration, s.provider.Logout("pairwise", "").Compact())
	refusal(t, err, oidc.StepClaims, "subject")
}

func TestInitiatedByTheProvider(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	got, err := s.party.Initiated(s.registration, url.Values{"iss": {s.provider.Issuer}, "login_hint": {"ada"}, "target_link_uri": {"https://app.acme.test/calls"}})
	require.NoError(t, err)
	require.Equal(t, oidc.Initiation{LoginHint: "ada", ReturnTo: "https://app.acme.test/calls"}, got)
	got, err = s.party.Initiated(s.registration, nil)
	require.NoError(t, err)
	require.Zero(t, got)
	_, err = s.party.Initiated(s.registration, url.Values{"iss": {"https://evil.test"}})
	refusal(t, err, oidc.StepCallback, "issuer")
	_, err = s.party.Initiated(s.registration, url.Values{"iss": {s.provider.Issuer, s.provider.Issuer}})
	refusal(t, err, oidc.StepCallback, "iss")
	s.registration.Disabled = true
	_, err = s.party.Initiated(s.registration, nil)
	refusal(t, err, oidc.StepConnection, "disabled")
	require.Zero(t, s.provider.Asked(oidctest.DocumentPath))
}
