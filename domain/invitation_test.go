package domain_test

import (
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// inviteResend: five an hour for one person, whoever asks and however many ask at once.
func inviteResend(s *visit) {
	u := s.add("ana@acme.test")
	invite := func(int) error {
		_, err := s.admin.Invite(s.Context(), s.clerk("users:invite"), u.ID, domain.IfMatch{})
		return err
	}
	require.Equal(s, map[string]int{"": 5, domain.CodeRateLimited: 3}, outcomes(s.T, concurrently(8, invite)))
	s.clock.Move(59 * time.Minute)
	s.refused("rate_limited", invite(0))
	s.clock.Move(time.Minute)
	require.NoError(s, invite(0))
	_, err := s.admin.Invite(s.Context(), s.clerk("users:view"), u.ID, domain.IfMatch{})
	s.refused("permission_missing users:invite", err)
	_, err = s.admin.Invite(s.Context(), s.boss(), domain.UserID{UUID: uuid.New()}, domain.IfMatch{})
	storetest.Gone(s, err)

	member := s.member("bo@acme.test")
	_, err = s.admin.Invite(s.Context(), s.boss(), member.ID, domain.IfMatch{})
	s.refused("already_accepted", err)
	s.deactivate(u.ID)
	_, err = s.admin.Invite(s.Context(), s.boss(), u.ID, domain.IfMatch{})
	s.refused("invalid_value status", err)
	again := func(who domain.Administrator) (domain.User, error) {
		return s.admin.ActivateAndInvite(s.Context(), who, u.ID, domain.IfMatch{})
	}
	_, err = again(s.clerk("users:activate"))
	s.refused("permission_missing users:invite", err)
	for range 4 { // beside the one a moment ago
		require.Equal(s, domain.Pending, s.done(again(s.clerk("users:activate", "users:invite"))).Status)
		s.deactivate(u.ID)
	}
	require.Empty(s, s.eventsSince(func() {
		_, err = again(s.boss())
		s.refused("rate_limited", err)
	}), "who cannot be invited again is not activated by it")
	s.clock.Move(time.Hour)
	require.Equal(s, domain.Pending, s.done(again(s.boss())).Status)
	_, err = s.entrance.AcceptInvitation(s.Context(), s.invitation(u), goodPassword, s.from)
	require.NoError(s, err)
	s.deactivate(member.ID)
	require.NotContains(s, eventTypes(s.eventsSince(func() {
		s.done(s.admin.ActivateAndInvite(s.Context(), s.boss(), member.ID, domain.IfMatch{}))
	})), domain.UserInvited, "their password works again")
	s.in("bo@acme.test")
}

// inviteTemporaryPassword: who has one must change it at the first sign-in, which makes them active; it ends with the
// invitation.
func inviteTemporaryPassword(s *visit) {
	add := func(email string) domain.User {
		s.Helper()
		return s.done(s.admin.Add(s.Context(), s.boss(), domain.NewPerson{FullName: "Bo", Email: email, Role: s.staff(), TemporaryPassword: goodPassword}))
	}
	_, err := s.admin.Add(s.Context(), s.boss(), domain.NewPerson{FullName: "Bo", Email: "x@acme.test", Role: s.staff(), TemporaryPassword: "short"})
	s.refused("password_refused password", err)
	_, err = s.admin.Add(s.Context(), s.boss(), domain.NewPerson{FullName: "Bo", Email: "x@acme.test", Role: s.staff(), TemporaryPassword: goodPassword, Disabled: true})
	s.refused("invalid_value temporary_password", err)
	u := add("ana@acme.test")
	in := s.in("ana@acme.test")
	require.Equal(s, "step_missing change_password", s.verdict(in))
	require.Equal(s, domain.Pending, s.found(u.ID).Status)
	_, err = s.entrance.ChangePassword(s.Context(), in.Token, goodPassword, goodPassword, s.from)
	s.refused("password_refused password", err)
	_, err = s.entrance.ChangePassword(s.Context(), in.Token, wrongPassword, otherPassword, s.from)
	s.refused("sign_in_refused", err)
	done, err := s.entrance.ChangePassword(s.Context(), in.Token, goodPassword, otherPassword, s.from)
	require.NoError(s, err)
	require.Empty(s, s.verdict(done))
	require.Equal(s, domain.Active, s.found(u.ID).Status)
	again, err := s.signIn("ana@acme.test", otherPassword)
	require.NoError(s, err)
	require.Empty(s, s.verdict(again))

	add("late@acme.test")
	s.clock.Move(7 * 24 * time.Hour)
	_, err = s.signIn("late@acme.test", goodPassword)
	s.refused("access_refused temporary_password_expired", err)
	_, err = s.signIn("late@acme.test", wrongPassword)
	s.refused("sign_in_refused", err)
}

// provisionActivationInvite: a connection whose people are invited sends the invitation with the push; who has no address
// gets none.
func provisionActivationInvite(s *visit) {
	s.caller.Activation = domain.ActivateByInvitation
	var u domain.User
	made := s.eventsSince(func() { u = s.provision("ana", storetest.Emails("ana@acme.test")) })
	require.Equal(s, []domain.EventType{domain.UserCreated, domain.UserInvited}, eventTypes(made))
	require.Equal(s, domain.Pending, u.Status)
	token := s.invitation(u)
	s.setActive(u.ID, false)
	_, err := s.entrance.AcceptInvitation(s.Context(), token, goodPassword, s.from)
	s.refused("link_not_good revoked", err)
	s.setActive(u.ID, true)
	_, err = s.entrance.AcceptInvitation(s.Context(), s.invitation(u), goodPassword, s.from)
	require.NoError(s, err)
	require.Equal(s, domain.Active, s.user(u.ID).Status)
	made = s.eventsSince(func() { s.provision("nobody") })
	require.Equal(s, []domain.EventType{domain.UserCreated}, eventTypes(made))
	s.caller.Activation = domain.ActivateAtOnce
	require.Equal(s, []domain.EventType{domain.UserCreated}, eventTypes(s.eventsSince(func() { s.provision("bo", storetest.Emails("bo@acme.test")) })))
}

// inviteResendByDirectory: a directory that deactivates and activates somebody over and over does not have them sent letters
// without end.
func inviteResendByDirectory(s *visit) {
	s.caller.Activation = domain.ActivateByInvitation
	var u domain.User
	letters := func(do func()) int {
		s.Helper()
		n := 0
		for _, what := range eventTypes(s.eventsSince(do)) {
			if what == domain.UserInvited {
				n++
			}
		}
		return n
	}
	flap := func(times int) func() {
		return func() {
			for range times {
				s.setActive(u.ID, false)
				require.Equal(s, domain.Pending, s.setActive(u.ID, true).Status)
			}
		}
	}
	require.Equal(s, 1, letters(func() { u = s.provision("ana", storetest.Emails("ana@acme.test")) }))
	skipped := func(do func()) []domain.Event {
		s.Helper()
		return slices.DeleteFunc(s.eventsSince(do), func(e domain.Event) bool { return e.Type != domain.UserInvitationSkipped })
	}
	require.Empty(s, skipped(func() { require.Equal(s, 5, letters(flap(5))) }))
	told := only(s, skipped(flap(3)), domain.UserInvitationSkipped)
	require.Equal(s, []any{u.ID.UUID, "connection", s.caller.Connection.UUID}, []any{told.Subject, told.Actor.Kind, told.Actor.ID}, "once, and by whom")
	other := s.provision("ben@acme.test", storetest.Emails("ben@acme.test"))
	ana := u
	u = other
	require.Len(s, skipped(flap(7)), 1, "of each person")
	u = ana
	_, err := s.admin.Invite(s.Context(), s.boss(), u.ID, domain.IfMatch{})
	s.refused("rate_limited", err)
	s.clock.Move(time.Hour)
	require.Len(s, skipped(func() { require.Equal(s, 5, letters(flap(7))) }), 1, "and each hour")
	s.clock.Move(time.Hour)
	require.Equal(s, 1, letters(flap(1)))
	_, err = s.entrance.AcceptInvitation(s.Context(), s.invitation(u), goodPassword, s.from)
	require.NoError(s, err)
}

// inviteResendAnew: whom a directory deletes and pushes again is another account each time, and gets no more letters for it;
// nor from an administrator who sends one of them again.
func inviteResendAnew(s *visit) {
	s.caller.Activation = domain.ActivateByInvitation
	var u domain.User
	anew := func(userName, address string) []domain.EventType {
		return slices.DeleteFunc(eventTypes(s.eventsSince(func() { u = s.provision(userName, storetest.Emails(address)) })),
			func(what domain.EventType) bool {
				return what != domain.UserInvited && what != domain.UserInvitationSkipped
			})
	}
	for range 4 {
		require.Equal(s, []domain.EventType{domain.UserInvited}, anew("ana", "ana@acme.test"))
		s.deprovision(u.ID)
	}
	require.Equal(s, []domain.EventType{domain.UserInvited}, anew("other", "Ana@Acme.test"), "the address counts")
	s.setActive(u.ID, false)
	s.setActive(u.ID, true) // the sixth letter: one more than the first is sent to anybody
	_, err := s.admin.Invite(s.Context(), s.boss(), u.ID, domain.IfMatch{})
	s.refused("rate_limited", err)
	s.deprovision(u.ID)
	require.Equal(s, []domain.EventType{domain.UserInvitationSkipped}, anew("ana", "ana@acme.test"))
	s.deprovision(u.ID)
	require.Empty(s, anew("ana", "ana@acme.test"), "told once an hour")
	require.Equal(s, []domain.EventType{domain.UserInvited}, anew("ben", "ben@acme.test"), "others are invited")
	s.deprovision(u.ID)
	s.clock.Move(time.Hour)
	require.Equal(s, []domain.EventType{domain.UserInvited}, anew("ben", "ben@acme.test"))
	s.clock.Move(2 * time.Hour)
	s.deprovision(u.ID)
	require.Equal(s, []domain.EventType{domain.UserInvited}, anew("ben", "ben@acme.test"))
}

// readdressedLink: a directory that changes the address ends the links that went to the old one.
func readdressedLink(s *visit) {
	s.caller.Activation = domain.ActivateByInvitation
	u := s.provision("ana", storetest.Emails("ana@acme.test"))
	token := s.invitation(u)
	s.change(u.ID, storetest.Setting(storetest.Text("title", "x")))
	_, err := s.entrance.OpenLink(s.Context(), domain.LinkInvitation, token)
	require.NoError(s, err)
	s.change(u.ID, storetest.Setting(storetest.Emails("other@acme.test")))
	_, err = s.entrance.AcceptInvitation(s.Context(), token, goodPassword, s.from)
	s.refused("link_not_good revoked", err)
}
