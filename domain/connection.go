package domain

import (
	"strconv"
	"strings"
	"time"
)

// ConnectionKind names the identity provider at the other end. It chooses presets and labels, never rights: the
// dialect reader is equally forgiving to all.
type ConnectionKind string

// The kinds of identity provider.
const (
	KindOkta      ConnectionKind = "okta"
	KindEntra     ConnectionKind = "entra"
	KindGoogle    ConnectionKind = "google"
	KindOneLogin  ConnectionKind = "onelogin"
	KindJumpCloud ConnectionKind = "jumpcloud"
	KindPing      ConnectionKind = "ping"
	KindGeneric   ConnectionKind = "generic"
)

// ConnectionKinds are all kinds, for help texts and checks.
func ConnectionKinds() []ConnectionKind {
	return []ConnectionKind{KindOkta, KindEntra, KindGoogle, KindOneLogin, KindJumpCloud, KindPing, KindGeneric}
}

// ParseConnectionKind checks the name of a kind, without case.
func ParseConnectionKind(s string) (ConnectionKind, error) {
	known := make([]string, 0, len(ConnectionKinds()))
	for _, kind := range ConnectionKinds() {
		if strings.EqualFold(s, string(kind)) {
			return kind, nil
		}
		known = append(known, string(kind))
	}
	return "", InvalidField("kind", "use one of "+strings.Join(known, ", "))
}

// Activation says when a pushed person becomes active (rule provision.activation).
type Activation string

// The ways to become active.
const (
	ActivateOnFirstAccess Activation = "first_access" // pending until the first single sign-on
	ActivateAtOnce        Activation = "immediate"    // active with the push
	ActivateByInvitation  Activation = "invite"       // pending until the invitation is accepted
)

// Connection is one identity provider of one organisation. It may push a directory, and sign people in.
type Connection struct {
	ID           ConnectionID
	Organisation OrganisationID
	Name         string // unique in the organisation, without case
	Kind         ConnectionKind
	Activation   Activation
	OIDC         OIDCClient
	CreatedAt    time.Time
	DisabledAt   time.Time // zero: enabled
}

// Version tells one state of the connection from another, for If-Match.
func (c Connection) Version() int64 {
	disabled := strconv.FormatInt(stateVersion(c.DisabledAt), 10)
	return contentVersion(disabled, string(c.Activation), c.OIDC.Issuer, c.OIDC.ClientID, string(c.OIDC.SealedSecret))
}

// signsIn reports whether people can come by the connection at this moment.
func (c Connection) signsIn() bool { return c.OIDC.Issuer != "" && c.DisabledAt.IsZero() }

// OIDCClient is the connection's registration at its OpenID provider; the zero value means that it signs nobody in.
type OIDCClient struct {
	Issuer       string
	ClientID     string
	SealedSecret []byte // AES-GCM under the secret key of the installation
}

// Connections is the store of connections.
type Connections interface {
	// Insert adds a connection. NameTaken.
	Insert(c Connection) error
	// Get finds one. NotFound.
	Get(org OrganisationID, id ConnectionID) (Connection, error)
	// ByName finds one, without case. NotFound.
	ByName(org OrganisationID, name string) (Connection, error)
	// List gives all of an organisation, by name.
	List(org OrganisationID) ([]Connection, error)
	// Locate finds one by its id alone, which is all that an address which people are sent back to says. NotFound.
	Locate(id ConnectionID) (Connection, error)
	// Delete takes a connection away with all that belongs to it, and everybody's access through it. Its people are of no
	// connection from then on, its groups archived; it counts both. NotFound.
	Delete(c Connection, at time.Time) (people, groups int, err error)
	// Strays does the same for people and groups that a push, under way while its connection was deleted, made afterwards.
	Strays(org OrganisationID, at time.Time) error
	// Register writes what a connection is at which OpenID provider over what was read; the unit of work runs again when that
	// is no longer so.
	Register(was, is Connection) error
	// Disable sets or (with the zero time) clears the disablement. NotFound.
	Disable(org OrganisationID, id ConnectionID, at time.Time) error
}
