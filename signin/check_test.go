package signin

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		g := newGate(t, store)
		u := g.member("ana@acme.test")

		out := g.nginx("")
		require.Equal(g, http.StatusUnauthorized, out.Code)
		require.Equal(g, gateBase+"/sign-in?return_to=https%3A%2F%2Fcrm.acme.test%2Fdeals%3Fid%3D1", out.Header().Get("X-Usher-Sign-In"))
		require.Equal(g, `Usher realm="https://usher.acme.test"`, out.Header().Get("WWW-Authenticate"))
		require.Empty(g, out.Header().Get("Location"))
		for _, token := range []string{"x", "usher_session_x", g.session("ana@acme.test") + "x"} {
			require.Equal(g, out.Result().Header, g.nginx(token).Result().Header)
		}

		token := g.session("ana@acme.test")
		in := g.nginx(token)
		require.Equal(g, http.StatusOK, in.Code)
		require.Empty(g, in.Body.Bytes())
		header := in.Header()
		require.Equal(g, "no-store", header.Get("Cache-Control"))
		require.Equal(g, []string{u.ID.String(), "ana@acme.test", "Ana %C5%81uk", "ana@acme.test", g.org().String(), "Agent", "", "", "", "full", "", ""}, []string{
			header.Get("X-Usher-User"), header.Get("X-Usher-User-Name"), header.Get("X-Usher-Name"), header.Get("X-Usher-Email"), header.Get("X-Usher-Organisation"),
			header.Get("X-Usher-Role"), header.Get("X-Usher-Profile"), header.Get("X-Usher-Team"), header.Get("X-Usher-Queues"), header.Get("X-Usher-Licence"),
			header.Get("X-Usher-Permissions"), header.Get("X-Usher-Omitted"),
		})
		claims := g.claimed(header.Get("X-Usher-Assertion"), crmOrigin)
		require.Equal(g, u.ID.String(), claims["sub"])
		require.Equal(g, "Ana Łuk", claims["name"])
		require.Equal(g, map[string]any{"id": g.staff.ID.String(), "name": "Agent"}, claims["role"])

		require.Equal(g, header.Get("X-Usher-Assertion"), g.nginx(token).Header().Get("X-Usher-Assertion"), "the same within a minute")

		_, err := g.admin.Deactivate(g.Context(), g.boss(), u.ID, domain.IfMatch{})
		require.NoError(g, err)
		require.Equal(g, http.StatusUnauthorized, g.nginx(token).Code)
	})
}

// An application at a host of its own has a replica of its own there, which sends people to sign in at that host: a session
// is a host's, and what decides about it is everybody's.
func TestReplicaAtTheApplication(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		g := newGate(t, store)
		u := g.member("ana@acme.test")
		there := g.replicaAt(crmOrigin)
		out := ask(there, checkPath, "", "X-Original-URL", crmOrigin+"/deals", "Accept", "text/html")
		require.Equal(g, crmOrigin+"/sign-in?return_to="+url.QueryEscape(crmOrigin+"/deals"), out.Header().Get(headerSignIn))
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, crmOrigin+"/sign-in/"+g.tenant.Organisation.Slug, strings.NewReader(url.Values{
			"name": {"ana@acme.test"}, "password": {gatePassword}, "return_to": {crmOrigin + "/deals"},
		}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		there.ServeHTTP(w, r)
		var token string
		for _, c := range w.Result().Cookies() {
			if c.Name == "__Host-usher_session" {
				token = c.Value
			}
		}
		in := ask(there, checkPath, token, "X-Original-URL", crmOrigin+"/deals")
		require.Equal(g, http.StatusOK, in.Code, w.Body)
		require.Equal(g, crmOrigin, g.claimed(in.Header().Get(headerAssertion), crmOrigin)["iss"], "whoever signs is at that address")
		_, err := g.admin.Deactivate(g.Context(), g.boss(), u.ID, domain.IfMatch{})
		require.NoError(g, err)
		require.Equal(g, http.StatusUnauthorized, ask(there, checkPath, token, "X-Original-URL", crmOrigin+"/deals").Code)
	})
}
