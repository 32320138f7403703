package api

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// Security 17, addresses: NUL and bytes that are no UTF-8 are refused by name in every parameter of every operation, the same
// on both databases.
func TestSecurity17Addresses(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		asked := 0
		for path, item := range s.service.api.OpenAPI().Paths {
			for method, op := range operationsOf(item) {
				for _, p := range op.Parameters {
					for _, broken := range []string{"%00", "%ff", "a%00b", "%C3%28"} {
						target := path
						switch p.In {
						case "path":
							target = strings.Replace(target, "{"+p.Name+"}", broken, 1)
						case "query":
							target += "?" + p.Name + "=" + broken
						default:
							continue
						}
						for _, other := range op.Parameters {
							target = strings.Replace(target, "{"+other.Name+"}", never, 1)
						}
						refusal := refused(s, s.as(s.all, method, target, ""), http.StatusBadRequest, domain.CodeInvalidSyntax, p.Name)
						require.Contains(s, refusal["detail"], "UTF-8")
						asked++
					}
				}
			}
		}
		require.Greater(s, asked, 400)
		refused(s, s.get("/users?q=%zz"), http.StatusBadRequest, domain.CodeInvalidSyntax, "query")
	})
}

// Security 17, bodies: what is no text, or says two things, is refused before anything is written.
func TestSecurity17Bodies(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		user, role := "/users/"+s.provision("ana@acme.test").ID.String(), s.role("Agent", domain.SeesOwn)
		before, tag := s.events(), s.get(user).header.Get("ETag")
		add := func(name string) string {
			return `{"given_name":` + name + `,"family_name":"B","email":"b@acme.test","role_id":"` + role + `"}`
		}
		for name, c := range map[string]struct{ method, path, body string }{
			"unpaired surrogate":           {http.MethodPatch, user, `{"title":"a\ud800b"}`},
			"a byte that is no UTF-8":      {http.MethodPatch, user, "{\"title\":\"a\xffb\"}"},
			"half a character":             {http.MethodPost, "/users", add(`"\ud83d"`)},
			"NUL":                          {http.MethodPatch, user, `{"title":"a\u0000b"}`},
			"NUL in a name":                {http.MethodPatch, user, `{"title\u0000":"a"}`},
			"NUL in a list":                {http.MethodPatch, user, `{"communication":{"audio_codecs":["a\u0000"]}}`},
			"one name twice":               {http.MethodPatch, user, `{"title":"a","title":"b"}`},
			"one name twice, by case":      {http.MethodPatch, user, `{"title":"a","TITLE":"b"}`},
			"one name twice, further down": {http.MethodPatch, user, `{"phone_numbers":[{"value":"+34600123456","value":"+34600123457"}]}`},
			"more after the end":           {http.MethodPatch, user, `{"title":"a"} {"title":"b"}`},
			"10,000 levels":                {http.MethodPatch, user, strings.Repeat(`{"a":`, 10_000)},
		} {
			s.Run(name, func(t *testing.T) {
				refusal := refused(t, s.as(s.all, c.method, c.path, c.body), http.StatusBadRequest, domain.CodeInvalidSyntax, "")
				require.Contains(t, refusal["detail"], "at byte ")
			})
		}
		require.Equal(s, before, s.events(), "nothing half done")
		require.Equal(s, tag, s.get(user).header.Get("ETag"))
		s.ok(s.patch(user, `{"title":"\ud83d\ude00 \u00e9"}`))
		require.Equal(s, "😀 é", s.get(user).text(s, "title"))
	})
}

// null is refused in every member of every body where the document does not say that it is taken; nothing is ignored.
func TestNullSaysSomething(t *testing.T) {
	t.Parallel()
	s := newScene(t, storetest.SQLite(t), nil)
	asked := 0
	for path, item := range s.service.api.OpenAPI().Paths {
		for method, op := range operationsOf(item) {
			if op.RequestBody == nil || op.RequestBody.Content["application/json"] == nil {
				continue
			}
			body := s.service.resolved(op.RequestBody.Content["application/json"].Schema)
			for name, member := range body.Properties {
				if s.service.takesNull(member) {
					continue
				}
				target := strings.NewReplacer("{", "", "}", "").Replace(path)
				refused(t, s.as(s.all, method, target, `{"`+name+`":null}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, name)
				asked++
			}
		}
	}
	require.Greater(t, asked, 100)
	user := "/users/" + s.provision("ana@acme.test").ID.String()
	refusal := refused(t, s.patch(user, `{"phone_numbers":[{"value":"+34600123456","type":null}]}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "phone_numbers[0].type")
	require.Contains(t, refusal["detail"], "leave the field out")
	s.ok(s.patch(user, `{"communication":{"log_level":null,"auto_answer":true}}`))
}

// A list may be sent in several parameters or with commas between; anything else is sent once.
func TestRepeatedParameters(t *testing.T) {
	t.Parallel()
	s := newScene(t, storetest.SQLite(t), nil)
	s.provision("ana@acme.test")
	s.made("/teams", `{"name":"Blue"}`)
	both := []string{string(domain.UserCreated), string(domain.TeamCreated)}
	for _, query := range []string{"type=" + both[0] + "&type=" + both[1], "type=" + strings.Join(both, ","), "type=" + both[0] + "," + both[1] + "&type=" + both[0]} {
		require.Equal(t, both, s.get("/events?"+query).values(s, "type"), query)
	}
	refused(t, s.get("/events?type=&type="+both[0]), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "type")
	many := strings.Repeat("user.created,", 50) + "user.created"
	refused(t, s.get("/events?type="+many), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "type")
	for path, item := range s.service.api.OpenAPI().Paths {
		for method, op := range operationsOf(item) {
			for _, p := range op.Parameters {
				if p.In != "query" || p.Schema.Type == "array" {
					continue
				}
				target := strings.NewReplacer("{", "", "}", "").Replace(path) + "?" + url.Values{p.Name: {"1", "2"}}.Encode()
				refused(t, s.as(s.all, method, target, ""), http.StatusUnprocessableEntity, domain.CodeInvalidValue, p.Name)
			}
		}
	}
}
