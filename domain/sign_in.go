package domain

import "time"

// SignIn is what is kept of how one person signs in.
type SignIn struct {
	Organisation OrganisationID
	User         UserID

	Password         string    // as the [Passwords] spelt it; empty: none
	PasswordSetAt    time.Time // zero: never
	PasswordEndsAt   time.Time // of a temporary password; zero: it is not temporary
	PasswordWarnedAt time.Time // told that it expires; zero: not yet
	Previous         []string  // the passwords before it, newest first

	Failures    int       // wrong passwords and codes in a row
	SlowedUntil time.Time // nothing is tried before (rule owner.last); zero: at once
	Enrol       bool      // a second factor has to be set up at once (rule mfa.reset)
}

// lasting reports whether there is a password that is good from now on: a temporary one ends.
func (s SignIn) lasting() bool { return s.Password != "" && s.PasswordEndsAt.IsZero() }

// means is what somebody has to come in by of what is kept here; locally: a password of theirs opens something.
func (s SignIn) means(locally bool) Means {
	return Means{Asked: true, Locally: locally, Password: s.Password != "", PasswordEndsAt: s.PasswordEndsAt, SlowedUntil: s.SlowedUntil}
}

// SignIns is the store of how people sign in.
type SignIns interface {
	// Known reports whether anything is kept of how somebody signs in. It is on the way of every deactivation.
	Known(org OrganisationID, user UserID) (bool, error)
	// Get reads it; found is false where nothing is kept.
	Get(org OrganisationID, user UserID) (s SignIn, found bool, err error)
	// Hold reads it, beginning to keep it where nothing was kept, and keeps others from it until the unit of work ends.
	Hold(org OrganisationID, user UserID) (SignIn, error)
	// Save writes what is held.
	Save(s SignIn) error
	// ByName finds who signs in by a user name or e-mail, folded; found is false for nobody.
	ByName(org OrganisationID, key string) (user UserID, found bool, err error)
	// Aged reads active people whose password that is not temporary was set at an instant or before, and who were not
	// told since it was, in order of id after the given one, at most limit.
	Aged(org OrganisationID, setBy time.Time, after UserID, limit int) ([]SignIn, error)
}
