package domain_test

import (
	"crypto/rand"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence/storetest"
)

func (s *scene) explain(id domain.UserID) domain.Explanation {
	s.Helper()
	e, err := s.admin.Explain(s.Context(), s.boss(), id)
	require.NoError(s, err)
	return e
}

// ruling of a kind; of queues the only one.
func ruling(s *scene, e domain.Explanation, kind domain.GivenKind) domain.ExplainedRuling {
	s.Helper()
	for _, r := range e.Rulings {
		if r.Kind == kind {
			return r
		}
	}
	s.Fatalf("no ruling about the %s", kind)
	return domain.ExplainedRuling{}
}

// values is a list of roles or entitlements as a directory sends it; the first is not the primary one unless it is alone.
func values(name string, texts ...string) attribute.Member {
	items := make([]attribute.Value, len(texts))
	for i, text := range texts {
		items[i] = attribute.NewComplex(storetest.Text("value", text))
	}
	items[len(items)-1].Set("primary", attribute.NewBool(true))
	return attribute.Member{Name: name, Value: attribute.NewList(items...)}
}

// mapped makes what members of a group get.
func (s *scene) mapped(group domain.GroupID, priority int, grants domain.MappingGrants) domain.Mapping {
	s.Helper()
	id, err := uuid.NewV7()
	require.NoError(s, err)
	now := s.clock.Now().UTC().Truncate(time.Millisecond)
	m := domain.Mapping{
		ID: domain.MappingID{UUID: id}, Organisation: s.org(), Group: group, Priority: priority, Grants: grants, SavedBy: s.boss().Actor,
		Version: 1, CreatedAt: now, ModifiedAt: now,
	}
	require.NoError(s, s.store.Write(s.Context(), func(tx domain.Tx) error { return tx.Mappings().Insert(m) }))
	return m
}

// explainPrecedence: who won, who lost and why, in the order of rule mapping.precedence; what the directory says and
// nothing here is called; others with the same e-mail.
func explainPrecedence(s *scene) {
	agent, manager, boss := s.role("Agent", domain.RoleID{}, domain.SeesOwn), s.role("Manager", domain.RoleID{}, domain.SeesTeam), s.role("Boss", domain.RoleID{}, domain.SeesAll)
	sales := s.queue("Sales")
	profile := s.profile("Callers", domain.Permissions{{Module: "users", Action: "view"}: domain.AllObjects()})
	u := s.provision("ana@acme.test", storetest.Emails("ana@mail.test"), values("roles", "Clown", "agent"))
	twin := s.provision("twin@acme.test", storetest.Emails("ANA@mail.test"))
	strong, weak := s.group("Strong", u.ID.UUID), s.group("Weak", u.ID.UUID)
	s.mapped(weak.ID, 20, domain.MappingGrants{Role: agent.ID})
	first := s.mapped(strong.ID, 10, domain.MappingGrants{Role: manager.ID, Queues: []domain.QueueID{sales.ID}})
	_, err := s.admin.Assign(s.Context(), s.boss(), u.ID, domain.IfMatch{}, domain.AccessChange{Role: domain.Choose(boss.ID), Profile: domain.Choose(profile.ID), Locked: true})
	require.NoError(s, err)
	_, err = s.admin.SetDefaults(s.Context(), s.boss(), domain.IfMatch{}, agent.ID, domain.ProfileID{})
	require.NoError(s, err)

	e := s.explain(u.ID)
	role := ruling(s, e, domain.GivenRole)
	require.Equal(s, domain.RulePrecedence, role.Rule)
	require.Equal(s, "Boss", role.Object.Name)
	require.Equal(s, []any{domain.SourceAdministrator, true, boss.ID.UUID}, []any{role.Winner.Source, role.Winner.Locked, role.Winner.Object})
	require.Len(s, role.Losers, 3)
	require.Equal(s, []any{domain.SourceMapping, first.ID, strong.ID, 10, domain.LostOutranked},
		[]any{role.Losers[0].Source, role.Losers[0].Mapping, role.Losers[0].Group, role.Losers[0].Priority, role.Losers[0].Lost})
	require.Equal(s, "Strong", role.Names[strong.ID.UUID])
	require.Equal(s, []domain.Source{domain.SourceMapping, domain.SourceDefault}, []domain.Source{role.Losers[1].Source, role.Losers[2].Source})
	require.NotEmpty(s, role.Labels[role.Losers[0].Lost])
	require.Equal(s, "Sales", ruling(s, e, domain.GivenQueue).Object.Name)
	team := ruling(s, e, domain.GivenTeam)
	require.Equal(s, []any{domain.RuleNobody, false}, []any{team.Rule, team.Won})
	require.Equal(s, domain.LicenceFull, ruling(s, e, domain.GivenSeat).Object.Name)
	require.True(s, e.Rights.Profile.Allows(domain.Permission{Module: "users", Action: "view"}, ""))
	require.True(s, e.Rights.Effective.Allows(domain.Permission{Module: "users", Action: "view"}, ""))
	require.Len(s, e.Unmatched, 2, "roles are matched exactly: %v", e.Unmatched)
	require.Equal(s, []string{"agent", "Clown"}, []string{e.Unmatched[0].Value, e.Unmatched[1].Value}, "the primary one first")
	require.Equal(s, []domain.PersonRef{{ID: twin.ID, Display: "twin@acme.test"}}, e.Lookalikes)

	small := s.clerk("users:view")
	small.Permissions[domain.Permission{Module: "users", Action: "view"}] = domain.Objects{IDs: []string{u.ID.String()}}
	seen, err := s.admin.Explain(s.Context(), small, u.ID)
	require.NoError(s, err)
	require.Empty(s, seen.Lookalikes, "nobody learns of people they may not see")
	_, err = s.admin.Explain(s.Context(), small, twin.ID)
	storetest.Refused(s, err, domain.Forbidden, domain.CodePermissionMissing)
	elsewhere := storetest.NewTenant(s, s.store, storetest.Slug(s)+"-2", -1)
	foreign := s.boss()
	foreign.Organisation = elsewhere.Organisation.ID
	_, err = s.admin.Explain(s.Context(), foreign, u.ID)
	storetest.Gone(s, err)

	operator := domain.NewInstallation(s.store, s.clock.Environment(), rand.Reader)
	byName, err := operator.Explain(s.Context(), s.tenant.Organisation.Slug, "ANA@acme.test")
	require.NoError(s, err)
	require.Equal(s, e.Rulings, byName.Rulings)
	_, err = operator.Explain(s.Context(), s.tenant.Organisation.Slug, "nobody")
	storetest.Gone(s, err)
}

// explainStatus: why somebody is active, inactive or pending, whether they could come in, and where they are in the line.
func explainStatus(s *scene) {
	s.withSeats(1)
	s.policy(func(p *domain.Policy) { p.SeatOverflow = domain.SeatOverflowWait })
	u := s.provision("ana@acme.test")
	status := func(id domain.UserID) domain.StatusReason {
		s.Helper()
		r := s.explain(id).Status
		require.NotEmpty(s, r.Reason)
		return r
	}
	is := status(u.ID)
	require.Equal(s, []any{domain.Active, "provision.activation", domain.SourceDirectory, u.CreatedAt}, []any{is.Status, is.Rule, is.Source, is.Since})
	for _, d := range s.explain(u.ID).Decision {
		require.True(s, d.Allowed)
	}
	first, second := s.provision("first@acme.test"), s.provision("second@acme.test")
	e := s.explain(second.ID)
	require.Equal(s, []any{"seat.wait", 2}, []any{e.Status.Rule, e.Line})
	require.Equal(s, 1, s.explain(first.ID).Line)
	require.Equal(s, domain.ReasonWaiting, e.Decision[domain.BySingleSignOn].Reason)

	connection := domain.Actor{Kind: "connection", ID: s.caller.Connection.UUID}
	s.clock.Move(time.Hour)
	left := s.clock.Now().UTC().Truncate(time.Millisecond)
	s.setActive(u.ID, false)
	is = status(u.ID)
	require.Equal(s, []any{"scim.active", domain.SourceDirectory, connection, left}, []any{is.Rule, is.Source, is.By, is.Since})
	is = status(first.ID)
	require.Equal(s, []any{domain.Active, "seat.wait", connection, left}, []any{is.Status, is.Rule, is.By, is.Since}, "who waited got the seat, since the other went")
	_, err := s.admin.Deactivate(s.Context(), s.boss(), first.ID, domain.IfMatch{})
	require.NoError(s, err)
	held := status(first.ID)
	require.Equal(s, []any{"suspend.sticks", domain.SourceAdministrator, s.boss().Actor}, []any{held.Rule, held.Source, held.By})
	require.NoError(s, s.admin.Block(s.Context(), s.boss(), second.ID, domain.IfMatch{}))
	e = s.explain(second.ID)
	require.Equal(s, domain.BlockedByAdministrator, e.Block.Reason)
	refused := e.Decision[domain.ByPassword]
	require.Equal(s, []any{domain.ReasonBlocked, "block.unblock", s.boss().Actor, e.Block.Since}, []any{refused.Reason, refused.Rule, refused.By, refused.Since})
}

// explainSteps: whoever made the latest step of somebody's life is named, with the rule by which they could and when it was.
func explainSteps(s *scene) {
	boss := s.boss().Actor
	var at time.Time
	step := func(fn func() error) {
		s.Helper()
		s.clock.Move(time.Minute)
		at = s.clock.Now().UTC().Truncate(time.Millisecond)
		require.NoError(s, fn())
	}
	says := func(id domain.UserID, status domain.Status, rule string, source domain.Source, by domain.Actor) {
		s.Helper()
		is := s.explain(id).Status
		require.NotEmpty(s, is.Reason)
		require.Equal(s, []any{status, rule, source, by, at}, []any{is.Status, is.Rule, is.Source, is.By, is.Since})
	}
	var ana domain.User
	step(func() error {
		ana = s.add("ana@acme.test")
		return nil
	})
	says(ana.ID, domain.Pending, "invite.mail", domain.SourceAdministrator, boss)
	pending := s.explain(ana.ID).Decision[domain.ByPassword]
	require.Equal(s, []any{domain.ReasonPending, "invite.mail", boss, at}, []any{pending.Reason, pending.Rule, pending.By, pending.Since})
	step(func() error {
		_, err := s.admin.Confirm(s.Context(), s.boss(), ana.ID, domain.IfMatch{})
		return err
	})
	says(ana.ID, domain.Active, "invite.confirm", domain.SourceAdministrator, boss)
	require.Equal(s, "access.decision", s.explain(ana.ID).Decision[domain.ByPassword].Rule)
	step(func() error {
		_, err := s.admin.Deactivate(s.Context(), s.boss(), ana.ID, domain.IfMatch{})
		return err
	})
	says(ana.ID, domain.Inactive, "suspend.sticks", domain.SourceAdministrator, boss)
	step(func() error {
		_, err := s.admin.Activate(s.Context(), s.boss(), ana.ID, domain.IfMatch{})
		return err
	})
	says(ana.ID, domain.Active, "activate.seat", domain.SourceAdministrator, boss)

	connection := domain.Actor{Kind: "connection", ID: s.caller.Connection.UUID}
	var ben domain.User
	step(func() error {
		ben = s.provision("ben@acme.test")
		return nil
	})
	says(ben.ID, domain.Active, "provision.activation", domain.SourceDirectory, connection)
	step(func() error {
		s.setActive(ben.ID, false)
		return nil
	})
	says(ben.ID, domain.Inactive, "scim.active", domain.SourceDirectory, connection)
	step(func() error {
		s.setActive(ben.ID, true)
		return nil
	})
	says(ben.ID, domain.Active, "scim.active", domain.SourceDirectory, connection)
}
