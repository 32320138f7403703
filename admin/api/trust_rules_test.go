package api

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence/storetest"
)

// The rules about what a connection may do and whose people are whose, as TestRules.
func TestRulesOfTrust(t *testing.T) {
	t.Parallel()
	tell(t, map[string]func(*scene){
		"provision.activation":          connectionActivation,
		"provision.limits":              connectionLimits,
		"provision.password":            connectionPasswords,
		"seat.wait-by-connection":       connectionSeatOverflow,
		"owner.escalation-of-limits":    connectionLimitsEscalate,
		"suspend.sticks-by-connection":  connectionSuspension,
		"link.adopt":                    adoptableAccounts,
		"link.adopt-by-domain":          adoptableDomain,
		"link.scope-domains":            domainsProved,
		"link.scope-deleted-connection": connectionDeleted,
	})
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

// connectionPasswords: whether pushed passwords are kept is decided here, and what is kept is nowhere to be read.
func connectionPasswords(s *scene) {
	refused(s, s.patch(s.policyOf(), `{"password_sync":"show"}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "password_sync")
	require.Equal(s, "keep", s.ok(s.patch(s.policyOf(), `{"password_sync":"keep"}`))["password_sync"])
	s.again()
	u, err := s.directory.ProvisionWith(s.Context(), s.tenant.Caller, storetest.Person("a@acme.test"), domain.PushPassword(attribute.NewString("a mule on the harbour")))
	require.NoError(s, err)
	require.Equal(s, 1, s.events()[domain.PasswordChanged])
	path := "/users/" + u.ID.String()
	for _, read := range []got{s.get(path), s.get(path + "/explain"), s.get("/events?subject=" + u.ID.String())} {
		s.ok(read)
		require.NotContains(s, read.body, "mule")
		require.NotContains(s, read.body, "$test$")
	}
	s.ok(s.patch(s.policyOf(), `{"password_sync":"drop"}`))
	s.again()
	_, err = s.directory.ChangeUserWith(s.Context(), s.tenant.Caller, u.ID, domain.IfMatch{}, nil, storetest.Setting(), domain.PushPassword(attribute.NewString("nine lanterns in snow")))
	require.NoError(s, err)
	require.Equal(s, 1, s.events()[domain.PasswordChanged])
}

// dnsOf answers with what is in it.
type dnsOf map[string][]string

// TXT implements domain.Resolver.
func (d dnsOf) TXT(_ context.Context, name string) ([]string, error) {
	if name == "_usher-challenge.slow.example" {
		return nil, &domain.Error{Kind: domain.Unavailable, Code: domain.CodeUnavailable}
	}
	return d[name], nil
}

// proved adds a domain and proves it.
func (s *scene) proved(name string) string {
	s.Helper()
	record := s.post("/domains", `{"domain":"`+name+`"}`).object(s)["record"].(map[string]any)
	s.service.Resolver = dnsOf{record["name"].(string): {"other", record["value"].(string)}}
	require.Equal(s, "verified", s.ok(s.post("/domains/"+name+"/verify", ""))["state"])
	return "/domains/" + name
}

func adoptableAccounts(s *scene) {
	id := s.tenant.Connection.ID.String()
	u := s.added(s.newUser("ana@acme.test"))
	require.Nil(s, s.ok(s.get(u + "/adoptable"))["connection_id"])
	marked := s.ok(s.post(u+"/adoptable", `{"connection_id":"`+id+`"}`))
	require.Equal(s, id, marked["connection_id"])
	s.ok(s.post(u+"/adoptable", `{"connection_id":"`+id+`"}`))
	require.Equal(s, marked, s.ok(s.get(u+"/adoptable")))
	require.Equal(s, 1, s.events()[domain.UserAdoptable], "what is so already changes nothing")
	require.Nil(s, s.ok(s.get(u))["connection_id"], "it is no connection's yet")
	s.again()
	user, ok := domain.ParseID[domain.User](u[len("/users/"):])
	require.True(s, ok)
	_, err := s.directory.ChangeUser(s.Context(), s.tenant.Caller, user, domain.IfMatch{}, nil, storetest.Setting(storetest.Text("title", "Dr")))
	require.NoError(s, err)
	require.Equal(s, id, s.ok(s.get(u))["connection_id"])
	require.Equal(s, 1, s.events()[domain.UserLinked])
	refused(s, s.post(u+"/adoptable", `{"connection_id":"`+id+`"}`), http.StatusConflict, domain.CodeLinked, "")

	other := s.added(s.newUser("bo@acme.test"))
	s.ok(s.post(other+"/adoptable", `{"connection_id":"`+id+`"}`))
	s.done(s.remove(other + "/adoptable"))
	s.done(s.remove(other + "/adoptable"))
	require.Equal(s, 3, s.events()[domain.UserAdoptable])
	never := "01980a2b-7c3d-7e4f-8a5b-6c7d8e9f0a1b"
	refused(s, s.post(other+"/adoptable", `{"connection_id":"`+never+`"}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "connection_id")
	refused(s, s.post("/users/"+never+"/adoptable", `{"connection_id":"`+id+`"}`), http.StatusNotFound, domain.CodeNotFound, "")
	refused(s, s.as(s.key("directory:edit"), http.MethodPost, other+"/adoptable", `{"connection_id":"`+id+`"}`), http.StatusForbidden, domain.CodePermissionMissing, "users:edit")
}

func adoptableDomain(s *scene) {
	id := s.tenant.Connection.ID.String()
	u := s.added(s.newUser("ana@acme.example"))
	s.added(s.newUser("bo@acme.test"))
	s.post("/domains", `{"domain":"acme.example"}`)
	refused(s, s.post("/domains/acme.example/adoptable", `{"connection_id":"`+id+`"}`), http.StatusConflict, domain.CodeDomainUnproved, "domain")
	s.done(s.remove("/domains/acme.example"))
	path := s.proved("acme.example")
	everything := s.key(everythingOf(s)...)
	small := refused(s, s.as(s.key("directory:edit", "users:edit"), http.MethodPost, path+"/adoptable", `{"connection_id":"`+id+`"}`), http.StatusForbidden, domain.CodeEscalation, "domain")
	require.Contains(s, small["detail"], "it takes every permission there is")
	require.Equal(s, id, s.ok(s.as(everything, http.MethodPost, path+"/adoptable", `{"connection_id":"`+id+`"}`))["adopter_id"])
	s.again()
	found, err := s.directory.Users(s.Context(), s.tenant.Caller, domain.Query{Limit: 10, Total: true})
	require.NoError(s, err)
	require.Len(s, found.Items, 1)
	require.Equal(s, u, "/users/"+found.Items[0].ID.String())
	require.Nil(s, s.ok(s.remove(path + "/adoptable"))["adopter_id"])
	s.again()
	require.False(s, s.tenant.Caller.Adopts)
}

// everythingOf is every permission there is.
func everythingOf(s *scene) []string {
	var all []string
	for _, m := range s.get("/modules").items(s) {
		for _, action := range m["actions"].([]any) {
			all = append(all, m["id"].(string)+":"+action.(string))
		}
	}
	return all
}

func domainsProved(s *scene) {
	added := s.post("/domains", `{"domain":"BÜCHER.example"}`)
	require.Equal(s, http.StatusCreated, added.status, added.body)
	e := added.object(s)
	require.Equal(s, []any{"xn--bcher-kva.example", "bücher.example", "pending", nil}, []any{e["domain"], e["written"], e["state"], e["verified_at"]})
	require.Equal(s, "_usher-challenge.xn--bcher-kva.example", e["record"].(map[string]any)["name"])
	refused(s, s.post("/domains", `{"domain":"bücher.example"}`), http.StatusConflict, domain.CodeNameTaken, "domain")
	s.service.Resolver = dnsOf{"_usher-challenge.xn--bcher-kva.example": {"usher-domain-verification=guess"}}
	p := refused(s, s.post("/domains/xn--bcher-kva.example/verify", ""), http.StatusConflict, domain.CodeDomainUnproved, "domain")
	require.Contains(s, p["detail"], e["record"].(map[string]any)["value"])
	trust := `{"connection_ids":["` + s.tenant.Connection.ID.String() + `"]}`
	refused(s, s.put("/domains/xn--bcher-kva.example/trusted", trust), http.StatusConflict, domain.CodeDomainUnproved, "domain")
	s.done(s.remove("/domains/xn--bcher-kva.example"))
	path := s.proved("xn--bcher-kva.example")
	read := s.get(path)
	require.Equal(s, "dns", s.ok(read)["verified_by"])
	small := refused(s, s.as(s.key("directory:edit"), http.MethodPut, path+"/trusted", trust), http.StatusForbidden, domain.CodeEscalation, "connection_ids")
	require.Contains(s, small["detail"], "it takes every permission there is")
	s.all = s.key(everythingOf(s)...)
	require.Equal(s, []any{s.tenant.Connection.ID.String()}, s.ok(s.put(path+"/trusted", trust, "If-Match", read.header.Get("Etag")))["trusted_connection_ids"])
	refused(s, s.put(path+"/trusted", trust, "If-Match", read.header.Get("Etag")), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")
	require.NoError(s, s.store.Read(s.Context(), func(tx domain.Tx) error {
		trusts, err := tx.EmailDomains().Trusts(s.tenant.Organisation.ID, "xn--bcher-kva.example", s.tenant.Connection.ID)
		require.True(s, trusts)
		return err
	}))
	require.Equal(s, []string{"xn--bcher-kva.example"}, s.get("/domains").values(s, "domain"))

	s.post("/domains", `{"domain":"slow.example"}`)
	require.Equal(s, http.StatusServiceUnavailable, s.post("/domains/slow.example/verify", "").status)
	for _, wrong := range []string{"acme", "a b.example", "127.0.0.1", "ana@acme.example", "_x.example", "-a.example", "xn--a.example.."} {
		refused(s, s.post("/domains", `{"domain":"`+wrong+`"}`), http.StatusUnprocessableEntity, domain.CodeInvalidValue, "domain")
	}

	// At most one organisation has it.
	beta := s.stranger()
	theirs := s.keyOf(beta.Organisation.Slug, "directory:edit", "directory:view")
	refused(s, s.as(theirs, http.MethodPost, "/domains", `{"domain":"bücher.example"}`), http.StatusConflict, domain.CodeDomainTaken, "domain")
	refused(s, s.as(theirs, http.MethodGet, path, ""), http.StatusNotFound, domain.CodeNotFound, "")
	s.done(s.remove(path))
	refused(s, s.get(path), http.StatusNotFound, domain.CodeNotFound, "")
	require.Equal(s, http.StatusCreated, s.as(theirs, http.MethodPost, "/domains", `{"domain":"bücher.example"}`).status)
}

func connectionDeleted(s *scene) {
	u := "/users/" + s.provision("ana@acme.test").ID.String()
	path := "/connections/" + s.tenant.Connection.ID.String()
	read := s.get(path)
	s.ok(s.patch(s.policyOf(), `{"activation":"invite"}`))
	refused(s, s.remove(path, "If-Match", read.header.Get("Etag")), http.StatusPreconditionFailed, domain.CodeVersionMismatch, "")
	s.done(s.remove(path, "If-Match", s.get(path).header.Get("Etag")))
	refused(s, s.get(path), http.StatusNotFound, domain.CodeNotFound, "")
	refused(s, s.remove(path), http.StatusNotFound, domain.CodeNotFound, "")
	_, err := s.directory.Authenticate(s.Context(), s.tenant.Bearer)
	storetest.Refused(s, err, domain.Unauthenticated, domain.CodeUnauthenticated)
	shown := s.ok(s.get(u))
	require.Nil(s, shown["connection_id"])
	require.Equal(s, "active", shown["status"])
	require.Equal(s, []any{10.0, 1.0, 0.0}, s.full(), "with their seats")
	s.made("/connections", `{"name":"default"}`)
	_, err = s.directory.Authenticate(s.Context(), s.tenant.Bearer)
	storetest.Refused(s, err, domain.Unauthenticated, domain.CodeUnauthenticated)
	require.Equal(s, 1, s.events()[domain.ConnectionDeleted])
}
