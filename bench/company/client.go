package company

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"usher/bench/load"
)

// Server is where the company is pushed to.
type Server struct {
	URL         string // of the prefix, as the server calls itself in meta.location: "http://127.0.0.1:8080/scim/v2"
	Token       string
	Connections int // requests at the same time
}

// MostConnections at the same time.
const MostConnections = 256

// client speaks to the server, over so many connections that stay open.
type client struct {
	Server

	http     *http.Client
	requests atomic.Int64
}

// patience with one answer, a group of many members included.
const patience = 5 * time.Minute

// Check refuses a server that is not on this machine: nobody else is pushed a company that does not exist.
func (s Server) Check() error {
	at, err := url.Parse(s.URL)
	if err != nil {
		return fmt.Errorf("company: %w", err)
	}
	if at.Scheme != "http" || at.RawQuery != "" || strings.HasSuffix(at.Path, "/") {
		return fmt.Errorf("company: %s must be like http://127.0.0.1:8080/scim/v2", s.URL)
	}
	if _, err := load.Loopback(at.Host); err != nil {
		return err
	}
	if s.Connections < 1 || s.Connections > MostConnections {
		return fmt.Errorf("company: there must be 1 to %d connections", MostConnections)
	}
	return nil
}

func newClient(s Server) (*client, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	transport := &http.Transport{MaxIdleConnsPerHost: s.Connections, MaxConnsPerHost: s.Connections, DisableCompression: true}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client{Server: s, http: &http.Client{Transport: transport, Timeout: patience, CheckRedirect: stay}}, nil
}

// open sends a request and gives the body of the answer, which the caller closes; an answer of another status than those
// expected is an error.
func (c *client) open(ctx context.Context, method, target string, body any, expected ...int) (io.ReadCloser, error) {
	var sent io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		sent = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.URL+target, sent)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+c.Token)
	request.Header.Set("Accept", "application/scim+json")
	if body != nil {
		request.Header.Set("Content-Type", "application/scim+json; charset=utf-8")
	}
	c.requests.Add(1)
	answer, err := c.http.Do(request)
	if err != nil {
		return nil, err
	}
	if slices.Contains(expected, answer.StatusCode) {
		return answer.Body, nil
	}
	const excerpt = 500
	text, _ := io.ReadAll(io.LimitReader(answer.Body, excerpt))
	_ = answer.Body.Close()
	return nil, fmt.Errorf("company: %s %s: answered %d: %s", method, target, answer.StatusCode, text)
}

// do sends a request and decodes the answer, if there is one, into what is not nil.
func (c *client) do(ctx context.Context, method, target string, body, into any, expected ...int) error {
	answer, err := c.open(ctx, method, target, body, expected...)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Close() }()
	if into != nil {
		if err := decode(answer, into); err != nil {
			return fmt.Errorf("company: %s %s: %w", method, target, err)
		}
	}
	_, err = io.Copy(io.Discard, answer) // else the connection is not used again
	return err
}

// decode reads one JSON value and nothing after it. Numbers stay as they are written.
func decode(from io.Reader, into any) error {
	decoder := json.NewDecoder(from)
	decoder.UseNumber()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	return end(decoder)
}

// end says that there is nothing more.
func end(decoder *json.Decoder) error {
	switch _, err := decoder.Token(); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	}
	return errors.New("the answer goes on after its end")
}

// each does something for the numbers from 0 to n-1, on every connection at once. The first error ends it.
func (c *client) each(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(c.Connections, n) {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				if err := do(ctx, i); err != nil {
					cancel(err)
				}
			}
		})
	}
	all.Wait()
	return context.Cause(ctx)
}
