package scim_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func put(t *testing.T, s *server) {
	s.put("/Users/"+uuid.NewString(), `{"userName":"ana"}`).refused(404, "")
	s.put("/Users/not-an-id", `{"userName":"ana"}`).refused(404, "")
	s.put("/Groups/"+uuid.NewString(), `{"displayName":"g"}`).refused(404, "")
	require.Equal(t, 0, s.get("/Users").num("/totalResults"), "PUT creates nothing")

	id := s.user("ana", `"active":false,"title":"x"`)
	got := s.put("/Users/"+id, `{"userName":"ana","id":"other","groups":[{"value":"x"}],"meta":{"version":"x"}}`).is(200)
	require.Equal(t, false, got.at("/active"), "an omitted active stays as it is")
	require.Nil(t, got.at("/title"))
	require.Equal(t, true, s.put("/Users/"+id, `{"userName":"ana","active":true}`).is(200).at("/active"))
	require.Equal(t, true, s.put("/Users/"+id, `{"userName":"ana"}`).is(200).at("/active"), "and is never turned to false")
	require.Equal(t, true, s.put("/Users/"+id, `{"userName":"ana","active":null}`).is(200).at("/active"))
	s.put("/Users/"+id, `{"title":"no name"}`).refused(400, "invalidValue")
	s.user("bo")
	s.put("/Users/"+id, `{"userName":"BO"}`).refused(409, "uniqueness")
	require.Equal(t, "ana", s.get("/Users/"+id).at("/userName"))

	before := s.get("/Users/" + id)
	same := s.put("/Users/"+id, `{"userName":"ana","active":true}`).is(200)
	require.Equal(t, before.text, same.text, "a PUT that changes nothing changes nothing")

	bo := s.user("c")
	group := s.group("g", id, bo)
	require.Equal(t, []string{bo}, s.put("/Groups/"+group, map[string]any{"displayName": "g2", "members": refs(bo)}).is(200).members())
	require.Equal(t, "g2", s.get("/Groups/"+group).at("/displayName"))
	s.put("/Groups/"+group, map[string]any{"displayName": "g3", "members": refs(uuid.NewString())}).refused(400, "invalidValue")
	require.Equal(t, "g2", s.get("/Groups/"+group).at("/displayName"), "all or nothing")
}

func patching(t *testing.T, s *server) {
	id := s.user("ana", `"emails":[{"value":"a@x.test","type":"work"}],"title":"old"`)
	path := "/Users/" + id
	before := s.get(path)
	for _, same := range []string{
		`{"op":"add","path":"title","value":"old"}`, `{"op":"replace","path":"active","value":true}`,
		`{"op":"add","path":"emails","value":[{"value":"a@x.test","type":"work"}]}`, `{"op":"replace","value":{"userName":"ana"}}`,
	} {
		require.Equal(t, before.text, s.patch(path, same).is(200).text, "changes nothing, not even lastModified: %s", same)
	}
	got := s.patch(path, `{"op":"replace","path":"title","value":"a"},{"op":"Remove","path":"title"},{"op":"ADD","path":"title","value":"b"}`).is(200)
	require.Equal(t, "b", got.at("/title"), "in order")
	require.Equal(t, got.header.Get("ETag"), got.at("/meta/version"))
	require.Greater(t, got.str("/meta/lastModified"), before.str("/meta/lastModified"))

	for _, bad := range []struct{ operation, scimType string }{
		{`{"op":"replace","path":"nope","value":1}`, "invalidPath"}, {`{"op":"replace","path":"emails[type eq \"x\"","value":1}`, "invalidPath"},
		{`{"op":"remove","path":"emails[type eq \"home\"]"}`, "noTarget"}, {`{"op":"remove"}`, "noTarget"},
		{`{"op":"replace","path":"meta.created","value":"2020-01-01T00:00:00Z"}`, "mutability"},
		{`{"op":"replace","path":"active","value":"perhaps"}`, "invalidValue"}, {`{"op":"replace","path":"active","value":null}`, "invalidValue"},
		{`{"op":"remove","path":"userName"}`, "mutability"}, {`{"op":"replace","path":"userName","value":""}`, "invalidValue"}, {`{"op":"jump","path":"title"}`, "invalidSyntax"},
	} {
		s.patch(path, `{"op":"replace","path":"title","value":"half"},`+bad.operation).refused(400, bad.scimType)
		require.Equal(t, got.text, s.get(path).text, "atomic: %s", bad.operation)
	}
	s.do("PATCH", path, `{"Operations":[]}`).refused(400, "invalidSyntax")
	s.do("PATCH", path, `[]`).refused(400, "invalidSyntax")
	s.patch("/Users/"+uuid.NewString(), `{"op":"remove","path":"title"}`).refused(404, "")

	group := s.group("g", id)
	require.Equal(t, []string{id}, s.patch("/Groups/"+group, `{"op":"add","path":"members","value":[{"value":"`+id+`"}]}`).is(200).members())
	require.Equal(t, `W/"1"`, s.get("/Groups/"+group).at("/meta/version"), "adding who is there changes nothing")
	s.patch("/Groups/"+group, `{"op":"add","path":"members","value":[{"value":"`+uuid.NewString()+`"}]}`).refused(400, "invalidValue")
	s.patch("/Groups/"+group, `{"op":"replace","path":"displayName","value":"h"},{"op":"remove","path":"members[value eq \"`+id+`\"]"}`).is(200)
	require.Equal(t, "h", s.get("/Groups/"+group).at("/displayName"))
	require.Nil(t, s.get("/Groups/"+group).at("/members"))
}

func patchOfBigGroup(t *testing.T, s *server) {
	ids := s.people(201)
	group := s.group("big", ids[:199]...)
	add := func(id, query string) answer {
		return s.do("PATCH", "/Groups/"+group+query, `{"Operations":[{"op":"add","path":"members","value":[{"value":"`+id+`"}]}]}`)
	}
	require.Len(t, add(ids[199], "").is(200).list("/members"), 200)
	big := add(ids[200], "").is(204)
	require.Empty(t, big.text)
	require.Equal(t, s.get("/Groups/"+group).header.Get("ETag"), big.header.Get("ETag"))
	require.Len(t, add(ids[200], "?attributes=members").is(200).list("/members"), 201)
	require.Equal(t, "big", add(ids[200], "?excludedAttributes=members").is(200).at("/displayName"))
}

// people creates n people straight in the domain and gives their ids, in order.
func (s *server) people(n int) []string {
	s.t.Helper()
	ids := make([]string, n)
	var working sync.WaitGroup
	const together = 32 // they share commits
	for first := range together {
		working.Go(func() {
			for i := first; i < n; i += together {
				ids[i] = s.person(fmt.Sprintf("person-%04d", i))
			}
		})
	}
	working.Wait()
	return sorted(ids...)
}

func (s *server) person(userName string) string {
	s.t.Helper()
	user, err := s.directory.Provision(context.Background(), s.tenant.Caller, textTree("userName", userName))
	require.NoError(s.t, err)
	return user.ID.String()
}

func deleting(t *testing.T, s *server) {
	id := s.user("ana", `"externalId":"e"`)
	boss := s.group("g", id)
	s.delete("/Users/" + id).is(204)
	s.get("/Users/"+id).refused(404, "")
	s.put("/Users/"+id, `{"userName":"ana"}`).refused(404, "")
	s.patch("/Users/"+id, `{"op":"remove","path":"title"}`).refused(404, "")
	s.delete("/Users/"+id).refused(404, "")
	require.Equal(t, 0, s.get("/Users").num("/totalResults"))
	require.Equal(t, 0, s.get(`/Users?filter=userName+eq+"ana"`).num("/totalResults"))
	require.Nil(t, s.get("/Groups/"+boss).at("/members"))
	s.patch("/Groups/"+boss, `{"op":"add","path":"members","value":[{"value":"`+id+`"}]}`).refused(400, "invalidValue")
	require.NotEqual(t, id, s.user("ana", `"externalId":"e"`), "the name is free, the id is not")

	nested := s.group("outer", boss)
	member := s.get("/Groups/" + nested)
	require.Equal(t, "Group", member.at("/members/0/type"))
	require.Equal(t, s.url+"/Groups/"+boss, member.at("/members/0/$ref"))
	s.delete("/Groups/" + boss).is(204)
	s.get("/Groups/"+boss).refused(404, "")
	require.Nil(t, s.get("/Groups/"+nested).at("/members"))
	s.delete("/Groups/"+boss).refused(404, "")
}

func conditions(t *testing.T, s *server) {
	for endpoint, body := range map[string]string{"/Users": `{"userName":"ana"}`, "/Groups": `{"displayName":"ana"}`} {
		created := s.post(endpoint, body).is(201)
		path, tag := endpoint+"/"+created.str("/id"), created.header.Get("ETag")
		strong := strings.TrimPrefix(tag, "W/")
		change := `{"op":"replace","path":"externalId","value":"`

		require.Empty(t, s.get(path, "If-None-Match", tag).is(304).text)
		s.get(path, "If-None-Match", strong).is(304)
		s.get(path, "If-None-Match", `"x", `+tag).is(304)
		s.get(path, "If-None-Match", "*").is(304)
		s.get(path, "If-None-Match", `W/"99"`).is(200)
		require.Equal(t, tag, s.get(path, "If-None-Match", tag).header.Get("ETag"))

		s.patch(path, change+`1"}`, "If-Match", `W/"99"`).refused(412, "")
		s.patch(path, change+`1"}`, "If-Match", "nonsense").refused(412, "")
		s.put(path, body, "If-Match", `W/"99"`).refused(412, "")
		s.delete(path, "If-Match", `W/"99"`).refused(412, "")
		s.patch(path, change+`1"}`, "If-None-Match", tag).refused(412, "")
		s.put(path, body, "If-None-Match", "*").refused(412, "")
		s.delete(path, "If-None-Match", "*").refused(412, "")
		require.Equal(t, created.text, s.get(path).text, "nothing happened")

		second := s.patch(path, change+`1"}`, "If-Match", tag).is(200).header.Get("ETag")
		require.NotEqual(t, tag, second)
		s.patch(path, change+`2"}`, "If-Match", tag).refused(412, "")
		third := s.patch(path, change+`2"}`, "If-Match", tag+", "+strings.TrimPrefix(second, "W/")).is(200).header.Get("ETag")
		s.get(path, "If-None-Match", second).is(200)
		s.put(path, body, "If-Match", "*").is(200)
		s.delete(path, "If-Match", third).refused(412, "")
		s.delete(path, "If-Match", s.get(path).header.Get("ETag")).is(204)
		s.delete(path, "If-Match", "*").refused(404, "")
	}

	// A copy of a person is out of date when their groups change; a write on the version that was read still passes.
	id := s.user("member")
	tag := s.get("/Users/" + id).header.Get("ETag")
	group := s.group("g", id)
	s.get("/Users/"+id, "If-None-Match", tag).is(200)
	joined := s.get("/Users/" + id)
	require.Equal(t, joined.header.Get("ETag"), joined.at("/meta/version"))
	s.get("/Users/"+id, "If-None-Match", joined.header.Get("ETag")).is(304)
	require.Equal(t, 1, s.get("/Users?filter="+escape(`meta.version eq "`+strings.ReplaceAll(joined.str("/meta/version"), `"`, `\"`)+`"`)).num("/totalResults"))
	s.patch("/Groups/"+group, `{"op":"replace","path":"displayName","value":"h"}`).is(200)
	s.get("/Users/"+id, "If-None-Match", joined.header.Get("ETag")).is(200)
	s.patch("/Users/"+id, `{"op":"add","path":"title","value":"x"}`, "If-Match", tag).is(200)
}
