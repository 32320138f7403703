package oidc

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// maxPages is how many addresses a book remembers. Connections are rows that an administrator made, so this many are
// never asked at the same time; it bounds memory where they come and go.
const maxPages = 10_000

// book remembers what was fetched from an address for a while. However many ask at once, there is one request on its way
// per address, and after one (that failed, too) none for a pause.
type book[Content any] struct {
	now         func() time.Time
	keep, pause time.Duration
	flight      singleflight.Group

	mu    sync.Mutex
	pages map[string]page[Content]
}

type page[Content any] struct {
	content Content
	err     error
	at      time.Time // when it was fetched
}

func newBook[Content any](now func() time.Time, keep, pause time.Duration) *book[Content] {
	return &book[Content]{now: now, keep: keep, pause: pause, pages: map[string]page[Content]{}}
}

// read gives what is at an address: as remembered, if that is young enough and enough is true of it, else as fetched now.
// Within the pause after a fetch it gives what that one brought, enough or not. A caller who goes away does not end a
// fetch that others wait for.
func (b *book[Content]) read(ctx context.Context, address string, enough func(Content) bool, fetch func(context.Context) (Content, error)) (Content, error) {
	b.mu.Lock()
	known, found := b.pages[address]
	b.mu.Unlock()
	age := b.now().Sub(known.at)
	if found && (age < b.pause || (known.err == nil && age < b.keep && enough(known.content))) {
		return known.content, known.err
	}
	done := b.flight.DoChan(address, func() (any, error) {
		// Whoever came between the look above and here finds what another one has fetched meanwhile.
		b.mu.Lock()
		latest := b.pages[address]
		b.mu.Unlock()
		if latest.at.After(known.at) {
			return latest, nil
		}
		fetching, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*wholeTime)
		defer cancel()
		content, err := fetch(fetching)
		fresh := page[Content]{content: content, err: err, at: b.now()}
		b.mu.Lock()
		defer b.mu.Unlock()
		b.trim()
		b.pages[address] = fresh
		return fresh, nil
	})
	select {
	case <-ctx.Done():
		var none Content
		return none, ctx.Err()
	case result := <-done:
		fresh, _ := result.Val.(page[Content])
		return fresh.content, fresh.err
	}
}

// trim makes room for one more page.
func (b *book[Content]) trim() {
	if len(b.pages) < maxPages {
		return
	}
	var oldest string
	for address, page := range b.pages {
		if b.now().Sub(page.at) >= b.keep {
			delete(b.pages, address)
		} else if oldest == "" || page.at.Before(b.pages[oldest].at) {
			oldest = address
		}
	}
	if len(b.pages) >= maxPages {
		delete(b.pages, oldest)
	}
}

// forget makes the next look at an address a fetch.
func (b *book[Content]) forget(address string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.pages, address)
}
