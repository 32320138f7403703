package domain_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
)

// Security 48: two owners who demote each other at the same moment, a thousand times, never leave the organisation without
// one: of each two one is refused, and an event tells.
func TestSecurity48OwnersDemoteEachOther(t *testing.T) {
	t.Parallel()
	storetest.Shared(t)(t, func(t *testing.T, store *persistence.Store) {
		s := newScene(t, store, 5)
		owners := []domain.UserID{s.owner("a@acme.test", true).ID, s.owner("b@acme.test", true).ID}
		const rounds = 1000
		for range rounds {
			refused := -1
			errs := concurrently(2, func(i int) error {
				_, err := s.admin.UnmakeOwner(s.Context(), s.ownerNamed(owners[i]), owners[1-i], domain.IfMatch{})
				return err
			})
			require.Equal(s, map[string]int{"": 1, domain.CodeLastOwner: 1}, outcomes(s.T, errs))
			for i, err := range errs {
				if err != nil {
					refused = i
				}
			}
			// Who could not demote the other is none any more: the other makes them one again.
			require.True(s, s.done(s.admin.MakeOwner(s.Context(), s.ownerNamed(owners[1-refused]), owners[refused], domain.IfMatch{})).Owner)
		}
		counts := map[domain.EventType]int{}
		for _, e := range s.events() {
			counts[e.Type]++
		}
		require.Equal(s, []int{rounds, rounds, rounds}, []int{counts[domain.OwnerUnmade], counts[domain.OwnerProtected], counts[domain.OwnerMade]})
		storetest.Consistent(t, store, s.org())
	})
}

// ownerNamed is an owner who administers.
func (s *scene) ownerNamed(u domain.UserID) domain.Administrator {
	return domain.Administrator{Organisation: s.org(), Actor: domain.Actor{Kind: "user", ID: u.UUID}, Owner: true}
}

// Security 53: the nights on which clocks are put forward and back, by the clock that is given to the server. A shift that
// ends at three by the wall is four hours long on the one and six on the other; who is in goes out with its end and not before.
func TestSecurity53ClockChanges(t *testing.T) {
	t.Parallel()
	each := storetest.Shared(t)
	for name, night := range map[string]struct{ opens, closes, next time.Time }{
		"forward": {time.Date(2027, 3, 27, 21, 0, 0, 0, time.UTC), time.Date(2027, 3, 28, 1, 0, 0, 0, time.UTC), time.Date(2027, 4, 3, 20, 0, 0, 0, time.UTC)},
		"back":    {time.Date(2027, 10, 30, 20, 0, 0, 0, time.UTC), time.Date(2027, 10, 31, 2, 0, 0, 0, time.UTC), time.Date(2027, 11, 6, 21, 0, 0, 0, time.UTC)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, store *persistence.Store) {
				s := newVisit(newScene(t, store, -1))
				to := func(at time.Time) { s.clock.Move(at.Sub(s.clock.Now())) }
				to(night.opens.Add(-time.Hour))
				u := s.member("ana@acme.test")
				_, err := s.admin.SetWindow(s.Context(), s.boss(), u.ID, domain.IfMatch{}, domain.WindowSpec{TimeZone: "Europe/Madrid", Schedule: "sat 22:00-03:00"})
				require.NoError(s, err)
				_, err = s.signIn("ana@acme.test", goodPassword)
				s.refused("access_refused outside_schedule", err)
				to(night.opens)
				in := s.in("ana@acme.test")
				for at := night.opens; at.Before(night.closes); at = at.Add(30 * time.Minute) {
					to(at)
					require.Empty(s, s.verdict(in), at)
				}
				to(night.closes.Add(-time.Millisecond))
				require.Empty(s, s.verdict(in))
				to(night.closes)
				require.Equal(s, "access_refused outside_schedule", s.verdict(in))
				_, err = s.signIn("ana@acme.test", goodPassword)
				s.refused("access_refused outside_schedule", err)
				decided, err := s.admin.Access(s.Context(), s.boss(), u.ID, domain.ByPassword)
				require.NoError(s, err)
				require.Equal(s, night.next, decided.NextOpening.UTC())
				made := s.eventsSince(func() {
					_, err := s.installation().Sweep(s.Context(), s.tenant.Organisation.Slug, true, domain.SweepWindows)
					require.NoError(s, err)
				})
				require.Contains(s, eventTypes(made), domain.SessionEnded)
				to(night.next)
				require.NotEmpty(s, s.verdict(in), "it has ended")
				require.Empty(s, s.verdict(s.in("ana@acme.test")))
				storetest.Consistent(t, store, s.org())
			})
		})
	}
}

// Security 53: two replicas of which one's clock is five minutes ahead agree on what happened: what the one does counts at the
// other, the later of two links is the later one that was sent, nobody in line is overtaken, a sweep runs once, and whoever
// follows the events misses none.
func TestSecurity53ClockSkew(t *testing.T) {
	t.Parallel()
	storetest.Shared(t)(t, func(t *testing.T, store *persistence.Store) {
		behind := newVisit(newScene(t, store, 3))
		twin := *behind.scene
		twin.clock = storetest.NewClock()
		twin.clock.Move(behind.clock.Now().Sub(twin.clock.Now()) + 5*time.Minute)
		twin.directory = domain.NewDirectory(store, twin.clock.Environment())
		twin.admin = domain.NewAdministration(store, twin.clock.Environment(), randomSource())
		ahead := newVisit(&twin)
		behind.policy(func(p *domain.Policy) { p.SeatOverflow = domain.SeatOverflowWait })

		// Sessions, and blocks.
		ana := ahead.member("ana@acme.test")
		one, other := ahead.in("ana@acme.test"), behind.in("ana@acme.test")
		for _, in := range []domain.SignedIn{one, other} {
			require.Equal(t, []string{"", ""}, []string{ahead.verdict(in), behind.verdict(in)})
		}
		require.NoError(t, behind.entrance.SignOut(t.Context(), one.Token, behind.from))
		require.NotEmpty(t, ahead.verdict(one))
		for i := range 6 {
			door := []*visit{ahead, behind}[i%2]
			_, err := door.signIn("ana@acme.test", wrongPassword)
			require.Error(t, err)
		}
		for _, door := range []*visit{ahead, behind} {
			_, err := door.signIn("ana@acme.test", goodPassword)
			door.refused("sign_in_refused", err)
		}
		require.NoError(t, behind.admin.Unblock(t.Context(), behind.boss(), ana.ID, domain.IfMatch{}))
		require.Empty(t, ahead.verdict(ahead.in("ana@acme.test")))

		// Links: the one that was sent last is the good one, whichever clock is on it.
		ben := ahead.add("ben@acme.test")
		old := ahead.invitation(ben)
		sent, err := behind.admin.Invite(t.Context(), behind.boss(), ben.ID, domain.IfMatch{})
		require.NoError(t, err)
		shown, err := ahead.admin.Invitation(t.Context(), ahead.boss(), ben.ID)
		require.NoError(t, err)
		require.Equal(t, []any{sent.ID, domain.LinkOpen}, []any{shown.ID, shown.State})
		_, err = ahead.entrance.AcceptInvitation(t.Context(), old, goodPassword, ahead.from)
		storetest.Refused(t, err, domain.NotFound, domain.CodeLinkNotGood)
		_, err = behind.entrance.AcceptInvitation(t.Context(), behind.invitation(ben), goodPassword, behind.from)
		require.NoError(t, err)

		// The line: who came first is first.
		full := ahead.provision("full@acme.test")
		first := ahead.provision("first@acme.test")
		second := behind.provision("second@acme.test")
		require.Equal(t, []domain.Status{domain.Active, domain.Pending, domain.Pending}, []domain.Status{full.Status, first.Status, second.Status})
		behind.deprovision(full.ID)
		require.Equal(t, []domain.Status{domain.Active, domain.Pending}, []domain.Status{behind.user(first.ID).Status, behind.user(second.ID).Status})

		// Sweeps: midnight comes earlier ahead; the sweep of that day runs once.
		midnight := domain.DailySweep(ahead.clock.Now()).Add(24 * time.Hour)
		ahead.clock.Move(midnight.Add(time.Minute).Sub(ahead.clock.Now()))
		behind.clock.Move(ahead.clock.Now().Add(-5 * time.Minute).Sub(behind.clock.Now()))
		sweep := func(s *visit) bool {
			report, err := s.installation().Sweep(t.Context(), s.tenant.Organisation.Slug, false, domain.SweepInactivity)
			require.NoError(t, err)
			return report.Done
		}
		require.Equal(t, []bool{true, false}, []bool{sweep(ahead), sweep(ahead)})
		sweep(behind) // yesterday's there
		behind.clock.Move(5 * time.Minute)
		require.False(t, sweep(behind), "it has run")

		// Events: a reader who goes on behind what there was gets what comes, each once, whatever the clock was that is on it.
		var seen []domain.EventID
		var place domain.EventPosition
		follow := func() {
			t.Helper()
			require.Eventually(t, func() bool { // what others on the same server have under way is waited for
				page, err := ahead.admin.Events(t.Context(), ahead.boss(), domain.EventQuery{After: place, Limit: 1000})
				require.NoError(t, err)
				for _, e := range page.Events {
					seen = append(seen, e.ID)
				}
				place = page.Next
				return len(seen) == len(behind.events())
			}, time.Minute, time.Millisecond)
		}
		ahead.clock.Move(time.Hour)
		for range 3 {
			ahead.change(first.ID, storetest.Setting(storetest.Text("title", "an hour on")))
			follow()
			behind.change(first.ID, storetest.Setting(storetest.Text("title", "an hour before")))
			follow()
		}
		var all []domain.EventID
		for _, e := range behind.events() {
			all = append(all, e.ID)
		}
		require.ElementsMatch(t, all, seen)
		storetest.Consistent(t, store, behind.org())
	})
}
