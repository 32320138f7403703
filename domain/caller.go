package domain

import "time"

// Caller is an authenticated directory: which connection of which organisation speaks, and what holds for it.
type Caller struct {
	Organisation          OrganisationID
	Connection            ConnectionID
	Kind                  ConnectionKind
	Activation            Activation
	Token                 TokenHash
	OrganisationSuspended bool
	ConnectionDisabled    bool
	SchemaVersion         int64 // of the organisation's custom schemas
	RequestID             string

	recalled bool // from memory, see Directory.Recall
}

// Scope is what a directory may see: the people and groups of its own connection (rule link.scope).
type Scope struct {
	Organisation OrganisationID
	Connection   ConnectionID

	// Standing, when set, makes a read select nothing unless the caller's token is in force in the same statement
	// (see [Directory.Recall]).
	Standing *Standing
}

// Standing is what must hold of a token for a read to answer: known, neither expired at Now nor revoked, of a
// connection that is enabled and an organisation that is not suspended.
type Standing struct {
	Token TokenHash
	Now   time.Time
}

// Scope of the caller. A recalled caller's reads verify the token themselves.
func (c Caller) Scope() Scope { return Scope{Organisation: c.Organisation, Connection: c.Connection} }

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
