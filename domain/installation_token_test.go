package domain_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
)

func TestTokenNeedsRandom(t *testing.T) {
	t.Parallel()
	store, c := storetest.SQLite(t), newClock()
	for _, source := range []io.Reader{iotest.ErrReader(errors.New("no entropy")), bytes.NewReader(make([]byte, 31))} {
		_, err := domain.NewInstallation(store, c.environment(), source).
			CreateOrganisation(t.Context(), domain.OrganisationSpec{Slug: "acme"})
		require.True(t, domain.IsKind(err, domain.Internal), "%v", err)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		c := newClock()
		installation := newInstallation(store, c)
		callerOf(t, store, c, "acme")
		callerOf(t, store, c, "beta")
		made, text, err := installation.CreateToken(t.Context(), "acme", domain.TokenSpec{Connection: "default", Lifetime: time.Hour})
		require.NoError(t, err)
		require.Equal(t, c.now().Add(time.Hour), made.ExpiresAt)
		_, other, err := installation.CreateToken(t.Context(), "acme", domain.TokenSpec{Connection: "default"})
		require.NoError(t, err)
		require.NotEqual(t, text, other)

		directory := domain.NewDirectory(store, c.environment())
		works := func(text string) bool {
			bearer, err := domain.ParseBearer(text)
			require.NoError(t, err)
			_, err = directory.Authenticate(t.Context(), bearer)
			return err == nil
		}
		require.True(t, works(text))
		c.forward(time.Hour)
		require.False(t, works(text), "expired")
		require.True(t, works(other))

		listed, err := installation.ListTokens(t.Context(), "acme", "")
		require.NoError(t, err)
		require.Len(t, listed, 3)
		for _, l := range listed {
			require.Equal(t, "default", l.ConnectionName)
		}
		_, err = installation.CreateConnection(t.Context(), "acme", domain.ConnectionSpec{Name: "okta", Kind: domain.KindOkta})
		require.NoError(t, err)
		listed, err = installation.ListTokens(t.Context(), "acme", "okta")
		require.NoError(t, err)
		require.Empty(t, listed)

		_, err = installation.RevokeToken(t.Context(), "beta", made.ID)
		require.True(t, domain.IsKind(err, domain.NotFound), "another organisation's token is one that never existed")
		listed, err = installation.ListTokens(t.Context(), "acme", "default")
		require.NoError(t, err)
		for _, l := range listed {
			_, err := installation.RevokeToken(t.Context(), "acme", l.ID)
			require.NoError(t, err)
		}
		require.False(t, works(other), "revoked")
		since := c.now()
		c.forward(time.Hour)
		again, err := installation.RevokeToken(t.Context(), "acme", made.ID)
		require.NoError(t, err)
		require.Equal(t, since, again.RevokedAt)
		events := eventsOf(t, store, made.Organisation)
		revoked := 0
		for _, e := range events {
			if e.Type == domain.TokenRevoked {
				revoked++
			}
		}
		require.Equal(t, 3, revoked, "one event each")

		_, _, err = installation.CreateToken(t.Context(), "acme", domain.TokenSpec{Connection: "nobody"})
		require.True(t, domain.IsKind(err, domain.NotFound))
		_, _, err = installation.CreateToken(t.Context(), "acme", domain.TokenSpec{Connection: "default", Lifetime: -1})
		require.True(t, domain.IsKind(err, domain.Invalid))
		_, err = installation.ListTokens(t.Context(), "nobody", "")
		require.True(t, domain.IsKind(err, domain.NotFound))
	})
}

func TestAddSchema(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		c := newClock()
		installation := newInstallation(store, c)
		caller := callerOf(t, store, c, "acme")
		callerOf(t, store, c, "beta")
		schema := domain.Schema{URN: "urn:acme:badge", Definition: []byte(`{"id":"urn:acme:badge"}`)}
		added, err := installation.AddSchema(t.Context(), "acme", schema)
		require.NoError(t, err)
		require.Equal(t, caller.Organisation, added.Organisation)
		_, err = installation.AddSchema(t.Context(), "acme", domain.Schema{URN: "URN:ACME:badge", Definition: []byte(`{}`)})
		require.True(t, domain.IsCode(err, domain.CodeNameTaken), "%v", err)

		listed, err := installation.ListSchemas(t.Context(), "acme")
		require.NoError(t, err)
		require.Equal(t, []domain.Schema{added}, listed)
		listed, err = installation.ListSchemas(t.Context(), "beta")
		require.NoError(t, err)
		require.Empty(t, listed)
		events := eventsOf(t, store, caller.Organisation)
		require.Equal(t, domain.SchemaAdded, events[len(events)-1].Type)
		require.Equal(t, "urn:acme:badge", events[len(events)-1].After.Get("urn").Text())
	})
}
