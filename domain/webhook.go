package domain

import (
	"encoding/base64"
	"io"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"usher/domain/attribute"
)

// Webhook is an address to which the events of an organisation are sent as they happen (Standard Webhooks,
// https://github.com/standard-webhooks/standard-webhooks).
type Webhook struct {
	ID           WebhookID
	Organisation OrganisationID
	URL          string
	Description  string
	Types        []EventType // only these; none: all
	Version      int64
	CreatedAt    time.Time
	ModifiedAt   time.Time

	DisabledAt     time.Time // zero: it works
	DisabledReason WebhookStop
	FailingSince   time.Time // the first failure since the last success; zero: the last one succeeded

	SealedSecret []byte    // encrypted under the secret key of the installation, for [Webhook.Place]
	SealedFormer []byte    // the one before; none: there is none in force
	FormerUntil  time.Time // to which both sign
}

// WebhookID names a webhook.
type WebhookID = ID[Webhook]

// WebhookStop says why a webhook does not work.
type WebhookStop string

// The reasons.
const (
	StoppedByHand    WebhookStop = "administrator"
	StoppedByFailing WebhookStop = "failing" // for as long as deliveries are tried
	StoppedByGone    WebhookStop = "gone"    // the receiver answered 410
)

// The bounds of webhooks.
const (
	MaxWebhooks         = 50 // of one organisation
	maxWebhookURL       = 2000
	MaxWebhookOverlap   = 7 * 24 * time.Hour // in which two secrets sign
	webhookSecretSize   = 32                 // bytes
	webhookSecretPrefix = "whsec_"
)

// Place says where the secret belongs, so that it opens nowhere else.
func (w Webhook) Place() []byte { return slices.Concat(w.Organisation.UUID[:], w.ID.UUID[:]) }

// Wants reports whether events of a type are sent there. A test goes to its own webhook only, whatever the types.
func (w Webhook) Wants(e Event) bool {
	if e.Type == WebhookTested {
		return e.Subject == w.ID.UUID
	}
	return len(w.Types) == 0 || slices.Contains(w.Types, e.Type)
}

// tree is the webhook as events show it: of the secret there is nothing.
func (w Webhook) tree() attribute.Value {
	tree := texts("url", w.URL, "description", w.Description, "disabledAt", timestamp(w.DisabledAt), "disabledReason", string(w.DisabledReason))
	if len(w.Types) > 0 {
		words := make([]string, len(w.Types))
		for i, of := range w.Types {
			words[i] = string(of)
		}
		tree.Set("types", textList(words))
	}
	return tree
}

// WebhookTerms are what the operator decides about webhooks, and how their secrets are sealed.
type WebhookTerms struct {
	AllowPrivate bool // http and addresses of private networks and of this machine as well
	// Seal encrypts a secret for a place.
	Seal func(plain, place []byte) ([]byte, error)
}

// address checks where a webhook goes: https, or, where the operator lets it, http. The sender looks again at what a
// name resolves to.
func (t WebhookTerms) address(text string) (string, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || len(text) > maxWebhookURL || u.Hostname() == "" || !connectable(u.Port()) || u.User != nil || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http":
		return "", InvalidField("url", "use an address such as https://app.acme.test/usher, with a port, if any, from 1 to 65535, without user name, password and fragment, of at most 2,000 characters")
	case u.Scheme == "http" && !t.AllowPrivate:
		return "", InvalidField("url", "use https; the operator of the service may let http pass")
	case !t.AllowPrivate && private(u.Hostname()):
		return "", InvalidField("url", "use an address on the public network; the operator of the service may let private ones pass")
	}
	return u.String(), nil
}

// connectable reports whether there is such a port (RFC 9293); none is that of the scheme.
func connectable(port string) bool {
	number, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && number > 0
}

// private reports whether a host is by its name one of a private network or this machine.
func private(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && !PublicAddress(ip)
}

// PublicAddress reports whether an address is one of the public network: none of this machine, of a private network, of
// a link, and none with another special purpose (RFC 6890, RFC 6598, RFC 4193).
func PublicAddress(ip netip.Addr) bool {
	ip = ip.Unmap()
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.Zone() != "" {
		return false
	}
	return !slices.ContainsFunc(specialNetworks, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// specialNetworks are what netip takes for global unicast, and nobody can rely on being somebody else's machine.
var specialNetworks = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("100::/64"),
	netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("::/96"), netip.MustParsePrefix("fec0::/10"),
}

// WebhookSpec describes a webhook to be made.
type WebhookSpec struct {
	URL         string
	Description string
	Types       []EventType
}

// WebhookChange is what is to be different of a webhook; nil: as it is.
type WebhookChange struct {
	URL         *string
	Description *string
	Types       *[]EventType
	Disabled    *bool
}

// describe sets what administrators say of a webhook. Invalid.
func (w *Webhook) describe(terms WebhookTerms, spec WebhookSpec) (err error) {
	if w.URL, err = terms.address(spec.URL); err != nil {
		return err
	}
	if w.Description, err = description(spec.Description); err != nil {
		return err
	}
	if len(spec.Types) > maxEventTypes {
		return &Error{Kind: Invalid, Code: CodeTooMany, Field: "types", Message: "name at most 50 types of events, or none for all"}
	}
	w.Types = slices.Clone(spec.Types)
	slices.Sort(w.Types)
	w.Types = slices.Compact(w.Types)
	if said := unknownEvent(w.Types); said != "" {
		return InvalidField("types", said)
	}
	return nil
}

// newWebhookSecret makes a secret and its text (Standard Webhooks: whsec_ and base64 of 24 to 64 bytes).
func newWebhookSecret(random io.Reader) (secret []byte, text string, err error) {
	secret = make([]byte, webhookSecretSize)
	if _, err := io.ReadFull(random, secret); err != nil {
		return nil, "", &Error{Kind: Internal, Code: CodeInternal, Message: "no secret could be made", Err: err}
	}
	return secret, webhookSecretPrefix + base64.StdEncoding.EncodeToString(secret), nil
}

// Webhooks is the store of webhooks.
type Webhooks interface {
	// List gives all of an organisation, oldest first.
	List(org OrganisationID) ([]Webhook, error)
	// Get finds one. NotFound.
	Get(org OrganisationID, id WebhookID) (Webhook, error)
	// Insert adds one.
	Insert(w Webhook) error
	// Save writes a changed one over the version that was read; the unit of work runs again when that is no longer the
	// current one.
	Save(was, is Webhook) error
	// Failing remembers since when deliveries fail; the zero time: they do not.
	Failing(org OrganisationID, id WebhookID, since time.Time) error
	// Delete removes the version that was read with all its deliveries, as Save.
	Delete(w Webhook) error
	// Replay lets the events between two positions be sent (again), those that were already included.
	Replay(org OrganisationID, id WebhookID, r Replay) error
	// Replaying finds webhooks with events to be sent again, at most limit.
	Replaying(limit int) ([]WebhookRef, error)
	// ClaimReplay reads what is to be sent again and keeps it from others until the unit of work ends; claimed is false
	// when there is nothing, or another has it.
	ClaimReplay(org OrganisationID, id WebhookID) (r Replay, claimed bool, err error)
}

// WebhookRef names a webhook of an organisation.
type WebhookRef struct {
	Organisation OrganisationID
	ID           WebhookID
}

// Replay is a part of the event log that is sent to one webhook again: behind After, up to and with Until. The zero value
// is none.
type Replay struct{ After, Until EventPosition }

// IsZero reports whether there is nothing to send again.
func (r Replay) IsZero() bool { return r == Replay{} }

// beyond reports whether a position comes after another.
func (p EventPosition) beyond(other EventPosition) bool {
	if p.Commit != other.Commit {
		return p.Commit > other.Commit
	}
	return slices.Compare(p.ID.UUID[:], other.ID.UUID[:]) > 0
}
