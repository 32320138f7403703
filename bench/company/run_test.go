package company

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
	"usher/scim"
)

// serve serves a tenant of a store on a socket. through, where it is not nil, stands before the server.
func serve(t *testing.T, store *persistence.Store, slug string, through func(http.Handler) http.Handler) Server {
	t.Helper()
	s := Server{Token: storetest.NewTenant(t, store, slug, -1).Token, Connections: 8}
	handler, err := scim.New(scim.Config{
		Directory: domain.NewDirectory(store, domain.Environment{Now: time.Now, NewID: uuid.NewV7}), BaseURL: func() string { return s.URL },
		CursorKey: bytes.Repeat([]byte{7}, 32), Now: time.Now, Log: slog.New(slog.NewJSONHandler(t.Output(), nil)),
	})
	require.NoError(t, err)
	if through != nil {
		handler = through(handler)
	}
	web := httptest.NewServer(handler)
	t.Cleanup(web.Close)
	s.URL = web.URL + scim.Prefix
	return s
}

// A whole company arrives, comes back as it was in every way of reading, and arrives again without a change, also for
// another identity provider's process that remembers nothing.
func TestACompanyComesBackAsItWasPushed(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		s := serve(t, store, "acme", nil)
		c := Company{Name: "acme", People: 600, Groups: 30}
		first, err := newRun(s, c)
		require.NoError(t, err)
		require.NoError(t, first.all(t.Context()))
		require.Empty(t, first.report.First)
		require.True(t, first.report.OK())

		_, memberships, nested := c.memberOf()
		people, all := Count{People: 600, Groups: 30, Memberships: unknown, Nested: unknown}, Count{People: 600, Groups: 30, Memberships: memberships, Nested: unknown}
		none := Count{Memberships: unknown, Nested: unknown}
		counts := func(r *run) map[string]Count {
			by := map[string]Count{}
			for _, c := range r.report.Counts {
				what := c.What
				c.What = ""
				by[what] = c
			}
			return by
		}
		want := map[string]Count{
			"the company":   {People: 600, Groups: 30, Memberships: memberships, Nested: nested},
			"push: created": people, "push: found": none, "push again: created": none, "push again: found": people,
			"read by index": all, "read by cursor": all, "read again by cursor": all,
			"read by id": {People: 50, Groups: 30, Memberships: memberships, Nested: nested},
		}
		require.Equal(t, want, counts(first))

		second, err := newRun(s, c)
		require.NoError(t, err)
		require.NoError(t, second.push(t.Context(), "push: "))
		require.NoError(t, second.walk(t.Context(), "read by cursor", byCursor))
		require.Empty(t, second.differences.first)
		require.Equal(t, map[string]Count{
			"the company": want["the company"], "push: created": none, "push: found": people, "read by cursor": all,
		}, counts(second))
		require.Equal(t, first.ids.people.ids, second.ids.people.ids)
		require.Equal(t, first.ids.people.meta, second.ids.people.meta, "versions and times")
		require.Equal(t, first.ids.groups.meta, second.ids.groups.meta, "versions and times")
	})
}

func TestTheReportIsMarkdown(t *testing.T) {
	t.Parallel()
	r := Report{
		Connections: 16,
		Counts:      []Count{{"the company", 100_000, 2_000, 150_000, 600}, {What: "push: created", People: 7, Memberships: unknown, Nested: unknown}},
		Phases:      []Phase{{"push: people", 200_000, 50 * time.Second}, {"push: groups", 4, 0}},
		Differences: 22, First: []string{"person 1: title should be absent, and is 1"},
	}
	var b strings.Builder
	require.NoError(t, r.WriteMarkdown(&b))
	require.Equal(t, `Over 16 connections:

| | people | groups | memberships | nested groups |
|---|--:|--:|--:|--:|
| the company | 100,000 | 2,000 | 150,000 | 600 |
| push: created | 7 | 0 | – | – |

| phase | requests | time | a second |
|---|--:|--:|--:|
| push: people | 200,000 | 50.0 s | 4,000 |
| push: groups | 4 | 0.0 s | 0 |
| all | 200,004 | 50.0 s | 4,000 |

Differences: 22
- person 1: title should be absent, and is 1
- and 21 more
`, b.String())
	require.False(t, r.OK())
}
