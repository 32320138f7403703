package pgbench_test

import (
	"io"
	"net"
	"net/url"
	"slices"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// recorder stands between a store and PostgreSQL and notes every statement that the store has parsed. So the scripts
// are compared with what is really sent, however the store comes by it.
type recorder struct {
	server string

	mu    sync.Mutex
	seen  []string
	conns []net.Conn
}

// record starts a recorder before a database and gives the URL to connect to.
func record(t *testing.T, database string) (*recorder, string) {
	t.Helper()
	u, err := url.Parse(database)
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	r := &recorder{server: u.Host}
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go r.serve(client)
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, c := range r.conns {
			_ = c.Close()
		}
	})
	u.Host = l.Addr().String()
	q := u.Query()
	q.Set("sslmode", "disable")
	u.RawQuery = q.Encode()
	return r, u.String()
}

func (r *recorder) serve(client net.Conn) {
	server, err := net.Dial("tcp", r.server)
	if err != nil {
		_ = client.Close()
		return
	}
	r.mu.Lock()
	r.conns = append(r.conns, client, server)
	r.mu.Unlock()
	go func() {
		_, _ = io.Copy(client, server)
		_ = client.Close()
	}()
	defer func() { _ = server.Close() }()
	frontend := pgproto3.NewBackend(io.TeeReader(client, server), io.Discard)
	if _, err := frontend.ReceiveStartupMessage(); err != nil {
		return
	}
	for {
		message, err := frontend.Receive()
		if err != nil {
			return
		}
		if parse, ok := message.(*pgproto3.Parse); ok {
			r.mu.Lock()
			if !slices.Contains(r.seen, parse.Query) {
				r.seen = append(r.seen, parse.Query)
			}
			r.mu.Unlock()
		}
	}
}

// take gives what was noted since the last time.
func (r *recorder) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := r.seen
	r.seen = nil
	return seen
}
