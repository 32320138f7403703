package scim

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"usher/domain"
	"usher/domain/attribute"
)

// The least a sender must manage. A body that comes slower than slowest, after a pause of patience at the start, is
// cut, so that idle senders cannot occupy the server (slow bodies).
const (
	patience = 20 * time.Second
	slowest  = 32 << 10 // bytes a second
)

// body reads the request's body whole, at most limit bytes of it, compressed or not.
func (x *exchange) body(limit int) ([]byte, error) {
	if err := checkMedia(x.r.Header); err != nil {
		return nil, err
	}
	if x.r.ContentLength > int64(limit) {
		return nil, tooLarge(limit)
	}
	compressed, err := isCompressed(x.r.Header)
	if err != nil {
		return nil, err
	}
	sent := &pacedReader{
		body:    http.MaxBytesReader(x.w, x.r.Body, int64(limit)),
		control: http.NewResponseController(x.w),
		start:   wallClock(),
	}
	if !compressed {
		text, err := readAll(sent, limit, int(x.r.ContentLength))
		x.received(sent, err)
		return bytes.TrimPrefix(text, byteOrderMark), bodyError(err, limit)
	}
	expanded, err := gzip.NewReader(sent)
	if err != nil {
		x.received(sent, err)
		return nil, bodyError(err, limit)
	}
	text, err := readAll(expanded, limit, 0)
	x.received(sent, err)
	return bytes.TrimPrefix(text, byteOrderMark), bodyError(err, limit)
}

// received ends the reading. After a body that came whole the deadline is lifted; after one that did not, nothing more
// is awaited and the connection ends with the answer.
func (x *exchange) received(sent *pacedReader, err error) {
	if err == nil {
		sent.done()
		return
	}
	x.w.Header().Set("Connection", "close")
}

// byteOrderMark begins the text of some clients; RFC 8259 section 8.1 allows to overlook it.
var byteOrderMark = []byte("\xef\xbb\xbf")

// isCompressed reads Content-Encoding (RFC 9110 section 8.4): gzip or nothing.
func isCompressed(h http.Header) (bool, error) {
	switch strings.ToLower(strings.TrimSpace(strings.Join(h["Content-Encoding"], ","))) {
	case "", "identity":
		return false, nil
	case "gzip", "x-gzip":
		return true, nil
	}
	return false, unsupported("send the body without Content-Encoding, or with gzip")
}

// errTooLong is how readAll says that there is more than the limit.
var errTooLong = errors.New("more bytes than the limit")

// readAll reads at most limit bytes. It believes the announced size no further than a small buffer, so that an
// announcement alone costs no memory.
func readAll(r io.Reader, limit, announced int) ([]byte, error) {
	const small = 64 << 10
	size := 4 << 10
	if announced > 0 {
		size = min(announced, small) + 1
	}
	text := make([]byte, 0, size)
	for {
		if len(text) == cap(text) {
			text = append(text, 0)[:len(text)]
		}
		n, err := r.Read(text[len(text):cap(text)])
		text = text[:len(text)+n]
		if len(text) > limit {
			return nil, errTooLong
		}
		if errors.Is(err, io.EOF) {
			return text, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// bodyError says what is wrong with a body that could not be read.
func bodyError(err error, limit int) error {
	var beyond *http.MaxBytesError
	var network net.Error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errTooLong), errors.As(err, &beyond):
		return tooLarge(limit)
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &network) && network.Timeout():
		r := refuse(http.StatusRequestTimeout, "request_timeout", "the body arrived too slowly; repeat the request")
		r.cause = err
		return r
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.Is(err, io.ErrUnexpectedEOF):
		return invalidSyntax("the body ends too early or is not the gzip it says it is; send it whole")
	}
	return invalidSyntax("the body could not be read; send it again")
}

func tooLarge(limit int) error {
	return &domain.Error{Kind: domain.Invalid, Code: domain.CodeTooLarge, Message: "the body is larger than the limit of " +
		strconv.Itoa(limit>>20) + " MiB; send less at once"}
}

func invalidSyntax(message string) error {
	return &domain.Error{Kind: domain.Invalid, Code: domain.CodeInvalidSyntax, Message: message}
}

// parse reads a JSON object.
func parse(text []byte, bounds attribute.Bounds) (attribute.Value, error) {
	tree, err := attribute.Read(text, bounds)
	var fault *attribute.SyntaxError
	if errors.As(err, &fault) {
		return tree, invalidSyntax("the body is not the JSON this takes: " + fault.Error())
	}
	if err != nil {
		return tree, err
	}
	if tree.Kind() != attribute.Complex {
		return tree, invalidSyntax("the body must be a JSON object, not " + tree.Kind().String())
	}
	return tree, nil
}

// pacedReader moves the deadline of the connection on with what has arrived.
type pacedReader struct {
	body    io.Reader
	control *http.ResponseController
	start   time.Time
	got     int64
}

func (p *pacedReader) Read(b []byte) (int, error) {
	// Where the connection knows no deadlines (a recorder in a test), there is nobody to wait for either.
	_ = p.control.SetReadDeadline(p.start.Add(patience + time.Duration(p.got)*time.Second/slowest))
	n, err := p.body.Read(b)
	p.got += int64(n)
	return n, err
}

// done lifts the deadline: the server watches the connection while it works, and would take the deadline for the
// client's leaving.
func (p *pacedReader) done() { _ = p.control.SetReadDeadline(time.Time{}) }

// wallClock is the time as the network knows it. Deadlines of connections are set by it and not by the injected clock,
// which a test may stop.
func wallClock() time.Time {
	return time.Now() //nolint:forbidigo // see above
}
