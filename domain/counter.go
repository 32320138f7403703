package domain

import (
	"strconv"
	"time"

	"github.com/google/uuid"
)

// How many counters an organisation has at most, however many networks try and however many names (security: 100,000
// attempts, bounded state). Networks that share one share its attempts; what is counted by names is read by nobody.
const (
	networkSlots = 1 << 16
	nameSlots    = 1 << 8
	tellingSlots = 1 << 16 // two of this many of which one is not told in an hour
)

// counter is where things of some sort are counted. The text itself is not kept, and which texts share a counter nobody
// outside can foresee, so that nobody uses up another's on purpose.
func (e Environment) counter(org OrganisationID, sort, text string, slots uint64) Scope {
	place := sort + "\x00" + strconv.FormatUint(e.Links.slot(org, sort, text)%slots, 16)
	return Scope{Organisation: org, Connection: ConnectionID{UUID: uuid.NewSHA1(org.UUID, []byte(place))}}
}

// firstThisHour counts something that may happen again and again, and reports whether this is the first time in an hour of the
// clock, on all replicas: what would be told without end is told then.
func (e Environment) firstThisHour(tx Tx, org OrganisationID, sort, text string, now time.Time) (bool, error) {
	n, err := tx.Rates().Add(e.counter(org, sort, text, tellingSlots), thisHour(now), 1)
	return err == nil && n == 1, err
}

// thisHour is the hour of the clock, as a number that grows with time.
func thisHour(now time.Time) int64 { return now.UnixNano() / int64(time.Hour) }
