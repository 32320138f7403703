package replay_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/internal/replay"
)

// answer serves one fixed answer to everything.
func answer(t *testing.T, status int, header map[string]string, body string) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for name, value := range header {
			w.Header().Set(name, value)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return server
}

func read(t *testing.T, lines ...string) []replay.Step {
	t.Helper()
	steps, err := replay.Read(strings.NewReader(strings.Join(lines, "\n")))
	require.NoError(t, err)
	return steps
}

func run(t *testing.T, server *httptest.Server, steps []replay.Step) replay.Report {
	t.Helper()
	return replay.Run(t.Context(), server.Client(), server.URL, "secret-token", steps)
}

// Every operator passes where it should, and fails where it should.
func TestOperators(t *testing.T) {
	t.Parallel()
	const body = `{"text":"Grüße","n":7,"f":7.0,"yes":true,"nil":null,"empty":"","none":[],"void":{},
		"list":["a","b"],"obj":{"k":1,"l":[1,2]},
		"emails":[{"type":"home","value":"h"},{"type":"work","value":"w","primary":true,"n":1}],
		"urn:x:2.0:User":{"department":"R&D"}}`
	for _, tt := range []struct{ at, is, value string }{ // value "" for an operator without one; ! before is: must fail
		{"/text", "eq", `"Grüße"`}, {"/text", "!eq", `"grüße"`}, {"/n", "eq", `7`}, {"/n", "!eq", `"7"`}, {"/n", "!eq", `7.0`},
		{"/f", "!eq", `7`}, {"/yes", "eq", `true`}, {"/yes", "!eq", `1`}, {"/yes", "!eq", `"true"`}, {"/nil", "eq", `null`},
		{"/nope", "!eq", `null`}, {"/list", "eq", `["a","b"]`}, {"/list", "!eq", `["b","a"]`}, {"/obj", "eq", `{"l":[1,2.0],"k":1}`},
		{"/obj", "!eq", `{"k":1}`},
		{"/text", "ne", `"x"`}, {"/text", "!ne", `"Grüße"`}, {"/nope", "ne", `"x"`}, {"/n", "ne", `8`}, {"/n", "!ne", `7.0`},
		{"/nope", "absent", ``}, {"/nil", "!absent", ``}, {"/text/deeper", "absent", ``}, {"/list/2", "absent", ``}, {"/list/1", "!absent", ``},
		{"/nope", "absentOrEmpty", ``}, {"/nil", "absentOrEmpty", ``}, {"/empty", "absentOrEmpty", ``}, {"/none", "absentOrEmpty", ``},
		{"/void", "absentOrEmpty", ``}, {"/text", "!absentOrEmpty", ``}, {"/n", "!absentOrEmpty", ``}, {"/list", "!absentOrEmpty", ``},
		{"/nil", "exists", ``}, {"/none", "exists", ``}, {"/nope", "!exists", ``},
		{"/text", "type", `"string"`}, {"/n", "!type", `"string"`}, {"/n", "type", `"integer"`}, {"/f", "!type", `"integer"`},
		{"/yes", "!type", `"integer"`}, {"/yes", "type", `"boolean"`}, {"/n", "!type", `"boolean"`}, {"/list", "type", `"array"`},
		{"/obj", "!type", `"array"`}, {"/obj", "type", `"object"`}, {"/list", "!type", `"object"`}, {"/nope", "!type", `"string"`},
		{"/nil", "!type", `"object"`},
		{"/list", "contains", `"b"`}, {"/list", "!contains", `"c"`}, {"/text", "contains", `"rüß"`}, {"/text", "!contains", `"x"`},
		{"/text", "!contains", `1`}, {"/obj", "contains", `"k"`}, {"/obj", "!contains", `"m"`}, {"/nope", "!contains", `"b"`},
		{"/nil", "!contains", `"b"`}, {"/n", "!contains", `7`},
		{"/list", "len", `2`}, {"/list", "!len", `1`}, {"/text", "len", `5`}, {"/obj", "len", `2`}, {"/nope", "len", `0`}, {"/nil", "len", `0`},
		{"/nope", "!len", `1`}, {"/n", "!len", `0`},
		{"/emails", "includes", `{"type":"work"}`}, {"/emails", "includes", `{"primary":true,"value":"w"}`},
		{"/emails", "!includes", `{"type":"home","value":"w"}`}, {"/emails", "!includes", `{"primary":1}`}, {"/emails", "!includes", `{"gone":null}`},
		{"/nope", "!includes", `{"type":"work"}`}, {"/text", "!includes", `{}`}, {"/list", "!includes", `{}`},
		{"/emails", "excludes", `{"type":"other"}`}, {"/emails", "!excludes", `{"type":"work"}`}, {"/nope", "excludes", `{"type":"work"}`},
		{"/nil", "excludes", `{"type":"work"}`}, {"/none", "excludes", `{}`}, {"/text", "!excludes", `{"type":"work"}`},
		{"/emails[type=work]/value", "eq", `"w"`}, {"/emails[type=work]/value", "!eq", `"h"`}, {"/emails[type=other]", "absent", ``},
		{"/emails[n=1]", "absent", ``}, {"/emails/1/type", "eq", `"work"`}, {"/obj[k=1]", "absent", ``}, {"/obj/l/0", "eq", `1`},
		{"/urn:x:2.0:User/department", "eq", `"R&D"`}, {"", "type", `"object"`}, {"", "contains", `"text"`},
	} {
		is, mustFail := strings.CutPrefix(tt.is, "!")
		t.Run(fmt.Sprintf("%s %s %s", tt.at, tt.is, tt.value), func(t *testing.T) {
			t.Parallel()
			check := map[string]any{"at": tt.at, "is": is}
			if tt.value != "" {
				check["value"] = json.RawMessage(tt.value)
			}
			line, err := json.Marshal(map[string]any{
				"name": "s", "method": "GET", "path": "/x", "expect": map[string]any{"status": 200, "bodyChecks": []any{check}},
			})
			require.NoError(t, err)
			report := run(t, answer(t, 200, nil, body), read(t, string(line)))
			require.Equal(t, mustFail, !report.OK(), report.String())
			if mustFail {
				require.Contains(t, report.Failed[0].Reasons[0], strings.TrimSpace(tt.at+" "+is))
			}
		})
	}
}

func TestHeaderChecks(t *testing.T) {
	t.Parallel()
	server := answer(t, 200, map[string]string{"Content-Type": "application/scim+json; charset=utf-8"}, `{}`)
	for check, ok := range map[string]bool{
		`{"at":"content-type","is":"contains","value":"application/scim+json"}`: true,
		`{"at":"Content-Type","is":"contains","value":"application/json"}`:      false,
		`{"at":"Location","is":"absent"}`:                                       true,
		`{"at":"Location","is":"exists"}`:                                       false,
	} {
		line := `{"name":"s","method":"GET","path":"/","expect":{"status":200,"headerChecks":[` + check + `],"bodyChecks":[]}}`
		require.Equal(t, ok, run(t, server, read(t, line)).OK(), check)
	}
}

// The status decides first; a 204 has no body to check, a 200 must have one, and what comes must be JSON.
func TestAnswers(t *testing.T) {
	t.Parallel()
	const checked = `"bodyChecks":[{"at":"/active","is":"eq","value":false}]`
	for name, tt := range map[string]struct {
		status int
		body   string
		expect string
		reason string // "" for a pass
	}{
		"another status":             {500, `{"detail":"disk full"}`, `{"status":200,"bodyChecks":[]}`, "status 500, want [200]"},
		"one of two statuses":        {204, ``, `{"status":[200,204],` + checked + `}`, ""},
		"the other, checked":         {200, `{"active":true}`, `{"status":[200,204],` + checked + `}`, "/active eq false, got true"},
		"the other, right":           {200, `{"active":false}`, `{"status":[200,204],` + checked + `}`, ""},
		"nothing to check":           {200, ``, `{"status":200,` + checked + `}`, "no body"},
		"nothing, nothing asked":     {200, ``, `{"status":200,"bodyChecks":[]}`, ""},
		"not JSON":                   {200, `<html>`, `{"status":200,"bodyChecks":[]}`, "the body is not JSON"},
		"two values":                 {200, `{} {}`, `{"status":200,"bodyChecks":[]}`, "the body is not JSON"},
		"an expected error, checked": {404, `{"status":404}`, `{"status":404,"bodyChecks":[{"at":"/status","is":"eq","value":"404"}]}`, `/status eq "404", got 404`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := run(t, answer(t, tt.status, nil, tt.body), read(t, `{"name":"s","method":"GET","path":"/","expect":`+tt.expect+`}`))
			if tt.reason == "" {
				require.True(t, report.OK(), report.String())
				return
			}
			require.Len(t, report.Failed, 1)
			require.Equal(t, []string{tt.reason}, report.Failed[0].Reasons)
			require.Equal(t, tt.status, report.Failed[0].Status)
		})
	}
}

// Variables reach path, headers, body and checks; captures feed the steps after them; bodies keep their order.
func TestVariables(t *testing.T) {
	t.Parallel()
	type request struct{ method, uri, auth, agent, body string }
	var got []request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, hasAgent := r.Header["User-Agent"]
		got = append(got, request{r.Method, r.RequestURI, r.Header.Get("Authorization"), fmt.Sprint(hasAgent), string(body)})
		_, _ = io.WriteString(w, `{"id":"a\"b","n":7}`)
	}))
	t.Cleanup(server.Close)
	steps := read(t,
		`{"about":"a file","sources":[]}`,
		``,
		`{"name":"one","method":"POST","path":"/Users?filter=a+eq+%22{{run}}%22&","headers":{"Authorization":"Bearer {{token}}","User-Agent":""},"body":{"z":"{{guid}}","a":null},"expect":{"status":200,"bodyChecks":[]},"capture":{"id":"/id","n":"/n"}}`,
		`{"name":"two","method":"PUT","path":"/Users/{{n}}?","body":{"id":"{{id}}"},"expect":{"status":200,"bodyChecks":[{"at":"/id","is":"eq","value":"{{id}}"}]}}`,
		`{"name":"three","method":"GET","path":"/x","body":null,"expect":{"status":200,"bodyChecks":[{"at":"/id","is":"eq","value":"{{later}}"}]}}`,
	)
	require.Equal(t, 3, steps[0].Line)
	runner := replay.Runner{Client: server.Client(), Base: server.URL + "/scim/v2/", Token: "secret-token", Rand: strings.NewReader(strings.Repeat("\x00", 24))}
	report := runner.Run(t.Context(), steps)

	require.Equal(t, "aaaaaaaa", report.Run)
	require.Equal(t, []request{
		{"POST", "/scim/v2/Users?filter=a+eq+%22aaaaaaaa%22&", "Bearer secret-token", "false", `{"z":"00000000-0000-4000-8000-000000000000","a":null}`},
		{"PUT", "/scim/v2/Users/7?", "", "true", `{"id":"a\"b"}`},
	}, got, "the third step is not sent")
	require.Len(t, report.Failed, 1)
	require.Equal(t, []string{"not sent: no value for {{later}}: the step that captures it failed"}, report.Failed[0].Reasons)
	require.Equal(t, "2 passed, 1 failed", lastLine(report.String()))
}

func TestCaptureOfNothingFails(t *testing.T) {
	t.Parallel()
	report := run(t, answer(t, 201, nil, `{"id":null}`), read(t,
		`{"name":"s","method":"POST","path":"/","expect":{"status":201,"bodyChecks":[]},"capture":{"userId":"/id"}}`))
	require.Len(t, report.Failed, 1)
	require.Equal(t, []string{"nothing at /id to capture as userId"}, report.Failed[0].Reasons)
}

// A report is pasted into tickets: the token is never in it.
func TestReportHidesTheToken(t *testing.T) {
	t.Parallel()
	report := run(t, answer(t, 400, nil, `{"detail":"token secret-token\n is odd"}`), read(t,
		`{"name":"s","method":"GET","path":"/{{token}}","expect":{"status":200,"bodyChecks":[]},"confidence":"observed"}`))
	require.NotContains(t, report.String(), "secret-token")
	require.Equal(t, `FAIL line 1 s (observed): GET /[token]: status 400, want [200] | {"detail":"token [token]\n is odd"}`+"\n0 passed, 1 failed\n", report.String())
}

func TestRunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { cancel(); _, _ = io.WriteString(w, `{}`) }))
	t.Cleanup(server.Close)
	step := `{"name":"s","method":"GET","path":"/","expect":{"status":200,"bodyChecks":[]}}`
	report := replay.Run(ctx, server.Client(), server.URL, "secret-token", read(t, step, step, step))
	require.GreaterOrEqual(t, len(report.Failed), 2)
	require.Equal(t, []string{"not sent: context canceled"}, report.Failed[len(report.Failed)-1].Reasons)
}

func TestServerThatIsNotThere(t *testing.T) {
	t.Parallel()
	server := answer(t, 200, nil, `{}`)
	server.Close()
	report := run(t, server, read(t, `{"name":"s","method":"GET","path":"/","expect":{"status":200,"bodyChecks":[]}}`))
	require.Len(t, report.Failed, 1)
	require.Zero(t, report.Failed[0].Status)
}

// A file that says something the runner would not do is refused, with the line.
func TestReadRefuses(t *testing.T) {
	t.Parallel()
	const good = `{"name":"s","method":"GET","path":"/","expect":{"status":200,"bodyChecks":[]}}`
	step := func(check string) string {
		return `{"name":"s","method":"GET","path":"/","expect":{"status":200,"bodyChecks":[` + check + `]}}`
	}
	for line, why := range map[string]string{
		`{`: "line 2", `{"about":"twice"}`: "line 2", good + good: "more than one object",
		`{"name":"s","method":"GET","path":"/","expect":{"status":200},"captures":{}}`:         "captures",
		`{"name":"s","method":"GET","path":"Users","expect":{"status":200}}`:                   "path",
		`{"name":"s","method":"GET","path":"/","expect":{}}`:                                   "status",
		`{"name":"s","method":"GET","path":"/","expect":{"status":"200"}}`:                     "line 2",
		`{"method":"GET","path":"/","expect":{"status":200}}`:                                  "name",
		`{"name":"s","method":"GET","path":"/","expect":{"status":200},"capture":{"id":"id"}}`: "capture id",
		step(`{"at":"/x","is":"like","value":"x"}`):                                            "no such operator",
		step(`{"at":"/x","is":"eq"}`):                                                          "eq",
		step(`{"at":"/x","is":"absent","value":1}`):                                            "takes no value",
		step(`{"at":"/x","is":"type","value":"number"}`):                                       "the value must be",
		step(`{"at":"/x","is":"len","value":1.5}`):                                             "integer",
		step(`{"at":"/x","is":"includes","value":"x"}`):                                        "object",
		step(`{"at":"x","is":"exists"}`):                                                       "pointer",
		step(`{"at":"/x[type=work","is":"exists"}`):                                            "] is missing",
		step(`{"at":"/x[type=work]y","is":"exists"}`):                                          "pointer",
	} {
		_, err := replay.Read(strings.NewReader(good + "\n" + line))
		require.ErrorContains(t, err, why, line)
		require.ErrorContains(t, err, "line 2", line)
	}
	_, err := replay.Load(filepath.Join(t.TempDir(), "none.jsonl"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

// Every fixture can be run, and says where it has each request from.
func TestFixtures(t *testing.T) {
	t.Parallel()
	const folder = "../../testdata/traffic"
	files, err := filepath.Glob(folder + "/*.jsonl")
	require.NoError(t, err)
	var vendors []string
	for _, file := range files {
		vendors = append(vendors, strings.TrimSuffix(filepath.Base(file), ".jsonl"))
	}
	require.Equal(t, []string{"entra", "google", "jumpcloud", "okta", "onelogin", "ping"}, vendors)
	variable := regexp.MustCompile(`\{\{(.*?)\}\}`)
	source := regexp.MustCompile(`https://\S+\.\S+/|RFC 76?[0-9]{2,3} s[0-9]|\.json in [\w-]+/[\w-]+|\(\w+/[\w-]+\)`)
	for i, file := range files {
		t.Run(vendors[i], func(t *testing.T) {
			t.Parallel()
			steps, err := replay.Load(file)
			require.NoError(t, err)
			raw, err := os.ReadFile(file)
			require.NoError(t, err)
			lines := strings.Split(string(raw), "\n")
			var about struct {
				About   string
				Sources []string
			}
			require.NoError(t, json.Unmarshal([]byte(lines[0]), &about))
			require.NotEmpty(t, about.About)
			require.NotEmpty(t, about.Sources)

			known := map[string]bool{"token": true, "run": true, "guid": true}
			names := map[string]int{}
			for _, s := range steps {
				require.Zero(t, names[s.Name], "line %d has the name of line %d: %s", s.Line, names[s.Name], s.Name)
				names[s.Name] = s.Line
				for _, used := range variable.FindAllStringSubmatch(lines[s.Line-1], -1) {
					require.True(t, known[used[1]], "line %d uses %s before anything captures it", s.Line, used[0])
				}
				for name := range s.Capture {
					known[name] = true
				}
				require.Contains(t, []string{"documented", "observed", "inferred", "harness"}, s.Confidence, "line %d", s.Line)
				require.Equal(t, s.Confidence == "harness", s.Role == "verify", "line %d: what we add is a verify step, the rest are the vendor's", s.Line)
				if s.Confidence != "harness" {
					require.Regexp(t, source, s.Source, "line %d", s.Line)
				}
				require.NotEmpty(t, s.Source, "line %d", s.Line)
				hasType := slices.ContainsFunc(headerNames(s), func(n string) bool { return strings.EqualFold(n, "Content-Type") })
				require.True(t, string(s.Body) == "null" || hasType, "line %d sends a body without a media type", s.Line)
				require.True(t, s.Headers["Authorization"] == "Bearer {{token}}" || slices.Equal(s.Expect.Status, replay.Statuses{401}), "line %d", s.Line)
			}
			// Whoever is made is taken away again, so that a file can be run any number of times.
			for _, s := range steps {
				for name, at := range s.Capture {
					if at != "/id" {
						continue
					}
					require.True(t, slices.ContainsFunc(steps, func(d replay.Step) bool {
						return d.Method == http.MethodDelete && strings.Contains(d.Path, "{{"+name+"}}")
					}), "%s is never deleted", name)
				}
			}
		})
	}
}

func headerNames(s replay.Step) []string {
	var names []string
	for name := range s.Headers {
		names = append(names, name)
	}
	return names
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}
