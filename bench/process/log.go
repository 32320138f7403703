package process

import (
	"bytes"
	"encoding/json"
	"os"
)

// serving is the line with which a server says that it listens.
type serving struct {
	URL   string `json:"url"`
	Debug string `json:"debug"`
}

// log is the file that a server logs to: a line for every request. A pipe would wake this process for each of them, in
// the middle of what it measures.
type log struct{ *os.File }

func newLog() (log, error) {
	file, err := os.CreateTemp("", "usher-bench-log-*")
	if err != nil {
		return log{}, err
	}
	appending, err := os.OpenFile(file.Name(), os.O_WRONLY|os.O_APPEND, 0)
	_ = file.Close()
	return log{appending}, err
}

// serving looks for the line among those that are whole.
func (l log) serving() (serving, bool) {
	text, _ := os.ReadFile(l.Name())
	for line := range bytes.Lines(text) {
		var s serving
		if json.Unmarshal(line, &s) == nil && s.URL != "" {
			return s, true
		}
	}
	return serving{}, false
}

// String is the end of what was logged, without the lines that tell of every request.
func (l log) String() string {
	const end, most = 1 << 20, 4 << 10
	text, _ := os.ReadFile(l.Name())
	var kept []byte
	for line := range bytes.Lines(text[max(0, len(text)-end):]) {
		if !bytes.Contains(line, []byte(`"level":"INFO"`)) {
			kept = append(kept, line...)
		}
	}
	return string(kept[max(0, len(kept)-most):])
}

// forget empties the log, which appending makes safe while the server writes.
func (l log) forget() { _ = os.Truncate(l.Name(), 0) }

func (l log) remove() {
	_ = l.Close()
	_ = os.Remove(l.Name())
}
