package domain

import (
	"io"
	"strconv"
	"strings"
	"time"

	"usher/domain/attribute"
)

// APIKey lets an application do things in one organisation, within its permissions, without its secret.
type APIKey struct {
	ID           APIKeyID
	Organisation OrganisationID
	User         UserID // whose it is; zero: nobody's
	Name         string
	Permissions  Permissions // each on all objects
	Hash         TokenHash
	CreatedAt    time.Time
	ExpiresAt    time.Time // zero: never
	RevokedAt    time.Time // zero: in force
	LastUsedAt   time.Time // zero: never; kept to the minute
	WarnedAt     time.Time // it was told that it ends; zero: not yet
}

// APIKeyID names an API key.
type APIKeyID = ID[APIKey]

// APIKeyPrefix begins the text of every API key, so that secret scanners can know it.
const APIKeyPrefix = "usher_api_"

// ActorAPIKey is the kind of actor that a key is in events.
const ActorAPIKey = "api_key"

// The bounds of keys.
const (
	MaxAPIKeys        = 200                       // in force in one organisation
	maxKeyPermissions = 200                       // of one key
	maxLifetime       = 10 * 365 * 24 * time.Hour // of a key or token that expires at all
)

// ParseAPIKey reads the text of a key. Unauthenticated when it does not have the form of one.
func ParseAPIKey(text string) (Bearer, error) {
	b, ok := parseSecret(APIKeyPrefix, text)
	if !ok {
		return Bearer{}, UnknownAPIKey()
	}
	return b, nil
}

// UnknownAPIKey is the refusal of a key, the same whatever is wrong with it.
func UnknownAPIKey() *Error {
	return &Error{Kind: Unauthenticated, Code: CodeUnauthenticated, Message: "the API key is missing, malformed, expired or revoked; " +
		"send one made by \"usher apikey create\" in the header \"Authorization: Bearer\""}
}

// InForce reports whether the key opens anything at a time.
func (k APIKey) InForce(now time.Time) bool {
	return k.RevokedAt.IsZero() && (k.ExpiresAt.IsZero() || now.Before(k.ExpiresAt))
}

// Version tells one state of the key from another, for If-Match.
func (k APIKey) Version() int64 {
	return contentVersion(k.Permissions.spelt(), timestamp(k.ExpiresAt), timestamp(k.RevokedAt))
}

// Unknown are those of its permissions that the catalogue does not have: they permit nothing. A key has them that an earlier version
// made, or whose module was removed.
func (k APIKey) Unknown(known Catalogue) Permissions {
	return k.Permissions.without(known.has)
}

// APIKeys is the store of API keys.
type APIKeys interface {
	// Insert adds a key.
	Insert(k APIKey) error
	// Get finds one. NotFound.
	Get(org OrganisationID, id APIKeyID) (APIKey, error)
	// List gives the keys of an organisation, newest first, those that are no longer in force as well.
	List(org OrganisationID) ([]APIKey, error)
	// Narrow writes the permissions that are left to a key. NotFound.
	Narrow(org OrganisationID, id APIKeyID, left Permissions) error
	// Warned notes that it was told that a key ends. NotFound.
	Warned(org OrganisationID, id APIKeyID, at time.Time) error
	// Revoke ends a key; one that is revoked keeps its time. NotFound.
	Revoke(org OrganisationID, id APIKeyID, at time.Time) error
	// RevokeOf ends the keys of a person that are in force, and says which they were, in order of id.
	RevokeOf(org OrganisationID, user UserID, at time.Time) ([]APIKeyID, error)
	// Holder finds the key that a bearer presents, and whether its organisation is suspended. Unauthenticated when the
	// key is unknown, expired at now or revoked.
	Holder(b Bearer, now time.Time) (key APIKey, suspended bool, err error)
	// Used remembers when a key was last used.
	Used(org OrganisationID, hash TokenHash, at time.Time) error
}

// APIKeySpec describes a key to be made.
type APIKeySpec struct {
	Name        string
	Permissions []Permission  // each is granted on all objects
	Lifetime    time.Duration // 0: it does not expire
	User        UserID        // whose it is, with whose access it ends; zero: nobody's
}

// Check says what is wrong with a description, without a store. Invalid.
func (s APIKeySpec) Check() error {
	if _, err := label("name", s.Name); err != nil {
		return err
	}
	switch {
	case len(s.Permissions) == 0:
		return &Error{Kind: Invalid, Code: CodeRequired, Field: "permissions", Message: "a key needs at least one permission, such as users:view"}
	case len(s.Permissions) > maxKeyPermissions:
		return &Error{Kind: Invalid, Code: CodeTooMany, Field: "permissions", Message: "give a key at most " + strconv.Itoa(maxKeyPermissions) + " permissions"}
	}
	for _, of := range s.Permissions {
		if _, err := ParsePermission(of.String()); err != nil {
			return err
		}
	}
	return checkLifetime(s.Lifetime)
}

// checkLifetime bounds how long a secret is good for.
func checkLifetime(d time.Duration) error {
	if d < 0 || d > maxLifetime {
		return InvalidField("expires", "use a duration from now of at most ten years, such as 8760h or 365d")
	}
	return nil
}

// granted is the set that the permissions of a description make.
func (s APIKeySpec) granted() Permissions {
	set := Permissions{}
	for _, of := range s.Permissions {
		set[of] = AllObjects()
	}
	return set
}

// spelt is a set of permissions in one line, in order.
func (p Permissions) spelt() string {
	list := p.List()
	words := make([]string, len(list))
	for i, of := range list {
		words[i] = of.String()
	}
	return strings.Join(words, " ")
}

// makeAPIKey makes a key of a checked description, and its text.
func makeAPIKey(env Environment, random io.Reader, org OrganisationID, spec APIKeySpec, now time.Time) (k APIKey, text string, err error) {
	if err := spec.Check(); err != nil {
		return APIKey{}, "", err
	}
	name, err := label("name", spec.Name)
	if err != nil {
		return APIKey{}, "", err
	}
	id, err := newID[APIKey](env)
	if err != nil {
		return APIKey{}, "", err
	}
	secret, err := newSecret(random)
	if err != nil {
		return APIKey{}, "", err
	}
	text, hash := secretText(APIKeyPrefix, org, secret)
	return APIKey{
		ID: id, Organisation: org, User: spec.User, Name: name, Permissions: spec.granted(), Hash: hash, CreatedAt: now, ExpiresAt: after(now, spec.Lifetime),
	}, text, nil
}

// after is an instant so long from now; the zero time for no duration.
func after(now time.Time, lifetime time.Duration) time.Time {
	if lifetime == 0 {
		return time.Time{}
	}
	return now.Add(lifetime)
}

// createKey stores a new key, with the event, once its permissions are found in the catalogue and allowed. Invalid.
func createKey(tx Tx, by author, k APIKey, allow func(Permissions) error, now time.Time) error {
	known, err := loadCatalogue(tx, k.Organisation)
	if err != nil {
		return err
	}
	if k.Permissions, err = k.Permissions.parsed("permissions", known); err != nil {
		return err
	}
	if err := allow(k.Permissions); err != nil {
		return err
	}
	if err := insertKey(tx, k, now); err != nil {
		return err
	}
	return by.record(tx, APIKeyCreated, "api_key", k.ID.UUID, now, attribute.Value{}, createdKey(k))
}

// revokeKey ends a key, with the event.
func revokeKey(tx Tx, by author, k APIKey, now time.Time) (APIKey, error) {
	if !k.RevokedAt.IsZero() {
		return k, nil
	}
	k.RevokedAt = now
	if err := tx.APIKeys().Revoke(k.Organisation, k.ID, now); err != nil {
		return k, err
	}
	return k, by.record(tx, APIKeyRevoked, "api_key", k.ID.UUID, now, attribute.Value{}, texts("revokedAt", timestamp(now)))
}

// narrowKeys takes permissions out of the keys that are in force which no catalogue had until now: nobody has checked that who made the key
// could give them (rule owner.escalation). Who wants them makes another key.
func narrowKeys(tx Tx, by author, org OrganisationID, found func(Permission) bool, now time.Time) error {
	keys, err := tx.APIKeys().List(org)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if !k.InForce(now) || !k.Permissions.mentions(found) {
			continue
		}
		left := k.Permissions.without(found)
		if err := tx.APIKeys().Narrow(org, k.ID, left); err != nil {
			return err
		}
		before, after := texts("permissions", k.Permissions.spelt()), texts("permissions", left.spelt())
		if err := by.record(tx, APIKeyNarrowed, "api_key", k.ID.UUID, now, before, after); err != nil {
			return err
		}
	}
	return nil
}

// insertKey stores a new key. One of a person hangs on what they get in by, and needs somebody who is not inactive (rule
// deactivate.doors).
func insertKey(tx Tx, k APIKey, now time.Time) error {
	if err := roomForKey(tx, k.Organisation, now); err != nil {
		return err
	}
	if k.User.IsZero() {
		return tx.APIKeys().Insert(k)
	}
	u, err := tx.Users().Find(k.Organisation, k.User)
	if IsKind(err, NotFound) {
		return InvalidField("user_id", "nobody here has this id; name a person of this organisation")
	}
	if err != nil {
		return err
	}
	if _, err := tx.SignIns().Hold(k.Organisation, k.User); err != nil {
		return err
	}
	if u.Status == Inactive {
		return InvalidField("user_id", "this person is inactive; activate them first")
	}
	return tx.APIKeys().Insert(k)
}

// roomForKey refuses one more key than an organisation may have in force.
func roomForKey(tx Tx, org OrganisationID, now time.Time) error {
	keys, err := tx.APIKeys().List(org)
	if err != nil {
		return err
	}
	n := 0
	for _, k := range keys {
		if k.InForce(now) {
			n++
		}
	}
	if n >= MaxAPIKeys {
		return &Error{Kind: Conflict, Code: CodeTooMany, Message: "the organisation has " + strconv.Itoa(n) + " API keys in force, which is all it may have; revoke one that is not used"}
	}
	return nil
}
