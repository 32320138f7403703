package api

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// Rules that are kept deeper in the house, and show at this door all the same.
func TestRulesShowHere(t *testing.T) {
	t.Parallel()
	tell(t, map[string]func(*scene){
		"seat.never-oversold":     seatNeverOversold,
		"seat.unlimited":          seatUnlimited,
		"user.baseline":           userBaseline,
		"user.starter":            userStarter,
		"deactivate.keeps":        deactivateKeeps,
		"deactivate.doors-keys":   deactivateEndsKeys,
		"access.decision":         accessDecisionTold,
		"access.mfa":              accessMFADemanded,
		"block.failed":            blockFailedTold,
		"block.no-lockout-dos":    blockFailedTold,
		"password.expiry":         passwordExpiry,
		"method.allowed-is-named": allowedMethods,
	})
}

// seatNeverOversold: of requests at the same moment as many succeed as there are seats.
func seatNeverOversold(s *scene) {
	role := s.role("Agent", domain.SeesOwn)
	s.done(s.seats(3))
	const asks = 8
	answers := make([]got, asks)
	var group sync.WaitGroup
	for i := range asks {
		group.Go(func() {
			answers[i] = s.post("/users", `{"full_name":"Ana","email":"u`+string(rune('a'+i))+`@acme.test","role_id":"`+role+`"}`)
		})
	}
	group.Wait()
	counts := map[int]int{}
	for _, g := range answers {
		counts[g.status]++
	}
	require.Equal(s, map[int]int{http.StatusCreated: 3, http.StatusForbidden: asks - 3}, counts)
	require.Equal(s, []any{3.0, 3.0, 0.0}, s.full())
}

func seatUnlimited(s *scene) {
	s.done(s.seats(1))
	s.added(s.newUser("a@acme.test"))
	refused(s, s.newUser("b@acme.test"), http.StatusForbidden, domain.CodeSeatsExhausted, "licence")
	s.done(s.put("/licences/full/seats", `{"unlimited":true}`))
	for _, name := range []string{"b", "c", "d"} {
		s.added(s.newUser(name + "@acme.test"))
	}
	require.Equal(s, []any{nil, 4.0, 0.0}, s.full())
	require.Nil(s, s.get("/licences").items(s)[0]["free"])
}

// userBaseline: everybody active has what a baseline profile permits, beside what they have; who is not active has not.
func userBaseline(s *scene) {
	s.made("/profiles", `{"name":"Everybody","baseline":true,"grants":{"teams:view":true}}`)
	user := s.added(s.newUser("ana@acme.test"))
	may := func() any { return s.ok(s.get(user + "/permissions"))["permissions"].(map[string]any)["teams:view"] }
	require.Nil(s, may(), "not before they are active")
	s.ok(s.post(user+"/confirm", ""))
	require.NotNil(s, may())
	s.ok(s.post(user+"/deactivate", ""))
	require.Nil(s, may())
}

// userStarter: what a new organisation begins with is there to be read and edited.
func userStarter(s *scene) {
	made, err := s.installation.CreateOrganisation(s.Context(), domain.OrganisationSpec{Slug: "starter"})
	require.NoError(s, err)
	key := s.keyOf(made.Organisation.Slug, "roles:view", "roles:edit", "profiles:view", "users:view")
	list := s.as(key, http.MethodGet, "/roles", "")
	require.Equal(s, []string{"Administrator", "Agent", "Manager"}, list.values(s, "name"))
	require.Equal(s, []string{"Administrator", "Agent", "Manager"}, s.as(key, http.MethodGet, "/profiles", "").values(s, "name"))
	ids := map[string]string{}
	for _, role := range list.items(s) {
		ids[role["name"].(string)] = role["id"].(string)
	}
	for _, role := range list.items(s) {
		parent := map[string]any{"Administrator": nil, "Manager": ids["Administrator"], "Agent": ids["Manager"]}[role["name"].(string)]
		require.Equal(s, parent, role["parent_id"], role["name"])
	}
	s.ok(s.as(key, http.MethodPut, "/roles/"+ids["Agent"], `{"name":"Field agent","parent_id":"`+ids["Manager"]+`","sees":"own"}`))
}

// deactivateKeeps: who is deactivated and comes back has their team, role, profile, records and history.
func deactivateKeeps(s *scene) {
	user := s.added(s.newUser("ana@acme.test"))
	s.ok(s.post(user+"/confirm", ""))
	team, profile := s.made("/teams", `{"name":"Blue"}`), s.made("/profiles", `{"name":"Seller","grants":{}}`)
	s.ok(s.patch(user+"/access", `{"team_id":"`+team+`","profile_id":"`+profile+`"}`))
	s.own(user[len("/users/"):], "r1", "r2")
	before := s.ok(s.get(user + "/access"))
	s.ok(s.post(user+"/deactivate", `{"leave_records":true}`))
	require.Equal(s, before, s.ok(s.get(user+"/access")))
	require.InDelta(s, 2, s.owned(user[len("/users/"):]), 0)
	require.Equal(s, []int{1, 1, 1}, []int{s.events()[domain.UserCreated], s.events()[domain.UserConfirmed], s.events()[domain.UserDeactivated]})
	s.ok(s.post(user+"/activate", ""))
	require.Equal(s, before, s.ok(s.get(user+"/access")))
}

// deactivateEndsKeys: a key of a person permits no more than they may, and ends with their access.
func deactivateEndsKeys(s *scene) {
	user, _ := s.member("ana@acme.test")
	id := user[len("/users/"):]
	s.ok(s.patch(user+"/access", `{"granted":{"teams:view":true}}`))
	made := s.post("/api-keys", `{"name":"Ana's","permissions":["teams:view","users:view"],"user_id":"`+id+`"}`)
	require.Equal(s, http.StatusCreated, made.status, made.body)
	require.Equal(s, id, made.text(s, "user_id"))
	key := made.text(s, "api_key")
	require.Equal(s, http.StatusOK, s.as(key, http.MethodGet, "/teams", "").status)
	refused(s, s.as(key, http.MethodGet, "/users", ""), http.StatusForbidden, domain.CodePermissionMissing, "users:view")
	s.done(s.post(user+"/block", ""))
	refused(s, s.as(key, http.MethodGet, "/teams", ""), http.StatusForbidden, domain.CodeAccessRefused, domain.ReasonBlocked)
	s.done(s.post(user+"/unblock", ""))
	s.ok(s.post(user+"/deactivate", ""))
	refused(s, s.as(key, http.MethodGet, "/teams", ""), http.StatusUnauthorized, domain.CodeUnauthenticated, "")
	require.Equal(s, 1, s.events()[domain.APIKeyRevoked])
	s.ok(s.post(user+"/activate", ""))
	refused(s, s.as(key, http.MethodGet, "/teams", ""), http.StatusUnauthorized, domain.CodeUnauthenticated, "")
	for body, field := range map[string]string{
		`{"name":"x","permissions":["teams:view"],"user_id":"x"}`:                                    "user_id",
		`{"name":"x","permissions":["teams:view"],"user_id":"01980a2b-7c3d-7e4f-8a5b-6c7d8e9f0a1b"}`: "user_id",
	} {
		refused(s, s.post("/api-keys", body), http.StatusUnprocessableEntity, domain.CodeInvalidValue, field)
	}
	s.ok(s.post(user+"/deactivate", ""))
	refused(s, s.post("/api-keys", `{"name":"x","permissions":["teams:view"],"user_id":"`+id+`"}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "user_id")
}

// accessDecisionTold: the decision about a person, by each way, is what Explain says too, with one reason; Explain says what
// else is in the way.
func accessDecisionTold(s *scene) {
	user := s.added(s.newUser("ana@acme.test"))
	expect := func(password, sso, session string, also ...string) {
		s.Helper()
		explained := s.ok(s.get(user + "/explain"))["sign_in"].(map[string]any)
		for method, reason := range map[string]string{"password": password, "single_sign_on": sso, "session": session} {
			decision := s.ok(s.get(user + "/access-decision?method=" + method))
			more := explained[method].(map[string]any)
			require.NotEmpty(s, more["rule"], method)
			for name, value := range decision {
				require.Equal(s, value, more[name], "%s %s", method, name)
			}
			require.Equal(s, reason == "", decision["allowed"], method)
			if reason != "" {
				require.Equal(s, reason, decision["reason"], method)
				require.NotEmpty(s, decision["remedy"])
			}
		}
		others := []string{}
		for _, other := range explained["password"].(map[string]any)["also"].([]any) {
			for _, name := range []string{"sentence", "remedy", "rule"} {
				require.NotEmpty(s, other.(map[string]any)[name], name)
			}
			others = append(others, other.(map[string]any)["reason"].(string))
		}
		require.Equal(s, append([]string{}, also...), others)
	}
	expect(domain.ReasonPending, domain.ReasonNoProvider, domain.ReasonPending, domain.ReasonNoPassword)
	s.registered()
	expect(domain.ReasonPending, "", domain.ReasonPending, domain.ReasonNoPassword)
	s.ok(s.post(user+"/confirm", ""))
	expect(domain.ReasonNoPassword, "", "")
	s.ok(s.put(user+"/window", `{"valid_from":"2999-01-01"}`))
	expect(domain.ReasonNoPassword, domain.ReasonNotYetValid, domain.ReasonNotYetValid, domain.ReasonNotYetValid)
	s.done(s.post(user+"/block", ""))
	expect(domain.ReasonBlocked, domain.ReasonBlocked, domain.ReasonBlocked, domain.ReasonNoPassword, domain.ReasonNotYetValid)
	s.ok(s.post(user+"/deactivate", ""))
	expect(domain.ReasonInactive, domain.ReasonInactive, domain.ReasonInactive, domain.ReasonBlocked, domain.ReasonNoPassword, domain.ReasonNotYetValid)
}

// accessMFADemanded: of whom a second factor is demanded here, a password alone opens nothing.
func accessMFADemanded(s *scene) {
	user, _ := s.member("ana@acme.test")
	steps := func() []domain.SignInStep {
		in, err := s.signIn("ana@acme.test", goodPassword)
		require.NoError(s, err)
		return in.Session.Steps
	}
	require.Empty(s, steps())
	s.ok(s.patch(user, `{"mfa_required":true}`))
	require.Equal(s, []domain.SignInStep{domain.StepEnrol}, steps())
	s.ok(s.patch(user, `{"mfa_required":false}`))
	require.Empty(s, steps())
	s.ok(s.patch("/policy", `{"mfa":"required"}`))
	require.Equal(s, []domain.SignInStep{domain.StepEnrol}, steps())
}

// blockFailedTold: the policy says how many wrong passwords are forgiven; the block shows, and keeps out by password only.
func blockFailedTold(s *scene) {
	user, _ := s.member("ana@acme.test")
	s.ok(s.patch("/policy", `{"failed_sign_ins":2}`))
	for range 3 {
		require.Nil(s, s.ok(s.get(user))["block"])
		_, err := s.signIn("ana@acme.test", "no lantern in the snow")
		storetest.Refused(s, err, domain.Unauthenticated, domain.CodeSignInRefused)
	}
	require.Equal(s, "failed_sign_ins", s.ok(s.get(user))["block"].(map[string]any)["reason"])
	require.Len(s, s.get("/users?blocked=true").items(s), 1)
	require.Equal(s, domain.ReasonFailedSignIns, s.ok(s.get(user + "/access-decision?method=password"))["reason"])
	s.registered()
	for _, method := range []string{"single_sign_on", "session"} {
		require.Equal(s, true, s.ok(s.get(user + "/access-decision?method=" + method))["allowed"])
	}
	require.Equal(s, 1, s.events()[domain.UserBlocked])
}

// passwordExpiry: the policy says how long a password is good for.
func passwordExpiry(s *scene) {
	s.member("ana@acme.test")
	s.ok(s.patch("/policy", `{"password_days":30}`))
	s.clock.Move(30*24*time.Hour - time.Second)
	in, err := s.signIn("ana@acme.test", goodPassword)
	require.NoError(s, err)
	require.Empty(s, in.Session.Steps)
	s.clock.Move(time.Second)
	in, err = s.signIn("ana@acme.test", goodPassword)
	require.NoError(s, err)
	require.Equal(s, []domain.SignInStep{domain.StepPassword}, in.Session.Steps)
	_, err = s.entrance().ChangePassword(s.Context(), in.Token, goodPassword, goodPassword, domain.Visitor{})
	storetest.Refused(s, err, domain.Invalid, domain.CodePasswordRefused)
}

// allowedMethods: a method that is not there is refused with those that are (RFC 9110 section 15.5.6).
func allowedMethods(s *scene) {
	user := s.added(s.newUser("ana@acme.test"))
	for path, allow := range map[string]string{
		"/users": "GET, POST", user: "DELETE, GET, PATCH", "/policy": "GET, PATCH", user + "/confirm": "POST",
	} {
		g := s.put(path, `{}`)
		refused(s, g, http.StatusMethodNotAllowed, "method_not_allowed", "")
		require.Equal(s, allow, g.header.Get("Allow"), path)
	}
}
