package domain_test

import (
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// profileDeleteMapped: what a mapping gives does not go without another one in its place, which the mapping then gives.
func profileDeleteMapped(s *scene) {
	ana := s.provision("ana@acme.test")
	old, heir, queue, other := s.profile("Old", nil), s.profile("Heir", nil), s.queue("One"), s.queue("Two")
	g := s.group("Sales")
	m := s.mapping(g, domain.MappingGrants{Profile: old.ID, Queues: []domain.QueueID{queue.ID}})
	storetest.Refused(s, s.admin.DeleteProfile(s.Context(), s.boss(), old.ID, domain.IfMatch{}, domain.ProfileID{}), domain.Conflict, domain.CodeInUse)
	require.NoError(s, s.admin.DeleteProfile(s.Context(), s.boss(), old.ID, domain.IfMatch{}, heir.ID))
	s.changeGroup(g.ID, join(ana.ID.UUID))
	require.Equal(s, heir.ID, s.access(ana.ID).Profile.ID)
	require.NoError(s, s.admin.DeleteQueue(s.Context(), s.boss(), queue.ID, domain.IfMatch{}, other.ID))
	require.Equal(s, []domain.QueueID{other.ID}, queueIDs(s.access(ana.ID)))
	is, err := s.admin.Mapping(s.Context(), s.boss(), m.ID)
	require.NoError(s, err)
	require.Equal(s, domain.MappingGrants{Profile: heir.ID, Queues: []domain.QueueID{other.ID}}, is.Grants)
	require.Empty(s, s.eventsSince(func() { s.assign(ana.ID, domain.AccessChange{}) }), "what is kept is what would be decided anew")
}

// ownerEscalationMapping: a mapping is checked against who saves it, as a whole.
func ownerEscalationMapping(s *scene) {
	g := s.group("Sales")
	mighty, modest := s.profile("Mighty", permitted("users:delete")), s.profile("Modest", permitted("directory:view"))
	wide := s.role("Director", domain.RoleID{}, domain.SeesAll)
	clerk := s.clerk("directory:edit", "directory:view")
	clerk.Actor.Kind = "api_key"
	for _, grants := range []domain.MappingGrants{{Profile: mighty.ID}, {Role: wide.ID}} {
		s.escalates(func() error {
			_, err := s.admin.CreateMapping(s.Context(), clerk, domain.MappingSpec{Group: g.ID, Priority: 1, Grants: grants})
			return err
		})
	}
	m, err := s.admin.CreateMapping(s.Context(), clerk, domain.MappingSpec{Group: g.ID, Priority: 2, Grants: domain.MappingGrants{Profile: modest.ID}})
	require.NoError(s, err)
	require.Equal(s, clerk.Actor, m.SavedBy)
	s.escalates(func() error {
		_, err := s.admin.EditMapping(s.Context(), clerk, m.ID, domain.IfMatch{}, domain.MappingChange{Profile: &mighty.ID})
		return err
	})
	s.editMapping(m.ID, domain.MappingChange{Profile: &mighty.ID})
	number := 1
	s.escalates(func() error { // a higher priority, too, gives it to people
		_, err := s.admin.EditMapping(s.Context(), clerk, m.ID, domain.IfMatch{}, domain.MappingChange{Priority: &number})
		return err
	})
	other := s.group("Other")
	s.escalates(func() error {
		_, err := s.admin.RebindMapping(s.Context(), clerk, m.ID, domain.IfMatch{}, other.ID)
		return err
	})

	// What somebody has by a mapping nobody makes theirs for good who could not give it.
	ana := s.provision("ana@acme.test")
	s.changeGroup(g.ID, join(ana.ID.UUID))
	require.Equal(s, mighty.ID, s.access(ana.ID).Profile.ID)
	s.escalates(func() error {
		_, err := s.admin.Assign(s.Context(), s.clerk("users:edit"), ana.ID, domain.IfMatch{}, domain.AccessChange{Profile: domain.Choose(mighty.ID)})
		return err
	})

	// Nor does anybody let a choice go that keeps a person from it.
	s.assign(ana.ID, domain.AccessChange{Profile: domain.Choose(modest.ID), Locked: true})
	s.escalates(func() error {
		_, err := s.admin.Assign(s.Context(), s.clerk("users:edit", "directory:view"), ana.ID, domain.IfMatch{}, domain.AccessChange{Profile: domain.Automatically[domain.Profile]()})
		return err
	})
	s.escalates(func() error {
		_, err := s.admin.Assign(s.Context(), s.clerk("users:edit", "directory:view"), ana.ID, domain.IfMatch{}, domain.AccessChange{Profile: domain.Choose(modest.ID)})
		return err
	})
}

// ownerLastMapping: no mapping makes an owner or ends an ownership, nor takes an owner's licence away.
func ownerLastMapping(s *scene) {
	s.setSeats(domain.SeatPlan{Licence: "simulator", Unlimited: true})
	owner := s.owner("owner@acme.test", true)
	ana := s.provision("ana@acme.test")
	g := s.group("Sales", ana.ID.UUID, owner.ID.UUID)
	m := s.mapping(g, domain.MappingGrants{Licence: "simulator", Team: s.team("Blue").ID})
	is := s.access(owner.ID)
	require.Equal(s, []any{true, "full", false}, []any{is.Owner, is.Licence, is.Team.ID.IsZero()})
	require.Empty(s, s.wish(owner.ID), "it is not to have it")
	require.Equal(s, []any{false, "simulator"}, []any{s.access(ana.ID).Owner, s.access(ana.ID).Licence})
	rulings, err := s.admin.Rulings(s.Context(), s.boss(), owner.ID)
	require.NoError(s, err)
	lost := map[domain.Loss]domain.MappingID{}
	for _, r := range rulings {
		for _, c := range r.Losers {
			lost[c.Lost] = c.Mapping
		}
	}
	require.Equal(s, map[domain.Loss]domain.MappingID{domain.LostOwner: m.ID}, lost)
	s.deleteMapping(m.ID)
	require.Equal(s, []any{true, "full"}, []any{s.access(owner.ID).Owner, s.access(owner.ID).Licence})
}
