package pgbench_test

import (
	"bytes"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/bench/people"
	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
	"usher/scim"
)

// update writes what is read into the scripts anew: go test ./bench/pgbench -update. Writes are changed by hand.
var update = flag.Bool("update", false, "write the statements that read into the scripts")

// The scripts run the statements that Usher sends for the same operation: all of them, and no other.
func TestTheScriptsAreWhatUsherSends(t *testing.T) {
	t.Parallel()
	database := storetest.PostgresURL(t)
	made, err := domain.NewInstallation(storetest.Open(t, database), environment(), bytes.NewReader(make([]byte, 1000))).
		CreateOrganisation(t.Context(), domain.OrganisationSpec{Slug: "acme"})
	require.NoError(t, err)
	recorder, through := record(t, database)
	server := serve(t, through, made.TokenText)
	id := func(body string) string { return body[strings.Index(body, `"id":"`)+6:][:36] }

	// The token is looked up before a person is created. It is left out of the limit.
	const tokenLookUp = "SELECT t.connection_id, c.kind"
	server.send(t, http.MethodGet, "/ServiceProviderConfig", "") // opens a connection and looks the token up
	recorder.take()

	person := id(server.send(t, http.MethodPost, "/Users", string(people.Company("x").Person(1).AppendJSON(nil))))
	create := recorder.take()
	require.False(t, slices.ContainsFunc(create, func(s string) bool { return strings.Contains(s, tokenLookUp) }))
	compare(t, create, statements(t, "create.sql"))

	server = serve(t, through, made.TokenText) // statements are parsed once a connection: new ones
	server.send(t, http.MethodGet, "/ServiceProviderConfig", "")
	recorder.take()
	const patch = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"active","value":`
	server.send(t, http.MethodPatch, "/Users/"+person, patch+`false}]}`)
	server.send(t, http.MethodPatch, "/Users/"+person, patch+`true}]}`)
	sent := recorder.take()
	rewrite(t, "patch.sql", sent)
	compare(t, sent, statements(t, "patch.sql"))

	server.send(t, http.MethodPost, "/Groups", `{"displayName":"Team","members":[{"value":"`+person+`"}]}`)
	recorder.take()
	server.send(t, http.MethodGet, "/Users?startIndex=1&count=100", "")
	sent = recorder.take()
	rewrite(t, "list.sql", sent)
	compare(t, sent, statements(t, "list.sql"))
}

// parameters of statements that read, by what stands before them.
var (
	compared = regexp.MustCompile(`(\w+)( = | > )\$\d+`)
	proven   = regexp.MustCompile(`\) = \$\d+`)
	listed   = regexp.MustCompile(`unnest\(\$\d+::uuid\[\]\)`)
	variable = map[string]string{
		"organisation_id": ":org", "connection_id": ":connection",
		"user_id": "(:prefix::text || '8' || lpad(to_hex(:person::bigint), 15, '0'))::uuid",
	}
)

const firstPage = `unnest((ARRAY(SELECT user_id FROM users WHERE organisation_id = :org AND connection_id = :connection AND archived_at IS NULL ORDER BY user_id LIMIT 100))::uuid[])`

// rewrite replaces the statements of a script that read by those that were sent, when it is asked to.
func rewrite(t *testing.T, file string, sent []string) {
	t.Helper()
	if !*update {
		return
	}
	var reads []string
	for _, s := range sent {
		if !strings.HasPrefix(s, "SELECT u.") && !strings.HasPrefix(s, "SELECT listed.") {
			continue
		}
		s = compared.ReplaceAllStringFunc(s, func(part string) string {
			found := compared.FindStringSubmatch(part)
			return found[1] + found[2] + variable[found[1]]
		})
		s = proven.ReplaceAllString(s, ") = :access")
		s = listed.ReplaceAllString(s, firstPage)
		require.NotRegexp(t, `\$\d`, s, "a parameter that is not known here: write the script by hand")
		reads = append(reads, s)
	}
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	script := string(text)
	from := strings.Index(script, "SELECT u.organisation_id")
	require.Positive(t, from)
	end := " \\gset\n"
	to := strings.Index(script, end)
	if to < 0 {
		end, to = ";\n", len(script)-2
	}
	script = script[:from] + strings.Join(reads, ";\n") + end + script[to+len(end):]
	require.NoError(t, os.WriteFile(file, []byte(script), 0o644))
}

// compare wants each of the sent statements in the script and the other way round.
func compare(t *testing.T, sent, script []string) {
	t.Helper()
	for _, s := range sent {
		require.True(t, slices.ContainsFunc(script, pattern(s).MatchString), "the script does not run what Usher sends:\n%s", s)
	}
	for _, s := range script {
		require.True(t, slices.ContainsFunc(sent, func(of string) bool { return pattern(of).MatchString(s) }), "Usher does not send what the script runs:\n%s", s)
	}
}

var (
	guard     = regexp.MustCompile(`^WITH done AS \((.*) RETURNING 1\) SELECT 1/count\(\*\) FROM done$`)
	parameter = regexp.MustCompile(`\\\$\d+`)
	space     = regexp.MustCompile(`\s+`)
)

// pattern matches a sent statement with anything for its parameters, and without its guard.
func pattern(sent string) *regexp.Regexp {
	text := space.ReplaceAllString(strings.TrimSpace(sent), " ")
	if inner := guard.FindStringSubmatch(text); inner != nil {
		text = inner[1]
	}
	return regexp.MustCompile("^" + parameter.ReplaceAllString(regexp.QuoteMeta(text), ".+?") + "$")
}

// statements are those of a script, the transaction's own excepted.
func statements(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var lines []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "--"), strings.HasPrefix(line, `\`):
		case strings.HasSuffix(line, ` \gset`):
			lines = append(lines, strings.TrimSuffix(line, ` \gset`)+";")
		default:
			lines = append(lines, line)
		}
	}
	var list []string
	for s := range strings.SplitSeq(strings.Join(lines, " "), ";") {
		s = strings.TrimSpace(space.ReplaceAllString(s, " "))
		if s != "" && s != "BEGIN" && s != "COMMIT" {
			list = append(list, s)
		}
	}
	return list
}

func environment() domain.Environment { return domain.Environment{Now: time.Now, NewID: uuid.NewV7} }

// server is Usher without a socket.
type server struct {
	http.Handler

	token string
}

func serve(t *testing.T, database, token string) server {
	t.Helper()
	store, err := persistence.Open(t.Context(), persistence.Config{URL: database, Connections: 1})
	require.NoError(t, err)
	t.Cleanup(func() { _ = store.Close() })
	handler, err := scim.New(scim.Config{
		Directory: domain.NewDirectory(store, environment()), BaseURL: func() string { return "http://usher.test/scim/v2" },
		CursorKey: make([]byte, 32), Now: time.Now, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	require.NoError(t, err)
	return server{handler, token}
}

func (s server) send(t *testing.T, method, path, body string) string {
	t.Helper()
	r := httptest.NewRequest(method, "/scim/v2"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+s.token)
	r.Header.Set("Content-Type", "application/scim+json")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	require.Less(t, w.Code, 300, w.Body.String())
	return w.Body.String()
}
