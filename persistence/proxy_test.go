package persistence_test

import (
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
)

// proxy stands between a store and its server, and loses the connection where it hurts most.
type proxy struct {
	*testing.T
	listener net.Listener
	server   string
	group    sync.WaitGroup

	loseAnswer  atomic.Bool // once: when the server has committed, before it can say so
	loseRequest atomic.Bool // once: before the server has heard of it
	lost        atomic.Int32
}

// through gives the URL of a database as seen through a proxy.
func through(t *testing.T, databaseURL string) (*proxy, string) {
	t.Helper()
	u, err := url.Parse(databaseURL)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{T: t, listener: listener, server: u.Host}
	p.group.Go(p.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		p.group.Wait()
	})
	u.Host = listener.Addr().String()
	return p, u.String()
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.server)
		if err != nil {
			_ = client.Close()
			continue
		}
		p.group.Go(func() { p.requests(client, server) })
		p.group.Go(func() { p.answers(client, server) })
	}
}

// requests passes on what the client says.
func (p *proxy) requests(client, server net.Conn) {
	defer server.Close()
	defer client.Close()
	buffer := make([]byte, 1<<16)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			return
		}
		if p.loseRequest.CompareAndSwap(true, false) {
			p.lost.Add(1)
			return
		}
		if _, err := server.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// answers passes on what the server says, message by message (PostgreSQL documentation, section 55.7). A message that a
// transaction is over, after one that a command was carried out, is what gets lost, with everything of that answer.
func (p *proxy) answers(client, server net.Conn) {
	defer client.Close()
	defer server.Close()
	var answer []byte // since the server was last ready
	carriedOut := false
	for {
		message, err := readMessage(server)
		if err != nil {
			return
		}
		answer = append(answer, message...)
		switch message[0] {
		case 'C': // CommandComplete
			carriedOut = true
		case 'Z': // ReadyForQuery
			if idle := message[5] == 'I'; idle && carriedOut && p.loseAnswer.CompareAndSwap(true, false) {
				p.lost.Add(1)
				return
			}
			carriedOut = false
		case 'R', 'E', 'N', 'S', 'K': // the beginning of a connection, errors: at once
		default:
			continue
		}
		if _, err := client.Write(answer); err != nil {
			return
		}
		answer = answer[:0]
	}
}

func readMessage(server net.Conn) ([]byte, error) {
	head := make([]byte, 5)
	if _, err := io.ReadFull(server, head); err != nil {
		return nil, err
	}
	message := make([]byte, 1+binary.BigEndian.Uint32(head[1:]))
	copy(message, head)
	_, err := io.ReadFull(server, message[5:])
	return message, err
}

// The connection is lost after the commit and before the answer, or before the server has heard anything: the client is
// told that the database is away, asks again, and there is one person, with one seat and one event (security 49).
func TestAnswerLost(t *testing.T) {
	t.Parallel()
	databaseURL := storetest.PostgresURL(t)
	p, proxied := through(t, databaseURL)
	store, err := persistence.Open(t.Context(), persistence.Config{URL: proxied, Connections: 1})
	require.NoError(t, err)
	defer store.Close()
	direct := storetest.Open(t, databaseURL)
	tenant := storetest.OwnTenant(t, direct, 10)
	directory := domain.NewDirectory(store, storetest.Environment())
	db := storetest.RawURL(t, databaseURL)
	people := func(name string) int {
		return storetest.Count(t, db, "SELECT count(*) FROM users WHERE user_name = $1", name)
	}
	push := func(name string) (domain.User, error) {
		return directory.Provision(t.Context(), tenant.Caller, storetest.Person(name, storetest.Emails("mail-"+name)))
	}
	warm := func(name string) domain.User { // the connection knows the statements: a push is one question and one answer
		u, err := push(name)
		require.NoError(t, err)
		return u
	}

	warm("warm1@acme.test")
	p.loseAnswer.Store(true)
	_, err = push("ana@acme.test")
	storetest.Refused(t, err, domain.Unavailable, domain.CodeUnavailable)
	require.EqualValues(t, 1, p.lost.Load())
	require.Equal(t, 1, people("ana@acme.test"), "an error does not mean that it is not done")
	_, err = push("ana@acme.test")
	storetest.Refused(t, err, domain.Conflict, domain.CodeUserNameTaken)
	require.Equal(t, 1, people("ana@acme.test"))

	warm("warm2@acme.test")
	p.loseRequest.Store(true)
	_, err = push("b@acme.test")
	storetest.Refused(t, err, domain.Unavailable, domain.CodeUnavailable)
	require.EqualValues(t, 2, p.lost.Load())
	require.Zero(t, people("b@acme.test"), "nor that it is")
	u := warm("b@acme.test")

	// A change is safe to repeat as well: the second time it finds that nothing differs.
	off := storetest.Setting(storetest.Truth("active", false))
	_, err = directory.ChangeUser(t.Context(), tenant.Caller, u.ID, domain.IfMatch{}, &u, storetest.Setting(storetest.Text("title", "warm")))
	require.NoError(t, err)
	known, err := directory.User(t.Context(), tenant.Caller, u.ID)
	require.NoError(t, err)
	p.loseAnswer.Store(true)
	_, err = directory.ChangeUser(t.Context(), tenant.Caller, u.ID, domain.IfMatch{}, &known, off)
	storetest.Refused(t, err, domain.Unavailable, domain.CodeUnavailable)
	changed, err := directory.ChangeUser(t.Context(), tenant.Caller, u.ID, domain.IfMatch{}, nil, off)
	require.NoError(t, err)
	require.Equal(t, known.Version+1, changed.Version)
	require.EqualValues(t, 3, p.lost.Load())
	storetest.Consistent(t, direct, tenant.Organisation.ID)
}
