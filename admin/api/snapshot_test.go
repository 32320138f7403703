package api

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// mirror is what an application that begins from nothing knows of people: user names and titles by id.
type mirror map[string][2]string

// learn applies an event. One that tells of what the application has read already changes nothing.
func (m mirror) learn(e map[string]any) {
	subject := e["subject"].(map[string]any)
	if subject["kind"] != "user" {
		return
	}
	id := subject["id"].(string)
	after, _ := e["after"].(map[string]any)
	before, _ := e["before"].(map[string]any)
	switch e["type"] {
	case "user.created":
		m[id] = [2]string{after["userName"].(string), ""}
	case "user.deleted":
		delete(m, id)
	}
	if _, here := m[id]; !here {
		return
	}
	known := m[id]
	for i, name := range []string{"userName", "title"} {
		if text, said := after[name].(string); said {
			known[i] = text
		} else if _, had := before[name]; had {
			known[i] = ""
		}
	}
	m[id] = known
}

// everybody reads all people, so many a page.
func (s *scene) everybody(limit int) mirror {
	s.Helper()
	m := mirror{}
	for next := fmt.Sprint("/users?limit=", limit); next != ""; {
		page := s.get(next)
		for _, u := range page.items(s) {
			title, _ := u["title"].(string)
			m[u["id"].(string)] = [2]string{u["user_name"].(string), title}
		}
		if next = ""; page.header.Get("Link") != "" {
			next = cursorIn(s, page)
		}
	}
	return m
}

// An application that begins from nothing takes a cursor, reads everybody page by page, and then follows, while directories
// push without a pause: in the end it knows what there is, nothing more and nothing less.
func TestSnapshotThenCursor(t *testing.T) {
	t.Parallel()
	each(t, func(s *scene) {
		const directories, changes = 4, 40
		s.done(s.put("/licences/full/seats", `{"unlimited":true}`))
		for i := range 30 {
			s.provision(fmt.Sprintf("early%d@acme.test", i))
		}
		push := func(directory int) error {
			var mine []domain.User
			for i := range changes {
				u, err := s.directory.Provision(context.Background(), s.tenant.Caller, storetest.Person(fmt.Sprintf("u%d-%d@acme.test", directory, i)))
				if err != nil {
					return err
				}
				mine = append(mine, u)
				switch {
				case i%3 == 0:
					_, err = s.directory.ChangeUser(context.Background(), s.tenant.Caller, mine[i/2].ID, domain.IfMatch{}, nil, storetest.Setting(storetest.Text("title", fmt.Sprint("t", i))))
				case i%5 == 0:
					err = s.directory.Deprovision(context.Background(), s.tenant.Caller, mine[i].ID, domain.IfMatch{})
				}
				if err != nil && !domain.IsKind(err, domain.NotFound) {
					return err
				}
			}
			return nil
		}
		outcomes := make([]error, directories)
		var group sync.WaitGroup
		begun := make(chan struct{}, directories)
		for i := range directories {
			group.Go(func() {
				begun <- struct{}{}
				outcomes[i] = push(i)
			})
		}
		<-begun

		cursor := s.get("/events/snapshot").text(s, "next_cursor")
		known := s.everybody(7)
		group.Wait()
		for _, err := range outcomes {
			require.NoError(s, err)
		}
		there := s.everybody(200)
		deadline := time.Now().Add(time.Minute) // on PostgreSQL the feed may have to wait for whatever else the server does
		for !maps.Equal(known, there) {
			require.True(s, time.Now().Before(deadline), "%d are known, and %d are there", len(known), len(there))
			page := s.get("/events?limit=50&cursor=" + cursor)
			for _, e := range page.items(s) {
				known.learn(e)
			}
			cursor = page.text(s, "next_cursor")
		}
		require.Greater(s, len(there), 30)
	})
}
