package domain

// The types of events about OpenID providers.
const (
	ConnectionProviderChanged EventType = "connection.provider_changed"
)
