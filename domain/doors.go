package domain

import (
	"time"

	"usher/domain/attribute"
)

// DoorsTx is the part of a unit of work that is about what a person gets in by. Everything of it hangs on the person's
// [SignIn]: where there is none, the person has no session, link, device, second factor, passkey, identity or API key.
type DoorsTx interface {
	SignIns() SignIns
	Links() Links
	ResetRequests() ResetRequests
	Sessions() Sessions
	Devices() Devices
	SecondFactors() SecondFactors
	RecoveryCodes() RecoveryCodes
	Passkeys() Passkeys
	Identities() Identities
}

// doorsClosed is who does what to the doors of a person, for the log.
type doorsClosed struct {
	write scribe
	now   time.Time
}

// closeDoors ends everything that somebody gets in by but their password and identities, which open nothing while the
// person is not active and work again when they are (rules deactivate.doors, activate.seat).
func closeDoors(tx Tx, org OrganisationID, user UserID, now time.Time, write scribe) error {
	known, err := tx.SignIns().Known(org, user)
	if err != nil || !known {
		return err
	}
	if _, err := tx.SignIns().Hold(org, user); err != nil {
		return err
	}
	by := doorsClosed{write: write, now: now}
	if err := by.revokeLinks(tx, org, user); err != nil {
		return err
	}
	if err := by.endSessions(tx, org, user, SessionID{}); err != nil {
		return err
	}
	if err := by.revokeKeys(tx, org, user); err != nil {
		return err
	}
	return by.forgetDevices(tx, org, user)
}

// revokeKeys ends the API keys of somebody.
func (by doorsClosed) revokeKeys(tx Tx, org OrganisationID, user UserID) error {
	keys, err := tx.APIKeys().RevokeOf(org, user, by.now)
	if err != nil {
		return err
	}
	for _, id := range keys {
		event, err := by.write.event(APIKeyRevoked, user, by.now)
		if err != nil {
			return err
		}
		event.SubjectKind, event.Subject, event.After = "api_key", id.UUID, texts("revokedAt", timestamp(by.now))
		if err := tx.Events().Append(event); err != nil {
			return err
		}
	}
	return nil
}

// revokeLinks ends the links of somebody that stand open.
func (by doorsClosed) revokeLinks(tx Tx, org OrganisationID, user UserID, kinds ...LinkKind) error {
	open, err := tx.Links().Open(org, user)
	if err != nil {
		return err
	}
	for _, l := range open {
		if len(kinds) > 0 && l.Kind != kinds[0] {
			continue
		}
		if err := by.endLink(tx, l, LinkRevoked); err != nil {
			return err
		}
	}
	return nil
}

// endLink gives a link its last state, with the event.
func (by doorsClosed) endLink(tx Tx, l Link, state LinkState) error {
	what := map[LinkKind]map[LinkState]EventType{
		LinkInvitation: {LinkRevoked: UserInvitationRevoked, LinkExpired: UserInvitationExpired},
		LinkReset:      {LinkRevoked: PasswordResetRevoked, LinkExpired: PasswordResetExpired},
	}[l.Kind][state]
	if now := by.now; l.standing(now) == LinkExpired && state == LinkRevoked {
		state = LinkExpired // its time was over before
		return by.endLink(tx, l, state)
	}
	if err := tx.Links().End(l, state, by.now); err != nil {
		return err
	}
	return by.say(tx, what, l.User, texts("link", l.ID.String()))
}

// endSessions ends the sessions of somebody but for one.
func (by doorsClosed) endSessions(tx Tx, org OrganisationID, user UserID, but SessionID) error {
	ended, err := tx.Sessions().EndAll(org, user, but)
	if err != nil {
		return err
	}
	for _, id := range ended {
		if err := by.say(tx, SessionEnded, user, texts("session", id.String())); err != nil {
			return err
		}
	}
	return nil
}

// endSession ends one session of somebody. NotFound.
func (by doorsClosed) endSession(tx Tx, org OrganisationID, user UserID, id SessionID) error {
	if err := tx.Sessions().End(org, user, id); err != nil {
		return err
	}
	return by.say(tx, SessionEnded, user, texts("session", id.String()))
}

func (by doorsClosed) forgetDevices(tx Tx, org OrganisationID, user UserID) error {
	n, err := tx.Devices().ForgetAll(org, user)
	if err != nil || n == 0 {
		return err
	}
	return by.say(tx, DevicesForgotten, user, attribute.Value{})
}

// say appends an event about somebody.
func (by doorsClosed) say(tx Tx, what EventType, user UserID, after attribute.Value) error {
	event, err := by.write.event(what, user, by.now)
	if err != nil {
		return err
	}
	event.SubjectKind, event.Subject, event.After = "user", user.UUID, after
	return tx.Events().Append(event)
}
