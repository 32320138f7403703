package domain

import (
	"time"

	"usher/domain/attribute"
)

// Bounds of links that people are sent again (rule invite.resend).
const (
	maxResent    = 5 // in resentWindow, of one kind
	resentWindow = time.Hour

	invitedSlots = 1 << 32 // so many that no two addresses of one organisation share one
)

// mayResend keeps people from being sent letters without end (rule invite.resend). Throttled.
func (e Environment) mayResend(tx Tx, u User, kind LinkKind, now time.Time) error {
	if _, err := tx.SignIns().Hold(u.Organisation, u.ID); err != nil {
		return err // which makes those who ask at the same moment take turns
	}
	n, err := tx.Links().Resent(u.Organisation, u.ID, kind, now.Add(-resentWindow))
	if err != nil {
		return err
	}
	if kind == LinkInvitation {
		before, err := e.invitedBefore(tx, u, now)
		if err != nil {
			return err
		}
		n += before
	}
	if n < maxResent {
		return nil
	}
	return &Error{Kind: Throttled, Code: CodeRateLimited, Message: "this person was sent 5 letters of this kind within an hour; wait before you send another"}
}

// invitedBefore is how many invitations went to somebody's address this hour of the clock while it was an account's that is
// deleted: a directory that deletes and pushes somebody over and over makes another person each time.
func (e Environment) invitedBefore(tx Tx, u User, now time.Time) (int, error) {
	counter, ok := e.invitedCounter(u)
	if !ok {
		return 0, nil
	}
	return tx.Rates().Count(counter, thisHour(now))
}

// invitedCounter is where the invitations to somebody's address are counted; ok is false for who has none, and without the key of
// links, which chooses it.
func (e Environment) invitedCounter(u User) (of Scope, ok bool) {
	address, ok := onFile(u)
	if !ok || e.Links.IsZero() {
		return Scope{}, false
	}
	return e.counter(u.Organisation, "invited before", address.Key, invitedSlots), true
}

// rememberInvited counts the invitations of somebody who is being deleted for who gets their address next.
func (e Environment) rememberInvited(tx Tx, u User, now time.Time) error {
	counter, ok := e.invitedCounter(u)
	if !ok {
		return nil
	}
	latest, found, err := tx.Links().Latest(u.Organisation, u.ID, LinkInvitation)
	if err != nil || !found || latest.CreatedAt.Before(now.Add(-resentWindow)) {
		return err
	}
	n, err := tx.Links().Resent(u.Organisation, u.ID, LinkInvitation, now.Add(-resentWindow))
	if err != nil {
		return err
	}
	if !latest.Resent {
		n++
	}
	_, err = tx.Rates().Add(counter, thisHour(now), n)
	return err
}

// inviteAgain is inviteProvisioned for somebody who has been here before, and may have been invited: a directory that
// deactivates and activates them over and over has them sent no more letters than anybody else (rule invite.resend). That they
// were not is an event, the first time in an hour: an administrator invites them.
func inviteAgain(tx Tx, activation Activation, u User, now time.Time, write scribe) error {
	if !toInvite(activation, u) {
		return nil
	}
	_, again, err := tx.Links().Latest(u.Organisation, u.ID, LinkInvitation)
	if err != nil {
		return err
	}
	if again {
		if err := write.env.mayResend(tx, u, LinkInvitation, now); err != nil {
			if IsKind(err, Throttled) {
				err = notInvited(tx, u, now, write)
			}
			return err
		}
	}
	_, err = invite(tx, u, again, now, write)
	return err
}

// notInvited tells that somebody was sent as many invitations as anybody is.
func notInvited(tx Tx, u User, now time.Time, write scribe) error {
	who := u.ID.String()
	if address, ok := onFile(u); ok {
		who = address.Key // also when they are another account each time
	}
	first, err := write.env.firstThisHour(tx, u.Organisation, "invitation skipped", who, now)
	if err != nil || !first {
		return err
	}
	return doorsClosed{write: write, now: now}.say(tx, UserInvitationSkipped, u.ID, attribute.Value{})
}
