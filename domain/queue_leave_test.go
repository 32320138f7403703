package domain_test

import (
	"fmt"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// deactivateQueues: who is deactivated is in no queue; on activation those from mappings come back, those by hand are only
// offered. It is so by hand and by push.
func deactivateQueues(s *scene) {
	hand, mapped := s.queue("Hand"), s.queue("Mapped")
	ana, ben := s.provision("ana@acme.test"), s.provision("ben@acme.test")
	s.mapping(s.group("Sales", ana.ID.UUID, ben.ID.UUID), domain.MappingGrants{Queues: []domain.QueueID{mapped.ID}})
	for id, turn := range map[domain.UserID]func(active bool){
		ana.ID: func(active bool) { s.setActive(ana.ID, active) },
		ben.ID: func(active bool) {
			change := s.admin.Deactivate
			if active {
				change = s.admin.Activate
			}
			s.done(change(s.Context(), s.boss(), ben.ID, domain.IfMatch{}))
		},
	} {
		s.assign(id, domain.AccessChange{Queues: &[]domain.QueueID{hand.ID}})
		require.ElementsMatch(s, []domain.QueueID{hand.ID, mapped.ID}, queueIDs(s.access(id)))
		made := s.eventsSince(func() { turn(false) })
		require.ElementsMatch(s, []domain.EventType{domain.UserDeactivated, domain.UserAccessChanged}, eventTypes(made))
		require.Empty(s, s.access(id).Queues)
		former, err := s.admin.FormerQueues(s.Context(), s.boss(), id)
		require.NoError(s, err)
		require.Equal(s, []domain.QueueID{hand.ID}, former, "those from mappings are nothing to be offered")
		_, err = s.admin.Assign(s.Context(), s.boss(), id, domain.IfMatch{}, domain.AccessChange{Queues: &[]domain.QueueID{hand.ID}})
		storetest.Refused(s, err, domain.Invalid, domain.CodeInvalidValue)
		require.NotEmpty(s, s.members(s.user(id).Groups[0].ID), "the memberships of the directory stay")

		made = s.eventsSince(func() { turn(true) })
		require.ElementsMatch(s, []domain.EventType{domain.UserActivated, domain.UserAccessChanged}, eventTypes(made))
		require.Equal(s, []domain.QueueID{mapped.ID}, queueIDs(s.access(id)))
		former, err = s.admin.FormerQueues(s.Context(), s.boss(), id)
		require.NoError(s, err)
		require.Equal(s, []domain.QueueID{hand.ID}, former)
		s.assign(id, domain.AccessChange{Queues: &former})
		former, err = s.admin.FormerQueues(s.Context(), s.boss(), id)
		require.NoError(s, err)
		require.Empty(s, former, "they are in it again")
	}

	// Who was inactive when the mapping came gets its queues with the activation.
	gone := s.provision("gone@acme.test", storetest.Truth("active", false))
	s.changeGroup(s.user(ana.ID).Groups[0].ID, join(gone.ID.UUID))
	require.Empty(s, s.access(gone.ID).Queues)
	s.setActive(gone.ID, true)
	require.Equal(s, []domain.QueueID{mapped.ID}, queueIDs(s.access(gone.ID)))
}

// deactivateQueuesAtOnce: whoever is put into a queue at the very moment of the deactivation is not in it afterwards.
func deactivateQueuesAtOnce(s *scene) {
	q := s.queue("One")
	g := s.group("Sales")
	s.mapping(g, domain.MappingGrants{Queues: []domain.QueueID{q.ID}})
	for i := range 8 {
		u := s.provision(fmt.Sprintf("u%d@acme.test", i))
		errs := concurrently(3, func(i int) error {
			switch i {
			case 0:
				_, err := s.tryChange(u.ID, storetest.Setting(storetest.Truth("active", false)))
				return err
			case 1:
				_, err := s.directory.ChangeGroup(s.Context(), s.caller, g.ID, domain.IfMatch{}, []domain.GroupStep{join(u.ID.UUID)})
				return err
			}
			_, err := s.admin.Assign(s.Context(), s.boss(), u.ID, domain.IfMatch{}, domain.AccessChange{Queues: &[]domain.QueueID{q.ID}})
			if domain.IsKind(err, domain.Invalid) { // it came too late
				return nil
			}
			return err
		})
		require.Equal(s, map[string]int{"": 3}, outcomes(s.T, errs))
		require.Equal(s, domain.Inactive, s.user(u.ID).Status)
		require.Empty(s, s.access(u.ID).Queues)
	}
}
