package domain_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence/storetest"
)

// firstAccess: the whole order, each way before the next, and each found once for ever.
func firstAccess(s *visit) {
	p, email := s.provider("idp"), "@"+s.ownDomain()
	s.proved(s.ownDomain(), p)
	s.settings(p, func(set *domain.ProviderSettings) { set.JustInTime, set.LinksExternalID = true, true })
	linked, byExternalID := s.pushedBy(p, "linked", "e0", "linked"+email), s.pushedBy(p, "external", "e1", "external"+email)
	invited, byEmail := s.add("invited"+email), s.pushedBy(p, "email", "e3", "email"+email)
	s.linked(p, "known", linked.ID)
	coming := func(subject string, ways ...string) domain.Arriving {
		a := p.tells(subject, "new-"+subject, "")
		for _, way := range ways {
			switch way {
			case "external_id":
				a.ExternalID = "e1"
			case "invitation":
				a.Invitation = s.invitation(invited)
			case "email":
				a.Email, a.EmailVerified = "EMAIL"+email, true
			}
		}
		return a
	}
	for _, step := range []struct {
		by   domain.LinkedBy
		a    domain.Arriving
		want domain.UserID
	}{
		{"", coming("known", "external_id", "invitation", "email"), linked.ID},
		{domain.LinkedByExternalID, coming("1", "external_id", "invitation", "email"), byExternalID.ID},
		{domain.LinkedByInvitation, coming("2", "invitation", "email"), invited.ID},
		{domain.LinkedByEmail, coming("3", "email"), byEmail.ID},
		{domain.LinkedJustInTime, coming("4"), domain.UserID{}},
	} {
		var in domain.SignedIn
		made := s.eventsSince(func() {
			var err error
			in, err = s.arrive(step.a)
			require.NoError(s, err, step.by)
		})
		user := in.Session.User
		if !step.want.IsZero() {
			require.Equal(s, step.want, user, step.by)
		}
		require.Empty(s, s.verdict(in))
		require.Equal(s, domain.Active, s.found(user).Status)
		require.Equal(s, []any{p.connection.ID, "https://idp.test"}, []any{in.Session.Connection, in.Session.Issuer})
		if step.by != "" {
			linkedBy := made[slices.IndexFunc(made, func(e domain.Event) bool { return e.Type == domain.IdentityLinked })]
			require.Equal(s, []string{string(step.by), step.a.Identity.Subject}, []string{linkedBy.After.Get("by").Text(), linkedBy.After.Get("subject").Text()})
			require.Equal(s, step.by, s.explain(user).SignIns[0].By, "Explain tells it")
			require.Equal(s, "idp", s.explain(user).SignIns[0].Connection)
			rule := "provision.activation"
			if step.by == domain.LinkedByInvitation {
				rule = "invite.accept"
			}
			is := s.explain(user).Status
			require.Equal(s, []any{rule, domain.SourcePerson, domain.Actor{Kind: "user", ID: user.UUID}, s.clock.Now()},
				[]any{is.Rule, is.Source, is.By, is.Since}, step.by)
		}
		require.Contains(s, eventTypes(made), domain.SignedInEvent)
		before := len(s.events())
		again, err := s.arrive(p.says(step.a.Identity.Subject))
		require.NoError(s, err, "by the identity alone")
		require.Equal(s, user, again.Session.User)
		require.Len(s, s.events(), before+1, "that they came, and nothing else")
	}
}

// firstAccessByEmail: every near miss of an address is refused, with one sentence, and leaves nothing.
func firstAccessByEmail(s *visit) {
	p, other := s.provider("idp"), s.provider("other")
	email := "@" + s.ownDomain()
	s.proved(s.ownDomain(), p)
	s.proved("unproved-"+s.ownDomain(), p)
	foreign := s.pushedBy(other, "foreign", "f", "foreign"+email)
	s.pushedBy(p, "one", "o1", "shared"+email)
	s.pushedBy(p, "two", "o2", "shared"+email)
	owner, linkedTo, inactive, plain := s.member("owner"+email), s.member("linked"+email), s.member("inactive"+email), s.member("plain"+email)
	s.done(s.admin.MakeOwner(s.Context(), s.boss(), owner.ID, domain.IfMatch{}))
	s.linked(other, "somebody", linkedTo.ID)
	s.deactivate(inactive.ID)
	unverified := p.tells("9", "", "plain"+email)
	unverified.EmailVerified = false
	for i, miss := range []struct {
		name, refusal string
		a             domain.Arriving
	}{
		{"not verified by the provider", "no_account unknown", unverified},
		{"a connection that is not trusted", "no_account unknown", other.tells("9", "", "plain"+email)},
		{"a domain that nobody proved", "no_account unknown", p.tells("9", "", "plain@nobodys-"+s.ownDomain())},
		{"a domain above", "no_account unknown", p.tells("9", "", "plain@sub."+s.ownDomain())},
		{"an address that nobody has", "no_account unknown", p.tells("9", "", "nobody"+email)},
		{"what is no address", "no_account unknown", p.tells("9", "", "plain")},
		{"two domains", "no_account unknown", p.tells("9", "", "plain"+email+"@evil.test")},
		{"several have it", "no_account several", p.tells("9", "", "shared"+email)},
		{"an owner's", "no_account owner", p.tells("9", "", "owner"+email)},
		{"another sign-in has the account", "no_account linked", p.tells("9", "", "linked"+email)},
		{"another connection has the account", "no_account foreign", p.tells("9", "", "foreign"+email)},
		{"a deactivated account", "access_refused inactive", p.tells("9", "", "inactive"+email)},
	} {
		miss.a.Identity.Subject = fmt.Sprint("stranger ", i) // each of whom is told once an hour
		made := s.eventsSince(func() {
			_, err := s.arrive(miss.a)
			s.refused(miss.refusal, err)
			if domain.IsCode(err, domain.CodeNoAccount) {
				require.Contains(s, err.Error(), "ask an administrator of "+s.tenant.Organisation.Name, miss.name)
				require.NotContains(s, err.Error(), email, miss.name)
			}
		})
		if strings.HasPrefix(miss.refusal, "no_account") {
			require.Equal(s, []domain.EventType{domain.FirstAccessRefused}, eventTypes(made), miss.name)
			require.Equal(s, strings.TrimPrefix(miss.refusal, "no_account "), made[0].After.Get("reason").Text(), miss.name)
			continue
		}
		require.Empty(s, made, miss.name)
	}
	for _, u := range []domain.User{owner, inactive, plain, foreign} {
		require.Empty(s, s.identities(u.ID))
	}
	in, err := s.arrive(p.tells("9", "", "plain"+email))
	require.NoError(s, err)
	require.Equal(s, plain.ID, in.Session.User)
	_, err = s.arrive(p.tells("10", "", "plain"+email))
	s.refused("no_account linked", err)
	require.True(s, plain.Connection.IsZero() && s.found(plain.ID).Connection.IsZero(), "the account stays the organisation's own")
}

// firstAccessByExternalID: only of this connection, only where the connection says so, exactly, and once.
func firstAccessByExternalID(s *visit) {
	p, other := s.provider("idp"), s.provider("other")
	u := s.pushedBy(p, "ada", "E1")
	s.pushedBy(other, "bo", "E2")
	says := func(subject, externalID string) domain.Arriving {
		a := p.says(subject)
		a.ExternalID = externalID
		return a
	}
	_, err := s.arrive(says("1", "E1"))
	s.refused("no_account unknown", err)
	s.settings(p, func(set *domain.ProviderSettings) { set.LinksExternalID = true })
	for _, miss := range []string{"", "e1", "E1 ", "E2", u.ID.String(), strings.Repeat("E", 5000)} {
		_, err = s.arrive(says("1", miss))
		s.refused("no_account unknown", err)
	}
	in, err := s.arrive(says("1", "E1"))
	require.NoError(s, err)
	require.Equal(s, u.ID, in.Session.User)
	_, err = s.arrive(says("2", "E1"))
	s.refused("no_account linked", err)
}

// firstAccessJustInTime: an account of the connection, with a seat, the defaults, what the provider told, and no more rights
// than the connection's limits.
func firstAccessJustInTime(s *visit) {
	s.withSeats(3)
	p, email := s.provider("idp"), "@"+s.ownDomain()
	s.proved(s.ownDomain(), p)
	_, err := s.arrive(p.tells("1", "ada", "ada"+email))
	s.refused("no_account unknown", err)
	role := s.role("Agent", domain.RoleID{}, domain.SeesOwn)
	_, err = s.admin.SetDefaults(s.Context(), s.boss(), domain.IfMatch{}, role.ID, domain.ProfileID{})
	require.NoError(s, err)
	s.settings(p, func(set *domain.ProviderSettings) { set.JustInTime = true })
	var in domain.SignedIn
	made := s.eventsSince(func() {
		in, err = s.arrive(p.tells("1", "ada", "ada"+email))
		require.NoError(s, err)
	})
	require.Equal(s, []domain.EventType{domain.UserCreated, domain.IdentityLinked, domain.FirstAccess, domain.SignedInEvent}, eventTypes(made))
	require.Equal(s, domain.Actor{Kind: "connection", ID: p.connection.ID.UUID}, made[0].Actor)
	u := s.found(in.Session.User)
	require.Equal(s, []any{p.connection.ID, domain.Active, domain.LicenceFull, false}, []any{u.Connection, u.Status, u.Licence, u.Owner})
	require.Equal(s, []string{"ada", "Ada Lovelace", "Ada", "Lovelace", "en-GB"}, s.names(u.ID))
	require.Equal(s, "ada"+email, s.address(u.ID))
	require.Equal(s, "Agent", ruling(s.scene, s.explain(u.ID), domain.GivenRole).Object.Name)
	require.Equal(s, "single_sign_on", string(in.Session.Method))
	require.Equal(s, 1, s.held("full"))

	// What the provider does not vouch for is no address of theirs.
	claims := p.tells("2", "eve", "victim"+email)
	claims.EmailVerified = false
	in, err = s.arrive(claims)
	require.NoError(s, err)
	require.Empty(s, s.address(in.Session.User))
}

// firstAccessNames: a name that somebody has is never adopted, an address of a proved domain needs trust, and who has no name
// is not made.
func firstAccessNames(s *visit) {
	p, other, email := s.provider("idp"), s.provider("other"), "@"+s.ownDomain()
	s.proved(s.ownDomain(), p)
	for _, d := range []doorway{p, other} {
		s.settings(d, func(set *domain.ProviderSettings) { set.JustInTime = true })
	}
	local := s.member("local" + email)
	pushed := s.pushedBy(p, "Pushed", "e1", "pushed"+email)
	for i, miss := range []struct {
		refusal string
		a       domain.Arriving
	}{
		{"no_account name_taken", p.tells("1", "LOCAL"+email, "")},
		{"no_account name_taken", p.tells("1", "pushed", "")},
		{"no_account name_taken", other.tells("1", "pushed", "")},
		{"no_account name_taken", p.tells("1", "pushed"+email, "")}, // somebody's sign-in address
		{"no_account name_untrusted", other.tells("1", "chief"+email, "")},
		{"no_account name_missing", p.tells("1", "", "")},
		{"no_account name_missing", other.tells("1", "", "chief"+email)},
	} {
		miss.a.Identity.Subject = fmt.Sprint("stranger ", i)
		made := s.eventsSince(func() {
			_, err := s.arrive(miss.a)
			require.Error(s, err, "%s: %+v", miss.refusal, miss.a)
			s.refused(miss.refusal, err)
		})
		require.Equal(s, []domain.EventType{domain.FirstAccessRefused}, eventTypes(made))
	}
	require.Empty(s, s.identities(local.ID))
	require.Empty(s, s.identities(pushed.ID))
	in, err := s.arrive(other.tells("2", "eve", "local"+email))
	require.NoError(s, err)
	require.Empty(s, s.address(in.Session.User), "an address for which the connection is not trusted is nobody's by its word")
	in, err = s.arrive(p.tells("3", "", "new"+email))
	require.NoError(s, err)
	require.Equal(s, "new"+email, s.found(in.Session.User).UserName.Text)
}

// firstAccessSeat: no seat, no account, and the sentence names the licence; whatever the policy says of pushes.
func firstAccessSeat(s *visit) {
	s.withSeats(1)
	p := s.provider("idp")
	s.settings(p, func(set *domain.ProviderSettings) { set.JustInTime = true })
	s.policy(func(set *domain.Policy) { set.SeatOverflow = domain.SeatOverflowWait })
	_, err := s.arrive(p.tells("1", "ada", ""))
	require.NoError(s, err)
	made := s.eventsSince(func() {
		_, err = s.arrive(p.tells("2", "bo", ""))
		s.refused("seats_exhausted licence", err)
	})
	require.Contains(s, err.Error(), "full")
	require.Equal(s, []domain.EventType{domain.FirstAccessRefused}, eventTypes(made))
	require.Equal(s, "seats_exhausted", made[0].After.Get("reason").Text())
	s.raiseSeats(2)
	_, err = s.arrive(p.tells("2", "bo", ""))
	require.NoError(s, err, "nothing of the first attempt was left")
}

// firstAccessAtOnce: somebody new who comes in many tabs at once is one account with one seat; and of many whom one address
// could be, one is.
func firstAccessAtOnce(s *visit) {
	s.withSeats(3)
	p, email := s.provider("idp"), "@"+s.ownDomain()
	s.proved(s.ownDomain(), p)
	s.settings(p, func(set *domain.ProviderSettings) { set.JustInTime = true })
	for round := range 3 {
		name := "ada" + strconv.Itoa(round)
		require.Equal(s, map[string]int{"": 8}, outcomes(s.T, concurrently(8, func(int) error {
			_, err := s.arrive(p.tells(name, name, name+email))
			return err
		})))
		require.Equal(s, round+1, s.held("full"))
	}
	s.raiseSeats(4)
	s.settings(p, func(set *domain.ProviderSettings) { set.JustInTime = false })
	u := s.member("one" + email)
	got := outcomes(s.T, concurrently(8, func(i int) error {
		_, err := s.arrive(p.tells("subject"+strconv.Itoa(i), "", "one"+email))
		return err
	}))
	require.Equal(s, map[string]int{"": 1, domain.CodeNoAccount: 7}, got)
	require.Len(s, s.identities(u.ID), 1)
}

// firstAccessGroups: the groups of a claim count as membership in groups of the connection, by external id, else by a display
// name that one group alone has, as long as the claim says so; Explain names the claim as the source; the directory sees no
// member; the limits of the connection hold; and a provider that leaves groups out takes nothing away.
func firstAccessGroups(s *visit) {
	p, other := s.provider("idp"), s.provider("other")
	s.settings(p, func(set *domain.ProviderSettings) { set.JustInTime, set.AppliesGroups = true, true })
	agent, boss := s.role("Agent", domain.RoleID{}, domain.SeesOwn), s.role("Boss", domain.RoleID{}, domain.SeesAll)
	profile := s.profile("Callers", domain.Permissions{{Module: "users", Action: "view"}: domain.AllObjects()})
	group := func(d doorway, name, externalID string) domain.Group {
		g, err := s.directory.CreateGroup(s.Context(), d.caller, storetest.GroupNamed(name, storetest.Text("externalId", externalID)), nil)
		require.NoError(s, err)
		return g
	}
	sales, chiefs, callers := group(p, "Sales", "g-1"), group(p, "Chiefs", "g-2"), group(p, "Callers", "g-3")
	group(p, "Twins", "g-4")
	group(p, "twins", "g-5")
	theirs := group(other, "Theirs", "g-9")
	s.mapped(sales.ID, 10, domain.MappingGrants{Role: agent.ID})
	s.mapped(chiefs.ID, 5, domain.MappingGrants{Role: boss.ID})
	s.mapped(callers.ID, 10, domain.MappingGrants{Profile: profile.ID})
	s.mapped(theirs.ID, 1, domain.MappingGrants{Role: boss.ID})
	_, err := s.admin.ChangeConnectionPolicy(s.Context(), s.boss(), p.connection.ID, domain.IfMatch{}, func(c domain.ConnectionPolicy) (domain.ConnectionPolicy, error) {
		c.Limits.Roles = []domain.RoleID{agent.ID}
		return c, nil
	})
	require.NoError(s, err)
	coming := func(groups ...string) domain.Arriving {
		a := p.tells("1", "ada", "")
		a.Groups = groups
		return a
	}
	var user domain.UserID
	come := func(a domain.Arriving) []domain.Event {
		s.Helper()
		return s.eventsSince(func() {
			in, err := s.arrive(a)
			require.NoError(s, err)
			user = in.Session.User
		})
	}
	has := func(kind domain.GivenKind) string {
		s.Helper()
		if of := ruling(s.scene, s.explain(user), kind).Object; of != nil {
			return of.Name
		}
		return ""
	}
	made := come(coming("SALES", "g-2", "Twins", "Theirs", "g-9", "Nobody's"))
	require.Contains(s, eventTypes(made), domain.GroupsClaimed)
	claim := made[slices.IndexFunc(made, func(e domain.Event) bool { return e.Type == domain.GroupsClaimed })]
	require.Len(s, claim.After.Get("groups").Items(), 2)
	require.Len(s, claim.After.Get("unmatched").Items(), 4)
	require.Equal(s, []string{"Agent", ""}, []string{has(domain.GivenRole), has(domain.GivenProfile)}, "beyond the limits nothing is given")
	role := ruling(s.scene, s.explain(user), domain.GivenRole)
	require.True(s, role.Winner.Claimed, "Explain says that it is by the claim")
	require.Equal(s, domain.LostLimits, role.Losers[0].Lost)
	u, err := s.directory.User(s.Context(), p.caller, user)
	require.NoError(s, err)
	require.Empty(s, u.Groups, "to the directory they are no member")

	require.NotContains(s, eventTypes(come(coming("Sales", "Chiefs"))), domain.GroupsClaimed, "what is so already")
	come(coming("Sales", "g-3"))
	require.Equal(s, []string{"Agent", "Callers"}, []string{has(domain.GivenRole), has(domain.GivenProfile)})
	left := coming()
	left.GroupsLeftOut = true
	come(left)
	require.Equal(s, []string{"Agent", "Callers"}, []string{has(domain.GivenRole), has(domain.GivenProfile)}, "a list that is not whole takes nothing away")
	come(coming("g-3"))
	require.Equal(s, []string{"", "Callers"}, []string{has(domain.GivenRole), has(domain.GivenProfile)})

	// A mapping that changes later reaches them at once, and a membership counts beside the claim.
	view, err := s.admin.CreateMapping(s.Context(), s.boss(), domain.MappingSpec{Group: callers.ID, Priority: 1, Grants: domain.MappingGrants{Role: agent.ID}})
	require.NoError(s, err)
	require.Equal(s, "Agent", has(domain.GivenRole))
	_, err = s.directory.ChangeGroup(s.Context(), p.caller, callers.ID, domain.IfMatch{}, []domain.GroupStep{{Add: []uuid.UUID{user.UUID}}})
	require.NoError(s, err)
	require.False(s, ruling(s.scene, s.explain(user), domain.GivenRole).Winner.Claimed)
	come(coming())
	require.Equal(s, "Agent", has(domain.GivenRole), "the directory's membership stays")
	come(coming("g-3", "g-1"))
	require.NoError(s, s.directory.DeleteGroup(s.Context(), p.caller, callers.ID, domain.IfMatch{}))
	require.Equal(s, []string{"Agent", ""}, []string{has(domain.GivenRole), has(domain.GivenProfile)}, "of the group that is gone nothing is left")
	s.settings(p, func(set *domain.ProviderSettings) { set.AppliesGroups = false })
	come(coming("g-1"))
	require.Empty(s, has(domain.GivenRole), "where the connection no longer says so, claims give nothing")
	require.NotZero(s, view.Mapping.ID)

	// Of people who are not the connection's, claims say nothing.
	s.settings(p, func(set *domain.ProviderSettings) { set.AppliesGroups = true })
	local := s.member("local@acme.test")
	s.linked(p, "2", local.ID)
	a := coming("g-1", "g-2")
	a.Identity.Subject = "2"
	come(a)
	require.Equal(s, local.ID, user)
	require.NotEqual(s, "Boss", has(domain.GivenRole))
}

// firstAccessRefresh: names and language of who was made here follow the provider where the connection says so, and only as
// long as nobody else has said otherwise.
func firstAccessRefresh(s *visit) {
	p := s.provider("idp")
	s.settings(p, func(set *domain.ProviderSettings) { set.JustInTime, set.RefreshesNames = true, true })
	a := p.tells("1", "ada", "")
	in, err := s.arrive(a)
	require.NoError(s, err)
	names := func() []string { return s.names(in.Session.User) }
	come := func() int {
		s.Helper()
		return changes(s.eventsSince(func() {
			_, err := s.arrive(a)
			require.NoError(s, err)
		}))
	}
	require.Zero(s, come())
	a.UserName, a.Told = "another", domain.Told{Name: "Ada King", GivenName: "Ada", FamilyName: "King", Language: "es"}
	require.Equal(s, 1, come())
	require.Equal(s, []string{"ada", "Ada King", "Ada", "King", "es"}, names(), "never the user name")
	_, err = s.directory.ChangeUser(s.Context(), p.caller, in.Session.User, domain.IfMatch{}, nil, storetest.Setting(storetest.Text("displayName", "Countess")))
	require.NoError(s, err)
	a.Told = domain.Told{Name: "Ada Byron", GivenName: "Augusta", FamilyName: "", Language: "nonsense!"}
	require.Equal(s, 1, come())
	require.Equal(s, []string{"ada", "Countess", "Augusta", "King", "es"}, names(), "the directory's word stands, and nothing is taken away")

	pushed := s.pushedBy(p, "bo", "e1")
	s.linked(p, "2", pushed.ID)
	before := s.found(pushed.ID).Version
	b := p.tells("2", "bo", "")
	_, err = s.arrive(b)
	require.NoError(s, err)
	_, err = s.arrive(b)
	require.NoError(s, err)
	require.Equal(s, []any{"", before + 1}, []any{s.found(pushed.ID).DisplayName, s.found(pushed.ID).Version}, "they became active, and that is all")
}

// firstAccessSuspended: whom an administrator deactivated does not come back by a new account, unless the policy lets the
// directory win.
func firstAccessSuspended(s *visit) {
	p := s.provider("idp")
	s.settings(p, func(set *domain.ProviderSettings) { set.JustInTime = true })
	in, err := s.arrive(p.tells("1", "ada", ""))
	require.NoError(s, err)
	s.deactivate(in.Session.User)
	_, err = s.arrive(p.tells("1", "ada", ""))
	s.refused("access_refused inactive", err)
	require.NoError(s, s.admin.Delete(s.Context(), s.boss(), in.Session.User, domain.IfMatch{}))
	_, err = s.arrive(p.tells("1", "Ada", ""))
	s.refused("no_account suspended", err)
	s.policy(func(set *domain.Policy) { set.Suspension = domain.DirectoryWins })
	made := s.eventsSince(func() {
		_, err = s.arrive(p.tells("1", "Ada", ""))
		require.NoError(s, err)
	})
	require.Contains(s, eventTypes(made), domain.SuspensionOverruled)
}
