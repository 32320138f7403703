package scim_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// faulty is a store that fails when told to.
type faulty struct {
	domain.Store

	err   atomic.Pointer[domain.Error]
	crash atomic.Bool
	after atomic.Int64 // reads that still work
}

func (f *faulty) fault() error {
	if f.crash.Load() {
		panic("somebody's Needle-4711")
	}
	if err := f.err.Load(); err != nil && f.after.Add(-1) < 0 {
		return err
	}
	return nil
}

// Read implements domain.Store.
func (f *faulty) Read(ctx context.Context, fn func(domain.Tx) error) error {
	if err := f.fault(); err != nil {
		return err
	}
	return f.Store.Read(ctx, fn)
}

// Write implements domain.Store.
func (f *faulty) Write(ctx context.Context, fn func(domain.Tx) error) error {
	if err := f.fault(); err != nil {
		return err
	}
	return f.Store.Write(ctx, fn)
}

var errAway = &domain.Error{Kind: domain.Unavailable, Code: domain.CodeUnavailable, Message: "host db-7 Needle-4711", Err: errors.New("dial tcp 10.1.2.3")}

// A store that cannot be reached, or is full, answers 503 with Retry-After, and works again when it does.
func TestStoreAway(t *testing.T) {
	t.Parallel()
	store := &faulty{Store: storetest.SQLite(t)}
	s := newServer(t, store)
	id := s.user("ana")
	s.get("/Users/" + id).is(200)
	store.err.Store(errAway)
	for _, request := range everywhere(id, uuid.NewString()) {
		var body any
		if request[2] != "" {
			body = request[2]
		}
		got := s.do(request[0], request[1], body).is(503)
		after, err := strconv.Atoi(got.header.Get("Retry-After"))
		require.NoError(t, err)
		require.Positive(t, after)
		require.NotContains(t, got.text, "4711")
		require.NotContains(t, got.text, "10.1.2.3")
		if request[0] != "HEAD" {
			require.Contains(t, got.refused(503, "").str("/detail"), requestID)
		}
	}
	require.Contains(t, s.log.String(), "10.1.2.3", "who runs it learns why")
	store.err.Store(nil)
	require.Equal(t, "ana", s.get("/Users/"+id).is(200).at("/userName"))
}

// The store goes away in the middle of a Bulk: what was done is told as done, what was not as not done.
func TestStoreAwayDuringBulk(t *testing.T) {
	t.Parallel()
	store := &faulty{Store: storetest.SQLite(t)}
	s := newServer(t, store)
	store.after.Store(3) // the look-up of the token, two creations
	store.err.Store(errAway)
	got := s.bulk(postOp("/Users", "1", `{"userName":"a"}`), postOp("/Users", "2", `{"userName":"b"}`), postOp("/Users", "3", `{"userName":"c"}`),
		postOp("/Groups", "4", `{"displayName":"g","members":[{"value":"bulkId:3"}]}`), postOp("/Users", "5", `{}`)).is(200)
	require.Equal(t, []string{"201", "201", "503", "503", "503"}, got.statuses())
	store.err.Store(nil)
	require.Equal(t, 2, s.get("/Users").num("/totalResults"))
}

// A panic is a 500 that tells nothing, to anybody but who runs the server, and not even them what somebody sent.
func TestPanicsAreRecovered(t *testing.T) {
	t.Parallel()
	store := &faulty{Store: storetest.SQLite(t)}
	s := newServer(t, store)
	store.crash.Store(true)
	got := s.get("/Users").refused(500, "")
	require.Contains(t, got.str("/detail"), requestID)
	require.NotContains(t, got.text+s.log.String(), "4711")
	require.Contains(t, s.log.String(), "fault_test.go", "the stack")
	require.Equal(t, "GET /Users 500", s.seen.last())
	store.crash.Store(false)
	s.get("/Users").is(200)
}

// A big group goes out in pieces as it is read. Where reading fails in the middle, the connection is cut: half a group
// does not pass for a whole one.
func TestBigGroupIsStreamed(t *testing.T) {
	t.Parallel()
	store := &faulty{Store: storetest.SQLite(t)}
	s := newServer(t, store)
	ids := s.people(2500)
	group := s.group("big", ids...)

	got := s.get("/Groups/" + group).is(200)
	require.Equal(t, sorted(ids...), got.members())
	require.Empty(t, got.header.Get("Content-Length"))
	listed := s.get("/Groups?filter=" + escape(`displayName eq "big"`)).is(200)
	require.Len(t, listed.list("/Resources/0/members"), 2500)
	require.Len(t, s.get("/Groups/"+group+"?attributes=members.value").list("/members"), 2500)
	require.NotEmpty(t, s.get("/Groups/"+group+"?excludedAttributes=members").header.Get("Content-Length"))
	require.Empty(t, s.do("HEAD", "/Groups/"+group, nil).is(200).text)

	for _, path := range []string{"/Groups/" + group, "/Groups"} {
		s.get("/Users/" + ids[0]).is(200) // so that the token is remembered
		store.after.Store(3)              // the group and two pages of its members
		store.err.Store(errAway)
		r, err := http.NewRequest(http.MethodGet, s.url+path, http.NoBody)
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer "+s.token)
		resp, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.Equal(t, 200, resp.StatusCode)
		text, err := io.ReadAll(resp.Body)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.NotEmpty(t, text)
		resp.Body.Close()

		store.after.Store(1) // before the first piece is out, it is an error like any other
		s.get(path).refused(503, "")
		store.err.Store(nil)
	}
}

// Members beyond what a group is sent back with are found in a list and by If-None-Match like others.
func TestGroupsOfGroupsInLists(t *testing.T) {
	t.Parallel()
	s := newServer(t, storetest.SQLite(t))
	ana := s.user("ana")
	inner := s.group("inner", ana)
	s.group("outer", inner, ana)
	got := s.get("/Groups?sortBy=displayName&attributes=displayName,members.value,members.type").is(200)
	require.Equal(t, []any{map[string]any{"value": ana, "type": "User"}}, got.at("/Resources/0/members"))
	require.Len(t, got.list("/Resources/1/members"), 2)
	require.NotContains(t, s.get("/Groups?excludedAttributes=members").text, ana)
}
