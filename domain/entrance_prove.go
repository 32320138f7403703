package domain

import (
	"context"
	"time"
)

// proofMissing is the refusal of a sensitive change to who has not shown lately who they are.
func proofMissing() error {
	return &Error{
		Kind: Forbidden, Code: CodeProofMissing,
		Message: "this changes how you get in, so show again who you are: give your password, use a passkey, or sign in again",
	}
}

// sensitive finds the session of a token for a change of what its person gets in by: in a sign-in that has come to the step
// which that is, or proved lately. Unauthenticated, AccessRefused, StepMissing, ProofMissing.
func (e *Entrance) sensitive(ctx context.Context, token string, step SignInStep, v Visitor) (Session, error) {
	p, err := e.presented(ctx, token, v)
	if err != nil {
		return Session{}, err
	}
	s := p.Session
	if err := s.next(step); err != nil {
		return Session{}, err
	}
	if len(s.Steps) == 0 && !s.Fresh(e.env.instant()) {
		return Session{}, proofMissing()
	}
	return s, nil
}

// Prove lets whoever has this session show again that they are who they are, by their password, after which they may change
// what they get in by for 10 minutes. The session gets another token. A wrong password counts as a failed sign-in. As
// Verify; SignInRefused, also for who has no password.
func (e *Entrance) Prove(ctx context.Context, token, password string, v Visitor) (SignedIn, error) {
	p, err := e.Verify(ctx, token)
	if err != nil {
		return SignedIn{}, err
	}
	c, _, err := e.own(ctx, p.Session)
	if err != nil {
		return SignedIn{}, err
	}
	right, err := e.matches(c.held.Password, password)
	if err != nil {
		return SignedIn{}, err
	}
	if c.held.Password == "" {
		return SignedIn{}, signInRefused()
	}
	compared := c.held.Password
	return e.proveAgain(ctx, p.Session, func(_ Tx, held SignIn, _ time.Time) (bool, error) {
		return right && held.Password == compared, nil
	}, true, v)
}

// ProveByPasskey is Prove by a passkey whose device has seen who uses it. As Prove; PasskeyCloned.
func (e *Entrance) ProveByPasskey(ctx context.Context, token string, given PasskeyGiven, v Visitor) (SignedIn, error) {
	p, err := e.Verify(ctx, token)
	if err != nil {
		return SignedIn{}, err
	}
	given.verified = true
	return e.proveAgain(ctx, p.Session, e.byPasskey(given, v), false, v)
}

func (e *Entrance) proveAgain(ctx context.Context, s Session, try proof, guessable bool, v Visitor) (SignedIn, error) {
	now := e.env.instant()
	return e.give(ctx, s, try, guessable, v, func(is *Session) SignInStep {
		is.ProvedAt = now
		return ""
	})
}
