package domain

import "context"

// Store keeps everything. Both databases implement it, and one contract suite (persistence/storetest) runs over each.
type Store interface {
	// Read runs fn over a view of the store. Each statement of fn sees the latest committed state; there is no
	// transaction around them. fn may run more than once.
	Read(ctx context.Context, fn func(Tx) error) error

	// Write runs fn as one unit of work: everything it did is durable when Write returns nil, and nothing of it
	// otherwise. fn may run more than once (when the database asks for a retry, or when what it read has changed
	// meanwhile), so it must have no effect outside Tx and must not do input or output of its own.
	//
	// A lost connection around the commit is Unavailable, and does not mean "not done".
	Write(ctx context.Context, fn func(Tx) error) error
}

// Tx is the store inside a unit of work, noun by noun. It must not be used after fn has returned, nor by two
// goroutines. Errors that a method may only learn at commit (a name that is taken, a version that has moved on) are
// returned by [Store.Write] instead, as the same *Error.
//
//nolint:interfacebloat // one method for each noun, and nothing else; each noun's port is small
type Tx interface {
	ApplicationTx

	Organisations() Organisations
	Connections() Connections
	Tokens() Tokens
	Schemas() Schemas
	Users() Users
	Groups() Groups
	Seats() Seats
	Events() Events
	Tallies() Tallies
	Rates() Rates
	AccessTx
	DeliveryTx
	TrustTx
	FieldTx
	DoorsTx
	ProviderTx
	OAuthTx
	BridgeTx
	Policies() Policies
	Blocks() Blocks
	Suspensions() Suspensions
	StatusSteps() StatusSteps
	Windows() Windows
	Waiting() Waiting
	Inactivity() Inactivity
	Sweeps() Sweeps
	RecordsTx
	ReviewsTx
}

// ApplicationTx are the nouns of applications that use the API.
type ApplicationTx interface {
	APIKeys() APIKeys
	Answers() Answers
}
