package domain_test

import (
	"context"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// plans is a store in which something happens before a unit of work and after a seat was taken in it, or none was needed. Units
// are counted from 1; each may run several times.
type plans struct {
	domain.Store

	units         *int
	before, after func(unit int)
}

func (p plans) Write(ctx context.Context, fn func(domain.Tx) error) error {
	*p.units++
	return p.Store.Write(ctx, func(tx domain.Tx) error {
		p.before(*p.units)
		return fn(plansTx{tx, func() { p.after(*p.units) }})
	})
}

type plansTx struct {
	domain.Tx

	taken func()
}

func (tx plansTx) Seats() domain.Seats { return plansSeats{tx.Tx.Seats(), tx.taken} }

type plansSeats struct {
	domain.Seats

	taken func()
}

func (s plansSeats) Take(org domain.OrganisationID, licence string, holder domain.UserID) error {
	err := s.Seats.Take(org, licence, holder)
	if err == nil {
		s.taken()
	}
	return err
}

// seatLimitedWhileWaiting: a push that may wait for a seat looks at a plan without a limit, which gets one before the person
// is there: who is in then holds a seat, and who holds none waits.
func seatLimitedWhileWaiting(s *scene) {
	if s.store.Stat().Kind == "sqlite" {
		return // it has one writer: nobody changes a plan meanwhile
	}
	s.withSeats(1)
	s.policy(func(p *domain.Policy) { p.SeatOverflow = domain.SeatOverflowWait })
	s.provision("first@acme.test")
	var limited chan error // what becomes of the limit that somebody sets meanwhile
	store := plans{
		Store: s.store, units: new(int),
		before: func(unit int) {
			if unit == 2 {
				if limited != nil {
					<-limited
				}
				s.setSeats(domain.SeatPlan{Licence: domain.LicenceFull, Unlimited: true})
			}
		},
		after: func(unit int) {
			if unit != 2 {
				return
			}
			limited = make(chan error, 1)
			go func(done chan<- error) {
				done <- s.admin.SetSeats(context.Background(), s.boss(), domain.IfMatch{}, full(1))
			}(limited)
			select { // it is quick, or waits for the push
			case err := <-limited:
				limited <- err
			case <-time.After(300 * time.Millisecond):
			}
		},
	}
	_, err := domain.NewDirectory(store, s.clock.Environment()).Provision(s.Context(), s.caller, storetest.Person("second@acme.test"))
	require.NoError(s, err)
	require.NotNil(s, limited)
	if err := <-limited; err != nil {
		require.True(s, domain.IsCode(err, domain.CodeSeatsHeld), "%v", err)
	}
	storetest.Consistent(s, s.store, s.org())
	of := s.of("full")
	require.Equal(s, 2, of.Held+of.Waiting, "%+v", of)
}
