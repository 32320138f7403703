package domain

import (
	"context"
	"slices"
	"time"
)

// Outbox passes on what happened: it reads the event log of each organisation in the order of commit and queues what is to
// be sent (FanOut), hands out what is due under a lease, and writes what became of it. Any number of replicas may do so at
// once, and none is the leader. What is handed out is sent outside of every transaction and marked afterwards, so it goes
// out at least once: after a crash between the two once more, under the same id.
type Outbox struct {
	store Store
	env   Environment
}

// NewOutbox makes the use cases over a store.
func NewOutbox(store Store, env Environment) *Outbox { return &Outbox{store: store, env: env} }

// The measures of the outbox.
const (
	fanOutBatch    = 200                // events in one unit of work
	deliveryPeriod = 3 * 24 * time.Hour // for which deliveries and letters are tried
	keepDone       = 7 * 24 * time.Hour // after which what is done is forgotten
	pruneBatch     = 1000
	// Lease is for how long what was handed out is left alone by others: longer than any sending takes.
	Lease = 2 * time.Minute
)

// Fresh finds organisations with events at or above a position in the order of commit; what comes later is at upTo or
// above. It costs the events that are new, and not the organisations there are.
func (o *Outbox) Fresh(ctx context.Context, since int64) (orgs []OrganisationID, upTo int64, err error) {
	err = o.store.Read(ctx, func(tx Tx) (err error) {
		orgs, upTo, err = tx.Cursors().Fresh(since)
		return err
	})
	return orgs, upTo, err
}

// Behind finds all organisations whose log has not been passed on whole. It looks at each.
func (o *Outbox) Behind(ctx context.Context) (orgs []OrganisationID, err error) {
	err = o.store.Read(ctx, func(tx Tx) (err error) {
		orgs, err = tx.Cursors().Behind()
		return err
	})
	return orgs, err
}

// Step is how a piece of work ended.
type Step uint8

// The ways.
const (
	StepDone Step = iota // there is nothing left
	StepMore             // there is more
	StepBusy             // another replica is at it
)

// FanOut queues what the next events of an organisation cause.
func (o *Outbox) FanOut(ctx context.Context, org OrganisationID) (step Step, err error) {
	now := o.env.instant()
	err = o.store.Write(ctx, func(tx Tx) error {
		step = StepDone
		if _, err := tx.Organisations().Get(org); err != nil {
			return ignore(err, NotFound)
		}
		at, claimed, err := tx.Cursors().Claim(org)
		if err != nil {
			return err
		}
		if !claimed {
			step = StepBusy
			return nil
		}
		hooks, err := workingWebhooks(tx, org)
		if err != nil {
			return err
		}
		page, err := tx.Events().Feed(EventQuery{Organisation: org, After: at, Types: passedOn(hooks), Limit: fanOutBatch})
		if err != nil {
			return err
		}
		for _, e := range page.Events {
			if err := queueLetters(tx, e, now); err != nil {
				return err
			}
		}
		if err := tx.Deliveries().Queue(deliveriesOf(page, hooks, now), false, now); err != nil {
			return err
		}
		if page.More {
			step = StepMore
		}
		if page.Next == at {
			return nil
		}
		return tx.Cursors().Move(org, page.Next)
	})
	return step, err
}

// ignore is nil for an error of a kind.
func ignore(err error, kind Kind) error {
	if IsKind(err, kind) {
		return nil
	}
	return err
}

func workingWebhooks(tx Tx, org OrganisationID) ([]Webhook, error) {
	hooks, err := tx.Webhooks().List(org)
	return slices.DeleteFunc(hooks, func(w Webhook) bool { return !w.DisabledAt.IsZero() }), err
}

// passedOn are the types of events that cause anything; none: all.
func passedOn(hooks []Webhook) []EventType {
	types := letterEvents()
	if len(hooks) > 0 {
		types = append(types, WebhookTested)
	}
	for _, w := range hooks {
		if len(w.Types) == 0 {
			return nil
		}
		types = append(types, w.Types...)
	}
	slices.Sort(types)
	return slices.Compact(types)
}

// deliveriesOf a page of events to webhooks.
func deliveriesOf(page EventPage, hooks []Webhook, now time.Time) []Delivery {
	var list []Delivery
	for i, e := range page.Events {
		for _, w := range hooks {
			if w.Wants(e) {
				list = append(list, Delivery{
					Organisation: e.Organisation, Webhook: w.ID, Event: e.ID, Position: page.Positions[i], Type: e.Type, Subject: e.Subject,
					State: DeliveryQueued, CreatedAt: now,
				})
			}
		}
	}
	return list
}

// Replays finds webhooks to which events are to be sent again.
func (o *Outbox) Replays(ctx context.Context) (list []WebhookRef, err error) {
	err = o.store.Read(ctx, func(tx Tx) (err error) {
		list, err = tx.Webhooks().Replaying(pruneBatch)
		return err
	})
	return list, err
}

// Replay queues the next events that are to be sent to a webhook again.
func (o *Outbox) Replay(ctx context.Context, of WebhookRef) (step Step, err error) {
	now := o.env.instant()
	err = o.store.Write(ctx, func(tx Tx) error {
		step = StepDone
		r, claimed, err := tx.Webhooks().ClaimReplay(of.Organisation, of.ID)
		if err != nil {
			return err
		}
		if !claimed {
			step = StepBusy
			return nil
		}
		w, err := tx.Webhooks().Get(of.Organisation, of.ID)
		if err != nil {
			return err
		}
		if !w.DisabledAt.IsZero() {
			return tx.Webhooks().Replay(of.Organisation, of.ID, Replay{})
		}
		page, err := tx.Events().Feed(EventQuery{Organisation: of.Organisation, After: r.After, Types: passedOn([]Webhook{w}), Limit: fanOutBatch})
		if err != nil {
			return err
		}
		for i, at := range page.Positions {
			if at.beyond(r.Until) {
				page.Events, page.Positions, page.More = page.Events[:i], page.Positions[:i], false
				break
			}
		}
		if err := tx.Deliveries().Queue(deliveriesOf(page, []Webhook{w}, now), true, now); err != nil {
			return err
		}
		if r.After, step = page.Next, StepMore; !page.More {
			r, step = Replay{}, StepDone
		}
		return tx.Webhooks().Replay(of.Organisation, of.ID, r)
	})
	return step, err
}

// Prune forgets some of what was done long ago, and reports whether there may be more.
func (o *Outbox) Prune(ctx context.Context) (more bool, err error) {
	before := o.env.instant().Add(-keepDone)
	err = o.store.Write(ctx, func(tx Tx) error {
		deliveries, err := tx.Deliveries().Prune(before, pruneBatch)
		if err != nil {
			return err
		}
		letters, err := tx.Letters().Prune(before, pruneBatch)
		more = deliveries == pruneBatch || letters == pruneBatch
		return err
	})
	return more && err == nil, err
}

// Backlog is what is queued.
type Backlog struct {
	Letters, Deliveries int
	OldestLetter        time.Time // when it was queued; zero: none is
	OldestDelivery      time.Time
}

// Backlog counts what is queued.
func (o *Outbox) Backlog(ctx context.Context) (b Backlog, err error) {
	err = o.store.Read(ctx, func(tx Tx) (err error) {
		if b.Deliveries, b.OldestDelivery, err = tx.Deliveries().Backlog(); err != nil {
			return err
		}
		b.Letters, b.OldestLetter, err = tx.Letters().Backlog()
		return err
	})
	return b, err
}
