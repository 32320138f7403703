package api

import (
	"net/http"
	"strings"
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
			p := refused(s, g, http.StatusForbidden, domain.CodeEscalation, "permissions")
			require.Contains(s, p["detail"], "this would grant "+beyond)
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

// A permission in a key that the catalogue does not have, as keys of before could be made with, opens nothing and gives nothing away, shows
// in the list, and is gone when a module of that name is registered.
func TestUnknownPermissionsOfAPIKeys(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		made := s.post("/api-keys", `{"name":"Old","permissions":["directory:edit","directory:view"]}`)
		require.Equal(s, []any{}, made.object(s)["unknown_permissions"])
		key := made.text(s, "api_key")
		id, _ := domain.ParseID[domain.APIKey](made.text(s, "id"))
		written := func(permissions ...string) {
			set := domain.Permissions{}
			for _, text := range permissions {
				of, err := domain.ParsePermission(text)
				require.NoError(s, err)
				set[of] = domain.AllObjects()
			}
			require.NoError(s, s.store.Write(s.Context(), func(tx domain.Tx) error { return tx.APIKeys().Narrow(s.tenant.Organisation.ID, id, set) }))
		}
		shown := func() (permissions, unknown any) {
			listed := s.get("/api-keys").items(s)[0]
			return listed["permissions"], listed["unknown_permissions"]
		}

		written("campaigns:dial", "campaigns:view", "users:fly", "everything:view")
		asked := 0
		for path, item := range s.service.api.OpenAPI().Paths {
			for method, op := range operationsOf(item) {
				if permissionOf(op) == "" {
					continue
				}
				g := s.as(key, method, strings.NewReplacer("{id}", never, "{other}", never, "{user}", never, "{", "", "}", "").Replace(path), "")
				require.GreaterOrEqual(s, g.status, http.StatusBadRequest, "%s %s", method, path)
				if method == http.MethodGet && g.status != http.StatusUnprocessableEntity { // which asks for a range first
					refused(s, g, http.StatusForbidden, domain.CodePermissionMissing, permissionOf(op))
					asked++
				}
			}
		}
		require.Greater(s, asked, 60)

		written("campaigns:dial", "campaigns:view", "directory:edit", "users:fly")
		permissions, unknown := shown()
		require.Equal(s, []any{"campaigns:dial", "campaigns:view", "directory:edit", "users:fly"}, permissions)
		require.Equal(s, []any{"campaigns:dial", "campaigns:view", "users:fly"}, unknown)
		other := s.made("/api-keys", `{"name":"Other","permissions":["users:view"]}`)
		s.remove("/api-keys/" + other)
		tag := made.header.Get("ETag")

		s.ok(s.put("/modules/campaigns", `{"actions":["launch"]}`))
		listed := s.get("/api-keys").items(s)[1]
		require.Equal(s, []any{"campaigns:dial", "directory:edit", "users:fly"}, listed["permissions"], "view came with the module")
		require.Equal(s, []any{"campaigns:dial", "users:fly"}, listed["unknown_permissions"])
		refused(s, s.as(key, http.MethodPost, "/api-keys", `{"name":"x","permissions":["campaigns:view"]}`), http.StatusForbidden, domain.CodeEscalation, "permissions")
		s.ok(s.put("/modules/campaigns", `{"actions":["launch","dial"]}`))
		listed = s.get("/api-keys").items(s)[1]
		require.Equal(s, []any{"directory:edit", "users:fly"}, listed["permissions"], "dial came with a change")
		require.Equal(s, 2, s.events()[domain.APIKeyNarrowed])
		refused(s, s.remove("/api-keys/"+id.String(), "If-Match", tag), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")

		// A module that goes leaves keys as they are, and gives them nothing when it comes again.
		dialler := s.key("campaigns:dial", "directory:edit")
		require.Equal(s, http.StatusNoContent, s.remove("/modules/campaigns").status)
		require.Equal(s, []any{"campaigns:dial"}, s.get("/api-keys").items(s)[0]["unknown_permissions"])
		s.ok(s.put("/modules/campaigns", `{"actions":["dial"]}`))
		refused(s, s.as(dialler, http.MethodPost, "/api-keys", `{"name":"x","permissions":["campaigns:dial"]}`), http.StatusForbidden, domain.CodeEscalation, "permissions")
		s.ok(s.put("/modules/campaigns", `{"actions":["dial"],"name":"Campaigns"}`))
		s.key("campaigns:dial")
		require.Equal(s, 3, s.events()[domain.APIKeyNarrowed], "what was there already is not touched")
	})
}
