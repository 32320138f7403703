package domain_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence"
	"usher/persistence/storetest"
)

// deleteNames: who was deleted is gone for the directory, and names, addresses and external ids are free again.
func deleteNames(s *scene) {
	more := []attribute.Member{storetest.Emails("ana@mail.test"), storetest.Text("externalId", "e1")}
	u := s.provision("ana@acme.test", more...)
	s.deprovision(u.ID)
	_, err := s.directory.User(s.Context(), s.caller, u.ID)
	storetest.Gone(s, err)
	_, err = s.tryChange(u.ID, storetest.Setting(storetest.Truth("active", true)))
	storetest.Gone(s, err)
	made := s.eventsSince(func() {
		storetest.Gone(s, s.directory.Deprovision(s.Context(), s.caller, u.ID, domain.IfMatch{}))
	})
	require.Empty(s, made)
	require.True(s, s.signsInBy("ana@acme.test").IsZero())
	require.True(s, s.signsInBy("ana@mail.test").IsZero())

	again := s.provision("ana@acme.test", more...)
	require.NotEqual(s, u.ID, again.ID)
	require.Equal(s, again.ID, s.signsInBy("ana@mail.test"))
	third := s.provision("third@acme.test")
	s.deprovision(again.ID)
	s.change(third.ID, storetest.Setting(storetest.Text("userName", "ana@acme.test"), storetest.Text("externalId", "e1")))
}

// deleteMemberships: who was deleted is in no group any more, and those groups have changed.
func deleteMemberships(s *scene) {
	u, stays := s.provision("ana@acme.test"), s.provision("b@acme.test")
	in, out := s.group("In", u.ID.UUID, stays.ID.UUID), s.group("Out", stays.ID.UUID)
	parent := s.group("Parent", in.ID.UUID)
	made := s.eventsSince(func() { s.deprovision(u.ID) })
	require.Len(s, made, 1)
	require.Equal(s, []uuid.UUID{stays.ID.UUID}, s.members(in.ID))
	changed := s.readGroup(in.ID)
	require.Equal(s, in.Version+1, changed.Version)
	require.True(s, changed.ModifiedAt.After(in.ModifiedAt))
	require.Equal(s, out, s.readGroup(out.ID))

	made = s.eventsSince(func() {
		require.NoError(s, s.directory.DeleteGroup(s.Context(), s.caller, in.ID, domain.IfMatch{}))
	})
	require.Len(s, made, 1)
	require.Equal(s, domain.GroupDeleted, made[0].Type)
	require.Equal(s, "In", made[0].Before.Get("displayName").Text())
	_, err := s.directory.Group(s.Context(), s.caller, in.ID)
	storetest.Gone(s, err)
	storetest.Gone(s, s.directory.DeleteGroup(s.Context(), s.caller, in.ID, domain.IfMatch{}))
	require.Empty(s, s.members(parent.ID), "a nested group goes as a person does")
	require.Equal(s, parent.Version+1, s.readGroup(parent.ID).Version)
	require.Len(s, s.user(stays.ID).Groups, 1, "members stay")
}

// deleteManager: people who reported to somebody who was deleted report to nobody.
func deleteManager(s *scene) {
	boss := s.provision("boss@acme.test", storetest.Text("externalId", "e-boss"))
	s.change(boss.ID, storetest.Setting(storetest.Manager(boss.ID.String()))) // who reports to nobody else
	report := s.provision("report@acme.test", storetest.Manager(boss.ID.String()), storetest.Text("title", "Dr"))
	require.Equal(s, &domain.PersonRef{ID: boss.ID, Display: "boss@acme.test"}, report.ManagerRef)
	byExternal := s.provision("external@acme.test", storetest.Manager("e-boss"))
	require.Equal(s, boss.ID, byExternal.ManagerRef.ID)
	none := s.provision("none@acme.test", storetest.Manager(uuid.NewString()))
	made := s.eventsSince(func() { s.deprovision(boss.ID) })
	require.Equal(s, []domain.EventType{domain.UserUpdated, domain.UserDeleted}, eventTypes(made), "one for who reported, one for who went")
	now := s.user(report.ID)
	require.Nil(s, now.ManagerRef)
	require.False(s, s.attributesOf(now).Has(domain.URNEnterprise), "an extension with nothing in it is not in use")
	require.Equal(s, "Dr", s.attributesOf(now).Get("title").Text())
	require.Equal(s, report.Version+1, now.Version)
	require.Nil(s, s.user(byExternal.ID).ManagerRef, "an external id may come back with somebody else")
	require.Equal(s, none, s.user(none.ID))
	heir := s.provision("heir@acme.test", storetest.Text("externalId", "e-boss"))
	require.Equal(s, heir.ID, s.user(byExternal.ID).ManagerRef.ID)

	// Managers of each other in a circle.
	top, other := s.provision("top@acme.test"), s.provision("other@acme.test")
	s.change(top.ID, storetest.Setting(storetest.Manager(other.ID.String())))
	s.change(other.ID, storetest.Setting(storetest.Manager(top.ID.String())))
	made = s.eventsSince(func() { s.deprovision(top.ID) })
	require.Equal(s, []domain.EventType{domain.UserUpdated, domain.UserDeleted}, eventTypes(made))
}

// Somebody may have more reports than are read at a time.
func TestDeleteManagerOfMany(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		s := newScene(t, store, -1)
		top := s.provision("top@acme.test")
		const many = 520
		reports := make([]domain.User, many)
		for i := range reports {
			reports[i] = storetest.DraftUser(t, s.caller, storetest.Person(fmt.Sprintf("r%d@acme.test", i), storetest.Manager(top.ID.String())))
		}
		require.NoError(t, store.Write(t.Context(), func(tx domain.Tx) error {
			for _, u := range reports {
				if err := tx.Users().Insert(u); err != nil {
					return err
				}
			}
			return nil
		}))
		s.deprovision(top.ID)
		db := storetest.Raw(t, store)
		require.Zero(t, storetest.Count(t, db, "SELECT count(*) FROM users WHERE organisation_id = $1 AND manager IS NOT NULL", s.org().String()))
		require.Equal(t, many, storetest.Count(t, db, "SELECT count(*) FROM events WHERE organisation_id = $1 AND type = 'user.updated'", s.org().String()))
		require.Equal(t, many, storetest.Count(t, db, "SELECT count(*) FROM users WHERE organisation_id = $1 AND version = 2 AND archived_at IS NULL", s.org().String()))
	})
}
