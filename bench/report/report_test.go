package report_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/bench/report"
)

func TestTablesTellRatiosAndVerdicts(t *testing.T) {
	t.Parallel()
	r := report.Report{
		Machine: []string{"Two processors.", "Medians of three."},
		Rows: []report.Row{
			{Table: "Rates", Form: report.OfLimits, Operation: "get by id", Usher: 15_400, Limit: 21_000, Goal: report.AtLeast(0.7), P50: 812 * time.Microsecond, P99: 3400 * time.Microsecond},
			{Table: "Growth", Form: report.OfSizes, Operation: "get by id", Usher: 0.0014, Limit: 0.001, Goal: report.AtMost(1.3)},
			{Table: "Rates", Form: report.OfLimits, Operation: "create", Usher: 3000, Limit: 7000, Goal: report.AtLeast(0.7)},
			{Table: "Rates", Form: report.OfLimits, Operation: "select by key", Limit: 1_065_000},
			{Table: "Values", Form: report.OfValues, Operation: "start to ready", Usher: 0.31, Unit: "s", Goal: report.AtMost(0.5), Note: "first start"},
			{Table: "Values", Form: report.OfValues, Operation: "idle memory", Usher: 61.2, Unit: "MB", Goal: report.AtMost(60)},
			{Table: "Values", Form: report.OfValues, Operation: "answer", Usher: 17.3, Unit: "MB"},
		},
		Notes: []string{"What it means."},
	}
	var out strings.Builder
	require.NoError(t, r.WriteMarkdown(&out))
	require.Equal(t, `Two processors. Medians of three.

**Rates**

| operation | Usher/s | limit/s | ratio | goal | met | p50 | p99 |
|---|--:|--:|--:|--:|:-:|--:|--:|
| get by id | 15,400 | 21,000 | 0.73 | ≥ 0.7 × | yes | 812 µs | 3.4 ms |
| create | 3,000 | 7,000 | 0.43 | ≥ 0.7 × | **no** | – | – |
| select by key | – | 1,065,000 | – | – | – | – | – |

**Growth**

| operation | small | large | times | goal | met |
|---|--:|--:|--:|--:|:-:|
| get by id | 1.0 ms | 1.4 ms | 1.40 | ≤ 1.3 × | **no** |

**Values**

| what | measured | goal | met |
|---|--:|--:|:-:|
| start to ready (first start) | 310 ms | ≤ 500 ms | yes |
| idle memory | 61.2 MB | ≤ 60 MB | **no** |
| answer | 17.3 MB | – | – |

- What it means.
`, out.String())
}

func TestMedian(t *testing.T) {
	t.Parallel()
	require.InDelta(t, 2, report.Median([]float64{9, 1, 2}), 0)
	require.InDelta(t, 2.5, report.Median([]float64{4, 1, 2, 3}), 0)
	require.True(t, math.IsNaN(report.Median(nil)))
}
