package domain_test

import (
	"github.com/stretchr/testify/require"

	"usher/domain"
)

// seed is a second factor whose codes are its text and the number of a time step.
func seed(text string) domain.SecondFactor {
	return domain.SecondFactor{Kind: domain.FactorTOTP, Sealed: []byte(text), Step: 1}
}

// code checks the code of a time step.
func code(text string, step int64) domain.CodeCheck {
	return func(f domain.SecondFactor) (int64, bool) { return step, string(f.Sealed) == text }
}

func (s *visit) answer(in domain.SignedIn, text string, step int64) (domain.SignedIn, error) {
	return s.entrance.Answer(s.Context(), in.Token, code(text, step), s.from)
}

// enrolled sets up a second factor of whoever has a session.
func (s *visit) enrolled(in domain.SignedIn, text string) domain.Enrolled {
	s.Helper()
	done, err := s.entrance.Enrol(s.Context(), in.Token, seed(text), s.from)
	require.NoError(s, err)
	return done
}

// known is a session in which a second factor was shown, and the token of its browser, which is remembered.
func (s *visit) known(name string) (in domain.SignedIn, device string) {
	s.Helper()
	in = s.in(name)
	if len(in.Session.Steps) == 0 {
		s.enrolled(in, name)
		in = s.in(name)
	}
	require.Equal(s, []domain.SignInStep{domain.StepSecondFactor}, in.Session.Steps)
	in, err := s.entrance.Answer(s.Context(), in.Token, func(f domain.SecondFactor) (int64, bool) { return f.Step + 1, true }, s.from)
	require.NoError(s, err)
	device, err = s.entrance.RememberDevice(s.Context(), in.Token, s.from)
	require.NoError(s, err)
	return in, device
}

func (s *visit) challenge() domain.Challenge {
	s.Helper()
	c, err := s.entrance.NewChallenge()
	require.NoError(s, err)
	return c
}

// withPasskey gives whoever has a session a passkey whose device counts.
func (s *visit) withPasskey(in domain.SignedIn) domain.Enrolled {
	s.Helper()
	done, err := s.entrance.AddPasskey(s.Context(), in.Token, newPasskey(in.Session.User), s.challenge(), s.from)
	require.NoError(s, err)
	return done
}

func newPasskey(of domain.UserID) domain.Passkey {
	return domain.Passkey{Credential: of.UUID[:], PublicKey: []byte("key"), Transports: []string{"usb", "by post"}, Name: " Key\n", Signatures: 1}
}

// touch is what the passkey of somebody gives when it is touched, and its device has counted so far.
func (s *visit) touch(of domain.UserID, signatures uint32) domain.PasskeyGiven {
	s.Helper()
	return domain.PasskeyGiven{Challenge: s.challenge(), Credential: of.UUID[:], Check: func(k domain.Passkey) (domain.PasskeyAnswer, bool) {
		return domain.PasskeyAnswer{Flags: 5, Verified: true, Signatures: signatures}, string(k.PublicKey) == "key"
	}}
}

func (s *visit) byPasskey(of domain.UserID, signatures uint32) (domain.SignedIn, error) {
	return s.entrance.SignInByPasskey(s.Context(), s.org(), of, s.touch(of, signatures), s.from)
}

// prove makes a session as fresh as a sign-in at the provider does.
func (s *visit) prove(in domain.SignedIn) {
	s.Helper()
	is := in.Session
	is.ProvedAt = s.clock.Now()
	require.NoError(s, s.store.Write(s.Context(), func(tx domain.Tx) error { return tx.Sessions().Rotate(in.Session, is) }))
}
