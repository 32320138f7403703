package signin

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
)

// The rules as they show to a proxy that asks, each under its name, over both databases.
func TestCheckRules(t *testing.T) {
	t.Parallel()
	for name, rule := range map[string]func(*gate){
		"access.immediate":     changesAtOnce,
		"deactivate.doors":     deactivated,
		"access.window":        outsideTheWindow,
		"licence.modules":      simulatorOnly,
		"user.baseline":        baseline,
		"permission.effective": effective,
		"suspend.organisation": suspended,
		"presence":             seenOnceAMinute,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Each(t, func(t *testing.T, store *persistence.Store) {
				g := newGate(t, store)
				rule(g)
				if !t.Failed() {
					storetest.Consistent(t, store, g.org())
				}
			})
		})
	}
}

// told are the permissions that an application is told of.
func (g *gate) told(token string) []string {
	g.Helper()
	out := g.nginx(token)
	require.Equal(g, http.StatusOK, out.Code, out.Body)
	said := []string{}
	for _, of := range g.claimed(out.Header().Get(headerAssertion), crmOrigin)["permissions"].([]any) {
		said = append(said, of.(string))
	}
	require.Equal(g, strings.Join(said, " "), out.Header().Get(headerPermissions), "headers and assertion say the same")
	return said
}

func permitted(permissions ...string) domain.Permissions {
	all := domain.Permissions{}
	for _, text := range permissions {
		of, err := domain.ParsePermission(text)
		if err != nil {
			panic(err)
		}
		all[of] = domain.AllObjects()
	}
	return all
}

func (g *gate) give(u domain.User, change domain.AccessChange) {
	g.Helper()
	_, err := g.admin.Assign(g.Context(), g.boss(), u.ID, domain.IfMatch{}, change)
	require.NoError(g, err)
}

func (g *gate) profile(name string, baseline bool, permissions ...string) domain.Profile {
	g.Helper()
	p, err := g.admin.CreateProfile(g.Context(), g.boss(), domain.ProfileSpec{Name: name, Grants: permitted(permissions...), Baseline: baseline})
	require.NoError(g, err)
	return p
}

// changesAtOnce: a change of role, profile or permission shows with the next request, on another replica too.
func changesAtOnce(g *gate) {
	u := g.member("ana@acme.test")
	token := g.session("ana@acme.test")
	require.Empty(g, g.told(token))
	p := g.profile("Seller", false, "teams:view")
	g.give(u, domain.AccessChange{Profile: domain.Choose(p.ID)})
	require.Equal(g, []string{"teams:view"}, g.told(token))
	_, err := g.admin.EditProfile(g.Context(), g.boss(), p.ID, domain.IfMatch{}, domain.ProfileSpec{Grants: permitted("queues:view")})
	require.NoError(g, err)
	g.door = g.replica()
	require.Equal(g, []string{"queues:view"}, g.told(token))
	lead, err := g.admin.CreateRole(g.Context(), g.boss(), domain.RoleSpec{Name: "Léad", Sees: domain.SeesAll})
	require.NoError(g, err)
	g.give(u, domain.AccessChange{Role: domain.Choose(lead.ID)})
	out := g.nginx(token)
	require.Equal(g, []string{"L%C3%A9ad", "Seller"}, []string{out.Header().Get(headerRole), out.Header().Get(headerProfile)})
	_, err = g.admin.EditRole(g.Context(), g.boss(), lead.ID, domain.IfMatch{}, domain.RoleSpec{Name: "Lead", Sees: domain.SeesAll})
	require.NoError(g, err)
	require.Equal(g, "Lead", g.nginx(token).Header().Get(headerRole))
}

// deactivated: whoever is deactivated is refused with the next request, an owner as anybody, whatever was signed before, on every
// replica (security 36).
func deactivated(g *gate) {
	_, err := g.admin.MakeOwner(g.Context(), g.boss(), g.member("first@acme.test").ID, domain.IfMatch{}) // one remains
	require.NoError(g, err)
	for name, end := range map[string]func(u domain.User) error{
		"deactivated": func(u domain.User) error {
			_, err := g.admin.Deactivate(g.Context(), g.boss(), u.ID, domain.IfMatch{})
			return err
		},
		"blocked": func(u domain.User) error { return g.admin.Block(g.Context(), g.boss(), u.ID, domain.IfMatch{}) },
		"deleted": func(u domain.User) error { return g.admin.Delete(g.Context(), g.boss(), u.ID, domain.IfMatch{}) },
		"owner": func(u domain.User) error {
			if _, err := g.admin.MakeOwner(g.Context(), g.boss(), u.ID, domain.IfMatch{}); err != nil {
				return err
			}
			_, err := g.admin.Deactivate(g.Context(), g.boss(), u.ID, domain.IfMatch{})
			return err
		},
	} {
		u := g.member(name + "@acme.test")
		token := g.session(name + "@acme.test")
		there := g.replica()
		signed := g.nginx(token).Header().Get(headerAssertion)
		require.Equal(g, http.StatusOK, ask(there, checkPath, token, "X-Original-URL", crmOrigin+"/").Code)
		require.NoError(g, end(u))
		require.NotEqual(g, http.StatusOK, ask(there, checkPath, token, "X-Original-URL", crmOrigin+"/").Code, name)
		out := g.nginx(token)
		require.NotEqual(g, http.StatusOK, out.Code, name)
		for header := range out.Header() {
			require.NotContains(g, []string{headerUser, headerAssertion, headerPermissions}, header, "nothing of the person is told")
		}
		r := httptest.NewRequest(http.MethodGet, "/api/v1/me", http.NoBody)
		r.Header.Set("Authorization", "Bearer "+signed)
		_, _, err := there.Guest(r)
		require.Error(g, err, "the assertion that was signed before opens nothing here either")
	}
}

// outsideTheWindow: outside their window a person is refused with the reason and the next time it opens; it opens by itself.
func outsideTheWindow(g *gate) {
	u := g.member("ana@acme.test")
	now := g.clock.Now()
	monday := time.Date(now.Year(), now.Month(), now.Day(), 10, 0, 0, 0, time.UTC)
	for monday.Weekday() != time.Monday || !monday.After(now) {
		monday = monday.AddDate(0, 0, 1)
	}
	g.clock.Move(monday.Sub(now))
	token := g.session("ana@acme.test")
	_, err := g.admin.SetWindow(g.Context(), g.boss(), u.ID, domain.IfMatch{}, domain.WindowSpec{TimeZone: "UTC", Schedule: "mon 09:00-17:00"})
	require.NoError(g, err)
	require.Equal(g, http.StatusOK, g.nginx(token).Code)
	g.clock.Move(7 * time.Hour)
	out := g.nginx(token)
	require.Equal(g, http.StatusForbidden, out.Code)
	require.Equal(g, "outside_schedule", out.Header().Get(headerReason))
	require.Equal(g, monday.AddDate(0, 0, 7).Add(-time.Hour).Format(time.RFC3339), out.Header().Get(headerNextOpening))
	var told problem
	require.NoError(g, json.Unmarshal(out.Body.Bytes(), &told))
	require.Contains(g, told.Detail, "you may not come in at this time")
	require.Equal(g, []any{"outside_schedule", 403, out.Header().Get(headerNextOpening)}, []any{told.Code, told.Status, told.NextOpening})
	require.Empty(g, out.Header().Get(headerUser))
	_, err = g.admin.SetWindow(g.Context(), g.boss(), u.ID, domain.IfMatch{}, domain.WindowSpec{})
	require.NoError(g, err)
	require.Equal(g, http.StatusUnauthorized, g.nginx(token).Code, "the window has closed on the session")
	token = g.session("ana@acme.test")
	require.Equal(g, http.StatusOK, g.nginx(token).Code)
	_, err = g.admin.SetWindow(g.Context(), g.boss(), u.ID, domain.IfMatch{}, domain.WindowSpec{TimeZone: "UTC", ValidUntil: monday.AddDate(0, 0, -1).Format(time.DateOnly)})
	require.NoError(g, err)
	out = g.nginx(token)
	require.Equal(g, []string{"no_longer_valid", ""}, []string{out.Header().Get(headerReason), out.Header().Get(headerNextOpening)})
}

// simulatorOnly: who has a licence that reaches some modules is told of those only, whatever their profile says.
func simulatorOnly(g *gate) {
	u := g.member("ana@acme.test")
	token := g.session("ana@acme.test")
	g.give(u, domain.AccessChange{Profile: domain.Choose(g.profile("All", false, "teams:view", "queues:view").ID)})
	require.Equal(g, []string{"queues:view", "teams:view"}, g.told(token))
	_, err := g.admin.SetLicenceModules(g.Context(), g.boss(), domain.LicenceFull, domain.IfMatch{}, domain.TheseObjects("teams"))
	require.NoError(g, err)
	require.Equal(g, []string{"teams:view"}, g.told(token))
}

// baseline: everybody active has the permissions of a baseline profile.
func baseline(g *gate) {
	g.member("ana@acme.test")
	token := g.session("ana@acme.test")
	require.Empty(g, g.told(token))
	g.profile("Everybody", true, "teams:view")
	require.Equal(g, []string{"teams:view"}, g.told(token))
}

// effective: what the profile and they themselves are granted, without what is revoked; limited to objects, told apart; an
// owner has everything; an application is told of its own modules.
func effective(g *gate) {
	u := g.member("ana@acme.test")
	token := g.session("ana@acme.test")
	granted := permitted("audit:view").Union(domain.Permissions{
		{Module: "users", Action: "view"}: domain.TheseObjects("1", "2"), {Module: "users", Action: "edit"}: domain.TheseObjects("3"),
	})
	revoked := permitted("queues:view").Union(domain.Permissions{{Module: "teams", Action: "edit"}: domain.TheseObjects("9")})
	g.give(u, domain.AccessChange{
		Profile: domain.Choose(g.profile("Seller", false, "teams:view", "teams:edit", "queues:view").ID), Granted: &granted, Revoked: &revoked,
	})
	require.Equal(g, []string{"audit:view", "teams:view"}, g.told(token), "nothing that is on some objects only")
	claims := g.claimed(g.nginx(token).Header().Get(headerAssertion), crmOrigin)
	require.Equal(g, map[string]any{
		"users:view": []any{"1", "2"}, "users:edit": []any{"3"}, "teams:edit": map[string]any{"except": []any{"9"}},
	}, claims["objects"])

	g.app("Audit", "https://audit.acme.test", "audit", "queues")
	out := g.ask(checkPath, token, "X-Original-URL", "https://audit.acme.test/")
	require.Equal(g, "audit:view", out.Header().Get(headerPermissions))
	claims = g.claimed(out.Header().Get(headerAssertion), "https://audit.acme.test")
	require.Nil(g, claims["objects"])

	_, err := g.admin.RegisterModule(g.Context(), g.boss(), domain.ModuleSpec{ID: "campaigns", Actions: []string{"dial"}}, domain.IfMatch{}, false)
	require.NoError(g, err)
	_, err = g.admin.MakeOwner(g.Context(), g.boss(), u.ID, domain.IfMatch{})
	require.NoError(g, err)
	all := g.told(token)
	for _, of := range []string{"users:view", "policy:edit", "campaigns:view", "campaigns:dial"} {
		require.Contains(g, all, of)
	}
	require.Equal(g, true, g.claimed(g.nginx(token).Header().Get(headerAssertion), crmOrigin)["owner"])
}

// suspended: nobody of a suspended organisation goes on, with the reason; resumed, they do.
func suspended(g *gate) {
	g.member("ana@acme.test")
	token := g.session("ana@acme.test")
	installation := domain.NewInstallation(g.store, g.clock.Environment(), nil)
	_, err := installation.SuspendOrganisation(g.Context(), g.tenant.Organisation.Slug)
	require.NoError(g, err)
	out := g.nginx(token)
	require.Equal(g, []any{http.StatusForbidden, "organisation_suspended"}, []any{out.Code, out.Header().Get(headerReason)})
	_, err = installation.ResumeOrganisation(g.Context(), g.tenant.Organisation.Slug)
	require.NoError(g, err)
	require.Equal(g, http.StatusOK, g.nginx(token).Code)
}

// seenOnceAMinute: a check notes that somebody is here, at most once a minute, and keeps their session from growing idle.
func seenOnceAMinute(g *gate) {
	u := g.member("ana@acme.test")
	token := g.session("ana@acme.test")
	seen := func() time.Time {
		var list []domain.Session
		require.NoError(g, g.store.Read(g.Context(), func(tx domain.Tx) (err error) {
			list, err = tx.Sessions().List(g.org(), u.ID)
			return err
		}))
		return list[0].SeenAt
	}
	began := seen()
	g.clock.Move(59 * time.Second)
	require.Equal(g, http.StatusOK, g.nginx(token).Code)
	require.Equal(g, began, seen())
	g.clock.Move(time.Second)
	require.Equal(g, http.StatusOK, g.nginx(token).Code)
	require.Equal(g, began.Add(time.Minute), seen())
	for range 3 {
		g.clock.Move(11 * time.Hour)
		require.Equal(g, http.StatusOK, g.nginx(token).Code, "it is in use")
	}
	g.clock.Move(12 * time.Hour)
	require.Equal(g, http.StatusUnauthorized, g.nginx(token).Code)
}
