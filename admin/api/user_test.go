package api

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// People of the whole organisation are found, whoever owns them: by their names and addresses, and by what they are.
func TestListUsers(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		ana := s.provision("ana@acme.test", storetest.Emails("ana.diaz@mail.test"), storetest.Name("Ana", "Díaz"), storetest.Text("displayName", "Ana Díaz"))
		second, _, caller := storetest.NewConnection(s, s.store, s.tenant.Organisation.ID, "second")
		ben, err := s.directory.Provision(s.Context(), caller, storetest.Person("ben@acme.test", storetest.Text("displayName", "Benedikt")))
		require.NoError(s, err)
		cleo := storetest.Account(s, s.store, s.tenant, "cleo@acme.test", nil)
		gone := s.provision("dora@acme.test", storetest.Truth("active", false))
		archived := s.provision("emil@acme.test")
		require.NoError(s, s.directory.Deprovision(s.Context(), s.tenant.Caller, archived.ID, domain.IfMatch{}))
		staff, err := s.directory.CreateGroup(s.Context(), s.tenant.Caller, storetest.GroupNamed("Staff"), []uuid.UUID{ana.ID.UUID, gone.ID.UUID})
		require.NoError(s, err)
		ids := func(users ...domain.User) []string {
			list := []string{}
			for _, u := range users {
				list = append(list, u.ID.String())
			}
			return list
		}
		for query, want := range map[string][]string{
			"":                                 ids(ana, ben, cleo, gone),
			"sort=-created":                    ids(gone, cleo, ben, ana),
			"sort=user_name":                   ids(ana, ben, cleo, gone),
			"sort=-user_name":                  ids(gone, cleo, ben, ana),
			"sort=display_name":                ids(ana, ben, cleo, gone),
			"q=DÍAZ":                           ids(ana),
			"q=mail.test":                      ids(ana),
			"q=ben":                            ids(ben),
			"q=acme.test":                      ids(ana, ben, cleo, gone),
			"q=cl":                             ids(cleo),
			"q=%25":                            ids(),
			"q=nobody":                         ids(),
			"status=inactive":                  ids(gone),
			"status=active":                    ids(ana, ben, cleo),
			"status=pending":                   ids(),
			"licence=full":                     ids(ana, ben, cleo, gone),
			"licence=simulator":                ids(),
			"connection=" + second.ID.String(): ids(ben),
			"group=" + staff.ID.String():       ids(ana, gone),
			"group=" + staff.ID.String() + "&status=active&q=ana&sort=display_name": ids(ana),
			"group=01980a2b-7c3d-7e4f-8a5b-6c7d8e9f0a1b":                            ids(),
		} {
			got := s.get("/users?" + strings.ReplaceAll(query, "Í", url.QueryEscape("Í")))
			require.Equal(s, want, got.values(s, "id"), query)
			require.Nil(s, got.object(s)["next_cursor"])
		}

		got := s.get("/users/" + ana.ID.String())
		require.Equal(s, http.StatusOK, got.status, got.body)
		require.Equal(s, `W/"1"`, got.header.Get("ETag"))
		shown := got.object(s)
		require.Equal(s, "ana@acme.test", shown["user_name"])
		require.Equal(s, "Ana", shown["given_name"])
		require.Equal(s, "Díaz", shown["family_name"])
		require.Equal(s, []any{map[string]any{"value": "ana.diaz@mail.test", "type": "work", "primary": true}}, shown["emails"])
		require.Equal(s, []any{map[string]any{"id": staff.ID.String(), "display_name": "Staff"}}, shown["groups"])
		require.Equal(s, s.tenant.Connection.ID.String(), shown["connection_id"])
		require.Equal(s, "ana@acme.test", shown["attributes"].(map[string]any)["userName"])
		require.Nil(s, s.get("/users/" + cleo.ID.String()).object(s)["connection_id"])
		refused(s, s.get("/users/"+archived.ID.String()), http.StatusNotFound, domain.CodeNotFound, "")
		refused(s, s.get("/users/x"), http.StatusNotFound, domain.CodeNotFound, "id")
	})
}

// Pages follow each other in every order: nobody is left out and nobody comes twice, and a cursor belongs to its query.
func TestPagesOfUsers(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		_, _, caller := storetest.NewConnection(s, s.store, s.tenant.Organisation.ID, "second")
		const people = 9
		for i := range people {
			from := s.tenant.Caller
			if i%2 == 1 {
				from = caller
			}
			more := storetest.Text("title", "x")
			if i%3 != 0 {
				more = storetest.Text("displayName", fmt.Sprintf("Name %d", i/2))
			}
			_, err := s.directory.Provision(s.Context(), from, storetest.Person(fmt.Sprintf("p%d@acme.test", people-i), more))
			require.NoError(s, err)
		}
		for _, query := range []string{"", "sort=-created", "sort=user_name", "sort=-display_name", "sort=display_name&q=acme", "q=acme"} {
			all := s.get("/users?"+query).values(s, "id")
			require.Len(s, all, people)
			paged := []string{}
			next := "/users?limit=2&" + query
			for next != "" {
				got := s.get(next)
				paged = append(paged, got.values(s, "id")...)
				next = ""
				if got.object(s)["next_cursor"] != nil {
					next = cursorIn(s, got)
					require.Contains(s, next, url.QueryEscape(got.text(s, "next_cursor")))
				}
				require.LessOrEqual(s, len(paged), people)
			}
			require.Equal(s, all, paged, query)
		}
		cursor := s.get("/users?limit=2&sort=user_name").text(s, "next_cursor")
		for _, other := range []string{
			"/users?sort=-user_name&cursor=" + cursor, "/users?cursor=" + cursor, "/users?sort=user_name&q=a&cursor=" + cursor,
			"/groups?cursor=" + cursor, "/users?sort=user_name&cursor=" + cursor[:len(cursor)-1], "/users?sort=user_name&cursor=x", "/connections?cursor=" + cursor,
			"/users?sort=user_name&cursor=" + strings.Repeat("A", 100),
		} {
			refused(s, s.get(other), http.StatusBadRequest, domain.CodeInvalidCursor, "cursor")
		}
	})
}

func TestGroups(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		var members []uuid.UUID
		for i := range 5 {
			members = append(members, s.provision(fmt.Sprintf("p%d@acme.test", i)).ID.UUID)
		}
		inner, err := s.directory.CreateGroup(s.Context(), s.tenant.Caller, storetest.GroupNamed("Inner circle"), nil)
		require.NoError(s, err)
		_, _, caller := storetest.NewConnection(s, s.store, s.tenant.Organisation.ID, "second")
		theirs, err := s.directory.CreateGroup(s.Context(), caller, storetest.GroupNamed("Outer circle"), nil)
		require.NoError(s, err)
		all, err := s.directory.CreateGroup(s.Context(), s.tenant.Caller, storetest.GroupNamed("Everybody", storetest.Text("externalId", "g-1")), append(members, inner.ID.UUID))
		require.NoError(s, err)

		require.Equal(s, []string{inner.ID.String(), theirs.ID.String(), all.ID.String()}, s.get("/groups").values(s, "id"))
		require.Equal(s, []string{inner.ID.String(), theirs.ID.String()}, s.get("/groups?q=CIRCLE").values(s, "id"))
		require.Equal(s, []string{theirs.ID.String()}, s.get("/groups?connection="+caller.Connection.String()).values(s, "id"))
		first := s.get("/groups?limit=1")
		require.Equal(s, []string{inner.ID.String()}, first.values(s, "id"))
		require.Equal(s, []string{theirs.ID.String()}, s.get(cursorIn(s, first)).values(s, "id"))
		got := s.get("/groups/" + all.ID.String())
		require.Equal(s, "g-1", got.text(s, "external_id"))
		require.Equal(s, "Everybody", got.text(s, "attributes", "displayName"))
		require.NotEmpty(s, got.header.Get("ETag"))

		want := []string{}
		for _, id := range append(members, inner.ID.UUID) {
			want = append(want, id.String())
		}
		slices.Sort(want)
		paged := []string{}
		next := "/groups/" + all.ID.String() + "/members?limit=4"
		for next != "" {
			got := s.get(next)
			paged = append(paged, got.values(s, "id")...)
			next = ""
			if got.object(s)["next_cursor"] != nil {
				next = cursorIn(s, got)
			}
			require.LessOrEqual(s, len(paged), len(want))
		}
		require.Equal(s, want, paged)
		require.Contains(s, s.get("/groups/"+all.ID.String()+"/members").values(s, "kind"), "group")
		refused(s, s.get("/groups/"+uuid.NewString()+"/members"), http.StatusNotFound, domain.CodeNotFound, "")
	})
}
