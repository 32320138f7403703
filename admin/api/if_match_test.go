package api

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// Whoever changes or deletes something can demand that it is as they read it.
func TestWritesTakeIfMatch(t *testing.T) {
	t.Parallel()
	s := newScene(t, storetest.SQLite(t), nil)
	var without []string
	for _, item := range s.service.api.OpenAPI().Paths {
		for method, op := range operationsOf(item) {
			takes := method == http.MethodGet || method == http.MethodPost
			for _, p := range op.Parameters {
				takes = takes || p.In == "header" && p.Name == "If-Match"
			}
			if !takes {
				without = append(without, op.OperationID)
			}
		}
	}
	require.ElementsMatch(t, []string{
		"end-session", "forget-device", "unlink-identity", "remove-claimed-group", // which never change while they are there
		"tick-onboarding", "unmake-adoptable", // a mark that is set or not
		"put-records", "put-calls", // many at once, each as the application says it is
	}, without)
}

// What has no counter has a version made of all that it says: access windows, seats, and with whom a record is shared.
func TestVersionsOfContent(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		ana, bob := s.provision("ana").ID.String(), s.provision("bob").ID.String()
		s.own(ana, "1")
		for _, of := range []struct{ path, read, first, second string }{
			{"/users/" + ana + "/window", "/users/" + ana + "/window", `{"valid_until":"2999-01-01"}`, `{"schedule":"mon 09:00-17:00"}`},
			{"/licences/full/seats", "/licences/full/seats", `{"limit":50}`, `{"unlimited":true}`},
			{"/records/deals/1/shares", "/records/deals/1", `{"shares":[{"user_id":"` + bob + `","access":"view"}]}`, `{"shares":[{"user_id":"` + bob + `","access":"edit"}]}`},
		} {
			read := func() string {
				tag := s.get(of.read).header.Get("ETag")
				require.Regexp(s, `^W/"\d+"$`, tag)
				return tag
			}
			put := func(body, match string) got { return s.put(of.path, body, "If-Match", match) }
			born := read()
			require.Less(s, put(of.first, born).status, 300)
			then := read()
			require.NotEqual(s, born, then, of.path)
			before := s.events()
			refused(s, put(of.second, born), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")
			refused(s, put(of.second, "rubbish"), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")
			require.Equal(s, then, read())
			require.Equal(s, before, s.events(), "nothing was written")
			require.Less(s, put(of.second, `"7", `+then).status, 300)
			require.NotEqual(s, then, read())
			require.Less(s, put(of.first, "*").status, 300)
			require.Equal(s, then, read(), "the same content")
		}
		refused(s, s.put("/licences/gold/seats", `{"limit":1}`, "If-Match", "*"), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")
		refused(s, s.get("/licences/gold/seats"), http.StatusNotFound, domain.CodeNotFound, "type")
		held := s.get("/licences/full/seats").header.Get("ETag")
		s.provision("cleo")
		require.Equal(s, held, s.get("/licences/full/seats").header.Get("ETag"), "that a seat is taken changes no plan")
	})
}

// A condition that cannot be met is one that is not met: If-Match without a tag changes nothing, and of several lines all count.
func TestIfMatchLines(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		user := "/users/" + s.provision("ana@acme.test").ID.String()
		write := func(method, body string, lines ...string) got {
			return s.with(http.Header{"If-Match": lines}, s.all, method, user, body)
		}
		now := s.get(user).header.Get("ETag")
		for _, lines := range [][]string{{""}, {"  "}, {","}, {"", ""}, {`W/"77"`}, {"", `W/"77"`}, {now[:len(now)-1]}} {
			refused(s, write(http.MethodPatch, `{"title":"x"}`, lines...), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "If-Match")
			refused(s, write(http.MethodDelete, "", lines...), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "If-Match")
		}
		require.Equal(s, now, s.get(user).header.Get("ETag"))
		s.ok(write(http.MethodPatch, `{"title":"x"}`, `W/"77"`, now))
		s.ok(write(http.MethodPatch, `{"title":"y"}`, "*"))
		require.Equal(s, http.StatusNoContent, write(http.MethodDelete, "").status)
	})
}
