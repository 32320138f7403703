package domain

import (
	"context"
	"time"

	"usher/domain/attribute"
)

// unreachable is the refusal of a letter to somebody who has no address.
func unreachable() *Error {
	return &Error{Kind: Invalid, Code: CodeRequired, Field: "email", Message: "this person has no e-mail address that a letter could go to; give them one first"}
}

// Invite sends a pending person an invitation, in place of the one before (rules invite.once, invite.resend). Needs
// users:invite. NotFound, AlreadyAccepted, Invalid for who is inactive or has no address, WaitingForSeat, RateLimited after
// five in an hour, Precondition.
func (ad *Administration) Invite(ctx context.Context, who Administrator, id UserID, match IfMatch) (Invitation, error) {
	var outcome Invitation
	_, err := ad.alter(ctx, who, ActionInvite, id, match, func(tx Tx, u User, now time.Time) (User, error) {
		if err := mayInvite(tx, u); err != nil {
			return User{}, err
		}
		if err := ad.env.mayResend(tx, u, LinkInvitation, now); err != nil {
			return User{}, err
		}
		_, again, err := tx.Links().Latest(u.Organisation, u.ID, LinkInvitation)
		if err != nil {
			return User{}, err
		}
		l, err := invite(tx, u, again, now, ad.scribe(who))
		outcome = invitationOf(l, now)
		return u, err
	})
	return outcome, err
}

// mayInvite refuses an invitation that could not be accepted.
func mayInvite(tx Tx, u User) error {
	switch u.Status {
	case Active:
		return &Error{Kind: Conflict, Code: CodeAlreadyAccepted, Message: "this person is active already; let them choose a new password instead"}
	case Inactive, Nobody:
		return InvalidField("status", "this person is inactive; activate them first")
	case Pending:
	}
	if _, waits, err := tx.Waiting().Get(u.Organisation, u.ID); err != nil {
		return err
	} else if waits {
		return &Error{Kind: Conflict, Code: CodeWaitingForSeat, Message: "this person waits for a seat; free one, or raise the plan"}
	}
	if !reached(u) {
		return unreachable()
	}
	return nil
}

// Invitation reads the last invitation that somebody was sent. Needs users:view. NotFound, also where there was none.
func (ad *Administration) Invitation(ctx context.Context, who Administrator, id UserID) (Invitation, error) {
	var outcome Invitation
	now := ad.env.instant()
	err := ad.look(ctx, who, ModuleUsers, ActionView, id.String(), func(tx Tx) error {
		if _, err := tx.Users().Find(who.Organisation, id); err != nil {
			return err
		}
		l, found, err := tx.Links().Latest(who.Organisation, id, LinkInvitation)
		if err == nil && !found {
			err = &Error{Kind: NotFound, Code: CodeNotFound, Message: "this person was never sent an invitation"}
		}
		outcome = invitationOf(l, now)
		return err
	})
	return outcome, err
}

// ResetPassword sends an active person a link, good for an hour, to choose a new password; the one they have stays until
// they do (rule password.reset). Nobody sees or chooses somebody else's password. Needs users:edit. NotFound, Invalid for who
// is not active, signs in by single sign-on alone or has no address, RateLimited, Precondition.
func (ad *Administration) ResetPassword(ctx context.Context, who Administrator, id UserID, match IfMatch) error {
	_, err := ad.alter(ctx, who, ActionEdit, id, match, func(tx Tx, u User, now time.Time) (User, error) {
		if u.Status != Active {
			return User{}, InvalidField("status", "this person is not active; invite or activate them instead")
		}
		local, err := mayHavePassword(tx, u)
		if err != nil {
			return User{}, err
		}
		if !local {
			return User{}, InvalidField("password", "this person signs in by the identity provider, where their password is; change it there")
		}
		if !reached(u) {
			return User{}, unreachable()
		}
		if able, err := resettable(tx, u); err != nil {
			return User{}, err
		} else if !able {
			return User{}, InvalidField("email", "another account signs in by this person's address, and would get the letter; give this one an address of its own in the directory first")
		}
		if err := ad.env.mayResend(tx, u, LinkReset, now); err != nil {
			return User{}, err
		}
		_, err = sendLink(tx, u, LinkReset, resetLifetime, true, now, ad.scribe(who))
		return u, err
	})
	return err
}

// ResetSecondFactor removes a lost second factor, with the passkeys and recovery codes: the person is told, has to set up a new one at once, and their sessions and
// remembered devices end (rule mfa.reset). Who has none stays as they are. Needs users:edit, and for an owner to be one.
// NotFound, OwnerOnly, Precondition.
func (ad *Administration) ResetSecondFactor(ctx context.Context, who Administrator, id UserID, match IfMatch) error {
	_, err := ad.alter(ctx, who, ActionEdit, id, match, func(tx Tx, u User, now time.Time) (User, error) {
		if u.Owner && !who.Owner {
			return User{}, &Error{Kind: Forbidden, Code: CodeOwnerOnly, Message: "only an owner resets the second factor of an owner; ask one of the organisation's owners"}
		}
		known, err := tx.SignIns().Known(u.Organisation, u.ID)
		if err != nil || !known {
			return u, err
		}
		held, err := tx.SignIns().Hold(u.Organisation, u.ID)
		if err != nil {
			return User{}, err
		}
		removed, err := removeFactors(tx, u)
		if err != nil || removed == 0 {
			return u, err
		}
		held.Enrol = true
		if err := tx.SignIns().Save(held); err != nil {
			return User{}, err
		}
		by := doorsClosed{write: ad.scribe(who), now: now}
		if err := by.endSessions(tx, u.Organisation, u.ID, SessionID{}); err != nil {
			return User{}, err
		}
		if err := by.forgetDevices(tx, u.Organisation, u.ID); err != nil {
			return User{}, err
		}
		return u, by.say(tx, SecondFactorReset, u.ID, attribute.Value{})
	})
	return err
}

// removeFactors removes all that proves somebody beside a password, and counts it.
func removeFactors(tx Tx, u User) (int, error) {
	total := 0
	for _, remove := range []func(OrganisationID, UserID) (int, error){
		tx.SecondFactors().Remove, tx.Passkeys().RemoveAll, tx.RecoveryCodes().Remove,
	} {
		n, err := remove(u.Organisation, u.ID)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// Factors says what proves somebody beside a password: never a secret. Needs users:view. NotFound.
func (ad *Administration) Factors(ctx context.Context, who Administrator, id UserID) (Factors, error) {
	var f Factors
	now := ad.env.instant()
	err := ad.look(ctx, who, ModuleUsers, ActionView, id.String(), func(tx Tx) error {
		if _, err := tx.Users().Find(who.Organisation, id); err != nil {
			return err
		}
		var err error
		f, err = factorsOf(tx, who.Organisation, id, now)
		return err
	})
	return f, err
}

// ForgetDevice makes a remembered browser of somebody be asked for a second factor again. Needs users:edit. NotFound.
func (ad *Administration) ForgetDevice(ctx context.Context, who Administrator, id UserID, device DeviceID) error {
	_, err := ad.alter(ctx, who, ActionEdit, id, IfMatch{}, func(tx Tx, u User, now time.Time) (User, error) {
		return u, doorsClosed{write: ad.scribe(who), now: now}.forgetDevice(tx, u.Organisation, u.ID, device)
	})
	return err
}

// Sessions gives the sessions of somebody, newest first. Needs users:view. NotFound.
func (ad *Administration) Sessions(ctx context.Context, who Administrator, id UserID) ([]Session, error) {
	var list []Session
	err := ad.look(ctx, who, ModuleUsers, ActionView, id.String(), func(tx Tx) error {
		if _, err := tx.Users().Find(who.Organisation, id); err != nil {
			return err
		}
		var err error
		list, err = tx.Sessions().List(who.Organisation, id)
		return err
	})
	return list, err
}

// EndSessions ends all sessions of somebody: the next request of any of them is refused. Needs users:edit. NotFound,
// Precondition.
func (ad *Administration) EndSessions(ctx context.Context, who Administrator, id UserID, match IfMatch) error {
	_, err := ad.alter(ctx, who, ActionEdit, id, match, func(tx Tx, u User, now time.Time) (User, error) {
		return u, doorsClosed{write: ad.scribe(who), now: now}.endSessions(tx, u.Organisation, u.ID, SessionID{})
	})
	return err
}

// EndSession ends one session of somebody. Needs users:edit. NotFound.
func (ad *Administration) EndSession(ctx context.Context, who Administrator, id UserID, session SessionID) error {
	_, err := ad.alter(ctx, who, ActionEdit, id, IfMatch{}, func(tx Tx, u User, now time.Time) (User, error) {
		return u, doorsClosed{write: ad.scribe(who), now: now}.endSession(tx, u.Organisation, u.ID, session)
	})
	return err
}

// greet sends a person who was added by hand their invitation, and gives them the temporary password that was chosen for
// them, if one was; it ends with the invitation (rules invite.mail, invite.temporary-password).
func (ad *Administration) greet(tx Tx, who Administrator, u User, temporary newPassword, now time.Time) error {
	if u.Status != Pending {
		return nil
	}
	l, err := invite(tx, u, false, now, ad.scribe(who))
	if err != nil || temporary.hash == "" {
		return err
	}
	held, err := tx.SignIns().Hold(u.Organisation, u.ID)
	if err != nil {
		return err
	}
	if err := held.set(temporary, l.ExpiresAt, now); err != nil {
		return err
	}
	if err := tx.SignIns().Save(held); err != nil {
		return err
	}
	return doorsClosed{write: ad.scribe(who), now: now}.say(tx, PasswordChanged, u.ID, texts("how", "temporary", "endsAt", timestamp(l.ExpiresAt)))
}

// isSlowed reports whether somebody has to wait for wrong passwords (rule owner.last).
func isSlowed(tx Tx, u User) (bool, error) {
	held, _, err := tx.SignIns().Get(u.Organisation, u.ID)
	return !held.SlowedUntil.IsZero(), err
}

// forgive clears the counter of wrong passwords (rule block.unblock).
func forgive(tx Tx, u User) error {
	known, err := tx.SignIns().Known(u.Organisation, u.ID)
	if err != nil || !known {
		return err
	}
	held, err := tx.SignIns().Hold(u.Organisation, u.ID)
	if err != nil || held.Failures == 0 && held.SlowedUntil.IsZero() {
		return err
	}
	held.Failures, held.SlowedUntil = 0, time.Time{}
	return tx.SignIns().Save(held)
}
