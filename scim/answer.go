package scim

import (
	"net/http"
	"strconv"
	"sync"
	"time"
)

// send writes a whole answer. It is what every answer ends in that is not streamed.
func (x *exchange) send(status int, body []byte) {
	x.begin(status)
	if status == http.StatusNoContent || status == http.StatusNotModified {
		x.w.WriteHeader(status)
		return
	}
	if x.r.Method == http.MethodHead { // of a group that would be without its members, so the length is not told either
		x.w.WriteHeader(status)
		return
	}
	x.w.Header()["Content-Length"] = []string{strconv.Itoa(len(body))}
	x.w.WriteHeader(status)
	_, _ = x.w.Write(body) // a client that has left is not told
}

// begin sets what every answer carries.
func (x *exchange) begin(status int) {
	x.status = status
	h := x.w.Header()
	h["X-Content-Type-Options"] = []string{"nosniff"}
	h["Cache-Control"] = []string{"no-store"} // answers are about people: no cache on the way keeps them
	if status != http.StatusNoContent && status != http.StatusNotModified {
		h["Content-Type"] = []string{x.media}
	}
}

// buffers are reused for answers.
type buffers struct{ pool sync.Pool }

const maxPooled = 512 << 10 // bytes; larger ones are left to the collector

func (b *buffers) get() *[]byte {
	if buf, ok := b.pool.Get().(*[]byte); ok {
		return buf
	}
	buf := make([]byte, 0, 8<<10)
	return &buf
}

func (b *buffers) put(buf *[]byte) {
	if cap(*buf) <= maxPooled {
		*buf = (*buf)[:0]
		b.pool.Put(buf)
	}
}

// stream is an answer that may be larger than memory should hold. While it is small it is kept, and goes out whole with
// its length; when it grows it goes out in pieces, each of which the client must take within slowPiece. A failure before
// the first piece is an error like any other; after it, the connection is cut, so that half an answer cannot pass for a
// whole one.
type stream struct {
	x      *exchange
	status int
	pooled *[]byte
	buf    []byte
	open   bool // the first piece is out
}

const (
	pieceSize = 128 << 10
	slowPiece = 30 * time.Second // a client that takes longer for one piece is cut
)

func (x *exchange) stream(status int) *stream {
	pooled := x.buffers.get()
	return &stream{x: x, status: status, pooled: pooled, buf: *pooled}
}

// spill sends what has gathered when it is enough. Writers call it between the parts of an answer.
func (s *stream) spill() error {
	if len(s.buf) < pieceSize {
		return nil
	}
	return s.flush()
}

func (s *stream) flush() error {
	if !s.open {
		s.open = true
		s.x.begin(s.status)
		s.x.w.WriteHeader(s.status)
	}
	control := http.NewResponseController(s.x.w)
	_ = control.SetWriteDeadline(wallClock().Add(slowPiece)) // a recorder in a test has none
	if _, err := s.x.w.Write(s.buf); err != nil {
		return err
	}
	s.buf = s.buf[:0]
	return s.x.r.Context().Err()
}

// close sends the rest.
func (s *stream) close() error {
	defer s.release()
	if !s.open {
		s.x.send(s.status, s.buf)
		return nil
	}
	if err := s.flush(); err != nil {
		return err
	}
	// The server sets its own limit for the next request; where it has none, this one must not outlive the answer.
	if server, ok := s.x.r.Context().Value(http.ServerContextKey).(*http.Server); ok && server.WriteTimeout == 0 {
		control := http.NewResponseController(s.x.w)
		_ = control.Flush()
		_ = control.SetWriteDeadline(time.Time{})
	}
	return nil
}

// release gives the buffer back without sending.
func (s *stream) release() {
	if s.pooled != nil {
		*s.pooled = s.buf
		s.x.buffers.put(s.pooled)
		s.pooled = nil
	}
}
