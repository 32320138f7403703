package domain

import (
	"slices"
	"time"

	"usher/domain/attribute"
)

// Window is when somebody may come in, in their time zone: dates, both inclusive, and a weekly schedule (rule
// access.window). The zero value is always.
//
// What counts is the wall clock: where the clock is set forward, a span that would begin in the hour that does not exist
// begins after it; where the clock is set back, an hour that comes twice is twice in the span or twice out of it.
type Window struct {
	Zone       Zone
	ValidFrom  Date
	ValidUntil Date
	Schedule   Schedule
}

// Date is a day of the calendar, as 2006-01-02; empty for none. A Date that exists is valid.
type Date string

// ParseDate reads a day such as 2026-02-28; empty for none. Invalid.
func ParseDate(field, text string) (Date, error) {
	if text == "" {
		return "", nil
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil || day.Year() < 1970 || day.Year() > 9998 {
		return "", InvalidField(field, "use a date such as 2026-12-31")
	}
	return Date(text), nil
}

// IsZero reports whether the window is always open.
func (w Window) IsZero() bool { return w.ValidFrom == "" && w.ValidUntil == "" && len(w.Schedule) == 0 }

// check refuses dates in the wrong order.
func (w Window) check() error {
	if w.ValidFrom != "" && w.ValidUntil != "" && w.ValidUntil < w.ValidFrom {
		return InvalidField("valid_until", "use a date that is not before valid_from")
	}
	return nil
}

// tree is the window as events show it.
func (w Window) tree() attribute.Value {
	if w.IsZero() {
		return attribute.Value{}
	}
	return texts("timeZone", w.Zone.Name(), "validFrom", string(w.ValidFrom), "validUntil", string(w.ValidUntil), "schedule", w.Schedule.String())
}

// Version tells one window from another, for If-Match.
func (w Window) Version() int64 {
	if w.IsZero() {
		return contentVersion() // whatever its zone
	}
	return contentVersion(w.Zone.Name(), string(w.ValidFrom), string(w.ValidUntil), w.Schedule.String())
}

// Open reports whether somebody may come in at an instant.
func (w Window) Open(at time.Time) bool {
	wall := at.In(w.Zone.local())
	return !w.early(wall) && !w.over(wall) && w.Schedule.open(wall)
}

func (w Window) early(wall time.Time) bool {
	return w.ValidFrom != "" && Date(wall.Format(time.DateOnly)) < w.ValidFrom
}

func (w Window) over(wall time.Time) bool {
	return w.ValidUntil != "" && Date(wall.Format(time.DateOnly)) > w.ValidUntil
}

// end is the instant at which the last day is over; zero: there is none.
func (w Window) end() time.Time {
	day, err := time.ParseInLocation(time.DateOnly, string(w.ValidUntil), w.Zone.local())
	if err != nil {
		return time.Time{}
	}
	return day.AddDate(0, 0, 1).UTC()
}

// NextOpening is the first instant after at, at which the window is open though it was not before; ok is false where there
// is none.
func (w Window) NextOpening(at time.Time) (opening time.Time, ok bool) {
	start := at.In(w.Zone.local())
	if w.early(start) {
		if from, err := time.ParseInLocation(time.DateOnly, string(w.ValidFrom), w.Zone.local()); err == nil {
			start = from.AddDate(0, 0, -1)
		}
	}
	for _, days := range []int{9, 16} { // the second week is rarely looked at: see changes
		for _, candidate := range w.changes(start, days) {
			if candidate.After(at) && w.Open(candidate) && !w.Open(candidate.Add(-time.Nanosecond)) {
				return candidate.UTC(), true
			}
		}
	}
	return time.Time{}, false
}

// closedBetween reports whether the window was closed after an instant and has opened again since. Dates do not open again, and
// what closes does so for a minute at least, which spares most requests the look.
func (w Window) closedBetween(after, now time.Time) bool {
	if len(w.Schedule) == 0 || now.Sub(after) < time.Minute {
		return false
	}
	opening, ok := w.NextOpening(after)
	return ok && !opening.After(now)
}

// changes are the instants around which a window may open, within some days from a wall clock: midnights, the beginnings of
// spans, and where the zone's clock is set. The schedule is of a week, so that nine days will do, unless its only span falls
// into what a clock that is set forward leaves out: then it opens the week after, since no clock is set forward in two weeks
// in a row.
func (w Window) changes(start time.Time, days int) []time.Time {
	zone := w.Zone.local()
	offsets := map[int]bool{}
	var all []time.Time
	year, month, day := start.Date()
	first := time.Date(year, month, day-1, 0, 0, 0, 0, zone)
	last := time.Date(year, month, day+days, 0, 0, 0, 0, zone)
	for at := first; at.Before(last); {
		_, offset := at.Zone()
		offsets[offset] = true
		_, end := at.ZoneBounds()
		if end.IsZero() || !end.Before(last) {
			break
		}
		all = append(all, end)
		at = end
	}
	minutes := []int{0}
	for _, span := range w.Schedule {
		minutes = append(minutes, span.From)
	}
	slices.Sort(minutes)
	for d := range days {
		for _, minute := range slices.Compact(minutes) {
			wall := time.Date(year, month, day+d, 0, minute, 0, 0, time.UTC)
			for offset := range offsets {
				all = append(all, wall.Add(-time.Duration(offset)*time.Second).In(zone))
			}
		}
	}
	slices.SortFunc(all, time.Time.Compare)
	return all
}

// Windows is the store of access windows.
type Windows interface {
	// Get reads somebody's window; the zero value where they have none.
	Get(org OrganisationID, user UserID) (Window, error)
	// Put writes somebody's window; the zero value removes it.
	Put(org OrganisationID, user UserID, w Window) error
}
