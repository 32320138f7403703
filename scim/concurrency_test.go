package scim_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestConcurrency is what holds however many requests arrive at once.
func TestConcurrency(t *testing.T) {
	t.Parallel()
	tell(t, []story{
		{"one-name-one-person", oneNameOnePerson},
		{"one-tag-one-write", oneTagOneWrite},
		{"disjoint-members", disjointMembers},
		{"disable-while-pushing", disableWhilePushing},
	})
}

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

// expected is one status, and another for all others.
func expected(one, others, n int) []int {
	list := []int{one}
	for range n - 1 {
		list = append(list, others)
	}
	slices.Sort(list)
	return list
}

func oneNameOnePerson(t *testing.T, s *server) {
	const n = 32
	require.Equal(t, expected(201, 409, n), atOnce(n, func(int) answer { return s.post("/Users", `{"userName":"ana"}`) }))
	require.Equal(t, 1, s.get("/Users").num("/totalResults"))
}

func oneTagOneWrite(t *testing.T, s *server) {
	const n = 32
	id := s.user("ana")
	tag := s.get("/Users/" + id).header.Get("ETag")
	require.Equal(t, expected(200, 412, n), atOnce(n, func(i int) answer {
		return s.put("/Users/"+id, fmt.Sprintf(`{"userName":"ana","title":"t%d"}`, i), "If-Match", tag)
	}))
	require.Equal(t, `W/"2"`, s.get("/Users/"+id).at("/meta/version"))
	group := s.group("g")
	tag = s.get("/Groups/" + group).header.Get("ETag")
	require.Equal(t, expected(200, 412, n), atOnce(n, func(i int) answer {
		return s.patch("/Groups/"+group, fmt.Sprintf(`{"op":"replace","path":"displayName","value":"g%d"}`, i), "If-Match", tag)
	}))
}

func disjointMembers(t *testing.T, s *server) {
	const n = 16
	ids := s.people(2 * n)
	group := s.group("g", ids[:n]...)
	for _, status := range atOnce(2*n, func(i int) answer {
		if i < n {
			return s.patch("/Groups/"+group, `{"op":"remove","path":"members[value eq \"`+ids[i]+`\"]"}`)
		}
		return s.patch("/Groups/"+group, `{"op":"add","path":"members","value":[{"value":"`+ids[i]+`"}]}`)
	}) {
		require.Equal(t, 200, status)
	}
	require.Equal(t, sorted(slices.Clone(ids[n:])...), s.get("/Groups/"+group).members())
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
