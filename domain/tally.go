package domain

import "time"

// TallyKind says what a Tally counts.
type TallyKind string

// What is counted.
const (
	TallyRefused      TallyKind = "refused"      // a directory request that was refused or failed
	TallyStraightened TallyKind = "straightened" // a vendor habit that the reader put right
	TallyTurnedAway   TallyKind = "turned_away"  // somebody whom the provider knows was not let in
)

// Tally counts how often the same thing happened on a connection: a refusal, a habit put right, somebody turned away. It is bounded: a
// connection has at most [MaxTallies] of a kind, what comes after is counted under Other.
type Tally struct {
	Organisation OrganisationID
	Connection   ConnectionID
	Kind         TallyKind
	What         string // for a refusal "POST /Users 409 user_name_taken"; for a habit the rule's name; for who was turned away the reason
	Count        int64
	FirstAt      time.Time
	LastAt       time.Time
	Detail       string // of the latest one, as the directory was told; no secret, no filter value
	RequestID    string // of the latest one
}

// MaxTallies bounds the different things counted per connection and kind; Other is where the rest goes.
const (
	MaxTallies = 1000
	Other      = "other"
)

// Tallies is the store of counts.
type Tallies interface {
	// Add adds to the count of t.What.
	Add(t Tally) error
	// List gives the counts of a connection, most frequent first.
	List(org OrganisationID, connection ConnectionID, kind TallyKind) ([]Tally, error)
}
