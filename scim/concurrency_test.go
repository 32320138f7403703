package scim_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
)

// Security 48, and what else holds however many requests arrive at once.
func TestSecurity48AtOnce(t *testing.T) {
	t.Parallel()
	tell(t, []story{
		{"free-seats", freeSeats},
		{"one-name-one-person", oneNameOnePerson},
		{"one-tag-one-write", oneTagOneWrite},
		{"disjoint-members", disjointMembers},
		{"disable-while-pushing", disableWhilePushing},
	})
}

// many is how many requests arrive at once.
const many = 64

// atOnce runs n requests together and gives their statuses, sorted.
func atOnce(n int, do func(i int) answer) []int {
	statuses := make([]int, n)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() { statuses[i] = do(i).status })
	}
	group.Wait()
	slices.Sort(statuses)
	return statuses
}

// expected is so many of one status, and another for all others.
func expected(n, status, others int) []int {
	list := slices.Concat(slices.Repeat([]int{status}, n), slices.Repeat([]int{others}, many-n))
	slices.Sort(list)
	return list
}

// Who finds a seat is there, active and holding it; of who finds none there is nothing.
func freeSeats(t *testing.T, s *server) {
	admin, who := s.administration()
	require.NoError(t, admin.SetSeats(t.Context(), who, domain.IfMatch{}, domain.SeatPlan{Licence: domain.LicenceFull, Limit: 10}))
	usage := func() domain.SeatUsage {
		all, err := admin.Seats(t.Context(), who)
		require.NoError(t, err)
		return all[slices.IndexFunc(all, func(u domain.SeatUsage) bool { return u.Licence == domain.LicenceFull })]
	}
	require.Zero(t, usage().Held)
	require.Equal(t, expected(10, 201, 403), atOnce(many, func(i int) answer {
		return s.post("/Users", fmt.Sprintf(`{"userName":"u%d","externalId":"e%d"}`, i, i))
	}))
	require.Equal(t, 10, usage().Held)
	require.Equal(t, 10, s.get("/Users").num("/totalResults"))
	require.Equal(t, 10, s.get("/Users?filter=active+eq+true").num("/totalResults"))
	s.consistent()
}

func oneNameOnePerson(t *testing.T, s *server) {
	require.Equal(t, expected(1, 201, 409), atOnce(many, func(int) answer { return s.post("/Users", `{"userName":"ana"}`) }))
	require.Equal(t, 1, s.get("/Users").num("/totalResults"))
	s.consistent()
}

func oneTagOneWrite(t *testing.T, s *server) {
	id := s.user("ana")
	tag := s.get("/Users/" + id).header.Get("ETag")
	require.Equal(t, expected(1, 200, 412), atOnce(many, func(i int) answer {
		return s.put("/Users/"+id, fmt.Sprintf(`{"userName":"ana","title":"t%d"}`, i), "If-Match", tag)
	}))
	require.Equal(t, `W/"2"`, s.get("/Users/"+id).at("/meta/version"))
	group := s.group("g")
	tag = s.get("/Groups/" + group).header.Get("ETag")
	require.Equal(t, expected(1, 200, 412), atOnce(many, func(i int) answer {
		return s.put("/Groups/"+group, fmt.Sprintf(`{"displayName":"g%d"}`, i), "If-Match", tag)
	}))
	tag = s.get("/Groups/" + group).header.Get("ETag")
	require.Equal(t, expected(1, 200, 412), atOnce(many, func(i int) answer {
		return s.patch("/Groups/"+group, fmt.Sprintf(`{"op":"replace","path":"displayName","value":"h%d"}`, i), "If-Match", tag)
	}))
	s.consistent()
}

// 32 clients each put people of their own into one group and take them out again, one by one; what they leave is the right
// set, none lost and none too many.
func disjointMembers(t *testing.T, s *server) {
	const clients, each = 32, 4
	ids := s.people(clients * each)
	in, out := []string{}, []string{} // of each client the first two are in the group at the beginning
	for i, id := range ids {
		if i%each < 2 {
			in = append(in, id)
		} else {
			out = append(out, id)
		}
	}
	group := s.group("g", in...)
	add := func(ids ...string) string {
		values := make([]string, len(ids))
		for i, id := range ids {
			values[i] = `{"value":"` + id + `"}`
		}
		return `{"op":"add","path":"members","value":[` + strings.Join(values, ",") + `]}`
	}
	remove := func(id string) string { return `{"op":"remove","path":"members[value eq \"` + id + `\"]"}` }
	statuses := atOnce(clients, func(i int) answer {
		own := ids[i*each : (i+1)*each]
		for _, operations := range []string{
			add(own[2]), remove(own[0]), add(own[0], own[3]), remove(own[3]) + "," + remove(own[1]), add(own[3]), remove(own[0]),
		} {
			// So many at one group, each a serialisable transaction, may find it taken again and again: the 503 says to come
			// again, and directories do.
			got := s.patch("/Groups/"+group, operations)
			for tries := 0; got.status == 503 && tries < 10; tries++ {
				got = s.patch("/Groups/"+group, operations)
			}
			if got.status != 200 {
				return got
			}
		}
		return answer{status: 200}
	})
	require.Equal(t, slices.Repeat([]int{200}, clients), statuses)
	require.Equal(t, sorted(slices.Clone(out)...), s.get("/Groups/"+group).members())
	s.consistent()
}

// The token is revoked in the middle of a flood: who was answered with success is there, and after the revocation
// nobody is.
func disableWhilePushing(t *testing.T, s *server) {
	old := *s
	var next string
	statuses := atOnce(40, func(i int) answer {
		if i == 20 {
			next = s.rotate()
			return answer{status: 0}
		}
		return old.post("/Users", fmt.Sprintf(`{"userName":"u%d"}`, i))
	})
	created := 0
	for _, status := range statuses {
		require.Contains(t, []int{0, 201, 401}, status)
		if status == 201 {
			created++
		}
	}
	old.post("/Users", `{"userName":"late"}`).refused(401, "")
	old.get("/Users").refused(401, "")
	s.token = next
	require.Equal(t, created, s.get("/Users").num("/totalResults"))
}
