package signin

import (
	"sync"
	"time"
)

// signed remembers assertions by all that they say, for as long as one may be given again. It decides nothing: who may come
// in was decided before it is asked, and what it is asked for names everything that the application is told.
type signed struct {
	mu             sync.Mutex
	latest, before map[string]reused
}

type reused struct {
	token string
	at    time.Time
}

const (
	reuseFor  = time.Minute // less than an assertion holds by far
	maxReused = 4096        // in each of the two halves
)

// get gives what was signed for these words within the last minute.
func (s *signed) get(key string, now time.Time) (token string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.latest[key]
	if !ok {
		found, ok = s.before[key]
	}
	if age := now.Sub(found.at); !ok || age < 0 || age >= reuseFor {
		return "", false
	}
	return found.token, true
}

// put remembers what was signed. When one half is full the other is forgotten.
func (s *signed) put(key, token string, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.latest == nil || len(s.latest) >= maxReused {
		s.before, s.latest = s.latest, make(map[string]reused)
	}
	s.latest[key] = reused{token, now}
}
