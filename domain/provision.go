package domain

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"usher/domain/attribute"
)

// IfMatch is an If-Match condition (RFC 7232 section 3.1): the zero value demands nothing.
type IfMatch struct {
	Set      bool
	Any      bool    // "*"
	Versions []int64 // those that are acceptable
}

func (m IfMatch) admits(version int64) error {
	if !m.Set || m.Any || slices.Contains(m.Versions, version) {
		return nil
	}
	return &Error{Kind: Precondition, Code: CodeVersionMismatch, Message: "the resource has changed since the version in If-Match; read it again and repeat the change"}
}

// Provision creates a person from the attributes a directory sent (canonical names, canonical order; an omitted active
// means true). It takes a seat unless the person is created inactive (rules seat.required, provision.activation,
// provision.defaults). UserNameTaken, ExternalIDTaken, SeatsExhausted, Invalid.
func (d *Directory) Provision(ctx context.Context, caller Caller, attributes attribute.Value) (User, error) {
	return d.ProvisionWith(ctx, caller, attributes, PushedPassword{})
}

// ProvisionWith is Provision with a password, which the connection's policy keeps or drops (rule provision.password).
// PasswordRefused.
func (d *Directory) ProvisionWith(ctx context.Context, caller Caller, attributes attribute.Value, password PushedPassword) (User, error) {
	caller, err := d.verified(ctx, caller)
	if err != nil {
		return User{}, err
	}
	kept, err := d.pushedFor(ctx, caller, UserID{}, password)
	if err != nil {
		return User{}, err
	}
	id, err := newID[User](d.env)
	if err != nil {
		return User{}, err
	}
	now := d.env.instant()
	user := User{
		ID: id, Organisation: caller.Organisation, Connection: caller.Connection, Licence: LicenceFull,
		Status: caller.Activation.status(), Version: 1, CreatedAt: now, ModifiedAt: now,
	}
	if active := attributes.Get("active"); active.Kind() == attribute.Bool && !active.Truth() {
		user.Status = Inactive
	}
	if user.Status == Active {
		user.AcceptedAt = now
	}
	if err := user.describe(attributes); err != nil {
		return User{}, err
	}
	tree, err := user.Attributes()
	if err != nil {
		return User{}, err
	}
	event, err := d.event(caller, UserCreated, "user", id.UUID, now)
	if err != nil {
		return User{}, err
	}
	event.After = tree
	outcome := user
	err = handingOut(user.Extension, func() error {
		return d.overflowing(ctx, caller, func(mayWait bool) error {
			return d.store.Write(ctx, func(tx Tx) error {
				outcome = user
				if err := d.insert(tx, caller, &outcome, event, mayWait); err != nil {
					return err
				}
				return d.keepPassword(tx, caller, outcome, kept, now)
			})
		})
	})
	if err != nil {
		return User{}, err
	}
	user = outcome
	if user.Manager != "" { // the store knows whether it names somebody
		return d.User(ctx, caller, id)
	}
	return user, nil
}

// insert stores a new person with what follows from the rules, and with what the directory says that they are given.
func (d *Directory) insert(tx Tx, caller Caller, user *User, event Event, mayWait bool) error {
	licence, source, err := d.licenceSaid(tx, caller, event.After)
	if err != nil {
		return err
	}
	user.Licence = licence
	if err := d.insertAlone(tx, caller, user, event, mayWait); err != nil {
		return err
	}
	if source != "" {
		if err := d.noteLicence(tx, caller, *user, source, event.At); err != nil {
			return err
		}
	}
	did, err := d.stating(tx, caller, *user, attribute.Value{}, event.After, mayWait, event.At)
	if err != nil || !did {
		return err
	}
	*user, err = tx.Users().Get(caller.Scope(), user.ID)
	return err
}

// insertAlone stores a new person with what follows from the rules.
func (d *Directory) insertAlone(tx Tx, caller Caller, user *User, event Event, mayWait bool) error {
	pushed := *user
	suspension, held, err := heldBack(tx, caller, user)
	if err != nil {
		return err
	}
	tree := event.After
	if caller.HandsOutExtensions {
		if err := giveExtension(tx, *user, &tree); err != nil {
			return err
		}
	}
	if user.Status != pushed.Status || !attribute.Equal(tree, event.After) {
		if err := user.describe(tree); err != nil {
			return err
		}
		if event.After, err = user.Attributes(); err != nil {
			return err
		}
	}
	var place WaitingPlace
	waits := false
	if mayWait && user.HoldsSeat() {
		if place, waits, err = takeOrWait(tx, User{}, user, event.At); err != nil {
			return err
		}
	}
	if err := checkStep(User{}, *user); err != nil {
		return err
	}
	if err := tx.Users().Insert(*user); err != nil {
		return err
	}
	if err := tx.Events().Append(event); err != nil {
		return err
	}
	if held != "" {
		if err := d.recordHeld(tx, caller, held, suspension, *user, event.At); err != nil {
			return err
		}
	}
	if waits {
		return tx.Waiting().Join(place)
	}
	if user.HoldsSeat() && !mayWait {
		if err := tx.Seats().Take(user.Organisation, user.Licence, user.ID); err != nil {
			return err
		}
	}
	return inviteProvisioned(tx, caller.Activation, *user, event.At, d.scribe(caller))
}

// recordHeld carries the suspension of an archived person over to the account that took their names, or ends it.
func (d *Directory) recordHeld(tx Tx, caller Caller, what EventType, was Suspension, user User, now time.Time) error {
	if err := tx.Suspensions().End(was.Organisation, was.User); err != nil {
		return err
	}
	if what == SuspensionKept {
		was.User = user.ID
		if err := tx.Suspensions().Put(was); err != nil {
			return err
		}
	}
	return d.say(tx, caller, what, user.ID, now)
}

// say appends an event without values.
func (d *Directory) say(tx Tx, caller Caller, what EventType, id UserID, now time.Time) error {
	event, err := d.event(caller, what, "user", id.UUID, now)
	if err != nil {
		return err
	}
	return tx.Events().Append(event)
}

// overflowing runs a unit of work that may need a seat; where there is none and the policy is to wait, it
// runs a second time and may put the person in line (rules seat.required, seat.wait). The policy is not looked at before,
// so that a push that finds a seat does not pay for it.
func (d *Directory) overflowing(ctx context.Context, caller Caller, run func(mayWait bool) error) error {
	err := run(false)
	if !IsCode(err, CodeSeatsExhausted) {
		return err
	}
	var policy Policy
	if failed := d.store.Read(ctx, func(tx Tx) (err error) {
		policy, err = policyFor(tx, caller)
		return err
	}); failed != nil {
		return failed
	}
	if policy.SeatOverflow != SeatOverflowWait {
		return err
	}
	return run(true)
}

// policyFor is the policy that holds for what a directory pushes: what its connection has decided stands before what the
// organisation has.
func policyFor(tx Tx, caller Caller) (Policy, error) {
	of, err := tx.Policies().Get(caller.Organisation)
	return caller.Policy.Over(of), err
}

// scribe of what this caller does.
func (d *Directory) scribe(caller Caller) scribe {
	return d.author(caller).scribe()
}

// status in which a person begins.
func (a Activation) status() Status {
	if a == ActivateAtOnce {
		return Active
	}
	return Pending
}

// later makes lastModified move on even where the clock does not (or runs backwards on another replica).
func later(now, last time.Time) time.Time {
	if now.After(last) {
		return now
	}
	return last.Add(time.Millisecond)
}

// Deprovision deletes a person: an archive, of which a directory sees only that the person is gone. Seat, names and
// memberships are free in the same transaction; people who reported to them report to nobody (rules seat.release,
// delete.records). NotFound, Precondition, LastOwner.
func (d *Directory) Deprovision(ctx context.Context, caller Caller, id UserID, match IfMatch) error {
	caller, err := d.verified(ctx, caller)
	if err != nil {
		return err
	}
	err = d.store.Write(ctx, func(tx Tx) error {
		was, err := tx.Users().Get(caller.Scope(), id)
		if err != nil {
			return err
		}
		if err := match.admits(was.Version); err != nil {
			return err
		}
		now := d.env.instant()
		if was.Connection.IsZero() {
			if was, err = d.link(tx, caller, was, now); err != nil {
				return err
			}
		}
		if err := archive(tx, was, now, d.scribe(caller)); err != nil {
			return err
		}
		return passOn(tx, was, caller.Policy.Successor, now, d.scribe(caller))
	})
	if IsCode(err, CodeLastOwner) {
		err = d.ownerProtected(ctx, caller, id, err)
	}
	return err
}

// ownerProtected records that rule owner.last refused a directory's change, which undid everything else, and gives the
// refusal back.
func (d *Directory) ownerProtected(ctx context.Context, caller Caller, id UserID, refusal error) error {
	return ownerProtectedFrom(ctx, d.store, d.author(caller), "user", id.UUID, d.env.instant(), refusal)
}

// event prepares the record of something this caller does.
func (d *Directory) event(caller Caller, what EventType, subjectKind string, subject uuid.UUID, at time.Time) (Event, error) {
	return d.author(caller).event(what, subjectKind, subject, at)
}
