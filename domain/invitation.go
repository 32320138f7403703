package domain

import (
	"time"

	"usher/domain/attribute"
)

// Invitation is the last invitation that somebody was sent.
type Invitation struct {
	ID        LinkID
	State     LinkState
	CreatedAt time.Time
	ExpiresAt time.Time
	EndedAt   time.Time // zero: it is open, or its time is over
}

func invitationOf(l Link, now time.Time) Invitation {
	return Invitation{ID: l.ID, State: l.standing(now), CreatedAt: l.CreatedAt, ExpiresAt: l.ExpiresAt, EndedAt: l.EndedAt}
}

// invite sends somebody an invitation in place of those that stand open (rules invite.mail, invite.once): the letter is
// made of the event.
func invite(tx Tx, u User, resent bool, now time.Time, write scribe) (Link, error) {
	policy, err := tx.Policies().Get(u.Organisation)
	if err != nil {
		return Link{}, err
	}
	return sendLink(tx, u, LinkInvitation, days(policy.InvitationDays), resent, now, write)
}

// sendLink makes a link in place of those of its kind that stand open.
func sendLink(tx Tx, u User, kind LinkKind, lifetime time.Duration, resent bool, now time.Time, write scribe) (Link, error) {
	if _, err := tx.SignIns().Hold(u.Organisation, u.ID); err != nil {
		return Link{}, err
	}
	by := doorsClosed{write: write, now: now}
	if err := by.revokeLinks(tx, u.Organisation, u.ID, kind); err != nil {
		return Link{}, err
	}
	l, err := newLink(write.env, u.Organisation, u.ID, kind, lifetime, now)
	if err != nil {
		return Link{}, err
	}
	l.Resent = resent
	if err := tx.Links().Insert(l); err != nil {
		return Link{}, err
	}
	what := UserInvited
	if kind == LinkReset {
		what = PasswordResetRequested
	}
	return l, by.say(tx, what, u.ID, l.tree())
}

// reached reports whether a letter would reach somebody: they have an address.
func reached(u User) bool {
	_, ok := onFile(u)
	return ok
}

// onFile is the address at which somebody is written to.
func onFile(u User) (Name, bool) {
	if address, ok := u.SignInEmail(); ok {
		return address, true
	}
	tree, err := u.Attributes()
	if err != nil {
		return Name{}, false
	}
	u.Emails = emailsOf(tree)
	return u.SignInEmail()
}

// resettable reports whether a letter with a new way in would reach somebody and nobody else: of two people whom a directory
// gives one address, it is only the one's who had it first (rule email.unique).
func resettable(tx Tx, u User) (bool, error) {
	address, ok := onFile(u)
	if !ok {
		return false, nil
	}
	whose, found, err := tx.SignIns().ByName(u.Organisation, address.Key)
	return found && whose == u.ID, err
}

// inviteProvisioned sends the invitation that the policy of a connection asks for (rule provision.activation). Who has no
// address gets none, and who waits for a seat gets theirs with it (see inviteSeated).
func inviteProvisioned(tx Tx, activation Activation, u User, now time.Time, write scribe) error {
	if !toInvite(activation, u) {
		return nil
	}
	before, err := write.env.invitedBefore(tx, u, now)
	if err != nil {
		return err
	}
	if before >= maxResent {
		return notInvited(tx, u, now, write)
	}
	_, err = invite(tx, u, false, now, write)
	return err
}

// toInvite reports whether somebody is to be invited by the policy of their connection: they are pending, and have an address.
func toInvite(activation Activation, u User) bool {
	return activation == ActivateByInvitation && u.Status == Pending && reached(u)
}

// inviteSeated is inviteAgain for somebody who waited and has just got a seat. A command without the key of links gives the
// seat all the same, and leaves the invitation to an administrator.
func inviteSeated(tx Tx, u User, now time.Time, write scribe) error {
	if u.Connection.IsZero() || write.env.Links.IsZero() {
		return nil
	}
	policy, err := tx.ConnectionPolicies().Get(u.Organisation, u.Connection)
	if IsKind(err, NotFound) { // the connection is gone, and with it what it asked for
		return nil
	}
	if err != nil {
		return err
	}
	return inviteAgain(tx, policy.Activation, u, now, write)
}

// readdressed ends the links of somebody whose address has changed: they were mailed to the old one (rules invite.once,
// password.reset).
func readdressed(tx Tx, was, is User, now time.Time, write scribe) error {
	before, _ := was.SignInEmail()
	after, _ := is.SignInEmail()
	if before.Key == after.Key {
		return nil
	}
	known, err := tx.SignIns().Known(is.Organisation, is.ID)
	if err != nil || !known {
		return err
	}
	return doorsClosed{write: write, now: now}.revokeLinks(tx, is.Organisation, is.ID)
}

// arrived ends what was to bring in somebody who is in now (rule invite.once).
func arrived(tx Tx, u User, now time.Time, write scribe) error {
	known, err := tx.SignIns().Known(u.Organisation, u.ID)
	if err != nil || !known {
		return err
	}
	return doorsClosed{write: write, now: now}.revokeLinks(tx, u.Organisation, u.ID, LinkInvitation)
}

// welcome makes an active person of a pending one, by something they did themselves.
func welcome(tx Tx, was User, what EventType, after attribute.Value, now time.Time, write scribe) error {
	tree, err := was.Attributes()
	if err != nil {
		return err
	}
	was.Emails = emailsOf(tree)
	is := was
	if is.Status = Active; is.AcceptedAt.IsZero() {
		is.AcceptedAt = now
	}
	if err := is.describe(tree); err != nil {
		return err
	}
	if err := checkStep(was, is); err != nil {
		return err
	}
	is.Version, is.ModifiedAt = was.Version+1, later(now, was.ModifiedAt)
	if err := tx.Users().Save(was, is); err != nil {
		return err
	}
	if err := tx.Inactivity().Restart(is.Organisation, is.ID, now); err != nil {
		return err
	}
	event, err := write.event(what, is.ID, now)
	if err != nil {
		return err
	}
	event.Before = texts("status", string(was.Status))
	event.After = after
	event.After.Set("status", attribute.NewString(string(is.Status)))
	if err := stepped(tx, was, is, event); err != nil {
		return err
	}
	return tx.Events().Append(event)
}
