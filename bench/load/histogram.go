package load

import (
	"math"
	"math/bits"
	"time"
)

// Histogram counts durations in fixed buckets: exact up to 63 ns, above that 32 buckets to every doubling, so that a
// quantile is right within 3 %. The zero Histogram is empty. It is used by one goroutine.
type Histogram struct {
	counts [buckets]int64
	n      int64
	sum    time.Duration
	most   time.Duration
}

const (
	subBits = 5 // 32 buckets to a doubling
	exact   = 2 << subBits
	buckets = exact + (63-subBits-1)<<subBits
)

// Add counts a duration; one below zero counts as zero.
func (h *Histogram) Add(d time.Duration) {
	d = max(d, 0)
	h.counts[bucket(uint64(d))]++
	h.n++
	h.sum += d
	h.most = max(h.most, d)
}

// Merge adds what another histogram has counted.
func (h *Histogram) Merge(other *Histogram) {
	for i := range other.counts {
		h.counts[i] += other.counts[i]
	}
	h.n += other.n
	h.sum += other.sum
	h.most = max(h.most, other.most)
}

// Count is how many durations were added.
func (h *Histogram) Count() int64 { return h.n }

// Mean of all durations; 0 when there is none.
func (h *Histogram) Mean() time.Duration {
	if h.n == 0 {
		return 0
	}
	return h.sum / time.Duration(h.n)
}

// Max is the longest duration, exactly.
func (h *Histogram) Max() time.Duration { return h.most }

// Quantile is the duration that a share q (0 to 1) of all durations does not exceed: the upper end of its bucket, and
// never more than the longest.
func (h *Histogram) Quantile(q float64) time.Duration {
	if h.n == 0 {
		return 0
	}
	rank := max(int64(math.Ceil(q*float64(h.n))), 1)
	for i := range h.counts {
		if rank -= h.counts[i]; rank <= 0 {
			return min(upper(i), h.most)
		}
	}
	return h.most
}

// bucket of a value: its highest bits.
func bucket(v uint64) int {
	if v < exact {
		return int(v)
	}
	shift := bits.Len64(v) - subBits - 1
	return exact + (shift-1)<<subBits + int(v>>shift) - 1<<subBits
}

// upper is the largest value in a bucket.
func upper(i int) time.Duration {
	if i < exact {
		return time.Duration(i)
	}
	shift := (i-exact)>>subBits + 1
	high := uint64((i-exact)&(1<<subBits-1)) + 1<<subBits
	return time.Duration((high+1)<<shift - 1)
}
