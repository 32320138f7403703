package scim_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// administration of the tenant's organisation, and an owner of it.
func (s *server) administration() (*domain.Administration, domain.Administrator) {
	return domain.NewAdministration(s.store, storetest.Environment(), rand.Reader),
		domain.Administrator{Organisation: s.tenant.Organisation.ID, Actor: domain.Actor{Kind: "user", ID: uuid.New()}, Owner: true}
}

func (s *server) policy(change func(*domain.Policy)) {
	s.t.Helper()
	administration, who := s.administration()
	_, err := administration.ChangePolicy(context.Background(), who, domain.IfMatch{}, func(p domain.Policy) (domain.Policy, error) {
		change(&p)
		return p, nil
	})
	require.NoError(s.t, err)
}

func (s *server) deactivated(id string) {
	s.t.Helper()
	administration, who := s.administration()
	parsed, ok := domain.ParseID[domain.User](id)
	require.True(s.t, ok)
	_, err := administration.Deactivate(context.Background(), who, parsed, domain.IfMatch{})
	require.NoError(s.t, err)
}

// suspendSticks: PATCH and PUT answer 200 with active: false, a POST of the names of a deleted one 201 with a new id and
// active: false, in bulk as well.
func suspendSticks(t *testing.T, s *server) {
	id := s.user("ana", `"externalId":"e1","emails":[{"value":"a@acme.test"}]`)
	s.deactivated(id)
	path := "/Users/" + id
	before := s.get(path)
	require.Equal(t, false, before.at("/active"))
	for _, on := range []string{
		`{"op":"replace","path":"active","value":true}`, `{"op":"Replace","path":"active","value":"True"}`, `{"op":"add","value":{"active":true}}`,
	} {
		require.Equal(t, before.text, s.patch(path, on).is(200).text, on)
	}
	changed := s.put(path, `{"userName":"ana","externalId":"e1","emails":[{"value":"a@acme.test"}],"active":true,"title":"replaced"}`).is(200)
	require.Equal(t, []any{false, "replaced"}, []any{changed.at("/active"), changed.at("/title")})
	for _, body := range []string{`{"userName":"ANA"}`, `{"userName":"x","emails":[{"value":"A@acme.test"}]}`, `{"userName":"y","externalId":"e1","active":true}`} {
		s.delete("/Users/" + id).is(204)
		made := s.post("/Users", body).is(201)
		require.Equal(t, false, made.at("/active"), body)
		require.NotEqual(t, id, made.str("/id"))
		id = made.str("/id")
		require.Equal(t, false, s.get("/Users/"+id).at("/active"))
		require.Equal(t, false, s.patch("/Users/"+id, `{"op":"replace","path":"active","value":true}`).is(200).at("/active"))
		s.put("/Users/"+id, `{"userName":"ana","externalId":"e1","emails":[{"value":"a@acme.test"}]}`).is(200)
	}
	bulk := s.post("/Bulk", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[
		{"method":"PATCH","path":"/Users/`+id+`","data":{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"active","value":true}]}}]}`).is(200)
	require.Equal(t, "200", bulk.str("/Operations/0/status"))
	require.Equal(t, false, s.get("/Users/"+id).at("/active"))

	s.policy(func(p *domain.Policy) { p.Suspension = domain.DirectoryWins })
	require.Equal(t, true, s.patch("/Users/"+id, `{"op":"replace","path":"active","value":true}`).is(200).at("/active"))
	s.deactivated(id)
	s.delete("/Users/" + id).is(204)
	require.Equal(t, true, s.post("/Users", `{"userName":"ana"}`).is(201).at("/active"))
}

// seatOverflow: without a free seat a push is 403 that names licence, held and limit, or, where the policy is to wait,
// 201 and active to the directory.
func seatOverflow(t *testing.T, s *server) {
	s.user("ana")
	administration, who := s.administration()
	require.NoError(t, administration.SetSeats(context.Background(), who, domain.IfMatch{}, domain.SeatPlan{Licence: domain.LicenceFull, Limit: 1}))
	refused := s.post("/Users", `{"userName":"bo"}`).refused(403, "")
	require.Contains(t, refused.text, "1 of 1 seat of")
	s.policy(func(p *domain.Policy) { p.SeatOverflow = domain.SeatOverflowWait })
	made := s.post("/Users", `{"userName":"bo"}`).is(201)
	require.Equal(t, true, made.at("/active"))
	usage, err := administration.Seats(context.Background(), who)
	require.NoError(t, err)
	require.Equal(t, []domain.SeatUsage{{SeatPlan: domain.SeatPlan{Licence: domain.LicenceFull, Limit: 1}, Held: 1, Waiting: 1}}, usage)
}

// scimActive: active is false exactly for who is inactive; blocked and pending people are active to a directory, which
// then has nothing to put right.
func scimActive(t *testing.T, s *server) {
	id := s.user("ana")
	administration, who := s.administration()
	parsed, ok := domain.ParseID[domain.User](id)
	require.True(t, ok)
	require.NoError(t, administration.Block(context.Background(), who, parsed, domain.IfMatch{}))
	require.Equal(t, true, s.get("/Users/"+id).at("/active"), "blocked")
	require.Equal(t, json.Number("1"), s.get("/Users?filter=active+eq+true").is(200).at("/totalResults"))
	s.patch("/Users/"+id, `{"op":"replace","path":"active","value":false}`).is(200)
	require.Equal(t, false, s.get("/Users/"+id).at("/active"))
	require.Equal(t, json.Number("0"), s.get("/Users?filter=active+eq+true").is(200).at("/totalResults"))
	person, err := administration.Person(context.Background(), who, parsed)
	require.NoError(t, err)
	require.Equal(t, domain.Inactive, person.User.Status)
}

// provisionActivation: where a connection also signs people in, who is pushed is pending, and active to the directory;
// elsewhere they are active at once.
func provisionActivation(t *testing.T, s *server) {
	administration, who := s.administration()
	status := func(id string) domain.Status {
		parsed, ok := domain.ParseID[domain.User](id)
		require.True(t, ok)
		person, err := administration.Person(context.Background(), who, parsed)
		require.NoError(t, err)
		return person.User.Status
	}
	require.Equal(t, domain.Active, status(s.user("at-once")))
	for _, activation := range []domain.Activation{domain.ActivateOnFirstAccess, domain.ActivateByInvitation} {
		id, err := uuid.NewV7()
		require.NoError(t, err)
		connection := domain.Connection{
			ID: domain.ConnectionID{UUID: id}, Organisation: s.tenant.Organisation.ID, Name: string(activation), Kind: domain.KindGeneric,
			Activation: activation, CreatedAt: s.clock.now(),
		}
		require.NoError(t, s.store.Write(context.Background(), func(tx domain.Tx) error { return tx.Connections().Insert(connection) }))
		s.token = tokenUntil(t, s.store, s.tenant.Organisation.ID, connection.ID, time.Now().Add(time.Hour))
		made := s.post("/Users", `{"userName":"`+string(activation)+`"}`).is(201)
		require.Equal(t, true, made.at("/active"))
		require.Equal(t, domain.Pending, status(made.str("/id")))
		require.Equal(t, domain.Inactive, status(s.post("/Users", `{"userName":"off-`+string(activation)+`","active":false}`).is(201).str("/id")))
	}
}

// passwordDropped: a pushed password is taken without complaint, and is neither answered, nor kept, nor in the log.
func passwordDropped(t *testing.T, s *server) {
	const password = "correct horse battery staple"
	made := s.post("/Users", `{"userName":"ana","password":"`+password+`"}`).is(201)
	path := "/Users/" + made.str("/id")
	put := s.put(path, `{"userName":"ana","password":"`+password+`","title":"x"}`).is(200)
	patched := s.patch(path, `{"op":"replace","path":"password","value":"`+password+`"}`).is(200)
	for _, answer := range []string{made.text, put.text, patched.text, s.get(path).text, s.log.String()} {
		require.NotContains(t, answer, "horse")
	}
	require.Nil(t, s.get(path).at("/password"))
	parsed, ok := domain.ParseID[domain.User](made.str("/id"))
	require.True(t, ok)
	require.NoError(t, s.store.Read(context.Background(), func(tx domain.Tx) error {
		known, err := tx.SignIns().Known(s.tenant.Organisation.ID, parsed)
		require.False(t, known, "there is no password to sign in with")
		return err
	}))
}
