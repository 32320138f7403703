package domain

// Rates is the store of request counts, shared by all replicas.
type Rates interface {
	// Add counts n more requests of a connection in a window (a number that grows with time) and returns the count so
	// far.
	Add(scope Scope, window int64, n int) (total int, err error)
	// Count reads the count so far.
	Count(scope Scope, window int64) (total int, err error)
}
