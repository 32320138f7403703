package oidc_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/oidc"
	"usher/oidc/oidctest"
)

// verdicts are the outcomes in a line each.
func verdicts(steps []oidc.Tested) []string {
	var lines []string
	for _, s := range steps {
		lines = append(lines, string(s.Step)+" "+string(s.Verdict))
	}
	return lines
}

var order = []oidc.Step{
	oidc.StepConnection, oidc.StepAddress, oidc.StepTLS, oidc.StepDiscovery, oidc.StepIssuer, oidc.StepEndpoints,
	oidc.StepAlgorithms, oidc.StepPKCE, oidc.StepKeys, oidc.StepClient,
}

// failing tests a connection whose first failure is at a step.
func (s *scene) failing(step oidc.Step, side oidc.Side, words string) {
	s.Helper()
	steps := s.party.Check(s.Context(), s.registration)
	require.False(s, oidc.Good(steps))
	require.Len(s, steps, len(order))
	failed := false
	for i, outcome := range steps {
		require.Equal(s, order[i], outcome.Step)
		switch {
		case outcome.Step == step:
			failed = true
			require.Equal(s, oidc.Failed, outcome.Verdict, "%+v", outcome)
			require.Equal(s, side, outcome.Side, "%+v", outcome)
			require.Contains(s, outcome.Message, words)
			require.NotContains(s, outcome.Message+outcome.Said, oidctest.ClientSecret)
		case failed:
			require.Equal(s, oidc.Skipped, outcome.Verdict)
		default:
			require.Equal(s, oidc.Passed, outcome.Verdict, "%+v", outcome)
		}
	}
	require.True(s, failed)
}

func TestCheck(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	steps := s.party.Check(t.Context(), s.registration)
	require.True(t, oidc.Good(steps))
	for i, outcome := range steps {
		require.Equal(t, oidc.Tested{Step: order[i], Verdict: oidc.Passed, Message: outcome.Message}, outcome)
		require.NotEmpty(t, outcome.Message)
	}
	require.Contains(t, steps[1].Message, "127.0.0.1")
	require.Contains(t, steps[2].Message, "TLS 1.3, certificate until ")
	require.Contains(t, steps[9].Message, "client_secret_basic")
	posted := s.provider.Posted()
	require.Len(t, posted, 1)
	require.Equal(t, "authorization_code", posted[0].Get("grant_type"))

	// What was mended is seen at once, though the provider was remembered.
	s.provider.Document = func(d map[string]any) { d["issuer"] = "https://other.test" }
	s.failing(oidc.StepIssuer, oidc.SideHere, "another name")
	s.provider.Document = nil
	require.True(t, oidc.Good(s.party.Check(t.Context(), s.registration)))
	_, err := s.signIn()
	require.NoError(t, err)
}

func TestCheckNamesTheStepThatFails(t *testing.T) {
	t.Parallel()
	document := func(name string, value any) func(*scene) {
		return func(s *scene) { s.provider.Document = func(d map[string]any) { d[name] = value } }
	}
	for name, c := range map[string]struct {
		arrange func(s *scene)
		step    oidc.Step
		side    oidc.Side
		words   string
	}{
		"no client":     {func(s *scene) { s.registration.ClientID = "" }, oidc.StepConnection, oidc.SideHere, "signs nobody in"},
		"disabled":      {func(s *scene) { s.registration.Disabled = true }, oidc.StepConnection, oidc.SideHere, "switched off"},
		"plain issuer":  {func(s *scene) { s.registration.Issuer = "http://acme.test" }, oidc.StepConnection, oidc.SideHere, "https"},
		"no such name":  {func(s *scene) { s.registration.Issuer = "https://nowhere.invalid" }, oidc.StepAddress, oidc.SideProvider, "nowhere.invalid cannot be resolved"},
		"nobody there":  {func(s *scene) { s.registration.Issuer = closedPort(s) }, oidc.StepTLS, oidc.SideProvider, "cannot be reached"},
		"certificate":   {func(s *scene) { s.party = newParty(s.T, s.clock, nil) }, oidc.StepTLS, oidc.SideProvider, "certificate does not hold"},
		"no TLS":        {func(s *scene) { s.registration.Issuer = plainServer(s) }, oidc.StepTLS, oidc.SideProvider, ""},
		"no document":   {func(s *scene) { s.registration.Issuer += "/tenant"; s.provider.Issuer = "x" }, oidc.StepDiscovery, oidc.SideProvider, "answers 404"},
		"other issuer":  {document("issuer", "https://other.test"), oidc.StepIssuer, oidc.SideHere, "another name"},
		"endpoint":      {document("token_endpoint", "ftp://x"), oidc.StepEndpoints, oidc.SideProvider, "token_endpoint"},
		"no userinfo":   {func(s *scene) { s.registration.Mapping.UserInfo = true; document("userinfo_endpoint", "")(s) }, oidc.StepEndpoints, oidc.SideProvider, "has none"},
		"algorithms":    {document("id_token_signing_alg_values_supported", []string{"HS256"}), oidc.StepAlgorithms, oidc.SideProvider, "RS256"},
		"proof keys":    {document("code_challenge_methods_supported", []string{"plain"}), oidc.StepPKCE, oidc.SideProvider, "S256"},
		"no keys":       {func(s *scene) { s.provider.Keys = nil }, oidc.StepKeys, oidc.SideProvider, "no key"},
		"unsuited keys": {document("id_token_signing_alg_values_supported", []string{"ES256"}), oidc.StepKeys, oidc.SideProvider, "suits"},
		"secret":        {func(s *scene) { s.registration.Client.Secret = "wrong" }, oidc.StepClient, oidc.SideHere, "client id, secret or key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			c.arrange(s)
			s.failing(c.step, c.side, c.words)
		})
	}
	t.Run("private address", func(t *testing.T) {
		t.Parallel()
		s := newScene(t)
		party, err := oidc.New(oidc.Config{Roots: s.provider.Roots, Now: time.Now})
		require.NoError(t, err)
		t.Cleanup(party.Close)
		s.party = party
		s.failing(oidc.StepAddress, oidc.SideHere, "not public")
	})
	t.Run("tokens for nothing", func(t *testing.T) {
		t.Parallel()
		s := newScene(t)
		s.provider.Instead = func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != oidctest.TokenPath {
				return false
			}
			w.Header().Set("Content-Type", "application/json")
			_, err := w.Write([]byte(`{"access_token":"a","token_type":"Bearer"}`))
			return err == nil
		}
		s.failing(oidc.StepClient, oidc.SideProvider, "do not trust it")
	})
}

func TestCheckSaysWhatIsNotKnown(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.provider.Document = func(d map[string]any) {
		delete(d, "code_challenge_methods_supported")
		delete(d, "id_token_signing_alg_values_supported")
		delete(d, "end_session_endpoint")
	}
	s.provider.Instead = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != oidctest.TokenPath {
			return false
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, err := w.Write([]byte(`{"error":"invalid_request","error_description":"AADSTS9002313"}`))
		return err == nil
	}
	steps := s.party.Check(t.Context(), s.registration)
	require.True(t, oidc.Good(steps), "%+v", steps)
	require.Equal(t, []string{"algorithms unclear", "pkce unclear", "keys passed", "client unclear"}, verdicts(steps)[6:])
	require.Equal(t, "invalid_request AADSTS9002313", steps[9].Said)
	require.Contains(t, steps[5].Message, "cannot be ended from here")
}

func closedPort(s *scene) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(s, err)
	require.NoError(s, l.Close())
	return "https://" + l.Addr().String()
}

func plainServer(s *scene) string {
	server := httptest.NewServer(http.NotFoundHandler())
	s.Cleanup(server.Close)
	return strings.Replace(server.URL, "http:", "https:", 1)
}
