package seed

import (
	"context"

	"github.com/google/uuid"

	"usher/domain"
)

// notes is a store that stores nothing: it remembers the last thing it was asked to insert. Whatever a use case asks of
// it that creating a person or a group does not need is a nil pointer, and so is noticed at once.
type notes struct {
	domain.Tx

	user  domain.User
	event domain.Event
}

// Read implements domain.Store.
func (n *notes) Read(_ context.Context, fn func(domain.Tx) error) error { return fn(n) }

// Write implements domain.Store.
func (n *notes) Write(_ context.Context, fn func(domain.Tx) error) error { return fn(n) }

// Users implements domain.Tx.
func (n *notes) Users() domain.Users { return notedUsers{notes: n} }

// Groups implements domain.Tx.
func (n *notes) Groups() domain.Groups { return notedGroups{} }

// Events implements domain.Tx.
func (n *notes) Events() domain.Events { return notedEvents{notes: n} }

// Seats implements domain.Tx.
func (n *notes) Seats() domain.Seats { return notedSeats{} }

type notedUsers struct {
	domain.Users

	notes *notes
}

// Insert implements domain.Users.
func (u notedUsers) Insert(user domain.User) error {
	u.notes.user = user
	return nil
}

type notedGroups struct{ domain.Groups }

// Insert implements domain.Groups.
func (notedGroups) Insert(domain.Group) error { return nil }

// AddMembers implements domain.Groups: everybody is known and new.
func (notedGroups) AddMembers(_ domain.Group, ids []uuid.UUID) ([]uuid.UUID, error) { return ids, nil }

type notedEvents struct {
	domain.Events

	notes *notes
}

// Append implements domain.Events.
func (e notedEvents) Append(event domain.Event) error {
	e.notes.event = event
	return nil
}

// Suspensions implements domain.Tx.
func (n *notes) Suspensions() domain.Suspensions { return notedSuspensions{} }

type notedSuspensions struct{ domain.Suspensions }

// Match implements domain.Suspensions: nobody was here before.
func (notedSuspensions) Match(domain.User) (domain.Suspension, bool, error) {
	return domain.Suspension{}, false, nil
}

type notedSeats struct{ domain.Seats }

// Take implements domain.Seats. Who takes which is the writer's to say.
func (notedSeats) Take(domain.OrganisationID, string, domain.UserID) error { return nil }
