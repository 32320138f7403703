package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
)

// fillTrust gives a connection and somebody a row in every table about what connections may do.
func fillTrust(tx domain.Tx, c domain.Connection, u domain.User) error {
	is := domain.DefaultConnectionPolicy(c.Activation)
	is.Version++
	name := c.Organisation.String() + ".example"
	was := domain.EmailDomain{Organisation: c.Organisation, Name: name, Written: name, CreatedAt: c.CreatedAt, Version: 1}
	proved := was
	proved.VerifiedAt, proved.VerifiedBy, proved.Version, proved.Trusted = c.CreatedAt, domain.ProofDNS, 2, []domain.ConnectionID{c.ID}
	for _, err := range []error{
		tx.ConnectionPolicies().Save(c.Organisation, c.ID, domain.DefaultConnectionPolicy(c.Activation), is),
		tx.Adoptions().Mark(domain.Adoption{Organisation: c.Organisation, User: u.ID, Connection: c.ID, Since: c.CreatedAt}),
		tx.EmailDomains().Insert(was),
		tx.EmailDomains().Save(was, proved),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

func connectionPolicies(t *testing.T, store *persistence.Store) {
	tenant := OwnTenant(t, store, -1)
	org, id := tenant.Organisation.ID, tenant.Connection.ID
	elsewhere := NewTenant(t, store, Slug(t)+"-2", -1)
	get := func(org domain.OrganisationID, id domain.ConnectionID) (domain.ConnectionPolicy, error) {
		return tryReading(store, func(tx domain.Tx) (domain.ConnectionPolicy, error) { return tx.ConnectionPolicies().Get(org, id) })
	}
	caller := func() domain.Caller {
		return reading(t, store, func(tx domain.Tx) (domain.Caller, error) { return tx.Tokens().Caller(tenant.Bearer, time.Now()) })
	}
	was, err := get(org, id)
	require.NoError(t, err)
	require.Equal(t, domain.DefaultConnectionPolicy(domain.ActivateAtOnce), was)
	before := caller()
	require.Equal(t, was, before.Policy)
	is := domain.ConnectionPolicy{
		Activation: domain.ActivateOnFirstAccess, PasswordSync: domain.PasswordDrop, SeatOverflow: domain.SeatOverflowWait,
		Suspension: domain.DirectoryWins, EmailChange: domain.EmailChangeNever, Adoption: domain.AdoptNever, Version: 1,
		Successor: domain.Successor{Kind: domain.SuccessorLeave, Fallback: domain.UserID{UUID: newUUID(t)}},
		Limits: domain.Limits{
			Roles: []domain.RoleID{{UUID: newUUID(t)}, {UUID: newUUID(t)}}, Profiles: []domain.ProfileID{}, Licences: []string{"full", "gold"},
		},
	}
	save := func(was, is domain.ConnectionPolicy) error {
		return writing(store, func(tx domain.Tx) error { return tx.ConnectionPolicies().Save(org, id, was, is) })
	}
	require.NoError(t, save(was, is))
	got, err := get(org, id)
	require.NoError(t, err)
	require.Equal(t, is, got)
	after := caller()
	require.Equal(t, is, after.Policy)
	require.Equal(t, domain.ActivateOnFirstAccess, after.Activation)
	require.Greater(t, after.AccessVersion, before.AccessVersion, "whoever was recalled is looked up again")
	stale(t, store, func(tx domain.Tx) error { return tx.ConnectionPolicies().Save(org, id, was, is) })

	again := domain.DefaultConnectionPolicy(domain.ActivateAtOnce)
	again.Version, again.Limits.Licences = 2, []string{}
	require.NoError(t, save(is, again))
	got, err = get(org, id)
	require.NoError(t, err)
	require.Equal(t, again, got)

	_, err = get(elsewhere.Organisation.ID, id)
	Gone(t, err)
	theirs, err := get(elsewhere.Organisation.ID, elsewhere.Connection.ID)
	require.NoError(t, err)
	require.Equal(t, was, theirs)
}
