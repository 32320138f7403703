package process

import (
	"bytes"
	"encoding/json"
	"sync"
)

// serving is the line with which a server says that it listens.
type serving struct {
	URL   string `json:"url"`
	Debug string `json:"debug"`
}

// tail takes what a server logs, a line for every request, and keeps the end of it.
type tail struct {
	serving chan serving

	mu   sync.Mutex
	kept []byte
	said bool
}

const tailSize = 16 << 10

func newTail() *tail { return &tail{serving: make(chan serving, 1)} }

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, p...)
	if !t.said {
		t.listen()
	}
	if len(t.kept) > 2*tailSize {
		t.kept = append(t.kept[:0], t.kept[len(t.kept)-tailSize:]...)
	}
	return len(p), nil
}

// listen looks for the line among those that are whole.
func (t *tail) listen() {
	for line := range bytes.Lines(t.kept) {
		var s serving
		if json.Unmarshal(line, &s) == nil && s.URL != "" {
			t.said = true
			t.serving <- s
			return
		}
	}
}

// String is the end of the log.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.kept[max(0, len(t.kept)-tailSize):])
}
