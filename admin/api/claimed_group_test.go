package api

import (
	"net/http"
	"strings"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// mappingApplyDeclared: a group that no directory pushes is declared, mapped, and gives whoever signs in with its claim what the
// mapping says; Explain tells it from a membership; with the group it is gone.
func mappingApplyDeclared(s *scene) {
	c, _, caller := storetest.NewConnection(s, s.store, s.tenant.Organisation.ID, "idp", func(c *domain.Connection) {
		c.OIDC = domain.OIDCClient{Issuer: "https://idp.test", ClientID: "usher"}
	})
	connection := "/connections/" + c.ID.String()
	s.ok(s.patch(connection+"/provider", `{"just_in_time":true,"applies_groups":true}`))
	path := connection + "/claimed-groups"
	none := s.get(path)
	require.Empty(s, none.items(s))

	made := s.post(path, `{"value":"5b1f-sales","name":"Sales"}`)
	s.answered(made, http.StatusCreated)
	group := made.text(s, "id")
	require.Equal(s, []string{c.ID.String(), "5b1f-sales", "Sales"}, []string{made.text(s, "connection_id"), made.text(s, "value"), made.text(s, "name")})
	read := s.as(s.all, http.MethodGet, strings.TrimPrefix(made.header.Get("Location"), Prefix), "")
	s.answered(read, http.StatusOK)
	require.Equal(s, []string{group, "5b1f-sales", "Sales", ""}, []string{read.text(s, "id"), read.text(s, "claim_value"), read.text(s, "display_name"), read.text(s, "external_id")})
	second := s.made(path, `{"value":"77c0-support","name":"Support"}`)
	list := s.get(path + "?limit=1")
	s.answered(list, http.StatusOK)
	require.Equal(s, []string{group}, list.values(s, "id"))
	require.Equal(s, []string{second}, s.get(path+"?limit=1&cursor="+list.text(s, "next_cursor")).values(s, "id"))
	for _, query := range []string{"", "?connection=" + c.ID.String()} {
		require.Equal(s, []string{group, second}, s.get("/groups"+query).values(s, "id"))
	}

	role := s.role("Agent", domain.SeesOwn)
	would := s.post("/mappings/dry-run", `{"group_id":"`+group+`","role_id":"`+role+`"}`)
	require.Empty(s, would.items(s))
	mapping := "/mappings/" + s.made("/mappings", `{"group_id":"`+group+`","role_id":"`+role+`"}`)
	require.Equal(s, []string{"Sales"}, s.get("/mappings").values(s, "group_name"))
	arriving := domain.Arriving{
		Identity: domain.Identity{Organisation: c.Organisation, Connection: c.ID, Issuer: c.OIDC.Issuer, Subject: "ana"}, UserName: "ana", Groups: []string{"5b1f-sales"},
	}
	come := func() string {
		in, err := s.entrance().FirstAccess(s.Context(), arriving, domain.Visitor{})
		require.NoError(s, err)
		return "/users/" + in.Session.User.String()
	}
	user := come()
	require.Equal(s, []any{role, "mapping"}, s.holds(user, "role"))
	winner := s.ok(s.get(user + "/explain"))["role"].(map[string]any)["winner"].(map[string]any)
	require.Equal(s, []any{true, "Sales"}, []any{winner["claimed"], winner["group"].(map[string]any)["display_name"]})
	id, _ := domain.ParseID[domain.User](strings.TrimPrefix(user, "/users/"))
	u, err := s.directory.User(s.Context(), caller, id)
	require.NoError(s, err)
	require.Empty(s, u.Groups, "no directory sees it")
	arriving.Groups = nil
	come()
	require.Nil(s, s.holds(user, "role"))
	arriving.Groups = []string{"5b1f-sales"}
	come()

	s.done(s.remove(path + "/" + group))
	require.Nil(s, s.holds(user, "role"))
	orphan := s.ok(s.get(mapping))
	require.Equal(s, []any{"Sales", true, []any{}}, []any{orphan["group_name"], orphan["orphan"], orphan["rebind_candidates"]})
	require.Equal(s, []string{second}, s.get(path).values(s, "id"))
	refused(s, s.get("/groups/"+group), http.StatusNotFound, domain.CodeNotFound, "")
	events := s.events()
	require.Equal(s, []int{2, 1}, []int{events[domain.ClaimedGroupDeclared], events[domain.ClaimedGroupRemoved]})
}

// mappingDeclaredChecked: what is no declaration is refused with its field; a connection of another organisation is none, nor
// is a directory's group one to remove.
func mappingDeclaredChecked(s *scene) {
	path := "/connections/" + s.tenant.Connection.ID.String() + "/claimed-groups"
	group := s.made(path, `{"value":"5b1f","name":"Sales"}`)
	pushed := s.pushGroup("Pushed").String()
	foreign, small := storetest.NewTenant(s.T, s.store, "other", 1), s.key("directory:view")
	before := s.events()
	for _, c := range []struct{ body, field string }{
		{`{"value":"","name":"Sales"}`, "value"}, {`{"value":" ","name":"Sales"}`, "value"}, {`{"value":"a\tb","name":"Sales"}`, "value"},
		{`{"value":"` + strings.Repeat("ü", 501) + `","name":"Sales"}`, "value"}, {`{"value":"x","name":" "}`, "name"},
		{`{"value":"x","name":"` + strings.Repeat("x", 101) + `"}`, "name"}, {`{"value":"x"}`, "name"}, {`{"name":"x"}`, "value"}, {`{"value":1,"name":"x"}`, "value"},
	} {
		p := s.post(path, c.body)
		require.Equal(s, http.StatusUnprocessableEntity, p.status, p.body)
		require.Equal(s, c.field, p.text(s, "field"), p.body)
		require.NotEmpty(s, p.text(s, "detail"))
	}
	taken := refused(s, s.post(path, `{"value":"5b1f","name":"Another"}`), http.StatusConflict, domain.CodeNameTaken, "value")
	require.Contains(s, taken["detail"], "use that one")
	refused(s, s.as(small, http.MethodPost, path, `{"value":"x","name":"x"}`), http.StatusForbidden, domain.CodePermissionMissing, "")
	refused(s, s.as(small, http.MethodDelete, path+"/"+group, ""), http.StatusForbidden, domain.CodePermissionMissing, "")
	require.Len(s, s.as(small, http.MethodGet, path, "").items(s), 1)
	theirs := "/connections/" + foreign.Connection.ID.String() + "/claimed-groups"
	for _, g := range []got{s.get(theirs), s.post(theirs, `{"value":"x","name":"x"}`), s.remove(theirs + "/" + group), s.remove(path + "/" + pushed), s.remove(path + "/x")} {
		refused(s, g, http.StatusNotFound, domain.CodeNotFound, "")
	}
	require.Equal(s, before, s.events(), "nothing half done")
}
