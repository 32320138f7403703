package storetest

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"usher/domain"
)

// Environment is the real clock and real identifiers, and [Links] and [Passwords].
func Environment() domain.Environment {
	return domain.Environment{Now: time.Now, NewID: uuid.NewV7, Links: Links(), Passwords: Passwords{}}
}

// Links is the key of links that tests use.
func Links() domain.LinkKey {
	key, err := domain.NewLinkKey([]byte("a key of links for tests: 32 byte"))
	if err != nil {
		panic(err) // it is long enough
	}
	return key
}

// Passwords hashes quickly, for tests that are not about the hash.
type Passwords struct{}

// Hash implements domain.Passwords.
func (Passwords) Hash(password string) (string, error) {
	return fmt.Sprintf("$test$%x", sha256.Sum256([]byte(password))), nil
}

// Matches implements domain.Passwords.
func (p Passwords) Matches(hash, password string) (bool, error) {
	made, err := p.Hash(password)
	return err == nil && made == hash, err
}

// Common implements domain.Passwords.
func (Passwords) Common(password string) bool { return strings.HasPrefix(password, "password") }

// Clock is a clock that stands until it is moved, in either direction.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock stands at the present moment.
func NewClock() *Clock { return &Clock{now: time.Now().UTC().Truncate(time.Millisecond)} }

// Now reads the clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Move moves the clock on, or back.
func (c *Clock) Move(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(by)
}

// Environment is [Environment] by this clock.
func (c *Clock) Environment() domain.Environment {
	env := Environment()
	env.Now = c.Now
	return env
}
