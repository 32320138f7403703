package domain

// The types of events about what connections may do, and whose people are whose.
const (
	ConnectionPolicyChanged EventType = "connection.policy_changed"
	ConnectionDeleted       EventType = "connection.deleted"
	UserAdoptable           EventType = "user.adoptable" // a connection may adopt the account, or no longer
	UserLinked              EventType = "user.linked"    // a connection adopted the account
	DomainAdded             EventType = "domain.added"
	DomainVerified          EventType = "domain.verified"
	DomainChanged           EventType = "domain.changed" // who is trusted with it, who adopts its accounts
	DomainRemoved           EventType = "domain.removed"
)
