package domain_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence/storetest"
)

// manage makes somebody the manager of a person by hand; the zero id: nobody.
func (s *scene) manage(id, manager domain.UserID) domain.User {
	s.Helper()
	return s.done(s.tryManage(s.boss(), id, manager))
}

func (s *scene) tryManage(who domain.Administrator, id, manager domain.UserID) (domain.User, error) {
	return s.admin.Edit(s.Context(), who, id, domain.IfMatch{}, domain.PersonChange{Fields: domain.FieldChange{Manager: &manager}})
}

// managerOf is a person's manager as administrators see them.
func (s *scene) managerOf(id domain.UserID) domain.UserID {
	s.Helper()
	if ref := s.found(id).ManagerRef; ref != nil {
		return ref.ID
	}
	return domain.UserID{}
}

// userManager: whoever has them, an administrator makes one person the manager of another, and of nobody again.
func userManager(s *scene) {
	pushed, ben, ceo := s.provision("pushed"), s.add("ben@acme.test"), s.add("ceo@acme.test")
	second := s.caller
	s.caller = s.another("second")
	there := s.provision("there", storetest.Text("displayName", "Tara"))
	s.caller = second

	made := s.eventsSince(func() {
		for _, u := range []domain.User{pushed, ben} {
			for _, manager := range []domain.UserID{there.ID, ceo.ID} {
				is := s.manage(u.ID, manager)
				require.Equal(s, manager, is.ManagerRef.ID)
				require.Equal(s, is, s.found(u.ID))
			}
		}
	})
	manager := func(tree attribute.Value) string {
		return tree.Get(domain.URNEnterprise).Get("manager").Get("value").Text()
	}
	var told []string
	for _, e := range made {
		if e.Type == domain.UserUpdated {
			told = append(told, manager(e.Before)+" > "+manager(e.After))
		}
	}
	steps := []string{" > " + there.ID.String(), there.ID.String() + " > " + ceo.ID.String()}
	require.Equal(s, append(steps, steps...), told)
	require.Empty(s, s.eventsSince(func() { s.manage(ben.ID, ceo.ID) }), "what is so already")

	s.manage(pushed.ID, there.ID)
	require.Nil(s, s.user(pushed.ID).ManagerRef, "the directory does not see who has the person")
	require.Equal(s, there.ID.String(), s.user(pushed.ID).Manager)
	s.change(pushed.ID, storetest.Setting(storetest.Text("title", "x")))
	require.Equal(s, there.ID, s.managerOf(pushed.ID), "what the directory leaves alone stays")
	s.change(pushed.ID, storetest.Setting(storetest.Manager("somebody")))
	require.Zero(s, s.managerOf(pushed.ID))
	s.change(pushed.ID, storetest.Setting(storetest.Manager(there.ID.String())))
	require.Zero(s, s.managerOf(pushed.ID), "whom a directory names it must see (security 5)")
	made = s.eventsSince(func() { require.Equal(s, "Tara", s.manage(pushed.ID, there.ID).ManagerRef.Display) })
	require.Equal(s, there.ID.String(), only(s, made, domain.UserUpdated).After.Get("manager").Text(), "an administrator chose whom the directory names")

	for _, u := range []domain.User{pushed, ben} {
		is := s.manage(u.ID, domain.UserID{})
		require.Empty(s, is.Manager)
		require.Nil(s, is.ManagerRef)
		require.False(s, s.attributesOf(is).Has(domain.URNEnterprise))
	}

	chosen := there.ID
	added, err := s.admin.Add(s.Context(), s.boss(), domain.NewPerson{
		FullName: "Carl", Email: "carl@acme.test", Role: s.staff(), Fields: domain.FieldChange{Manager: &chosen},
	})
	require.Equal(s, domain.PersonRef{ID: there.ID, Display: "Tara"}, *s.done(added, err).ManagerRef)
	require.Equal(s, there.ID, s.managerOf(added.ID))
}

// userManagerRefused: a manager is somebody who is here and whom the administrator may see, is not the person, and does not
// report to them at any distance.
func userManagerRefused(s *scene) {
	ana, ben, carl, gone := s.add("ana@acme.test"), s.add("ben@acme.test"), s.provision("carl"), s.provision("gone")
	s.manage(ben.ID, ana.ID)
	s.manage(carl.ID, ben.ID)
	s.deprovision(gone.ID)
	foreign := storetest.Account(s, s.store, storetest.NewTenant(s, s.store, storetest.Slug(s)+"-2", -1), "foreign", nil)
	refused := func(who domain.Administrator, manager domain.UserID) string {
		_, err := s.tryManage(who, ana.ID, manager)
		storetest.Refused(s, err, domain.Invalid, domain.CodeInvalidValue)
		var refusal *domain.Error
		require.ErrorAs(s, err, &refusal)
		require.Equal(s, "manager", refusal.Field)
		return strings.ReplaceAll(refusal.Message, manager.String(), "ID")
	}
	half := s.clerk("users:edit")
	half.Permissions = half.Permissions.Union(domain.Permissions{{Module: domain.ModuleUsers, Action: domain.ActionView}: domain.Objects{IDs: []string{ana.ID.String()}}})
	require.Empty(s, s.eventsSince(func() {
		require.Contains(s, refused(s.boss(), ana.ID), "their own manager")
		require.Contains(s, refused(s.boss(), ben.ID), "reports to")
		require.Contains(s, refused(s.boss(), carl.ID), "reports to")
		unknown := refused(s.boss(), domain.UserID{UUID: uuid.New()})
		require.Contains(s, unknown, "there is no person")
		require.Equal(s, unknown, refused(s.boss(), gone.ID))
		require.Equal(s, unknown, refused(s.boss(), foreign.ID))
		require.Equal(s, unknown, refused(half, ben.ID), "whom the administrator may not see")
		for _, manager := range []domain.UserID{{UUID: uuid.New()}, gone.ID, foreign.ID} {
			_, err := s.admin.Add(s.Context(), s.boss(), domain.NewPerson{
				FullName: "X", Email: "x@acme.test", Role: s.staff(), Fields: domain.FieldChange{Manager: &manager},
			})
			storetest.Refused(s, err, domain.Invalid, domain.CodeInvalidValue)
		}
	}))

	// A directory has its say, and who is above each other by it keeps nobody from having a manager.
	a, b := s.provision("a"), s.provision("b")
	s.change(a.ID, storetest.Setting(storetest.Manager(b.ID.String())))
	s.change(b.ID, storetest.Setting(storetest.Manager(a.ID.String())))
	require.Equal(s, a.ID, s.manage(ana.ID, a.ID).ManagerRef.ID)

	line := s.provision("m0")
	for i := range 100 {
		line = s.provision(fmt.Sprintf("m%d", i+1), storetest.Manager(line.ID.String()))
	}
	_, err := s.tryManage(s.boss(), ana.ID, line.ID)
	storetest.Refused(s, err, domain.Invalid, domain.CodeTooMany)
}

// userManagerAtOnce: two who are made each other's manager at the same moment are not both.
func userManagerAtOnce(s *scene) {
	pair := []domain.UserID{s.add("ana@acme.test").ID, s.add("ben@acme.test").ID}
	for range 8 {
		errs := concurrently(2, func(i int) error { _, err := s.tryManage(s.boss(), pair[i], pair[1-i]); return err })
		require.Equal(s, 1, outcomes(s.T, errs)[domain.CodeInvalidValue])
		for _, id := range pair {
			s.manage(id, domain.UserID{})
		}
	}
}

// deleteManagerByHand: whoever has either, who is deleted is nobody's manager any more, but to a directory that named them
// without seeing them, to which nothing has changed (security 5).
func deleteManagerByHand(s *scene) {
	own := s.caller
	s.caller = s.another("second")
	there := s.provision("there")
	s.caller = own
	local := s.add("local@acme.test")
	for _, manager := range []domain.UserID{there.ID, local.ID} {
		pushed, ben := s.provision("pushed"+manager.String()), s.add("ben-"+manager.String()+"@acme.test")
		named := s.provision("named"+manager.String(), storetest.Manager(manager.String()))
		s.manage(pushed.ID, manager)
		s.manage(ben.ID, manager)
		made := s.eventsSince(func() { require.NoError(s, s.admin.Delete(s.Context(), s.boss(), manager, domain.IfMatch{})) })
		updated := slices.DeleteFunc(eventTypes(made), func(of domain.EventType) bool { return of != domain.UserUpdated })
		require.Len(s, updated, 2)
		for _, u := range []domain.User{pushed, ben} {
			require.Empty(s, s.found(u.ID).Manager)
		}
		require.Equal(s, named, s.user(named.ID))
	}
}
