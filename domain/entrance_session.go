package domain

import (
	"context"
	"time"

	"usher/domain/attribute"
)

func stepMissing(step SignInStep) error {
	sentence := map[SignInStep]string{
		StepSecondFactor: "give a code of your second factor first",
		StepPassword:     "choose a new password first",
		StepEnrol:        "set up a second factor first",
	}[step]
	return &Error{Kind: Forbidden, Code: CodeStepMissing, Field: string(step), Message: "your sign-in is not finished: " + sentence}
}

// presented finds whose session a token is, and proves by the same read that it may still be used (rules access.immediate,
// deactivate.doors, suspend.organisation, access.window).
func (e *Entrance) presented(ctx context.Context, token string, _ Visitor) (Presented, error) {
	b, ok := parseSecret(SessionTokenPrefix, token)
	if !ok {
		return Presented{}, UnknownSession()
	}
	var p Presented
	err := e.store.Read(ctx, func(tx Tx) (err error) {
		p, err = tx.Sessions().Find(b.Organisation, b.Hash)
		return err
	})
	if err != nil {
		return Presented{}, err
	}
	now := e.env.instant()
	if p.over(now) {
		return Presented{}, UnknownSession()
	}
	if d := p.decide(now); !d.Allowed {
		return p, accessRefused(d)
	}
	return p, nil
}

// over reports whether a session is: its time, or what it began by; or the access window closed since it was used, and has opened
// again (rule access.window).
func (p Presented) over(now time.Time) bool {
	s := p.Session
	if p.DoorShut || p.Facts.Window.closedBetween(s.SeenAt, now) {
		return true
	}
	if len(s.Steps) > 0 {
		return !now.Before(s.CreatedAt.Add(unfinished))
	}
	return !now.Before(s.SeenAt.Add(p.Idle)) || !now.Before(s.CreatedAt.Add(p.Longest))
}

// Verify finds whose session a token is, as they and their organisation stand at this moment, and notes that they are here
// (rule presence), at most once a minute. Unauthenticated; AccessRefused, whose Field is the reason; StepMissing, whose
// Field is the step, and then the session is known all the same.
func (e *Entrance) Verify(ctx context.Context, token string) (Presented, error) {
	p, err := e.presented(ctx, token, Visitor{})
	if err != nil {
		return p, e.addressed(ctx, p.Session.Organisation, p.Session.User, err)
	}
	if len(p.Session.Steps) > 0 {
		return p, stepMissing(p.Session.Steps[0])
	}
	return p, e.seen(ctx, &p.Session, e.env.instant())
}

// SignOut ends the session of a token. One that is not known, or has ended, is fine.
func (e *Entrance) SignOut(ctx context.Context, token string, v Visitor) error {
	b, ok := parseSecret(SessionTokenPrefix, token)
	if !ok {
		return nil
	}
	now := e.env.instant()
	err := e.store.Write(ctx, func(tx Tx) error {
		p, err := tx.Sessions().Find(b.Organisation, b.Hash)
		if err != nil {
			return err
		}
		return e.endOne(tx, p.Session, p.Session.ID, v, now)
	})
	if IsKind(err, Unauthenticated) || IsKind(err, NotFound) {
		return nil
	}
	return err
}

func (e *Entrance) endOne(tx Tx, s Session, id SessionID, v Visitor, now time.Time) error {
	by := doorsClosed{write: e.scribe(s.Organisation, self(s.User), v), now: now}
	return by.endSession(tx, s.Organisation, s.User, id)
}

// Sessions gives the sessions of whoever has this one, newest first. As Verify.
func (e *Entrance) Sessions(ctx context.Context, token string) ([]Session, error) {
	p, err := e.Verify(ctx, token)
	if err != nil {
		return nil, err
	}
	var list []Session
	err = e.store.Read(ctx, func(tx Tx) (err error) {
		list, err = tx.Sessions().List(p.Session.Organisation, p.Session.User)
		return err
	})
	return list, err
}

// EndSession ends another session, or this one, of whoever has this one. As Verify; NotFound.
func (e *Entrance) EndSession(ctx context.Context, token string, id SessionID, v Visitor) error {
	p, err := e.Verify(ctx, token)
	if err != nil {
		return err
	}
	now := e.env.instant()
	return e.store.Write(ctx, func(tx Tx) error { return e.endOne(tx, p.Session, id, v, now) })
}

// admit lets in somebody who has come by single sign-on, whom that makes active (rules access.decision, provision.activation).
// The row of how they sign in is held.
func (e *Entrance) admit(tx Tx, org OrganisationID, user UserID, now time.Time, write scribe) error {
	admission, err := tx.Assignments().Admission(org, user)
	if err != nil {
		return err
	}
	if d := admission.Decide(BySingleSignOn, now); !d.Allowed {
		return accessRefused(d)
	}
	if admission.Facts.Status != Pending {
		return nil
	}
	u, err := tx.Users().Find(org, user)
	if err != nil {
		return err
	}
	if err := welcome(tx, u, FirstAccess, attribute.NewComplex(), now, write); err != nil {
		return err
	}
	return arrived(tx, u, now, write)
}
