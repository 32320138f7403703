package scim_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
)

// The rules about what a connection may do and whose people are whose, as they show at this door.
func TestRulesOfTrust(t *testing.T) {
	t.Parallel()
	tell(t, []story{
		{"provision.activation", activationByConnection},
		{"seat.wait-by-connection", seatWaitByConnection},
		{"suspend.sticks-by-connection", suspendSticksByConnection},
		{"user.email-immutable", emailImmutableByConnection},
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
	u, err := administration.User(context.Background(), who, parsed)
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
	require.NoError(t, administration.SetSeats(context.Background(), who, domain.SeatPlan{Licence: domain.LicenceFull, Limit: 1}))
	s.post("/Users", `{"userName":"bo"}`).refused(403, "")
	s.connectionPolicy(func(p *domain.ConnectionPolicy) { p.SeatOverflow = domain.SeatOverflowWait })
	require.Equal(t, true, s.post("/Users", `{"userName":"bo"}`).is(201).at("/active"))
	s.policy(func(p *domain.Policy) { p.SeatOverflow = domain.SeatOverflowWait })
	s.connectionPolicy(func(p *domain.ConnectionPolicy) { p.SeatOverflow = domain.SeatOverflowRefuse })
	refused := s.post("/Users", `{"userName":"cy"}`).refused(403, "")
	require.Contains(t, refused.text, "all 1 of 1 seats")
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
