package domain

import (
	"context"

	"usher/domain/attribute"
)

func queueListing() listing[Queue] {
	return listing[Queue]{
		module: ModuleQueues, noun: "queue", kind: GivenQueue, most: MaxQueues, created: QueueCreated, updated: QueueUpdated, deleted: QueueDeleted,
		list:  func(tx Tx) Entries[Queue] { return tx.Queues() },
		entry: func(q *Queue) *Entry[Queue] { return &q.Entry },
		tree:  func(q Queue) attribute.Value { return texts("name", q.Name.Text, "description", q.Description) },
	}
}

// Queues gives the queues somebody may view, by name.
func (ad *Administration) Queues(ctx context.Context, who Administrator) ([]Queue, error) {
	return readAll(ctx, ad, who, queueListing())
}

// Queue gives one. NotFound.
func (ad *Administration) Queue(ctx context.Context, who Administrator, id QueueID) (Queue, error) {
	return read(ctx, ad, who, queueListing(), id)
}

// CreateQueue adds a queue. Invalid, NameTaken, TooMany.
func (ad *Administration) CreateQueue(ctx context.Context, who Administrator, spec GroupingSpec) (Queue, error) {
	var q Queue
	if err := describe(&q.Entry, spec.Name, spec.Description); err != nil {
		return Queue{}, err
	}
	return create(ctx, ad, who, queueListing(), q, func(Tx, *Queue) error { return nil })
}

// EditQueue changes a queue. NotFound, Precondition, Invalid, NameTaken.
func (ad *Administration) EditQueue(ctx context.Context, who Administrator, id QueueID, match IfMatch, spec GroupingSpec) (Queue, error) {
	return edit(ctx, ad, who, queueListing(), id, match, func(_ Tx, q Queue) (Queue, error) {
		err := describe(&q.Entry, spec.Name, spec.Description)
		return q, err
	})
}

// DeleteQueue deletes a queue; its people go to the replacement (zero: it must have none). NotFound, Precondition, InUse,
// Invalid.
func (ad *Administration) DeleteQueue(ctx context.Context, who Administrator, id QueueID, match IfMatch, replacement QueueID) error {
	return remove(ctx, ad, who, queueListing(), id, match, replacement, leaveNothing[Queue])
}
