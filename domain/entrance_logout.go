package domain

import (
	"context"
	"crypto/sha256"
	"time"
)

// ProviderEnding says which sessions a provider has ended: those that began by its session and, where it names the person,
// are theirs; without a session of the provider's, all of the person's.
type ProviderEnding struct {
	Organisation    OrganisationID
	Connection      ConnectionID
	Issuer          string
	ProviderSession string // sid; empty: not told
	Subject         string // as the identity has it; empty: not told

	Token string    // the identifier of the token that says so, which comes once for a connection
	Until time.Time // as long as it would be taken
}

// EndByProvider ends exactly the sessions that a provider says, on every replica with the next request, and counts them
// (Back-Channel Logout 1.0 section 2.7). A person whom nobody here is has none. The token is used up in the same step.
// TokenReplayed.
func (e *Entrance) EndByProvider(ctx context.Context, what ProviderEnding, v Visitor) (ended int, err error) {
	now, used := e.env.instant(), TokenHash(sha256.Sum256([]byte("logout "+what.Connection.String()+" "+what.Token)))
	err = e.store.Write(ctx, func(tx Tx) error {
		ended = 0
		first, err := tx.UsedTokens().Use(what.Organisation, used, what.Until, now)
		if err != nil {
			return err
		}
		if !first {
			return &Error{Kind: Conflict, Code: CodeTokenReplayed, Message: "this logout token has come before"}
		}
		var user UserID
		if what.Subject != "" {
			var found bool
			if user, found, err = tx.Identities().Find(Identity{
				Organisation: what.Organisation, Connection: what.Connection, Issuer: what.Issuer, Subject: what.Subject,
			}); err != nil || !found {
				return err
			}
		}
		if user.IsZero() && what.ProviderSession == "" {
			return nil
		}
		sessions, err := tx.Sessions().EndByProvider(what.Organisation, what.Connection, what.Issuer, what.ProviderSession, user)
		if err != nil {
			return err
		}
		by := doorsClosed{write: e.scribe(what.Organisation, Actor{Kind: "connection", ID: what.Connection.UUID}, v), now: now}
		for _, s := range sessions {
			if err := by.say(tx, SessionEnded, s.User, texts("session", s.ID.String())); err != nil {
				return err
			}
		}
		ended = len(sessions)
		return nil
	})
	return ended, err
}
