package api

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
)

// Security 1 to 4 for this door: nobody learns what there is without a key, a directory token is none, and what belongs to
// another organisation answers like an id that never existed.
func TestNobodyComesInWithoutAKey(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		expired, revoked := s.key("users:view"), s.key("users:view")
		k, _, err := s.installation.CreateAPIKey(s.Context(), s.slug(), domain.APIKeySpec{Name: "x", Permissions: []domain.Permission{{Module: "users", Action: "view"}}})
		require.NoError(s, err)
		_, short, err := s.installation.CreateAPIKey(s.Context(), s.slug(), domain.APIKeySpec{Name: "short", Permissions: []domain.Permission{{Module: "users", Action: "view"}}, Lifetime: time.Hour})
		require.NoError(s, err)
		keys, _, err := s.installation.ListAPIKeys(s.Context(), s.slug())
		require.NoError(s, err)
		require.Equal(s, http.StatusOK, s.as(short, http.MethodGet, "/users", "").status)
		require.Equal(s, http.StatusOK, s.as(revoked, http.MethodGet, "/users", "").status)
		s.clock.Move(time.Hour)
		for _, known := range keys { // all but the first one made, which stays to show that the others were refused for a reason
			if b, err := domain.ParseAPIKey(revoked); err == nil && b.Hash == known.Hash {
				_, err = s.installation.RevokeAPIKey(s.Context(), s.slug(), known.ID)
				require.NoError(s, err)
			}
		}
		require.Equal(s, http.StatusOK, s.as(expired, http.MethodGet, "/users", "").status, "one that does not expire")
		before := s.events()
		for name, key := range map[string]string{
			"none": "", "malformed": "usher_api_x", "expired": short, "revoked": revoked, "directory token": s.tenant.Token,
			"unknown": strings.Replace(s.all, s.all[60:64], "AAAA", 1), "an id": k.ID.String(),
		} {
			for _, request := range []string{"GET /users", "GET /nowhere", "POST /connections", "PUT /users", "GET /me", "GET /events/snapshot"} {
				method, path, _ := strings.Cut(request, " ")
				g := s.as(key, method, path, "")
				refused(s, g, http.StatusUnauthorized, domain.CodeUnauthenticated, "")
				require.True(s, strings.HasPrefix(g.header.Get("WWW-Authenticate"), `Bearer realm="usher"`), name)
			}
		}
		require.Equal(s, before, s.events(), "nothing was written")
		require.Equal(s, http.StatusOK, s.as("", http.MethodGet, documentPath, "").status)
	})
}

func TestAnotherOrganisationIsNotThere(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		beta := s.stranger()
		theirs := storetest.Account(s, s.store, beta, "ana@beta.test", nil)
		g, err := domain.NewDirectory(s.store, s.clock.Environment()).CreateGroup(s.Context(), beta.Caller, storetest.GroupNamed("Beta"), nil)
		require.NoError(s, err)
		tokens, err := s.installation.ListTokens(s.Context(), beta.Organisation.Slug, "")
		require.NoError(s, err)
		client, _, err := s.installation.CreateOAuthClient(s.Context(), beta.Organisation.Slug, beta.Connection.Name, domain.OAuthClientSpec{})
		require.NoError(s, err)
		for _, request := range []string{
			"GET /users/" + theirs.ID.String(), "GET /groups/" + g.ID.String(), "GET /groups/" + g.ID.String() + "/members",
			"GET /connections/" + beta.Connection.ID.String(), "POST /connections/" + beta.Connection.ID.String() + "/disable",
			"GET /connections/" + beta.Connection.ID.String() + "/tokens", "POST /connections/" + beta.Connection.ID.String() + "/tokens",
			"DELETE /users/" + theirs.ID.String(), "POST /users/" + theirs.ID.String() + "/confirm", "POST /users/" + theirs.ID.String() + "/activate",
			"POST /users/" + theirs.ID.String() + "/deactivate", "POST /users/" + theirs.ID.String() + "/block",
			"POST /users/" + theirs.ID.String() + "/unblock", "POST /users/" + theirs.ID.String() + "/purge",
			"GET /users/" + theirs.ID.String() + "/block", "GET /users/" + theirs.ID.String() + "/window",
			"GET /users/" + theirs.ID.String() + "/access-decision",
			"PATCH /users/" + theirs.ID.String() + ` {"title":"x"}`, "PUT /users/" + theirs.ID.String() + `/window {"schedule":"mon 09:00-17:00"}`,
			"POST /users/" + theirs.ID.String() + `/licence {"licence":"simulator"}`,
			"GET /connections/" + beta.Connection.ID.String() + "/oauth-clients", "POST /connections/" + beta.Connection.ID.String() + "/oauth-clients",
			"DELETE /oauth-clients/" + client.ID.String(), "POST /oauth-clients/" + client.ID.String() + "/rotate",
			"DELETE /tokens/" + tokens[0].ID.String(), "POST /tokens/" + tokens[0].ID.String() + "/rotate",
		} {
			method, rest, _ := strings.Cut(request, " ")
			path, body, _ := strings.Cut(rest, " ")
			parts := strings.Split(path, "/")
			answered := s.as(s.all, method, path, body)
			refused(s, answered, http.StatusNotFound, domain.CodeNotFound, "")
			require.Equal(s, s.as(s.all, method, strings.Replace(path, parts[2], never, 1), body).body, answered.body, request)
		}
		require.Empty(s, s.get("/users?q=beta").items(s))
		require.Empty(s, s.get("/groups").items(s))
		require.Len(s, s.as(s.keyOf(beta.Organisation.Slug, "users:view"), http.MethodGet, "/users", "").items(s), 1)
		cursor := s.get("/events?limit=1").text(s, "next_cursor")
		refused(s, s.as(s.keyOf(beta.Organisation.Slug, "audit:view"), http.MethodGet, "/events?cursor="+cursor, ""), http.StatusBadRequest, domain.CodeInvalidCursor, "cursor")
	})
}

// Every operation asks for the permission that the document says, and for nothing else.
func TestOperationsNeedTheirPermission(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		all := s.needed()
		keys := map[string]string{}
		for _, left := range all {
			var others []string
			for _, of := range all {
				if of != left {
					others = append(others, of)
				}
			}
			keys[left] = s.key(others...)
		}
		bodies := map[string]string{
			"create-connection": `{"name":"x"}`, "declare-claimed-group": `{"value":"x","name":"x"}`, "change-connection-policy": "{}", "change-connection-provider": "{}", "make-adoptable": `{"connection_id":"01980a2b-7c3d-7e4f-8a5b-6c7d8e9f0a1b"}`, "make-domain-adoptable": `{"connection_id":"01980a2b-7c3d-7e4f-8a5b-6c7d8e9f0a1b"}`,
			"add-domain": `{"domain":"acme.example"}`, "trust-connections": `{"connection_ids":[]}`, "create-api-key": `{"name":"x","permissions":["users:view"]}`,
			"create-webhook": `{"url":"https://app.acme.test"}`, "edit-webhook": `{}`, "replay-webhook": `{"from_event_id":"01980a2b-7c3d-7e4f-8a5b-6c7d8e9f0a1b"}`,
			"create-user": `{"full_name":"x","email":"x@acme.test","role_id":"` + s.tenant.Connection.ID.String() + `"}`, "edit-user": "{}",
			"change-licence": `{"licence":"full"}`, "change-connection": `{}`, "set-window": "{}", "change-policy": "{}", "set-seats": `{"limit":1}`,
			"create-application": `{"name":"x","origins":["https://x.test"]}`, "edit-application": `{}`, "change-appearance": `{}`, "set-logo": "x",
			"create-role": `{"name":"x","parent_id":null,"sees":"own"}`, "update-role": `{"name":"x","parent_id":null,"sees":"own"}`,
			"create-profile": `{"name":"x","grants":{}}`, "update-profile": `{"grants":{}}`,
			"create-team": `{"name":"x"}`, "update-team": `{"name":"x"}`, "create-queue": `{"name":"x"}`, "update-queue": `{"name":"x"}`,
			"register-module": `{}`, "set-licence-modules": `{"modules":[]}`, "set-defaults": `{"role_id":null,"profile_id":null}`,
			"set-review-plan": `{"every":"month"}`, "decide-finding": `{"decision":"keep"}`, "set-onboarding": `{"items":[]}`, "tick-onboarding": `{"done":true}`,
			"put-calls":   `{"days":[{"user_id":"01980a2b-7c3d-7e4f-8a5b-6c7d8e9f0a1b","day":"2026-01-01","handled":1}]}`,
			"put-records": `{"records":[{"kind":"x","id":"1","owner_id":""}]}`, "remove-records": `{"records":[{"kind":"x","id":"1"}]}`,
			"share-record": `{"shares":[]}`, "transfer-records": `{"successor_id":"01980a2b-7c3d-7e4f-8a5b-6c7d8e9f0a1b"}`,
			"create-mapping": `{"group_id":"01980a2b-7c3d-7e4f-8a5b-6c7d8e9f0a1b"}`, "update-mapping": `{"priority":1}`, "rebind-mapping": `{"group_id":"01980a2b-7c3d-7e4f-8a5b-6c7d8e9f0a1b"}`, "dry-run-mapping": `{"group_id":"01980a2b-7c3d-7e4f-8a5b-6c7d8e9f0a1b"}`,
			"change-user-access": `{}`, "copy-user-access": `{"from":"01980a2b-7c3d-7e4f-8a5b-6c7d8e9f0a1b"}`,
		}
		asked := 0
		for path, item := range s.service.api.OpenAPI().Paths {
			for method, op := range operationsOf(item) {
				needed := permissionOf(op)
				if needed == "" {
					require.Contains(s, op.Description, "Every key may do this.", op.OperationID)
					continue
				}
				id := s.tenant.Connection.ID.String()
				target := strings.NewReplacer("{id}", id, "{other}", id, "{session}", id, "{device}", id, "{type}", domain.LicenceFull, "{domain}", "acme.example", "{kind}", "x",
					"{user}", id, "{finding}", "owner", "{item}", "x", "{identity}", id, "{group}", id).Replace(path)
				refused(s, s.as(keys[needed], method, target, bodies[op.OperationID]), http.StatusForbidden, domain.CodePermissionMissing, needed)
				asked++
			}
		}
		require.Greater(s, asked, 40)
	})
}

// Rule suspend.organisation: a key of a suspended organisation is refused with the reason, and works again afterwards.
// Rule access.immediate: what a key may do is looked up for every request.
func accessFollowsAtOnce(s *scene) {
	require.Equal(s, http.StatusOK, s.get("/me").status)
	_, err := s.installation.SuspendOrganisation(s.Context(), s.slug())
	require.NoError(s, err)
	refused(s, s.get("/me"), http.StatusForbidden, domain.CodeOrganisationStopped, "")
	_, err = s.installation.ResumeOrganisation(s.Context(), s.slug())
	require.NoError(s, err)
	me := s.get("/me")
	require.Equal(s, http.StatusOK, me.status)
	id, _ := domain.ParseID[domain.APIKey](me.text(s, "id"))
	_, err = s.installation.RevokeAPIKey(s.Context(), s.slug(), id)
	require.NoError(s, err)
	refused(s, s.get("/me"), http.StatusUnauthorized, domain.CodeUnauthenticated, "")
}

func TestWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		before := s.events()
		for name, c := range map[string]struct {
			path, body string
			status     int
			code       string
			field      string
		}{
			"no body":          {"/connections", "", http.StatusBadRequest, domain.CodeInvalidSyntax, ""},
			"no JSON":          {"/connections", `{"name":`, http.StatusBadRequest, domain.CodeInvalidSyntax, ""},
			"a list":           {"/connections", `[]`, http.StatusUnprocessableEntity, domain.CodeInvalidValue, "body"},
			"unknown field":    {"/connections", `{"name":"x","nome":"y"}`, http.StatusUnprocessableEntity, domain.CodeInvalidValue, "nome"},
			"missing field":    {"/connections", `{}`, http.StatusUnprocessableEntity, domain.CodeInvalidValue, "name"},
			"wrong type":       {"/connections", `{"name":1}`, http.StatusUnprocessableEntity, domain.CodeInvalidValue, "name"},
			"too long":         {"/connections", `{"name":"` + strings.Repeat("x", 101) + `"}`, http.StatusUnprocessableEntity, domain.CodeInvalidValue, "name"},
			"blank":            {"/connections", `{"name":"  "}`, http.StatusUnprocessableEntity, domain.CodeInvalidValue, "name"},
			"unknown kind":     {"/connections", `{"name":"x","kind":"fax"}`, http.StatusUnprocessableEntity, domain.CodeInvalidValue, "kind"},
			"name taken":       {"/connections", `{"name":"DEFAULT"}`, http.StatusConflict, domain.CodeNameTaken, "name"},
			"too large":        {"/connections", `{"name":"` + strings.Repeat("x", maxBody) + `"}`, http.StatusRequestEntityTooLarge, domain.CodeTooLarge, ""},
			"bad permission":   {"/api-keys", `{"name":"x","permissions":["users"]}`, http.StatusUnprocessableEntity, domain.CodeInvalidValue, "permissions"},
			"no permissions":   {"/api-keys", `{"name":"x","permissions":[]}`, http.StatusUnprocessableEntity, domain.CodeInvalidValue, "permissions"},
			"too far ahead":    {"/api-keys", `{"name":"x","permissions":["users:view"],"expires_in_hours":100000}`, http.StatusUnprocessableEntity, domain.CodeInvalidValue, "expires_in_hours"},
			"unknown path":     {"/nowhere", `{}`, http.StatusNotFound, "unknown_path", ""},
			"method":           {"/licences", `{}`, http.StatusMethodNotAllowed, "method_not_allowed", ""},
			"id that is none":  {"/connections/x/disable", ``, http.StatusNotFound, domain.CodeNotFound, "id"},
			"id in capitals":   {"/connections/" + strings.ToUpper(s.tenant.Connection.ID.String()) + "/disable", ``, http.StatusNotFound, domain.CodeNotFound, "id"},
			"path that climbs": {"/../api/v1/users", ``, http.StatusNotFound, "unknown_path", ""},
		} {
			g := s.post(c.path, c.body)
			p := refused(s, g, c.status, c.code, c.field)
			require.NotContains(s, p["detail"], "xxxxx", name)
		}
		for path, field := range map[string]string{
			"/users?limit=0": "limit", "/users?limit=201": "limit", "/users?limit=x": "limit", "/users?sort=id": "sort", "/users?status=gone": "status",
			"/users?group=x": "group", "/users?connection=x": "connection", "/users?licence=A+B": "licence", "/users?colour=red": "colour",
			"/events?since=yesterday": "since", "/events?subject=x": "subject",
		} {
			refused(s, s.get(path), http.StatusUnprocessableEntity, domain.CodeInvalidValue, field)
		}
		refused(s, s.post("/connections", `name=x`, "Content-Type", "application/x-www-form-urlencoded"), http.StatusUnsupportedMediaType, domain.CodeUnsupportedMediaType, "")
		require.Equal(s, before, s.events(), "nothing was written")
	})
}

// A key that asks too often is told what is left and when to come again; another key is counted by itself.
func TestRateLimit(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		s := newScene(t, store, func(c *Config) {
			clock := storetest.NewClock()
			c.Limiter = domain.NewLimiter(store, clock.Environment(), 3)
		})
		for left := 2; left >= 0; left-- {
			g := s.get("/me")
			require.Equal(t, http.StatusOK, g.status)
			require.Equal(t, `"default";q=3;w=1`, g.header.Get("Ratelimit-Policy"))
			require.Equal(t, `"default";r=`+strconv.Itoa(left)+`;t=1`, g.header.Get("Ratelimit"))
		}
		g := s.get("/me")
		refused(t, g, http.StatusTooManyRequests, domain.CodeRateLimited, "")
		require.Equal(t, "1", g.header.Get("Retry-After"))
		require.Equal(t, `"default";r=0;t=1`, g.header.Get("Ratelimit"))
		require.Equal(t, http.StatusOK, s.as(s.key("users:view"), http.MethodGet, "/me", "").status)
	})
}

// Every code of the domain has a line in the table, and a problem that says what to do.
func TestEveryCodeIsTold(t *testing.T) {
	t.Parallel()
	for _, code := range domain.Codes() {
		require.Contains(t, kinds, code)
		p := told(&domain.Error{Code: code, Message: "do this"}, "request-1")
		require.Equal(t, kinds[code].status, p.Status)
		require.NotEmpty(t, p.Title)
		require.NotEmpty(t, p.Detail)
		if p.Status >= http.StatusInternalServerError {
			require.Contains(t, p.Detail, "request-1")
			require.NotContains(t, p.Detail, "do this", "what happened inside stays inside")
		}
	}
	require.Len(t, kinds, len(domain.Codes()))
	for kind := domain.Internal; kind <= domain.Unavailable; kind++ {
		require.Contains(t, byKind, kind)
	}
	p := told(http.ErrNoLocation, "request-2")
	require.Equal(t, http.StatusInternalServerError, p.Status)
	require.NotContains(t, p.Detail, http.ErrNoLocation.Error())
}

// A panic is answered, told nobody, and leaves the service at work.
func TestPanicIsAnswered(t *testing.T) {
	t.Parallel()
	s := newScene(t, storetest.SQLite(t), nil)
	s.service.routes.HandleFunc(Prefix+"-panic", func(http.ResponseWriter, *http.Request) { panic("somebody's secret") })
	s.url = strings.TrimSuffix(s.url, Prefix)
	g := s.as(s.all, http.MethodGet, Prefix+"-panic", "")
	refused(t, g, http.StatusInternalServerError, domain.CodeInternal, "")
	require.NotContains(t, g.body, "secret")
	require.Equal(t, http.StatusOK, s.as(s.all, http.MethodGet, Prefix+"/me", "").status)
	require.Equal(t, "no-store", g.header.Get("Cache-Control"))
}
