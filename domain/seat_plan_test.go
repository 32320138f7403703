package domain_test

import (
	"fmt"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

func full(n int) domain.SeatPlan { return domain.SeatPlan{Licence: domain.LicenceFull, Limit: n} }

func (s *scene) setSeats(plan domain.SeatPlan) {
	s.Helper()
	require.NoError(s, s.admin.SetSeats(s.Context(), s.boss(), domain.IfMatch{}, plan))
}

// of is the state of one licence.
func (s *scene) of(licence string) domain.SeatUsage {
	s.Helper()
	for _, u := range usage(s.T, s.store, s.org()) {
		if u.Licence == licence {
			return u
		}
	}
	return domain.SeatUsage{}
}

// seatReduce: a plan can be cut to the seats that are held, no lower; it may lose its limit and get one again; the
// operator can do the same, for several licences at once or for none.
func seatReduce(s *scene) {
	s.withSeats(5)
	for _, name := range []string{"a", "b", "c"} {
		s.provision(name + "@acme.test")
	}
	made := s.eventsSince(func() {
		require.Equal(s, domain.SeatsHeld("full", 3, 2), s.admin.SetSeats(s.Context(), s.boss(), domain.IfMatch{}, full(2)))
		for _, bad := range []domain.SeatPlan{full(-1), full(domain.MaxSeats + 1), {Licence: "no such thing", Limit: 1}} {
			storetest.Refused(s, s.admin.SetSeats(s.Context(), s.boss(), domain.IfMatch{}, bad), domain.Invalid, domain.CodeInvalidValue)
		}
		s.setSeats(full(5))
	})
	require.Empty(s, made)
	made = s.eventsSince(func() { s.setSeats(full(3)) })
	require.Equal(s, []domain.EventType{domain.SeatsChanged}, eventTypes(made))
	require.Equal(s, "5", made[0].Before.Item(0).Get("limit").Text())
	require.Equal(s, "3", made[0].After.Item(0).Get("limit").Text())
	require.Equal(s, domain.SeatsExhausted("full", 3, 3), s.tryProvision("d@acme.test"))
	for _, plan := range []domain.SeatPlan{{Licence: "full", Unlimited: true}, full(4), full(9), full(4)} {
		s.setSeats(plan)
		require.Equal(s, domain.SeatUsage{SeatPlan: plan, Held: 3}, s.of("full"))
		storetest.Consistent(s, s.store, s.org())
	}
	s.provision("d@acme.test")
	storetest.Refused(s, s.tryProvision("e@acme.test"), domain.Forbidden, domain.CodeSeatsExhausted)

	set := func(plans ...domain.SeatPlan) error {
		_, err := s.installation().SetSeats(s.Context(), s.tenant.Organisation.Slug, plans)
		return err
	}
	made = s.eventsSince(func() {
		require.Equal(s, domain.SeatsHeld("full", 4, 1), set(domain.SeatPlan{Licence: "simulator", Limit: 2}, full(1)))
		require.Empty(s, s.of("simulator").Licence, "all or none")
		require.NoError(s, set(domain.SeatPlan{Licence: "simulator", Limit: 2}, full(6)))
	})
	require.Equal(s, []domain.EventType{domain.SeatsChanged, domain.SeatsChanged}, eventTypes(made))
	require.Equal(s, domain.ActorOperator(), made[0].Actor)
	require.Equal(s, 2, s.of("simulator").Limit)
	storetest.Gone(s, func() error { _, err := s.installation().SetSeats(s.Context(), "nobody", nil); return err }())
}

// seatReduceAtOnce: while people come in, a plan is cut: never are more seats held than there are.
func seatReduceAtOnce(s *scene) {
	for round := range 4 {
		s.tenant = storetest.NewTenant(s, s.store, fmt.Sprintf("%.50s-%d", storetest.Slug(s), round), 20)
		s.caller = s.tenant.Caller
		outcomes(s.T, concurrently(24, func(i int) error {
			if i%6 == 5 {
				return s.admin.SetSeats(s.Context(), s.boss(), domain.IfMatch{}, full(10-i%3))
			}
			return s.tryProvision(fmt.Sprintf("u%d@acme.test", i))
		}))
		of := s.of("full")
		require.LessOrEqual(s, of.Held, of.Limit)
		storetest.Consistent(s, s.store, s.org())
	}
}

// seatLimitedAtOnce: while people come in, by push, by activation and by hand, a plan without a limit gets one: whoever
// is in then holds a seat.
func seatLimitedAtOnce(s *scene) {
	for round := range 4 {
		s.tenant = storetest.NewTenant(s, s.store, fmt.Sprintf("%.50s-%d", storetest.Slug(s), round), -1)
		s.caller = s.tenant.Caller
		staff := s.staff()
		var sleeping [8]domain.UserID
		for i := range sleeping {
			sleeping[i] = s.provision(fmt.Sprintf("sleeping%d@acme.test", i), storetest.Truth("active", false)).ID
		}
		counts := outcomes(s.T, concurrently(25, func(i int) error {
			switch {
			case i == 12:
				return s.admin.SetSeats(s.Context(), s.boss(), domain.IfMatch{}, full(30))
			case i%3 == 0 && i/3 < len(sleeping):
				_, err := s.tryChange(sleeping[i/3], storetest.Setting(storetest.Truth("active", true)))
				return err
			case i%3 == 1:
				_, err := s.admin.Add(s.Context(), s.boss(), domain.NewPerson{FullName: "X", Email: fmt.Sprintf("hand%d@acme.test", i), Role: staff})
				return err
			}
			return s.tryProvision(fmt.Sprintf("u%d@acme.test", i))
		}))
		require.Equal(s, map[string]int{"": 25}, counts)
		storetest.Consistent(s, s.store, s.org())
		require.Equal(s, 30, s.of("full").Limit)
	}
}

// seatTypeChange: another licence type takes the new seat and frees the old one in one step, or neither.
func seatTypeChange(s *scene) {
	s.withSeats(1)
	s.setSeats(domain.SeatPlan{Licence: "simulator", Limit: 1})
	u := s.provision("ana@acme.test")
	move := func(licence string) error {
		_, err := s.admin.ChangeLicence(s.Context(), s.boss(), u.ID, domain.IfMatch{}, licence)
		return err
	}
	made := s.eventsSince(func() {
		require.NoError(s, move("simulator"))
		require.NoError(s, move("simulator"))
	})
	require.Equal(s, []domain.EventType{domain.UserUpdated}, eventTypes(made))
	require.Equal(s, []string{"full", "simulator"}, []string{made[0].Before.Get("licence").Text(), made[0].After.Get("licence").Text()})
	require.Equal(s, []int{0, 1}, []int{s.of("full").Held, s.of("simulator").Held})
	other := s.provision("b@acme.test")
	require.Equal(s, domain.SeatsExhausted("full", 1, 1), move("full"))
	require.Equal(s, []int{1, 1}, []int{s.of("full").Held, s.of("simulator").Held})
	for _, unknown := range []string{"unheard-of", "", "No Such"} {
		require.True(s, domain.IsKind(move(unknown), domain.Invalid), unknown)
	}
	s.deactivate(other.ID)
	s.deactivate(u.ID)
	for _, unknown := range []string{"unheard-of", "", "No Such"} {
		require.True(s, domain.IsKind(move(unknown), domain.Invalid), "%q, by which no seat is taken", unknown)
	}
	require.NoError(s, move("full"), "who is inactive holds none")
	require.Equal(s, []int{0, 0}, []int{s.of("full").Held, s.of("simulator").Held})
	s.activate(u.ID)
	require.Equal(s, 1, s.of("full").Held)
}

// waits reports whether somebody is in line.
func (s *scene) waits(id domain.UserID) bool {
	s.Helper()
	found := false
	require.NoError(s, s.store.Read(s.Context(), func(tx domain.Tx) (err error) {
		_, found, err = tx.Waiting().Get(s.org(), id)
		return err
	}))
	return found
}

// seatWait: where the policy is to wait, a push without a free seat makes a pending person, last in line; whoever frees a
// seat, by whatever way, gives it to the first.
func seatWait(s *scene) {
	s.withSeats(1)
	a := s.provision("a@acme.test")
	sleeping := s.provision("sleeping@acme.test", storetest.Truth("active", false))
	require.True(s, domain.IsCode(s.tryProvision("b@acme.test"), domain.CodeSeatsExhausted), "the policy is to refuse")
	s.policy(func(p *domain.Policy) { p.SeatOverflow = domain.SeatOverflowWait })
	var line []domain.User
	for _, name := range []string{"b", "c", "d", "e", "f", "g"} {
		made := s.eventsSince(func() { line = append(line, s.provision(name+"@acme.test", storetest.Name(name, "Ash"))) })
		require.Equal(s, []domain.EventType{domain.UserCreated}, eventTypes(made))
	}
	line = append(line, s.setActive(sleeping.ID, true))
	for _, u := range line {
		require.Equal(s, domain.Pending, u.Status)
		require.True(s, u.AcceptedAt.IsZero())
		require.True(s, s.attributesOf(u).Get("active").Truth(), "active to the directory (rule scim.active)")
		require.True(s, s.waits(u.ID))
		_, err := s.admin.Confirm(s.Context(), s.boss(), u.ID, domain.IfMatch{})
		storetest.Refused(s, err, domain.Conflict, domain.CodeWaitingForSeat)
		decision, err := s.admin.Access(s.Context(), s.boss(), u.ID, domain.BySingleSignOn)
		require.NoError(s, err)
		require.Equal(s, domain.ReasonWaiting, decision.Reason)
	}
	require.Equal(s, domain.SeatUsage{SeatPlan: full(1), Held: 1, Waiting: 7}, s.of("full"))
	_, err := s.admin.Add(s.Context(), s.boss(), domain.NewPerson{FullName: "X", Email: "x@acme.test", Role: s.staff()})
	require.Equal(s, domain.SeatsExhausted("full", 1, 1), err, "by hand it is refused")
	require.Empty(s, s.eventsSince(func() { s.setActive(line[0].ID, true) }))

	next := func(i int, free func()) {
		s.Helper()
		made := s.eventsSince(free)
		assigned := 0
		for _, e := range made {
			if e.Type == domain.SeatAssigned {
				require.Equal(s, line[i].ID.UUID, e.Subject, "nobody overtakes")
				assigned++
			}
		}
		require.Equal(s, 1, assigned)
		u := s.user(line[i].ID)
		require.Equal(s, domain.Active, u.Status, "what they would have been")
		require.Equal(s, s.clock.Now(), u.AcceptedAt)
		require.False(s, s.waits(u.ID))
		require.Equal(s, line[i].Version+1, u.Version)
		storetest.Consistent(s, s.store, s.org())
	}
	s.clock.Move(time.Hour)
	next(0, func() { s.setActive(a.ID, false) })
	next(1, func() { s.deprovision(line[0].ID) })
	next(2, func() { s.deactivate(line[1].ID) })
	next(3, func() { require.NoError(s, s.admin.Delete(s.Context(), s.boss(), line[2].ID, domain.IfMatch{})) })
	s.setSeats(domain.SeatPlan{Licence: "simulator", Limit: 1})
	next(4, func() {
		s.done(s.admin.ChangeLicence(s.Context(), s.boss(), line[3].ID, domain.IfMatch{}, "simulator"))
	})
	s.setActive(line[5].ID, false) // who waits can go
	require.False(s, s.waits(line[5].ID))
	require.Equal(s, 1, s.of("full").Waiting)
	next(6, func() { s.setSeats(full(2)) })
	require.Equal(s, domain.SeatUsage{SeatPlan: full(2), Held: 2}, s.of("full"))

	elsewhere := s.provision("elsewhere@acme.test")
	require.True(s, s.waits(elsewhere.ID))
	s.setSeats(domain.SeatPlan{Licence: "other", Limit: 1})
	made := s.eventsSince(func() {
		require.Equal(s, domain.Active, s.done(s.admin.ChangeLicence(s.Context(), s.boss(), elsewhere.ID, domain.IfMatch{}, "other")).Status)
	})
	require.Equal(s, []domain.EventType{domain.UserUpdated}, eventTypes(made))
	require.False(s, s.waits(elsewhere.ID))

	s.caller.Activation = domain.ActivateOnFirstAccess
	last := s.provision("last@acme.test")
	require.True(s, s.waits(last.ID))
	s.setSeats(domain.SeatPlan{Licence: "full", Unlimited: true})
	require.Equal(s, domain.Pending, s.user(last.ID).Status, "what they would have been")
	require.False(s, s.waits(last.ID))
	require.Equal(s, domain.Active, s.done(s.admin.Confirm(s.Context(), s.boss(), last.ID, domain.IfMatch{})).Status)
}

// seatWaitAtOnce: people come and go at the same moment, on few seats: nobody is lost, no seat is free while somebody
// waits, and seats are given in the order of the line.
func seatWaitAtOnce(s *scene) {
	s.withSeats(4)
	s.policy(func(p *domain.Policy) { p.SeatOverflow = domain.SeatOverflowWait })
	var here []domain.User
	for i := range 4 {
		here = append(here, s.provision(fmt.Sprintf("first%d@acme.test", i)))
	}
	for round := range 6 {
		counts := outcomes(s.T, concurrently(10, func(i int) error {
			if i < 4 {
				_, err := s.tryChange(here[i].ID, storetest.Setting(storetest.Truth("active", false)))
				return err
			}
			return s.tryProvision(fmt.Sprintf("u%d-%d@acme.test", round, i))
		}))
		require.Equal(s, map[string]int{"": 10}, counts)
		of := s.of("full")
		require.Equal(s, 4, of.Held)
		require.Equal(s, 2*(round+1), of.Waiting)
		storetest.Consistent(s, s.store, s.org())
		here = nil
		page, err := s.directory.Users(s.Context(), s.caller, domain.Query{Limit: 100})
		require.NoError(s, err)
		for _, u := range page.Items {
			if u.Status == domain.Active {
				here = append(here, u)
			}
		}
		require.Len(s, here, 4)
	}
}
