package scim_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence/storetest"
)

// The rules of seats, coming and going, as they show at this door.
func TestRulesOfLife(t *testing.T) {
	t.Parallel()
	tell(t, []story{
		{"seat.never-oversold", seatsAtOnce},
		{"seat.release", seatRelease},
		{"activate.seat", activateSeat},
		{"activate.block-kept", activateBlockKept},
		{"invite.once", inviteOnce},
		{"deactivate.doors", deactivateDoors},
		{"deactivate.queues", deactivateQueues},
		{"deactivate.keeps", deactivateKeeps},
		{"deactivate.records", deactivateRecords},
		{"delete.records", deleteRecords},
		{"provision.defaults", provisionDefaults},
		{"mapping.apply", mappingApply},
		{"mapping.rebind", mappingRebind},
	})
}

const (
	on  = `{"op":"replace","path":"active","value":true}`
	off = `{"op":"Replace","path":"active","value":"False"}` // as Entra ID spells it
)

func userID(t testing.TB, id string) domain.UserID {
	t.Helper()
	parsed, ok := domain.ParseID[domain.User](id)
	require.True(t, ok)
	return parsed
}

func (s *server) setSeats(limit int) {
	s.t.Helper()
	admin, who := s.administration()
	require.NoError(s.t, admin.SetSeats(context.Background(), who, domain.IfMatch{}, domain.SeatPlan{Licence: domain.LicenceFull, Limit: limit}))
}

func (s *server) heldSeats() int {
	s.t.Helper()
	admin, who := s.administration()
	usage, err := admin.SeatsOf(context.Background(), who, domain.LicenceFull)
	require.NoError(s.t, err)
	return usage.Held
}

// seatsAtOnce: people are made, brought back and put at the same moment, and so many come in as there are seats.
func seatsAtOnce(t *testing.T, s *server) {
	asleep := make([]string, many)
	for i := range asleep {
		asleep[i] = s.user(fmt.Sprintf("asleep%d", i), `"active":false`)
	}
	s.setSeats(10)
	require.Zero(t, s.heldSeats())
	counts := map[int]int{}
	for _, status := range atOnce(many, func(i int) answer {
		switch i % 3 {
		case 0:
			return s.post("/Users", fmt.Sprintf(`{"userName":"new%d"}`, i))
		case 1:
			return s.patch("/Users/"+asleep[i], on)
		default:
			return s.put("/Users/"+asleep[i], fmt.Sprintf(`{"userName":"asleep%d","active":true}`, i))
		}
	}) {
		counts[status/100]++ // 201 for who is made, 200 for who is back
		require.Contains(t, []int{200, 201, 403}, status)
	}
	require.Equal(t, map[int]int{2: 10, 4: many - 10}, counts)
	require.Equal(t, 10, s.heldSeats())
	s.consistent()
}

// seatRelease: who is deactivated or deleted leaves a seat to the next; who is blocked does not.
func seatRelease(t *testing.T, s *server) {
	s.setSeats(1)
	next := func(name string) answer { return s.post("/Users", `{"userName":"`+name+`"}`) }
	ana := s.user("ana")
	next("bo").refused(403, "")
	admin, who := s.administration()
	require.NoError(t, admin.Block(t.Context(), who, userID(t, ana), domain.IfMatch{}))
	next("bo").refused(403, "")
	s.patch("/Users/"+ana, off).is(200)
	bo := next("bo").is(201).str("/id")
	next("cy").refused(403, "")
	s.put("/Users/"+bo, `{"userName":"bo","active":false}`).is(200)
	cy := next("cy").is(201).str("/id")
	next("di").refused(403, "")
	s.delete("/Users/" + cy).is(204)
	next("di").is(201)
	require.Equal(t, 1, s.heldSeats())
	s.consistent()
}

// activateSeat: a directory brings somebody back where there is a seat, pending if they never were in.
func activateSeat(t *testing.T, s *server) {
	s.connectionPolicy(func(p *domain.ConnectionPolicy) { p.Activation = domain.ActivateOnFirstAccess })
	ana, bo := s.user("ana"), s.user("bo", `"active":false`)
	s.setSeats(1)
	for _, refused := range []answer{s.patch("/Users/"+bo, on), s.put("/Users/"+bo, `{"userName":"bo","title":"Dr","active":true}`)} {
		refused.refused(403, "")
		require.Contains(t, refused.str("/detail"), "1 of 1 seat of")
	}
	require.Equal(t, domain.Inactive, s.statusOf(bo))
	require.Nil(t, s.get("/Users/"+bo).at("/title"), "nothing of a refused request is done")
	s.patch("/Users/"+ana, off).is(200)
	require.Equal(t, true, s.patch("/Users/"+bo, on).is(200).at("/active"))
	require.Equal(t, domain.Pending, s.statusOf(bo))
	before := s.get("/Users/" + bo)
	require.Equal(t, before.text, s.patch("/Users/"+bo, on).is(200).text, "which changes nothing for who is pending")
}

// activateBlockKept: what an administrator blocked stays blocked, and the directory is told that they are active.
func activateBlockKept(t *testing.T, s *server) {
	ana := s.user("ana")
	admin, who := s.administration()
	require.NoError(t, admin.Block(t.Context(), who, userID(t, ana), domain.IfMatch{}))
	require.Equal(t, true, s.get("/Users/"+ana).at("/active"))
	s.patch("/Users/"+ana, off).is(200)
	require.Equal(t, true, s.patch("/Users/"+ana, on).is(200).at("/active"))
	block, blocked, err := admin.BlockOf(t.Context(), who, userID(t, ana))
	require.NoError(t, err)
	require.True(t, blocked)
	require.Equal(t, domain.BlockedByAdministrator, block.Reason)
}

func (s *server) entrance() *domain.Entrance {
	return domain.NewEntrance(s.store, storetest.Environment(), rand.Reader)
}

// invitedLink is the token of the last invitation of somebody.
func (s *server) invitedLink(id string) string {
	s.t.Helper()
	var token string
	org := s.tenant.Organisation.ID
	require.NoError(s.t, s.store.Read(context.Background(), func(tx domain.Tx) error {
		link, found, err := tx.Links().Latest(org, userID(s.t, id), domain.LinkInvitation)
		require.True(s.t, found)
		token = storetest.Links().Token(org, domain.LinkInvitation, link.ID)
		return err
	}))
	return token
}

// inviteOnce: what a directory does to somebody ends the invitation that they have: another address, deactivation, deletion.
func inviteOnce(t *testing.T, s *server) {
	s.connectionPolicy(func(p *domain.ConnectionPolicy) { p.Activation = domain.ActivateByInvitation })
	invited := func(name string) (id, token string) {
		id = s.user(name, `"emails":[{"value":"`+name+`@acme.test"}]`)
		token = s.invitedLink(id)
		_, err := s.entrance().OpenLink(t.Context(), domain.LinkInvitation, token)
		require.NoError(t, err)
		return id, token
	}
	for name, does := range map[string]func(id string) answer{
		"renamed": func(id string) answer {
			return s.patch("/Users/"+id, `{"op":"replace","path":"emails[type eq \"work\"].value","value":"other@acme.test"},{"op":"replace","path":"emails","value":[{"value":"other@acme.test"}]}`).is(200)
		},
		"off":  func(id string) answer { return s.patch("/Users/"+id, off).is(200) },
		"gone": func(id string) answer { return s.delete("/Users/" + id).is(204) },
	} {
		id, token := invited(name)
		does(id)
		_, err := s.entrance().AcceptInvitation(t.Context(), token, "correct horse battery", domain.Visitor{})
		require.True(t, domain.IsCode(err, domain.CodeLinkNotGood), "%s: %v", name, err)
	}
	id, token := invited("kept")
	s.patch("/Users/"+id, `{"op":"replace","path":"title","value":"Dr"}`).is(200)
	_, err := s.entrance().AcceptInvitation(t.Context(), token, "correct horse battery", domain.Visitor{})
	require.NoError(t, err)
	require.Equal(t, domain.Active, s.statusOf(id))
}

// deactivateDoors: a directory's word ends the session that somebody has, in every spelling.
func deactivateDoors(t *testing.T, s *server) {
	s.connectionPolicy(func(p *domain.ConnectionPolicy) { p.PasswordSync = domain.PasswordKeep })
	for i, does := range []func(id string){
		func(id string) { s.patch("/Users/"+id, off).is(200) },
		func(id string) { s.patch("/Users/"+id, `{"op":"add","value":{"active":false}}`).is(200) },
		func(id string) { s.put("/Users/"+id, `{"userName":"away`+id[:1]+`","active":false}`).is(200) },
		func(id string) { s.delete("/Users/" + id).is(204) },
	} {
		name := fmt.Sprintf("ana%d", i)
		id := s.user(name, `"password":"correct horse battery"`)
		in, err := s.entrance().SignIn(t.Context(), s.tenant.Organisation.ID, name, "correct horse battery", domain.Visitor{})
		require.NoError(t, err)
		_, err = s.entrance().Verify(t.Context(), in.Token)
		require.NoError(t, err)
		does(id)
		_, err = s.entrance().Verify(t.Context(), in.Token)
		require.True(t, domain.IsKind(err, domain.Unauthenticated), "%d: %v", i, err)
		_, err = s.entrance().SignIn(t.Context(), s.tenant.Organisation.ID, name, "correct horse battery", domain.Visitor{})
		require.True(t, domain.IsKind(err, domain.Unauthenticated), "%d: %v", i, err)
	}
}

// mapped gives what the members of a new group get, and its id.
func (g *given) mapped(name string, grants domain.MappingGrants, members ...string) string {
	g.t.Helper()
	id := g.group(name, members...)
	group, ok := domain.ParseID[domain.Group](id)
	require.True(g.t, ok)
	_, err := g.admin.CreateMapping(context.Background(), g.who, domain.MappingSpec{Group: group, Priority: 10, Grants: grants})
	require.NoError(g.t, err)
	return id
}

func (g *given) queues(id string) (names []string) {
	g.t.Helper()
	for _, q := range g.access(id).Queues {
		names = append(names, string(q.Source))
	}
	return names
}

// deactivateQueues: whom a directory deactivates is in no queue, and back in those that mappings give.
func deactivateQueues(t *testing.T, s *server) {
	g := withGiven(t, s)
	ana := s.user("ana")
	all, err := g.admin.Queues(t.Context(), g.who)
	require.NoError(t, err)
	support := all[slices.IndexFunc(all, func(q domain.Queue) bool { return q.Name.Text == "Support" })].ID
	g.mapped("Callers", domain.MappingGrants{Queues: []domain.QueueID{g.sales}}, ana)
	g.assign(ana, domain.AccessChange{Queues: &[]domain.QueueID{support}})
	require.ElementsMatch(t, []string{"mapping", "administrator"}, g.queues(ana))
	s.patch("/Users/"+ana, off).is(200)
	require.Empty(t, g.queues(ana))
	s.patch("/Users/"+ana, on).is(200)
	require.Equal(t, []string{"mapping"}, g.queues(ana))
	former, err := g.admin.FormerQueues(t.Context(), g.who, userID(t, ana))
	require.NoError(t, err)
	require.Equal(t, []domain.QueueID{support}, former)
	require.Len(t, s.get("/Users/"+ana).at("/groups"), 1)
}

// deactivateKeeps: role, profile, team, groups and records of whom a directory deactivates stay.
func deactivateKeeps(t *testing.T, s *server) {
	g := withGiven(t, s)
	s.connectionPolicy(func(p *domain.ConnectionPolicy) { p.Successor = domain.Successor{Kind: domain.SuccessorLeave} })
	ana := s.user("ana", `"title":"Dr","`+usher+`":{"role":"Boss","profile":"Callers","team":"Blue"}`)
	s.group("Everybody", ana)
	g.owns(ana, 2)
	before := s.get("/Users/" + ana)
	had := g.access(ana)
	s.patch("/Users/"+ana, off).is(200)
	after := s.get("/Users/" + ana)
	for _, at := range []string{"/title", "/groups", "/" + usher + "/role", "/" + usher + "/profile", "/" + usher + "/team"} {
		require.NotNil(t, before.at(at), at)
		require.Equal(t, before.at(at), after.at(at), at)
	}
	has := g.access(ana)
	require.Equal(t, []uuid.UUID{had.Role.ID.UUID, had.Profile.ID.UUID, had.Team.ID.UUID}, []uuid.UUID{has.Role.ID.UUID, has.Profile.ID.UUID, has.Team.ID.UUID})
	require.Equal(t, 2, g.ownedBy(ana))
}

// owns gives somebody some more records.
func (g *given) owns(id string, n int) {
	g.t.Helper()
	records := make([]domain.Record, n)
	for i := range records {
		records[i] = domain.Record{RecordKey: domain.RecordKey{Kind: "clients", ID: uuid.NewString()}, Owner: userID(g.t, id)}
	}
	_, err := g.admin.PutRecords(context.Background(), g.who, records)
	require.NoError(g.t, err)
}

func (g *given) ownedBy(id string) int {
	g.t.Helper()
	counts, err := g.admin.RecordCounts(context.Background(), g.who, userID(g.t, id))
	require.NoError(g.t, err)
	return counts.Total
}

// left are those who are inactive and own records still.
func (g *given) left() (ids []string) {
	g.t.Helper()
	left, err := g.admin.LeftRecords(context.Background(), g.who, domain.UserID{}, 100)
	require.NoError(g.t, err)
	for _, l := range left {
		ids = append(ids, l.User.ID.String())
	}
	return ids
}

// handedOver: the manager, else the fallback takes the records over; where there is neither they are left, and flagged.
func handedOver(t *testing.T, s *server, goes func(id string)) {
	t.Helper()
	g := withGiven(t, s)
	boss, deputy := s.user("boss"), s.user("deputy")
	managed := func(name string) string {
		id := s.user(name, `"`+domain.URNEnterprise+`":{"manager":{"value":"`+boss+`"}}`)
		g.owns(id, 2)
		return id
	}
	goes(managed("ana"))
	require.Equal(t, []int{2, 0}, []int{g.ownedBy(boss), g.ownedBy(deputy)})

	s.connectionPolicy(func(p *domain.ConnectionPolicy) { p.Successor.Fallback = userID(t, deputy) })
	bo := s.user("bo")
	g.owns(bo, 3)
	goes(bo)
	require.Equal(t, []int{2, 3}, []int{g.ownedBy(boss), g.ownedBy(deputy)})
	require.Empty(t, g.left())

	s.connectionPolicy(func(p *domain.ConnectionPolicy) { p.Successor = domain.Successor{Kind: domain.SuccessorLeave} })
	cy := managed("cy")
	goes(cy)
	require.Equal(t, []int{2, 3}, []int{g.ownedBy(boss), g.ownedBy(deputy)})
	require.Equal(t, []string{cy}, g.left())
	s.consistent()
}

func deactivateRecords(t *testing.T, s *server) {
	handedOver(t, s, func(id string) { s.patch("/Users/"+id, off).is(200) })
}

func deleteRecords(t *testing.T, s *server) {
	handedOver(t, s, func(id string) { s.delete("/Users/" + id).is(204) })
}

// provisionDefaults: who is pushed has the licence full and what the organisation gives by default, until something below
// says otherwise; what the default is then holds at once.
func provisionDefaults(t *testing.T, s *server) {
	g := withGiven(t, s)
	ana := s.user("ana")
	require.Equal(t, domain.LicenceFull, g.access(ana).Licence)
	effective := func(id string) domain.Permissions {
		may, err := g.admin.Effective(t.Context(), g.who, userID(t, id))
		require.NoError(t, err)
		return may
	}
	require.Empty(t, effective(ana), "no default profile, no permissions")
	profile, err := g.admin.CreateProfile(t.Context(), g.who, domain.ProfileSpec{Name: "Readers", Grants: permissions(t, `{"users:view":true}`)})
	require.NoError(t, err)
	_, err = g.admin.SetDefaults(t.Context(), g.who, domain.IfMatch{}, g.roles["Agent"], profile.ID)
	require.NoError(t, err)
	bo := s.user("bo", `"`+usher+`":{"role":"Boss"}`)
	for id, role := range map[string]string{ana: "Agent", bo: "Boss"} {
		require.Equal(t, g.roles[role], g.access(id).Role.ID, role)
		require.Equal(t, profile.ID, g.access(id).Profile.ID)
		require.Len(t, effective(id), 1)
	}
	require.Equal(t, domain.SourceDefault, g.access(ana).Role.Source)
}

func permissions(t testing.TB, text string) domain.Permissions {
	t.Helper()
	sent, err := attribute.Read([]byte(text), attribute.Bounds{})
	require.NoError(t, err)
	read, err := domain.ReadPermissions(sent)
	require.NoError(t, err)
	return read
}

// mappingApply: who is a member has what the mapping gives with the answer of the request that made them one, through
// groups in groups, and no longer with the answer of the one that ended it.
func mappingApply(t *testing.T, s *server) {
	g := withGiven(t, s)
	ana, bo := s.user("ana"), s.user("bo")
	boss := func(id string) bool { return g.access(id).Role.ID == g.roles["Boss"] }
	group := g.mapped("Bosses", domain.MappingGrants{Role: g.roles["Boss"]}, ana)
	require.Equal(t, []bool{true, false}, []bool{boss(ana), boss(bo)})
	s.patch("/Groups/"+group, `{"op":"add","path":"members","value":[{"value":"`+bo+`"}]}`)
	require.Equal(t, []bool{true, true}, []bool{boss(ana), boss(bo)})
	s.patch("/Groups/"+group, `{"op":"remove","path":"members[value eq \"`+ana+`\"]"}`)
	require.Equal(t, []bool{false, true}, []bool{boss(ana), boss(bo)})
	inner := s.group("Inner", ana)
	s.patch("/Groups/"+group, `{"op":"add","path":"members","value":[{"value":"`+inner+`"}]}`)
	s.patch("/Groups/"+inner, `{"op":"add","path":"members","value":[{"value":"`+group+`"}]}`) // a circle is harmless
	require.Equal(t, []bool{true, true}, []bool{boss(ana), boss(bo)})
	s.put("/Groups/"+inner, `{"displayName":"Inner","members":[]}`).is(200)
	require.Equal(t, []bool{false, true}, []bool{boss(ana), boss(bo)})

	s.setSeats(2)
	require.NoError(t, g.admin.SetSeats(t.Context(), g.who, domain.IfMatch{}, domain.SeatPlan{Licence: "simulator", Limit: 1}))
	players := g.mapped("Players", domain.MappingGrants{Licence: "simulator"}, ana)
	s.patch("/Groups/"+players, `{"op":"add","path":"members","value":[{"value":"`+bo+`"}]}`)
	s.get("/Groups/" + players).is(200)
	require.Equal(t, []string{"simulator", "full"}, []string{g.access(ana).Licence, g.access(bo).Licence}, "no seat: the group's push succeeds, the old one is kept")
	wish, err := g.admin.LicenceWish(t.Context(), g.who, userID(t, bo))
	require.NoError(t, err)
	require.Equal(t, "simulator", wish.Licence, "and the person is flagged")
	s.delete("/Groups/" + group).is(204)
	require.False(t, boss(bo))
	s.consistent()
}

// mappingRebind: a group that is deleted and pushed again gives nothing by its name; its mapping is there, and offers the new
// one.
func mappingRebind(t *testing.T, s *server) {
	g := withGiven(t, s)
	ana := s.user("ana")
	old := g.mapped("Bosses", domain.MappingGrants{Role: g.roles["Boss"]}, ana)
	s.delete("/Groups/" + old).is(204)
	require.True(t, g.access(ana).Role.ID.IsZero())
	again := s.group("Bosses", ana)
	require.NotEqual(t, old, again)
	require.True(t, g.access(ana).Role.ID.IsZero(), "bound to the id, never to the name")
	mappings, err := g.admin.Mappings(t.Context(), g.who)
	require.NoError(t, err)
	require.Len(t, mappings, 1)
	require.True(t, mappings[0].Orphan)
	require.Len(t, mappings[0].Candidates, 1)
	require.Equal(t, again, mappings[0].Candidates[0].ID.String())
	_, err = g.admin.RebindMapping(t.Context(), g.who, mappings[0].ID, domain.IfMatch{}, mappings[0].Candidates[0].ID)
	require.NoError(t, err)
	require.Equal(t, g.roles["Boss"], g.access(ana).Role.ID)
}
