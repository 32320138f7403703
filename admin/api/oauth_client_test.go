package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
)

// OAuth clients are made, listed, rotated and revoked; their secrets are shown once.
func TestOAuthClients(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		path := "/connections/" + s.tenant.Connection.ID.String() + "/oauth-clients"
		made := s.post(path, `{"expires_in_hours":100,"token_lifetime_hours":6}`)
		require.Equal(s, http.StatusCreated, made.status, made.body)
		id, secret := made.text(s, "id"), made.text(s, "client_secret")
		require.True(s, strings.HasPrefix(secret, domain.OAuthSecretPrefix))
		require.Equal(s, "active", made.text(s, "state"))
		plain := s.post(path, "")
		require.Equal(s, http.StatusCreated, plain.status, plain.body)
		require.InDelta(s, 1, plain.object(s)["token_lifetime_hours"], 0)
		require.Nil(s, plain.object(s)["expires_at"])
		require.Equal(s, []string{plain.text(s, "id"), id}, s.get(path).values(s, "id"))
		require.NotContains(s, s.get(path).body, secret)

		rotated := s.post("/oauth-clients/"+id+"/rotate", `{"overlap_hours":2}`, "If-Match", made.header.Get("ETag"))
		require.Equal(s, http.StatusCreated, rotated.status, rotated.body)
		require.Equal(s, id, rotated.text(s, "id"))
		require.NotEqual(s, secret, rotated.text(s, "client_secret"))
		require.NotEmpty(s, rotated.text(s, "previous_ends_at"))
		refused(s, s.post("/oauth-clients/"+id+"/rotate", "", "If-Match", made.header.Get("ETag")), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")
		refused(s, s.remove("/oauth-clients/"+id, "If-Match", made.header.Get("ETag")), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")

		o := domain.NewOAuth(s.store, s.clock.Environment(), strings.NewReader(strings.Repeat("r", 64)))
		_, _, err := o.Token(s.Context(), id, rotated.text(s, "client_secret"), domain.Visitor{})
		require.NoError(s, err)
		short := s.get("/connections/" + s.tenant.Connection.ID.String() + "/tokens").items(s)[0]
		require.Equal(s, id, short["oauth_client_id"])
		refused(s, s.post("/tokens/"+short["id"].(string)+"/rotate", ""), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "id")

		for range 2 {
			require.Equal(s, http.StatusNoContent, s.remove("/oauth-clients/"+id).status)
		}
		require.Equal(s, []string{"active", "revoked"}, s.get(path).values(s, "state"))
		require.Equal(s, "revoked", s.get("/connections/" + s.tenant.Connection.ID.String() + "/tokens").items(s)[0]["state"])
		refused(s, s.post("/oauth-clients/"+id+"/rotate", ""), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "id")
		refused(s, s.post(path, `{"token_lifetime_hours":7}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "token_lifetime_hours")
		events := s.events()
		require.Equal(s, []int{2, 1, 1, 1}, []int{
			events[domain.OAuthClientCreated], events[domain.OAuthClientRotated], events[domain.OAuthClientRevoked], events[domain.TokenRevoked],
		})
	})
}

// A connection has no more clients in force than it may.
func TestOAuthClientsAreBounded(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		path := "/connections/" + s.tenant.Connection.ID.String() + "/oauth-clients"
		var last string
		for range domain.MaxOAuthClients {
			last = s.made(path, "{}")
		}
		refused(s, s.post(path, "{}"), http.StatusUnprocessableEntity, domain.CodeTooMany, "")
		require.Equal(s, http.StatusNoContent, s.remove("/oauth-clients/"+last).status)
		s.made(path, "{}")
	})
}
