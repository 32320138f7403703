package domain

import (
	"sync/atomic"
	"time"
)

// A push waits for a unit of work of a job that concerns the same people, or on SQLite for any: so long at most, as far as the
// last unit tells.
const jobTakes = 40 * time.Millisecond

// leastBatch is how many people are worth a unit of work, however long it takes.
const leastBatch = 10

// pace is how many people the next unit of work of a job looks at: as many as fit into jobTakes beside all that the
// machine and the database have to do at the moment. The zero value begins with jobBatch.
type pace struct{ fewer atomic.Int64 }

func (p *pace) next() int { return jobBatch - int(p.fewer.Load()) }

// took tells how long a unit of work about so many people lasted, with what it waited for.
func (p *pace) took(people int, lasted time.Duration) {
	fits := jobBatch
	if lasted > 0 {
		fits = int(min(jobBatch, int64(people)*int64(jobTakes)/int64(lasted)))
	}
	fits = min(fits, 2*people) // one quick unit is no sign that the machine has nothing else to do
	p.fewer.Store(int64(jobBatch - max(fits, leastBatch)))
}
