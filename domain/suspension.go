package domain

import "time"

// Suspension remembers that an administrator deactivated somebody, so that a directory does not bring them back where
// the policy says so (rule suspend.sticks). It ends when an administrator lets the person in again: activates or confirms
// them, or adds them by hand under one of their names.
type Suspension struct {
	Organisation OrganisationID
	User         UserID
	Since        time.Time
	By           Actor
}

// Suspensions is the store of suspensions.
type Suspensions interface {
	// Get reads somebody's suspension; found is false when there is none.
	Get(org OrganisationID, user UserID) (s Suspension, found bool, err error)
	// Put remembers a suspension in place of the one there may be.
	Put(s Suspension) error
	// End forgets a suspension, and the names under which an archived person would be known again.
	End(org OrganisationID, user UserID) error
	// Remember keeps user name, e-mails and external id of a suspended person who is being archived.
	Remember(u User) error
	// Match finds the suspension, the latest if several, of an archived person whose user name, an e-mail or the
	// external id of the same connection a new one has.
	Match(u User) (s Suspension, found bool, err error)
}

// readmitted ends what would hold back somebody whom an administrator lets in: their own suspension, and those of archived
// people who had one of their names, since to a directory they are the same person (rule suspend.sticks).
func readmitted(tx Tx, u User) error {
	if err := tx.Suspensions().End(u.Organisation, u.ID); err != nil {
		return err
	}
	for {
		was, found, err := tx.Suspensions().Match(u)
		if err != nil || !found {
			return err
		}
		if err := tx.Suspensions().End(was.Organisation, was.User); err != nil {
			return err
		}
	}
}

// heldBack applies rule suspend.sticks to somebody whom a directory pushes anew: where an administrator deactivated the
// one who was here under these names before, the new account begins inactive and suspended as well, or, where the policy
// is directory_wins, the suspension ends. It reports what to say in the log; empty: there was nothing to hold back.
func heldBack(tx Tx, caller Caller, u *User) (was Suspension, what EventType, err error) {
	was, found, err := tx.Suspensions().Match(*u)
	if err != nil || !found {
		return was, "", err
	}
	policy, err := policyFor(tx, caller)
	if err != nil {
		return was, "", err
	}
	if policy.Suspension == DirectoryWins {
		return was, SuspensionOverruled, nil
	}
	u.Status, u.AcceptedAt = Inactive, time.Time{}
	return was, SuspensionKept, nil
}
