package api

import (
	"net/http"
	"strings"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// pushGroup makes a group as the directory does, and gives its id.
func (s *scene) pushGroup(name string, members ...domain.User) domain.GroupID {
	s.Helper()
	ids := make([]uuid.UUID, len(members))
	for i, u := range members {
		ids[i] = u.ID.UUID
	}
	g, err := s.directory.CreateGroup(s.Context(), s.tenant.Caller, storetest.GroupNamed(name), ids)
	require.NoError(s, err)
	return g.ID
}

// holds is what a person has of a kind, by its id, and who gave it.
func (s *scene) holds(user, kind string) []any {
	s.Helper()
	got, _ := s.ok(s.get(user + "/access"))[kind].(map[string]any)
	if got == nil {
		return nil
	}
	return []any{got["id"], got["source"]}
}

// mappingApply: a mapping holds for its group at once, changed and ended too; a licence without a free seat flags the person.
func mappingApply(s *scene) {
	s.done(s.put("/licences/simulator/seats", `{"limit":0}`))
	ana := s.provision("ana@acme.test")
	user := "/users/" + ana.ID.String()
	blue, red, queue := s.made("/teams", `{"name":"Blue"}`), s.made("/teams", `{"name":"Red"}`), s.made("/queues", `{"name":"One"}`)
	group := s.pushGroup("Sales", ana)

	asked := `{"group_id":"` + group.String() + `","team_id":"` + blue + `","role_id":null,"queue_ids":["` + queue + `"],"licence":"simulator"}`
	before := s.events()
	would := s.post("/mappings/dry-run", asked).items(s)
	require.Len(s, would, 1)
	require.Equal(s, []any{ana.ID.String(), "ana@acme.test", blue},
		[]any{would[0]["user_id"], would[0]["display_name"], would[0]["after"].(map[string]any)["team"].(map[string]any)["id"]})
	require.Equal(s, before, s.events(), "it writes nothing")
	require.Nil(s, s.holds(user, "team"))

	made := s.post("/mappings", asked)
	s.answered(made, http.StatusCreated)
	path := "/mappings/" + made.text(s, "id")
	require.Equal(s, Prefix+path, made.header.Get("Location"))
	m := made.object(s)
	require.Equal(s, []any{100.0, "Sales", nil, blue, []any{queue}, "simulator", false, nil},
		[]any{m["priority"], m["group_name"], m["role_id"], m["team_id"], m["queue_ids"], m["licence"], m["orphan"], m["job_id"]})
	read := s.get(path)
	s.answered(read, http.StatusOK)
	require.Equal(s, []string{made.body, made.header.Get("ETag")}, []string{read.body, read.header.Get("ETag")})
	require.Equal(s, []any{blue, "mapping"}, s.holds(user, "team"))
	licence := s.get(user + "/licence")
	s.answered(licence, http.StatusOK)
	require.Equal(s, "full", licence.text(s, "licence"), "the old seat is kept")
	require.Equal(s, "simulator", licence.text(s, "licence_wanted", "licence"))
	s.done(s.put("/licences/simulator/seats", `{"limit":1}`))
	l := s.ok(s.get(user + "/licence"))
	require.Equal(s, []any{"simulator", "mapping", made.text(s, "id"), false, nil}, []any{l["licence"], l["source"], l["mapping_id"], l["locked"], l["licence_wanted"]})

	change := `{"priority":100,"team_id":"` + red + `"}`
	refused(s, s.put(path, change, "If-Match", `W/"7"`), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")
	would = s.post("/mappings/dry-run", `{"mapping_id":"`+made.text(s, "id")+`","team_id":"`+red+`"}`).items(s)
	require.Len(s, would, 1)
	require.Equal(s, blue, would[0]["before"].(map[string]any)["team"].(map[string]any)["id"])
	changed := s.put(path, change, "If-Match", read.header.Get("ETag"))
	s.answered(changed, http.StatusOK)
	require.Equal(s, []any{red, []any{}, nil}, []any{changed.object(s)["team_id"], changed.object(s)["queue_ids"], changed.object(s)["licence"]})
	require.Equal(s, []any{red, "mapping"}, s.holds(user, "team"))
	require.Empty(s, s.ok(s.get(user + "/access"))["queues"])
	require.Equal(s, "full", s.ok(s.get(user + "/licence"))["licence"])
	before = s.events()
	require.Equal(s, changed.header.Get("ETag"), s.put(path, change).header.Get("ETag"))
	require.Equal(s, before, s.events(), "what is so already changes nothing")

	require.Len(s, s.post("/mappings/dry-run", `{"mapping_id":"`+made.text(s, "id")+`","delete":true}`).items(s), 1)
	refused(s, s.remove(path, "If-Match", read.header.Get("ETag")), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")
	s.done(s.remove(path))
	require.Nil(s, s.holds(user, "team"))
	refused(s, s.get(path), http.StatusNotFound, domain.CodeNotFound, "")
	require.Empty(s, s.get("/mappings").items(s))
}

// mappingPrecedence: the lowest priority wins, of equal ones the older; a locked choice stands above all.
func mappingPrecedence(s *scene) {
	s.done(s.put("/licences/simulator/seats", `{"unlimited":true}`))
	ana := s.provision("ana@acme.test")
	user := "/users/" + ana.ID.String()
	blue, red, green := s.made("/teams", `{"name":"Blue"}`), s.made("/teams", `{"name":"Red"}`), s.made("/teams", `{"name":"Green"}`)
	give := func(group, team, more string) string {
		return s.made("/mappings", `{"group_id":"`+s.pushGroup(group, ana).String()+`","team_id":"`+team+`"`+more+`}`)
	}
	first, second := give("A", blue, ""), give("B", red, `,"licence":"simulator"`)
	require.Equal(s, []any{blue, "mapping"}, s.holds(user, "team"), "the older one")
	s.ok(s.put("/mappings/"+second, `{"priority":99,"team_id":"`+red+`","licence":"simulator"}`))
	require.Equal(s, []any{red, "mapping"}, s.holds(user, "team"))
	team := s.ok(s.get(user + "/explain"))["team"].(map[string]any)
	loser := team["losers"].([]any)[0].(map[string]any)
	require.Equal(s, []any{second, 99.0, first, 100.0, "outranked"},
		[]any{team["winner"].(map[string]any)["mapping_id"], team["winner"].(map[string]any)["priority"], loser["mapping_id"], loser["priority"], loser["lost"]})

	s.ok(s.patch(user+"/access", `{"team_id":"`+green+`"}`))
	require.Equal(s, []any{red, "mapping"}, s.holds(user, "team"), "a choice without a lock stands below")
	s.ok(s.patch(user+"/access", `{"team_id":"`+green+`","locked":true}`))
	require.Equal(s, []any{green, "administrator"}, s.holds(user, "team"))

	refused(s, s.post(user+"/licence", `{"licence":"full"}`), http.StatusConflict, domain.CodeOutranked, "licence")
	require.Equal(s, "simulator", s.ok(s.get(user + "/licence"))["licence"])
	s.ok(s.post(user+"/licence", `{"licence":"full","locked":true}`))
	l := s.ok(s.get(user + "/licence"))
	require.Equal(s, []any{"full", "administrator", true}, []any{l["licence"], l["source"], l["locked"]})
}

// mappingRebind: a group that was deleted and pushed again is offered, and takes the mapping over when it is bound to it.
func mappingRebind(s *scene) {
	ana := s.provision("ana@acme.test")
	user := "/users/" + ana.ID.String()
	blue := s.made("/teams", `{"name":"Blue"}`)
	old := s.pushGroup("Sales", ana)
	path := "/mappings/" + s.made("/mappings", `{"group_id":"`+old.String()+`","team_id":"`+blue+`"}`)
	require.NoError(s, s.directory.DeleteGroup(s.Context(), s.tenant.Caller, old, domain.IfMatch{}))
	fresh := s.pushGroup("sALES", ana)
	s.pushGroup("Sales 2")
	require.Nil(s, s.holds(user, "team"), "a name binds nothing")

	listed := s.get("/mappings")
	s.answered(listed, http.StatusOK)
	m := listed.items(s)[0]
	require.Equal(s, []any{true, "Sales", old.String()}, []any{m["orphan"], m["group_name"], m["group_id"]})
	candidates := m["rebind_candidates"].([]any)
	require.Len(s, candidates, 1)
	require.Equal(s, fresh.String(), candidates[0].(map[string]any)["id"])

	refused(s, s.post(path+"/rebind", `{"group_id":"`+old.String()+`"}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "group_id")
	refused(s, s.post(path+"/rebind", `{"group_id":"`+fresh.String()+`"}`, "If-Match", `W/"9"`), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")
	bound := s.post(path+"/rebind", `{"group_id":"`+fresh.String()+`"}`)
	s.answered(bound, http.StatusOK)
	require.Equal(s, []any{fresh.String(), false, []any{}}, []any{bound.object(s)["group_id"], bound.object(s)["orphan"], bound.object(s)["rebind_candidates"]})
	require.Equal(s, []any{blue, "mapping"}, s.holds(user, "team"))
	require.Equal(s, 1, s.events()[domain.MappingUpdated])
}

// provisionLimits: a mapping beyond the limits of the person's connection loses, and Explain says why.
func provisionLimits(s *scene) {
	ana := s.provision("ana@acme.test")
	user := "/users/" + ana.ID.String()
	agent, boss := s.role("Agent", domain.SeesOwn), s.role("Boss", domain.SeesAll)
	s.ok(s.patch(s.policyOf(), `{"limits":{"role_ids":["`+agent+`"]}}`))
	s.again()
	within := s.made("/mappings", `{"group_id":"`+s.pushGroup("Agents", ana).String()+`","role_id":"`+agent+`"}`)
	beyond := s.made("/mappings", `{"group_id":"`+s.pushGroup("Bosses", ana).String()+`","role_id":"`+boss+`","priority":1}`)
	require.Equal(s, []any{agent, "mapping"}, s.holds(user, "role"))
	role := s.ok(s.get(user + "/explain"))["role"].(map[string]any)
	loser := role["losers"].([]any)[0].(map[string]any)
	require.Equal(s, []any{within, beyond, "limits"}, []any{role["winner"].(map[string]any)["mapping_id"], loser["mapping_id"], loser["lost"]})
	require.Contains(s, loser["reason"], "limits")
	require.Empty(s, s.post("/mappings/dry-run", `{"group_id":"`+s.pushGroup("More", ana).String()+`","role_id":"`+boss+`","priority":1}`).items(s))
}

// deactivateQueues: who is deactivated leaves all queues; back, the mapped ones are there and those by hand are offered.
func deactivateQueues(s *scene) {
	ana := s.provision("ana@acme.test")
	user := "/users/" + ana.ID.String()
	hand, mapped := s.made("/queues", `{"name":"Hand"}`), s.made("/queues", `{"name":"Mapped"}`)
	group := s.pushGroup("Sales", ana)
	s.made("/mappings", `{"group_id":"`+group.String()+`","queue_ids":["`+mapped+`"]}`)
	queues := func() []string {
		s.Helper()
		ids := []string{}
		for _, q := range s.ok(s.get(user + "/access"))["queues"].([]any) {
			ids = append(ids, q.(map[string]any)["id"].(string))
		}
		return ids
	}
	former := func() any {
		s.Helper()
		g := s.get(user + "/former-queues")
		s.answered(g, http.StatusOK)
		return g.object(s)["queue_ids"]
	}
	s.ok(s.patch(user+"/access", `{"queue_ids":["`+hand+`"]}`))
	require.ElementsMatch(s, []string{hand, mapped}, queues())
	require.Equal(s, []any{}, former())
	s.ok(s.post(user+"/deactivate", ""))
	require.Empty(s, queues())
	require.Len(s, s.get("/groups/"+group.String()+"/members").items(s), 1, "memberships stay")
	refused(s, s.patch(user+"/access", `{"queue_ids":["`+hand+`"]}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "queue_ids")
	s.ok(s.post(user+"/activate", ""))
	require.Equal(s, []string{mapped}, queues())
	require.Equal(s, []any{hand}, former())
	s.ok(s.patch(user+"/access", `{"queue_ids":["`+hand+`"]}`))
	require.ElementsMatch(s, []string{hand, mapped}, queues())
	require.Equal(s, []any{}, former())
}

// mappingRefused: what is no mapping is refused with the field as it was sent, for a trial too, and nothing is written;
// another organisation's ids are ids that never existed.
func mappingRefused(s *scene) {
	group, team := s.pushGroup("Sales").String(), s.made("/teams", `{"name":"Blue"}`)
	boss := s.made("/profiles", `{"name":"Strong","grants":{"users:edit":true}}`)
	m := s.made("/mappings", `{"group_id":"`+group+`","team_id":"`+team+`"}`)
	beta := s.stranger()
	theirs, err := s.directory.CreateGroup(s.Context(), beta.Caller, storetest.GroupNamed("Theirs"), nil)
	require.NoError(s, err)
	foreign := s.keyOf(beta.Organisation.Slug, "directory:view", "directory:edit")
	weak := s.key("directory:view", "directory:edit", "profiles:view")
	before := s.events()
	for body, field := range map[string]string{
		`{"group_id":"` + never + `","team_id":"` + team + `"}`:                     "group_id",
		`{"group_id":"` + theirs.ID.String() + `","team_id":"` + team + `"}`:        "group_id",
		`{"group_id":"x","team_id":"` + team + `"}`:                                 "group_id",
		`{"group_id":"` + group + `"}`:                                              "body",
		`{"group_id":"` + group + `","team_id":null,"queue_ids":null}`:              "body",
		`{"group_id":"` + group + `","team_id":"` + never + `"}`:                    "team_id",
		`{"group_id":"` + group + `","team_id":""}`:                                 "team_id",
		`{"group_id":"` + group + `","role_id":"` + never + `"}`:                    "role_id",
		`{"group_id":"` + group + `","profile_id":"` + never + `"}`:                 "profile_id",
		`{"group_id":"` + group + `","queue_ids":["` + never + `"]}`:                "queue_ids",
		`{"group_id":"` + group + `","queue_ids":[""]}`:                             "queue_ids[0]",
		`{"group_id":"` + group + `","licence":"gold"}`:                             "licence",
		`{"group_id":"` + group + `","team_id":"` + team + `","priority":0}`:        "priority",
		`{"group_id":"` + group + `","team_id":"` + team + `","priority":1000001}`:  "priority",
		`{"group_id":"` + group + `","team_id":"` + team + `","priority":1,"x":""}`: "x",
	} {
		for _, path := range []string{"/mappings", "/mappings/dry-run"} {
			refused(s, s.post(path, body), http.StatusUnprocessableEntity, domain.CodeInvalidValue, field)
		}
	}
	refused(s, s.post("/mappings", `{"team_id":"`+team+`"}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "group_id")
	refused(s, s.post("/mappings/dry-run", `{"team_id":"`+team+`"}`), http.StatusUnprocessableEntity, domain.CodeRequired, "group_id")
	refused(s, s.post("/mappings/dry-run", `{"delete":true}`), http.StatusUnprocessableEntity, domain.CodeRequired, "mapping_id")
	refused(s, s.post("/mappings/dry-run", `{"mapping_id":"`+never+`","delete":true}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "mapping_id")
	refused(s, s.put("/mappings/"+m, `{"team_id":"`+team+`"}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "priority")
	refused(s, s.put("/mappings/"+m, `{"priority":1,"profile_id":"x"}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "profile_id")
	for _, path := range []string{"/mappings", "/mappings/dry-run"} {
		refused(s, s.as(weak, http.MethodPost, path, `{"group_id":"`+group+`","profile_id":"`+boss+`"}`), http.StatusForbidden, domain.CodeEscalation, "profile_id")
	}
	for _, request := range []string{
		"GET /mappings/{id}", `PUT /mappings/{id} {"priority":1}`, "DELETE /mappings/{id}", `POST /mappings/{id}/rebind {"group_id":"` + theirs.ID.String() + `"}`,
	} {
		method, rest, _ := strings.Cut(request, " ")
		path, body, _ := strings.Cut(rest, " ")
		answered := s.as(foreign, method, strings.Replace(path, "{id}", m, 1), body)
		refused(s, answered, http.StatusNotFound, domain.CodeNotFound, "")
		require.Equal(s, s.as(foreign, method, strings.Replace(path, "{id}", never, 1), body).body, answered.body, request)
	}
	require.Empty(s, s.as(foreign, http.MethodGet, "/mappings", "").items(s))
	for _, path := range []string{"/users/" + never + "/licence", "/users/" + never + "/former-queues", "/jobs/" + never, "/jobs/x"} {
		refused(s, s.get(path), http.StatusNotFound, domain.CodeNotFound, "")
	}
	require.Equal(s, before, s.events(), "nothing was written")
}

// mappingPages: mappings, people who would change and jobs come page by page, each once.
func mappingPages(s *scene) {
	people := []domain.User{s.provision("a@acme.test"), s.provision("b@acme.test"), s.provision("c@acme.test")}
	group, team := s.pushGroup("Sales", people...), s.made("/teams", `{"name":"Blue"}`)
	body := `{"group_id":"` + group.String() + `","team_id":"` + team + `"}`
	found, cursor, asked := []string{}, "", 0
	for asked == 0 || cursor != "" {
		path := "/mappings/dry-run?limit=1"
		if cursor != "" {
			path += "&cursor=" + cursor
		}
		g := s.post(path, body)
		found, cursor, asked = append(found, g.values(s, "user_id")...), g.text(s, "next_cursor"), asked+1
		if asked == 1 {
			refused(s, s.post("/mappings/dry-run?cursor="+cursor, `{"group_id":"`+group.String()+`","team_id":"`+team+`","priority":7}`),
				http.StatusBadRequest, domain.CodeInvalidCursor, "cursor")
		}
		require.Less(s, asked, 9)
	}
	require.ElementsMatch(s, []string{people[0].ID.String(), people[1].ID.String(), people[2].ID.String()}, found)

	first, second := s.made("/mappings", body), s.made("/mappings", body)
	one := s.get("/mappings?limit=1")
	require.Equal(s, []string{first}, one.values(s, "id"))
	require.Equal(s, []string{second}, s.get("/mappings?limit=1&cursor="+one.text(s, "next_cursor")).values(s, "id"))

	older, later := domain.JobID{UUID: uuid.MustParse("01980a2b-7c3d-7e4f-8a5b-6c7d8e9f0a01")}, domain.JobID{UUID: uuid.MustParse("01980a2b-7c3d-7e4f-8a5b-6c7d8e9f0a02")}
	require.NoError(s, s.store.Write(s.Context(), func(tx domain.Tx) error {
		for i, id := range []domain.JobID{older, later} {
			err := tx.Jobs().Insert(domain.Job{
				ID: id, Organisation: s.tenant.Organisation.ID, About: domain.JobSubject{Kind: "mapping", ID: uuid.MustParse([]string{first, second}[i])},
				Groups: []domain.GroupID{group}, Actor: s.boss().Actor, Phase: domain.JobTakes, CreatedAt: s.clock.Now(), MovedAt: s.clock.Now(),
			}, nil, domain.GroupID{})
			if err != nil {
				return err
			}
		}
		return nil
	}))
	require.Equal(s, first, s.ok(s.get("/jobs/" + older.String()))["about_id"])
	require.Equal(s, later.String(), s.ok(s.get("/mappings/" + second))["job_id"])
	one = s.get("/jobs?limit=1")
	s.answered(one, http.StatusOK)
	require.Equal(s, []string{later.String()}, one.values(s, "id"), "the latest first")
	require.Equal(s, []string{older.String()}, s.get("/jobs?limit=1&cursor="+one.text(s, "next_cursor")).values(s, "id"))
	j := s.ok(s.get("/jobs/" + later.String()))
	require.Equal(s, []any{"take", 0.0, nil}, []any{j["phase"], j["looked_at"], j["finished_at"]})
	for worked := true; worked; {
		var err error
		worked, err = s.installation.RunJobs(s.Context())
		require.NoError(s, err)
	}
	read := s.get("/jobs/" + later.String())
	s.answered(read, http.StatusOK)
	j = read.object(s)
	require.Equal(s, []any{"mapping", second, "done", 3.0, 3.0}, []any{j["about_kind"], j["about_id"], j["phase"], j["people"], j["looked_at"]})
	require.NotNil(s, j["finished_at"])
	require.Nil(s, s.ok(s.get("/mappings/" + second))["job_id"])
	beta := s.stranger()
	refused(s, s.as(s.keyOf(beta.Organisation.Slug, "directory:view"), http.MethodGet, "/jobs/"+later.String(), ""), http.StatusNotFound, domain.CodeNotFound, "")
}
