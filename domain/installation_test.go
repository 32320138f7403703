package domain_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence"
	"usher/persistence/storetest"
)

func randomSource() io.Reader { return rand.Reader }

func newInstallation(store domain.Store, c *clock) *domain.Installation {
	return domain.NewInstallation(store, c.environment(), randomSource())
}

func eventsOf(t *testing.T, store domain.Store, org domain.OrganisationID) []domain.Event {
	t.Helper()
	var list []domain.Event
	require.NoError(t, store.Read(t.Context(), func(tx domain.Tx) (err error) {
		list, err = tx.Events().List(org, domain.EventID{}, 1000)
		return err
	}))
	return list
}

func eventTypes(events []domain.Event) []domain.EventType {
	var types []domain.EventType
	for _, e := range events {
		types = append(types, e.Type)
	}
	return types
}

func usage(t *testing.T, store domain.Store, org domain.OrganisationID) []domain.SeatUsage {
	t.Helper()
	var list []domain.SeatUsage
	require.NoError(t, store.Read(t.Context(), func(tx domain.Tx) (err error) {
		list, err = tx.Seats().Usage(org)
		return err
	}))
	slices.SortFunc(list, func(a, b domain.SeatUsage) int { return strings.Compare(a.Licence, b.Licence) })
	return list
}

func TestCreateOrganisation(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		c := newClock()
		installation := newInstallation(store, c)
		made, err := installation.CreateOrganisation(t.Context(), domain.OrganisationSpec{
			Slug: "acme", Name: " Acme ", OwnerEmail: "Ana@acme.test",
			Seats: []domain.SeatPlan{{Licence: "full", Limit: 2}, {Licence: "simulator", Unlimited: true}},
		})
		require.NoError(t, err)
		o := made.Organisation
		require.Equal(t, "Acme", o.Name)

		listed, err := installation.ListOrganisations(t.Context())
		require.NoError(t, err)
		require.Equal(t, []domain.Organisation{o}, listed)

		connections, err := installation.ListConnections(t.Context(), "acme")
		require.NoError(t, err)
		require.Equal(t, []domain.Connection{made.Connection}, connections)
		require.Equal(t, domain.DefaultConnection, made.Connection.Name)
		require.Equal(t, domain.KindGeneric, made.Connection.Kind)
		require.Equal(t, domain.ActivateAtOnce, made.Connection.Activation)

		// The token works, and is not kept.
		bearer, err := domain.ParseBearer(made.TokenText)
		require.NoError(t, err)
		caller, err := domain.NewDirectory(store, c.environment()).Authenticate(t.Context(), bearer)
		require.NoError(t, err)
		require.Equal(t, made.Connection.ID, caller.Connection)

		// The owner is a pending person of no directory who holds a full seat.
		require.True(t, made.Owner.Owner)
		require.Equal(t, domain.Pending, made.Owner.Status)
		require.True(t, made.Owner.Connection.IsZero())
		require.Equal(t, "Ana@acme.test", made.Owner.UserName.Text)
		email, ok := made.Owner.SignInEmail()
		require.True(t, ok)
		require.Equal(t, "ana@acme.test", email.Key)
		var owners []domain.User
		require.NoError(t, store.Write(t.Context(), func(tx domain.Tx) (err error) {
			owners, err = tx.Users().Owners(o.ID)
			return err
		}))
		require.Len(t, owners, 1)
		require.Equal(t, made.Owner.ID, owners[0].ID)
		require.Equal(t, []domain.SeatUsage{
			{SeatPlan: domain.SeatPlan{Licence: "full", Limit: 2}, Held: 1},
			{SeatPlan: domain.SeatPlan{Licence: "simulator", Unlimited: true}},
		}, usage(t, store, o.ID))
		page, err := domain.NewDirectory(store, c.environment()).Users(t.Context(), caller, domain.Query{Limit: 10, Total: true})
		require.NoError(t, err)
		require.Empty(t, page.Items, "no directory sees the owner")

		// One event for each thing that was made, by the operator, and no secret in any.
		events := eventsOf(t, store, o.ID)
		require.ElementsMatch(t, []domain.EventType{
			domain.OrganisationCreated, domain.ConnectionCreated, domain.TokenCreated, domain.UserCreated,
		}, eventTypes(events))
		for _, e := range events {
			require.Equal(t, domain.ActorOperator(), e.Actor)
			require.Equal(t, c.now(), e.At)
			require.True(t, e.After.Assigned(), "%s says what was made", e.Type)
			require.NotContains(t, string(attribute.AppendJSON(nil, e.After)), made.TokenText)
		}
	})
}

func TestCreateOrganisationDefaults(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		made, err := newInstallation(store, newClock()).CreateOrganisation(t.Context(), domain.OrganisationSpec{Slug: "acme"})
		require.NoError(t, err)
		require.Equal(t, "acme", made.Organisation.Name)
		require.Nil(t, made.Owner)
		require.True(t, made.Token.ExpiresAt.IsZero())
		require.Equal(t, []domain.SeatUsage{
			{SeatPlan: domain.SeatPlan{Licence: "full", Unlimited: true}},
			{SeatPlan: domain.SeatPlan{Licence: "simulator", Unlimited: true}},
		}, usage(t, store, made.Organisation.ID))
	})
}

func TestCreateOrganisationRefuses(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		installation := newInstallation(store, newClock())
		full := func(limit int) []domain.SeatPlan { return []domain.SeatPlan{{Licence: "full", Limit: limit}} }
		for name, tt := range map[string]struct {
			spec  domain.OrganisationSpec
			code  string
			field string
		}{
			"no slug":         {domain.OrganisationSpec{}, domain.CodeInvalidValue, "slug"},
			"slug":            {domain.OrganisationSpec{Slug: "Acme"}, domain.CodeInvalidValue, "slug"},
			"name":            {domain.OrganisationSpec{Slug: "acme", Name: "two\nlines"}, domain.CodeInvalidValue, "name"},
			"long name":       {domain.OrganisationSpec{Slug: "acme", Name: strings.Repeat("x", 101)}, domain.CodeInvalidValue, "name"},
			"e-mail":          {domain.OrganisationSpec{Slug: "acme", OwnerEmail: "ana"}, domain.CodeInvalidValue, "owner-email"},
			"no full licence": {domain.OrganisationSpec{Slug: "acme", Seats: []domain.SeatPlan{{Licence: "simulator"}}}, domain.CodeInvalidValue, "seats"},
			"twice":           {domain.OrganisationSpec{Slug: "acme", Seats: append(full(1), full(2)...)}, domain.CodeInvalidValue, "seats"},
			"licence":         {domain.OrganisationSpec{Slug: "acme", Seats: []domain.SeatPlan{{Licence: "a b"}}}, domain.CodeInvalidValue, "seats"},
			"negative":        {domain.OrganisationSpec{Slug: "acme", Seats: full(-1)}, domain.CodeInvalidValue, "seats"},
			"too many":        {domain.OrganisationSpec{Slug: "acme", Seats: full(domain.MaxSeats + 1)}, domain.CodeInvalidValue, "seats"},
			"no seat":         {domain.OrganisationSpec{Slug: "acme", Seats: full(0), OwnerEmail: "ana@acme.test"}, domain.CodeSeatsExhausted, "licence"},
		} {
			_, err := installation.CreateOrganisation(t.Context(), tt.spec)
			require.True(t, domain.IsCode(err, tt.code), "%s: %v", name, err)
			var e *domain.Error
			require.ErrorAs(t, err, &e, name)
			require.Equal(t, tt.field, e.Field, name)
		}
		listed, err := installation.ListOrganisations(t.Context())
		require.NoError(t, err)
		require.Empty(t, listed, "nothing half done")
	})
}

func TestCreateOrganisationOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		installation := newInstallation(store, newClock())
		errs := make([]error, 16)
		var group sync.WaitGroup
		for i := range errs {
			group.Go(func() {
				_, errs[i] = installation.CreateOrganisation(t.Context(), domain.OrganisationSpec{Slug: "acme", OwnerEmail: "ana@acme.test"})
			})
		}
		group.Wait()
		made := 0
		for _, err := range errs {
			if err == nil {
				made++
				continue
			}
			require.True(t, domain.IsCode(err, domain.CodeSlugTaken), "%v", err)
		}
		require.Equal(t, 1, made)
	})
}

func TestTokenNeedsRandom(t *testing.T) {
	t.Parallel()
	store, c := storetest.SQLite(t), newClock()
	for _, source := range []io.Reader{iotest.ErrReader(errors.New("no entropy")), bytes.NewReader(make([]byte, 31))} {
		_, err := domain.NewInstallation(store, c.environment(), source).
			CreateOrganisation(t.Context(), domain.OrganisationSpec{Slug: "acme"})
		require.True(t, domain.IsKind(err, domain.Internal), "%v", err)
	}
}

// TestRules/suspend.organisation, as far as the operator's side of it goes.
func TestSuspendOrganisation(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		c := newClock()
		installation := newInstallation(store, c)
		caller := callerOf(t, store, c, "acme")
		suspended := c.now()
		o, err := installation.SuspendOrganisation(t.Context(), "acme")
		require.NoError(t, err)
		require.Equal(t, suspended, o.SuspendedAt)
		c.forward(time.Hour)
		o, err = installation.SuspendOrganisation(t.Context(), "acme")
		require.NoError(t, err)
		require.Equal(t, suspended, o.SuspendedAt, "suspended twice is suspended since the first time")

		_, err = domain.NewDirectory(store, c.environment()).Authenticate(t.Context(), domain.Bearer{Organisation: o.ID, Hash: caller.Token})
		require.True(t, domain.IsCode(err, domain.CodeOrganisationStopped), "%v", err)

		o, err = installation.ResumeOrganisation(t.Context(), "acme")
		require.NoError(t, err)
		require.True(t, o.SuspendedAt.IsZero())
		_, err = installation.ResumeOrganisation(t.Context(), "acme")
		require.NoError(t, err)
		events := eventsOf(t, store, o.ID)
		require.Equal(t, []domain.EventType{domain.OrganisationSuspended, domain.OrganisationResumed}, eventTypes(events[len(events)-2:]))
		require.Equal(t, "2026-11-22T08:30:15Z", events[len(events)-1].Before.Get("suspendedAt").Text())

		_, err = installation.SuspendOrganisation(t.Context(), "nobody")
		require.True(t, domain.IsKind(err, domain.NotFound))
	})
}

func TestDeleteOrganisation(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		c := newClock()
		installation := newInstallation(store, c)
		caller := callerOf(t, store, c, "acme")
		gone, err := installation.DeleteOrganisation(t.Context(), "acme")
		require.NoError(t, err)
		_, err = installation.DeleteOrganisation(t.Context(), "acme")
		require.True(t, domain.IsKind(err, domain.NotFound))
		require.Empty(t, eventsOf(t, store, gone.ID))

		again := callerOf(t, store, c, "acme")
		require.NotEqual(t, gone.ID, again.Organisation)
		for _, org := range []domain.OrganisationID{gone.ID, again.Organisation} {
			_, err = domain.NewDirectory(store, c.environment()).Authenticate(t.Context(), domain.Bearer{Organisation: org, Hash: caller.Token})
			require.True(t, domain.IsKind(err, domain.Unauthenticated), "%v", err)
		}
	})
}

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
