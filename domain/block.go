package domain

import (
	"time"

	"usher/domain/attribute"
)

// BlockReason says why somebody is blocked.
type BlockReason string

// The reasons of a block.
const (
	BlockedByFailedSignIns BlockReason = "failed_sign_ins" // rule block.failed
	BlockedByInactivity    BlockReason = "inactivity"      // rule block.inactivity
	BlockedByAdministrator BlockReason = "administrator"
)

// Block is why a person who otherwise could may not come in. A blocked person keeps status and seat (rule seat.release).
type Block struct {
	Organisation OrganisationID
	User         UserID
	Reason       BlockReason
	Since        time.Time
	By           Actor
}

// tree is the block as events show it.
func (b Block) tree() attribute.Value {
	return texts("reason", string(b.Reason), "since", timestamp(b.Since))
}

// Blocks is the store of blocks. A person has at most one.
type Blocks interface {
	// Get reads somebody's block; found is false when there is none.
	Get(org OrganisationID, user UserID) (b Block, found bool, err error)
	// Of reads the blocks of those of some people who are blocked, in no order.
	Of(org OrganisationID, users []UserID) ([]Block, error)
	// Put writes a block over the one that was read (the zero Block: none); the unit of work runs again when that is no
	// longer so.
	Put(was, is Block) error
	// Lift removes a block; the unit of work runs again when it is no longer there.
	Lift(b Block) error
}
