package domain

import "time"

// Idle is how long somebody has not been here, as the sweep of inactivity reads it.
type Idle struct {
	User     UserID
	Owner    bool
	Since    time.Time // the latest of access, activation and unblocking
	WarnedAt time.Time // zero: never
}

// Inactivity is the store of what inactivity is counted from (rule block.inactivity).
type Inactivity interface {
	// Accessed notes that somebody was here. It never goes back.
	Accessed(org OrganisationID, user UserID, at time.Time) error
	// Seen reads when people were here last, those who never were left out.
	Seen(org OrganisationID, users []UserID) (map[UserID]time.Time, error)
	// Restart counts from here: somebody was activated or unblocked. It never goes back.
	Restart(org OrganisationID, user UserID, at time.Time) error
	// Warned notes that somebody was told.
	Warned(org OrganisationID, user UserID, at time.Time) error
	// Idle reads active, unblocked people who were not here since an instant though they could have been, in order of id
	// after the given one, at most limit. Who has neither a password nor an identity, and was never seen, does not sign in
	// through Usher: nothing is known of when they were here, and they are not among them.
	Idle(org OrganisationID, since time.Time, after UserID, limit int) ([]Idle, error)
}
