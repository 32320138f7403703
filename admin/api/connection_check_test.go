package api

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/oidc"
	"usher/oidc/oidctest"
	"usher/persistence"
	"usher/persistence/storetest"
)

func TestConnectionCheck(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		provider := oidctest.New(t)
		party, err := oidc.New(oidc.Config{AllowPrivate: true, Roots: provider.Roots, Now: provider.Now})
		require.NoError(t, err)
		t.Cleanup(party.Close)
		s := newScene(t, store, func(c *Config) {
			c.Checker = oidc.Checker{Party: party, Registrar: oidc.Registrar{
				BaseURL: "https://usher.acme.test",
				OpenSecret: func(_ domain.OrganisationID, _ domain.ConnectionID, sealed []byte) ([]byte, error) {
					return sealed, nil
				},
			}}
		})
		connection := func(name, secret string) string {
			c, err := s.installation.CreateConnection(t.Context(), s.slug(), domain.ConnectionSpec{Name: name, Kind: domain.KindOkta, OIDC: domain.OIDCSpec{
				Issuer: provider.Issuer, ClientID: oidctest.ClientID,
				Seal: func(domain.OrganisationID, domain.ConnectionID) ([]byte, error) { return []byte(secret), nil },
			}})
			require.NoError(t, err)
			return "/connections/" + c.ID.String() + "/test"
		}
		good, bad := connection("good", oidctest.ClientSecret), connection("bad", "s3cr3t")
		before := s.events()

		answered := s.post(good, "")
		require.Equal(t, http.StatusOK, answered.status, answered.body)
		require.Equal(t, true, answered.object(t)["good"])
		steps := answered.object(t)["steps"].([]any)
		require.Len(t, steps, 10)
		require.Equal(t, map[string]any{
			"step": "client", "verdict": "passed", "message": "the provider accepts the client by client_secret_basic", "side": nil, "said": nil,
		}, steps[9])

		answered = s.post(bad, "")
		require.Equal(t, http.StatusOK, answered.status, "the test itself went well")
		require.Equal(t, false, answered.object(t)["good"])
		last := answered.object(t)["steps"].([]any)[9].(map[string]any)
		require.Equal(t, []any{"client", "failed", "here", "invalid_client client authentication failed"}, []any{last["step"], last["verdict"], last["side"], last["said"]})
		require.NotContains(t, answered.body, "s3cr3t")

		refused(s, s.post("/connections/"+s.tenant.Connection.ID.String()+"/test", ""), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "id")
		foreign := storetest.NewTenant(t, store, "other", 1)
		unknown := refused(s, s.post("/connections/01980a2b-7c3d-7e4f-8a5b-6c7d8e9f0a1b/test", ""), http.StatusNotFound, domain.CodeNotFound, "")
		require.Equal(t, unknown, refused(s, s.post("/connections/"+foreign.Connection.ID.String()+"/test", ""), http.StatusNotFound, domain.CodeNotFound, ""))
		require.Equal(t, before, s.events(), "a test changes nothing")
	})
}
