package main

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/bench/people"
	"usher/bench/seed"
	"usher/domain"
	"usher/domain/attribute"
	"usher/internal/secret"
	"usher/oidc"
	"usher/oidc/assertion"
	"usher/persistence"
	"usher/persistence/storetest"
	"usher/scim"
	"usher/scim/filter"
	"usher/scim/patch"
	"usher/scim/schema"
	"usher/signin"
)

// The hot paths inside one process, each on its own:
//
//	go test ./bench -run '^$' -bench . -benchmem

func view(b *testing.B) *schema.View {
	b.Helper()
	set, err := schema.Standard()
	require.NoError(b, err)
	return set.View(schema.User)
}

func ignore(string) {}

// BenchmarkBody reads and checks the body of a POST.
func BenchmarkBody(b *testing.B) {
	users, body := view(b), people.Company("bench").Person(7).AppendJSON(nil)
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		read, err := attribute.Read(body, attribute.Bounds{})
		if err != nil {
			b.Fatal(err)
		}
		tree, err := users.Tree(read, ignore)
		if err != nil {
			b.Fatal(err)
		}
		if err := users.Complete(tree); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPatchBody reads the body of a PATCH of active.
func BenchmarkPatchBody(b *testing.B) {
	users := view(b)
	body := []byte(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Replace","path":"active","value":"False"}]}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := patch.Read(body, users, users, ignore); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFilter reads filters as identity providers send them.
func BenchmarkFilter(b *testing.B) {
	users := view(b)
	for name, text := range map[string]string{
		"userName":  `userName eq "ana.almeida@acme.test"`,
		"valuePath": `emails[type eq "work" and primary eq true].value sw "ana" or (externalId eq "7" and not (active eq false))`,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := filter.Parse(text, users); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// discarded is an http.ResponseWriter without a network behind it.
type discarded struct {
	header http.Header
	status int
}

func (d *discarded) Header() http.Header         { return d.header }
func (d *discarded) WriteHeader(status int)      { d.status = status }
func (d *discarded) Write(p []byte) (int, error) { return len(p), nil }

func handlerOn(b *testing.B, store domain.Store) http.Handler {
	b.Helper()
	handler, err := scim.New(scim.Config{
		Directory: domain.NewDirectory(store, domain.Environment{Now: time.Now, NewID: uuid.NewV7}),
		BaseURL:   func() string { return "http://usher.test/scim/v2" }, CursorKey: make([]byte, 32), Now: time.Now,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	require.NoError(b, err)
	return handler
}

// asked measures one request over and over.
func asked(b *testing.B, handler http.Handler, target, token string) {
	b.Helper()
	b.ReportAllocs()
	r := httptest.NewRequest(http.MethodGet, "/scim/v2"+target, http.NoBody)
	r.Header.Set("Authorization", "Bearer "+token)
	for b.Loop() {
		w := &discarded{header: http.Header{}}
		if handler.ServeHTTP(w, r); w.status != http.StatusOK {
			b.Fatalf("answered %d", w.status)
		}
	}
}

// BenchmarkAnswer writes answers whose people are at hand: routing, and splicing documents into an answer.
func BenchmarkAnswer(b *testing.B) {
	store, token := newAtHand(b)
	handler := handlerOn(b, store)
	b.Run("get", func(b *testing.B) { asked(b, handler, "/Users/"+store.users[0].ID.String(), token) })
	b.Run("list100", func(b *testing.B) { asked(b, handler, "/Users?count=100", token) })
	b.Run("list100projected", func(b *testing.B) { asked(b, handler, "/Users?count=100&attributes=userName,emails.value", token) })
}

// BenchmarkSQLite runs the use cases on SQLite: what HTTP adds is not in it.
func BenchmarkSQLite(b *testing.B) {
	store, token, seeded := newSQLite(b)
	directory := domain.NewDirectory(store, domain.Environment{Now: time.Now, NewID: uuid.NewV7})
	users := view(b)
	var number atomic.Int64
	b.Run("provision", func(b *testing.B) {
		b.ReportAllocs()
		b.SetParallelism(32) // callers a processor, so that commits are shared
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				read, err := attribute.Read(people.Company("new").Person(number.Add(1)).AppendJSON(nil), attribute.Bounds{})
				if err != nil {
					b.Error(err)
					return
				}
				tree, err := users.Tree(read, ignore)
				if err != nil {
					b.Error(err)
					return
				}
				if _, err := directory.Provision(context.Background(), seeded.Caller, tree); err != nil {
					b.Error(err)
					return
				}
			}
		})
	})
	handler := handlerOn(b, store)
	b.Run("get", func(b *testing.B) { asked(b, handler, "/Users/"+seeded.User(3).String(), token) })
	b.Run("eq", func(b *testing.B) {
		asked(b, handler, "/Users?filter=userName+eq+%22"+seeded.Company.Person(3).UserName+"%22", token)
	})
	b.Run("list100", func(b *testing.B) { asked(b, handler, "/Users?count=100", token) })
}

// BenchmarkCheck answers what a proxy asks about one session, on SQLite.
func BenchmarkCheck(b *testing.B) {
	store, _, seeded := newSQLite(b)
	token, err := signIn(b.Context(), store, seeded.Caller, seeded.User(3))
	require.NoError(b, err)
	key, err := secret.Parse("a-secret-key-for-benchmarks-0123456789ab")
	require.NoError(b, err)
	log, env := slog.New(slog.NewTextHandler(io.Discard, nil)), domain.Environment{Now: time.Now, NewID: uuid.NewV7}
	const base = "http://usher.test"
	signer, err := assertion.New(assertion.Config{
		Keys: domain.NewInstallation(store, env, rand.Reader).SigningKeys, Issuer: base, Now: time.Now, Log: log,
		Seal: func(text, place []byte) ([]byte, error) { return key.Seal("assertion", text, place) },
		Open: func(sealed, place []byte) ([]byte, error) { return key.Open("assertion", sealed, place) },
	})
	require.NoError(b, err)
	door, err := signin.New(signin.Config{
		Entrance: domain.NewEntrance(store, env, rand.Reader), Party: new(oidc.RelyingParty), Signer: signer, BaseURL: base,
		Seal: func(text, place []byte) ([]byte, error) { return key.Seal("people", text, place) },
		Open: func(sealed, place []byte) ([]byte, error) { return key.Open("people", sealed, place) },
		Now:  time.Now, Random: rand.Reader, Log: log, RequestID: func(*http.Request) string { return "r" }, Observe: func(*http.Request, string) {},
	})
	require.NoError(b, err)
	r := httptest.NewRequest(http.MethodGet, "/auth/check", http.NoBody)
	r.Header.Set("Cookie", "usher_session="+token)
	r.Header.Set("X-Original-Url", visitedOrigin+"/deals/7")
	b.ReportAllocs()
	for b.Loop() {
		w := &discarded{header: http.Header{}}
		if door.ServeHTTP(w, r); w.status != http.StatusOK {
			b.Fatalf("answered %d", w.status)
		}
	}
}

// newSQLite is a store with 1,000 people.
func newSQLite(b *testing.B) (*persistence.Store, string, seed.People) {
	b.Helper()
	url := "sqlite:" + b.TempDir() + "/usher.db"
	store := storetest.Open(b, url)
	require.NoError(b, store.Migrate(b.Context()))
	made, err := domain.NewInstallation(store, domain.Environment{Now: time.Now, NewID: uuid.NewV7}, rand.Reader).
		CreateOrganisation(b.Context(), domain.OrganisationSpec{Slug: "acme"})
	require.NoError(b, err)
	seeded, err := seed.Fill(b.Context(), url, made.TokenText, seed.Plan{Company: "acme", Users: 1000, Groups: seed.Teams(1000, 100)})
	require.NoError(b, err)
	return store, made.TokenText, seeded
}

// atHand is a store that has 100 people in memory, and answers every question with them.
type atHand struct{ users []domain.User }

func newAtHand(b *testing.B) (*atHand, string) {
	b.Helper()
	store, token, seeded := newSQLite(b)
	var page domain.Page[domain.User]
	require.NoError(b, store.Read(b.Context(), func(tx domain.Tx) (err error) {
		page, err = tx.Users().Page(domain.Query{Scope: seeded.Caller.Scope(), Limit: 100})
		return err
	}))
	return &atHand{users: page.Items}, token
}

// Read implements domain.Store.
func (s *atHand) Read(_ context.Context, fn func(domain.Tx) error) error { return fn(s.tx()) }

// Write implements domain.Store.
func (s *atHand) Write(context.Context, func(domain.Tx) error) error { panic("nothing is written") }

type atHandTx struct {
	domain.Tx

	store *atHand
}

func (s *atHand) tx() domain.Tx { return atHandTx{store: s} }

// Users implements domain.Tx.
func (t atHandTx) Users() domain.Users { return atHandUsers{list: t.store.users} }

// Tokens implements domain.Tx.
func (t atHandTx) Tokens() domain.Tokens { return atHandTokens{of: &t.store.users[0]} }

type atHandUsers struct {
	domain.Users

	list []domain.User
}

// Get implements domain.Users.
func (u atHandUsers) Get(domain.Scope, domain.UserID) (domain.User, error) { return u.list[0], nil }

// Page implements domain.Users.
func (u atHandUsers) Page(domain.Query) (domain.Page[domain.User], error) {
	return domain.Page[domain.User]{Items: u.list, Total: len(u.list)}, nil
}

type atHandTokens struct {
	domain.Tokens

	of *domain.User
}

// Caller implements domain.Tokens.
func (t atHandTokens) Caller(b domain.Bearer, _ time.Time) (domain.Caller, error) {
	return domain.Caller{
		Organisation: t.of.Organisation, Connection: t.of.Connection, Kind: domain.KindGeneric,
		Activation: domain.ActivateAtOnce, Token: b.Hash,
	}, nil
}
