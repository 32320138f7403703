package delivery_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"usher/delivery"
	"usher/domain"
	"usher/persistence/storetest"
)

// What is sent is what the official library of Standard Webhooks accepts, under the secret and, for as long as it is good,
// under the one before; and its body is the event as the feed has it.
func TestWebhookSignatures(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		r := newReceiver(s)
		w, first := s.webhook(r.URL+"/hook?token=x", domain.UserCreated)
		ana, err := s.directory.Provision(s.Context(), s.tenant.Caller, storetest.Person("ana@acme.test"))
		require.NoError(s, err)
		s.happen(newID(), 2) // which it does not want
		s.until(func() bool { return len(r.ids()) == 1 })
		m := r.messages()[0]
		accepts := func(secret string, m message) error {
			hook, err := standardwebhooks.NewWebhook(secret)
			require.NoError(s, err)
			return hook.Verify([]byte(m.body), m.header)
		}
		require.NoError(s, accepts(first, m))
		require.Error(s, accepts("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", m))
		require.Equal(s, "application/json", m.header.Get("Content-Type"))
		events, err := s.administration.Events(s.Context(), s.who, domain.EventQuery{Subject: ana.ID.UUID, Limit: 10})
		require.NoError(s, err)
		event := events.Events[0]
		require.Equal(s, event.ID.String(), m.id)
		require.JSONEq(s, `{"type":"user.created","timestamp":"`+event.At.Format(time.RFC3339Nano)+`","data":`+string(event.AppendPayload(nil))+`}`, m.body)

		w, second, err := s.administration.RotateWebhook(s.Context(), s.who, s.terms, w.ID, time.Hour, domain.IfMatch{})
		require.NoError(s, err)
		require.NotEqual(s, first, second)
		event2, err := s.administration.TestWebhook(s.Context(), s.who, w.ID)
		require.NoError(s, err)
		s.until(func() bool { return len(r.ids()) == 2 })
		m = r.messages()[1]
		require.Equal(s, []string{event2.String(), "webhook.tested"}, []string{m.id, m.kind})
		require.NoError(s, accepts(first, m))
		require.NoError(s, accepts(second, m))
		s.clock.Move(time.Hour)
		_, err = s.administration.TestWebhook(s.Context(), s.who, w.ID)
		require.NoError(s, err)
		s.until(func() bool { return len(r.ids()) == 3 })
		hook, err := standardwebhooks.NewWebhook(first)
		require.NoError(s, err)
		require.Error(s, hook.VerifyIgnoringTimestamp([]byte(r.messages()[2].body), r.messages()[2].header))
		hook, err = standardwebhooks.NewWebhook(second)
		require.NoError(s, err)
		require.NoError(s, hook.VerifyIgnoringTimestamp([]byte(r.messages()[2].body), r.messages()[2].header))
	})
}

// While a receiver refuses what concerns one person, the others' events arrive; when it takes them again, they come in
// their order, each once.
func TestWebhookOrder(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		r := newReceiver(s)
		w, _ := s.webhook(r.URL, domain.TeamUpdated)
		ana, ben := newID(), newID()
		r.answering(func(m message) int {
			if m.subject == ana.String() {
				return http.StatusInternalServerError
			}
			return http.StatusNoContent
		})
		var anas, bens []string
		for range 5 {
			anas, bens = append(anas, s.happen(ana, 1)...), append(bens, s.happen(ben, 1)...)
		}
		s.until(func() bool { return len(r.ids()) == 5 && s.deliveries(w, "")[9].Attempts > 0 })
		require.Equal(s, bens, r.ids(ben))
		queued := s.deliveries(w, domain.DeliveryQueued)
		require.Len(s, queued, 5)
		for i, d := range queued { // the latest first: only the first of hers was tried
			require.Equal(s, i == 4, d.Attempts > 0)
		}
		require.Equal(s, 500, queued[4].Status)
		require.Equal(s, "the receiver answered 500", queued[4].Problem)

		// An hour later it is up again.
		for range 12 {
			s.clock.Move(5 * time.Minute)
			s.round(s.courier)
		}
		require.Empty(s, r.ids(ana))
		r.answering(nil)
		s.until(func() bool { s.clock.Move(30 * time.Minute); return len(r.ids(ana)) == 5 })
		require.Equal(s, anas, r.ids(ana))
		require.Equal(s, bens, r.ids(ben), "each once")
		require.Empty(s, s.deliveries(w, domain.DeliveryQueued))
		require.True(s, s.state(w).FailingSince.IsZero())

		s.clock.Move(8 * 24 * time.Hour)
		_, err := s.courier.Prune(s.Context())
		require.NoError(s, err)
		require.Empty(s, s.deliveries(w, ""))
	})
}

// Security 50: a receiver that is down for an hour is told everything when it is up again, each person's events in their
// order and once.
func TestSecurity50ReceiverDownForAnHour(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		const people, minutes = 6, 60
		r := newReceiver(s)
		address := r.Listener.Addr().String()
		r.Close()
		w, _ := s.webhook("http://"+address, domain.TeamUpdated)
		want := map[uuid.UUID][]string{}
		for range people {
			want[newID()] = nil
		}
		for range minutes / 5 {
			for person := range want {
				want[person] = append(want[person], s.happen(person, 1)...)
			}
			s.clock.Move(5 * time.Minute)
			s.round(s.courier)
		}
		const all = people * minutes / 5
		s.until(func() bool { return len(s.deliveries(w, domain.DeliveryQueued)) == all })
		require.False(s, s.state(w).FailingSince.IsZero())

		up := httptest.NewUnstartedServer(r.Config.Handler)
		require.NoError(s, up.Listener.Close())
		var err error
		up.Listener, err = (&net.ListenConfig{}).Listen(s.Context(), "tcp", address)
		require.NoError(s, err)
		up.Start()
		s.Cleanup(up.Close)
		s.until(func() bool { s.clock.Move(time.Minute); return len(s.deliveries(w, domain.DeliveryDelivered)) == all })
		for person, ids := range want {
			require.Equal(s, ids, r.ids(person))
		}
		require.Len(s, r.ids(), all, "none twice")
		require.True(s, s.state(w).FailingSince.IsZero())
	})
}

// A receiver that is down for 3 days is told nothing any more, with an event; started again it gets what was queued.
func TestWebhookGivenUp(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		r := newReceiver(s)
		w, _ := s.webhook(r.URL, domain.TeamUpdated)
		r.answering(func(message) int { return http.StatusServiceUnavailable })
		ids := s.happen(newID(), 2)
		s.until(func() bool { return !s.state(w).FailingSince.IsZero() })
		began, attempts := s.clock.Now(), 0
		for s.state(w).DisabledAt.IsZero() {
			s.clock.Move(time.Hour)
			s.round(s.courier)
			attempts++
			require.Less(s, attempts, 100)
		}
		down := s.clock.Now().Sub(began)
		require.GreaterOrEqual(s, down, 3*24*time.Hour)
		require.Less(s, down, 4*24*time.Hour)
		require.Equal(s, domain.StoppedByFailing, s.state(w).DisabledReason)
		var page domain.EventPage
		s.until(func() bool {
			var err error
			page, err = s.administration.Events(s.Context(), s.who, domain.EventQuery{Subject: w.ID.UUID, Types: []domain.EventType{domain.WebhookDisabled}, Limit: 10})
			require.NoError(s, err)
			return len(page.Events) == 1
		})
		require.Equal(s, "failing", page.Events[0].After.Get("disabledReason").Text())
		require.Equal(s, domain.ActorSystem(), page.Events[0].Actor)

		r.answering(nil)
		s.happen(newID(), 1) // which nobody is told
		for range 3 {
			s.clock.Move(24 * time.Hour)
			s.round(s.courier)
		}
		require.Empty(s, r.ids())
		on := false
		_, err := s.administration.EditWebhook(s.Context(), s.who, s.terms, w.ID, domain.IfMatch{}, domain.WebhookChange{Disabled: &on})
		require.NoError(s, err)
		left := len(s.deliveries(w, domain.DeliveryQueued))
		require.Positive(s, left)
		s.until(func() bool { return len(r.ids()) == left })
		require.Subset(s, ids, r.ids())

		r.answering(func(message) int { return http.StatusGone })
		s.happen(newID(), 1)
		s.until(func() bool { return !s.state(w).DisabledAt.IsZero() })
		require.Equal(s, domain.StoppedByGone, s.state(w).DisabledReason, "at once")
	})
}

// One event that a receiver never takes is tried for 3 days, longer apart each time, and given up; what stands behind it in the
// same person's order comes then, and the webhook, which takes what concerns others, goes on.
func TestWebhookNeverTaken(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		r := newReceiver(s)
		w, _ := s.webhook(r.URL, domain.TeamUpdated)
		ana, ben := newID(), newID()
		anas := s.happen(ana, 3)
		var tries []time.Duration
		began := s.clock.Now()
		r.answering(func(m message) int {
			if m.id == anas[0] {
				tries = append(tries, s.clock.Now().Sub(began))
				return http.StatusBadRequest
			}
			return http.StatusNoContent
		})
		s.until(func() bool {
			return len(s.deliveries(w, domain.DeliveryQueued)) == 3 && s.deliveries(w, "")[2].Attempts == 1
		})
		const minutes = 60
		for n := 1; len(r.ids(ana)) < 2; n++ {
			s.clock.Move(minutes * time.Minute)
			s.happen(ben, 1)
			s.until(func() bool { return len(r.ids(ben)) == n })
			require.Less(s, n, 4*24*60/minutes)
		}
		require.Equal(s, anas[1:], r.ids(ana), "in order, behind the one that was given up")
		failed := s.deliveries(w, domain.DeliveryFailed)
		require.Len(s, failed, 1)
		require.Equal(s, []any{anas[0], 400, "the receiver answered 400"}, []any{failed[0].Event.String(), failed[0].Status, failed[0].Problem})
		require.True(s, s.state(w).DisabledAt.IsZero(), "others' events arrive")
		r.answering(nil) // nobody writes down tries any more
		require.GreaterOrEqual(s, tries[len(tries)-1], 3*24*time.Hour)
		require.Less(s, tries[len(tries)-2], 3*24*time.Hour)
		require.Less(s, len(tries), 25, "%v", tries)
		for i := 2; i < len(tries); i++ {
			require.GreaterOrEqual(s, tries[i]-tries[i-1]+minutes*time.Minute, tries[i-1]-tries[i-2], "%v", tries)
		}
	})
}

// As long as there is no room at a webhook there may be more for it: who works for it does not rest until the next look, which
// would send four events and then nothing for half a second.
func TestWebhookHasNoRoom(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		r := newReceiver(s)
		w, _ := s.webhook(r.URL, domain.TeamUpdated)
		let := make(chan struct{})
		answer := sync.OnceFunc(func() { close(let) })
		s.Cleanup(answer)
		r.answering(func(message) int { <-let; return http.StatusNoContent })
		const people = 9
		for range people {
			s.happen(newID(), 1)
		}
		for len(s.deliveries(w, domain.DeliveryQueued)) < people {
			_, err := s.courier.PassOn(s.Context())
			require.NoError(s, err)
		}
		for range 3 { // the first takes what there is room for
			worked, err := s.courier.SendWebhooks(s.Context())
			require.NoError(s, err)
			require.True(s, worked)
		}
		answer()
		s.until(func() bool { return len(r.ids()) == people })
		worked, err := s.courier.SendWebhooks(s.Context())
		require.NoError(s, err)
		require.False(s, worked, "nothing is left")
	})
}

// Everything from an event on is sent again, in order and under the same ids.
func TestWebhookReplay(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		r := newReceiver(s)
		w, _ := s.webhook(r.URL, domain.TeamUpdated)
		team := newID()
		ids := s.happen(team, 450) // more than one page
		s.until(func() bool { return len(r.ids()) == 450 })
		require.Equal(s, ids, r.ids())
		from, _ := domain.ParseID[domain.Event](ids[1])
		require.NoError(s, s.administration.ReplayWebhook(s.Context(), s.who, w.ID, from))
		s.until(func() bool { return len(r.ids()) == 450+449 && len(s.deliveries(w, domain.DeliveryQueued)) == 0 })
		require.Equal(s, ids[1:], r.ids()[450:])
		for range 3 {
			s.round(s.courier)
		}
		require.Len(s, r.ids(), 450+449)
		unknown := domain.EventID{UUID: newID()}
		err := s.administration.ReplayWebhook(s.Context(), s.who, w.ID, unknown)
		require.True(s, domain.IsCode(err, domain.CodeInvalidValue), "%v", err)
	})
}

// mortal is a store that answers nothing after a moment, as to a process that was killed.
type mortal struct {
	domain.Store
	dead atomic.Bool
}

var errDead = errors.New("killed")

func (m *mortal) Read(ctx context.Context, fn func(domain.Tx) error) error {
	if m.dead.Load() {
		return errDead
	}
	return m.Store.Read(ctx, fn)
}

func (m *mortal) Write(ctx context.Context, fn func(domain.Tx) error) error {
	if m.dead.Load() {
		return errDead
	}
	return m.Store.Write(ctx, fn)
}

// Security 50: a worker that is killed between sending and writing it down leaves the rest to another, which sends it once
// more under the same id when the lease is over, and not before.
func TestSecurity50WebhookWorkerKilled(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		r := newReceiver(s)
		w, _ := s.webhook(r.URL, domain.TeamUpdated)
		ids := s.happen(newID(), 3)
		store := &mortal{Store: s.store}
		killed := s.newCourier(store, func() { store.dead.Store(true) })
		deadline := time.Now().Add(time.Minute)
		for !store.dead.Load() {
			_, _ = killed.PassOn(s.Context())
			_, _ = killed.SendWebhooks(s.Context())
			require.True(s, time.Now().Before(deadline))
		}
		killed.Wait()
		require.Equal(s, ids[:1], r.ids())
		s.round(s.courier)
		require.Equal(s, ids[:1], r.ids(), "it is under a lease")
		s.clock.Move(domain.Lease)
		s.until(func() bool { return len(s.deliveries(w, domain.DeliveryDelivered)) == 3 })
		require.Equal(s, append(ids[:1:1], ids...), r.ids())
	})
}

// Two processes on one database: nothing is lost, each person's events come in order, and without a crash each comes once.
func TestWebhookTwoProcesses(t *testing.T) {
	t.Parallel()
	s := newScene(t, storetest.Postgres(t))
	other := s.newCourier(storetest.Open(t, storetest.URL(t, s.store)), nil)
	r := newReceiver(s)
	w, _ := s.webhook(r.URL, domain.TeamUpdated)
	const people, changes = 8, 25
	want := map[uuid.UUID][]string{}
	var mu sync.Mutex
	var writers sync.WaitGroup
	for range people {
		writers.Go(func() {
			person := newID()
			ids := s.happen(person, changes)
			mu.Lock()
			defer mu.Unlock()
			want[person] = ids
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	var workers sync.WaitGroup
	for _, c := range []*delivery.Courier{s.courier, other} {
		for _, job := range []func(context.Context) (bool, error){c.PassOn, c.SendWebhooks} {
			workers.Go(func() {
				for ctx.Err() == nil {
					_, _ = job(ctx)
				}
				c.Wait()
			})
		}
	}
	writers.Wait()
	deadline := time.Now().Add(time.Minute)
	for len(s.deliveries(w, domain.DeliveryDelivered)) < people*changes {
		require.True(t, time.Now().Before(deadline), "%d were delivered", len(r.ids()))
	}
	cancel()
	workers.Wait()
	for person, ids := range want {
		require.Equal(t, ids, r.ids(person))
	}
	require.Len(t, r.ids(), people*changes, "none twice")
}
