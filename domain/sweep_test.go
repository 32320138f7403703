package domain_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
)

// The rules that come true by the passing of time, each swept by two replicas at once and done once.
func TestRulesOfSweeps(t *testing.T) {
	t.Parallel()
	t.Run("sweep.once", func(t *testing.T) {
		t.Parallel()
		storetest.EachURL(t, func(t *testing.T, databaseURL string) {
			stores := []*persistence.Store{storetest.Open(t, databaseURL)}
			if stores[0].Stat().Kind == "postgres" { // a SQLite database belongs to one process
				stores = append(stores, storetest.Open(t, databaseURL))
			}
			sweepOnce(t, stores)
		})
	})
}

// wearyStore writes so many units of work, and then fails as a process does that is killed.
type wearyStore struct {
	domain.Store

	left int
}

var errWeary = errors.New("killed")

func (s *wearyStore) Write(ctx context.Context, fn func(domain.Tx) error) error {
	if s.left--; s.left < 0 {
		return errWeary
	}
	return s.Store.Write(ctx, fn)
}

// sweepResumed: a sweep that was interrupted goes on where it ended, run by whoever comes next, and does nothing twice.
func sweepResumed(s *scene) {
	const people, day = 2*domain.SweepBatch + 3, 24 * time.Hour
	for i := range people {
		s.came(s.provision(fmt.Sprintf("u%d@acme.test", i)).ID)
	}
	s.clock.Move(100 * day)
	due := domain.DailySweep(s.clock.Now())
	slug := s.tenant.Organisation.Slug
	sweep := func(store domain.Store) (domain.SweepReport, error) {
		return domain.NewInstallation(store, s.clock.Environment(), nil).Sweep(s.Context(), slug, false, domain.SweepInactivity)
	}
	report, err := sweep(&wearyStore{Store: s.store, left: 1})
	require.ErrorIs(s, err, errWeary)
	require.Equal(s, domain.SweepBatch, report.Blocked, "what was done is done")
	counting := &wearyStore{Store: s.store, left: 100}
	report, err = sweep(counting)
	require.NoError(s, err)
	require.Equal(s, domain.SweepReport{DueAt: due, Blocked: people - domain.SweepBatch, Done: true}, report)
	require.Equal(s, 2, 100-counting.left, "it does not begin again")
	report, err = sweep(s.store)
	require.NoError(s, err)
	require.Equal(s, domain.SweepReport{DueAt: due}, report)
	s.clock.Move(day)
	report, err = sweep(s.store)
	require.NoError(s, err)
	require.Equal(s, domain.SweepReport{DueAt: due.Add(day), Done: true}, report, "the next day has nothing to do")
}

// A token of a directory that ends soon is told of once, to the owners too; one that is replaced, revoked or a client's is not.
func TestRulesOfTokens(t *testing.T) {
	t.Parallel()
	each := storetest.Shared(t)
	t.Run("sweep.resumed", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, store *persistence.Store) {
			s := newScene(t, store, -1)
			sweepResumed(s)
			storetest.Consistent(t, store, s.org())
		})
	})
	t.Run("sweep.tokens", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, store *persistence.Store) {
			const day = 24 * time.Hour
			s := newScene(t, store, -1)
			token := func(lifetime time.Duration) domain.Token {
				made, _, err := s.administration().CreateToken(s.Context(), s.boss(), s.caller.Connection, lifetime)
				require.NoError(t, err)
				return made
			}
			sweep := s.credentials
			token(0)
			year, short, replaced, revoked := token(365*day), token(8*day), token(365*day), token(365*day)
			require.Empty(t, sweep())
			s.clock.Move(6 * day)
			made := sweep()
			require.Equal(t, []domain.EventType{domain.TokenExpiring}, eventTypes(made))
			require.Equal(t, short.ID.UUID, made[0].Subject)
			require.Equal(t, s.tenant.Connection.Name, made[0].After.Get("connectionName").Text())
			require.Equal(t, short.ExpiresAt.Format(time.RFC3339Nano), made[0].After.Get("expiresAt").Text())
			require.Empty(t, sweep(), "once")
			s.clock.Move(345*day - time.Second)
			require.Empty(t, sweep(), "not yet")
			_, _, err := s.administration().RotateToken(s.Context(), s.boss(), replaced.ID, 30*day, domain.IfMatch{})
			require.NoError(t, err)
			_, err = s.administration().RevokeToken(s.Context(), s.boss(), revoked.ID, domain.IfMatch{})
			require.NoError(t, err)
			s.clock.Move(time.Second)
			made = sweep()
			require.Len(t, made, 1)
			require.Equal(t, year.ID.UUID, made[0].Subject, "who replaces a token knows that it ends")
			s.clock.Move(14 * day)
			require.Empty(t, sweep(), "what has ended is not told of")
		})
	})
	t.Run("sweep.secrets", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, store *persistence.Store) { sweepSecrets(newScene(t, store, -1)) })
	})
	t.Run("sweep.keys", func(t *testing.T) {
		t.Parallel()
		each(t, func(t *testing.T, store *persistence.Store) { sweepKeys(newScene(t, store, -1)) })
	})
}

// credentials sweeps, and gives the events about a kind of what ends.
func (s *scene) credentials() []domain.Event {
	s.Helper()
	return s.eventsSince(func() {
		_, err := s.operator().Sweep(s.Context(), s.tenant.Organisation.Slug, true, domain.SweepCredentials)
		require.NoError(s, err)
	})
}

// sweepSecrets: the secret of an OAuth client is told of once, the one that takes its place again, the short tokens that the
// client is given never.
func sweepSecrets(s *scene) {
	const day = 24 * time.Hour
	client := func(lifetime time.Duration) domain.OAuthClient {
		c, _, err := s.administration().CreateOAuthClient(s.Context(), s.boss(), s.caller.Connection, domain.OAuthClientSpec{Lifetime: lifetime})
		require.NoError(s, err)
		return c
	}
	client(0)
	year, revoked := client(365*day), client(365*day)
	_, err := s.administration().RevokeOAuthClient(s.Context(), s.boss(), revoked.ID, domain.IfMatch{})
	require.NoError(s, err)
	s.clock.Move(351*day - time.Second)
	require.Empty(s, s.credentials(), "not yet")
	s.clock.Move(time.Second)
	made := s.credentials()
	require.Equal(s, []domain.EventType{domain.OAuthClientExpiring}, eventTypes(made))
	require.Equal(s, []any{year.ID.UUID, "oauth_client"}, []any{made[0].Subject, made[0].SubjectKind})
	require.Equal(s, s.tenant.Connection.Name, made[0].After.Get("connectionName").Text())
	require.Equal(s, year.ExpiresAt.Format(time.RFC3339Nano), made[0].After.Get("expiresAt").Text())
	require.Empty(s, s.credentials(), "once")

	rotated, _, err := s.administration().RotateOAuthClient(s.Context(), s.boss(), year.ID, day, domain.IfMatch{})
	require.NoError(s, err)
	require.Empty(s, s.credentials(), "the new secret is good for another year")
	s.clock.Move(351 * day)
	made = s.credentials()
	require.Equal(s, []domain.EventType{domain.OAuthClientExpiring}, eventTypes(made), "and is told of, too")
	require.Equal(s, rotated.ExpiresAt.Format(time.RFC3339Nano), made[0].After.Get("expiresAt").Text())
	s.clock.Move(14 * day)
	require.Empty(s, s.credentials(), "what has ended is not told of")
}

// sweepKeys: an API key is told of once, with its name; one that was revoked or never ends is not.
func sweepKeys(s *scene) {
	const day = 24 * time.Hour
	key := func(name string, lifetime time.Duration) domain.APIKey {
		k, _, err := s.operator().CreateAPIKey(s.Context(), s.tenant.Organisation.Slug, domain.APIKeySpec{
			Name: name, Permissions: []domain.Permission{{Module: "users", Action: "view"}}, Lifetime: lifetime,
		})
		require.NoError(s, err)
		return k
	}
	key("for ever", 0)
	short, year, revoked := key("short", 8*day), key("HR system", 365*day), key("revoked", 365*day)
	_, err := s.administration().RevokeAPIKey(s.Context(), s.boss(), revoked.ID, domain.IfMatch{})
	require.NoError(s, err)
	require.Empty(s, s.credentials())
	s.clock.Move(6 * day)
	made := s.credentials()
	require.Equal(s, []domain.EventType{domain.APIKeyExpiring}, eventTypes(made))
	require.Equal(s, []any{short.ID.UUID, "api_key", "short"}, []any{made[0].Subject, made[0].SubjectKind, made[0].After.Get("name").Text()})
	require.Empty(s, s.credentials(), "once")
	s.clock.Move(345 * day)
	made = s.credentials()
	require.Equal(s, []domain.EventType{domain.APIKeyExpiring}, eventTypes(made))
	require.Equal(s, year.ID.UUID, made[0].Subject)
	require.Equal(s, year.ExpiresAt.Format(time.RFC3339Nano), made[0].After.Get("expiresAt").Text())
	s.clock.Move(14 * day)
	require.Empty(s, s.credentials(), "what has ended is not told of")
}

// replicas are sweepers, by one clock, that count what they did.
type replicas struct {
	*testing.T
	sweepers []*domain.Sweeper
	mu       sync.Mutex
	ran      map[domain.SweepKind]int
	changes  map[domain.SweepKind]int
}

func newReplicas(t *testing.T, clock *storetest.Clock, stores []*persistence.Store) *replicas {
	t.Helper()
	r := &replicas{T: t}
	for i := range 2 {
		in := domain.NewInstallation(stores[i%len(stores)], clock.Environment(), nil)
		r.sweepers = append(r.sweepers, domain.NewSweeper(in, func(kind domain.SweepKind, report domain.SweepReport, err error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			if err == nil {
				r.ran[kind]++
				r.changes[kind] += report.Changes()
			}
		}))
	}
	return r
}

// run lets all sweep at once, and gives what they changed.
func (r *replicas) run() map[domain.SweepKind]int {
	r.Helper()
	r.changes, r.ran = map[domain.SweepKind]int{}, map[domain.SweepKind]int{}
	for code, n := range outcomes(r.T, concurrently(len(r.sweepers), func(i int) error {
		_, err := r.sweepers[i].Run(context.Background())
		return err
	})) {
		require.Empty(r, code, "%d failed", n)
	}
	for kind, n := range r.ran {
		require.Equal(r, 1, n, "%s was run more than once", kind)
	}
	for kind, n := range r.changes {
		if n == 0 {
			delete(r.changes, kind)
		}
	}
	return r.changes
}

// sweepOnce: every sweep that is due is run, by whichever replica, and does its work once for its due time.
func sweepOnce(t *testing.T, stores []*persistence.Store) {
	const day = 24 * time.Hour
	s := newVisit(newScene(t, stores[0], 3))
	s.clock.Move(domain.DailySweep(s.clock.Now()).Add(day + time.Minute).Sub(s.clock.Now()))
	require.NoError(t, s.store.Write(s.Context(), func(tx domain.Tx) error {
		return tx.Reviews().SavePlan(s.org(), domain.DefaultReviewPlan(), domain.ReviewPlan{Every: domain.ReviewNever, Version: 1})
	}))
	s.policy(func(p *domain.Policy) { p.SeatOverflow = domain.SeatOverflowWait })
	both := newReplicas(t, s.clock, stores)
	expect := func(want map[domain.SweepKind]int) []domain.Event {
		t.Helper()
		made := s.eventsSince(func() { require.Equal(t, want, both.run()) })
		require.Empty(t, s.eventsSince(func() { require.Empty(t, both.run()) }), "the same due time")
		return made
	}
	ana, out, pending := s.member("ana@acme.test"), s.member("out@acme.test"), s.add("pending@acme.test")
	late := s.provision("late@acme.test")
	require.Equal(t, domain.Pending, late.Status)
	_, err := s.admin.SetWindow(s.Context(), s.boss(), out.ID, domain.IfMatch{}, domain.WindowSpec{TimeZone: "UTC", ValidUntil: s.clock.Now().Add(day).Format(time.DateOnly)})
	require.NoError(t, err)
	require.Empty(t, expect(map[domain.SweepKind]int{}))

	// One session ends with its window, the other because it was not used.
	s.clock.Move(2 * day)
	made := expect(map[domain.SweepKind]int{domain.SweepWindows: 1, domain.SweepSessions: 1})
	require.Equal(t, []domain.EventType{domain.SessionEnded, domain.SessionEnded}, eventTypes(made))
	require.Equal(t, []any{out.ID.UUID, ana.ID.UUID}, []any{made[0].Subject, made[1].Subject})
	for _, u := range []domain.User{ana, out} {
		left, err := s.admin.Sessions(s.Context(), s.boss(), u.ID)
		require.NoError(t, err)
		require.Empty(t, left)
	}

	// An invitation expires, and a seat that nobody gave away finds who waits for it.
	full := domain.SeatPlan{Licence: domain.LicenceFull, Limit: 3}
	require.NoError(t, s.store.Write(s.Context(), func(tx domain.Tx) error {
		return tx.Seats().Resize(s.org(), full, domain.SeatPlan{Licence: domain.LicenceFull, Limit: 4})
	}))
	s.clock.Move(5 * day)
	made = expect(map[domain.SweepKind]int{domain.SweepLinks: 1, domain.SweepSeats: 1})
	require.Equal(t, []domain.EventType{domain.UserInvitationExpired, domain.SeatAssigned}, eventTypes(made))
	require.Equal(t, []any{pending.ID.UUID, late.ID.UUID}, []any{made[0].Subject, made[1].Subject})
	require.Equal(t, domain.Active, s.found(late.ID).Status)

	// They are warned, blocked, and told that their password expires; who got in by no password never was here, for all that is known.
	s.clock.Move(71 * day)
	require.Equal(t, []domain.EventType{domain.InactivityWarned, domain.InactivityWarned}, eventTypes(expect(map[domain.SweepKind]int{domain.SweepInactivity: 2})))
	s.clock.Move(14 * day)
	require.Equal(t, []domain.EventType{domain.UserBlocked, domain.UserBlocked}, eventTypes(expect(map[domain.SweepKind]int{domain.SweepInactivity: 2})))
	_, blocked, err := s.admin.BlockOf(s.Context(), s.boss(), late.ID)
	require.NoError(t, err)
	require.False(t, blocked)
	s.clock.Move(14 * day)
	made = expect(map[domain.SweepKind]int{domain.SweepPasswords: 2})
	require.Equal(t, []domain.EventType{domain.PasswordExpiring, domain.PasswordExpiring}, eventTypes(made))
	require.Equal(t, s.clock.Now().Add(14*day).Format(time.RFC3339Nano), made[0].After.Get("expiresAt").Text())
	s.clock.Move(day)
	require.Empty(t, expect(map[domain.SweepKind]int{}), "once for a password")
	storetest.Consistent(t, stores[0], s.org())
}

// blockInactivityOnlyWhoCould: who does not sign in through Usher is never blocked for not having been here; a password, an
// identity or an access that was recorded is what tells.
func blockInactivityOnlyWhoCould(s *scene) {
	const day = 24 * time.Hour
	unknown, seen, identified, keyed := s.provision("unknown@acme.test"), s.provision("seen@acme.test"), s.provision("identified@acme.test"), s.provision("keyed@acme.test")
	require.NoError(s, s.store.Write(s.Context(), func(tx domain.Tx) error {
		for _, u := range []domain.User{identified, keyed, unknown} {
			held, err := tx.SignIns().Hold(s.org(), u.ID)
			if err != nil {
				return err
			}
			if u.ID == keyed.ID {
				held.Password, held.PasswordSetAt = "$test$x", s.clock.Now()
				if err := tx.SignIns().Save(held); err != nil {
					return err
				}
			}
		}
		return tx.Identities().Link(domain.Identity{
			Organisation: s.org(), Connection: s.caller.Connection, Issuer: "https://id.test", Subject: "1", User: identified.ID, LinkedAt: s.clock.Now(),
		})
	}))
	s.came(seen.ID)
	s.clock.Move(80 * day)
	require.Equal(s, 3, s.sweep().Warned)
	s.clock.Move(20 * day)
	require.Equal(s, 3, s.sweep().Blocked)
	for _, u := range []domain.User{unknown, seen, identified, keyed} {
		_, blocked, err := s.admin.BlockOf(s.Context(), s.boss(), u.ID)
		require.NoError(s, err)
		require.Equal(s, u.ID != unknown.ID, blocked, u.UserName)
	}
	s.clock.Move(100 * day)
	require.Zero(s, s.sweep().Blocked)
}
