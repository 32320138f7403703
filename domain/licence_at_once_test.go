package domain_test

import (
	"fmt"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// seatTypeChangeAtOnce: while people, active and inactive, are given a licence without a limit, it gets one: whoever is in and
// has it then holds a seat of it. While it is deleted, nobody is left with it, whoever asked last.
func seatTypeChangeAtOnce(s *scene) {
	trial := domain.SeatPlan{Licence: "trial", Unlimited: true}
	for round := range 2 {
		s.tenant = storetest.NewTenant(s, s.store, fmt.Sprintf("%.50s-%d", storetest.Slug(s), round), -1)
		s.caller = s.tenant.Caller
		s.setSeats(trial)
		var people [16]domain.UserID
		for i := range people {
			people[i] = s.provision(fmt.Sprintf("u%d@acme.test", i), storetest.Truth("active", i%2 == 0)).ID
		}
		all := func(licence string, meanwhile func() error) map[string]int {
			return outcomes(s.T, concurrently(len(people)+1, func(i int) error {
				if i == len(people) {
					return meanwhile()
				}
				_, err := s.admin.ChangeLicence(s.Context(), s.boss(), people[i], domain.IfMatch{}, licence)
				return err
			}))
		}
		limited := domain.SeatPlan{Licence: "trial", Limit: 10}
		require.Equal(s, map[string]int{"": 17}, all("trial", func() error { return s.admin.SetSeats(s.Context(), s.boss(), domain.IfMatch{}, limited) }))
		require.Equal(s, domain.SeatUsage{SeatPlan: limited, Held: 8}, s.of("trial"))
		storetest.Consistent(s, s.store, s.org())

		require.Equal(s, map[string]int{"": 17}, all(domain.LicenceFull, func() error { return s.admin.SetSeats(s.Context(), s.boss(), domain.IfMatch{}, full(9)) }))
		require.Equal(s, domain.SeatUsage{SeatPlan: full(9), Held: 8}, s.of(domain.LicenceFull))
		storetest.Consistent(s, s.store, s.org())

		counts := all("trial", func() error {
			return s.admin.DeleteLicence(s.Context(), s.boss(), "trial", domain.IfMatch{}, domain.LicenceFull)
		})
		require.Equal(s, 17, counts[""]+counts[domain.CodeInvalidValue], counts)
		for _, id := range people {
			require.Equal(s, domain.LicenceFull, s.found(id).Licence)
		}
		storetest.Consistent(s, s.store, s.org())
	}
}

// mappingWishAtOnce: seats become free, by which those who wish for one get it, while who holds them is looked at anew: the former
// holds a person's row and wants the organisation's, the latter the other way round. Each comes to its end, as if one after the other.
func mappingWishAtOnce(s *scene) {
	const seats = 4
	deadlocks := func() int { // that the server has told of so far
		if s.store.Stat().Kind != "postgres" {
			return 1
		}
		return storetest.Count(s, storetest.Raw(s, s.store), "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
	}
	g := s.group("Trainees")
	s.setSeats(domain.SeatPlan{Licence: "trial", Limit: seats})
	blue, red := s.team("Blue"), s.team("Red")
	m := s.mapping(g, domain.MappingGrants{Licence: "trial", Team: blue.ID})
	var line []domain.UserID // in the order in which they wish for a seat
	add := func(n int) {
		for range n {
			u := s.provision(fmt.Sprintf("u%d@acme.test", len(line))).ID
			s.changeGroup(g.ID, join(u.UUID))
			line = append(line, u)
			s.clock.Move(time.Second)
		}
	}
	add(seats)
	for round := 0; round < 2 || deadlocks() == 0; round++ {
		require.Less(s, round, 20, "the two have met")
		add(seats)
		holding := line[round*seats : round*seats+seats]
		require.Equal(s, map[string]int{"": 2 * seats}, outcomes(s.T, concurrently(2*seats, func(i int) error {
			if i%2 == 0 {
				_, err := s.tryChange(holding[i/2], storetest.Setting(storetest.Truth("active", false)))
				return err
			}
			team := []domain.TeamID{blue.ID, red.ID}[(round+i/2)%2]
			_, err := s.admin.EditMapping(s.Context(), s.boss(), m.ID, domain.IfMatch{}, domain.MappingChange{Team: &team})
			return err
		})))
		require.Equal(s, seats, s.of("trial").Held)
		for i, id := range line {
			if i >= (round+1)*seats {
				require.Equal(s, "trial", s.found(id).Licence, "who wished got it")
			}
		}
		storetest.Consistent(s, s.store, s.org())
	}
}
