package api

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
)

// Rule owner.escalation: a key that is made through the API holds nothing that its maker does not hold.
func TestAPIKeys(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		small := s.key("directory:edit", "directory:view", "users:view")
		made := s.as(small, http.MethodPost, "/api-keys", `{"name":"HR","permissions":["users:view","users:view"],"expires_in_hours":10}`)
		require.Equal(s, http.StatusCreated, made.status, made.body)
		key := made.text(s, "api_key")
		require.Equal(s, []any{"users:view"}, made.object(s)["permissions"])
		for _, beyond := range []string{"users:edit", "audit:view", "records:view"} {
			g := s.as(small, http.MethodPost, "/api-keys", `{"name":"x","permissions":["users:view","`+beyond+`"]}`)
			p := refused(s, g, http.StatusForbidden, domain.CodePermissionMissing, beyond)
			require.Contains(s, p["detail"], "nobody grants what they do not hold")
		}
		me := s.as(key, http.MethodGet, "/me", "")
		require.Equal(s, "HR", me.text(s, "name"))
		require.Equal(s, made.text(s, "id"), me.text(s, "id"))
		require.Equal(s, []any{"users:view"}, me.object(s)["permissions"])
		require.Equal(s, http.StatusOK, s.as(key, http.MethodGet, "/users", "").status)
		refused(s, s.as(key, http.MethodGet, "/groups", ""), http.StatusForbidden, domain.CodePermissionMissing, "directory:view")

		listed := s.get("/api-keys")
		require.Equal(s, []string{"HR", "test", "test"}, listed.values(s, "name"))
		require.NotContains(s, listed.body, domain.APIKeyPrefix)
		first := s.get("/api-keys?limit=2")
		require.Len(s, first.items(s), 2)
		require.Len(s, s.get(cursorIn(s, first)).items(s), 1)

		path := "/api-keys/" + made.text(s, "id")
		refused(s, s.as(small, http.MethodDelete, path, "", "If-Match", `W/"7"`), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")
		require.Equal(s, http.StatusNoContent, s.as(small, http.MethodDelete, path, "", "If-Match", made.header.Get("ETag")).status)
		require.Equal(s, http.StatusNoContent, s.as(small, http.MethodDelete, path, "").status)
		refused(s, s.as(key, http.MethodGet, "/me", ""), http.StatusUnauthorized, domain.CodeUnauthenticated, "")
		events := s.events()
		require.Equal(s, 3, events[domain.APIKeyCreated])
		require.Equal(s, 1, events[domain.APIKeyRevoked])
	})
}

// What a key was last used is written down to the minute, by the ledger, and not with every request.
func TestAPIKeyLastUsed(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		ledger := domain.NewLedger(s.store, s.clock.Environment())
		b, err := domain.ParseAPIKey(s.all)
		require.NoError(s, err)
		who, err := s.service.Administration.Authenticate(s.Context(), b)
		require.NoError(s, err)
		for range 3 {
			ledger.UsedKey(who)
		}
		require.Empty(s, s.get("/api-keys").items(s)[0]["last_used_at"])
		require.NoError(s, ledger.Flush(s.Context()))
		minute := s.clock.Now().Truncate(time.Minute).Format(time.RFC3339)
		require.Equal(s, minute, s.get("/api-keys").items(s)[0]["last_used_at"])
		ledger.UsedKey(domain.Administrator{}) // who came in without a key
		require.NoError(s, ledger.Flush(s.Context()))
	})
}
