package domain_test

import (
	"crypto/rand"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
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
		var owners []domain.Owner
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
		explained, err := installation.Explain(t.Context(), "acme", "ana@acme.test")
		require.NoError(t, err)
		require.Equal(t, domain.Ownership{Organisation: o.ID, User: made.Owner.ID, By: domain.ActorOperator(), Since: c.now()}, explained.Rights.Ownership)
		page, err := domain.NewDirectory(store, c.environment()).Users(t.Context(), caller, domain.Query{Limit: 10, Total: true})
		require.NoError(t, err)
		require.Empty(t, page.Items, "no directory sees the owner")

		// One event for each thing that was made, by the operator, and no secret in any.
		events := eventsOf(t, store, o.ID)
		require.ElementsMatch(t, []domain.EventType{
			domain.OrganisationCreated, domain.ConnectionCreated, domain.TokenCreated, domain.UserCreated,
			domain.RoleCreated, domain.RoleCreated, domain.RoleCreated, domain.ProfileCreated, domain.ProfileCreated, domain.ProfileCreated,
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
