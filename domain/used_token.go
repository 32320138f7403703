package domain

import "time"

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
