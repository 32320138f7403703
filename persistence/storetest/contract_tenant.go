package storetest

import (
	"crypto/sha256"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence"
)

func organisations(t *testing.T, store *persistence.Store) {
	base := Slug(t)[:30]
	at := time.Date(2026, 2, 28, 23, 59, 59, 999e6, time.UTC)
	organisation := func(name string) domain.Organisation {
		return domain.Organisation{ID: domain.OrganisationID{UUID: newUUID(t)}, Slug: base + "-" + name, Name: "Ačme " + name, CreatedAt: at}
	}
	bySlug := func(slug string) (domain.Organisation, error) {
		return tryReading(store, func(tx domain.Tx) (domain.Organisation, error) { return tx.Organisations().BySlug(slug) })
	}
	b, a := organisation("b"), organisation("a")
	for _, o := range []domain.Organisation{b, a} {
		write(t, store, func(tx domain.Tx) error { return tx.Organisations().Insert(o) })
		got, err := bySlug(o.Slug)
		require.NoError(t, err)
		require.Equal(t, o, got)
	}
	again := organisation("a")
	Refused(t, writing(store, func(tx domain.Tx) error { return tx.Organisations().Insert(again) }), domain.Conflict, domain.CodeSlugTaken)
	_, err := bySlug(base + "-nobody")
	Gone(t, err)
	require.Equal(t, []domain.Organisation{a, b}, ours(t, store, base))

	suspend := func(id domain.OrganisationID, at time.Time) error {
		return writing(store, func(tx domain.Tx) error { return tx.Organisations().Suspend(id, at) })
	}
	require.NoError(t, suspend(a.ID, at.Add(time.Hour)))
	got, err := bySlug(a.Slug)
	require.NoError(t, err)
	require.Equal(t, at.Add(time.Hour), got.SuspendedAt)
	require.NoError(t, suspend(a.ID, time.Time{}))
	got, err = bySlug(a.Slug)
	require.NoError(t, err)
	require.Equal(t, a, got)
	Gone(t, suspend(again.ID, at))

	t.Run("Delete", func(t *testing.T) { deleteOrganisation(t, store) })
}

// sole: an organisation is the only one as long as there is no other, suspended or not.
func sole(t *testing.T, store *persistence.Store) {
	only := func() (domain.Organisation, bool) {
		var found bool
		o := reading(t, store, func(tx domain.Tx) (o domain.Organisation, err error) {
			o, found, err = tx.Organisations().Sole()
			return o, err
		})
		return o, found
	}
	none, found := only()
	require.False(t, found)
	require.Zero(t, none)
	at := time.Date(2026, 2, 28, 23, 59, 59, 999e6, time.UTC)
	var all []domain.Organisation
	for _, slug := range []string{"zeta", "acme"} {
		o := domain.Organisation{ID: domain.OrganisationID{UUID: newUUID(t)}, Slug: slug, Name: "Ačme", CreatedAt: at}
		write(t, store, func(tx domain.Tx) error { return tx.Organisations().Insert(o) })
		all = append(all, o)
		got, found := only()
		require.Equal(t, slug == "zeta", found)
		if found {
			require.Equal(t, o, got)
		}
	}
	write(t, store, func(tx domain.Tx) error { return tx.Organisations().Suspend(all[0].ID, at) })
	_, found = only()
	require.False(t, found, "one that is suspended is there")
	write(t, store, func(tx domain.Tx) error { return tx.Organisations().Delete(all[1].ID) })
	got, found := only()
	require.True(t, found)
	all[0].SuspendedAt = at
	require.Equal(t, all[0], got)
}

func ours(t testing.TB, store domain.Store, prefix string) []domain.Organisation {
	t.Helper()
	var list []domain.Organisation
	for _, o := range reading(t, store, func(tx domain.Tx) ([]domain.Organisation, error) { return tx.Organisations().List() }) {
		if strings.HasPrefix(o.Slug, prefix) {
			list = append(list, o)
		}
	}
	return list
}

// deleteOrganisation: nothing of it is left in any table, nothing of another one is touched, and its name is free; a
// token of it stays dead (Zitadel CVE-2026-55670).
func deleteOrganisation(t *testing.T, store *persistence.Store) {
	doomed := fill(t, store, NewTenant(t, store, Slug(t)+"-x", 5))
	other := fill(t, store, NewTenant(t, store, Slug(t)+"-y", 5))
	db := Raw(t, store)
	rows := func(org domain.OrganisationID) map[string]int {
		counts := map[string]int{}
		for _, table := range TenantTables(t, db) {
			counts[table] = Count(t, db, "SELECT count(*) FROM "+table+" WHERE organisation_id = $1", org.String())
		}
		return counts
	}
	before := rows(other.Organisation.ID)
	for table, n := range before {
		require.Positive(t, n, "fill puts nothing into %s, so that this test would prove nothing about it", table)
	}

	write(t, store, func(tx domain.Tx) error { return tx.Organisations().Delete(doomed.Organisation.ID) })
	for table, n := range rows(doomed.Organisation.ID) {
		require.Zero(t, n, "rows left in %s", table)
	}
	require.Equal(t, before, rows(other.Organisation.ID))
	Gone(t, writing(store, func(tx domain.Tx) error { return tx.Organisations().Delete(doomed.Organisation.ID) }))

	reborn := NewTenant(t, store, doomed.Organisation.Slug, 5)
	for _, org := range []domain.OrganisationID{doomed.Organisation.ID, reborn.Organisation.ID} {
		_, err := tryReading(store, func(tx domain.Tx) (domain.Caller, error) {
			return tx.Tokens().Caller(domain.Bearer{Organisation: org, Hash: doomed.Bearer.Hash}, time.Now())
		})
		Refused(t, err, domain.Unauthenticated, domain.CodeUnauthenticated)
	}
	rowsAgree(t, store, reborn.Organisation.ID)
	rowsAgree(t, store, other.Organisation.ID)
}

// fill gives an organisation at least one row in every table.
func fill(t testing.TB, store *persistence.Store, tenant Tenant) Tenant {
	t.Helper()
	org := tenant.Organisation.ID
	u := insertUser(t, store, DraftUser(t, tenant.Caller, Person("ana@acme.test", Emails("ana@mail.test"), Text("displayName", "Ana"))))
	waits := DraftUser(t, tenant.Caller, Person("waits@acme.test"))
	g := insertGroup(t, store, DraftGroup(t, tenant.Caller, GroupNamed("Everybody")))
	write(t, store, func(tx domain.Tx) error {
		if _, err := tx.Groups().AddMembers(g, uuids(u.ID.UUID)); err != nil {
			return err
		}
		if err := tx.Schemas().Insert(domain.Schema{Organisation: org, URN: "urn:acme:1", Definition: []byte("{}"), CreatedAt: time.Now()}); err != nil {
			return err
		}
		if err := tx.Tallies().Add(domain.Tally{Organisation: org, Connection: tenant.Connection.ID, Kind: domain.TallyRefused, What: "x", Count: 1}); err != nil {
			return err
		}
		if _, err := tx.Rates().Add(tenant.Caller.Scope(), 1, 1); err != nil {
			return err
		}
		if err := fillAccess(t, tx, org, u.ID); err != nil {
			return err
		}
		if err := fillLife(tx, u, waits); err != nil {
			return err
		}
		if err := fillRecords(tx, org, u.ID); err != nil {
			return err
		}
		if err := fillTrust(tx, tenant.Connection, u); err != nil {
			return err
		}
		if err := fillOAuth(tx, tenant.Connection, domain.OAuthClientID(u.ID)); err != nil {
			return err
		}
		if err := fillBridge(t, tx, org); err != nil {
			return err
		}
		if err := fillMapping(t, tx, org, u.ID, g.ID); err != nil {
			return err
		}
		if err := fillProvider(tx, org, tenant.Connection.ID); err != nil {
			return err
		}
		if err := fillDoors(tx, u, tenant.Connection.ID); err != nil {
			return err
		}
		if err := tx.APIKeys().Insert(draftKey(t, org, "users:view")); err != nil {
			return err
		}
		if _, err := tx.Answers().Claim(domain.Answer{Organisation: org, Asker: domain.Actor{ID: u.ID.UUID}, Key: "k", ExpiresAt: time.Now().Add(time.Hour)}, time.Now()); err != nil {
			return err
		}
		if err := fillDelivery(t, tx, org, u.ID); err != nil {
			return err
		}
		return tx.Events().Append(domain.Event{
			ID: domain.EventID{UUID: newUUID(t)}, Organisation: org, Type: domain.UserCreated, Actor: domain.ActorOperator(),
			SubjectKind: "user", Subject: u.ID.UUID, At: time.Now(), After: attribute.NewComplex(Text("userName", "ana")),
		})
	})
	return tenant
}

func connections(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, -1)
	org := tenant.Organisation.ID
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	c := domain.Connection{
		ID: domain.ConnectionID{UUID: newUUID(t)}, Organisation: org, Name: "Übergabe", Kind: domain.KindEntra,
		Activation: domain.ActivateOnFirstAccess, CreatedAt: at,
		OIDC: domain.OIDCClient{Issuer: "https://id.test", ClientID: "client", SealedSecret: []byte{0, 1, 0xff}},
	}
	insert := func(c domain.Connection) error {
		return writing(store, func(tx domain.Tx) error { return tx.Connections().Insert(c) })
	}
	byName := func(org domain.OrganisationID, name string) (domain.Connection, error) {
		return tryReading(store, func(tx domain.Tx) (domain.Connection, error) { return tx.Connections().ByName(org, name) })
	}
	require.NoError(t, insert(c))
	got, err := byName(org, "ÜBERGABE")
	require.NoError(t, err, "names compare without case, in every script")
	require.Equal(t, c, got)

	same := c
	same.ID, same.Name = domain.ConnectionID{UUID: newUUID(t)}, "üBERGABE"
	Refused(t, insert(same), domain.Conflict, domain.CodeNameTaken)
	elsewhere := NewTenant(t, store, Slug(t)+"-2", -1)
	same.Organisation = elsewhere.Organisation.ID
	require.NoError(t, insert(same), "another organisation has names of its own")
	_, err = byName(org, "nobody")
	Gone(t, err)
	_, err = byName(domain.OrganisationID{UUID: newUUID(t)}, c.Name)
	Gone(t, err)

	list := reading(t, store, func(tx domain.Tx) ([]domain.Connection, error) { return tx.Connections().List(org) })
	require.Equal(t, []string{"default", "Übergabe"}, []string{list[0].Name, list[1].Name})
	require.Len(t, list, 2)

	disable := func(org domain.OrganisationID, at time.Time) error {
		return writing(store, func(tx domain.Tx) error { return tx.Connections().Disable(org, c.ID, at) })
	}
	require.NoError(t, disable(org, at))
	got, err = byName(org, c.Name)
	require.NoError(t, err)
	require.Equal(t, at, got.DisabledAt)
	require.NoError(t, disable(org, time.Time{}))
	got, err = byName(org, c.Name)
	require.NoError(t, err)
	require.Equal(t, c, got)
	Gone(t, disable(elsewhere.Organisation.ID, at))

	for _, client := range []domain.OIDCClient{{Issuer: "https://other.test", ClientID: "another", SealedSecret: []byte{7}}, {}, c.OIDC} {
		was, is := got, got
		is.OIDC = client
		write(t, store, func(tx domain.Tx) error { return tx.Connections().Register(was, is) })
		got, err = byName(org, c.Name)
		require.NoError(t, err)
		require.Equal(t, is, got)
	}
	stale(t, store, func(tx domain.Tx) error {
		was := c
		was.OIDC.Issuer = "https://old.test"
		return tx.Connections().Register(was, c)
	})
}

func tokens(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, -1)
	org := tenant.Organisation.ID
	now := time.Date(2026, 3, 29, 1, 59, 59, 999e6, time.UTC)
	token := func(secret string, expires time.Time) domain.Token {
		n := domain.Token{
			ID: domain.TokenID{UUID: newUUID(t)}, Organisation: org, Connection: tenant.Connection.ID,
			Hash: sha256.Sum256([]byte(secret)), CreatedAt: now, ExpiresAt: expires,
		}
		write(t, store, func(tx domain.Tx) error { return tx.Tokens().Insert(n) })
		return n
	}
	caller := func(org domain.OrganisationID, hash domain.TokenHash, now time.Time) (domain.Caller, error) {
		return tryReading(store, func(tx domain.Tx) (domain.Caller, error) {
			return tx.Tokens().Caller(domain.Bearer{Organisation: org, Hash: hash}, now)
		})
	}
	lasting, expiring := token("lasting", time.Time{}), token("expiring", now)
	got, err := caller(org, lasting.Hash, now)
	require.NoError(t, err)
	require.Equal(t, domain.Caller{
		Organisation: org, Connection: tenant.Connection.ID, Kind: domain.KindGeneric, Activation: domain.ActivateAtOnce, Token: lasting.Hash,
		Policy: domain.DefaultConnectionPolicy(domain.ActivateAtOnce),
	}, got)
	_, err = caller(org, expiring.Hash, now.Add(-time.Millisecond))
	require.NoError(t, err, "a token is in force until it expires")

	_, unknown := caller(org, sha256.Sum256([]byte("unknown")), now)
	Refused(t, unknown, domain.Unauthenticated, domain.CodeUnauthenticated)
	_, expired := caller(org, expiring.Hash, now)
	require.Equal(t, unknown, expired, "the refusal does not tell what is wrong")
	elsewhere := NewTenant(t, store, Slug(t)+"-2", -1)
	_, foreign := caller(elsewhere.Organisation.ID, lasting.Hash, now)
	require.Equal(t, unknown, foreign)

	revoke := func(org domain.OrganisationID, id domain.TokenID, at time.Time) error {
		return writing(store, func(tx domain.Tx) error { return tx.Tokens().Revoke(org, id, at) })
	}
	Gone(t, revoke(org, domain.TokenID{UUID: newUUID(t)}, now))
	Gone(t, revoke(elsewhere.Organisation.ID, lasting.ID, now))
	require.NoError(t, revoke(org, lasting.ID, now))
	require.NoError(t, revoke(org, lasting.ID, now.Add(time.Hour)), "a second time changes nothing")
	_, revoked := caller(org, lasting.Hash, now)
	require.Equal(t, unknown, revoked)

	used := func(at time.Time) {
		write(t, store, func(tx domain.Tx) error { return tx.Tokens().Used(org, expiring.Hash, at) })
	}
	used(now)
	used(now.Add(-time.Minute)) // a replica whose clock is behind
	list := reading(t, store, func(tx domain.Tx) ([]domain.Token, error) { return tx.Tokens().List(org) })
	require.Len(t, list, 3)
	expiring.LastUsedAt, lasting.RevokedAt = now, now
	require.Equal(t, []domain.Token{expiring, lasting}, list[:2], "newest first")

	write(t, store, func(tx domain.Tx) error {
		if err := tx.Connections().Disable(org, tenant.Connection.ID, now); err != nil {
			return err
		}
		return tx.Organisations().Suspend(org, now)
	})
	stopped, err := caller(org, tenant.Bearer.Hash, now)
	require.NoError(t, err)
	require.True(t, stopped.ConnectionDisabled)
	require.True(t, stopped.OrganisationSuspended)
}

func schemas(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, -1)
	org := tenant.Organisation.ID
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	schema := func(urn string) domain.Schema {
		return domain.Schema{Organisation: org, URN: urn, Definition: []byte(`{"id":"` + urn + `"}`), CreatedAt: at}
	}
	insert := func(s domain.Schema) error {
		return writing(store, func(tx domain.Tx) error { return tx.Schemas().Insert(s) })
	}
	list := func(org domain.OrganisationID) (list []domain.Schema, version int64) {
		require.NoError(t, store.Read(t.Context(), func(tx domain.Tx) (err error) {
			list, version, err = tx.Schemas().List(org)
			return err
		}))
		return list, version
	}
	before, version := list(org)
	require.Empty(t, before)
	b, a := schema("urn:acme:b"), schema("urn:acme:a")
	require.NoError(t, insert(b))
	require.NoError(t, insert(a))
	Refused(t, insert(schema("URN:Acme:A")), domain.Conflict, domain.CodeNameTaken)
	after, moved := list(org)
	require.Equal(t, []domain.Schema{a, b}, after)
	require.Equal(t, version+2, moved, "one for each schema, none for the refused one")
	got := reading(t, store, func(tx domain.Tx) (domain.Caller, error) { return tx.Tokens().Caller(tenant.Bearer, at) })
	require.Equal(t, moved, got.SchemaVersion)
	elsewhere, _ := list(NewTenant(t, store, Slug(t)+"-2", -1).Organisation.ID)
	require.Empty(t, elsewhere)
}
