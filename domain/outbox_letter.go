package domain

import (
	"context"
	"time"

	"usher/domain/attribute"
)

// Envelope is a letter that was handed out, with all that its text is made of.
type Envelope struct {
	Letter       Letter
	Organisation Organisation
	Address      string // as it is on file now
	Name         string
	Language     string    // preferredLanguage as sent; empty: none
	Fallback     string    // the organisation's language, where that is none there is; empty: none
	Event        Event     // that caused it
	Token        string    // of the link; empty: there is none in this letter
	Until        time.Time // to which the link is good
}

// LettersWaiting finds organisations that have letters due, in order of id after one of them.
func (o *Outbox) LettersWaiting(ctx context.Context, after OrganisationID, limit int) (orgs []OrganisationID, err error) {
	err = o.store.Read(ctx, func(tx Tx) (err error) {
		orgs, err = tx.Letters().Waiting(o.env.instant(), after, limit)
		return err
	})
	return orgs, err
}

// DueLetters finds letters of an organisation that are due: those that somebody waits for first, and then those that have
// been due longest.
func (o *Outbox) DueLetters(ctx context.Context, org OrganisationID, limit int) (list []Letter, err error) {
	err = o.store.Read(ctx, func(tx Tx) (err error) {
		list, err = tx.Letters().Due(org, o.env.instant(), limit)
		return err
	})
	return list, err
}

// TakeLetter hands out a letter that was found due; ok is false when another replica was faster, or when it has lost its
// sense: the person is gone or has no address, or the link is no longer good. Then it is given up.
func (o *Outbox) TakeLetter(ctx context.Context, l Letter) (e Envelope, ok bool, err error) {
	now := o.env.instant()
	err = o.store.Write(ctx, func(tx Tx) error {
		ok = false
		taken, err := tx.Letters().Take(l, now.Add(Lease))
		if err != nil || !taken {
			return err
		}
		held := l
		held.Attempts, held.DueAt = l.Attempts+1, now.Add(Lease)
		var vain string
		if e, vain, err = o.envelope(tx, held, now); err != nil {
			return err
		}
		if ok = vain == ""; ok {
			return nil
		}
		held.State, held.DoneAt, held.Problem = DeliveryFailed, now, vain
		return tx.Letters().Settle(held)
	})
	return e, ok && err == nil, err
}

// envelope puts together what a letter is made of; vain says why there is no sense in it any more.
func (o *Outbox) envelope(tx Tx, l Letter, now time.Time) (e Envelope, vain string, err error) {
	e.Letter = l
	if e.Organisation, err = tx.Organisations().Get(l.Organisation); err != nil {
		return e, "", err
	}
	u, err := tx.Users().Find(l.Organisation, l.User)
	if IsKind(err, NotFound) {
		return e, "the person is gone", nil
	}
	if err != nil {
		return e, "", err
	}
	tree, err := u.Attributes()
	if err != nil {
		return e, "", err
	}
	u.Emails = emailsOf(tree)
	address, found := u.SignInEmail()
	if !found {
		return e, "the person has no e-mail address", nil
	}
	e.Address, e.Name, e.Language = address.Text, u.Display(), tree.Get("preferredLanguage").Text()
	appearance, err := tx.Appearances().Get(l.Organisation, "")
	if err != nil {
		return e, "", err
	}
	e.Fallback = appearance.Language
	if e.Event, err = tx.Events().Get(l.Organisation, l.Event); err != nil {
		return e, "", err
	}
	if l.Kind != LetterInvitation && l.Kind != LetterReset {
		return e, "", nil
	}
	id, ok := ParseID[Link](e.Event.After.Get("link").Text())
	if !ok {
		return e, "the link was erased", nil
	}
	link, err := tx.Links().Get(l.Organisation, id)
	if IsKind(err, NotFound) || err == nil && link.Standing(now) != LinkOpen {
		return e, "the link is no longer good", nil
	}
	e.Token, e.Until = o.env.Links.Token(l.Organisation, link.Kind, id), link.ExpiresAt
	return e, "", err
}

// SettleLetter writes what became of an attempt: sent, to be tried again, or given up, at once where the mail server refused
// it for good and otherwise after 3 days; then with an event.
func (o *Outbox) SettleLetter(ctx context.Context, l Letter, sent, final bool, problem string) (given DeliveryState, err error) {
	now := o.env.instant()
	l.Problem = problem
	switch {
	case sent:
		l.State, l.DoneAt, l.Problem = DeliveryDelivered, now, ""
	case final || now.Sub(l.CreatedAt) >= deliveryPeriod:
		l.State, l.DoneAt = DeliveryFailed, now
	default:
		l.DueAt = now.Add(pause(l.Attempts, l.ID.UUID[15]))
	}
	err = o.store.Write(ctx, func(tx Tx) error {
		if err := tx.Letters().Settle(l); err != nil || l.State != DeliveryFailed {
			return err
		}
		id, err := newID[Event](o.env)
		if err != nil {
			return err
		}
		return tx.Events().Append(Event{
			ID: id, Organisation: l.Organisation, Type: LetterFailed, Actor: ActorSystem(), SubjectKind: "user", Subject: l.User.UUID, At: now,
			After: attribute.NewComplex(
				attribute.Member{Name: "letter", Value: attribute.NewString(string(l.Kind))},
				attribute.Member{Name: "problem", Value: attribute.NewString(problem)},
			),
		})
	})
	return l.State, err
}
