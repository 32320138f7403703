package delivery

import (
	"context"
	"errors"
	"log/slog"

	"usher/domain"
	"usher/internal/redact"
)

// final is a refusal of a letter for good: another attempt would be refused as well.
type final interface{ Final() bool }

const (
	lettersAtOnce = 50
	maxProblem    = 300 // characters of what a mail server says
)

// SendLetters sends what is due, one after the other.
func (c *Courier) SendLetters(ctx context.Context) (worked bool, err error) {
	due, err := c.config.Outbox.DueLetters(ctx, lettersAtOnce)
	if err != nil {
		return false, err
	}
	for _, l := range due {
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		e, ok, err := c.config.Outbox.TakeLetter(ctx, l)
		if err != nil {
			return false, err
		}
		if ok {
			c.post(ctx, e)
		}
	}
	return len(due) == lettersAtOnce, nil
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
