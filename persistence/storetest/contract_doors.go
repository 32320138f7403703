package storetest

import (
	"crypto/rand"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
)

// fillDoors gives somebody a row in every table about what people get in by.
func fillDoors(tx domain.Tx, u domain.User, connection domain.ConnectionID) error {
	org, now := u.Organisation, u.CreatedAt
	held, err := tx.SignIns().Hold(org, u.ID)
	held.Password = "x"
	for _, err := range []error{
		err,
		tx.SignIns().Save(held),
		tx.Links().Insert(domain.Link{ID: domain.LinkID(u.ID), Organisation: org, User: u.ID, Kind: domain.LinkReset, State: domain.LinkOpen, CreatedAt: now, ExpiresAt: now}),
		tx.ResetRequests().Put(domain.ResetRequest{Organisation: org, User: u.ID, At: now}),
		tx.Sessions().Insert(domain.Session{ID: domain.SessionID(u.ID), Organisation: org, User: u.ID, CreatedAt: now, SeenAt: now}),
		tx.Devices().Insert(domain.Device{ID: domain.DeviceID(u.ID), Organisation: org, User: u.ID, CreatedAt: now, ExpiresAt: now}),
		tx.SecondFactors().Put(domain.SecondFactor{Organisation: org, User: u.ID, Kind: "totp", Sealed: []byte{1}}),
		tx.RecoveryCodes().Replace(org, u.ID, []domain.TokenHash{{1}}, now),
		tx.Passkeys().Insert(domain.Passkey{ID: domain.PasskeyID(u.ID), Organisation: org, User: u.ID, Credential: u.ID.UUID[:], PublicKey: []byte{1}, CreatedAt: now}),
		tx.Identities().Link(domain.Identity{Organisation: org, Connection: connection, Issuer: "i", Subject: "s", User: u.ID, LinkedAt: now}),
		tx.ClaimedGroups().Save(org, u.ID, nil, []domain.GroupID{domain.GroupID(u.ID)}, now),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

// doorstep is somebody who has a row of how they sign in.
func doorstep(t *testing.T, store *persistence.Store) (Tenant, domain.User) {
	t.Helper()
	tenant := OwnTenant(t, store, -1)
	u := insertUser(t, store, DraftUser(t, tenant.Caller, Person("Ana@acme.test", Emails("mail@acme.test"))))
	write(t, store, func(tx domain.Tx) error {
		_, err := tx.SignIns().Hold(u.Organisation, u.ID)
		return err
	})
	return tenant, u
}

func hash(t testing.TB) (h domain.TokenHash) {
	t.Helper()
	_, err := rand.Read(h[:])
	require.NoError(t, err)
	return h
}

func signIns(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, -1)
	u := insertUser(t, store, DraftUser(t, tenant.Caller, Person("Ana@acme.test", Emails("Mail@acme.test"))))
	org, other := u.Organisation, domain.OrganisationID{UUID: newUUID(t)}
	get := func() (s domain.SignIn, found bool) {
		require.NoError(t, store.Read(t.Context(), func(tx domain.Tx) (err error) {
			s, found, err = tx.SignIns().Get(org, u.ID)
			return err
		}))
		return s, found
	}
	known := func() (known bool) {
		write(t, store, func(tx domain.Tx) (err error) {
			known, err = tx.SignIns().Known(org, u.ID)
			return err
		})
		return known
	}
	_, found := get()
	require.False(t, found)
	require.False(t, known())
	var held domain.SignIn
	hold := func() {
		write(t, store, func(tx domain.Tx) (err error) {
			held, err = tx.SignIns().Hold(org, u.ID)
			return err
		})
	}
	hold()
	require.Equal(t, domain.SignIn{Organisation: org, User: u.ID}, held)
	require.True(t, known())
	at := time.Date(2026, 4, 5, 6, 7, 8, 9e6, time.UTC)
	want := domain.SignIn{
		Organisation: org, User: u.ID, Password: "$p$", PasswordSetAt: at, PasswordEndsAt: at.Add(1e9), PasswordWarnedAt: at.Add(2e9),
		Previous: []string{"$a$", "$b$"}, Failures: 3, SlowedUntil: at.Add(3e9), Enrol: true,
	}
	write(t, store, func(tx domain.Tx) error { return tx.SignIns().Save(want) })
	got, found := get()
	require.True(t, found)
	require.Equal(t, want, got)
	hold()
	require.Equal(t, want, held)

	by := func(org domain.OrganisationID, key string) (user domain.UserID, found bool) {
		require.NoError(t, store.Read(t.Context(), func(tx domain.Tx) (err error) {
			user, found, err = tx.SignIns().ByName(org, key)
			return err
		}))
		return user, found
	}
	for _, name := range []string{"ana@acme.test", "mail@acme.test"} {
		user, found := by(org, name)
		require.True(t, found)
		require.Equal(t, u.ID, user)
		_, found = by(other, name)
		require.False(t, found)
	}
	_, found = by(org, "Ana@acme.test")
	require.False(t, found, "names are folded by whoever asks")

	aged := func(by time.Time, after domain.UserID) []domain.SignIn {
		return reading(t, store, func(tx domain.Tx) ([]domain.SignIn, error) { return tx.SignIns().Aged(org, by, after, 10) })
	}
	require.Empty(t, aged(at, domain.UserID{}), "it is temporary")
	want.PasswordEndsAt = time.Time{}
	write(t, store, func(tx domain.Tx) error { return tx.SignIns().Save(want) })
	require.Empty(t, aged(at, domain.UserID{}), "they were told")
	want.PasswordWarnedAt = at.Add(-1e9) // of the password before
	write(t, store, func(tx domain.Tx) error { return tx.SignIns().Save(want) })
	require.Equal(t, []domain.SignIn{want}, aged(at, domain.UserID{}))
	require.Empty(t, aged(at.Add(-time.Millisecond), domain.UserID{}))
	require.Empty(t, aged(at, u.ID))
	nobody := want
	nobody.User.UUID = newUUID(t)
	stale(t, store, func(tx domain.Tx) error { return tx.SignIns().Save(nobody) })
}

// resetRequests wait, one for a person, oldest first, until one of those who take them has.
func resetRequests(t *testing.T, store *persistence.Store) {
	_, u := doorstep(t, store)
	at := time.Date(1999, 4, 5, 6, 7, 8, 9e6, time.UTC) // before what others in this store ask for
	of := func(user domain.UserID, after time.Duration) domain.ResetRequest {
		return domain.ResetRequest{Organisation: u.Organisation, User: user, RequestID: "r", Address: "192.0.2.1", At: at.Add(after)}
	}
	put := func(r domain.ResetRequest) {
		write(t, store, func(tx domain.Tx) error { return tx.ResetRequests().Put(r) })
	}
	take := func(r domain.ResetRequest) (taken bool) {
		write(t, store, func(tx domain.Tx) (err error) {
			taken, err = tx.ResetRequests().Take(r)
			return err
		})
		return taken
	}
	waiting := func(limit int) []domain.ResetRequest {
		list := reading(t, store, func(tx domain.Tx) ([]domain.ResetRequest, error) { return tx.ResetRequests().Waiting(limit) })
		return slices.DeleteFunc(list, func(r domain.ResetRequest) bool { return r.Organisation != u.Organisation })
	}
	nobody, ana := of(domain.UserID{UUID: newUUID(t)}, 0), of(u.ID, time.Second)
	put(ana)
	put(nobody)
	again := ana
	again.At, again.RequestID = at.Add(-time.Hour), "another"
	put(again)
	require.Equal(t, []domain.ResetRequest{nobody, ana}, waiting(2), "the first of somebody's stays")
	require.Equal(t, []domain.ResetRequest{nobody}, waiting(1))
	require.True(t, take(nobody))
	require.False(t, take(nobody))
	require.Equal(t, []domain.ResetRequest{ana}, waiting(2))
	require.True(t, take(ana))
}

func links(t *testing.T, store *persistence.Store) {
	_, u := doorstep(t, store)
	org := u.Organisation
	at := time.Date(2026, 4, 5, 6, 7, 8, 9e6, time.UTC)
	link := func(kind domain.LinkKind, after time.Duration, resent bool) domain.Link {
		return domain.Link{
			ID: domain.LinkID{UUID: newUUID(t)}, Organisation: org, User: u.ID, Kind: kind, Hash: hash(t), State: domain.LinkOpen, Resent: resent,
			CreatedAt: at.Add(after), ExpiresAt: at.Add(after + time.Hour),
		}
	}
	first, second, reset := link(domain.LinkInvitation, 0, false), link(domain.LinkInvitation, time.Minute, true), link(domain.LinkReset, time.Second, true)
	for _, l := range []domain.Link{first, second, reset} {
		write(t, store, func(tx domain.Tx) error { return tx.Links().Insert(l) })
		require.Equal(t, l, reading(t, store, func(tx domain.Tx) (domain.Link, error) { return tx.Links().Get(org, l.ID) }))
	}
	presented := func(ref domain.LinkRef) error {
		_, err := tryReading(store, func(tx domain.Tx) (domain.Link, error) { return tx.Links().Presented(ref) })
		return err
	}
	require.NoError(t, presented(domain.LinkRef{Organisation: org, ID: first.ID, Hash: first.Hash}))
	Gone(t, presented(domain.LinkRef{Organisation: org, ID: first.ID, Hash: second.Hash}))
	Gone(t, presented(domain.LinkRef{Organisation: domain.OrganisationID{UUID: newUUID(t)}, ID: first.ID, Hash: first.Hash}))
	_, err := tryReading(store, func(tx domain.Tx) (domain.Link, error) { return tx.Links().Get(org, domain.LinkID{UUID: newUUID(t)}) })
	Gone(t, err)

	latest := reading(t, store, func(tx domain.Tx) (domain.Link, error) {
		l, found, err := tx.Links().Latest(org, u.ID, domain.LinkInvitation)
		require.True(t, found)
		return l, err
	})
	require.Equal(t, second, latest)
	resent := func(since time.Time) int {
		return reading(t, store, func(tx domain.Tx) (int, error) { return tx.Links().Resent(org, u.ID, domain.LinkInvitation, since) })
	}
	require.Equal(t, []int{1, 0}, []int{resent(at), resent(second.CreatedAt)})

	open := func() []domain.Link {
		return reading(t, store, func(tx domain.Tx) ([]domain.Link, error) { return tx.Links().Open(org, u.ID) })
	}
	over := func(at time.Time, limit int) []domain.Link {
		return reading(t, store, func(tx domain.Tx) ([]domain.Link, error) { return tx.Links().Over(org, at, limit) })
	}
	require.Equal(t, []domain.Link{first, second, reset}, open())
	require.Empty(t, over(first.ExpiresAt.Add(-time.Millisecond), 10))
	require.Equal(t, []domain.Link{first, reset}, over(reset.ExpiresAt, 10))
	require.Equal(t, []domain.Link{first}, over(reset.ExpiresAt, 1))
	write(t, store, func(tx domain.Tx) error { return tx.Links().End(first, domain.LinkAccepted, at.Add(time.Hour)) })
	ended := first
	ended.State, ended.EndedAt = domain.LinkAccepted, at.Add(time.Hour)
	require.Equal(t, ended, reading(t, store, func(tx domain.Tx) (domain.Link, error) { return tx.Links().Get(org, first.ID) }))
	require.Equal(t, []domain.Link{second, reset}, open())
	require.Equal(t, []domain.Link{reset}, over(reset.ExpiresAt, 10))
	stale(t, store, func(tx domain.Tx) error { return tx.Links().End(first, domain.LinkRevoked, at) })
}

func sessions(t *testing.T, store *persistence.Store) {
	_, u := doorstep(t, store)
	org := u.Organisation
	at := time.Date(2026, 4, 5, 6, 7, 8, 9e6, time.UTC)
	session := func(after time.Duration) domain.Session {
		s := domain.Session{
			ID: domain.SessionID{UUID: newUUID(t)}, Organisation: org, User: u.ID, Hash: hash(t), Method: domain.ByPassword, Agent: "Firefox",
			Steps:   []domain.SignInStep{domain.StepPassword, domain.StepEnrol},
			Address: "192.0.2.1", CreatedAt: at.Add(after), SeenAt: at.Add(after), ProvedAt: at, Factor: domain.FactorDevice,
		}
		write(t, store, func(tx domain.Tx) error { return tx.Sessions().Insert(s) })
		return s
	}
	a, b, c := session(0), session(time.Minute), session(2*time.Minute)
	list := func() []domain.Session {
		return reading(t, store, func(tx domain.Tx) ([]domain.Session, error) { return tx.Sessions().List(org, u.ID) })
	}
	require.Equal(t, []domain.Session{c, b, a}, list())
	find := func(s domain.Session) (domain.Presented, error) {
		return tryReading(store, func(tx domain.Tx) (domain.Presented, error) { return tx.Sessions().Find(org, s.Hash) })
	}
	p, err := find(a)
	require.NoError(t, err)
	require.Equal(t, domain.Presented{
		Session: a, Facts: domain.AccessFacts{Here: true, Status: domain.Active, Method: domain.BySession}, Idle: 12 * time.Hour, Longest: 7 * 24 * time.Hour,
	}, p)

	window, err := domain.WindowSpec{TimeZone: "Europe/Madrid", ValidUntil: "2026-12-31", Schedule: "mon 09:00-17:00"}.Window()
	require.NoError(t, err)
	policy := domain.DefaultPolicy()
	policy.Version, policy.SessionIdleHours, policy.SessionDays = 1, 3, 2
	windowed := func() []domain.WindowedUser {
		return reading(t, store, func(tx domain.Tx) ([]domain.WindowedUser, error) {
			return tx.Sessions().Windowed(org, domain.UserID{}, 10)
		})
	}
	require.Empty(t, windowed())
	write(t, store, func(tx domain.Tx) error {
		for _, err := range []error{
			tx.Organisations().Suspend(org, at),
			tx.Windows().Put(org, u.ID, window),
			tx.Blocks().Put(domain.Block{}, domain.Block{Organisation: org, User: u.ID, Reason: domain.BlockedByAdministrator, Since: at}),
			tx.Policies().Save(org, domain.DefaultPolicy(), policy),
		} {
			if err != nil {
				return err
			}
		}
		return nil
	})
	p, err = find(a)
	require.NoError(t, err)
	require.Equal(t, domain.AccessFacts{
		OrganisationSuspended: true, Here: true, Status: domain.Active, Block: domain.BlockedByAdministrator, Window: window, Method: domain.BySession,
	}, p.Facts)
	require.Equal(t, []time.Duration{3 * time.Hour, 48 * time.Hour}, []time.Duration{p.Idle, p.Longest})
	require.Equal(t, []domain.WindowedUser{{User: u.ID, Window: window}}, windowed())

	rotated := a
	rotated.Hash, rotated.Steps, rotated.ProvedAt, rotated.Factor = hash(t), nil, at.Add(time.Second), domain.FactorCode
	write(t, store, func(tx domain.Tx) error { return tx.Sessions().Rotate(a, rotated) })
	_, err = find(a)
	Refused(t, err, domain.Unauthenticated, domain.CodeUnauthenticated)
	p, err = find(rotated)
	require.NoError(t, err)
	require.Equal(t, rotated, p.Session)
	stale(t, store, func(tx domain.Tx) error { return tx.Sessions().Rotate(a, rotated) })
	for _, seen := range []time.Time{at.Add(time.Hour), at} { // it does not go back
		write(t, store, func(tx domain.Tx) error { return tx.Sessions().Seen(rotated, seen) })
	}
	rotated.SeenAt = at.Add(time.Hour)
	require.Equal(t, []domain.Session{c, b, rotated}, list())

	end := func(user domain.UserID, s domain.Session) error {
		return writing(store, func(tx domain.Tx) error { return tx.Sessions().End(org, user, s.ID) })
	}
	Gone(t, end(domain.UserID{UUID: newUUID(t)}, c))
	require.NoError(t, end(u.ID, c))
	Gone(t, end(u.ID, c))
	d := session(3 * time.Hour)
	over := func(begun, seen time.Time) []domain.Session {
		var ended []domain.Session
		write(t, store, func(tx domain.Tx) (err error) {
			ended, err = tx.Sessions().Over(org, begun, seen, 10)
			return err
		})
		return ended
	}
	require.Empty(t, over(at.Add(-1), b.SeenAt.Add(-time.Millisecond)))
	require.Equal(t, []domain.Session{b}, over(at.Add(-time.Millisecond), b.SeenAt), "idle")
	require.Equal(t, []domain.Session{rotated}, over(at, b.SeenAt), "old")
	e := session(4 * time.Hour)
	var ended []domain.SessionID
	write(t, store, func(tx domain.Tx) (err error) {
		ended, err = tx.Sessions().EndAll(org, u.ID, d.ID)
		return err
	})
	require.Equal(t, []domain.SessionID{e.ID}, ended)
	require.Equal(t, []domain.Session{d}, list())
}

func identities(t *testing.T, store *persistence.Store) {
	tenant, u := doorstep(t, store)
	org := u.Organisation
	v := insertUser(t, store, DraftUser(t, tenant.Caller, Person("bo@acme.test")))
	write(t, store, func(tx domain.Tx) error {
		_, err := tx.SignIns().Hold(org, v.ID)
		return err
	})
	i := domain.Identity{
		Organisation: org, Connection: tenant.Connection.ID, Issuer: "https://idp.test", Subject: "Sub", User: u.ID,
		LinkedAt: time.Date(2026, 4, 5, 6, 7, 8, 9e6, time.UTC),
	}
	find := func(i domain.Identity) (user domain.UserID, found bool) {
		require.NoError(t, store.Read(t.Context(), func(tx domain.Tx) (err error) {
			user, found, err = tx.Identities().Find(i)
			return err
		}))
		return user, found
	}
	_, found := find(i)
	require.False(t, found)
	link := func(i domain.Identity) error {
		return writing(store, func(tx domain.Tx) error { return tx.Identities().Link(i) })
	}
	require.NoError(t, link(i))
	require.NoError(t, link(i))
	user, found := find(i)
	require.True(t, found)
	require.Equal(t, u.ID, user)
	stolen, other := i, i
	stolen.User, other.User, other.Subject = v.ID, v.ID, "sub"
	Refused(t, link(stolen), domain.Conflict, domain.CodeIdentityTaken)
	require.NoError(t, link(other), "subjects are compared exactly")
	user, _ = find(other)
	require.Equal(t, v.ID, user)
	list := reading(t, store, func(tx domain.Tx) ([]domain.Identity, error) { return tx.Identities().List(org, u.ID) })
	require.Equal(t, []domain.Identity{i}, list)
	i.UsedAt = i.LinkedAt.Add(time.Hour)
	write(t, store, func(tx domain.Tx) error { return tx.Identities().Used(i, i.UsedAt) })
	list = reading(t, store, func(tx domain.Tx) ([]domain.Identity, error) { return tx.Identities().List(org, u.ID) })
	require.Equal(t, []domain.Identity{i}, list)
	taken := i
	taken.User = v.ID
	Gone(t, writing(store, func(tx domain.Tx) error { return tx.Identities().Take(taken) }))
	write(t, store, func(tx domain.Tx) error { return tx.Identities().Take(i) })
	_, found = find(i)
	require.False(t, found)
	_, found = find(other)
	require.True(t, found, "of another")
	require.NoError(t, link(i))
	write(t, store, func(tx domain.Tx) error { return tx.Identities().Unlink(org, u.ID) })
	_, found = find(i)
	require.False(t, found)
	_, found = find(other)
	require.True(t, found)
}
