package domain

import "time"

// StatusStep is the latest step of somebody's life (see [Transitions]): which event tells of it, who made it and when. Explain
// says by it why somebody is what they are.
type StatusStep struct {
	Organisation OrganisationID
	User         UserID
	Event        EventType
	By           Actor
	At           time.Time
}

// StatusSteps is the store of latest steps. Those of people whom a directory creates are not kept, since the person says it all:
// the connection, and since when they are here.
type StatusSteps interface {
	// Get reads somebody's; found is false for who is as a directory created them.
	Get(org OrganisationID, user UserID) (s StatusStep, found bool, err error)
	// Put remembers a step in place of the one before.
	Put(s StatusStep) error
}

// stepped remembers by which event somebody became what they are; where their status stays it is nothing.
func stepped(tx Tx, was, is User, event Event) error {
	if was.Status == is.Status {
		return nil
	}
	return tx.StatusSteps().Put(StatusStep{Organisation: is.Organisation, User: is.ID, Event: event.Type, By: event.Actor, At: event.At})
}
