package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
)

// outputFlags say how a command prints.
type outputFlags struct {
	JSON bool `name:"json" help:"Print JSON, for programs."`
}

// print writes what a command found or made: value as JSON, or text for people.
func (f outputFlags) print(p *process, value any, text func() string) error {
	if !f.JSON {
		_, err := fmt.Fprint(p.stdout, text())
		return err
	}
	encoder := json.NewEncoder(p.stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// table lays out rows in columns under a heading; empty says what to tell when there are none.
func table(heading []string, rows [][]string, empty string) string {
	if len(rows) == 0 {
		return empty + "\n"
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{heading}, rows...) {
		_, _ = fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	_ = w.Flush()
	return b.String()
}

// moment is an instant in JSON: null for the zero time.
func moment(at time.Time) *string {
	if at.IsZero() {
		return nil
	}
	s := at.UTC().Format(time.RFC3339)
	return &s
}

// orDash is an instant in a table.
func orDash(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return at.UTC().Format("2006-01-02 15:04 MST")
}

// orNull is a text in JSON: null when it is empty.
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
