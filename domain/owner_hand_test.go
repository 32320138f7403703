package domain_test

import (
	"fmt"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// ownerLastByHand: no administrator takes the last owner away, by whatever way, nor does the sweep, nor two of them at
// the same moment. Each refusal is an event, and nothing else.
func ownerLastByHand(s *scene) {
	losing := map[string]func(u domain.User) error{
		"deactivate": func(u domain.User) error {
			_, err := s.admin.Deactivate(s.Context(), s.boss(), u.ID, domain.IfMatch{})
			return err
		},
		"delete": func(u domain.User) error { return s.admin.Delete(s.Context(), s.boss(), u.ID, domain.IfMatch{}) },
		"demote": func(u domain.User) error {
			_, err := s.admin.UnmakeOwner(s.Context(), s.boss(), u.ID, domain.IfMatch{})
			return err
		},
		"block":       func(u domain.User) error { return s.admin.Block(s.Context(), s.boss(), u.ID, domain.IfMatch{}) },
		"valid until": func(u domain.User) error { return s.until(u, "2999-01-01") },
	}
	tenants := 0
	for name, lose := range losing {
		s.tenant = storetest.NewTenant(s, s.store, fmt.Sprintf("%.50s-%d", storetest.Slug(s), tenants), -1)
		s.caller = s.tenant.Caller
		tenants++
		last, pending := s.owner("last@acme.test", true), s.owner("pending@acme.test", false)
		before := s.found(last.ID)
		made := s.eventsSince(func() { storetest.Refused(s, lose(last), domain.Forbidden, domain.CodeLastOwner) })
		require.Equal(s, []domain.EventType{domain.OwnerProtected}, eventTypes(made), name)
		require.Equal(s, s.boss().Actor, made[0].Actor)
		require.Equal(s, before, s.found(last.ID))
		require.NoError(s, lose(pending), "%s: somebody remains", name)

		// Who is blocked or ends, is none of whom one remains.
		for hinder, do := range map[string]func(u domain.User) error{
			"blocked": func(u domain.User) error { return s.admin.Block(s.Context(), s.boss(), u.ID, domain.IfMatch{}) },
			"ends":    func(u domain.User) error { return s.until(u, "2999-01-01") },
		} {
			hindered := s.owner(hinder+"@acme.test", true)
			require.NoError(s, do(hindered))
		}
		storetest.Refused(s, lose(last), domain.Forbidden, domain.CodeLastOwner)
		s.owner("second@acme.test", true)
		require.NoError(s, lose(last), "%s: another one remains", name)
		storetest.Consistent(s, s.store, s.org())
	}

	s.tenant = storetest.NewTenant(s, s.store, fmt.Sprintf("%.50s-at-once", storetest.Slug(s)), -1)
	s.caller = s.tenant.Caller
	owners := []domain.User{s.owner("a@acme.test", true), s.owner("b@acme.test", true)}
	for round := range 15 {
		ways := []string{"block", "deactivate", "valid until", "demote", "block", "valid until"}
		counts := outcomes(s.T, concurrently(2, func(i int) error { return losing[ways[(round+i)%len(ways)]](owners[i]) }))
		require.Equal(s, map[string]int{"": 1, domain.CodeLastOwner: 1}, counts)
		for _, o := range owners {
			s.activate(o.ID)
			require.NoError(s, s.admin.Unblock(s.Context(), s.boss(), o.ID, domain.IfMatch{}))
			require.NoError(s, s.until(o, ""))
			s.done(s.admin.MakeOwner(s.Context(), s.boss(), o.ID, domain.IfMatch{}))
		}
	}
}

func (s *scene) until(u domain.User, day string) error {
	_, err := s.admin.SetWindow(s.Context(), s.boss(), u.ID, domain.IfMatch{}, domain.WindowSpec{ValidUntil: day})
	return err
}

// ownerLastAtOnce: of two owners who come by a connection each, and by nothing else, one remains who can sign in, whatever takes
// the one's connection and the other at the same moment. Each refusal is an event.
func ownerLastAtOnce(s *scene) {
	owners := []domain.User{s.owner("a@acme.test", true), s.owner("b@acme.test", true)}
	connections := []domain.ConnectionID{s.caller.Connection, s.another("second").Connection}
	for i, c := range connections {
		issuer := fmt.Sprintf("https://id%d.test", i)
		s.registered(c, issuer)
		s.knownAt(owners[i], c, issuer)
	}
	disabled := func(i int, disabled bool) error {
		_, err := s.admin.SetConnectionDisabled(s.Context(), s.boss(), connections[i], disabled, domain.IfMatch{})
		return err
	}
	disable := func(i int) error { return disabled(i, true) }
	others := []func(i int) error{
		disable,
		func(i int) error {
			_, err := s.admin.UnmakeOwner(s.Context(), s.boss(), owners[i].ID, domain.IfMatch{})
			return err
		},
		func(i int) error { return s.admin.Block(s.Context(), s.boss(), owners[i].ID, domain.IfMatch{}) },
	}
	made := s.eventsSince(func() {
		for round := range 18 {
			ways := []func(i int) error{disable, others[round/2%len(others)]}
			counts := outcomes(s.T, concurrently(2, func(i int) error { return ways[(round+i)%2](i) }))
			require.Equal(s, map[string]int{"": 1, domain.CodeLastOwner: 1}, counts)
			for i, o := range owners {
				require.NoError(s, disabled(i, false))
				require.NoError(s, s.admin.Unblock(s.Context(), s.boss(), o.ID, domain.IfMatch{}))
				s.done(s.admin.MakeOwner(s.Context(), s.boss(), o.ID, domain.IfMatch{}))
			}
		}
	})
	protected := 0
	for _, e := range made {
		if e.Type == domain.OwnerProtected {
			protected++
		}
	}
	require.Equal(s, 18, protected)
}

// ownerLastTemporary: a temporary password, which ends, is no way in that an organisation is left with.
func ownerLastTemporary(s *visit) {
	boss := s.member("boss@acme.test")
	s.done(s.admin.MakeOwner(s.Context(), s.boss(), boss.ID, domain.IfMatch{}))
	second := s.done(s.admin.Add(s.Context(), s.boss(), domain.NewPerson{
		FullName: "Bo", Email: "second@acme.test", Role: s.staff(), TemporaryPassword: goodPassword,
	}))
	s.done(s.admin.Confirm(s.Context(), s.boss(), second.ID, domain.IfMatch{}))
	s.done(s.admin.MakeOwner(s.Context(), s.boss(), second.ID, domain.IfMatch{}))
	storetest.Refused(s, s.admin.Delete(s.Context(), s.boss(), boss.ID, domain.IfMatch{}), domain.Forbidden, domain.CodeLastOwner)

	by := s.another("by")
	s.registered(by.Connection, "https://id.test")
	s.knownAt(second, by.Connection, "https://id.test")
	require.NoError(s, s.admin.Delete(s.Context(), s.boss(), boss.ID, domain.IfMatch{}), "there is another way in")
	_, err := s.admin.SetConnectionDisabled(s.Context(), s.boss(), by.Connection, true, domain.IfMatch{})
	storetest.Refused(s, err, domain.Forbidden, domain.CodeLastOwner)
	_, err = s.entrance.ChangePassword(s.Context(), s.in("second@acme.test").Token, goodPassword, otherPassword, s.from)
	require.NoError(s, err)
	_, err = s.admin.SetConnectionDisabled(s.Context(), s.boss(), by.Connection, true, domain.IfMatch{})
	require.NoError(s, err, "their own password is one")
}

// ownerMadeByOwners: only an owner makes an owner or ends that; an owner's licence is not simulator.
func ownerMadeByOwners(s *scene) {
	require.NoError(s, s.admin.SetSeats(s.Context(), s.boss(), domain.IfMatch{}, domain.SeatPlan{Licence: domain.LicenceSimulator, Limit: 5}))
	u, other := s.provision("ana@acme.test"), s.provision("b@acme.test")
	clerk := s.clerk("users:view", "users:create", "users:edit", "users:delete", "users:activate", "users:deactivate", "users:unblock")
	made := s.eventsSince(func() {
		_, err := s.admin.MakeOwner(s.Context(), clerk, u.ID, domain.IfMatch{})
		storetest.Refused(s, err, domain.Forbidden, domain.CodeOwnerOnly)
		_, err = s.admin.UnmakeOwner(s.Context(), clerk, u.ID, domain.IfMatch{})
		storetest.Refused(s, err, domain.Forbidden, domain.CodeOwnerOnly)
	})
	require.Empty(s, made)
	made = s.eventsSince(func() {
		require.True(s, s.done(s.admin.MakeOwner(s.Context(), s.boss(), u.ID, domain.IfMatch{})).Owner)
		s.done(s.admin.MakeOwner(s.Context(), s.boss(), u.ID, domain.IfMatch{}))
	})
	require.Equal(s, []domain.EventType{domain.OwnerMade}, eventTypes(made))
	_, err := s.admin.ChangeLicence(s.Context(), s.boss(), u.ID, domain.IfMatch{}, domain.LicenceSimulator)
	storetest.Refused(s, err, domain.Forbidden, domain.CodeOwnerLicence)
	s.done(s.admin.ChangeLicence(s.Context(), s.boss(), other.ID, domain.IfMatch{}, domain.LicenceSimulator))
	_, err = s.admin.MakeOwner(s.Context(), s.boss(), other.ID, domain.IfMatch{})
	storetest.Refused(s, err, domain.Forbidden, domain.CodeOwnerLicence)
	s.done(s.admin.ChangeLicence(s.Context(), s.boss(), other.ID, domain.IfMatch{}, domain.LicenceFull))
	s.done(s.admin.MakeOwner(s.Context(), s.boss(), other.ID, domain.IfMatch{}))
	made = s.eventsSince(func() {
		require.False(s, s.done(s.admin.UnmakeOwner(s.Context(), s.boss(), u.ID, domain.IfMatch{})).Owner)
	})
	require.Equal(s, []domain.EventType{domain.OwnerUnmade}, eventTypes(made))
}

// sweep runs the sweep that is due at this moment.
func (s *scene) sweep() domain.SweepReport {
	s.Helper()
	report, err := s.installation().Sweep(s.Context(), s.tenant.Organisation.Slug, true, domain.SweepInactivity)
	require.NoError(s, err)
	return report
}

// came notes that somebody was here, and so can sign in.
func (s *scene) came(u domain.UserID) {
	s.Helper()
	require.NoError(s, s.store.Write(s.Context(), func(tx domain.Tx) error { return tx.Inactivity().Accessed(s.org(), u, s.clock.Now()) }))
}

func (s *scene) installation() *domain.Installation {
	return domain.NewInstallation(s.store, s.clock.Environment(), nil)
}

// blockInactivity: who was not here for 90 days is blocked, and warned 14 days before, once; counted from the latest of
// access, activation and unblocking.
func blockInactivity(s *scene) {
	const day = 24 * time.Hour
	owner := storetest.Account(s, s.store, s.tenant, "owner@acme.test", func(u *domain.User) { u.Owner, u.AcceptedAt = true, s.clock.Now() })
	asleep, awake, pending := s.provision("asleep@acme.test"), s.provision("awake@acme.test"), s.add("pending@acme.test")
	back := s.provision("back@acme.test")
	for _, u := range []domain.User{owner, asleep, awake, pending, back} {
		s.came(u.ID)
	}
	began := s.clock.Now()
	is := func(blocked, warned, protected int) {
		s.Helper()
		require.Equal(s, domain.SweepReport{DueAt: s.clock.Now(), Done: true, Blocked: blocked, Warned: warned, Protected: protected}, s.sweep())
	}
	blocked := func(id domain.UserID) bool {
		b, found, err := s.admin.BlockOf(s.Context(), s.boss(), id)
		require.NoError(s, err)
		require.True(s, !found || b.Reason == domain.BlockedByInactivity && b.By == domain.ActorSystem())
		return found
	}
	s.clock.Move(40 * day)
	s.deactivate(back.ID)
	s.activate(back.ID)
	s.setActive(back.ID, false)
	s.setActive(back.ID, true)
	require.NoError(s, s.store.Write(s.Context(), func(tx domain.Tx) error { return tx.Inactivity().Accessed(s.org(), awake.ID, s.clock.Now()) }))
	s.clock.Move(36*day - time.Millisecond)
	is(0, 0, 0)
	s.clock.Move(time.Millisecond)
	made := s.eventsSince(func() { is(0, 2, 0) })
	require.Equal(s, []domain.EventType{domain.InactivityWarned, domain.InactivityWarned}, eventTypes(made))
	require.Equal(s, began.Add(90*day).Format(time.RFC3339Nano), made[0].After.Get("blocksAt").Text())
	s.clock.Move(day)
	is(0, 0, 0)
	s.clock.Move(13*day - time.Millisecond)
	is(0, 0, 0)
	s.clock.Move(time.Millisecond)
	made = s.eventsSince(func() { is(1, 0, 1) })
	require.ElementsMatch(s, []domain.EventType{domain.UserBlocked, domain.OwnerProtected}, eventTypes(made))
	require.True(s, blocked(asleep.ID))
	require.False(s, blocked(owner.ID), "the last owner")
	require.False(s, blocked(awake.ID) || blocked(pending.ID) || blocked(back.ID))
	require.Equal(s, 5, s.held(), "a block keeps the seat")

	require.NoError(s, s.admin.Unblock(s.Context(), s.boss(), asleep.ID, domain.IfMatch{}))
	s.clock.Move(35 * day)
	is(0, 2, 1) // those of the 40th day are warned
	s.clock.Move(5 * day)
	is(2, 0, 1)
	require.True(s, blocked(awake.ID))
	require.True(s, blocked(back.ID))
	require.False(s, blocked(asleep.ID))
	s.policy(func(p *domain.Policy) { p.InactivityDays = 20 })
	s.clock.Move(time.Millisecond)
	is(1, 0, 1)
	require.True(s, blocked(asleep.ID))
}

// blockInactivityOnce: of many replicas that find a sweep due one does each batch, and nothing is done twice; it goes on
// where it was interrupted.
func blockInactivityOnce(s *scene) {
	const many = domain.SweepBatch + 7
	for i := range many {
		s.came(s.provision(fmt.Sprintf("u%d@acme.test", i)).ID)
	}
	s.clock.Move(100 * 24 * time.Hour)
	reports := make([]domain.SweepReport, 6)
	made := s.eventsSince(func() {
		require.Equal(s, map[string]int{"": 6}, outcomes(s.T, concurrently(6, func(i int) (err error) {
			reports[i], err = s.installation().Sweep(s.Context(), s.tenant.Organisation.Slug, false, domain.SweepInactivity)
			return err
		})))
	})
	require.Len(s, made, many)
	blocked := 0
	for _, r := range reports {
		require.Equal(s, domain.DailySweep(s.clock.Now()), r.DueAt)
		blocked += r.Blocked
	}
	require.Equal(s, many, blocked)
	again, err := s.installation().Sweep(s.Context(), s.tenant.Organisation.Slug, false, domain.SweepInactivity)
	require.NoError(s, err)
	require.Equal(s, domain.SweepReport{DueAt: domain.DailySweep(s.clock.Now())}, again, "somebody has done it")
	_, err = s.installation().Sweep(s.Context(), "nobody", true)
	storetest.Gone(s, err)
}

// ownerByOperator: the operator gives an organisation without an owner one, by the rules by which owners do: who is here, with a
// licence that owners can have; and ends that of who is not the last.
func ownerByOperator(s *scene) {
	in := s.operator()
	slug := s.tenant.Organisation.Slug
	require.NoError(s, s.admin.SetSeats(s.Context(), s.boss(), domain.IfMatch{}, domain.SeatPlan{Licence: domain.LicenceSimulator, Unlimited: true}))
	ana, sim, gone := s.provision("ana"), s.provision("sim"), s.provision("gone")
	s.done(s.admin.ChangeLicence(s.Context(), s.boss(), sim.ID, domain.IfMatch{}, domain.LicenceSimulator))
	s.deprovision(gone.ID)
	owners := func() []domain.UserID {
		list, err := in.Owners(s.Context(), slug)
		require.NoError(s, err)
		ids := []domain.UserID{}
		for _, p := range list {
			require.Equal(s, []any{true, domain.ActorOperator()}, []any{p.Owner, p.Ownership.By})
			ids = append(ids, p.ID)
		}
		return ids
	}
	require.Empty(s, owners())
	require.Empty(s, s.eventsSince(func() {
		for _, person := range []string{"nobody", gone.ID.String(), "gone"} {
			_, err := in.MakeOwner(s.Context(), slug, person)
			storetest.Gone(s, err)
			_, err = in.UnmakeOwner(s.Context(), slug, person)
			storetest.Gone(s, err)
		}
		_, err := in.MakeOwner(s.Context(), "nowhere", "ana")
		storetest.Gone(s, err)
		_, err = in.MakeOwner(s.Context(), slug, "sim")
		storetest.Refused(s, err, domain.Forbidden, domain.CodeOwnerLicence)
	}))
	made := s.eventsSince(func() {
		for _, person := range []string{"ANA", ana.ID.String()} { // the second time nothing differs
			p, err := in.MakeOwner(s.Context(), slug, person)
			require.NoError(s, err)
			require.True(s, p.Owner)
		}
	})
	require.Equal(s, []domain.EventType{domain.OwnerMade}, eventTypes(made))
	require.Equal(s, domain.ActorOperator(), made[0].Actor)
	require.Equal(s, []domain.UserID{ana.ID}, owners())

	made = s.eventsSince(func() {
		_, err := in.UnmakeOwner(s.Context(), slug, "ana")
		storetest.Refused(s, err, domain.Forbidden, domain.CodeLastOwner)
	})
	require.Equal(s, []domain.EventType{domain.OwnerProtected}, eventTypes(made))
	require.Equal(s, []any{domain.ActorOperator(), ana.ID.UUID}, []any{made[0].Actor, made[0].Subject})
	ben := s.provision("ben")
	_, err := in.MakeOwner(s.Context(), slug, "ben")
	require.NoError(s, err)
	made = s.eventsSince(func() {
		p, err := in.UnmakeOwner(s.Context(), slug, "ana")
		require.NoError(s, err)
		require.Equal(s, []any{false, domain.Ownership{}}, []any{p.Owner, p.Ownership})
	})
	require.Equal(s, []domain.EventType{domain.OwnerUnmade}, eventTypes(made))
	require.Equal(s, []domain.UserID{ben.ID}, owners())
}
