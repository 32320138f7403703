package limit

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"usher/bench/load"
	"usher/bench/seed"
	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
	"usher/scim"
)

// both is a seeded database with Usher on it.
type both struct {
	url, token string
	people     seed.People
	store      *persistence.Store
	handler    http.Handler
}

func newBoth(t *testing.T, users int) both {
	return seeded(t, "sqlite:"+t.TempDir()+"/usher.db", users)
}

func seeded(t *testing.T, url string, users int) both {
	t.Helper()
	b := both{url: url, store: storetest.Open(t, url)}
	require.NoError(t, b.store.Migrate(t.Context()))
	env := domain.Environment{Now: time.Now, NewID: uuid.NewV7}
	made, err := domain.NewInstallation(b.store, env, bytes.NewReader(make([]byte, 1000))).CreateOrganisation(t.Context(),
		domain.OrganisationSpec{Slug: "acme", Seats: []domain.SeatPlan{{Licence: domain.LicenceFull, Limit: 100_000}}})
	require.NoError(t, err)
	b.token = made.TokenText
	b.people, err = seed.Fill(t.Context(), url, b.token, seed.Plan{Company: "seed", Users: users, Groups: seed.Teams(users, 4)})
	require.NoError(t, err)
	b.handler, err = scim.New(scim.Config{
		Directory: domain.NewDirectory(b.store, env), BaseURL: func() string { return "http://usher.test/scim/v2" },
		CursorKey: make([]byte, 32), Now: time.Now, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	require.NoError(t, err)
	return b
}

func (b both) get(t *testing.T, path string, want int) string {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/scim/v2"+path, http.NoBody)
	r.Header.Set("Authorization", "Bearer "+b.token)
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	require.Equal(t, want, w.Code, w.Body.String())
	return w.Body.String()
}

// What the limit writes is whole: Usher answers with it, and the counts agree.
func TestSQLiteWritesWhatUsherReads(t *testing.T) {
	t.Parallel()
	const callers, short = 4, 30 * time.Millisecond
	b := newBoth(t, 12)
	_, file := persistence.Kind(b.url)
	s, err := OpenSQLite(t.Context(), file, b.people)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	run := func(what func() (load.Result, error)) int {
		result, err := what()
		require.NoError(t, err)
		require.Positive(t, result.Requests())
		return int(result.Requests())
	}
	created := run(func() (load.Result, error) { return s.Create(t.Context(), callers, short) })
	require.Contains(t, b.get(t, "/Users?filter=userName+co+%22limit.%22&count=1", 200), `"totalResults":`+strconv.Itoa(created))
	require.Contains(t, b.get(t, "/Users?count=0", 200), `"totalResults":`+strconv.Itoa(12+created))
	require.Equal(t, 12+created, held(t, b.store, b.people), "everybody holds a seat")

	patched := run(func() (load.Result, error) { return s.Patch(t.Context(), callers, short) })
	changed := 0
	for n := range 12 {
		body := b.get(t, "/Users/"+b.people.User(n).String(), 200)
		var version int
		_, after, _ := strings.Cut(body, `"version":"W/\"`)
		for _, digit := range strings.TrimRight(after[:strings.IndexAny(after, `-\`)], "-") {
			version = 10*version + int(digit-'0')
		}
		require.Equal(t, version%2 == 1, strings.Contains(body, `"active":true`), body)
		changed += version - 1
	}
	require.Equal(t, patched, changed, "one version for every patch")

	run(func() (load.Result, error) { return s.Get(t.Context(), callers, short) })
	run(func() (load.Result, error) { return s.Equal(t.Context(), callers, short) })
	s.people.Users = 12 + created // so many rows a page has
	run(func() (load.Result, error) { return s.Page(t.Context(), callers, short) })
}

func TestPatchNeedsPeopleForEverybody(t *testing.T) {
	t.Parallel()
	b := newBoth(t, 4)
	_, file := persistence.Kind(b.url)
	s, err := OpenSQLite(t.Context(), file, b.people)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	_, err = s.Patch(t.Context(), 3, time.Millisecond)
	require.ErrorContains(t, err, "too few")
}

// The limit server answers what is stored to those who have the token.
func TestTheLimitServerAnswersDocuments(t *testing.T) {
	t.Parallel()
	b := seeded(t, storetest.PostgresURL(t), 8)
	pool, err := pgxpool.New(t.Context(), b.url)
	require.NoError(t, err)
	defer pool.Close()
	b.handler = &Server{Pool: pool, Tokens: map[string]uuid.UUID{b.token: b.people.Caller.Organisation.UUID}}
	person, name := b.people.User(3).String(), b.people.Company.Person(3).UserName
	require.Contains(t, b.get(t, "/Users/"+person, 200), `"userName":"`+name+`"`)
	require.Contains(t, b.get(t, "/Users?filter="+load.Escape(`userName eq "`+strings.ToUpper(name)+`"`), 200), `"id":"`+person+`"`)
	b.get(t, "/Users/"+uuid.NewString(), 404)
	b.get(t, "/Users/nobody", 404)
	b.token = "another"
	b.get(t, "/Users/"+person, 401)
}

// held is how many seats of the licence full are taken.
func held(t *testing.T, store *persistence.Store, people seed.People) int {
	t.Helper()
	var usage []domain.SeatUsage
	require.NoError(t, store.Read(t.Context(), func(tx domain.Tx) (err error) {
		usage, err = tx.Seats().Usage(people.Caller.Organisation)
		return err
	}))
	require.Len(t, usage, 1)
	return usage[0].Held
}
