package domain_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence"
	"usher/persistence/storetest"
)

// declared is a group of a connection that an administrator declared.
func (s *scene) declared(connection domain.ConnectionID, value, name string) domain.Group {
	s.Helper()
	g, err := s.admin.DeclareGroup(s.Context(), s.boss(), connection, domain.DeclaredGroupSpec{Value: value, Name: name})
	require.NoError(s, err)
	return g
}

func (s *scene) removeDeclared(g domain.Group) {
	s.Helper()
	require.NoError(s, s.admin.RemoveDeclaredGroup(s.Context(), s.boss(), g.Connection, g.ID))
}

// comes is somebody of whom the provider says that they are in some groups; it gives who they are here.
func (s *visit) comes(d doorway, subject string, groups ...string) domain.UserID {
	s.Helper()
	a := d.tells(subject, "user-"+subject, "")
	a.Groups = groups
	in, err := s.arrive(a)
	require.NoError(s, err)
	return in.Session.User
}

// roleBy is the group by which somebody has their role, and whether a claim alone gives it.
func (s *visit) roleBy(user domain.UserID) (group domain.GroupID, claimed bool) {
	s.Helper()
	winner := ruling(s.scene, s.explain(user), domain.GivenRole).Winner
	return winner.Group, winner.Claimed
}

// mappingApplyDeclared: where no directory pushes, people get seat, role and profile by groups that an administrator declared:
// with the sign-in that makes them, and as each later one says.
func mappingApplyDeclared(s *visit) {
	p, other := s.provider("idp"), s.provider("other")
	for _, d := range []doorway{p, other} {
		s.settings(d, func(set *domain.ProviderSettings) { set.JustInTime, set.AppliesGroups = true, true })
	}
	s.setSeats(domain.SeatPlan{Licence: "simulator", Unlimited: true})
	agent := s.role("Agent", domain.RoleID{}, domain.SeesOwn)
	profile := s.profile("Callers", permitted("users:view"))
	made := s.eventsSince(func() { s.declared(p.connection.ID, "5b1f-sales", "Sales") })
	require.Equal(s, []domain.EventType{domain.ClaimedGroupDeclared}, eventTypes(made))
	require.JSONEq(s, `{"connection":"`+p.connection.ID.String()+`","value":"5b1f-sales","name":"Sales"}`, string(attribute.AppendJSON(nil, made[0].After)))
	sales := domain.GroupID{UUID: made[0].Subject}
	m := s.mapped(sales, 10, domain.MappingGrants{Role: agent.ID, Profile: profile.ID, Licence: "simulator"})

	ana := s.comes(p, "ana", "5b1f-sales")
	is := s.access(ana)
	require.Equal(s, []any{agent.ID, profile.ID, "simulator"}, []any{is.Role.ID, is.Profile.ID, is.Licence})
	require.Zero(s, s.held("full"), "their first seat is what the group gives")
	by, claimed := s.roleBy(ana)
	require.Equal(s, []any{sales, true}, []any{by, claimed}, "Explain says that it is by the claim")
	view, err := s.admin.Mapping(s.Context(), s.boss(), m.ID)
	require.NoError(s, err)
	require.Equal(s, []any{"Sales", false}, []any{view.GroupName, view.Orphan})
	try, err := s.admin.MappingDryRun(s.Context(), s.boss(), domain.DryRun{Mapping: m.ID, Limit: 10})
	require.NoError(s, err)
	require.Len(s, try.Items, 1)
	require.Equal(s, ana, try.Items[0].User, "whoever would lose it")

	var ben domain.UserID
	made = s.eventsSince(func() { ben = s.comes(p, "ben", "5B1F-SALES", "Sales") })
	require.True(s, s.access(ben).Role.ID.IsZero(), "a value is exact, and a name is for people")
	at := slices.IndexFunc(made, func(e domain.Event) bool { return e.Type == domain.GroupsClaimed })
	require.Negative(s, at, "nothing is claimed, and nothing was: %v", made)
	require.True(s, s.access(s.comes(other, "cleo", "5b1f-sales")).Role.ID.IsZero(), "it is a group of one connection")

	s.comes(p, "ana")
	require.True(s, s.access(ana).Role.ID.IsZero(), "the next sign-in says otherwise")
	s.comes(p, "ben", "5b1f-sales")
	require.Equal(s, agent.ID, s.access(ben).Role.ID)
	s.settings(p, func(set *domain.ProviderSettings) { set.AppliesGroups = false })
	s.comes(p, "ben", "5b1f-sales")
	require.True(s, s.access(ben).Role.ID.IsZero(), "where the connection does not say so, no claim gives anything")
}

// mappingRebindDeclared: of a declared group and those that a directory pushes under the same name or external id, a claim
// means the declared one; membership counts beside it. Where the declared one goes, the claim means the directory's.
func mappingRebindDeclared(s *visit) {
	p := s.provider("idp")
	s.settings(p, func(set *domain.ProviderSettings) { set.JustInTime, set.AppliesGroups = true, true })
	agent, boss := s.role("Agent", domain.RoleID{}, domain.SeesOwn), s.role("Boss", domain.RoleID{}, domain.SeesAll)
	declared := s.declared(p.connection.ID, "sales", "All of sales")
	push := func(name, externalID string) domain.Group {
		g, err := s.directory.CreateGroup(s.Context(), p.caller, storetest.GroupNamed(name, storetest.Text("externalId", externalID)), nil)
		require.NoError(s, err)
		return g
	}
	pushed := push("Something", "sales")
	push("Sales", "another")
	m := s.mapped(declared.ID, 10, domain.MappingGrants{Role: agent.ID})
	s.mapped(pushed.ID, 20, domain.MappingGrants{Role: boss.ID})
	ana := s.comes(p, "ana", "sales")
	require.Equal(s, agent.ID, s.access(ana).Role.ID)
	require.Empty(s, ruling(s.scene, s.explain(ana), domain.GivenRole).Losers, "one claim means one group")
	_, err := s.directory.ChangeGroup(s.Context(), p.caller, pushed.ID, domain.IfMatch{}, []domain.GroupStep{join(ana.UUID)})
	require.NoError(s, err)
	require.Len(s, ruling(s.scene, s.explain(ana), domain.GivenRole).Losers, 1, "the directory's member has what its group gives, too")

	made := s.eventsSince(func() { s.removeDeclared(declared) })
	require.Equal(s, []domain.EventType{domain.ClaimedGroupRemoved, domain.UserAccessChanged}, eventTypes(made))
	require.Equal(s, boss.ID, s.access(ana).Role.ID)
	view, err := s.admin.Mapping(s.Context(), s.boss(), m.ID)
	require.NoError(s, err)
	require.Equal(s, []any{"All of sales", true}, []any{view.GroupName, view.Orphan})
	require.Len(s, view.Candidates, 1)
	require.Equal(s, pushed.ID, view.Candidates[0].ID, "whose external id is what the claim says")
	again := s.declared(p.connection.ID, "sales", "Others")
	require.NotEqual(s, declared.ID, again.ID)
	s.comes(p, "ana", "sales")
	by, _ := s.roleBy(ana)
	require.Equal(s, pushed.ID, by, "a value binds nothing")
	bound, err := s.admin.RebindMapping(s.Context(), s.boss(), m.ID, domain.IfMatch{}, again.ID)
	require.NoError(s, err)
	require.False(s, bound.Orphan)
	require.Equal(s, agent.ID, s.access(ana).Role.ID, "who signed in with it since has it with the binding")
	s.removeDeclared(again)
	s.comes(p, "ben", "sales")
	require.Equal(s, boss.ID, s.access(s.comes(p, "ben", "sales")).Role.ID, "now the claim means the directory's group")
}

// mappingApplyDeclaredAtOnce: whoever comes at the very moment when the group is removed has nothing by it afterwards.
func mappingApplyDeclaredAtOnce(s *visit) {
	p := s.provider("idp")
	s.settings(p, func(set *domain.ProviderSettings) { set.JustInTime, set.AppliesGroups = true, true })
	agent := s.role("Agent", domain.RoleID{}, domain.SeesOwn)
	for i := range 6 {
		g := s.declared(p.connection.ID, "sales", "Sales")
		s.mapped(g.ID, 10, domain.MappingGrants{Role: agent.ID})
		a := p.tells(fmt.Sprint(i), fmt.Sprintf("user-%d", i), "")
		a.Groups = []string{"sales"}
		var in domain.SignedIn
		errs := concurrently(2, func(which int) (err error) {
			if which == 0 {
				in, err = s.arrive(a)
				return err
			}
			return s.admin.RemoveDeclaredGroup(s.Context(), s.boss(), p.connection.ID, g.ID)
		})
		require.Equal(s, map[string]int{"": 2}, outcomes(s.T, errs))
		require.True(s, s.access(in.Session.User).Role.ID.IsZero())
	}
}

// linkScopeDeclared: a directory neither sees a declared group nor changes it nor puts it into another one, and its
// totals do not count it; administrators see it among the others.
func linkScopeDeclared(s *scene) {
	ana := s.provision("ana@acme.test")
	pushed := s.group("Sales", ana.ID.UUID)
	g := s.declared(s.caller.Connection, "5b1f", "Sales")
	s.declared(s.caller.Connection, "77c0", "Support")
	ctx := s.Context()

	_, unknown := s.directory.Group(ctx, s.caller, domain.GroupID{UUID: ana.ID.UUID})
	_, err := s.directory.Group(ctx, s.caller, g.ID)
	require.Equal(s, unknown, err, "as one that never was")
	storetest.Gone(s, err)
	_, err = s.directory.ChangeGroup(ctx, s.caller, g.ID, domain.IfMatch{}, []domain.GroupStep{join(ana.ID.UUID)})
	storetest.Gone(s, err)
	storetest.Gone(s, s.directory.DeleteGroup(ctx, s.caller, g.ID, domain.IfMatch{}))
	_, err = s.directory.ChangeGroup(ctx, s.caller, pushed.ID, domain.IfMatch{}, []domain.GroupStep{join(g.ID.UUID)})
	storetest.Refused(s, err, domain.Invalid, domain.CodeInvalidValue)
	_, err = s.directory.CreateGroup(ctx, s.caller, storetest.GroupNamed("Above"), []uuid.UUID{g.ID.UUID})
	storetest.Refused(s, err, domain.Invalid, domain.CodeInvalidValue)
	require.Len(s, s.user(ana.ID).Groups, 1)
	named := domain.Compare{
		Attribute: domain.Attribute{Path: domain.Path{Name: "displayName"}}, Operator: domain.Equal, Operand: domain.Operand{Value: attribute.NewString("sales")},
	}
	for name, q := range map[string]domain.Query{
		"all": {Limit: 10, Total: true}, "a page": {Limit: 1, Total: true}, "a count": {Limit: 0, Total: true},
		"a search": {Limit: 10, Total: true, Where: named}, "what is not": {Limit: 10, Total: true, Where: domain.Not{Term: named}},
		"by id": {Limit: 10, Total: true, Where: domain.Compare{
			Attribute: domain.Attribute{Path: domain.Path{Name: "id"}}, Operator: domain.Equal, Operand: domain.Operand{Value: attribute.NewString(g.ID.String())},
		}},
	} {
		page, err := s.directory.Groups(ctx, s.caller, q)
		require.NoError(s, err, name)
		want := 1
		if name == "what is not" || name == "by id" {
			want = 0
		}
		require.Equal(s, want, page.Total, name)
		require.Len(s, page.Items, min(want, q.Limit), name)
	}

	for _, connection := range []domain.ConnectionID{{}, s.caller.Connection} {
		page, err := s.admin.Groups(ctx, s.boss(), domain.GroupQuery{Connection: connection, Limit: 10})
		require.NoError(s, err)
		values := []string{}
		for _, found := range page.Items {
			values = append(values, found.ClaimValue)
		}
		require.ElementsMatch(s, []string{"", "5b1f", "77c0"}, values)
	}
	read, err := s.admin.Group(ctx, s.boss(), g.ID)
	require.NoError(s, err)
	require.Equal(s, g, read)
	members, err := s.admin.GroupMembers(ctx, s.boss(), g.ID, uuid.Nil, 10)
	require.NoError(s, err)
	require.Empty(s, members)

	// With the connection it goes, as the others do.
	list, err := s.admin.DeclaredGroups(ctx, s.boss(), s.caller.Connection)
	require.NoError(s, err)
	require.Equal(s, []string{"5b1f", "77c0"}, []string{list[0].ClaimValue, list[1].ClaimValue})
	m := s.mapping(g, domain.MappingGrants{Team: s.team("Blue").ID})
	require.NoError(s, s.admin.DeleteConnection(ctx, s.boss(), s.caller.Connection, domain.IfMatch{}))
	view, err := s.admin.Mapping(ctx, s.boss(), m.ID)
	require.NoError(s, err)
	require.True(s, view.Orphan)
	_, err = s.admin.DeclaredGroups(ctx, s.boss(), s.caller.Connection)
	storetest.Gone(s, err)
}

// mappingDeclaredChecked: what is no declaration is refused, with the field at fault, and writes nothing; one value is one
// group of a connection.
func mappingDeclaredChecked(s *scene) {
	connection, pushed := s.caller.Connection, s.group("Pushed")
	g := s.declared(connection, " 5b1f ", " Sales ")
	require.Equal(s, []string{"5b1f", "Sales"}, []string{g.ClaimValue, g.DisplayName.Text}, "blanks around it are nobody's wish")
	require.NotEqual(s, g.ID, s.declared(s.another("second").Connection, "5b1f", "Sales").ID, "a connection has its own")
	s.declared(connection, "5B1F", "Sales")
	declare := func(who domain.Administrator, connection domain.ConnectionID, value, name string) error {
		_, err := s.admin.DeclareGroup(s.Context(), who, connection, domain.DeclaredGroupSpec{Value: value, Name: name})
		return err
	}
	made := s.eventsSince(func() {
		for _, c := range []struct{ value, name, field string }{
			{"", "Sales", "value"}, {"  ", "Sales", "value"}, {"a\nb", "Sales", "value"}, {strings.Repeat("x", 1001), "Sales", "value"}, {"\xff", "Sales", "value"},
			{"x", " ", "name"}, {"x", strings.Repeat("x", 101), "name"},
		} {
			err := declare(s.boss(), connection, c.value, c.name)
			storetest.Refused(s, err, domain.Invalid, domain.CodeInvalidValue)
			var refusal *domain.Error
			require.ErrorAs(s, err, &refusal)
			require.Equal(s, c.field, refusal.Field)
		}
		storetest.Refused(s, declare(s.boss(), connection, "5b1f", "Another"), domain.Conflict, domain.CodeNameTaken)
		storetest.Gone(s, declare(s.boss(), domain.ConnectionID{UUID: g.ID.UUID}, "x", "Sales"))
		storetest.Refused(s, declare(s.clerk("directory:view"), connection, "x", "Sales"), domain.Forbidden, domain.CodePermissionMissing)
		clerk := s.clerk("directory:view")
		storetest.Refused(s, s.admin.RemoveDeclaredGroup(s.Context(), clerk, connection, g.ID), domain.Forbidden, domain.CodePermissionMissing)
		storetest.Gone(s, s.admin.RemoveDeclaredGroup(s.Context(), s.boss(), connection, pushed.ID))
		storetest.Gone(s, s.admin.RemoveDeclaredGroup(s.Context(), s.boss(), domain.ConnectionID{UUID: g.ID.UUID}, g.ID))
	})
	require.Empty(s, made)
	s.removeDeclared(g)
	storetest.Gone(s, s.admin.RemoveDeclaredGroup(s.Context(), s.boss(), connection, g.ID))
	require.NoError(s, declare(s.boss(), connection, "5b1f", "Sales"), "the value is free again")
}

// A connection has no more declared groups than it may.
func TestDeclaredGroupsAreBounded(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		s := newScene(t, store, -1)
		g := s.declared(s.caller.Connection, "0", "Sales")
		require.NoError(t, store.Write(context.Background(), func(tx domain.Tx) error {
			for i := 1; i < domain.MaxDeclaredGroups; i++ {
				more := g
				more.ClaimValue = fmt.Sprint(i)
				more.ID.UUID = uuid.NewSHA1(g.ID.UUID, []byte(more.ClaimValue))
				if err := tx.Groups().Insert(more); err != nil {
					return err
				}
			}
			return nil
		}))
		_, err := s.admin.DeclareGroup(t.Context(), s.boss(), s.caller.Connection, domain.DeclaredGroupSpec{Value: "x", Name: "Sales"})
		storetest.Refused(t, err, domain.Invalid, domain.CodeTooMany)
		s.removeDeclared(g)
		s.declared(s.caller.Connection, "x", "Sales")
	})
}
