package api

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
	"usher/scim"
)

// The rules of domain.md as they show at this door, each under its name, over both databases. What every rule leaves
// behind must be consistent.
func TestRules(t *testing.T) {
	t.Parallel()
	tell(t, map[string]func(*scene){
		"seat.required":           seatRequired,
		"seat.release":            seatRelease,
		"seat.reduce":             seatReduce,
		"seat.wait":               seatWait,
		"owner.last":              ownerLast,
		"owner.escalation":        ownerEscalation,
		"user.required":           userRequired,
		"user.extension-auto":     userExtensionAuto,
		"explain.person":          explainPerson,
		"user.fields":             typedFields,
		"user.manager":            userManager,
		"email.unique":            emailUnique,
		"user.email-immutable":    userEmailImmutable,
		"activate.seat":           activateSeat,
		"activate.block-kept":     activateBlockKept,
		"suspend.sticks":          suspendSticks,
		"suspend.organisation":    accessFollowsAtOnce,
		"access.immediate":        accessFollowsAtOnce,
		"access.window":           blockAndWindow,
		"block.unblock":           blockAndWindow,
		"invite.confirm":          inviteConfirm,
		"licence.modules":         modulesOfLicence,
		"licence.modules-warning": licenceWarning,
		"permission.effective":    permissionEffective,

		"permission.effective-inactive": permissionEffectiveInactive,
		"profile.delete":                profileDelete,
		"profile.delete-licence":        licenceDelete,
		"profile.summary":               profileSummary,
		"provision.defaults":            provisionDefaults,
		"role.sees":                     roleSees,
		"seat.type-change":              seatReduce,
		"user.copy-permissions":         userCopyPermissions,
		"mapping.apply":                 mappingApply,
		"mapping.precedence":            mappingPrecedence,
		"mapping.rebind":                mappingRebind,
		"mapping.refused":               mappingRefused,
		"mapping.declared-checked":      mappingDeclaredChecked,
		"mapping.pages":                 mappingPages,
		"provision.limits":              provisionLimits,
		"deactivate.queues":             deactivateQueues,
	})
}

// newUser asks for a person by hand.
func (s *scene) newUser(email string) got {
	s.Helper()
	roles, err := s.service.Administration.Roles(s.Context(), s.boss())
	require.NoError(s, err)
	var role string
	if len(roles) > 0 {
		role = roles[0].ID.String()
	} else {
		role = s.role("Agent", domain.SeesOwn)
	}
	return s.post("/users", `{"full_name":"Ana","email":"`+email+`","role_id":"`+role+`"}`)
}

// added is the path of a person who was added.
func (s *scene) added(g got) string {
	s.Helper()
	require.Equal(s, http.StatusCreated, g.status, g.body)
	return "/users/" + g.text(s, "id")
}

// seats sets the plan of the licence full.
func (s *scene) seats(limit int) got {
	s.Helper()
	return s.put("/licences/full/seats", fmt.Sprintf(`{"limit":%d}`, limit))
}

// full is the state of the licence full: limit, held and waiting.
func (s *scene) full() []any {
	s.Helper()
	of := s.get("/licences").items(s)[0]
	require.Equal(s, "full", of["type"])
	return []any{of["limit"], of["held"], of["waiting"]}
}

func seatRequired(s *scene) {
	s.done(s.seats(1))
	s.added(s.newUser("a@acme.test"))
	p := refused(s, s.newUser("b@acme.test"), http.StatusForbidden, domain.CodeSeatsExhausted, "licence")
	require.Contains(s, p["detail"], `no free seat: 1 of 1 seat of the licence "full" is held`)
	require.Equal(s, []any{1.0, 1.0, 0.0}, s.full())
	require.Len(s, s.get("/users").items(s), 1, "nobody was added")
}

func seatRelease(s *scene) {
	a, b := s.added(s.newUser("a@acme.test")), s.added(s.newUser("b@acme.test"))
	require.Equal(s, []any{10.0, 2.0, 0.0}, s.full())
	s.done(s.post(a+"/block", ""))
	require.Equal(s, []any{10.0, 2.0, 0.0}, s.full(), "a block frees none")
	s.ok(s.post(a+"/deactivate", ""))
	require.Equal(s, []any{10.0, 1.0, 0.0}, s.full())
	s.done(s.remove(b))
	require.Equal(s, []any{10.0, 0.0, 0.0}, s.full())
}

func seatReduce(s *scene) {
	a := s.added(s.newUser("a@acme.test"))
	s.added(s.newUser("b@acme.test"))
	p := refused(s, s.seats(1), http.StatusConflict, domain.CodeSeatsHeld, "limit")
	require.Contains(s, p["detail"], "keep at least 2 seats")
	require.Equal(s, []any{10.0, 2.0, 0.0}, s.full())
	s.done(s.seats(2))
	require.Equal(s, []any{2.0, 2.0, 0.0}, s.full())
	s.ok(s.post(a+"/deactivate", ""))
	s.done(s.seats(1))
	s.done(s.seats(3))
	require.Equal(s, []any{3.0, 1.0, 0.0}, s.full())
	s.done(s.put("/licences/full/seats", `{"unlimited":true}`))
	require.Equal(s, []any{nil, 1.0, 0.0}, s.full())
	s.done(s.put("/licences/simulator/seats", `{"limit":1}`))
	require.Equal(s, []string{"full", "simulator"}, s.get("/licences").values(s, "type"))

	// Rule seat.type-change: the new seat is taken and the old one freed in one step.
	moved := s.ok(s.post(s.added(s.newUser("c@acme.test"))+"/licence", `{"licence":"simulator"}`))
	require.Equal(s, "simulator", moved["licence"])
	refused(s, s.post(s.added(s.newUser("d@acme.test"))+"/licence", `{"licence":"simulator"}`), http.StatusForbidden, domain.CodeSeatsExhausted, "licence")
}

func seatWait(s *scene) {
	s.done(s.seats(1))
	a := s.added(s.newUser("a@acme.test"))
	s.ok(s.patch("/policy", `{"seat_overflow":"wait"}`))
	first := "/users/" + s.provision("first@acme.test").ID.String()
	second := "/users/" + s.provision("second@acme.test").ID.String()
	require.Equal(s, []any{1.0, 1.0, 2.0}, s.full())
	for _, path := range []string{first, second} {
		u := s.ok(s.get(path))
		require.Equal(s, "pending", u["status"])
		require.Equal(s, map[string]any{"since": u["created_at"]}, u["waiting"])
		refused(s, s.post(path+"/confirm", ""), http.StatusConflict, domain.CodeWaitingForSeat, "")
		require.Equal(s, domain.ReasonWaiting, s.ok(s.get(path + "/access-decision?method=single_sign_on"))["reason"])
	}
	for i, waits := range []bool{false, true, true} {
		require.Equal(s, waits, s.get("/users").items(s)[i]["waiting"] != nil)
	}
	refused(s, s.newUser("b@acme.test"), http.StatusForbidden, domain.CodeSeatsExhausted, "licence")
	s.ok(s.post(a+"/deactivate", ""))
	require.Equal(s, []any{"active", nil}, []any{s.ok(s.get(first))["status"], s.ok(s.get(first))["waiting"]}, "the first in line")
	require.NotNil(s, s.ok(s.get(second))["waiting"], "nobody overtakes")
	s.done(s.seats(2))
	require.Equal(s, []any{"active", nil}, []any{s.ok(s.get(second))["status"], s.ok(s.get(second))["waiting"]})
	require.Equal(s, []any{2.0, 2.0, 0.0}, s.full())
}

func ownerLast(s *scene) {
	boss := "/users/" + storetest.Account(s, s.store, s.tenant, "boss@acme.test", func(u *domain.User) { u.Owner = true }).ID.String()
	require.Equal(s, true, s.ok(s.get(boss))["owner"])
	protected := 0
	for _, request := range []got{
		s.post(boss+"/deactivate", ""), s.remove(boss), s.post(boss+"/block", ""),
		s.put(boss+"/window", `{"valid_until":"2030-01-01"}`), s.asOwner(boss + "/unmake-owner"),
	} {
		refused(s, request, http.StatusForbidden, domain.CodeLastOwner, "")
		protected++
		require.Equal(s, []any{"active", true, nil}, []any{s.ok(s.get(boss))["status"], s.ok(s.get(boss))["owner"], s.ok(s.get(boss))["block"]})
	}
	require.Equal(s, protected, s.events()[domain.OwnerProtected], "each refusal is an event")
	s.ok(s.put(boss+"/window", `{"schedule":"mon 09:00-17:00"}`)) // does not count
	second := s.added(s.newUser("second@acme.test"))
	s.ok(s.post(second+"/confirm", ""))
	s.ok(s.asOwner(second + "/make-owner"))
	shown := s.ok(s.get(second))
	require.Equal(s, true, shown["owner"])
	ownership := shown["ownership"].(map[string]any)
	require.Equal(s, []any{s.now(), "user"}, []any{ownership["since"], ownership["by"].(map[string]any)["kind"]})
	require.Equal(s, ownership, s.ok(s.get(second + "/explain"))["permissions"].(map[string]any)["ownership"])
	require.Nil(s, s.ok(s.get(boss))["ownership"], "it was not noted")
	require.Equal(s, false, s.ok(s.asOwner(boss + "/unmake-owner"))["owner"])
	s.ok(s.post(boss+"/deactivate", ""))
	refused(s, s.post(second+"/deactivate", ""), http.StatusForbidden, domain.CodeLastOwner, "")
}

func ownerEscalation(s *scene) {
	user := s.added(s.newUser("ana@acme.test"))
	before := s.events()
	refused(s, s.post(user+"/make-owner", ""), http.StatusForbidden, domain.CodeOwnerOnly, "")
	refused(s, s.post(user+"/unmake-owner", ""), http.StatusForbidden, domain.CodeOwnerOnly, "")
	all := s.role("Director", domain.SeesAll)
	small := s.key("users:create") // a key that may edit every role is measured by that
	refused(s, s.as(small, http.MethodPost, "/users", `{"full_name":"B","email":"b@acme.test","role_id":"`+all+`"}`),
		http.StatusForbidden, domain.CodeEscalation, "role_id")
	require.Equal(s, before[domain.UserCreated], s.events()[domain.UserCreated])
	require.Equal(s, before[domain.OwnerMade], s.events()[domain.OwnerMade])

	s.done(s.put("/licences/simulator/seats", `{"unlimited":true}`))
	s.ok(s.asOwner(user + "/make-owner"))
	refused(s, s.post(user+"/licence", `{"licence":"simulator"}`), http.StatusConflict, domain.CodeOwnerLicence, "licence")
	other := s.added(s.newUser("b@acme.test"))
	s.ok(s.post(other+"/licence", `{"licence":"simulator"}`))
	refused(s, s.asOwner(other+"/make-owner"), http.StatusConflict, domain.CodeOwnerLicence, "licence")

	// Nor by a licence that reaches more, nor by letting a choice go.
	strong, weak := s.made("/profiles", `{"name":"Strong","grants":{"users:delete":true}}`), s.made("/profiles", `{"name":"Weak","grants":{"teams:view":true}}`)
	s.ok(s.put("/licences/simulator/modules", `{"modules":["teams"]}`))
	s.ok(s.patch(other+"/access", `{"profile_id":"`+strong+`"}`))
	clerk := s.key("users:edit", "users:view", "teams:view")
	refused(s, s.as(clerk, http.MethodPost, other+"/licence", `{"licence":"full"}`), http.StatusForbidden, domain.CodeEscalation, "licence")
	s.ok(s.put("/defaults", `{"role_id":null,"profile_id":"`+strong+`"}`))
	pushed := "/users/" + s.provision("pushed@acme.test").ID.String()
	s.ok(s.patch(pushed+"/access", `{"profile_id":"`+weak+`","locked":true}`))
	refused(s, s.as(clerk, http.MethodPatch, pushed+"/access", `{"profile_id":"automatic"}`), http.StatusForbidden, domain.CodeEscalation, "profile_id")
}

func userRequired(s *scene) {
	role := s.role("Agent", domain.SeesOwn)
	for body, refusal := range map[string][2]string{
		`{"family_name":"Łuk","email":"a@acme.test","role_id":"` + role + `"}`:                         {domain.CodeRequired, "given_name"},
		`{"given_name":"Ana","family_name":" ","email":"a@acme.test","role_id":"` + role + `"}`:        {domain.CodeRequired, "family_name"},
		`{"full_name":"Ana","email":"","role_id":"` + role + `"}`:                                      {domain.CodeRequired, "email"},
		`{"full_name":"Ana","email":"ana at acme","role_id":"` + role + `"}`:                           {domain.CodeInvalidValue, "email"},
		`{"full_name":"Ana","email":"a@acme.test","role_id":""}`:                                       {domain.CodeRequired, "role_id"},
		`{"full_name":"Ana","email":"a@acme.test","role_id":"x"}`:                                      {domain.CodeInvalidValue, "role_id"},
		`{"full_name":"Ana","email":"a@acme.test","role_id":"01980a2b-7c3d-7e4f-8a5b-6c7d8e9f0a1b"}`:   {domain.CodeInvalidValue, "role_id"},
		`{"full_name":"Ana","email":"a@acme.test"}`:                                                    {domain.CodeInvalidValue, "role_id"},
		`{"full_name":"Ana","email":"a@acme.test","licence":"unheard-of","role_id":"` + role + `"}`:    {domain.CodeInvalidValue, "licence"},
		`{"full_name":"Ana","email":"a@acme.test","user_name":" ","role_id":"` + role + `"}`:           {domain.CodeRequired, "user_name"},
		`{"full_name":"Ana","email":"a@acme.test","user_name":"a","role_id":"` + role + `","owner":1}`: {domain.CodeInvalidValue, "owner"},
	} {
		refused(s, s.post("/users", body), http.StatusUnprocessableEntity, refusal[0], refusal[1])
	}
	require.Empty(s, s.get("/users").items(s))
	shown := s.post("/users", `{"given_name":"Ana","family_name":"Łuk","email":"Ana@acme.test","role_id":"`+role+`"}`)
	s.added(shown)
	require.Equal(s, "Ana@acme.test", shown.text(s, "user_name"), "the e-mail unless given")
	id, _ := domain.ParseID[domain.User](shown.text(s, "id"))
	given, err := s.service.Administration.UserAccess(s.Context(), s.boss(), id)
	require.NoError(s, err)
	require.Equal(s, role, given.Role.ID.String())
}

func emailUnique(s *scene) {
	s.provision("pushed@acme.test", storetest.Emails("mail@acme.test", "second@acme.test"))
	for _, email := range []string{"MAIL@acme.test", "second@acme.test", "pushed@acme.test"} {
		refused(s, s.newUser(email), http.StatusConflict, domain.CodeEmailTaken, "email")
	}
	require.Len(s, s.get("/users").items(s), 1)
	s.added(s.newUser("other@acme.test"))
}

func userEmailImmutable(s *scene) {
	user := s.added(s.newUser("ana@acme.test"))
	s.added(s.newUser("b@acme.test"))
	for body, field := range map[string]string{`{"email":"new@acme.test"}`: "email", `{"user_name":"new"}`: "user_name", `{"title":"x","email":"new@acme.test"}`: "email"} {
		refused(s, s.patch(user, body), http.StatusUnprocessableEntity, domain.CodeEmailImmutable, field)
	}
	require.Equal(s, `W/"1"`, s.get(user).header.Get("ETag"))
	s.ok(s.patch(user, `{"email":"ana@acme.test","user_name":"ana@acme.test","title":"Lead"}`)) // as they are
	s.ok(s.patch("/policy", `{"email_change":"administrators"}`))
	refused(s, s.patch(user, `{"email":"B@acme.test"}`), http.StatusConflict, domain.CodeEmailTaken, "email")
	changed := s.ok(s.patch(user, `{"email":"new@acme.test","user_name":"new"}`))
	require.Equal(s, "new", changed["user_name"])
	require.Equal(s, "new@acme.test", changed["emails"].([]any)[0].(map[string]any)["value"])
}

func activateSeat(s *scene) {
	s.done(s.seats(1))
	a := s.added(s.newUser("a@acme.test"))
	s.ok(s.post(a+"/deactivate", ""))
	b := s.added(s.newUser("b@acme.test"))
	refused(s, s.post(a+"/activate", ""), http.StatusForbidden, domain.CodeSeatsExhausted, "licence")
	require.Equal(s, "inactive", s.ok(s.get(a))["status"])
	s.done(s.remove(b))
	require.Equal(s, "pending", s.ok(s.post(a+"/activate", ""))["status"], "who never accepted")
	require.NotNil(s, s.ok(s.post(a+"/confirm", ""))["accepted_at"])
	s.ok(s.post(a+"/deactivate", ""))
	require.Equal(s, "active", s.ok(s.post(a+"/activate", ""))["status"])
}

func activateBlockKept(s *scene) {
	user := s.added(s.newUser("ana@acme.test"))
	s.ok(s.post(user+"/confirm", ""))
	s.done(s.post(user+"/block", ""))
	s.ok(s.post(user+"/deactivate", ""))
	back := s.ok(s.post(user+"/activate", ""))
	require.Equal(s, []any{"active", "administrator"}, []any{back["status"], back["block"].(map[string]any)["reason"]})
	require.Equal(s, domain.ReasonBlocked, s.ok(s.get(user + "/access-decision"))["reason"])
	s.done(s.post(user+"/unblock", ""))
	require.Equal(s, true, s.ok(s.get(user + "/access-decision?method=session"))["allowed"])
}

// suspendSticks: whom a key deactivated here, the directory does not bring back at its own door.
func suspendSticks(s *scene) {
	door, err := scim.New(scim.Config{
		Directory: s.directory, BaseURL: func() string { return "https://usher.test/scim/v2" }, CursorKey: s.service.CursorKey,
		Now: s.clock.Now, Log: s.service.Log,
	})
	require.NoError(s, err)
	push := func(method, path, body string) map[string]any {
		r := httptest.NewRequestWithContext(s.Context(), method, "/scim/v2"+path, bytes.NewReader([]byte(body)))
		r.Header.Set("Authorization", "Bearer "+s.tenant.Token)
		r.Header.Set("Content-Type", "application/scim+json")
		w := httptest.NewRecorder()
		door.ServeHTTP(w, r)
		return s.ok(got{w.Code, w.Header(), w.Body.String()})
	}
	user := "/users/" + s.provision("ana@acme.test").ID.String()
	s.ok(s.post(user+"/deactivate", ""))
	directory := "/Users/" + user[len("/users/"):]
	activate := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"active","value":true}]}`
	replace := `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ana@acme.test","active":true}`
	require.Equal(s, false, push(http.MethodPatch, directory, activate)["active"])
	require.Equal(s, false, push(http.MethodPut, directory, replace)["active"])
	require.Equal(s, "inactive", s.ok(s.get(user))["status"])
	require.Equal(s, []any{10.0, 0.0, 0.0}, s.full())
	require.Equal(s, 2, s.events()[domain.SuspensionKept])

	s.ok(s.patch("/policy", `{"suspension":"directory_wins"}`))
	require.Equal(s, true, push(http.MethodPatch, directory, activate)["active"])
	require.Equal(s, "active", s.ok(s.get(user))["status"])
}
