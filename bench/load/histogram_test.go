package load

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestBucketsFollowEachOtherWithoutGaps(t *testing.T) {
	t.Parallel()
	for i := range buckets - 1 {
		require.Equal(t, i, bucket(uint64(upper(i))), "the upper end of bucket %d", i)
		require.Equal(t, i+1, bucket(uint64(upper(i))+1), "above bucket %d", i)
	}
	require.Equal(t, buckets-1, bucket(1<<63-1))
}

func TestQuantilesAreRightWithinThreePerCent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Int64Range(0, int64(time.Hour)), 1, 200).Draw(t, "durations")
		q := rapid.Float64Range(0, 1).Draw(t, "q")
		var one, other, both Histogram
		for i, v := range values {
			if i%2 == 0 {
				one.Add(time.Duration(v))
			} else {
				other.Add(time.Duration(v))
			}
		}
		both.Merge(&one)
		both.Merge(&other)
		slices.Sort(values)
		at := 0
		for float64(at+1) < q*float64(len(values)) {
			at++
		}
		got := both.Quantile(q)
		require.GreaterOrEqual(t, int64(got), values[at])
		require.LessOrEqual(t, float64(got), 1.033*float64(values[at])+1)
		require.EqualValues(t, len(values), both.Count())
		require.EqualValues(t, values[len(values)-1], both.Max())
	})
}

func TestAnEmptyHistogramSaysNothing(t *testing.T) {
	t.Parallel()
	var h Histogram
	require.Zero(t, h.Quantile(0.5))
	require.Zero(t, h.Mean())
	h.Add(-time.Second)
	require.EqualValues(t, 1, h.Count())
	require.Zero(t, h.Max())
}

func BenchmarkHistogram(b *testing.B) {
	var h Histogram
	for i := range b.N {
		h.Add(time.Duration(i) * 977)
	}
}
