package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
)

// fillProvider gives an organisation a row in every table about OpenID providers and our own keys.
func fillProvider(tx domain.Tx, org domain.OrganisationID, connection domain.ConnectionID) error {
	now := time.Now()
	if err := tx.SigningKeys().Insert(domain.SigningKey{Organisation: org, Algorithm: "ES256", Generation: 1, Public: []byte{1}, Sealed: []byte{1}, CreatedAt: now, UsedFrom: now}); err != nil {
		return err
	}
	if err := tx.ProviderSettings().Save(domain.ProviderSettings{}, domain.ProviderSettings{Organisation: org, Connection: connection, Revision: 1}); err != nil {
		return err
	}
	_, err := tx.UsedTokens().Use(org, domain.TokenHash{1}, now.Add(time.Hour), now)
	return err
}

func signingKeys(t *testing.T, store *persistence.Store) {
	tenant, other := NewTenant(t, store, Slug(t)+"-x", 1), NewTenant(t, store, Slug(t)+"-y", 1)
	org, now := tenant.Organisation.ID, time.Now().UTC().Truncate(time.Millisecond)
	list := func(org domain.OrganisationID) []domain.SigningKey {
		return reading(t, store, func(tx domain.Tx) ([]domain.SigningKey, error) { return tx.SigningKeys().List(org) })
	}
	key := func(algorithm string, generation int64, id string) domain.SigningKey {
		return domain.SigningKey{
			Organisation: org, Algorithm: algorithm, Generation: generation, ID: id, Public: []byte{0, 1, 2}, Sealed: []byte{3, 0}, CreatedAt: now, UsedFrom: now.Add(time.Hour),
		}
	}
	eleventh, second, curve := key("EdDSA", 11, "a"), key("EdDSA", 2, "b"), key("ES256", 1, "c")
	write(t, store, func(tx domain.Tx) error {
		for _, k := range []domain.SigningKey{eleventh, second, curve} {
			if err := tx.SigningKeys().Insert(k); err != nil {
				return err
			}
		}
		return nil
	})
	require.Equal(t, []domain.SigningKey{curve, second, eleventh}, list(org), "by algorithm and generation")
	require.Empty(t, list(other.Organisation.ID))
	write(t, store, func(tx domain.Tx) error { return tx.SigningKeys().Insert(key("EdDSA", 2, "too late")) })
	require.Equal(t, []domain.SigningKey{curve, second, eleventh}, list(org), "a generation is there once")
	write(t, store, func(tx domain.Tx) error { return tx.SigningKeys().Delete(org, "EdDSA", 2) })
	require.Equal(t, []domain.SigningKey{curve, eleventh}, list(org))
}

func usedTokens(t *testing.T, store *persistence.Store) {
	tenant, other := NewTenant(t, store, Slug(t)+"-x", 1), NewTenant(t, store, Slug(t)+"-y", 1)
	now := time.Now()
	use := func(org domain.OrganisationID, hash domain.TokenHash, endsAt, now time.Time) (first bool) {
		write(t, store, func(tx domain.Tx) (err error) {
			first, err = tx.UsedTokens().Use(org, hash, endsAt, now)
			return err
		})
		return first
	}
	org, token := tenant.Organisation.ID, domain.TokenHash{7}
	require.True(t, use(org, token, now.Add(time.Minute), now))
	require.False(t, use(org, token, now.Add(time.Hour), now))
	require.True(t, use(other.Organisation.ID, token, now.Add(time.Minute), now), "of another organisation")
	require.True(t, use(org, domain.TokenHash{8}, now.Add(time.Minute), now))
	require.False(t, use(org, token, now.Add(time.Minute), now.Add(time.Minute)), "until it ends")
	require.True(t, use(org, token, now.Add(time.Hour), now.Add(time.Minute+time.Second)))
	require.Equal(t, 1, Count(t, Raw(t, store), "SELECT count(*) FROM used_tokens WHERE organisation_id = $1", org.String()), "what ended is forgotten")
}

// arrivals: what is kept of who comes by single sign-on.
func arrivals(t *testing.T, store *persistence.Store) {
	tenant, u := doorstep(t, store)
	org, connection := u.Organisation, tenant.Connection.ID
	at := time.Date(2026, 4, 5, 6, 7, 8, 9e6, time.UTC)
	identity := domain.Identity{
		Organisation: org, Connection: connection, Issuer: "https://idp.test", Subject: "s", User: u.ID, LinkedAt: at, LinkedBy: domain.LinkedJustInTime,
		Said: domain.Told{Name: `"Ana"`, GivenName: "A", FamilyName: "Ł", Language: "es"},
	}
	identities := func() []domain.Identity {
		return reading(t, store, func(tx domain.Tx) ([]domain.Identity, error) { return tx.Identities().List(org, u.ID) })
	}
	write(t, store, func(tx domain.Tx) error { return tx.Identities().Link(identity) })
	require.Equal(t, []domain.Identity{identity}, identities())
	identity.Said = domain.Told{}
	write(t, store, func(tx domain.Tx) error { return tx.Identities().Tell(identity) })
	require.Equal(t, []domain.Identity{identity}, identities())

	session := func(issuer, sid string) domain.Session {
		s := domain.Session{
			ID: domain.SessionID{UUID: newUUID(t)}, Organisation: org, User: u.ID, Hash: hash(t), Method: domain.BySingleSignOn, CreatedAt: at, SeenAt: at,
			ProvedAt: at.Add(-time.Hour), Connection: connection, Issuer: issuer, ProviderSession: sid, LogoutHint: []byte{1, 0},
		}
		write(t, store, func(tx domain.Tx) error { return tx.Sessions().Insert(s) })
		return s
	}
	a, b, c := session("i", "s1"), session("i", "s2"), session("j", "s1")
	end := func(sid string, user domain.UserID) (ended []domain.Session) {
		write(t, store, func(tx domain.Tx) (err error) {
			ended, err = tx.Sessions().EndByProvider(org, connection, "i", sid, user)
			return err
		})
		return ended
	}
	require.Empty(t, end("", domain.UserID{}), "all is not what anybody asks for")
	require.Empty(t, end("s1", domain.UserID{UUID: newUUID(t)}))
	require.Equal(t, []domain.Session{a}, end("s1", domain.UserID{}))
	require.Equal(t, []domain.Session{b}, end("", u.ID))
	shut := func() bool {
		p, err := tryReading(store, func(tx domain.Tx) (domain.Presented, error) { return tx.Sessions().Find(org, c.Hash) })
		require.NoError(t, err)
		require.Equal(t, c, p.Session)
		return p.DoorShut
	}
	require.False(t, shut())
	write(t, store, func(tx domain.Tx) error { return tx.Connections().Disable(org, connection, at) })
	require.True(t, shut())
	n := 0
	write(t, store, func(tx domain.Tx) (err error) {
		n, err = tx.Sessions().EndByConnection(org, connection)
		return err
	})
	require.Equal(t, 1, n)

	located := reading(t, store, func(tx domain.Tx) (domain.Connection, error) { return tx.Connections().Locate(connection) })
	require.Equal(t, []any{org, connection}, []any{located.Organisation, located.ID})
	_, err := tryReading(store, func(tx domain.Tx) (domain.Connection, error) {
		return tx.Connections().Locate(domain.ConnectionID{UUID: newUUID(t)})
	})
	Gone(t, err)

	groups := func() []domain.GroupID {
		return reading(t, store, func(tx domain.Tx) ([]domain.GroupID, error) { return tx.ClaimedGroups().Of(org, u.ID) })
	}
	first, second := domain.GroupID{UUID: newUUID(t)}, domain.GroupID{UUID: newUUID(t)}
	save := func(was, is []domain.GroupID) {
		write(t, store, func(tx domain.Tx) error { return tx.ClaimedGroups().Save(org, u.ID, was, is, at) })
	}
	save(nil, []domain.GroupID{first})
	save([]domain.GroupID{first}, []domain.GroupID{first, second})
	require.Equal(t, []domain.GroupID{first, second}, groups())
	save([]domain.GroupID{first, second}, nil)
	require.Empty(t, groups())
}

func providerSettings(t *testing.T, store *persistence.Store) {
	tenant, other := NewTenant(t, store, Slug(t)+"-x", 1), NewTenant(t, store, Slug(t)+"-y", 1)
	org, id := tenant.Organisation.ID, tenant.Connection.ID
	get := func(org domain.OrganisationID, id domain.ConnectionID) domain.ProviderSettings {
		return reading(t, store, func(tx domain.Tx) (domain.ProviderSettings, error) { return tx.ProviderSettings().Get(org, id) })
	}
	none := domain.ProviderSettings{Organisation: org, Connection: id}
	require.Equal(t, none, get(org, id))
	age := 90 * time.Second
	full := domain.ProviderSettings{
		JustInTime: true, LinksExternalID: true, AppliesGroups: true, RefreshesNames: true,
		Proof:        domain.ProofDemand{Contexts: []string{"gold", "silver"}, Methods: []string{"mfa"}, MaxAge: &age, Prompt: "login"},
		Organisation: org, Connection: id, Revision: 1, Authentication: "private_key_jwt", Claims: map[string]string{"groups": "/a=b/c", "email": "", "name": "n"},
		Scopes: []string{}, UserInfo: true, HostedDomains: []string{"acme.test", "acme.example"}, KeyID: "k", PublicKey: []byte{1, 0}, SealedKey: []byte{2},
	}
	save := func(was, is domain.ProviderSettings) error {
		return writing(store, func(tx domain.Tx) error { return tx.ProviderSettings().Save(was, is) })
	}
	require.NoError(t, save(none, full))
	require.Equal(t, full, get(org, id))
	plain := none
	plain.Revision, plain.Scopes = 2, []string{"groups"}
	require.NoError(t, save(full, plain))
	require.Equal(t, plain, get(org, id))
	require.Equal(t, domain.ProviderSettings{Organisation: other.Organisation.ID, Connection: id}, get(other.Organisation.ID, id))
	require.Error(t, save(domain.ProviderSettings{Organisation: other.Organisation.ID, Connection: id}, domain.ProviderSettings{
		Organisation: other.Organisation.ID, Connection: id, Revision: 1,
	}), "a connection of somebody else's")
}
