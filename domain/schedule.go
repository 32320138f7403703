package domain

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Span is a time of one weekday in which somebody may come in. A span that ends at or before its beginning goes on until
// then on the next day.
type Span struct {
	Day      time.Weekday
	From, To int // minutes since midnight, by the wall clock; To is at most 1440
}

// Schedule is the spans of a week in order. The zero value has none, which means always.
type Schedule []Span

const (
	minutesOfDay = 24 * 60
	maxSpans     = 70 // ten a day
)

var (
	spanForm = regexp.MustCompile(`^(sun|mon|tue|wed|thu|fri|sat) ([01][0-9]|2[0-4]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])$`)
	dayNames = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
)

// ParseSchedule reads spans such as "mon 09:00-13:00, mon 15:00-18:00, fri 22:00-06:00": at most 70, which may overlap;
// empty for always. A span of which both ends are the same is the whole day from there. Invalid.
func ParseSchedule(text string) (Schedule, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, nil
	}
	if len(text) > 32*maxSpans {
		return nil, InvalidField("schedule", fmt.Sprintf("use at most %d spans", maxSpans))
	}
	var schedule Schedule
	for part := range strings.SplitSeq(text, ",") {
		span, ok := parseSpan(strings.ToLower(strings.TrimSpace(part)))
		if !ok {
			return nil, InvalidField("schedule", fmt.Sprintf("%.40q is no span; write each as mon 09:00-17:00, separated by commas", part))
		}
		schedule = append(schedule, span)
	}
	if len(schedule) > maxSpans {
		return nil, InvalidField("schedule", fmt.Sprintf("use at most %d spans", maxSpans))
	}
	slices.SortFunc(schedule, func(a, b Span) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	return slices.Compact(schedule), nil
}

func parseSpan(text string) (Span, bool) {
	parts := spanForm.FindStringSubmatch(text)
	if parts == nil {
		return Span{}, false
	}
	minutes := func(hour, minute string) int {
		h, errHour := strconv.Atoi(hour)
		m, errMinute := strconv.Atoi(minute)
		if errHour != nil || errMinute != nil {
			return minutesOfDay + 1
		}
		return 60*h + m
	}
	span := Span{Day: time.Weekday(slices.Index(dayNames, parts[1])), From: minutes(parts[2], parts[3]), To: minutes(parts[4], parts[5])}
	return span, span.From < minutesOfDay && span.To <= minutesOfDay
}

// String is the schedule as ParseSchedule reads it.
func (s Schedule) String() string {
	parts := make([]string, len(s))
	for i, span := range s {
		parts[i] = fmt.Sprintf("%s %02d:%02d-%02d:%02d", dayNames[span.Day], span.From/60, span.From%60, span.To/60, span.To%60)
	}
	return strings.Join(parts, ", ")
}

// open reports whether a wall clock is within a span.
func (s Schedule) open(wall time.Time) bool {
	if len(s) == 0 {
		return true
	}
	minute := 60*wall.Hour() + wall.Minute()
	yesterday := (wall.Weekday() + 6) % 7
	return slices.ContainsFunc(s, func(span Span) bool {
		overnight := span.To <= span.From
		return span.Day == wall.Weekday() && minute >= span.From && (overnight || minute < span.To) ||
			overnight && span.Day == yesterday && minute < span.To
	})
}
