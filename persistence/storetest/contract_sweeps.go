package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
)

func sweeps(t *testing.T, store *persistence.Store) {
	org := OwnTenant(t, store, -1).Organisation.ID
	due := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	claim := func(due time.Time) (s domain.Sweep) {
		write(t, store, func(tx domain.Tx) (err error) {
			s, err = tx.Sweeps().Claim(org, domain.SweepInactivity, due)
			return err
		})
		return s
	}
	s := claim(due)
	require.Equal(t, domain.Sweep{Organisation: org, Kind: domain.SweepInactivity, DueAt: due}, s)
	s.After = domain.UserID{UUID: newUUID(t)}
	write(t, store, func(tx domain.Tx) error { return tx.Sweeps().Move(s) })
	require.Equal(t, s, claim(due))
	s.FinishedAt = due.Add(time.Second)
	write(t, store, func(tx domain.Tx) error { return tx.Sweeps().Move(s) })
	require.Equal(t, s, claim(due))
	require.True(t, claim(due.Add(24*time.Hour)).FinishedAt.IsZero())
	sweepsDue(t, store)
}

// sweepsDue: an organisation is due that was there, is not suspended, has something to sweep and was not swept.
func sweepsDue(t *testing.T, store *persistence.Store) {
	tenant := NewTenant(t, store, Slug(t)+"-due", -1)
	org := tenant.Organisation.ID
	due := time.Now().Add(time.Hour).Truncate(time.Millisecond)
	isDue := func(kind domain.SweepKind, due time.Time) bool {
		list := reading(t, store, func(tx domain.Tx) ([]domain.OrganisationID, error) {
			return tx.Sweeps().Due(kind, due, due, domain.OrganisationID{}, 10000)
		})
		return slices.Contains(list, org)
	}
	for _, kind := range domain.SweepKinds() {
		require.False(t, isDue(kind, due), "%s in an empty organisation", kind)
	}
	Account(t, store, tenant, "a@acme.test", nil)
	require.True(t, isDue(domain.SweepInactivity, due))
	require.True(t, isDue(domain.SweepReviews, due))
	require.False(t, isDue(domain.SweepLinks, due))
	require.False(t, isDue(domain.SweepInactivity, time.Unix(0, 0)), "before it was there")
	write(t, store, func(tx domain.Tx) error { return tx.Organisations().Suspend(org, due) })
	require.False(t, isDue(domain.SweepInactivity, due))
	write(t, store, func(tx domain.Tx) error { return tx.Organisations().Suspend(org, time.Time{}) })
	finish := func() {
		write(t, store, func(tx domain.Tx) error {
			s, err := tx.Sweeps().Claim(org, domain.SweepInactivity, due)
			if err != nil {
				return err
			}
			s.FinishedAt = due
			return tx.Sweeps().Move(s)
		})
	}
	finish()
	require.False(t, isDue(domain.SweepInactivity, due))
	require.True(t, isDue(domain.SweepInactivity, due.Add(time.Hour)))
	forget := func(before time.Time) {
		write(t, store, func(tx domain.Tx) error { return tx.Sweeps().Forget(org, domain.SweepInactivity, before) })
	}
	forget(due)
	require.False(t, isDue(domain.SweepInactivity, due))
	forget(due.Add(time.Millisecond))
	require.True(t, isDue(domain.SweepInactivity, due))
}
