package domain_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
)

// The rules about how an organisation looks after its people, each under its name, over every database.
func TestRulesOfReviews(t *testing.T) {
	t.Parallel()
	each := storetest.Shared(t)
	for name, rule := range map[string]func(*scene){
		"review":         review,
		"review.due":     reviewDue,
		"review.at-once": reviewAtOnce,
		"review.resumed": reviewResumed,
		"onboarding":     onboarding,
		"stats.calls":    statsCalls,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, store *persistence.Store) {
				s := newScene(t, store, -1)
				rule(s)
				if !t.Failed() {
					storetest.Consistent(t, store, s.org())
				}
			})
		})
	}
}

// findings are those of a review by person.
func (s *scene) findings(id domain.ReviewID) map[domain.UserID][]domain.Finding {
	s.Helper()
	list, err := s.admin.ReviewFindings(s.Context(), s.clerk("reviews:view"), domain.FindingQuery{Review: id, Limit: 10_000})
	require.NoError(s, err)
	found := map[domain.UserID][]domain.Finding{}
	for _, f := range list {
		found[f.User] = append(found[f.User], f.Finding)
	}
	return found
}

func review(s *scene) {
	day := 24 * time.Hour
	accessed := func(u domain.User, at time.Time) {
		require.NoError(s, s.store.Write(s.Context(), func(tx domain.Tx) error { return tx.Inactivity().Accessed(s.org(), u.ID, at) }))
	}
	role, queue, profile := s.role("Agent", domain.RoleID{}, domain.SeesOwn), s.queue("Calls"), s.profile("Desk", nil)
	full := domain.AccessChange{Role: domain.Choose(role.ID), Profile: domain.Choose(profile.ID), Queues: &[]domain.QueueID{queue.ID}}
	people := map[string]domain.User{}
	for _, name := range []string{"fine", "unused30", "unused59", "unused60", "unused89", "unused90", "boss", "special", "bare", "off"} {
		people[name] = s.local(name)
		if name != "bare" {
			s.assign(people[name].ID, full)
		}
	}
	people["invited"] = s.add("invited@acme.test")
	_, err := s.admin.SetDefaults(s.Context(), s.boss(), domain.IfMatch{}, role.ID, profile.ID)
	require.NoError(s, err)
	people["defaulted"], people["denied"] = s.provision("defaulted"), s.provision("denied")
	s.assign(people["defaulted"].ID, domain.AccessChange{Queues: full.Queues})
	s.assign(people["denied"].ID, domain.AccessChange{Role: domain.Choose(domain.RoleID{}), Profile: domain.Choose(domain.ProfileID{}), Queues: full.Queues})
	people["back"] = s.local("back")
	granted := permitted("users:view")
	s.assign(people["special"].ID, domain.AccessChange{Granted: &granted})
	s.done(s.admin.MakeOwner(s.Context(), s.boss(), people["boss"].ID, domain.IfMatch{}))
	s.deactivate(people["off"].ID)
	s.clock.Move(190 * day)
	s.deactivate(people["back"].ID)
	s.activate(people["back"].ID) // from when on the time of the one who came back is counted
	s.assign(people["back"].ID, full)
	people["new"] = s.add("new@acme.test")
	s.done(s.admin.Confirm(s.Context(), s.boss(), people["new"].ID, domain.IfMatch{})) // nobody is unused who has just become active
	people["pushed"] = s.provision("pushed")
	for _, name := range []string{"new", "pushed"} {
		s.assign(people[name].ID, full)
	}
	s.clock.Move(10 * day)
	now := s.clock.Now()
	for name, idle := range map[string]time.Duration{
		"fine": 30*day - time.Hour, "unused30": 30 * day, "unused59": 60*day - time.Hour, "unused60": 60 * day, "unused89": 90*day - time.Hour, "unused90": 90 * day, "boss": 0, "special": 0, "bare": 0,
		"back": 95 * day, "defaulted": 0, "denied": 0,
	} {
		accessed(people[name], now.Add(-idle))
	}
	_, err = s.admin.OpenReview(s.Context(), s.clerk("reviews:view"))
	storetest.Refused(s, err, domain.Forbidden, domain.CodePermissionMissing)
	made := s.eventsSince(func() {
		r, err := s.admin.OpenReview(s.Context(), s.clerk("reviews:create"))
		require.NoError(s, err)
		require.False(s, r.MadeAt.IsZero())
		require.Equal(s, []int{15, 0}, []int{r.Findings, r.Decided})
	})
	only(s, made, domain.ReviewOpened)
	only(s, made, domain.ReviewMade)
	list, err := s.admin.Reviews(s.Context(), s.clerk("reviews:view"), domain.ReviewID{}, 10)
	require.NoError(s, err)
	id := list[0].ID
	require.Equal(s, map[domain.UserID][]domain.Finding{
		people["unused30"].ID: {domain.FindingUnused30}, people["unused59"].ID: {domain.FindingUnused30}, people["unused60"].ID: {domain.FindingUnused60},
		people["unused89"].ID: {domain.FindingUnused60}, people["unused90"].ID: {domain.FindingUnused90},
		people["boss"].ID: {domain.FindingOwner}, people["special"].ID: {domain.FindingOverrides},
		people["denied"].ID:  {domain.FindingNoProfile, domain.FindingNoRole},
		people["bare"].ID:    {domain.FindingNoProfile, domain.FindingNoQueue, domain.FindingNoRole},
		people["invited"].ID: {domain.FindingNeverAccepted, domain.FindingNoProfile, domain.FindingNoQueue},
	}, s.findings(id))

	reviewer := s.clerk("reviews:view", "reviews:edit")
	decide := func(user domain.UserID, f domain.Finding, v domain.Verdict, note string) error {
		_, err := s.admin.DecideFinding(s.Context(), reviewer, id, domain.IfMatch{}, user, f, v, note)
		return err
	}
	_, err = s.admin.SignReview(s.Context(), s.clerk("reviews:sign"), id, domain.IfMatch{})
	storetest.Refused(s, err, domain.Conflict, domain.CodeReviewUndecided)
	require.ErrorContains(s, err, "15 findings of this review are not decided")
	storetest.Gone(s, decide(people["fine"].ID, domain.FindingOwner, domain.VerdictKeep, ""))
	storetest.Refused(s, decide(people["boss"].ID, domain.FindingOwner, "perhaps", ""), domain.Invalid, domain.CodeInvalidValue)
	storetest.Refused(s, decide(people["boss"].ID, domain.FindingOwner, domain.VerdictKeep, strings.Repeat("ñ", 1001)), domain.Invalid, domain.CodeInvalidValue)
	for user, findings := range s.findings(id) {
		for _, f := range findings {
			if user != people["special"].ID {
				require.NoError(s, decide(user, f, domain.VerdictRemove, "gone"))
			}
		}
	}
	_, err = s.admin.SignReview(s.Context(), s.clerk("reviews:sign"), id, domain.IfMatch{})
	require.ErrorContains(s, err, "1 finding of this review is not decided")
	require.NoError(s, decide(people["special"].ID, domain.FindingOverrides, domain.VerdictRemove, "gone"))
	for _, verdict := range []domain.Verdict{domain.VerdictChange, domain.VerdictKeep} {
		read, err := s.admin.Review(s.Context(), reviewer, id)
		require.NoError(s, err)
		made := s.eventsSince(func() { require.NoError(s, decide(people["boss"].ID, domain.FindingOwner, verdict, "is needed")) })
		told := only(s, made, domain.ReviewDecided)
		require.Equal(s, []any{id.UUID, reviewer.Actor, people["boss"].ID.String(), "owner", string(verdict)},
			[]any{told.Subject, told.Actor, told.After.Get("user").Text(), told.After.Get("finding").Text(), told.After.Get("decision").Text()})
		_, err = s.admin.SignReview(s.Context(), s.clerk("reviews:sign"), id, domain.IfMatch{Set: true, Versions: []int64{read.Version}})
		storetest.Refused(s, err, domain.Precondition, domain.CodeVersionMismatch)
	}
	_, err = s.admin.SignReview(s.Context(), reviewer, id, domain.IfMatch{})
	storetest.Refused(s, err, domain.Forbidden, domain.CodePermissionMissing)
	signed, err := s.admin.SignReview(s.Context(), s.clerk("reviews:sign"), id, domain.IfMatch{})
	require.NoError(s, err)
	require.Equal(s, []any{15, 15, s.boss().Actor}, []any{signed.Findings, signed.Decided, signed.SignedBy})
	require.Empty(s, s.eventsSince(func() {
		_, err := s.admin.SignReview(s.Context(), s.clerk("reviews:sign"), id, domain.IfMatch{})
		require.NoError(s, err)
		storetest.Refused(s, decide(people["boss"].ID, domain.FindingOwner, domain.VerdictRemove, ""), domain.Conflict, domain.CodeReviewSigned)
	}))
	decided := false
	open, err := s.admin.ReviewFindings(s.Context(), s.boss(), domain.FindingQuery{Review: id, Finding: domain.FindingOwner, Open: &decided, Limit: 10})
	require.NoError(s, err)
	require.Len(s, open, 1)
	require.Equal(s, []any{domain.VerdictKeep, "is needed", "boss", reviewer.Actor}, []any{open[0].Verdict, open[0].Note, open[0].UserName, open[0].DecidedBy})
	_, err = s.admin.Review(s.Context(), domain.Administrator{Organisation: domain.OrganisationID{UUID: uuid.New()}, Owner: true}, id)
	storetest.Gone(s, err)
}

// reviewDue: the sweep opens one review a month, or as often as is decided, once per period.
func reviewDue(s *scene) {
	slug := s.tenant.Organisation.Slug
	sweep := func() int {
		s.Helper()
		n, err := s.installation().SweepReviews(s.Context(), slug)
		require.NoError(s, err)
		return n
	}
	to := func(at time.Time) { s.clock.Move(at.Sub(s.clock.Now())) }
	require.Zero(s, sweep(), "the month in which an organisation began has no review")
	year := s.clock.Now().Year() + 1
	to(time.Date(year, 3, 31, 23, 59, 59, 0, time.UTC))
	require.Equal(s, []int{1, 0}, []int{sweep(), sweep()})
	to(time.Date(year, 4, 1, 0, 0, 0, 0, time.UTC))
	require.Equal(s, []int{1, 0}, []int{sweep(), sweep()})
	every := func(e domain.ReviewEvery) {
		_, err := s.admin.ChangeReviewPlan(s.Context(), s.clerk("reviews:edit"), domain.IfMatch{}, e)
		require.NoError(s, err)
	}
	every(domain.ReviewNever)
	to(time.Date(year, 5, 2, 0, 0, 0, 0, time.UTC))
	require.Zero(s, sweep())
	every(domain.ReviewWeekly)
	require.Equal(s, []int{1, 0}, []int{sweep(), sweep()})
	to(time.Date(year, 8, 15, 12, 0, 0, 0, time.UTC))
	every(domain.ReviewQuarterly)
	require.Equal(s, []int{1, 0}, []int{sweep(), sweep()})
	every(domain.ReviewYearly)
	require.Equal(s, []int{1, 0}, []int{sweep(), sweep()})
	list, err := s.admin.Reviews(s.Context(), s.boss(), domain.ReviewID{}, 10)
	require.NoError(s, err)
	var due []time.Time
	for _, r := range list {
		require.False(s, r.MadeAt.IsZero())
		due = append(due, r.DueAt)
	}
	require.Len(s, due, 5)
	require.Contains(s, due, time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC))
	require.Contains(s, due, time.Date(year, 4, 1, 0, 0, 0, 0, time.UTC))
	require.Contains(s, due, time.Date(year, 7, 1, 0, 0, 0, 0, time.UTC))
	require.Contains(s, due, time.Date(year, 3, 1, 0, 0, 0, 0, time.UTC))
	require.True(s, slices.ContainsFunc(due, func(at time.Time) bool {
		return at.Weekday() == time.Monday && at.Sub(time.Date(year, 4, 26, 0, 0, 0, 0, time.UTC)) < 7*24*time.Hour
	}))
	_, err = s.admin.ChangeReviewPlan(s.Context(), s.boss(), domain.IfMatch{}, "day")
	storetest.Refused(s, err, domain.Invalid, domain.CodeInvalidValue)
}

// reviewAtOnce: replicas that make one review together find everybody once; what was interrupted goes on.
func reviewAtOnce(s *scene) {
	const people = domain.ReviewBatch + 30
	for i := range people {
		s.provision("person" + uuid.NewString()[:13] + string(rune('a'+i%26)))
	}
	s.clock.Move(400 * 24 * time.Hour)
	errs := concurrently(4, func(int) error {
		_, err := s.installation().SweepReviews(s.Context(), s.tenant.Organisation.Slug)
		return err
	})
	require.Equal(s, map[string]int{"": 4}, outcomes(s.T, errs))
	list, err := s.admin.Reviews(s.Context(), s.boss(), domain.ReviewID{}, 10)
	require.NoError(s, err)
	require.Len(s, list, 1)
	r, err := s.admin.Review(s.Context(), s.boss(), list[0].ID)
	require.NoError(s, err)
	require.False(s, r.MadeAt.IsZero())
	require.Equal(s, 4*people, r.Findings, "unused, no queue, no role, no profile")
	require.Len(s, s.findings(r.ID), people)
}

// reviewResumed: what an interrupted sweep, or somebody who would have waited too long, left undone is done by the next sweep, from
// where it ended, and nobody is found twice; until then nobody signs the review.
func reviewResumed(s *scene) {
	const people = domain.ReviewBatch + 3
	for i := range people {
		s.provision(fmt.Sprintf("u%d@acme.test", i))
	}
	s.clock.Move(400 * 24 * time.Hour)
	slug := s.tenant.Organisation.Slug
	weary := &wearyStore{Store: s.store, left: 2} // the review itself, and the first of its people
	_, err := domain.NewInstallation(weary, s.clock.Environment(), nil).SweepReviews(s.Context(), slug)
	require.ErrorIs(s, err, errWeary)
	list, err := s.admin.Reviews(s.Context(), s.boss(), domain.ReviewID{}, 10)
	require.NoError(s, err)
	require.Len(s, list, 1)
	id := list[0].ID
	require.True(s, list[0].MadeAt.IsZero())
	require.Len(s, s.findings(id), domain.ReviewBatch, "what was found stays found")
	_, err = s.admin.SignReview(s.Context(), s.boss(), id, domain.IfMatch{})
	storetest.Refused(s, err, domain.Conflict, domain.CodeReviewUndecided)
	s.clock.Move(time.Hour)
	made := s.eventsSince(func() {
		for range 2 {
			report, err := s.installation().Sweep(s.Context(), slug, true, domain.SweepReviews)
			require.NoError(s, err)
			require.Zero(s, report.Reviews, "it is open already")
		}
	})
	require.Equal(s, []domain.EventType{domain.ReviewMade}, eventTypes(made))
	r, err := s.admin.Review(s.Context(), s.boss(), id)
	require.NoError(s, err)
	require.Equal(s, []any{s.clock.Now(), 4 * people}, []any{r.MadeAt, r.Findings})
	require.Len(s, s.findings(id), people)
}

func onboarding(s *scene) {
	ana := s.local("ana")
	steps := func() map[string]bool {
		s.Helper()
		list, err := s.admin.OnboardingOf(s.Context(), s.clerk("onboarding:view"), ana.ID)
		require.NoError(s, err)
		done := map[string]bool{}
		for _, step := range list {
			done[step.Key] = step.Done
		}
		return done
	}
	require.Equal(s, map[string]bool{"profile": false, "queue": false, "sign-in": false}, steps())
	items := slices.Concat(domain.DefaultOnboarding().Items, []domain.OnboardingItem{{Key: "badge", Label: " Has a badge ", Automatic: domain.TickedByHand}})
	set := func(items ...domain.OnboardingItem) (domain.OnboardingTemplate, error) {
		return s.admin.ChangeOnboardingTemplate(s.Context(), s.clerk("onboarding:edit"), domain.IfMatch{}, items)
	}
	made := s.eventsSince(func() {
		for _, wrong := range [][]domain.OnboardingItem{{{"Badge", "x", "none"}}, {{"a", "", "none"}}, {{"a", "x", "soon"}}, {{"a", "x", "none"}, {"a", "y", "none"}}} {
			_, err := set(wrong...)
			storetest.Refused(s, err, domain.Invalid, domain.CodeInvalidValue)
		}
		t, err := set(items...)
		require.NoError(s, err)
		require.Equal(s, "Has a badge", t.Items[3].Label)
		_, err = set(t.Items...)
		require.NoError(s, err)
	})
	only(s, made, domain.OnboardingChanged)
	tick := func(item string, done bool) error {
		_, err := s.admin.TickOnboarding(s.Context(), s.clerk("onboarding:edit"), ana.ID, item, done)
		return err
	}
	made = s.eventsSince(func() {
		require.NoError(s, tick("badge", true))
		require.NoError(s, tick("badge", true))
		storetest.Gone(s, tick("nothing", true))
	})
	require.Equal(s, ana.ID.UUID, only(s, made, domain.OnboardingTicked).Subject)
	queue, profile := s.queue("Calls"), s.profile("Desk", nil)
	s.assign(ana.ID, domain.AccessChange{Profile: domain.Choose(profile.ID), Queues: &[]domain.QueueID{queue.ID}})
	require.Equal(s, map[string]bool{"profile": true, "queue": true, "sign-in": false, "badge": true}, steps(), "they tick themselves")
	require.NoError(s, s.store.Write(s.Context(), func(tx domain.Tx) error { return tx.Inactivity().Accessed(s.org(), ana.ID, s.clock.Now()) }))
	require.NoError(s, tick("badge", false))
	s.assign(ana.ID, domain.AccessChange{Queues: &[]domain.QueueID{}})
	require.Equal(s, map[string]bool{"profile": true, "queue": false, "sign-in": true, "badge": false}, steps(), "and what is no longer so is not ticked")
	require.NoError(s, tick("queue", true), "what ticks itself can be ticked by hand as well")
	s.assign(ana.ID, domain.AccessChange{Profile: domain.Choose(domain.ProfileID{})})
	require.Equal(s, map[string]bool{"profile": false, "queue": true, "sign-in": true, "badge": false}, steps(), "that it was decided that there is none is no profile")
	_, err := set(items[0], items[1])
	require.NoError(s, err)
	require.Equal(s, map[string]bool{"profile": false, "queue": true}, steps())
	_, err = set(items...)
	require.NoError(s, err)
	require.True(s, steps()["queue"], "ticks stay for items that are in both lists")
	_, err = s.admin.OnboardingOf(s.Context(), s.boss(), domain.UserID{UUID: uuid.New()})
	storetest.Gone(s, err)

	// Who has a profile by default has one.
	ana = s.provision("pushed@acme.test")
	require.False(s, steps()["profile"])
	_, err = s.admin.SetDefaults(s.Context(), s.boss(), domain.IfMatch{}, domain.RoleID{}, profile.ID)
	require.NoError(s, err)
	require.True(s, steps()["profile"])
}

func statsCalls(s *scene) {
	ana, bob := s.local("ana"), s.local("bob")
	put := func(days ...domain.CallDay) (int, error) {
		return s.admin.PutCalls(s.Context(), s.clerk("statistics:edit"), days)
	}
	today := func(ahead time.Duration) domain.CallDay {
		return domain.CallDay{User: ana.ID, Day: domain.Date(s.clock.Now().Add(ahead).Format(time.DateOnly))}
	}
	year := domain.CallQuery{From: "2026-01-01", To: "2026-12-31", Limit: 10}
	_, err := put(domain.CallDay{User: ana.ID, Day: "2026-03-01", Handled: 1})
	storetest.Refused(s, err, domain.Forbidden, domain.CodePlanMissing)
	_, err = s.admin.CallSummary(s.Context(), s.boss(), year)
	storetest.Refused(s, err, domain.Forbidden, domain.CodePlanMissing)
	require.ErrorContains(s, err, "professional")
	made := s.eventsSince(func() {
		for range 2 {
			_, plan, err := s.installation().SetPlan(s.Context(), s.tenant.Organisation.Slug, domain.PlanProfessional)
			require.NoError(s, err)
			require.Equal(s, domain.PlanProfessional, plan)
		}
		_, _, err := s.installation().SetPlan(s.Context(), s.tenant.Organisation.Slug, "gold")
		storetest.Refused(s, err, domain.Invalid, domain.CodeInvalidValue)
	})
	require.Equal(s, "professional", only(s, made, domain.PlanChanged).After.Get("plan").Text())

	made = s.eventsSince(func() {
		for _, wrong := range [][]domain.CallDay{
			{{User: ana.ID, Handled: 1}}, {{User: ana.ID, Day: "2026-03-01", Handled: -1}}, {{User: domain.UserID{UUID: uuid.New()}, Day: "2026-03-01"}},
			{{User: ana.ID, Day: "2026-03-01"}, {User: ana.ID, Day: "2026-03-01", Handled: 2}}, {{User: ana.ID, Day: "2026-03-01", Handled: 1_000_001}},
		} {
			_, err := put(wrong...)
			storetest.Refused(s, err, domain.Invalid, domain.CodeInvalidValue)
		}
		_, err := put(today(38 * time.Hour))
		require.ErrorContains(s, err, "days[0].day")
		_, err = put(domain.CallDay{User: domain.UserID{UUID: uuid.New()}, Day: "2026-03-01"})
		require.ErrorContains(s, err, "see the list of people")
		days := []domain.CallDay{{User: bob.ID, Day: "2026-03-02", Handled: 7}, {User: ana.ID, Day: "2026-03-02", Handled: 5}, {User: ana.ID, Day: "2026-03-01"}}
		for _, want := range []int{3, 0} {
			n, err := put(days...)
			require.NoError(s, err)
			require.Equal(s, want, n, "the same again changes nothing")
		}
		n, err := put(domain.CallDay{User: ana.ID, Day: "2026-03-02", Handled: 6})
		require.NoError(s, err)
		require.Equal(s, 1, n)
	})
	require.Len(s, made, 2)
	sum, err := s.admin.CallSummary(s.Context(), s.clerk("statistics:view"), year)
	require.NoError(s, err)
	require.Equal(s, domain.CallSummary{Handled: 13, People: 2, Days: 2}, sum)
	year.User, year.After = ana.ID, domain.CallDay{User: ana.ID, Day: "2026-03-01"}
	list, err := s.admin.Calls(s.Context(), s.boss(), year)
	require.NoError(s, err)
	require.Equal(s, []domain.CallDay{{User: ana.ID, Day: "2026-03-02", Handled: 6}}, list)
	for _, q := range []domain.CallQuery{{To: "2026-01-01"}, {From: "2026-01-02", To: "2026-01-01"}, {From: "2026-01-01", To: "2027-01-02"}} {
		_, err := s.admin.CallSummary(s.Context(), s.boss(), q)
		require.True(s, domain.IsKind(err, domain.Invalid), "%+v", q)
	}
	_, err = put(today(14 * time.Hour))
	require.NoError(s, err, "today, where the day begins first")
}
