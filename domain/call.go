package domain

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"usher/domain/attribute"
)

// CallDay is how many calls a person handled on a day, as the application counts them.
type CallDay struct {
	User    UserID
	Day     Date
	Handled int
}

func (d CallDay) compare(other CallDay) int {
	return cmp.Or(cmp.Compare(d.Day, other.Day), compareIDs(d.User, other.User))
}

// CallQuery asks for days in order of day and person. The zero user asks for everybody.
type CallQuery struct {
	User     UserID
	From, To Date // both inclusive, at most [MaxCallRange] days
	After    CallDay
	Limit    int
}

// CallSummary is a range of days in one line.
type CallSummary struct {
	Handled int
	People  int // who have a day in it
	Days    int // that have a person in them
}

const (
	// MaxCallBatch bounds the days that are told at once.
	MaxCallBatch = 1000
	// MaxCallRange bounds the days that are asked for at once.
	MaxCallRange = 366

	maxHandled = 1_000_000
)

// Calls is the store of call statistics.
type Calls interface {
	// Differing counts which of some days are not so already.
	Differing(org OrganisationID, days []CallDay) (int, error)
	// Put writes days over those there were.
	Put(org OrganisationID, days []CallDay) error
	// Of reads the days that a query asks for.
	Of(org OrganisationID, q CallQuery) ([]CallDay, error)
	// Summary sums them up, whatever the limit.
	Summary(org OrganisationID, q CallQuery) (CallSummary, error)
}

// calling demands a plan with call statistics (rule stats.calls). PlanMissing.
func calling(tx Tx, org OrganisationID) error {
	plan, err := tx.Plans().Of(org)
	if err != nil || plan.hasCalls() {
		return err
	}
	return &Error{Kind: Forbidden, Code: CodePlanMissing, Field: "plan", Message: "the plan " + string(plan) +
		" has no call statistics; ask whoever runs the service for the plan professional or pro_plus"}
}

// eastmost is how far ahead of UTC a day begins first.
const eastmost = 14 * time.Hour

// PutCalls writes what the application counted: days of people, each once, over what was told before. The same again changes
// nothing. It is one event. Needs statistics:edit. PlanMissing, Invalid naming the day at fault, TooMany.
func (ad *Administration) PutCalls(ctx context.Context, who Administrator, days []CallDay) (changed int, err error) {
	if len(days) == 0 || len(days) > MaxCallBatch {
		return 0, tooMany("days", fmt.Sprintf("send 1 to %d days at once", MaxCallBatch))
	}
	at := map[CallDay]int{}
	people := map[UserID]int{}
	today := Date(ad.env.instant().Add(eastmost).Format(time.DateOnly))
	for i, d := range days {
		key := CallDay{User: d.User, Day: d.Day}
		switch _, twice := at[key]; {
		case d.Day == "":
			return 0, InvalidField(fmt.Sprintf("days[%d].day", i), "use a date such as 2026-12-31")
		case d.Day > today:
			return 0, InvalidField(fmt.Sprintf("days[%d].day", i), "this day has not begun anywhere; use today or a day before")
		case d.Handled < 0 || d.Handled > maxHandled:
			return 0, InvalidField(fmt.Sprintf("days[%d].handled", i), fmt.Sprintf("use 0 to %d calls", maxHandled))
		case twice:
			return 0, InvalidField(fmt.Sprintf("days[%d]", i), "this day of this person is there twice; send each once")
		}
		at[key], people[d.User] = i, i
	}
	days = slices.Clone(days)
	slices.SortFunc(days, CallDay.compare)
	err = ad.change(ctx, who, ModuleStatistics, ActionEdit, "", func(tx Tx, now time.Time) error {
		if err := calling(tx, who.Organisation); err != nil {
			return err
		}
		if err := allKnown(tx, who.Organisation, people); err != nil {
			return err
		}
		var err error
		if changed, err = tx.Calls().Differing(who.Organisation, days); err != nil || changed == 0 {
			return err
		}
		if err := tx.Calls().Put(who.Organisation, days); err != nil {
			return err
		}
		return ad.record(tx, who, CallsReported, "organisation", who.Organisation.UUID, now, attribute.Value{}, numbers("changed", changed))
	})
	return changed, err
}

// allKnown refuses people who are not there; at says where each was named.
func allKnown(tx Tx, org OrganisationID, at map[UserID]int) error {
	ids := make([]UserID, 0, len(at))
	for id := range at {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, compareIDs[User])
	here, err := tx.Records().Share(org, ids)
	if err != nil {
		return err
	}
	known := map[UserID]bool{}
	for _, h := range here {
		known[h.ID] = h.Status != Nobody
	}
	for _, id := range ids {
		if !known[id] {
			return InvalidField(fmt.Sprintf("days[%d].user_id", at[id]), "there is no person with the id "+id.String()+"; see the list of people")
		}
	}
	return nil
}

// Calls reads call statistics in order of day and person. Needs statistics:view. PlanMissing, Invalid.
func (ad *Administration) Calls(ctx context.Context, who Administrator, q CallQuery) ([]CallDay, error) {
	var list []CallDay
	err := ad.lookAtCalls(ctx, who, q, func(tx Tx) (err error) {
		list, err = tx.Calls().Of(who.Organisation, q)
		return err
	})
	return list, err
}

// CallSummary sums call statistics up. Needs statistics:view. PlanMissing, Invalid.
func (ad *Administration) CallSummary(ctx context.Context, who Administrator, q CallQuery) (CallSummary, error) {
	var sum CallSummary
	err := ad.lookAtCalls(ctx, who, q, func(tx Tx) (err error) {
		sum, err = tx.Calls().Summary(who.Organisation, q)
		return err
	})
	return sum, err
}

func (ad *Administration) lookAtCalls(ctx context.Context, who Administrator, q CallQuery, fn func(tx Tx) error) error {
	return ad.look(ctx, who, ModuleStatistics, ActionView, "", func(tx Tx) error {
		if err := calling(tx, who.Organisation); err != nil {
			return err
		}
		if err := q.check(); err != nil {
			return err
		}
		return fn(tx)
	})
}

// check refuses a range without ends, in the wrong order or too long.
func (q CallQuery) check() error {
	for _, end := range []struct {
		field string
		day   Date
	}{{"from", q.From}, {"to", q.To}} {
		if end.day == "" {
			return &Error{Kind: Invalid, Code: CodeRequired, Field: end.field, Message: "give the first day and the last one, such as from=2026-01-01&to=2026-01-31"}
		}
	}
	from, errFrom := time.Parse(time.DateOnly, string(q.From))
	to, errTo := time.Parse(time.DateOnly, string(q.To))
	if errFrom != nil || errTo != nil || to.Before(from) || to.Sub(from) >= MaxCallRange*24*time.Hour {
		return InvalidField("to", fmt.Sprintf("use a day that is not before from, and ask for at most %d days", MaxCallRange))
	}
	return nil
}
