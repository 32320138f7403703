package scim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
	"usher/scim"
)

// database is one of the databases that a test runs on: a store shared by the subtests of one test, who have tenants of
// their own.
type database struct {
	name  string
	store func(t *testing.T) *persistence.Store
}

// databases are all that there are, PostgreSQL also at SERIALIZABLE (security 52). They are opened by the first subtest that
// needs them, and closed with t.
func databases(t *testing.T) []database {
	t.Helper()
	sqlite := sync.OnceValue(func() *persistence.Store { return storetest.SQLite(t) })
	kinds := []database{{"sqlite", func(*testing.T) *persistence.Store { return sqlite() }}}
	for name, open := range map[string]func(testing.TB) *persistence.Store{"postgres": storetest.Postgres, "serializable": storetest.Serializable} {
		shared := sync.OnceValue(func() *persistence.Store { return open(t) })
		kinds = append(kinds, database{name, func(t *testing.T) *persistence.Store {
			t.Helper()
			if os.Getenv("USHER_TEST_POSTGRES") == "" {
				return open(t) // skips, or fails where nothing may be skipped
			}
			return shared()
		}})
	}
	return kinds
}

// story is a test that runs on every database, in a tenant of its own.
type story struct {
	name string
	run  func(t *testing.T, s *server)
}

func tell(t *testing.T, stories []story) {
	t.Helper()
	all := databases(t)
	for _, story := range stories {
		t.Run(story.name, func(t *testing.T) {
			t.Parallel()
			for _, d := range all {
				t.Run(d.name, func(t *testing.T) {
					t.Parallel()
					story.run(t, newServer(t, d.store(t)))
				})
			}
		})
	}
}

// server is the adapter on a socket, with one tenant behind it.
type server struct {
	t         testing.TB
	store     domain.Store
	tenant    storetest.Tenant
	directory *domain.Directory
	handler   http.Handler
	url       string // of the prefix
	token     string // sent with every request
	clock     *clock
	ledger    *ledger
	log       *bytes.Buffer
	seen      *observed
}

const requestID = "01990000-test-request"

func newServer(t testing.TB, store domain.Store) *server {
	t.Helper()
	return newServerWith(t, store, func(*scim.Config) {})
}

func newServerWith(t testing.TB, store domain.Store, adjust func(*scim.Config)) *server {
	t.Helper()
	id, err := uuid.NewV7()
	require.NoError(t, err)
	s := &server{
		t: t, store: store, tenant: storetest.NewTenant(t, store, "t"+id.String(), -1),
		clock: &clock{}, ledger: &ledger{}, log: &bytes.Buffer{}, seen: &observed{},
	}
	s.token = s.tenant.Token
	s.directory = domain.NewDirectory(store, domain.Environment{Now: s.clock.now, NewID: uuid.NewV7, Links: storetest.Links(), Passwords: storetest.Passwords{}})
	config := scim.Config{
		Directory: s.directory, BaseURL: func() string { return s.url }, CursorKey: bytes.Repeat([]byte{7}, 32),
		Now: s.clock.now, Log: slog.New(slog.NewJSONHandler(s.log, nil)), Ledger: s.ledger, Observe: s.seen.observe,
		RequestID: func(context.Context) string { return requestID },
	}
	adjust(&config)
	s.handler, err = scim.New(config)
	require.NoError(t, err)
	web := httptest.NewServer(s.handler)
	t.Cleanup(web.Close)
	s.url = web.URL + scim.Prefix
	return s
}

// clock is the present, moved by what a test adds.
type clock struct {
	mu    sync.Mutex
	added time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.added)
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.added += d
}

// ledger keeps what was counted.
type ledger struct {
	mu      sync.Mutex
	entries []domain.Tally
}

func (l *ledger) Count(caller domain.Caller, kind domain.TallyKind, what, detail string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = append(l.entries, domain.Tally{
		Organisation: caller.Organisation, Connection: caller.Connection, Kind: kind, What: what, Detail: detail, RequestID: caller.RequestID,
	})
}

func (l *ledger) all(kind domain.TallyKind) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []string
	for _, e := range l.entries {
		if e.Kind == kind {
			list = append(list, e.What)
		}
	}
	return list
}

// observed keeps what the metrics would be told.
type observed struct {
	mu      sync.Mutex
	entries []string
}

func (o *observed) observe(r *http.Request, route string, _ domain.Caller, status int, _ time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.entries = append(o.entries, r.Method+" "+route+" "+strconv.Itoa(status))
}

func (o *observed) last() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.entries[len(o.entries)-1]
}

// answer is what came back.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	text   string
	doc    any
	log    *bytes.Buffer // of the server, for who has to find out why
}

// do sends a request. body is nil, a string sent as it is, or anything that JSON can write; headers are pairs.
func (s *server) do(method, path string, body any, headers ...string) answer {
	s.t.Helper()
	var reader io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		reader = strings.NewReader(b)
	case []byte:
		reader = bytes.NewReader(b)
	case io.Reader:
		reader = b
	default:
		text, err := json.Marshal(b)
		require.NoError(s.t, err)
		reader = bytes.NewReader(text)
	}
	r, err := http.NewRequest(method, s.url+path, reader)
	require.NoError(s.t, err)
	if s.token != "" {
		r.Header.Set("Authorization", "Bearer "+s.token)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/scim+json")
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i+1] == "" {
			r.Header.Del(headers[i])
		} else {
			r.Header.Add(headers[i], headers[i+1])
		}
	}
	if values := r.Header["Content-Type"]; len(values) > 1 {
		r.Header["Content-Type"] = values[1:]
	}
	return s.send(r)
}

func (s *server) send(r *http.Request) answer {
	s.t.Helper()
	resp, err := http.DefaultClient.Do(r)
	require.NoError(s.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(s.t, err)
	a := answer{t: s.t, status: resp.StatusCode, header: resp.Header, text: string(text), log: s.log}
	if len(text) > 0 {
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		require.NoError(s.t, decoder.Decode(&a.doc), "the answer is no JSON: %s", text)
	}
	return a
}

func (s *server) get(path string, headers ...string) answer {
	s.t.Helper()
	return s.do(http.MethodGet, path, nil, headers...)
}

func (s *server) post(path string, body any, headers ...string) answer {
	s.t.Helper()
	return s.do(http.MethodPost, path, body, headers...)
}

func (s *server) put(path string, body any, headers ...string) answer {
	s.t.Helper()
	return s.do(http.MethodPut, path, body, headers...)
}

// patch sends operations, given as JSON text without the brackets around them.
func (s *server) patch(path, operations string, headers ...string) answer {
	s.t.Helper()
	body := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` + operations + `]}`
	return s.do(http.MethodPatch, path, body, headers...)
}

func (s *server) delete(path string, headers ...string) answer {
	s.t.Helper()
	return s.do(http.MethodDelete, path, nil, headers...)
}

// user creates a person from further members of the body and gives the id.
func (s *server) user(userName string, more ...string) string {
	s.t.Helper()
	body := `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":` + strconv.Quote(userName)
	return s.post("/Users", strings.Join(append([]string{body}, more...), ",")+"}").is(201).str("/id")
}

// group creates a group with members and gives the id.
func (s *server) group(displayName string, members ...string) string {
	s.t.Helper()
	return s.post("/Groups", map[string]any{
		"schemas": []string{domain.URNGroup}, "displayName": displayName, "members": refs(members...),
	}).is(201).str("/id")
}

func refs(ids ...string) []map[string]string {
	list := make([]map[string]string, len(ids))
	for i, id := range ids {
		list[i] = map[string]string{"value": id}
	}
	return list
}

// sameStore is the adapter of another process over the same store: it remembers nothing of this one.
func (s *server) sameStore() *server {
	s.t.Helper()
	other := newServer(s.t, s.store)
	other.tenant, other.token = s.tenant, s.token
	return other
}

// connection adds a connection to the same organisation and speaks for it.
func (s *server) connection(name string) *server {
	s.t.Helper()
	other := *s
	other.tenant.Connection, other.tenant.Token, other.tenant.Caller = storetest.NewConnection(s.t, s.store, s.tenant.Organisation.ID, name)
	other.token = other.tenant.Token
	return &other
}

// stranger is another organisation on the same adapter.
func (s *server) stranger() *server {
	s.t.Helper()
	id, err := uuid.NewV7()
	require.NoError(s.t, err)
	other := *s
	other.tenant = storetest.NewTenant(s.t, s.store, "x"+id.String(), -1)
	other.token = other.tenant.Token
	return &other
}
