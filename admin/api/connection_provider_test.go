package api

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/oidc"
	"usher/oidc/oidctest"
	"usher/persistence"
	"usher/persistence/storetest"
)

func TestConnectionProvider(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		s.all = s.key(everythingOf(s)...)
		path := "/connections/" + s.tenant.Connection.ID.String() + "/provider"
		preset := s.get(path)
		require.Equal(s, http.StatusOK, preset.status, preset.body)
		require.Equal(s, map[string]any{
			"callback_url": "https://usher.acme.test/oidc/" + s.tenant.Connection.ID.String() + "/callback", "authentication": nil, "claims": map[string]any{},
			"scopes": nil, "user_info": false, "hosted_domains": nil, "public_key": nil,
			"just_in_time": false, "links_external_id": false, "applies_groups": false, "refreshes_names": false, "required_acr": []any{}, "required_amr": []any{},
			"max_age": nil, "prompt": nil,
		}, preset.object(s))
		before := s.events()[domain.ConnectionProviderChanged]
		change := func(body string, headers ...string) got { return s.as(s.all, http.MethodPatch, path, body, headers...) }
		require.Equal(s, preset.body, change("{}").body)
		changed := change(`{"claims":{"groups":"/realm_access/roles","email":""},"scopes":[],"user_info":true,"hosted_domains":["acme.test"]}`, "If-Match", preset.header.Get("ETag"))
		require.Equal(s, http.StatusOK, changed.status, changed.body)
		require.Equal(s, map[string]any{"groups": "/realm_access/roles", "email": ""}, changed.object(s)["claims"])
		require.Equal(s, []any{[]any{}, true, []any{"acme.test"}}, []any{changed.object(s)["scopes"], changed.object(s)["user_info"], changed.object(s)["hosted_domains"]})
		require.Equal(s, changed.body, s.get(path).body)
		require.Equal(s, changed.body, change(`{"user_info":true}`).body, "what is so already")
		refused(s, change("{}", "If-Match", preset.header.Get("ETag")), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")
		require.Nil(s, change(`{"hosted_domains":[]}`).object(s)["hosted_domains"])
		require.Equal(s, before+2, s.events()[domain.ConnectionProviderChanged])

		came := change(`{"just_in_time":true,"links_external_id":true,"applies_groups":true,"refreshes_names":true,"required_acr":["gold"],"required_amr":["mfa"],"max_age":3600,"prompt":"login"}`)
		require.Equal(s, http.StatusOK, came.status, came.body)
		require.Equal(s, []any{true, true, true, true, []any{"gold"}, []any{"mfa"}, 3600.0, "login"}, []any{
			came.object(s)["just_in_time"], came.object(s)["links_external_id"], came.object(s)["applies_groups"], came.object(s)["refreshes_names"],
			came.object(s)["required_acr"], came.object(s)["required_amr"], came.object(s)["max_age"], came.object(s)["prompt"],
		})
		require.Equal(s, came.body, s.get(path).body)
		require.Nil(s, change(`{"max_age":-1,"prompt":"","required_acr":[],"required_amr":[]}`).object(s)["max_age"])
		require.Equal(s, http.StatusOK, change(`{"links_external_id":false}`).status)
		small := s.key("directory:view", "directory:edit")
		for body, field := range map[string]string{`{"claims":{"subject":"nickname"}}`: "claims", `{"links_external_id":true}`: "links_external_id"} {
			detail := refused(s, s.as(small, http.MethodPatch, path, body), http.StatusForbidden, domain.CodeEscalation, field)["detail"]
			require.Contains(s, detail, "it takes every permission there is", "and not whichever is missing first")
		}
		require.Equal(s, http.StatusOK, s.as(small, http.MethodPatch, path, `{"just_in_time":false}`).status)
		before += 4
		for body, field := range map[string]string{
			`{"prompt":"none"}`: "prompt", `{"required_acr":["a b"]}`: "required_acr", `{"required_amr":[""]}`: "required_amr",
			`{"authentication":"tls_client_auth"}`: "authentication", `{"claims":{"role":"x"}}`: "claims.role", `{"claims":{"subject":""}}`: "claims.subject",
			`{"claims":{"email":"a b"}}`: "claims.email", `{"scopes":["a b"]}`: "scopes", `{"scopes":[""]}`: "scopes", `{"hosted_domains":["ü.test"]}`: "hosted_domains",
		} {
			refused(s, change(body), http.StatusUnprocessableEntity, domain.CodeInvalidValue, field)
		}
		require.Equal(s, before+2, s.events()[domain.ConnectionProviderChanged], "nothing half done")

		foreign := storetest.NewTenant(s.T, s.store, "other", 1)
		unknown := refused(s, s.get("/connections/01980a2b-7c3d-7e4f-8a5b-6c7d8e9f0a1b/provider"), http.StatusNotFound, domain.CodeNotFound, "")
		require.Equal(s, unknown, refused(s, s.get("/connections/"+foreign.Connection.ID.String()+"/provider"), http.StatusNotFound, domain.CodeNotFound, ""))
		refused(s, s.as(s.all, http.MethodPatch, "/connections/"+foreign.Connection.ID.String()+"/provider", `{"user_info":true}`), http.StatusNotFound, domain.CodeNotFound, "")
	})
}

// A connection that shows who it is by a key: the key is made here, its public half is told, and the provider takes it.
func TestConnectionProviderKey(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		provider := oidctest.New(t)
		provider.ClientKey = &oidctest.Key{Algorithm: "ES256"}
		party, err := oidc.New(oidc.Config{AllowPrivate: true, Roots: provider.Roots, Now: provider.Now})
		require.NoError(t, err)
		t.Cleanup(party.Close)
		reverse := func(_ domain.OrganisationID, _ domain.ConnectionID, b []byte) ([]byte, error) {
			mirrored := bytes.Clone(b)
			for i := range mirrored {
				mirrored[i] ^= 0xff
			}
			return mirrored, nil
		}
		s := newScene(t, store, func(c *Config) {
			c.Clients = oidc.Clients{BaseURL: "https://usher.acme.test", SealKey: reverse, Random: rand.Reader}
			c.Checker = oidc.Checker{Party: party, Registrar: oidc.Registrar{BaseURL: "https://usher.acme.test", OpenKey: reverse}}
		})
		made, err := s.installation.CreateConnection(t.Context(), s.slug(), domain.ConnectionSpec{
			Name: "idp", Kind: domain.KindGeneric, OIDC: domain.OIDCSpec{Issuer: provider.Issuer, ClientID: oidctest.ClientID},
		})
		require.NoError(t, err)
		path := "/connections/" + made.ID.String()
		keyed := s.as(s.all, http.MethodPatch, path+"/provider", `{"authentication":"private_key_jwt"}`)
		require.Equal(t, http.StatusOK, keyed.status, keyed.body)
		jwk := keyed.object(t)["public_key"].(map[string]any)
		require.Equal(t, []any{"EC", "P-256", "ES256", "sig"}, []any{jwk["kty"], jwk["crv"], jwk["alg"], jwk["use"]})
		require.NotContains(t, jwk, "d")
		require.Equal(t, jwk, s.as(s.all, http.MethodPatch, path+"/provider", `{"user_info":false}`).object(t)["public_key"], "made once")

		raw, err := json.Marshal(jwk)
		require.NoError(t, err)
		require.NoError(t, provider.RegisterClient(raw))
		tested := s.post(path+"/test", "")
		require.Equal(t, true, tested.object(t)["good"], tested.body)
		require.Contains(t, tested.body, "the provider accepts the client by private_key_jwt")
	})
}
