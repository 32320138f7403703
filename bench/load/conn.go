package load

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
)

// conn is a keep-alive connection that reads HTTP/1.1 answers (RFC 9112): as much of the protocol as servers use.
type conn struct {
	net.Conn

	in   *bufio.Reader
	body []byte
	size int64 // of the body being read
}

func newConn(c net.Conn) *conn {
	return &conn{Conn: c, in: bufio.NewReaderSize(c, 32<<10), body: make([]byte, 0, 8<<10)}
}

// exchange sends a request and reads the answer.
func (c *conn) exchange(request []byte) (Answer, error) {
	if _, err := c.Write(request); err != nil {
		return Answer{}, err
	}
	for {
		status, length, err := c.head()
		if err != nil {
			return Answer{}, err
		}
		if status >= 100 && status < 200 {
			continue // not the answer yet
		}
		c.body, c.size = c.body[:0], 0
		switch {
		case status == 204 || status == 304:
		case length == chunked:
			err = c.chunks()
		case length == unknown:
			err = fmt.Errorf("an answer (%d) with neither a length nor chunks", status)
		default:
			err = c.take(length)
		}
		return Answer{Status: status, Body: c.body, Size: c.size}, err
	}
}

// What stands for the length of a body where it is not a number.
const (
	unknown = int64(-1)
	chunked = int64(-2)
)

// head reads the status line and the headers.
func (c *conn) head() (status int, length int64, err error) {
	line, err := c.line()
	if err != nil {
		return 0, 0, err
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return 0, 0, fmt.Errorf("not an HTTP/1.1 answer: %.60q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, 0, fmt.Errorf("not a status: %.60q", line)
	}
	for length = unknown; ; {
		if line, err = c.line(); err != nil {
			return 0, 0, err
		}
		if len(line) == 0 {
			return status, length, nil
		}
		if value, ok := header(line, "content-length"); ok {
			if length, err = strconv.ParseInt(string(value), 10, 64); err != nil || length < 0 {
				return 0, 0, fmt.Errorf("not a length: %.60q", line)
			}
		} else if value, ok := header(line, "transfer-encoding"); ok && string(value) == "chunked" {
			length = chunked
		}
	}
}

// line reads a line without its end. It is valid until the next one.
func (c *conn) line() ([]byte, error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return bytes.TrimRight(line, "\r\n"), nil
}

// header gives the value when the line is the header with this name, which is in lower case.
func header(line []byte, name string) (value []byte, ok bool) {
	if len(line) <= len(name) || line[len(name)] != ':' {
		return nil, false
	}
	for i := range len(name) {
		if line[i]|0x20 != name[i] && line[i] != name[i] {
			return nil, false
		}
	}
	return bytes.TrimSpace(line[len(name)+1:]), true
}

// chunks reads a body in chunks (RFC 9112 section 7.1).
func (c *conn) chunks() error {
	for {
		line, err := c.line()
		if err != nil {
			return err
		}
		digits, _, _ := bytes.Cut(line, []byte(";"))
		size, err := strconv.ParseInt(string(bytes.TrimSpace(digits)), 16, 64)
		if err != nil || size < 0 {
			return fmt.Errorf("not the size of a chunk: %.60q", line)
		}
		if err := c.take(size); err != nil {
			return err
		}
		for { // the end of the chunk; after the last one, trailers up to an empty line
			if line, err = c.line(); err != nil {
				return err
			}
			if len(line) == 0 {
				break
			}
			if size > 0 {
				return fmt.Errorf("a chunk is longer than it says: %.60q", line)
			}
		}
		if size == 0 {
			return nil
		}
	}
}

// take reads n bytes of body and keeps them while there is room.
func (c *conn) take(n int64) error {
	keep := int(min(n, int64(Kept-len(c.body))))
	at := len(c.body)
	if need := at + keep; need > cap(c.body) {
		grown := make([]byte, at, max(need, 2*cap(c.body)))
		copy(grown, c.body)
		c.body = grown
	}
	c.body = c.body[:at+keep]
	if _, err := io.ReadFull(c.in, c.body[at:]); err != nil {
		return err
	}
	if _, err := io.CopyN(io.Discard, c.in, n-int64(keep)); err != nil {
		return err
	}
	c.size += n
	return nil
}

func firstLine(request []byte) string {
	line, _, _ := bytes.Cut(request, []byte("\r\n"))
	return fmt.Sprintf("%.200s", line)
}
