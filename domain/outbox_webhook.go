package domain

import (
	"context"
	"time"
)

// Parcel is a delivery that was handed out: what to send, and where.
type Parcel struct {
	Lane     Lane // with the end of the lease as DueAt
	Delivery Delivery
	Event    Event
	Webhook  Webhook
}

// Receipt is what became of an attempt to deliver.
type Receipt struct {
	Delivered bool
	Gone      bool   // the receiver wants nothing any more
	Status    int    // of the receiver's answer; 0: there was none
	Problem   string // what went wrong, for administrators; no secret
}

// DueLanes finds what waits to be sent to webhooks, that which waited longest first.
func (o *Outbox) DueLanes(ctx context.Context, without []WebhookID, limit int) (list []Lane, err error) {
	err = o.store.Read(ctx, func(tx Tx) (err error) {
		list, err = tx.Deliveries().Due(o.env.instant(), without, limit)
		return err
	})
	return list, err
}

// TakeLane hands out the first delivery of a lane that was found due; ok is false when another replica was faster, or there
// is nothing to send.
func (o *Outbox) TakeLane(ctx context.Context, l Lane) (p Parcel, ok bool, err error) {
	now := o.env.instant()
	err = o.store.Write(ctx, func(tx Tx) error {
		ok = false
		taken, err := tx.Deliveries().Take(l, now.Add(Lease))
		if err != nil || !taken {
			return err
		}
		l.DueAt = now.Add(Lease)
		p, ok, err = openLane(tx, l)
		return err
	})
	return p, ok && err == nil, err
}

// openLane reads what is first in a lane that is held, or closes it.
func openLane(tx Tx, l Lane) (p Parcel, ok bool, err error) {
	p.Lane = l
	p.Webhook, err = tx.Webhooks().Get(l.Organisation, l.Webhook)
	if err != nil {
		return p, false, err
	}
	if p.Webhook.DisabledAt.IsZero() {
		if p.Delivery, ok, err = tx.Deliveries().Head(l); err != nil {
			return p, false, err
		}
	}
	if !ok {
		return p, false, tx.Deliveries().Close(l)
	}
	p.Event, err = tx.Events().Get(l.Organisation, p.Delivery.Event)
	return p, err == nil, err
}

// SettleParcel writes what became of a delivery, and hands out the next one of its lane, if there is one and onward asks
// for it.
func (o *Outbox) SettleParcel(ctx context.Context, p Parcel, r Receipt, onward bool) (next Parcel, ok bool, err error) {
	now := o.env.instant()
	err = o.store.Write(ctx, func(tx Tx) error {
		ok = false
		due, found, err := tx.Deliveries().Hold(p.Lane)
		if err != nil {
			return err
		}
		mine := found && due.Equal(p.Lane.DueAt) // else the lease was over, or the webhook was stopped
		w, err := tx.Webhooks().Get(p.Webhook.Organisation, p.Webhook.ID)
		if err != nil {
			return ignore(err, NotFound)
		}
		d, stopped, err := o.settle(tx, w, p.Delivery, r, now)
		if err != nil || stopped || !mine {
			return err
		}
		switch {
		case d.State == DeliveryQueued:
			return tx.Deliveries().Move(p.Lane, now.Add(retryAfter(d)))
		case !onward:
			return tx.Deliveries().Move(p.Lane, now)
		}
		l := p.Lane
		l.DueAt = now.Add(Lease)
		if err := tx.Deliveries().Move(l, l.DueAt); err != nil {
			return err
		}
		next, ok, err = openLane(tx, l)
		return err
	})
	return next, ok && err == nil, err
}

// ReleaseParcel gives back a delivery that was not tried.
func (o *Outbox) ReleaseParcel(ctx context.Context, p Parcel) error {
	now := o.env.instant()
	return o.store.Write(ctx, func(tx Tx) error {
		due, found, err := tx.Deliveries().Hold(p.Lane)
		if err != nil || !found || !due.Equal(p.Lane.DueAt) {
			return err
		}
		return tx.Deliveries().Move(p.Lane, now)
	})
}

// settle writes what became of a delivery, and what that says of its webhook.
func (o *Outbox) settle(tx Tx, w Webhook, d Delivery, r Receipt, now time.Time) (is Delivery, stopped bool, err error) {
	d.Attempts++
	d.LastAt, d.Status, d.Problem = now, r.Status, r.Problem
	if d.FirstAt.IsZero() {
		d.FirstAt = now
	}
	if r.Delivered {
		d.State, d.DoneAt, d.Problem = DeliveryDelivered, now, ""
		if !w.FailingSince.IsZero() {
			if err := tx.Webhooks().Failing(w.Organisation, w.ID, time.Time{}); err != nil {
				return d, false, err
			}
		}
		return d, false, tx.Deliveries().Settle(d)
	}
	if now.Sub(d.FirstAt) >= deliveryPeriod {
		d.State, d.DoneAt = DeliveryFailed, now
	}
	if err := tx.Deliveries().Settle(d); err != nil {
		return d, false, err
	}
	since := w.FailingSince
	if since.IsZero() {
		since = now
		if err := tx.Webhooks().Failing(w.Organisation, w.ID, since); err != nil {
			return d, false, err
		}
		w.FailingSince = since
	}
	why := StoppedByFailing
	if r.Gone {
		why = StoppedByGone
	}
	if !w.DisabledAt.IsZero() || !r.Gone && now.Sub(since) < deliveryPeriod {
		return d, false, nil
	}
	halted := w
	halted.Version, halted.ModifiedAt = w.Version+1, later(now, w.ModifiedAt)
	return d, true, stopWebhook(tx, w, &halted, why, now, func(event Event) error {
		id, err := newID[Event](o.env)
		if err != nil {
			return err
		}
		event.ID, event.Actor, event.At = id, ActorSystem(), now
		return tx.Events().Append(event)
	})
}

// retrySteps are the pauses after each attempt; the last one is for all that follow.
var retrySteps = [...]time.Duration{
	5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour,
}

// retryAfter is the pause before the next attempt: longer each time, and by up to a fifth different for each delivery, so
// that what failed together does not come back together.
func retryAfter(d Delivery) time.Duration { return pause(d.Attempts, d.Event.UUID[15]) }

func pause(attempts int, spread byte) time.Duration {
	step := retrySteps[min(max(attempts, 1), len(retrySteps))-1]
	return step + step/5*time.Duration(spread)/255
}
