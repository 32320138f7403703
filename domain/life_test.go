package domain_test

import (
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence/storetest"
)

// boss is an administrator of the organisation: a system owner, with a request of their own.
func (s *scene) boss() domain.Administrator {
	return domain.Administrator{
		Organisation: s.org(), Actor: domain.Actor{Kind: "user", ID: uuid.MustParse("01900000-0000-7000-8000-0000000000aa")}, Owner: true, RequestID: "by-hand", From: "203.0.113.8",
	}
}

// clerk is an administrator who may do what is listed, and is no owner.
func (s *scene) clerk(permissions ...string) domain.Administrator {
	s.Helper()
	who := s.boss()
	who.Owner, who.Permissions = false, domain.Permissions{}
	for _, text := range permissions {
		of, err := domain.ParsePermission(text)
		require.NoError(s, err)
		who.Permissions[of] = domain.AllObjects()
	}
	return who
}

// staff is a role for those whose role is of no account.
func (s *scene) staff() domain.RoleID {
	s.Helper()
	roles, err := s.admin.Roles(s.Context(), s.boss())
	require.NoError(s, err)
	for _, r := range roles {
		if r.Name.Text == "Staff" {
			return r.ID
		}
	}
	return s.role("Staff", domain.RoleID{}, domain.SeesOwn).ID
}

// add adds somebody by hand.
func (s *scene) add(email string) domain.User {
	s.Helper()
	u, err := s.admin.Add(s.Context(), s.boss(), domain.NewPerson{GivenName: "Ana", FamilyName: "Łuk", Email: email, Role: s.staff()})
	require.NoError(s, err)
	return u
}

// done requires success and gives the person.
func (s *scene) done(u domain.User, err error) domain.User {
	s.Helper()
	require.NoError(s, err)
	return u
}

func (s *scene) policy(change func(*domain.Policy)) {
	s.Helper()
	_, err := s.admin.ChangePolicy(s.Context(), s.boss(), domain.IfMatch{}, func(p domain.Policy) (domain.Policy, error) {
		change(&p)
		return p, nil
	})
	require.NoError(s, err)
}

func (s *scene) deactivate(id domain.UserID) {
	s.Helper()
	require.Equal(s, domain.Inactive, s.done(s.admin.Deactivate(s.Context(), s.boss(), id, domain.IfMatch{})).Status)
}

func (s *scene) activate(id domain.UserID) domain.User {
	s.Helper()
	return s.done(s.admin.Activate(s.Context(), s.boss(), id, domain.IfMatch{}))
}

// found is a person as administrators see them.
func (s *scene) found(id domain.UserID) domain.User {
	s.Helper()
	p, err := s.admin.Person(s.Context(), s.boss(), id)
	require.NoError(s, err)
	return p.User
}

// policyBounds: a policy begins with the defaults, keeps its bounds, and a change is one event that tells what changed.
func policyBounds(s *scene) {
	policy, err := s.admin.Policy(s.Context(), s.boss())
	require.NoError(s, err)
	require.Equal(s, domain.DefaultPolicy(), policy)
	require.Equal(s, []any{90, 14, domain.AdministratorWins, domain.SeatOverflowRefuse},
		[]any{policy.InactivityDays, policy.InactivityWarningDays, policy.Suspension, policy.SeatOverflow})
	made := s.eventsSince(func() {
		for field, change := range map[string]func(*domain.Policy){
			"inactivity_days":         func(p *domain.Policy) { p.InactivityDays = 0 },
			"inactivity_warning_days": func(p *domain.Policy) { p.InactivityWarningDays = 90 },
			"suspension":              func(p *domain.Policy) { p.Suspension = "nobody_wins" },
			"email_change":            func(p *domain.Policy) { p.EmailChange = "" },
			"seat_overflow":           func(p *domain.Policy) { p.SeatOverflow = "push" },
		} {
			_, err := s.admin.ChangePolicy(s.Context(), s.boss(), domain.IfMatch{}, func(p domain.Policy) (domain.Policy, error) {
				change(&p)
				return p, nil
			})
			storetest.Refused(s, err, domain.Invalid, domain.CodeInvalidValue)
			require.Contains(s, err.Error(), field)
		}
		s.policy(func(*domain.Policy) {})
	})
	require.Empty(s, made)
	made = s.eventsSince(func() { s.policy(func(p *domain.Policy) { p.InactivityDays = 3650 }) })
	require.Equal(s, []domain.EventType{domain.PolicyChanged}, eventTypes(made))
	require.JSONEq(s, `{"inactivity_days":90}`, string(attribute.AppendJSON(nil, made[0].Before)))
	require.JSONEq(s, `{"inactivity_days":3650}`, string(attribute.AppendJSON(nil, made[0].After)))

	// Changes at the same moment are made one after the other: none is lost.
	require.Equal(s, map[string]int{"": 8}, outcomes(s.T, concurrently(8, func(int) error {
		_, err := s.admin.ChangePolicy(s.Context(), s.boss(), domain.IfMatch{}, func(p domain.Policy) (domain.Policy, error) {
			p.InactivityDays--
			return p, nil
		})
		return err
	})))
	policy, err = s.admin.Policy(s.Context(), s.boss())
	require.NoError(s, err)
	require.Equal(s, 3642, policy.InactivityDays)
}

// inviteConfirm: an administrator makes a pending person active without the way round by mail.
func inviteConfirm(s *scene) {
	u := s.add("ana@acme.test")
	confirm := func() (domain.User, error) { return s.admin.Confirm(s.Context(), s.boss(), u.ID, domain.IfMatch{}) }
	made := s.eventsSince(func() { u = s.done(confirm()) })
	require.Equal(s, []domain.EventType{domain.UserConfirmed, domain.UserInvitationRevoked}, eventTypes(made))
	require.Equal(s, "pending", made[0].Before.Get("status").Text())
	require.Equal(s, "active", made[0].After.Get("status").Text())
	require.Equal(s, domain.Active, u.Status)
	require.Equal(s, s.clock.Now(), u.AcceptedAt)
	require.Empty(s, s.eventsSince(func() { s.done(confirm()) }))
	s.deactivate(u.ID)
	_, err := confirm()
	storetest.Refused(s, err, domain.Invalid, domain.CodeInvalidValue)
}

// activateSeatByHand: activation by an administrator needs a free seat, and leads back to pending for those who never
// accepted.
func activateSeatByHand(s *scene) {
	s.withSeats(1)
	u := s.add("ana@acme.test")
	s.deactivate(u.ID)
	require.Zero(s, s.held())
	other := s.add("b@acme.test")
	made := s.eventsSince(func() {
		_, err := s.admin.Activate(s.Context(), s.boss(), u.ID, domain.IfMatch{})
		require.Equal(s, domain.SeatsExhausted("full", 1, 1), err)
	})
	require.Empty(s, made)
	s.deactivate(other.ID)
	made = s.eventsSince(func() { require.Equal(s, domain.Pending, s.activate(u.ID).Status) })
	require.Equal(s, []domain.EventType{domain.UserActivated}, eventTypes(made))
	require.Equal(s, 1, s.held())
	s.done(s.admin.Confirm(s.Context(), s.boss(), u.ID, domain.IfMatch{}))
	s.deactivate(u.ID)
	require.Equal(s, domain.Active, s.activate(u.ID).Status)
	require.Empty(s, s.eventsSince(func() { s.activate(u.ID) }))
}

// activateBlockKept: activation lifts no block.
func activateBlockKept(s *scene) {
	u := s.provision("ana@acme.test")
	require.NoError(s, s.admin.Block(s.Context(), s.boss(), u.ID, domain.IfMatch{}))
	s.deactivate(u.ID)
	s.activate(u.ID)
	_, found, err := s.admin.BlockOf(s.Context(), s.boss(), u.ID)
	require.NoError(s, err)
	require.True(s, found)
	s.setActive(u.ID, false)
	s.setActive(u.ID, true)
	_, found, err = s.admin.BlockOf(s.Context(), s.boss(), u.ID)
	require.NoError(s, err)
	require.True(s, found)
}

// deactivateByHand: the seat is free, everything else is kept, and a second time changes nothing (rules seat.release,
// deactivate.keeps).
func deactivateByHand(s *scene) {
	u := s.provision("ana@acme.test", storetest.Emails("a@mail.test"))
	g := s.group("Everybody", u.ID.UUID)
	require.Equal(s, 1, s.held())
	made := s.eventsSince(func() { s.deactivate(u.ID) })
	require.Equal(s, []domain.EventType{domain.UserDeactivated}, eventTypes(made))
	require.Equal(s, s.boss().Actor, made[0].Actor)
	require.JSONEq(s, `{"active":true,"status":"active"}`, string(attribute.AppendJSON(nil, made[0].Before)))
	require.Zero(s, s.held())
	require.Equal(s, []uuid.UUID{u.ID.UUID}, s.members(g.ID))
	require.Equal(s, u.ID, s.signsInBy("a@mail.test"))
	require.False(s, s.attributesOf(s.user(u.ID)).Get("active").Truth(), "the directory sees it")
	require.Empty(s, s.eventsSince(func() { s.deactivate(u.ID) }))

	// Whom the directory deactivated before, an administrator keeps out all the same.
	s.activate(u.ID)
	s.setActive(u.ID, false)
	made = s.eventsSince(func() {
		s.deactivate(u.ID)
		s.deactivate(u.ID)
	})
	require.Equal(s, []domain.EventType{domain.SuspensionBegan}, eventTypes(made))
	require.Equal(s, s.boss().Actor, made[0].Actor)
	made = s.eventsSince(func() { require.Equal(s, domain.Inactive, s.setActive(u.ID, true).Status) })
	require.Equal(s, []domain.EventType{domain.SuspensionKept}, eventTypes(made))
	require.Equal(s, "suspend.sticks", s.explain(u.ID).Status.Rule)
	_, err := s.admin.Deactivate(s.Context(), s.boss(), domain.UserID{UUID: uuid.New()}, domain.IfMatch{})
	storetest.Gone(s, err)
}

// deletePurge: who was deleted by an administrator is gone for directories; a purge erases what was personal, in the
// record and in the log's values, and the events stay.
func deletePurge(s *scene) {
	u := s.provision("ana@acme.test", storetest.Emails("a@mail.test"), storetest.Text("externalId", "e1"), storetest.Text("displayName", "Ana Secret"))
	report := s.provision("r@acme.test", storetest.Manager(u.ID.String()))
	s.change(u.ID, storetest.Setting(storetest.Text("title", "Dr Secret")))
	purge := func() error { return s.admin.Purge(s.Context(), s.boss(), u.ID) }
	storetest.Refused(s, purge(), domain.Conflict, domain.CodeNotArchived)
	made := s.eventsSince(func() { require.NoError(s, s.admin.Delete(s.Context(), s.boss(), u.ID, domain.IfMatch{})) })
	require.Equal(s, []domain.EventType{domain.UserUpdated, domain.UserDeleted}, eventTypes(made), "of who reported to them, and theirs")
	require.Equal(s, s.boss().Actor, made[0].Actor)
	require.Nil(s, s.user(report.ID).ManagerRef)
	require.Equal(s, 1, s.held())
	_, err := s.directory.User(s.Context(), s.caller, u.ID)
	storetest.Gone(s, err)
	storetest.Gone(s, s.admin.Delete(s.Context(), s.boss(), u.ID, domain.IfMatch{}))
	again := s.provision("ana@acme.test", storetest.Text("externalId", "e1"))
	require.Equal(s, domain.Active, again.Status, "who was deleted without being suspended may come back")

	events := len(s.events())
	made = s.eventsSince(func() { require.NoError(s, purge()) })
	require.Equal(s, []domain.EventType{domain.UserPurged}, eventTypes(made))
	require.Len(s, s.events(), events+1, "the log is append-only")
	for _, e := range s.events() {
		if e.Subject == u.ID.UUID {
			require.False(s, e.Before.Assigned() || e.After.Assigned(), e.Type)
		}
	}
	db := storetest.Raw(s, s.store)
	for _, secret := range []string{"Secret", "a@mail.test"} {
		require.Zero(s, storetest.Count(s, db, "SELECT count(*) FROM users WHERE organisation_id = $1 AND document LIKE $2", s.org().String(), "%"+secret+"%"))
		require.Zero(s, storetest.Count(s, db, "SELECT count(*) FROM event_values WHERE organisation_id = $1 AND COALESCE(before_values, '') || COALESCE(after_values, '') LIKE $2",
			s.org().String(), "%"+secret+"%"))
	}
	require.Empty(s, s.eventsSince(func() { require.NoError(s, purge()) }), "a second time changes nothing")
	storetest.Gone(s, s.admin.Purge(s.Context(), s.boss(), domain.UserID{UUID: uuid.New()}))
}

// blockUnblock: a block keeps status and seat; it says why, since when and by whom; lifting it restarts the clock of
// inactivity.
func blockUnblock(s *scene) {
	u := s.provision("ana@acme.test")
	block := func() error { return s.admin.Block(s.Context(), s.boss(), u.ID, domain.IfMatch{}) }
	unblock := func() error { return s.admin.Unblock(s.Context(), s.boss(), u.ID, domain.IfMatch{}) }
	require.Empty(s, s.eventsSince(func() { require.NoError(s, unblock()) }))
	made := s.eventsSince(func() {
		require.NoError(s, block())
		require.NoError(s, block())
	})
	require.Equal(s, []domain.EventType{domain.UserBlocked}, eventTypes(made))
	require.Equal(s, "administrator", made[0].After.Get("reason").Text())
	got, found, err := s.admin.BlockOf(s.Context(), s.boss(), u.ID)
	require.NoError(s, err)
	require.True(s, found)
	require.Equal(s, domain.Block{Organisation: s.org(), User: u.ID, Reason: domain.BlockedByAdministrator, Since: s.clock.Now(), By: s.boss().Actor}, got)
	require.Equal(s, u, s.user(u.ID), "active: true to the directory, in the same version")
	require.Equal(s, 1, s.held())

	s.clock.Move(200 * 24 * time.Hour)
	made = s.eventsSince(func() {
		require.NoError(s, unblock())
		require.NoError(s, unblock())
	})
	require.Equal(s, []domain.EventType{domain.UserUnblocked}, eventTypes(made))
	require.Equal(s, domain.SweepReport{DueAt: s.clock.Now(), Done: true}, s.sweep(), "the clock of inactivity was restarted")

	// Of many at the same moment one blocks and one unblocks.
	made = s.eventsSince(func() {
		require.Equal(s, map[string]int{"": 8}, outcomes(s.T, concurrently(8, func(int) error { return block() })))
		require.Equal(s, map[string]int{"": 8}, outcomes(s.T, concurrently(8, func(int) error { return unblock() })))
	})
	require.Len(s, made, 2)
}
