package api

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
)

// boss is an owner of the organisation, who has come in by another door than an API key.
func (s *scene) boss() domain.Administrator {
	return domain.Administrator{Organisation: s.tenant.Organisation.ID, Actor: domain.Actor{Kind: "user", ID: uuid.New()}, Owner: true}
}

// asOwner answers a POST as one of an owner, which no API key is.
// registered lets people sign in by the connection.
func (s *scene) registered() {
	s.Helper()
	issuer, client := "https://idp.test", "usher"
	_, err := s.service.Administration.ChangeConnectionClient(s.Context(), s.boss(), s.tenant.Connection.ID, domain.IfMatch{}, domain.OIDCChange{Issuer: &issuer, ClientID: &client})
	require.NoError(s, err)
}

func (s *scene) asOwner(path string) got {
	s.Helper()
	r := httptest.NewRequestWithContext(s.Context(), http.MethodPost, Prefix+path, http.NoBody)
	given := newAnswer()
	x := &exchange{service: s.service, r: r, who: s.boss()}
	x.operate(given)
	return got{given.status, given.header, given.body.String()}
}

// role makes a role and gives its id.
func (s *scene) role(name string, sees domain.Sight) string {
	s.Helper()
	r, err := s.service.Administration.CreateRole(s.Context(), s.boss(), domain.RoleSpec{Name: name, Sees: sees})
	require.NoError(s, err)
	return r.ID.String()
}

// done requires success without an answer.
func (s *scene) done(g got) {
	s.Helper()
	require.Equal(s, http.StatusNoContent, g.status, g.body)
	require.Empty(s, g.body)
}

// ok requires success and gives the answer.
func (s *scene) ok(g got) map[string]any {
	s.Helper()
	require.Equal(s, http.StatusOK, g.status, g.body)
	return g.object(s)
}

// A person is added, confirmed, changed, deactivated, activated, deleted and purged, each under the version that was read.
func inviteConfirm(s *scene) {
	role := s.role("Agent", domain.SeesOwn)
	made := s.post("/users", `{"given_name":"Ana","family_name":"Díaz","email":"ana@acme.test","role_id":"`+role+`"}`)
	require.Equal(s, http.StatusCreated, made.status, made.body)
	require.Equal(s, `W/"1"`, made.header.Get("ETag"))
	user := strings.TrimPrefix(made.header.Get("Location"), Prefix)
	require.Equal(s, "/users/"+made.text(s, "id"), user)
	shown := made.object(s)
	require.Equal(s, []any{"pending", "ana@acme.test", "Ana Díaz", "full", false, nil, nil, nil}, []any{
		shown["status"], shown["user_name"], shown["display_name"], shown["licence"], shown["owner"], shown["block"], shown["waiting"], shown["accepted_at"],
	})

	refused(s, s.post(user+"/confirm", "", "If-Match", `W/"7"`), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")
	confirmed := s.post(user+"/confirm", "", "If-Match", `W/"1"`)
	require.Equal(s, "active", s.ok(confirmed)["status"])
	require.Equal(s, `W/"2"`, confirmed.header.Get("ETag"))
	changed := s.patch(user, `{"family_name":"Łuk","title":"Lead"}`, "If-Match", `W/"2"`)
	require.Equal(s, "Łuk", s.ok(changed)["family_name"])
	refused(s, s.patch(user, `{"title":""}`, "If-Match", `W/"2"`), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")
	refused(s, s.patch(user, `{"title":null}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "title")
	require.Equal(s, "Lead", s.get(user).text(s, "attributes", "title"))
	s.ok(s.patch(user, `{"title":""}`))
	require.NotContains(s, s.get(user).object(s)["attributes"], "title")

	require.Equal(s, "inactive", s.ok(s.post(user+"/deactivate", ""))["status"])
	require.Equal(s, "inactive", s.ok(s.post(user+"/deactivate", ""))["status"], "a second time changes nothing")
	refused(s, s.post(user+"/confirm", ""), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "status")
	require.Equal(s, "active", s.ok(s.post(user+"/activate", ""))["status"])
	refused(s, s.post(user+"/purge", ""), http.StatusConflict, domain.CodeNotArchived, "")
	refused(s, s.remove(user, "If-Match", `W/"1"`), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")
	s.done(s.remove(user))
	refused(s, s.get(user), http.StatusNotFound, domain.CodeNotFound, "")
	refused(s, s.remove(user), http.StatusNotFound, domain.CodeNotFound, "")
	s.done(s.post(user+"/purge", ""))
	s.done(s.post(user+"/purge", ""))
	require.Equal(s, 1, s.events()[domain.UserPurged])

	off := s.post("/users", `{"full_name":"Off","email":"off@acme.test","user_name":"off","licence":"full","disabled":true,"role_id":"`+role+`"}`)
	require.Equal(s, "inactive", off.text(s, "status"))
	require.Equal(s, "off", off.text(s, "user_name"))
	require.Equal(s, 2, s.events()[domain.UserCreated])
}

// What is wrong is told by the name of the field as it was sent, and changes nothing.
func TestLifeRefuses(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		user := "/users/" + s.provision("ana@acme.test").ID.String()
		role := s.role("Agent", domain.SeesOwn)
		long := strings.Repeat("x", 321)
		before := s.events()
		for name, c := range map[string]struct{ method, path, body, code, field string }{
			"no e-mail":          {"POST", "/users", `{"full_name":"B","role_id":"` + role + `"}`, domain.CodeInvalidValue, "email"},
			"long e-mail":        {"POST", "/users", `{"full_name":"B","email":"` + long + `","role_id":"` + role + `"}`, domain.CodeInvalidValue, "email"},
			"control in name":    {"POST", "/users", `{"full_name":"B\n","email":"b@acme.test","role_id":"` + role + `"}`, domain.CodeInvalidValue, "full_name"},
			"control in account": {"POST", "/users", `{"full_name":"B","user_name":"b\u0001","email":"b@acme.test","role_id":"` + role + `"}`, domain.CodeInvalidValue, "user_name"},
			"bad licence":        {"POST", "/users", `{"full_name":"B","email":"b@acme.test","licence":"A B","role_id":"` + role + `"}`, domain.CodeInvalidValue, "licence"},
			"long title":         {"PATCH", user, `{"title":"` + long + `"}`, domain.CodeInvalidValue, "title"},
			"two lines":          {"PATCH", user, `{"display_name":"a\nb"}`, domain.CodeInvalidValue, "display_name"},
			"no licence":         {"POST", user + "/licence", `{}`, domain.CodeInvalidValue, "licence"},
			"unknown licence":    {"POST", user + "/licence", `{"licence":"unheard-of"}`, domain.CodeInvalidValue, "licence"},
			"zone":               {"PUT", user + "/window", `{"time_zone":"Mars/Olympus"}`, domain.CodeInvalidValue, "time_zone"},
			"no day":             {"PUT", user + "/window", `{"valid_from":"2026-02-30"}`, domain.CodeInvalidValue, "valid_from"},
			"wrong order":        {"PUT", user + "/window", `{"valid_from":"2026-02-02","valid_until":"2026-02-01"}`, domain.CodeInvalidValue, "valid_until"},
			"no span":            {"PUT", user + "/window", `{"schedule":"mon 9-17"}`, domain.CodeInvalidValue, "schedule"},
			"method":             {"GET", user + "/access-decision?method=force", "", domain.CodeInvalidValue, "method"},
			"no days":            {"PATCH", "/policy", `{"inactivity_days":0}`, domain.CodeInvalidValue, "inactivity_days"},
			"too many days":      {"PATCH", "/policy", `{"inactivity_days":3651}`, domain.CodeInvalidValue, "inactivity_days"},
			"late warning":       {"PATCH", "/policy", `{"inactivity_warning_days":90}`, domain.CodeInvalidValue, "inactivity_warning_days"},
			"suspension":         {"PATCH", "/policy", `{"suspension":"nobody_wins"}`, domain.CodeInvalidValue, "suspension"},
			"email change":       {"PATCH", "/policy", `{"email_change":""}`, domain.CodeInvalidValue, "email_change"},
			"overflow":           {"PATCH", "/policy", `{"seat_overflow":"push"}`, domain.CodeInvalidValue, "seat_overflow"},
			"no failures":        {"PATCH", "/policy", `{"failed_sign_ins":0}`, domain.CodeInvalidValue, "failed_sign_ins"},
			"late notice":        {"PATCH", "/policy", `{"password_warning_days":120}`, domain.CodeInvalidValue, "password_warning_days"},
			"long invitation":    {"PATCH", "/policy", `{"invitation_days":91}`, domain.CodeInvalidValue, "invitation_days"},
			"long idle":          {"PATCH", "/policy", `{"session_idle_hours":721}`, domain.CodeInvalidValue, "session_idle_hours"},
			"no session":         {"PATCH", "/policy", `{"session_days":0}`, domain.CodeInvalidValue, "session_days"},
			"second factor":      {"PATCH", "/policy", `{"mfa":"never"}`, domain.CodeInvalidValue, "mfa"},
			"no plan":            {"PUT", "/licences/full/seats", `{}`, domain.CodeInvalidValue, "limit"},
			"two plans":          {"PUT", "/licences/full/seats", `{"limit":5,"unlimited":true}`, domain.CodeInvalidValue, "limit"},
			"below none":         {"PUT", "/licences/full/seats", `{"limit":-1}`, domain.CodeInvalidValue, "limit"},
			"beyond all":         {"PUT", "/licences/full/seats", `{"limit":1000001}`, domain.CodeInvalidValue, "limit"},
			"no name":            {"PUT", "/licences/Full/seats", `{"limit":1}`, domain.CodeInvalidValue, "type"},
		} {
			s.Run(name, func(t *testing.T) {
				refused(t, s.as(s.all, c.method, c.path, c.body), http.StatusUnprocessableEntity, c.code, c.field)
			})
		}
		refused(s, s.post("/users/x/activate", ""), http.StatusNotFound, domain.CodeNotFound, "id")
		refused(s, s.patch("/users/x", `{}`), http.StatusNotFound, domain.CodeNotFound, "id")
		require.Equal(s, before, s.events(), "nothing was written")
	})
}

// Who is blocked or outside their window is refused with a reason, and every answer about them says so.
func blockAndWindow(s *scene) {
	user := "/users/" + s.provision("ana@acme.test").ID.String()
	decide := func(method string) map[string]any {
		s.Helper()
		return s.ok(s.get(user + "/access-decision?method=" + method))
	}
	require.Equal(s, map[string]any{"allowed": true, "reason": nil, "sentence": nil, "remedy": nil, "next_opening": nil}, decide("session"))
	require.Equal(s, []any{false, domain.ReasonNoPassword}, []any{decide("password")["allowed"], decide("password")["reason"]})
	require.Equal(s, map[string]any{"block": nil}, s.ok(s.get(user+"/block")))
	s.done(s.post(user+"/block", "", "If-Match", `W/"1"`))
	refused(s, s.post(user+"/unblock", "", "If-Match", `W/"7"`), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")
	by := map[string]any{"kind": domain.ActorAPIKey, "id": s.get("/me").text(s, "id")}
	want := map[string]any{"reason": "administrator", "since": s.clock.Now().UTC().Format(time.RFC3339Nano), "by": by}
	require.Equal(s, want, s.ok(s.get(user + "/block"))["block"])
	require.Equal(s, want, s.ok(s.get(user))["block"])
	require.Equal(s, want, s.get("/users").items(s)[0]["block"])
	require.Equal(s, domain.ReasonBlocked, decide("session")["reason"])
	s.done(s.post(user+"/unblock", ""))
	s.done(s.post(user+"/unblock", ""))
	require.Nil(s, s.ok(s.get(user))["block"])
	require.Equal(s, true, decide("session")["allowed"])

	always := map[string]any{"time_zone": "UTC", "valid_from": nil, "valid_until": nil, "schedule": nil}
	require.Equal(s, always, s.ok(s.get(user+"/window")))
	s.clock.Move(time.Date(2030, 6, 1, 7, 0, 0, 0, time.UTC).Sub(s.clock.Now()))
	set := s.ok(s.put(user+"/window", `{"time_zone":"Europe/Madrid","valid_from":"2030-06-03","valid_until":"2030-06-30","schedule":"Mon 09:00-17:00"}`))
	require.Equal(s, map[string]any{"time_zone": "Europe/Madrid", "valid_from": "2030-06-03", "valid_until": "2030-06-30", "schedule": "mon 09:00-17:00"}, set)
	require.Equal(s, set, s.ok(s.get(user+"/window")))
	require.Equal(s, domain.ReasonNoProvider, decide("single_sign_on")["reason"])
	s.registered()
	early := decide("single_sign_on")
	require.Equal(s, []any{false, domain.ReasonNotYetValid, "2030-06-03T07:00:00Z"}, []any{early["allowed"], early["reason"], early["next_opening"]})
	require.Contains(s, early["sentence"], "2030-06-03 09:00 CEST")
	require.Contains(s, early["remedy"], "users:edit")
	require.Equal(s, always, s.ok(s.put(user+"/window", `{}`)))
	require.Equal(s, true, decide("session")["allowed"])
	require.Equal(s, 2, s.events()[domain.AccessWindowChanged])
}

// The policy begins with the defaults, and changes field by field under its version.
func TestPolicy(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		first := s.get("/policy")
		doors := map[string]any{
			"failed_sign_ins": 5.0, "password_days": 120.0, "password_warning_days": 14.0, "invitation_days": 7.0,
			"session_idle_hours": 12.0, "session_days": 7.0, "mfa": "optional", "local_sign_in": "allowed", "required_fields": []any{}, "extension_auto": false,
		}
		want := map[string]any{
			"inactivity_days": 90.0, "inactivity_warning_days": 14.0, "suspension": "administrator_wins", "email_change": "directory", "seat_overflow": "refuse",
		}
		maps.Copy(want, doors)
		require.Equal(s, want, s.ok(first))
		changed := s.patch("/policy", `{"inactivity_days":3650,"inactivity_warning_days":0,"suspension":"directory_wins","email_change":"never","failed_sign_ins":3,"mfa":"required"}`, "If-Match", first.header.Get("ETag"))
		want = map[string]any{
			"inactivity_days": 3650.0, "inactivity_warning_days": 0.0, "suspension": "directory_wins", "email_change": "never", "seat_overflow": "refuse",
		}
		doors["failed_sign_ins"], doors["mfa"] = 3.0, "required"
		maps.Copy(want, doors)
		require.Equal(s, want, s.ok(changed))
		refused(s, s.patch("/policy", `{"seat_overflow":"wait"}`, "If-Match", first.header.Get("ETag")), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")
		s.ok(s.patch("/policy", `{}`))
		require.Equal(s, want, s.ok(s.get("/policy")))
		require.Equal(s, changed.header.Get("ETag"), s.get("/policy").header.Get("ETag"))
		require.Equal(s, 1, s.events()[domain.PolicyChanged])
		other := s.stranger()
		require.NotEqual(s, other.Organisation.ID, s.tenant.Organisation.ID)
		require.EqualValues(s, 90, s.as(s.keyOf(other.Organisation.Slug, "policy:view"), http.MethodGet, "/policy", "").object(s)["inactivity_days"])
	})
}
