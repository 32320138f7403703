package api

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
)

func (s *scene) admits(token string) bool {
	s.Helper()
	b, err := domain.ParseBearer(token)
	require.NoError(s, err)
	_, err = s.directory.Authenticate(s.Context(), b)
	return err == nil
}

func TestConnections(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		made := s.post("/connections", `{"name":"Okta","kind":"okta"}`)
		require.Equal(s, http.StatusCreated, made.status, made.body)
		id := made.text(s, "id")
		require.Equal(s, Prefix+"/connections/"+id, made.header.Get("Location"))
		require.Equal(s, "immediate", made.text(s, "activation"))
		require.Equal(s, made.body, s.get("/connections/"+id).body)
		require.Equal(s, []string{"default", "Okta"}, s.get("/connections").values(s, "name"))
		first := s.get("/connections?limit=1")
		require.Equal(s, []string{"default"}, first.values(s, "name"))
		require.Equal(s, []string{"Okta"}, s.get(cursorIn(s, first)).values(s, "name"))

		token := s.post("/connections/"+id+"/tokens", "").text(s, "token")
		require.True(s, s.admits(token))
		etag := made.header.Get("ETag")
		off := s.post("/connections/"+id+"/disable", "", "If-Match", etag)
		require.Equal(s, http.StatusOK, off.status, off.body)
		require.NotEmpty(s, off.text(s, "disabled_at"))
		require.False(s, s.admits(token))
		refused(s, s.post("/connections/"+id+"/enable", "", "If-Match", etag), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")
		refused(s, s.post("/connections/"+id+"/enable", "", "If-Match", "rubbish"), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")
		require.Equal(s, off.body, s.post("/connections/"+id+"/disable", "", "If-Match", "*").body, "disabled already")
		require.Equal(s, http.StatusOK, s.post("/connections/"+id+"/enable", "", "If-Match", `"1", `+off.header.Get("ETag")).status)
		require.True(s, s.admits(token))
		require.Equal(s, map[domain.EventType]int{
			domain.APIKeyCreated: 1, domain.ConnectionCreated: 1, domain.TokenCreated: 1, domain.ConnectionDisabled: 1, domain.ConnectionEnabled: 1,
		}, s.events(), "one event for each change, none for what was so already")
	})
}

func TestTokens(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		path := "/connections/" + s.tenant.Connection.ID.String() + "/tokens"
		made := s.post(path, `{"expires_in_hours":100}`)
		require.Equal(s, http.StatusCreated, made.status, made.body)
		old, id := made.text(s, "token"), made.text(s, "id")
		require.Equal(s, s.clock.Now().Add(100*time.Hour).Format(time.RFC3339Nano), made.text(s, "expires_at"))
		require.Len(s, s.get(path).items(s), 2)
		require.NotContains(s, s.get(path).body, "usher_scim_")

		s.clock.Move(time.Hour)
		rotated := s.post("/tokens/"+id+"/rotate", `{"overlap_hours":2}`, "If-Match", made.header.Get("ETag"))
		require.Equal(s, http.StatusCreated, rotated.status, rotated.body)
		require.Equal(s, s.clock.Now().Add(100*time.Hour).Format(time.RFC3339Nano), rotated.text(s, "expires_at"), "as long as the old one was made for")
		require.True(s, s.admits(old))
		require.True(s, s.admits(rotated.text(s, "token")))
		refused(s, s.post("/tokens/"+id+"/rotate", "", "If-Match", made.header.Get("ETag")), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")
		s.clock.Move(2 * time.Hour)
		require.False(s, s.admits(old), "the overlap is over")
		require.True(s, s.admits(rotated.text(s, "token")))
		refused(s, s.post("/tokens/"+id+"/rotate", ""), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "id")
		refused(s, s.post("/tokens/"+rotated.text(s, "id")+"/rotate", `{"overlap_hours":721}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "overlap_hours")

		whole := s.post("/tokens/"+rotated.text(s, "id")+"/rotate", "")
		s.clock.Move(23 * time.Hour)
		require.True(s, s.admits(rotated.text(s, "token")), "a day unless said otherwise")
		s.clock.Move(time.Hour)
		require.False(s, s.admits(rotated.text(s, "token")))
		at := s.post("/tokens/"+whole.text(s, "id")+"/rotate", `{"overlap_hours":0}`)
		require.False(s, s.admits(whole.text(s, "token")))

		require.Equal(s, http.StatusNoContent, s.as(s.all, http.MethodDelete, "/tokens/"+at.text(s, "id"), "").status)
		require.Equal(s, http.StatusNoContent, s.as(s.all, http.MethodDelete, "/tokens/"+at.text(s, "id"), "").status, "twice is no error")
		require.False(s, s.admits(at.text(s, "token")))
		refused(s, s.as(s.all, http.MethodDelete, "/tokens/"+id, "", "If-Match", `W/"1"`), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")
		require.Equal(s, []string{"revoked", "expired", "expired", "expired", "active"}, s.get(path).values(s, "state"))
		events := s.events()
		require.Equal(s, 4, events[domain.TokenCreated])
		require.Equal(s, 3, events[domain.TokenUpdated])
		require.Equal(s, 1, events[domain.TokenRevoked])
	})
}

// A connection has no more tokens in force than it may; those that ended do not count.
func TestTokensAreBounded(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		path := "/connections/" + s.tenant.Connection.ID.String() + "/tokens"
		var last got
		for range domain.MaxTokens - 1 { // one is there
			last = s.post(path, "")
			require.Equal(s, http.StatusCreated, last.status)
		}
		refused(s, s.post(path, ""), http.StatusUnprocessableEntity, domain.CodeTooMany, "")
		require.Equal(s, http.StatusNoContent, s.as(s.all, http.MethodDelete, "/tokens/"+last.text(s, "id"), "").status)
		require.Equal(s, http.StatusCreated, s.post(path, "").status)
	})
}

func TestLicences(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		require.NoError(s, s.store.Write(s.Context(), func(tx domain.Tx) error {
			return tx.Seats().Plan(s.tenant.Organisation.ID, domain.SeatPlan{Licence: "simulator", Unlimited: true})
		}))
		for i := range 3 {
			s.provision(fmt.Sprintf("p%d@acme.test", i))
		}
		require.Equal(s, []map[string]any{
			{"type": "full", "limit": 10.0, "held": 3.0, "waiting": 0.0, "free": 7.0},
			{"type": "simulator", "limit": nil, "held": 0.0, "waiting": 0.0, "free": nil},
		}, s.get("/licences").items(s))
		require.Equal(s, s.slug(), s.get("/organisation").text(s, "slug"))
	})
}

// What a connection is at which OpenID provider is changed in parts; the secret is never answered and in no event.
func TestChangeConnection(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		made := s.post("/connections", `{"name":"idp"}`)
		path := "/connections/" + made.text(s, "id")
		refused(s, s.patch(path, `{"oidc_issuer":"https://idp.test"}`), http.StatusUnprocessableEntity, domain.CodeRequired, "oidc_client_id")
		refused(s, s.patch(path, `{"oidc_issuer":"http://idp.test","oidc_client_id":"usher"}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "oidc_issuer")
		refused(s, s.patch(path, `{"oidc_client_secret":"hush hush"}`), http.StatusUnprocessableEntity, domain.CodeRequired, "oidc_issuer")
		few := s.key("directory:edit")
		refused(s, s.as(few, http.MethodPatch, path, `{"oidc_issuer":"https://idp.test","oidc_client_id":"usher"}`), http.StatusForbidden, domain.CodeEscalation, "oidc_issuer")
		owner := domain.Administrator{Organisation: s.tenant.Organisation.ID, Actor: domain.ActorOperator(), Owner: true}
		id, ok := domain.ParseID[domain.Connection](made.text(s, "id"))
		require.True(s, ok)
		issuer, client := "https://idp.test", "usher"
		_, err := s.service.Administration.ChangeConnectionClient(s.Context(), owner, id, domain.IfMatch{}, domain.OIDCChange{Issuer: &issuer, ClientID: &client})
		require.NoError(s, err)

		before := s.get(path)
		changed := s.patch(path, `{"oidc_client_id":"another","oidc_client_secret":"hush hush"}`, "If-Match", before.header.Get("ETag"))
		s.answered(changed, http.StatusOK)
		require.Equal(s, []any{"https://idp.test", "another"}, []any{changed.object(s)["oidc_issuer"], changed.object(s)["oidc_client_id"]})
		require.NotContains(s, changed.body, "hush")
		refused(s, s.patch(path, `{"oidc_client_id":"third"}`, "If-Match", before.header.Get("ETag")), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")
		stored, err := s.service.Administration.Connection(s.Context(), owner, id)
		require.NoError(s, err)
		require.NotEmpty(s, stored.OIDC.SealedSecret)
		require.NotContains(s, string(stored.OIDC.SealedSecret), "hush")
		s.ok(s.patch(path, `{"oidc_client_secret":""}`))
		stored, err = s.service.Administration.Connection(s.Context(), owner, id)
		require.NoError(s, err)
		require.Empty(s, stored.OIDC.SealedSecret)
		events := s.settled("/events?type=connection.client_changed", 3)
		require.Len(s, events.items(s), 3)
		require.NotContains(s, events.body, "hush")
		refused(s, s.patch("/connections/01980a2b-7c3d-7e4f-8a5b-6c7d8e9f0a1b", `{"oidc_client_id":"x"}`), http.StatusNotFound, domain.CodeNotFound, "")
	})
}
