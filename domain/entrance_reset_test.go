package domain_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
)

// resetAfterwards: a request leaves one row behind and nothing else, whoever it is for; what it comes to is decided when
// somebody looks at it, and by who they are then.
func resetAfterwards(s *visit) {
	ana, ben := s.member("ana@acme.test"), s.member("ben@acme.test")
	made := s.eventsSince(func() {
		for _, name := range []string{"ana@acme.test", "ANA@acme.test", "ben@acme.test", "nobody@acme.test"} {
			require.NoError(s, s.entrance.RequestReset(s.Context(), s.org(), name, s.from))
		}
	})
	require.Empty(s, made)
	require.Len(s, s.waitingResets(), 3, "one for each person, and for a name that nobody has")
	s.deactivate(ben.ID)
	made = s.eventsSince(func() { storetest.SendResets(s, s.store, s.org(), s.entrance) })
	told := only(s, made, domain.PasswordResetRequested)
	require.Equal(s, []any{ana.ID.UUID, domain.Actor{Kind: "user", ID: ana.ID.UUID}, "r-7", "192.0.2.7"}, []any{told.Subject, told.Actor, told.RequestID, told.From})
	require.Len(s, made, 1, "who was deactivated meanwhile is sent none")
	require.Empty(s, s.waitingResets())

	// However many names are tried, what waits is bounded.
	const bound = 256
	for i := range bound + 100 {
		s.from.Address = fmt.Sprintf("192.0.2.%d", i/20)
		require.NoError(s, s.entrance.RequestReset(s.Context(), s.org(), fmt.Sprint("nobody-", i), s.from))
	}
	require.LessOrEqual(s, len(s.waitingResets()), bound)
	require.Greater(s, len(s.waitingResets()), bound/2)
	require.Empty(s, s.eventsSince(func() { storetest.SendResets(s, s.store, s.org(), s.entrance) }))

	// Of what could not be done for an hour people have asked again, or forgotten.
	require.NoError(s, s.entrance.RequestReset(s.Context(), s.org(), "ana@acme.test", s.from))
	s.clock.Move(time.Hour)
	require.Empty(s, s.eventsSince(func() { storetest.SendResets(s, s.store, s.org(), s.entrance) }))
	require.Empty(s, s.waitingResets())

	// What is erased of a person takes it along.
	require.NoError(s, s.entrance.RequestReset(s.Context(), s.org(), "ana@acme.test", s.from))
	require.NoError(s, s.admin.Delete(s.Context(), s.boss(), ana.ID, domain.IfMatch{}))
	require.Len(s, s.waitingResets(), 1)
	require.NoError(s, s.admin.Purge(s.Context(), s.boss(), ana.ID))
	require.Empty(s, s.waitingResets())
}

func (s *visit) waitingResets() []domain.ResetRequest {
	s.Helper()
	return storetest.WaitingResets(s, s.store, s.org())
}

// resetWaitsOnce: of replicas that look at one request at the same moment one sends a link; one that is killed at it leaves it
// to the others.
func resetWaitsOnce(s *visit) {
	s.member("ana@acme.test")
	require.NoError(s, s.entrance.RequestReset(s.Context(), s.org(), "ana@acme.test", s.from))
	waiting := s.waitingResets()
	require.Len(s, waiting, 1)
	killed := domain.NewEntrance(&wearyStore{Store: s.store}, s.clock.Environment(), rand.Reader)
	require.ErrorIs(s, killed.SendReset(s.Context(), waiting[0]), errWeary)
	require.Equal(s, waiting, s.waitingResets())
	made := s.eventsSince(func() {
		errs := concurrently(4, func(int) error { return s.entrance.SendReset(s.Context(), waiting[0]) })
		require.Equal(s, map[string]int{"": 4}, outcomes(s.T, errs))
	})
	only(s, made, domain.PasswordResetRequested)
	require.Empty(s, s.waitingResets())
}

// What waits anywhere is done, the oldest first, and what fails keeps nothing else waiting.
func TestSendResets(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		s := newVisit(newScene(t, store, -1))
		const people = 103
		for i := range people {
			s.from.Address = fmt.Sprintf("192.0.2.%d", i/20)
			name := fmt.Sprintf("p%d@acme.test", i)
			s.local(name)
			require.NoError(t, s.entrance.RequestReset(t.Context(), s.org(), name, s.from))
		}
		other := newVisit(newSceneIn(t, store, storetest.NewTenant(t, store, storetest.Slug(t)+"-other", -1)))
		other.local("ana@acme.test")
		require.NoError(t, other.entrance.RequestReset(t.Context(), other.org(), "ana@acme.test", other.from))
		weary := domain.NewEntrance(&onceBroken{Store: store}, s.clock.Environment(), rand.Reader)
		worked, err := weary.SendResets(t.Context())
		require.ErrorIs(t, err, errWeary)
		require.False(t, worked, "which waits until it is tried again")
		require.Len(t, append(s.waitingResets(), other.waitingResets()...), people+1-99)
		worked, err = s.entrance.SendResets(t.Context())
		require.NoError(t, err)
		require.False(t, worked)
		require.Empty(t, append(s.waitingResets(), other.waitingResets()...))
		sent := 0
		for _, e := range append(s.events(), other.events()...) {
			if e.Type == domain.PasswordResetRequested {
				sent++
			}
		}
		require.Equal(t, people+1, sent)
	})
}

// onceBroken fails with the first unit of work.
type onceBroken struct {
	domain.Store

	failed bool
}

func (s *onceBroken) Write(ctx context.Context, fn func(domain.Tx) error) error {
	if !s.failed {
		s.failed = true
		return errWeary
	}
	return s.Store.Write(ctx, fn)
}
