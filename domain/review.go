package domain

import (
	"time"

	"usher/domain/attribute"
)

// ReviewsTx is the part of a unit of work that is about how an organisation looks after its people.
type ReviewsTx interface {
	Reviews() Reviews
	Onboarding() Onboarding
}

// Review is a dated look at the people of an organisation (rule review): what is found is decided one by one, and then
// signed off.
type Review struct {
	ID           ReviewID
	Organisation OrganisationID
	DueAt        time.Time // the beginning of its period, UTC, or when it was asked for
	OpenedAt     time.Time
	After        UserID    // the last person looked at while the findings are made
	MadeAt       time.Time // all findings are there; zero: not yet
	SignedAt     time.Time // zero: open
	SignedBy     Actor
	Version      int64 // grows by one with every change

	Findings, Decided int // counted when a single review is read
}

// ReviewID identifies a review.
type ReviewID = ID[Review]

// ReviewEvery is how often an organisation reviews its people.
type ReviewEvery string

// How often.
const (
	ReviewWeekly    ReviewEvery = "week" // from Monday
	ReviewMonthly   ReviewEvery = "month"
	ReviewQuarterly ReviewEvery = "quarter"
	ReviewYearly    ReviewEvery = "year"
	ReviewNever     ReviewEvery = "never" // only when somebody asks
)

// ReviewPlan is what an organisation decided about that.
type ReviewPlan struct {
	Every   ReviewEvery
	Version int64 // 0: never changed
}

// DefaultReviewPlan holds until an organisation decides otherwise.
func DefaultReviewPlan() ReviewPlan { return ReviewPlan{Every: ReviewMonthly} }

// due is the beginning of the period that an instant is in; ok is false where there are none.
func (e ReviewEvery) due(now time.Time) (at time.Time, ok bool) {
	now = now.UTC()
	year, month, day := now.Date()
	switch e {
	case ReviewWeekly:
		day -= (int(now.Weekday()) + 6) % 7
	case ReviewMonthly:
		day = 1
	case ReviewQuarterly:
		month, day = month-(month-1)%3, 1
	case ReviewYearly:
		month, day = time.January, 1
	case ReviewNever:
		return time.Time{}, false
	}
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC), true
}

// Finding is something that a review asks about a person.
type Finding string

// The findings. Of those about use a person has the one with the most days.
const (
	FindingNeverAccepted Finding = "never_accepted"
	FindingUnused30      Finding = "unused_30"
	FindingUnused60      Finding = "unused_60"
	FindingUnused90      Finding = "unused_90"
	FindingOwner         Finding = "owner"
	FindingOverrides     Finding = "personal_overrides" // grants or revokes of their own
	FindingNoQueue       Finding = "no_queue"
	FindingNoRole        Finding = "no_role"
	FindingNoProfile     Finding = "no_profile"
)

// Findings are all of them.
func Findings() []Finding {
	return []Finding{
		FindingNeverAccepted, FindingUnused30, FindingUnused60, FindingUnused90, FindingOwner, FindingOverrides, FindingNoQueue, FindingNoRole, FindingNoProfile,
	}
}

// Verdict is what was decided about a finding. Carrying it out is another step.
type Verdict string

// The verdicts.
const (
	VerdictKeep   Verdict = "keep"
	VerdictChange Verdict = "change"
	VerdictRemove Verdict = "remove"
)

// ReviewFinding is one question about one person, and its answer.
type ReviewFinding struct {
	User    UserID
	Finding Finding
	Since   time.Time // never accepted: invited or provided; unused: seen last; otherwise zero

	Verdict   Verdict // empty: open
	Note      string
	DecidedAt time.Time
	DecidedBy Actor

	UserName, DisplayName string // as they are now; empty once erased. Not stored with the finding.
	Status                Status // Nobody: archived
}

// Reviewed is a person as a review looks at them: not those who are inactive.
type Reviewed struct {
	User        UserID
	Status      Status
	Owner       bool
	Directory   bool
	CreatedAt   time.Time
	AcceptedAt  time.Time
	SeenAt      time.Time // zero: never
	RestartedAt time.Time // activated or unblocked; zero: never
	RoleSet     bool      // somebody decided about the role, perhaps that there is none
	Role        RoleID
	ProfileSet  bool
	Profile     ProfileID
	Queue       bool // at least one
	Overrides   bool
}

// findings is what there is to ask about a person at an instant.
func (p Reviewed) findings(defaults Defaults, at time.Time) []ReviewFinding {
	var list []ReviewFinding
	add := func(what Finding, since time.Time) {
		list = append(list, ReviewFinding{User: p.User, Finding: what, Since: since})
	}
	if p.AcceptedAt.IsZero() {
		add(FindingNeverAccepted, p.CreatedAt)
	} else {
		last := p.SeenAt
		for _, other := range []time.Time{p.AcceptedAt, p.RestartedAt} {
			if other.After(last) {
				last = other
			}
		}
		const day = 24 * time.Hour
		switch idle := at.Sub(last); {
		case idle >= 90*day:
			add(FindingUnused90, last)
		case idle >= 60*day:
			add(FindingUnused60, last)
		case idle >= 30*day:
			add(FindingUnused30, last)
		}
	}
	if p.Owner {
		add(FindingOwner, time.Time{})
	}
	if p.Overrides {
		add(FindingOverrides, time.Time{})
	}
	if !p.Queue {
		add(FindingNoQueue, time.Time{})
	}
	if p.Role.IsZero() && (p.RoleSet || !p.Directory || defaults.Role.IsZero()) {
		add(FindingNoRole, time.Time{})
	}
	if p.Profile.IsZero() && (p.ProfileSet || !p.Directory || defaults.Profile.IsZero()) {
		add(FindingNoProfile, time.Time{})
	}
	return list
}

// FindingQuery asks for findings of a review in order of person and finding.
type FindingQuery struct {
	Review  ReviewID
	Finding Finding // empty: all
	Open    *bool   // not decided yet, or decided; nil: both
	After   ReviewFinding
	Limit   int
}

// Reviews is the store of access reviews.
//
//nolint:interfacebloat // one noun; each method is one statement
type Reviews interface {
	// Plan reads how often an organisation reviews its people.
	Plan(org OrganisationID) (ReviewPlan, error)
	// SavePlan writes it over the version that was read; the unit of work runs again when that is no longer the current one.
	SavePlan(org OrganisationID, was, is ReviewPlan) error
	// Open adds a review unless there is one of the same due time.
	Open(r Review) (opened bool, err error)
	// Claim reads a review and keeps it from others until the unit of work ends. NotFound.
	Claim(org OrganisationID, id ReviewID) (Review, error)
	// Save writes a claimed review.
	Save(r Review) error
	// Get reads a review, counted. NotFound.
	Get(org OrganisationID, id ReviewID) (Review, error)
	// List reads reviews, the newest first, before the given one (zero: from the newest on).
	List(org OrganisationID, before ReviewID, limit int) ([]Review, error)
	// Unmade are the reviews whose findings are not all there, the oldest first.
	Unmade(org OrganisationID) ([]ReviewID, error)
	// People reads who is pending or active, in order of id after the given one.
	People(org OrganisationID, after UserID, limit int) ([]Reviewed, error)
	// Put adds findings to a review.
	Put(org OrganisationID, review ReviewID, findings []ReviewFinding) error
	// Findings reads the findings that a query asks for.
	Findings(org OrganisationID, q FindingQuery) ([]ReviewFinding, error)
	// Decide writes what was decided about a finding. NotFound.
	Decide(org OrganisationID, review ReviewID, f ReviewFinding) error
	// Undecided counts the open findings of a review.
	Undecided(org OrganisationID, review ReviewID) (int, error)
}

func (r Review) tree() attribute.Value { return texts("dueAt", timestamp(r.DueAt)) }
