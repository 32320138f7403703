package load

import "time"

// Result is what a run measured.
type Result struct {
	Elapsed time.Duration // from the beginning of measuring to the last answer
	Bytes   int64         // of the bodies answered
	Kinds   []Histogram   // latencies by kind of request
}

func (r *Result) note(kind int, took time.Duration, size int64) {
	for len(r.Kinds) <= kind {
		r.Kinds = append(r.Kinds, Histogram{})
	}
	r.Kinds[kind].Add(took)
	r.Bytes += size
}

func (r *Result) add(other *Result) {
	for len(r.Kinds) < len(other.Kinds) {
		r.Kinds = append(r.Kinds, Histogram{})
	}
	for i := range other.Kinds {
		r.Kinds[i].Merge(&other.Kinds[i])
	}
	r.Bytes += other.Bytes
}

// Latency of all kinds together.
func (r *Result) Latency() *Histogram {
	var all Histogram
	for i := range r.Kinds {
		all.Merge(&r.Kinds[i])
	}
	return &all
}

// Requests is how many answers were counted.
func (r *Result) Requests() int64 { return r.Latency().Count() }

// Rate is answers a second.
func (r *Result) Rate() float64 {
	if r.Elapsed <= 0 {
		return 0
	}
	return float64(r.Requests()) / r.Elapsed.Seconds()
}
