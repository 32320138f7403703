package domain_test

import (
	"context"
	"strings"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

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
		"users:view": func(who domain.Administrator) error { _, err := s.admin.Person(s.Context(), who, u.ID); return err },
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
			return s.admin.SetSeats(s.Context(), who, domain.IfMatch{}, domain.SeatPlan{Licence: "full", Unlimited: true})
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
	require.Equal(s, []domain.EventType{domain.UserCreated, domain.UserAccessChanged, domain.UserInvited}, eventTypes(made))
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
	for _, address := range []string{"anna@acme.test", "new@acme.test"} { // with the user name of their own
		u = s.done(edit(u.ID, domain.PersonChange{Email: text(address), UserName: text("anna@acme.test")}))
		require.Equal(s, u.ID, s.signsInBy(address))
	}
	own := "anna@acme.test"
	u = s.done(edit(u.ID, domain.PersonChange{Email: &own}))
	u = s.done(edit(u.ID, domain.PersonChange{Email: text("new@acme.test"), UserName: text("anna")}))
	require.True(s, s.signsInBy(own).IsZero())
	for _, change := range []domain.PersonChange{{Email: text("OTHER@acme.test")}, {Email: text("none")}} {
		_, err := edit(u.ID, change)
		require.Error(s, err)
		require.Contains(s, err.Error(), "email")
	}
	_, err = edit(u.ID, domain.PersonChange{UserName: text(other.UserName.Text)})
	storetest.Refused(s, err, domain.Conflict, domain.CodeUserNameTaken)
	require.NotContains(s, err.Error(), "connection", "what a directory does about it is not theirs to do")
	_, err = s.admin.Add(s.Context(), s.boss(), domain.NewPerson{FullName: "Other", Email: "another@acme.test", UserName: other.UserName.Text, Role: s.staff()})
	storetest.Refused(s, err, domain.Conflict, domain.CodeUserNameTaken)
	require.Contains(s, err.Error(), "choose another one")
	require.NotContains(s, err.Error(), "connection")

	var many [8]domain.UserID
	for i := range many {
		many[i] = s.add(string(rune('a'+i)) + "-many@acme.test").ID
	}
	require.Equal(s, map[string]int{"": 1, domain.CodeEmailTaken: len(many) - 1}, outcomes(s.T, concurrently(len(many), func(i int) error {
		_, err := edit(many[i], domain.PersonChange{Email: text("one@acme.test")})
		return err
	})), "of many at the same moment one gets an address")
	pushed := s.provision("p@acme.test", storetest.Emails("p@mail.test"))
	require.Empty(s, s.eventsSince(func() {
		_, err := edit(u.ID, domain.PersonChange{Email: text("P@acme.test")})
		require.Equal(s, domain.EmailTaken(), err, "another one's user name is nobody's address to sign in by")
		_, err = edit(u.ID, domain.PersonChange{UserName: text("P@mail.test")})
		storetest.Refused(s, err, domain.Conflict, domain.CodeUserNameTaken)
	}))
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
	mute := s.provision("mute")
	made = s.eventsSince(func() {
		s.change(mute.ID, storetest.Setting(storetest.Emails("mute@acme.test"), storetest.Text("title", "x")))
	})
	require.ElementsMatch(s, []domain.EventType{domain.UserUpdated, domain.EmailChangeSkipped}, eventTypes(made))
	require.False(s, s.attributesOf(s.user(mute.ID)).Has("emails"), "who had no address gets none")
	require.True(s, s.signsInBy("mute@acme.test").IsZero())
}
