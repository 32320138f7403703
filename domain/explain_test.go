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
	require.True(s, s.explain(u.ID).Decision[domain.BySession].Allowed)
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

// explainWhen: since when a default is the default, and when somebody's own grants and revokes were changed last, is told,
// whatever else of them changes.
func explainWhen(s *scene) {
	agent, boss := s.role("Agent", domain.RoleID{}, domain.SeesOwn), s.role("Boss", domain.RoleID{}, domain.SeesAll)
	profile := s.profile("Callers", permitted("users:view"))
	u := s.provision("ana@acme.test")
	later := func() time.Time {
		s.clock.Move(time.Hour)
		return s.clock.Now().UTC().Truncate(time.Millisecond)
	}
	defaults := func(role domain.RoleID, profile domain.ProfileID) {
		s.Helper()
		_, err := s.admin.SetDefaults(s.Context(), s.boss(), domain.IfMatch{}, role, profile)
		require.NoError(s, err)
	}
	since := func(role, profile time.Time) {
		s.Helper()
		e := s.explain(u.ID)
		r, p := ruling(s, e, domain.GivenRole), ruling(s, e, domain.GivenProfile)
		require.Equal(s, []any{domain.SourceDefault, role}, []any{r.Winner.Source, r.Winner.At})
		require.Equal(s, profile, p.Winner.At)
		given := s.access(u.ID)
		require.Equal(s, []time.Time{role, profile}, []time.Time{given.Role.At, given.Profile.At})
	}
	first := later()
	defaults(agent.ID, profile.ID)
	since(first, first)
	second := later()
	defaults(boss.ID, profile.ID)
	since(second, first)
	third := later()
	defaults(boss.ID, s.profile("Others", permitted("users:view")).ID)
	since(second, third)

	rights := func() []time.Time {
		s.Helper()
		e := s.explain(u.ID).Rights
		return []time.Time{e.GrantedAt, e.RevokedAt}
	}
	none := time.Time{}
	require.Equal(s, []time.Time{none, none}, rights())
	grants, revokes := permitted("teams:view"), permitted("users:view")
	granted := later()
	s.assign(u.ID, domain.AccessChange{Granted: &grants})
	require.Equal(s, []time.Time{granted, none}, rights())
	revoked := later()
	s.assign(u.ID, domain.AccessChange{Granted: &grants, Revoked: &revokes})
	require.Equal(s, []time.Time{granted, revoked}, rights(), "what is as it was keeps its time")
	later()
	s.assign(u.ID, domain.AccessChange{Role: domain.Choose(agent.ID)})
	require.Equal(s, []time.Time{granted, revoked}, rights())
	lost := ruling(s, s.explain(u.ID), domain.GivenRole).Losers
	require.Equal(s, []any{domain.SourceDefault, second}, []any{lost[0].Source, lost[0].At}, "of what lost, too")
	taken := later()
	s.assign(u.ID, domain.AccessChange{Revoked: &domain.Permissions{}})
	require.Equal(s, []time.Time{granted, taken}, rights())
}

// accessDecisionHindrances: Explain tells of each way whatever is in it, the deciding one first, with its rule and since when.
func accessDecisionHindrances(s *visit) {
	told := func(id domain.UserID, method domain.AccessMethod) [][]any {
		s.Helper()
		d := s.explain(id).Decision[method]
		if d.Allowed {
			require.Empty(s, d.Also)
			return nil
		}
		var list [][]any
		for _, h := range append([]domain.ExplainedDecision{d}, d.Also...) {
			require.NotEmpty(s, h.Sentence)
			require.NotEmpty(s, h.Remedy)
			list = append(list, []any{h.Reason, h.Rule, h.Since})
		}
		return list
	}
	later := func() time.Time {
		s.clock.Move(time.Hour)
		return s.clock.Now().UTC().Truncate(time.Millisecond)
	}
	never := time.Time{}
	u := s.member("ana@acme.test")
	for _, method := range []domain.AccessMethod{domain.ByPassword, domain.BySession} {
		require.Empty(s, told(u.ID, method))
	}
	noProvider := []any{domain.ReasonNoProvider, "access.decision", never}
	require.Equal(s, [][]any{noProvider}, told(u.ID, domain.BySingleSignOn))

	require.NoError(s, s.until(u, s.clock.Now().UTC().Format(time.DateOnly)))
	over := s.clock.Now().UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
	s.clock.Move(48 * time.Hour)
	window := []any{domain.ReasonNoLongerValid, "access.window", over}
	require.Equal(s, [][]any{window}, told(u.ID, domain.BySession))
	at := later()
	require.NoError(s, s.admin.Block(s.Context(), s.boss(), u.ID, domain.IfMatch{}))
	block := []any{domain.ReasonBlocked, "block.unblock", at}
	require.Equal(s, [][]any{block, window}, told(u.ID, domain.BySession))
	require.Equal(s, [][]any{block, noProvider, window}, told(u.ID, domain.BySingleSignOn))
	s.registered(s.caller.Connection, "https://idp.test")
	s.policy(func(p *domain.Policy) { p.LocalSignIn = domain.LocalSignInOwnersOnly })
	local := []any{domain.ReasonLocalSignInOff, "access.decision", never}
	require.Equal(s, [][]any{block, local, window}, told(u.ID, domain.ByPassword))
	at = later()
	s.deactivate(u.ID)
	off := []any{domain.ReasonInactive, "suspend.sticks", at}
	require.Equal(s, [][]any{off, block, local, window}, told(u.ID, domain.ByPassword))
	at = later()
	_, err := s.installation().SuspendOrganisation(s.Context(), s.tenant.Organisation.Slug)
	require.NoError(s, err)
	suspended := []any{domain.ReasonOrganisationSuspended, "suspend.organisation", at}
	require.Equal(s, [][]any{suspended, off, block, window}, told(u.ID, domain.BySingleSignOn))
	_, err = s.installation().ResumeOrganisation(s.Context(), s.tenant.Organisation.Slug)
	require.NoError(s, err)
	s.policy(func(p *domain.Policy) { p.LocalSignIn = domain.LocalSignInAllowed })

	// A temporary password opens the way to one's own, and no longer than the invitation.
	bo := s.done(s.admin.Add(s.Context(), s.boss(), domain.NewPerson{FullName: "Bo", Email: "bo@acme.test", Role: s.staff(), TemporaryPassword: goodPassword}))
	require.Empty(s, told(bo.ID, domain.ByPassword))
	require.Equal(s, domain.ReasonPending, told(bo.ID, domain.BySession)[0][0])
	ends := s.clock.Now().UTC().Truncate(time.Millisecond).Add(7 * 24 * time.Hour)
	s.clock.Move(7 * 24 * time.Hour)
	require.Equal(s, [][]any{{domain.ReasonTemporaryPasswordExpired, "invite.temporary-password", ends}}, told(bo.ID, domain.ByPassword))
	_, err = s.signIn("bo@acme.test", goodPassword)
	s.refused("access_refused temporary_password_expired", err)
	require.NoError(s, s.admin.Block(s.Context(), s.boss(), bo.ID, domain.IfMatch{}))
	require.Equal(s, []any{domain.ReasonBlocked, domain.ReasonTemporaryPasswordExpired}, []any{told(bo.ID, domain.ByPassword)[0][0], told(bo.ID, domain.ByPassword)[1][0]})
	_, err = s.signIn("bo@acme.test", goodPassword)
	s.refused("access_refused blocked", err)

	// The last owner is slowed by wrong passwords, and the pause is told.
	boss := s.member("boss@acme.test")
	s.done(s.admin.MakeOwner(s.Context(), s.boss(), boss.ID, domain.IfMatch{}))
	for range 6 {
		_, err = s.signIn("boss@acme.test", wrongPassword)
		s.refused("sign_in_refused", err)
	}
	require.Equal(s, [][]any{{domain.ReasonSlowed, "owner.last", never}}, told(boss.ID, domain.ByPassword))
	require.Equal(s, s.clock.Now().UTC().Truncate(time.Millisecond).Add(30*time.Second), s.explain(boss.ID).Decision[domain.ByPassword].NextOpening)
	s.clock.Move(30 * time.Second)
	require.Empty(s, told(boss.ID, domain.ByPassword))
}

// explainOwner: since when somebody is an owner and who made them one is told, until they are one no more, and it is not told of
// who was one before it was noted.
func explainOwner(s *scene) {
	u, before := s.add("ana@acme.test"), s.owner("before@acme.test", true)
	told := func(id domain.UserID) domain.Ownership {
		s.Helper()
		is := s.explain(id).Rights.Ownership
		p, err := s.admin.Person(s.Context(), s.boss(), id)
		require.NoError(s, err)
		require.Equal(s, is, p.Ownership)
		return is
	}
	require.Zero(s, told(u.ID))
	require.Zero(s, told(before.ID))
	for range 2 {
		s.clock.Move(time.Hour)
		at := s.clock.Now().UTC().Truncate(time.Millisecond)
		s.done(s.admin.MakeOwner(s.Context(), s.boss(), u.ID, domain.IfMatch{}))
		s.clock.Move(time.Hour)
		require.Empty(s, s.eventsSince(func() { s.done(s.admin.MakeOwner(s.Context(), s.boss(), u.ID, domain.IfMatch{})) }), "who is one already")
		require.Equal(s, domain.Ownership{Organisation: s.org(), User: u.ID, By: s.boss().Actor, Since: at}, told(u.ID))
		s.done(s.admin.UnmakeOwner(s.Context(), s.boss(), u.ID, domain.IfMatch{}))
		require.Zero(s, told(u.ID))
	}
}
