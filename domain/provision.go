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
	caller, err := d.verified(ctx, caller)
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
	err = d.store.Write(ctx, func(tx Tx) error {
		if err := tx.Users().Insert(user); err != nil {
			return err
		}
		if err := tx.Events().Append(event); err != nil {
			return err
		}
		if user.HoldsSeat() {
			return tx.Seats().Take(user.Organisation, user.Licence, user.ID)
		}
		return nil
	})
	if err != nil {
		return User{}, err
	}
	if user.Manager != "" { // the store knows whether it names somebody
		return d.User(ctx, caller, id)
	}
	return user, nil
}

// status in which a person begins.
func (a Activation) status() Status {
	if a == ActivateAtOnce {
		return Active
	}
	return Pending
}

// ChangeUser lets change make new attributes of a person's current ones, and saves the outcome with every rule that
// follows from it. When nothing differs nothing is written, and the answer is the person as it was. change may be
// called more than once. NotFound, Precondition, and as for Provision; LastOwner.
//
// known may be the person as the caller has just read it: then the first attempt spares the reading, and fails over to
// a fresh one when it has changed since.
func (d *Directory) ChangeUser(ctx context.Context, caller Caller, id UserID, match IfMatch, known *User,
	change func(current attribute.Value) (attribute.Value, error),
) (User, error) {
	caller, err := d.verified(ctx, caller)
	if err != nil {
		return User{}, err
	}
	var outcome User
	err = d.store.Write(ctx, func(tx Tx) error {
		var was User
		if known != nil {
			was, known = *known, nil
		} else if was, err = tx.Users().Get(caller.Scope(), id); err != nil {
			return err
		}
		outcome, err = d.changeUser(tx, caller, was, match, change)
		return err
	})
	if IsCode(err, CodeLastOwner) {
		err = d.ownerProtected(ctx, caller, id, err)
	}
	if err != nil {
		return User{}, err
	}
	return outcome, nil
}

func (d *Directory) changeUser(tx Tx, caller Caller, was User, match IfMatch, change func(attribute.Value) (attribute.Value, error)) (User, error) {
	if err := match.admits(was.Version); err != nil {
		return User{}, err
	}
	before, err := was.Attributes()
	if err != nil {
		return User{}, err
	}
	was.Emails = emailsOf(before)
	after, err := change(before)
	if err != nil {
		return User{}, err
	}
	now := d.env.instant()
	is := was
	if active := after.Get("active"); active.Kind() == attribute.Bool {
		is.setActive(active.Truth(), caller.Activation, now)
	}
	if err := is.describe(after); err != nil {
		return User{}, err
	}
	if after, err = is.Attributes(); err != nil {
		return User{}, err
	}
	if is.Status == was.Status && attribute.Equal(before, after) {
		return was, nil
	}
	if err := loseOwner(tx, was, is); err != nil {
		return User{}, err
	}
	is.Version, is.ModifiedAt = was.Version+1, later(now, was.ModifiedAt)
	if err := tx.Users().Save(was, is); err != nil {
		return User{}, err
	}
	event, err := d.event(caller, changeType(was, is), "user", is.ID.UUID, now)
	if err != nil {
		return User{}, err
	}
	event.Before, event.After = attribute.Diff(before, after)
	if err := tx.Events().Append(event); err != nil {
		return User{}, err
	}
	if err := d.moveSeat(tx, was, is); err != nil {
		return User{}, err
	}
	if is.Manager == was.Manager {
		return is, nil
	}
	return tx.Users().Get(caller.Scope(), is.ID)
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

// moveSeat takes or frees the seat that a change of status asks for (rules activate.seat, seat.release).
func (d *Directory) moveSeat(tx Tx, was, is User) error {
	switch {
	case is.HoldsSeat() && !was.HoldsSeat():
		return tx.Seats().Take(is.Organisation, is.Licence, is.ID)
	case !is.HoldsSeat() && was.HoldsSeat():
		return tx.Seats().Release(is.Organisation, is.ID)
	}
	return nil
}

func changeType(was, is User) EventType {
	switch {
	case was.Status != Inactive && is.Status == Inactive:
		return UserDeactivated
	case was.Status == Inactive && is.Status != Inactive:
		return UserActivated
	}
	return UserUpdated
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
		is := was
		is.Status, is.ArchivedAt, is.ModifiedAt, is.Version = Inactive, now, later(now, was.ModifiedAt), was.Version+1
		if err := loseOwner(tx, was, is); err != nil {
			return err
		}
		if err := d.clearReports(tx, caller, is, now); err != nil {
			return err
		}
		if err := tx.Users().Archive(is); err != nil {
			return err
		}
		event, err := d.event(caller, UserDeleted, "user", id.UUID, now)
		if err != nil {
			return err
		}
		if event.Before, err = was.Attributes(); err != nil {
			return err
		}
		if err := tx.Events().Append(event); err != nil {
			return err
		}
		return tx.Seats().Release(is.Organisation, is.ID)
	})
	if IsCode(err, CodeLastOwner) {
		err = d.ownerProtected(ctx, caller, id, err)
	}
	return err
}

// clearReports takes a manager who goes out of the resources of the people who named them by id.
func (d *Directory) clearReports(tx Tx, caller Caller, manager User, now time.Time) error {
	const batch = 500
	for {
		reports, err := tx.Users().Reports(caller.Scope(), manager.ID, batch)
		if err != nil {
			return err
		}
		for _, was := range reports {
			if was.ID == manager.ID {
				continue // who reports to themselves goes with what they said
			}
			before, err := was.Attributes()
			if err != nil {
				return err
			}
			was.Emails = emailsOf(before)
			after := before
			enterprise := after.Get(URNEnterprise)
			enterprise.Delete("manager")
			after.Set(URNEnterprise, enterprise)
			is := was
			if err := is.describe(after); err != nil {
				return err
			}
			is.Version, is.ModifiedAt = was.Version+1, later(now, was.ModifiedAt)
			if err := tx.Users().Save(was, is); err != nil {
				return err
			}
			event, err := d.event(caller, UserUpdated, "user", is.ID.UUID, now)
			if err != nil {
				return err
			}
			event.Before, event.After = attribute.Diff(before, after)
			if err := tx.Events().Append(event); err != nil {
				return err
			}
		}
		if len(reports) < batch {
			return nil
		}
	}
}

// ownerProtected records that rule owner.last refused a directory's change, which undid everything else, and gives the
// refusal back.
func (d *Directory) ownerProtected(ctx context.Context, caller Caller, id UserID, refusal error) error {
	event, err := d.event(caller, OwnerProtected, "user", id.UUID, d.env.instant())
	if err != nil {
		return err
	}
	if err := d.store.Write(ctx, func(tx Tx) error { return tx.Events().Append(event) }); err != nil {
		return err
	}
	return refusal
}

// event prepares the record of something this caller does.
func (d *Directory) event(caller Caller, what EventType, subjectKind string, subject uuid.UUID, at time.Time) (Event, error) {
	id, err := newID[Event](d.env)
	return Event{
		ID: id, Organisation: caller.Organisation, Type: what,
		Actor:       Actor{Kind: "connection", ID: caller.Connection.UUID},
		SubjectKind: subjectKind, Subject: subject, RequestID: caller.RequestID, At: at,
	}, err
}
