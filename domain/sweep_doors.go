package domain

import (
	"cmp"
	"slices"
	"time"
)

func (r *sweepRun) closed() doorsClosed { return doorsClosed{write: r.write, now: r.now} }

// links says of the next links whose time is over that they expired. Those that did are not found again.
func (r *sweepRun) links(tx Tx) (finished bool, err error) {
	org := r.organisation.ID
	over, err := tx.Links().Over(org, r.now, SweepBatch)
	if err != nil {
		return false, err
	}
	// What is kept of a person's sign-in is held in the order of people, as by every sweep, so that none waits for another in a circle.
	slices.SortFunc(over, func(a, b Link) int {
		return cmp.Or(slices.Compare(a.User.UUID[:], b.User.UUID[:]), slices.Compare(a.ID.UUID[:], b.ID.UUID[:]))
	})
	for _, l := range over {
		if _, err := tx.SignIns().Hold(org, l.User); err != nil {
			return false, err
		}
		if err := r.closed().endLink(tx, l, LinkExpired); err != nil {
			return false, err
		}
		r.report.Expired++
	}
	return len(over) < SweepBatch, nil
}

// windows ends the sessions of the next people whose access window is closed. Nobody could use them since it closed.
func (r *sweepRun) windows(tx Tx, s *Sweep) (finished bool, err error) {
	people, err := tx.Sessions().Windowed(s.Organisation, s.After, SweepBatch)
	if err != nil {
		return false, err
	}
	for _, u := range people {
		s.After = u.User
		if u.Window.Open(r.now) {
			continue
		}
		if _, err := tx.SignIns().Hold(s.Organisation, u.User); err != nil {
			return false, err
		}
		if err := r.counted().endSessions(tx, s.Organisation, u.User, SessionID{}); err != nil {
			return false, err
		}
	}
	return len(people) < SweepBatch, nil
}

// counted is closed, counting the sessions that end.
func (r *sweepRun) counted() doorsClosed {
	return doorsClosed{now: r.now, write: r.write.noting(func(what EventType) {
		if what == SessionEnded {
			r.report.Ended++
		}
	})}
}

// sessions ends the next sessions that are too old or were not used for too long. Those that have ended are not found again.
func (r *sweepRun) sessions(tx Tx) (finished bool, err error) {
	org := r.organisation.ID
	policy, err := tx.Policies().Get(org)
	if err != nil {
		return false, err
	}
	unused := time.Duration(policy.SessionIdleHours) * time.Hour
	over, err := tx.Sessions().Over(org, r.now.Add(-days(policy.SessionDays)), r.now.Add(-unused), SweepBatch)
	if err != nil {
		return false, err
	}
	for _, s := range over {
		if err := r.counted().say(tx, SessionEnded, s.User, texts("session", s.ID.String())); err != nil {
			return false, err
		}
	}
	return len(over) < SweepBatch, nil
}

// passwords tells the next people that their password will have to be changed, once for each password.
func (r *sweepRun) passwords(tx Tx, s *Sweep) (finished bool, err error) {
	policy, err := tx.Policies().Get(s.Organisation)
	if err != nil || policy.PasswordDays == 0 || policy.PasswordWarningDays == 0 {
		return true, err
	}
	setBy := r.now.Add(days(policy.PasswordWarningDays) - days(policy.PasswordDays))
	aged, err := tx.SignIns().Aged(s.Organisation, setBy, s.After, SweepBatch)
	if err != nil {
		return false, err
	}
	for _, found := range aged {
		s.After = found.User
		held, err := tx.SignIns().Hold(s.Organisation, found.User)
		if err != nil {
			return false, err
		}
		if held.Password != found.Password { // changed meanwhile
			continue
		}
		held.PasswordWarnedAt = r.now
		if err := tx.SignIns().Save(held); err != nil {
			return false, err
		}
		if err := r.closed().say(tx, PasswordExpiring, held.User, texts("expiresAt", timestamp(held.expires(policy)))); err != nil {
			return false, err
		}
		r.report.Told++
	}
	return len(aged) < SweepBatch, nil
}
