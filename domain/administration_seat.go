package domain

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Seats reads limit, held and waiting of every licence. Needs licences:view.
func (ad *Administration) Seats(ctx context.Context, who Administrator) ([]SeatUsage, error) {
	var list []SeatUsage
	err := ad.look(ctx, who, ModuleLicences, ActionView, "", func(tx Tx) (err error) {
		list, err = tx.Seats().Usage(who.Organisation)
		return err
	})
	return list, err
}

// SeatsOf reads limit, held and waiting of one licence. Needs licences:view. NotFound.
func (ad *Administration) SeatsOf(ctx context.Context, who Administrator, licence string) (SeatUsage, error) {
	list, err := ad.Seats(ctx, who)
	if err != nil {
		return SeatUsage{}, err
	}
	at := slices.IndexFunc(list, func(u SeatUsage) bool { return u.Licence == licence })
	if at < 0 {
		return SeatUsage{}, noLicence(licence)
	}
	return list[at], nil
}

// SetSeats raises or reduces the seats of one licence, or makes them unlimited or limited (rules seat.reduce,
// seat.unlimited); a licence the organisation does not have is added. New seats go to those who wait. Needs licences:edit.
// match is a condition on the plan, which none meets where there is none. Invalid, Precondition, SeatsHeld.
func (ad *Administration) SetSeats(ctx context.Context, who Administrator, match IfMatch, plan SeatPlan) error {
	if err := plan.check(); err != nil {
		return err
	}
	return ad.change(ctx, who, ModuleLicences, ActionEdit, "", func(tx Tx, now time.Time) error {
		return setSeats(tx, who.Organisation, match, plan, now, ad.scribe(who))
	})
}

// setSeats changes the plan of one licence, with the event.
func setSeats(tx Tx, org OrganisationID, match IfMatch, plan SeatPlan, now time.Time, write scribe) error {
	if plan.Unlimited {
		plan.Limit = 0
	}
	was, found, err := tx.Seats().Hold(org, plan.Licence)
	if err != nil {
		return err
	}
	if !found && match.Set {
		match = IfMatch{Set: true} // "*" asks for something that is there, too (RFC 9110 section 13.1.1)
	}
	if err := match.admits(was.Version()); err != nil || found && was == plan {
		return err
	}
	event, err := write.event(SeatsChanged, UserID{}, now)
	if err != nil {
		return err
	}
	event.SubjectKind, event.Subject = "organisation", org.UUID
	event.After = seatTree([]SeatPlan{plan})
	if !found {
		if err := tx.Seats().Plan(org, plan); err != nil {
			return err
		}
		return tx.Events().Append(event)
	}
	event.Before = seatTree([]SeatPlan{was})
	if err := tx.Seats().Resize(org, was, plan); err != nil {
		return err
	}
	if err := tx.Events().Append(event); err != nil {
		return err
	}
	if _, err := seatWaiting(tx, org, plan.Licence, now, write); err != nil {
		return err
	}
	wishing, err := tx.Dossiers().Wishing(org, plan.Licence, applyAtOnce)
	if err != nil {
		return err
	}
	return recompute(tx, org, wishing, now, write)
}

// check says what is wrong with a plan.
func (p SeatPlan) check() error {
	switch {
	case !licenceForm.MatchString(p.Licence):
		return InvalidField("seats", fmt.Sprintf("%.40q is no name of a licence; use lower-case letters, digits, _ and -, beginning with a letter", p.Licence))
	case !p.Unlimited && (p.Limit < 0 || p.Limit > MaxSeats):
		return InvalidField("seats", fmt.Sprintf("the licence %q needs a number of seats from 0 to 1,000,000, or unlimited", p.Licence))
	}
	return nil
}

// SeatsHeld is the refusal of rule seat.reduce.
func SeatsHeld(licence string, held, limit int) *Error {
	return &Error{Kind: Conflict, Code: CodeSeatsHeld, Field: "seats", Message: fmt.Sprintf(
		"%s held, so that there cannot be only %d; deactivate people first, or keep at least %s",
		numbered(held, fmt.Sprintf("seat of the licence %q is", licence), fmt.Sprintf("seats of the licence %q are", licence)),
		limit, numbered(held, "seat", "seats"))}
}

// SetSeats raises or reduces the seats of an organisation, licence by licence, all or none (rules seat.reduce,
// seat.unlimited). Licences that are not named stay as they are. NotFound, Invalid, SeatsHeld.
func (in *Installation) SetSeats(ctx context.Context, slug string, plans []SeatPlan) ([]SeatUsage, error) {
	for _, plan := range plans {
		if err := plan.check(); err != nil {
			return nil, err
		}
	}
	var usage []SeatUsage
	now := in.env.instant()
	err := in.change(ctx, slug, func(tx Tx, o Organisation) error {
		for _, plan := range plans {
			if err := setSeats(tx, o.ID, IfMatch{}, plan, now, in.author(o).scribe()); err != nil {
				return err
			}
		}
		var err error
		usage, err = tx.Seats().Usage(o.ID)
		return err
	})
	return usage, err
}
