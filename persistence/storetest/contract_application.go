package storetest

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence"
)

// draftKey is an API key that was made a moment ago and does not expire.
func draftKey(t testing.TB, org domain.OrganisationID, permissions ...string) domain.APIKey {
	t.Helper()
	k := domain.APIKey{
		ID: domain.APIKeyID{UUID: newUUID(t)}, Organisation: org, Name: "Büro", Permissions: domain.Permissions{},
		CreatedAt: time.Now().UTC().Truncate(time.Millisecond),
	}
	for _, text := range permissions {
		of, err := domain.ParsePermission(text)
		require.NoError(t, err)
		k.Permissions[of] = domain.AllObjects()
	}
	_, err := rand.Read(k.Hash[:])
	require.NoError(t, err)
	return k
}

func apiKeys(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, -1)
	other := NewTenant(t, store, Slug(t)+"-2", -1)
	org := tenant.Organisation.ID
	now := time.Now().UTC().Truncate(time.Millisecond)
	plain, short, foreign := draftKey(t, org, "users:view", "audit:view"), draftKey(t, org, "users:view"), draftKey(t, other.Organisation.ID, "users:view")
	short.ExpiresAt = now.Add(time.Hour)
	for _, k := range []domain.APIKey{plain, foreign, short} {
		write(t, store, func(tx domain.Tx) error { return tx.APIKeys().Insert(k) })
	}
	list := func() []domain.APIKey {
		return reading(t, store, func(tx domain.Tx) ([]domain.APIKey, error) { return tx.APIKeys().List(org) })
	}
	require.Equal(t, []domain.APIKey{short, plain}, list(), "newest first")
	get := func(org domain.OrganisationID, id domain.APIKeyID) (domain.APIKey, error) {
		return tryReading(store, func(tx domain.Tx) (domain.APIKey, error) { return tx.APIKeys().Get(org, id) })
	}
	got, err := get(org, plain.ID)
	require.NoError(t, err)
	require.Equal(t, plain, got)
	_, err = get(org, foreign.ID)
	Gone(t, err)

	holder := func(b domain.Bearer, now time.Time) (key domain.APIKey, suspended bool, err error) {
		key, err = tryReading(store, func(tx domain.Tx) (key domain.APIKey, err error) {
			key, suspended, err = tx.APIKeys().Holder(b, now)
			return key, err
		})
		return key, suspended, err
	}
	of := func(k domain.APIKey) domain.Bearer { return domain.Bearer{Organisation: k.Organisation, Hash: k.Hash} }
	got, suspended, err := holder(of(short), now)
	require.NoError(t, err)
	require.False(t, suspended)
	require.Equal(t, short, got)
	plain.WarnedAt = now.Add(time.Minute)
	write(t, store, func(tx domain.Tx) error { return tx.APIKeys().Warned(org, plain.ID, plain.WarnedAt) })
	got, err = get(org, plain.ID)
	require.NoError(t, err)
	require.Equal(t, plain, got)
	Gone(t, writing(store, func(tx domain.Tx) error { return tx.APIKeys().Warned(org, foreign.ID, now) }))
	held := plain.Permissions
	for _, left := range []domain.Permissions{{}, held} {
		plain.Permissions = left
		write(t, store, func(tx domain.Tx) error { return tx.APIKeys().Narrow(org, plain.ID, left) })
		got, err = get(org, plain.ID)
		require.NoError(t, err)
		require.Equal(t, plain, got)
	}
	Gone(t, writing(store, func(tx domain.Tx) error { return tx.APIKeys().Narrow(org, foreign.ID, held) }))
	for name, c := range map[string]struct {
		bearer domain.Bearer
		at     time.Time
	}{
		"expired":             {of(short), short.ExpiresAt},
		"unknown":             {domain.Bearer{Organisation: org}, now},
		"another's":           {domain.Bearer{Organisation: org, Hash: foreign.Hash}, now},
		"a directory's token": {tenant.Bearer, now},
	} {
		_, _, err := holder(c.bearer, c.at)
		require.True(t, domain.IsKind(err, domain.Unauthenticated), "%s: %v", name, err)
	}
	write(t, store, func(tx domain.Tx) error { return tx.Organisations().Suspend(org, now) })
	_, suspended, err = holder(of(plain), now)
	require.NoError(t, err)
	require.True(t, suspended)

	used := func(at time.Time) {
		write(t, store, func(tx domain.Tx) error { return tx.APIKeys().Used(org, plain.Hash, at) })
	}
	used(now.Add(time.Minute))
	used(now) // of a replica that was late
	plain.LastUsedAt = now.Add(time.Minute)
	revoke := func(org domain.OrganisationID, at time.Time) error {
		return writing(store, func(tx domain.Tx) error { return tx.APIKeys().Revoke(org, plain.ID, at) })
	}
	require.NoError(t, revoke(org, now))
	require.NoError(t, revoke(org, now.Add(time.Hour)), "the first time stays")
	Gone(t, revoke(other.Organisation.ID, now))
	plain.RevokedAt = now
	require.Equal(t, []domain.APIKey{short, plain}, list())
	_, _, err = holder(of(plain), now)
	require.True(t, domain.IsKind(err, domain.Unauthenticated))

	person := Account(t, store, tenant, "ana@acme.test", nil)
	hers, ended := draftKey(t, org, "users:view"), draftKey(t, org, "users:view")
	hers.User, ended.User, ended.ExpiresAt = person.ID, person.ID, now
	for _, k := range []domain.APIKey{hers, ended} {
		write(t, store, func(tx domain.Tx) error { return tx.APIKeys().Insert(k) })
	}
	got, err = get(org, hers.ID)
	require.NoError(t, err)
	require.Equal(t, hers, got)
	for _, want := range [][]domain.APIKeyID{{hers.ID}, nil} {
		write(t, store, func(tx domain.Tx) error {
			list, err := tx.APIKeys().RevokeOf(org, person.ID, now)
			require.Equal(t, want, list, "those in force, once")
			return err
		})
	}
	_, _, err = holder(of(short), now)
	require.NoError(t, err, "nobody's stay")
}

func answers(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, -1)
	now := time.Now().UTC().Truncate(time.Millisecond)
	a := domain.Answer{
		Organisation: tenant.Organisation.ID, Asker: domain.Actor{Kind: domain.ActorAPIKey, ID: newUUID(t)}, Key: "k ~1",
		Request: [32]byte{1, 2, 3}, ExpiresAt: now.Add(time.Hour),
	}
	claim := func(a domain.Answer, now time.Time) *domain.Answer {
		var found *domain.Answer
		write(t, store, func(tx domain.Tx) (err error) {
			found, err = tx.Answers().Claim(a, now)
			return err
		})
		return found
	}
	require.Nil(t, claim(a, now))
	require.Equal(t, &a, claim(a, now), "claimed, and without an answer")
	otherRequest := a
	otherRequest.Request, otherRequest.ExpiresAt = [32]byte{9}, now.Add(2*time.Hour)
	require.Equal(t, &a, claim(otherRequest, now), "what is there is told, whatever is asked")
	otherAsker := a
	otherAsker.Asker.ID = newUUID(t)
	require.Nil(t, claim(otherAsker, now))

	kept := a
	kept.Sealed = []byte{0, 1, 0xff}
	write(t, store, func(tx domain.Tx) error { return tx.Answers().Keep(kept) })
	require.Equal(t, &kept, claim(a, now))
	write(t, store, func(tx domain.Tx) error { return tx.Answers().Release(a) })
	require.Equal(t, &kept, claim(a, now), "an answer is not taken back")
	write(t, store, func(tx domain.Tx) error { return tx.Answers().Release(otherAsker) })
	require.Nil(t, claim(otherAsker, now), "a claim is")
	late := a
	late.ExpiresAt = now.Add(3 * time.Hour)
	require.Nil(t, claim(late, now.Add(time.Hour)), "it has expired")
	require.Equal(t, &late, claim(late, now.Add(time.Hour)))
}

// feed: in order of commit, whatever the ids; only what nothing can come before any more.
func feed(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, -1)
	other := NewTenant(t, store, Slug(t)+"-2", -1)
	org := tenant.Organisation.ID
	at := time.Date(2026, 10, 25, 1, 30, 0, 5e6, time.UTC)
	event := func(org domain.OrganisationID, what domain.EventType, at time.Time) domain.Event {
		return domain.Event{
			ID: domain.EventID{UUID: newUUID(t)}, Organisation: org, Type: what, Actor: domain.ActorOperator(), SubjectKind: "token",
			Subject: newUUID(t), RequestID: "r", At: at,
		}
	}
	add := func(events ...domain.Event) {
		write(t, store, func(tx domain.Tx) error {
			for _, e := range events {
				if err := tx.Events().Append(e); err != nil {
					return err
				}
			}
			return nil
		})
	}
	read := func(q domain.EventQuery) domain.EventPage {
		q.Organisation = org
		if q.Limit == 0 {
			q.Limit = 100
		}
		return reading(t, store, func(tx domain.Tx) (domain.EventPage, error) { return tx.Events().Feed(q) })
	}
	// On PostgreSQL whatever else the server does may delay what is shown.
	settled := func(q domain.EventQuery, n int) domain.EventPage {
		deadline := time.Now().Add(time.Minute)
		for {
			page := read(q)
			if len(page.Events) >= n {
				return page
			}
			require.True(t, time.Now().Before(deadline), "%d events did not come", n)
		}
	}
	present := func() domain.EventPosition {
		return reading(t, store, func(tx domain.Tx) (domain.EventPosition, error) { return tx.Events().Present(org) })
	}
	require.Empty(t, read(domain.EventQuery{}).Events)
	start := present()
	late, early := event(org, domain.TokenCreated, at), event(org, domain.TokenRevoked, at.Add(time.Hour))
	early.ID, late.ID = late.ID, early.ID // the later id is committed first
	add(late)
	add(event(other.Organisation.ID, domain.TokenCreated, at))
	add(early)
	want := []domain.Event{late, early}
	page := settled(domain.EventQuery{After: start}, 2)
	require.Equal(t, want, page.Events)
	require.False(t, page.More)
	require.Equal(t, want, read(domain.EventQuery{}).Events)
	require.Empty(t, read(domain.EventQuery{After: page.Next}).Events)
	require.Empty(t, read(domain.EventQuery{After: present()}).Events)

	first := read(domain.EventQuery{Limit: 1})
	require.Equal(t, want[:1], first.Events)
	require.True(t, first.More)
	require.Equal(t, late.ID, first.Next.ID)
	require.Equal(t, want[1:], read(domain.EventQuery{After: first.Next}).Events)
	require.Equal(t, domain.EventPage{}, func() domain.EventPage {
		return reading(t, store, func(tx domain.Tx) (domain.EventPage, error) {
			return tx.Events().Feed(domain.EventQuery{Organisation: org})
		})
	}())

	require.Equal(t, want[1:], read(domain.EventQuery{Types: []domain.EventType{domain.TokenRevoked, "no.such"}}).Events)
	require.Equal(t, want[:1], read(domain.EventQuery{Subject: late.Subject}).Events)
	require.Equal(t, want[1:], read(domain.EventQuery{Since: at.Add(time.Millisecond)}).Events)
	require.Equal(t, want, read(domain.EventQuery{Since: at}).Events)
	nothing := read(domain.EventQuery{Types: []domain.EventType{"no.such"}})
	require.Empty(t, nothing.Events)
	require.Empty(t, read(domain.EventQuery{After: nothing.Next}).Events, "what was looked through is behind the position")

	// Several of one unit of work share their place, and a page may end between them.
	three := []domain.Event{event(org, domain.TokenCreated, at), event(org, domain.TokenCreated, at), event(org, domain.TokenCreated, at)}
	add(three...)
	settled(domain.EventQuery{After: nothing.Next}, 3)
	var seen []domain.Event
	for position := nothing.Next; len(seen) < 3; {
		page := read(domain.EventQuery{After: position, Limit: 1})
		require.Len(t, page.Events, 1)
		seen, position = append(seen, page.Events...), page.Next
	}
	require.Equal(t, three, seen)
}

// whole: an administrator sees all of an organisation, whoever owns it, and nothing of another; a directory sees its own.
func whole(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, -1)
	other := NewTenant(t, store, Slug(t)+"-2", -1)
	second, _, caller := NewConnection(t, store, tenant.Organisation.ID, "second")
	org := tenant.Organisation.ID
	all := domain.Scope{Organisation: org, Whole: true}

	manager := insertUser(t, store, DraftUser(t, tenant.Caller, Person("boss@acme.test", Text("externalId", "e-1"))))
	ours := insertUser(t, store, DraftUser(t, tenant.Caller, Person("a@acme.test", Manager("e-1"))))
	theirs := insertUser(t, store, DraftUser(t, caller, Person("b@acme.test", Manager("e-1"))))
	foreign := insertUser(t, store, DraftUser(t, other.Caller, Person("c@acme.test")))
	local := Account(t, store, tenant, "d@acme.test", nil)
	g := insertGroup(t, store, DraftGroup(t, caller, GroupNamed("Staff")))
	write(t, store, func(tx domain.Tx) error {
		_, err := tx.Groups().AddMembers(g, uuids(theirs.ID.UUID))
		return err
	})

	get := func(scope domain.Scope, id domain.UserID) (domain.User, error) {
		return tryReading(store, func(tx domain.Tx) (domain.User, error) { return tx.Users().Get(scope, id) })
	}
	for _, u := range []domain.User{manager, ours, theirs, local} {
		got, err := get(all, u.ID)
		require.NoError(t, err)
		require.Equal(t, u.UserName, got.UserName)
		require.Equal(t, u.Connection, got.Connection)
	}
	_, err := get(all, foreign.ID)
	Gone(t, err)
	_, err = get(tenant.Caller.Scope(), local.ID)
	Gone(t, err)
	got, err := get(all, ours.ID)
	require.NoError(t, err)
	require.Equal(t, manager.ID, got.ManagerRef.ID)
	got, err = get(all, theirs.ID)
	require.NoError(t, err)
	require.Nil(t, got.ManagerRef, "an external id means what it means in its own connection")
	require.Equal(t, []domain.GroupRef{{ID: g.ID, Display: "Staff"}}, got.Groups)

	page := func(q domain.Query) []uuid.UUID {
		var ids []uuid.UUID
		q.Limit = 10
		found := reading(t, store, func(tx domain.Tx) (domain.Page[domain.User], error) { return tx.Users().Page(q) })
		for _, u := range found.Items {
			ids = append(ids, u.ID.UUID)
		}
		if q.Total {
			require.Equal(t, len(ids), found.Total)
		}
		return ids
	}
	everybody := uuids(manager.ID.UUID, ours.ID.UUID, theirs.ID.UUID, local.ID.UUID)
	require.Equal(t, everybody, page(domain.Query{Scope: all}))
	require.Equal(t, everybody, page(domain.Query{Scope: all, Total: true}), "those of no connection are counted too")
	byName := &domain.Sort{Attribute: domain.Attribute{Path: domain.Path{Name: "userName"}}}
	require.Equal(t, []uuid.UUID{ours.ID.UUID, theirs.ID.UUID, manager.ID.UUID, local.ID.UUID}, page(domain.Query{Scope: all, Sort: byName, Total: true}))
	require.Equal(t, uuids(theirs.ID.UUID), page(domain.Query{Scope: domain.Scope{Organisation: org, Connection: second.ID}}))
	require.Equal(t, uuids(manager.ID.UUID), page(domain.Query{Scope: all, Where: domain.Compare{
		Attribute: domain.Attribute{Path: domain.Path{Name: "userName"}}, Operator: domain.Contains, Operand: operand("BOSS"),
	}}))
	is := func(name, value string) domain.Predicate {
		return domain.Compare{Attribute: domain.Attribute{Path: domain.Path{URN: domain.URNPerson, Name: name}, CaseExact: true}, Operand: operand(value)}
	}
	require.Equal(t, everybody, page(domain.Query{Scope: all, Where: is("status", "active"), Total: true}))
	require.Empty(t, page(domain.Query{Scope: all, Where: is("licence", "simulator")}))
	// Beside what no column answers, the documents are looked at, and the same holds.
	title := domain.Compare{Attribute: domain.Attribute{Path: domain.Path{Name: "title"}}, Operator: domain.NotEqual, Operand: operand("x")}
	require.Equal(t, everybody, page(domain.Query{Scope: all, Where: domain.And{Terms: []domain.Predicate{is("status", "active"), is("licence", "full"), title}}}))

	groups := reading(t, store, func(tx domain.Tx) (domain.Page[domain.Group], error) {
		return tx.Groups().Page(domain.Query{Scope: all, Limit: 10})
	})
	require.Len(t, groups.Items, 1)
	_, err = tryReading(store, func(tx domain.Tx) (domain.Group, error) { return tx.Groups().Get(tenant.Caller.Scope(), g.ID) })
	Gone(t, err)
	_, err = tryReading(store, func(tx domain.Tx) (domain.Group, error) { return tx.Groups().Get(all, g.ID) })
	require.NoError(t, err)
}

func operand(text string) domain.Operand { return domain.Operand{Value: attribute.NewString(text)} }
