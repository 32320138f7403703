package domain_test

import (
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// seatWaitSuspended: where the directory wins, somebody whom an administrator had deactivated, and who is deleted and pushed
// again, stands in line like everybody else (rules suspend.sticks, seat.wait).
func seatWaitSuspended(s *scene) {
	s.withSeats(1)
	s.policy(func(p *domain.Policy) { p.SeatOverflow, p.Suspension = domain.SeatOverflowWait, domain.DirectoryWins })
	u := s.provision("ana@acme.test")
	s.deactivate(u.ID)
	s.deprovision(u.ID)
	holder := s.provision("bo@acme.test")
	made := s.eventsSince(func() { u = s.provision("ana@acme.test") })
	require.ElementsMatch(s, []domain.EventType{domain.UserCreated, domain.SuspensionOverruled}, eventTypes(made))
	require.Equal(s, domain.Pending, u.Status)
	require.True(s, s.waits(u.ID))
	s.setActive(holder.ID, false)
	require.Equal(s, domain.Active, s.user(u.ID).Status)
	require.Equal(s, 1, s.held())
}

// seatWaitInvited: whom their connection invites, and who waits for a seat, is sent the invitation with the seat: by whom
// and how ever it becomes free, and as soon as a licence with a free one is theirs (rules seat.wait, provision.activation).
func seatWaitInvited(s *visit) {
	s.scene.withSeats(1)
	s.policy(func(p *domain.Policy) { p.SeatOverflow = domain.SeatOverflowWait })
	s.setSeats(domain.SeatPlan{Licence: "simulator", Limit: 2})
	first := s.provision("first@acme.test")
	s.connectionPolicy(func(p *domain.ConnectionPolicy) { p.Activation = domain.ActivateByInvitation })
	lining := func(name string) domain.User {
		s.Helper()
		var u domain.User
		made := s.eventsSince(func() { u = s.provision(name, storetest.Emails(name)) })
		require.Equal(s, []domain.EventType{domain.UserCreated}, eventTypes(made), "nobody is invited who could not come in")
		require.True(s, s.waits(u.ID))
		return u
	}
	seated := func(u domain.User, seat func()) {
		s.Helper()
		made := s.eventsSince(seat)
		require.Equal(s, u.ID.UUID, only(s, made, domain.UserInvited).Subject)
		require.False(s, s.waits(u.ID))
		require.Equal(s, domain.Pending, s.user(u.ID).Status)
		_, err := s.entrance.AcceptInvitation(s.Context(), s.invitation(u), goodPassword, s.from)
		require.NoError(s, err)
		storetest.Consistent(s, s.store, s.org())
	}
	a, b, c, d, e, f := lining("a@acme.test"), lining("b@acme.test"), lining("c@acme.test"), lining("d@acme.test"), lining("e@acme.test"), lining("f@acme.test")
	seated(a, func() { s.setActive(first.ID, false) })
	seated(b, func() { s.deactivate(a.ID) })
	seated(c, func() { s.setSeats(full(2)) })
	seated(d, func() {
		s.done(s.admin.ChangeLicence(s.Context(), s.boss(), d.ID, domain.IfMatch{}, "simulator"))
	})
	g := s.group("Trainees")
	s.mapped(g.ID, 1, domain.MappingGrants{Licence: "simulator"})
	seated(e, func() { s.changeGroup(g.ID, domain.GroupStep{Add: []uuid.UUID{e.ID.UUID}}) })
	require.NoError(s, s.admin.Delete(s.Context(), s.boss(), e.ID, domain.IfMatch{}))
	seated(f, func() { s.changeGroup(g.ID, domain.GroupStep{Add: []uuid.UUID{b.ID.UUID}}) }) // whose full seat is free then

	// Who waits because they were activated again, too; and who has no address is sent nothing.
	s.setActive(f.ID, false)
	s.setSeats(full(1))
	late := lining("late@acme.test")
	s.setActive(late.ID, false)
	made := s.eventsSince(func() { s.setActive(late.ID, true) })
	require.True(s, s.waits(late.ID))
	require.NotContains(s, eventTypes(made), domain.UserInvited)
	mute := s.provision("mute")
	seated(late, func() { s.deactivate(c.ID) })
	made = s.eventsSince(func() { s.deactivate(late.ID) })
	require.False(s, s.waits(mute.ID))
	require.NotContains(s, eventTypes(made), domain.UserInvited)
}

// seatWaitDoors: who waits cannot get in, by whatever they got in by before, and nothing that they try makes them active; with
// the seat all of it works again (rules seat.wait, activate.seat).
func seatWaitDoors(s *visit) {
	s.scene.withSeats(2)
	s.policy(func(p *domain.Policy) { p.SeatOverflow = domain.SeatOverflowWait })
	p := s.provider("idp")
	u := s.pushedBy(p, "ana@acme.test", "e1", "ana@acme.test")
	_, err := s.admin.Invite(s.Context(), s.boss(), u.ID, domain.IfMatch{})
	require.NoError(s, err)
	_, err = s.entrance.AcceptInvitation(s.Context(), s.invitation(u), goodPassword, s.from)
	require.NoError(s, err)
	s.linked(p, "1", u.ID)
	s.in("ana@acme.test")
	active := func(active bool) {
		s.Helper()
		_, err := s.directory.ChangeUser(s.Context(), p.caller, u.ID, domain.IfMatch{}, nil, storetest.Setting(storetest.Truth("active", active)))
		require.NoError(s, err)
	}
	active(false)
	s.provision("bo@acme.test")
	holder := s.provision("cleo@acme.test")
	active(true)
	require.True(s, s.waits(u.ID))

	made := s.eventsSince(func() {
		_, err := s.signIn("ana@acme.test", goodPassword)
		s.refused("access_refused waiting_for_seat", err)
		_, err = s.signIn("ana@acme.test", wrongPassword)
		s.refused("sign_in_refused", err)
		_, err = s.arrive(p.says("1"))
		s.refused("access_refused waiting_for_seat", err)
		s.forgot("ana@acme.test")
		storetest.Refused(s, s.admin.ResetPassword(s.Context(), s.boss(), u.ID, domain.IfMatch{}), domain.Invalid, domain.CodeInvalidValue)
		_, err = s.admin.Invite(s.Context(), s.boss(), u.ID, domain.IfMatch{})
		storetest.Refused(s, err, domain.Conflict, domain.CodeWaitingForSeat)
		_, err = s.admin.Confirm(s.Context(), s.boss(), u.ID, domain.IfMatch{})
		storetest.Refused(s, err, domain.Conflict, domain.CodeWaitingForSeat)
		s.done(s.admin.ActivateAndInvite(s.Context(), s.boss(), u.ID, domain.IfMatch{}))
	})
	require.NotContains(s, eventTypes(made), domain.UserInvited)
	require.NotContains(s, eventTypes(made), domain.PasswordResetRequested)
	require.Equal(s, domain.Pending, s.found(u.ID).Status)
	require.True(s, s.waits(u.ID))

	s.setActive(holder.ID, false)
	require.Equal(s, domain.Active, s.found(u.ID).Status)
	require.Empty(s, s.verdict(s.in("ana@acme.test")), "by the password they had")
	in, err := s.arrive(p.says("1"))
	require.NoError(s, err)
	require.Empty(s, s.verdict(in), "and by the identity")

	// An administrator who deactivates somebody in line takes them out of it, for good: the seat goes to the next one.
	active(false)
	s.setActive(holder.ID, true)
	active(true)
	require.True(s, s.waits(u.ID))
	next := s.provision("next@acme.test")
	s.deactivate(u.ID)
	require.False(s, s.waits(u.ID))
	made = s.eventsSince(func() { active(true) })
	require.Equal(s, []domain.EventType{domain.SuspensionKept}, eventTypes(made))
	require.False(s, s.waits(u.ID))
	s.setActive(holder.ID, false)
	require.Equal(s, []domain.Status{domain.Inactive, domain.Active}, []domain.Status{s.found(u.ID).Status, s.found(next.ID).Status})
	_, err = s.admin.Activate(s.Context(), s.boss(), u.ID, domain.IfMatch{})
	storetest.Refused(s, err, domain.Forbidden, domain.CodeSeatsExhausted)
}

// blockInactivityActivated: whoever becomes active again has as long as anybody to come: by an administrator, by the directory, by a seat
// that became free and by one of another licence; who waited was not here because they could not be (rules block.inactivity,
// seat.wait).
func blockInactivityActivated(s *scene) {
	const day = 24 * time.Hour
	s.withSeats(4)
	s.policy(func(p *domain.Policy) { p.SeatOverflow = domain.SeatOverflowWait })
	s.setSeats(domain.SeatPlan{Licence: "simulator", Limit: 1})
	var people []domain.UserID
	for _, name := range []string{"by-hand", "pushed", "seated", "moved"} {
		u := s.provision(name + "@acme.test")
		s.came(u.ID)
		s.setActive(u.ID, false)
		people = append(people, u.ID)
	}
	byHand, pushed, seated, moved := people[0], people[1], people[2], people[3]
	in := func(ids ...domain.UserID) {
		s.Helper()
		require.Zero(s, s.sweep().Blocked)
		for _, id := range ids {
			require.Equal(s, domain.Active, s.user(id).Status)
			_, blocked, err := s.admin.BlockOf(s.Context(), s.boss(), id)
			require.NoError(s, err)
			require.False(s, blocked)
		}
	}
	s.clock.Move(100 * day)
	s.activate(byHand)
	s.setActive(pushed, true)
	in(byHand, pushed)
	holder := s.provision("holder@acme.test")
	s.setSeats(full(3))
	s.setActive(seated, true)
	s.setActive(moved, true)
	require.True(s, s.waits(seated) && s.waits(moved))
	s.clock.Move(95 * day)
	s.came(byHand)
	s.came(pushed)
	s.setActive(holder.ID, false)
	s.done(s.admin.ChangeLicence(s.Context(), s.boss(), moved, domain.IfMatch{}, "simulator"))
	in(people...)
}
