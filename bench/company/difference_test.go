package company

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/persistence/storetest"
)

// plant is something that goes wrong after the push, and what the report must say of it.
type plant struct {
	name  string
	plant func(p planter)
	found []string // in a difference, each
}

// planter changes what was pushed behind the back of who pushed it.
type planter struct {
	*push

	t *testing.T
}

func (p planter) change(target string, operations ...object) {
	p.t.Helper()
	for _, o := range operations {
		require.NoError(p.t, p.patch(context.Background(), target, o))
	}
}

func (p planter) user(n int) string  { return "/Users/" + p.ids.people.id(n) }
func (p planter) group(n int) string { return "/Groups/" + p.ids.groups.id(n) }

func (p planter) send(method, target string, body any, status int) {
	p.t.Helper()
	require.NoError(p.t, p.client.do(context.Background(), method, target, body, nil, status))
}

func replace(path string, value any) object { return object{"op": "replace", "path": path, "value": value} }

// The comparison can fail: whatever is planted is found, and named.
func TestWhatIsNotAsItWasPushedIsFound(t *testing.T) {
	t.Parallel()
	store := storetest.SQLite(t)
	for i, test := range []plant{
		{"a title", func(p planter) { p.change(p.user(3), replace("title", "Nobody")) }, []string{`person 3: title should be "`, `and is "Nobody"`}},
		{"a composed letter", func(p planter) {
			given := p.nameOf(16).given
			require.Equal(t, "Zoe\u0308", given, "person 16 is to be one with a decomposed name")
			p.change(p.user(16), replace("name.givenName", "Zo\u00eb"))
		}, []string{"person 16: name.givenName should be"}},
		{"an e-mail of three", func(p planter) { p.change(p.user(10), object{"op": "remove", "path": `emails[type eq "home"]`}) }, []string{"person 10: emails should be ["}},
		{"an attribute more", func(p planter) { p.change(p.user(0), replace("nickName", "Boss")) }, []string{`person 0: nickName should be absent, and is "Boss"`}},
		{"an attribute less", func(p planter) { p.change(p.user(0), object{"op": "remove", "path": "externalId"}) }, []string{`person 0: externalId should be "`, "and is absent"}},
		{"somebody is back", func(p planter) { p.change(p.user(13), replace("active", true)) }, []string{"person 13: active should be false, and is true"}},
		{"another manager", func(p planter) {
			p.change(p.user(9), replace(urnEnterprise+":manager", p.ids.people.id(5)))
		}, []string{"person 9: " + urnEnterprise + ".manager.value should be", ".manager.$ref should be", ".manager.displayName should be"}},
		{"an extension is gone", func(p planter) { p.change(p.user(0), object{"op": "remove", "path": urnEnterprise}) }, []string{"person 0: schemas should be", urnEnterprise + " should be"}},
		{"somebody is gone", func(p planter) { p.send(http.MethodDelete, p.user(39), nil, http.StatusNoContent) }, []string{"totalResults should be 40, and is 39", "person 39 should be"}},
		{"somebody is new", func(p planter) {
			p.send(http.MethodPost, "/Users", object{"userName": "stranger"}, http.StatusCreated)
		}, []string{"totalResults should be 40, and is 41", "person with the id "}},
		{"somebody left a group", func(p planter) {
			p.change(p.group(3), object{"op": "remove", "path": `members[value eq "` + p.ids.people.id(p.Group(3).People[0]) + `"]`})
		}, []string{"group 3: members should be {", ": groups should be ["}},
		{"somebody joined a group", func(p planter) {
			p.change(p.group(12), object{"op": "add", "path": "members", "value": []any{object{"value": p.ids.people.id(1)}}})
		}, []string{"group 12: members should be absent", "person 1: groups should be"}},
		{"a group left a group", func(p planter) {
			p.change(p.group(1), object{"op": "remove", "path": `members[value eq "` + p.ids.groups.id(2) + `"]`})
		}, []string{"group 1: members should be {"}},
		{"a group is called otherwise", func(p planter) { p.change(p.group(1), replace("displayName", "Others")) }, []string{"group 1: displayName should be", "display should be"}},
		{"a group is gone", func(p planter) { p.send(http.MethodDelete, p.group(12), nil, http.StatusNoContent) }, []string{"totalResults should be 13, and is 12", "group 12 should be"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, err := newRun(serve(t, store, "planted"+strconv.Itoa(i), nil), Company{Name: "c", People: 40, Groups: 13})
			require.NoError(t, err)
			require.NoError(t, r.push(t.Context(), ""))
			test.plant(planter{&push{run: r}, t})
			err = r.read(t.Context())
			if strings.HasSuffix(test.name, "is gone") && err != nil {
				require.ErrorContains(t, err, "answered 404") // who is read by id
			} else {
				require.NoError(t, err)
			}
			requireFound(t, r, test.found)
		})
	}
}

// So it can where nothing is wrong but what the server says.
func TestWhatTheServerSaysWronglyIsFound(t *testing.T) {
	t.Parallel()
	store := storetest.SQLite(t)
	for i, test := range []struct {
		name, is, says string
		found          []string
	}{
		{"total", `"totalResults":40`, `"totalResults":41`, []string{"totalResults should be 40, and is 41"}},
		{"length", `"itemsPerPage":40`, `"itemsPerPage":39`, []string{"itemsPerPage should be 40, and is 39"}},
		{"start", `"startIndex":1`, `"startIndex":0`, []string{"startIndex should be 1, and is 0"}},
		{"envelope", urnList, "urn:list", []string{"schemas should be"}},
		{"location", `"location":"http://`, `"location":"https://`, []string{"meta.location should be"}},
		{"link", `"$ref":"http://`, `"$ref":"https://`, []string{"manager.$ref should be", "groups[0].$ref should be", "].$ref should be"}},
		{"type of a membership", `"type":"direct"`, `"type":"indirect"`, []string{"groups[0].type should be"}},
		{"type of a member", `"type":"User"`, `"type":"Group"`, []string{`].type should be "User", and is "Group"`}},
		{"version", `"version":"W/`, `"version":"`, []string{"meta.version is a weak tag should be true, and is false"}},
		{"time", `"created":"2`, `"created":"9`, []string{"meta.created comes first should be true, and is false"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var lie atomic.Bool
			s := serve(t, store, "lie"+strconv.Itoa(i), func(honest http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					said := httptest.NewRecorder()
					honest.ServeHTTP(said, r)
					body := said.Body.Bytes()
					if lie.Load() {
						body = bytes.ReplaceAll(body, []byte(test.is), []byte(test.says))
					}
					w.WriteHeader(said.Code)
					_, _ = w.Write(body)
				})
			})
			r, err := newRun(s, Company{Name: "c", People: 40, Groups: 5})
			require.NoError(t, err)
			require.NoError(t, r.push(t.Context(), ""))
			lie.Store(true)
			if err := r.read(t.Context()); err != nil {
				require.ErrorContains(t, err, "empty page")
			}
			requireFound(t, r, test.found)
		})
	}
}

// A second push that creates or changes something is found too.
func TestWhatASecondPushChangesIsFound(t *testing.T) {
	t.Parallel()
	store := storetest.SQLite(t)
	pushed := func(t *testing.T, slug string) planter {
		t.Helper()
		r, err := newRun(serve(t, store, slug, nil), Company{Name: "c", People: 20, Groups: 2})
		require.NoError(t, err)
		require.NoError(t, r.push(t.Context(), ""))
		require.NoError(t, r.read(t.Context()))
		require.Empty(t, r.differences.first)
		return planter{&push{run: r}, t}
	}
	t.Run("somebody is created again", func(t *testing.T) {
		t.Parallel()
		p := pushed(t, "again1")
		p.send(http.MethodDelete, p.user(19), nil, http.StatusNoContent)
		require.ErrorContains(t, p.pushAgain(t.Context()), "answered 4") // who is to be a member has another id
		requireFound(t, p.run, []string{"number 19, looked up: id should be", "people should be 0, and is 1"})
	})
	t.Run("a version moves", func(t *testing.T) {
		t.Parallel()
		p := pushed(t, "again2")
		title := p.Person(4).Body["title"]
		p.change(p.user(4), replace("title", "Nobody"), replace("title", title))
		require.NoError(t, p.pushAgain(t.Context()))
		require.Empty(t, p.differences.first)
		require.NoError(t, p.walk(t.Context(), "again", byCursor))
		requireFound(t, p.run, []string{"person 4: meta, which nothing has changed since, should be"})
		require.Equal(t, 1, p.differences.count)
	})
}

func requireFound(t *testing.T, r *run, parts []string) {
	t.Helper()
	require.NotEmpty(t, r.differences.first)
	text := strings.Join(r.differences.first, "\n")
	for _, part := range parts {
		require.Contains(t, text, part)
	}
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
	require.Equal(t, 301, len([]rune(brief(strings.Repeat("ж", 1000)))))
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
