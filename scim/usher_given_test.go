package scim_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
)

// given is an organisation with things to give: roles, a profile, teams, queues.
type given struct {
	*server
	admin *domain.Administration
	who   domain.Administrator
	roles map[string]domain.RoleID
	sales domain.QueueID
}

func withGiven(t *testing.T, s *server) *given {
	t.Helper()
	g := &given{server: s, roles: map[string]domain.RoleID{}}
	g.admin, g.who = s.administration()
	for _, name := range []string{"Agent", "Manager", "Boss"} {
		role, err := g.admin.CreateRole(t.Context(), g.who, domain.RoleSpec{Name: name, Sees: domain.SeesOwn})
		require.NoError(t, err)
		g.roles[name] = role.ID
	}
	_, err := g.admin.CreateProfile(t.Context(), g.who, domain.ProfileSpec{Name: "Callers"})
	require.NoError(t, err)
	for _, name := range []string{"Blue", "Red"} {
		_, err = g.admin.CreateTeam(t.Context(), g.who, domain.GroupingSpec{Name: name})
		require.NoError(t, err)
	}
	for _, name := range []string{"Sales", "Support"} {
		q, err := g.admin.CreateQueue(t.Context(), g.who, domain.GroupingSpec{Name: name})
		require.NoError(t, err)
		if name == "Sales" {
			g.sales = q.ID
		}
	}
	return g
}

func (g *given) access(id string) domain.UserAccess {
	g.t.Helper()
	parsed, ok := domain.ParseID[domain.User](id)
	require.True(g.t, ok)
	u, err := g.admin.UserAccess(context.Background(), g.who, parsed)
	require.NoError(g.t, err)
	return u
}

func (g *given) assign(id string, change domain.AccessChange) {
	g.t.Helper()
	parsed, _ := domain.ParseID[domain.User](id)
	_, err := g.admin.Assign(context.Background(), g.who, parsed, domain.IfMatch{}, change)
	require.NoError(g.t, err)
}

// usherExtension: what a directory writes there by name or id is given, answered by name, patched, filtered and sorted by
// like any other attribute; what is not here is refused by its attribute and with what there is.
func usherExtension(t *testing.T, s *server) {
	g := withGiven(t, s)
	at := func(r answer, name string) any { return r.at("/" + usher + "/" + name) }
	got := s.post("/Users", `{"userName":"ana","`+usher+`":{"role":"agent","profile":"Callers","team":"Blue","queues":["Support","`+g.sales.String()+`"],"licence":"full","extension":"0042"}}`).is(201)
	want := map[string]any{"role": "Agent", "profile": "Callers", "team": "Blue", "queues": []any{"Sales", "Support"}, "licence": "full", "extension": "0042"}
	require.Equal(t, want, got.at("/"+usher))
	ana := got.str("/id")
	read := s.get("/Users/" + ana)
	require.Equal(t, got.text, read.text)
	require.Equal(t, []any{domain.URNUser, usher}, read.at("/schemas"))
	require.Equal(t, want, s.get("/Users").at("/Resources/0/"+usher))
	require.Equal(t, g.roles["Agent"], g.access(ana).Role.ID)
	require.Equal(t, domain.SourceExtension, g.access(ana).Role.Source)
	require.Len(t, g.access(ana).Queues, 2)

	for name, bad := range map[string]string{"role": `"Clown"`, "profile": `"none"`, "team": `"Green"`, "queues": `["Sales","Returns"]`, "licence": `"gold"`} {
		r := s.post("/Users", `{"userName":"bad","`+usher+`":{"`+name+`":`+bad+`}}`).refused(400, "invalidValue")
		require.Contains(t, r.str("/detail"), "use one of", name)
		s.patch("/Users/"+ana, `{"op":"replace","path":"title","value":"x"},{"op":"replace","path":"`+usher+`:`+name+`","value":`+bad+`}`).refused(400, "invalidValue")
	}
	require.Equal(t, read.text, s.get("/Users/"+ana).text, "a refusal changes nothing")

	require.Equal(t, "Manager", at(s.patch("/Users/"+ana, `{"op":"replace","path":"`+usher+`:role","value":"`+g.roles["Manager"].String()+`"}`).is(200), "role"))
	require.Equal(t, []any{"Support"}, at(s.patch("/Users/"+ana, `{"op":"remove","path":"`+usher+`:queues","value":["`+g.sales.String()+`"]}`).is(200), "queues"))
	require.Equal(t, []any{"Sales", "Support"}, at(s.patch("/Users/"+ana, `{"op":"add","path":"`+usher+`:queues","value":["sales"]}`).is(200), "queues"))
	require.Equal(t, "Red", at(s.patch("/Users/"+ana, `{"op":"replace","value":{"`+usher+`":{"team":"Red"}}}`).is(200), "team"))
	before := s.get("/Users/" + ana)
	require.Equal(t, before.text, s.patch("/Users/"+ana, `{"op":"add","path":"`+usher+`:team","value":"Red"}`).is(200).text, "what is so already")
	put := s.put("/Users/"+ana, `{"userName":"ana"}`).is(200)
	require.Equal(t, before.at("/"+usher), put.at("/"+usher), "a PUT that leaves it out leaves it")
	require.Equal(t, "Boss", at(s.put("/Users/"+ana, `{"userName":"ana","`+usher+`":{"role":"Boss"}}`).is(200), "role"))
	require.Equal(t, "Red", at(s.get("/Users/"+ana), "team"))
	s.patch("/Users/"+ana, `{"op":"remove","path":"`+usher+`:role"}`).is(200)
	require.Nil(t, at(s.get("/Users/"+ana), "role"))
	require.Empty(t, g.access(ana).Role.Source)

	ben, carl := s.user("ben", `"`+usher+`":{"role":"Boss"}`), s.user("carl")
	for filter, n := range map[string]int{
		usher + `:role eq "BOSS"`: 1, usher + `:role ne "Boss"`: 2, usher + `:role pr`: 1, `not (` + usher + `:role pr)`: 2,
		usher + `:queues eq "sales"`: 1, usher + `:queues pr and userName sw "a"`: 1, usher + `:team co "e"`: 1, usher + `:licence eq "full"`: 3,
		usher + `:status eq "active"`: 3, usher + `:blocked eq true`: 0, usher + `:seat eq "held" and userName eq "carl"`: 1,
		usher + `:lastAccess pr`: 0, usher + `:extension eq "0042"`: 1, `title eq "none" or ` + usher + `:role eq "Boss"`: 1,
	} {
		require.Equal(t, n, s.get("/Users?filter="+escape(filter)).is(200).num("/totalResults"), filter)
	}
	s.get("/Users?filter="+escape(usher+`:owner eq true`)).refused(400, "invalidFilter")
	sorted := s.get("/Users?attributes=userName&sortOrder=descending&sortBy=" + usher + ":role").is(200)
	require.Equal(t, "ben", sorted.at("/Resources/2/userName"), "absent first when descending")
	require.Equal(t, map[string]any{"role": "Boss"}, s.get("/Users/"+ben+"?attributes="+usher+":role").at("/"+usher))
	require.Nil(t, s.get("/Users/"+ben+"?excludedAttributes="+usher).at("/"+usher))
	require.Nil(t, s.get("/Users/"+carl).at("/"+usher), "of whom nothing was said there")
	require.Equal(t, "full", s.get("/Users/"+carl+"?attributes="+usher+":licence").at("/"+usher+"/licence"), "but for who asks")
}

// usherReadOnly: status, blocked, invitation, lastAccess and seat are for who asks; sent they are ignored, and a patch of
// them is refused (RFC 7643 section 2.2). Nothing of the kind makes an owner.
func usherReadOnly(t *testing.T, s *server) {
	g := withGiven(t, s)
	id := s.user("ana", `"`+usher+`":{"role":"Agent","status":"inactive","blocked":true,"seat":"none","owner":true,"organisation":"x"},"owner":true`)
	plain := s.get("/Users/" + id)
	require.Equal(t, map[string]any{"role": "Agent", "licence": "full"}, plain.at("/"+usher))
	whole := s.get("/Users/" + id + "?attributes=" + usher).at("/" + usher)
	require.Equal(t, map[string]any{"role": "Agent", "licence": "full", "status": "active", "blocked": false, "seat": "held"}, whole)
	require.False(t, g.access(id).Owner)
	parsed, _ := domain.ParseID[domain.User](id)
	require.NoError(t, g.admin.Block(t.Context(), g.who, parsed, domain.IfMatch{}))
	require.Equal(t, true, s.get("/Users/"+id+"?attributes="+usher+":blocked").at("/"+usher+"/blocked"))
	require.Equal(t, true, s.get("/Users/"+id).at("/active"), "a block is no matter of the directory's")
	for _, name := range []string{"status", "blocked", "invitation", "lastAccess", "seat"} {
		s.patch("/Users/"+id, `{"op":"replace","path":"`+usher+`:`+name+`","value":"x"}`).refused(400, "mutability")
	}
	for _, name := range []string{"owner", "organisation", "passwordHash", "granted"} {
		s.patch("/Users/"+id, `{"op":"replace","path":"`+usher+`:`+name+`","value":"x"}`).refused(400, "invalidPath")
	}
	s.patch("/Users/"+id, `{"op":"replace","path":"active","value":false}`).is(200)
	require.Equal(t, map[string]any{"status": "inactive", "seat": "none"}, only(s.get("/Users/"+id+"?attributes="+usher).at("/"+usher), "status", "seat"))
}

// precedence (rule mapping.precedence): what an administrator locked stands above the extension, the extension above SCIM
// roles, and those above what an administrator chose without a lock; the answers show what holds.
func precedence(t *testing.T, s *server) {
	g := withGiven(t, s)
	id := s.user("ana", `"roles":[{"value":"Agent"}]`)
	role := func() any { return s.get("/Users/" + id + "?attributes=" + usher + ":role").at("/" + usher + "/role") }
	require.Equal(t, "Agent", role())
	g.assign(id, domain.AccessChange{Role: domain.Choose(g.roles["Boss"])})
	s.patch("/Users/"+id, `{"op":"add","path":"`+usher+`:role","value":"Manager"}`).is(200)
	require.Equal(t, "Manager", role(), "above a choice without a lock")
	before := s.get("/Users/" + id)
	g.assign(id, domain.AccessChange{Role: domain.Choose(g.roles["Boss"]), Locked: true})
	require.Equal(t, "Boss", role())
	require.Equal(t, "Boss", s.get("/Users/"+id).at("/"+usher+"/role"))
	require.NotEqual(t, before.header.Get("ETag"), s.get("/Users/"+id).header.Get("ETag"), "a cached copy is not current")
	require.Equal(t, "Boss", s.put("/Users/"+id, `{"userName":"ana","`+usher+`":{"role":"Agent"}}`).is(200).at("/"+usher+"/role"), "what is locked stays")
	g.assign(id, domain.AccessChange{Role: domain.Automatically[domain.Role]()})
	s.patch("/Users/"+id, `{"op":"replace","path":"`+usher+`:role","value":"Manager"}`).is(200)
	require.Equal(t, "Manager", role(), "the lock has ended")
	require.Equal(t, domain.SourceExtension, g.access(id).Role.Source)
}

// rolesAndEntitlements: core roles and entitlements are kept and answered as sent; the primary, else the first, that is
// exactly the name or id of a role (of a profile, of a licence) grants it (RFC 7643 section 4.1.2).
func rolesAndEntitlements(t *testing.T, s *server) {
	g := withGiven(t, s)
	err := g.admin.SetSeats(t.Context(), g.who, domain.IfMatch{}, domain.SeatPlan{Licence: domain.LicenceSimulator, Unlimited: true})
	require.NoError(t, err)
	const sent = `"roles":[{"value":"agent"},{"value":"Agent"},{"value":"Manager","primary":true},{"value":"Clown"}],
"entitlements":[{"value":"Callers","display":"C"},{"value":"simulator"},{"value":"gold"}]`
	id := s.user("ana", sent)
	got := s.get("/Users/" + id)
	require.Len(t, got.list("/roles"), 4)
	require.Equal(t, "C", got.at("/entitlements/0/display"))
	is := g.access(id)
	require.Equal(t, []any{g.roles["Manager"], domain.SourceRoles}, []any{is.Role.ID, is.Role.Source})
	require.Equal(t, []any{domain.SourceRoles, domain.LicenceSimulator}, []any{is.Profile.Source, is.Licence})
	s.patch("/Users/"+id, `{"op":"replace","path":"roles","value":[{"value":"Clown"},{"value":"`+g.roles["Agent"].String()+`"}]}`).is(200)
	require.Equal(t, g.roles["Agent"], g.access(id).Role.ID)
	s.patch("/Users/"+id, `{"op":"remove","path":"roles"},{"op":"remove","path":"entitlements"}`).is(200)
	is = g.access(id)
	require.Equal(t, []any{domain.Source(""), domain.Source(""), domain.LicenceFull}, []any{is.Role.Source, is.Profile.Source, is.Licence}, "and is taken away with them")
}

// limits (rule provision.limits): beyond them the extension is refused, and roles and entitlements grant nothing.
func limits(t *testing.T, s *server) {
	g := withGiven(t, s)
	err := g.admin.SetSeats(t.Context(), g.who, domain.IfMatch{}, domain.SeatPlan{Licence: domain.LicenceSimulator, Unlimited: true})
	require.NoError(t, err)
	_, err = g.admin.ChangeConnectionPolicy(t.Context(), g.who, s.tenant.Connection.ID, domain.IfMatch{}, func(p domain.ConnectionPolicy) (domain.ConnectionPolicy, error) {
		p.Limits = domain.Limits{Roles: []domain.RoleID{g.roles["Agent"]}, Profiles: []domain.ProfileID{}, Licences: []string{domain.LicenceFull}}
		return p, nil
	})
	require.NoError(t, err)
	id := s.user("ana", `"`+usher+`":{"role":"Agent","licence":"full"}`)
	for name, beyond := range map[string]string{"role": "Boss", "profile": "Callers", "licence": "simulator"} {
		r := s.patch("/Users/"+id, `{"op":"replace","path":"`+usher+`:`+name+`","value":"`+beyond+`"}`)
		require.Equal(t, 403, r.status, r.text)
		require.Contains(t, r.str("/detail"), "may not give")
		require.Equal(t, 403, s.post("/Users", `{"userName":"b","`+usher+`":{"`+name+`":"`+beyond+`"}}`).status)
	}
	require.Equal(t, g.roles["Agent"], g.access(id).Role.ID)
	// Nor does what is beyond them need a seat.
	require.NoError(t, g.admin.SetSeats(t.Context(), g.who, domain.IfMatch{}, domain.SeatPlan{Licence: domain.LicenceSimulator}))
	other := s.user("c", `"roles":[{"value":"Boss"}],"entitlements":[{"value":"Callers"},{"value":"simulator"}]`)
	is := g.access(other)
	require.Equal(t, []any{true, true, domain.LicenceFull}, []any{is.Role.ID.IsZero(), is.Profile.ID.IsZero(), is.Licence})
}

// windowSaid: the directory says when somebody may come in; what is no such thing is refused by its sub-attribute.
func windowSaid(t *testing.T, s *server) {
	g := withGiven(t, s)
	said := map[string]any{"timeZone": "Europe/Madrid", "validUntil": "2030-12-31", "schedule": "mon 09:00-17:00"}
	id := s.user("ana", `"`+usher+`":{"accessWindow":{"timeZone":"Europe/Madrid","validUntil":"2030-12-31","schedule":"mon 09:00-17:00"}}`)
	require.Equal(t, said, s.get("/Users/"+id).at("/"+usher+"/accessWindow"))
	parsed, _ := domain.ParseID[domain.User](id)
	window := func() domain.Window {
		w, err := g.admin.WindowOf(t.Context(), g.who, parsed)
		require.NoError(t, err)
		return w
	}
	require.Equal(t, "mon 09:00-17:00", window().Schedule.String())
	for sub, bad := range map[string]string{"timeZone": "Mars", "validFrom": "31.12.2030", "schedule": "always"} {
		r := s.patch("/Users/"+id, `{"op":"replace","path":"`+usher+`:accessWindow.`+sub+`","value":"`+bad+`"}`).refused(400, "invalidValue")
		require.NotEmpty(t, r.str("/detail"))
	}
	require.Equal(t, "2030-01-01", s.patch("/Users/"+id, `{"op":"replace","path":"`+usher+`:accessWindow.validUntil","value":"2030-01-01"}`).is(200).at("/"+usher+"/accessWindow/validUntil"))
	require.EqualValues(t, "2030-01-01", window().ValidUntil)
	s.patch("/Users/"+id, `{"op":"remove","path":"`+usher+`:accessWindow"}`).is(200)
	require.True(t, window().IsZero())
}

// licenceSaid: a new person takes a seat of the licence that the directory says and no other; moving to one without a free
// seat is refused and changes nothing (rules seat.required, seat.type-change).
func licenceSaid(t *testing.T, s *server) {
	g := withGiven(t, s)
	err := g.admin.SetSeats(t.Context(), g.who, domain.IfMatch{}, domain.SeatPlan{Licence: domain.LicenceSimulator, Limit: 1})
	require.NoError(t, err)
	err = g.admin.SetSeats(t.Context(), g.who, domain.IfMatch{}, domain.SeatPlan{Licence: domain.LicenceFull, Limit: 1})
	require.NoError(t, err)
	ana := s.user("ana", `"`+usher+`":{"licence":"simulator"}`)
	ben := s.user("ben")
	require.Equal(t, domain.LicenceSimulator, g.access(ana).Licence)
	before := s.get("/Users/" + ben)
	r := s.patch("/Users/"+ben, `{"op":"replace","path":"`+usher+`:licence","value":"simulator"}`)
	require.Equal(t, 403, r.status, r.text)
	require.Contains(t, r.str("/detail"), "simulator")
	require.Equal(t, before.text, s.get("/Users/"+ben).text)
	s.do("DELETE", "/Users/"+ana, "").is(204)
	require.Equal(t, "simulator", s.patch("/Users/"+ben, `{"op":"replace","path":"`+usher+`:licence","value":"simulator"}`).is(200).at("/"+usher+"/licence"))
	s.user("carl") // the full seat is free again
}
