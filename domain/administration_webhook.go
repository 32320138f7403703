package domain

import (
	"context"
	"strconv"
	"time"

	"usher/domain/attribute"
)

// Webhooks gives the webhooks of the organisation, oldest first. It needs audit:view.
func (ad *Administration) Webhooks(ctx context.Context, who Administrator) ([]Webhook, error) {
	var all []Webhook
	err := ad.look(ctx, who, ModuleAudit, ActionView, "", func(tx Tx) (err error) {
		all, err = tx.Webhooks().List(who.Organisation)
		return err
	})
	return all, err
}

// Webhook reads one. It needs audit:view. NotFound.
func (ad *Administration) Webhook(ctx context.Context, who Administrator, id WebhookID) (Webhook, error) {
	var w Webhook
	err := ad.look(ctx, who, ModuleAudit, ActionView, "", func(tx Tx) (err error) {
		w, err = tx.Webhooks().Get(who.Organisation, id)
		return err
	})
	return w, err
}

// CreateWebhook makes a webhook, which is sent what happens from then on. secret is shown once; what is kept of it is
// sealed. It needs audit:edit: who may say where the log goes may read it. Invalid, TooMany.
func (ad *Administration) CreateWebhook(ctx context.Context, who Administrator, terms WebhookTerms, spec WebhookSpec) (w Webhook, secret string, err error) {
	if err := who.need(ModuleAudit, ActionEdit, ""); err != nil {
		return Webhook{}, "", err
	}
	now := ad.env.instant()
	w = Webhook{Organisation: who.Organisation, Version: 1, CreatedAt: now, ModifiedAt: now}
	if err := w.describe(terms, spec); err != nil {
		return Webhook{}, "", err
	}
	if w.ID, err = newID[Webhook](ad.env); err != nil {
		return Webhook{}, "", err
	}
	if w.SealedSecret, secret, err = ad.sealedSecret(terms, w); err != nil {
		return Webhook{}, "", err
	}
	err = ad.change(ctx, who, ModuleAudit, ActionEdit, "", func(tx Tx, now time.Time) error {
		all, err := tx.Webhooks().List(who.Organisation)
		if err != nil {
			return err
		}
		if len(all) >= MaxWebhooks {
			return &Error{Kind: Conflict, Code: CodeTooMany, Message: "the organisation has " + strconv.Itoa(len(all)) + " webhooks, which is all it may have; delete one that is not used"}
		}
		if err := tx.Webhooks().Insert(w); err != nil {
			return err
		}
		return ad.record(tx, who, WebhookCreated, "webhook", w.ID.UUID, now, attribute.Value{}, w.tree())
	})
	if err != nil {
		return Webhook{}, "", err
	}
	return w, secret, nil
}

func (ad *Administration) sealedSecret(terms WebhookTerms, w Webhook) (sealed []byte, text string, err error) {
	secret, text, err := newWebhookSecret(ad.random)
	if err != nil {
		return nil, "", err
	}
	if sealed, err = terms.Seal(secret, w.Place()); err != nil {
		return nil, "", &Error{Kind: Internal, Code: CodeInternal, Message: "the secret could not be sealed", Err: err}
	}
	return sealed, text, nil
}

// editWebhook changes a webhook over the version that was read.
func (ad *Administration) editWebhook(ctx context.Context, who Administrator, id WebhookID, match IfMatch, fn func(tx Tx, was Webhook, now time.Time) (Webhook, error)) (Webhook, error) {
	var outcome Webhook
	err := ad.change(ctx, who, ModuleAudit, ActionEdit, "", func(tx Tx, now time.Time) error {
		was, err := tx.Webhooks().Get(who.Organisation, id)
		if err != nil {
			return err
		}
		if err := match.admits(was.Version); err != nil {
			return err
		}
		outcome, err = fn(tx, was, now)
		return err
	})
	return outcome, err
}

// EditWebhook changes where a webhook goes, what is sent there, or whether. Enabled again, what was queued is sent; what
// happened meanwhile is not, see [Administration.ReplayWebhook]. It needs audit:edit. NotFound, VersionMismatch, Invalid.
func (ad *Administration) EditWebhook(ctx context.Context, who Administrator, terms WebhookTerms, id WebhookID, match IfMatch, change WebhookChange) (Webhook, error) {
	return ad.editWebhook(ctx, who, id, match, func(tx Tx, was Webhook, now time.Time) (Webhook, error) {
		is := was
		spec := WebhookSpec{URL: was.URL, Description: was.Description, Types: was.Types}
		set(&spec.URL, change.URL)
		set(&spec.Description, change.Description)
		set(&spec.Types, change.Types)
		if change.URL != nil || change.Description != nil || change.Types != nil {
			if err := is.describe(terms, spec); err != nil {
				return was, err
			}
		}
		described := !attribute.Equal(was.tree(), is.tree())
		if described {
			before, after := attribute.Diff(was.tree(), is.tree())
			if err := ad.record(tx, who, WebhookUpdated, "webhook", id.UUID, now, before, after); err != nil {
				return was, err
			}
		}
		if change.Disabled == nil || *change.Disabled == !was.DisabledAt.IsZero() {
			if !described {
				return was, nil
			}
			is.Version, is.ModifiedAt = was.Version+1, later(now, was.ModifiedAt)
			return is, tx.Webhooks().Save(was, is)
		}
		is.Version, is.ModifiedAt = was.Version+1, later(now, was.ModifiedAt)
		if *change.Disabled {
			err := stopWebhook(tx, was, &is, StoppedByHand, now, func(event Event) error {
				return ad.record(tx, who, event.Type, event.SubjectKind, event.Subject, now, event.Before, event.After)
			})
			return is, err
		}
		before := texts("disabledAt", timestamp(was.DisabledAt), "disabledReason", string(was.DisabledReason))
		is.DisabledAt, is.DisabledReason, is.FailingSince = time.Time{}, "", time.Time{}
		if err := tx.Webhooks().Save(was, is); err != nil {
			return was, err
		}
		if err := tx.Deliveries().Resume(is.Organisation, is.ID, now); err != nil {
			return was, err
		}
		return is, ad.record(tx, who, WebhookEnabled, "webhook", id.UUID, now, before, attribute.Value{})
	})
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// stopWebhook disables a webhook: nothing is sent there any more, and what is queued stays.
func stopWebhook(tx Tx, was Webhook, is *Webhook, why WebhookStop, now time.Time, record func(Event) error) error {
	is.DisabledAt, is.DisabledReason = now, why
	if err := tx.Webhooks().Save(was, *is); err != nil {
		return err
	}
	if err := tx.Deliveries().Stop(is.Organisation, is.ID); err != nil {
		return err
	}
	return record(Event{
		Organisation: is.Organisation, Type: WebhookDisabled, SubjectKind: "webhook", Subject: is.ID.UUID,
		After: texts("url", is.URL, "disabledAt", timestamp(now), "disabledReason", string(why)),
	})
}

// RotateWebhook gives a webhook another secret; the one before signs beside it until the overlap is over. It needs
// audit:edit. NotFound, VersionMismatch, Invalid.
func (ad *Administration) RotateWebhook(ctx context.Context, who Administrator, terms WebhookTerms, id WebhookID, overlap time.Duration, match IfMatch) (w Webhook, secret string, err error) {
	if err := who.need(ModuleAudit, ActionEdit, ""); err != nil {
		return Webhook{}, "", err
	}
	if overlap < 0 || overlap > MaxWebhookOverlap {
		return Webhook{}, "", InvalidField("overlap_hours", "use 0 to 168 hours")
	}
	sealed, secret, err := ad.sealedSecret(terms, Webhook{Organisation: who.Organisation, ID: id})
	if err != nil {
		return Webhook{}, "", err
	}
	w, err = ad.editWebhook(ctx, who, id, match, func(tx Tx, was Webhook, now time.Time) (Webhook, error) {
		is := was
		is.Version, is.ModifiedAt = was.Version+1, later(now, was.ModifiedAt)
		is.SealedSecret, is.SealedFormer, is.FormerUntil = sealed, nil, time.Time{}
		if overlap > 0 {
			is.SealedFormer, is.FormerUntil = was.SealedSecret, now.Add(overlap)
		}
		if err := tx.Webhooks().Save(was, is); err != nil {
			return was, err
		}
		return is, ad.record(tx, who, WebhookRotated, "webhook", id.UUID, now, attribute.Value{}, texts("formerUntil", timestamp(is.FormerUntil)))
	})
	if err != nil {
		return Webhook{}, "", err
	}
	return w, secret, nil
}

// DeleteWebhook removes a webhook with what is queued for it. It needs audit:edit. NotFound, VersionMismatch.
func (ad *Administration) DeleteWebhook(ctx context.Context, who Administrator, id WebhookID, match IfMatch) error {
	_, err := ad.editWebhook(ctx, who, id, match, func(tx Tx, was Webhook, now time.Time) (Webhook, error) {
		if err := tx.Webhooks().Delete(was); err != nil {
			return was, err
		}
		return was, ad.record(tx, who, WebhookDeleted, "webhook", id.UUID, now, was.tree(), attribute.Value{})
	})
	return err
}

// TestWebhook sends an event of its own to a webhook, by the way that all take, and gives its id. It needs audit:edit.
// NotFound, Conflict where it is disabled.
func (ad *Administration) TestWebhook(ctx context.Context, who Administrator, id WebhookID) (EventID, error) {
	event, err := ad.author(who).event(WebhookTested, "webhook", id.UUID, ad.env.instant())
	if err != nil {
		return EventID{}, err
	}
	_, err = ad.editWebhook(ctx, who, id, IfMatch{}, func(tx Tx, was Webhook, _ time.Time) (Webhook, error) {
		if err := was.works(); err != nil {
			return was, err
		}
		return was, tx.Events().Append(event)
	})
	return event.ID, err
}

// works refuses what a disabled webhook cannot do.
func (w Webhook) works() error {
	if w.DisabledAt.IsZero() {
		return nil
	}
	return &Error{Kind: Conflict, Code: CodeWebhookDisabled, Message: "the webhook is disabled; enable it first (PATCH with \"disabled\": false)"}
}

// ReplayWebhook lets everything from an event on be sent again to a webhook, those it was sent as well, in the order of the
// log, under the ids they had. It needs audit:edit. NotFound, Invalid, Conflict where it is disabled.
func (ad *Administration) ReplayWebhook(ctx context.Context, who Administrator, id WebhookID, from EventID) error {
	_, err := ad.editWebhook(ctx, who, id, IfMatch{}, func(tx Tx, was Webhook, now time.Time) (Webhook, error) {
		if err := was.works(); err != nil {
			return was, err
		}
		first, err := tx.Events().Position(who.Organisation, from)
		if IsKind(err, NotFound) {
			return was, InvalidField("from_event_id", "there is no event with this id; take one from GET /events")
		}
		if err != nil {
			return was, err
		}
		until, err := tx.Cursors().At(who.Organisation)
		if err != nil {
			return was, err
		}
		if err := tx.Webhooks().Replay(who.Organisation, id, Replay{After: first.before(), Until: until}); err != nil {
			return was, err
		}
		return was, ad.record(tx, who, WebhookReplayed, "webhook", id.UUID, now, attribute.Value{}, texts("from", from.String()))
	})
	return err
}

// before is the position just before this one.
func (p EventPosition) before() EventPosition {
	for i := len(p.ID.UUID) - 1; i >= 0; i-- {
		p.ID.UUID[i]--
		if p.ID.UUID[i] != 0xff {
			break
		}
	}
	return p
}

// Deliveries reads what was and is to be sent to a webhook, the latest events first. It needs audit:view. NotFound.
func (ad *Administration) Deliveries(ctx context.Context, who Administrator, id WebhookID, state DeliveryState, after EventPosition, limit int) ([]Delivery, error) {
	var list []Delivery
	err := ad.look(ctx, who, ModuleAudit, ActionView, "", func(tx Tx) error {
		if _, err := tx.Webhooks().Get(who.Organisation, id); err != nil {
			return err
		}
		var err error
		list, err = tx.Deliveries().List(who.Organisation, id, state, after, limit)
		return err
	})
	return list, err
}
