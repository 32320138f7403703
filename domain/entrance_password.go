package domain

import (
	"context"
	"time"

	"usher/domain/attribute"
)

// candidate is somebody who may be who signs in, as one read finds them. The zero value is nobody.
type candidate struct {
	user   UserID
	facts  AccessFacts
	held   SignIn
	policy Policy
}

// SignIn signs somebody in by a user name or e-mail and a password, and begins a session. Failures are counted per account,
// whatever name it was addressed by and on whichever replica; beyond what the policy forgives they block it, or slow the
// last owner (rules block.failed, owner.last). Names nobody has, people without a password and people who are not here are
// refused like a wrong password, after the same work. SignInRefused; AccessRefused for who has given the right password and
// may not come in, whose Field is the reason; RateLimited.
func (e *Entrance) SignIn(ctx context.Context, org OrganisationID, name, password string, v Visitor) (SignedIn, error) {
	key := NewName(name).Key
	err := e.attempt(ctx, org, v)
	unknown := IsKind(err, NotFound)
	if err != nil && !unknown {
		return SignedIn{}, err
	}
	var c candidate
	if !unknown {
		if c, err = e.candidate(ctx, org, key); err != nil {
			return SignedIn{}, err
		}
	}
	right, err := e.matches(c.held.Password, password)
	if err != nil {
		return SignedIn{}, err
	}
	now := e.env.instant()
	switch {
	case unknown:
		return SignedIn{}, signInRefused()
	case c.held.Password == "" || c.facts.Status == Inactive || now.Before(c.held.SlowedUntil) || c.guessed():
		if err := e.inVain(ctx, org, key); err != nil {
			return SignedIn{}, err
		}
		return SignedIn{}, signInRefused()
	case !right:
		if err := e.failed(ctx, c, v); err != nil {
			return SignedIn{}, err
		}
		return SignedIn{}, signInRefused()
	}
	in, err := e.proved(ctx, c, v)
	return in, e.addressed(ctx, org, c.user, err)
}

// guessed reports whether there were so many wrong passwords that nobody is told any more whether one is right.
func (c candidate) guessed() bool {
	return c.facts.Block == BlockedByFailedSignIns || c.facts.Block != "" && c.held.Failures > c.policy.FailedSignIns
}

// matches compares a password with what is kept of one; with nothing it takes as long.
func (e *Entrance) matches(hash, password string) (bool, error) {
	if e.env.Passwords == nil {
		return false, &Error{Kind: Internal, Code: CodeInternal, Message: "there is nothing to compare passwords with"}
	}
	const longest = 4 * MaxPassword // bytes; more is no password of anybody
	if len(password) > longest {
		password = password[:longest] + "\x00" // which nobody's ends in
	}
	right, err := e.env.Passwords.Matches(hash, normal(password))
	if err != nil {
		return false, faulty("compare a password", err)
	}
	return right, nil
}

// candidate finds who signs in by a name.
func (e *Entrance) candidate(ctx context.Context, org OrganisationID, key string) (c candidate, err error) {
	err = e.store.Read(ctx, func(tx Tx) error {
		c = candidate{}
		user, found, err := tx.SignIns().ByName(org, key)
		if err != nil {
			return err
		}
		c.user = user // of nobody the same is asked
		admission, err := tx.Assignments().Admission(org, user)
		if err != nil {
			return err
		}
		c.facts = admission.Facts
		if c.held, _, err = tx.SignIns().Get(org, user); err != nil {
			return err
		}
		c.policy, err = tx.Policies().Get(org)
		if !found || !c.facts.Here || !c.policy.Locally(admission.Access.Owner) {
			c.held = SignIn{}
		}
		c.held.Organisation, c.held.User = org, user
		return err
	})
	return c, err
}

// proved is somebody who has given the right password.
func (e *Entrance) proved(ctx context.Context, c candidate, v Visitor) (SignedIn, error) {
	now := e.env.instant()
	if d := Decide(c.byPassword(), now); !d.Allowed {
		return SignedIn{}, accessRefused(d)
	}
	var outcome SignedIn
	err := e.store.Write(ctx, func(tx Tx) error {
		held, err := tx.SignIns().Hold(c.held.Organisation, c.user)
		if err != nil {
			return err
		}
		admission, err := tx.Assignments().Admission(c.held.Organisation, c.user)
		if err != nil {
			return err
		}
		if c.policy, err = tx.Policies().Get(c.held.Organisation); err != nil {
			return err
		}
		compared := c.held.Password
		c.facts, c.held = admission.Facts, held
		if held.Password != compared || held.SlowedUntil.After(now) || c.guessed() || !c.policy.Locally(admission.Access.Owner) {
			return signInRefused() // changed, slowed or blocked at the same moment
		}
		if d := Decide(c.byPassword(), now); !d.Allowed {
			return accessRefused(d)
		}
		begun, err := byPassword(tx, c.policy, held, v, now)
		if err != nil {
			return err
		}
		if !begun.lacks(StepSecondFactor) && (held.Failures > 0 || !held.SlowedUntil.IsZero()) {
			held.Failures, held.SlowedUntil = 0, time.Time{}
			if err := tx.SignIns().Save(held); err != nil {
				return err
			}
		}
		outcome, err = e.open(tx, begun, v, now)
		return err
	})
	return outcome, err
}

// byPassword are the facts about somebody who comes by a password, of whom it is known that one opens something for them.
func (c candidate) byPassword() AccessFacts {
	facts := c.facts
	facts.Method, facts.Means = ByPassword, c.held.means(true)
	return facts
}

// failed counts a wrong password of somebody, as count.
func (e *Entrance) failed(ctx context.Context, c candidate, v Visitor) error {
	return e.store.Write(ctx, func(tx Tx) error {
		held, err := tx.SignIns().Hold(c.held.Organisation, c.user)
		if err != nil {
			return err
		}
		return e.count(tx, held, c.policy, v, e.env.instant())
	})
}

// count counts a wrong password or code of somebody, and blocks or slows them when there were too many in a row.
func (e *Entrance) count(tx Tx, held SignIn, policy Policy, v Visitor, now time.Time) error {
	org, user := held.Organisation, held.User
	held.Failures++
	if held.Failures <= policy.FailedSignIns {
		return tx.SignIns().Save(held)
	}
	was, blocked, err := tx.Blocks().Get(org, user)
	if err != nil {
		return err
	}
	if blocked && was.Reason != "" {
		return tx.SignIns().Save(held)
	}
	write := e.scribe(org, ActorSystem(), v)
	u, err := tx.Users().Find(org, user)
	if err != nil {
		return err
	}
	err = demandOwner(tx, u)
	if IsCode(err, CodeLastOwner) {
		return e.slow(tx, held, policy, write, now)
	}
	if err != nil {
		return err
	}
	if err := tx.SignIns().Save(held); err != nil {
		return err
	}
	block := Block{Organisation: org, User: user, Reason: BlockedByFailedSignIns, Since: now, By: ActorSystem()}
	if err := tx.Blocks().Put(Block{}, block); err != nil {
		return err
	}
	return doorsClosed{write: write, now: now}.say(tx, UserBlocked, user, block.tree())
}

// The last owner waits so long after the first wrong password too many, twice as long after each more, and not longer than
// the longest.
const (
	firstSlowing   = 30 * time.Second
	longestSlowing = time.Hour
)

// slow makes the last owner wait, longer each time, in place of a block (rule owner.last).
func (e *Entrance) slow(tx Tx, held SignIn, policy Policy, write scribe, now time.Time) error {
	pause := firstSlowing
	for range held.Failures - policy.FailedSignIns - 1 {
		if pause *= 2; pause >= longestSlowing {
			pause = longestSlowing
			break
		}
	}
	held.SlowedUntil = now.Add(pause)
	if err := tx.SignIns().Save(held); err != nil {
		return err
	}
	return doorsClosed{write: write, now: now}.say(tx, OwnerProtected, held.User, texts("slowedUntil", timestamp(held.SlowedUntil)))
}

// ChangePassword lets somebody who is signed in choose a new password, who gives the current one again. It takes the step
// of a temporary or expired password, makes an active person of one who was pending with a temporary one, and ends their
// other sessions and remembered browsers (rules invite.temporary-password, password.expiry). The session gets another token. A wrong current
// password counts as a failed sign-in. Unauthenticated, SignInRefused, PasswordRefused, StepMissing, LocalSignInOff.
func (e *Entrance) ChangePassword(ctx context.Context, token, current, chosen string, v Visitor) (SignedIn, error) {
	p, err := e.presented(ctx, token, v)
	if err != nil {
		return SignedIn{}, err
	}
	s := p.Session
	if len(s.Steps) > 0 && s.Steps[0] != StepPassword {
		return SignedIn{}, stepMissing(s.Steps[0])
	}
	c, userName, err := e.own(ctx, s)
	if err != nil {
		return SignedIn{}, err
	}
	if !c.policy.Locally(p.Owner) {
		return SignedIn{}, localSignInOff()
	}
	right, err := e.matches(c.held.Password, current)
	if err != nil {
		return SignedIn{}, err
	}
	if shut := c.guessed() || e.env.instant().Before(c.held.SlowedUntil); !right || shut {
		if c.held.Password != "" && !shut {
			err = e.failed(ctx, c, v)
		}
		if err != nil {
			return SignedIn{}, err
		}
		return SignedIn{}, signInRefused()
	}
	made, err := e.env.prepare(chosen, userName, c.held)
	if err != nil {
		return SignedIn{}, err
	}
	return e.rechosen(ctx, s, made, v)
}

// own reads what is kept of how somebody with a session signs in.
func (e *Entrance) own(ctx context.Context, s Session) (c candidate, userName string, err error) {
	err = e.store.Read(ctx, func(tx Tx) error {
		u, err := tx.Users().Find(s.Organisation, s.User)
		if err != nil {
			return err
		}
		userName = u.UserName.Text
		c = candidate{user: s.User}
		if c.held, _, err = tx.SignIns().Get(s.Organisation, s.User); err != nil {
			return err
		}
		c.held.Organisation, c.held.User = s.Organisation, s.User
		block, _, err := tx.Blocks().Get(s.Organisation, s.User)
		if err != nil {
			return err
		}
		c.facts.Block = block.Reason
		c.policy, err = tx.Policies().Get(s.Organisation)
		return err
	})
	return c, userName, err
}

// rechosen stores a new password that its owner chose in a session.
func (e *Entrance) rechosen(ctx context.Context, s Session, made newPassword, v Visitor) (SignedIn, error) {
	var outcome SignedIn
	now := e.env.instant()
	err := e.store.Write(ctx, func(tx Tx) error {
		held, err := tx.SignIns().Hold(s.Organisation, s.User)
		if err != nil {
			return err
		}
		if block, _, err := tx.Blocks().Get(s.Organisation, s.User); err != nil {
			return err
		} else if block.Reason != "" || now.Before(held.SlowedUntil) {
			return signInRefused() // since the current one was compared
		}
		if err := held.set(made, time.Time{}, now); err != nil {
			return err
		}
		if err := tx.SignIns().Save(held); err != nil {
			return err
		}
		write := e.scribe(s.Organisation, self(s.User), v)
		by := doorsClosed{write: write, now: now}
		if err := by.proofsChanged(tx, s); err != nil {
			return err
		}
		if err := by.revokeLinks(tx, s.Organisation, s.User); err != nil {
			return err
		}
		u, err := tx.Users().Find(s.Organisation, s.User)
		if err != nil {
			return err
		}
		if u.Status == Pending {
			if err := welcome(tx, u, UserInvitationAccepted, attribute.NewComplex(), now, write); err != nil {
				return err
			}
		}
		is := s
		is.ProvedAt = now
		if outcome, err = e.rotate(tx, is, StepPassword, v, now); err != nil {
			return err
		}
		return by.say(tx, PasswordChanged, s.User, texts("how", "changed"))
	})
	return outcome, err
}
