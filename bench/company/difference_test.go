package company

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"usher/persistence/storetest"
)

// planter changes what was pushed, behind the back of who pushed it.
type planter struct {
	*push

	t *testing.T
}

// pushed is a company that was pushed and read back without a difference.
func pushed(t *testing.T, s Server, c Company) planter {
	t.Helper()
	r, err := newRun(s, c)
	require.NoError(t, err)
	require.NoError(t, r.push(t.Context(), ""))
	require.NoError(t, r.read(t.Context()))
	require.Empty(t, r.differences.first)
	r.differences.most = 1000
	return planter{&push{run: r}, t}
}

func (p planter) change(target string, operations ...object) {
	p.t.Helper()
	for _, o := range operations {
		require.NoError(p.t, p.patch(p.t.Context(), target, o))
	}
}

func (p planter) send(method, target string, body any, status int) {
	p.t.Helper()
	require.NoError(p.t, p.client.do(p.t.Context(), method, target, body, nil, status))
}

func (p planter) user(n int) string  { return "/Users/" + p.ids.people.id(n) }
func (p planter) group(n int) string { return "/Groups/" + p.ids.groups.id(n) }

func replace(path string, value any) object {
	return object{"op": "replace", "path": path, "value": value}
}
func remove(path string) object { return object{"op": "remove", "path": path} }

// requireFound says that each of the parts is in a difference.
func (p planter) requireFound(parts ...string) {
	p.t.Helper()
	text := strings.Join(p.differences.first, "\n")
	for _, part := range parts {
		require.Contains(p.t, text, part)
	}
}

// The comparison can fail: whatever is planted is found and named, in each way of reading, and nothing else is.
func TestWhatIsNotAsItWasPushedIsFound(t *testing.T) {
	t.Parallel()
	p := pushed(t, serve(t, storetest.SQLite(t), "planted", nil), Company{Name: "c", People: 40, Groups: 13})
	given := p.nameOf(16).given
	require.NotEqual(t, given, norm.NFC.String(given), "person 16 is to be one whose name is decomposed")
	left := p.Group(3).People[0]

	p.change(p.user(4), replace("title", "Nobody"))
	p.change(p.user(16), replace("name.givenName", norm.NFC.String(given)))
	p.change(p.user(10), remove(`emails[type eq "home"]`))
	p.change(p.user(0), replace("nickName", "Boss"))
	p.change(p.user(37), remove("externalId"))
	p.change(p.user(13), replace("active", true))
	p.change(p.user(9), replace(urnEnterprise+":manager", p.ids.people.id(3)))
	p.change(p.user(36), remove(urnEnterprise))
	p.change(p.group(3), remove(`members[value eq "`+p.ids.people.id(left)+`"]`))
	p.change(p.group(12), object{"op": "add", "path": "members", "value": []any{object{"value": p.ids.people.id(1)}}})
	p.change(p.group(1), remove(`members[value eq "`+p.ids.groups.id(2)+`"]`))
	p.change(p.group(11), replace("displayName", "Others"))
	require.NoError(t, p.read(t.Context()))

	people := []int{4, 16, 10, 0, 37, 13, 9, 36, left, 1}
	for _, found := range []string{
		`person 4: title should be "`, `person 16: name.givenName should be "`, "person 10: emails should be [",
		"person 0: nickName should be absent, and is \"Boss\"", `person 37: externalId should be "c-Ext/0000037", and is absent`,
		"person 13: active should be false, and is true", "person 36: schemas should be [", "person 36: " + urnEnterprise + " should be {",
		"person 9: " + urnEnterprise + ".manager.value should be", "person 9: " + urnEnterprise + ".manager.$ref should be",
		"person 9: " + urnEnterprise + ".manager.displayName should be", "person " + strconv.Itoa(left) + ": groups should be [",
		"person 1: groups should be [", `].display should be "` + brief(p.groupName(11))[1:] + `, and is "Others"`,
		"person 4: meta, which nothing has changed since, should be",
	} {
		p.requireFound(found)
		if who, _, named := strings.Cut(found, ":"); named {
			p.requireFound("read by index: /Users?count=100&startIndex=1: "+who, "read by cursor: /Users?count=1000&cursor=: "+who, "read by id: "+who)
		}
	}
	p.requireFound("group 3: members should be {", `group 12: members should be absent, and is {`, "group 1: members should be {", "group 11: displayName should be")
	people = append(people, p.Group(11).People...)
	for _, named := range regexp.MustCompile(`person (\d+)`).FindAllStringSubmatch(strings.Join(p.differences.first, "\n"), -1) {
		n, err := strconv.Atoi(named[1])
		require.NoError(t, err)
		require.Contains(t, people, n, "nobody touched them")
	}
}

func TestWhoIsGoneOrNewIsFound(t *testing.T) {
	t.Parallel()
	p := pushed(t, serve(t, storetest.SQLite(t), "gone", nil), Company{Name: "c", People: 40, Groups: 13})
	p.send(http.MethodDelete, p.user(39), nil, http.StatusNoContent)
	p.send(http.MethodDelete, p.user(38), nil, http.StatusNoContent)
	p.send(http.MethodPost, "/Users", object{"userName": "stranger"}, http.StatusCreated)
	p.send(http.MethodDelete, p.group(12), nil, http.StatusNoContent)
	for _, by := range []way{byIndex, byCursor} {
		p.differences.first = nil
		require.NoError(t, p.walk(t.Context(), "again", by))
		p.requireFound("totalResults should be 40, and is 39", "person 38 should be", "person 39 should be", "person with the id ",
			"totalResults should be 13, and is 12", "group 12 should be")
	}
	require.ErrorContains(t, p.onePerson(t.Context(), 39), "answered 404")
}

// So it can where nothing is wrong but what the server says.
func TestWhatTheServerSaysWronglyIsFound(t *testing.T) {
	t.Parallel()
	var is, says string
	var lie sync.RWMutex
	p := pushed(t, serve(t, storetest.SQLite(t), "lies", func(honest http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			said := httptest.NewRecorder()
			honest.ServeHTTP(said, r)
			lie.RLock()
			body := said.Body.Bytes()
			if is != "" {
				body = bytes.ReplaceAll(body, []byte(is), []byte(says))
			}
			lie.RUnlock()
			w.WriteHeader(said.Code)
			_, _ = w.Write(body)
		})
	}), Company{Name: "c", People: 12, Groups: 3})
	for _, test := range []struct {
		is, says string
		found    []string
	}{
		{`"totalResults":12`, `"totalResults":11`, []string{"totalResults should be 12, and is 11"}},
		{`"itemsPerPage":12`, `"itemsPerPage":11`, []string{"itemsPerPage should be 12, and is 11"}},
		{`"startIndex":1`, `"startIndex":0`, []string{"startIndex should be 1, and is 0"}},
		{urnList, "urn:list", []string{"schemas should be"}},
		{`"location":"http://`, `"location":"https://`, []string{"meta.location should be"}},
		{`"$ref":"http://`, `"$ref":"https://`, []string{"manager.$ref should be", "groups[0].$ref should be", "].$ref should be"}},
		{`"type":"direct"`, `"type":"indirect"`, []string{"groups[0].type should be"}},
		{`"type":"User"`, `"type":"Group"`, []string{`].type should be "User", and is "Group"`}},
		{`"version":"W/`, `"version":"`, []string{"meta.version is a weak tag should be true, and is false"}},
		{`"created":"2`, `"created":"9`, []string{"meta.created comes first should be true, and is false"}},
		{`"id":"` + p.ids.people.id(7), `"id":"` + p.ids.people.id(8), []string{"person 8 should be \"once in the list\"", "person 7 should be"}},
	} {
		lie.Lock()
		is, says = test.is, test.says
		lie.Unlock()
		p.differences.first = nil
		require.NoError(t, p.read(t.Context()), test.is)
		p.requireFound(test.found...)
	}
}

// A second push that creates or changes something is found too.
func TestWhatASecondPushChangesIsFound(t *testing.T) {
	t.Parallel()
	store := storetest.SQLite(t)
	c := Company{Name: "c", People: 20, Groups: 2}
	t.Run("somebody is created again", func(t *testing.T) {
		t.Parallel()
		p := pushed(t, serve(t, store, "again1", nil), c)
		p.send(http.MethodDelete, p.user(19), nil, http.StatusNoContent)
		require.ErrorContains(t, p.pushAgain(t.Context()), "answered 4") // their old id is asked to be a member
		p.requireFound("number 19, looked up: id should be", "people should be 0, and is 1")
	})
	t.Run("a version moves", func(t *testing.T) {
		t.Parallel()
		p := pushed(t, serve(t, store, "again2", nil), c)
		title := p.Person(4).Body["title"]
		p.change(p.user(4), replace("title", "Nobody"), replace("title", title))
		require.NoError(t, p.pushAgain(t.Context()))
		require.Zero(t, p.differences.count)
		require.NoError(t, p.walk(t.Context(), "again", byCursor))
		p.requireFound("person 4: meta, which nothing has changed since, should be")
		require.Equal(t, 1, p.differences.count)
	})
}

func TestOneOfEachKindOfDifference(t *testing.T) {
	t.Parallel()
	var found []string
	compare("", object{"a": object{"b": []any{"x", true}}, "c": "d", "e": nil, "f": "g", "h": "same"},
		object{"a": object{"b": []any{"x", "true"}}, "c": object{}, "f": []any{}, "h": "same", "i": nil},
		func(path string, want, got any) { found = append(found, path+": "+brief(want)+" → "+brief(got)) })
	require.ElementsMatch(t, []string{
		`a.b[1]: true → "true"`, `c: "d" → {}`, `e: null → absent`, `f: "g" → []`, `i: absent → null`,
	}, found)
	found = nil
	compare("l", []any{"a"}, []any{"a", "b"}, func(path string, _, _ any) { found = append(found, path) })
	compare("o", object{}, "text", func(path string, _, _ any) { found = append(found, path) })
	require.Equal(t, []string{"l", "o"}, found)
	require.Len(t, []rune(brief(strings.Repeat("ж", 1000))), 301)
}

func TestAnAnswerThatIsNoJSONIsAnError(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{"": "EOF", `{"id":`: "unexpected EOF", `{} {}`: "goes on", `{} ]`: "invalid"} {
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }))
		client, err := newClient(Server{URL: web.URL, Connections: 1})
		require.NoError(t, err)
		var doc object
		require.ErrorContains(t, client.do(t.Context(), http.MethodGet, "/Users/1", nil, &doc, http.StatusOK), want, body)
		web.Close()
	}
}
