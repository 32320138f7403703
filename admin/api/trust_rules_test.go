package api

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
)

// The rules about what a connection may do and whose people are whose, as TestRules.
func TestRulesOfTrust(t *testing.T) {
	t.Parallel()
	for name, rule := range map[string]func(*scene){
		"provision.activation":         connectionActivation,
		"provision.limits":             connectionLimits,
		"seat.wait-by-connection":      connectionSeatOverflow,
		"owner.escalation-of-limits":   connectionLimitsEscalate,
		"suspend.sticks-by-connection": connectionSuspension,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Each(t, func(t *testing.T, store *persistence.Store) {
				s := newScene(t, store, nil)
				rule(s)
				if !t.Failed() {
					storetest.Consistent(t, store, s.tenant.Organisation.ID)
				}
			})
		})
	}
}

// policyOf is the path of the policy of the scene's connection.
func (s *scene) policyOf() string {
	return "/connections/" + s.tenant.Connection.ID.String() + "/policy"
}

// again looks the directory up, as its next request does.
func (s *scene) again() {
	s.Helper()
	caller, err := s.directory.Authenticate(s.Context(), s.tenant.Bearer)
	require.NoError(s, err)
	s.tenant.Caller = caller
}

func connectionActivation(s *scene) {
	read := s.get(s.policyOf())
	require.Equal(s, map[string]any{
		"activation": "immediate", "password_sync": "drop", "seat_overflow": nil, "suspension": nil, "email_change": nil,
		"successor": "manager", "successor_fallback_id": nil, "adoption": "marked",
		"limits": map[string]any{"role_ids": nil, "profile_ids": nil, "licences": nil},
	}, s.ok(read))
	connection := "/connections/" + s.tenant.Connection.ID.String()
	before := s.get(connection)
	changed := s.patch(s.policyOf(), `{"activation":"invite"}`, "If-Match", read.header.Get("Etag"))
	require.Equal(s, "invite", s.ok(changed)["activation"])
	require.Equal(s, changed.body, s.get(s.policyOf()).body)
	require.Equal(s, changed.header.Get("Etag"), s.get(s.policyOf()).header.Get("Etag"))
	after := s.get(connection)
	require.Equal(s, "invite", s.ok(after)["activation"])
	require.NotEqual(s, before.header.Get("Etag"), after.header.Get("Etag"))
	refused(s, s.patch(s.policyOf(), `{"activation":"immediate"}`, "If-Match", read.header.Get("Etag")), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")
	s.again()
	require.Equal(s, domain.Pending, s.provision("a@acme.test").Status)
	require.Equal(s, 1, s.events()[domain.ConnectionPolicyChanged])
	s.ok(s.patch(s.policyOf(), `{"activation":"invite","limits":{}}`))
	require.Equal(s, 1, s.events()[domain.ConnectionPolicyChanged], "what is so already changes nothing")
	refused(s, s.patch(s.policyOf(), `{"activation":"soon"}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "activation")
}

func connectionLimits(s *scene) {
	role := s.made("/roles", `{"name":"Agent","parent_id":null,"sees":"own"}`)
	heir := s.provision("heir@acme.test").ID.String()
	got := s.ok(s.patch(s.policyOf(), `{"limits":{"role_ids":["`+role+`"],"profile_ids":[]},"successor":"fallback","successor_fallback_id":"`+heir+`"}`))
	require.Equal(s, map[string]any{"role_ids": []any{role}, "profile_ids": []any{}, "licences": nil}, got["limits"])
	require.Equal(s, []any{"fallback", heir}, []any{got["successor"], got["successor_fallback_id"]})
	got = s.ok(s.patch(s.policyOf(), `{"limits":{"role_ids":null,"licences":["full"]},"successor":"leave","successor_fallback_id":null}`))
	require.Equal(s, map[string]any{"role_ids": nil, "profile_ids": []any{}, "licences": []any{"full"}}, got["limits"])
	require.Nil(s, got["successor_fallback_id"])
	s.again()
	require.False(s, s.tenant.Caller.Policy.Limits.Licence("simulator"))
	never := "01980a2b-7c3d-7e4f-8a5b-6c7d8e9f0a1b"
	for body, field := range map[string]string{
		`{"limits":{"role_ids":["` + never + `"]}}`:                        "limits.role_ids",
		`{"limits":{"profile_ids":["x"]}}`:                                 "limits.profile_ids",
		`{"limits":{"licences":["gold"]}}`:                                 "limits.licences",
		`{"limits":{"queues":[]}}`:                                         "limits.queues",
		`{"successor":"fallback","successor_fallback_id":"` + never + `"}`: "successor_fallback_id",
		`{"email_change":"administrators"}`:                                "email_change",
	} {
		refused(s, s.patch(s.policyOf(), body), http.StatusUnprocessableEntity, domain.CodeInvalidValue, field)
	}
	refused(s, s.patch(s.policyOf(), `{"successor":"fallback"}`), http.StatusUnprocessableEntity, domain.CodeRequired, "successor_fallback_id")
	refused(s, s.get("/connections/"+never+"/policy"), http.StatusNotFound, domain.CodeNotFound, "")
}

func connectionLimitsEscalate(s *scene) {
	profile := s.made("/profiles", `{"name":"Strong","grants":{"users:edit":true}}`)
	s.ok(s.patch(s.policyOf(), `{"limits":{"profile_ids":[]}}`))
	weak := s.key("directory:edit", "directory:view")
	for _, body := range []string{`{"limits":{"profile_ids":["` + profile + `"]}}`, `{"limits":{"profile_ids":null}}`} {
		refused(s, s.as(weak, http.MethodPatch, s.policyOf(), body), http.StatusForbidden, domain.CodeEscalation, "limits.profile_ids")
	}
	s.ok(s.patch(s.policyOf(), `{"limits":{"profile_ids":["`+profile+`"]}}`))
}

func connectionSeatOverflow(s *scene) {
	s.done(s.seats(1))
	s.provision("a@acme.test")
	s.ok(s.patch(s.policyOf(), `{"seat_overflow":"wait"}`))
	s.again()
	s.provision("b@acme.test")
	require.Equal(s, []any{1.0, 1.0, 1.0}, s.full())
	require.Equal(s, "refuse", s.ok(s.get("/policy"))["seat_overflow"], "the organisation's is another one")
	require.Nil(s, s.ok(s.patch(s.policyOf(), `{"seat_overflow":null}`))["seat_overflow"])
	s.again()
	_, err := s.directory.Provision(s.Context(), s.tenant.Caller, storetest.Person("c@acme.test"))
	storetest.Refused(s, err, domain.Forbidden, domain.CodeSeatsExhausted)
}

func connectionSuspension(s *scene) {
	u := s.provision("a@acme.test")
	path := "/users/" + u.ID.String()
	s.ok(s.post(path+"/deactivate", ""))
	s.ok(s.patch(s.policyOf(), `{"suspension":"directory_wins"}`))
	s.again()
	is, err := s.directory.ChangeUser(s.Context(), s.tenant.Caller, u.ID, domain.IfMatch{}, nil, storetest.Setting(storetest.Truth("active", true)))
	require.NoError(s, err)
	require.Equal(s, domain.Active, is.Status)
	require.Equal(s, "active", s.ok(s.get(path))["status"])
}
