// Package replay sends recorded request sequences of identity providers to a SCIM server and says which answers
// would break them.
//
// It owns the file format of testdata/traffic (one JSON object a line), the variables in it, the operators that judge
// an answer, and the report. It leaves to others where the server comes from: a test that boots one, or `usher doctor`.
//
//	steps, err := replay.Load("testdata/traffic/okta.jsonl")
//	…
//	report := replay.Run(ctx, http.DefaultClient, "https://usher.example/scim/v2", token, steps)
//	fmt.Print(report)
package replay

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	stepTimeout = 20 * time.Second // for one request and its answer
	maxAnswer   = 16 << 20         // bytes of an answer that are read; the largest group is smaller
	excerpt     = 160              // bytes of an answer or a value that a report quotes
)

// Report says how a run went.
type Report struct {
	Run    string // the value of {{run}}: whatever this run made has it in its name
	Steps  int
	Failed []Failure
}

// Failure is one step whose answer would break the vendor.
type Failure struct {
	Line       int
	Name       string
	Role       string
	Confidence string
	Request    string // method and path as sent
	Status     int    // of the answer, 0 for none
	Reasons    []string
	Answer     string // the beginning of an error body
}

// OK reports whether every step passed.
func (r Report) OK() bool { return len(r.Failed) == 0 }

// String lists the failed steps, one a line, and the totals.
func (r Report) String() string {
	var b strings.Builder
	for _, f := range r.Failed {
		fmt.Fprintf(&b, "FAIL line %d %s (%s): %s: %s", f.Line, f.Name, f.Confidence, f.Request, strings.Join(f.Reasons, "; "))
		if f.Answer != "" {
			b.WriteString(" | " + f.Answer)
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "%d passed, %d failed\n", r.Steps-len(r.Failed), len(r.Failed))
	return b.String()
}

// Runner is Run with its source of randomness in the open.
type Runner struct {
	Client *http.Client
	Base   string    // the SCIM base URL
	Token  string    // the bearer token of a connection
	Rand   io.Reader // for {{run}} and {{guid}}
}

// Run sends the steps in order to the SCIM server at base and reports the failed ones. A step that needs what an
// earlier one did not capture fails without being sent. Nothing stops a run but the end of ctx.
func Run(ctx context.Context, client *http.Client, base, token string, steps []Step) Report {
	return Runner{Client: client, Base: base, Token: token, Rand: rand.Reader}.Run(ctx, steps)
}

// Run is the method behind the function of that name.
func (r Runner) Run(ctx context.Context, steps []Step) Report {
	report := Report{Steps: len(steps)}
	vars, err := r.variables()
	report.Run = vars["run"]
	for _, s := range steps {
		f := Failure{Line: s.Line, Name: s.Name, Role: s.Role, Confidence: s.Confidence, Request: s.Method + " " + s.Path}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			f.Reasons = []string{"not sent: " + err.Error()}
		} else {
			r.send(ctx, s, vars, &f)
		}
		if len(f.Reasons) > 0 {
			f.Request, f.Answer = r.withoutToken(f.Request), r.withoutToken(f.Answer)
			for i := range f.Reasons {
				f.Reasons[i] = r.withoutToken(f.Reasons[i])
			}
			report.Failed = append(report.Failed, f)
		}
	}
	return report
}

func (r Runner) withoutToken(s string) string {
	if r.Token == "" {
		return s
	}
	return strings.ReplaceAll(s, r.Token, "[token]")
}

func (r Runner) variables() (map[string]string, error) {
	var g [16]byte
	var run [8]byte
	for _, b := range [][]byte{g[:], run[:]} {
		if _, err := io.ReadFull(r.Rand, b); err != nil {
			return nil, fmt.Errorf("no randomness: %w", err)
		}
	}
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789"
	for i, b := range run {
		run[i] = letters[int(b)%len(letters)]
	}
	g[6], g[8] = g[6]&0x0f|0x40, g[8]&0x3f|0x80 // RFC 9562 s5.4
	guid := fmt.Sprintf("%x-%x-%x-%x-%x", g[:4], g[4:6], g[6:8], g[8:10], g[10:])
	return map[string]string{"token": r.Token, "run": string(run[:]), "guid": guid}, nil
}

func (r Runner) send(ctx context.Context, s Step, vars map[string]string, f *Failure) {
	e := expander{vars: vars}
	path := e.text(s.Path)
	f.Request = s.Method + " " + path
	var body io.Reader
	if len(s.Body) > 0 && !isNull(s.Body) {
		body = bytes.NewReader(e.json(s.Body))
	}
	header := http.Header{}
	for name, value := range s.Headers {
		if !strings.EqualFold(name, "Accept-Encoding") { // left to the transport, which then also unpacks
			header.Set(name, e.text(value))
		}
	}
	checks := e.checks(s.Expect.BodyChecks)
	headerChecks := e.checks(s.Expect.HeaderChecks)
	if len(e.missing) > 0 {
		f.Reasons = append(f.Reasons, "not sent: no value for "+strings.Join(e.missing, ", ")+": the step that captures it failed")
		return
	}

	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, s.Method, strings.TrimRight(r.Base, "/")+path, body)
	if err != nil {
		f.Reasons = append(f.Reasons, "not sent: "+err.Error())
		return
	}
	req.Header = header
	resp, err := r.Client.Do(req)
	if err != nil {
		f.Reasons = append(f.Reasons, err.Error())
		return
	}
	defer resp.Body.Close()
	f.Status = resp.StatusCode
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		f.Reasons = append(f.Reasons, "the answer broke off: "+err.Error())
		return
	}
	doc, reasons := judge(s.Expect.Status, checks, headerChecks, resp, raw)
	for _, name := range slices.Sorted(maps.Keys(s.Capture)) {
		if value, ok := capture(doc, s.Capture[name]); ok {
			vars[name] = value
		} else if len(reasons) == 0 {
			reasons = append(reasons, fmt.Sprintf("nothing at %s to capture as %s", s.Capture[name], name))
		}
	}
	f.Reasons = reasons
	if resp.StatusCode >= http.StatusBadRequest {
		f.Answer = quote(strings.Join(strings.Fields(string(raw[:min(len(raw), 4*excerpt)])), " "))
	}
}

// judge compares an answer with what was expected. Checks run only on an answer whose status is right.
func judge(want Statuses, checks, headerChecks []Check, resp *http.Response, raw []byte) (doc any, reasons []string) {
	if !slices.Contains(want, resp.StatusCode) {
		reasons = append(reasons, fmt.Sprintf("status %d, want %v", resp.StatusCode, []int(want)))
	}
	if len(raw) > 0 {
		var err error
		if doc, err = decode(raw); err != nil {
			reasons = append(reasons, "the body is not JSON")
		}
	}
	if len(reasons) > 0 {
		return doc, reasons
	}
	for _, c := range headerChecks {
		values := resp.Header.Values(c.At)
		var got any
		if len(values) > 0 {
			got = strings.Join(values, ", ")
		}
		reasons = append(reasons, c.judge(got, len(values) > 0)...)
	}
	switch {
	case doc != nil:
		for _, c := range checks {
			got, found := find(doc, c.At)
			reasons = append(reasons, c.judge(got, found)...)
		}
	case resp.StatusCode != http.StatusNoContent && len(checks) > 0:
		reasons = append(reasons, "no body")
	}
	return doc, reasons
}

// capture gives the text of the string, number or boolean at a pointer.
func capture(doc any, at string) (string, bool) {
	v, found := find(doc, at)
	if !found {
		return "", false
	}
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

// expander writes the values of variables into text and remembers those it has none for.
type expander struct {
	vars    map[string]string
	missing []string
}

func (e *expander) text(s string) string {
	return e.replace(s, func(value string) string { return value })
}

func (e *expander) json(b json.RawMessage) json.RawMessage {
	return json.RawMessage(e.replace(string(b), func(value string) string {
		quoted, _ := json.Marshal(value)
		return string(quoted[1 : len(quoted)-1])
	}))
}

func (e *expander) checks(in []Check) []Check {
	out := slices.Clone(in)
	for i := range out {
		if out[i].Value != nil {
			out[i].Value = e.json(out[i].Value)
		}
	}
	return out
}

func (e *expander) replace(s string, quoted func(string) string) string {
	var b strings.Builder
	for {
		before, after, open := strings.Cut(s, "{{")
		name, rest, closed := strings.Cut(after, "}}")
		if !open || !closed {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(before)
		value, ok := e.vars[name]
		if !ok && !slices.Contains(e.missing, "{{"+name+"}}") {
			e.missing = append(e.missing, "{{"+name+"}}")
		}
		b.WriteString(quoted(value))
		s = rest
	}
}
