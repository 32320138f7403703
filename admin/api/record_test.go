package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
)

// The rules about what people own as they show at this door.
func TestRulesOfRecords(t *testing.T) {
	t.Parallel()
	tell(t, map[string]func(*scene){
		"deactivate.records": deactivateRecords,
		"delete.records":     deleteRecords,
		"records.shared":     recordsShared,
	})
}

// own tells that somebody owns deals.
func (s *scene) own(owner string, ids ...string) {
	s.Helper()
	var told []string
	for _, id := range ids {
		told = append(told, `{"kind":"deals","id":"`+id+`","owner_id":"`+owner+`"}`)
	}
	require.EqualValues(s, len(ids), s.ok(s.put("/records", `{"records":[`+strings.Join(told, ",")+`]}`))["created"])
}

func (s *scene) owned(owner string) float64 {
	s.Helper()
	return s.ok(s.get("/users/" + owner + "/record-counts"))["total"].(float64)
}

func deactivateRecords(s *scene) {
	ana, bob := s.provision("ana").ID.String(), s.provision("bob").ID.String()
	inactive := s.provision("inactive").ID.String()
	s.ok(s.post("/users/"+inactive+"/deactivate", ""))
	s.own(ana, "1", "2")
	p := refused(s, s.post("/users/"+ana+"/deactivate", ""), http.StatusConflict, domain.CodeRecordsOwned, "successor_id")
	require.Contains(s, p["detail"], "leave_records")
	for _, body := range []string{
		`{"successor_id":"` + ana + `"}`, `{"successor_id":"` + inactive + `"}`, `{"successor_id":"` + uuid.NewString() + `"}`,
		`{"successor_id":"x"}`, `{"successor_id":"` + bob + `","leave_records":true}`,
	} {
		refused(s, s.post("/users/"+ana+"/deactivate", body), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "successor_id")
	}
	require.Equal(s, []any{"active", 2.0}, []any{s.ok(s.get("/users/" + ana))["status"], s.owned(ana)})
	require.Equal(s, "inactive", s.ok(s.post("/users/"+ana+"/deactivate", `{"successor_id":"`+bob+`"}`))["status"])
	require.Equal(s, []float64{0, 2}, []float64{s.owned(ana), s.owned(bob)})
	require.Equal(s, 1, s.events()[domain.RecordsTransferred])
	require.Empty(s, s.get("/records/left").items(s))
	s.ok(s.post("/users/"+bob+"/deactivate", `{"leave_records":true}`))
	left := s.get("/records/left").items(s)
	require.Len(s, left, 1)
	require.Equal(s, []any{bob, false, 2.0}, []any{left[0]["user_id"], left[0]["deleted"], left[0]["records"].(map[string]any)["total"]})
}

func deleteRecords(s *scene) {
	ana, bob := s.provision("ana").ID.String(), s.provision("bob").ID.String()
	s.own(ana, "1", "2", "3")
	refused(s, s.remove("/users/"+ana), http.StatusConflict, domain.CodeRecordsOwned, "successor_id")
	refused(s, s.remove("/users/"+ana+"?successor_id="+ana), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "successor_id")
	s.done(s.remove("/users/" + ana + "?successor_id=" + bob))
	require.InDelta(s, 3, s.owned(bob), 0)
	s.done(s.remove("/users/" + bob + "?leave_records=true"))
	left := s.get("/records/left").items(s)
	require.Len(s, left, 1)
	require.Equal(s, []any{bob, true}, []any{left[0]["user_id"], left[0]["deleted"]})
	cleo := s.provision("cleo").ID.String()
	refused(s, s.post("/users/"+bob+"/transfer-records", `{"successor_id":"`+bob+`"}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "successor_id")
	refused(s, s.post("/users/"+uuid.NewString()+"/transfer-records", `{"successor_id":"`+cleo+`"}`), http.StatusNotFound, domain.CodeNotFound, "")
	moved := s.ok(s.post("/users/"+bob+"/transfer-records", `{"successor_id":"`+cleo+`"}`))
	require.Equal(s, map[string]any{"total": 3.0, "kinds": []any{map[string]any{"kind": "deals", "count": 3.0}}}, moved)
	require.Empty(s, s.get("/records/left").items(s))
	first := s.get("/users/" + cleo + "/records?kind=deals&limit=2")
	require.Equal(s, []string{"1", "2"}, first.values(s, "id"))
	require.Equal(s, []string{"3"}, s.get(cursorIn(s, first)).values(s, "id"))
}

func recordsShared(s *scene) {
	ana, bob := s.provision("ana").ID.String(), s.provision("bob").ID.String()
	s.own(ana, "a?%20#")
	path := "/records/deals/a%3F%2520%23"
	access := func(user string) map[string]any { return s.ok(s.get(path + "/access?user=" + user)) }
	require.Equal(s, map[string]any{"access": "edit", "reason": "owner"}, access(ana))
	require.Equal(s, map[string]any{"access": "none", "reason": nil}, access(bob))
	team := s.made("/teams", `{"name":"Sales"}`)
	s.ok(s.patch("/users/"+bob+"/access", `{"team_id":"`+team+`"}`))
	shared := s.ok(s.put(path+"/shares", `{"shares":[{"team_id":"`+team+`","access":"view"}]}`))
	require.Equal(s, []any{map[string]any{"user_id": nil, "team_id": team, "access": "view"}}, shared["shares"])
	require.Equal(s, map[string]any{"access": "view", "reason": "team_share"}, access(bob))
	require.Equal(s, shared, s.ok(s.get(path)))
	s.ok(s.put(path+"/shares", `{"shares":[{"user_id":"`+bob+`","access":"edit"}]}`))
	require.Equal(s, map[string]any{"access": "edit", "reason": "share"}, access(bob))
	refused(s, s.put(path+"/shares", `{"shares":[{"user_id":"`+team+`","access":"edit"}]}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "shares")
	refused(s, s.get("/records/deals/b/access?user="+bob), http.StatusNotFound, domain.CodeNotFound, "id")
	refused(s, s.get(path+"/access?user="+uuid.NewString()), http.StatusNotFound, domain.CodeNotFound, "user")
	refused(s, s.get(path+"/access"), http.StatusUnprocessableEntity, domain.CodeRequired, "user")
	other := s.stranger()
	require.NotEqual(s, other.Organisation.ID, s.tenant.Organisation.ID)
	key := s.keyOf(other.Organisation.Slug, "records:view", "records:edit")
	refused(s, s.as(key, http.MethodGet, path, ""), http.StatusNotFound, domain.CodeNotFound, "")
	refused(s, s.as(key, http.MethodPut, "/records", `{"records":[{"kind":"deals","id":"1","owner_id":"`+ana+`"}]}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "records[0].owner_id")
	require.EqualValues(s, 1, s.ok(s.post("/records/remove", `{"records":[{"kind":"deals","id":"a?%20#"},{"kind":"deals","id":"b"}]}`))["removed"])
	refused(s, s.get(path), http.StatusNotFound, domain.CodeNotFound, "")

	// An application may register the module that records are permitted under, with actions of its own.
	s.ok(s.put("/modules/records", `{"name":"Deals","actions":["assign"]}`))
	ids := s.get("/modules?limit=200").values(s, "id")
	require.Equal(s, 1, strings.Count(strings.Join(ids, " ")+" ", "records "))
	s.done(s.remove("/modules/records"))
	require.Contains(s, s.get("/modules?limit=200").values(s, "id"), "records")
}
