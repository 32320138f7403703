package api

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

func permissionEffective(s *scene) {
	u := s.provision("ana@acme.test")
	path := "/users/" + u.ID.String() + "/access"
	nothing := s.get(path)
	s.answered(nothing, http.StatusOK)
	require.Equal(s, map[string]any{
		"role": nil, "profile": nil, "team": nil, "queues": []any{}, "granted": map[string]any{}, "revoked": map[string]any{},
		"owner": false, "licence": "full", "modified_at": nil,
	}, nothing.object(s))
	role := s.made("/roles", `{"name":"Agent","parent_id":null,"sees":"own"}`)
	profile := s.made("/profiles", `{"name":"Desk","grants":{"users:view":true,"teams:view":true}}`)
	team, queue := s.made("/teams", `{"name":"Blue"}`), s.made("/queues", `{"name":"Sales"}`)
	body := `{"role_id":"` + role + `","profile_id":"` + profile + `","team_id":"` + team + `","queue_ids":["` + queue +
		`"],"granted":{"queues:view":["q1"]},"revoked":{"users:view":["` + u.ID.String() + `"]},"locked":true}`
	changed := s.patch(path, body, "If-Match", nothing.header.Get("ETag"))
	s.answered(changed, http.StatusOK)
	since := s.clock.Now().UTC().Truncate(time.Millisecond).Format(time.RFC3339Nano)
	of := func(id string) map[string]any {
		return map[string]any{"id": id, "source": "administrator", "locked": true, "since": since}
	}
	held := s.get(path)
	require.Equal(s, changed.header.Get("ETag"), held.header.Get("ETag"))
	require.Equal(s, map[string]any{
		"role": of(role), "profile": of(profile), "team": of(team), "queues": []any{of(queue)}, "granted": map[string]any{"queues:view": []any{"q1"}},
		"revoked": map[string]any{"users:view": []any{u.ID.String()}}, "owner": false, "licence": "full", "modified_at": since,
	}, held.object(s))

	may := s.get("/users/" + u.ID.String() + "/permissions")
	s.answered(may, http.StatusOK)
	require.Equal(s, map[string]any{
		"teams:view": true, "users:view": map[string]any{"except": []any{u.ID.String()}}, "queues:view": []any{"q1"},
	}, may.object(s)["permissions"])

	refused(s, s.patch(path, `{"team_id":null}`, "If-Match", nothing.header.Get("ETag")), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")
	after := s.patch(path, `{"team_id":null,"role_id":"automatic","queue_ids":[]}`, "If-Match", held.header.Get("ETag")).object(s)
	require.Equal(s, map[string]any{"id": nil, "source": "administrator", "locked": false, "since": since}, after["team"], "decided: none")
	require.Nil(s, after["role"], "nobody has decided")
	require.Equal(s, of(profile), after["profile"], "what is not sent stays")
	require.Empty(s, after["queues"])
	require.NotEmpty(s, after["granted"])
	require.Equal(s, 2, s.events()[domain.UserAccessChanged])
	require.Equal(s, http.StatusOK, s.patch(path, `{}`).status)
	require.Equal(s, 2, s.events()[domain.UserAccessChanged], "what is so already changes nothing")
	after = s.patch(path, `{"granted":null,"queue_ids":null}`).object(s)
	require.Empty(s, after["granted"])
	require.NotEmpty(s, after["revoked"])
}

// permissionEffectiveInactive: of who is inactive the answer is what they hold, an owner as anybody; with it they do nothing.
func permissionEffectiveInactive(s *scene) {
	s.made("/profiles", `{"name":"Everybody","baseline":true,"grants":{"queues:view":true}}`)
	owning := func(u *domain.User) { u.Owner = true }
	storetest.Account(s, s.store, s.tenant, "first@acme.test", owning)
	other := storetest.Account(s, s.store, s.tenant, "other@acme.test", nil).ID.String()
	s.own(other, "1")
	ana, owner := storetest.Account(s, s.store, s.tenant, "ana@acme.test", nil), storetest.Account(s, s.store, s.tenant, "owner@acme.test", owning)
	s.ok(s.patch("/users/"+ana.ID.String()+"/access", `{"granted":{"teams:view":true}}`))
	held := func(u domain.User) any { return s.ok(s.get("/users/" + u.ID.String() + "/permissions"))["permissions"] }
	everything := held(owner)
	require.Equal(s, map[string]any{"queues:view": true, "teams:view": true}, held(ana))
	boss := domain.Administrator{Organisation: s.tenant.Organisation.ID, Actor: domain.ActorOperator(), Owner: true} // of an owner owners do
	for _, u := range []domain.User{ana, owner} {
		_, err := s.service.Administration.Deactivate(s.Context(), boss, u.ID, domain.IfMatch{})
		require.NoError(s, err)
		path := "/users/" + u.ID.String()
		require.Equal(s, domain.ReasonInactive, s.ok(s.get(path + "/access-decision"))["reason"])
		require.Equal(s, false, s.ok(s.get(path + "/sees/" + other))["sees"])
		require.Equal(s, "none", s.ok(s.get("/records/deals/1/access?user=" + u.ID.String()))["access"])
		require.Equal(s, held(u), s.ok(s.get(path + "/explain"))["permissions"].(map[string]any)["effective"])
	}
	require.Equal(s, map[string]any{"teams:view": true}, held(ana), "baselines are for active people")
	require.Equal(s, everything, held(owner))
}

func TestAccessThatIsRefused(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		path := "/users/" + s.provision("ana@acme.test").ID.String() + "/access"
		strong := s.made("/profiles", `{"name":"Strong","grants":{"audit:view":true}}`)
		top := s.made("/roles", `{"name":"Top","parent_id":null,"sees":"all"}`)
		small := s.key("users:edit", "users:view")
		before := s.events()
		for body, field := range map[string]string{
			`{"role_id":"x"}`:                   "role_id",
			`{"role_id":""}`:                    "role_id",
			`{"role_id":1}`:                     "role_id",
			`{"role_id":"` + never + `"}`:       "role_id",
			`{"profile_id":"` + top + `"}`:      "profile_id",
			`{"team_id":"Automatic"}`:           "team_id",
			`{"queue_ids":["x"]}`:               "queue_ids",
			`{"queue_ids":[""]}`:                "queue_ids[0]",
			`{"queue_ids":["` + top + `"]}`:     "queue_ids",
			`{"granted":{"users:fly":true}}`:    "granted",
			`{"granted":{"users":true}}`:        "granted",
			`{"revoked":{"rockets:view":true}}`: "revoked",
			`{"revoked":{"users:view":"all"}}`:  "revoked.users:view",
			`{"locked":"yes"}`:                  "locked",
			`{"owner":true}`:                    "owner",
		} {
			refused(s, s.patch(path, body), http.StatusUnprocessableEntity, domain.CodeInvalidValue, field)
		}

		// Rule owner.escalation.
		for body, field := range map[string]string{
			`{"profile_id":"` + strong + `"}`: "profile_id", `{"role_id":"` + top + `"}`: "role_id", `{"granted":{"audit:view":true}}`: "granted",
		} {
			refused(s, s.as(small, http.MethodPatch, path, body), http.StatusForbidden, domain.CodeEscalation, field)
		}
		refused(s, s.patch("/users/x/access", `{}`), http.StatusNotFound, domain.CodeNotFound, "id")
		refused(s, s.patch("/users/"+never+"/access", `{}`), http.StatusNotFound, domain.CodeNotFound, "")
		require.Equal(s, before, s.events(), "nothing was written")
	})
}

// licenceWarning: a profile that is of no use with the licence is given, with a warning, however the person is saved.
func licenceWarning(s *scene) {
	profile, staff := s.made("/profiles", `{"name":"Desk","grants":{"users:view":true}}`), s.role("Agent", domain.SeesOwn)
	s.done(s.put("/licences/simulator/seats", `{"unlimited":true}`))
	s.ok(s.put("/licences/simulator/modules", `{"modules":["teams"]}`))
	add := func(name, licence string) got {
		return s.post("/users", `{"full_name":"X","email":"`+name+`@acme.test","role_id":"`+staff+`","profile_id":"`+profile+`","licence":"`+licence+`"}`)
	}
	warned := func(g got) {
		s.Helper()
		require.Contains(s, g.text(s, "warning"), "the licence simulator", g.body)
	}
	simulator := add("simulator", "simulator")
	s.answered(simulator, http.StatusCreated)
	warned(simulator)
	plain := add("full", "full")
	require.Nil(s, plain.object(s)["warning"], plain.body)
	full := s.added(plain)
	edited := s.patch(full, `{"title":"Lead"}`)
	s.answered(edited, http.StatusOK)
	require.Nil(s, edited.object(s)["warning"])
	moved := s.post(full+"/licence", `{"licence":"simulator"}`)
	s.answered(moved, http.StatusOK)
	warned(moved)
	warned(s.patch(full, `{"title":"Boss"}`))
	warned(s.patch(full+"/access", `{"profile_id":"`+profile+`"}`))
	require.Nil(s, s.ok(s.get(full))["warning"], "a look saves nothing")
	s.ok(s.put("/licences/simulator/modules", `{"modules":["users"]}`))
	require.Nil(s, s.patch(full, `{"title":"Lead"}`).object(s)["warning"])
}

// Rule user.copy-permissions.
func userCopyPermissions(s *scene) {
	from, to := s.provision("from@acme.test").ID.String(), s.provision("to@acme.test").ID.String()
	profile := s.made("/profiles", `{"name":"Desk","grants":{"teams:view":true}}`)
	require.Equal(s, http.StatusOK, s.patch("/users/"+from+"/access", `{"profile_id":"`+profile+`","revoked":{"teams:view":["t1"]}}`).status)
	path, body := "/users/"+to+"/access/copy", `{"from":"`+from+`"}`
	refused(s, s.post(path, body, "If-Match", `W/"7"`), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")
	small := s.key("users:edit", "users:view")
	refused(s, s.as(small, http.MethodPost, path, body), http.StatusForbidden, domain.CodeEscalation, "from")
	copied := s.post(path, body, "If-Match", s.get("/users/"+to+"/access").header.Get("ETag"), "Idempotency-Key", "copy-1")
	s.answered(copied, http.StatusOK)
	require.Equal(s, profile, copied.text(s, "profile", "id"))
	require.Equal(s, s.get("/users/"+from+"/permissions").body, s.get("/users/"+to+"/permissions").body)
	require.Equal(s, copied.header.Get("ETag"), s.get("/users/"+to+"/access").header.Get("ETag"))
	refused(s, s.post(path, `{"from":"x"}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "from")
	refused(s, s.post(path, `{"from":"`+never+`"}`), http.StatusNotFound, domain.CodeNotFound, "from")
	refused(s, s.as(s.key("users:edit"), http.MethodPost, path, body), http.StatusForbidden, domain.CodePermissionMissing, "users:view")
}

// An owner may do everything in the catalogue.
func TestPermissionsOfAnOwner(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		owner := storetest.Account(s, s.store, s.tenant, "owner@acme.test", func(u *domain.User) { u.Owner = true })
		require.Equal(s, http.StatusOK, s.put("/modules/campaigns", `{"actions":["dial"]}`).status)
		may := s.get("/users/" + owner.ID.String() + "/permissions").object(s)["permissions"].(map[string]any)
		require.Equal(s, true, may["campaigns:dial"])
		require.Equal(s, true, may["users:invite"])
		require.Equal(s, true, s.get("/users/" + owner.ID.String() + "/access").object(s)["owner"])
	})
}

// Rule provision.defaults: a default holds at once for people from a directory for whom nobody has decided.
func provisionDefaults(s *scene) {
	u := s.provision("ana@acme.test")
	none := s.get("/defaults")
	require.Equal(s, map[string]any{"role_id": nil, "profile_id": nil}, none.object(s))
	role := s.made("/roles", `{"name":"Agent","parent_id":null,"sees":"all"}`)
	profile := s.made("/profiles", `{"name":"Desk","grants":{"teams:view":true}}`)
	body := `{"role_id":"` + role + `","profile_id":"` + profile + `"}`
	put := s.put("/defaults", body, "If-Match", none.header.Get("ETag"))
	s.answered(put, http.StatusOK)
	require.Equal(s, put.body, s.get("/defaults").body)
	require.Equal(s, map[string]any{"id": role, "source": "default", "locked": false, "since": s.now()}, s.get("/users/" + u.ID.String() + "/access").object(s)["role"])
	refused(s, s.put("/defaults", body, "If-Match", none.header.Get("ETag")), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")
	refused(s, s.remove("/roles/"+role), http.StatusConflict, domain.CodeInUse, "replacement")

	for wrong, field := range map[string]string{
		`{"profile_id":null}`: "role_id", `{"role_id":"x","profile_id":null}`: "role_id", `{"role_id":"","profile_id":null}`: "role_id",
		`{"role_id":"` + never + `","profile_id":null}`: "role_id", `{"role_id":null,"profile_id":"` + role + `"}`: "profile_id",
	} {
		refused(s, s.put("/defaults", wrong), http.StatusUnprocessableEntity, domain.CodeInvalidValue, field)
	}
	require.Equal(s, http.StatusOK, s.put("/defaults", `{"role_id":null,"profile_id":null}`).status)
	small := s.key("profiles:edit")
	missing := s.as(small, http.MethodPut, "/defaults", `{"role_id":"`+role+`","profile_id":null}`)
	refused(s, missing, http.StatusForbidden, domain.CodePermissionMissing, "roles:edit")
	beyond := s.as(small, http.MethodPut, "/defaults", `{"role_id":null,"profile_id":"`+profile+`"}`)
	refused(s, beyond, http.StatusForbidden, domain.CodeEscalation, "profile_id")
}
