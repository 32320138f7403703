package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	netmail "net/mail"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// gate holds what comes while it is shut.
type gate struct {
	mu   sync.Mutex
	held int           // how many came while it was shut
	open chan struct{} // closed when it is opened again; nil: it is open
}

func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open = make(chan struct{})
}

func (g *gate) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.open)
	g.open = nil
}

// pass returns when whoever comes may go on, or has gone away.
func (g *gate) pass(gone <-chan struct{}) {
	g.mu.Lock()
	open := g.open
	if open == nil {
		g.mu.Unlock()
		return
	}
	g.held++
	g.mu.Unlock()
	select {
	case <-open:
	case <-gone:
	}
}

func (g *gate) holds() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.held
}

// hookReceiver is an application that notes what it is told before it answers.
type hookReceiver struct {
	*httptest.Server
	gate

	noted sync.Mutex
	got   map[string][]string // ids of events in the order in which they came, by subject
}

func newHookReceiver(t *testing.T) *hookReceiver {
	t.Helper()
	r := &hookReceiver{got: map[string][]string{}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		var body struct {
			Data struct {
				Subject struct{ ID string }
			}
		}
		text, err := io.ReadAll(request.Body)
		if err != nil || json.Unmarshal(text, &body) != nil || body.Data.Subject.ID == "" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		r.noted.Lock()
		r.got[body.Data.Subject.ID] = append(r.got[body.Data.Subject.ID], request.Header.Get("Webhook-Id"))
		r.noted.Unlock()
		r.pass(request.Context().Done())
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(r.Close)
	return r
}

// count is how many came.
func (r *hookReceiver) count() (n int) {
	r.noted.Lock()
	defer r.noted.Unlock()
	for _, ids := range r.got {
		n += len(ids)
	}
	return n
}

// of is what came about a subject.
func (r *hookReceiver) of(subject string) []string {
	r.noted.Lock()
	defer r.noted.Unlock()
	return slices.Clone(r.got[subject])
}

const setTitle = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"title","value":"%d"}]}`

// leaseOver lets the leases of a table run out: as if two minutes had gone by since.
func (p *pair) leaseOver(table string) {
	p.Helper()
	p.exec("UPDATE "+table+" SET due_at = due_at - $1", domain.Lease.Milliseconds())
}

// One of two processes is killed while it has sent webhooks and not yet marked them: nothing is lost, each person's events
// come in order, and what comes twice is what was under way then, no more (security 50).
func TestSecurity50TwoProcessesDeliverWebhooks(t *testing.T) {
	t.Parallel()
	storetest.EachLevel(t, twoDeliverWebhooks)
}

func twoDeliverWebhooks(t *testing.T, databaseURL string) {
	const (
		people, changes = 12, 6
		atOnce          = 4 // of one process to one webhook: see delivery
	)
	p := newPair(t, databaseURL, "unlimited", "--webhook-allow-private")
	r := newHookReceiver(t)
	p.made(p.api(0, http.MethodPost, "/webhooks", `{"url":"`+r.URL+`","types":["user.created","user.updated"]}`))
	ids := make([]string, people)
	pushed := func(want int, push func(i int) answered) {
		t.Helper()
		require.Equal(t, map[int]int{want: people}, p.together(people, push))
	}
	pushed(http.StatusCreated, func(i int) answered {
		got := p.scim(i, http.MethodPost, "/Users", user(fmt.Sprintf("u%d@acme.test", i)))
		if got.status == http.StatusCreated {
			ids[i] = idOf(t, got.body)
		}
		return got
	})
	retitle := func(n int) {
		t.Helper()
		pushed(http.StatusOK, func(i int) answered { return p.scim(i+n, http.MethodPatch, "/Users/"+ids[i], fmt.Sprintf(setTitle, n)) })
	}
	for n := range changes {
		retitle(n)
	}
	lanes := func() int { return p.count("SELECT count(*) FROM webhook_lanes") }
	delivered := func() int { return p.count("SELECT count(*) FROM webhook_deliveries WHERE state = 'delivered'") }
	p.eventually("all is delivered", func() bool { return delivered() == people*(1+changes) && lanes() == 0 })
	require.Equal(t, people*(1+changes), r.count(), "none twice")

	// Both send as many as they may, and no answer comes.
	r.shut()
	retitle(changes)
	p.eventually("both wait for answers", func() bool { return r.holds() == 2*atOnce })
	p.servers[0].end(syscall.SIGKILL)
	r.release()
	p.eventually("the other one sends the rest", func() bool { return lanes() == atOnce })
	p.leaseOver("webhook_lanes")
	p.eventually("the other one sends what the first one had", func() bool { return lanes() == 0 })

	twice := 0
	for _, id := range ids {
		want := column(t, p.db, "SELECT event_id::text FROM events WHERE subject_id = '"+id+"' AND type IN ('user.created', 'user.updated') ORDER BY event_id")
		require.Len(t, want, 2+changes)
		got := r.of(id)
		twice += len(got) - len(want)
		require.Equal(t, want, slices.Compact(got), "in order, none lost")
	}
	require.Equal(t, atOnce, twice, "what one process had under way")
	require.Equal(t, people*(2+changes), delivered())
	t.Logf("%d of %d webhooks came twice", twice, people*(2+changes))
}

// inbox is a mail server that notes a letter before it says that it has it.
type inbox struct {
	gate

	noted sync.Mutex
	got   []string
}

// NewSession implements smtp.Backend.
func (b *inbox) NewSession(*smtp.Conn) (smtp.Session, error) { return &inboxSession{b}, nil }

type inboxSession struct{ *inbox }

func (*inboxSession) Mail(string, *smtp.MailOptions) error { return nil }
func (*inboxSession) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (*inboxSession) Reset()                               {}
func (*inboxSession) Logout() error                        { return nil }

func (s *inboxSession) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	s.noted.Lock()
	s.got = append(s.got, string(text))
	s.noted.Unlock()
	s.pass(nil)
	return err
}

// letter is what there is to compare of a letter.
type letter struct{ to, id, link string }

var invitationLink = regexp.MustCompile(`/invitation/(usher_link_[A-Za-z0-9_-]+)`)

// texts are whole messages, in the order in which they came.
func (b *inbox) texts() []string {
	b.noted.Lock()
	defer b.noted.Unlock()
	return slices.Clone(b.got)
}

// letters are those that came, in order.
func (b *inbox) letters(t *testing.T) []letter {
	t.Helper()
	var list []letter
	for _, text := range b.texts() {
		m, err := netmail.ReadMessage(strings.NewReader(text))
		require.NoError(t, err)
		body, err := io.ReadAll(m.Body)
		require.NoError(t, err)
		link := invitationLink.FindStringSubmatch(strings.ReplaceAll(string(body), "=\r\n", ""))
		require.NotNil(t, link, string(body))
		list = append(list, letter{m.Header.Get("To"), m.Header.Get("Message-Id"), link[1]})
	}
	return list
}

// serve begins to take letters at an address.
func (b *inbox) serve(t *testing.T, address string) {
	t.Helper()
	l, err := net.Listen("tcp", address)
	require.NoError(t, err)
	server := smtp.NewServer(b)
	server.Domain = "mail.test"
	var done sync.WaitGroup
	done.Go(func() { _ = server.Serve(l) })
	t.Cleanup(func() { _ = server.Close(); done.Wait() })
}

// While the mail server is down letters wait. One of two processes is killed while it has sent letters and not yet marked
// them: they are sent again under the same Message-IDs, and their links work once (security 50).
func TestSecurity50TwoProcessesSendLetters(t *testing.T) {
	t.Parallel()
	storetest.EachLevel(t, twoSendLetters)
}

func twoSendLetters(t *testing.T, databaseURL string) {
	const (
		atOnce = 4 // of one process
		people = 3 * atOnce
	)
	b := &inbox{}
	place, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := place.Addr().String()
	require.NoError(t, place.Close()) // there is nobody yet
	p := newPair(t, databaseURL, "unlimited", "--smtp-url", "smtp+plain://"+address, "--mail-from", "Usher <usher@acme.test>")
	for i := range people {
		p.invite(i, fmt.Sprintf("u%d@acme.test", i))
	}
	p.eventually("all were tried in vain", func() bool {
		return p.count("SELECT count(*) FROM letters WHERE state = 'queued' AND attempts > 0 AND problem <> ''") == people
	})

	b.shut()
	b.serve(t, address)
	p.exec("UPDATE letters SET due_at = 1") // as if the pause between two attempts were over
	p.eventually("both wait for the mail server's word", func() bool { return b.holds() == 2*atOnce })
	p.servers[0].end(syscall.SIGKILL)
	b.release()
	queued := func() int { return p.count("SELECT count(*) FROM letters WHERE state = 'queued'") }
	p.eventually("the other one sends the rest", func() bool { return queued() == atOnce })
	p.leaseOver("letters")
	p.eventually("the other one sends what the first one had", func() bool { return queued() == 0 })
	require.Equal(t, people, p.count("SELECT count(*) FROM letters WHERE state = 'delivered'"))

	letters := b.letters(t)
	require.Len(t, letters, people+atOnce)
	entrance := p.entrance()
	for _, again := range letters[people:] {
		require.Equal(t, 1, count(letters[:people], again), "the same letter, with the same Message-ID and link")
		_, err = entrance.AcceptInvitation(t.Context(), again.link, goodPassword, domain.Visitor{})
		require.NoError(t, err)
		_, err = entrance.AcceptInvitation(t.Context(), again.link, goodPassword, domain.Visitor{})
		require.True(t, domain.IsCode(err, domain.CodeLinkNotGood), "%v", err)
	}
	t.Logf("%d of %d letters came twice", len(letters)-people, people)
}

// count is how often something is in a list.
func count[T comparable](list []T, one T) (n int) {
	for _, x := range list {
		if x == one {
			n++
		}
	}
	return n
}
