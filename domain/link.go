package domain

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"usher/domain/attribute"
)

// LinkKind says what a link is for.
type LinkKind string

// The kinds of links.
const (
	LinkInvitation LinkKind = "invitation" // accept the account (rule invite.once)
	LinkReset      LinkKind = "reset"      // choose a new password (rule password.reset)
)

// LinkState is where a link stands. Only an open one opens anything.
type LinkState string

// The states of links.
const (
	LinkOpen     LinkState = "open"
	LinkAccepted LinkState = "accepted" // used
	LinkRevoked  LinkState = "revoked"  // a newer one was sent, or something happened that ends it
	LinkExpired  LinkState = "expired"
)

// Link lets one person do one thing once, without a password: whoever has its token. The token is mailed and never
// stored: see [LinkKey].
type Link struct {
	ID           LinkID
	Organisation OrganisationID
	User         UserID
	Kind         LinkKind
	Hash         TokenHash // of the token
	State        LinkState
	Resent       bool // asked for after the first one, which counts for rule invite.resend
	CreatedAt    time.Time
	ExpiresAt    time.Time
	EndedAt      time.Time // zero: open
}

// LinkID names a link.
type LinkID = ID[Link]

// standing is the state of the link at a time: one whose time is over is expired before any sweep says so.
func (l Link) standing(now time.Time) LinkState {
	if l.State == LinkOpen && !now.Before(l.ExpiresAt) {
		return LinkExpired
	}
	return l.State
}

// Standing is the state of the link at a time.
func (l Link) Standing(now time.Time) LinkState { return l.standing(now) }

// tree is the link as events show it: enough to make its token again with the key, and no more.
func (l Link) tree() attribute.Value {
	return texts("link", l.ID.String(), "kind", string(l.Kind), "expiresAt", timestamp(l.ExpiresAt))
}

// LinkTokenPrefix begins the token of every link, so that secret scanners can know it.
const LinkTokenPrefix = "usher_link_"

// resetLifetime is how long a link to choose a new password is good for (rule password.reset).
const resetLifetime = time.Hour

// LinkKey makes the tokens of links. A token is derived from the key and the id of the link, so that a letter that holds
// it can be made again after a crash, though the token stands nowhere: what is stored is its SHA-256. The zero key makes
// none.
type LinkKey struct{ key []byte }

// NewLinkKey makes a key of 32 secret bytes, the same on all replicas.
func NewLinkKey(secret []byte) (LinkKey, error) {
	if len(secret) < sha256.Size {
		return LinkKey{}, &Error{Kind: Internal, Code: CodeInternal, Message: "the key of links is too short"}
	}
	return LinkKey{key: slices.Clone(secret)}, nil
}

// IsZero reports whether there is no key.
func (k LinkKey) IsZero() bool { return len(k.key) == 0 }

// String hides the key.
func (k LinkKey) String() string { return "link key (hidden)" }

// GoString hides the key.
func (k LinkKey) GoString() string { return k.String() }

// Token is the secret of a link, to be mailed as <public URL>/invitation/<token> or <public URL>/reset/<token>: the
// prefix, and in base64url the organisation, the id and an HMAC-SHA256 of both and the kind. Empty under the zero key.
func (k LinkKey) Token(org OrganisationID, kind LinkKind, id LinkID) string {
	if k.IsZero() {
		return ""
	}
	raw := slices.Concat(org.UUID[:], id.UUID[:], k.sum(org, kind, id))
	return LinkTokenPrefix + base64.RawURLEncoding.EncodeToString(raw)
}

func (k LinkKey) sum(org OrganisationID, kind LinkKind, id LinkID) []byte {
	mac := hmac.New(sha256.New, k.key)
	mac.Write([]byte("usher " + string(kind) + "\x00"))
	mac.Write(org.UUID[:])
	mac.Write(id.UUID[:])
	return mac.Sum(nil)
}

// slot is a number for a text, the same on all replicas.
func (k LinkKey) slot(org OrganisationID, sort, text string) uint64 {
	mac := hmac.New(sha256.New, k.key)
	mac.Write([]byte("usher slot\x00" + sort + "\x00" + text + "\x00"))
	mac.Write(org.UUID[:])
	return binary.BigEndian.Uint64(mac.Sum(nil))
}

// LinkRef is what a genuine token names. Whether the link is still good is the store's to say.
type LinkRef struct {
	Organisation OrganisationID
	ID           LinkID
	Hash         TokenHash
}

// Parse reads a token of a kind; ok is false for what this key has not made for that kind.
func (k LinkKey) Parse(kind LinkKind, token string) (ref LinkRef, ok bool) {
	const ids = len(OrganisationID{}.UUID) + len(LinkID{}.UUID)
	body, ok := strings.CutPrefix(token, LinkTokenPrefix)
	if !ok || k.IsZero() || len(body) != base64.RawURLEncoding.EncodedLen(ids+sha256.Size) { // the decoder would skip line breaks
		return LinkRef{}, false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(body)
	if err != nil {
		return LinkRef{}, false
	}
	copy(ref.Organisation.UUID[:], raw)
	copy(ref.ID.UUID[:], raw[len(ref.Organisation.UUID):])
	if !hmac.Equal(raw[ids:], k.sum(ref.Organisation, kind, ref.ID)) {
		return LinkRef{}, false
	}
	ref.Hash = sha256.Sum256([]byte(token))
	return ref, true
}

// Links is the store of links.
type Links interface {
	// Insert adds a link.
	Insert(l Link) error
	// Get finds one. NotFound.
	Get(org OrganisationID, id LinkID) (Link, error)
	// Presented finds the one that a genuine token names. NotFound, also where the hash is another.
	Presented(ref LinkRef) (Link, error)
	// Latest finds the one of a kind that somebody was sent last; found is false when there is none.
	Latest(org OrganisationID, user UserID, kind LinkKind) (l Link, found bool, err error)
	// Resent counts the links of a kind that somebody was sent again since an instant.
	Resent(org OrganisationID, user UserID, kind LinkKind, since time.Time) (int, error)
	// Open reads those of somebody that stand open, whether or not their time is over, in order of id.
	Open(org OrganisationID, user UserID) ([]Link, error)
	// Over reads links that stand open though their time is over at an instant, in order of id, at most limit.
	Over(org OrganisationID, at time.Time, limit int) ([]Link, error)
	// End gives an open link its last state; the unit of work runs again when it is no longer open.
	End(l Link, state LinkState, at time.Time) error
}

// newLink makes a link of somebody, open for so long, and says why it cannot.
func newLink(env Environment, org OrganisationID, user UserID, kind LinkKind, lifetime time.Duration, now time.Time) (Link, error) {
	if env.Links.IsZero() {
		return Link{}, &Error{Kind: Internal, Code: CodeInternal, Message: "there is no key to make links with"}
	}
	id, err := newID[Link](env)
	if err != nil {
		return Link{}, err
	}
	return Link{
		ID: id, Organisation: org, User: user, Kind: kind, State: LinkOpen, CreatedAt: now, ExpiresAt: now.Add(lifetime),
		Hash: sha256.Sum256([]byte(env.Links.Token(org, kind, id))),
	}, nil
}
