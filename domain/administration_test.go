package domain_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence/storetest"
)

// profileSummary: per module All, Not allowed, or the number of objects.
func profileSummary(s *scene) {
	s.register("campaigns", "dial")
	p := s.profile("Mixed", permitted("users:view").Union(domain.Permissions{
		mustPermission("users:edit"): domain.TheseObjects("a"), mustPermission("campaigns:view"): domain.TheseObjects("c1", "c2"),
		mustPermission("campaigns:dial"): domain.TheseObjects("c2", "c3"),
	}))
	modules, err := s.administration().Modules(s.Context(), s.boss())
	require.NoError(s, err)
	summary := p.Grants.Summary(modules)
	require.Len(s, summary, 16)
	require.Equal(s, domain.ModuleSummary{Module: "users", All: true}, summary[0])
	require.True(s, summary[0].Allowed())
	require.Equal(s, domain.ModuleSummary{Module: "profiles"}, summary[1])
	require.False(s, summary[1].Allowed())
	require.Equal(s, domain.ModuleSummary{Module: "campaigns", Objects: 3}, summary[15])
	require.True(s, summary[15].Allowed())
}

// profileEdit: the name of a profile is fixed once it is created; everything else can be edited, and what is not said is gone.
func profileEdit(s *scene) {
	ad := s.administration()
	spec := domain.ProfileSpec{Name: "Desk", Description: "At the front", Icon: "desk", Grants: permitted("users:view"), Baseline: true}
	p, err := ad.CreateProfile(s.Context(), s.boss(), spec)
	require.NoError(s, err)
	is := func(want domain.ProfileSpec) {
		s.Helper()
		p, err := ad.Profile(s.Context(), s.boss(), p.ID)
		require.NoError(s, err)
		require.Equal(s, want, domain.ProfileSpec{Name: p.Name.Text, Description: p.Description, Icon: p.Icon, Grants: p.Grants, Baseline: p.Baseline})
	}
	is(spec)
	for _, next := range []domain.ProfileSpec{
		{Name: "Another", Description: "At the back", Icon: "box", Grants: permitted("teams:view", "teams:edit")},
		{Name: "DESK", Grants: domain.Permissions{}},
		{Icon: "star", Baseline: true, Grants: domain.Permissions{mustPermission("users:edit"): domain.TheseObjects("a", "b")}},
	} {
		made := s.eventsSince(func() {
			_, err := ad.EditProfile(s.Context(), s.boss(), p.ID, domain.IfMatch{}, next)
			require.NoError(s, err)
		})
		next.Name = "Desk"
		is(next)
		require.False(s, only(s, made, domain.ProfileUpdated).After.Has("name"))
	}
}

// deletion is what rule profile.delete says of one kind of thing.
type deletion[Noun any] struct {
	a, b   domain.ID[Noun]
	choice func(domain.ID[Noun]) domain.AccessChange
	held   func(domain.UserAccess) []domain.ID[Noun]
	remove func(id, replacement domain.ID[Noun]) error
	event  domain.EventType
}

func one[Noun any](g domain.Given[Noun]) []domain.ID[Noun] { return []domain.ID[Noun]{g.ID} }

func deletes[Noun any](s *scene, d deletion[Noun]) {
	s.Helper()
	u, gone := s.provision(uuid.NewString()), s.provision(uuid.NewString())
	s.assign(u.ID, d.choice(d.a))
	s.assign(gone.ID, d.choice(d.a))
	s.deprovision(gone.ID)
	var none domain.ID[Noun]
	made := s.eventsSince(func() {
		storetest.Refused(s, d.remove(d.a, none), domain.Conflict, domain.CodeInUse)
		storetest.Refused(s, d.remove(d.a, d.a), domain.Invalid, domain.CodeInvalidValue)
		storetest.Refused(s, d.remove(d.a, domain.ID[Noun]{UUID: uuid.New()}), domain.Invalid, domain.CodeInvalidValue)
		storetest.Gone(s, d.remove(domain.ID[Noun]{UUID: uuid.New()}, none))
	})
	require.Empty(s, made)
	made = s.eventsSince(func() { require.NoError(s, d.remove(d.a, d.b)) })
	require.Equal(s, []domain.EventType{domain.UserAccessChanged, d.event}, eventTypes(made))
	require.Equal(s, u.ID.UUID, made[0].Subject)
	access, err := s.administration().UserAccess(s.Context(), s.boss(), u.ID)
	require.NoError(s, err)
	require.Equal(s, []domain.ID[Noun]{d.b}, d.held(access))
	storetest.Gone(s, d.remove(d.a, d.b))
	s.deprovision(u.ID)
	require.NoError(s, d.remove(d.b, none), "who was deleted holds nothing")
}

// profileDelete: refused while held unless a replacement is named, for profiles, roles, teams and queues alike; system
// ones cannot go.
func profileDelete(s *scene) {
	ad, none := s.administration(), domain.IfMatch{}
	deletes(s, deletion[domain.Profile]{
		a: s.profile("a", nil).ID, b: s.profile("b", nil).ID, event: domain.ProfileDeleted,
		choice: func(id domain.ProfileID) domain.AccessChange { return domain.AccessChange{Profile: domain.Choose(id)} },
		held:   func(u domain.UserAccess) []domain.ProfileID { return one(u.Profile) },
		remove: func(id, by domain.ProfileID) error { return ad.DeleteProfile(s.Context(), s.boss(), id, none, by) },
	})
	deletes(s, deletion[domain.Role]{
		a: s.role("a", domain.RoleID{}, domain.SeesOwn).ID, b: s.role("b", domain.RoleID{}, domain.SeesOwn).ID, event: domain.RoleDeleted,
		choice: func(id domain.RoleID) domain.AccessChange { return domain.AccessChange{Role: domain.Choose(id)} },
		held:   func(u domain.UserAccess) []domain.RoleID { return one(u.Role) },
		remove: func(id, by domain.RoleID) error { return ad.DeleteRole(s.Context(), s.boss(), id, none, by) },
	})
	deletes(s, deletion[domain.Team]{
		a: s.team("a").ID, b: s.team("b").ID, event: domain.TeamDeleted,
		choice: func(id domain.TeamID) domain.AccessChange { return domain.AccessChange{Team: domain.Choose(id)} },
		held:   func(u domain.UserAccess) []domain.TeamID { return one(u.Team) },
		remove: func(id, by domain.TeamID) error { return ad.DeleteTeam(s.Context(), s.boss(), id, none, by) },
	})
	deletes(s, deletion[domain.Queue]{
		a: s.queue("a").ID, b: s.queue("b").ID, event: domain.QueueDeleted,
		choice: func(id domain.QueueID) domain.AccessChange {
			return domain.AccessChange{Queues: &[]domain.QueueID{id}}
		},
		held: func(u domain.UserAccess) []domain.QueueID {
			ids := []domain.QueueID{}
			for _, q := range u.Queues {
				ids = append(ids, q.ID)
			}
			return ids
		},
		remove: func(id, by domain.QueueID) error { return ad.DeleteQueue(s.Context(), s.boss(), id, none, by) },
	})
}

// userStarter: a new organisation has the roles Administrator > Manager > Agent and a profile for each, all editable.
func userStarter(s *scene) {
	installation := domain.NewInstallation(s.store, s.clock.Environment(), randomSource())
	made, err := installation.CreateOrganisation(s.Context(), domain.OrganisationSpec{Slug: fmt.Sprintf("%.50s-new", storetest.Slug(s))})
	require.NoError(s, err)
	ad, who := s.administration(), domain.Administrator{Organisation: made.Organisation.ID, Owner: true}
	roles, err := ad.Roles(s.Context(), who)
	require.NoError(s, err)
	h := domain.NewHierarchy(roles)
	byName := map[string]domain.Role{}
	for _, r := range roles {
		byName[r.Name.Text] = r
	}
	require.Len(s, byName, 3)
	require.True(s, byName["Administrator"].Parent.IsZero())
	require.True(s, h.Below(byName["Manager"].ID, byName["Administrator"].ID))
	require.True(s, h.Below(byName["Agent"].ID, byName["Manager"].ID))

	profiles, err := ad.Profiles(s.Context(), who)
	require.NoError(s, err)
	require.Len(s, profiles, 3)
	require.True(s, slices.IsSortedFunc(profiles, func(a, b domain.Profile) int { return strings.Compare(a.Name.Key, b.Name.Key) }))
	for _, p := range profiles {
		edited, err := ad.EditProfile(s.Context(), who, p.ID, domain.IfMatch{}, domain.ProfileSpec{Name: "ignored", Grants: permitted("audit:view")})
		require.NoError(s, err)
		require.Equal(s, p.Name, edited.Name, "the name is fixed")
		require.Equal(s, permitted("audit:view"), edited.Grants)
	}
	for _, r := range roles {
		_, err := ad.EditRole(s.Context(), who, r.ID, domain.IfMatch{}, domain.RoleSpec{Name: "My " + r.Name.Text, Parent: r.Parent, Sees: r.Sees})
		require.NoError(s, err)
	}
	err = ad.DeleteProfile(s.Context(), who, profiles[0].ID, domain.IfMatch{}, profiles[1].ID)
	require.Equal(s, "Administrator", profiles[0].Name.Text)
	storetest.Refused(s, err, domain.Forbidden, domain.CodeSystemKept)
	licences, err := ad.LicenceTypes(s.Context(), who)
	require.NoError(s, err)
	require.True(s, licences[0].Modules.All, "full")
	require.True(s, licences[1].Modules.None(), "simulator")
}

// moduleCatalogue: what the application registers can be permitted; what is mentioned goes only when that is forced.
func moduleCatalogue(s *scene) {
	ad := s.administration()
	register := func(forced bool, id string, actions ...string) (domain.Module, error) {
		return ad.RegisterModule(s.Context(), s.boss(), domain.ModuleSpec{ID: id, Actions: actions, HasObjects: true}, domain.IfMatch{}, forced)
	}
	own := map[string][]string{}
	for _, m := range domain.BuiltInModules() {
		own[m.ID] = m.OwnActions()
		require.Equal(s, []string{"view", "create", "edit", "delete"}, m.Actions[:4], m.ID)
	}
	for module, actions := range map[string][]string{
		"users": {"invite", "activate", "deactivate", "unblock", "import", "export"}, "profiles": {}, "roles": {}, "teams": {}, "queues": {}, "licences": {},
		"directory": {}, "audit": {},
	} {
		require.Equal(s, actions, own[module], module)
	}
	made := s.eventsSince(func() {
		for range 2 {
			m, err := register(false, "campaigns", "dial", "pause", "view", "dial")
			require.NoError(s, err)
			require.Equal(s, []string{"view", "create", "edit", "delete", "dial", "pause"}, m.Actions)
		}
	})
	require.Equal(s, []domain.EventType{domain.ModuleRegistered}, eventTypes(made))
	for _, id := range []string{"users", "Campaigns", "", "a:b"} {
		_, err := register(false, id)
		storetest.Refused(s, err, domain.Invalid, domain.CodeInvalidValue)
	}
	for _, match := range []domain.IfMatch{{Set: true, Any: true}, {Set: true, Versions: []int64{1}}} {
		_, err := ad.RegisterModule(s.Context(), s.boss(), domain.ModuleSpec{ID: "unheard-of"}, match, false)
		storetest.Refused(s, err, domain.Precondition, domain.CodeVersionMismatch)
	}
	_, err := ad.RegisterModule(s.Context(), s.boss(), domain.ModuleSpec{ID: "campaigns"}, domain.IfMatch{}, true)
	storetest.Refused(s, err, domain.Invalid, domain.CodeInvalidValue)

	p := s.profile("Dialler", permitted("users:view", "campaigns:dial", "campaigns:view"))
	u := s.provision("ana@acme.test")
	granted := permitted("campaigns:dial", "campaigns:edit")
	s.assign(u.ID, domain.AccessChange{Profile: domain.Choose(p.ID), Granted: &granted})
	_, err = ad.SetLicenceModules(s.Context(), s.boss(), domain.LicenceFull, domain.IfMatch{}, domain.TheseObjects("users", "campaigns"))
	require.NoError(s, err)

	made = s.eventsSince(func() {
		_, err := register(false, "campaigns", "pause")
		storetest.Refused(s, err, domain.Conflict, domain.CodeInUse)
		storetest.Refused(s, ad.RemoveModule(s.Context(), s.boss(), "campaigns", domain.IfMatch{}, false), domain.Conflict, domain.CodeInUse)
		storetest.Gone(s, ad.RemoveModule(s.Context(), s.boss(), "users", domain.IfMatch{}, true))
		storetest.Refused(s, ad.RemoveModule(s.Context(), s.boss(), "campaigns", domain.IfMatch{Set: true, Versions: []int64{7}}, true), domain.Precondition, domain.CodeVersionMismatch)
	})
	require.Empty(s, made)
	made = s.eventsSince(func() {
		_, err := register(true, "campaigns", "pause")
		require.NoError(s, err)
	})
	require.Equal(s, []domain.EventType{domain.ProfileUpdated, domain.UserAccessChanged, domain.ModuleUpdated}, eventTypes(made))
	require.Equal(s, permitted("users:view", "campaigns:view", "campaigns:edit"), s.effective(u.ID))
	made = s.eventsSince(func() {
		require.NoError(s, ad.RemoveModule(s.Context(), s.boss(), "campaigns", domain.IfMatch{}, true))
	})
	require.Equal(s, []domain.EventType{domain.ProfileUpdated, domain.UserAccessChanged, domain.LicenceUpdated, domain.ModuleRemoved}, eventTypes(made))
	require.Equal(s, permitted("users:view"), s.effective(u.ID))
	modules, err := ad.Modules(s.Context(), s.boss())
	require.NoError(s, err)
	require.Equal(s, domain.BuiltInModules(), modules)

	// Each of them alone is a mention: a profile, what somebody was given, what was taken from somebody, a licence.
	u = s.provision("ben@acme.test")
	none, closing := domain.Permissions{}, permitted("tickets:close")
	reached := func(modules domain.Objects) {
		_, err := ad.SetLicenceModules(s.Context(), s.boss(), domain.LicenceFull, domain.IfMatch{}, modules)
		require.NoError(s, err)
	}
	reached(domain.AllObjects())
	_, err = register(false, "tickets", "close")
	require.NoError(s, err)
	for name, mention := range map[string][2]func(){
		"profile": {func() { p = s.profile("Closer", closing) }, func() {
			require.NoError(s, ad.DeleteProfile(s.Context(), s.boss(), p.ID, domain.IfMatch{}, domain.ProfileID{}))
		}},
		"granted": {func() { s.assign(u.ID, domain.AccessChange{Granted: &closing}) }, func() { s.assign(u.ID, domain.AccessChange{Granted: &none}) }},
		"revoked": {func() { s.assign(u.ID, domain.AccessChange{Revoked: &closing}) }, func() { s.assign(u.ID, domain.AccessChange{Revoked: &none}) }},
		"licence": {func() { reached(domain.TheseObjects("tickets")) }, func() { reached(domain.AllObjects()) }},
	} {
		mention[0]()
		storetest.Refused(s, ad.RemoveModule(s.Context(), s.boss(), "tickets", domain.IfMatch{}, false), domain.Conflict, domain.CodeInUse)
		if _, err := register(false, "tickets"); name == "licence" {
			require.NoError(s, err, "the module stays")
			_, err = register(false, "tickets", "close")
			require.NoError(s, err)
		} else {
			storetest.Refused(s, err, domain.Conflict, domain.CodeInUse)
		}
		mention[1]()
	}
	require.NoError(s, ad.RemoveModule(s.Context(), s.boss(), "tickets", domain.IfMatch{}, false))
}

// accessUnknown: names that mean nothing, and more than the bounds allow, are refused with the field at fault, and
// nothing is done.
func accessUnknown(s *scene) {
	ad := s.administration()
	s.register("campaigns", "dial")
	u := s.provision("ana@acme.test")
	unknown := uuid.New()
	many := func(n int, text string) []string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprint(text, i)
		}
		return list
	}
	assign := func(c domain.AccessChange) error {
		_, err := ad.Assign(s.Context(), s.boss(), u.ID, domain.IfMatch{}, c)
		return err
	}
	profile := func(spec domain.ProfileSpec) error {
		_, err := ad.CreateProfile(s.Context(), s.boss(), spec)
		return err
	}
	grants := func(text string, objects domain.Objects) error {
		return profile(domain.ProfileSpec{Name: "x", Grants: domain.Permissions{mustPermission(text): objects}})
	}
	role := func(spec domain.RoleSpec) error { _, err := ad.CreateRole(s.Context(), s.boss(), spec); return err }
	team := func(spec domain.GroupingSpec) error {
		_, err := ad.CreateTeam(s.Context(), s.boss(), spec)
		return err
	}
	queues := make([]domain.QueueID, 201)
	except := domain.AllObjects().Minus(domain.TheseObjects("a"))
	unheard := permitted("unheard-of:view")
	made := s.eventsSince(func() {
		for name, c := range map[string]struct {
			err         error
			code, field string
		}{
			"role":         {assign(domain.AccessChange{Role: domain.Choose(domain.RoleID{UUID: unknown})}), domain.CodeInvalidValue, "role"},
			"profile":      {assign(domain.AccessChange{Profile: domain.Choose(domain.ProfileID{UUID: unknown})}), domain.CodeInvalidValue, "profile"},
			"team":         {assign(domain.AccessChange{Team: domain.Choose(domain.TeamID{UUID: unknown})}), domain.CodeInvalidValue, "team"},
			"queue":        {assign(domain.AccessChange{Queues: &[]domain.QueueID{{UUID: unknown}}}), domain.CodeInvalidValue, "queues"},
			"queues":       {assign(domain.AccessChange{Queues: &queues}), domain.CodeTooMany, "queues"},
			"granted":      {assign(domain.AccessChange{Granted: &unheard}), domain.CodeInvalidValue, "granted"},
			"revoked":      {assign(domain.AccessChange{Revoked: &unheard}), domain.CodeInvalidValue, "revoked"},
			"module":       {grants("unheard-of:view", domain.AllObjects()), domain.CodeInvalidValue, "grants"},
			"action":       {grants("campaigns:fly", domain.AllObjects()), domain.CodeInvalidValue, "grants"},
			"no objects":   {grants("audit:view", domain.TheseObjects("a")), domain.CodeInvalidValue, "grants"},
			"exceptions":   {grants("campaigns:view", except), domain.CodeInvalidValue, "grants"},
			"blank object": {grants("campaigns:view", domain.TheseObjects(" ")), domain.CodeInvalidValue, "grants"},
			"long object":  {grants("campaigns:view", domain.TheseObjects(strings.Repeat("x", 201))), domain.CodeInvalidValue, "grants"},
			"control":      {grants("campaigns:view", domain.TheseObjects("a\x00")), domain.CodeInvalidValue, "grants"},
			"objects":      {grants("campaigns:view", domain.TheseObjects(many(1001, "o")...)), domain.CodeTooMany, "grants"},
			"all objects":  {profile(domain.ProfileSpec{Name: "x", Grants: crowded(many)}), domain.CodeTooMany, "grants"},
			"profile name": {profile(domain.ProfileSpec{Name: " "}), domain.CodeInvalidValue, "name"},
			"profile icon": {profile(domain.ProfileSpec{Name: "x", Icon: "<script>"}), domain.CodeInvalidValue, "icon"},
			"description":  {team(domain.GroupingSpec{Name: "x", Description: strings.Repeat("x", 1001)}), domain.CodeInvalidValue, "description"},
			"team name":    {team(domain.GroupingSpec{Name: strings.Repeat("x", 101)}), domain.CodeInvalidValue, "name"},
			"role sees":    {role(domain.RoleSpec{Name: "x", Sees: "everything"}), domain.CodeInvalidValue, "sees"},
			"role parent":  {role(domain.RoleSpec{Name: "x", Sees: domain.SeesOwn, Parent: domain.RoleID{UUID: unknown}}), domain.CodeInvalidValue, "parent"},
			"default profile": {func() error {
				_, err := ad.SetDefaults(s.Context(), s.boss(), domain.IfMatch{}, domain.RoleID{}, domain.ProfileID{UUID: unknown})
				return err
			}(), domain.CodeInvalidValue, "profile"},
		} {
			storetest.Refused(s, c.err, domain.Invalid, c.code)
			var refusal *domain.Error
			require.ErrorAs(s, c.err, &refusal)
			require.Equal(s, c.field, refusal.Field, name)
		}
		_, err := ad.RegisterModule(s.Context(), s.boss(), domain.ModuleSpec{ID: "m", Actions: many(51, "a")}, domain.IfMatch{}, false)
		storetest.Refused(s, err, domain.Invalid, domain.CodeTooMany)
		_, err = ad.Assign(s.Context(), s.boss(), domain.UserID{UUID: unknown}, domain.IfMatch{}, domain.AccessChange{})
		storetest.Gone(s, err)
	})
	require.Empty(s, made)
	m := s.register("m", many(50, "a")...)
	require.Equal(s, m, s.register("m", m.Actions...), "the actions that every module has do not count")
	s.team("Blue")
	storetest.Refused(s, team(domain.GroupingSpec{Name: " bLUE"}), domain.Conflict, domain.CodeNameTaken)
}

// crowded is permissions of which none lists too many objects, and all together do.
func crowded(many func(n int, text string) []string) domain.Permissions {
	p := domain.Permissions{}
	for _, module := range []string{"users", "profiles", "roles"} {
		for _, action := range []string{"view", "create", "edit", "delete"} {
			p[domain.Permission{Module: module, Action: action}] = domain.TheseObjects(many(1000, "o")...)
		}
	}
	return p
}

// accessVersion: each of the nouns has a version that grows with every change; a change that names versions is made over
// one of those.
func accessVersion(s *scene) {
	ad := s.administration()
	stale := domain.IfMatch{Set: true, Versions: []int64{7}}
	team, role, profile := s.team("Blue"), s.role("Agent", domain.RoleID{}, domain.SeesOwn), s.profile("Agent", nil)
	u := s.provision("ana@acme.test")
	made := s.eventsSince(func() {
		_, err := ad.EditTeam(s.Context(), s.boss(), team.ID, stale, domain.GroupingSpec{Name: "Red"})
		storetest.Refused(s, err, domain.Precondition, domain.CodeVersionMismatch)
		_, err = ad.EditRole(s.Context(), s.boss(), role.ID, stale, domain.RoleSpec{Name: "x", Sees: domain.SeesOwn})
		storetest.Refused(s, err, domain.Precondition, domain.CodeVersionMismatch)
		_, err = ad.EditProfile(s.Context(), s.boss(), profile.ID, stale, domain.ProfileSpec{})
		storetest.Refused(s, err, domain.Precondition, domain.CodeVersionMismatch)
		storetest.Refused(s, ad.DeleteTeam(s.Context(), s.boss(), team.ID, stale, domain.TeamID{}), domain.Precondition, domain.CodeVersionMismatch)
		_, err = ad.Assign(s.Context(), s.boss(), u.ID, stale, domain.AccessChange{})
		storetest.Refused(s, err, domain.Precondition, domain.CodeVersionMismatch)
		same, err := ad.EditTeam(s.Context(), s.boss(), team.ID, domain.IfMatch{}, domain.GroupingSpec{Name: " Blue "})
		require.NoError(s, err)
		require.Equal(s, team, same, "nothing differs")
	})
	require.Empty(s, made)
	made = s.eventsSince(func() {
		renamed, err := ad.EditTeam(s.Context(), s.boss(), team.ID, domain.IfMatch{Set: true, Versions: []int64{1}}, domain.GroupingSpec{Name: "Red", Description: "Sales"})
		require.NoError(s, err)
		require.EqualValues(s, 2, renamed.Version)
		require.True(s, renamed.ModifiedAt.After(team.ModifiedAt))
		read, err := ad.Team(s.Context(), s.boss(), team.ID)
		require.NoError(s, err)
		require.Equal(s, renamed, read)
	})
	require.Equal(s, []domain.EventType{domain.TeamUpdated}, eventTypes(made))
	require.JSONEq(s, `{"name":"Blue"}`, string(attribute.AppendJSON(nil, made[0].Before)))
	require.JSONEq(s, `{"name":"Red","description":"Sales"}`, string(attribute.AppendJSON(nil, made[0].After)))

	// Who may view one of a list sees that one.
	s.team("Green")
	who := domain.Administrator{Organisation: s.org(), Permissions: domain.Permissions{mustPermission("teams:view"): domain.TheseObjects(team.ID.String())}}
	list, err := ad.Teams(s.Context(), who)
	require.NoError(s, err)
	require.Len(s, list, 1)
	_, err = ad.Queues(s.Context(), who)
	storetest.Refused(s, err, domain.Forbidden, domain.CodePermissionMissing)

	counts := outcomes(s.T, concurrently(8, func(i int) error {
		_, err := ad.Assign(s.Context(), s.boss(), u.ID, domain.IfMatch{Set: true, Versions: []int64{0}}, domain.AccessChange{Team: domain.Choose(team.ID), Locked: i%2 == 0})
		return err
	}))
	require.Equal(s, map[string]int{"": 1, domain.CodeVersionMismatch: 7}, counts)
}

// The catalogue of Usher itself is as it is documented.
func TestBuiltInModules(t *testing.T) {
	t.Parallel()
	var ids []string
	for _, m := range domain.BuiltInModules() {
		ids = append(ids, m.ID)
		require.True(t, m.BuiltIn)
		require.NotEmpty(t, m.Name)
		require.Equal(t, []string{"view", "create", "edit", "delete"}, m.Actions[:4])
	}
	require.Equal(t, []string{"users", "profiles", "roles", "teams", "queues", "licences", "directory", "audit", "policy", "records", "statistics", "onboarding", "reviews", "applications", "appearance"}, ids)
	require.Equal(t, []string{"invite", "activate", "deactivate", "unblock", "import", "export"}, domain.BuiltInModules()[0].OwnActions())
}
