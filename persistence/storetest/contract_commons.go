package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
)

var errTakenBack = errors.New("taken back")

// commons: what is said of a guest, of an admission and of a presented session is so at the moment of the read, on every
// replica, whatever was read there before, and whatever it hangs on has changed since.
func commons(t *testing.T, store *persistence.Store) {
	tenant, u := doorstep(t, store)
	org, at := u.Organisation, time.Date(2026, 4, 5, 6, 7, 8, 9e6, time.UTC)
	session := domain.Session{
		ID: domain.SessionID{UUID: newUUID(t)}, Organisation: org, User: u.ID, Hash: hash(t), Method: domain.BySingleSignOn, CreatedAt: at, SeenAt: at,
		Connection: tenant.Connection.ID,
	}
	write(t, store, func(tx domain.Tx) error { return tx.Sessions().Insert(session) })
	replicas := []*persistence.Store{store, Open(t, URL(t, store))}
	eachNow := func(check func(g domain.Guest)) {
		t.Helper()
		for range 2 { // the second finds it remembered
			for _, replica := range replicas {
				g := reading(t, replica, func(tx domain.Tx) (domain.Guest, error) {
					return tx.Guests().Find(org, domain.SessionKey{Hash: session.Hash}, domain.ApplicationKey{Origin: "https://a.test"})
				})
				presented := reading(t, replica, func(tx domain.Tx) (domain.Presented, error) { return tx.Sessions().Find(org, session.Hash) })
				require.Equal(t, presented, g.Presented)
				admission := reading(t, replica, func(tx domain.Tx) (domain.Admission, error) { return tx.Assignments().Admission(org, u.ID) })
				require.Equal(t, admission.Access, g.Access)
				check(g)
			}
		}
	}
	eachNow(func(g domain.Guest) {
		require.Zero(t, g.Role)
		require.Zero(t, g.Application)
	})

	role := domain.Role{Entry: draftEntry[domain.Role](t, org, "Agent"), Sees: domain.SeesOwn}
	profile := domain.Profile{Entry: draftEntry[domain.Profile](t, org, "Seller"), Grants: domain.Permissions{{Module: "users", Action: "view"}: domain.AllObjects()}}
	write(t, store, func(tx domain.Tx) error {
		if err := tx.Roles().Insert(role); err != nil {
			return err
		}
		if err := tx.Profiles().Insert(profile); err != nil {
			return err
		}
		return tx.Assignments().SaveDefaults(org, domain.Defaults{}, domain.Defaults{Role: role.ID, Profile: profile.ID, Version: 1})
	})
	eachNow(func(g domain.Guest) {
		require.Equal(t, []string{"Agent", "Seller"}, []string{g.Role.Name, g.Profile.Name})
		require.Equal(t, profile.Grants, g.Access.Profile)
	})

	less := profile
	less.Name, less.Grants, less.Version = domain.NewName("Buyer"), domain.Permissions{}, 2
	write(t, store, func(tx domain.Tx) error { return tx.Profiles().Save(profile, less) })
	eachNow(func(g domain.Guest) {
		require.Equal(t, "Buyer", g.Profile.Name)
		require.Empty(t, g.Access.Profile, "what was taken away is gone with the next read")
	})

	crm := draftApplication(t, org, "CRM", "https://a.test")
	write(t, store, func(tx domain.Tx) error { return tx.Applications().Insert(crm) })
	eachNow(func(g domain.Guest) { require.Equal(t, crm.ID, g.Application.ID) })
	moved := crm
	moved.Origins, moved.Version = []domain.Origin{"https://b.test"}, 2
	write(t, store, func(tx domain.Tx) error { return tx.Applications().Save(crm, moved) })
	eachNow(func(g domain.Guest) { require.Zero(t, g.Application) })

	write(t, store, func(tx domain.Tx) error { return tx.Connections().Disable(org, tenant.Connection.ID, at) })
	eachNow(func(g domain.Guest) { require.True(t, g.DoorShut) })
	write(t, store, func(tx domain.Tx) error { return tx.Connections().Disable(org, tenant.Connection.ID, time.Time{}) })
	eachNow(func(g domain.Guest) { require.False(t, g.DoorShut) })

	policy := domain.DefaultPolicy()
	policy.SessionIdleHours, policy.Version = 3, 1
	write(t, store, func(tx domain.Tx) error { return tx.Policies().Save(org, domain.DefaultPolicy(), policy) })
	eachNow(func(g domain.Guest) { require.Equal(t, 3*time.Hour, g.Idle) })

	// What a unit of work wrote and took back was never so; within it, it is.
	none := less
	none.Name, none.Version = domain.NewName("Nobody"), 3
	require.ErrorIs(t, writing(store, func(tx domain.Tx) error {
		if err := tx.Assignments().Lock(org); err != nil {
			return err
		}
		if err := tx.Profiles().Save(less, none); err != nil {
			return err
		}
		g, err := tx.Guests().Find(org, domain.SessionKey{Hash: session.Hash}, domain.ApplicationKey{})
		require.NoError(t, err)
		require.Equal(t, "Nobody", g.Profile.Name)
		return errTakenBack
	}), errTakenBack)
	eachNow(func(g domain.Guest) { require.Equal(t, "Buyer", g.Profile.Name) })
}
