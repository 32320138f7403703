package domain

import "errors"

// Kind groups errors by what a caller can do about them. Adapters map kinds and codes to their own vocabulary in one
// table each.
type Kind uint8

// The kinds of Error.
const (
	Internal        Kind = iota // a fault of ours: nothing the caller can do
	Invalid                     // the input is wrong: change it
	NotFound                    // no such thing, or not for this caller
	Conflict                    // it collides with something that exists
	Forbidden                   // a rule refuses it
	Unauthenticated             // the credential is missing, wrong, expired or revoked
	Precondition                // the caller's idea of the current version is out of date
	Throttled                   // too many requests: later
	Unavailable                 // the store cannot be reached or is full: later
)

// Error is the one error type of the house. Code is stable and machine-readable; Field is the attribute, flag or column
// at fault, spelt as the caller knows it; Message is one sentence that says what to do. Reason is one stable word where a
// code has several: pages say it in other languages. Err is the cause, for the log only: adapters never show it.
type Error struct {
	Kind    Kind
	Code    string
	Field   string
	Reason  string
	Message string
	Err     error
}

// Error is for logs: code, field, message and cause.
func (e *Error) Error() string {
	s := e.Code
	if e.Field != "" {
		s += " (" + e.Field + ")"
	}
	if e.Message != "" {
		s += ": " + e.Message
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap gives the cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Err }

// The codes. A test walks all of them over every adapter's table.
const (
	CodeInternal             = "internal"
	CodeInvalidValue         = "invalid_value"          // a value is not of the form its attribute needs
	CodeRequired             = "required"               // an attribute that must be there is not
	CodeInvalidFilter        = "invalid_filter"         // a filter that cannot be read or answered
	CodeInvalidPath          = "invalid_path"           // a patch path that names nothing in the schema
	CodeInvalidSyntax        = "invalid_syntax"         // a body that cannot be read
	CodeInvalidCursor        = "invalid_cursor"         // a cursor that was not made here for this query (RFC 9865)
	CodeExpiredCursor        = "expired_cursor"         // a cursor that is too old (RFC 9865)
	CodeInvalidCount         = "invalid_count"          // a count that a cursor cannot serve (RFC 9865)
	CodeNoTarget             = "no_target"              // a patch path that matches nothing
	CodeMutability           = "mutability"             // a read-only or immutable attribute was changed
	CodeTooMany              = "too_many"               // more of something than the bounds allow
	CodeTooLarge             = "too_large"              // a body above its limit
	CodeNotFound             = "not_found"              // an id that names nothing the caller may see
	CodeUserNameTaken        = "user_name_taken"        // user names and sign-in e-mails share one name space
	CodeExternalIDTaken      = "external_id_taken"      // unique per connection
	CodeSlugTaken            = "slug_taken"             // an organisation's short name
	CodeNameTaken            = "name_taken"             // a connection's name, a schema's URN
	CodeSeatsExhausted       = "seats_exhausted"        // rule seat.required
	CodeLastOwner            = "last_owner"             // rule owner.last
	CodeOrganisationStopped  = "organisation_suspended" // rule suspend.organisation
	CodeConnectionDisabled   = "connection_disabled"
	CodeUnauthenticated      = "unauthenticated"
	CodeVersionMismatch      = "version_mismatch" // If-Match
	CodeUnresolvedReference  = "unresolved_reference"
	CodeRateLimited          = "rate_limited"
	CodePermissionMissing    = "permission_missing"     // the administrator lacks the permission that Field names
	CodeEscalation           = "escalation"             // rule owner.escalation: granting what one does not hold
	CodeInUse                = "in_use"                 // something is held, or mentioned, and cannot just go
	CodeSystemKept           = "system_kept"            // what the system needs cannot be deleted
	CodeEmailTaken           = "email_taken"            // by hand, an e-mail that another account has (rule email.unique)
	CodeEmailImmutable       = "email_immutable"        // rule user.email-immutable
	CodeOwnerOnly            = "owner_only"             // what only a system owner does (rule owner.escalation)
	CodeOwnerLicence         = "owner_licence"          // an owner with a licence that owners cannot have (rule owner.escalation)
	CodeSeatsHeld            = "seats_held"             // a plan below the seats that are held (rule seat.reduce)
	CodeWaitingForSeat       = "waiting_for_seat"       // what somebody who waits cannot do (rule seat.wait)
	CodeNotArchived          = "not_archived"           // a purge of somebody who is still here
	CodeRequestInProgress    = "request_in_progress"    // an Idempotency-Key whose first request has no answer yet
	CodeKeyReused            = "idempotency_key_reused" // an Idempotency-Key that came with another request before
	CodePlanMissing          = "plan_missing"           // what the organisation's plan does not include
	CodeReviewSigned         = "review_signed"          // a decision in a review that is signed off
	CodeReviewUndecided      = "review_undecided"       // a review that is signed before everything is decided
	CodeWebhookDisabled      = "webhook_disabled"       // what a webhook that is disabled cannot do
	CodeRecordsOwned         = "records_owned"          // somebody goes who owns records, and nothing was decided about them
	CodeExtensionTaken       = "extension_taken"        // unique in the organisation
	CodeIdentityTaken        = "identity_taken"         // a sign-in of an identity provider that belongs to another person
	CodeLinkNotGood          = "link_not_good"          // an invitation or reset link that was used, revoked, expired or never made
	CodeTokenReplayed        = "token_replayed"         // a provider's token that may come once
	CodeSignInRefused        = "sign_in_refused"        // wrong name or password, or nobody who has one: always the same
	CodePasswordRefused      = "password_refused"       // a new password that rule password.policy refuses
	CodeAccessRefused        = "access_refused"         // somebody who is who they say, and may not come in; Field says why
	CodeStepMissing          = "step_missing"           // a sign-in that is not finished; Field says what is left
	CodeApplicationUnknown   = "application_unknown"    // an application that the organisation of whoever comes does not have
	CodeProofMissing         = "proof_missing"          // a change of what one gets in by, without a proof of who one is of the last 10 minutes
	CodeFactorNeeded         = "factor_needed"          // the last second factor of who needs one
	CodePasskeyTaken         = "passkey_taken"          // a passkey that is there already
	CodePasskeyCloned        = "passkey_cloned"         // a passkey whose counter says that there is a copy of it
	CodeAlreadyAccepted      = "already_accepted"       // an invitation for somebody who is active
	CodeOutranked            = "outranked"              // what the directory says is stronger (rule mapping.precedence)
	CodeBeyondLimits         = "beyond_limits"          // rule provision.limits
	CodeLocalSignInOff       = "local_sign_in_off"      // a password where only single sign-on opens anything
	CodeNoAccount            = "no_account"             // somebody whom their provider knows and nobody here does; Field says why
	CodeSignInTooWeak        = "sign_in_too_weak"       // a single sign-on that proves less than its connection demands; Field names the claim
	CodeConnectionShut       = "connection_shut"        // a single sign-on by a connection that is disabled, or is no longer what it began with
	CodeUnavailable          = "unavailable"
	CodeUnsupportedMediaType = "unsupported_media_type"
	CodeLinked               = "linked"          // an account that a connection has already (rule link.adopt)
	CodeDomainTaken          = "domain_taken"    // an e-mail domain that another organisation has proved
	CodeDomainUnproved       = "domain_unproved" // an e-mail domain that nobody has proved yet
)

// Codes are all codes, for tests that walk them.
func Codes() []string {
	return []string{
		CodeInternal, CodeInvalidValue, CodeRequired, CodeInvalidFilter, CodeInvalidPath, CodeInvalidSyntax,
		CodeInvalidCursor, CodeExpiredCursor, CodeInvalidCount, CodeNoTarget, CodeMutability, CodeTooMany, CodeTooLarge,
		CodeNotFound, CodeUserNameTaken, CodeExternalIDTaken, CodeSlugTaken, CodeNameTaken, CodeSeatsExhausted,
		CodeLastOwner, CodeOrganisationStopped, CodeConnectionDisabled, CodeUnauthenticated, CodeVersionMismatch,
		CodeUnresolvedReference, CodeRateLimited, CodePermissionMissing, CodeEscalation,
		CodeInUse, CodeSystemKept, CodeUnavailable, CodeUnsupportedMediaType,
		CodeEmailTaken, CodeEmailImmutable, CodeOwnerOnly, CodeOwnerLicence, CodeSeatsHeld, CodeWaitingForSeat, CodeNotArchived,
		CodeRequestInProgress, CodeKeyReused, CodeExtensionTaken, CodeBeyondLimits,
		CodeRecordsOwned, CodeOutranked, CodePlanMissing, CodeReviewSigned, CodeReviewUndecided,
		CodeIdentityTaken, CodeLinkNotGood, CodeSignInRefused, CodePasswordRefused, CodeAccessRefused, CodeStepMissing, CodeAlreadyAccepted,
		CodeLocalSignInOff, CodeNoAccount, CodeSignInTooWeak, CodeConnectionShut, CodeTokenReplayed,
		CodeProofMissing, CodeFactorNeeded, CodePasskeyTaken, CodePasskeyCloned,
		CodeLinked, CodeDomainTaken, CodeDomainUnproved,
		CodeWebhookDisabled, CodeApplicationUnknown,
	}
}

// IsKind reports whether err is or wraps an Error of the kind.
func IsKind(err error, kind Kind) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == kind
}

// IsCode reports whether err is or wraps an Error with the code.
func IsCode(err error, code string) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

// InvalidField is the commonest refusal: a field whose value is wrong, and the remedy.
func InvalidField(field, message string) *Error {
	return &Error{Kind: Invalid, Code: CodeInvalidValue, Field: field, Message: message}
}
