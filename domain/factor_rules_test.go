package domain_test

import (
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// accessMFA: where a second factor is required, a password alone opens nothing; a right code does, once its step is taken the
// session's token has changed; single sign-on counts as it is.
func accessMFA(s *visit) {
	u := s.member("ana@acme.test")
	s.policy(func(p *domain.Policy) { p.MFA = domain.MFARequired })
	in := s.in("ana@acme.test")
	require.Equal(s, "step_missing enrol", s.verdict(in))
	_, err := s.entrance.ChangePassword(s.Context(), in.Token, goodPassword, otherPassword, s.from)
	s.refused("step_missing enrol", err)
	done := s.enrolled(in, "sealed seed")
	require.Empty(s, s.verdict(done.SignedIn))
	require.Equal(s, "unauthenticated", s.verdict(in), "its token has changed")
	require.Len(s, done.RecoveryCodes, 10)

	half := s.in("ana@acme.test")
	require.Equal(s, "step_missing second_factor", s.verdict(half))
	for _, wrong := range []domain.CodeCheck{code("another seed", 2), code("sealed seed", 1), code("sealed seed", 0)} {
		_, err = s.entrance.Answer(s.Context(), half.Token, wrong, s.from)
		s.refused("sign_in_refused", err)
	}
	var in2 domain.SignedIn
	made := s.eventsSince(func() {
		in2, err = s.answer(half, "sealed seed", 2)
		require.NoError(s, err)
	})
	require.Equal(s, []domain.EventType{domain.SignedInEvent}, eventTypes(made))
	require.Equal(s, "totp", made[0].After.Get("factor").Text())
	require.Empty(s, s.verdict(in2))
	require.Equal(s, "unauthenticated", s.verdict(half), "its token has changed")
	_, err = s.answer(in2, "sealed seed", 3)
	s.refused("step_missing", err)

	p := s.provider("idp")
	s.linked(p, "s", u.ID)
	sso, err := s.arrive(p.says("s"))
	require.NoError(s, err)
	require.Empty(s, s.verdict(sso))
}

// accessMFAFactors: who administers sees what there is, and whether it is demanded; the last one of who needs one stays.
func accessMFAFactors(s *visit) {
	u := s.member("ana@acme.test")
	yes := true
	s.done(s.admin.Edit(s.Context(), s.boss(), u.ID, domain.IfMatch{}, domain.PersonChange{Fields: domain.FieldChange{MFARequired: &yes}}))
	f, err := s.admin.Factors(s.Context(), s.clerk("users:view"), u.ID)
	require.NoError(s, err)
	require.Equal(s, domain.Factors{Required: true, HasPassword: true}, f)
	done := s.enrolled(s.in("ana@acme.test"), "seed")
	_, err = s.entrance.RemoveCodes(s.Context(), done.Token, s.from)
	s.refused("factor_needed", err)
	f, err = s.admin.Factors(s.Context(), s.clerk("users:view"), u.ID)
	require.NoError(s, err)
	now := s.clock.Now()
	require.Equal(s, domain.Factors{CodesSince: now, Recovery: 10, RecoveryOf: now, Required: true, HasPassword: true}, f)
	_, err = s.admin.Factors(s.Context(), s.clerk("teams:view"), u.ID)
	s.refused("permission_missing users:view", err)
}

// accessMFANoWayRound: whoever has only the password gets past the second factor by no use case, nor by a link, nor by another
// person's browser or session (security 39).
func accessMFANoWayRound(s *visit) {
	u := s.member("ana@acme.test")
	s.enrolled(s.in("ana@acme.test"), "ana@acme.test")
	v := s.member("bo@acme.test")
	_, theirs := s.known("bo@acme.test")
	s.from.Device = theirs
	half := s.in("ana@acme.test")
	require.Equal(s, "step_missing second_factor", s.verdict(half), "the browser is remembered for somebody else")
	ctx, token := s.Context(), half.Token
	ways := map[string]func() error{
		"enrol": func() error { _, err := s.entrance.Enrol(ctx, token, seed("mine"), s.from); return err },
		"passkey": func() error {
			_, err := s.entrance.AddPasskey(ctx, token, newPasskey(v.ID), s.challenge(), s.from)
			return err
		},
		"password": func() error {
			_, err := s.entrance.ChangePassword(ctx, token, goodPassword, otherPassword, s.from)
			return err
		},
		"remember":        func() error { _, err := s.entrance.RememberDevice(ctx, token, s.from); return err },
		"forget":          func() error { return s.entrance.ForgetDevices(ctx, token, s.from) },
		"remove":          func() error { _, err := s.entrance.RemoveCodes(ctx, token, s.from); return err },
		"codes":           func() error { _, err := s.entrance.RenewRecoveryCodes(ctx, token, s.from); return err },
		"factors":         func() error { _, err := s.entrance.Factors(ctx, token); return err },
		"prove":           func() error { _, err := s.entrance.Prove(ctx, token, goodPassword, s.from); return err },
		"sessions":        func() error { _, err := s.entrance.Sessions(ctx, token); return err },
		"end sessions":    func() error { return s.entrance.EndOtherSessions(ctx, token, s.from) },
		"end one session": func() error { return s.entrance.EndSession(ctx, token, half.Session.ID, s.from) },
	}
	for way, try := range ways {
		err := try()
		require.Error(s, err, way)
		require.Equal(s, "step_missing second_factor", verdict(s.T, err), way)
	}
	s.from.Device = ""

	s.forgot("ana@acme.test")
	require.NoError(s, s.entrance.ResetPassword(ctx, s.letter(u.ID, domain.PasswordResetRequested), otherPassword, s.from))
	in, err := s.signIn("ana@acme.test", otherPassword)
	require.NoError(s, err)
	require.Equal(s, "step_missing second_factor", s.verdict(in), "a reset is no way round it")

	w := s.add("cy@acme.test")
	require.NoError(s, s.store.Write(ctx, func(tx domain.Tx) error {
		f := seed("kept")
		f.Organisation, f.User, f.ConfirmedAt = s.org(), w.ID, s.clock.Now()
		return tx.SecondFactors().Put(f)
	}))
	in, err = s.entrance.AcceptInvitation(ctx, s.invitation(w), goodPassword, s.from)
	require.NoError(s, err)
	require.Equal(s, "step_missing second_factor", s.verdict(in), "nor is an invitation")
}

// accessMFACodeOnce: one code, given in 64 sign-ins at the same moment, opens one of them (RFC 6238 section 5.2).
func accessMFACodeOnce(s *visit) {
	s.member("ana@acme.test")
	s.enrolled(s.in("ana@acme.test"), "seed")
	s.policy(func(p *domain.Policy) { p.FailedSignIns = 100 })
	const many = 64
	var halves [many]domain.SignedIn
	for i := range halves {
		s.clock.Move(3 * time.Second) // at most so many tries from one network
		halves[i] = s.in("ana@acme.test")
	}
	made := s.eventsSince(func() {
		require.Equal(s, map[string]int{"": 1, domain.CodeSignInRefused: many - 1}, outcomes(s.T, concurrently(many, func(i int) error {
			_, err := s.answer(halves[i], "seed", 7)
			return err
		})))
	})
	require.Equal(s, []domain.EventType{domain.SignedInEvent}, eventTypes(made))
	_, err := s.answer(s.in("ana@acme.test"), "seed", 6)
	s.refused("sign_in_refused", err)
	half := s.in("ana@acme.test")
	require.Equal(s, map[string]int{"": 1, domain.CodeUnauthenticated: 7}, outcomes(s.T, concurrently(8, func(int) error {
		_, err := s.answer(half, "seed", 8)
		return err
	})), "one session, sent many times")
}

// accessMFARecovery: ten codes, each good once, also at the same moment; new ones end the old.
func accessMFARecovery(s *visit) {
	u := s.member("ana@acme.test")
	_, err := s.entrance.RenewRecoveryCodes(s.Context(), s.in("ana@acme.test").Token, s.from)
	s.refused("invalid_value factor", err)
	var done domain.Enrolled
	made := s.eventsSince(func() { done = s.enrolled(s.in("ana@acme.test"), "seed") })
	require.Subset(s, eventTypes(made), []domain.EventType{domain.SecondFactorEnrolled, domain.RecoveryCodesMade})
	codes := done.RecoveryCodes
	require.Len(s, codes, domain.RecoveryCodeCount)
	seen := map[string]bool{}
	for _, c := range codes {
		require.Regexp(s, `^[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4}$`, c)
		require.False(s, seen[c])
		seen[c] = true
	}
	require.Empty(s, s.enrolled(done.SignedIn, "another seed").RecoveryCodes, "those there are stay")

	const many = 64
	s.policy(func(p *domain.Policy) { p.FailedSignIns = 100 })
	var halves [many]domain.SignedIn
	for i := range halves {
		s.clock.Move(3 * time.Second) // an address may try 30 times a minute
		halves[i] = s.in("ana@acme.test")
	}
	answer := func(in domain.SignedIn, c string) error {
		_, err := s.entrance.AnswerRecovery(s.Context(), in.Token, c, s.from)
		return err
	}
	typed := strings.NewReplacer("-", " ", "0", "o", "1", "L").Replace(strings.ToUpper(codes[0]))
	made = s.eventsSince(func() {
		require.Equal(s, map[string]int{"": 1, domain.CodeSignInRefused: many - 1}, outcomes(s.T, concurrently(many, func(i int) error { return answer(halves[i], typed) })))
	})
	require.Equal(s, []domain.EventType{domain.RecoveryCodeUsed, domain.SignedInEvent}, eventTypes(made))
	require.Equal(s, "9", made[0].After.Get("left").Text())
	s.clock.Move(time.Minute)
	for _, wrong := range []string{"", codes[0], "aaaa-aaaa-aaaa-aaaa", codes[1] + "0", codes[1][:18], strings.Repeat("0", 1000), "ñ" + codes[1][1:]} {
		s.refused("sign_in_refused", answer(s.in("ana@acme.test"), wrong))
	}
	other := s.member("bo@acme.test")
	s.enrolled(s.in("bo@acme.test"), "bo")
	s.refused("sign_in_refused", answer(s.in("bo@acme.test"), codes[1]))
	require.NotEqual(s, u.ID, other.ID)

	in, err := s.entrance.AnswerRecovery(s.Context(), s.in("ana@acme.test").Token, codes[1], s.from)
	require.NoError(s, err)
	require.Equal(s, domain.FactorRecovery, in.Session.Factor)
	renewed, err := s.entrance.RenewRecoveryCodes(s.Context(), in.Token, s.from)
	require.NoError(s, err)
	s.refused("sign_in_refused", answer(s.in("ana@acme.test"), codes[2]))
	require.NoError(s, answer(s.in("ana@acme.test"), renewed[0]))
	f, err := s.entrance.Factors(s.Context(), in.Token)
	require.NoError(s, err)
	require.Equal(s, 9, f.Recovery)
}

// accessMFADevice: a remembered browser is not asked for 30 days, unless it is forgotten: by hand, with another password or
// another second factor. Only who has shown a second factor is remembered.
func accessMFADevice(s *visit) {
	s.member("ana@acme.test")
	_, err := s.entrance.RememberDevice(s.Context(), s.in("ana@acme.test").Token, s.from)
	s.refused("proof_missing", err)
	_, device := s.known("ana@acme.test")
	s.from.Device = device
	again := s.in("ana@acme.test")
	require.Empty(s, s.verdict(again))
	require.Equal(s, domain.FactorDevice, again.Session.Factor)
	_, err = s.entrance.RememberDevice(s.Context(), again.Token, s.from)
	s.refused("proof_missing", err)
	s.clock.Move(30*24*time.Hour - time.Millisecond)
	require.Empty(s, s.verdict(s.in("ana@acme.test")))
	s.clock.Move(time.Millisecond)
	late := s.in("ana@acme.test")
	require.Equal(s, "step_missing second_factor", s.verdict(late), "for 30 days")
	s.clock.Move(14 * time.Minute)
	late, err = s.entrance.Answer(s.Context(), late.Token, func(f domain.SecondFactor) (int64, bool) { return f.Step + 1, true }, s.from)
	require.NoError(s, err)
	_, err = s.entrance.RememberDevice(s.Context(), late.Token, s.from)
	require.NoError(s, err, "who takes their time has shown just now who they are")
	require.NoError(s, s.entrance.ForgetDevices(s.Context(), late.Token, s.from))

	asked := func(why string) {
		s.Helper()
		s.from.Device = device
		require.Equal(s, "step_missing second_factor", s.verdict(s.in("ana@acme.test")), why)
		s.from.Device = ""
	}
	again = s.in("ana@acme.test")
	in, device := s.known("ana@acme.test")
	f, err := s.entrance.Factors(s.Context(), in.Token)
	require.NoError(s, err)
	require.Len(s, f.Devices, 1)
	require.NoError(s, s.entrance.ForgetDevice(s.Context(), in.Token, f.Devices[0].ID, s.from))
	storetest.Gone(s, s.entrance.ForgetDevice(s.Context(), in.Token, f.Devices[0].ID, s.from))
	asked("it was forgotten")

	in, device = s.known("ana@acme.test")
	require.NoError(s, s.entrance.ForgetDevices(s.Context(), in.Token, s.from))
	asked("all were forgotten")

	in, device = s.known("ana@acme.test")
	s.enrolled(in, "another")
	asked("there is another second factor")

	in, device = s.known("ana@acme.test")
	f, err = s.entrance.Factors(s.Context(), in.Token)
	require.NoError(s, err)
	require.NoError(s, s.admin.ForgetDevice(s.Context(), s.clerk("users:edit"), in.Session.User, f.Devices[0].ID))
	asked("an administrator has forgotten it")
	s.refused("permission_missing users:edit", s.admin.ForgetDevice(s.Context(), s.clerk("users:view"), in.Session.User, f.Devices[0].ID))

	in, device = s.known("ana@acme.test")
	_, err = s.entrance.ChangePassword(s.Context(), in.Token, goodPassword, otherPassword, s.from)
	require.NoError(s, err)
	s.from.Device = device
	in, err = s.signIn("ana@acme.test", otherPassword)
	require.NoError(s, err)
	require.Equal(s, "step_missing second_factor", s.verdict(in), "there is another password")
	require.Equal(s, "unauthenticated", s.verdict(again))
}

// blockFailedCodes: wrong codes count as wrong passwords do, by whichever session they come, and the right password, again,
// forgives none; from then on no code is right.
func blockFailedCodes(s *visit) {
	s.member("ana@acme.test")
	codes := s.enrolled(s.in("ana@acme.test"), "seed").RecoveryCodes
	wrong := []func(in domain.SignedIn) error{
		func(in domain.SignedIn) error { _, err := s.answer(in, "guess", 2); return err },
		func(in domain.SignedIn) error {
			_, err := s.entrance.AnswerRecovery(s.Context(), in.Token, "0000-0000-0000-0000", s.from)
			return err
		},
	}
	for i := range 5 {
		s.refused("sign_in_refused", wrong[i%2](s.in("ana@acme.test")))
	}
	half := s.in("ana@acme.test")
	made := s.eventsSince(func() {
		require.Equal(s, map[string]int{domain.CodeSignInRefused: 4}, outcomes(s.T, concurrently(4, func(i int) error { return wrong[i%2](half) })))
	})
	require.Equal(s, []domain.EventType{domain.UserBlocked}, eventTypes(made))
	_, err := s.answer(half, "seed", 2)
	s.refused("sign_in_refused", err)
	_, err = s.entrance.AnswerRecovery(s.Context(), half.Token, codes[0], s.from)
	s.refused("sign_in_refused", err)
	_, err = s.signIn("ana@acme.test", goodPassword)
	s.refused("sign_in_refused", err)
	require.NoError(s, s.admin.Unblock(s.Context(), s.clerk("users:unblock"), half.Session.User, domain.IfMatch{}))
	_, err = s.entrance.AnswerRecovery(s.Context(), half.Token, codes[0], s.from)
	require.NoError(s, err, "what was refused was not used up")

	// Who is in and forgets their password guesses no better by proving themselves again.
	v := s.member("bo@acme.test")
	in := s.in("bo@acme.test")
	for range 6 {
		_, err = s.entrance.Prove(s.Context(), in.Token, wrongPassword, s.from)
		s.refused("sign_in_refused", err)
	}
	_, blocked, err := s.admin.BlockOf(s.Context(), s.boss(), v.ID)
	require.NoError(s, err)
	require.True(s, blocked)
	_, err = s.entrance.Prove(s.Context(), in.Token, goodPassword, s.from)
	s.refused("sign_in_refused", err)
}

// mfaReset: removes all that proves a person beside a password, ends sessions and devices, and the next sign-in sets a new one
// up; an owner's only by an owner.
func mfaReset(s *visit) {
	u := s.member("ana@acme.test")
	reset := func(who domain.Administrator) error {
		return s.admin.ResetSecondFactor(s.Context(), who, u.ID, domain.IfMatch{})
	}
	clerk := s.clerk("users:edit")
	require.Empty(s, s.eventsSince(func() { require.NoError(s, reset(clerk)) }), "there is none")
	codes := s.withPasskey(s.in("ana@acme.test")).RecoveryCodes
	in := s.in("ana@acme.test")
	in, err := s.entrance.AnswerRecovery(s.Context(), in.Token, codes[0], s.from)
	require.NoError(s, err)
	s.enrolled(in, "seed")
	in, device := s.known("ana@acme.test")
	made := s.eventsSince(func() { require.NoError(s, reset(clerk)) })
	require.ElementsMatch(s, []domain.EventType{domain.SessionEnded, domain.SessionEnded, domain.DevicesForgotten, domain.SecondFactorReset},
		append(eventTypes(made), eventTypesOf(made, domain.SessionEnded, 2)...))
	require.Equal(s, "unauthenticated", s.verdict(in))
	_, err = s.byPasskey(u.ID, 9)
	s.refused("sign_in_refused", err)
	s.from.Device = device
	again := s.in("ana@acme.test")
	require.Equal(s, "step_missing enrol", s.verdict(again))
	f, err := s.admin.Factors(s.Context(), s.boss(), u.ID)
	require.NoError(s, err)
	require.Equal(s, domain.Factors{MustEnrol: true, HasPassword: true}, f)
	require.Len(s, s.enrolled(again, "new").RecoveryCodes, 10)
	s.refused("permission_missing users:edit", reset(s.clerk("users:view")))

	s.done(s.admin.MakeOwner(s.Context(), s.boss(), u.ID, domain.IfMatch{}))
	s.refused("owner_only", reset(clerk))
	require.NoError(s, reset(s.boss()))
}
