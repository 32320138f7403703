package domain

import (
	"context"
	"time"
)

// AccessMethod is how somebody wants to come in.
type AccessMethod string

// The methods.
const (
	ByPassword     AccessMethod = "password"
	BySingleSignOn AccessMethod = "single_sign_on"
	ByPasskey      AccessMethod = "passkey" // in place of a password and a second factor
	BySession      AccessMethod = "session" // they came in before: renewal, forward-auth
)

// AccessFacts is all that the decision about access asks.
type AccessFacts struct {
	OrganisationSuspended bool
	Here                  bool // the person exists and is not archived
	Status                Status
	Waiting               bool // for a seat
	Block                 BlockReason
	Window                Window
	Method                AccessMethod
}

// Decision is the outcome of [Decide]. Where access is refused, Reason is one stable word, Sentence is for the person and
// Remedy says what would change it and who can.
type Decision struct {
	Allowed     bool
	Reason      string
	Sentence    string
	Remedy      string
	NextOpening time.Time // of the window, where it will open again
}

// The reasons of a refusal, in the order in which they are looked at: the first that holds is told.
const (
	ReasonOrganisationSuspended = "organisation_suspended"
	ReasonUnknown               = "unknown"
	ReasonInactive              = "inactive"
	ReasonWaiting               = "waiting_for_seat"
	ReasonPending               = "pending" // not by single sign-on, which is how some accept
	ReasonBlocked               = "blocked"
	ReasonInactivity            = "blocked_inactivity"
	ReasonFailedSignIns         = "blocked_failed_sign_ins" // not by single sign-on (rule block.no-lockout-dos)
	ReasonNotYetValid           = "not_yet_valid"
	ReasonNoLongerValid         = "no_longer_valid"
	ReasonOutsideSchedule       = "outside_schedule"
)

// Decide says whether somebody may come in (rule access.decision). It is the only place that decides: sign-in,
// forward-auth, renewal of sessions and Explain call it. What concerns the person for good is told before what passes by
// itself, so that nobody waits for a door that would stay shut.
func Decide(facts AccessFacts, now time.Time) Decision {
	switch {
	case facts.OrganisationSuspended:
		return refusedAccess(ReasonOrganisationSuspended, "your organisation is suspended", "the operator of the service resumes the organisation")
	case !facts.Here:
		return refusedAccess(ReasonUnknown, "there is no such account", "an administrator or the directory adds the person")
	case facts.Status == Inactive:
		return refusedAccess(ReasonInactive, "your account is deactivated", "an administrator or the directory activates the account")
	case facts.Waiting:
		return refusedAccess(ReasonWaiting, "your account waits for a free seat", "an administrator frees a seat or raises the plan")
	case facts.Status == Pending && facts.Method != BySingleSignOn:
		return refusedAccess(ReasonPending, "your account has not been accepted yet", "the person accepts the invitation, or an administrator confirms the account")
	}
	if d := decideBlock(facts); d.Reason != "" {
		return d
	}
	return decideWindow(facts.Window, now)
}

func decideBlock(facts AccessFacts) Decision {
	const unblock = "an administrator with the permission users:unblock unblocks the account"
	switch {
	case facts.Block == BlockedByAdministrator:
		return refusedAccess(ReasonBlocked, "your account is blocked by an administrator", unblock)
	case facts.Block == BlockedByInactivity:
		return refusedAccess(ReasonInactivity, "your account is blocked because it was not used for a long time", unblock)
	case facts.Block == BlockedByFailedSignIns && (facts.Method == ByPassword || facts.Method == ByPasskey):
		return refusedAccess(ReasonFailedSignIns, "your account is blocked after too many wrong passwords", unblock)
	}
	return Decision{}
}

func decideWindow(window Window, now time.Time) Decision {
	if window.Open(now) {
		return Decision{Allowed: true}
	}
	const change = "an administrator with the permission users:edit changes the access window"
	wall := now.In(window.Zone.local())
	var d Decision
	switch {
	case window.early(wall):
		d = refusedAccess(ReasonNotYetValid, "your account is not valid yet", change)
	case window.over(wall):
		return refusedAccess(ReasonNoLongerValid, "your account is no longer valid", change)
	default:
		d = refusedAccess(ReasonOutsideSchedule, "you may not come in at this time", change)
	}
	if opening, ok := window.NextOpening(now); ok {
		d.NextOpening = opening
		d.Sentence += "; you may from " + opening.In(window.Zone.local()).Format("2006-01-02 15:04 MST")
		d.Remedy = "the window opens, or " + change
	}
	return d
}

func refusedAccess(reason, sentence, remedy string) Decision {
	return Decision{Reason: reason, Sentence: sentence, Remedy: remedy}
}

// Admission is all that decides whether a person may come in and what they may then do, as one read finds it.
type Admission struct {
	Facts  AccessFacts // without the method
	Access Access
}

// Decide says whether the person may come in by a method (rule access.decision).
func (a Admission) Decide(method AccessMethod, now time.Time) Decision {
	a.Facts.Method = method
	return Decide(a.Facts, now)
}

// Access decides about somebody of the organisation as they stand now, by a method (rule access.decision). Needs
// users:view.
func (ad *Administration) Access(ctx context.Context, who Administrator, id UserID, method AccessMethod) (Decision, error) {
	if err := oneOf("method", method, ByPassword, BySingleSignOn, BySession); err != nil {
		return Decision{}, err
	}
	var found Admission
	err := ad.look(ctx, who, ModuleUsers, ActionView, id.String(), func(tx Tx) (err error) {
		found, err = tx.Assignments().Admission(who.Organisation, id)
		return err
	})
	if err != nil {
		return Decision{}, err
	}
	return found.Decide(method, ad.env.instant()), nil
}
