package main

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// A body is read, and an answer is taken, at this pace at least: so many bytes a second, after a time for the
// beginning. Whoever is slower is cut off. A deadline for the whole would cut a big group on a slow line, and a deadline
// for each piece would never cut who sends a byte at a time.
const (
	paceStart = 10 * time.Second
	paceRate  = 16 << 10 // bytes a second
)

// allowance is the time that n bytes may take.
func allowance(n int64) time.Duration {
	return paceStart + time.Duration(n)*time.Second/paceRate
}

// pacedBody is a request's body that must keep the pace.
type pacedBody struct {
	io.ReadCloser

	control *http.ResponseController
	now     func() time.Time
	began   time.Time
	read    int64
}

// newPacedBody puts the body of a request under the pace. The first deadline also holds for a body that nobody reads,
// which the server takes in before it answers the connection's next request.
func newPacedBody(r *http.Request, control *http.ResponseController, now func() time.Time) *pacedBody {
	b := &pacedBody{ReadCloser: r.Body, control: control, now: now, began: now()}
	_ = control.SetReadDeadline(b.began.Add(paceStart))
	return b
}

// Read implements io.Reader.
func (b *pacedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.read += int64(n)
	switch {
	case err == nil:
		_ = b.control.SetReadDeadline(b.began.Add(allowance(b.read)))
	case errors.Is(err, io.EOF):
		// The server goes on reading, to notice a client that leaves; that must not end by the clock.
		_ = b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}
