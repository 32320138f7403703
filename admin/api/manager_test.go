package api

import (
	"fmt"
	"net/http"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// userManager: a manager is given, changed and taken by their id, shown with their name, and found by, whoever has either of
// the two.
func userManager(s *scene) {
	role := s.role("Agent", domain.SeesOwn)
	_, _, second := storetest.NewConnection(s, s.store, s.tenant.Organisation.ID, "second")
	there, err := s.directory.Provision(s.Context(), second, storetest.Person("there", storetest.Text("displayName", "Tara")))
	require.NoError(s, err)
	pushed := s.provision("pushed", storetest.Manager("e-boss"))
	tara := map[string]any{"id": there.ID.String(), "display_name": "Tara"}

	ana := s.added(s.post("/users", `{"full_name":"Ana","email":"ana@acme.test","role_id":"`+role+`","manager_id":"`+there.ID.String()+`"}`))
	require.Equal(s, tara, s.ok(s.get(ana))["manager"])
	ben := s.added(s.post("/users", `{"full_name":"Ben","email":"ben@acme.test","role_id":"`+role+`","manager_id":null}`))
	require.Nil(s, s.ok(s.get(ben))["manager"])
	people := []string{ben, "/users/" + pushed.ID.String()}
	for _, path := range people {
		tag := s.get(path).header.Get("ETag")
		require.Equal(s, tara, s.ok(s.patch(path, `{"manager_id":"`+there.ID.String()+`"}`, "If-Match", tag))["manager"])
		require.NotEqual(s, tag, s.get(path).header.Get("ETag"))
		require.Equal(s, tara, s.ok(s.patch(path, `{"title":"x"}`))["manager"], "what is not sent stays")
	}
	found := func(query string) []string {
		var names []string
		for _, u := range s.get("/users?" + query).items(s) {
			names = append(names, fmt.Sprint("/users/", u["id"]))
			if u["manager"] != nil {
				require.Equal(s, tara, u["manager"])
			}
		}
		return names
	}
	require.ElementsMatch(s, append(people, ana), found("manager="+there.ID.String()))
	require.Equal(s, []string{people[1]}, found("manager="+there.ID.String()+"&connection="+s.tenant.Connection.ID.String()))
	require.Empty(s, found("manager="+uuid.NewString()))
	require.Contains(s, found("manager=none"), "/users/"+there.ID.String())
	require.NotContains(s, found("manager=none"), ana)

	for body, code := range map[string]string{
		`{"manager_id":"` + uuid.NewString() + `"}`:     "there is no person",
		`{"manager_id":"boss"}`:                         "as it was answered",
		`{"manager_id":"` + ana[len("/users/"):] + `"}`: "their own manager",
	} {
		p := refused(s, s.patch(ana, body), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "manager_id")
		require.Contains(s, p["detail"], code)
	}
	p := refused(s, s.patch("/users/"+there.ID.String(), `{"manager_id":"`+ana[len("/users/"):]+`"}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "manager_id")
	require.Contains(s, p["detail"], "reports to")
	refused(s, s.post("/users", `{"full_name":"X","email":"x@acme.test","role_id":"`+role+`","manager_id":"`+uuid.NewString()+`"}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "manager_id")

	require.Nil(s, s.ok(s.patch(ana, `{"manager_id":null}`))["manager"])
	require.Nil(s, s.ok(s.patch(ben, `{"manager_id":""}`))["manager"])
	s.done(s.remove("/users/" + there.ID.String()))
	require.Nil(s, s.ok(s.get(people[1]))["manager"])
}
