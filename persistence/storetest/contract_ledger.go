package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence"
)

func seats(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, 2)
	org := tenant.Organisation.ID
	write(t, store, func(tx domain.Tx) error {
		return tx.Seats().Plan(org, domain.SeatPlan{Licence: "simulator", Unlimited: true})
	})
	write(t, store, func(tx domain.Tx) error { return tx.Seats().Plan(org, domain.SeatPlan{Licence: "none"}) })
	usage := func() map[string]domain.SeatUsage {
		of := map[string]domain.SeatUsage{}
		for _, u := range reading(t, store, func(tx domain.Tx) ([]domain.SeatUsage, error) { return tx.Seats().Usage(org) }) {
			of[u.Licence] = u
		}
		return of
	}
	full := domain.SeatPlan{Licence: domain.LicenceFull, Limit: 2}
	require.Equal(t, map[string]domain.SeatUsage{
		"full": {SeatPlan: full}, "simulator": {SeatPlan: domain.SeatPlan{Licence: "simulator", Unlimited: true}},
		"none": {SeatPlan: domain.SeatPlan{Licence: "none"}},
	}, usage())

	person := func(name string) domain.User { return DraftUser(t, tenant.Caller, Person(name)) }
	a := insertUser(t, store, person("a@acme.test"))
	require.Equal(t, 1, usage()["full"].Held)
	b := insertUser(t, store, person("b@acme.test"))
	c := person("c@acme.test")
	err := writing(store, func(tx domain.Tx) error { return addUser(tx, c) })
	require.Equal(t, domain.SeatsExhausted(domain.LicenceFull, 2, 2), err)
	require.Equal(t, domain.SeatUsage{SeatPlan: full, Held: 2}, usage()["full"])

	take := func(licence string) error {
		return writing(store, func(tx domain.Tx) error { return tx.Seats().Take(org, licence, c.ID) })
	}
	require.Equal(t, domain.SeatsExhausted("none", 0, 0), take("none"))
	require.True(t, domain.IsKind(take("unheard-of"), domain.Invalid))
	require.NoError(t, take("simulator"))
	c.Licence = "simulator"
	insertUser(t, store, c)
	require.Equal(t, 1, usage()["simulator"].Held, "an unlimited plan counts those who would hold a seat")

	write(t, store, func(tx domain.Tx) error { return tx.Seats().Release(org, c.ID) }) // holds none
	require.Equal(t, 2, usage()["full"].Held)
	t.Run("a seat freed in a unit of work can be taken in it", func(t *testing.T) {
		d := person("d@acme.test")
		write(t, store, func(tx domain.Tx) error {
			is := a
			is.Status, is.ArchivedAt, is.Version = domain.Inactive, time.Now(), a.Version+1
			if err := tx.Users().Archive(is); err != nil {
				return err
			}
			if err := tx.Seats().Release(org, a.ID); err != nil {
				return err
			}
			return addUser(tx, d)
		})
		require.Equal(t, 2, usage()["full"].Held)
	})
	t.Run("a failed unit of work takes none", func(t *testing.T) {
		is := b
		is.Status, is.ArchivedAt, is.Version = domain.Inactive, time.Now(), b.Version+1
		write(t, store, func(tx domain.Tx) error {
			if err := tx.Users().Archive(is); err != nil {
				return err
			}
			return tx.Seats().Release(org, b.ID)
		})
		e := person("e@acme.test")
		own := domain.UnknownMember("e")
		require.Equal(t, own, writing(store, func(tx domain.Tx) error {
			if err := addUser(tx, e); err != nil {
				return err
			}
			return own
		}))
		require.Equal(t, 1, usage()["full"].Held)
	})
	rowsAgree(t, store, org)
}

func events(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, -1)
	other := NewTenant(t, store, Slug(t)+"-2", -1)
	org := tenant.Organisation.ID
	at := time.Date(2026, 10, 25, 1, 30, 0, 5e6, time.UTC)
	event := func(org domain.OrganisationID) domain.Event {
		return domain.Event{
			ID: domain.EventID{UUID: newUUID(t)}, Organisation: org, Type: domain.TokenCreated,
			Actor: domain.Actor{Kind: "connection", ID: tenant.Connection.ID.UUID}, SubjectKind: "token", Subject: newUUID(t),
			RequestID: "r-1", At: at,
		}
	}
	plain, full, operator, foreign := event(org), event(org), event(org), event(other.Organisation.ID)
	full.Before = attribute.NewComplex(Text("title", "<b>\"x\"</b>\u2028"), Truth("active", true))
	full.After = attribute.NewComplex(Emails("a@acme.test", "b@acme.test"))
	operator.Actor, operator.From = domain.ActorOperator(), "console-1"
	full.From = "2001:db8::1"
	for _, e := range []domain.Event{operator, foreign, plain, full} {
		write(t, store, func(tx domain.Tx) error { return tx.Events().Append(e) })
	}
	list := func(after domain.EventID, limit int) []domain.Event {
		return reading(t, store, func(tx domain.Tx) ([]domain.Event, error) { return tx.Events().List(org, after, limit) })
	}
	want := []domain.Event{plain, full, operator}
	require.Equal(t, want, list(domain.EventID{}, 10), "in order of id")
	require.Equal(t, want[:2], list(domain.EventID{}, 2))
	require.Equal(t, want[1:], list(plain.ID, 10))
	require.Empty(t, list(operator.ID, 10))
	err := writing(store, func(tx domain.Tx) error { return tx.Events().Append(plain) })
	Refused(t, err, domain.Internal, domain.CodeInternal)
	require.Len(t, list(domain.EventID{}, 10), 3)
}

// tallies: counted per connection and kind, and bounded.
func tallies(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, -1)
	org, connection := tenant.Organisation.ID, tenant.Connection.ID
	at := time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
	tally := func(what string, n int64, at time.Time) domain.Tally {
		return domain.Tally{
			Organisation: org, Connection: connection, Kind: domain.TallyRefused, What: what, Count: n, FirstAt: at, LastAt: at,
			Detail: what + " at " + at.String(), RequestID: at.String(),
		}
	}
	add := func(all ...domain.Tally) {
		write(t, store, func(tx domain.Tx) error {
			for _, n := range all {
				if err := tx.Tallies().Add(n); err != nil {
					return err
				}
			}
			return nil
		})
	}
	list := func(kind domain.TallyKind) []domain.Tally {
		return reading(t, store, func(tx domain.Tx) ([]domain.Tally, error) { return tx.Tallies().List(org, connection, kind) })
	}
	first, second := tally("POST /Users 409", 2, at), tally("POST /Users 409", 5, at.Add(time.Hour))
	rare := tally("GET /Users 400", 1, at)
	add(rare, first)
	add(second)
	both := second
	both.Count, both.FirstAt = 7, at
	require.Equal(t, []domain.Tally{both, rare}, list(domain.TallyRefused), "most frequent first; what is said is of the latest")
	require.Empty(t, list(domain.TallyStraightened))

	t.Run("bounded", func(t *testing.T) {
		var flood []domain.Tally
		for i := range domain.MaxTallies + 20 {
			flood = append(flood, tally("what "+string(rune('A'+i%26))+at.Add(time.Duration(i)*time.Second).String(), 1, at))
		}
		add(flood...)
		add(first)
		all := list(domain.TallyRefused)
		require.Len(t, all, domain.MaxTallies+1, "and one for the rest")
		counted := map[string]int64{}
		total := int64(0)
		for _, n := range all {
			counted[n.What] = n.Count
			total += n.Count
		}
		require.EqualValues(t, 9, counted[first.What], "what was known goes on being counted")
		require.EqualValues(t, 22, counted[domain.Other])
		require.EqualValues(t, 9+1+len(flood), total, "nothing is lost")
		other := tally("x", 1, at)
		other.Kind = domain.TallyStraightened
		add(other)
		require.Equal(t, []domain.Tally{other}, list(domain.TallyStraightened), "each kind has a bound of its own")
	})
}

func rates(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, -1)
	_, _, second := NewConnection(t, store, tenant.Organisation.ID, "second")
	add := func(scope domain.Scope, window int64, n int) (total int) {
		write(t, store, func(tx domain.Tx) (err error) {
			total, err = tx.Rates().Add(scope, window, n)
			return err
		})
		return total
	}
	scope := tenant.Caller.Scope()
	require.Equal(t, 3, add(scope, 100, 3))
	require.Equal(t, 5, add(scope, 100, 2))
	require.Equal(t, 1, add(second.Scope(), 100, 1))
	require.Equal(t, 4, add(scope, 101, 4))
	require.Equal(t, 6, add(scope, 101, 2))
	db := Raw(t, store)
	windows := func() int {
		return Count(t, db, "SELECT count(*) FROM rate_windows WHERE organisation_id = $1", tenant.Organisation.ID.String())
	}
	require.Equal(t, 2, windows(), "windows that are over are cleared away")
	require.Equal(t, 1, add(scope, 100, 1), "of a replica whose clock is behind")
	require.Equal(t, 7, add(scope, 101, 1))
	count := func(scope domain.Scope, window int64) int {
		return reading(t, store, func(tx domain.Tx) (int, error) { return tx.Rates().Count(scope, window) })
	}
	require.Equal(t, []int{7, 1, 0, 0}, []int{count(scope, 101), count(second.Scope(), 100), count(scope, 102), count(second.Scope(), 101)})
}
