package domain_test

import (
	"testing"

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
