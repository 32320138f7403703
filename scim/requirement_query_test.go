package scim_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func filters(t *testing.T, s *server) {
	s.user("ana@acme.test", `"displayName":"Ana 100%","title":"_x","name":{"familyName":"Sol"},"emails":[{"value":"ana@work.test","type":"work","primary":true},{"value":"ana@home.test","type":"home"}],"`+enterprise+`":{"department":"R&D"}`)
	s.user("bo@acme.test", `"displayName":"Bo 100","title":"ax","active":false,"emails":[{"value":"bo@work.test","type":"home"}]`)
	s.user(`cy"d@acme.test`, `"displayName":"Ünï","externalId":"E1"`)
	const ana, bo, cy = "ana@acme.test", "bo@acme.test", `cy"d@acme.test`
	tests := map[string][]string{
		`userName eq "ANA@acme.test"`:                     {ana},
		`userName ne "ana@acme.test"`:                     {bo, cy},
		`userName co "O@A"`:                               {bo},
		`userName sw "c"`:                                 {cy},
		`userName ew ".test"`:                             {ana, bo, cy},
		`userName gt "b"`:                                 {bo, cy},
		`userName le "ana@acme.test"`:                     {ana},
		`userName eq "cy\"d@acme.test"`:                   {cy},
		`title pr`:                                        {ana, bo},
		`not (title pr)`:                                  {cy},
		`displayName co "100%"`:                           {ana},
		`title sw "_"`:                                    {ana},
		`displayName eq "üNÏ"`:                            {cy},
		`active eq false`:                                 {bo},
		`active eq "True"`:                                {ana, cy},
		`emails.value eq "ana@home.test"`:                 {ana},
		`emails eq "ANA@home.test"`:                       {ana},
		`emails[type eq "work" and value co "work"]`:      {ana},
		`emails[type eq "work"].value eq "bo@work.test"`:  {},
		`emails[type eq "home" and value ew "work.test"]`: {bo},
		`name.familyName eq "sol"`:                        {ana},
		enterprise + `:department eq "r&d"`:               {ana},
		`externalId eq "E1" or userName sw "ana" and active eq false`:  {cy},
		`(externalId eq "E1" or userName sw "ana") and active eq true`: {ana, cy},
		`not (active eq true) and userName pr`:                         {bo},
		`meta.resourceType eq "User"`:                                  {ana, bo, cy},
		`meta.created gt "2020-01-01T00:00:00Z"`:                       {ana, bo, cy},
		`meta.lastModified lt "2020-01-01T00:00:00Z"`:                  {},
		`schemas eq "` + enterprise + `"`:                              {ana},
		`userName eq ana@acme.test`:                                    {ana},
		`USERNAME EQ "ana@acme.test" AND TITLE PR`:                     {ana},
		`meta.version eq "W/\"1\""`:                                    {ana, bo, cy},
		`meta.location eq "` + s.url + `/Users/nobody"`:                {},
		`urn:ietf:params:scim:schemas:core:2.0:User:userName sw "bo"`:  {bo},
		`emails[not (type eq "work")]`:                                 {ana, bo},
		`nickName eq null`:                                             {ana, bo, cy},
		`userName eq "nobody"`:                                         {},
	}
	for filter, want := range tests {
		got := s.get("/Users?filter=" + escape(filter)).is(200)
		require.ElementsMatch(t, want, got.names("/userName"), filter)
		require.Equal(t, len(want), got.num("/totalResults"), filter)
	}
	for _, bad := range []string{
		"", " ", `userName`, `userName eq`, `userName xx "a"`, `nope eq "a"`, `userName eq "a`, `(userName pr`, `userName pr)`, `userName pr userName pr`,
		`emails[type eq "work"`, `emails[userName eq "x"]`, `not`, `and`, `userName eq "a" or`, `password eq "x"`, `meta.created gt "soon"`, `active gt true`,
		`organisation_id eq "x"`, `passwordHash pr`, "userName eq \"\x01\"", "userName eq \"\xff\"",
	} {
		refused := s.get("/Users?filter=" + escape(bad))
		refused.refused(400, "invalidFilter")
	}
	s.get("/Users?filter=%").refused(400, "invalidSyntax")

	// Whatever a resource shows can be asked for as it is shown.
	boss := s.user("boss")
	id := s.user("member", `"`+enterprise+`":{"manager":{"value":"`+boss+`"}}`)
	group := s.group("of one", id)
	for _, path := range []string{"/Users/" + id, "/Groups/" + group} {
		shown := s.get(path)
		endpoint := path[:strings.LastIndexByte(path, '/')]
		for attribute, value := range leaves("", shown.doc) {
			got := s.get(endpoint + "?filter=" + escape(attribute+" eq "+value))
			require.Contains(t, got.is(200).names("/id"), path[len(endpoint)+1:], "%s eq %s", attribute, value)
			got = s.get(endpoint + "?filter=" + escape(attribute+" pr"))
			require.Contains(t, got.is(200).names("/id"), path[len(endpoint)+1:], "%s pr", attribute)
		}
	}
	s.get("/Groups?filter="+escape(`userName eq "x"`)).refused(400, "invalidFilter")
}

func paging(t *testing.T, s *server) {
	ids := s.people(7)
	tests := []struct {
		query       string
		start, n    int
		from, until int
	}{
		{"", 1, 7, 0, 7}, {"startIndex=1&count=3", 1, 3, 0, 3}, {"startIndex=4&count=3", 4, 3, 3, 6}, {"startIndex=7&count=3", 7, 1, 6, 7},
		{"startIndex=0&count=2", 1, 2, 0, 2}, {"startIndex=-9&count=2", 1, 2, 0, 2}, {"count=-3", 1, 0, 0, 0}, {"count=0", 1, 0, 0, 0},
		{"startIndex=8", 8, 0, 0, 0}, {"startIndex=100001&count=100", 100001, 0, 0, 0}, {"startIndex=3", 3, 5, 2, 7},
		{"startIndex=99999999999999999999", 2147483647, 0, 0, 0},
	}
	for _, test := range tests {
		got := s.get("/Users?" + test.query).is(200)
		require.Equal(t, []any{"urn:ietf:params:scim:api:messages:2.0:ListResponse"}, got.at("/schemas"))
		require.Equal(t, 7, got.num("/totalResults"), test.query)
		require.Equal(t, test.start, got.num("/startIndex"), test.query)
		require.Equal(t, test.n, got.num("/itemsPerPage"), test.query)
		require.Equal(t, append([]string{}, ids[test.from:test.until]...), got.names("/id"), test.query)
	}
	require.Equal(t, 7, s.get("/Users?count=0&filter=userName+sw+%22person%22").num("/totalResults"))
	for _, bad := range []string{"startIndex=a", "count=1.0", "count=ten", "startIndex=0x1"} {
		s.get("/Users?"+bad).refused(400, "invalidValue")
	}
	require.Equal(t, 0, s.get("/Groups").is(200).num("/totalResults"))
	require.Empty(t, s.get("/Groups").list("/Resources"))
}

func pageSizes(t *testing.T, s *server) {
	s.people(1003)
	require.Equal(t, 100, s.get("/Users").num("/itemsPerPage"))
	for _, count := range []string{"1000", "1001", "9999999999999999999999"} {
		got := s.get("/Users?attributes=id&count=" + count).is(200)
		require.Equal(t, 1000, got.num("/itemsPerPage"))
		require.Equal(t, 1003, got.num("/totalResults"))
		require.Len(t, got.list("/Resources"), 1000)
	}
	require.Equal(t, 3, s.get("/Users?count=1000&startIndex=1001").num("/itemsPerPage"))
	require.Len(t, s.get("/Users?count=1000&cursor&attributes=id").list("/Resources"), 1000)
}

func sorting(t *testing.T, s *server) {
	s.user("b", `"title":"Zed","emails":[{"value":"z@x.test"},{"value":"a@x.test","primary":true}]`)
	s.clock.add(time.Millisecond) // what is made in one is in order of id
	s.user("A", `"title":"alpha","emails":[{"value":"m@x.test"}],"active":false`)
	s.clock.add(time.Millisecond)
	s.user("c", `"name":{"familyName":"Sol"}`)
	for query, want := range map[string][]string{
		"sortBy=userName":                                {"A", "b", "c"},
		"sortBy=userName&sortOrder=descending":           {"c", "b", "A"},
		"sortBy=USERNAME&sortOrder=Ascending":            {"A", "b", "c"},
		"sortBy=title":                                   {"A", "b", "c"},
		"sortBy=title&sortOrder=descending":              {"c", "b", "A"},
		"sortBy=emails.value":                            {"b", "A", "c"},
		"sortBy=emails":                                  {"b", "A", "c"},
		"sortBy=name.familyName&sortOrder=descending":    {"b", "A", "c"},
		"sortBy=meta.created":                            {"b", "A", "c"},
		"sortBy=meta.lastModified&sortOrder=descending":  {"c", "A", "b"},
		"sortBy=active&count=1":                          {"A"},
		"sortBy=userName&startIndex=2&count=1":           {"b"},
		"sortBy=" + enterprise + ":department&count=3":   {"b", "A", "c"},
		"sortBy=id&sortOrder=descending":                 {"c", "A", "b"},
		"sortBy=userName&filter=" + escape(`title pr`):   {"A", "b"},
		"sortOrder=descending":                           {"b", "A", "c"},
		"sortBy=externalId&sortOrder=ascending&count=10": {"b", "A", "c"},
	} {
		require.Equal(t, want, s.get("/Users?"+query).is(200).names("/userName"), query)
	}
	for _, bad := range []string{"sortBy=nope", "sortBy=password", "sortBy=name", "sortBy=userName&sortOrder=up", "sortOrder=sideways", "sortBy=" + escape("userName; DROP TABLE users"), "sortBy=" + enterprise} {
		s.get("/Users?"+bad).refused(400, "invalidValue")
	}
}

func searchAndRoot(t *testing.T, s *server) {
	ana, bo := s.user("ana", `"displayName":"Mid"`), s.user("bo", `"displayName":"Zed"`)
	g, h := s.group("Alpha", ana), s.group("Pi")

	search := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],"filter":"userName sw \"a\"","attributes":["userName"],"count":5,"startIndex":1,"sortBy":"userName"}`
	got := s.post("/Users/.search", search).is(200)
	require.Equal(t, []string{ana}, got.names("/id"))
	require.ElementsMatch(t, []string{"id", "schemas", "userName"}, keys(got.at("/Resources/0")))
	require.Equal(t, []string{g, h}, s.post("/Groups/.search", `{"excludedAttributes":["members"]}`).is(200).names("/id"))
	require.NotContains(t, s.post("/Groups/.search", `{"excludedAttributes":"members"}`).text, ana)
	s.post("/Users/.search", `{"filter":"nope"}`).refused(400, "invalidFilter")
	s.post("/Users/.search", `{"filter":""}`).refused(400, "invalidFilter")
	s.post("/Users/.search", `[]`).refused(400, "invalidSyntax")
	s.get("/Users/.search").refused(405, "")

	all := []string{ana, bo, g, h}
	for _, root := range []func(string) answer{
		func(q string) answer { return s.get("/?" + q) },
		func(q string) answer { return s.get("?" + q) },
		func(q string) answer { return s.post("/.search", queryBody(q)) },
	} {
		require.Equal(t, all, root("").is(200).names("/id"))
		require.Equal(t, []string{bo, g}, root("startIndex=2&count=2").names("/id"))
		require.Equal(t, []string{h}, root("startIndex=4&count=2").names("/id"))
		require.Equal(t, 4, root("startIndex=9&count=2").num("/totalResults"))
		require.Equal(t, 4, root("count=0").num("/totalResults"))
		require.Equal(t, []string{g, ana, h, bo}, root("sortBy=displayName").names("/id"))
		require.Equal(t, []string{bo, h, ana, g}, root("sortBy=displayName&sortOrder=descending").names("/id"))
		require.Equal(t, []string{ana, h}, root("sortBy=displayName&startIndex=2&count=2").names("/id"))
		require.Equal(t, []string{ana, bo, g, h}, root("sortBy=userName").names("/id"), "who has no userName comes last")
		require.Equal(t, []string{g, h, bo, ana}, root("sortBy=userName&sortOrder=descending").names("/id"))
		require.Equal(t, []string{g, ana}, root("sortBy=displayName&filter="+escape(`displayName lt "n"`)).names("/id"))
		require.Equal(t, []string{ana}, root("filter="+escape(`userName eq "ana"`)).names("/id"), "selects no group")
		require.Equal(t, []string{ana, g}, root("filter="+escape(`userName eq "ana" or displayName eq "alpha"`)).names("/id"))
		require.Equal(t, []string{g}, root("filter="+escape(`members.value eq "`+ana+`"`)).names("/id"))
		require.Equal(t, []string{g, h}, root("filter="+escape(`meta.resourceType eq "Group"`)).names("/id"))
		require.Equal(t, []string{bo, g, h}, root("filter="+escape(`userName ne "ana"`)).names("/id"), "without value is not ana (RFC 7644 section 3.4.2.1)")
		root("filter="+escape(`nobody pr`)).refused(400, "invalidFilter")
		root("sortBy=nobody").refused(400, "invalidValue")
		root("sortBy=password").refused(400, "invalidValue")
	}
	require.Equal(t, "User", s.get("/").at("/Resources/0/meta/resourceType"))
	require.Equal(t, ana, s.get("/").at("/Resources/2/members/0/value"))
	s.post("/", `{}`).refused(405, "")

	// However it is cut, the merged order is one.
	for i := range 9 {
		s.user(fmt.Sprintf("u%d", i), fmt.Sprintf(`"displayName":"N%d"`, i*5%9))
		s.group(fmt.Sprintf("N%d", i*4%9))
	}
	whole := s.get("/?sortBy=displayName").names("/id")
	require.Len(t, whole, 22)
	for _, order := range []string{"ascending", "descending"} {
		whole := s.get("/?sortBy=displayName&sortOrder=" + order).names("/id")
		for _, count := range []int{1, 3, 8} {
			var pieces []string
			for start := 1; start <= 22; start += count {
				pieces = append(pieces, s.get(fmt.Sprintf("/?sortBy=displayName&sortOrder=%s&startIndex=%d&count=%d", order, start, count)).names("/id")...)
			}
			require.Equal(t, whole, pieces, "%s by %d", order, count)
			require.Equal(t, whole, s.walk("/", fmt.Sprintf("sortBy=displayName&sortOrder=%s&count=%d", order, count)))
		}
	}
}

// queryBody is the query of a URL as a search request.
func queryBody(query string) map[string]any {
	body := map[string]any{}
	for pair := range strings.SplitSeq(query, "&") {
		if name, value, ok := strings.Cut(pair, "="); ok {
			body[name] = unescape(value)
			if n, err := strconv.Atoi(value); err == nil {
				body[name] = n
			}
		}
	}
	return body
}

// walk reads a list by cursor to its end and gives the ids.
func (s *server) walk(path, query string) []string {
	s.t.Helper()
	var ids []string
	next, total := "", -1
	for page := 0; ; page++ {
		require.Less(s.t, page, 1000, "no end")
		got := s.get(path + "?" + query + "&cursor=" + next).is(200)
		require.Nil(s.t, got.at("/startIndex"))
		if total >= 0 {
			require.Equal(s.t, total, got.num("/totalResults"))
		}
		total = got.num("/totalResults")
		require.Len(s.t, got.list("/Resources"), got.num("/itemsPerPage"))
		ids = append(ids, got.names("/id")...)
		if got.at("/nextCursor") == nil {
			return ids
		}
		require.NotEmpty(s.t, got.list("/Resources"), "a page that is not the last holds something")
		next = got.str("/nextCursor")
		require.Equal(s.t, next, escape(next), "a cursor goes into a URL as it is")
	}
}

func cursorPaging(t *testing.T, s *server) {
	ids := s.people(23)
	for i, id := range ids {
		if i%3 != 0 {
			s.patch("/Users/"+id, fmt.Sprintf(`{"op":"add","path":"title","value":"T%d"}`, i%5)).is(200)
		}
	}
	require.Equal(t, ids, s.walk("/Users", "count=5"))
	require.Equal(t, ids, s.walk("/Users", "count=23"), "the last page says that it is the last")
	require.Equal(t, ids, s.walk("/Users", ""))
	require.Empty(t, s.walk("/Groups", "count=5"))
	for _, query := range []string{
		"sortBy=title", "sortBy=title&sortOrder=descending", "sortBy=userName&sortOrder=descending", "filter=" + escape(`title pr`),
		"sortBy=meta.lastModified", "sortBy=name.familyName", "filter=" + escape(`userName co "1"`) + "&sortBy=title",
	} {
		want := s.get("/Users?count=100&" + query).names("/id")
		for _, count := range []string{"1", "4", "7", "100"} {
			require.Equal(t, want, s.walk("/Users", "count="+count+"&"+query), "%s by %s", query, count)
		}
	}
	for i := range 4 {
		s.group(fmt.Sprintf("g%d", i))
	}
	groups := s.get("/Groups").names("/id")
	for count := 1; count < 30; count += 3 {
		require.Equal(t, slices.Concat(ids, groups), s.walk("/", fmt.Sprintf("count=%d", count)))
	}

	// What comes and goes between two pages moves nobody else; a rotated token goes on.
	first := s.get("/Users?cursor&count=10").is(200)
	require.Equal(t, 23, first.num("/totalResults"))
	s.delete("/Users/" + ids[0]).is(204)
	s.person("newcomer")
	other := s.sameStore()
	s.token = s.rotate()
	other.token = s.token
	second := other.get("/Users?count=10&cursor=" + first.str("/nextCursor")).is(200)
	require.Equal(t, ids[10:20], second.names("/id"))
	require.Equal(t, 23, second.num("/totalResults"))
	require.ElementsMatch(t, []string{"id", "schemas", "userName"}, keys(s.get("/Users?attributes=userName&count=10&cursor="+first.str("/nextCursor")).at("/Resources/0")))
	require.Equal(t, ids[10:20], s.post("/Users/.search", map[string]any{"count": 10, "cursor": first.str("/nextCursor")}).is(200).names("/id"))
	config := s.get("/ServiceProviderConfig")
	require.Equal(t, true, config.at("/pagination/cursor"))
	require.Equal(t, "index", config.at("/pagination/defaultPaginationMethod"))

	// A sort key that is too long for a URL.
	for i := range 5 {
		s.user(fmt.Sprintf("long%d", i), `"nickName":"`+strings.Repeat("n", 5000)+strconv.Itoa(i*3%5)+`"`)
	}
	query := "filter=" + escape(`nickName pr`) + "&sortBy=nickName"
	require.Equal(t, s.get("/Users?"+query).names("/id"), s.walk("/Users", query+"&count=2"))
	require.Less(t, len(s.get("/Users?count=2&cursor&"+query).str("/nextCursor")), 4096)
}

func cursorRefused(t *testing.T, s *server) {
	s.people(5)
	s.group("a")
	s.group("b")
	next := s.get("/Users?cursor&count=2").str("/nextCursor")
	ask := func(on *server, path, query string) answer { return on.get(path + "?" + query + "&cursor=" + next) }
	ask(s, "/Users", "count=2").is(200)
	ask(s, "/Users", "count=3").refused(400, "invalidCursor")
	ask(s, "/Users", "").refused(400, "invalidCursor")
	ask(s, "/Users", "count=2&filter=userName+pr").refused(400, "invalidCursor")
	ask(s, "/Users", "count=2&sortBy=userName").refused(400, "invalidCursor")
	ask(s, "/Users", "count=2&sortOrder=descending").refused(400, "invalidCursor")
	ask(s, "/Groups", "count=2").refused(400, "invalidCursor")
	ask(s, "/", "count=2").refused(400, "invalidCursor")
	ask(s.connection("other"), "/Users", "count=2").refused(400, "invalidCursor")
	ask(s.stranger(), "/Users", "count=2").refused(400, "invalidCursor")
	s.get("/Users?count=2&cursor=x"+next).refused(400, "invalidCursor")
	s.get("/Users?count=2&cursor="+next[1:]).refused(400, "invalidCursor")
	s.get("/Users?count=2&cursor="+escape("' OR 1=1 --")).refused(400, "invalidCursor")
	s.get("/Users?count=0&cursor").refused(400, "invalidCount")
	s.get("/Users?count=-1&cursor="+next).refused(400, "invalidCount")
	s.get("/Users?startIndex=1&cursor").refused(400, "invalidValue")
	s.clock.add(25 * time.Hour)
	ask(s, "/Users", "count=2").refused(400, "expiredCursor")
}

// rotate gives the connection another token and ends the one it had.
func (s *server) rotate() string {
	s.t.Helper()
	return rotateToken(s.t, s.store, s.tenant.Organisation.ID, s.tenant.Connection.ID, mustBearer(s.t, s.token))
}
