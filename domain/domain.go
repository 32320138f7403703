// Package domain owns the nouns of provisioning (organisations, connections, people, groups, seats, events), the named
// rules that hold between them, the use cases that adapters call, and the ports that a store implements.
//
// It knows no HTTP, no SQL, no wire form and no clock of its own. A door (SCIM, later the console and the API) turns
// what it was sent into nouns, calls one use case, and turns the outcome back:
//
//	directory := domain.NewDirectory(store, domain.Environment{Now: time.Now, NewID: uuid.NewV7})
//	caller, err := directory.Authenticate(ctx, bearer)
//	user, err := directory.Provision(ctx, caller, attributes)
//
// Every use case runs in one unit of work ([Store.Write]), applies every rule, and appends exactly one [Event] for what
// it changed. Rules carry their name in a comment (rule: seat.required), and a test bears the same name.
package domain

import (
	"time"

	"github.com/google/uuid"
)

// Environment is what the domain takes from outside: the time, fresh identifiers, and what secrets are made with.
type Environment struct {
	Now   func() time.Time          // the clock; instants are kept to the millisecond
	NewID func() (uuid.UUID, error) // time-ordered identifiers (UUIDv7, RFC 9562 section 5.7)

	Links     LinkKey   // of invitations and password resets; zero: none can be sent
	Passwords Passwords // nil: nobody can be given a password
	Host      string    // the name of this machine, from where its operator acts; empty: not known
}

// instant is the present moment as it is stored and answered: UTC, whole milliseconds, so that a value read back
// compares equal to the value that was answered.
func (e Environment) instant() time.Time { return e.Now().UTC().Truncate(time.Millisecond) }
