package scim_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// operations sends a Bulk request.
func (s *server) bulk(operations ...string) answer {
	s.t.Helper()
	return s.post("/Bulk", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[`+strings.Join(operations, ",")+`]}`)
}

func postOp(endpoint, bulkID, data string) string {
	return `{"method":"POST","path":"` + endpoint + `","bulkId":"` + bulkID + `","data":` + data + `}`
}

// statuses are the statuses of a Bulk answer, in order.
func (a answer) statuses() []string {
	a.t.Helper()
	list := []string{}
	for i := range a.list("/Operations") {
		list = append(list, a.str("/Operations/"+itoa(i)+"/status"))
	}
	return list
}

// created is the id in the location of an operation.
func (a answer) created(i int) string {
	a.t.Helper()
	where := a.str("/Operations/" + itoa(i) + "/location")
	return where[strings.LastIndexByte(where, '/')+1:]
}

func bulk(t *testing.T, s *server) {
	ana := s.user("ana")
	group := s.group("old")
	got := s.bulk(
		postOp("/Users", "b", `{"userName":"bo"}`),
		`{"method":"patch","path":"/Users/`+ana+`","data":{"Operations":[{"op":"replace","path":"title","value":"x"},{"op":"replace","path":"nickName","value":null}]}}`,
		`{"method":"PUT","path":"/Groups/`+group+`","bulkId":"mine","data":{"displayName":"new","members":[{"value":"bulkId:b"}]}}`,
		`{"method":"DELETE","path":"/Users/`+ana+`","version":"W/\"2\""}`,
	).is(200)
	require.Equal(t, []any{"urn:ietf:params:scim:api:messages:2.0:BulkResponse"}, got.at("/schemas"))
	require.Equal(t, []string{"201", "200", "200", "204"}, got.statuses())
	bo := got.created(0)
	require.Equal(t, map[string]any{"method": "POST", "bulkId": "b", "location": s.url + "/Users/" + bo, "version": `W/"1"`, "status": "201"}, got.at("/Operations/0"))
	require.Equal(t, map[string]any{"method": "PATCH", "location": s.url + "/Users/" + ana, "version": `W/"2"`, "status": "200"}, got.at("/Operations/1"))
	require.Equal(t, map[string]any{"method": "PUT", "bulkId": "mine", "location": s.url + "/Groups/" + group, "version": `W/"2"`, "status": "200"}, got.at("/Operations/2"))
	require.Equal(t, map[string]any{"method": "DELETE", "location": s.url + "/Users/" + ana, "status": "204"}, got.at("/Operations/3"))
	require.Equal(t, []string{bo}, s.get("/Groups/"+group).members())
	s.get("/Users/"+ana).refused(404, "")

	s.post("/Bulk", `{"Operations":[]}`).refused(400, "invalidSyntax")
	s.post("/Bulk", `{}`).refused(400, "invalidSyntax")
	s.post("/Bulk", `{"failOnErrors":"x","Operations":[{}]}`).refused(400, "invalidValue")
	s.get("/Bulk").refused(405, "")
}

func bulkInAnyOrder(t *testing.T, s *server) {
	got := s.bulk(
		`{"method":"PATCH","path":"/Groups/bulkId:g","data":{"Operations":[{"op":"add","path":"members","value":[{"value":"bulkId:c"}]},{"op":"remove","path":"members[value eq \"bulkId:a\"]"}]}}`,
		`{"method":"PATCH","path":"/Users/bulkId:a","data":{"Operations":[{"op":"add","path":"`+enterprise+`:manager","value":"bulkId:c"}]}}`,
		postOp("/Groups", "g", `{"displayName":"g","members":[{"value":"bulkId:a"},{"value":"bulkId:b"},{"value":"bulkId:h"}]}`),
		postOp("/Users", "a", `{"userName":"a","displayName":"bulkId:nobody"}`),
		postOp("/Groups", "h", `{"displayName":"h"}`),
		postOp("/Users", "b", `{"userName":"b","`+enterprise+`":{"manager":{"value":"bulkId:a"}}}`),
		postOp("/Users", "c", `{"userName":"c"}`),
		`{"method":"PUT","path":"/Users/bulkId:c","data":{"userName":"c2","`+enterprise+`":{"manager":"bulkId:b"}}}`,
		`{"method":"DELETE","path":"/Groups/bulkId:h"}`,
	).is(200)
	require.Equal(t, []string{"200", "200", "201", "201", "201", "201", "201", "200", "204"}, got.statuses(), got.text)
	a, b, c := got.created(3), got.created(5), got.created(6)
	group := s.get("/Groups/" + got.created(2))
	require.Equal(t, sorted(b, c), group.members())
	require.Equal(t, "bulkId:nobody", s.get("/Users/"+a).at("/displayName"), "a text is a text")
	require.Equal(t, c, s.get("/Users/"+a).at(manager+"/value"))
	require.Equal(t, a, s.get("/Users/"+b).at(manager+"/value"))
	require.Equal(t, b, s.get("/Users/"+c).at(manager+"/value"))
}

func bulkMutual(t *testing.T, s *server) {
	got := s.bulk(
		postOp("/Groups", "g", `{"displayName":"g","members":[{"value":"bulkId:h"},{"value":"bulkId:u"}]}`),
		postOp("/Groups", "h", `{"displayName":"h","members":[{"value":"bulkId:g"}]}`),
		postOp("/Users", "u", `{"userName":"u","`+enterprise+`":{"department":"d","manager":{"value":"bulkId:v"}}}`),
		postOp("/Users", "v", `{"userName":"v","`+enterprise+`":{"manager":{"value":"bulkId:u"}}}`),
		postOp("/Users", "self", `{"userName":"self","`+enterprise+`":{"manager":{"value":"bulkId:self"}}}`),
	).is(200)
	require.Equal(t, []string{"201", "201", "201", "201", "201"}, got.statuses(), got.text)
	g, h, u, v, self := got.created(0), got.created(1), got.created(2), got.created(3), got.created(4)
	require.Equal(t, sorted(h, u), s.get("/Groups/"+g).members())
	require.Equal(t, []string{g}, s.get("/Groups/"+h).members())
	require.Equal(t, v, s.get("/Users/"+u).at(manager+"/value"))
	require.Equal(t, "d", s.get("/Users/"+u).at("/"+enterprise+"/department"))
	require.Equal(t, u, s.get("/Users/"+v).at(manager+"/value"))
	require.Equal(t, self, s.get("/Users/"+self).at(manager+"/value"))
	require.Equal(t, s.get("/Groups/"+g).str("/meta/version"), got.str("/Operations/0/version"), "of the resource as it is at the end")

	// One of a circle fails: none of it comes to be, and who needs it says so.
	s.user("taken")
	got = s.bulk(
		postOp("/Users", "a", `{"userName":"a","`+enterprise+`":{"manager":{"value":"bulkId:b"}}}`),
		postOp("/Users", "b", `{"userName":"taken","`+enterprise+`":{"manager":{"value":"bulkId:a"}}}`),
		postOp("/Groups", "k", `{"displayName":"k","members":[{"value":"bulkId:a"}]}`),
		postOp("/Users", "d", `{"userName":"d"}`),
	).is(200)
	require.Equal(t, []string{"409", "409", "409", "201"}, got.statuses(), got.text)
	require.Equal(t, "uniqueness", got.at("/Operations/1/response/scimType"))
	require.Contains(t, got.str("/Operations/0/response/detail"), "bulkId:b")
	require.Equal(t, 0, s.get(`/Users?filter=userName+eq+"a"`).num("/totalResults"))
	require.Equal(t, 0, s.get(`/Groups?filter=displayName+eq+"k"`).num("/totalResults"))
}

func bulkFailures(t *testing.T, s *server) {
	s.user("ana")
	unknown := uuid.NewString()
	got := s.bulk(
		postOp("/Users", "1", `{"userName":"ANA"}`),
		postOp("/Users", "2", `{"userName":"bo"}`),
		postOp("/Users", "2", `{"userName":"twice"}`),
		postOp("/Users", "", `{"userName":"nameless"}`),
		`{"method":"GET","path":"/Users/`+unknown+`"}`,
		`{"method":"POST","path":"/Nowhere","bulkId":"5","data":{}}`,
		`{"method":"DELETE","path":"/Users/`+unknown+`"}`,
		`{"method":"PATCH","path":"/Users","data":{}}`,
		`{"method":"PUT","path":"/Users/`+unknown+`"}`,
		`{"method":"DELETE","path":"/Users/bulkId:nobody"}`,
		`{"method":"DELETE","path":"/Users/bulkId:1"}`,
		postOp("/Groups", "g", `{"displayName":"g","members":[{"value":"bulkId:gone"}]}`),
		`{"method":"DELETE","path":"/Groups/bulkId:2"}`,
		`"not an object"`,
		`{"method":"PUT","path":"/Users/bulkId:2","version":"W/\"9\"","data":{"userName":"bo"}}`,
		`{"method":"POST","path":"/Bulk","bulkId":"n","data":{}}`,
		`{"method":"POST","path":"/Me","bulkId":"m","data":{}}`,
	).is(200)
	require.Equal(t, []string{"409", "201", "400", "400", "405", "404", "404", "405", "400", "409", "409", "409", "409", "400", "412", "404", "404"}, got.statuses(), got.text)
	for i, status := range got.statuses() {
		at := "/Operations/" + itoa(i)
		if status == "201" {
			require.Nil(t, got.at(at+"/response"))
			continue
		}
		require.Equal(t, status, got.at(at+"/response/status"))
		require.NotEmpty(t, got.str(at+"/response/detail"))
	}
	require.Nil(t, got.at("/Operations/0/location"), "a POST that failed is nowhere")
	require.Equal(t, s.url+"/Users/"+unknown, got.at("/Operations/6/location"))
	require.Equal(t, 2, s.get("/Users").num("/totalResults"))

	limited := func(limit int) answer {
		return s.post("/Bulk", fmt.Sprintf(`{"failOnErrors":%d,"Operations":[%s,%s,%s,%s]}`, limit,
			postOp("/Users", "a", `{}`), postOp("/Users", "b", fmt.Sprintf(`{"userName":"ok%d"}`, limit)), postOp("/Users", "c", `{}`),
			postOp("/Users", "d", fmt.Sprintf(`{"userName":"after%d"}`, limit)))).is(200)
	}
	require.Equal(t, []string{"400"}, limited(1).statuses())
	require.Equal(t, []string{"400", "201", "400"}, limited(2).statuses())
	require.Equal(t, []string{"400", "201", "400", "201"}, limited(3).statuses())
	require.Equal(t, []string{"400", "201", "400", "201"}, limited(0).statuses())
}
