package domain

import (
	"time"

	"github.com/google/uuid"
)

// Delivery is one event on its way to one webhook.
type Delivery struct {
	Organisation OrganisationID
	Webhook      WebhookID
	Event        EventID
	Position     EventPosition
	Type         EventType
	Subject      uuid.UUID
	State        DeliveryState
	Attempts     int
	FirstAt      time.Time // of the first attempt; zero: none yet
	LastAt       time.Time // of the latest one
	Status       int       // the receiver's latest; 0: it did not answer
	Problem      string    // what went wrong last
	CreatedAt    time.Time
	DoneAt       time.Time // delivered, or given up
}

// DeliveryState says how far a delivery is.
type DeliveryState string

// The states of deliveries and letters.
const (
	DeliveryQueued    DeliveryState = "queued"
	DeliveryDelivered DeliveryState = "delivered"
	DeliveryFailed    DeliveryState = "failed" // given up
)

// Lane is the queue of what one webhook is to be told about one subject: a person, mostly. Within a lane one delivery
// follows the other in the order of the event log, and one that fails holds back those behind it; lanes do not wait for
// each other. Who works on a lane moves its DueAt to the end of a lease, over which others leave it alone.
type Lane struct {
	Organisation OrganisationID
	Webhook      WebhookID
	Subject      uuid.UUID
	DueAt        time.Time
}

// Deliveries is the store of deliveries to webhooks.
//
//nolint:interfacebloat // one noun; each method is one statement
type Deliveries interface {
	// Queue adds deliveries, each at the end of its lane, and lanes that were not there as due. One that is there already
	// stays as it is; with again it is queued anew.
	Queue(list []Delivery, again bool, due time.Time) error
	// Due finds lanes that are due, those that have been longest first, at most limit. Those of the webhooks named are
	// left out.
	Due(now time.Time, without []WebhookID, limit int) ([]Lane, error)
	// Take moves a lane that is due as it was found to the end of a lease; taken is false when another was faster.
	Take(l Lane, until time.Time) (taken bool, err error)
	// Hold keeps a lane from others until the unit of work ends, and reads when it is due; found is false when it is gone.
	Hold(l Lane) (due time.Time, found bool, err error)
	// Move sets when a lane is due.
	Move(l Lane, due time.Time) error
	// Close removes a lane, which must be held.
	Close(l Lane) error
	// Head reads the delivery that is first in a lane; found is false when there is none.
	Head(l Lane) (d Delivery, found bool, err error)
	// Settle writes what became of a queued delivery.
	Settle(d Delivery) error
	// Stop removes the lanes of a webhook; its deliveries stay queued.
	Stop(org OrganisationID, id WebhookID) error
	// Resume makes the lanes of what is queued of a webhook, as due.
	Resume(org OrganisationID, id WebhookID, due time.Time) error
	// List reads deliveries of a webhook, the latest events first, after the position given (zero: from the latest on);
	// state empty: of all states.
	List(org OrganisationID, id WebhookID, state DeliveryState, after EventPosition, limit int) ([]Delivery, error)
	// Prune removes deliveries that were done before an instant, at most limit, and reports how many.
	Prune(before time.Time, limit int) (int, error)
	// Backlog counts what is queued, and finds when the oldest of it was queued.
	Backlog() (queued int, oldest time.Time, err error)
}

// Cursors is the store of how far the event log of each organisation has been passed on.
type Cursors interface {
	// Fresh finds organisations with events at or above a position in the order of commit, and up to where it has
	// looked. What comes later is at that position or above it.
	Fresh(since int64) (orgs []OrganisationID, upTo int64, err error)
	// Behind finds all organisations with events that were not passed on.
	Behind() ([]OrganisationID, error)
	// Claim reads how far an organisation's log was passed on, and keeps it from others until the unit of work ends;
	// claimed is false when another has it.
	Claim(org OrganisationID) (at EventPosition, claimed bool, err error)
	// Move writes how far it is; it must be claimed.
	Move(org OrganisationID, at EventPosition) error
	// At reads how far it is.
	At(org OrganisationID) (EventPosition, error)
}

// DeliveryTx are the nouns of what leaves the house.
type DeliveryTx interface {
	Cursors() Cursors
	Webhooks() Webhooks
	Deliveries() Deliveries
	Letters() Letters
}
