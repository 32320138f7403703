package storetest

import (
	"sync"
	"time"

	"github.com/google/uuid"

	"usher/domain"
)

// Environment is the real clock and real identifiers.
func Environment() domain.Environment { return domain.Environment{Now: time.Now, NewID: uuid.NewV7} }

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

// Environment is this clock and real identifiers.
func (c *Clock) Environment() domain.Environment {
	return domain.Environment{Now: c.Now, NewID: uuid.NewV7}
}
