package domain

import (
	"time"

	"usher/domain/attribute"
)

// changing is a directory's change of a person on its way into the store.
type changing struct {
	d             *Directory
	tx            Tx
	caller        Caller
	was, is       User
	before, after attribute.Value
	heard         attribute.Value // before, as far as this directory has said it
	mayWait       bool            // for a seat
	thorough      bool            // not the first attempt
	now           time.Time
}

// comesBack reports whether somebody who was inactive is so no more, and so needs a seat.
func (c *changing) comesBack() bool { return c.is.HoldsSeat() && !c.was.HoldsSeat() }

// save writes the person with the event and with all that follows from the rules.
func (c *changing) save() (User, error) {
	if err := checkStep(c.was, c.is); err != nil {
		return User{}, err
	}
	if err := loseOwner(c.tx, c.was, c.is); err != nil {
		return User{}, err
	}
	var place WaitingPlace
	waits := false
	if c.comesBack() {
		if err := c.relicense(); err != nil {
			return User{}, err
		}
		if c.mayWait {
			var err error
			if place, waits, err = takeOrWait(c.tx, c.was, &c.is, c.now); err != nil {
				return User{}, err
			}
		}
	}
	c.is.Version, c.is.ModifiedAt = c.was.Version+1, later(c.now, c.was.ModifiedAt)
	if err := c.tx.Users().Save(c.was, c.is); err != nil {
		return User{}, err
	}
	if err := c.tell(); err != nil {
		return User{}, err
	}
	stated := false
	if c.comesBack() { // first, since their queues and their seat come of what is said now
		var err error
		if stated, err = c.d.stating(c.tx, c.caller, c.is, c.heard, c.after, c.mayWait, c.now); err != nil {
			return User{}, err
		}
	}
	if err := c.follow(place, waits); err != nil {
		return User{}, err
	}
	if !c.comesBack() {
		var err error
		if stated, err = c.d.stating(c.tx, c.caller, c.is, c.heard, c.after, c.mayWait, c.now); err != nil {
			return User{}, err
		}
	}
	if c.is.Manager == c.was.Manager && !stated && !c.thorough {
		return c.is, nil
	}
	return c.tx.Users().Get(c.caller.Scope(), c.is.ID)
}

// tell appends the event, and remembers it where it is a step of the person's life.
func (c *changing) tell() error {
	event, err := c.d.event(c.caller, changeType(c.was, c.is), "user", c.is.ID.UUID, c.now)
	if err != nil {
		return err
	}
	event.Before, event.After = attribute.Diff(c.before, c.after)
	if c.is.Licence != c.was.Licence {
		event.Before.Set("licence", attribute.NewString(c.was.Licence))
		event.After.Set("licence", attribute.NewString(c.is.Licence))
	}
	if err := c.tx.Events().Append(event); err != nil {
		return err
	}
	return stepped(c.tx, c.was, c.is, event)
}

// follow does what the person's new status asks for: with their queues, seat, records and doors.
func (c *changing) follow(place WaitingPlace, waits bool) error {
	write := c.d.scribe(c.caller)
	err := settleQueues(c.tx, c.was, c.is, c.thorough, c.now, write)
	if err != nil {
		return err
	}
	switch {
	case waits:
		err = c.tx.Waiting().Join(place)
	case c.mayWait && c.comesBack(): // it has been taken
	default:
		err = moveSeat(c.tx, c.was, c.is, c.now, write)
	}
	if err == nil && c.was.Status != Inactive && c.is.Status == Inactive {
		err = passOn(c.tx, c.was, c.caller.Policy.Successor, c.now, write)
	}
	if err != nil {
		return err
	}
	return c.moveDoors(waits, write)
}

// moveDoors ends what somebody gets in by where a push asks for it, or invites them (rules deactivate.doors, invite.once,
// provision.activation).
func (c *changing) moveDoors(waits bool, write scribe) error {
	switch {
	case c.was.Status != Inactive && c.is.Status == Inactive:
		return closeDoors(c.tx, c.is.Organisation, c.is.ID, c.now, write)
	case c.was.Status == Inactive && c.is.Status == Pending && !waits:
		return inviteAgain(c.tx, c.caller.Activation, c.is, c.now, write)
	}
	return readdressed(c.tx, c.was, c.is, c.now, write)
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
