package domain

import "fmt"

// EventEntry is what the catalogue of events (docs/events.md) says of one type.
type EventEntry struct {
	Type    EventType
	Version int    // of the payload: grows when a member changes its meaning or goes, not when one is added
	Subject string // the kind of its subject
	When    string // it is sent: a sentence that begins with "When"
	Before  string // by example, JSON; empty: null
	After   string // by example, JSON; empty: null
}

// LookUpEvent finds the entry of a type.
func LookUpEvent(of EventType) (EventEntry, bool) {
	at, found := eventIndex[of]
	if !found {
		return EventEntry{}, false
	}
	return eventCatalogue[at], true
}

// unknownEvent says what is wrong where one of the types is no event's; empty: nothing is.
func unknownEvent(types []EventType) string {
	for _, of := range types {
		if _, known := LookUpEvent(of); !known {
			return fmt.Sprintf("there is no event of the type %.60q; docs/events.md lists those there are", string(of))
		}
	}
	return ""
}

// EventCatalogue is every type of event there is, in the order of docs/events.md.
func EventCatalogue() []EventEntry { return append([]EventEntry(nil), eventCatalogue...) }

var eventIndex = func() map[EventType]int {
	index := make(map[EventType]int, len(eventCatalogue))
	for i, e := range eventCatalogue {
		index[e.Type] = i
	}
	return index
}()

// The examples of identifiers.
const (
	anID      = `"019ab1c2-7c3d-7e4f-8a5b-6c7d8e9f0a1b"`
	anotherID = `"019ab1c2-7c3e-7a10-9b2c-3d4e5f607182"`
	aTime     = `"2026-03-01T09:30:00.25Z"`
	aGiven    = `{"source":"administrator","id":` + anID + `}`
)

// eventCatalogue is the one table of types. Who adds a type adds a line here; go test ./domain -run TestEventCatalogue -update
// writes docs/events.md.
var eventCatalogue = []EventEntry{
	{
		UserCreated, 1, "user", "When a person is added, by a directory, by hand or as the first owner. After is the whole resource, as SCIM answers it without groups and meta.",
		"", `{"userName":"ana@acme.test","name":{"familyName":"García","givenName":"Ana"},"active":true,"emails":[{"value":"ana@acme.test","type":"work","primary":true}]}`,
	},
	{
		UserUpdated, 1, "user", "When attributes of a person change. Before and after have those attributes and no others; status and licence stand among them when they change by hand.",
		`{"title":"Agent"}`, `{"title":"Head of Support"}`,
	},
	{UserActivated, 1, "user", "When an inactive person becomes pending or active again.", `{"active":false,"status":"inactive"}`, `{"active":true,"status":"active"}`},
	{UserDeactivated, 1, "user", "When a person becomes inactive; the seat is free from then on.", `{"active":true,"status":"active"}`, `{"active":false,"status":"inactive"}`},
	{
		UserDeleted, 1, "user", "When a person is deleted, which is an archive: before is the last state, and stays until a purge.",
		`{"userName":"ana@acme.test","active":true}`, "",
	},
	{UserConfirmed, 1, "user", "When an administrator makes a pending person active.", `{"status":"pending"}`, `{"status":"active"}`},
	{UserPurged, 1, "user", "When what is personal of a deleted person is erased, in the events about them as well: their before and after are null from then on.", "", ""},
	{UserBlocked, 1, "user", "When a person is blocked. Reason is failed_sign_ins, inactivity or administrator.", "", `{"reason":"inactivity","since":` + aTime + `}`},
	{UserUnblocked, 1, "user", "When a block is lifted.", `{"reason":"inactivity","since":` + aTime + `}`, ""},
	{InactivityWarned, 1, "user", "When a person who was not here for long is warned. BlocksAt is when they will be blocked.", "", `{"blocksAt":` + aTime + `}`},
	{
		UserAccessChanged, 1, "user", "When role, profile, team, queues, personal grants or revokes of a person change; before and after have what differs.",
		"", `{"queues":[` + aGiven + `]}`,
	},
	{
		AccessWindowChanged, 1, "user", "When the times in which a person may come in change; null: at any time.",
		"", `{"timeZone":"Europe/Madrid","validFrom":"2026-03-01","validUntil":"2026-12-31","schedule":"mon-fri 09:00-17:00"}`,
	},
	{SeatAssigned, 1, "user", "When a person who waited gets a seat.", `{"status":"pending"}`, `{"status":"active","licence":"full"}`},
	{OwnerMade, 1, "user", "When a person becomes a system owner.", "", ""},
	{OwnerUnmade, 1, "user", "When a person is no longer a system owner.", "", ""},
	{OwnerProtected, 1, "user", "When something was refused because it would have left the organisation without an owner.", "", ""},
	{SuspensionBegan, 1, "user", "When an administrator deactivates a person who is inactive already, such as by a directory: no directory brings them back from then on.", `{"suspended":false}`, `{"suspended":true}`},
	{SuspensionKept, 1, "user", "When a directory wanted to bring back a person whom an administrator deactivated, in vain.", "", ""},
	{SuspensionOverruled, 1, "user", "When a directory brought back a person whom an administrator deactivated, as the policy lets it.", "", ""},
	{EmailChangeSkipped, 1, "user", "When a directory wanted to change user name or e-mail, which the policy keeps; the rest of its change was made.", "", ""},
	{
		RecordsTransferred, 1, "user", "When all records of a person go to another one, because the person goes or somebody says so. Kinds has the most frequent kinds, at most 100.",
		"", `{"total":3,"kinds":{"deals":2,"tickets":1},"successor":` + anotherID + `}`,
	},
	{RecordsLeft, 1, "user", "When a person goes whose records nobody takes over: they wait for another owner.", "", `{"total":3,"kinds":{"deals":3}}`},
	{GroupCreated, 1, "group", "When a group is made. Members are identifiers.", "", `{"displayName":"Support","members":[` + anID + `]}`},
	{
		GroupUpdated, 1, "group", "When a group changes: members in before have left, those in after have joined.",
		`{"displayName":"Support","members":[` + anID + `]}`, `{"displayName":"Customer Support","members":[` + anotherID + `]}`,
	},
	{GroupDeleted, 1, "group", "When a group is deleted.", `{"displayName":"Support","members":[` + anID + `]}`, ""},
	{
		OrganisationCreated, 1, "organisation", "When the organisation is made: the first event of all.",
		"", `{"slug":"acme","name":"Acme","seats":[{"licence":"full","limit":100}]}`,
	},
	{OrganisationSuspended, 1, "organisation", "When the operator suspends the organisation.", "", `{"suspendedAt":` + aTime + `}`},
	{OrganisationResumed, 1, "organisation", "When the operator ends the suspension.", `{"suspendedAt":` + aTime + `}`, ""},
	{RecordsReported, 1, "organisation", "When the application tells who owns records, or that there are some no more, and that is not so already.", "", `{"created":2,"moved":1}`},
	{PlanChanged, 1, "organisation", "When the operator gives the organisation another plan.", `{"plan":"standard"}`, `{"plan":"professional"}`},
	{CallsReported, 1, "organisation", "When the application tells about handled calls, and that is not so already. Changed counts days of people.", "", `{"changed":12}`},
	{ReviewPlanChanged, 1, "organisation", "When it changes how often people are reviewed: week, month, quarter, year or never.", `{"every":"month"}`, `{"every":"quarter"}`},
	{ReviewOpened, 1, "review", "When an access review begins.", "", `{"dueAt":` + aTime + `}`},
	{ReviewMade, 1, "review", "When the findings of a review are all there, to be decided.", "", `{"dueAt":` + aTime + `}`},
	{ReviewDecided, 1, "review", "When a finding is decided: keep, change or remove.", "", `{"user":` + anID + `,"finding":"unused_90","decision":"remove"}`},
	{ReviewSigned, 1, "review", "When a review is signed off.", "", `{"dueAt":` + aTime + `}`},
	{
		OnboardingChanged, 1, "organisation", "When the list for new people changes.",
		`{"items":[]}`, `{"items":[{"key":"badge","label":"Has a badge","automatic":"none"}]}`,
	},
	{OnboardingTicked, 1, "user", "When an item of the list is ticked by hand for a person.", "", `{"item":"badge"}`},
	{OnboardingUnticked, 1, "user", "When such a tick is taken back.", "", `{"item":"badge"}`},
	{RecordShared, 1, "record", "When it changes with whom a record is shared. The subject is made of kind and id, which stand in after.", `{"shares":[]}`, `{"kind":"deals","id":"42","shares":[{"team":` + anID + `,"may":"view"}]}`},
	{DefaultsChanged, 1, "organisation", "When the role or profile of people who were given none changes.", "", `{"role":` + anID + `}`},
	{PolicyChanged, 1, "organisation", "When the organisation's policy changes; before and after have what differs.", `{"inactivity_days":90}`, `{"inactivity_days":30}`},
	{
		SeatsChanged, 1, "organisation", "When the plan of a licence is raised or reduced.",
		`[{"licence":"full","limit":100}]`, `[{"licence":"full","limit":120}]`,
	},
	{
		ConnectionCreated, 1, "connection", "When a connection to an identity provider is made.",
		"", `{"name":"okta","kind":"okta","activation":"immediate"}`,
	},
	{
		ConnectionDisabled, 1, "connection", "When a connection is stopped: its tokens are refused, and the sessions that began by it end. After counts those, without an event for each.",
		"", `{"disabledAt":` + aTime + `,"sessions":12}`,
	},
	{
		ConnectionProviderChanged, 1, "connection", "When it changes what a connection asks of its OpenID provider and what becomes of who comes by it; of a key there is its name.",
		"", `{"authentication":"private_key_jwt","claims":"groups=/realm_access/roles","scopes":"profile email","keyId":"2Kx0cWkT","justInTime":"true","requiredAmr":"mfa"}`,
	},
	{
		ConnectionClientChanged, 1, "connection", "When a connection is another client, or one of another OpenID provider, or has another secret, of which there is nothing. With another issuer the sessions that began by it end; after counts those.",
		`{"issuer":"https://acme.okta.com","clientId":"0oa1"}`, `{"issuer":"https://login.acme.test","clientId":"usher","secret":"new","sessions":12}`,
	},
	{ConnectionEnabled, 1, "connection", "When a connection works again.", `{"disabledAt":` + aTime + `}`, ""},
	{
		ConnectionPolicyChanged, 1, "connection", "When what a connection may do changes; before and after have what differs. Limits are identifiers or names with blanks between; null: no restriction.",
		`{"activation":"immediate"}`, `{"activation":"invite","limits.licences":"full simulator"}`,
	},
	{
		ConnectionDeleted, 1, "connection", "When a connection is deleted. Its people are of no connection then, and its groups gone; there is no event for each of them.",
		`{"name":"okta","kind":"okta","activation":"immediate","people":1200,"groups":40}`, "",
	},
	{UserAdoptable, 1, "user", "When an administrator lets a connection adopt the account of a person, or no longer.", "", `{"connection":` + anID + `}`},
	{UserLinked, 1, "user", "When a connection adopts the account of a person, with its first write.", "", `{"connection":` + anID + `}`},
	{DomainAdded, 1, "domain", "When an e-mail domain is to be proved.", "", `{"domain":"acme.example"}`},
	{DomainVerified, 1, "domain", "When an e-mail domain is proved, by dns or by the word of the operator.", "", `{"domain":"acme.example","verifiedAt":` + aTime + `,"verifiedBy":"dns"}`},
	{
		DomainChanged, 1, "domain", "When it changes which connections are trusted to verify addresses of a domain (with blanks between), or which one adopts its accounts.",
		"", `{"domain":"acme.example","trusted":` + anID + `,"adopter":` + anID + `}`,
	},
	{DomainRemoved, 1, "domain", "When a domain is removed.", `{"domain":"acme.example"}`, ""},
	{TokenCreated, 1, "token", "When a token of a directory is made; of the token itself there is nothing.", "", `{"connection":` + anID + `,"expiresAt":` + aTime + `}`},
	{
		TokenUpdated, 1, "token", "When a token is to end at another time, because another one takes its place.",
		"", `{"expiresAt":` + aTime + `,"replacedBy":` + anotherID + `}`,
	},
	{
		TokenExpiring, 1, "token", "When a token of a directory ends soon, once: 14 days before, or with the last quarter of a shorter life. The owners get a letter.",
		"", `{"connection":` + anID + `,"connectionName":"okta","expiresAt":` + aTime + `}`,
	},
	{
		OAuthClientCreated, 1, "oauth_client", "When an OAuth client of a directory is made; of its secret there is nothing. Its tokens appear as token.created, with oauthClient.",
		"", `{"connection":` + anID + `,"tokenLifetime":"1h0m0s","expiresAt":` + aTime + `}`,
	},
	{
		OAuthClientRotated, 1, "oauth_client", "When an OAuth client is given another secret. PreviousEndsAt is until when the one before stays good.",
		"", `{"previousEndsAt":` + aTime + `,"expiresAt":` + aTime + `}`,
	},
	{
		OAuthClientExpiring, 1, "oauth_client", "When the secret of an OAuth client ends soon, and with it what the client is given: once for each secret, as token.expiring. The owners get a letter.",
		"", `{"connection":` + anID + `,"connectionName":"okta","expiresAt":` + aTime + `}`,
	},
	{OAuthClientRevoked, 1, "oauth_client", "When an OAuth client is revoked; the tokens that it was given are revoked with it.", "", `{"revokedAt":` + aTime + `}`},
	{TokenRevoked, 1, "token", "When a token is revoked.", "", `{"revokedAt":` + aTime + `}`},
	{APIKeyCreated, 1, "api_key", "When an API key is made; of the key itself there is nothing.", "", `{"name":"HR system","user":` + anotherID + `,"permissions":"users:edit users:view","expiresAt":` + aTime + `}`},
	{
		APIKeyExpiring, 1, "api_key", "When an API key ends soon, once, as token.expiring. The owners get a letter.",
		"", `{"name":"HR system","expiresAt":` + aTime + `}`,
	},
	{
		APIKeyNarrowed, 1, "api_key", "When a module or an action is registered that an API key named before there was such a thing: the key loses it, as nobody has checked who gave it.",
		`{"permissions":"campaigns:launch users:view"}`, `{"permissions":"users:view"}`,
	},
	{APIKeyRevoked, 1, "api_key", "When an API key is revoked, or ends with the access of the person whose it is.", "", `{"revokedAt":` + aTime + `}`},
	{SchemaAdded, 1, "schema", "When a custom SCIM schema is added.", "", `{"urn":"urn:acme:scim:schemas:extension:badge:2.0:User"}`},
	{ModuleRegistered, 1, "module", "When an application registers a module.", "", `{"id":"campaigns","name":"Campaigns","actions":["launch"],"hasObjects":true}`},
	{
		ModuleUpdated, 1, "module", "When a module changes; before and after have what differs.",
		`{"actions":["launch"]}`, `{"actions":["launch","stop"]}`,
	},
	{ModuleRemoved, 1, "module", "When a module is removed.", `{"id":"campaigns","name":"Campaigns","actions":["launch"],"hasObjects":true}`, ""},
	{
		MappingCreated, 1, "mapping", "When a mapping is made: what members of a group get.",
		"", `{"group":` + anotherID + `,"priority":100,"role":` + anID + `,"queues":[` + anID + `],"licence":"simulator"}`,
	},
	{MappingUpdated, 1, "mapping", "When a mapping changes, or is bound to another group; before and after have what differs.", `{"priority":100}`, `{"priority":10}`},
	{MappingDeleted, 1, "mapping", "When a mapping is deleted.", `{"group":` + anotherID + `,"priority":100,"role":` + anID + `}`, ""},
	{
		UserLicenceUnmet, 1, "user", "When a person is to have another licence, of which no seat is free; they keep the one they have.",
		`{"licence":"full"}`, `{"licence":"simulator"}`,
	},
	{JobCreated, 1, "job", "When a change of groups or mappings begins to be applied to many people; a job's id is that of this event.", "", `{"about":"mapping","id":` + anID + `}`},
	{JobFinished, 1, "job", "When that is done. After counts the people for whom something changed.", "", `{"changed":100000}`},
	{
		UserInvited, 1, "user", "When a person is sent an invitation. Link and kind name it; the token in the letter is in no event.",
		"", `{"link":` + anID + `,"kind":"invitation","expiresAt":` + aTime + `}`,
	},
	{
		UserInvitationAccepted, 1, "user", "When a pending person accepts, by a password of their own or by single sign-on, and is active.",
		`{"status":"pending"}`, `{"link":` + anID + `,"method":"password","status":"active"}`,
	},
	{UserInvitationRevoked, 1, "user", "When an open invitation ends because of a newer one, a changed address, a deactivation or another way in.", "", `{"link":` + anID + `}`},
	{UserInvitationExpired, 1, "user", "When the time of an invitation is found to be over.", "", `{"link":` + anID + `}`},
	{UserInvitationSkipped, 1, "user", "When a directory brings back, or makes anew, a person whose address was sent five invitations within an hour, and gets no other one: an administrator invites them. At most one an hour for one address.", "", ""},
	{
		PasswordResetRequested, 1, "user", "When a person is sent a link to choose a new password. The token in the letter is in no event.",
		"", `{"link":` + anID + `,"kind":"reset","expiresAt":` + aTime + `}`,
	},
	{PasswordResetRevoked, 1, "user", "When an open link to choose a new password ends unused.", "", `{"link":` + anID + `}`},
	{PasswordResetExpired, 1, "user", "When the time of such a link is found to be over.", "", `{"link":` + anID + `}`},
	{
		PasswordChanged, 1, "user", "When a person has another password. How is accepted, changed, reset, pushed (by a directory) or temporary, which has an end.",
		"", `{"how":"temporary","endsAt":` + aTime + `}`,
	},
	{PasswordExpiring, 1, "user", "When a person is told that their password will have to be changed.", "", `{"expiresAt":` + aTime + `}`},
	{
		SignedInEvent, 1, "user", "When a session of a person begins to open something. Method is password, passkey or single_sign_on; factor, where there was one beside a password, totp, recovery_code, passkey or remembered_device; connection, by which they came where that was by single sign-on.",
		"", `{"session":` + anID + `,"method":"password","factor":"totp"}`,
	},
	{FirstAccess, 1, "user", "When a pending person comes by single sign-on for the first time, and is active.", `{"status":"pending"}`, `{"status":"active"}`},
	{
		FirstAccessRefused, 2, "connection", "When somebody whom their provider knows is not let in: nobody here is them, there is no seat, or they prove too little. Reason is unknown, several, owner, linked, foreign, name_taken, name_missing, name_untrusted, suspended, seats_exhausted or sign_in_too_weak. Identity stands for who it was, and is the same for the same one; the person has the request_id on the page that refuses them. At most one an hour for one identity and reason. Version 1 had the subject, which is erased.",
		"", `{"reason":"several","issuer":"https://acme.okta.com","identity":"5d41402abc4b2a76"}`,
	},
	{
		GroupsClaimed, 1, "user", "When the claims of a person's sign-in name other groups of the connection than before. Unmatched has at most 20 names that no group there has, or several.",
		`{"groups":[]}`, `{"groups":[` + anID + `],"unmatched":["Everyone"]}`,
	},
	{
		ClaimedGroupDeclared, 1, "group", "When an administrator declares a group of a connection that no directory pushes: value is what the claims of sign-ins call it.",
		"", `{"connection":` + anID + `,"value":"0f3c6a1e-sales","name":"Sales"}`,
	},
	{
		ClaimedGroupRemoved, 1, "group", "When such a group is removed. Its people lose what it gave.",
		`{"connection":` + anID + `,"value":"0f3c6a1e-sales","name":"Sales"}`, "",
	},
	{SessionEnded, 1, "user", "When a session ends, whoever ends it.", "", `{"session":` + anID + `}`},
	{DeviceRemembered, 1, "user", "When a person lets a browser be remembered, which is then not asked for a second factor.", "", `{"device":` + anID + `}`},
	{DeviceForgotten, 1, "user", "When one browser of a person is not remembered any longer.", "", `{"device":` + anID + `}`},
	{DevicesForgotten, 1, "user", "When no browser of a person is remembered any longer.", "", ""},
	{
		IdentityLinked, 1, "user", "When a sign-in of an identity provider belongs to a person from then on. By is external_id, invitation, email or just_in_time.",
		"", `{"connection":` + anID + `,"issuer":"https://acme.okta.com","subject":"00u1a2b3c4","by":"email"}`,
	},
	{
		IdentityUnlinked, 1, "user", "When an administrator takes a sign-in of an identity provider from a person. The sessions by it end.",
		`{"connection":` + anID + `,"issuer":"https://idp.acme.test","subject":"00u1a2b3c4","by":"invitation"}`, "",
	},
	{SecondFactorEnrolled, 1, "user", "When a person has set up an authenticator app, in place of the one before.", "", `{"kind":"totp"}`},
	{SecondFactorRemoved, 1, "user", "When a person removes their authenticator app.", "", `{"kind":"totp"}`},
	{RecoveryCodesMade, 1, "user", "When a person gets recovery codes, in place of those before. Of the codes there is nothing.", "", ""},
	{RecoveryCodeUsed, 1, "user", "When a person gives a recovery code in place of a second factor. Left counts those that are still good.", "", `{"left":9}`},
	{PasskeyAdded, 1, "user", "When a person has made a passkey.", "", `{"passkey":` + anID + `,"name":"Phone"}`},
	{PasskeyRemoved, 1, "user", "When a person removes a passkey.", "", `{"passkey":` + anID + `,"name":"Phone"}`},
	{
		PasskeyCopied, 1, "user", "When a passkey is refused because its counter has not gone on: somebody seems to have a copy of it. The person gets a letter.",
		"", `{"passkey":` + anID + `,"name":"Phone"}`,
	},
	{SecondFactorReset, 1, "user", "When an administrator removes the authenticator app, passkeys and recovery codes of a person, who has to set up a new one.", "", ""},
	{RoleCreated, 1, "role", "When a role is made.", "", `{"name":"Agent","sees":"own","parent":` + anID + `}`},
	{RoleUpdated, 1, "role", "When a role changes; before and after have what differs.", `{"sees":"own"}`, `{"sees":"team"}`},
	{RoleDeleted, 1, "role", "When a role is deleted.", `{"name":"Agent","sees":"own","parent":` + anID + `}`, ""},
	{
		ProfileCreated, 1, "profile", "When a profile is made.",
		"", `{"name":"Agent","grants":{"users:view":true,"queues:view":[` + anID + `]},"baseline":false,"system":false}`,
	},
	{ProfileUpdated, 1, "profile", "When a profile changes; before and after have what differs.", "", `{"grants":{"users:view":true}}`},
	{ProfileDeleted, 1, "profile", "When a profile is deleted.", `{"name":"Agent","grants":{"users:view":true},"baseline":false,"system":false}`, ""},
	{TeamCreated, 1, "team", "When a team is made.", "", `{"name":"Madrid","description":"First line"}`},
	{TeamUpdated, 1, "team", "When a team changes; before and after have what differs.", `{"name":"Madrid"}`, `{"name":"Iberia"}`},
	{TeamDeleted, 1, "team", "When a team is deleted.", `{"name":"Madrid"}`, ""},
	{QueueCreated, 1, "queue", "When a queue is made.", "", `{"name":"Sales","description":"Inbound"}`},
	{QueueUpdated, 1, "queue", "When a queue changes; before and after have what differs.", `{"name":"Sales"}`, `{"name":"Inbound sales"}`},
	{QueueDeleted, 1, "queue", "When a queue is deleted.", `{"name":"Sales"}`, ""},
	{
		LicenceUpdated, 1, "licence", "When the modules change that a licence reaches.",
		`{"allModules":true}`, `{"modules":["simulator"]}`,
	},
	{
		LicenceDeleted, 1, "licence", "When a licence type is deleted; before it, the events of those who have another one in its place.",
		`{"licence":"trial","modules":["simulator"]}`, "",
	},
	{
		ApplicationCreated, 1, "application", "When an application is registered.",
		"", `{"name":"CRM","audience":"https://crm.acme.test","algorithm":"EdDSA","origins":["https://crm.acme.test"],"modules":["campaigns"]}`,
	},
	{
		ApplicationUpdated, 1, "application", "When an application changes; before and after have what differs.",
		`{"origins":["https://crm.acme.test"]}`, `{"origins":["https://crm.acme.test","https://sales.acme.test"]}`,
	},
	{
		ApplicationDeleted, 1, "application", "When an application is taken off the list: nobody is let through to it any more.",
		`{"name":"CRM","audience":"https://crm.acme.test","algorithm":"EdDSA","origins":["https://crm.acme.test"]}`, "",
	},
	{
		AppearanceChanged, 1, "organisation", "When an organisation looks different to people who sign in; before and after have what differs, of the logo a name of its content.",
		`{"accent":"#0a6cff"}`, `{"accent":"#d4145a","language":"es","logo":"5d41402abc4b2a76b9719d911017c592"}`,
	},
	{WebhookCreated, 1, "webhook", "When a webhook is made; of its secret there is nothing.", "", `{"url":"https://app.acme.test/usher","types":["user.created"]}`},
	{WebhookUpdated, 1, "webhook", "When address, description or types of a webhook change; before and after have what differs.", `{"description":"Old"}`, `{"description":"New"}`},
	{WebhookRotated, 1, "webhook", "When a webhook gets another secret. FormerUntil is when the one before ends.", "", `{"formerUntil":` + aTime + `}`},
	{
		WebhookDisabled, 1, "webhook", "When a webhook is stopped: by an administrator, because it failed for 3 days, or because it answered 410 (gone).",
		"", `{"disabledAt":` + aTime + `,"disabledReason":"failing","url":"https://app.acme.test/usher"}`,
	},
	{WebhookEnabled, 1, "webhook", "When a webhook works again.", `{"disabledAt":` + aTime + `,"disabledReason":"failing"}`, ""},
	{WebhookDeleted, 1, "webhook", "When a webhook is deleted.", `{"url":"https://app.acme.test/usher"}`, ""},
	{WebhookTested, 1, "webhook", "When somebody asks for a test: it is sent to that webhook only, whatever its types.", "", ""},
	{
		LetterFailed, 1, "user", "When a letter to a person could not be sent and is given up. Letter is its kind, problem what the mail server said.",
		"", `{"letter":"invitation","problem":"550 5.1.1 no such mailbox"}`,
	},
	{WebhookReplayed, 1, "webhook", "When somebody asks for events to be sent again. From is the first of them.", "", `{"from":` + anID + `}`},
}
