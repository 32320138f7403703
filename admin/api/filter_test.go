package api

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// Rule presence, and whom a list shows that asks by how people stand and what they are given.
func TestRulesOfPresence(t *testing.T) {
	t.Parallel()
	tell(t, map[string]func(*scene){"presence": presence})
}

func (s *scene) saw(u domain.User, at time.Time) {
	s.Helper()
	require.NoError(s, s.store.Write(s.Context(), func(tx domain.Tx) error { return tx.Inactivity().Accessed(u.Organisation, u.ID, at) }))
}

func presence(s *scene) {
	now := s.clock.Now().UTC().Truncate(time.Millisecond)
	a, b := s.provision("a"), s.provision("b")
	s.provision("c")
	s.saw(a, now.Add(-domain.OnlineFor))
	s.saw(b, now.Add(-domain.OnlineFor-time.Millisecond))
	require.Equal(s, []string{"a"}, s.get("/users?online=true").values(s, "user_name"))
	require.Equal(s, []string{"b", "c"}, s.get("/users?online=false").values(s, "user_name"))
	shown := s.get("/users").items(s)
	require.Equal(s, []any{true, false, false}, []any{shown[0]["online"], shown[1]["online"], shown[2]["online"]})
	require.Equal(s, []any{now.Add(-domain.OnlineFor).Format(time.RFC3339Nano), nil}, []any{shown[0]["last_seen_at"], shown[2]["last_seen_at"]})
	s.clock.Move(time.Millisecond)
	require.Empty(s, s.get("/users?online=true").items(s))
	require.Equal(s, false, s.ok(s.get("/users/" + a.ID.String()))["online"])
}

// A list of people can ask for what they are given, defaults included, and for how they stand, page by page.
func TestPeopleFilters(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		agent, lead := s.role("Agent", domain.SeesOwn), s.role("Lead", domain.SeesOwn)
		desk := s.made("/profiles", `{"name":"Desk","grants":{}}`)
		team, queue := s.made("/teams", `{"name":"Sales"}`), s.made("/queues", `{"name":"Calls"}`)
		ids := map[string]string{}
		for _, name := range []string{"a", "b", "c", "d"} {
			ids[name] = "/users/" + s.provision(name).ID.String()
		}
		e := storetest.Account(s, s.store, s.tenant, "e", nil)
		ids["e"] = "/users/" + e.ID.String()
		s.ok(s.put("/defaults", `{"role_id":"`+agent+`","profile_id":null}`))
		s.ok(s.patch(ids["b"]+"/access", `{"role_id":"`+lead+`","profile_id":"`+desk+`","team_id":"`+team+`","queue_ids":["`+queue+`"]}`))
		s.ok(s.patch(ids["c"]+"/access", `{"role_id":null,"queue_ids":["`+queue+`"]}`))
		s.ok(s.patch(ids["d"]+"/access", `{"role_id":"`+agent+`"}`))
		s.done(s.post(ids["d"]+"/block", ""))
		s.ok(s.asOwner(ids["a"] + "/make-owner"))
		for query, want := range map[string][]string{
			"role=" + agent:                  {"a", "d"}, // a by default
			"role=" + lead:                   {"b"},
			"role=none":                      {"c", "e"}, // e comes from no directory, and has no defaults
			"profile=" + desk:                {"b"},
			"profile=none":                   {"a", "c", "d", "e"},
			"team=" + team:                   {"b"},
			"team=none":                      {"a", "c", "d", "e"},
			"queue=" + queue:                 {"b", "c"},
			"queue=none":                     {"a", "d", "e"},
			"connection=none":                {"e"},
			"connection=none&queue=" + queue: {},
			"connection=" + s.tenant.Connection.ID.String() + "&role=none": {"c"},
			"queue=" + queue + "&team=none":                                {"c"},
			"blocked=true":                                                 {"d"},
			"blocked=false":                                                {"a", "b", "c", "e"},
			"owner=true":                                                   {"a"},
			"owner=false&role=" + agent:                                    {"d"},
			"waiting=true":                                                 {},
			"waiting=false&sort=-user_name":                                {"e", "d", "c", "b", "a"},
			"q=c&queue=" + queue:                                           {"c"},
			"role=" + s.tenant.Connection.ID.String():                      {},
		} {
			require.Equal(s, want, s.get("/users?"+query).values(s, "user_name"), query)
		}
		given := func(u map[string]any) []any {
			return []any{u["role_id"], u["profile_id"], u["team_id"], u["queue_ids"]}
		}
		for name, want := range map[string][]any{
			"a": {agent, nil, nil, []any{}}, // by default
			"b": {lead, desk, team, []any{queue}},
			"c": {nil, nil, nil, []any{queue}},
			"e": {nil, nil, nil, []any{}},
		} {
			require.Equal(s, want, given(s.get("/users?q=" + name).items(s)[0]), name)
			require.Equal(s, want, given(s.ok(s.get(ids[name]))), name)
			require.Equal(s, want, given(s.ok(s.patch(ids[name], `{"title":"Dr"}`))), name)
		}
		boss := s.post("/users", `{"full_name":"Boss","email":"boss@acme.test","role_id":"`+lead+`","team_id":"`+team+`","queue_ids":["`+queue+`"]}`)
		require.Equal(s, []any{lead, nil, team, []any{queue}}, given(boss.object(s)))
		s.done(s.remove(s.added(boss)))
		first := s.get("/users?role=none&limit=1&sort=user_name")
		require.Equal(s, []string{"c"}, first.values(s, "user_name"))
		require.Equal(s, []string{"e"}, s.get(cursorIn(s, first)).values(s, "user_name"))
		cursor := first.text(s, "next_cursor")
		refused(s, s.get("/users?role="+agent+"&limit=1&sort=user_name&cursor="+cursor), http.StatusBadRequest, domain.CodeInvalidCursor, "cursor")
		for query, field := range map[string]string{"role=x": "role", "profile=None": "profile", "team=1": "team", "queue=q": "queue", "owner=yes": "owner", "online=1": "online"} {
			refused(s, s.get("/users?"+query), http.StatusUnprocessableEntity, domain.CodeInvalidValue, field)
		}
	})
}
