package domain

import (
	"time"

	"github.com/google/uuid"
)

// Letter is an e-mail that an event causes, to one person. What is kept of it says whom, why and how far; name, address and
// text are put together when it is sent, so that nothing personal is kept, and a person who has moved gets it at the new
// address.
type Letter struct {
	ID           LetterID // the same on every attempt: it is the Message-ID
	Organisation OrganisationID
	Kind         LetterKind
	User         UserID
	Event        EventID
	State        DeliveryState
	Attempts     int
	DueAt        time.Time // queued: when it is to be sent, or the end of a lease
	CreatedAt    time.Time
	DoneAt       time.Time
	Problem      string // what went wrong last
}

// LetterID names a letter.
type LetterID = ID[Letter]

// LetterKind names a letter's text.
type LetterKind string

// The kinds of letters.
const (
	LetterInvitation      LetterKind = "invitation"
	LetterReset           LetterKind = "reset"
	LetterPassword        LetterKind = "password_expiring"
	LetterSecondFactor    LetterKind = "mfa_reset"
	LetterInactivity      LetterKind = "inactivity_warning"
	LetterBlocked         LetterKind = "blocked"
	LetterUnblocked       LetterKind = "unblocked"
	LetterWebhookDisabled LetterKind = "webhook_disabled"    // to the owners
	LetterCredential      LetterKind = "credential_expiring" // to the owners
	LetterPasskeyCopied   LetterKind = "passkey_copied"
)

// Awaited reports whether somebody has asked for such a letter and waits for it.
func (k LetterKind) Awaited() bool { return k == LetterReset }

// LetterKinds are all kinds.
func LetterKinds() []LetterKind {
	return []LetterKind{LetterInvitation, LetterReset, LetterPassword, LetterSecondFactor, LetterInactivity, LetterBlocked, LetterUnblocked, LetterWebhookDisabled, LetterCredential, LetterPasskeyCopied}
}

// letterCause says which letter an event causes.
type letterCause struct {
	event  EventType
	kind   LetterKind
	owners bool // it goes to the owners; else to the person the event is about
}

// letterCauses is the one table of events that cause letters.
var letterCauses = []letterCause{
	{UserInvited, LetterInvitation, false},
	{PasswordResetRequested, LetterReset, false},
	{PasswordExpiring, LetterPassword, false},
	{SecondFactorReset, LetterSecondFactor, false},
	{InactivityWarned, LetterInactivity, false},
	{PasskeyCopied, LetterPasskeyCopied, false},
	{UserBlocked, LetterBlocked, false},
	{UserUnblocked, LetterUnblocked, false},
	{WebhookDisabled, LetterWebhookDisabled, true},
	{TokenExpiring, LetterCredential, true},
	{OAuthClientExpiring, LetterCredential, true},
	{APIKeyExpiring, LetterCredential, true},
}

func letterEvents() []EventType {
	types := make([]EventType, 0, len(letterCauses))
	for _, c := range letterCauses {
		types = append(types, c.event)
	}
	return types
}

// letterID is the id of the letter that an event causes to a person: the same however often it is asked for.
func letterID(e EventID, kind LetterKind, user UserID) LetterID {
	return LetterID{UUID: uuid.NewSHA1(e.UUID, append([]byte(kind), user.UUID[:]...))}
}

// queueLetters queues what an event causes.
func queueLetters(tx Tx, e Event, now time.Time) error {
	for _, cause := range letterCauses {
		if cause.event != e.Type {
			continue
		}
		to := []UserID{{UUID: e.Subject}}
		if cause.owners {
			owners, err := tx.Users().Owners(e.Organisation)
			if err != nil {
				return err
			}
			to = to[:0]
			for _, o := range owners {
				to = append(to, o.ID)
			}
		}
		for _, user := range to {
			err := tx.Letters().Queue(Letter{
				ID: letterID(e.ID, cause.kind, user), Organisation: e.Organisation, Kind: cause.kind, User: user, Event: e.ID,
				State: DeliveryQueued, DueAt: now, CreatedAt: now,
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// Letters is the store of letters.
type Letters interface {
	// Queue adds a letter; one that is there already stays as it is.
	Queue(l Letter) error
	// Waiting finds organisations that have letters due, in order of id after one of them, at most limit.
	Waiting(now time.Time, after OrganisationID, limit int) ([]OrganisationID, error)
	// Due finds letters of an organisation that are due, at most limit: those that somebody waits for first, and then those
	// that have been due longest.
	Due(org OrganisationID, now time.Time, limit int) ([]Letter, error)
	// Take moves a letter that is due as it was found to the end of a lease and counts the attempt; taken is false when
	// another was faster.
	Take(l Letter, until time.Time) (taken bool, err error)
	// Settle writes what became of a letter that is queued.
	Settle(l Letter) error
	// List reads letters of an organisation, the latest first, at most limit.
	List(org OrganisationID, limit int) ([]Letter, error)
	// Prune removes letters that were done before an instant, at most limit, and reports how many.
	Prune(before time.Time, limit int) (int, error)
	// Backlog counts what is queued, and finds when the oldest of it was queued.
	Backlog() (queued int, oldest time.Time, err error)
}
