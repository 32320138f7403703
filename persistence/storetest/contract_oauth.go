package storetest

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
)

// fillOAuth gives a connection a client and a token of it.
func fillOAuth(tx domain.Tx, c domain.Connection, id domain.OAuthClientID) error {
	client := domain.OAuthClient{ID: id, Organisation: c.Organisation, Connection: c.ID, TokenLifetime: time.Hour, CreatedAt: c.CreatedAt}
	if err := tx.OAuthClients().Insert(client); err != nil {
		return err
	}
	return tx.Tokens().Insert(domain.Token{
		ID: domain.TokenID(id), Organisation: c.Organisation, Connection: c.ID, Client: id, Hash: domain.TokenHash{7}, CreatedAt: c.CreatedAt,
		ExpiresAt: c.CreatedAt.Add(time.Hour),
	})
}

func oauthClients(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, -1)
	other := NewTenant(t, store, Slug(t)+"-2", -1)
	org, of := tenant.Organisation.ID, tenant.Connection.ID
	now := time.Now().UTC().Truncate(time.Millisecond)
	client := func() domain.OAuthClient {
		c := domain.OAuthClient{
			ID: domain.OAuthClientID{UUID: newUUID(t)}, Organisation: org, Connection: of, TokenLifetime: 6 * time.Hour, CreatedAt: now,
		}
		_, err := rand.Read(c.Hash[:])
		require.NoError(t, err)
		write(t, store, func(tx domain.Tx) error { return tx.OAuthClients().Insert(c) })
		return c
	}
	get := func(org domain.OrganisationID, id domain.OAuthClientID) (domain.OAuthClient, error) {
		return tryReading(store, func(tx domain.Tx) (domain.OAuthClient, error) { return tx.OAuthClients().Get(org, id) })
	}
	first, second := client(), client()
	got, err := get(org, first.ID)
	require.NoError(t, err)
	require.Equal(t, first, got)
	_, err = get(other.Organisation.ID, first.ID)
	Gone(t, err)
	list := func(org domain.OrganisationID, of domain.ConnectionID) []domain.OAuthClient {
		return reading(t, store, func(tx domain.Tx) ([]domain.OAuthClient, error) { return tx.OAuthClients().List(org, of) })
	}
	require.Equal(t, []domain.OAuthClient{second, first}, list(org, of), "newest first")
	require.Empty(t, list(other.Organisation.ID, of))
	require.Empty(t, list(org, other.Connection.ID))

	first.Previous, first.Hash = first.Hash, domain.TokenHash{1}
	first.PreviousEndsAt, first.RotatedAt, first.ExpiresAt = now.Add(time.Minute), now.Add(time.Second), now.Add(24*time.Hour)
	first.RevokedAt, first.LastUsedAt, first.WarnedAt = now.Add(2*time.Minute), now.Add(3*time.Minute), now.Add(4*time.Minute)
	write(t, store, func(tx domain.Tx) error {
		held, err := tx.OAuthClients().Hold(org, first.ID)
		require.NoError(t, err)
		require.Equal(t, first.Previous, held.Hash)
		return tx.OAuthClients().Save(first)
	})
	got, err = get(org, first.ID)
	require.NoError(t, err)
	require.Equal(t, first, got)
	first.WarnedAt = now.Add(5 * time.Minute)
	write(t, store, func(tx domain.Tx) error { return tx.OAuthClients().Warned(org, first.ID, first.WarnedAt) })
	got, err = get(org, first.ID)
	require.NoError(t, err)
	require.Equal(t, first, got)
	Gone(t, writing(store, func(tx domain.Tx) error { return tx.OAuthClients().Warned(other.Organisation.ID, first.ID, now) }))
	foreign := first
	foreign.Organisation = other.Organisation.ID
	Gone(t, writing(store, func(tx domain.Tx) error { return tx.OAuthClients().Save(foreign) }))
	Gone(t, writing(store, func(tx domain.Tx) error {
		_, err := tx.OAuthClients().Hold(other.Organisation.ID, first.ID)
		return err
	}))
	oauthTokens(t, store, second)
}

// oauthTokens: a client has its own tokens and no others, and forgets those that ended.
func oauthTokens(t *testing.T, store *persistence.Store, of domain.OAuthClient) {
	now := of.CreatedAt
	token := func(client domain.OAuthClientID, expires time.Time) domain.Token {
		n := domain.Token{
			ID: domain.TokenID{UUID: newUUID(t)}, Organisation: of.Organisation, Connection: of.Connection, Client: client, CreatedAt: now, ExpiresAt: expires,
		}
		_, err := rand.Read(n.Hash[:])
		require.NoError(t, err)
		write(t, store, func(tx domain.Tx) error { return tx.Tokens().Insert(n) })
		return n
	}
	tokens := func() []domain.Token {
		return reading(t, store, func(tx domain.Tx) ([]domain.Token, error) { return tx.OAuthClients().Tokens(of.Organisation, of.ID) })
	}
	byHand := token(domain.OAuthClientID{}, now)
	ended, revoked, open := token(of.ID, now), token(of.ID, now.Add(time.Hour)), token(of.ID, now.Add(time.Hour))
	require.Equal(t, []domain.Token{ended, revoked, open}, tokens(), "oldest first")
	caller := reading(t, store, func(tx domain.Tx) (domain.Caller, error) {
		return tx.Tokens().Caller(domain.Bearer{Organisation: of.Organisation, Hash: open.Hash}, now)
	})
	require.Equal(t, of.Connection, caller.Connection)
	write(t, store, func(tx domain.Tx) error { return tx.Tokens().Revoke(of.Organisation, revoked.ID, now) })
	write(t, store, func(tx domain.Tx) error { return tx.OAuthClients().Forget(of.Organisation, of.ID, now) })
	require.Equal(t, []domain.Token{open}, tokens())
	kept := reading(t, store, func(tx domain.Tx) (domain.Token, error) { return tx.Tokens().Get(of.Organisation, byHand.ID) })
	require.Equal(t, byHand, kept, "what was made by hand stays")
}
