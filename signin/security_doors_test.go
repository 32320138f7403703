package signin

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/admin/api"
	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
	"usher/scim"
)

// Security 34: attempts at names that nobody has leave a bounded number of counters behind, and nothing else; what one
// network of IPv6 has counts as one.
func TestSecurity34Attempts(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		p := newPorch(t, store)
		try := func(name, address string) int {
			b := &browser{gate: &gate{T: t, tenant: p.tenant}, door: p.door, address: address, cookies: map[string]string{}}
			return b.post("/sign-in/"+b.slug(), "name", name, "password", "a wrong password").status
		}
		before := p.rows()
		const bound = 256 // names; the counters of networks are in package domain's test
		for i := range bound + 100 {
			require.Equal(t, http.StatusUnauthorized, try(fmt.Sprintf("nobody-%d@acme.test", i), ""))
		}
		after := p.rows()
		require.LessOrEqual(t, after["rate_windows"], bound)
		require.Greater(t, after["rate_windows"], bound/2)
		after["rate_windows"] = before["rate_windows"]
		require.Equal(t, before, after)

		before = p.rows()
		for i := range 30 {
			require.Equal(t, http.StatusUnauthorized, try("nobody@acme.test", fmt.Sprintf("[2001:db8:0:1::%x]:1", i)))
		}
		require.Equal(t, http.StatusTooManyRequests, try("nobody@acme.test", "[2001:db8:0:1:ffff::1]:1"), "the same network")
		require.Equal(t, http.StatusUnauthorized, try("nobody@acme.test", "[2001:db8:0:2::1]:1"), "the next one")
		require.LessOrEqual(t, p.rows()["rate_windows"]-before["rate_windows"], 3)
	})
}

// Security 36: with the request after somebody is deactivated no door opens any more, at any replica: sessions, remembered
// browsers, links of letters, passwords, API keys. Single sign-on is tried where its provider is.
func TestSecurity36EveryDoor(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		b := newFactorBrowser(newGate(t, store))
		ana := b.member("ana@acme.test")
		b.demand()
		_, codes := b.enrol()
		b.post("/sign-out")
		b.password()
		b.to(b.post("/sign-in/factor/recovery", "recovery", codes[0], "remember", "1"), "/account")
		require.NotEmpty(t, b.cookies["__Host-usher_device"])
		session := b.token()
		b.post("/reset", "organisation", b.tenant.Organisation.Slug, "name", "ana@acme.test")
		reset := "/reset/" + b.letter(ana, domain.LinkReset)
		ben, invitation := b.invited("ben@acme.test")
		view := domain.Permission{Module: domain.ModuleUsers, Action: domain.ActionView}
		granted := domain.Permissions{view: domain.AllObjects()}
		b.give(ana, domain.AccessChange{Granted: &granted})
		_, key, err := b.admin.CreateAPIKey(t.Context(), b.boss(), domain.APIKeySpec{Name: "Ana's", Permissions: []domain.Permission{view}, User: ana.ID})
		require.NoError(t, err)

		here, there := b.door, b.replica()
		doors := func() map[string][2]int {
			now := map[string][2]int{}
			for i, door := range []*Handler{here, there} {
				b.door = door
				rest := b.rest()
				put := func(name string, status int) {
					is := now[name]
					is[i] = status
					now[name] = is
				}
				put("session", b.get("/account").Code)
				put("REST by session", ask(rest, api.Prefix+"/me", session).Code)
				put("SCIM by session", ask(b.scim(), scim.Prefix+"/Me", session).Code)
				put("application", b.nginx(session).Code)
				put("API key", ask(rest, api.Prefix+"/users", "", "Authorization", "Bearer "+key).Code)
				put("reset", b.get(reset).Code)
				put("invitation", b.get("/invitation/"+invitation).Code)
			}
			return now
		}
		require.Equal(t, map[string][2]int{
			"session": {200, 200}, "REST by session": {200, 200}, "SCIM by session": {200, 200}, "application": {200, 200}, "API key": {200, 200},
			"reset": {200, 200}, "invitation": {200, 200},
		}, doors())
		for _, u := range []domain.User{ana, ben} {
			_, err = b.admin.Deactivate(t.Context(), b.boss(), u.ID, domain.IfMatch{})
			require.NoError(t, err)
		}
		require.Equal(t, map[string][2]int{
			"session": {303, 303}, "REST by session": {401, 401}, "SCIM by session": {401, 401}, "application": {401, 401}, "API key": {401, 401},
			"reset": {410, 410}, "invitation": {410, 410},
		}, doors())
		for _, door := range []*Handler{here, there} {
			b.door = door
			require.Equal(t, http.StatusUnauthorized, b.password().Code)
			require.Equal(t, http.StatusGone, b.post(reset, "password", newPassword, "again", newPassword).Code)
			require.Equal(t, http.StatusGone, b.post("/invitation/"+invitation, "password", newPassword, "again", newPassword).Code)
		}

		// What ended stays so when they are back: the browser that was remembered is asked for a second factor again.
		_, err = b.admin.Activate(t.Context(), b.boss(), ana.ID, domain.IfMatch{})
		require.NoError(t, err)
		b.cookies["__Host-usher_session"] = session
		require.Equal(t, http.StatusSeeOther, b.get("/account").Code)
		b.clock.Move(time.Minute)
		b.to(b.password(), "/sign-in/factor")
	})
}

// Security 39: half a sign-in, which has a password and no second factor, opens nothing anywhere, and no other way leads
// round the second factor. What is guessed is counted in the database: TestRulesOfFactors/block.failed.
func TestSecurity39NoWayRound(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		b := newFactorBrowser(newGate(t, store))
		ana := b.member("ana@acme.test")
		b.demand()
		_, codes := b.enrol()
		other := newFactorBrowser(b.gate)
		b.post("/sign-out")
		b.to(b.password(), "/sign-in/factor")
		half := b.token()
		for name, out := range map[string]*httptest.ResponseRecorder{
			"REST": ask(b.rest(), api.Prefix+"/me", half), "SCIM": ask(b.scim(), scim.Prefix+"/Me", half), "an application": b.nginx(half),
			"a script": b.ask("/auth/assertion", half, "Origin", crmOrigin),
		} {
			require.Contains(t, []int{http.StatusUnauthorized, http.StatusForbidden}, out.Code, name)
			require.NotContains(t, out.Body.String(), "Ana", name)
			require.Empty(t, out.Header().Get(headerAssertion), name)
		}
		for _, r := range routes() {
			if !strings.HasPrefix(r.pattern, "/account") && r.pattern != "/sign-in/enrol" && r.pattern != "/sign-in/password" && r.pattern != "/sign-in/enrol/passkey" {
				continue
			}
			path := strings.NewReplacer("{session}", b.org().String(), "{passkey}", b.org().String(), "{device}", b.org().String()).Replace(r.pattern)
			got := b.do(r.method, path, url.Values{"password": {newPassword}, "again": {newPassword}, "current": {gatePassword}, "language": {"es"}})
			require.Equal(t, []any{http.StatusSeeOther, "/sign-in/factor"}, []any{got.Code, strings.Split(got.Header().Get("Location"), "?")[0]}, "%s %s", r.method, path)
		}

		// A new password by letter signs nobody in, and the next sign-in asks as before.
		b.post("/reset", "organisation", b.tenant.Organisation.Slug, "name", "ana@acme.test")
		other.to(other.post("/reset/"+b.letter(ana, domain.LinkReset), "password", newPassword, "again", newPassword), "/sign-in/"+b.tenant.Organisation.Slug+"?changed=1")
		require.Empty(t, other.token())
		other.to(other.post("/sign-in/"+b.tenant.Organisation.Slug, "name", "ana@acme.test", "password", newPassword), "/sign-in/factor")

		// A browser that is remembered is so for one person.
		other.to(other.post("/sign-in/factor/recovery", "recovery", codes[0], "remember", "1"), "/account")
		device := other.cookies["__Host-usher_device"]
		require.NotEmpty(t, device)
		b.member("bo@acme.test")
		thief := newFactorBrowser(b.gate)
		thief.cookies["__Host-usher_device"] = device
		got := thief.post("/sign-in/"+b.tenant.Organisation.Slug, "name", "bo@acme.test", "password", gatePassword)
		thief.to(got, "/sign-in/enrol")
	})
}
