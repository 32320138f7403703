package domain

import (
	"crypto/sha256"
	"time"
)

// Passkey is a key pair of a person in one of their devices, phones or password managers (W3C Web Authentication Level 3),
// of which the public half is kept here. It is a second factor, or signs in by itself where the device has seen who uses it.
type Passkey struct {
	ID           PasskeyID
	Organisation OrganisationID
	User         UserID
	Credential   []byte   // by which the device knows it
	PublicKey    []byte   // COSE (RFC 9052)
	Flags        byte     // what the device said of itself last (section 6.1)
	Transports   []string // how the browser reaches the device: internal, usb, nfc, ble, hybrid
	Signatures   uint32   // how many it had made when it was last used; 0: it does not count
	Name         string   // that the person gave it
	CreatedAt    time.Time
	UsedAt       time.Time // zero: never
}

// PasskeyID names a passkey.
type PasskeyID = ID[Passkey]

// Bounds of passkeys.
const (
	MaxPasskeys       = 20   // of one person
	maxPasskeyName    = 60   // characters
	maxCredential     = 1023 // bytes (section 4, "credential ID")
	maxPublicKey      = 4096
	maxTransports     = 8
	challengeLifetime = 5 * time.Minute
)

// PasskeyAnswer is what a device signed, once an adapter has verified the signature, the origin and the challenge.
type PasskeyAnswer struct {
	Flags      byte
	Verified   bool   // the device has seen who uses it: a finger, a face, a PIN
	Signatures uint32 // see [Passkey]
}

// PasskeyCheck verifies what a device signed by the passkey that is kept. It has no effect, and may be asked more than once.
type PasskeyCheck func(k Passkey) (PasskeyAnswer, bool)

// Challenge is what a device has to sign. It is good once, and not for long.
type Challenge struct {
	Text   string
	EndsAt time.Time
}

// cloned reports whether the same key counts in two places (section 6.1.1): a device that counts has counted on.
func (k Passkey) cloned(a PasskeyAnswer) bool {
	return a.Signatures <= k.Signatures && (a.Signatures != 0 || k.Signatures != 0)
}

// Passkeys is the store of passkeys.
type Passkeys interface {
	// Insert adds a passkey. The unit of work fails with [PasskeyTaken] where its credential is there.
	Insert(k Passkey) error
	// ByCredential reads one of somebody. NotFound.
	ByCredential(org OrganisationID, user UserID, credential []byte) (Passkey, error)
	// List gives somebody's passkeys, the newest first.
	List(org OrganisationID, user UserID) ([]Passkey, error)
	// Use notes a use; the unit of work runs again when the counter is not the one that was read.
	Use(was Passkey, flags byte, signatures uint32, at time.Time) error
	// Remove removes one. NotFound.
	Remove(org OrganisationID, user UserID, id PasskeyID) error
	// RemoveAll removes all of somebody and says how many there were.
	RemoveAll(org OrganisationID, user UserID) (int, error)
}

// PasskeyTaken is the refusal of a passkey that is kept already.
func PasskeyTaken() *Error {
	return &Error{Kind: Conflict, Code: CodePasskeyTaken, Message: "this passkey is there already; use it, or make another one on another device"}
}

// spend uses a challenge up; false where it was used, or its time is over.
func (c Challenge) spend(tx Tx, org OrganisationID, now time.Time) (bool, error) {
	if !now.Before(c.EndsAt) {
		return false, nil
	}
	return tx.UsedTokens().Use(org, TokenHash(sha256.Sum256([]byte("passkey challenge\x00"+c.Text))), c.EndsAt, now)
}
