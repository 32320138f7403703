package web

import (
	"fmt"
	"time"
)

// Day is a day as people write it.
func (c Catalogue) Day(zone *time.Location, at time.Time) string {
	at = at.In(local(zone))
	return c.Text("date.day", "day", at.Day(), "month", c.Text(fmt.Sprintf("date.month.%d", at.Month())), "year", at.Year())
}

// Moment is a day and the time of it, with the zone where that is not plain from the place.
func (c Catalogue) Moment(zone *time.Location, at time.Time) string {
	at = at.In(local(zone))
	return c.Text("date.moment", "day", c.Day(zone, at), "time", at.Format("15:04"), "zone", at.Format("MST"))
}

// Ago is how long before now something was, as roughly as people say it; what is long ago is a day.
func (c Catalogue) Ago(zone *time.Location, now, at time.Time) string {
	const day = 24 * time.Hour
	switch since := now.Sub(at); {
	case since < 2*time.Minute:
		return c.Text("date.now")
	case since < time.Hour:
		return c.Number("date.minutes-ago", int(since/time.Minute))
	case since < day:
		return c.Number("date.hours-ago", int(since/time.Hour))
	case since < 7*day:
		return c.Number("date.days-ago", int(since/day))
	}
	return c.Day(zone, at)
}

func local(zone *time.Location) *time.Location {
	if zone == nil {
		return time.UTC
	}
	return zone
}
