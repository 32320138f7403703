package domain

import (
	"context"
	"slices"
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
	Means                 Means
}

// Means is what somebody has to come in by. The zero value says that it was not asked: they have proved already that they have it.
type Means struct {
	Asked          bool
	Locally        bool      // the policy lets a password or a passkey of theirs open something
	Password       bool      // they have one
	PasswordEndsAt time.Time // of a temporary password; zero: it is not temporary
	SlowedUntil    time.Time // no password is tried before (rule owner.last); zero: at once
	Provider       bool      // a connection that is not disabled may bring them in by single sign-on
}

// Decision is the outcome of [Decide]. Where access is refused, Reason is one stable word, Sentence is for the person and
// Remedy says what would change it and who can.
type Decision struct {
	Allowed     bool
	Reason      string
	Sentence    string
	Remedy      string
	NextOpening time.Time // when it will open by itself, of the window or after a pause; zero: it will not
}

// The reasons of a refusal, in the order in which they are looked at: the first that holds is told.
const (
	ReasonOrganisationSuspended    = "organisation_suspended"
	ReasonUnknown                  = "unknown"
	ReasonInactive                 = "inactive"
	ReasonWaiting                  = "waiting_for_seat"
	ReasonPending                  = "pending" // not by single sign-on, which is how some accept
	ReasonBlocked                  = "blocked"
	ReasonInactivity               = "blocked_inactivity"
	ReasonFailedSignIns            = "blocked_failed_sign_ins"    // not by single sign-on (rule block.no-lockout-dos)
	ReasonLocalSignInOff           = "local_sign_in_off"          // by password; so are the next three
	ReasonNoPassword               = "no_password"                //
	ReasonTemporaryPasswordExpired = "temporary_password_expired" // rule invite.temporary-password
	ReasonSlowed                   = "slowed"                     // the last owner, after wrong passwords (rule owner.last)
	ReasonNoProvider               = "no_provider"                // by single sign-on
	ReasonNotYetValid              = "not_yet_valid"
	ReasonNoLongerValid            = "no_longer_valid"
	ReasonOutsideSchedule          = "outside_schedule"
)

// Decide says whether somebody may come in (rule access.decision). It is the only place that decides: sign-in,
// forward-auth, renewal of sessions and Explain call it. What concerns the person for good is told before what passes by
// itself, so that nobody waits for a door that would stay shut.
func Decide(facts AccessFacts, now time.Time) Decision {
	for _, look := range hindrances() {
		if d := look(facts, now); d.Reason != "" {
			return d
		}
	}
	return Decision{Allowed: true}
}

// Hindrances are all that keeps somebody out, in order: the first is what [Decide] tells, and when it is gone the next. Of who is
// not here nothing more is known. Who waits for a seat is pending for that, which is not told a second time.
func Hindrances(facts AccessFacts, now time.Time) []Decision {
	var list []Decision
	for _, look := range hindrances() {
		d := look(facts, now)
		if d.Reason != "" {
			list = append(list, d)
		}
		if d.Reason == ReasonUnknown {
			break
		}
	}
	return list
}

// hindrances are what can keep somebody out, in the order in which it is looked at; each gives the zero Decision where it does not.
func hindrances() [7]func(AccessFacts, time.Time) Decision {
	return [...]func(AccessFacts, time.Time) Decision{
		decideOrganisation, decideStatus, decideBlock, decideLocally, decidePassword, decideProvider, decideWindow,
	}
}

func decideOrganisation(facts AccessFacts, _ time.Time) Decision {
	if facts.OrganisationSuspended {
		return refusedAccess(ReasonOrganisationSuspended, "your organisation is suspended", "the operator of the service resumes the organisation")
	}
	return Decision{}
}

func decideStatus(facts AccessFacts, _ time.Time) Decision {
	switch {
	case !facts.Here:
		return refusedAccess(ReasonUnknown, "there is no such account", "an administrator or the directory adds the person")
	case facts.Status == Inactive:
		return refusedAccess(ReasonInactive, "your account is deactivated", "an administrator or the directory activates the account")
	case facts.Waiting:
		return refusedAccess(ReasonWaiting, "your account waits for a free seat", "an administrator frees a seat or raises the plan")
	case facts.Status == Pending && facts.Method != BySingleSignOn && !facts.temporarily():
		return refusedAccess(ReasonPending, "your account has not been accepted yet", "the person accepts the invitation, or an administrator confirms the account")
	}
	return Decision{}
}

// temporarily reports whether somebody comes by a temporary password: a pending person may, to choose their own (rule
// invite.temporary-password).
func (f AccessFacts) temporarily() bool {
	return f.Method == ByPassword && f.Means.Password && !f.Means.PasswordEndsAt.IsZero()
}

func decideBlock(facts AccessFacts, _ time.Time) Decision {
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

func decideLocally(facts AccessFacts, _ time.Time) Decision {
	if facts.Means.Asked && !facts.Means.Locally && (facts.Method == ByPassword || facts.Method == ByPasskey) {
		return refusedAccess(ReasonLocalSignInOff, "your organisation lets only owners come in by password",
			"the person comes by single sign-on, or an administrator with the permission policy:edit sets local_sign_in to allowed")
	}
	return Decision{}
}

func decidePassword(facts AccessFacts, now time.Time) Decision {
	means := facts.Means
	switch {
	case !means.Asked || facts.Method != ByPassword:
	case !means.Password:
		return refusedAccess(ReasonNoPassword, "your account has no password", "the person chooses one by an invitation or by a link that an administrator with the permission users:edit sends, or comes in another way")
	case !means.PasswordEndsAt.IsZero() && !now.Before(means.PasswordEndsAt):
		return refusedAccess(ReasonTemporaryPasswordExpired, "your temporary password is no longer good", "an administrator sends a new invitation")
	case now.Before(means.SlowedUntil):
		d := refusedAccess(ReasonSlowed, "there were too many wrong passwords", "time: a password is tried again after the pause")
		d.NextOpening = means.SlowedUntil
		return d
	}
	return Decision{}
}

func decideProvider(facts AccessFacts, _ time.Time) Decision {
	if facts.Means.Asked && !facts.Means.Provider && facts.Method == BySingleSignOn {
		return refusedAccess(ReasonNoProvider, "no identity provider of your organisation signs you in",
			"an administrator with the permission directory:edit lets a connection sign people in, or enables one that does")
	}
	return Decision{}
}

func decideWindow(facts AccessFacts, now time.Time) Decision {
	window := facts.Window
	if window.Open(now) {
		return Decision{}
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

// Hindrances are all that keeps the person out by a method, as [Hindrances].
func (a Admission) Hindrances(method AccessMethod, now time.Time) []Decision {
	a.Facts.Method = method
	return Hindrances(a.Facts, now)
}

// admissionOf reads what decides about a person with what they have to come in by.
func admissionOf(tx Tx, org OrganisationID, id UserID) (Admission, error) {
	found, err := tx.Assignments().Admission(org, id)
	if err != nil || !found.Facts.Here {
		return found, err
	}
	policy, err := tx.Policies().Get(org)
	if err != nil {
		return found, err
	}
	held, _, err := tx.SignIns().Get(org, id)
	if err != nil {
		return found, err
	}
	found.Facts.Means = held.means(policy.Locally(found.Access.Owner))
	found.Facts.Means.Provider, err = hasProvider(tx, org, id)
	return found, err
}

// hasProvider reports whether a connection may bring somebody in: their own, one at whose issuer they are known, or, where they
// are no directory's, any.
func hasProvider(tx Tx, org OrganisationID, id UserID) (bool, error) {
	u, err := tx.Users().Find(org, id)
	if err != nil {
		return false, err
	}
	identities, err := tx.Identities().List(org, id)
	if err != nil {
		return false, err
	}
	connections, err := tx.Connections().List(org)
	return slices.ContainsFunc(connections, func(c Connection) bool {
		return c.signsIn() && (u.Connection.IsZero() || u.Connection == c.ID || slices.ContainsFunc(identities, func(i Identity) bool {
			return i.Issuer == c.OIDC.Issuer
		}))
	}), err
}

// Access decides about somebody of the organisation as they stand now, by a method (rule access.decision). Needs
// users:view.
func (ad *Administration) Access(ctx context.Context, who Administrator, id UserID, method AccessMethod) (Decision, error) {
	if err := oneOf("method", method, ByPassword, BySingleSignOn, BySession); err != nil {
		return Decision{}, err
	}
	var found Admission
	err := ad.look(ctx, who, ModuleUsers, ActionView, id.String(), func(tx Tx) (err error) {
		found, err = admissionOf(tx, who.Organisation, id)
		return err
	})
	if err != nil {
		return Decision{}, err
	}
	return found.Decide(method, ad.env.instant()), nil
}
