package domain

import "time"

// WaitingPlace is somebody's place in the line for a seat (rule seat.wait).
type WaitingPlace struct {
	Organisation OrganisationID
	User         UserID
	Licence      string
	Next         Status // what the person becomes with the seat: pending or active
	Since        time.Time
}

// Waiting is the store of the lines, one for each licence. While somebody waits no seat of the licence is free: the unit
// of work that frees one gives it to the first in line, so that nobody overtakes.
type Waiting interface {
	// Join puts somebody last in line. The asker has found no free seat in this unit of work, which keeps seats from
	// becoming free until it ends.
	Join(p WaitingPlace) error
	// Leave takes somebody out of the line, if they are in one.
	Leave(org OrganisationID, user UserID) error
	// First finds who is first in line, and keeps others from joining until the unit of work ends. Where nobody waits, wished says
	// whether somebody wishes for the licence (see Dossiers). An optimistic attempt does not wait for either.
	First(org OrganisationID, licence string) (p WaitingPlace, found, wished bool, err error)
	// Get reads somebody's place; found is false for who does not wait.
	Get(org OrganisationID, user UserID) (p WaitingPlace, found bool, err error)
	// Ahead counts who is before somebody in line.
	Ahead(p WaitingPlace) (int, error)
	// Of reads the places of those of some people who wait, in no order.
	Of(org OrganisationID, users []UserID) ([]WaitingPlace, error)
}

// scribe writes down what happens to people, by whoever it is that acts.
type scribe struct {
	env   Environment // what links are made with
	event func(what EventType, user UserID, at time.Time) (Event, error)
}

// noting is a scribe who notes of what there are events before they are prepared.
func (s scribe) noting(note func(what EventType)) scribe {
	return scribe{env: s.env, event: func(what EventType, user UserID, at time.Time) (Event, error) {
		note(what)
		return s.event(what, user, at)
	}}
}

// moveSeat takes or frees the seat that a change of status or licence asks for (rules activate.seat, seat.release,
// seat.type-change). A seat that becomes free goes to the first in line.
func moveSeat(tx Tx, was, is User, now time.Time, write scribe) error {
	had, needs := was.HoldsSeat() && was.ArchivedAt.IsZero(), is.HoldsSeat() && is.ArchivedAt.IsZero()
	switch {
	case had && needs && was.Licence == is.Licence, !had && !needs:
		return nil
	case !had:
		return tx.Seats().Take(is.Organisation, is.Licence, is.ID)
	}
	if err := tx.Waiting().Leave(was.Organisation, was.ID); err != nil {
		return err
	}
	if err := tx.Seats().Release(was.Organisation, was.ID); err != nil {
		return err
	}
	if needs {
		if err := tx.Seats().Take(is.Organisation, is.Licence, is.ID); err != nil {
			return err
		}
	}
	return fillSeats(tx, was.Organisation, was.Licence, now, write)
}

// fillSeats gives free seats of a licence to those who wait, in their order, and what is left then to those who wish for one
// (rules seat.wait, mapping.apply).
func fillSeats(tx Tx, org OrganisationID, licence string, now time.Time, write scribe) error {
	wished, err := seatWaiting(tx, org, licence, now, write)
	if err != nil || !wished {
		return err
	}
	return grantWishes(tx, org, []string{licence}, now, write)
}

// seatWaiting gives free seats of a licence to those who wait, until there is nobody or no seat left. It reports whether there
// may be seats left that people wish for.
func seatWaiting(tx Tx, org OrganisationID, licence string, now time.Time, write scribe) (bool, error) {
	for {
		place, found, wished, err := tx.Waiting().First(org, licence)
		if err != nil || !found {
			return wished, err
		}
		if err := tx.Seats().Take(org, licence, place.User); IsCode(err, CodeSeatsExhausted) {
			return false, nil
		} else if err != nil {
			return false, err
		}
		if err := admit(tx, place, now, write); err != nil {
			return false, err
		}
	}
}

// admit makes of somebody who waited, and now has a seat, what they would have been.
func admit(tx Tx, place WaitingPlace, now time.Time, write scribe) error {
	if err := tx.Waiting().Leave(place.Organisation, place.User); err != nil {
		return err
	}
	was, err := tx.Users().Find(place.Organisation, place.User)
	if err != nil {
		return err
	}
	tree, err := was.Attributes()
	if err != nil {
		return err
	}
	was.recall(tree)
	is := was
	is.Status = place.Next
	if is.Status == Active {
		if is.AcceptedAt.IsZero() {
			is.AcceptedAt = now
		}
		if err := tx.Inactivity().Restart(is.Organisation, is.ID, now); err != nil {
			return err
		}
	}
	if err := checkStep(was, is); err != nil {
		return err
	}
	is.Version, is.ModifiedAt = was.Version+1, later(now, was.ModifiedAt)
	if err := tx.Users().Save(was, is); err != nil {
		return err
	}
	event, err := write.event(SeatAssigned, is.ID, now)
	if err != nil {
		return err
	}
	event.Before = texts("status", string(was.Status))
	event.After = texts("status", string(is.Status), "licence", place.Licence)
	if err := stepped(tx, was, is, event); err != nil {
		return err
	}
	if err := tx.Events().Append(event); err != nil {
		return err
	}
	return inviteSeated(tx, is, now, write)
}

// takeOrWait takes a seat for somebody, or, where there is none, makes them a pending person who waits.
func takeOrWait(tx Tx, was User, is *User, now time.Time) (place WaitingPlace, waits bool, err error) {
	if err := tx.Seats().Share(is.Organisation, is.Licence); err != nil { // the person is not there yet for a plan that gets a limit
		return place, false, err
	}
	err = tx.Seats().Take(is.Organisation, is.Licence, is.ID)
	if !IsCode(err, CodeSeatsExhausted) {
		return place, false, err
	}
	place = WaitingPlace{Organisation: is.Organisation, User: is.ID, Licence: is.Licence, Next: is.Status, Since: now}
	is.Status, is.AcceptedAt = Pending, was.AcceptedAt
	return place, true, nil
}
