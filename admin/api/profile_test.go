package api

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
)

func profileSummary(s *scene) {
	made := s.post("/profiles", `{"name":"Desk","icon":"desk","grants":{"users:view":true,"teams:view":["t2","t1","t2"],"teams:edit":["t3"],"queues:view":[]}}`)
	s.answered(made, http.StatusCreated)
	path := "/profiles/" + made.text(s, "id")
	require.Equal(s, Prefix+path, made.header.Get("Location"))
	require.Equal(s, map[string]any{"users:view": true, "teams:view": []any{"t1", "t2"}, "teams:edit": []any{"t3"}}, made.object(s)["grants"])
	require.Equal(s, made.body, s.get(path).body)
	s.answered(s.get(path), http.StatusOK)

	// Rule profile.summary.
	listed := s.get("/profiles")
	s.answered(listed, http.StatusOK)
	summary := map[string]string{}
	for _, line := range listed.items(s)[0]["summary"].([]any) {
		of := line.(map[string]any)
		summary[of["module"].(string)] = of["allowed"].(string) + " " + strconv.Itoa(int(of["objects"].(float64)))
	}
	require.Equal(s, map[string]string{
		"users": "all 0", "teams": "objects 3", "queues": "none 0", "profiles": "none 0", "roles": "none 0", "licences": "none 0",
		"directory": "none 0", "audit": "none 0", "policy": "none 0", "records": "none 0", "statistics": "none 0", "onboarding": "none 0", "reviews": "none 0",
		"applications": "none 0", "appearance": "none 0",
	}, summary)
	s.made("/profiles", `{"name":"Back","grants":{}}`)
	require.Equal(s, []string{"Desk"}, s.get(cursorIn(s, s.get("/profiles?limit=1"))).values(s, "name"))

	changed := s.put(path, `{"description":"at the front","baseline":true,"grants":{"users:view":true}}`, "If-Match", made.header.Get("ETag"))
	s.answered(changed, http.StatusOK)
	require.Equal(s, []any{"Desk", nil, true, "at the front"}, []any{changed.object(s)["name"], changed.object(s)["icon"], changed.object(s)["baseline"], changed.object(s)["description"]})
	stale := s.put(path, `{"grants":{}}`, "If-Match", made.header.Get("ETag"))
	refused(s, stale, http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")
	refused(s, s.put(path, `{"name":"Other","grants":{}}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "name")
	require.Equal(s, http.StatusNoContent, s.remove(path, "If-Match", changed.header.Get("ETag")).status)
	refused(s, s.get(path), http.StatusNotFound, domain.CodeNotFound, "")
	refused(s, s.post("/profiles", `{"name":"BACK","grants":{}}`), http.StatusConflict, domain.CodeNameTaken, "name")
}

func TestProfilesThatAreRefused(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		small := s.key("profiles:create", "profiles:edit", "users:view")
		before := s.events()
		for grants, field := range map[string]string{
			`null`:                            "grants",
			`["users:view"]`:                  "grants",
			`{"users:view":false}`:            "grants.users:view",
			`{"users:view":1}`:                "grants.users:view",
			`{"users:view":[1]}`:              "grants.users:view[0]",
			`{"users:view":{}}`:               "grants.users:view.except",
			`{"users:view":{"but":["a"]}}`:    "grants.users:view.except",
			`{"users:view":{"except":["a"]}}`: "grants",
			`{"users":true}`:                  "grants",
			`{"users:fly":true}`:              "grants",
			`{"Users:view":true}`:             "grants",
			`{"rockets:view":true}`:           "grants",
			`{"audit:view":["a"]}`:            "grants",
			`{"users:view":[" "]}`:            "grants",
			`{"users:view":["` + strings.Repeat("x", 201) + `"]}`: "grants.users:view[0]",
		} {
			refused(s, s.post("/profiles", `{"name":"x","grants":`+grants+`}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, field)
		}
		refused(s, s.post("/profiles", `{"name":"x","grants":{"users:view":["a"],"users:view":true}}`), http.StatusBadRequest, domain.CodeInvalidSyntax, "")
		refused(s, s.post("/profiles", `{"name":"x","icon":"A B","grants":{}}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "icon")
		refused(s, s.post("/profiles", `{"name":"x"}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "grants")

		// Rule owner.escalation.
		g := s.as(small, http.MethodPost, "/profiles", `{"name":"x","grants":{"users:view":true,"users:edit":["a"]}}`)
		require.Contains(s, refused(s, g, http.StatusForbidden, domain.CodeEscalation, "grants")["detail"], "users:edit")
		require.Equal(s, before, s.events(), "nothing was written")
		g = s.as(small, http.MethodPost, "/profiles", `{"name":"x","grants":{"users:view":["a"]}}`)
		require.Equal(s, http.StatusCreated, g.status, g.body)
		more := s.as(small, http.MethodPut, "/profiles/"+g.text(s, "id"), `{"grants":{"teams:view":true}}`)
		refused(s, more, http.StatusForbidden, domain.CodeEscalation, "grants")
	})
}

func TestModules(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		usher := []string{"users", "profiles", "roles", "teams", "queues", "licences", "directory", "audit", "policy", "records", "statistics", "onboarding", "reviews", "applications", "appearance"}
		require.Equal(s, usher, s.get("/modules").values(s, "id"))
		const path = "/modules/campaigns"
		put := s.put(path, `{"name":"Campaigns","actions":["dial"],"has_objects":true}`)
		s.answered(put, http.StatusOK)
		require.Equal(s, []any{"view", "create", "edit", "delete", "dial"}, put.object(s)["actions"])
		again := s.put(path, `{"name":"Campaigns","actions":["dial"],"has_objects":true}`, "If-Match", put.header.Get("ETag"))
		require.Equal(s, put.header.Get("ETag"), again.header.Get("ETag"), "what is so already changes nothing")
		require.Equal(s, 1, s.events()[domain.ModuleRegistered])
		require.Equal(s, []string{"campaigns"}, s.get(cursorIn(s, s.get("/modules?limit="+strconv.Itoa(len(usher))))).values(s, "id"))

		full := s.key("profiles:create", "profiles:view", "campaigns:dial", "campaigns:view")
		g := s.as(full, http.MethodPost, "/profiles", `{"name":"Dialler","grants":{"campaigns:dial":["c1"],"campaigns:view":true}}`)
		require.Equal(s, http.StatusCreated, g.status, g.body)
		profile := "/profiles/" + g.text(s, "id")
		refused(s, s.put(path, `{"name":"Campaigns","has_objects":true}`), http.StatusConflict, domain.CodeInUse, "id")
		refused(s, s.put(path, `{"name":"Campaigns","actions":["dial"]}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "has_objects")
		stale := s.put(path, `{"name":"x","has_objects":true}`, "If-Match", `W/"9"`)
		refused(s, stale, http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")
		require.Equal(s, http.StatusOK, s.put(path+"?force=true", `{"name":"Campaigns","has_objects":true}`).status)
		require.Equal(s, map[string]any{"campaigns:view": true}, s.get(profile).object(s)["grants"])
		refused(s, s.remove(path), http.StatusConflict, domain.CodeInUse, "id")
		refused(s, s.remove(path, "If-Match", put.header.Get("ETag")), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")
		require.Equal(s, http.StatusNoContent, s.remove(path+"?force=true").status)
		require.Equal(s, map[string]any{}, s.get(profile).object(s)["grants"])
		refused(s, s.remove(path), http.StatusNotFound, domain.CodeNotFound, "id")

		before := s.events()
		refused(s, s.put("/modules/users", `{}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "id")
		refused(s, s.remove("/modules/users"), http.StatusNotFound, domain.CodeNotFound, "id")
		refused(s, s.put("/modules/A", `{}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "id")
		refused(s, s.put("/modules/a", `{"actions":["Fly"]}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "actions")
		refused(s, s.put("/modules/a", `{"name":"a\nb"}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "name")
		refused(s, s.put("/modules/a?force=maybe", `{}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "force")
		refused(s, s.put("/modules/a", `{}`, "If-Match", "*"), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")
		require.Equal(s, before, s.events(), "nothing was written")
	})
}

// Rule profile.delete, of licences.
func licenceDelete(s *scene) {
	const path = "/licences/trial"
	s.done(s.put(path+"/seats", `{"limit":1}`))
	read := s.put(path+"/modules", `{"modules":["teams"]}`)
	u := s.provision("ana@acme.test")
	s.ok(s.post("/users/"+u.ID.String()+"/licence", `{"licence":"trial"}`))
	refused(s, s.remove(path), http.StatusConflict, domain.CodeInUse, "replacement")
	for _, wrong := range []string{"trial", "gold", "No+Such"} {
		refused(s, s.remove(path+"?replacement="+wrong), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "replacement")
	}
	refused(s, s.as(s.key("licences:delete"), http.MethodDelete, path+"?replacement=full", ""), http.StatusForbidden, domain.CodeEscalation, "replacement")
	s.done(s.put("/licences/small/seats", `{"limit":0}`))
	s.ok(s.put("/licences/small/modules", `{"modules":[]}`))
	refused(s, s.remove(path+"?replacement=small"), http.StatusForbidden, domain.CodeSeatsExhausted, "replacement")
	s.done(s.put("/licences/small/seats", `{"limit":1}`))
	refused(s, s.remove(path+"?replacement=small", "If-Match", `"9"`), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")
	refused(s, s.as(s.key("licences:edit"), http.MethodDelete, path, ""), http.StatusForbidden, domain.CodePermissionMissing, "")

	s.done(s.remove(path+"?replacement=small", "If-Match", read.header.Get("ETag")))
	require.Equal(s, "small", s.get("/users/"+u.ID.String()+"/licence").text(s, "licence"))
	refused(s, s.remove(path), http.StatusNotFound, domain.CodeNotFound, "type")
	refused(s, s.remove("/licences/full"), http.StatusForbidden, domain.CodeSystemKept, "")
	require.Equal(s, []string{"full", "small"}, s.get("/licences").values(s, "type"))
}

// Rule licence.modules.
func modulesOfLicence(s *scene) {
	const path = "/licences/full/modules"
	read := s.get(path)
	s.answered(read, http.StatusOK)
	require.Equal(s, map[string]any{"type": "full", "modules": true}, read.object(s))
	put := s.put(path, `{"modules":["users","teams"]}`, "If-Match", read.header.Get("ETag"))
	s.answered(put, http.StatusOK)
	require.Equal(s, []any{"teams", "users"}, put.object(s)["modules"])
	require.Equal(s, put.body, s.get(path).body)
	refused(s, s.put(path, `{"modules":[]}`, "If-Match", read.header.Get("ETag")), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")
	refused(s, s.as(s.key("licences:edit"), http.MethodPut, path, `{"modules":true}`), http.StatusForbidden, domain.CodeEscalation, "modules")
	refused(s, s.put(path, `{"modules":["rockets"]}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "modules")
	for _, wrong := range []string{`{}`, `{"modules":false}`, `{"modules":null}`, `{"modules":{"except":["users"]}}`} {
		refused(s, s.put(path, wrong), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "modules")
	}
	refused(s, s.put(path, `{"modules":[""]}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "modules[0]")
	require.Equal(s, []any{}, s.put(path, `{"modules":[]}`).object(s)["modules"])
	refused(s, s.get("/licences/gold/modules"), http.StatusNotFound, domain.CodeNotFound, "type")
	refused(s, s.put("/licences/gold/modules", `{"modules":[]}`), http.StatusNotFound, domain.CodeNotFound, "type")

	// To open a module takes everything in it.
	g := s.put("/modules/records", `{}`)
	require.Equal(s, http.StatusOK, g.status, g.body)
	holder := s.key("licences:edit", "records:view", "records:create", "records:edit", "records:delete")
	require.Equal(s, []any{"records"}, s.as(holder, http.MethodPut, path, `{"modules":["records"]}`).object(s)["modules"])
}
