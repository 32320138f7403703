package domain_test

import (
	"fmt"

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
