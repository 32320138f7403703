package domain_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"usher/domain"
	"usher/persistence/storetest"
)

// roleSees: whose data a person sees follows from their role, from the next look on.
func roleSees(s *scene) {
	ad := s.administration()
	top := s.role("Director", domain.RoleID{}, domain.SeesAll)
	lead := s.role("Lead", top.ID, domain.SeesSubtree)
	peer := s.role("Peer", lead.ID, domain.SeesTeam)
	agent := s.role("Agent", peer.ID, domain.SeesOwn)
	other := s.role("Other", top.ID, domain.SeesSubtree)
	blue, red := s.team("Blue"), s.team("Red")
	person := func(name string, role domain.RoleID, team domain.TeamID) domain.UserID {
		u := s.provision(name + "@acme.test")
		s.assign(u.ID, domain.AccessChange{Role: domain.Choose(role), Team: domain.Choose(team)})
		return u.ID
	}
	people := map[string]domain.UserID{
		"director": person("director", top.ID, domain.TeamID{}), "lead": person("lead", lead.ID, red.ID),
		"lead2": person("lead2", lead.ID, domain.TeamID{}), "peer": person("peer", peer.ID, blue.ID),
		"agent": person("agent", agent.ID, blue.ID), "other": person("other", other.ID, red.ID),
		"nobody": person("nobody", domain.RoleID{}, blue.ID),
	}
	people["owner"] = s.owner("owner@acme.test", true).ID
	for viewer, seen := range map[string][]string{
		"director": {"director", "lead", "lead2", "peer", "agent", "other", "nobody", "owner"},
		"owner":    {"director", "lead", "lead2", "peer", "agent", "other", "nobody", "owner"},
		"lead":     {"lead", "peer", "agent", "other"}, // other: of the same team
		"lead2":    {"lead2", "peer", "agent"},
		"peer":     {"peer", "agent", "nobody"},
		"agent":    {"agent"},
		"other":    {"other", "lead"},
		"nobody":   {"nobody"},
	} {
		var got []string
		for name, id := range people {
			sees, err := ad.Sees(s.Context(), s.boss(), people[viewer], id)
			require.NoError(s, err)
			if sees {
				got = append(got, name)
			}
		}
		require.ElementsMatch(s, seen, got, viewer)
	}
	for _, name := range []string{"director", "lead"} {
		s.setActive(people[name], false)
		for _, id := range people {
			sees, err := ad.Sees(s.Context(), s.boss(), people[name], id)
			require.NoError(s, err)
			require.False(s, sees, "%s is inactive", name)
		}
	}
	sees, err := ad.Sees(s.Context(), s.boss(), people["other"], people["lead"])
	require.NoError(s, err)
	require.True(s, sees, "the data of who is inactive stays to be seen")
	s.setActive(people["lead"], true)
	_, err = ad.EditRole(s.Context(), s.boss(), other.ID, domain.IfMatch{}, domain.RoleSpec{Name: "Other", Parent: lead.ID, Sees: domain.SeesSubtree})
	require.NoError(s, err)
	_, err = ad.Sees(s.Context(), s.boss(), people["lead"], domain.UserID{UUID: top.ID.UUID})
	require.Equal(s, "other", fieldAtFault(s, err))
	storetest.Gone(s, err)
	sees, err = ad.Sees(s.Context(), s.boss(), people["lead2"], people["other"])
	require.NoError(s, err)
	require.True(s, sees)
	_, err = ad.Sees(s.Context(), s.boss(), people["lead"], domain.UserID{UUID: uuid.New()})
	storetest.Gone(s, err)
	_, err = ad.Sees(s.Context(), s.as(people["agent"]), people["agent"], people["lead"])
	require.NoError(s, err, "what one sees oneself")

	// What somebody has by default counts, for who looks and for who is looked at.
	pushed := s.provision("pushed@acme.test")
	for by, want := range map[domain.RoleID][2]bool{agent.ID: {true, false}, top.ID: {false, true}} {
		_, err := ad.SetDefaults(s.Context(), s.boss(), domain.IfMatch{}, by, domain.ProfileID{})
		require.NoError(s, err)
		down, err := ad.Sees(s.Context(), s.boss(), people["lead2"], pushed.ID)
		require.NoError(s, err)
		up, err := ad.Sees(s.Context(), s.boss(), pushed.ID, people["lead2"])
		require.NoError(s, err)
		require.Equal(s, want, [2]bool{down, up})
	}
	_, err = ad.Sees(s.Context(), s.as(people["agent"]), people["lead"], people["agent"])
	storetest.Refused(s, err, domain.Forbidden, domain.CodePermissionMissing)
}

// roleTree: no role stands below itself, none too deep; children of a role that goes move up.
func roleTree(s *scene) {
	ad := s.administration()
	a := s.role("A", domain.RoleID{}, domain.SeesOwn)
	b := s.role("B", a.ID, domain.SeesOwn)
	c := s.role("C", b.ID, domain.SeesOwn)
	move := func(r domain.Role, parent domain.RoleID) error {
		_, err := ad.EditRole(s.Context(), s.boss(), r.ID, domain.IfMatch{}, domain.RoleSpec{Name: r.Name.Text, Parent: parent, Sees: r.Sees})
		return err
	}
	made := s.eventsSince(func() {
		for _, parent := range []domain.RoleID{a.ID, b.ID, c.ID} {
			storetest.Refused(s, move(a, parent), domain.Invalid, domain.CodeInvalidValue)
		}
		deepest := c
		for i := range domain.MaxRoleDepth - 3 {
			deepest = s.role(fmt.Sprint("deep", i), deepest.ID, domain.SeesOwn)
		}
		_, err := ad.CreateRole(s.Context(), s.boss(), domain.RoleSpec{Name: "too deep", Parent: deepest.ID, Sees: domain.SeesOwn})
		storetest.Refused(s, err, domain.Invalid, domain.CodeTooMany)
		top := s.role("Top", domain.RoleID{}, domain.SeesOwn)
		storetest.Refused(s, move(a, top.ID), domain.Invalid, domain.CodeTooMany)
	})
	require.Len(s, made, domain.MaxRoleDepth-2, "only those that were created")
	made = s.eventsSince(func() {
		require.NoError(s, ad.DeleteRole(s.Context(), s.boss(), b.ID, domain.IfMatch{}, domain.RoleID{}))
	})
	require.Equal(s, []domain.EventType{domain.RoleUpdated, domain.RoleDeleted}, eventTypes(made))
	now, err := ad.Role(s.Context(), s.boss(), c.ID)
	require.NoError(s, err)
	require.Equal(s, a.ID, now.Parent)
	require.Equal(s, c.Version+1, now.Version)
}

// accessTurns: administrators' changes take turns, so that two that are each right by themselves do no wrong together:
// roles never stand in a circle, and nobody is given what is being deleted.
func accessTurns(s *scene) {
	ad := s.administration()
	const rounds = 6
	for round := range rounds {
		const many = 4
		var ring [many]domain.Role
		for i := range ring {
			ring[i] = s.role(fmt.Sprintf("r%d-%d", round, i), domain.RoleID{}, domain.SeesOwn)
		}
		errs := concurrently(many, func(i int) error {
			_, err := ad.EditRole(s.Context(), s.boss(), ring[i].ID, domain.IfMatch{}, domain.RoleSpec{Name: ring[i].Name.Text, Parent: ring[(i+1)%many].ID, Sees: domain.SeesOwn})
			return err
		})
		require.Equal(s, map[string]int{"": many - 1, domain.CodeInvalidValue: 1}, outcomes(s.T, errs), "the last one would close the circle")

		p := s.profile(fmt.Sprintf("p%d", round), permitted("users:view"))
		u := s.provision(fmt.Sprintf("u%d@acme.test", round))
		errs = concurrently(2, func(i int) error {
			if i == 0 {
				return ad.DeleteProfile(s.Context(), s.boss(), p.ID, domain.IfMatch{}, domain.ProfileID{})
			}
			_, err := ad.Assign(s.Context(), s.boss(), u.ID, domain.IfMatch{}, domain.AccessChange{Profile: domain.Choose(p.ID)})
			return err
		})
		access, err := ad.UserAccess(s.Context(), s.boss(), u.ID)
		require.NoError(s, err)
		if errs[0] == nil {
			storetest.Refused(s, errs[1], domain.Invalid, domain.CodeInvalidValue)
			require.True(s, access.Profile.ID.IsZero())
			continue
		}
		storetest.Refused(s, errs[0], domain.Conflict, domain.CodeInUse)
		require.NoError(s, errs[1])
		require.Equal(s, p.ID, access.Profile.ID)
	}
}

// ownerEscalation: nobody grants a permission they do not hold, nor a role that shows more than theirs, whatever way.
func ownerEscalation(s *scene) {
	ad := s.administration()
	s.register("campaigns", "dial")
	top := s.role("Top", domain.RoleID{}, domain.SeesAll)
	lead := s.role("Lead", top.ID, domain.SeesSubtree)
	agent := s.role("Agent", lead.ID, domain.SeesOwn)
	aside := s.role("Aside", top.ID, domain.SeesSubtree)
	strong, weak := s.profile("Strong", permitted("users:delete")), s.profile("Weak", permitted("users:view"))
	helper, u := s.provision("helper@acme.test"), s.provision("u@acme.test")
	may := permitted("users:view", "users:edit", "profiles:create", "profiles:edit", "profiles:delete", "roles:create", "roles:edit", "roles:delete").
		Union(domain.Permissions{mustPermission("campaigns:dial"): domain.TheseObjects("c1")})
	s.assign(helper.ID, domain.AccessChange{Role: domain.Choose(lead.ID), Granted: &may})
	who, none := s.as(helper.ID), domain.IfMatch{}
	assign := func(change domain.AccessChange) error {
		_, err := ad.Assign(s.Context(), who, u.ID, none, change)
		return err
	}
	profile := func(id domain.ProfileID, spec domain.ProfileSpec) error {
		_, err := ad.EditProfile(s.Context(), who, id, none, spec)
		return err
	}
	role := func(r domain.Role, parent domain.RoleID, sees domain.Sight) error {
		_, err := ad.EditRole(s.Context(), who, r.ID, none, domain.RoleSpec{Name: r.Name.Text, Parent: parent, Sees: sees})
		return err
	}
	more, dial := permitted("users:delete"), permitted("campaigns:dial")
	one := domain.Permissions{mustPermission("campaigns:dial"): domain.TheseObjects("c1")}
	nothing := domain.Permissions{}
	for name, escalation := range map[string]func() error{
		"directly":        func() error { return assign(domain.AccessChange{Granted: &more}) },
		"on more objects": func() error { return assign(domain.AccessChange{Granted: &dial}) },
		"by profile":      func() error { return assign(domain.AccessChange{Profile: domain.Choose(strong.ID)}) },
		"by editing": func() error {
			return profile(weak.ID, domain.ProfileSpec{Grants: permitted("users:view", "users:delete")})
		},
		"by baseline":      func() error { return profile(strong.ID, domain.ProfileSpec{Grants: strong.Grants, Baseline: true}) },
		"by a replacement": func() error { return ad.DeleteProfile(s.Context(), who, weak.ID, none, strong.ID) },
		"by default":       func() error { _, err := ad.SetDefaults(s.Context(), who, none, domain.RoleID{}, strong.ID); return err },
		"by default role":  func() error { _, err := ad.SetDefaults(s.Context(), who, none, top.ID, domain.ProfileID{}); return err },
		"by creation": func() error {
			_, err := ad.CreateProfile(s.Context(), who, domain.ProfileSpec{Name: "New", Grants: more})
			return err
		},
		"by role":            func() error { return assign(domain.AccessChange{Role: domain.Choose(top.ID)}) },
		"by a role aside":    func() error { return assign(domain.AccessChange{Role: domain.Choose(aside.ID)}) },
		"by lifting a role":  func() error { return role(agent, lead.ID, domain.SeesAll) },
		"by lifting oneself": func() error { return role(lead, top.ID, domain.SeesAll) },
		"by moving a role":   func() error { return role(aside, lead.ID, domain.SeesOwn) },
		"by a new role": func() error {
			_, err := ad.CreateRole(s.Context(), who, domain.RoleSpec{Name: "New", Parent: top.ID, Sees: domain.SeesSubtree})
			return err
		},
		"by the heir of a role": func() error { return ad.DeleteRole(s.Context(), who, agent.ID, none, top.ID) },
	} {
		s.escalates(func() error {
			err := escalation()
			require.Error(s, err, name)
			return err
		})
	}
	require.NoError(s, assign(domain.AccessChange{Granted: &one, Profile: domain.Choose(weak.ID), Role: domain.Choose(agent.ID)}))
	require.NoError(s, assign(domain.AccessChange{Role: domain.Choose(lead.ID)}), "the role one has oneself")
	require.NoError(s, role(agent, lead.ID, domain.SeesSubtree), "below one's own")
	require.NoError(s, profile(strong.ID, domain.ProfileSpec{Description: "what is granted already stays", Grants: strong.Grants}))

	// To revoke no longer is to grant.
	s.assign(u.ID, domain.AccessChange{Profile: domain.Choose(strong.ID), Revoked: &more})
	s.escalates(func() error { return assign(domain.AccessChange{Revoked: &nothing}) })
	require.NoError(s, assign(domain.AccessChange{Granted: &nothing}), "taking away needs nothing more")

	// To choose no longer is to give what is there without the choice.
	_, err := ad.SetDefaults(s.Context(), s.boss(), none, top.ID, strong.ID)
	require.NoError(s, err)
	v := s.provision("v@acme.test")
	s.assign(v.ID, domain.AccessChange{Role: domain.Choose(agent.ID), Profile: domain.Choose(weak.ID), Locked: true})
	for _, automatically := range []domain.AccessChange{{Profile: domain.Automatically[domain.Profile]()}, {Role: domain.Automatically[domain.Role]()}} {
		s.escalates(func() error {
			_, err := ad.Assign(s.Context(), who, v.ID, none, automatically)
			return err
		})
	}
	_, err = ad.SetDefaults(s.Context(), s.boss(), none, agent.ID, weak.ID)
	require.NoError(s, err)
	_, err = ad.Assign(s.Context(), who, v.ID, none, domain.AccessChange{Profile: domain.Automatically[domain.Profile](), Role: domain.Automatically[domain.Role]()})
	require.NoError(s, err)

	// An application has no role: it gives roles as far as it may edit them.
	app := domain.Administrator{Organisation: s.org(), Actor: domain.Actor{Kind: "api_key", ID: uuid.New()}, Permissions: permitted("users:edit")}
	s.escalates(func() error {
		_, err := ad.Assign(s.Context(), app, u.ID, none, domain.AccessChange{Role: domain.Choose(top.ID)})
		return err
	})
	app.Permissions = permitted("users:edit", "roles:edit")
	_, err = ad.Assign(s.Context(), app, u.ID, none, domain.AccessChange{Role: domain.Choose(top.ID)})
	require.NoError(s, err)
}

// ownerEscalationLicence: a licence that reaches more modules is given by nobody who does not hold what the person may do there.
func ownerEscalationLicence(s *scene) {
	s.setSeats(domain.SeatPlan{Licence: domain.LicenceSimulator, Unlimited: true})
	_, err := s.admin.SetLicenceModules(s.Context(), s.boss(), domain.LicenceSimulator, domain.IfMatch{}, domain.TheseObjects("teams"))
	require.NoError(s, err)
	strong, weak := s.profile("Strong", permitted("users:delete")), s.profile("Weak", permitted("users:view"))
	ana, ben := s.provision("ana@acme.test"), s.provision("ben@acme.test")
	s.assign(ana.ID, domain.AccessChange{Profile: domain.Choose(strong.ID)})
	s.assign(ben.ID, domain.AccessChange{Profile: domain.Choose(weak.ID)})
	clerk := s.clerk("users:edit", "users:view")
	change := func(u domain.User, licence string) error {
		_, err := s.admin.ChangeLicence(s.Context(), clerk, u.ID, domain.IfMatch{}, licence)
		return err
	}
	require.NoError(s, change(ana, domain.LicenceSimulator), "taking away needs nothing more")
	require.NoError(s, change(ben, domain.LicenceSimulator))
	require.Empty(s, s.effective(ana.ID))
	s.escalates(func() error { return change(ana, domain.LicenceFull) })
	s.escalates(func() error {
		_, err := s.admin.LockLicence(s.Context(), clerk, ana.ID, domain.IfMatch{}, domain.LicenceFull)
		return err
	})
	require.NoError(s, change(ben, domain.LicenceFull))
	clerk = s.clerk("users:edit", "users:delete")
	require.NoError(s, change(ana, domain.LicenceFull))
	require.Equal(s, permitted("users:delete"), s.effective(ana.ID))
}

// fieldAtFault is the field that a refusal names.
func fieldAtFault(t testing.TB, err error) string {
	t.Helper()
	var refusal *domain.Error
	require.ErrorAs(t, err, &refusal)
	return refusal.Field
}

// A hierarchy answers as a walk up from each role does, and always ends, even where the roles stand in a circle.
func TestHierarchyIsItsModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		roles := make([]domain.Role, rapid.IntRange(1, 12).Draw(t, "roles"))
		for i := range roles {
			roles[i].ID = domain.RoleID{UUID: uuid.UUID{15: byte(i + 1)}}
			roles[i].Sees = rapid.SampledFrom([]domain.Sight{domain.SeesOwn, domain.SeesTeam, domain.SeesSubtree, domain.SeesAll}).Draw(t, "sees")
		}
		for i := range roles {
			if parent := rapid.IntRange(-1, len(roles)-1).Draw(t, "parent"); parent >= 0 {
				roles[i].Parent = roles[parent].ID
			}
		}
		h := domain.NewHierarchy(roles)
		below := map[[2]domain.RoleID]bool{}
		for range roles {
			for _, r := range roles {
				if r.Parent.IsZero() {
					continue
				}
				below[[2]domain.RoleID{r.ID, r.Parent}] = true
				for _, above := range roles {
					if below[[2]domain.RoleID{r.Parent, above.ID}] {
						below[[2]domain.RoleID{r.ID, above.ID}] = true
					}
				}
			}
		}
		place := func(label string) domain.Place {
			return domain.Place{
				User: domain.UserID{UUID: uuid.UUID{0: byte(rapid.IntRange(1, 2).Draw(t, label))}}, Owner: rapid.IntRange(0, 5).Draw(t, label+" owner") == 0,
				Role: rapid.SampledFrom(roles).Draw(t, label+" role").ID, Team: domain.TeamID{UUID: uuid.UUID{15: byte(rapid.IntRange(0, 2).Draw(t, label+" team"))}},
			}
		}
		for _, a := range roles {
			for _, b := range roles {
				require.Equal(t, below[[2]domain.RoleID{a.ID, b.ID}], h.Below(a.ID, b.ID))
			}
		}
		a, b := place("viewer"), place("of")
		sees := h[a.Role].Sees
		team := !a.Team.IsZero() && a.Team == b.Team
		want := a.User == b.User || a.Owner || sees == domain.SeesAll || team && (sees == domain.SeesTeam || sees == domain.SeesSubtree) ||
			sees == domain.SeesSubtree && below[[2]domain.RoleID{b.Role, a.Role}]
		require.Equal(t, want, h.Sees(a, b))
	})
}
