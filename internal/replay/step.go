package replay

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// Step is one request as a vendor sends it, and what has to come back. Strings in Path, Headers, Body and the values
// of checks may hold {{token}}, {{run}}, {{guid}} and whatever an earlier step captured.
type Step struct {
	Line       int               `json:"-"`    // in the file, from 1
	Name       string            `json:"name"` // unique in the file
	Role       string            `json:"role"` // idp: the vendor sends it; verify: we look at what it left behind
	Method     string            `json:"method"`
	Path       string            `json:"path"` // below the base URL, query included, already escaped
	Headers    map[string]string `json:"headers"`
	Body       json.RawMessage   `json:"body"` // sent as written, null for none
	Expect     Expect            `json:"expect"`
	Capture    map[string]string `json:"capture"`    // variable to pointer into the answer
	Confidence string            `json:"confidence"` // documented, observed, inferred or harness
	Source     string            `json:"source"`
	Note       string            `json:"note"`
}

// Expect is what an answer must be. The checks of the body are passed over where a 204 is allowed and comes.
type Expect struct {
	Status       Statuses `json:"status"`
	HeaderChecks []Check  `json:"headerChecks"`
	BodyChecks   []Check  `json:"bodyChecks"`
}

// Statuses is a number or a list of numbers.
type Statuses []int

// UnmarshalJSON reads 200 and [200, 204].
func (s *Statuses) UnmarshalJSON(b []byte) error {
	var one int
	if json.Unmarshal(b, &one) == nil {
		*s = Statuses{one}
		return nil
	}
	return json.Unmarshal(b, (*[]int)(s))
}

// Load reads the file at path.
func Load(path string) ([]Step, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	defer func() { _ = f.Close() }()
	steps, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("replay: %s: %w", path, err)
	}
	return steps, nil
}

// Read reads steps, one JSON object a line. A first line with "about" and without "method" describes the file and is
// passed over. Keys, operators and pointers that do not exist are errors that name the line.
func Read(r io.Reader) ([]Step, error) {
	var steps []Step
	lines := bufio.NewReader(r)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 && (n > 1 || !describes(line)) {
			step, bad := parseStep(line)
			if bad != nil {
				return nil, fmt.Errorf("line %d: %w", n, bad)
			}
			step.Line = n
			steps = append(steps, step)
		}
		if errors.Is(err, io.EOF) {
			return steps, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

func describes(line []byte) bool {
	var head struct{ About, Method json.RawMessage }
	return json.Unmarshal(line, &head) == nil && head.About != nil && head.Method == nil
}

func parseStep(line []byte) (Step, error) {
	var s Step
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return s, err
	}
	if dec.More() {
		return s, errors.New("more than one object")
	}
	if s.Name == "" || s.Method == "" || !strings.HasPrefix(s.Path, "/") || len(s.Expect.Status) == 0 {
		return s, errors.New("name, method, a path from / and expect.status are required")
	}
	for _, c := range slices.Concat(s.Expect.HeaderChecks, s.Expect.BodyChecks) {
		if err := c.validate(); err != nil {
			return s, fmt.Errorf("check %q %s: %w", c.At, c.Is, err)
		}
	}
	for _, c := range s.Expect.BodyChecks {
		if _, err := parsePointer(c.At); err != nil {
			return s, err
		}
	}
	for name, at := range s.Capture {
		if _, err := parsePointer(at); err != nil {
			return s, fmt.Errorf("capture %s: %w", name, err)
		}
	}
	return s, nil
}
