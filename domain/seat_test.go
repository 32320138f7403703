package domain_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// seatRequired: whoever is not inactive holds a seat; without a free one a push is refused, with licence, held and limit.
func seatRequired(s *scene) {
	s.withSeats(2)
	s.provision("a@acme.test")
	s.provision("off@acme.test", storetest.Truth("active", false))
	require.Equal(s, 1, s.held(), "somebody who begins inactive holds none")
	s.provision("b@acme.test")
	made := s.eventsSince(func() {
		err := s.tryProvision("c@acme.test", storetest.Emails("c@mail.test"), storetest.Text("externalId", "c"))
		require.Equal(s, domain.SeatsExhausted("full", 2, 2), err)
		require.Contains(s, err.Error(), "all 2 of 2 seats")
	})
	require.Empty(s, made, "a refusal changes nothing")
	require.Equal(s, 2, s.held())
	s.provision("d@acme.test", storetest.Text("externalId", "c"), storetest.Emails("c@mail.test"), storetest.Truth("active", false))
}

// seatNeverOversold: of 64 at once on 10 seats exactly 10 succeed, by push or by activation (security 48).
func seatNeverOversold(s *scene) {
	s.withSeats(10)
	const many = 64
	var sleeping [many / 2]domain.UserID
	for i := range sleeping {
		sleeping[i] = s.provision(fmt.Sprintf("sleeping%d@acme.test", i), storetest.Truth("active", false)).ID
	}
	for round := range 2 {
		counts := outcomes(s.T, concurrently(many, func(i int) error {
			if i%2 == 0 {
				return s.tryProvision(fmt.Sprintf("u%d-%d@acme.test", round, i))
			}
			_, err := s.tryChange(sleeping[i/2], storetest.Setting(storetest.Truth("active", true)))
			return err
		}))
		require.Equal(s, map[string]int{"": 10, domain.CodeSeatsExhausted: many - 10}, counts)
		require.Equal(s, 10, s.held())
		// Everybody goes, those who were pushed by deletion, and the seats can be taken again.
		for _, e := range s.events() {
			id := domain.UserID{UUID: e.Subject}
			u, err := s.directory.User(s.Context(), s.caller, id)
			switch {
			case err != nil || u.Status == domain.Inactive:
			case slices.Contains(sleeping[:], id):
				s.setActive(id, false)
			default:
				s.deprovision(id)
			}
		}
		require.Zero(s, s.held())
	}
}

// seatRelease: deactivating and deleting free the seat in the same unit of work.
func seatRelease(s *scene) {
	s.withSeats(1)
	a := s.provision("a@acme.test")
	require.True(s, domain.IsCode(s.tryProvision("b@acme.test"), domain.CodeSeatsExhausted))
	s.setActive(a.ID, false)
	require.Zero(s, s.held())
	b := s.provision("b@acme.test")
	require.True(s, domain.IsCode(s.tryProvision("c@acme.test"), domain.CodeSeatsExhausted))
	s.deprovision(b.ID)
	require.Zero(s, s.held())
	s.deprovision(a.ID) // who holds none
	s.provision("c@acme.test")
	require.Equal(s, 1, s.held())
}

// seatUnlimited: a plan without a limit never refuses, and counts all the same.
func seatUnlimited(s *scene) {
	for i := range 20 {
		s.provision(fmt.Sprintf("u%d@acme.test", i))
	}
	require.Equal(s, 20, s.held())
	require.Zero(s, storetest.Count(s, storetest.Raw(s, s.store), "SELECT count(*) FROM seats WHERE organisation_id = $1", s.org().String()))
}

// activateSeat: activation needs a free seat; it leads back to pending for those who never accepted, else to active.
func activateSeat(s *scene) {
	s.withSeats(1)
	a := s.provision("a@acme.test")
	s.setActive(a.ID, false)
	b := s.provision("b@acme.test")
	made := s.eventsSince(func() {
		_, err := s.tryChange(a.ID, storetest.Setting(storetest.Truth("active", true)))
		require.Equal(s, domain.SeatsExhausted("full", 1, 1), err)
	})
	require.Empty(s, made)
	require.Equal(s, domain.Inactive, s.user(a.ID).Status)
	s.deprovision(b.ID)
	require.Equal(s, domain.Active, s.setActive(a.ID, true).Status)
	require.Equal(s, 1, s.held())

	s.setActive(a.ID, false)
	s.caller.Activation = domain.ActivateOnFirstAccess
	c := s.provision("c@acme.test")
	require.Equal(s, domain.Pending, c.Status)
	require.Equal(s, 1, s.held(), "who is pending holds a seat")
	s.setActive(c.ID, false)
	back := s.setActive(c.ID, true)
	require.Equal(s, domain.Pending, back.Status)
	require.True(s, back.AcceptedAt.IsZero())
	made = s.eventsSince(func() { s.setActive(c.ID, true) })
	require.Empty(s, made, "a push of active: true to somebody pending changes nothing")
	s.setActive(c.ID, false)
	require.Equal(s, domain.Active, s.setActive(a.ID, true).Status, "who has been active is active again, whatever the connection's policy")
}

// The refusals that adapters show have one wording.
func TestSeatsExhausted(t *testing.T) {
	t.Parallel()
	err := domain.SeatsExhausted("full", 3, 5)
	require.Equal(t, domain.Forbidden, err.Kind)
	require.Contains(t, err.Message, `all 3 of 5 seats of the licence "full"`)
	require.Contains(t, domain.SeatsExhausted("full", 1, 1).Message, `1 of 1 seat of the licence "full" is held`)
	require.Contains(t, domain.SeatsHeld("full", 2, 1).Message, `2 seats of the licence "full" are held, so that there cannot be only 1; deactivate people first, or keep at least 2 seats`)
	require.Contains(t, domain.SeatsHeld("full", 1, 0).Message, `1 seat of the licence "full" is held, so that there cannot be only 0; deactivate people first, or keep at least 1 seat`)
}
