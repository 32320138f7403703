package scim_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
)

// The rules of what the directory gives, as they show at this door.
func TestRulesOfMapping(t *testing.T) {
	t.Parallel()
	tell(t, []story{
		{"provision.defaults", provisionDefaults},
		{"mapping.apply", mappingApply},
		{"mapping.rebind", mappingRebind},
	})
}

// mapped gives what the members of a new group get, and its id.
func (g *given) mapped(name string, grants domain.MappingGrants, members ...string) string {
	g.t.Helper()
	id := g.group(name, members...)
	group, ok := domain.ParseID[domain.Group](id)
	require.True(g.t, ok)
	_, err := g.admin.CreateMapping(context.Background(), g.who, domain.MappingSpec{Group: group, Priority: 10, Grants: grants})
	require.NoError(g.t, err)
	return id
}

// provisionDefaults: who is pushed has the licence full and what the organisation gives by default, until something below
// says otherwise; what the default is then holds at once.
func provisionDefaults(t *testing.T, s *server) {
	g := withGiven(t, s)
	ana := s.user("ana")
	require.Equal(t, domain.LicenceFull, g.access(ana).Licence)
	effective := func(id string) domain.Permissions {
		may, err := g.admin.Effective(t.Context(), g.who, userID(t, id))
		require.NoError(t, err)
		return may
	}
	require.Empty(t, effective(ana), "no default profile, no permissions")
	profile, err := g.admin.CreateProfile(t.Context(), g.who, domain.ProfileSpec{Name: "Readers", Grants: permissions(t, `{"users:view":true}`)})
	require.NoError(t, err)
	_, err = g.admin.SetDefaults(t.Context(), g.who, domain.IfMatch{}, g.roles["Agent"], profile.ID)
	require.NoError(t, err)
	bo := s.user("bo", `"`+usher+`":{"role":"Boss"}`)
	for id, role := range map[string]string{ana: "Agent", bo: "Boss"} {
		require.Equal(t, g.roles[role], g.access(id).Role.ID, role)
		require.Equal(t, profile.ID, g.access(id).Profile.ID)
		require.Len(t, effective(id), 1)
	}
	require.Equal(t, domain.SourceDefault, g.access(ana).Role.Source)
}

func permissions(t testing.TB, text string) domain.Permissions {
	t.Helper()
	sent, err := attribute.Read([]byte(text), attribute.Bounds{})
	require.NoError(t, err)
	read, err := domain.ReadPermissions(sent)
	require.NoError(t, err)
	return read
}

// mappingApply: who is a member has what the mapping gives with the answer of the request that made them one, through
// groups in groups, and no longer with the answer of the one that ended it.
func mappingApply(t *testing.T, s *server) {
	g := withGiven(t, s)
	ana, bo := s.user("ana"), s.user("bo")
	boss := func(id string) bool { return g.access(id).Role.ID == g.roles["Boss"] }
	group := g.mapped("Bosses", domain.MappingGrants{Role: g.roles["Boss"]}, ana)
	require.Equal(t, []bool{true, false}, []bool{boss(ana), boss(bo)})
	s.patch("/Groups/"+group, `{"op":"add","path":"members","value":[{"value":"`+bo+`"}]}`)
	require.Equal(t, []bool{true, true}, []bool{boss(ana), boss(bo)})
	s.patch("/Groups/"+group, `{"op":"remove","path":"members[value eq \"`+ana+`\"]"}`)
	require.Equal(t, []bool{false, true}, []bool{boss(ana), boss(bo)})
	inner := s.group("Inner", ana)
	s.patch("/Groups/"+group, `{"op":"add","path":"members","value":[{"value":"`+inner+`"}]}`)
	s.patch("/Groups/"+inner, `{"op":"add","path":"members","value":[{"value":"`+group+`"}]}`) // a circle is harmless
	require.Equal(t, []bool{true, true}, []bool{boss(ana), boss(bo)})
	s.put("/Groups/"+inner, `{"displayName":"Inner","members":[]}`).is(200)
	require.Equal(t, []bool{false, true}, []bool{boss(ana), boss(bo)})

	s.setSeats(2)
	require.NoError(t, g.admin.SetSeats(t.Context(), g.who, domain.IfMatch{}, domain.SeatPlan{Licence: "simulator", Limit: 1}))
	players := g.mapped("Players", domain.MappingGrants{Licence: "simulator"}, ana)
	s.patch("/Groups/"+players, `{"op":"add","path":"members","value":[{"value":"`+bo+`"}]}`)
	s.get("/Groups/" + players).is(200)
	require.Equal(t, []string{"simulator", "full"}, []string{g.access(ana).Licence, g.access(bo).Licence}, "no seat: the group's push succeeds, the old one is kept")
	wish, err := g.admin.LicenceWish(t.Context(), g.who, userID(t, bo))
	require.NoError(t, err)
	require.Equal(t, "simulator", wish.Licence, "and the person is flagged")
	s.delete("/Groups/" + group).is(204)
	require.False(t, boss(bo))
	s.consistent()
}

// mappingRebind: a group that is deleted and pushed again gives nothing by its name; its mapping is there, and offers the new
// one.
func mappingRebind(t *testing.T, s *server) {
	g := withGiven(t, s)
	ana := s.user("ana")
	old := g.mapped("Bosses", domain.MappingGrants{Role: g.roles["Boss"]}, ana)
	s.delete("/Groups/" + old).is(204)
	require.True(t, g.access(ana).Role.ID.IsZero())
	again := s.group("Bosses", ana)
	require.NotEqual(t, old, again)
	require.True(t, g.access(ana).Role.ID.IsZero(), "bound to the id, never to the name")
	mappings, err := g.admin.Mappings(t.Context(), g.who)
	require.NoError(t, err)
	require.Len(t, mappings, 1)
	require.True(t, mappings[0].Orphan)
	require.Len(t, mappings[0].Candidates, 1)
	require.Equal(t, again, mappings[0].Candidates[0].ID.String())
	_, err = g.admin.RebindMapping(t.Context(), g.who, mappings[0].ID, domain.IfMatch{}, mappings[0].Candidates[0].ID)
	require.NoError(t, err)
	require.Equal(t, g.roles["Boss"], g.access(ana).Role.ID)
}
