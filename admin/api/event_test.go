package api

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
)

// settled reads events until so many have come. On PostgreSQL one may have to wait for whatever else the server does.
func (s *scene) settled(path string, n int) got {
	s.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		g := s.get(path)
		if items := g.items(s); len(items) >= n {
			return g
		}
		require.True(s, time.Now().Before(deadline), "%d events did not come: %s", n, g.body)
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		s.settled("/events", 1)
		begin := s.get("/events/snapshot").text(s, "next_cursor")
		ana := s.provision("ana@acme.test")
		made := s.post("/connections", `{"name":"second"}`)
		require.NoError(s, s.directory.Deprovision(s.Context(), s.tenant.Caller, ana.ID, domain.IfMatch{}))
		from := "cursor=" + begin
		got := s.settled("/events?"+from, 3)
		require.Equal(s, []string{"user.created", "connection.created", "user.deleted"}, got.values(s, "type"))
		items := got.items(s)
		require.Equal(s, map[string]any{"kind": "user", "id": ana.ID.String()}, items[0]["subject"])
		require.Equal(s, map[string]any{"kind": "connection", "id": s.tenant.Connection.ID.String()}, items[0]["actor"])
		require.Equal(s, "ana@acme.test", items[0]["after"].(map[string]any)["userName"])
		require.Nil(s, items[0]["before"])
		require.Equal(s, "api_key", items[1]["actor"].(map[string]any)["kind"])
		require.Equal(s, made.text(s, "id"), items[1]["subject"].(map[string]any)["id"])
		require.Equal(s, "request-1", items[1]["request_id"])
		require.Equal(s, false, got.object(s)["more"])
		require.Empty(s, got.header.Get("Link"))

		for query, want := range map[string][]string{
			"type=user.deleted":                           {"user.deleted"},
			"type=user.deleted,user.created":              {"user.created", "user.deleted"},
			"subject=" + ana.ID.String():                  {"user.created", "user.deleted"},
			"subject=" + made.text(s, "id"):               {"connection.created"},
			"type=user.purged":                            {},
			"since=" + s.clock.Now().Format(time.RFC3339): {"user.created", "connection.created", "user.deleted"},
			"since=" + url.QueryEscape(s.clock.Now().Add(time.Hour).Format(time.RFC3339)): {},
		} {
			require.Equal(s, want, s.get("/events?"+from+"&"+query).values(s, "type"), query)
		}

		first := s.get("/events?limit=2&" + from)
		require.Equal(s, []string{"user.created", "connection.created"}, first.values(s, "type"))
		require.Equal(s, true, first.object(s)["more"])
		rest := s.get(cursorIn(s, first))
		require.Equal(s, []string{"user.deleted"}, rest.values(s, "type"))
		next := "/events?cursor=" + rest.text(s, "next_cursor")
		require.Empty(s, s.get(next).items(s))
		s.provision("ben@acme.test")
		require.Equal(s, []string{"user.created"}, s.settled(next, 1).values(s, "type"))

		// The end of what was looked through is where a rare type goes on.
		quiet := s.get("/events?type=user.purged").text(s, "next_cursor")
		s.provision("cleo@acme.test")
		require.Equal(s, "cleo@acme.test", s.settled("/events?cursor="+quiet, 1).items(s)[0]["after"].(map[string]any)["userName"])
		for _, bad := range []string{"x", begin[1:], begin + "A"} {
			refused(s, s.get("/events?cursor="+bad), http.StatusBadRequest, domain.CodeInvalidCursor, "cursor")
		}
		for _, bad := range []string{"no.such", "user.created,no.such", "USER.CREATED", "user.*"} {
			p := refused(s, s.get("/events?type="+bad), http.StatusBadRequest, domain.CodeInvalidFilter, "type")
			require.Contains(s, p["detail"], "docs/events.md lists those there are", bad)
		}
	})
}

// happenings are the events that writers have written, by the unit of work that wrote them.
type happenings struct {
	mu   sync.Mutex
	made map[string][]string
}

// note keeps the events of a unit of work's latest attempt.
func (h *happenings) note(unit string, ids []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.made[unit] = ids
}

func (h *happenings) all() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	ids := slices.Concat(slices.Collect(maps.Values(h.made))...)
	slices.Sort(ids)
	return ids
}

// write appends one to three events in one unit of work, which lasts the longer the higher the writer's number, and fails
// now and then.
func (s *scene) write(h *happenings, writer, i int) error {
	fail := i%7 == 6
	err := s.store.Write(context.Background(), func(tx domain.Tx) error {
		var ids []string
		for range 1 + i%3 {
			event, err := uuid.NewV7()
			if err != nil {
				return err
			}
			if err := tx.Events().Append(domain.Event{
				ID: domain.EventID{UUID: event}, Organisation: s.tenant.Organisation.ID, Type: domain.RecordsReported,
				Actor: domain.ActorOperator(), SubjectKind: "test", Subject: event, RequestID: "r", At: time.Now(),
			}); err != nil {
				return err
			}
			// What locks makes a transaction of it that lasts, its events written and not committed.
			scope := domain.Scope{Organisation: s.tenant.Organisation.ID, Connection: domain.ConnectionID{UUID: event}}
			for step := range writer % 4 {
				if _, err := tx.Rates().Add(scope, int64(step), 1); err != nil {
					return err
				}
			}
			ids = append(ids, event.String())
		}
		if fail {
			return domain.InvalidField("test", "in vain")
		}
		h.note(fmt.Sprint(writer, " ", i), ids)
		return nil
	})
	if fail && domain.IsKind(err, domain.Invalid) {
		return nil
	}
	return err
}

// Many write at once, some of them slowly and some in vain, while one follows: nothing is skipped, nothing comes twice.
func TestEventsAreNeverSkipped(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		const writers, changes = 8, 25
		cursor := s.get("/events/snapshot").text(s, "next_cursor")
		h := &happenings{made: map[string][]string{}}
		failures := make(chan error, writers*changes)
		var group sync.WaitGroup
		for w := range writers {
			group.Go(func() {
				for i := range changes {
					failures <- s.write(h, w, i)
				}
			})
		}
		done := make(chan struct{})
		go func() { group.Wait(); close(done) }()

		var seen []string
		deadline, finished, more := time.Now().Add(2*time.Minute), false, true
		for !finished || more || len(seen) < len(h.all()) {
			select {
			case <-done:
				finished = true
			default:
			}
			g := s.get("/events?limit=13&type=records.reported&cursor=" + cursor)
			seen = append(seen, g.values(s, "id")...)
			cursor = g.text(s, "next_cursor")
			more, _ = g.object(s)["more"].(bool)
			require.True(s, time.Now().Before(deadline), "%d events came", len(seen))
		}
		for range writers * changes {
			require.NoError(s, <-failures)
		}
		require.Empty(s, s.get("/events?type=records.reported&cursor="+cursor).items(s))
		inOrder := slices.Clone(seen)
		slices.Sort(inOrder)
		require.Equal(s, h.all(), inOrder, "each once")

		// Whoever reads from the beginning sees the same, in the same order.
		var again []string
		for next := "/events?limit=50&type=records.reported"; next != ""; {
			g := s.get(next)
			again = append(again, g.values(s, "id")...)
			next = ""
			if more, _ := g.object(s)["more"].(bool); more {
				next = cursorIn(s, g)
			}
		}
		require.Equal(s, again, seen)
	})
}
