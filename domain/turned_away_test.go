package domain_test

import (
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
)

// firstAccessTurnedAway: whoever is refused again and again is told of once an hour for each reason, on all replicas, and
// counted each time; whom their provider calls what stands nowhere, since who has no account here is never erased.
func firstAccessTurnedAway(s *visit) {
	p, other := s.provider("idp"), s.provider("other")
	refused := func(p doorway, subject string) []domain.Event {
		s.Helper()
		return s.eventsSince(func() {
			_, err := s.arrive(p.says(subject))
			s.refused("no_account unknown", err)
		})
	}
	identity := func(made []domain.Event) string {
		s.Helper()
		told := only(s, made, domain.FirstAccessRefused)
		require.Equal(s, p.connection.OIDC.Issuer, told.After.Get("issuer").Text())
		require.False(s, told.After.Has("subject"))
		return told.After.Get("identity").Text()
	}
	const mark = "zephyrine"
	first := identity(refused(p, mark))
	require.Len(s, first, 16)
	require.NotEqual(s, first, identity(refused(p, mark+"-2")), "another one is told of as well")
	for range 5 {
		require.Empty(s, refused(p, mark))
	}
	errs := concurrently(4, func(int) error {
		_, err := s.arrive(p.says(mark + "-3"))
		return err
	})
	require.Equal(s, map[string]int{domain.CodeNoAccount: 4}, outcomes(s.T, errs))
	s.settings(p, func(set *domain.ProviderSettings) { set.JustInTime = true })
	made := s.eventsSince(func() {
		_, err := s.arrive(p.tells(mark, "", ""))
		s.refused("no_account name_missing", err)
	})
	require.Equal(s, first, identity(made), "for another reason, of the same one")
	s.settings(p, func(set *domain.ProviderSettings) { set.JustInTime = false })
	s.clock.Move(time.Hour)
	require.Equal(s, first, identity(refused(p, mark)), "in the next hour")
	require.NotEqual(s, first, refused(other, mark)[0].After.Get("identity").Text(), "at another provider it is somebody else")

	var tallies []domain.Tally
	require.NoError(s, s.store.Read(s.Context(), func(tx domain.Tx) (err error) {
		tallies, err = tx.Tallies().List(s.org(), p.connection.ID, domain.TallyTurnedAway)
		return err
	}))
	counted := map[string]int64{}
	for _, t := range tallies {
		counted[t.What] = t.Count
		require.Equal(s, s.from.RequestID, t.RequestID)
	}
	require.Equal(s, map[string]int64{domain.NoAccountUnknown: 12, domain.NoAccountNameMissing: 1}, counted)
	told := 0
	for _, e := range s.events() {
		if e.Type == domain.FirstAccessRefused && e.Actor.ID == p.connection.ID.UUID {
			told++
		}
	}
	require.Equal(s, 5, told, "of three people, one of them for two reasons and in two hours")
	s.nowhere(mark)
}
