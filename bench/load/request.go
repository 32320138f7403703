package load

import (
	"net/url"
	"strconv"
)

// Form writes requests to one server with one token. Its fixed parts are made once.
type Form struct {
	base string // path that every target begins with
	head string // headers that every request has, with the end of the request line before them
}

// NewForm makes a form. host is what the Host header says, base is where every target begins ("/scim/v2").
func NewForm(host, base, token string) Form {
	return Form{base: base, head: " HTTP/1.1\r\nHost: " + host + "\r\nAuthorization: Bearer " + token +
		"\r\nAccept: application/scim+json\r\nUser-Agent: usher-bench\r\n"}
}

// Get appends a GET of base + target.
func (f Form) Get(dst []byte, target ...string) []byte {
	return append(f.open(dst, "GET ", target), "\r\n"...)
}

// Send appends a request with a body.
func (f Form) Send(dst []byte, method string, body []byte, target ...string) []byte {
	dst = f.open(dst, method+" ", target)
	dst = append(dst, "Content-Type: application/scim+json\r\nContent-Length: "...)
	dst = strconv.AppendInt(dst, int64(len(body)), 10)
	dst = append(dst, "\r\n\r\n"...)
	return append(dst, body...)
}

func (f Form) open(dst []byte, method string, target []string) []byte {
	dst = append(dst, method...)
	dst = append(dst, f.base...)
	for _, part := range target {
		dst = append(dst, part...)
	}
	return append(dst, f.head...)
}

// Escape makes a text fit for the query of a target.
func Escape(s string) string { return url.QueryEscape(s) }
