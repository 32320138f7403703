package domain

// The types of events about OpenID providers.
const (
	ConnectionProviderChanged EventType = "connection.provider_changed"
	FirstAccessRefused        EventType = "connection.first_access_refused"
	GroupsClaimed             EventType = "user.groups_claimed"
	ClaimedGroupDeclared      EventType = "claimed_group.declared"
	ClaimedGroupRemoved       EventType = "claimed_group.removed"
)
