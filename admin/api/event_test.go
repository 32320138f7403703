package api

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
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
			"type=no.such":                                {},
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
		quiet := s.get("/events?type=no.such").text(s, "next_cursor")
		s.provision("cleo@acme.test")
		require.Equal(s, "cleo@acme.test", s.settled("/events?cursor="+quiet, 1).items(s)[0]["after"].(map[string]any)["userName"])
		for _, bad := range []string{"x", begin[1:], begin + "A"} {
			refused(s, s.get("/events?cursor="+bad), http.StatusBadRequest, domain.CodeInvalidCursor, "cursor")
		}
	})
}

// Many write at once, some of them slowly and some in vain, while one follows: nothing is skipped, nothing comes twice.
func TestEventsAreNeverSkipped(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		const writers, changes = 8, 25
		cursor := s.get("/events/snapshot").text(s, "next_cursor")
		var mu sync.Mutex
		written := map[string]bool{}
		var group sync.WaitGroup
		for w := range writers {
			group.Go(func() {
				for i := range changes {
					id, fail := storetest.Environment().NewID, i%7 == 6
					err := s.store.Write(context.Background(), func(tx domain.Tx) error {
						var ids []string
						for range 1 + i%3 { // several in one unit of work share their place
							event, err := id()
							if err != nil {
								return err
							}
							if err := tx.Events().Append(domain.Event{
								ID: domain.EventID{UUID: event}, Organisation: s.tenant.Organisation.ID, Type: "test.happened",
								Actor: domain.ActorOperator(), SubjectKind: "test", Subject: event, RequestID: fmt.Sprint(w, i), At: time.Now(),
							}); err != nil {
								return err
							}
							if len(ids) == 0 && i%2 == 0 { // a read makes the unit of work last
								if _, err := tx.Organisations().List(); err != nil {
									return err
								}
							}
							ids = append(ids, event.String())
						}
						if fail {
							return domain.InvalidField("test", "in vain")
						}
						mu.Lock()
						defer mu.Unlock()
						for known := range written { // of an attempt that did not stand
							if _, rest, found := cut(known); found && rest == fmt.Sprint(w, " ", i) {
								delete(written, known)
							}
						}
						for _, e := range ids {
							written[e+"/"+fmt.Sprint(w, " ", i)] = true
						}
						return nil
					})
					if !fail && err != nil {
						panic(err)
					}
				}
			})
		}
		done := make(chan struct{})
		go func() { group.Wait(); close(done) }()

		var seen []string
		deadline, finished := time.Now().Add(2*time.Minute), false
		for {
			g := s.get("/events?limit=13&type=test.happened&cursor=" + cursor)
			seen = append(seen, g.values(s, "id")...)
			cursor = g.text(s, "next_cursor")
			mu.Lock()
			complete := finished && len(seen) >= len(written)
			mu.Unlock()
			if complete && g.object(s)["more"] == false {
				break
			}
			require.True(s, time.Now().Before(deadline), "%d of %d events came", len(seen), len(written))
			select {
			case <-done:
				finished = true
			default:
			}
		}
		require.Empty(s, s.get("/events?type=test.happened&cursor="+cursor).items(s))
		var want []string
		for known := range written {
			id, _, _ := cut(known)
			want = append(want, id)
		}
		slices.Sort(want)
		inOrder := slices.Clone(seen)
		slices.Sort(inOrder)
		require.Equal(s, want, inOrder, "each once")

		// Whoever reads from the beginning sees the same, in the same order.
		var again []string
		for next := "/events?limit=50&type=test.happened"; next != ""; {
			g := s.get(next)
			again = append(again, g.values(s, "id")...)
			if next = ""; g.object(s)["more"] == true {
				next = cursorIn(s, g)
			}
		}
		require.Equal(s, again, seen)
	})
}

func cut(known string) (id, rest string, found bool) {
	const size = 36
	return known[:size], known[size+1:], true
}
