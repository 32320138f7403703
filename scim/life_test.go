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
	"usher/persistence/storetest"
)

// The rules of seats, coming and going, as they show at this door.
func TestRulesOfLife(t *testing.T) {
	t.Parallel()
	tell(t, []story{
		{"seat.release", seatRelease},
		{"activate.seat", activateSeat},
		{"activate.block-kept", activateBlockKept},
		{"invite.once", inviteOnce},
		{"deactivate.doors", deactivateDoors},
		{"deactivate.queues", deactivateQueues},
		{"deactivate.keeps", deactivateKeeps},
		{"deactivate.records", deactivateRecords},
		{"delete.records", deleteRecords},
	})
}

// What holds however many requests arrive at once.
func TestRulesAtOnce(t *testing.T) {
	t.Parallel()
	tell(t, []story{{"seat.never-oversold", seatsAtOnce}})
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
