package delivery

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"usher/domain"
	"usher/internal/redact"
)

// final is a refusal of a letter for good: another attempt would be refused as well.
type final interface{ Final() bool }

const (
	lettersAtOnce  = 4   // attempts under way
	lettersInRound = 40  // before it is looked again whether somebody waits for one
	mailingsAtOnce = 25  // organisations in one round
	maxProblem     = 300 // characters of what a mail server says
)

// SendLetters sends some of what is due: of several organisations in turns, so that a mailing of one keeps none of the others
// waiting, and first the letters that somebody waits for.
func (c *Courier) SendLetters(ctx context.Context) (worked bool, err error) {
	due, err := c.round(ctx)
	if err != nil {
		return false, err
	}
	var sending errgroup.Group
	sending.SetLimit(lettersAtOnce)
	var sent atomic.Bool
	for _, l := range due {
		sending.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			e, ok, err := c.config.Outbox.TakeLetter(ctx, l)
			if err != nil || !ok {
				return err
			}
			sent.Store(true)
			c.post(ctx, e)
			return nil
		})
	}
	err = sending.Wait()
	return (sent.Load() || len(due) == lettersInRound) && err == nil, err
}

// round is what to send now, the next organisations' turn.
func (c *Courier) round(ctx context.Context) ([]domain.Letter, error) {
	orgs, err := c.config.Outbox.LettersWaiting(ctx, c.mailed, mailingsAtOnce)
	if err == nil && len(orgs) == 0 && !c.mailed.IsZero() { // from the beginning
		orgs, err = c.config.Outbox.LettersWaiting(ctx, domain.OrganisationID{}, mailingsAtOnce)
	}
	if err != nil {
		return nil, err
	}
	if c.mailed = (domain.OrganisationID{}); len(orgs) == mailingsAtOnce {
		c.mailed = orgs[len(orgs)-1]
	}
	type place struct {
		domain.Letter

		turn int // in the order of its organisation
	}
	var all []place
	for _, org := range orgs {
		due, err := c.config.Outbox.DueLetters(ctx, org, lettersInRound)
		if err != nil {
			return nil, err
		}
		for turn, l := range due {
			if l.Kind.Awaited() {
				turn -= lettersInRound // before all others
			}
			all = append(all, place{l, turn})
		}
	}
	slices.SortStableFunc(all, func(a, b place) int { return cmp.Compare(a.turn, b.turn) })
	list := make([]domain.Letter, 0, lettersInRound)
	for _, p := range all[:min(len(all), lettersInRound)] {
		list = append(list, p.Letter)
	}
	return list, nil
}

// post sends a letter and writes down what became of it. Where that fails it is sent once more when its lease is over.
func (c *Courier) post(ctx context.Context, e domain.Envelope) {
	sending := c.config.Letters(ctx, e)
	settling, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	problem := ""
	var refusal final
	if sending != nil {
		problem = redact.Line(sending.Error(), maxProblem, e.Token)
	}
	given, err := c.config.Outbox.SettleLetter(settling, e.Letter, sending == nil, errors.As(sending, &refusal) && refusal.Final(), problem)
	if err != nil {
		c.config.Log.LogAttrs(ctx, slog.LevelWarn, "what became of a letter could not be written down; it is sent again",
			slog.String("organisation", e.Letter.Organisation.String()), slog.String("letter", e.Letter.ID.String()), slog.Any("cause", err))
		return
	}
	outcome := map[domain.DeliveryState]string{
		domain.DeliveryDelivered: OutcomeDelivered, domain.DeliveryQueued: OutcomeRetried, domain.DeliveryFailed: OutcomeFailed,
	}[given]
	c.config.Observe(KindLetter, outcome)
}
