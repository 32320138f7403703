package domain

import (
	"context"
	"time"
)

// Checked is the outcome of a check: who comes, and what was decided about them.
type Checked struct {
	Guest

	Decision Decision
}

// Check says whether the holder of a session may go on to an application, and who they are, as they, their organisation
// and the application stand at this moment: it is decided from what the database has now, and nothing is remembered of the decision
// (rules access.decision, access.immediate, deactivate.doors). It notes that they are here (rule presence), at most once a minute.
//
// Unauthenticated; AccessRefused, whose Field is the reason, with the decision; StepMissing, whose Field is the step;
// ApplicationUnknown where an application is named that the organisation does not have. With each but the first the guest
// is known.
func (e *Entrance) Check(ctx context.Context, token string, of ApplicationKey) (Checked, error) {
	b, ok := parseSecret(SessionTokenPrefix, token)
	if !ok {
		return Checked{}, UnknownSession()
	}
	return e.check(ctx, b.Organisation, SessionKey{Hash: b.Hash}, of)
}

// CheckSession is Check for whoever proves otherwise that they hold a session, by something that was made for it.
func (e *Entrance) CheckSession(ctx context.Context, org OrganisationID, id SessionID, of ApplicationKey) (Checked, error) {
	if id.IsZero() {
		return Checked{}, UnknownSession()
	}
	return e.check(ctx, org, SessionKey{ID: id}, of)
}

func (e *Entrance) check(ctx context.Context, org OrganisationID, session SessionKey, of ApplicationKey) (c Checked, err error) {
	err = e.store.Read(ctx, func(tx Tx) (err error) {
		c.Guest, err = tx.Guests().Find(org, session, of)
		return err
	})
	if err != nil {
		return Checked{}, err
	}
	now := e.env.instant()
	if c.over(now) {
		return Checked{}, UnknownSession()
	}
	if c.Decision = c.decide(now); !c.Decision.Allowed {
		return c, accessRefused(c.Decision)
	}
	if len(c.Session.Steps) > 0 {
		return c, stepMissing(c.Session.Steps[0])
	}
	if of != (ApplicationKey{}) && c.Application.ID.IsZero() {
		return c, &Error{
			Kind: Forbidden, Code: CodeApplicationUnknown, Field: "application",
			Message: "your organisation has no application at this address; an administrator with the permission applications:create registers it",
		}
	}
	return c, e.seen(ctx, &c.Session, now)
}

// decide says whether somebody who presents a session may go on.
func (p Presented) decide(now time.Time) Decision {
	if len(p.Session.Steps) > 0 && p.Facts.Status == Pending {
		p.Facts.Status = Active // a temporary password is what let them in so far, and no further
	}
	return Decide(p.Facts, now)
}

// seen notes that a session was used, at most once a minute (rule presence).
func (e *Entrance) seen(ctx context.Context, s *Session, now time.Time) error {
	if now.Sub(s.SeenAt) < seenEvery {
		return nil
	}
	was := *s
	s.SeenAt = now
	return e.store.Write(ctx, func(tx Tx) error {
		if err := tx.Sessions().Seen(was, now); err != nil {
			return err
		}
		return tx.Inactivity().Accessed(was.Organisation, was.User, now)
	})
}

// Reaches reports whether an organisation has an application at an origin: where people may be sent on to.
func (e *Entrance) Reaches(ctx context.Context, org OrganisationID, at Origin) (bool, error) {
	var reached bool
	err := e.store.Read(ctx, func(tx Tx) (err error) {
		reached, err = tx.Applications().Reached(org, at)
		return err
	})
	return reached, err
}
