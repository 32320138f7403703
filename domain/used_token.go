package domain

import (
	"context"
	"crypto/sha256"
	"time"
)

// ProviderTx is the part of a unit of work that is about OpenID providers and our own assertions.
type ProviderTx interface {
	SigningKeys() SigningKeys
	UsedTokens() UsedTokens
	ProviderSettings() ProviderSettingsOf
}

// UsedTokens is the store of identifiers of tokens that may come once.
type UsedTokens interface {
	// Use notes one until it ends, forgets those that ended before now, and reports whether it was not there.
	Use(org OrganisationID, hash TokenHash, endsAt, now time.Time) (first bool, err error)
}

// UseOnce reports whether a token of somebody else's comes for the first time, to whichever replica. It is remembered
// until endsAt.
func (in *Installation) UseOnce(ctx context.Context, org OrganisationID, token string, endsAt time.Time) (bool, error) {
	now, hash := in.env.instant(), TokenHash(sha256.Sum256([]byte(token)))
	first := false
	err := in.store.Write(ctx, func(tx Tx) (err error) {
		first, err = tx.UsedTokens().Use(org, hash, endsAt, now)
		return err
	})
	return first, err
}
