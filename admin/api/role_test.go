package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// never is an id that nothing has.
const never = "01980a2b-7c3d-7e4f-8a5b-6c7d8e9f0a1b"

func TestRoles(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		made := s.post("/roles", `{"name":"Director","description":"of it all","parent_id":null,"sees":"all"}`)
		s.answered(made, http.StatusCreated)
		top := made.text(s, "id")
		require.Equal(s, Prefix+"/roles/"+top, made.header.Get("Location"))
		lead := s.made("/roles", `{"name":"Lead","parent_id":"`+top+`","sees":"subtree"}`)
		agent := s.made("/roles", `{"name":"Agent","parent_id":"`+lead+`","sees":"own"}`)
		listed := s.get("/roles")
		require.Equal(s, []string{"Agent", "Director", "Lead"}, listed.values(s, "name"), "by name")
		require.Equal(s, []any{lead, nil, top}, []any{listed.items(s)[0]["parent_id"], listed.items(s)[1]["parent_id"], listed.items(s)[2]["parent_id"]})
		first := s.get("/roles?limit=2")
		require.Equal(s, []string{"Lead"}, s.get(cursorIn(s, first)).values(s, "name"))

		path := "/roles/" + agent
		read := s.get(path)
		s.answered(read, http.StatusOK)
		changed := s.put(path, `{"name":"Agents","parent_id":"`+top+`","sees":"team"}`, "If-Match", read.header.Get("ETag"))
		s.answered(changed, http.StatusOK)
		require.Equal(s, []string{"Agents", top, "team"}, []string{changed.text(s, "name"), changed.text(s, "parent_id"), changed.text(s, "sees")})
		require.NotEqual(s, read.header.Get("ETag"), changed.header.Get("ETag"))
		require.Equal(s, changed.body, s.get(path).body)
		stale := s.put(path, `{"name":"Agent","parent_id":null,"sees":"own"}`, "If-Match", read.header.Get("ETag"))
		refused(s, stale, http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")
		refused(s, s.remove(path, "If-Match", read.header.Get("ETag")), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")

		before := s.events()
		for body, field := range map[string]string{
			`{"name":" ","parent_id":null,"sees":"own"}`:                                                   "name",
			`{"name":"x","parent_id":null,"sees":"everything"}`:                                            "sees",
			`{"name":"x","sees":"own"}`:                                                                    "parent_id",
			`{"name":"x","parent_id":"x","sees":"own"}`:                                                    "parent_id",
			`{"name":"x","parent_id":"` + never + `","sees":"own"}`:                                        "parent_id",
			`{"name":"x","parent_id":null,"sees":"own","id":"x"}`:                                          "id",
			`{"name":"x","parent_id":null,"sees":"own","description":"` + strings.Repeat("x", 1001) + `"}`: "description",
		} {
			refused(s, s.post("/roles", body), http.StatusUnprocessableEntity, domain.CodeInvalidValue, field)
		}
		circle := s.put("/roles/"+top, `{"name":"Director","parent_id":"`+lead+`","sees":"all"}`)
		refused(s, circle, http.StatusUnprocessableEntity, domain.CodeInvalidValue, "parent_id")
		refused(s, s.post("/roles", `{"name":"LEAD","parent_id":null,"sees":"own"}`), http.StatusConflict, domain.CodeNameTaken, "name")
		require.Equal(s, before, s.events(), "nothing was written")

		// An application without roles:edit sees nothing, and gives nothing to see.
		small := s.key("roles:create", "roles:view")
		g := s.as(small, http.MethodPost, "/roles", `{"name":"x","parent_id":null,"sees":"all"}`)
		refused(s, g, http.StatusForbidden, domain.CodeEscalation, "sees")
		require.Equal(s, http.StatusCreated, s.as(small, http.MethodPost, "/roles", `{"name":"x","parent_id":null,"sees":"own"}`).status)
		require.Equal(s, http.StatusNoContent, s.remove(path, "If-Match", changed.header.Get("ETag")).status)
		refused(s, s.get(path), http.StatusNotFound, domain.CodeNotFound, "")
	})
}

// Rule profile.delete: what is held goes only when another one is named, which its people get.
func profileDelete(s *scene) {
	u := s.provision("ana@acme.test")
	access := "/users/" + u.ID.String() + "/access"
	for plural, c := range map[string]struct{ body, other, field, shown string }{
		"roles":    {`{"name":"A","parent_id":null,"sees":"own"}`, `{"name":"B","parent_id":null,"sees":"own"}`, "role_id", "role"},
		"profiles": {`{"name":"A","grants":{}}`, `{"name":"B","grants":{}}`, "profile_id", "profile"},
		"teams":    {`{"name":"A"}`, `{"name":"B"}`, "team_id", "team"},
		"queues":   {`{"name":"A"}`, `{"name":"B"}`, "queue_ids", "queues"},
	} {
		one, heir := s.made("/"+plural, c.body), s.made("/"+plural, c.other)
		value := `"` + one + `"`
		if plural == "queues" {
			value = "[" + value + "]"
		}
		require.Equal(s, http.StatusOK, s.patch(access, `{"`+c.field+`":`+value+`}`).status)
		path := "/" + plural + "/" + one
		refused(s, s.remove(path), http.StatusConflict, domain.CodeInUse, "replacement")
		for _, wrong := range []string{"x", never, one} {
			refused(s, s.remove(path+"?replacement="+wrong), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "replacement")
		}
		require.Equal(s, http.StatusNoContent, s.remove(path+"?replacement="+heir).status)
		held := s.get(access)
		require.Contains(s, held.body, heir, plural)
		require.NotContains(s, held.body, one)
		require.NotNil(s, held.object(s)[c.shown])
	}
}

// Rule role.sees.
func roleSees(s *scene) {
	top := s.made("/roles", `{"name":"Top","parent_id":null,"sees":"subtree"}`)
	below := s.made("/roles", `{"name":"Below","parent_id":"`+top+`","sees":"own"}`)
	ana, bo := s.provision("ana@acme.test").ID.String(), s.provision("bo@acme.test").ID.String()
	require.Equal(s, http.StatusOK, s.patch("/users/"+ana+"/access", `{"role_id":"`+top+`"}`).status)
	require.Equal(s, http.StatusOK, s.patch("/users/"+bo+"/access", `{"role_id":"`+below+`"}`).status)
	down := s.get("/users/" + ana + "/sees/" + bo)
	s.answered(down, http.StatusOK)
	require.Equal(s, map[string]any{"sees": true}, down.object(s))
	require.Equal(s, map[string]any{"sees": false}, s.get("/users/"+bo+"/sees/"+ana).object(s))
	for _, none := range []string{"x", never} {
		refused(s, s.get("/users/"+ana+"/sees/"+none), http.StatusNotFound, domain.CodeNotFound, "other")
		refused(s, s.get("/users/"+none+"/sees/"+bo), http.StatusNotFound, domain.CodeNotFound, "")
	}
}

func TestTeamsAndQueues(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		for _, plural := range []string{"teams", "queues"} {
			list := "/" + plural
			made := s.post(list, `{"name":"Blue","description":"one\ntwo"}`)
			s.answered(made, http.StatusCreated)
			path := list + "/" + made.text(s, "id")
			require.Equal(s, Prefix+path, made.header.Get("Location"))
			require.Equal(s, "one\ntwo", s.get(path).text(s, "description"))
			s.answered(s.get(path), http.StatusOK)
			s.made(list, `{"name":"Amber"}`)
			require.Equal(s, []string{"Amber", "Blue"}, s.get(list).values(s, "name"))
			require.Equal(s, []string{"Blue"}, s.get(cursorIn(s, s.get(list+"?limit=1"))).values(s, "name"))

			changed := s.put(path, `{"name":"Navy"}`, "If-Match", made.header.Get("ETag"))
			s.answered(changed, http.StatusOK)
			require.Equal(s, []string{"Navy", ""}, []string{changed.text(s, "name"), changed.text(s, "description")})
			refused(s, s.put(path, `{"name":"x"}`, "If-Match", made.header.Get("ETag")), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")
			refused(s, s.put(path, `{"name":"amber"}`), http.StatusConflict, domain.CodeNameTaken, "name")
			for body, field := range map[string]string{`{}`: "name", `{"name":""}`: "name", `{"name":"a\nb"}`: "name", `{"name":"x","description":"a\tb"}`: "description"} {
				refused(s, s.post(list, body), http.StatusUnprocessableEntity, domain.CodeInvalidValue, field)
			}
			refused(s, s.get(list+"/x"), http.StatusNotFound, domain.CodeNotFound, "id")
			require.Equal(s, http.StatusNoContent, s.remove(path, "If-Match", changed.header.Get("ETag")).status)
			refused(s, s.remove(path), http.StatusNotFound, domain.CodeNotFound, "")
		}
		events := s.events()
		require.Equal(s, []int{2, 1, 1}, []int{events[domain.TeamCreated], events[domain.TeamUpdated], events[domain.TeamDeleted]})
		require.Equal(s, []int{2, 1, 1}, []int{events[domain.QueueCreated], events[domain.QueueUpdated], events[domain.QueueDeleted]})
	})
}

// What people may do in another organisation is not there, and cannot be given here.
func TestAccessOfAnotherOrganisationIsNotThere(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		beta := s.stranger()
		theirs := storetest.Account(s, s.store, beta, "ana@beta.test", nil).ID.String()
		ours := s.provision("ana@acme.test").ID.String()
		key := s.keyOf(beta.Organisation.Slug, s.needed()...)
		bodies := map[string]string{
			"roles": `{"name":"x","parent_id":null,"sees":"own"}`, "profiles": `{"name":"x","grants":{}}`, "teams": `{"name":"x"}`, "queues": `{"name":"x"}`,
		}
		fields := map[string]string{"roles": "role_id", "profiles": "profile_id", "teams": "team_id"}
		before := s.events()
		for plural, body := range bodies {
			id := s.as(key, http.MethodPost, "/"+plural, body).text(s, "id")
			write := strings.Replace(body, `"name":"x","grants"`, `"grants"`, 1)
			for method, sent := range map[string]string{http.MethodGet: "", http.MethodPut: write, http.MethodDelete: ""} {
				g := s.as(s.all, method, "/"+plural+"/"+id, sent)
				refused(s, g, http.StatusNotFound, domain.CodeNotFound, "")
				require.Equal(s, s.as(s.all, method, "/"+plural+"/"+never, sent).body, g.body, "as an id that never existed")
			}
			require.Empty(s, s.get("/"+plural).items(s))
			if field := fields[plural]; field != "" {
				refused(s, s.patch("/users/"+ours+"/access", `{"`+field+`":"`+id+`"}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, field)
			} else {
				refused(s, s.patch("/users/"+ours+"/access", `{"queue_ids":["`+id+`"]}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "queue_ids")
			}
		}
		for _, request := range []struct{ method, path, body string }{
			{http.MethodGet, "/users/{id}/access", ""}, {http.MethodPatch, "/users/{id}/access", `{"team_id":null}`},
			{http.MethodPost, "/users/{id}/access/copy", `{"from":"` + ours + `"}`}, {http.MethodPost, "/users/" + ours + "/access/copy", `{"from":"{id}"}`},
			{http.MethodGet, "/users/{id}/permissions", ""}, {http.MethodGet, "/users/{id}/sees/" + ours, ""}, {http.MethodGet, "/users/" + ours + "/sees/{id}", ""},
		} {
			ask := func(id string) got {
				fill := strings.NewReplacer("{id}", id)
				return s.as(s.all, request.method, fill.Replace(request.path), fill.Replace(request.body))
			}
			g := ask(theirs)
			refused(s, g, http.StatusNotFound, domain.CodeNotFound, "")
			require.Equal(s, ask(never).body, g.body, "as an id that never existed")
		}
		require.Equal(s, http.StatusOK, s.as(key, http.MethodPut, "/modules/campaigns", `{}`).status)
		refused(s, s.remove("/modules/campaigns"), http.StatusNotFound, domain.CodeNotFound, "id")
		require.NotContains(s, s.get("/modules").values(s, "id"), "campaigns")
		require.Equal(s, before, s.events(), "nothing was written here")
	})
}
