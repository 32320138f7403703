package domain

import "context"

// maxEventTypes bounds the types that a query may name.
const maxEventTypes = 50

// Events reads what happened, in order of commit: who follows Next from page to page misses nothing and sees nothing
// twice. A type that no event has is refused, since nothing would ever come. It needs audit:view. Invalid.
func (ad *Administration) Events(ctx context.Context, who Administrator, q EventQuery) (EventPage, error) {
	if len(q.Types) > maxEventTypes {
		return EventPage{}, &Error{Kind: Invalid, Code: CodeTooMany, Field: "type", Message: "name at most 50 types of events"}
	}
	if said := unknownEvent(q.Types); said != "" {
		return EventPage{}, &Error{Kind: Invalid, Code: CodeInvalidFilter, Field: "type", Message: said}
	}
	q.Organisation = who.Organisation
	var page EventPage
	err := ad.look(ctx, who, ModuleAudit, ActionView, "", func(tx Tx) (err error) {
		page, err = tx.Events().Feed(q)
		return err
	})
	return page, err
}

// PresentEvent is the position from which [Administration.Events] shows what happens from now on: who takes it first,
// then reads everything, and then follows, misses nothing. It needs audit:view.
func (ad *Administration) PresentEvent(ctx context.Context, who Administrator) (EventPosition, error) {
	var at EventPosition
	err := ad.look(ctx, who, ModuleAudit, ActionView, "", func(tx Tx) (err error) {
		at, err = tx.Events().Present(who.Organisation)
		return err
	})
	return at, err
}
