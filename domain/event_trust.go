package domain

// The types of events about what connections may do, and whose people are whose.
const (
	ConnectionPolicyChanged EventType = "connection.policy_changed"
)
