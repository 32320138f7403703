package api

import (
	"encoding/csv"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// The rules about how an organisation looks after its people as they show at this door.
func TestRulesOfReviews(t *testing.T) {
	t.Parallel()
	tell(t, map[string]func(*scene){"review": reviewOfPeople, "onboarding": onboardingOfPeople, "stats.calls": statsCalls})
}

func reviewOfPeople(s *scene) {
	ana := s.provision("ana", storetest.Text("displayName", `=HYPERLINK("x"),"y"`)).ID.String()
	s.provision("bob")
	s.clock.Move(95 * 24 * time.Hour)
	first := s.get("/review-plan")
	require.Equal(s, "month", s.ok(first)["every"])
	s.ok(s.put("/review-plan", `{"every":"quarter"}`, "If-Match", first.header.Get("ETag")))
	refused(s, s.put("/review-plan", `{"every":"week"}`, "If-Match", first.header.Get("ETag")), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")
	refused(s, s.put("/review-plan", `{"every":"day"}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "every")

	opened := s.post("/reviews", "")
	s.answered(opened, http.StatusCreated)
	path := strings.TrimPrefix(opened.header.Get("Location"), Prefix)
	require.InDelta(s, 8, opened.object(s)["findings"], 0)
	s.answered(s.get(path), http.StatusOK)
	page := s.get(path + "/findings?limit=5")
	s.answered(page, http.StatusOK)
	require.Len(s, page.items(s), 5)
	require.Len(s, s.get(cursorIn(s, page)).items(s), 3)
	require.Equal(s, []string{"ana", "bob"}, s.get(path+"/findings?finding=unused_90").values(s, "user_name"))
	refused(s, s.post(path+"/sign", ""), http.StatusConflict, domain.CodeReviewUndecided, "")
	refused(s, s.put(path+"/findings/"+ana+"/owner", `{"decision":"keep"}`), http.StatusNotFound, domain.CodeNotFound, "")
	refused(s, s.put(path+"/findings/"+ana+"/no_role", `{"decision":"keep"}`, "If-Match", `W/"99"`), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")
	s.done(s.put(path+"/findings/"+ana+"/no_role", `{"decision":"keep"}`, "If-Match", s.get(path).header.Get("ETag")))
	refused(s, s.put(path+"/findings/"+ana+"/no_role", `{"decision":"burn"}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "decision")
	for _, f := range s.get(path + "/findings").items(s) {
		s.done(s.put(path+"/findings/"+f["user_id"].(string)+"/"+f["finding"].(string), `{"decision":"remove","note":"+1 \"gone\",\n"}`))
	}
	require.Empty(s, s.get(path+"/findings?open=true").items(s))
	signed := s.ok(s.post(path+"/sign", ""))
	require.Equal(s, []any{8.0, 8.0}, []any{signed["findings"], signed["decided"]})
	require.Equal(s, s.get("/me").text(s, "id"), signed["signed_by"].(map[string]any)["id"])
	refused(s, s.put(path+"/findings/"+ana+"/no_role", `{"decision":"keep"}`), http.StatusConflict, domain.CodeReviewSigned, "")

	export := s.get(path + "/export?limit=3")
	require.Equal(s, "text/csv; charset=utf-8", export.header.Get("Content-Type"))
	var text strings.Builder
	text.WriteString(export.body)
	for export.header.Get("Link") != "" {
		export = s.get(cursorIn(s, export))
		require.Equal(s, http.StatusOK, export.status)
		text.WriteString(export.body)
	}
	require.Contains(s, text.String(), "\r\n")
	lines, err := csv.NewReader(strings.NewReader(text.String())).ReadAll()
	require.NoError(s, err)
	require.Len(s, lines, 9)
	require.Equal(s, []string{"user_id", "user_name", "display_name", "status", "finding", "since", "decision", "note", "decided_at", "decided_by"}, lines[0])
	require.Equal(s, []string{ana, "ana", `'=HYPERLINK("x"),"y"`, "active", "no_profile", "", "remove", "'+1 \"gone\",\n"}, lines[1][:8])
	beta := s.stranger()
	refused(s, s.as(s.keyOf(beta.Organisation.Slug, "reviews:view"), http.MethodGet, path+"/export", ""), http.StatusNotFound, domain.CodeNotFound, "")
	require.Len(s, s.get("/reviews").items(s), 1)
}

func onboardingOfPeople(s *scene) {
	user := "/users/" + s.provision("ana").ID.String()
	first := s.get("/onboarding")
	require.Len(s, s.ok(first)["items"], 3)
	list := `{"items":[{"key":"badge","label":"Has a badge","automatic":"none"},{"key":"profile","label":"Profile","automatic":"profile_assigned"}]}`
	s.ok(s.put("/onboarding", list, "If-Match", first.header.Get("ETag")))
	refused(s, s.put("/onboarding", list, "If-Match", first.header.Get("ETag")), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")
	refused(s, s.put("/onboarding", `{"items":[{"key":"a b","label":"x","automatic":"none"}]}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "items[0].key")
	s.answered(s.get(user+"/onboarding"), http.StatusOK)
	require.Equal(s, false, s.ok(s.get(user + "/onboarding"))["done"])
	refused(s, s.put(user+"/onboarding/nothing", `{"done":true}`), http.StatusNotFound, domain.CodeNotFound, "item")
	ticked := s.ok(s.put(user+"/onboarding/badge", `{"done":true}`))
	require.Equal(s, []any{false, true}, []any{ticked["done"], ticked["items"].([]any)[0].(map[string]any)["done"]})
	desk := s.made("/profiles", `{"name":"Desk","grants":{}}`)
	s.ok(s.patch(user+"/access", `{"profile_id":"`+desk+`"}`))
	require.Equal(s, true, s.ok(s.get(user + "/onboarding"))["done"])
	require.Equal(s, false, s.ok(s.put(user+"/onboarding/badge", `{"done":false}`))["done"])
	require.Equal(s, []int{1, 1}, []int{s.events()[domain.OnboardingTicked], s.events()[domain.OnboardingUnticked]})
}

func statsCalls(s *scene) {
	ana := s.provision("ana").ID.String()
	body := `{"days":[{"user_id":"` + ana + `","day":"2026-03-01","handled":4},{"user_id":"` + ana + `","day":"2026-03-02","handled":5}]}`
	all := "?from=2026-01-01&to=2026-12-31"
	require.Equal(s, "standard", s.ok(s.get("/organisation"))["plan"])
	for _, g := range []got{s.put("/statistics/calls", body), s.get("/statistics/calls" + all), s.get("/statistics/calls/summary" + all)} {
		p := refused(s, g, http.StatusForbidden, domain.CodePlanMissing, "plan")
		require.Contains(s, p["detail"], "professional or pro_plus")
	}
	_, _, err := s.installation.SetPlan(s.Context(), s.slug(), domain.PlanProPlus)
	require.NoError(s, err)
	require.Equal(s, map[string]any{"changed": 2.0, "unchanged": 0.0}, s.ok(s.put("/statistics/calls", body)))
	require.Equal(s, map[string]any{"changed": 0.0, "unchanged": 2.0}, s.ok(s.put("/statistics/calls", body)))
	first := s.get("/statistics/calls" + all + "&limit=1&user=" + ana)
	s.answered(first, http.StatusOK)
	require.Equal(s, []string{"2026-03-01"}, first.values(s, "day"))
	require.Equal(s, []string{"2026-03-02"}, s.get(cursorIn(s, first)).values(s, "day"))
	s.answered(s.get("/statistics/calls/summary"+all), http.StatusOK)
	require.Equal(s, map[string]any{"handled": 9.0, "people": 1.0, "days": 2.0}, s.ok(s.get("/statistics/calls/summary"+all)))
	for query, field := range map[string]string{"": "from", "?from=2026-01-01": "to", "?from=2026-01-01&to=2027-01-02": "to", "?from=soon": "from"} {
		g := s.get("/statistics/calls/summary" + query)
		require.Equal(s, []any{http.StatusUnprocessableEntity, field}, []any{g.status, g.object(s)["field"]}, query)
	}
	refused(s, s.put("/statistics/calls", `{"days":[{"user_id":"`+s.tenant.Connection.ID.String()+`","day":"2026-03-01","handled":4}]}`),
		http.StatusUnprocessableEntity, domain.CodeInvalidValue, "days[0].user_id")
	require.Equal(s, 1, s.events()[domain.CallsReported])
}
