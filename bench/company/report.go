package company

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Report is what a run found.
type Report struct {
	Connections int
	Counts      []Count
	Phases      []Phase
	Differences int
	First       []string // of the differences, in words
}

// Count is how many of each there were, somewhere.
type Count struct {
	What                string
	People, Groups      int
	Memberships, Nested int // of people in groups, of groups in groups; unknown: nobody asked
}

// unknown stands where nothing was counted.
const unknown = -1

// Phase is a part of the run.
type Phase struct {
	What     string
	Requests int64
	Took     time.Duration
}

// Rate is requests a second.
func (p Phase) Rate() float64 {
	if p.Took <= 0 {
		return 0
	}
	return float64(p.Requests) / p.Took.Seconds()
}

// OK says that everything was as it should be.
func (r *Report) OK() bool { return r.Differences == 0 }

// WriteMarkdown writes the report as two tables and the differences.
func (r *Report) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Over %d connections:\n\n", r.Connections)
	b.WriteString("| | people | groups | memberships | nested groups |\n|---|--:|--:|--:|--:|\n")
	for _, c := range r.Counts {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", c.What, thousands(c.People), thousands(c.Groups), thousands(c.Memberships), thousands(c.Nested))
	}
	b.WriteString("\n| phase | requests | time | a second |\n|---|--:|--:|--:|\n")
	var all Phase
	for _, p := range r.Phases {
		writePhase(&b, p)
		all.Requests += p.Requests
		all.Took += p.Took
	}
	all.What = "all"
	writePhase(&b, all)
	fmt.Fprintf(&b, "\nDifferences: %s\n", thousands(r.Differences))
	for _, d := range r.First {
		fmt.Fprintf(&b, "- %s\n", d)
	}
	if more := r.Differences - len(r.First); more > 0 {
		fmt.Fprintf(&b, "- and %s more\n", thousands(more))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writePhase(b *strings.Builder, p Phase) {
	fmt.Fprintf(b, "| %s | %s | %.1f s | %s |\n", p.What, thousands(int(p.Requests)), p.Took.Seconds(), thousands(int(p.Rate()+0.5)))
}

// thousands writes a number with commas.
func thousands(n int) string {
	if n < 0 {
		return "–"
	}
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
