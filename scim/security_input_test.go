package scim_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/scim"
)

func brokenText(t *testing.T, s *server) {
	id := s.user("ana")
	for name, text := range map[string]string{
		"NUL": `a\u0000b`, "raw NUL": "a\x00b", "broken UTF-8": "a\xffb", "overlong": "\xc0\xaf", "half a surrogate": `\ud800`, "half a surrogate at the end": `x\ud83d`,
		"surrogates in the wrong order": `\udc00\ud800`, "UTF-8 of a surrogate": "\xed\xa0\x80", "control character": "a\x01b", "bare newline": "a\nb",
	} {
		for _, body := range []answer{
			s.post("/Users", `{"userName":"`+text+`"}`), s.post("/Users", `{"userName":"x","title":"`+text+`"}`), s.post("/Users", `{"userName":"x","`+text+`":"y"}`),
			s.put("/Users/"+id, `{"userName":"ana","title":"`+text+`"}`), s.patch("/Users/"+id, `{"op":"add","path":"title","value":"`+text+`"}`),
			s.post("/Groups", `{"displayName":"`+text+`"}`), s.post("/Users/.search", `{"filter":"title eq \"`+text+`\""}`), s.bulk(postOp("/Users", "a", `{"userName":"`+text+`"}`)),
		} {
			require.Equal(t, 400, body.status, "%s: %s", name, body.text)
		}
	}
	for _, raw := range []string{"%00", "%ff", "a%00b", "%ed%a0%80"} {
		s.get("/Users?filter=userName+eq+%22"+raw+"%22").refused(400, "invalidFilter")
		s.get("/Users/"+raw).refused(404, "")
		s.get("/Users?sortBy="+raw).refused(400, "invalidValue")
		s.get("/Users?attributes=" + raw).is(200)
		s.get("/Users?cursor="+raw).refused(400, "invalidCursor")
	}
	big := strings.Repeat("ä", 500_000)
	got := s.post("/Users", `{"userName":"`+big+`"}`)
	require.Equal(t, 400, got.status)
	require.Less(t, len(got.text), 4096)
	stored := s.post("/Users", `{"userName":"big","nickName":"`+big+`"}`)
	if stored.status == 201 {
		require.Equal(t, big, s.get("/Users/"+stored.str("/id")).at("/nickName"))
	} else {
		require.Equal(t, 400, stored.status)
	}
	require.Empty(t, s.log.String(), "never a 500")
}

func secrets(t *testing.T, s *server) {
	id := s.user("ana", `"password":"hunter2-Secret"`)
	for _, name := range []string{"password", "PASSWORD", domain.URNUser + ":password"} {
		s.get("/Users?sortBy="+name).refused(400, "invalidValue")
		s.get("/Users?attributes=userName,"+name).refused(400, "invalidValue")
		s.get("/Users/"+id+"?attributes="+name).refused(400, "invalidValue")
		s.get("/Users?filter="+escape(name+` sw "h"`)).refused(400, "invalidFilter")
		s.post("/.search", map[string]any{"sortBy": name}).refused(400, "invalidValue")
		s.get("/?filter="+escape(name+" pr")).refused(400, "invalidFilter")
	}
}

func sqlInjection(t *testing.T, s *server) {
	s.user("ana", `"displayName":"Ana"`)
	s.user("bo")
	for _, sql := range []string{`' OR '1'='1`, `'; DROP TABLE users; --`, `" OR ""="`, `%`, `_`, `a%' --`, `\`, `$1`, `?`, `:x`, `1); SELECT pg_sleep(9); --`, `*`, `ana'`} {
		quoted := strconv.Quote(sql)
		for _, operator := range []string{"eq", "co", "gt"} {
			for _, attribute := range []string{"userName", "displayName", "emails.value", "title", "id", "externalId", "groups.value"} {
				got := s.get("/Users?filter=" + escape(attribute+" "+operator+" "+quoted)).is(200)
				if operator != "gt" {
					require.Equal(t, 0, got.num("/totalResults"), "%s %s %s", attribute, operator, sql)
				}
			}
		}
		s.get("/Users/"+escape(sql)).refused(404, "")
		s.get("/Users?sortBy="+escape(sql)).refused(400, "invalidValue")
		s.get("/Users?sortBy="+escape("userName"+sql)).refused(400, "invalidValue")
		s.get("/Users?cursor="+escape(sql)).refused(400, "invalidCursor")
		s.get("/Users?count="+escape(sql)).refused(400, "invalidValue")
		s.get("/Users?attributes=" + escape(sql)).is(200)
		id := s.post("/Users", map[string]any{"userName": sql + "x", "title": sql, "externalId": sql}).is(201).str("/id")
		require.Equal(t, sql, s.get("/Users/"+id).at("/title"))
		s.delete("/Users/" + id).is(204)
	}
	require.Equal(t, 2, s.get("/Users").num("/totalResults"))
	require.Empty(t, s.log.String())
}

func bounds(t *testing.T, s *server) {
	deep := strings.Repeat("(", 1000) + `userName eq "a"` + strings.Repeat(")", 1000)
	nots := strings.Repeat("not (", 1000) + `userName pr` + strings.Repeat(")", 1000)
	terms := strings.Repeat(`userName pr or `, 10_000) + "userName pr"
	for name, filter := range map[string]string{"deep": deep, "nots": nots, "terms": terms, "long": `userName eq "` + strings.Repeat("a", 9000) + `"`} {
		begin := time.Now()
		s.post("/Users/.search", map[string]any{"filter": filter}).refused(400, "invalidFilter")
		s.post("/.search", map[string]any{"filter": filter}).refused(400, "invalidFilter")
		require.Less(t, time.Since(begin), 5*time.Second, name) // generous: other tests run beside this one
	}
	nested := strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_000)
	lists := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
	for _, endpoint := range []string{"/Users", "/Groups", "/Bulk", "/.search"} {
		s.post(endpoint, nested).refused(400, "invalidSyntax")
		s.post(endpoint, lists).refused(400, "invalidSyntax")
		s.post(endpoint, `{"x":`+nested+`}`).refused(400, "invalidSyntax")
	}
	bomb := zeros(t, 32<<20)
	big := func(n int) string { return `{"userName":"a","x":"` + strings.Repeat("y", n) + `"}` }
	for endpoint, limit := range map[string]int{"/Users": 1 << 20, "/Bulk": 1 << 20, "/.search": 1 << 20, "/Groups": 16 << 20} {
		s.post(endpoint, big(limit)).refused(413, "")
		s.post(endpoint, io.MultiReader(strings.NewReader(big(limit))), "Transfer-Encoding", "chunked").refused(413, "")
		s.post(endpoint, bomb, "Content-Encoding", "gzip").refused(413, "")
	}
	s.post("/Users", big(1<<20-100)).is(201)
	id := s.get("/Users").str("/Resources/0/id")
	s.put("/Users/"+id, big(1<<20)).refused(413, "")
	s.do("PATCH", "/Users/"+id, big(1<<20)).refused(413, "")

	// An endless body is not read to its end.
	r, err := http.NewRequest(http.MethodPost, s.url+"/Users", endless{})
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+s.token)
	resp, err := http.DefaultClient.Do(r)
	if err == nil { // the server may have cut the connection before the client looked for the answer
		require.Equal(t, 413, resp.StatusCode)
		resp.Body.Close()
	}
	operations := strings.Repeat(`{"op":"add","path":"title","value":"x"},`, 1000) + `{"op":"add","path":"title","value":"x"}`
	s.patch("/Users/"+id, operations).refused(400, "tooMany")
	require.Empty(t, s.log.String())
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

// zeros is a small gzip of n spaces.
func zeros(t *testing.T, n int) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.CopyN(w, endless{}, int64(n))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.Less(t, b.Len(), 1<<20)
	return b.Bytes()
}

func bulkBounds(t *testing.T, s *server) {
	tooMany := make([]string, 1001)
	for i := range tooMany {
		tooMany[i] = postOp("/Users", itoa(i), `{}`)
	}
	s.bulk(tooMany...).refused(413, "")
	require.Len(t, s.bulk(tooMany[:1000]...).is(200).list("/Operations"), 1000)
	s.bulk(postOp("/Users", "x", `{"userName":"a","x":"`+strings.Repeat("y", 1<<20)+`"}`)).refused(413, "")

	// A ring of groups, each in the one before; then one of them fails, and nothing is left; then everybody in everybody.
	ring := make([]string, 100)
	for i := range ring {
		ring[i] = postOp("/Groups", itoa(i), `{"displayName":"ring","members":[{"value":"bulkId:`+itoa((i+1)%len(ring))+`"}]}`)
	}
	got := s.bulk(ring...).is(200)
	for _, status := range got.statuses() {
		require.Equal(t, "201", status)
	}
	require.Equal(t, 100, s.get("/Groups?count=0").num("/totalResults"))
	require.Equal(t, []string{got.created(0)}, s.get("/Groups/"+got.created(99)).members())
	ring[50] = postOp("/Groups", "50", `{"members":[{"value":"bulkId:51"}]}`)
	for i, status := range s.bulk(ring...).is(200).statuses() {
		require.Equal(t, map[bool]string{true: "400", false: "409"}[i == 50], status)
	}
	require.Equal(t, 100, s.get("/Groups?count=0").num("/totalResults"))
	all := make([]string, 40)
	for i := range all {
		members := make([]string, len(all))
		for j := range members {
			members[j] = `{"value":"bulkId:` + itoa(j) + `"}`
		}
		all[i] = postOp("/Groups", itoa(i), `{"displayName":"all","members":[`+strings.Join(members, ",")+`]}`)
	}
	got = s.bulk(all...).is(200)
	require.Equal(t, "201", got.at("/Operations/39/status"), got.text)
	require.Len(t, s.get("/Groups/"+got.created(20)).list("/members"), 40)
}

func flood(t *testing.T, s *server) {
	limited := newServerWith(t, s.store, func(c *scim.Config) {
		c.Limiter = domain.NewLimiter(s.store, domain.Environment{Now: time.Now, NewID: uuid.NewV7}, 5)
	})
	quiet := limited.stranger()
	refused := 0
	for range 60 {
		got := limited.get("/Users?count=0")
		if got.status == 429 {
			refused++
			got.refused(429, "")
			after, err := strconv.Atoi(got.header.Get("Retry-After"))
			require.NoError(t, err)
			require.GreaterOrEqual(t, after, 1)
		} else {
			got.is(200)
		}
	}
	require.Positive(t, refused)
	quiet.get("/Users").is(200)
	require.Contains(t, limited.ledger.all(domain.TallyRefused), "GET /Users 429 rate_limited")
	require.Empty(t, quiet.refusedOf(quiet.tenant))
}

func nothingInLogs(t *testing.T, s *server) {
	const value = "Needle-4711"
	id := s.user("ana", `"password":"`+value+`"`)
	s.get("/Users?filter="+escape(`userName eq "`+value)).refused(400, "invalidFilter")
	s.get("/Users?filter="+escape(value+` eq "`+value+`"`)).refused(400, "invalidFilter")
	s.patch("/Users/"+id, `{"op":"add","path":"emails[value eq \"`+value+`\" and].type","value":"x"}`).is(400)
	s.patch("/Users/"+id, `{"op":"remove","path":"emails[value eq \"`+value+`\"]"}`).refused(400, "noTarget")
	s.post("/Users", `{"`+value+`":`).refused(400, "invalidSyntax")
	s.post("/Users", `{"`+value+`":1,"`+value+`":2}`).refused(400, "invalidSyntax")
	s.get("/Users", "Authorization", "", "Authorization", "Bearer usher_scim_"+value).refused(401, "")
	require.NotContains(t, s.log.String(), value)
	require.NotContains(t, s.log.String(), s.token)
	for _, e := range s.ledger.entries {
		require.NotContains(t, e.What+e.Detail, value)
		require.NotContains(t, e.What+e.Detail, s.token)
		require.Equal(t, requestID, e.RequestID)
	}
	require.Contains(t, s.ledger.all(domain.TallyRefused), "GET /Users 400 invalid_filter")
}
