package domain_test

import (
	"context"
	"strings"
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
		Organisation: s.org(), Actor: domain.Actor{Kind: "user", ID: uuid.MustParse("01900000-0000-7000-8000-0000000000aa")}, Owner: true, RequestID: "by-hand",
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
	return s.done(s.admin.User(s.Context(), s.boss(), id))
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

// permissionNeeded: nobody does what they are not permitted, and one permission is not another (security 9).
func permissionNeeded(s *scene) {
	u, staff := s.provision("ana@acme.test"), s.staff()
	for needed, do := range map[string]func(who domain.Administrator) error{
		"policy:view": func(who domain.Administrator) error { _, err := s.admin.Policy(s.Context(), who); return err },
		"policy:edit": func(who domain.Administrator) error {
			_, err := s.admin.ChangePolicy(s.Context(), who, domain.IfMatch{}, func(p domain.Policy) (domain.Policy, error) { return p, nil })
			return err
		},
		"users:create": func(who domain.Administrator) error {
			who.Actor.Kind = domain.ActorAPIKey // a person would have to be there, and to see what the role shows
			_, err := s.admin.Add(s.Context(), who, domain.NewPerson{FullName: "B", Email: "b@acme.test", Role: staff})
			return err
		},
		"users:view": func(who domain.Administrator) error { _, err := s.admin.User(s.Context(), who, u.ID); return err },
		"users:edit": func(who domain.Administrator) error {
			_, err := s.admin.Edit(s.Context(), who, u.ID, domain.IfMatch{}, domain.PersonChange{})
			return err
		},
		"users:activate": func(who domain.Administrator) error {
			_, err := s.admin.Activate(s.Context(), who, u.ID, domain.IfMatch{})
			return err
		},
		"users:deactivate": func(who domain.Administrator) error { return s.admin.Block(s.Context(), who, u.ID, domain.IfMatch{}) },
		"users:unblock":    func(who domain.Administrator) error { return s.admin.Unblock(s.Context(), who, u.ID, domain.IfMatch{}) },
		"licences:view":    func(who domain.Administrator) error { _, err := s.admin.Seats(s.Context(), who); return err },
		"licences:edit": func(who domain.Administrator) error {
			return s.admin.SetSeats(s.Context(), who, domain.SeatPlan{Licence: "full", Unlimited: true})
		},
		"users:delete": func(who domain.Administrator) error {
			return s.admin.Delete(s.Context(), who, s.provision("gone@acme.test").ID, domain.IfMatch{})
		},
	} {
		var others []string
		for _, of := range []string{
			"policy:view", "policy:edit", "users:create", "users:view", "users:edit", "users:activate", "users:deactivate", "users:unblock",
			"users:delete", "licences:view", "licences:edit",
		} {
			if of != needed {
				others = append(others, of)
			}
		}
		before := len(s.events())
		err := do(s.clerk(others...))
		storetest.Refused(s, err, domain.Forbidden, domain.CodePermissionMissing)
		require.Contains(s, err.Error(), needed)
		if needed != "users:delete" {
			require.Len(s, s.events(), before)
		} else {
			s.deprovision(s.signsInBy("gone@acme.test"))
		}
		require.NoError(s, do(s.clerk(needed)), needed)
	}
	elsewhere := storetest.NewTenant(s, s.store, storetest.Slug(s)+"-2", -1)
	foreign := s.boss()
	foreign.Organisation = elsewhere.Organisation.ID
	_, err := s.admin.Deactivate(s.Context(), foreign, u.ID, domain.IfMatch{})
	storetest.Gone(s, err)
	storetest.Gone(s, s.admin.Block(s.Context(), foreign, u.ID, domain.IfMatch{}))
	storetest.Gone(s, s.admin.Delete(s.Context(), foreign, u.ID, domain.IfMatch{}))
	_, _, err = s.admin.BlockOf(s.Context(), foreign, u.ID)
	storetest.Gone(s, err)
	_, err = s.admin.WindowOf(s.Context(), foreign, u.ID)
	storetest.Gone(s, err)
	_, err = s.admin.MakeOwner(s.Context(), s.clerk("users:view"), u.ID, domain.IfMatch{})
	storetest.Refused(s, err, domain.Forbidden, domain.CodePermissionMissing)
}

// changeIfMatchByHand: no administrator changes a person, or the policy, who is no longer as they saw them.
func changeIfMatchByHand(s *scene) {
	u := s.provision("ana@acme.test")
	title := "x"
	when := func(versions ...int64) domain.IfMatch { return domain.IfMatch{Set: true, Versions: versions} }
	life := func(match domain.IfMatch) map[string]func() error {
		person := func(do func(context.Context, domain.Administrator, domain.UserID, domain.IfMatch) (domain.User, error)) func() error {
			return func() error { _, err := do(s.Context(), s.boss(), u.ID, match); return err }
		}
		return map[string]func() error{
			"edit": func() error {
				_, err := s.admin.Edit(s.Context(), s.boss(), u.ID, match, domain.PersonChange{Title: &title})
				return err
			},
			"licence": func() error {
				_, err := s.admin.ChangeLicence(s.Context(), s.boss(), u.ID, match, domain.LicenceFull)
				return err
			},
			"confirm": person(s.admin.Confirm), "activate": person(s.admin.Activate), "deactivate": person(s.admin.Deactivate),
			"make owner": person(s.admin.MakeOwner), "unmake owner": person(s.admin.UnmakeOwner),
			"block":   func() error { return s.admin.Block(s.Context(), s.boss(), u.ID, match) },
			"unblock": func() error { return s.admin.Unblock(s.Context(), s.boss(), u.ID, match) },
			"delete":  func() error { return s.admin.Delete(s.Context(), s.boss(), u.ID, match) },
			"policy": func() error {
				_, err := s.admin.ChangePolicy(s.Context(), s.boss(), match, func(p domain.Policy) (domain.Policy, error) { return p, nil })
				return err
			},
		}
	}
	require.Empty(s, s.eventsSince(func() {
		for name, do := range life(when(7)) {
			require.True(s, domain.IsCode(do(), domain.CodeVersionMismatch), name)
		}
	}))
	require.NoError(s, life(when(1))["block"]())
	require.NoError(s, life(when(0))["policy"]())
	require.NoError(s, life(when(1))["delete"]())
}

// userRequired: a person added by hand has names and an e-mail; the user name is the e-mail unless given; they are pending
// and hold a seat.
func userRequired(s *scene) {
	s.withSeats(2)
	staff := s.staff()
	long := strings.Repeat("x", 257)
	made := s.eventsSince(func() {
		for _, bad := range []struct {
			person      domain.NewPerson
			code, field string
		}{
			{domain.NewPerson{FamilyName: "Łuk", Email: "a@acme.test"}, domain.CodeRequired, "given_name"},
			{domain.NewPerson{GivenName: "Ana", FamilyName: " ", Email: "a@acme.test"}, domain.CodeRequired, "family_name"},
			{domain.NewPerson{GivenName: "Ana", FamilyName: "Łuk"}, domain.CodeRequired, "email"},
			{domain.NewPerson{GivenName: "Ana", FamilyName: "Łuk", Email: "ana at acme"}, domain.CodeInvalidValue, "email"},
			{domain.NewPerson{FullName: long, Email: "a@acme.test"}, domain.CodeInvalidValue, "full_name"},
			{domain.NewPerson{GivenName: "A\nB", FamilyName: "Łuk", Email: "a@acme.test"}, domain.CodeInvalidValue, "given_name"},
			{domain.NewPerson{FullName: "Ana", Email: "a@acme.test", Role: staff, Licence: "no such thing"}, domain.CodeInvalidValue, "licence"},
			{domain.NewPerson{FullName: "Ana", Email: "a@acme.test", Role: staff, Licence: "unheard-of"}, domain.CodeInvalidValue, "licence"},
			{domain.NewPerson{FullName: "Ana", Email: "a@acme.test"}, domain.CodeRequired, "role"},
			{domain.NewPerson{FullName: "Ana", Email: "a@acme.test", Role: domain.RoleID{UUID: uuid.New()}}, domain.CodeInvalidValue, "role"},
		} {
			_, err := s.admin.Add(s.Context(), s.boss(), bad.person)
			storetest.Refused(s, err, domain.Invalid, bad.code)
			require.Contains(s, err.Error(), bad.field)
		}
	})
	require.Empty(s, made)
	made = s.eventsSince(func() { s.add("Ana@acme.test") })
	require.Equal(s, []domain.EventType{domain.UserCreated, domain.UserAccessChanged}, eventTypes(made))
	require.Equal(s, s.boss().Actor, made[0].Actor)
	require.Equal(s, "by-hand", made[0].RequestID)
	u := s.found(domain.UserID{UUID: made[0].Subject})
	require.Equal(s, "Ana@acme.test", u.UserName.Text)
	given, err := s.admin.UserAccess(s.Context(), s.boss(), u.ID)
	require.NoError(s, err)
	require.Equal(s, staff, given.Role.ID)
	require.Equal(s, domain.Pending, u.Status)
	require.True(s, u.Connection.IsZero())
	require.Equal(s, "Ana Łuk", u.DisplayName)
	require.Equal(s, "Łuk", s.attributesOf(u).Get("name").Get("familyName").Text())
	require.Equal(s, u.ID, s.signsInBy("ana@acme.test"))
	require.Equal(s, 1, s.held())

	named := s.done(s.admin.Add(s.Context(), s.boss(), domain.NewPerson{FullName: "B C", Email: "b@acme.test", UserName: "bc", Role: staff}))
	require.Equal(s, named.ID, s.signsInBy("bc"))
	require.Equal(s, named.ID, s.signsInBy("b@acme.test"))
	_, err = s.admin.Add(s.Context(), s.boss(), domain.NewPerson{FullName: "C", Email: "c@acme.test", Role: staff})
	require.Equal(s, domain.SeatsExhausted("full", 2, 2), err)
	off := s.done(s.admin.Add(s.Context(), s.boss(), domain.NewPerson{FullName: "D", Email: "d@acme.test", Role: staff, Disabled: true}))
	require.Equal(s, domain.Inactive, off.Status)
	require.False(s, s.attributesOf(off).Get("active").Truth())
	require.Equal(s, 2, s.held())

	// Nobody gives a role that shows more than they see (rule owner.escalation).
	clerk := s.clerk("users:create")
	clerk.Actor.Kind = domain.ActorAPIKey
	person := domain.NewPerson{FullName: "E", Email: "e@acme.test", Role: s.role("Boss", domain.RoleID{}, domain.SeesAll).ID, Disabled: true}
	require.Empty(s, s.eventsSince(func() {
		_, err := s.admin.Add(s.Context(), clerk, person)
		storetest.Refused(s, err, domain.Forbidden, domain.CodeEscalation)
	}))
	person.Role = staff
	s.done(s.admin.Add(s.Context(), clerk, person))
}

// emailUniqueByHand: by hand an e-mail that any other account has is refused, also of two who ask at the same moment.
func emailUniqueByHand(s *scene) {
	s.provision("pushed@acme.test", storetest.Emails("mail@acme.test", "second@acme.test"))
	staff := s.staff()
	add := func(email, userName string) error {
		_, err := s.admin.Add(s.Context(), s.boss(), domain.NewPerson{FullName: "X", Email: email, UserName: userName, Role: staff})
		return err
	}
	made := s.eventsSince(func() {
		for _, email := range []string{"MAIL@acme.test", "second@acme.test", "pushed@acme.test"} {
			require.Equal(s, domain.EmailTaken(), add(email, "x"))
		}
		storetest.Refused(s, add("free@acme.test", "Pushed@ACME.test"), domain.Conflict, domain.CodeUserNameTaken)
		storetest.Refused(s, add("free@acme.test", "mail@acme.test"), domain.Conflict, domain.CodeUserNameTaken)
	})
	require.Empty(s, made)
	counts := outcomes(s.T, concurrently(16, func(i int) error { return add("same@acme.test", "person"+string(rune('a'+i))) }))
	require.Equal(s, map[string]int{"": 1, domain.CodeEmailTaken: 15}, counts)
	s.deprovision(s.signsInBy("pushed@acme.test"))
	require.NoError(s, add("second@acme.test", ""), "who was deleted leaves it free")
}

// userEmailImmutable: administrators do not change e-mail and user name, unless the policy says so; a directory does,
// unless the policy says never: then the rest applies, and an event tells.
func userEmailImmutable(s *scene) {
	text := func(s string) *string { return &s }
	edit := func(id domain.UserID, change domain.PersonChange) (domain.User, error) {
		return s.admin.Edit(s.Context(), s.boss(), id, domain.IfMatch{}, change)
	}
	u, other := s.add("ana@acme.test"), s.add("other@acme.test")
	made := s.eventsSince(func() {
		for _, change := range []domain.PersonChange{{Email: text("new@acme.test")}, {UserName: text("new"), Title: text("Dr")}} {
			_, err := edit(u.ID, change)
			storetest.Refused(s, err, domain.Forbidden, domain.CodeEmailImmutable)
		}
		s.done(edit(u.ID, domain.PersonChange{Email: text("ana@acme.test"), UserName: text("ana@acme.test")}))
	})
	require.Empty(s, made)
	made = s.eventsSince(func() {
		u = s.done(edit(u.ID, domain.PersonChange{GivenName: text("Anna"), Title: text("Dr"), DisplayName: text("")}))
	})
	require.Equal(s, []domain.EventType{domain.UserUpdated}, eventTypes(made))
	require.Equal(s, "Anna", s.attributesOf(u).Get("name").Get("givenName").Text())
	require.Equal(s, "Łuk", s.attributesOf(u).Get("name").Get("familyName").Text())
	require.Empty(s, u.DisplayName)
	_, err := edit(u.ID, domain.PersonChange{Title: text(strings.Repeat("x", 257))})
	storetest.Refused(s, err, domain.Invalid, domain.CodeInvalidValue)

	s.policy(func(p *domain.Policy) { p.EmailChange = domain.EmailChangeAdministrator })
	u = s.done(edit(u.ID, domain.PersonChange{Email: text("new@acme.test"), UserName: text("anna")}))
	require.Equal(s, u.ID, s.signsInBy("new@acme.test"))
	require.Equal(s, u.ID, s.signsInBy("anna"))
	require.True(s, s.signsInBy("ana@acme.test").IsZero())
	for _, change := range []domain.PersonChange{{Email: text("OTHER@acme.test")}, {Email: text("none")}} {
		_, err := edit(u.ID, change)
		require.Error(s, err)
		require.Contains(s, err.Error(), "email")
	}
	_, err = edit(u.ID, domain.PersonChange{UserName: text(other.UserName.Text)})
	storetest.Refused(s, err, domain.Conflict, domain.CodeUserNameTaken)

	pushed := s.provision("p@acme.test", storetest.Emails("p@mail.test"))
	rename := func(name string) domain.User {
		return s.change(pushed.ID, storetest.Setting(storetest.Text("userName", name), storetest.Emails(name), storetest.Text("title", "of "+name)))
	}
	require.Equal(s, "q@acme.test", rename("q@acme.test").UserName.Text)
	s.policy(func(p *domain.Policy) { p.EmailChange = domain.EmailChangeNever })
	var kept domain.User
	made = s.eventsSince(func() { kept = rename("r@acme.test") })
	require.ElementsMatch(s, []domain.EventType{domain.UserUpdated, domain.EmailChangeSkipped}, eventTypes(made))
	require.Equal(s, "q@acme.test", kept.UserName.Text)
	require.Equal(s, "of r@acme.test", s.attributesOf(kept).Get("title").Text())
	require.Equal(s, pushed.ID, s.signsInBy("q@acme.test"))
	require.True(s, s.signsInBy("r@acme.test").IsZero())
}

// inviteConfirm: an administrator makes a pending person active without the way round by mail.
func inviteConfirm(s *scene) {
	u := s.add("ana@acme.test")
	confirm := func() (domain.User, error) { return s.admin.Confirm(s.Context(), s.boss(), u.ID, domain.IfMatch{}) }
	made := s.eventsSince(func() { u = s.done(confirm()) })
	require.Equal(s, []domain.EventType{domain.UserConfirmed}, eventTypes(made))
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
