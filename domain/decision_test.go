package domain_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"usher/domain"
	"usher/persistence/storetest"
)

func window(t require.TestingT, spec domain.WindowSpec) domain.Window {
	w, err := spec.Window()
	require.NoError(t, err)
	return w
}

// accessWindow: an administrator says when somebody may come in; the decision tells the reason and the next opening.
func accessWindow(s *scene) {
	u := s.provision("ana@acme.test")
	set := func(spec domain.WindowSpec) error {
		_, err := s.admin.SetWindow(s.Context(), s.boss(), u.ID, domain.IfMatch{}, spec)
		return err
	}
	made := s.eventsSince(func() {
		for field, bad := range map[string]domain.WindowSpec{
			"time_zone": {TimeZone: "Mars/Olympus", ValidFrom: "2026-01-01"}, "valid_from": {ValidFrom: "2026-02-30"},
			"valid_until": {ValidFrom: "2026-02-02", ValidUntil: "2026-02-01"}, "schedule": {Schedule: "mon 9-17"},
		} {
			err := set(bad)
			storetest.Refused(s, err, domain.Invalid, domain.CodeInvalidValue)
			require.Contains(s, err.Error(), field)
		}
		require.NoError(s, set(domain.WindowSpec{TimeZone: "Europe/Madrid"}), "always is no window")
	})
	require.Empty(s, made)
	spec := domain.WindowSpec{TimeZone: "Europe/Madrid", ValidFrom: "2030-06-03", ValidUntil: "2030-06-30", Schedule: "mon 09:00-17:00"}
	made = s.eventsSince(func() {
		require.NoError(s, set(spec))
		require.NoError(s, set(spec))
	})
	require.Equal(s, []domain.EventType{domain.AccessWindowChanged}, eventTypes(made))
	require.Equal(s, "mon 09:00-17:00", made[0].After.Get("schedule").Text())
	got, err := s.admin.WindowOf(s.Context(), s.boss(), u.ID)
	require.NoError(s, err)
	require.Equal(s, window(s, spec), got)
	decide := func(at time.Time) domain.Decision {
		s.clock.Move(at.Sub(s.clock.Now()))
		d, err := s.admin.Access(s.Context(), s.boss(), u.ID, domain.BySession)
		require.NoError(s, err)
		return d
	}
	opening := time.Date(2030, 6, 3, 7, 0, 0, 0, time.UTC)
	early := decide(opening.Add(-48 * time.Hour))
	require.Equal(s, domain.ReasonNotYetValid, early.Reason)
	require.Equal(s, opening, early.NextOpening)
	require.Contains(s, early.Sentence, "2030-06-03 09:00 CEST")
	require.True(s, decide(opening).Allowed)
	closed := decide(opening.Add(8 * time.Hour))
	require.Equal(s, domain.ReasonOutsideSchedule, closed.Reason)
	require.Equal(s, opening.Add(7*24*time.Hour), closed.NextOpening)
	over := decide(time.Date(2030, 6, 30, 22, 0, 0, 0, time.UTC))
	require.Equal(s, domain.ReasonNoLongerValid, over.Reason)
	require.True(s, over.NextOpening.IsZero())
	require.NoError(s, set(domain.WindowSpec{}))
	require.True(s, decide(opening).Allowed)
}

// accessDecision: each reason in its order, from what is stored; what would open no door is told as well.
func accessDecision(s *scene) {
	s.policy(func(p *domain.Policy) { p.SeatOverflow = domain.SeatOverflowWait })
	u, pending := s.provision("ana@acme.test"), s.add("pending@acme.test")
	reason := func(id domain.UserID, method domain.AccessMethod) string {
		d, err := s.admin.Access(s.Context(), s.boss(), id, method)
		require.NoError(s, err)
		require.Equal(s, d.Allowed, d.Reason == "")
		require.Equal(s, d.Allowed, d.Sentence == "" && d.Remedy == "")
		return d.Reason
	}
	require.Empty(s, reason(u.ID, domain.BySession))
	require.Equal(s, domain.ReasonNoPassword, reason(u.ID, domain.ByPassword), "nobody comes by a password they do not have")
	require.Equal(s, domain.ReasonPending, reason(pending.ID, domain.ByPassword))
	require.Equal(s, domain.ReasonNoProvider, reason(pending.ID, domain.BySingleSignOn), "nor by a provider that nobody registered")
	other := s.another("elsewhere")
	s.registered(other.Connection, "https://elsewhere.test")
	require.Empty(s, reason(pending.ID, domain.BySingleSignOn))
	require.Equal(s, domain.ReasonNoProvider, reason(u.ID, domain.BySingleSignOn), "who is a directory's comes by its connection")
	s.knownAt(u, other.Connection, "https://elsewhere.test")
	require.Empty(s, reason(u.ID, domain.BySingleSignOn), "or by another one that knows them")
	s.registered(s.caller.Connection, "https://idp.test")
	_, err := s.admin.SetConnectionDisabled(s.Context(), s.boss(), other.Connection, true, domain.IfMatch{})
	require.NoError(s, err)
	require.Empty(s, reason(u.ID, domain.BySingleSignOn))
	_, err = s.admin.SetConnectionDisabled(s.Context(), s.boss(), s.caller.Connection, true, domain.IfMatch{})
	require.NoError(s, err)
	require.Equal(s, domain.ReasonNoProvider, reason(u.ID, domain.BySingleSignOn))
	require.Equal(s, domain.ReasonNoProvider, reason(pending.ID, domain.BySingleSignOn))
	require.NoError(s, s.admin.Block(s.Context(), s.boss(), u.ID, domain.IfMatch{}))
	require.Equal(s, domain.ReasonBlocked, reason(u.ID, domain.BySession))
	s.deactivate(u.ID)
	require.Equal(s, domain.ReasonInactive, reason(u.ID, domain.ByPassword))
	require.NoError(s, s.admin.Delete(s.Context(), s.boss(), u.ID, domain.IfMatch{}))
	require.Equal(s, domain.ReasonUnknown, reason(u.ID, domain.ByPassword))
	_, err = s.installation().SuspendOrganisation(s.Context(), s.tenant.Organisation.Slug)
	require.NoError(s, err)
	require.Equal(s, domain.ReasonOrganisationSuspended, reason(pending.ID, domain.BySingleSignOn))
	_, err = s.admin.Access(s.Context(), s.boss(), pending.ID, "by force")
	storetest.Refused(s, err, domain.Invalid, domain.CodeInvalidValue)
}

// hindering is one thing that keeps somebody out by a method, and the reason that is told of it.
type hindering struct {
	reason string
	do     func(*domain.AccessFacts)
}

// hinderings are all of them by a method that do not exclude each other, in the order in which they are told.
func hinderings(t require.TestingT, method domain.AccessMethod, now time.Time) []hindering {
	all := []hindering{
		{domain.ReasonOrganisationSuspended, func(f *domain.AccessFacts) { f.OrganisationSuspended = true }},
		{domain.ReasonInactive, func(f *domain.AccessFacts) { f.Status = domain.Inactive }},
		{domain.ReasonBlocked, func(f *domain.AccessFacts) { f.Block = domain.BlockedByAdministrator }},
	}
	switch method {
	case domain.ByPassword:
		all = append(all,
			hindering{domain.ReasonLocalSignInOff, func(f *domain.AccessFacts) { f.Means.Locally = false }},
			hindering{domain.ReasonSlowed, func(f *domain.AccessFacts) { f.Means.SlowedUntil = now.Add(time.Second) }})
	case domain.ByPasskey:
		all = append(all, hindering{domain.ReasonLocalSignInOff, func(f *domain.AccessFacts) { f.Means.Locally = false }})
	case domain.BySingleSignOn:
		all = append(all, hindering{domain.ReasonNoProvider, func(f *domain.AccessFacts) { f.Means.Provider = false }})
	case domain.BySession:
	}
	closed := window(t, domain.WindowSpec{ValidUntil: "2026-03-01"})
	return append(all, hindering{domain.ReasonNoLongerValid, func(f *domain.AccessFacts) { f.Window = closed }})
}

// Whatever keeps somebody out is told, the deciding one first, and nothing else is.
func TestHindrances(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		method := rapid.SampledFrom([]domain.AccessMethod{domain.ByPassword, domain.BySingleSignOn, domain.ByPasskey, domain.BySession}).Draw(t, "method")
		facts := domain.AccessFacts{
			Here: true, Status: domain.Active, Method: method,
			Means: domain.Means{Asked: true, Locally: true, Password: true, Provider: true, SlowedUntil: now},
		}
		want := []string{}
		for _, h := range hinderings(t, method, now) {
			if rapid.Bool().Draw(t, h.reason) {
				h.do(&facts)
				want = append(want, h.reason)
			}
		}
		got := []string{}
		for _, d := range domain.Hindrances(facts, now) {
			require.False(t, d.Allowed)
			require.NotEmpty(t, d.Sentence)
			require.NotEmpty(t, d.Remedy)
			got = append(got, d.Reason)
		}
		require.Equal(t, want, got)
		decided := domain.Decide(facts, now)
		require.Equal(t, len(want) == 0, decided.Allowed)
		if len(want) > 0 {
			require.Equal(t, domain.Hindrances(facts, now)[0], decided)
		}
	})
	gone := domain.AccessFacts{OrganisationSuspended: true, Status: domain.Inactive, Block: domain.BlockedByAdministrator}
	reasons := []string{}
	for _, d := range domain.Hindrances(gone, now) {
		reasons = append(reasons, d.Reason)
	}
	require.Equal(t, []string{domain.ReasonOrganisationSuspended, domain.ReasonUnknown}, reasons, "of who is not here nothing else is known")
}

// The first reason that holds is told: what is taken away uncovers the next.
func TestDecideInOrder(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	facts := domain.AccessFacts{
		OrganisationSuspended: true, Status: domain.Inactive, Waiting: true, Block: domain.BlockedByAdministrator, Method: domain.ByPassword,
		Means:  domain.Means{Asked: true},
		Window: window(t, domain.WindowSpec{ValidFrom: "2026-03-03", Schedule: "wed 10:00-11:00"}),
	}
	itself := map[string]bool{domain.ReasonNotYetValid: true, domain.ReasonOutsideSchedule: true, domain.ReasonSlowed: true}
	for _, step := range []struct {
		reason string
		next   func()
	}{
		{domain.ReasonOrganisationSuspended, func() { facts.OrganisationSuspended = false }},
		{domain.ReasonUnknown, func() { facts.Here = true }},
		{domain.ReasonInactive, func() { facts.Status = domain.Pending }},
		{domain.ReasonWaiting, func() { facts.Waiting = false }},
		{domain.ReasonPending, func() { facts.Status = domain.Active }},
		{domain.ReasonBlocked, func() { facts.Block = domain.BlockedByInactivity }},
		{domain.ReasonInactivity, func() { facts.Block = domain.BlockedByFailedSignIns }},
		{domain.ReasonFailedSignIns, func() { facts.Block = "" }},
		{domain.ReasonLocalSignInOff, func() { facts.Means.Locally = true }},
		{domain.ReasonNoPassword, func() { facts.Means.Password, facts.Means.PasswordEndsAt = true, now }},
		{domain.ReasonTemporaryPasswordExpired, func() {
			facts.Means.PasswordEndsAt, facts.Means.SlowedUntil = now.Add(time.Millisecond), now.Add(time.Millisecond)
			facts.Status = domain.Pending // who has a temporary password may come by it to choose their own
		}},
		{domain.ReasonSlowed, func() {
			facts.Means.SlowedUntil, facts.Block, facts.Method, facts.Status = now, domain.BlockedByFailedSignIns, domain.BySingleSignOn, domain.Active
		}},
		{domain.ReasonNoProvider, func() { facts.Means.Provider = true }},
		{domain.ReasonNotYetValid, func() { facts.Window.ValidFrom = "" }},
		{domain.ReasonOutsideSchedule, func() { facts.Window.ValidUntil = "2026-03-01" }},
		{domain.ReasonNoLongerValid, func() { facts.Window = domain.Window{} }},
	} {
		d := domain.Decide(facts, now)
		require.False(t, d.Allowed)
		require.Equal(t, step.reason, d.Reason)
		require.NotEmpty(t, d.Sentence)
		require.NotEmpty(t, d.Remedy)
		require.Equal(t, itself[step.reason], !d.NextOpening.IsZero(), step.reason)
		step.next()
	}
	require.Equal(t, domain.Decision{Allowed: true}, domain.Decide(facts, now))
	require.Equal(t, domain.Decision{Allowed: true}, domain.Decide(domain.AccessFacts{Here: true, Status: domain.Active, Method: domain.ByPassword}, now),
		"what somebody has to come in by is not asked of who has proved it")
}

// Dates are inclusive by the person's clock, spans go past midnight, and the clock may be set in between (security 53).
func TestWindow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		spec domain.WindowSpec
		at   string // an instant, with the offset that the place has then
		open bool
		next string // the next opening; empty: none
	}{
		{"always", domain.WindowSpec{}, "2026-01-01T00:00:00Z", true, ""},
		{"first moment", domain.WindowSpec{TimeZone: "Asia/Tokyo", ValidFrom: "2026-05-01"}, "2026-05-01T00:00:00+09:00", true, ""},
		{"before", domain.WindowSpec{TimeZone: "Asia/Tokyo", ValidFrom: "2026-05-01"}, "2026-04-30T23:59:59+09:00", false, "2026-05-01T00:00:00+09:00"},
		{"long before", domain.WindowSpec{TimeZone: "Asia/Tokyo", ValidFrom: "2027-05-01", Schedule: "fri 10:00-11:00"}, "2026-01-01T00:00:00+09:00", false, "2027-05-07T10:00:00+09:00"},
		{"last moment", domain.WindowSpec{TimeZone: "America/New_York", ValidUntil: "2026-05-01"}, "2026-05-01T23:59:59-04:00", true, ""},
		{"after", domain.WindowSpec{TimeZone: "America/New_York", ValidUntil: "2026-05-01"}, "2026-05-02T00:00:00-04:00", false, ""},
		{"several spans", domain.WindowSpec{Schedule: "mon 09:00-13:00, mon 15:00-18:00"}, "2026-03-02T14:00:00Z", false, "2026-03-02T15:00:00Z"},
		{"a week on", domain.WindowSpec{Schedule: "mon 09:00-13:00"}, "2026-03-02T13:00:00Z", false, "2026-03-09T09:00:00Z"},
		{"past midnight", domain.WindowSpec{Schedule: "fri 22:00-06:00"}, "2026-03-07T05:59:59Z", true, "2026-03-13T22:00:00Z"},
		{"past midnight, over", domain.WindowSpec{Schedule: "fri 22:00-06:00"}, "2026-03-07T06:00:00Z", false, "2026-03-13T22:00:00Z"},
		{"past midnight into sunday", domain.WindowSpec{Schedule: "sat 22:00-06:00"}, "2026-03-08T00:00:00Z", true, "2026-03-14T22:00:00Z"},
		{"a whole day", domain.WindowSpec{Schedule: "mon 00:00-24:00"}, "2026-03-02T23:59:59Z", true, "2026-03-09T00:00:00Z"},
		{"spans that meet", domain.WindowSpec{Schedule: "mon 00:00-24:00, tue 00:00-24:00"}, "2026-03-02T23:00:00Z", true, "2026-03-09T00:00:00Z"},
		{"the hour that does not exist", domain.WindowSpec{TimeZone: "Europe/Madrid", Schedule: "sun 02:30-04:00"}, "2026-03-29T01:59:59+01:00", false, "2026-03-29T03:00:00+02:00"},
		{"a span in the hour that does not exist", domain.WindowSpec{TimeZone: "Europe/Madrid", Schedule: "sun 02:10-02:50"}, "2026-03-29T01:00:00+01:00", false, "2026-04-05T02:10:00+02:00"},
		{"nothing but a span in the hour that does not exist", domain.WindowSpec{TimeZone: "Europe/Madrid", ValidFrom: "2027-03-27", Schedule: "sun 02:30-03:00"}, "2026-12-01T00:00:00Z", false, "2027-04-04T00:30:00Z"},
		{"a day that does not exist", domain.WindowSpec{TimeZone: "Pacific/Apia", Schedule: "fri 10:00-11:00"}, "2011-12-24T00:00:00-10:00", false, "2012-01-06T10:00:00+14:00"},
		{"the hour that comes twice", domain.WindowSpec{TimeZone: "Europe/Madrid", Schedule: "sun 02:30-02:45"}, "2026-10-25T02:40:00+02:00", true, "2026-10-25T02:30:00+01:00"},
		{"for the second time", domain.WindowSpec{TimeZone: "Europe/Madrid", Schedule: "sun 02:30-02:45"}, "2026-10-25T02:40:00+01:00", true, "2026-11-01T02:30:00+01:00"},
		{"half an hour of summer", domain.WindowSpec{TimeZone: "Australia/Lord_Howe", Schedule: "sun 01:45-03:00"}, "2026-04-05T01:50:00+11:00", true, "2026-04-05T01:45:00+10:30"},
		{"a midnight that does not exist", domain.WindowSpec{TimeZone: "America/Santiago", ValidFrom: "2026-09-06"}, "2026-09-05T23:59:59-04:00", false, "2026-09-06T01:00:00-03:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := window(t, c.spec)
			at, err := time.Parse(time.RFC3339, c.at)
			require.NoError(t, err)
			require.Equal(t, c.open, w.Open(at))
			next, ok := w.NextOpening(at)
			require.Equal(t, c.next != "", ok, "%s", next)
			if ok {
				want, err := time.Parse(time.RFC3339, c.next)
				require.NoError(t, err)
				require.Equal(t, want.UTC(), next)
			}
		})
	}
}

// Whatever the schedule, zone and moment: before the next opening no minute is open that comes after a closed one.
func TestNextOpeningIsTheFirst(t *testing.T) {
	t.Parallel()
	zones := []string{"UTC", "Europe/Madrid", "America/Santiago", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca"}
	var clocksSet []time.Time
	for _, day := range []string{"2026-03-22", "2026-03-29", "2026-04-05", "2026-09-06", "2026-10-04", "2026-10-25"} {
		at, err := time.Parse(time.DateOnly, day)
		require.NoError(t, err)
		clocksSet = append(clocksSet, at)
	}
	rapid.Check(t, func(t *rapid.T) {
		spans := make([]string, rapid.IntRange(1, 4).Draw(t, "spans"))
		for i := range spans {
			from, to := rapid.IntRange(0, 287).Draw(t, "from")*5, rapid.IntRange(0, 288).Draw(t, "to")*5
			spans[i] = domain.Schedule{{Day: time.Weekday(rapid.IntRange(0, 6).Draw(t, "day")), From: from, To: to}}.String()
		}
		at := time.Date(2026, 1, 1, 0, rapid.IntRange(0, 366*24*12).Draw(t, "at")*5, 0, 0, time.UTC)
		if rapid.Bool().Draw(t, "when clocks are set") { // and a span that they may leave out
			from := rapid.IntRange(2*12, 3*12-1).Draw(t, "from") * 5
			spans = []string{domain.Schedule{{Day: time.Sunday, From: from, To: from + 5}}.String()}
			at = rapid.SampledFrom(clocksSet).Draw(t, "day").Add(time.Duration(rapid.IntRange(-8*24, 24).Draw(t, "hours")) * time.Hour)
		}
		w := window(t, domain.WindowSpec{TimeZone: rapid.SampledFrom(zones).Draw(t, "zone"), Schedule: strings.Join(spans, ", ")})
		early := rapid.IntRange(0, 3).Draw(t, "early")
		if early > 0 {
			w.ValidFrom = domain.Date(at.AddDate(0, 0, early).Format(time.DateOnly))
		}
		want := time.Time{}
		for open, m := w.Open(at), at.Add(5*time.Minute); m.Before(at.AddDate(0, 0, 20)); m = m.Add(5 * time.Minute) {
			now := w.Open(m)
			if now && !open {
				want = m
				break
			}
			open = now
		}
		got, ok := w.NextOpening(at)
		require.True(t, ok)
		require.Equal(t, want, got, "%s after %s", w.Schedule, at)
	})
}

// What is no schedule is refused with the reason; what is, is spelt in one way.
func TestParseSchedule(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", " ": "", "MON 09:00-17:00": "mon 09:00-17:00", "tue 00:00-24:00,mon 10:00-12:00 , mon 08:00-09:00": "mon 08:00-09:00, mon 10:00-12:00, tue 00:00-24:00",
		"fri 22:00-06:00, fri 22:00-06:00": "fri 22:00-06:00",
	} {
		got, err := domain.ParseSchedule(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got.String())
	}
	for _, bad := range []string{"mon", "mon 9:00-17:00", "mon 24:00-25:00", "mon 24:00-01:00", "mon 10:60-11:00", "day 10:00-11:00", "mon 10:00-11:00,", strings.Repeat("mon 10:00-11:00,", 500), "mon 10:00-24:30"} {
		_, err := domain.ParseSchedule(bad)
		require.True(t, domain.IsCode(err, domain.CodeInvalidValue), "%q", bad)
	}
	many := make([]string, 71)
	for i := range many {
		many[i] = "mon 10:00-11:00"
	}
	_, err := domain.ParseSchedule(strings.Join(many, ","))
	require.True(t, domain.IsCode(err, domain.CodeInvalidValue))
	for _, bad := range []string{"Local", "", "europe/nowhere", "../../etc/passwd", strings.Repeat("x", 65)} {
		_, err := domain.ParseZone(bad)
		require.True(t, domain.IsCode(err, domain.CodeInvalidValue), "%q", bad)
	}
}
