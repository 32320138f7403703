package api

import (
	"net/http"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// now is this moment as answers spell it.
func (s *scene) now() string { return s.clock.Now().UTC().Format(time.RFC3339Nano) }

// explainPerson: one answer says of everything about a person which rule decided it, who said so, and what lost.
func explainPerson(s *scene) {
	agent, boss := s.role("Agent", domain.SeesOwn), s.role("Boss", domain.SeesAll)
	u := "/users/" + s.provision("ana@acme.test", storetest.Emails("ana@mail.test")).ID.String()
	other := s.provision("ben@acme.test", storetest.Emails("ana@mail.test"))
	s.ok(s.put("/defaults", `{"role_id":"`+agent+`","profile_id":null}`))
	e := s.ok(s.get(u + "/explain"))
	role := e["role"].(map[string]any)
	require.Equal(s, []any{"Agent", agent, "provision.defaults"}, []any{role["name"], role["id"], role["rule"]})
	require.Equal(s, []any{"default", nil}, []any{role["winner"].(map[string]any)["source"], role["winner"].(map[string]any)["lost"]})
	require.Equal(s, []any{}, role["losers"])
	status := e["status"].(map[string]any)
	require.Equal(s, []any{"active", "provision.activation", "directory"}, []any{status["status"], status["rule"], status["source"]})
	require.Equal(s, true, e["sign_in"].(map[string]any)["session"].(map[string]any)["allowed"])
	require.Equal(s, s.now(), role["winner"].(map[string]any)["since"], "since when it is the default")
	require.Equal(s, []any{map[string]any{"id": other.ID.String(), "display_name": "ben@acme.test"}}, e["perhaps_one_person"])
	require.Equal(s, []any{nil, []any{}, "full"}, []any{e["waiting"], e["queues"], e["licence"].(map[string]any)["name"]})

	rights := func() []any {
		s.Helper()
		r := s.ok(s.get(u + "/explain"))["permissions"].(map[string]any)
		return []any{r["granted_at"], r["revoked_at"]}
	}
	require.Equal(s, []any{nil, nil}, rights())
	s.ok(s.patch(u+"/access", `{"granted":{"teams:view":true}}`))
	granted := s.now()
	s.clock.Move(time.Hour)
	s.ok(s.patch(u+"/access", `{"revoked":{"users:view":true}}`))
	require.Equal(s, []any{granted, s.now()}, rights())

	s.ok(s.patch(u+"/access", `{"role_id":"`+boss+`","locked":true}`))
	require.Nil(s, e["sign_in"].(map[string]any)["session"].(map[string]any)["by"], "they may, by nobody's doing")
	s.done(s.post(u+"/block", ""))
	e = s.ok(s.get(u + "/explain"))
	role = e["role"].(map[string]any)
	winner, loser := role["winner"].(map[string]any), role["losers"].([]any)[0].(map[string]any)
	require.Equal(s, []any{"Boss", "mapping.precedence"}, []any{role["name"], role["rule"]})
	require.Equal(s, []any{"administrator", true, "Boss"}, []any{winner["source"], winner["locked"], winner["name"]})
	require.Equal(s, []any{"default", "outranked", "Agent"}, []any{loser["source"], loser["lost"], loser["name"]})
	require.NotEmpty(s, loser["reason"])
	require.Equal(s, domain.ReasonBlocked, e["sign_in"].(map[string]any)["session"].(map[string]any)["reason"])
	require.Equal(s, "block.unblock", e["sign_in"].(map[string]any)["session"].(map[string]any)["rule"])
	require.Equal(s, e["sign_in"].(map[string]any)["block"].(map[string]any)["by"], e["sign_in"].(map[string]any)["session"].(map[string]any)["by"])

	cleo := s.added(s.post("/users", `{"given_name":"Cleo","family_name":"B","email":"cleo@acme.test","role_id":"`+agent+`"}`))
	s.ok(s.post(cleo+"/confirm", ""))
	status = s.ok(s.get(cleo + "/explain"))["status"].(map[string]any)
	require.Equal(s, []any{"active", "invite.confirm", "administrator"}, []any{status["status"], status["rule"], status["source"]})
	require.Equal(s, "api_key", status["by"].(map[string]any)["kind"])
	require.NotEmpty(s, status["by"].(map[string]any)["id"])
	require.NotEmpty(s, status["since"])
	refused(s, s.get("/users/01980a2b-7c3d-7e4f-8a5b-6c7d8e9f0a1b/explain"), http.StatusNotFound, domain.CodeNotFound, "")
}
