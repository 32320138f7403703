package domain_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
)

// TestRules/provision.activation: the defaults.
func TestCreateConnection(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		c := newClock()
		installation := newInstallation(store, c)
		org := callerOf(t, store, c, "acme").Organisation
		plain, err := installation.CreateConnection(t.Context(), "acme", domain.ConnectionSpec{Name: "okta", Kind: domain.KindOkta})
		require.NoError(t, err)
		require.Equal(t, domain.ActivateAtOnce, plain.Activation)

		var sealedFor domain.ConnectionID
		oidc, err := installation.CreateConnection(t.Context(), "acme", domain.ConnectionSpec{
			Name: "entra", Kind: domain.KindEntra, OIDC: domain.OIDCSpec{
				Issuer: "https://login.microsoftonline.com/t/v2.0", ClientID: "id",
				Seal: func(o domain.OrganisationID, id domain.ConnectionID) ([]byte, error) {
					require.Equal(t, org, o)
					sealedFor = id
					return []byte("sealed"), nil
				},
			},
		})
		require.NoError(t, err)
		require.Equal(t, oidc.ID, sealedFor)
		require.Equal(t, domain.ActivateOnFirstAccess, oidc.Activation)

		chosen, err := installation.CreateConnection(t.Context(), "acme", domain.ConnectionSpec{
			Name: "ping", Kind: domain.KindPing, Activation: domain.ActivateByInvitation,
		})
		require.NoError(t, err)
		require.Equal(t, domain.ActivateByInvitation, chosen.Activation)

		listed, err := installation.ListConnections(t.Context(), "acme")
		require.NoError(t, err)
		require.Len(t, listed, 4)
		require.Equal(t, oidc, listed[1])
		require.Equal(t, []byte("sealed"), listed[1].OIDC.SealedSecret)

		events := eventsOf(t, store, org)
		require.Equal(t, domain.ConnectionCreated, events[len(events)-2].Type)
		require.Equal(t, "https://login.microsoftonline.com/t/v2.0", events[len(events)-2].After.Get("issuer").Text())
		before := len(events)

		seal := func(domain.OrganisationID, domain.ConnectionID) ([]byte, error) { return nil, errors.New("no key") }
		for name, tt := range map[string]struct {
			org  string
			spec domain.ConnectionSpec
			kind domain.Kind
		}{
			"organisation":        {"nobody", domain.ConnectionSpec{Name: "x"}, domain.NotFound},
			"no name":             {"acme", domain.ConnectionSpec{}, domain.Invalid},
			"name taken":          {"acme", domain.ConnectionSpec{Name: "OKTA"}, domain.Conflict},
			"issuer not https":    {"acme", domain.ConnectionSpec{Name: "x", OIDC: domain.OIDCSpec{Issuer: "http://a.test", ClientID: "1"}}, domain.Invalid},
			"issuer no URL":       {"acme", domain.ConnectionSpec{Name: "x", OIDC: domain.OIDCSpec{Issuer: "://", ClientID: "1"}}, domain.Invalid},
			"issuer without host": {"acme", domain.ConnectionSpec{Name: "x", OIDC: domain.OIDCSpec{Issuer: "https:///x", ClientID: "1"}}, domain.Invalid},
			"issuer with query":   {"acme", domain.ConnectionSpec{Name: "x", OIDC: domain.OIDCSpec{Issuer: "https://a.test?x=1", ClientID: "1"}}, domain.Invalid},
			"issuer with user":    {"acme", domain.ConnectionSpec{Name: "x", OIDC: domain.OIDCSpec{Issuer: "https://u:p@a.test", ClientID: "1"}}, domain.Invalid},
			"no client":           {"acme", domain.ConnectionSpec{Name: "x", OIDC: domain.OIDCSpec{Issuer: "https://a.test"}}, domain.Invalid},
			"client of two lines": {"acme", domain.ConnectionSpec{Name: "x", OIDC: domain.OIDCSpec{Issuer: "https://a.test", ClientID: "1\n2"}}, domain.Invalid},
			"secret, no issuer":   {"acme", domain.ConnectionSpec{Name: "x", OIDC: domain.OIDCSpec{Seal: seal}}, domain.Invalid},
		} {
			_, err := installation.CreateConnection(t.Context(), tt.org, tt.spec)
			require.True(t, domain.IsKind(err, tt.kind), "%s: %v", name, err)
		}
		_, err = installation.CreateConnection(t.Context(), "acme", domain.ConnectionSpec{
			Name: "x", OIDC: domain.OIDCSpec{Issuer: "https://a.test", ClientID: "1", Seal: seal},
		})
		require.Error(t, err)
		require.Len(t, eventsOf(t, store, org), before, "what was refused left nothing")
	})
}

func TestDisableConnection(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		c := newClock()
		installation := newInstallation(store, c)
		caller := callerOf(t, store, c, "acme")
		since := c.now()
		n, err := installation.DisableConnection(t.Context(), "acme", "DEFAULT")
		require.NoError(t, err)
		require.Equal(t, since, n.DisabledAt)
		c.forward(time.Minute)
		n, err = installation.DisableConnection(t.Context(), "acme", "default")
		require.NoError(t, err)
		require.Equal(t, since, n.DisabledAt)
		bearer := domain.Bearer{Organisation: caller.Organisation, Hash: caller.Token}
		_, err = domain.NewDirectory(store, c.environment()).Authenticate(t.Context(), bearer)
		require.True(t, domain.IsCode(err, domain.CodeConnectionDisabled), "%v", err)

		n, err = installation.EnableConnection(t.Context(), "acme", "default")
		require.NoError(t, err)
		require.True(t, n.DisabledAt.IsZero())
		_, err = installation.EnableConnection(t.Context(), "acme", "default")
		require.NoError(t, err)
		_, err = domain.NewDirectory(store, c.environment()).Authenticate(t.Context(), bearer)
		require.NoError(t, err)

		events := eventsOf(t, store, caller.Organisation)
		require.Equal(t, []domain.EventType{domain.ConnectionDisabled, domain.ConnectionEnabled}, eventTypes(events[len(events)-2:]))
		_, err = installation.DisableConnection(t.Context(), "acme", "nobody")
		require.True(t, domain.IsKind(err, domain.NotFound))
	})
}
