package scim_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
)

// licensed is an organisation with one seat of each of two licences.
type licensed struct{ *given }

func withSeats(t *testing.T, s *server) licensed {
	t.Helper()
	g := withGiven(t, s)
	for _, licence := range []string{domain.LicenceFull, domain.LicenceSimulator} {
		require.NoError(t, g.admin.SetSeats(t.Context(), g.who, domain.IfMatch{}, domain.SeatPlan{Licence: licence, Limit: 1}))
	}
	return licensed{g}
}

// sleeping provisions somebody who is inactive.
func (l licensed) sleeping(userName string) string {
	l.t.Helper()
	return l.user(userName, `"active":false`)
}

// seats are held and waiting of both licences.
func (l licensed) seats() (full, simulator [2]int) {
	l.t.Helper()
	usage, err := l.admin.Seats(l.t.Context(), l.who)
	require.NoError(l.t, err)
	for _, u := range usage {
		switch u.Licence {
		case domain.LicenceFull:
			full = [2]int{u.Held, u.Waiting}
		case domain.LicenceSimulator:
			simulator = [2]int{u.Held, u.Waiting}
		}
	}
	return full, simulator
}

func (l licensed) hold(full, simulator [2]int) {
	l.t.Helper()
	isFull, isSimulator := l.seats()
	require.Equal(l.t, [][2]int{full, simulator}, [][2]int{isFull, isSimulator}, "held and waiting, of full and of simulator")
	l.consistent()
}

// stand is whether somebody is active, and their licence.
func (l licensed) stand(id string) []any {
	l.t.Helper()
	return []any{l.get("/Users/" + id).at("/active"), l.access(id).Licence}
}

// said is a way in which one request says whether somebody is active, and their licence.
type said struct {
	name string
	send func(s *server, id, userName, active, licence string) answer
}

func ways() []said {
	return []said{
		{"patch", func(s *server, id, _, active, licence string) answer {
			return s.patch("/Users/"+id, `{"op":"replace","path":"active","value":`+active+`},{"op":"replace","path":"`+usher+`:licence","value":"`+licence+`"}`)
		}},
		{"put", func(s *server, id, userName, active, licence string) answer {
			return s.put("/Users/"+id, `{"userName":"`+userName+`","active":`+active+`,"`+usher+`":{"licence":"`+licence+`"}}`)
		}},
		{"entitlement", func(s *server, id, _, active, licence string) answer {
			return s.patch("/Users/"+id, `{"op":"replace","value":{"active":`+active+`,"entitlements":[{"value":"`+licence+`"}]}}`)
		}},
	}
}

// licenceWithActive: one request that activates somebody and gives them another licence needs a seat of that one, and no
// other; one that deactivates them needs none (rules seat.type-change, activate.seat, seat.required).
func licenceWithActive(t *testing.T, s *server) {
	l := withSeats(t, s)
	holder := l.user("holder")
	for _, way := range ways() {
		id := l.sleeping(way.name)
		way.send(s, id, way.name, "true", "simulator").is(200)
		require.Equal(t, []any{true, "simulator"}, l.stand(id), "%s: only the licence that they had is full", way.name)
		l.hold([2]int{1, 0}, [2]int{1, 0})

		way.send(s, id, way.name, "false", "full").is(200)
		require.Equal(t, []any{false, "full"}, l.stand(id), "%s: who is inactive needs no seat", way.name)
		l.hold([2]int{1, 0}, [2]int{0, 0})
		l.delete("/Users/" + id).is(204)
	}

	l.user("other", `"`+usher+`":{"licence":"simulator"}`)
	l.patch("/Users/"+holder, `{"op":"replace","path":"active","value":false}`).is(200)
	for _, way := range ways() {
		id := l.sleeping(way.name)
		before := l.get("/Users/" + id)
		refused := way.send(s, id, way.name, "true", "simulator").refused(403, "")
		require.Contains(t, refused.str("/detail"), `1 of 1 seat of the licence "simulator"`, "%s: only the licence that they are to have is full", way.name)
		require.Equal(t, before.text, l.get("/Users/"+id).text, way.name)
		l.hold([2]int{0, 0}, [2]int{1, 0})
		l.delete("/Users/" + id).is(204)
	}
}

// licenceWithActiveWaits: where the policy is to wait, such a person waits in the line of the licence that they are to have.
func licenceWithActiveWaits(t *testing.T, s *server) {
	l := withSeats(t, s)
	s.policy(func(p *domain.Policy) { p.SeatOverflow = domain.SeatOverflowWait })
	l.user("holder")
	for _, way := range ways() {
		id := l.sleeping(way.name)
		way.send(s, id, way.name, "true", "simulator").is(200)
		l.hold([2]int{1, 0}, [2]int{1, 0})
		l.delete("/Users/" + id).is(204)
	}

	other := l.user("other", `"`+usher+`":{"licence":"simulator"}`)
	for _, way := range ways() {
		id := l.sleeping(way.name)
		way.send(s, id, way.name, "true", "simulator").is(200)
		l.hold([2]int{1, 0}, [2]int{1, 1})
		require.Equal(t, domain.Pending, s.statusOf(id))
		s.patch("/Users/"+other, `{"op":"replace","path":"active","value":false}`).is(200)
		require.Equal(t, domain.Active, s.statusOf(id), "%s: first in the line of that licence", way.name)
		l.hold([2]int{1, 0}, [2]int{1, 0})
		l.delete("/Users/" + id).is(204)
		s.patch("/Users/"+other, `{"op":"replace","path":"active","value":true}`).is(200)
	}
}

// licenceWithActiveLocked: the licence that an administrator locked is the one that they are to have, whatever the request says.
func licenceWithActiveLocked(t *testing.T, s *server) {
	l := withSeats(t, s)
	l.user("holder")
	for _, way := range ways() {
		id := l.sleeping(way.name)
		parsed, _ := domain.ParseID[domain.User](id)
		_, err := l.admin.LockLicence(t.Context(), l.who, parsed, domain.IfMatch{}, domain.LicenceFull)
		require.NoError(t, err)
		refused := way.send(s, id, way.name, "true", "simulator").refused(403, "")
		require.Contains(t, refused.str("/detail"), `1 of 1 seat of the licence "full"`, way.name)
		way.send(s, id, way.name, "false", "simulator").is(200)
		require.Equal(t, []any{false, "full"}, l.stand(id), way.name)
		l.hold([2]int{1, 0}, [2]int{0, 0})
	}
}

// licenceWished: who could not get a licence for want of a seat has it once they are inactive, and comes back with a seat of
// that one, whoever deactivates and activates them.
func licenceWished(t *testing.T, s *server) {
	l := withSeats(t, s)
	other := l.user("other", `"`+usher+`":{"licence":"simulator"}`)
	active := func(id, truth string) answer {
		return s.patch("/Users/"+id, `{"op":"replace","path":"active","value":`+truth+`}`)
	}
	for name, deactivate := range map[string]func(id string){
		"by the directory": func(id string) {
			answered := active(id, "false").is(200)
			require.Equal(t, answered.text, l.get("/Users/"+id).text)
			require.Equal(t, answered.header.Get("ETag"), l.get("/Users/"+id).header.Get("ETag"))
		},
		"by hand": l.deactivated,
	} {
		id := l.user("ana")
		s.patch("/Users/"+id, `{"op":"add","path":"entitlements","value":[{"value":"simulator"}]}`).is(200)
		require.Equal(t, []any{true, "full"}, l.stand(id), "%s: they keep what they have", name)
		deactivate(id)
		require.Equal(t, []any{false, "simulator"}, l.stand(id), name)
		l.hold([2]int{0, 0}, [2]int{1, 0})

		ben := l.user("ben")
		active(other, "false").is(200)
		parsed, _ := domain.ParseID[domain.User](id)
		_, err := l.admin.Activate(t.Context(), l.who, parsed, domain.IfMatch{})
		require.NoError(t, err, name)
		l.hold([2]int{1, 0}, [2]int{1, 0})
		l.delete("/Users/" + id).is(204)
		l.delete("/Users/" + ben).is(204)
		active(other, "true").is(200)
	}
}
