package domain

import "time"

// Caller is an authenticated directory: which connection of which organisation speaks, and what holds for it.
type Caller struct {
	Organisation          OrganisationID
	Connection            ConnectionID
	Kind                  ConnectionKind
	Activation            Activation
	Policy                ConnectionPolicy // of the connection, as it was when the token was looked up
	Token                 TokenHash
	OrganisationSuspended bool
	ConnectionDisabled    bool
	SchemaVersion         int64     // of the organisation's custom schemas
	AccessVersion         int64     // of the organisation, see Standing
	Adopts                bool      // there may be accounts that the connection may adopt (rule link.adopt)
	HandsOutExtensions    bool      // the organisation does (rule user.extension-auto)
	TokenExpiresAt        time.Time // zero for never
	RequestID             string
	From                  string // the network address of who asks; empty: not known

	recalled bool // from memory, see Directory.Recall
}

// Scope is what may be seen: by a directory the people and groups of its own connection (rule link.scope).
type Scope struct {
	Organisation OrganisationID
	Connection   ConnectionID

	// Whole opens the whole organisation, whoever owns what: for administrators, never for a directory. Connection is
	// then of no account. Managers whom an administrator chose are then resolved, whoever owns them.
	Whole bool

	// Adopting adds the people of no connection whom the connection may adopt (rule link.adopt). Of groups there are none.
	Adopting bool

	// Declared adds the groups of the connection that administrators declared, known by their claims, and resolves managers as
	// Whole does: for administrators, never for a directory. A whole organisation has them anyway.
	Declared bool

	// Standing, when set, makes a read select nothing unless the caller may still come in, by the same statement (see
	// [Directory.Recall]).
	Standing *Standing
}

// Standing is what an organisation's number must be for a read to answer. The number moves with everything that takes
// access away or gives it back: a token revoked, a connection disabled or enabled, the organisation suspended or
// resumed. A caller that was admitted at one number is therefore admitted as long as it stands, but for its token's
// expiry, which is the caller's to know. One number in place of three joins: they cost a third of a read.
type Standing struct {
	AccessVersion int64
}

// Scope of the caller. A recalled caller's reads verify the token themselves.
func (c Caller) Scope() Scope {
	return Scope{Organisation: c.Organisation, Connection: c.Connection, Adopting: c.Adopts}
}

// expired reports whether the caller's token has ended.
func (c Caller) expired(now time.Time) bool {
	return !c.TokenExpiresAt.IsZero() && !now.Before(c.TokenExpiresAt)
}

// admitted refuses a caller whose organisation is suspended (rule suspend.organisation) or whose connection is disabled.
func (c Caller) admitted() error {
	switch {
	case c.OrganisationSuspended:
		return &Error{Kind: Forbidden, Code: CodeOrganisationStopped, Message: "this organisation is suspended; ask the operator of the service to resume it (usher org resume)"}
	case c.ConnectionDisabled:
		return &Error{Kind: Forbidden, Code: CodeConnectionDisabled, Message: "this connection is disabled; an administrator can enable it (usher connection enable)"}
	}
	return nil
}
