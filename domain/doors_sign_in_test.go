package domain_test

import (
	"crypto/rand"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence/storetest"
)

// passwordPolicy: 12 to 256 characters, none that many use, none with the user name in it, and no rules beside.
func passwordPolicy(s *visit) {
	u := s.add("ana.luk@acme.test")
	token := s.invitation(u)
	for _, bad := range []string{
		"", "elevenchars", strings.Repeat("x", 257), "password for everybody", "my ana.luk@acme.test is", "this is ANA.LUK herself", "not valid \xff text",
	} {
		_, err := s.entrance.AcceptInvitation(s.Context(), token, bad, s.from)
		s.refused("password_refused password", err)
	}
	long := strings.Repeat("ñ", 255)
	_, err := s.entrance.AcceptInvitation(s.Context(), token, long+"a", s.from)
	require.NoError(s, err)
	_, err = s.signIn("ana.luk@acme.test", long+"b")
	s.refused("sign_in_refused", err)
	_, err = s.signIn("ana.luk@acme.test", long+"a"+strings.Repeat("b", 10_000))
	s.refused("sign_in_refused", err)
	_, err = s.signIn("ana.luk@acme.test", strings.Repeat("n\u0303", 255)+"a")
	require.NoError(s, err, "the same characters, spelt in another way")
}

// passwordExpiry: 120 days after it was set a password must be changed at the next sign-in, to none of the last five.
func passwordExpiry(s *visit) {
	s.member("ana@acme.test")
	s.clock.Move(120*24*time.Hour - time.Millisecond)
	require.Empty(s, s.verdict(s.in("ana@acme.test")))
	s.clock.Move(time.Millisecond)
	in := s.in("ana@acme.test")
	require.Equal(s, "step_missing change_password", s.verdict(in))
	passwords := []string{goodPassword, "one grey gull goes", "two grey gulls go", "three grey gulls go", "four grey gulls go", "five grey gulls go"}
	for i := 1; i < len(passwords); i++ {
		for _, used := range passwords[max(0, i-5):i] {
			_, err := s.entrance.ChangePassword(s.Context(), in.Token, passwords[i-1], used, s.from)
			s.refused("password_refused password", err)
		}
		var err error
		in, err = s.entrance.ChangePassword(s.Context(), in.Token, passwords[i-1], passwords[i], s.from)
		require.NoError(s, err)
		require.Empty(s, s.verdict(in))
	}
	_, err := s.entrance.ChangePassword(s.Context(), in.Token, passwords[5], passwords[0], s.from)
	require.NoError(s, err, "the sixth is forgotten")
	s.clock.Move(3650 * 24 * time.Hour)
	s.policy(func(p *domain.Policy) { p.PasswordDays = 0 })
	require.Empty(s, s.verdict(s.in("ana@acme.test")), "for ever")
}

// passwordReset: a link, once and for an hour, that ends all sessions, goes round neither a second factor nor a block, and is
// sent to nobody who could not use it, without anybody learning that.
func passwordReset(s *visit) {
	u := s.member("ana@acme.test")
	session := s.in("ana@acme.test")
	ask := func(name string) []domain.EventType {
		s.Helper()
		return eventTypes(s.eventsSince(func() { s.forgot(name) }))
	}
	require.Equal(s, []domain.EventType{domain.PasswordResetRequested}, ask("Ana@acme.test"))
	first := s.letter(u.ID, domain.PasswordResetRequested)
	require.Equal(s, []domain.EventType{domain.PasswordResetRevoked, domain.PasswordResetRequested}, ask("ana@acme.test"))
	s.refused("link_not_good revoked", s.entrance.ResetPassword(s.Context(), first, otherPassword, s.from))
	token := s.letter(u.ID, domain.PasswordResetRequested)
	s.refused("password_refused password", s.entrance.ResetPassword(s.Context(), token, goodPassword, s.from))
	_, err := s.entrance.AcceptInvitation(s.Context(), token, otherPassword, s.from)
	s.refused("link_not_good", err)
	require.NoError(s, s.entrance.ResetPassword(s.Context(), token, otherPassword, s.from))
	require.Equal(s, "unauthenticated", s.verdict(session), "all sessions have ended")
	s.refused("link_not_good accepted", s.entrance.ResetPassword(s.Context(), token, "another long password", s.from))
	_, err = s.signIn("ana@acme.test", otherPassword)
	require.NoError(s, err)

	require.NoError(s, s.admin.ResetPassword(s.Context(), s.clerk("users:edit"), u.ID, domain.IfMatch{}))
	token = s.letter(u.ID, domain.PasswordResetRequested)
	s.clock.Move(time.Hour)
	s.refused("link_not_good expired", s.entrance.ResetPassword(s.Context(), token, goodPassword, s.from))

	// Nobody whom it would not help.
	inactive := s.member("off@acme.test")
	s.deactivate(inactive.ID)
	single := s.add("sso@acme.test")
	coming := s.provider("idp").says("1")
	coming.Invitation = s.invitation(single)
	_, err = s.arrive(coming)
	require.NoError(s, err)
	s.add("pending@acme.test")
	for _, name := range []string{"off@acme.test", "sso@acme.test", "pending@acme.test", "nobody@acme.test", ""} {
		require.Empty(s, ask(name), name)
	}
	require.NoError(s, s.entrance.RequestReset(s.Context(), domain.OrganisationID{UUID: uuid.New()}, "ana@acme.test", s.from))
	s.refused("invalid_value password", s.admin.ResetPassword(s.Context(), s.boss(), single.ID, domain.IfMatch{}))
	s.refused("invalid_value status", s.admin.ResetPassword(s.Context(), s.boss(), inactive.ID, domain.IfMatch{}))
	s.refused("permission_missing users:edit", s.admin.ResetPassword(s.Context(), s.clerk("users:view"), u.ID, domain.IfMatch{}))

	for range 5 {
		s.forgot("ana@acme.test")
	}
	require.Empty(s, ask("ana@acme.test"), "five an hour")
	token = s.letter(u.ID, domain.PasswordResetRequested)
	s.policy(func(p *domain.Policy) { p.EmailChange = domain.EmailChangeAdministrator })
	address := "new@acme.test"
	s.done(s.admin.Edit(s.Context(), s.boss(), u.ID, domain.IfMatch{}, domain.PersonChange{Email: &address}))
	s.refused("link_not_good revoked", s.entrance.ResetPassword(s.Context(), token, goodPassword, s.from))
}

// resetAtOnce: of many who use one link at the same moment one does.
func resetAtOnce(s *visit) {
	u := s.member("ana@acme.test")
	s.forgot("ana@acme.test")
	token := s.letter(u.ID, domain.PasswordResetRequested)
	made := outcomes(s.T, concurrently(8, func(int) error { return s.entrance.ResetPassword(s.Context(), token, otherPassword, s.from) }))
	require.Equal(s, 1, made[""], "%v", made)
}

// blockFailed: the sixth wrong password in a row blocks, by whatever name the account is addressed; a right one begins anew.
// From then on nobody learns whether a password is right.
func blockFailed(s *visit) {
	u := s.member("ana@acme.test")
	wrong := func(n int) {
		s.Helper()
		for range n {
			_, err := s.signIn("ANA@acme.test", wrongPassword)
			s.refused("sign_in_refused", err)
		}
	}
	wrong(5)
	s.in("ana@acme.test")
	wrong(5)
	_, found, err := s.admin.BlockOf(s.Context(), s.boss(), u.ID)
	require.NoError(s, err)
	require.False(s, found)
	made := s.eventsSince(func() { wrong(1) })
	require.Equal(s, []domain.EventType{domain.UserBlocked}, eventTypes(made))
	require.Equal(s, "failed_sign_ins", made[0].After.Get("reason").Text())
	require.Equal(s, domain.ActorSystem(), made[0].Actor)
	_, err = s.signIn("ana@acme.test", goodPassword)
	s.refused("sign_in_refused", err)
	require.Empty(s, s.eventsSince(func() { wrong(1) }))
	require.Equal(s, domain.Active, s.found(u.ID).Status, "status and seat stay")
}

// blockFailedAnyhow: the counter is one however the account is addressed, and on whichever replica.
func blockFailedAnyhow(s *visit) {
	u := s.done(s.admin.Add(s.Context(), s.boss(), domain.NewPerson{FullName: "Ana", UserName: "ana", Email: "ana@mail.test", Role: s.staff()}))
	_, err := s.entrance.AcceptInvitation(s.Context(), s.invitation(u), goodPassword, s.from)
	require.NoError(s, err)
	replicas := []*domain.Entrance{s.entrance, domain.NewEntrance(s.store, s.clock.Environment(), rand.Reader)}
	made := s.eventsSince(func() {
		for i, name := range []string{"ana", "ana@mail.test", "ANA", "Ana@Mail.test", "ana", "ANA@MAIL.TEST"} {
			_, found, err := s.admin.BlockOf(s.Context(), s.boss(), u.ID)
			require.NoError(s, err)
			require.False(s, found)
			_, err = replicas[i%2].SignIn(s.Context(), s.org(), name, wrongPassword, s.from)
			s.refused("sign_in_refused", err)
		}
	})
	require.Equal(s, []domain.EventType{domain.UserBlocked}, eventTypes(made))
	for _, replica := range replicas {
		_, err := replica.SignIn(s.Context(), s.org(), "ana@mail.test", goodPassword, s.from)
		s.refused("sign_in_refused", err)
	}
}

// blockFailedAtOnce: failures at the same moment are all counted, and block once.
func blockFailedAtOnce(s *visit) {
	u := s.member("ana@acme.test")
	made := s.eventsSince(func() {
		require.Equal(s, map[string]int{domain.CodeSignInRefused: 10}, outcomes(s.T, concurrently(10, func(int) error {
			_, err := s.signIn("ana@acme.test", wrongPassword)
			return err
		})))
	})
	require.Equal(s, []domain.EventType{domain.UserBlocked}, eventTypes(made))
	block, _, err := s.admin.BlockOf(s.Context(), s.boss(), u.ID)
	require.NoError(s, err)
	require.Equal(s, domain.BlockedByFailedSignIns, block.Reason)
}

// blockUnblockClears: an unblocked person has all their tries again.
func blockUnblockClears(s *visit) {
	u := s.member("ana@acme.test")
	for range 6 {
		_, err := s.signIn("ana@acme.test", wrongPassword)
		s.refused("sign_in_refused", err)
	}
	require.NoError(s, s.admin.Unblock(s.Context(), s.clerk("users:unblock"), u.ID, domain.IfMatch{}))
	for range 5 {
		_, err := s.signIn("ana@acme.test", wrongPassword)
		s.refused("sign_in_refused", err)
	}
	require.Empty(s, s.verdict(s.in("ana@acme.test")))
}

// blockNoLockoutDOS: who comes by single sign-on is not kept out by wrong passwords, nor is a session ended; an address that
// tries too much is refused before any account counts it.
func blockNoLockoutDOS(s *visit) {
	u := s.member("ana@acme.test")
	session := s.in("ana@acme.test")
	p := s.provider("idp")
	s.linked(p, "1", u.ID)
	for range 6 {
		_, err := s.signIn("ana@acme.test", wrongPassword)
		s.refused("sign_in_refused", err)
	}
	require.Empty(s, s.verdict(session))
	_, err := s.arrive(p.says("1"))
	require.NoError(s, err)

	s.member("bo@acme.test")
	s.clock.Move(time.Minute)
	s.from.Address = "198.51.100.9"
	for range 30 {
		_, err := s.signIn("nobody@acme.test", wrongPassword)
		s.refused("sign_in_refused", err)
	}
	for range 7 {
		_, err = s.signIn("bo@acme.test", wrongPassword)
		s.refused("rate_limited", err)
	}
	s.refused("rate_limited", s.entrance.RequestReset(s.Context(), s.org(), "bo@acme.test", s.from))
	s.from.Address = "198.51.100.10"
	s.in("bo@acme.test")
	s.from.Address = "198.51.100.9"
	s.clock.Move(time.Minute)
	s.in("bo@acme.test")
}

// ownerLastSlowed: the last owner is never blocked by wrong passwords, but waits longer each time.
func ownerLastSlowed(s *visit) {
	u := s.member("owner@acme.test")
	u = s.done(s.admin.MakeOwner(s.Context(), s.boss(), u.ID, domain.IfMatch{}))
	wrong := func() []domain.EventType {
		s.Helper()
		return eventTypes(s.eventsSince(func() {
			_, err := s.signIn("owner@acme.test", wrongPassword)
			s.refused("sign_in_refused", err)
		}))
	}
	for range 5 {
		require.Empty(s, wrong())
	}
	for _, pause := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute} {
		require.Equal(s, []domain.EventType{domain.OwnerProtected}, wrong())
		_, blocked, err := s.admin.BlockOf(s.Context(), s.boss(), u.ID)
		require.NoError(s, err)
		require.False(s, blocked)
		s.clock.Move(pause - time.Millisecond)
		_, err = s.signIn("owner@acme.test", goodPassword)
		s.refused("sign_in_refused", err)
		s.clock.Move(time.Millisecond)
	}
	s.in("owner@acme.test")
	require.Empty(s, wrong(), "and begins anew")
	for range 4 {
		require.Empty(s, wrong())
	}
	require.Equal(s, []domain.EventType{domain.OwnerProtected}, wrong())
	unblocked := s.eventsSince(func() { require.NoError(s, s.admin.Unblock(s.Context(), s.boss(), u.ID, domain.IfMatch{})) })
	require.Equal(s, []domain.EventType{domain.UserUnblocked}, eventTypes(unblocked))
	s.in("owner@acme.test")
	require.Empty(s, wrong(), "an administrator lets them begin anew")

	// With another owner who can sign in, they are blocked like anybody.
	other := s.member("second@acme.test")
	s.done(s.admin.MakeOwner(s.Context(), s.boss(), other.ID, domain.IfMatch{}))
	for range 4 {
		require.Empty(s, wrong())
	}
	require.Equal(s, []domain.EventType{domain.UserBlocked}, wrong())
}

// ownerLastWayIn: an owner who has no way to sign in, or only by a connection that is disabled, is none of whom one remains.
func ownerLastWayIn(s *visit) {
	boss := s.member("boss@acme.test")
	boss = s.done(s.admin.MakeOwner(s.Context(), s.boss(), boss.ID, domain.IfMatch{}))
	mute := s.owner("mute@acme.test", true)
	lose := map[string]func() error{
		"demote": func() error {
			_, err := s.admin.UnmakeOwner(s.Context(), s.boss(), boss.ID, domain.IfMatch{})
			return err
		},
		"block": func() error { return s.admin.Block(s.Context(), s.boss(), boss.ID, domain.IfMatch{}) },
		"end":   func() error { return s.until(boss, "2999-01-01") },
	}
	protected := func(why string) {
		s.Helper()
		for name, do := range lose {
			made := s.eventsSince(func() { storetest.Refused(s, do(), domain.Forbidden, domain.CodeLastOwner) })
			require.Equal(s, []domain.EventType{domain.OwnerProtected}, eventTypes(made), "%s, %s", name, why)
		}
	}
	protected("the other one has no way in")
	by := s.another("by")
	s.registered(by.Connection, "https://id.test")
	s.knownAt(mute, by.Connection, "https://id.test")
	able := func(disabled bool) {
		_, err := s.admin.SetConnectionDisabled(s.Context(), s.boss(), by.Connection, disabled, domain.IfMatch{})
		require.NoError(s, err)
	}
	able(true)
	protected("the other one comes by a connection that is disabled")
	able(false)
	require.NoError(s, lose["demote"]())
	_, err := s.admin.SetConnectionDisabled(s.Context(), s.boss(), by.Connection, true, domain.IfMatch{})
	storetest.Refused(s, err, domain.Forbidden, domain.CodeLastOwner)

	// Who has no way in themselves is lost as long as another one stands as they do.
	s.done(s.admin.MakeOwner(s.Context(), s.boss(), boss.ID, domain.IfMatch{}))
	second := s.owner("second@acme.test", true)
	s.done(s.admin.UnmakeOwner(s.Context(), s.boss(), second.ID, domain.IfMatch{}))
}

// accessMFAOfPerson: of whom a second factor is demanded, by hand or by the directory, needs one whatever the policy says of
// others.
func accessMFAOfPerson(s *visit) {
	ana := s.member("ana@acme.test")
	require.Empty(s, s.verdict(s.in("ana@acme.test")))
	yes, no := true, false
	demand := func(of *bool) {
		_, err := s.admin.Edit(s.Context(), s.boss(), ana.ID, domain.IfMatch{}, domain.PersonChange{Fields: domain.FieldChange{MFARequired: of}})
		require.NoError(s, err)
	}
	demand(&yes)
	require.Equal(s, "step_missing enrol", s.verdict(s.in("ana@acme.test")))
	demand(&no)
	require.Empty(s, s.verdict(s.in("ana@acme.test")))

	invited, err := s.admin.Add(s.Context(), s.boss(), domain.NewPerson{
		FullName: "Bo", Email: "bo@acme.test", Role: s.staff(), Fields: domain.FieldChange{MFARequired: &yes},
	})
	require.NoError(s, err)
	in, err := s.entrance.AcceptInvitation(s.Context(), s.invitation(invited), goodPassword, s.from)
	require.NoError(s, err)
	require.Equal(s, "step_missing enrol", s.verdict(in))

	s.connectionPolicy(func(p *domain.ConnectionPolicy) { p.PasswordSync = domain.PasswordKeep })
	s.pushPassword("cy@acme.test", attribute.Member{
		Name: domain.URNUsher, Value: attribute.NewComplex(storetest.Truth("mfaRequired", true)),
	})
	require.Equal(s, "step_missing enrol", s.verdict(s.in("cy@acme.test")))
}
