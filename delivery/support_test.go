package delivery_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"usher/delivery"
	"usher/delivery/webhook"
	"usher/domain"
	"usher/internal/secret"
	"usher/persistence"
	"usher/persistence/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// scene is an organisation, and what carries its events out.
type scene struct {
	*testing.T
	store          *persistence.Store
	clock          *storetest.Clock
	tenant         storetest.Tenant
	directory      *domain.Directory
	administration *domain.Administration
	who            domain.Administrator
	key            secret.Key
	terms          domain.WebhookTerms
	courier        *delivery.Courier
}

func each(t *testing.T, test func(s *scene)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) { test(newScene(t, store)) })
}

func newScene(t *testing.T, store *persistence.Store) *scene {
	t.Helper()
	clock := storetest.NewClock()
	s := &scene{
		T: t, store: store, clock: clock, tenant: storetest.NewTenant(t, store, "acme", -1),
		directory:      domain.NewDirectory(store, clock.Environment()),
		administration: domain.NewAdministration(store, clock.Environment(), rand.Reader),
	}
	s.who = domain.Administrator{Organisation: s.tenant.Organisation.ID, Actor: domain.ActorOperator(), Owner: true}
	var err error
	s.key, err = secret.Parse("a-secret-key-for-tests-0123456789abcdef")
	require.NoError(t, err)
	s.terms = domain.WebhookTerms{AllowPrivate: true, Seal: func(plain, place []byte) ([]byte, error) { return s.key.Seal("webhook", plain, place) }}
	s.courier = s.newCourier(store, nil)
	return s
}

// newCourier is a courier of a process of its own. after, if not nil, runs between an attempt and what is made of it.
func (s *scene) newCourier(store domain.Store, after func()) *delivery.Courier {
	s.Helper()
	sender := webhook.New(s.sending(true))
	s.Cleanup(sender.Close)
	return delivery.New(delivery.Config{
		Outbox: domain.NewOutbox(store, s.clock.Environment()), Log: slog.New(slog.DiscardHandler), Now: s.clock.Now,
		Webhooks: func(ctx context.Context, p domain.Parcel) domain.Receipt {
			r := sender.Send(ctx, p)
			if after != nil {
				after()
			}
			return r
		},
	})
}

func (s *scene) sending(private bool) webhook.Config {
	return webhook.Config{
		AllowPrivate: private, Now: s.clock.Now,
		Open: func(sealed, place []byte) ([]byte, error) { return s.key.Open("webhook", sealed, place) },
	}
}

// until lets the courier work until something is so. On PostgreSQL the feed may have to wait for whatever else the server
// does.
func (s *scene) until(so func() bool) {
	s.Helper()
	deadline := time.Now().Add(time.Minute)
	for !so() {
		s.round(s.courier)
		require.True(s, time.Now().Before(deadline), "it did not come to that")
	}
}

// round is one round of everything.
func (s *scene) round(c *delivery.Courier) {
	s.Helper()
	_, err := c.PassOn(s.Context())
	require.NoError(s, err)
	_, err = c.SendWebhooks(s.Context())
	require.NoError(s, err)
	c.Wait()
}

func (s *scene) webhook(url string, types ...domain.EventType) (domain.Webhook, string) {
	s.Helper()
	w, secret, err := s.administration.CreateWebhook(s.Context(), s.who, s.terms, domain.WebhookSpec{URL: url, Types: types})
	require.NoError(s, err)
	return w, secret
}

func (s *scene) state(w domain.Webhook) domain.Webhook {
	s.Helper()
	w, err := s.administration.Webhook(s.Context(), s.who, w.ID)
	require.NoError(s, err)
	return w
}

func (s *scene) deliveries(w domain.Webhook, state domain.DeliveryState) []domain.Delivery {
	s.Helper()
	list, err := s.administration.Deliveries(s.Context(), s.who, w.ID, state, domain.EventPosition{}, 10_000)
	require.NoError(s, err)
	return list
}

// happen appends events about a subject, one unit of work each, and gives their ids.
func (s *scene) happen(subject uuid.UUID, n int) []string {
	s.Helper()
	var ids []string
	for range n {
		e := s.event(subject)
		require.NoError(s, s.store.Write(context.Background(), func(tx domain.Tx) error { return tx.Events().Append(e) }))
		ids = append(ids, e.ID.String())
	}
	return ids
}

func (s *scene) event(subject uuid.UUID) domain.Event {
	return domain.Event{
		ID: domain.EventID{UUID: newID()}, Organisation: s.tenant.Organisation.ID, Type: domain.TeamUpdated, Actor: domain.ActorOperator(),
		SubjectKind: "team", Subject: subject, RequestID: "r", At: s.clock.Now(),
	}
}

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// message is what a receiver got.
type message struct {
	header  http.Header
	body    string
	id      string
	kind    string
	subject string
}

// receiver is an application that receives webhooks.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []message
	answer func(m message) int
}

// newReceiver answers 204 until told otherwise.
func newReceiver(t testing.TB) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		text, _ := io.ReadAll(request.Body)
		var body struct {
			Type string
			Data struct {
				Subject struct{ ID string }
			}
		}
		_ = json.Unmarshal(text, &body)
		m := message{header: request.Header, body: string(text), id: request.Header.Get("Webhook-Id"), kind: body.Type, subject: body.Data.Subject.ID}
		r.mu.Lock()
		status := http.StatusNoContent
		if r.answer != nil {
			status = r.answer(m)
		}
		if status == http.StatusNoContent {
			r.got = append(r.got, m)
		}
		r.mu.Unlock()
		w.WriteHeader(status)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) answering(answer func(m message) int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

// ids of what was accepted, in order; of one subject where one is named.
func (r *receiver) ids(subject ...uuid.UUID) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var ids []string
	for _, m := range r.got {
		if len(subject) == 0 || m.subject == subject[0].String() {
			ids = append(ids, m.id)
		}
	}
	return ids
}

func (r *receiver) messages() []message {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]message(nil), r.got...)
}
