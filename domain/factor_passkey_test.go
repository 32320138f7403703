package domain_test

import (
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// accessMFAPasskey: a passkey is a second factor, and signs in by itself where its device has seen who uses it; each challenge
// is good once and for five minutes, and a counter that does not go on is of a copy.
func accessMFAPasskey(s *visit) {
	u := s.member("ana@acme.test")
	var done domain.Enrolled
	made := s.eventsSince(func() { done = s.withPasskey(s.in("ana@acme.test")) })
	require.Subset(s, eventTypes(made), []domain.EventType{domain.PasskeyAdded, domain.RecoveryCodesMade})
	require.Len(s, done.RecoveryCodes, 10)
	f, err := s.entrance.Factors(s.Context(), done.Token)
	require.NoError(s, err)
	require.Len(s, f.Passkeys, 1)
	require.Equal(s, "Key", f.Passkeys[0].Name)
	require.Equal(s, []string{"usb"}, f.Passkeys[0].Transports)
	_, err = s.entrance.AddPasskey(s.Context(), done.Token, newPasskey(u.ID), s.challenge(), s.from)
	s.refused("passkey_taken", err)
	used := s.challenge()
	another := newPasskey(s.member("bo@acme.test").ID)
	second, err := s.entrance.AddPasskey(s.Context(), done.Token, another, used, s.from)
	require.NoError(s, err)
	another.Credential = []byte("third")
	_, err = s.entrance.AddPasskey(s.Context(), second.Token, another, used, s.from)
	s.refused("invalid_value passkey", err)
	another.Name = " \n"
	_, err = s.entrance.AddPasskey(s.Context(), second.Token, another, s.challenge(), s.from)
	s.refused("required name", err)
	another.Name, another.Credential = "x", make([]byte, 1024)
	_, err = s.entrance.AddPasskey(s.Context(), second.Token, another, s.challenge(), s.from)
	s.refused("invalid_value passkey", err)

	half := s.in("ana@acme.test")
	require.Equal(s, "step_missing second_factor", s.verdict(half))
	in, err := s.entrance.AnswerPasskey(s.Context(), half.Token, s.touch(u.ID, 2), s.from)
	require.NoError(s, err)
	require.Equal(s, domain.FactorPasskey, in.Session.Factor)
	require.Empty(s, s.verdict(in))

	made = s.eventsSince(func() {
		in, err = s.byPasskey(u.ID, 3)
		require.NoError(s, err)
	})
	require.Equal(s, []domain.EventType{domain.SignedInEvent}, eventTypes(made))
	require.Equal(s, "passkey", made[0].After.Get("method").Text())
	require.Empty(s, s.verdict(in))

	try := func(change func(g *domain.PasskeyGiven)) error {
		given := s.touch(u.ID, 4)
		change(&given)
		_, err := s.entrance.SignInByPasskey(s.Context(), s.org(), u.ID, given, s.from)
		return err
	}
	for why, change := range map[string]func(g *domain.PasskeyGiven){
		"unknown": func(g *domain.PasskeyGiven) { g.Credential = []byte("unknown") },
		"signature": func(g *domain.PasskeyGiven) {
			g.Check = func(domain.Passkey) (domain.PasskeyAnswer, bool) {
				return domain.PasskeyAnswer{Verified: true, Signatures: 9}, false
			}
		},
		"unseen": func(g *domain.PasskeyGiven) {
			g.Check = func(domain.Passkey) (domain.PasskeyAnswer, bool) { return domain.PasskeyAnswer{Signatures: 9}, true }
		},
		"late": func(g *domain.PasskeyGiven) { g.Challenge.EndsAt = s.clock.Now() },
	} {
		require.Equal(s, "sign_in_refused", verdict(s.T, try(change)), why)
	}
	once := s.challenge()
	require.Equal(s, map[string]int{"": 1, domain.CodeSignInRefused: 7}, outcomes(s.T, concurrently(8, func(i int) error {
		return try(func(g *domain.PasskeyGiven) { g.Challenge = once })
	})))

	made = s.eventsSince(func() {
		_, err = s.byPasskey(u.ID, 4)
		s.refused("passkey_cloned", err)
		_, err = s.entrance.AnswerPasskey(s.Context(), s.in("ana@acme.test").Token, s.touch(u.ID, 0), s.from)
		s.refused("passkey_cloned", err)
	})
	require.Equal(s, []domain.EventType{domain.PasskeyCopied, domain.PasskeyCopied}, eventTypes(made))
	_, err = s.entrance.SignInByPasskey(s.Context(), domain.OrganisationID{UUID: uuid.New()}, u.ID, s.touch(u.ID, 9), s.from)
	s.refused("sign_in_refused", err)
	_, err = s.byPasskey(s.add("cy@acme.test").ID, 9)
	s.refused("sign_in_refused", err)

	require.NoError(s, s.admin.Block(s.Context(), s.boss(), u.ID, domain.IfMatch{}))
	_, err = s.byPasskey(u.ID, 9)
	s.refused("access_refused blocked", err)
	require.NoError(s, s.admin.Unblock(s.Context(), s.boss(), u.ID, domain.IfMatch{}))
	s.deactivate(u.ID)
	_, err = s.byPasskey(u.ID, 10)
	s.refused("sign_in_refused", err)
}

// accessMFARemove: who may be without a second factor can remove what they have set up; recovery codes alone are none.
func accessMFARemove(s *visit) {
	s.member("ana@acme.test")
	other := s.in("ana@acme.test")
	in := s.enrolled(s.in("ana@acme.test"), "seed").SignedIn
	require.Equal(s, "unauthenticated", s.verdict(other), "another second factor ends other sessions (security 37)")
	in = s.withPasskey(in).SignedIn
	var err error
	made := s.eventsSince(func() {
		in, err = s.entrance.RemoveCodes(s.Context(), in.Token, s.from)
		require.NoError(s, err)
	})
	require.Equal(s, []domain.EventType{domain.SecondFactorRemoved}, eventTypes(made))
	_, err = s.entrance.RemoveCodes(s.Context(), in.Token, s.from)
	storetest.Gone(s, err)
	half := s.in("ana@acme.test")
	require.Equal(s, "step_missing second_factor", s.verdict(half), "there is the passkey")
	_, err = s.answer(half, "seed", 9)
	s.refused("sign_in_refused", err)
	f, err := s.entrance.Factors(s.Context(), in.Token)
	require.NoError(s, err)
	require.Equal(s, 10, f.Recovery)
	in, err = s.entrance.RemovePasskey(s.Context(), in.Token, f.Passkeys[0].ID, s.from)
	require.NoError(s, err)
	_, err = s.entrance.RemovePasskey(s.Context(), in.Token, f.Passkeys[0].ID, s.from)
	storetest.Gone(s, err)
	f, err = s.entrance.Factors(s.Context(), in.Token)
	require.NoError(s, err)
	require.Equal(s, domain.Factors{HasPassword: true}, f)
	require.Empty(s, s.verdict(s.in("ana@acme.test")))

	// Who has no password here has nothing to which there could be a second.
	u := s.add("sso@acme.test")
	coming := s.provider("idp").says("s")
	coming.Invitation = s.invitation(u)
	sso, err := s.arrive(coming)
	require.NoError(s, err)
	_, err = s.entrance.Enrol(s.Context(), sso.Token, seed("x"), s.from)
	s.refused("proof_missing", err)
	s.prove(sso)
	_, err = s.entrance.Enrol(s.Context(), sso.Token, seed("x"), s.from)
	s.refused("invalid_value factor", err)
	_, err = s.entrance.AddPasskey(s.Context(), sso.Token, newPasskey(u.ID), s.challenge(), s.from)
	s.refused("invalid_value factor", err)
}

// accessMFAOthersEnd: whatever changes of somebody's second factors, their other sessions end with it (security 37), and the
// browser that changed it goes on.
func accessMFAOthersEnd(s *visit) {
	s.member("ana@acme.test")
	in := s.enrolled(s.in("ana@acme.test"), "seed").SignedIn
	step := int64(1)
	for _, change := range []struct {
		name string
		by   func() (domain.SignedIn, error)
	}{
		{"another app", func() (domain.SignedIn, error) { return s.enrolled(in, "seed").SignedIn, nil }},
		{"a passkey", func() (domain.SignedIn, error) { return s.withPasskey(in).SignedIn, nil }},
		{"new recovery codes", func() (domain.SignedIn, error) {
			_, err := s.entrance.RenewRecoveryCodes(s.Context(), in.Token, s.from)
			return in, err
		}},
		{"no passkey", func() (domain.SignedIn, error) {
			f, err := s.entrance.Factors(s.Context(), in.Token)
			require.NoError(s, err)
			return s.entrance.RemovePasskey(s.Context(), in.Token, f.Passkeys[0].ID, s.from)
		}},
		{"no app", func() (domain.SignedIn, error) { return s.entrance.RemoveCodes(s.Context(), in.Token, s.from) }},
	} {
		step++
		other, err := s.answer(s.in("ana@acme.test"), "seed", step)
		require.NoError(s, err, change.name)
		require.Empty(s, s.verdict(other), change.name)
		in, err = change.by()
		require.NoError(s, err, change.name)
		require.Equal(s, []string{"unauthenticated", ""}, []string{s.verdict(other), s.verdict(in)}, change.name)
	}
}

// sessionProof: what changes how somebody gets in is done within ten minutes of a sign-in, or after the password or a passkey
// was given again, which gives the session another token.
func sessionProof(s *visit) {
	u := s.member("ana@acme.test")
	in := s.withPasskey(s.enrolled(s.in("ana@acme.test"), "seed").SignedIn).SignedIn
	s.clock.Move(10*time.Minute - time.Millisecond)
	_, err := s.entrance.RenewRecoveryCodes(s.Context(), in.Token, s.from)
	require.NoError(s, err)
	s.clock.Move(time.Millisecond)
	ctx := s.Context()
	for what, try := range map[string]func() error{
		"enrol": func() error { _, err := s.entrance.Enrol(ctx, in.Token, seed("mine"), s.from); return err },
		"passkey": func() error {
			_, err := s.entrance.AddPasskey(ctx, in.Token, newPasskey(u.ID), s.challenge(), s.from)
			return err
		},
		"remove codes": func() error { _, err := s.entrance.RemoveCodes(ctx, in.Token, s.from); return err },
		"remove passkey": func() error {
			_, err := s.entrance.RemovePasskey(ctx, in.Token, domain.PasskeyID(u.ID), s.from)
			return err
		},
		"recovery codes":  func() error { _, err := s.entrance.RenewRecoveryCodes(ctx, in.Token, s.from); return err },
		"remember device": func() error { _, err := s.entrance.RememberDevice(ctx, in.Token, s.from); return err },
		"forget device":   func() error { return s.entrance.ForgetDevice(ctx, in.Token, domain.DeviceID(u.ID), s.from) },
		"forget devices":  func() error { return s.entrance.ForgetDevices(ctx, in.Token, s.from) },
		"end sessions":    func() error { return s.entrance.EndOtherSessions(ctx, in.Token, s.from) },
	} {
		err := try()
		require.Error(s, err, what)
		require.Equal(s, "proof_missing", verdict(s.T, err), what)
	}
	_, err = s.entrance.Prove(ctx, in.Token, wrongPassword, s.from)
	s.refused("sign_in_refused", err)
	proved, err := s.entrance.Prove(ctx, in.Token, goodPassword, s.from)
	require.NoError(s, err)
	require.Equal(s, "unauthenticated", s.verdict(in))
	other := s.in("ana@acme.test")
	require.NoError(s, s.entrance.EndOtherSessions(ctx, proved.Token, s.from))
	require.Equal(s, "unauthenticated", s.verdict(other))
	require.Empty(s, s.verdict(proved))

	s.clock.Move(10 * time.Minute)
	s.refused("proof_missing", s.entrance.EndOtherSessions(ctx, proved.Token, s.from))
	unseen := s.touch(u.ID, 5)
	unseen.Check = func(domain.Passkey) (domain.PasskeyAnswer, bool) { return domain.PasskeyAnswer{Signatures: 5}, true }
	_, err = s.entrance.ProveByPasskey(ctx, proved.Token, unseen, s.from)
	s.refused("sign_in_refused", err)
	again, err := s.entrance.ProveByPasskey(ctx, proved.Token, s.touch(u.ID, 5), s.from)
	require.NoError(s, err)
	require.NoError(s, s.entrance.EndOtherSessions(ctx, again.Token, s.from))

	v := s.add("sso@acme.test")
	coming := s.provider("idp").says("s")
	coming.Invitation = s.invitation(v)
	sso, err := s.arrive(coming)
	require.NoError(s, err)
	s.refused("proof_missing", s.entrance.EndOtherSessions(ctx, sso.Token, s.from))
	for _, password := range []string{"", "null"} {
		_, err = s.entrance.Prove(ctx, sso.Token, password, s.from)
		s.refused("sign_in_refused", err)
	}
	_, err = s.entrance.ProveByPasskey(ctx, sso.Token, s.touch(u.ID, 9), s.from)
	s.refused("sign_in_refused", err)
}
