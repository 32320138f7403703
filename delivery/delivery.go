// Package delivery owns the workers that carry what happened out of the house: one passes the event log on, one sends to
// webhooks, one sends letters, one forgets what is done. Each is a function that does a piece of work and says whether there
// may be more; whoever runs the process calls them again and again, on any number of replicas. What is sent when is the
// domain's ([domain.Outbox]); how, that of the folders below (delivery/webhook, delivery/mail).
//
//	courier := delivery.New(delivery.Config{Outbox: domain.NewOutbox(store, env), Webhooks: sender.Send, Log: log, Now: time.Now})
//	worked, err := courier.PassOn(ctx)
//	worked, err = courier.SendWebhooks(ctx)
//	courier.Wait() // after ctx has ended
package delivery

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"usher/domain"
)

// Config of a courier. Outbox, Log and Now are required.
type Config struct {
	Outbox *domain.Outbox

	// Webhooks makes one attempt to deliver to a webhook.
	Webhooks func(ctx context.Context, p domain.Parcel) domain.Receipt

	// Letters sends one letter.
	Letters func(ctx context.Context, e domain.Envelope) error

	// Observe is told of every attempt: kind is webhook or letter, outcome delivered, retried, failed.
	Observe func(kind, outcome string)

	Log *slog.Logger
	Now func() time.Time
}

// The kinds and outcomes of attempts.
const (
	KindWebhook      = "webhook"
	KindLetter       = "letter"
	OutcomeDelivered = "delivered"
	OutcomeRetried   = "retried" // or given up, for a webhook
	OutcomeFailed    = "failed"
)

// Courier does the work of one process.
type Courier struct {
	config Config

	// Of passing on, which one goroutine does.
	since   int64 // the position in the order of commit up to which it has looked
	looked  time.Time
	pending map[domain.OrganisationID]bool

	// Of sending letters, which one goroutine does.
	mailed domain.OrganisationID // whose turn it was last; zero: it begins with the first

	// Of sending to webhooks.
	mu      sync.Mutex
	flights map[domain.WebhookID]int       // attempts under way
	broken  map[domain.WebhookID]time.Time // until when it is left alone, but for one attempt
	landed  chan struct{}                  // an attempt ended
	running sync.WaitGroup
}

// New makes a courier that has done nothing yet.
func New(c Config) *Courier {
	if c.Observe == nil {
		c.Observe = func(string, string) {}
	}
	return &Courier{
		config: c, pending: map[domain.OrganisationID]bool{}, flights: map[domain.WebhookID]int{}, broken: map[domain.WebhookID]time.Time{},
		landed: make(chan struct{}, 1),
	}
}

// Wait returns when nothing is under way any more. The contexts that the work was given must have ended.
func (c *Courier) Wait() { c.running.Wait() }

const (
	lookEvery  = time.Minute // at all organisations, for what another replica may have left
	passAtOnce = 100         // units of work between two looks at what is new
)

// PassOn queues what new events cause, of all organisations.
func (c *Courier) PassOn(ctx context.Context) (worked bool, err error) {
	if err := c.look(ctx); err != nil {
		return false, err
	}
	steps := 0
	for org := range c.pending {
		for steps < passAtOnce {
			steps++
			step, err := c.config.Outbox.FanOut(ctx, org)
			if err != nil {
				return false, err
			}
			if step == domain.StepDone {
				delete(c.pending, org)
			}
			if step != domain.StepMore {
				break
			}
			worked = true
		}
	}
	again, err := c.replay(ctx)
	return worked || again || steps >= passAtOnce, err
}

// look finds organisations with events that were not passed on.
func (c *Courier) look(ctx context.Context) error {
	orgs, upTo, err := c.config.Outbox.Fresh(ctx, c.since)
	if err != nil {
		return err
	}
	// An SQLite file whose last organisation was erased numbers from there again.
	if now := c.config.Now(); upTo < c.since || c.looked.IsZero() || now.Sub(c.looked) >= lookEvery {
		if orgs, err = c.config.Outbox.Behind(ctx); err != nil {
			return err
		}
		c.looked = now
	}
	c.since = upTo
	for _, org := range orgs {
		c.pending[org] = true
	}
	return nil
}

// replay queues what is to be sent again.
func (c *Courier) replay(ctx context.Context) (worked bool, err error) {
	list, err := c.config.Outbox.Replays(ctx)
	if err != nil {
		return false, err
	}
	for _, of := range list {
		step, err := c.config.Outbox.Replay(ctx, of)
		if err != nil {
			return false, err
		}
		worked = worked || step == domain.StepMore
	}
	return worked, nil
}

// Prune forgets what was done long ago.
func (c *Courier) Prune(ctx context.Context) (worked bool, err error) {
	return c.config.Outbox.Prune(ctx)
}
