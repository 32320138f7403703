package domain

import (
	"context"
	"time"

	"usher/domain/attribute"
)

// proof is what somebody gives beside, or again, to show who they are. It is tried inside the unit of work that counts it,
// in which the row of how they sign in is held, so that what is good once is good once on all replicas.
type proof func(tx Tx, held SignIn, now time.Time) (passed bool, err error)

// Answer takes the step of a second factor by a code of an authenticator app. A wrong code counts as a wrong password does
// (rule block.failed), and so does one that was used (RFC 6238 section 5.2). The session gets another token. Unauthenticated,
// SignInRefused, StepMissing for a session that has no such step.
func (e *Entrance) Answer(ctx context.Context, token string, check CodeCheck, v Visitor) (SignedIn, error) {
	return e.answer(ctx, token, FactorCode, byCode(check), true, v)
}

// AnswerRecovery takes the step of a second factor by a recovery code, which is good no longer then. As Answer.
func (e *Entrance) AnswerRecovery(ctx context.Context, token, code string, v Visitor) (SignedIn, error) {
	return e.answer(ctx, token, FactorRecovery, e.byRecovery(code, v), true, v)
}

// AnswerPasskey takes the step of a second factor by a passkey. As Answer; PasskeyCloned.
func (e *Entrance) AnswerPasskey(ctx context.Context, token string, p PasskeyGiven, v Visitor) (SignedIn, error) {
	return e.answer(ctx, token, FactorPasskey, e.byPasskey(p, v), false, v)
}

// byCode is the proof by a code of an authenticator app.
func byCode(check CodeCheck) proof {
	return func(tx Tx, held SignIn, _ time.Time) (bool, error) {
		factors, err := tx.SecondFactors().List(held.Organisation, held.User)
		if err != nil {
			return false, err
		}
		for _, f := range factors {
			if f.ConfirmedAt.IsZero() {
				continue
			}
			if step, right := check(f); right && step > f.Step {
				return true, tx.SecondFactors().Use(f, step)
			}
		}
		return false, nil
	}
}

// byRecovery is the proof by a recovery code.
func (e *Entrance) byRecovery(code string, v Visitor) proof {
	return func(tx Tx, held SignIn, now time.Time) (bool, error) {
		hash, ok := recoveryHash(held.Organisation, held.User, code)
		if !ok {
			return false, nil
		}
		used, err := tx.RecoveryCodes().Use(held.Organisation, held.User, hash)
		if err != nil || !used {
			return false, err
		}
		left, _, err := tx.RecoveryCodes().Left(held.Organisation, held.User)
		if err != nil {
			return false, err
		}
		by := doorsClosed{write: e.scribe(held.Organisation, self(held.User), v), now: now}
		return true, by.say(tx, RecoveryCodeUsed, held.User, numbers("left", left))
	}
}

// answer takes the step of a second factor by a proof.
func (e *Entrance) answer(ctx context.Context, token string, by Factor, try proof, guessable bool, v Visitor) (SignedIn, error) {
	p, err := e.presented(ctx, token, v)
	if err != nil {
		return SignedIn{}, err
	}
	s := p.Session
	if len(s.Steps) == 0 || s.Steps[0] != StepSecondFactor {
		return SignedIn{}, &Error{Kind: Forbidden, Code: CodeStepMissing, Message: "this sign-in asks for no second factor; go on"}
	}
	now := e.env.instant()
	return e.give(ctx, s, try, guessable, v, func(is *Session) SignInStep {
		is.Factor, is.ProvedAt = by, now
		return StepSecondFactor
	})
}

// give tries a proof of who has a session, once per unit of work: a wrong one counts as a wrong password where it can be
// guessed, a right one gives the session another token, and what become makes of it. Who is blocked, or slowed, is refused
// like a wrong one.
func (e *Entrance) give(ctx context.Context, s Session, try proof, guessable bool, v Visitor, become func(is *Session) SignInStep) (SignedIn, error) {
	var outcome SignedIn
	var refused error
	now := e.env.instant()
	err := e.store.Write(ctx, func(tx Tx) error {
		outcome, refused = SignedIn{}, nil
		held, err := tx.SignIns().Hold(s.Organisation, s.User)
		if err != nil {
			return err
		}
		if _, err := tx.Sessions().Find(s.Organisation, s.Hash); err != nil {
			return err // it has gone on, or ended, since it was presented
		}
		block, blocked, err := tx.Blocks().Get(s.Organisation, s.User)
		if err != nil {
			return err
		}
		if blocked && block.Reason != "" || now.Before(held.SlowedUntil) {
			refused = signInRefused()
			return nil
		}
		passed, err := try(tx, held, now)
		if IsCode(err, CodePasskeyCloned) {
			refused, err = err, nil // which is written down
			return err
		}
		if err != nil {
			return err
		}
		if !passed {
			refused = signInRefused()
			if !guessable {
				return nil
			}
			policy, err := tx.Policies().Get(s.Organisation)
			if err != nil {
				return err
			}
			return e.count(tx, held, policy, v, now)
		}
		if held, _, err = tx.SignIns().Get(s.Organisation, s.User); err != nil {
			return err
		}
		if held.Failures > 0 {
			held.Failures, held.SlowedUntil = 0, time.Time{}
			if err := tx.SignIns().Save(held); err != nil {
				return err
			}
		}
		is := s
		done := become(&is)
		outcome, err = e.rotate(tx, is, done, v, now)
		return err
	})
	if err == nil {
		err = refused
	}
	return outcome, err
}

// Enrolled is a session that has set up a second factor.
type Enrolled struct {
	SignedIn

	RecoveryCodes []string // where there were none: to be shown now and never again
}

// Enrol keeps a second factor that somebody has set up and proved by a code, of which step is the time step, in place of the
// one of its kind. It takes the step, ends their other sessions and forgets their browsers (rule access.mfa). Who had no
// recovery codes gets some. The session gets another token. Unauthenticated; StepMissing where a factor there is has not
// been shown first; ProofMissing; Invalid for who signs in by single sign-on alone.
func (e *Entrance) Enrol(ctx context.Context, token string, factor SecondFactor, v Visitor) (Enrolled, error) {
	s, err := e.sensitive(ctx, token, StepEnrol, v)
	if err != nil {
		return Enrolled{}, err
	}
	now := e.env.instant()
	factor.Organisation, factor.User, factor.ConfirmedAt = s.Organisation, s.User, now
	return e.enrolled(ctx, s, FactorCode, v, now, func(tx Tx, by doorsClosed) error {
		if err := tx.SecondFactors().Put(factor); err != nil {
			return err
		}
		return by.say(tx, SecondFactorEnrolled, s.User, texts("kind", factor.Kind))
	})
}

// enrolled is what follows from another second factor of somebody.
func (e *Entrance) enrolled(ctx context.Context, s Session, factor Factor, v Visitor, now time.Time, add func(tx Tx, by doorsClosed) error) (Enrolled, error) {
	var outcome Enrolled
	codes, hashes, err := recoveryCodes(e.random, s.Organisation, s.User)
	if err != nil {
		return outcome, err
	}
	err = e.store.Write(ctx, func(tx Tx) error {
		outcome = Enrolled{}
		held, err := tx.SignIns().Hold(s.Organisation, s.User)
		if err != nil {
			return err
		}
		if held.Password == "" {
			return noLocalSignIn()
		}
		by := doorsClosed{write: e.scribe(s.Organisation, self(s.User), v), now: now}
		if err := add(tx, by); err != nil {
			return err
		}
		if held.Enrol {
			held.Enrol = false
			if err := tx.SignIns().Save(held); err != nil {
				return err
			}
		}
		if err := by.proofsChanged(tx, s); err != nil {
			return err
		}
		left, _, err := tx.RecoveryCodes().Left(s.Organisation, s.User)
		if err != nil {
			return err
		}
		if left == 0 {
			outcome.RecoveryCodes = codes
			if err := by.recovery(tx, s, hashes); err != nil {
				return err
			}
		}
		is := s
		if len(s.Steps) > 0 {
			is.Factor = factor
		}
		outcome.SignedIn, err = e.rotate(tx, is, StepEnrol, v, now)
		return err
	})
	return outcome, err
}

// noLocalSignIn is the refusal of a second factor to who has no password here to which it would be the second.
func noLocalSignIn() error {
	return &Error{
		Kind: Invalid, Code: CodeInvalidValue, Field: "factor",
		Message: "you sign in by your organisation's identity provider, which asks for the second factor; set it up there",
	}
}

// proofsChanged ends what another second factor ends: the other sessions, and the browsers that are not asked for one.
func (by doorsClosed) proofsChanged(tx Tx, s Session) error {
	if err := by.endSessions(tx, s.Organisation, s.User, s.ID); err != nil {
		return err
	}
	return by.forgetDevices(tx, s.Organisation, s.User)
}

// recovery keeps recovery codes in place of those before.
func (by doorsClosed) recovery(tx Tx, s Session, hashes []TokenHash) error {
	if err := tx.RecoveryCodes().Replace(s.Organisation, s.User, hashes, by.now); err != nil {
		return err
	}
	return by.say(tx, RecoveryCodesMade, s.User, attribute.Value{})
}

// RemoveCodes takes an authenticator app from whoever has this session; where nothing is left beside it, the recovery codes
// go, too. Other sessions end, and the session gets another token. As Verify; ProofMissing; FactorNeeded where a second
// factor is demanded and there is no other; NotFound.
func (e *Entrance) RemoveCodes(ctx context.Context, token string, v Visitor) (SignedIn, error) {
	return e.withoutFactor(ctx, token, v, func(tx Tx, s Session, by doorsClosed) error {
		removed, err := tx.SecondFactors().Remove(s.Organisation, s.User)
		if err == nil && removed == 0 {
			err = &Error{Kind: NotFound, Code: CodeNotFound, Message: "there is no authenticator app to remove"}
		}
		if err != nil {
			return err
		}
		return by.say(tx, SecondFactorRemoved, s.User, texts("kind", FactorTOTP))
	})
}

// withoutFactor removes a second factor of whoever has a session.
func (e *Entrance) withoutFactor(ctx context.Context, token string, v Visitor, remove func(tx Tx, s Session, by doorsClosed) error) (SignedIn, error) {
	s, err := e.sensitive(ctx, token, "", v)
	if err != nil {
		return SignedIn{}, err
	}
	var outcome SignedIn
	now := e.env.instant()
	err = e.store.Write(ctx, func(tx Tx) error {
		if _, err := tx.SignIns().Hold(s.Organisation, s.User); err != nil {
			return err
		}
		by := doorsClosed{write: e.scribe(s.Organisation, self(s.User), v), now: now}
		if err := remove(tx, s, by); err != nil {
			return err
		}
		if err := lastFactor(tx, s); err != nil {
			return err
		}
		if err := by.proofsChanged(tx, s); err != nil {
			return err
		}
		outcome, err = e.rotate(tx, s, "", v, now)
		return err
	})
	return outcome, err
}

// lastFactor refuses to be without a second factor where one is demanded, and takes the recovery codes of who may be.
func lastFactor(tx Tx, s Session) error {
	has, err := hasFactor(tx, s.Organisation, s.User)
	if err != nil || has {
		return err
	}
	demanded, err := factorDemanded(tx, s.Organisation, s.User)
	if err != nil {
		return err
	}
	if demanded {
		return &Error{Kind: Forbidden, Code: CodeFactorNeeded, Message: "you need a second factor; set up another one before you remove this one"}
	}
	_, err = tx.RecoveryCodes().Remove(s.Organisation, s.User)
	return err
}

// RenewRecoveryCodes makes recovery codes in place of those there are, which are good no longer. They are told now and never
// again, and other sessions end. As Verify; ProofMissing; FactorMissing for who has no second factor.
func (e *Entrance) RenewRecoveryCodes(ctx context.Context, token string, v Visitor) ([]string, error) {
	s, err := e.sensitive(ctx, token, "", v)
	if err != nil {
		return nil, err
	}
	codes, hashes, err := recoveryCodes(e.random, s.Organisation, s.User)
	if err != nil {
		return nil, err
	}
	now := e.env.instant()
	err = e.store.Write(ctx, func(tx Tx) error {
		if _, err := tx.SignIns().Hold(s.Organisation, s.User); err != nil {
			return err
		}
		has, err := hasFactor(tx, s.Organisation, s.User)
		if err != nil {
			return err
		}
		if !has {
			return InvalidField("factor", "recovery codes stand in for a second factor, of which you have none; set one up first")
		}
		by := doorsClosed{write: e.scribe(s.Organisation, self(s.User), v), now: now}
		if err := by.recovery(tx, s, hashes); err != nil {
			return err
		}
		return by.endSessions(tx, s.Organisation, s.User, s.ID)
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

// Factors says what proves whoever has this session beside a password. As Verify.
func (e *Entrance) Factors(ctx context.Context, token string) (Factors, error) {
	p, err := e.Verify(ctx, token)
	if err != nil {
		return Factors{}, err
	}
	var f Factors
	err = e.store.Read(ctx, func(tx Tx) (err error) {
		f, err = factorsOf(tx, p.Session.Organisation, p.Session.User, e.env.instant())
		return err
	})
	return f, err
}

// NameOf is the user name of who has a session, whatever steps are left.
func (e *Entrance) NameOf(ctx context.Context, s Session) (string, error) {
	_, name, err := e.own(ctx, s)
	return name, err
}

// FactorStep says by what a session whose sign-in waits for a second factor can give one. As Answer.
func (e *Entrance) FactorStep(ctx context.Context, token string, v Visitor) (Session, Factors, error) {
	p, err := e.presented(ctx, token, v)
	if err != nil {
		return Session{}, Factors{}, err
	}
	var f Factors
	err = e.store.Read(ctx, func(tx Tx) (err error) {
		f, err = factorsOf(tx, p.Session.Organisation, p.Session.User, e.env.instant())
		return err
	})
	return p.Session, f, err
}
