package domain

import (
	"context"
	"time"

	"usher/domain/attribute"
)

// ChangeUser lets change make new attributes of a person's current ones, and saves the outcome with every rule that
// follows from it. When nothing differs nothing is written, and the answer is the person as it was. change may be
// called more than once. NotFound, Precondition, and as for Provision; LastOwner.
//
// known may be the person as the caller has just read it: then the first attempt spares the reading, and fails over to
// a fresh one when it has changed since.
func (d *Directory) ChangeUser(ctx context.Context, caller Caller, id UserID, match IfMatch, known *User,
	change func(current attribute.Value) (attribute.Value, error),
) (User, error) {
	return d.ChangeUserWith(ctx, caller, id, match, known, change, PushedPassword{})
}

// ChangeUserWith is ChangeUser with a password, which the connection's policy keeps or drops (rule provision.password). It
// shows in no attribute: where it is all that differs, the person is answered as they were. PasswordRefused.
func (d *Directory) ChangeUserWith(ctx context.Context, caller Caller, id UserID, match IfMatch, known *User,
	change func(current attribute.Value) (attribute.Value, error), password PushedPassword,
) (User, error) {
	caller, err := d.verified(ctx, caller)
	if err != nil {
		return User{}, err
	}
	kept, err := d.pushedFor(ctx, caller, id, password)
	if err != nil {
		return User{}, err
	}
	var outcome User
	again := false
	err = d.overflowing(ctx, caller, func(mayWait bool) error {
		return d.store.Write(ctx, func(tx Tx) error {
			thorough := again
			again = true
			var was User
			if known != nil {
				was, known = *known, nil
			} else if was, err = tx.Users().Get(caller.Scope(), id); err != nil {
				return err
			}
			if outcome, err = d.changeUser(tx, caller, was, match, mayWait, thorough, change); err != nil {
				return err
			}
			return d.keepPassword(tx, caller, outcome, kept, d.env.instant())
		})
	})
	if IsCode(err, CodeLastOwner) {
		err = d.ownerProtected(ctx, caller, id, err)
	}
	if err != nil {
		return User{}, err
	}
	return outcome, nil
}

func (d *Directory) changeUser(tx Tx, caller Caller, was User, match IfMatch, mayWait, thorough bool, change func(attribute.Value) (attribute.Value, error)) (User, error) {
	if err := match.admits(was.Version); err != nil {
		return User{}, err
	}
	before, err := was.Attributes()
	if err != nil {
		return User{}, err
	}
	was.recall(before)
	after, err := change(before)
	if err != nil {
		return User{}, err
	}
	now := d.env.instant()
	heard := before
	if was.Connection.IsZero() {
		heard = unheard(before, change)
	}
	if was, err = d.linked(tx, caller, was, now); err != nil {
		return User{}, err
	}
	is, err := d.activated(tx, caller, was, after, now)
	if err != nil {
		return User{}, err
	}
	if after, err = d.keepNames(tx, caller, was, before, after, now); err != nil {
		return User{}, err
	}
	if err := is.describe(after); err != nil {
		return User{}, err
	}
	if after, err = is.Attributes(); err != nil {
		return User{}, err
	}
	if is.Status == was.Status && attribute.Equal(before, after) {
		if did, err := d.stating(tx, caller, was, heard, after, mayWait, now); err != nil || !did {
			return was, err
		}
		return tx.Users().Get(caller.Scope(), was.ID)
	}
	c := changing{d: d, tx: tx, caller: caller, was: was, is: is, before: before, heard: heard, after: after, mayWait: mayWait, thorough: thorough, now: now}
	return c.save()
}

// unheard is what somebody has, without the SCIM roles and entitlements that a change sends: they are another directory's word until now,
// which may have been dropped, and count from this moment on as the one that links them says them (rules mapping.precedence, link.adopt).
func unheard(before attribute.Value, change func(attribute.Value) (attribute.Value, error)) attribute.Value {
	heard := before
	heard.Delete("roles")
	heard.Delete("entitlements")
	sent, err := change(heard)
	if err != nil { // it is about a value that was there
		return before
	}
	heard = before
	for _, name := range []string{"roles", "entitlements"} {
		if sent.Get(name).Assigned() {
			heard.Delete(name)
		}
	}
	return heard
}

// linked is a person who belongs to the connection, from now on where they did not (rule link.adopt).
func (d *Directory) linked(tx Tx, caller Caller, was User, now time.Time) (User, error) {
	if !was.Connection.IsZero() {
		return was, nil
	}
	return d.link(tx, caller, was, now)
}

// activated is a person with the status that the attributes ask for, as far as the rules let a directory have it.
func (d *Directory) activated(tx Tx, caller Caller, was User, after attribute.Value, now time.Time) (User, error) {
	is := was
	if active := after.Get("active"); active.Kind() == attribute.Bool {
		is.setActive(active.Truth(), caller.Activation, now)
	}
	if was.Status != Inactive || is.Status == Inactive {
		return is, nil
	}
	err := d.bringBack(tx, caller, was, &is, now)
	return is, err
}

// setActive maps what the directory says (rule scim.active) to a status: true brings an inactive person back to
// pending, or to active if they have been that before, and changes nothing for anybody else (rule activate.seat).
func (u *User) setActive(active bool, activation Activation, now time.Time) {
	switch {
	case !active:
		u.Status = Inactive
	case u.Status != Inactive:
	case !u.AcceptedAt.IsZero():
		u.Status = Active
	default:
		u.Status = activation.status()
		if u.Status == Active {
			u.AcceptedAt = now
		}
	}
}

// bringBack applies rule suspend.sticks to a person whom a directory wants active again, and restarts the clock of
// inactivity for one who is (rule block.inactivity).
func (d *Directory) bringBack(tx Tx, caller Caller, was User, is *User, now time.Time) error {
	suspension, found, err := tx.Suspensions().Get(was.Organisation, was.ID)
	if err != nil {
		return err
	}
	if found {
		policy, err := policyFor(tx, caller)
		if err != nil {
			return err
		}
		if policy.Suspension != DirectoryWins {
			is.Status, is.AcceptedAt = was.Status, was.AcceptedAt
			return d.say(tx, caller, SuspensionKept, was.ID, now)
		}
		if err := tx.Suspensions().End(suspension.Organisation, suspension.User); err != nil {
			return err
		}
		if err := d.say(tx, caller, SuspensionOverruled, was.ID, now); err != nil {
			return err
		}
	}
	return tx.Inactivity().Restart(was.Organisation, was.ID, now)
}

// keepNames takes a change of user name or e-mails out of what a directory sent, where the policy says that those never
// change; the rest applies (rule user.email-immutable).
func (d *Directory) keepNames(tx Tx, caller Caller, was User, before, after attribute.Value, now time.Time) (attribute.Value, error) {
	if attribute.Equal(before.Get("userName"), after.Get("userName")) && attribute.Equal(before.Get("emails"), after.Get("emails")) {
		return after, nil
	}
	policy, err := policyFor(tx, caller)
	if err != nil || policy.EmailChange != EmailChangeNever {
		return after, err
	}
	for _, name := range []string{"userName", "emails"} {
		if before.Has(name) {
			after.Set(name, before.Get(name))
		} else {
			after.Delete(name)
		}
	}
	return after, d.say(tx, caller, EmailChangeSkipped, was.ID, now)
}
