package domain

import "time"

// Session is one signed-in browser or device.
type Session struct {
	ID           SessionID
	Organisation OrganisationID
	User         UserID
	Hash         TokenHash    // of its token
	Method       AccessMethod // by which it began
	Steps        []SignInStep // what is left to do before it opens anything
	Agent        string       // what the browser calls itself; empty: unknown
	Address      string       // from where it began; empty: unknown
	CreatedAt    time.Time
	SeenAt       time.Time // kept to the minute
	ProvedAt     time.Time // when who has it last showed who they are, see [Session.Fresh]; zero: never to us
	Factor       Factor    // by which that was proved beside a password

	// Of one that began by single sign-on.
	Connection      ConnectionID // zero: it did not
	Issuer          string
	ProviderSession string // sid: the provider's name of its own session; empty: not told
	LogoutHint      []byte // what ends that, sealed; nil: nothing does
}

// freshness is how long after a proof nothing more is asked for sensitive changes.
const freshness = 10 * time.Minute

// Fresh reports whether whoever has the session has shown who they are so lately that they may change what they get in by.
func (s Session) Fresh(now time.Time) bool {
	return !s.ProvedAt.IsZero() && now.Before(s.ProvedAt.Add(freshness))
}

// SignInStep is something that is left to do of a sign-in.
type SignInStep string

// The steps, in the order in which they are taken.
const (
	StepSecondFactor SignInStep = "second_factor"   // give a code
	StepPassword     SignInStep = "change_password" // the password is temporary, or has expired
	StepEnrol        SignInStep = "enrol"           // set up a second factor
)

// SessionID names a session.
type SessionID = ID[Session]

// Presented is what one read finds of the session that a token names: with all that decides whether it opens anything.
type Presented struct {
	Session  Session
	Facts    AccessFacts
	Owner    bool
	DoorShut bool          // what the session began by is shut: its connection is disabled, or local sign-in is off for the person
	Idle     time.Duration // the organisation's limits
	Longest  time.Duration
}

// Sessions is the store of sessions. One that has ended is not there.
type Sessions interface {
	// Insert adds a session.
	Insert(s Session) error
	// Find reads, by one statement, the session of a hash and how its person and organisation stand at this moment.
	// Unauthenticated when there is none.
	Find(org OrganisationID, hash TokenHash) (Presented, error)
	// List gives somebody's sessions, newest first.
	List(org OrganisationID, user UserID) ([]Session, error)
	// Rotate gives a session another hash, what is left to do, and how it was proved; the unit of work runs again when it
	// no longer has the hash that was read.
	Rotate(was, is Session) error
	// Seen notes that a session was used. It never goes back.
	Seen(s Session, at time.Time) error
	// End ends one session of somebody. NotFound.
	End(org OrganisationID, user UserID, id SessionID) error
	// EndAll ends the sessions of somebody but for one (zero: all), and gives those that were.
	EndAll(org OrganisationID, user UserID, but SessionID) ([]SessionID, error)
	// EndByProvider ends those that began by a connection and issuer and, as far as each is given, by a session of the
	// provider's and of a person, and gives them, in order of id. One of the two must be given.
	EndByProvider(org OrganisationID, connection ConnectionID, issuer, providerSession string, user UserID) ([]Session, error)
	// EndByConnection ends those that began by a connection, and counts them.
	EndByConnection(org OrganisationID, connection ConnectionID) (int, error)
	// Windowed reads who has a session and an access window, in order of person after the given one, at most limit.
	Windowed(org OrganisationID, after UserID, limit int) ([]WindowedUser, error)
	// Over ends at most limit sessions of an organisation that began before one instant, or were not seen since another,
	// and gives them.
	Over(org OrganisationID, begun, seen time.Time, limit int) ([]Session, error)
}

// WindowedUser is somebody who has a session and an access window.
type WindowedUser struct {
	User   UserID
	Window Window
}

// UnknownSession is the refusal of a session, the same whatever is wrong with its token.
func UnknownSession() *Error {
	return &Error{Kind: Unauthenticated, Code: CodeUnauthenticated, Message: "you are not signed in, or no longer; sign in again"}
}
