package domain

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// turnedAway records that somebody who is known to their provider was not let in, and gives the refusal back. Whoever comes
// again and again is counted each time, and told of once an hour for each reason.
func (e *Entrance) turnedAway(ctx context.Context, a Arriving, v Visitor, refusal error) error {
	reason := ""
	var failed *Error
	switch {
	case !errors.As(refusal, &failed):
	case failed.Code == CodeNoAccount:
		reason = failed.Field
	case failed.Code == CodeSeatsExhausted, failed.Code == CodeSignInTooWeak:
		reason = failed.Code
	}
	if reason == "" {
		return refusal
	}
	now, i := e.env.instant(), a.Identity
	err := e.store.Write(ctx, func(tx Tx) error {
		err := tx.Tallies().Add(Tally{
			Organisation: i.Organisation, Connection: i.Connection, Kind: TallyTurnedAway, What: reason, Count: 1, FirstAt: now, LastAt: now, RequestID: v.RequestID,
		})
		if err != nil {
			return err
		}
		return e.tellTurnedAway(tx, i, reason, v, now)
	})
	if err != nil {
		return err
	}
	return refusal
}

func (e *Entrance) tellTurnedAway(tx Tx, i Identity, reason string, v Visitor, now time.Time) error {
	first, err := e.env.firstThisHour(tx, i.Organisation, "turned away", i.text()+"\x00"+reason, now)
	if err != nil || !first {
		return err
	}
	event, err := e.scribe(i.Organisation, Actor{Kind: "connection", ID: i.Connection.UUID}, v).event(FirstAccessRefused, UserID{}, now)
	if err != nil {
		return err
	}
	event.SubjectKind, event.Subject = "connection", i.Connection.UUID
	known, found, err := tx.Identities().Find(i)
	if err != nil {
		return err
	}
	if found {
		event.Person = known // with whom the address that they came from is erased
	}
	event.After = texts("reason", reason, "issuer", i.Issuer, "identity", e.env.nameless(i))
	return tx.Events().Append(event)
}

// nameless stands for an identity where nothing personal may stand, since nobody would erase it: who is turned away is often
// nobody's account. Tries of one can be told from those of others, and whose they are only who has the key of links can find
// out, by trying.
func (e Environment) nameless(i Identity) string {
	return fmt.Sprintf("%016x", e.Links.slot(i.Organisation, "identity", i.text()))
}

// text spells an identity within an organisation.
func (i Identity) text() string {
	return i.Connection.String() + "\x00" + i.Issuer + "\x00" + i.Subject
}
