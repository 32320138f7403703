// Package report holds what a benchmark measured and tells it as Markdown tables of ratios. It measures nothing and knows
// no goal: a [Row] comes with its own.
//
//	r := report.Report{Rows: []report.Row{{Table: "PostgreSQL", Operation: "get by id", Usher: 15000, Limit: 21000, Goal: report.AtLeast(0.7)}}}
//	r.WriteMarkdown(os.Stdout)
package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Report is everything that one run of the benchmark found.
type Report struct {
	Machine []string `json:"machine"` // what it ran on and how, a sentence each
	Rows    []Row    `json:"rows"`
	Notes   []string `json:"notes"` // what the figures mean, for those that need words
}

// Row is one measured thing. Rows of one table have the same form: rates against a limit, times at two sizes, or single
// values.
type Row struct {
	Table     string `json:"table"`
	Operation string `json:"operation"`
	Form      Form   `json:"form"`

	Usher float64 `json:"usher"`           // a second; OfSizes: seconds at the larger size; OfValues: the value
	Limit float64 `json:"limit,omitempty"` // a second; OfSizes: seconds at the smaller size
	Unit  string  `json:"unit,omitempty"`  // of a value: "s", "MB"

	P50  time.Duration `json:"p50_ns,omitempty"`
	P99  time.Duration `json:"p99_ns,omitempty"`
	Goal Goal          `json:"goal"`
	Note string        `json:"note,omitempty"` // a few words beside the operation
}

// Form of a row.
type Form string

// The forms.
const (
	OfLimits Form = "limits" // Usher and a limit, in operations a second
	OfSizes  Form = "sizes"  // the same operation at two sizes, in time
	OfValues Form = "values" // one figure
)

// Goal is what a ratio or a value should be. The zero Goal is none.
type Goal struct {
	Least float64 `json:"least,omitempty"`
	Most  float64 `json:"most,omitempty"`
}

// AtLeast is the goal of a ratio of rates.
func AtLeast(least float64) Goal { return Goal{Least: least} }

// AtMost is the goal of a ratio of times, or of a value.
func AtMost(most float64) Goal { return Goal{Most: most} }

// Judged is what the goal is about: the ratio, or the value.
func (r Row) Judged() float64 {
	if r.Form == OfValues {
		return r.Usher
	}
	if r.Limit == 0 || r.Usher == 0 {
		return math.NaN()
	}
	return r.Usher / r.Limit
}

// Met reports whether the goal is met; known is false where there is none.
func (r Row) Met() (met, known bool) {
	v := r.Judged()
	switch {
	case math.IsNaN(v):
		return false, false
	case r.Goal.Least > 0:
		return v >= r.Goal.Least, true
	case r.Goal.Most > 0:
		return v <= r.Goal.Most, true
	}
	return false, false
}

// WriteMarkdown writes the tables, in the order of their first rows.
func (r Report) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	b.WriteString(strings.Join(r.Machine, " ") + "\n")
	var tables []string
	for _, row := range r.Rows {
		if !slices.Contains(tables, row.Table) {
			tables = append(tables, row.Table)
		}
	}
	for _, table := range tables {
		b.WriteString("\n**" + table + "**\n\n")
		writeTable(&b, slices.DeleteFunc(slices.Clone(r.Rows), func(row Row) bool { return row.Table != table }))
	}
	b.WriteByte('\n')
	for _, note := range r.Notes {
		b.WriteString("- " + note + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writeTable(b *strings.Builder, rows []Row) {
	switch rows[0].Form {
	case OfLimits:
		b.WriteString("| operation | Usher/s | limit/s | ratio | goal | met | p50 | p99 |\n|---|--:|--:|--:|--:|:-:|--:|--:|\n")
	case OfSizes:
		b.WriteString("| operation | small | large | times | goal | met |\n|---|--:|--:|--:|--:|:-:|\n")
	case OfValues:
		b.WriteString("| what | measured | goal | met |\n|---|--:|--:|:-:|\n")
	}
	for _, r := range rows {
		name := r.Operation
		if r.Note != "" {
			name += " (" + r.Note + ")"
		}
		cells := []string{name}
		switch r.Form {
		case OfLimits:
			cells = append(cells, rate(r.Usher), rate(r.Limit), ratio(r.Judged()), r.goal(), r.verdict(), shortTime(r.P50), shortTime(r.P99))
		case OfSizes:
			cells = append(cells, shortTime(seconds(r.Limit)), shortTime(seconds(r.Usher)), ratio(r.Judged()), r.goal(), r.verdict())
		case OfValues:
			cells = append(cells, value(r.Usher, r.Unit), r.goal(), r.verdict())
		}
		b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
}

func (r Row) goal() string {
	number := func(v float64) string {
		if r.Form == OfValues {
			return value(v, r.Unit)
		}
		return strconv.FormatFloat(v, 'f', -1, 64) + " ×"
	}
	switch {
	case r.Goal.Least > 0:
		return "≥ " + number(r.Goal.Least)
	case r.Goal.Most > 0:
		return "≤ " + number(r.Goal.Most)
	}
	return "–"
}

func (r Row) verdict() string {
	switch met, known := r.Met(); {
	case !known:
		return "–"
	case met:
		return "yes"
	}
	return "**no**"
}

func rate(v float64) string {
	if v == 0 {
		return "–"
	}
	digits := strconv.FormatFloat(v, 'f', 0, 64)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

func ratio(v float64) string {
	if math.IsNaN(v) {
		return "–"
	}
	return fmt.Sprintf("%.2f", v)
}

// value writes a figure with its unit, to as many digits as mean something.
func value(v float64, unit string) string {
	if unit == "s" {
		return shortTime(seconds(v))
	}
	return strings.TrimSpace(fmt.Sprintf("%.4g %s", v, unit))
}

func seconds(v float64) time.Duration { return time.Duration(v * float64(time.Second)) }

func shortTime(d time.Duration) string {
	switch {
	case d == 0:
		return "–"
	case d < time.Millisecond:
		return fmt.Sprintf("%.0f µs", float64(d)/float64(time.Microsecond))
	case d < 100*time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	case d < time.Second:
		return fmt.Sprintf("%.0f ms", float64(d)/float64(time.Millisecond))
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// Median of values; the mean of the middle two where their number is even. NaN of none.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
