package domain_test

import (
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence/storetest"
)

// saysTrial is what a directory says of whoever has the licence trial, by Usher's extension.
func saysTrial() attribute.Member {
	return attribute.Member{Name: domain.URNUsher, Value: attribute.NewComplex(storetest.Text("licence", "trial"))}
}

// profileDeleteLicence: a licence goes when nobody has it and nothing names it, or another one is named, which everybody
// gets: those with a seat a seat, those in line a place in the other line, in order; or nobody, where there are too few.
func profileDeleteLicence(s *scene) {
	s.withSeats(1)
	remove := func(licence, by string) error {
		return s.admin.DeleteLicence(s.Context(), s.boss(), licence, domain.IfMatch{}, by)
	}
	s.setSeats(domain.SeatPlan{Licence: "idle", Limit: 3})
	s.setSeats(domain.SeatPlan{Licence: "trial", Limit: 1})
	made := s.eventsSince(func() {
		storetest.Gone(s, remove("unheard-of", ""))
		storetest.Refused(s, remove(domain.LicenceFull, "trial"), domain.Forbidden, domain.CodeSystemKept)
		err := s.admin.DeleteLicence(s.Context(), s.boss(), "idle", domain.IfMatch{Set: true, Versions: []int64{9}}, "")
		storetest.Refused(s, err, domain.Precondition, domain.CodeVersionMismatch)
		err = s.admin.DeleteLicence(s.Context(), s.clerk("licences:edit"), "idle", domain.IfMatch{}, "")
		storetest.Refused(s, err, domain.Forbidden, domain.CodePermissionMissing)
	})
	require.Empty(s, made)
	made = s.eventsSince(func() { require.NoError(s, remove("idle", "")) })
	require.Equal(s, []domain.EventType{domain.LicenceDeleted}, eventTypes(made))
	require.Equal(s, "idle", made[0].Before.Get("licence").Text())
	require.Empty(s, s.of("idle").Licence)
	storetest.Gone(s, remove("idle", ""))

	// What names it holds it, too.
	blocked := func(why string) {
		s.Helper()
		err := remove("trial", "")
		storetest.Refused(s, err, domain.Conflict, domain.CodeInUse)
		require.ErrorContains(s, err, why)
	}
	limit := func(licences ...string) {
		_, err := s.admin.ChangeConnectionPolicy(s.Context(), s.boss(), s.caller.Connection, domain.IfMatch{}, func(p domain.ConnectionPolicy) (domain.ConnectionPolicy, error) {
			p.Limits.Licences = licences
			return p, nil
		})
		require.NoError(s, err)
	}
	limit("full", "trial")
	blocked("may give this licence")
	wishing := s.provision("wishing@acme.test")
	m := s.mapping(s.group("Guests", wishing.ID.UUID), domain.MappingGrants{Licence: "trial"}, 7)
	require.Equal(s, "trial", s.found(wishing.ID).Licence)
	blocked("people have")
	s.setSeats(full(3))
	limit("full")
	s.deleteMapping(m.ID)
	require.Equal(s, domain.LicenceFull, s.found(wishing.ID).Licence)
	limit("full", "trial")
	ana := s.provision("ana@acme.test", saysTrial())
	off := s.provision("off@acme.test", saysTrial(), storetest.Truth("active", false))
	s.policy(func(p *domain.Policy) { p.SeatOverflow = domain.SeatOverflowWait })
	first, second := s.provision("first@acme.test", saysTrial()), s.provision("second@acme.test", saysTrial())
	require.True(s, s.waits(first.ID) && s.waits(second.ID))
	m = s.mapping(s.group("Others", wishing.ID.UUID), domain.MappingGrants{Licence: "trial"}, 7)
	require.Equal(s, domain.LicenceFull, s.found(wishing.ID).Licence, "no seat is free, for which they wish")

	s.setSeats(full(1))
	made = s.eventsSince(func() {
		blocked("people have")
		for _, wrong := range []string{"trial", "unheard-of", "No Such"} {
			storetest.Refused(s, remove("trial", wrong), domain.Invalid, domain.CodeInvalidValue)
		}
		err := remove("trial", domain.LicenceFull)
		storetest.Refused(s, err, domain.Forbidden, domain.CodeSeatsExhausted)
		require.ErrorContains(s, err, `too few seats of the licence "full": 1 of 1 held, and 1 needed for those who move`)
	})
	require.Empty(s, made, "all or nobody")
	_, err := s.admin.SetLicenceModules(s.Context(), s.boss(), "trial", domain.IfMatch{}, domain.TheseObjects("teams"))
	require.NoError(s, err)
	s.setSeats(full(3))
	err = s.admin.DeleteLicence(s.Context(), s.clerk("licences:delete"), "trial", domain.IfMatch{}, domain.LicenceFull)
	storetest.Refused(s, err, domain.Forbidden, domain.CodeEscalation)

	made = s.eventsSince(func() { require.NoError(s, remove("trial", domain.LicenceFull)) })
	subjects := map[domain.EventType][]uuid.UUID{}
	for _, e := range made {
		subjects[e.Type] = append(subjects[e.Type], e.Subject)
	}
	require.Equal(s, []uuid.UUID{ana.ID.UUID, off.ID.UUID, first.ID.UUID, second.ID.UUID}, subjects[domain.UserUpdated])
	require.Equal(s, []uuid.UUID{first.ID.UUID}, subjects[domain.SeatAssigned])
	require.Equal(s, []uuid.UUID{m.ID.UUID}, subjects[domain.MappingUpdated])
	require.Equal(s, []uuid.UUID{s.caller.Connection.UUID}, subjects[domain.ConnectionPolicyChanged])
	require.Equal(s, []uuid.UUID{wishing.ID.UUID}, subjects[domain.UserAccessChanged], "the mapping gives them what they have")
	require.Len(s, made, 9)
	require.Equal(s, domain.LicenceDeleted, made[8].Type)
	require.Equal(s, domain.SeatUsage{SeatPlan: full(3), Held: 3, Waiting: 1}, s.of(domain.LicenceFull))
	require.Equal(s, []bool{false, true}, []bool{s.waits(first.ID), s.waits(second.ID)}, "in the order of their line")
	for _, u := range []domain.User{ana, off, first, second, wishing} {
		require.Equal(s, domain.LicenceFull, s.found(u.ID).Licence)
	}
	require.Equal(s, domain.SourceExtension, s.access(ana.ID).LicenceFrom.Source, "who said so is kept")
	policy, err := s.admin.ConnectionPolicy(s.Context(), s.boss(), s.caller.Connection)
	require.NoError(s, err)
	require.Equal(s, []string{domain.LicenceFull}, policy.Limits.Licences)
	is, err := s.admin.Mapping(s.Context(), s.boss(), m.ID)
	require.NoError(s, err)
	require.Equal(s, domain.LicenceFull, is.Grants.Licence)
	storetest.Gone(s, remove("trial", domain.LicenceFull))
	require.True(s, domain.IsKind(s.tryProvision("late@acme.test", saysTrial()), domain.Invalid))
}

// profileDeleteLicenceAtOnce: while people come in with a licence it is deleted: nobody is left with one that is gone.
func profileDeleteLicenceAtOnce(s *scene) {
	s.setSeats(domain.SeatPlan{Licence: "trial", Limit: 20})
	outcomes(s.T, concurrently(16, func(i int) error {
		if i == 8 {
			return s.admin.DeleteLicence(s.Context(), s.boss(), "trial", domain.IfMatch{}, domain.LicenceFull)
		}
		name := uuid.NewString() + "@acme.test"
		if i%2 == 0 {
			return s.tryProvision(name, saysTrial(), storetest.Truth("active", false))
		}
		return s.tryProvision(name, saysTrial())
	}))
	require.Empty(s, s.of("trial").Licence)
	require.Zero(s, storetest.Count(s, storetest.Raw(s, s.store), "SELECT count(*) FROM users WHERE organisation_id = $1 AND licence = 'trial'", s.org().String()))
}

// profileDeleteLicenceBounds: a licence of owners is not replaced by simulator, nor one of more people than a unit of work
// moves at once.
func profileDeleteLicenceBounds(s *scene) {
	s.setSeats(domain.SeatPlan{Licence: "trial", Unlimited: true})
	s.setSeats(domain.SeatPlan{Licence: domain.LicenceSimulator, Limit: 5})
	mae := s.provision("mae@acme.test", saysTrial())
	s.done(s.admin.MakeOwner(s.Context(), s.boss(), mae.ID, domain.IfMatch{}))
	made := s.eventsSince(func() {
		err := s.admin.DeleteLicence(s.Context(), s.boss(), "trial", domain.IfMatch{}, domain.LicenceSimulator)
		storetest.Refused(s, err, domain.Forbidden, domain.CodeOwnerLicence)
	})
	require.Empty(s, made)
	for range 1000 {
		require.NoError(s, s.tryProvision(uuid.NewString()+"@acme.test", saysTrial(), storetest.Truth("active", false)))
	}
	made = s.eventsSince(func() {
		err := s.admin.DeleteLicence(s.Context(), s.boss(), "trial", domain.IfMatch{}, domain.LicenceFull)
		storetest.Refused(s, err, domain.Invalid, domain.CodeTooMany)
	})
	require.Empty(s, made)
}
