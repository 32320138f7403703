package domain

import (
	"context"
	"slices"
	"time"

	"usher/domain/attribute"
)

// alter runs a change of one person for somebody who may do the action on them, where the person is still as match
// demands. That the last owner was protected is recorded.
func (ad *Administration) alter(ctx context.Context, who Administrator, action string, id UserID, match IfMatch,
	fn func(tx Tx, was User, now time.Time) (User, error),
) (User, error) {
	var outcome User
	err := ad.change(ctx, who, ModuleUsers, action, id.String(), func(tx Tx, now time.Time) error {
		was, err := tx.Users().Find(who.Organisation, id)
		if err != nil {
			return err
		}
		if err := match.admits(was.Version); err != nil {
			return err
		}
		outcome, err = fn(tx, was, now)
		return err
	})
	if IsCode(err, CodeLastOwner) {
		err = ad.ownerProtected(ctx, who, id, err)
	}
	if err != nil {
		return User{}, err
	}
	return outcome, nil
}

// ownerProtected records that rule owner.last refused something, which undid everything else, and gives the refusal back.
func (ad *Administration) ownerProtected(ctx context.Context, who Administrator, id UserID, refusal error) error {
	return ownerProtectedFrom(ctx, ad.store, ad.author(who), "user", id.UUID, ad.env.instant(), refusal)
}

// scribe of what this administrator does to people.
func (ad *Administration) scribe(who Administrator) scribe {
	return ad.author(who).scribe()
}

// save writes a changed person with new attributes over what was read, with seat and event. Where nothing differs it
// writes nothing.
func (ad *Administration) save(tx Tx, who Administrator, was, is User, tree attribute.Value, what EventType, now time.Time) (User, error) {
	return ad.saveWith(tx, who, was, is, tree, nil, what, now)
}

// aside is what changes of a person beside their document, as the event shows it unless it has no name, and writes it. The
// zero value is nothing.
type aside struct {
	name    string
	was, is attribute.Value
	write   func() error
}

func (a aside) changed() bool { return a.write != nil && !attribute.Equal(a.was, a.is) }

// save writes what changes, and tells of it.
func (a aside) save(before, after *attribute.Value) error {
	if !a.changed() {
		return nil
	}
	if a.name != "" {
		setOrDelete(before, a.name, a.was)
		setOrDelete(after, a.name, a.is)
	}
	return a.write()
}

// saveWith is save with something beside the document.
func (ad *Administration) saveWith(tx Tx, who Administrator, was, is User, tree attribute.Value, beside []aside, what EventType, now time.Time) (User, error) {
	before, err := was.Attributes()
	if err != nil {
		return User{}, err
	}
	was.recall(before)
	if err := is.describe(tree); err != nil {
		return User{}, err
	}
	after, err := is.Attributes()
	if err != nil {
		return User{}, err
	}
	if is.Status == was.Status && is.Owner == was.Owner && is.Licence == was.Licence && attribute.Equal(before, after) && !slices.ContainsFunc(beside, aside.changed) {
		return was, nil
	}
	if err := checkStep(was, is); err != nil {
		return User{}, err
	}
	if err := loseOwner(tx, was, is); err != nil {
		return User{}, err
	}
	is.Version, is.ModifiedAt = was.Version+1, later(now, was.ModifiedAt)
	if err := tx.Users().Save(was, is); err != nil {
		return User{}, err
	}
	before, after = attribute.Diff(before, after)
	for _, a := range beside {
		if err := a.save(&before, &after); err != nil {
			return User{}, err
		}
	}
	for _, field := range []struct{ name, was, is string }{
		{"status", string(was.Status), string(is.Status)}, {"licence", was.Licence, is.Licence},
	} {
		if field.was != field.is {
			before.Set(field.name, attribute.NewString(field.was))
			after.Set(field.name, attribute.NewString(field.is))
		}
	}
	if err := ad.record(tx, who, what, "user", is.ID.UUID, now, before, after); err != nil {
		return User{}, err
	}
	if err := stepped(tx, was, is, Event{Type: what, Actor: who.Actor, At: now}); err != nil {
		return User{}, err
	}
	if err := settleQueues(tx, was, is, true, now, ad.scribe(who)); err != nil {
		return User{}, err
	}
	if err := moveSeat(tx, was, is, now, ad.scribe(who)); err != nil {
		return User{}, err
	}
	if err := ad.moveDoors(tx, who, was, is, now); err != nil {
		return User{}, err
	}
	return tx.Users().Find(is.Organisation, is.ID)
}

// moveDoors ends what somebody gets in by where a change asks for it (rules deactivate.doors, invite.once).
func (ad *Administration) moveDoors(tx Tx, who Administrator, was, is User, now time.Time) error {
	switch {
	case was.Status != Inactive && is.Status == Inactive:
		return closeDoors(tx, is.Organisation, is.ID, now, ad.scribe(who))
	case was.Status == Pending && is.Status == Active:
		return arrived(tx, is, now, ad.scribe(who))
	}
	return readdressed(tx, was, is, now, ad.scribe(who))
}

// Confirm makes a pending person active without the way round by mail (rule invite.confirm); anybody else stays as they
// are. Needs users:activate. NotFound, WaitingForSeat for who has no seat yet, Invalid for who is inactive,
// Precondition.
func (ad *Administration) Confirm(ctx context.Context, who Administrator, id UserID, match IfMatch) (User, error) {
	return ad.alter(ctx, who, ActionActivate, id, match, func(tx Tx, was User, now time.Time) (User, error) {
		switch was.Status {
		case Active:
			return was, nil
		case Inactive, Nobody:
			return User{}, InvalidField("status", "this person is inactive; activate them first")
		case Pending:
		}
		_, waits, err := tx.Waiting().Get(was.Organisation, was.ID)
		if err != nil {
			return User{}, err
		}
		if waits {
			return User{}, &Error{Kind: Conflict, Code: CodeWaitingForSeat, Message: "this person waits for a seat; free one, or raise the plan"}
		}
		is := was
		is.Status = Active
		if is.AcceptedAt.IsZero() {
			is.AcceptedAt = now
		}
		if err := ad.readmit(tx, is); err != nil {
			return User{}, err
		}
		if err := tx.Inactivity().Restart(is.Organisation, is.ID, now); err != nil {
			return User{}, err
		}
		return ad.resave(tx, who, was, is, UserConfirmed, now)
	})
}

// readmit is readmitted for somebody who was read.
func (ad *Administration) readmit(tx Tx, u User) error {
	tree, err := u.Attributes()
	if err != nil {
		return err
	}
	u.recall(tree)
	return readmitted(tx, u)
}

// resave is save with the attributes that the person has.
func (ad *Administration) resave(tx Tx, who Administrator, was, is User, what EventType, now time.Time) (User, error) {
	tree, err := was.Attributes()
	if err != nil {
		return User{}, err
	}
	return ad.save(tx, who, was, is, tree, what, now)
}

// Activate brings an inactive person back, to pending who never accepted and to active else; it needs a free seat, ends a
// suspension and restarts the clock of inactivity (rules activate.seat, suspend.sticks, block.inactivity). It lifts no
// block: that is Unblock's to do (rule activate.block-kept). Needs users:activate. NotFound, SeatsExhausted,
// Precondition.
func (ad *Administration) Activate(ctx context.Context, who Administrator, id UserID, match IfMatch) (User, error) {
	return ad.activate(ctx, who, id, match, func(Tx, User, time.Time) error { return nil })
}

// ActivateAndInvite is Activate, and sends who is pending by it, because they never accepted, a new invitation. Needs
// users:invite, too. As Activate, and as Invite.
func (ad *Administration) ActivateAndInvite(ctx context.Context, who Administrator, id UserID, match IfMatch) (User, error) {
	if err := who.need(ModuleUsers, ActionInvite, id.String()); err != nil {
		return User{}, err
	}
	return ad.activate(ctx, who, id, match, func(tx Tx, u User, now time.Time) error {
		if u.Status != Pending {
			return nil
		}
		if err := mayInvite(tx, u); err != nil {
			return err
		}
		if err := ad.env.mayResend(tx, u, LinkInvitation, now); err != nil {
			return err
		}
		_, err := invite(tx, u, true, now, ad.scribe(who))
		return err
	})
}

// activate is Activate with something to do after it for who was brought back.
func (ad *Administration) activate(ctx context.Context, who Administrator, id UserID, match IfMatch, then func(tx Tx, u User, now time.Time) error) (User, error) {
	return ad.alter(ctx, who, ActionActivate, id, match, func(tx Tx, was User, now time.Time) (User, error) {
		if was.Status != Inactive {
			return was, nil
		}
		is := was
		if is.Status = Pending; !is.AcceptedAt.IsZero() {
			is.Status = Active
		}
		if err := ad.readmit(tx, is); err != nil {
			return User{}, err
		}
		if err := tx.Inactivity().Restart(is.Organisation, is.ID, now); err != nil {
			return User{}, err
		}
		u, err := ad.resave(tx, who, was, is, UserActivated, now)
		if err != nil {
			return User{}, err
		}
		return u, then(tx, u, now)
	})
}

// Deactivate suspends a person: the seat is free in the same transaction and goes to the first in line, everything else is
// kept, and no directory brings them back unless the policy says so (rules seat.release, seat.wait, deactivate.keeps,
// suspend.sticks, owner.last). Who is inactive already stays it, by an administrator's word from now on. Needs users:deactivate. NotFound, LastOwner,
// RecordsOwned, Precondition.
func (ad *Administration) Deactivate(ctx context.Context, who Administrator, id UserID, match IfMatch) (User, error) {
	return ad.DeactivateWith(ctx, who, id, match, Handover{})
}

// DeactivateWith is Deactivate for somebody who may own records: they go to a successor or are left, as is decided (rule
// deactivate.records). RecordsOwned where nothing is; Invalid for a successor who cannot take over.
func (ad *Administration) DeactivateWith(ctx context.Context, who Administrator, id UserID, match IfMatch, records Handover) (User, error) {
	if err := records.check(); err != nil {
		return User{}, err
	}
	return ad.alter(ctx, who, ActionDeactivate, id, match, func(tx Tx, was User, now time.Time) (User, error) {
		if was.Status == Inactive {
			return ad.deactivateAgain(tx, who, was, records.Successor, now)
		}
		is := was
		is.Status = Inactive
		err := tx.Suspensions().Put(Suspension{Organisation: is.Organisation, User: is.ID, Since: now, By: who.Actor})
		if err != nil {
			return User{}, err
		}
		if is, err = ad.resave(tx, who, was, is, UserDeactivated, now); err != nil {
			return User{}, err
		}
		return is, handOver(tx, is, records, now, ad.scribe(who))
	})
}

// deactivateAgain is an administrator's word about somebody who is inactive already, such as by a directory's: no directory
// brings them back from now on (rule suspend.sticks), and a successor who is named takes over what they still own (rule
// deactivate.records). Else their records stay, as was decided when they became inactive. That is said over the version that was
// read, so that a directory that activates them at the same moment is heard before or after it.
func (ad *Administration) deactivateAgain(tx Tx, who Administrator, was User, successor UserID, now time.Time) (User, error) {
	_, suspended, err := tx.Suspensions().Get(was.Organisation, was.ID)
	if err != nil {
		return User{}, err
	}
	is := was
	if !suspended {
		tree, err := was.Attributes()
		if err != nil {
			return User{}, err
		}
		word := aside{name: "suspended", was: attribute.NewBool(false), is: attribute.NewBool(true), write: func() error {
			return tx.Suspensions().Put(Suspension{Organisation: was.Organisation, User: was.ID, Since: now, By: who.Actor})
		}}
		if is, err = ad.saveWith(tx, who, was, was, tree, []aside{word}, SuspensionBegan, now); err != nil {
			return User{}, err
		}
	}
	if successor.IsZero() {
		return is, nil
	}
	if _, err := tx.Records().Hold(is.Organisation, is.ID); err != nil {
		return User{}, err
	}
	return is, handOver(tx, is, Handover{Successor: successor}, now, ad.scribe(who))
}

// Delete archives a person: directories answer as if they had never been, names, seat and memberships are free, and the
// events stay (rules delete.records, owner.last). Needs users:delete. NotFound, LastOwner, RecordsOwned, Precondition.
func (ad *Administration) Delete(ctx context.Context, who Administrator, id UserID, match IfMatch) error {
	return ad.DeleteWith(ctx, who, id, match, Handover{})
}

// DeleteWith is Delete for somebody who may own records: they go to a successor or are left, as is decided (rule
// delete.records). RecordsOwned where nothing is; Invalid for a successor who cannot take over.
func (ad *Administration) DeleteWith(ctx context.Context, who Administrator, id UserID, match IfMatch, records Handover) error {
	if err := records.check(); err != nil {
		return err
	}
	_, err := ad.alter(ctx, who, ActionDelete, id, match, func(tx Tx, was User, now time.Time) (User, error) {
		if err := archive(tx, was, now, ad.scribe(who)); err != nil {
			return was, err
		}
		return was, handOver(tx, was, records, now, ad.scribe(who))
	})
	return err
}

// Purge erases what is personal of an archived person, in their record and in the values of their events; that the events
// happened stays in the log. A second time changes nothing. Needs users:delete. NotFound, NotArchived.
func (ad *Administration) Purge(ctx context.Context, who Administrator, id UserID) error {
	return ad.change(ctx, who, ModuleUsers, ActionDelete, id.String(), func(tx Tx, now time.Time) error {
		u, err := tx.Users().Archived(who.Organisation, id)
		if IsKind(err, NotFound) {
			if _, errHere := tx.Users().Find(who.Organisation, id); errHere == nil {
				return &Error{Kind: Conflict, Code: CodeNotArchived, Message: "this person is still here; delete them first"}
			}
		}
		if err != nil || u.Purged() {
			return err
		}
		if err := tx.Suspensions().End(who.Organisation, id); err != nil {
			return err
		}
		if err := tx.Answers().Forget(who.Organisation, id); err != nil {
			return err
		}
		if err := tx.Users().Purge(who.Organisation, id); err != nil {
			return err
		}
		return ad.record(tx, who, UserPurged, "user", id.UUID, now, attribute.Value{}, attribute.Value{})
	})
}

// ownerLicence refuses a licence that owners cannot have (rule owner.escalation).
func ownerLicence(u User) error {
	if !u.Owner || u.Licence != LicenceSimulator {
		return nil
	}
	return &Error{Kind: Forbidden, Code: CodeOwnerLicence, Field: "licence", Message: "an owner's licence is not simulator; choose another licence, or end their ownership first"}
}

// MakeOwner makes a person a system owner, who may do everything. Only an owner does (rule owner.escalation), who
// needs users:edit. NotFound, OwnerOnly, OwnerLicence, Precondition.
func (ad *Administration) MakeOwner(ctx context.Context, who Administrator, id UserID, match IfMatch) (User, error) {
	return ad.setOwner(ctx, who, id, match, true)
}

// UnmakeOwner ends an ownership. Only an owner does. NotFound, OwnerOnly, LastOwner, Precondition.
func (ad *Administration) UnmakeOwner(ctx context.Context, who Administrator, id UserID, match IfMatch) (User, error) {
	return ad.setOwner(ctx, who, id, match, false)
}

func (ad *Administration) setOwner(ctx context.Context, who Administrator, id UserID, match IfMatch, owner bool) (User, error) {
	if err := who.need(ModuleUsers, ActionEdit, id.String()); err != nil {
		return User{}, err
	}
	if !who.Owner {
		return User{}, &Error{Kind: Forbidden, Code: CodeOwnerOnly, Message: "only an owner makes owners or ends that; ask one of the organisation's owners, or the operator where there is none"}
	}
	return ad.alter(ctx, who, ActionEdit, id, match, func(tx Tx, was User, now time.Time) (User, error) {
		return own(tx, ad.author(who), was, owner, now)
	})
}
