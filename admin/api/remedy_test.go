package api

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// What a parameter or a field takes is told in the refusal of what it does not take: which one, and what to send, without the
// words of the framework or of Go.
func TestRemedies(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		ana := "/users/" + s.provision("ana@acme.test").ID.String()
		ids := func(n int) string { return "[" + strings.TrimSuffix(strings.Repeat(`"x",`, n), ",") + "]" }
		before := s.events()
		for name, c := range map[string]struct{ method, path, body, field, remedy string }{
			"an instant that is none":       {"GET", "/events?since=yesterday", "", "since", "since: use an instant such as 2026-02-28T09:00:00Z"},
			"an instant without a zone":     {"GET", "/events?since=2026-02-28T09:00:00", "", "since", "since: use an instant such as 2026-02-28T09:00:00Z"},
			"a date in place of an instant": {"GET", "/events?since=2026-02-28", "", "since", "since: use an instant such as 2026-02-28T09:00:00Z"},
			"a day that is none":            {"GET", "/statistics/calls?from=yesterday&to=2026-02-28", "", "from", "2026-"},
			"a day in a window":             {"PUT", ana + "/window", `{"valid_from":"yesterday"}`, "valid_from", "2026-"},
			"a number that is none":         {"GET", "/users?limit=many", "", "limit", "limit: send a whole number from 1 to 200"},
			"a fraction in the address":     {"GET", "/users?limit=1.5", "", "limit", "limit: send a whole number from 1 to 200"},
			"a number too large":            {"GET", "/users?limit=99999999999999999999", "", "limit", "limit: send a whole number from 1 to 200"},
			"a number above":                {"GET", "/events?limit=1001", "", "limit", "limit: send a whole number from 1 to 1000"},
			"a number below":                {"GET", "/users?limit=0", "", "limit", "limit: send a whole number from 1 to 200"},
			"truth":                         {"DELETE", "/modules/x?force=perhaps", "", "force", "send true or false"},
			"a word":                        {"GET", ana + "/access-decision?method=knocking", "", "method", "send one of: password, single_sign_on, session"},
			"a list too long":               {"GET", "/events?type=" + strings.Repeat("a,", 60), "", "type", "at most 50"},
			"a text too long":               {"GET", "/events?subject=" + strings.Repeat("a", 37), "", "subject", "use a text of at most 36 characters"},
			"a parameter that is none":      {"GET", "/users?colour=red", "", "colour", "there is no such parameter here; leave it out, or send one of: "},
			"a field that is none":          {"PATCH", ana, `{"colour":"red"}`, "colour", "there is no such field here; leave it out, or send one of: "},
			"one with a dot":                {"PATCH", ana, `{"colour.x":"red"}`, "colour.x", "there is no such field here"},
			"one further down":              {"PATCH", ana, `{"phone_numbers":[{"value":"+34600123456","colour":"red"}]}`, "phone_numbers[0].colour", "primary, type, value"},
			"a field that is missing":       {"POST", "/teams", `{}`, "name", "this is missing; use a text of 1 to 100 characters"},
			"one further down, missing":     {"PATCH", ana, `{"phone_numbers":[{"type":"work"}]}`, "phone_numbers[0].value", "this is missing; use a text of 1 to 64 characters"},
			"a text that is none":           {"POST", "/teams", `{"name":7}`, "name", "use a text of 1 to 100 characters"},
			"an empty text":                 {"POST", "/teams", `{"name":""}`, "name", "use a text of 1 to 100 characters"},
			"truth in a body":               {"PATCH", ana, `{"mfa_required":"yes"}`, "mfa_required", "send true or false"},
			"a word in a body":              {"PATCH", "/policy", `{"mfa":"maybe"}`, "mfa", "send one of: optional, required"},
			"a word in a list":              {"PATCH", ana, `{"communication":{"log_level":"loud"}}`, "communication.log_level", "send one of: error, warn, info, debug"},
			"a number in a body":            {"PATCH", "/policy", `{"inactivity_days":"ten"}`, "inactivity_days", "send a whole number from 1 to 3650"},
			"a fraction":                    {"PATCH", "/policy", `{"inactivity_days":1.5}`, "inactivity_days", "send a whole number from 1 to 3650"},
			"a whole number with a point":   {"PATCH", "/policy", `{"inactivity_days":1.0}`, "inactivity_days", "send a whole number from 1 to 3650"},
			"one with an exponent":          {"PATCH", "/policy", `{"inactivity_days":1e1}`, "inactivity_days", "send a whole number from 1 to 3650"},
			"one in a list with a point":    {"PUT", "/statistics/calls", `{"days":[{"user_id":"x","day":"2026-02-28","handled":1.0}]}`, "days[0].handled", "send a whole number from 0 to 1000000"},
			"a list that is none":           {"PATCH", ana, `{"phone_numbers":"+34600123456"}`, "phone_numbers", "send a list of at most 20"},
			"a list too long in a body":     {"PATCH", ana, `{"communication":{"audio_codecs":` + ids(33) + `}}`, "communication.audio_codecs", "send a list of at most 32"},
			"an empty list":                 {"PUT", "/statistics/calls", `{"days":[]}`, "days", "send a list of 1 to 1000"},
			"an item that is no text":       {"PATCH", ana, `{"communication":{"audio_codecs":[7]}}`, "communication.audio_codecs[0]", "use a text"},
			"an object that is none":        {"PATCH", ana, `{"communication":7}`, "communication", "send an object with some of: "},
			"a body that is no object":      {"PATCH", ana, `[]`, "body", "send an object with some of: "},
			"an id that is none":            {"POST", "/api-keys", `{"name":"x","permissions":["users:view"],"user_id":"ana"}`, "user_id", "use an id as it was answered"},
			"a name of a licence":           {"PUT", "/licences/Gold!/seats", `{"limit":1}`, "type", "lower-case letters"},
			"a header too long":             {"PATCH", ana, `{"title":"x"}`, "", ""},
		} {
			s.Run(name, func(t *testing.T) {
				if c.field == "" {
					g := s.as(s.all, c.method, c.path, c.body, "If-Match", strings.Repeat("x", 1001))
					require.Contains(t, refused(t, g, http.StatusUnprocessableEntity, domain.CodeInvalidValue, "If-Match")["detail"], "use a text of at most 1000 characters")
					return
				}
				p := refused(t, s.as(s.all, c.method, c.path, c.body), http.StatusUnprocessableEntity, domain.CodeInvalidValue, c.field)
				require.Contains(t, p["detail"], c.remedy)
				require.NotRegexp(t, foreign, p["detail"])
			})
		}
		require.Equal(s, before, s.events(), "nothing half done")
	})
}

// Of a request that is wrong in very many places some are told, and the answer stays small.
func TestRemediesAreBounded(t *testing.T) {
	t.Parallel()
	s := newScene(t, storetest.SQLite(t), nil)
	body := `{"name":"x","permissions":[7` + strings.Repeat(",7", 400_000) + `]}`
	g := s.post("/api-keys", body)
	p := refused(t, g, http.StatusUnprocessableEntity, domain.CodeInvalidValue, "permissions")
	require.Contains(t, p["detail"], "send a list of 1 to 200")
	require.Len(t, p["errors"], maxErrors)
	require.Less(t, len(g.body), 20_000)
	g = s.post("/profiles", `{"name":"x","grants":{"users:view":[7`+strings.Repeat(",7", 400_000)+`]}}`)
	require.Len(t, refused(t, g, http.StatusUnprocessableEntity, domain.CodeInvalidValue, "grants.users:view")["errors"], maxErrors)
}

// foreign is what the framework and Go say.
var foreign = regexp.MustCompile(`expected|invalid (integer|float|boolean|date)|unparsable|2006|RFC|json:|Go (struct|value)|property|unmarshal|schema`)

// The document says of every parameter and field what the remedy is made of, and no remedy is the general one.
func TestEveryFieldHasARemedy(t *testing.T) {
	t.Parallel()
	s := newScene(t, storetest.SQLite(t), nil)
	told := map[string]int{}
	var walk func(schema *huma.Schema, where string)
	walk = func(schema *huma.Schema, where string) {
		schema = s.service.resolved(schema)
		remedy := s.service.takes(schema)
		require.Regexp(t, `^(send|use|list) `, remedy, where)
		require.NotRegexp(t, foreign, remedy, where)
		require.NotContains(t, remedy, "[a-z]", where)
		told[remedy]++
		if schema.Items != nil {
			walk(schema.Items, where+"[]")
		}
		for name, member := range schema.Properties {
			walk(member, where+"."+name)
		}
	}
	for path, item := range s.service.api.OpenAPI().Paths {
		for _, op := range operationsOf(item) {
			for _, p := range op.Parameters {
				walk(p.Schema, path+" "+p.Name)
			}
			if op.RequestBody != nil && op.RequestBody.Content["application/json"] != nil {
				walk(op.RequestBody.Content["application/json"].Schema, op.OperationID)
			}
		}
	}
	require.Greater(t, len(told), 40)
	since := s.service.api.OpenAPI().Paths["/events"].Get.Parameters
	at := slices.IndexFunc(since, func(p *huma.Param) bool { return p.Name == "since" })
	require.Equal(t, "date-time", since[at].Schema.Format)
}

// What is wrong with a set of permissions, or with the modules of a licence, is told of the one permission or item at fault.
func TestRemediesOfPermissions(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		access := "/users/" + s.provision("ana@acme.test").ID.String() + "/access"
		many := func(n int) string { return `["x` + strings.Repeat(`","x`, n-1) + `"]` }
		wrong := map[string]struct{ value, at, remedy string }{
			"1,001 ids":             {many(1001), "", "send a list of at most 1000"},
			"an empty id":           {`["a",""]`, "[1]", "use a text of 1 to 200 characters"},
			"an id too long":        {`["` + strings.Repeat("x", 201) + `"]`, "[0]", "use a text of 1 to 200 characters"},
			"an id that is no text": {`[7]`, "[0]", "use a text of 1 to 200 characters"},
			"no":                    {`false`, "", "leave the permission out"},
			"a text":                {`"all"`, "", "send true for all"},
			"no exceptions":         {`{"except":[]}`, ".except", "send a list of 1 to 1000"},
			"an empty exception":    {`{"except":[""]}`, ".except[0]", "use a text of 1 to 200 characters"},
			"another word":          {`{"except":["a"],"exempt":["a"]}`, ".exempt", "there is no such field here"},
			"an empty object":       {`{}`, ".except", "this is missing; send a list of 1 to 1000"},
		}
		profile := s.made("/profiles", `{"name":"Desk","grants":{}}`)
		before, tag := s.events(), s.get(access).header.Get("ETag")
		for name, c := range wrong {
			s.Run(name, func(t *testing.T) {
				for field, target := range map[string]struct{ method, path, body string }{
					"granted": {"PATCH", access, `{"granted":{"teams:view":true,"users:view":` + c.value + `}}`},
					"revoked": {"PATCH", access, `{"revoked":{"users:view":` + c.value + `}}`},
					"grants":  {"PUT", "/profiles/" + profile, `{"grants":{"users:view":` + c.value + `}}`},
				} {
					at := field + ".users:view" + c.at
					p := refused(t, s.as(s.all, target.method, target.path, target.body), http.StatusUnprocessableEntity, domain.CodeInvalidValue, at)
					require.Contains(t, p["detail"], c.remedy)
					require.True(t, strings.HasPrefix(p["detail"].(string), at+": "), p["detail"])
					require.NotRegexp(t, foreign, p["detail"])
				}
			})
		}
		for name, c := range map[string]struct{ modules, field, remedy string }{
			"1,001 modules":  {many(1001), "modules", "send a list of at most 1000"},
			"an empty one":   {`["users",""]`, "modules[1]", "use a text of 1 to 200 characters"},
			"no":             {`false`, "modules", "send true for all modules, or a list"},
			"a text":         {`"users"`, "modules", "send true for all modules, or a list"},
			"one that is no": {`["rockets"]`, "modules", "rockets"},
		} {
			s.Run(name, func(t *testing.T) {
				p := refused(t, s.put("/licences/full/modules", `{"modules":`+c.modules+`}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, c.field)
				require.Contains(t, p["detail"], c.remedy)
				require.NotRegexp(t, foreign, p["detail"])
			})
		}
		p := refused(s, s.post("/profiles", `{"name":"x","grants":{"users:view":{"except":["a"]}}}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "grants")
		require.Contains(s, p["detail"], "users:view", "it can be read, and nobody gives it")
		require.Equal(s, before, s.events(), "nothing half done")
		require.Equal(s, tag, s.get(access).header.Get("ETag"))
	})
}
