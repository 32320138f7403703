package domain

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A job takes smaller steps where they last long, and longer ones again, step by step, when there is less to do.
func TestPace(t *testing.T) {
	t.Parallel()
	var p pace
	require.Equal(t, jobBatch, p.next())
	for _, step := range []struct {
		lasted time.Duration
		next   int
	}{
		{jobTakes, 100}, {0, 100}, {2 * jobTakes, 50}, {jobTakes, 50}, {5 * jobTakes, 10}, {time.Hour, 10}, {jobTakes / 10, 20}, {jobTakes, 20},
		{time.Millisecond, 40}, {0, 80}, {0, 100}, {jobTakes + jobTakes/4, 80},
	} {
		p.took(p.next(), step.lasted)
		require.Equal(t, step.next, p.next(), "%+v", step)
	}
}
