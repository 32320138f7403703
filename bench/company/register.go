package company

import "sync"

// register knows under which ids a server keeps people, or groups. It is used by many goroutines.
type register struct {
	mu      sync.RWMutex
	ids     []string       // by number; empty: not pushed yet
	numbers map[string]int // by id
	meta    []string       // what meta said when the resource was first read, by number; empty: not read yet
}

func newRegister(n int) *register {
	return &register{ids: make([]string, n), numbers: make(map[string]int, n), meta: make([]string, n)}
}

// enter notes an id. It gives the one that was known before: a server must not find somebody else the next time.
func (r *register) enter(n int, id string) (before string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if before = r.ids[n]; before == "" {
		r.ids[n], r.numbers[id] = id, n
	}
	return before
}

// id of number n; empty: not pushed yet.
func (r *register) id(n int) string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.ids[n]
}

// number of an id.
func (r *register) number(id string) (n int, known bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	n, known = r.numbers[id]
	return n, known
}

// sight notes what meta says of number n, and gives what it said the first time.
func (r *register) sight(n int, meta string) (first string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.meta[n] == "" {
		r.meta[n] = meta
	}
	return r.meta[n]
}
