package scim_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
)

// The rules about what a connection may do and whose people are whose, as they show at this door.
func TestRulesOfTrust(t *testing.T) {
	t.Parallel()
	tell(t, []story{
		{"provision.activation", activationByConnection},
		{"seat.wait-by-connection", seatWaitByConnection},
		{"suspend.sticks-by-connection", suspendSticksByConnection},
		{"user.email-immutable", emailImmutableByConnection},
		{"link.adopt", linkAdopt},
		{"link.adopt-roles", linkAdoptRoles},
		{"link.scope-deleted-connection", deletedConnection},
		{"email.unique", emailUniqueOfLocals},
		{"email.unique-beside-user-names", emailUniqueBesideUserNames},
		{"provision.password-kept", passwordKept},
	})
}

// connectionPolicy changes the policy of the tenant's connection.
func (s *server) connectionPolicy(change func(*domain.ConnectionPolicy)) {
	s.t.Helper()
	administration, who := s.administration()
	_, err := administration.ChangeConnectionPolicy(context.Background(), who, s.tenant.Connection.ID, domain.IfMatch{},
		func(p domain.ConnectionPolicy) (domain.ConnectionPolicy, error) {
			change(&p)
			return p, nil
		})
	require.NoError(s.t, err)
}

func (s *server) statusOf(id string) domain.Status {
	s.t.Helper()
	administration, who := s.administration()
	parsed, ok := domain.ParseID[domain.User](id)
	require.True(s.t, ok)
	u, err := administration.Person(context.Background(), who, parsed)
	require.NoError(s.t, err)
	return u.Status
}

// activationByConnection: a new way of activating holds from the next request on, whether it creates or brings back.
func activationByConnection(t *testing.T, s *server) {
	require.Equal(t, domain.Active, s.statusOf(s.user("ana")))
	s.connectionPolicy(func(p *domain.ConnectionPolicy) { p.Activation = domain.ActivateOnFirstAccess })
	id := s.user("bo", `"active":false`)
	require.Equal(t, domain.Inactive, s.statusOf(id))
	require.Equal(t, true, s.patch("/Users/"+id, `{"op":"replace","path":"active","value":true}`).is(200).at("/active"))
	require.Equal(t, domain.Pending, s.statusOf(id))
	require.Equal(t, domain.Pending, s.statusOf(s.user("cy")))
	s.connectionPolicy(func(p *domain.ConnectionPolicy) { p.Activation = domain.ActivateAtOnce })
	require.Equal(t, domain.Active, s.statusOf(s.user("di")))
}

// seatWaitByConnection: without a free seat the connection's own policy decides between 403 and 201, in bulk as well.
func seatWaitByConnection(t *testing.T, s *server) {
	s.user("ana")
	administration, who := s.administration()
	require.NoError(t, administration.SetSeats(context.Background(), who, domain.IfMatch{}, domain.SeatPlan{Licence: domain.LicenceFull, Limit: 1}))
	s.post("/Users", `{"userName":"bo"}`).refused(403, "")
	s.connectionPolicy(func(p *domain.ConnectionPolicy) { p.SeatOverflow = domain.SeatOverflowWait })
	require.Equal(t, true, s.post("/Users", `{"userName":"bo"}`).is(201).at("/active"))
	s.policy(func(p *domain.Policy) { p.SeatOverflow = domain.SeatOverflowWait })
	s.connectionPolicy(func(p *domain.ConnectionPolicy) { p.SeatOverflow = domain.SeatOverflowRefuse })
	refused := s.post("/Users", `{"userName":"cy"}`).refused(403, "")
	require.Contains(t, refused.text, "1 of 1 seat of")
	bulk := s.post("/Bulk", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[
		{"method":"POST","path":"/Users","bulkId":"x","data":{"userName":"cy"}}]}`).is(200)
	require.Equal(t, "403", bulk.str("/Operations/0/status"))
}

// suspendSticksByConnection: PATCH, PUT and POST bring back whom an administrator deactivated, or do not, as the
// connection's policy says.
func suspendSticksByConnection(t *testing.T, s *server) {
	id := s.user("ana")
	s.deactivated(id)
	s.policy(func(p *domain.Policy) { p.Suspension = domain.DirectoryWins })
	s.connectionPolicy(func(p *domain.ConnectionPolicy) { p.Suspension = domain.AdministratorWins })
	require.Equal(t, false, s.patch("/Users/"+id, `{"op":"replace","path":"active","value":true}`).is(200).at("/active"))
	require.Equal(t, false, s.put("/Users/"+id, `{"userName":"ana","active":true}`).is(200).at("/active"))
	s.delete("/Users/" + id).is(204)
	made := s.post("/Users", `{"userName":"ana"}`).is(201)
	require.Equal(t, false, made.at("/active"))
	s.connectionPolicy(func(p *domain.ConnectionPolicy) { p.Suspension = "" })
	require.Equal(t, true, s.put("/Users/"+made.str("/id"), `{"userName":"ana","active":true}`).is(200).at("/active"))
}

// emailImmutableByConnection: a rename is skipped, the rest of the same request applies.
func emailImmutableByConnection(t *testing.T, s *server) {
	id := s.user("ana", `"emails":[{"value":"ana@acme.test"}]`)
	s.connectionPolicy(func(p *domain.ConnectionPolicy) { p.EmailChange = domain.EmailChangeNever })
	put := s.put("/Users/"+id, `{"userName":"anna","emails":[{"value":"anna@acme.test"}],"title":"Dr"}`).is(200)
	require.Equal(t, []any{"ana", "ana@acme.test", "Dr"}, []any{put.at("/userName"), put.at("/emails/0/value"), put.at("/title")})
	patched := s.patch("/Users/"+id, `{"op":"replace","path":"userName","value":"anna"},{"op":"replace","path":"title","value":"Prof"}`).is(200)
	require.Equal(t, []any{"ana", "Prof"}, []any{patched.at("/userName"), patched.at("/title")})
	s.connectionPolicy(func(p *domain.ConnectionPolicy) { p.EmailChange = "" })
	require.Equal(t, "anna", s.patch("/Users/"+id, `{"op":"replace","path":"userName","value":"anna"}`).is(200).at("/userName"))
}

func (s *server) consistent() {
	s.t.Helper()
	store, ok := s.store.(*persistence.Store)
	require.True(s.t, ok)
	storetest.Consistent(s.t, store, s.tenant.Organisation.ID)
}

// local adds a person of no connection.
func (s *server) local(userName string) string {
	s.t.Helper()
	return storetest.Account(s.t, s.store, s.tenant, userName, nil).ID.String()
}

func (s *server) adoptable(id string, by domain.ConnectionID) {
	s.t.Helper()
	administration, who := s.administration()
	parsed, ok := domain.ParseID[domain.User](id)
	require.True(s.t, ok)
	_, err := administration.MakeAdoptable(context.Background(), who, parsed, by)
	require.NoError(s.t, err)
}

// linkAdopt: an account that is no connection's answers like one that never existed, and its name is taken, which the
// detail explains; marked, it is found by id, filter and page, and PATCH, PUT or being made a member links it. A POST of
// its name is refused still: it has to be matched.
func linkAdopt(t *testing.T, s *server) {
	patched, replaced, member, gone, never := s.local("pa@acme.test"), s.local("re@acme.test"), s.local("me@acme.test"), s.local("go@acme.test"), s.local("ne@acme.test")
	own := s.user("own@acme.test")
	s.get("/Users/"+patched).refused(404, "")
	require.Equal(t, json.Number("0"), s.get("/Users?filter="+escape(`userName eq "pa@acme.test"`)).at("/totalResults"))
	refused := s.post("/Users", `{"userName":"PA@acme.test"}`).refused(409, "uniqueness")
	require.Contains(t, refused.text, "ask an administrator to let this connection adopt the account")
	s.patch("/Users/"+own, `{"op":"replace","path":"userName","value":"pa@acme.test"}`).refused(409, "uniqueness")
	for _, id := range []string{patched, replaced, member, gone} {
		s.adoptable(id, s.tenant.Connection.ID)
	}
	for _, id := range []string{patched, replaced, member, gone} {
		name := s.get("/Users/" + id).is(200).str("/userName")
		for _, filter := range []string{`userName eq "` + name + `"`, `emails.value eq "` + name + `"`, `id eq "` + id + `"`, `userName sw "` + name[:2] + `"`, `not (userName eq "x") and emails.value eq "` + name + `"`} {
			found := s.get("/Users?filter=" + escape(filter))
			require.Equal(t, json.Number("1"), found.at("/totalResults"), filter)
			require.Equal(t, id, found.str("/Resources/0/id"), filter)
		}
	}
	all := s.get("/Users?count=3")
	require.Equal(t, json.Number("5"), all.at("/totalResults"), "its own and those it may adopt")
	require.Equal(t, json.Number("2"), s.get("/Users?count=3&startIndex=4").at("/itemsPerPage"))
	require.Equal(t, json.Number("5"), s.get("/Users?count=0").at("/totalResults"))
	require.Equal(t, json.Number("5"), s.get("/Users?sortBy=userName&sortOrder=descending").at("/totalResults"))
	s.get("/Groups").is(200)
	s.get("/Users/"+never).refused(404, "")
	s.post("/Users", `{"userName":"pa@acme.test"}`).refused(409, "uniqueness")
	require.Equal(t, domain.ConnectionID{}, s.connectionOf(patched), "looking links nobody")

	require.Equal(t, "Dr", s.patch("/Users/"+patched, `{"op":"replace","path":"title","value":"Dr"}`).is(200).at("/title"))
	require.Equal(t, s.tenant.Connection.ID, s.connectionOf(patched))
	require.Equal(t, "e7", s.put("/Users/"+replaced, `{"userName":"renamed@acme.test","externalId":"e7","active":true}`).is(200).at("/externalId"))
	require.Equal(t, s.tenant.Connection.ID, s.connectionOf(replaced))
	group := s.post("/Groups", `{"displayName":"All","members":[{"value":"`+member+`"}]}`).is(201)
	require.Equal(t, member, group.str("/members/0/value"))
	require.Equal(t, s.tenant.Connection.ID, s.connectionOf(member))
	s.delete("/Users/" + gone).is(204)
	s.get("/Users/"+gone).refused(404, "")
	require.Equal(t, json.Number("4"), s.get("/Users?count=0").at("/totalResults"))
	s.post("/Groups", `{"displayName":"No","members":[{"value":"`+never+`"}]}`).refused(400, "invalidValue")

	s.connectionPolicy(func(p *domain.ConnectionPolicy) { p.Adoption = domain.AdoptNever })
	s.adoptable(never, s.tenant.Connection.ID)
	s.get("/Users/"+never).refused(404, "")
	s.connectionPolicy(func(p *domain.ConnectionPolicy) { p.Adoption = domain.AdoptMarked })
	require.Equal(t, never, s.get("/Users/"+never).is(200).str("/id"))
	s.patch("/Users/"+never, `{"op":"replace","path":"active","value":true}`).is(200)
	require.Equal(t, s.tenant.Connection.ID, s.connectionOf(never), "a write that changes nothing is one, too")
	s.consistent()
}

func (s *server) connectionOf(id string) domain.ConnectionID {
	s.t.Helper()
	administration, who := s.administration()
	parsed, ok := domain.ParseID[domain.User](id)
	require.True(s.t, ok)
	u, err := administration.Person(context.Background(), who, parsed)
	require.NoError(s.t, err)
	return u.Connection
}

// linkAdoptRoles: what a former directory said by SCIM roles beyond its limits went with its connection; the directory that adopts the account
// says the same with its first push, and from then on it counts (rule mapping.precedence). A push that does not say it changes nothing of it.
func linkAdoptRoles(t *testing.T, s *server) {
	g := withGiven(t, s)
	s.connectionPolicy(func(p *domain.ConnectionPolicy) { p.Limits.Roles = []domain.RoleID{g.roles["Agent"]} })
	const said = `"roles":[{"value":"Boss"}]`
	put, patched, other := s.user("put@acme.test", said), s.user("patched@acme.test", said), s.user("other@acme.test", said)
	for _, id := range []string{put, patched, other} {
		require.True(t, g.access(id).Role.ID.IsZero(), "beyond the limits")
	}
	require.NoError(t, g.admin.DeleteConnection(t.Context(), g.who, s.tenant.Connection.ID, domain.IfMatch{}))
	next, token, _ := storetest.NewConnection(t, s.store, s.tenant.Organisation.ID, "next")
	s.token = token
	for _, id := range []string{put, patched, other} {
		s.adoptable(id, next.ID)
		require.True(t, g.access(id).Role.ID.IsZero(), "it went with the connection")
	}
	whole := s.get("/Users/" + put).is(200).text
	s.put("/Users/"+put, whole).is(200)
	s.patch("/Users/"+patched, `{"op":"replace","path":"roles","value":[{"value":"Boss"}]}`).is(200)
	s.patch("/Users/"+other, `{"op":"replace","path":"title","value":"Dr"}`).is(200)
	for id, role := range map[string]domain.RoleID{put: g.roles["Boss"], patched: g.roles["Boss"], other: {}} {
		require.Equal(t, next.ID, s.connectionOf(id))
		require.Equal(t, role, g.access(id).Role.ID)
	}
	require.Equal(t, domain.SourceRoles, g.access(put).Role.Source)
	s.patch("/Users/"+other, `{"op":"replace","path":"roles","value":[{"value":"Boss"},{"value":"Agent"}]}`).is(200)
	require.Equal(t, g.roles["Boss"], g.access(other).Role.ID)
	s.consistent()
}

// deletedConnection: the token is dead with the next request, and stays so when a connection is made under the same name.
func deletedConnection(t *testing.T, s *server) {
	id := s.user("ana@acme.test", `"externalId":"e1"`)
	s.get("/Users/" + id).is(200)
	administration, who := s.administration()
	require.NoError(t, administration.DeleteConnection(context.Background(), who, s.tenant.Connection.ID, domain.IfMatch{}))
	s.get("/Users/"+id).refused(401, "")
	_, token, _ := storetest.NewConnection(t, s.store, s.tenant.Organisation.ID, s.tenant.Connection.Name)
	s.get("/Users").refused(401, "")
	s.token = token
	require.Equal(t, json.Number("0"), s.get("/Users").is(200).at("/totalResults"))
	s.get("/Users/"+id).refused(404, "")
	s.post("/Users", `{"userName":"ana@acme.test","externalId":"e1"}`).refused(409, "uniqueness")
	require.Equal(t, domain.Active, s.statusOf(id), "the people stay")
	s.consistent()
}

// emailUniqueOfLocals: a directory that pushes the address of an account it cannot see keeps it as sent, and signs nobody
// in by it; the account is as it was.
func emailUniqueOfLocals(t *testing.T, s *server) {
	local := s.local("boss@acme.test")
	id := s.user("eve@acme.test", `"emails":[{"value":"boss@acme.test","primary":true}]`)
	require.Equal(t, "boss@acme.test", s.get("/Users/"+id).str("/emails/0/value"))
	require.Equal(t, local, s.named("boss@acme.test"))
	require.Equal(t, domain.ConnectionID{}, s.connectionOf(local))
	s.post("/Users", `{"userName":"boss@acme.test"}`).refused(409, "uniqueness")
	s.patch("/Users/"+id, `{"op":"replace","path":"userName","value":"BOSS@acme.test"}`).refused(409, "uniqueness")
	s.consistent()
}

// emailUniqueBesideUserNames: the address by which somebody signs in becomes nobody else's user name, pushed by whatever
// method, and stays theirs; the refusal says what to do. Once it is given up it is free.
func emailUniqueBesideUserNames(t *testing.T, s *server) {
	ana := s.user("ana", `"emails":[{"value":"ana@acme.test","primary":true}]`)
	before := s.get("/Users/" + ana).is(200).text
	bo := s.user("bo", `"emails":[{"value":"ana@acme.test","primary":true}]`)
	for name, got := range map[string]answer{
		"POST":  s.post("/Users", `{"userName":"ANA@acme.test"}`),
		"PUT":   s.put("/Users/"+bo, `{"userName":"ana@acme.test"}`),
		"PATCH": s.patch("/Users/"+bo, `{"op":"replace","path":"userName","value":"Ana@acme.test"}`),
	} {
		require.Contains(t, got.refused(409, "uniqueness").str("/detail"), "give that account another e-mail address", name)
	}
	require.Equal(t, []string{"409"}, s.bulk(`{"method":"POST","bulkId":"1","path":"/Users","data":{"userName":"ana@acme.test"}}`).is(200).statuses())
	require.Equal(t, before, s.get("/Users/"+ana).is(200).text)
	require.Equal(t, ana, s.named("ana@acme.test"))
	s.consistent()

	s.patch("/Users/"+ana, `{"op":"replace","path":"userName","value":"ana@acme.test"}`).is(200) // their own
	s.patch("/Users/"+ana, `{"op":"replace","path":"userName","value":"ana"}`).is(200)
	require.Equal(t, ana, s.named("ana@acme.test"))
	s.patch("/Users/"+ana, `{"op":"remove","path":"emails"}`).is(200)
	s.patch("/Users/"+bo, `{"op":"replace","path":"userName","value":"ana@acme.test"}`).is(200)
	require.Equal(t, bo, s.named("ana@acme.test"))
	s.consistent()
}

// named is who signs in by a name.
func (s *server) named(name string) string {
	s.t.Helper()
	var id domain.UserID
	require.NoError(s.t, s.store.Read(s.t.Context(), func(tx domain.Tx) (err error) {
		id, _, err = tx.SignIns().ByName(s.tenant.Organisation.ID, name)
		return err
	}))
	return id.String()
}

// passwordKept: where the connection's policy keeps passwords, POST, PUT, PATCH in every spelling and Bulk set one, of which
// no answer and no log shows anything; a bad one is 400 invalidValue.
func passwordKept(t *testing.T, s *server) {
	require.Equal(t, false, s.get("/ServiceProviderConfig").is(200).at("/changePassword/supported"))
	s.connectionPolicy(func(p *domain.ConnectionPolicy) { p.PasswordSync = domain.PasswordKeep })
	require.Equal(t, true, s.get("/ServiceProviderConfig").is(200).at("/changePassword/supported"))
	id := s.user("ana", `"password":"correct horse one"`)
	path, bulk := "/Users/"+id, func(operation string) string {
		answer := s.post("/Bulk", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[`+operation+`]}`).is(200)
		require.Equal(t, "200", answer.str("/Operations/0/status"), answer.text)
		return answer.text
	}
	answers := []string{s.get(path).is(200).text}
	s.signsIn("ana", "correct horse one")
	for i, push := range []func(password string) string{
		func(p string) string { return s.put(path, `{"userName":"ana","password":"`+p+`"}`).is(200).text },
		func(p string) string {
			return s.patch(path, `{"op":"replace","path":"password","value":"`+p+`"}`).is(200).text
		},
		func(p string) string {
			return s.patch(path, `{"op":"Add","path":"`+domain.URNUser+`:PassWord","value":{"value":"`+p+`"}}`).is(200).text
		},
		func(p string) string {
			return s.patch(path, `{"op":"replace","value":{"password":"`+p+`"}}`).is(200).text
		},
		func(p string) string {
			return s.patch(path, `{"op":"replace","value":{"`+domain.URNUser+`":{"password":"`+p+`"}}},{"op":"remove","path":"password"}`).is(200).text
		},
		func(p string) string {
			return bulk(`{"method":"PUT","path":"` + path + `","data":{"userName":"ana","password":"` + p + `"}}`)
		},
		func(p string) string {
			return bulk(`{"method":"PATCH","path":"` + path + `","data":{"Operations":[{"op":"replace","path":"password","value":"` + p + `"}]}}`)
		},
	} {
		password := "correct horse of " + itoa(i)
		version := s.get(path).str("/meta/version")
		answers = append(answers, push(password), push(password))
		require.Equal(t, version, s.get(path).str("/meta/version"), "a password shows in no version")
		s.signsIn("ana", password)
	}
	created := s.post("/Bulk", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[
		{"method":"POST","path":"/Users","bulkId":"b","data":{"userName":"bo","password":"correct horse bulk"}}]}`).is(200)
	s.signsIn("bo", "correct horse bulk")
	for _, bad := range []string{`"short"`, `{"x":1}`, `[1,2]`, `true`, `"` + strings.Repeat("x", 300) + `"`, `"I am called ana, and bo"`} {
		answers = append(answers, s.post("/Users", `{"userName":"called ana","password":`+bad+`}`).refused(400, "invalidValue").text)
		if strings.Contains(bad, "called") {
			continue
		}
		answers = append(answers, s.put(path, `{"userName":"ana","title":"x","password":`+bad+`}`).refused(400, "invalidValue").text)
		if !strings.HasPrefix(bad, "{") { // an object around a value is unwrapped, else it is no text
			answers = append(answers, s.patch(path, `{"op":"replace","path":"password","value":`+bad+`}`).refused(400, "invalidValue").text)
		}
	}
	require.Nil(t, s.get(path).at("/title"), "nothing of a refused push is done")
	for _, answer := range append(answers, created.text, s.log.String()) {
		require.NotContains(t, answer, "horse")
		require.NotContains(t, answer, "xxxx")
	}
}

// signsIn demands that somebody gets in by a password.
func (s *server) signsIn(name, password string) {
	s.t.Helper()
	entrance := domain.NewEntrance(s.store, storetest.Environment(), rand.Reader)
	_, err := entrance.SignIn(context.Background(), s.tenant.Organisation.ID, name, password, domain.Visitor{})
	require.NoError(s.t, err)
}
