package scim_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
)

// rows are all rows of the organisation, by table.
func (s *server) rows() map[string][]string {
	s.t.Helper()
	store, ok := s.store.(*persistence.Store)
	require.True(s.t, ok)
	return storetest.TenantRows(s.t, storetest.Raw(s.t, store), s.tenant.Organisation.ID)
}

// externalIDIsText: whatever an externalId looks like, a number, somebody's id or that of who is gone, it opens nothing, by no
// method and at neither door, names no member, and nobody but who has it is changed.
func externalIDIsText(t *testing.T, s *server) {
	victim, gone, local := s.user("victim@acme.test"), s.user("gone"), s.local("local@acme.test")
	s.adoptable(local, s.tenant.Connection.ID)
	s.delete("/Users/" + gone).is(204)
	sibling := s.connection("sibling")
	theirs := sibling.user("theirs")
	group := s.group("g", victim)
	own := s.user("own")
	administration, who := s.administration()
	before := s.get("/Users/" + victim).text
	for _, text := range []string{
		"1", "0", "-1", "true", "null", "*", victim, gone, local, theirs, group, uuid.NewString(), "victim@acme.test", strings.ToUpper(gone), "urn:uuid:" + gone,
	} {
		for _, way := range []func() string{
			func() string { return s.user("new", `"externalId":"`+text+`"`) },
			func() string {
				s.patch("/Users/"+own, `{"op":"replace","path":"externalId","value":"`+text+`"}`).is(200)
				return own
			},
			func() string {
				s.put("/Users/"+own, `{"userName":"own"}`).is(200)
				s.put("/Users/"+own, `{"userName":"own","externalId":"`+text+`"}`).is(200)
				return own
			},
		} {
			holder := way()
			require.NotEqual(t, text, holder)
			require.Equal(t, text, s.get("/Users/"+holder).at("/externalId"))
			require.Equal(t, []string{holder}, s.get("/Users?filter="+escape(`externalId eq "`+text+`"`)).names("/id"), text)
			if text == victim || text == local { // whom it sees by this id
				require.Equal(t, text, s.get("/Users/"+text).is(200).str("/id"))
				require.Equal(t, []string{text}, s.get("/Users?filter="+escape(`id eq "`+text+`"`)).names("/id"))
			} else {
				s.get("/Users/"+text).refused(404, "")
				s.put("/Users/"+text, `{"userName":"evil"}`).refused(404, "")
				s.patch("/Users/"+text, `{"op":"replace","path":"title","value":"evil"}`).refused(404, "")
				s.delete("/Users/"+text).refused(404, "")
				for _, operation := range []string{`"method":"DELETE"`, `"method":"PATCH","data":{"Operations":[{"op":"replace","path":"title","value":"evil"}]}`} {
					require.Equal(t, []string{"404"}, s.bulk(`{`+operation+`,"path":"/Users/`+text+`"}`).is(200).statuses())
				}
				require.Empty(t, s.get("/Users?filter="+escape(`id eq "`+text+`"`)).names("/id"))
				if text != group { // which may be a member itself
					s.post("/Groups", map[string]any{"displayName": "h", "members": refs(text)}).refused(400, "invalidValue")
					s.patch("/Groups/"+group, `{"op":"add","path":"members","value":[{"value":"`+text+`"}]}`).refused(400, "invalidValue")
				}
				if parsed, ok := domain.ParseID[domain.User](text); ok && text != theirs {
					_, err := administration.Person(context.Background(), who, parsed)
					require.True(t, domain.IsKind(err, domain.NotFound), "%v", err)
				}
			}
			require.Equal(t, []string{victim}, s.get("/Groups/"+group).members())
			require.Empty(t, s.get("/Groups?filter="+escape(`members.value eq "`+holder+`"`)).names("/id"))
			sibling.patch("/Users/"+theirs, `{"op":"replace","path":"externalId","value":"`+text+`"}`).is(200) // which is theirs alone
			require.Equal(t, text, s.get("/Users/"+holder).at("/externalId"))
			if holder != own {
				s.delete("/Users/" + holder).is(204)
			}
		}
	}
	require.Equal(t, before, s.get("/Users/"+victim).text)
	require.Equal(t, domain.ConnectionID{}, s.connectionOf(local), "who has its id has not got the account")
	require.Equal(t, own, s.get("/Users/"+own).str("/id"))

	// Of somebody there is and somebody who has that id as externalId, each is changed by its own.
	holder := s.user("holder", `"externalId":"`+victim+`"`)
	s.patch("/Groups/"+group, `{"op":"add","path":"members","value":[{"value":"`+holder+`"}]}`).is(200)
	s.put("/Users/"+victim, `{"userName":"victim@acme.test","title":"x"}`).is(200)
	require.Nil(t, s.get("/Users/"+holder).at("/title"))
	require.Equal(t, victim, s.get("/Users/"+holder).at("/externalId"))
	report := s.user("report", `"`+enterprise+`":{"manager":{"value":"`+victim+`"}}`)
	require.Equal(t, "victim@acme.test", s.get("/Users/"+report).at("/"+enterprise+"/manager/displayName"), "an id is before an externalId")
	s.patch("/Groups/"+group, `{"op":"remove","path":"members[value eq \"`+victim+`\"]"}`).is(200)
	require.Equal(t, []string{holder}, s.get("/Groups/"+group).members())
	s.delete("/Users/" + victim).is(204)
	require.Equal(t, []string{holder}, s.get("/Groups/"+group).members())
	s.get("/Users/" + holder).is(200)
	s.get("/Users/"+victim).refused(404, "")
	s.consistent()
}

// postAgain: somebody who is there, whatever they are called by and whatever has become of them since, is not made again, nor
// changed, and nothing that anybody gave them is lost: no row of the organisation is another one. Nor is it for want of a seat.
func postAgain(t *testing.T, s *server) {
	const body = `"title":"Boss","emails":[{"value":"a@x.test"}],"name":{"givenName":"Ana","familyName":"Sol"}`
	id := s.user("ana", `"externalId":"e"`, body)
	asleep := s.user("asleep", `"externalId":"z","active":false`)
	administration, who := s.administration()
	boss := s.user("boss")
	_, err := administration.SetWindow(context.Background(), who, userID(t, id), domain.IfMatch{}, domain.WindowSpec{TimeZone: "UTC", ValidUntil: "2999-01-01"})
	require.NoError(t, err)
	require.NoError(t, administration.Block(context.Background(), who, userID(t, id), domain.IfMatch{}))
	group := s.post("/Groups", map[string]any{"displayName": "g", "externalId": "g", "members": refs(id, asleep)}).is(201).str("/id")
	s.patch("/Users/"+id, `{"op":"add","path":"nickName","value":"kept"},{"op":"add","path":"`+enterprise+`:manager","value":{"value":"`+boss+`"}}`).is(200)
	s.connectionPolicy(func(p *domain.ConnectionPolicy) { p.PasswordSync = domain.PasswordKeep })
	s.setSeats(s.heldSeats())
	sibling := s.connection("sibling")
	check := func() {
		before := s.rows()
		for range 2 {
			for _, again := range []string{
				`{"userName":"ana","externalId":"e",` + body + `}`, `{"userName":"ANA"}`, `{"userName":"ana","active":false}`, `{"userName":"ana","externalId":"f"}`,
				`{"userName":"other","externalId":"e"}`, `{"userName":"other","externalId":"e","active":false}`, `{"userName":"ana","password":"a mule on the harbour"}`,
				`{"userName":"ana","id":"` + id + `","emails":[{"value":"b@x.test"}]}`, `{"userName":"ana","externalId":"z"}`, `{"userName":"asleep","externalId":"e"}`,
				`{"userName":"asleep","active":true}`, `{"userName":"asleep","externalId":"z","active":false}`, `{"userName":"other","externalId":"z","active":true}`,
			} {
				s.post("/Users", again).refused(409, "uniqueness")
				require.Equal(t, []string{"409"}, s.bulk(`{"method":"POST","path":"/Users","bulkId":"1","data":`+again+`}`).is(200).statuses())
			}
			sibling.post("/Users", `{"userName":"ana"}`).refused(409, "uniqueness")
			sibling.post("/Users", `{"userName":"asleep","externalId":"z"}`).refused(409, "uniqueness")
			for _, again := range []string{`{"displayName":"g","externalId":"g"}`, `{"displayName":"h","externalId":"g","members":[]}`, `{"displayName":"g","externalId":"g","members":[{"value":"` + boss + `"}]}`} {
				s.post("/Groups", again).refused(409, "uniqueness")
				require.Equal(t, []string{"409"}, s.bulk(`{"method":"POST","path":"/Groups","bulkId":"1","data":`+again+`}`).is(200).statuses())
			}
		}
		after := s.rows()
		for table := range after {
			require.Equal(t, before[table], after[table], table)
		}
		require.Equal(t, []string{id, asleep}, s.get("/Groups/"+group).members())
	}
	check()
	s.policy(func(p *domain.Policy) { p.SeatOverflow = domain.SeatOverflowWait })
	check()
	require.Equal(t, "kept", s.get("/Users/"+id).at("/nickName"))
}
