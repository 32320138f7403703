package delivery

import (
	"context"
	"log/slog"
	"time"

	"usher/domain"
)

// How many attempts are under way at once: in all, so that memory is bounded, and to one webhook, so that one that does not
// answer leaves room for the others.
const (
	maxFlights    = 32
	maxPerWebhook = 4
	candidates    = 256 // lanes that are looked at in one round
	maxInRow      = 50  // deliveries of one lane before others get their turn
	brokenTime    = 10 * time.Second
	roomTime      = 250 * time.Millisecond // after which it looks for what is due anyway
	settleTime    = 5 * time.Second        // to write down what was sent when the process is to end
)

// SendWebhooks begins to send what is due to webhooks, as much as there is room for, and waits for the first of it only, or until
// there is room again: one receiver that is slow does not keep the others waiting.
func (c *Courier) SendWebhooks(ctx context.Context) (worked bool, err error) {
	without := c.full()
	lanes, err := c.config.Outbox.DueLanes(ctx, without, candidates)
	if err != nil {
		return false, err
	}
	begun := false
	for _, l := range lanes {
		if !c.admit(l.Webhook) {
			continue
		}
		p, ok, err := c.config.Outbox.TakeLane(ctx, l)
		if err != nil || !ok {
			c.land(l.Webhook)
			if err != nil {
				return false, err
			}
			continue
		}
		begun = true
		c.running.Go(func() {
			defer c.land(p.Lane.Webhook)
			c.carry(ctx, p)
		})
	}
	if len(lanes) == 0 && len(without) == 0 {
		return false, nil
	}
	select { // for room; where a webhook has none there may be more for it
	case <-c.landed:
		return true, nil
	case <-ctx.Done():
	case <-time.After(roomTime):
	}
	return begun || len(without) > 0, nil
}

// full names the webhooks that have no room now.
func (c *Courier) full() (without []domain.WebhookID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, n := range c.flights {
		if n >= c.most(id) {
			without = append(without, id)
		}
	}
	return without
}

// most attempts at once for a webhook: one that cannot be reached is asked by one at a time.
func (c *Courier) most(id domain.WebhookID) int {
	until, broken := c.broken[id]
	if broken && c.config.Now().Before(until) {
		return 1
	}
	return maxPerWebhook
}

func (c *Courier) admit(id domain.WebhookID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	total := 0
	for _, n := range c.flights {
		total += n
	}
	if total >= maxFlights || c.flights[id] >= c.most(id) {
		return false
	}
	c.flights[id]++
	return true
}

func (c *Courier) land(id domain.WebhookID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.flights[id]--; c.flights[id] <= 0 {
		delete(c.flights, id)
	}
	select {
	case c.landed <- struct{}{}:
	default: // it is known already
	}
}

// reached notes whether a webhook answered at all.
func (c *Courier) reached(id domain.WebhookID, answered bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if answered {
		delete(c.broken, id)
	} else {
		c.broken[id] = c.config.Now().Add(brokenTime)
	}
}

// carry sends what is in a lane, one after the other, until there is nothing, something fails, or it is others' turn.
func (c *Courier) carry(ctx context.Context, p domain.Parcel) {
	for i := 1; ; i++ {
		r := c.config.Webhooks(ctx, p)
		settling, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
		if !r.Delivered && ctx.Err() != nil { // it was cut short
			c.told(ctx, p, c.config.Outbox.ReleaseParcel(settling, p))
			cancel()
			return
		}
		c.reached(p.Webhook.ID, r.Status != 0)
		outcome := OutcomeRetried
		if r.Delivered {
			outcome = OutcomeDelivered
		}
		c.config.Observe(KindWebhook, outcome)
		next, ok, err := c.config.Outbox.SettleParcel(settling, p, r, i < maxInRow && ctx.Err() == nil)
		cancel()
		if c.told(ctx, p, err); err != nil || !ok {
			return
		}
		p = next
	}
}

// told logs that the outcome of an attempt could not be written down: it will be made again.
func (c *Courier) told(ctx context.Context, p domain.Parcel, err error) {
	if err != nil {
		c.config.Log.LogAttrs(ctx, slog.LevelWarn, "what became of a delivery could not be written down; it is made again",
			slog.String("organisation", p.Lane.Organisation.String()), slog.String("webhook", p.Lane.Webhook.String()),
			slog.String("event", p.Event.ID.String()), slog.Any("cause", err))
	}
}
