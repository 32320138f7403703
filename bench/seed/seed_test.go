package seed

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
	"usher/scim"
)

const (
	users   = 40
	company = "same"
)

var moment = time.Date(2026, 3, 1, 9, 30, 0, 0, time.UTC)

func clock() time.Time { return moment }

// Whatever is seeded is, row for row and in every table, what pushing it over SCIM leaves behind.
func TestSeededIsWhatPushedWouldBe(t *testing.T) {
	t.Parallel()
	groups := append(Teams(users, 15), Group{Name: "Everybody", From: 0, To: users}, Group{Name: "Nobody"})
	for _, seats := range []domain.SeatPlan{{Licence: domain.LicenceFull, Limit: users + 5}, {Licence: domain.LicenceFull, Unlimited: true}} {
		t.Run(fmt.Sprintf("unlimited %t", seats.Unlimited), func(t *testing.T) {
			t.Parallel()
			for name, fresh := range map[string]func(testing.TB) string{"sqlite": sqliteURL, "postgres": storetest.PostgresURL} {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					pushed, seeded := fresh(t), fresh(t)
					push(t, pushed, organisation(t, pushed, seats), groups)
					plan := Plan{Company: company, Users: users, Groups: groups, Clock: clock}
					_, err := Fill(t.Context(), seeded, organisation(t, seeded, seats), plan)
					require.NoError(t, err)
					want, got := dump(t, pushed), dump(t, seeded)
					for table, rows := range want {
						require.Equal(t, rows, got[table], table)
					}
					require.Len(t, want["users"], users)
					require.Len(t, want["memberships"], 2*users)
				})
			}
		})
	}
}

func TestASecondFillNeedsFreeSeats(t *testing.T) {
	t.Parallel()
	url := sqliteURL(t)
	token := organisation(t, url, domain.SeatPlan{Licence: domain.LicenceFull, Limit: 10})
	_, err := Fill(t.Context(), url, token, Plan{Company: "one", Users: 8, Clock: clock})
	require.NoError(t, err)
	_, err = Fill(t.Context(), url, token, Plan{Company: "two", Users: 3, Clock: func() time.Time { return moment.Add(time.Second) }})
	require.ErrorContains(t, err, "there is no seat 11")
}

// Many people take another way on PostgreSQL: without indexes, which are made again.
func TestTheIndexesAreBackAfterwards(t *testing.T) {
	t.Parallel()
	url := storetest.PostgresURL(t)
	token := organisation(t, url, domain.SeatPlan{Licence: domain.LicenceFull, Unlimited: true})
	db, err := sql.Open("pgx", url)
	require.NoError(t, err)
	defer func() { _ = db.Close() }()
	const all = "SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema() ORDER BY indexname"
	before := query(t, db, all)
	caller, err := callerOf(t.Context(), url, token, moment)
	require.NoError(t, err)
	w, err := newPostgresWriter(t.Context(), url, caller, many)
	require.NoError(t, err)
	defer func() { _ = w.close() }()
	require.Less(t, len(query(t, db, all)), len(before)-5, "they were dropped")
	require.NoError(t, w.finish())
	require.Equal(t, before, query(t, db, all))
}

func sqliteURL(t testing.TB) string {
	t.Helper()
	return "sqlite:" + t.TempDir() + "/usher.db"
}

// organisation makes one, the same in every database, and gives its token.
func organisation(t *testing.T, url string, seats domain.SeatPlan) string {
	t.Helper()
	store := storetest.Open(t, url)
	require.NoError(t, store.Migrate(t.Context()))
	n := byte(0)
	env := domain.Environment{Now: clock, NewID: func() (uuid.UUID, error) {
		n++
		return uuid.UUID{0: 1, 6: 0x70, 8: 0x80, 15: n}, nil
	}}
	made, err := domain.NewInstallation(store, env, bytes.NewReader(make([]byte, 1000))).
		CreateOrganisation(t.Context(), domain.OrganisationSpec{Slug: "acme", Seats: []domain.SeatPlan{seats}})
	require.NoError(t, err)
	require.NoError(t, store.Close())
	return made.TokenText
}

// push sends the plan over SCIM, one request after the other.
func push(t *testing.T, url, token string, groups []Group) {
	t.Helper()
	p := People{Company: company, Users: users, Prefix: newPrefix(moment)}
	var next []uuid.UUID
	for n := range users {
		next = append(next, p.id(ofUsers, n), p.id(ofEvents, n))
	}
	for n := range groups {
		next = append(next, p.id(ofGroups, n), p.id(ofEvents, users+n))
	}
	store := storetest.Open(t, url)
	handler, err := scim.New(scim.Config{
		Directory: domain.NewDirectory(store, domain.Environment{Now: clock, NewID: func() (uuid.UUID, error) {
			id := next[0]
			next = next[1:]
			return id, nil
		}}),
		BaseURL: func() string { return "http://usher.test/scim/v2" }, CursorKey: make([]byte, 32), Now: clock,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	require.NoError(t, err)
	post := func(path, body string) {
		r := httptest.NewRequest(http.MethodPost, "/scim/v2"+path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/scim+json")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		require.Equal(t, http.StatusCreated, w.Code, w.Body.String())
	}
	for n := range users {
		post("/Users", string(p.Company.Person(int64(n)).AppendJSON(nil)))
	}
	for _, g := range groups {
		var members []string
		for n := g.From; n < g.To; n++ {
			members = append(members, `{"value":"`+p.User(n).String()+`"}`)
		}
		post("/Groups", `{"displayName":"`+g.Name+`","members":[`+strings.Join(members, ",")+`]}`)
	}
	require.NoError(t, store.Close())
}

// dump is everything in a database, as sorted rows by table.
func dump(t *testing.T, url string) map[string][]string {
	t.Helper()
	kind, file := persistence.Kind(url)
	driver, address, tables := "pgx", url, "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"
	if kind == "sqlite" {
		driver, address, tables = "sqlite", "file:"+file, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'users_text%' AND name NOT LIKE 'sqlite_%'"
	}
	db, err := sql.Open(driver, address)
	require.NoError(t, err)
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1)
	all := map[string][]string{}
	for _, table := range query(t, db, tables) {
		if _, name, _ := strings.Cut(table, "="); !strings.Contains(name, "goose") {
			if name == "organisations" { // a stamp is drawn
				_, err := db.Exec("UPDATE organisations SET commons_stamp = '00000000-0000-0000-0000-000000000000'")
				require.NoError(t, err)
			}
			all[name] = query(t, db, "SELECT * FROM "+name)
		}
	}
	if kind == "sqlite" {
		_, err := db.Exec("CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab(main, users_text, instance)")
		require.NoError(t, err)
		all["users_text"] = query(t, db, "SELECT term, doc FROM temp.vocabulary")
		require.NotEmpty(t, all["users_text"])
		require.Empty(t, query(t, db, "PRAGMA foreign_key_check"))
	}
	return all
}

// query gives the rows of a statement as texts, sorted. What depends on how often somebody committed is left out.
func query(t *testing.T, db *sql.DB, text string) []string {
	t.Helper()
	rows, err := db.QueryContext(context.Background(), text)
	require.NoError(t, err)
	defer func() { _ = rows.Close() }()
	names, err := rows.Columns()
	require.NoError(t, err)
	var list []string
	for rows.Next() {
		values, dest := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			dest[i] = &values[i]
		}
		require.NoError(t, rows.Scan(dest...))
		var line []string
		for i, name := range names {
			if name != "commit_order" {
				line = append(line, fmt.Sprintf("%s=%v", name, values[i]))
			}
		}
		list = append(list, strings.Join(line, " "))
	}
	require.NoError(t, rows.Err())
	slices.Sort(list)
	return list
}
