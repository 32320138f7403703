package domain

import (
	"time"

	"github.com/google/uuid"

	"usher/domain/attribute"
)

// EventType is the stable name of something that can happen. docs/events.md is the catalogue.
type EventType string

// The types of events.
const (
	UserCreated           EventType = "user.created"
	UserUpdated           EventType = "user.updated"
	UserActivated         EventType = "user.activated"
	UserDeactivated       EventType = "user.deactivated"
	UserDeleted           EventType = "user.deleted"
	GroupCreated          EventType = "group.created"
	GroupUpdated          EventType = "group.updated"
	GroupDeleted          EventType = "group.deleted"
	OwnerProtected        EventType = "owner.protected" // rule owner.last refused something
	OrganisationCreated   EventType = "organisation.created"
	OrganisationSuspended EventType = "organisation.suspended"
	OrganisationResumed   EventType = "organisation.resumed"
	ConnectionCreated     EventType = "connection.created"
	ConnectionDisabled    EventType = "connection.disabled"
	ConnectionEnabled     EventType = "connection.enabled"
	TokenCreated          EventType = "token.created"
	TokenUpdated          EventType = "token.updated"  // it ends at another time
	TokenExpiring         EventType = "token.expiring" // it ends soon
	APIKeyExpiring        EventType = "api_key.expiring"
	TokenRevoked          EventType = "token.revoked"
	APIKeyCreated         EventType = "api_key.created"
	APIKeyNarrowed        EventType = "api_key.narrowed"
	APIKeyRevoked         EventType = "api_key.revoked"
	SchemaAdded           EventType = "schema.added"
	UserAccessChanged     EventType = "user.access_changed" // role, profile, team, queues, own grants and revokes
	ModuleRegistered      EventType = "module.registered"
	ModuleUpdated         EventType = "module.updated"
	ModuleRemoved         EventType = "module.removed"
	RoleCreated           EventType = "role.created"
	RoleUpdated           EventType = "role.updated"
	RoleDeleted           EventType = "role.deleted"
	ProfileCreated        EventType = "profile.created"
	ProfileUpdated        EventType = "profile.updated"
	ProfileDeleted        EventType = "profile.deleted"
	TeamCreated           EventType = "team.created"
	TeamUpdated           EventType = "team.updated"
	TeamDeleted           EventType = "team.deleted"
	QueueCreated          EventType = "queue.created"
	QueueUpdated          EventType = "queue.updated"
	QueueDeleted          EventType = "queue.deleted"
	LicenceUpdated        EventType = "licence.updated"
	LicenceDeleted        EventType = "licence.deleted"
	DefaultsChanged       EventType = "organisation.defaults_changed"
	PolicyChanged         EventType = "policy.changed"
	SeatsChanged          EventType = "seats.changed"          // the plan of a licence was raised or reduced
	SeatAssigned          EventType = "seat.assigned"          // somebody who waited got a seat
	UserConfirmed         EventType = "user.confirmed"         // an administrator made a pending person active
	UserPurged            EventType = "user.purged"            // what was personal of an archived person is erased
	UserBlocked           EventType = "user.blocked"           // after says why
	UserUnblocked         EventType = "user.unblocked"         //
	InactivityWarned      EventType = "user.inactivity_warned" // after says when the person will be blocked
	AccessWindowChanged   EventType = "user.access_window_changed"
	OwnerMade             EventType = "owner.made"
	OwnerUnmade           EventType = "owner.unmade"
	SuspensionBegan       EventType = "suspension.began"     // an administrator deactivated whom a directory had deactivated before
	SuspensionKept        EventType = "suspension.kept"      // a directory wanted to bring back whom an administrator deactivated, in vain
	SuspensionOverruled   EventType = "suspension.overruled" // and did
	RecordsReported       EventType = "records.reported"     // the application told who owns what: after counts
	RecordsTransferred    EventType = "records.transferred"  // all records of a person went to another; after names and counts
	RecordsLeft           EventType = "records.left"         // somebody went, and their records wait for another owner
	RecordShared          EventType = "record.shared"
	PlanChanged           EventType = "organisation.plan_changed"
	CallsReported         EventType = "calls.reported"
	ReviewPlanChanged     EventType = "review.plan_changed"
	ReviewOpened          EventType = "review.opened"
	ReviewMade            EventType = "review.made" // its findings are there
	ReviewDecided         EventType = "review.decided"
	ReviewSigned          EventType = "review.signed"
	OnboardingChanged     EventType = "onboarding.changed"
	OnboardingTicked      EventType = "onboarding.ticked"
	OnboardingUnticked    EventType = "onboarding.unticked"
	EmailChangeSkipped    EventType = "email_change.skipped" // a directory wanted to change names that the policy keeps
	MappingCreated        EventType = "mapping.created"
	MappingUpdated        EventType = "mapping.updated"
	MappingDeleted        EventType = "mapping.deleted"
	UserLicenceUnmet      EventType = "user.licence_unmet" // after is the licence that a person is to have and of which no seat is free
	JobCreated            EventType = "job.created"        // a change of groups or mappings is applied to many people
	JobFinished           EventType = "job.finished"
)

// The events of what people get in by. Where one tells of a link, after has its id and when it expires, never its token.
const (
	UserInvited            EventType = "user.invited"
	UserInvitationAccepted EventType = "user.invitation_accepted"
	UserInvitationRevoked  EventType = "user.invitation_revoked"
	UserInvitationExpired  EventType = "user.invitation_expired"
	UserInvitationSkipped  EventType = "user.invitation_skipped" // by a directory, after as many as anybody is sent in an hour
	PasswordResetRequested EventType = "user.password_reset_requested"
	PasswordResetRevoked   EventType = "user.password_reset_revoked"
	PasswordResetExpired   EventType = "user.password_reset_expired"
	PasswordChanged        EventType = "user.password_changed"  // after says how: accepted, reset, changed, temporary, pushed
	PasswordExpiring       EventType = "user.password_expiring" // after says when
	SignedInEvent          EventType = "user.signed_in"         // after has the session, the method and the factor
	FirstAccess            EventType = "user.first_access"      // a pending person came in and is active
	SessionEnded           EventType = "user.session_ended"
	DeviceRemembered       EventType = "user.device_remembered"
	DeviceForgotten        EventType = "user.device_forgotten"
	DevicesForgotten       EventType = "user.devices_forgotten"
	IdentityLinked         EventType = "user.identity_linked" // a sign-in of an identity provider belongs to the person
	IdentityUnlinked       EventType = "user.identity_unlinked"
	SecondFactorEnrolled   EventType = "user.mfa_enrolled"
	SecondFactorRemoved    EventType = "user.mfa_removed" // by the person
	SecondFactorReset      EventType = "user.mfa_reset"   // by an administrator
	RecoveryCodesMade      EventType = "user.recovery_codes_made"
	RecoveryCodeUsed       EventType = "user.recovery_code_used" // after says how many are left
	PasskeyAdded           EventType = "user.passkey_added"
	PasskeyRemoved         EventType = "user.passkey_removed"
	PasskeyCopied          EventType = "user.passkey_copied" // it signed with a counter that had not gone on, and was refused
)

// Actor is who did something.
type Actor struct {
	Kind string    // "connection", "operator", "api_key", "system"; "user" for an administrator
	ID   uuid.UUID // of the connection, key or person; zero for the operator and the system
}

// ActorOperator is whoever has the command line.
func ActorOperator() Actor { return Actor{Kind: "operator"} }

// ActorSystem is Usher itself, when a time has come.
func ActorSystem() Actor { return Actor{Kind: "system"} }

// Event is one thing that happened, appended in the transaction that made it happen. The log is append-only; personal
// values (Before, After, From) are kept beside it so that they can be erased.
type Event struct {
	ID           EventID
	Organisation OrganisationID
	Type         EventType
	Actor        Actor
	SubjectKind  string // "user", "group", "organisation", "connection", "token", "api_key", "schema", "module", "role", "profile", "team", "queue", "licence", "mapping", "job", "record", "review"
	Subject      uuid.UUID
	RequestID    string
	From         string // the network address of who asked, or the operator's machine; empty: Usher itself, not known, or erased
	Person       UserID // whose address From is, who acted by a key of theirs or by signing in, too: it is erased with them; zero: nobody's
	At           time.Time
	Before       attribute.Value // the attributes that changed, as they were; Null: none
	After        attribute.Value // and as they are
}

// Events is the store of the event log.
type Events interface {
	// Append adds an event.
	Append(e Event) error
	// List reads events of an organisation in order of id, after the given one, at most limit.
	List(org OrganisationID, after EventID, limit int) ([]Event, error)
	// Feed reads events in the order in which they were committed, so that whoever follows it misses none: an event is
	// only shown when every one that might yet come before it is there.
	Feed(q EventQuery) (EventPage, error)
	// Get finds one. NotFound.
	Get(org OrganisationID, id EventID) (Event, error)
	// Position finds where in the order of commit an event stands. NotFound.
	Position(org OrganisationID, id EventID) (EventPosition, error)
	// Present is the position behind every event that a feed would show at this moment.
	Present(org OrganisationID) (EventPosition, error)
}

// EventPosition is a place in the order in which events were committed. The zero value is before all events.
type EventPosition struct {
	Commit int64 // grows with time; several events of one unit of work may share it
	ID     EventID
}

// EventQuery asks for events in order of commit. The zero values of the filters select all.
type EventQuery struct {
	Organisation OrganisationID
	After        EventPosition
	Types        []EventType
	Subject      uuid.UUID
	Since        time.Time // those that happened then or later
	Limit        int
}

// EventPage is what a feed shows.
type EventPage struct {
	Events    []Event
	Positions []EventPosition // of the events
	Next      EventPosition   // where to go on: behind the last event, or behind all that were looked through
	More      bool            // there was more than the limit
}
