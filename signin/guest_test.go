package signin

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"image"
	"image/png"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/admin/api"
	"usher/domain"
	"usher/oidc"
	"usher/oidc/assertion"
	"usher/persistence"
	"usher/persistence/storetest"
	"usher/scim"
)

// rest and directory are the other adapters, as they are wired to the door of people.
func (g *gate) rest() http.Handler {
	g.Helper()
	party, err := oidc.New(oidc.Config{Now: g.clock.Now})
	require.NoError(g, err)
	g.Cleanup(party.Close)
	keep := func(text, _ []byte) ([]byte, error) { return text, nil }
	handler, err := api.New(api.Config{
		Administration: g.admin, CursorKey: make([]byte, 32), Now: g.clock.Now, Log: slog.New(slog.NewJSONHandler(io.Discard, nil)), Seal: keep, Open: keep,
		Webhooks: domain.WebhookTerms{Seal: keep}, Checker: oidc.Checker{Party: party}, Clients: oidc.Clients{BaseURL: gateBase, Random: rand.Reader}, Guests: g.door,
	})
	require.NoError(g, err)
	return handler
}

func (g *gate) scim() http.Handler {
	g.Helper()
	handler, err := scim.New(scim.Config{
		Directory: g.directory, BaseURL: func() string { return gateBase + scim.Prefix }, CursorKey: make([]byte, 32), Now: g.clock.Now,
		Log: slog.New(slog.NewJSONHandler(io.Discard, nil)), Guests: g.door, RequestID: func(context.Context) string { return "r-7" },
	})
	require.NoError(g, err)
	return handler
}

func object(t testing.TB, w *httptest.ResponseRecorder) map[string]any {
	t.Helper()
	var v map[string]any
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &v), w.Body)
	return v
}

// Security 3: a session or an assertion opens /me and SCIM's /Me, and nothing else of either interface; a directory token
// opens nothing of REST. Whoever is out is refused, whatever they hold.
func TestSecurity3(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		g := newGate(t, store)
		u := g.member("ana@acme.test")
		rest, directory := g.rest(), g.scim()
		token := g.session("ana@acme.test")
		signed := "Bearer " + g.nginx(token).Header().Get(headerAssertion)
		granted := permitted("teams:view").Union(domain.Permissions{{Module: "users", Action: "view"}: domain.TheseObjects("1")})
		g.give(u, domain.AccessChange{Granted: &granted})

		for _, who := range [][]string{{token}, {"", "Authorization", signed}} {
			out := ask(rest, api.Prefix+"/me", who[0], who[1:]...)
			require.Equal(g, http.StatusOK, out.Code, out.Body)
			me := object(g, out)
			require.Equal(g, []any{"person", u.ID.String(), "Ana Łuk", g.org().String(), []any{"teams:view"}}, []any{me["kind"], me["id"], me["name"], me["organisation_id"], me["permissions"]})
			person := me["person"].(map[string]any)
			require.Equal(g, []any{"ana@acme.test", "ana@acme.test", "full", nil, []any{}, map[string]any{"users:view": []any{"1"}}}, []any{
				person["user_name"], person["email"], person["licence"], person["team"], person["queues"], person["objects"],
			})
			out = ask(directory, scim.Prefix+"/Me", who[0], who[1:]...)
			require.Equal(g, http.StatusOK, out.Code, out.Body)
			require.Equal(g, u.ID.String(), object(g, out)["id"])
			require.Equal(g, gateBase+scim.Prefix+"/Users/"+u.ID.String(), out.Header().Get("Location"))

			for _, path := range []string{"/users", "/organisation", "/applications", "/me/x", "/nothing"} {
				require.Equal(g, http.StatusUnauthorized, ask(rest, api.Prefix+path, who[0], who[1:]...).Code, path)
			}
			for _, path := range []string{"/Users", "/Users/" + u.ID.String(), "/", "/Schemas", "/ServiceProviderConfig", "/Nothing"} {
				require.Equal(g, http.StatusUnauthorized, ask(directory, scim.Prefix+path, who[0], who[1:]...).Code, path)
			}
			for _, method := range []string{http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodPost} {
				r := httptest.NewRequest(method, scim.Prefix+"/Me", http.NoBody)
				r.AddCookie(&http.Cookie{Name: "__Host-usher_session", Value: token})
				w := httptest.NewRecorder()
				directory.ServeHTTP(w, r)
				require.Equal(g, http.StatusUnauthorized, w.Code, method)
			}
		}
		bearer := "Bearer " + g.tenant.Token
		require.Equal(g, http.StatusUnauthorized, ask(rest, api.Prefix+"/me", "", "Authorization", bearer).Code)
		require.Equal(g, http.StatusUnauthorized, ask(rest, api.Prefix+"/me", token, "Authorization", bearer).Code, "the header counts before the cookie")
		require.Equal(g, http.StatusNotImplemented, ask(directory, scim.Prefix+"/Me", token, "Authorization", bearer).Code)

		refused := func(name, bearer string) {
			require.Equal(g, http.StatusUnauthorized, ask(rest, api.Prefix+"/me", "", "Authorization", bearer).Code, name)
			require.Equal(g, http.StatusUnauthorized, ask(directory, scim.Prefix+"/Me", "", "Authorization", bearer).Code, name)
		}
		mint := func(c assertion.Claims) string {
			text, err := g.signer.Mint(g.Context(), c)
			require.NoError(g, err)
			return "Bearer " + text
		}
		session := g.claimed(signed[len("Bearer "):], crmOrigin)["sid"]
		for name, c := range map[string]assertion.Claims{
			"another audience": {Subject: u.ID.String(), Audience: "https://gone.test", More: map[string]any{"org": g.org().String(), "sid": session}},
			"another subject":  {Subject: g.org().String(), Audience: crmOrigin, More: map[string]any{"org": g.org().String(), "sid": session}},
			"no session":       {Subject: u.ID.String(), Audience: crmOrigin, More: map[string]any{"org": g.org().String()}},
			"no organisation":  {Subject: u.ID.String(), Audience: crmOrigin, More: map[string]any{"sid": session}},
		} {
			refused(name, mint(c))
		}
		refused("forged", signed+"A")
		refused("none", "Bearer eyJhbGciOiJub25lIn0.e30.")
		require.NoError(g, g.entrance.SignOut(g.Context(), token, domain.Visitor{}))
		refused("signed out", signed)
		again := "Bearer " + g.nginx(g.session("ana@acme.test")).Header().Get(headerAssertion)
		g.clock.Move(assertion.Lifetime + 10*time.Second)
		refused("too old", again)
	})
}

// Rule email.unique: of two people to whom a directory gives one address, applications are told it of the one who had it first.
func TestApplicationsHearOfOneAddressOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		g := newGate(t, store)
		g.member("ana@acme.test")
		caller := g.tenant.Caller
		caller.Activation = domain.ActivateByInvitation
		bo, err := g.directory.Provision(g.Context(), caller, storetest.Person("berta", storetest.Emails("bo@acme.test")))
		require.NoError(g, err)
		g.accept(bo)
		token, first := g.session("berta"), g.session("ana@acme.test")
		told := func(token string) []any {
			header := g.nginx(token).Header()
			me := object(g, ask(g.rest(), api.Prefix+"/me", token))["person"].(map[string]any)
			return []any{header.Get("X-Usher-Email"), g.claimed(header.Get("X-Usher-Assertion"), crmOrigin)["email"], me["email"]}
		}
		require.Equal(g, []any{"bo@acme.test", "bo@acme.test", "bo@acme.test"}, told(token))
		for _, spelled := range []string{"ana@acme.test", "Ana@ACME.test"} {
			_, err = g.directory.ChangeUser(g.Context(), caller, bo.ID, domain.IfMatch{}, nil, storetest.Setting(storetest.Emails(spelled)))
			require.NoError(g, err)
			g.clock.Move(2 * time.Minute)
			require.Equal(g, []any{"", nil, nil}, told(token))
		}
		require.Equal(g, []any{"ana@acme.test", "ana@acme.test", "ana@acme.test"}, told(first))
	})
}

// Security 44: a script gets an assertion for the origins of the application only, and nothing that is no script gets one.
func TestSecurity44OfAssertions(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		g := newGate(t, store)
		u := g.member("ana@acme.test")
		token := g.session("ana@acme.test")
		out := g.ask("/auth/assertion", token, "Origin", crmOrigin)
		require.Equal(g, http.StatusOK, out.Code, out.Body)
		require.Equal(g, []string{crmOrigin, "true", "no-store"}, []string{
			out.Header().Get("Access-Control-Allow-Origin"), out.Header().Get("Access-Control-Allow-Credentials"), out.Header().Get("Cache-Control"),
		})
		require.Contains(g, out.Header().Values("Vary"), "Origin, Cookie")
		require.Equal(g, u.ID.String(), g.claimed(object(g, out)["assertion"].(string), crmOrigin)["sub"])
		require.Equal(g, http.StatusOK, g.ask("/auth/assertion?application="+crmOrigin, token, "Sec-Fetch-Site", "same-origin").Code)
		require.Equal(g, http.StatusForbidden, g.ask("/auth/assertion", token, "Sec-Fetch-Site", "same-origin").Code, "there is no application at our address yet")
		g.app("Beside", gateBase)
		beside := g.ask("/auth/assertion", token, "Sec-Fetch-Site", "same-origin")
		require.Equal(g, gateBase, g.claimed(object(g, beside)["assertion"].(string), gateBase)["aud"], "the application at the address of the page")
		for name, headers := range map[string][]string{
			"evil":              {"Origin", "https://evil.test"},
			"null":              {"Origin", "null"},
			"an image":          {"Sec-Fetch-Site", "cross-site"},
			"another subdomain": {"Origin", "https://x.crm.acme.test"},
			"nothing":           {},
		} {
			for _, path := range []string{"/auth/assertion", "/auth/assertion?application=" + crmOrigin} {
				out := g.ask(path, token, headers...)
				require.Equal(g, http.StatusForbidden, out.Code, "%s %s", name, path)
				require.Empty(g, out.Header().Get("Access-Control-Allow-Origin"))
				require.NotContains(g, out.Body.String(), "assertion\"")
			}
		}
		require.Equal(g, http.StatusForbidden, g.ask("/auth/assertion", "", "Origin", crmOrigin).Code)
		require.Equal(g, http.StatusUnauthorized, g.ask("/auth/assertion?application="+crmOrigin, "", "Sec-Fetch-Site", "same-origin").Code)
		require.NoError(g, g.admin.Block(g.Context(), g.boss(), u.ID, domain.IfMatch{}))
		require.NotEqual(g, http.StatusOK, g.ask("/auth/assertion", token, "Origin", crmOrigin).Code)
	})
}

// Security 33: after signing in people go to applications of their own organisation and to pages of ours, else home.
func TestSecurity33(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		g := newGate(t, store)
		other := storetest.NewTenant(t, store, storetest.Slug(t)+"-2", -1)
		theirs := domain.Administrator{Organisation: other.Organisation.ID, Actor: domain.ActorOperator(), Owner: true}
		_, err := g.admin.CreateApplication(g.Context(), theirs, domain.ApplicationSpec{Name: "Theirs", Origins: []string{"https://theirs.test"}})
		require.NoError(g, err)
		for _, to := range append([]string{"https://theirs.test/", "https://crm.acme.test:8443/", "http://crm.acme.test/"}, hostile...) {
			got, err := g.door.onward(g.Context(), g.org(), to)
			require.NoError(g, err)
			require.Equal(g, homePath, got, to)
		}
		for _, to := range []string{crmOrigin, crmOrigin + "/deals?id=1", "/account"} {
			got, err := g.door.onward(g.Context(), g.org(), to)
			require.NoError(g, err)
			require.Equal(g, to, got)
		}
	})
}

// A logo is served as the picture it is, named by its content, and runs nothing.
func TestLogo(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		g := newGate(t, store)
		path := "/brand/" + g.tenant.Organisation.Slug + "/logo"
		require.Equal(g, http.StatusNotFound, g.ask(path, "").Code)
		var picture bytes.Buffer
		require.NoError(g, png.Encode(&picture, image.NewGray(image.Rect(0, 0, 4, 4))))
		_, err := g.admin.SetLogo(g.Context(), g.boss(), domain.IfMatch{}, picture.Bytes())
		require.NoError(g, err)
		out := g.ask(path, "")
		require.Equal(g, http.StatusOK, out.Code)
		require.Equal(g, picture.Bytes(), out.Body.Bytes())
		require.Equal(g, []string{"image/png", "nosniff", "default-src 'none'; sandbox"}, []string{
			out.Header().Get("Content-Type"), out.Header().Get("X-Content-Type-Options"), out.Header().Get("Content-Security-Policy"),
		})
		tag := out.Header().Get("ETag")
		require.NotEmpty(g, tag)
		require.Equal(g, http.StatusNotModified, g.ask(path, "", "If-None-Match", tag).Code)
		look, err := g.entrance.AppearanceOf(g.Context(), g.org())
		require.NoError(g, err)
		require.Contains(g, g.ask(look.LogoPath(), "").Header().Get("Cache-Control"), "immutable")
	})
}

// Any organisation of an installation may register what another one has registered, and call its people as it likes. Whose the
// application is says the proxy, and then nobody else's people come to it; the assertion says whose they are.
func TestAnotherOrganisationsPeople(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		g := newGate(t, store)
		g.member("ana@acme.test")
		slug := g.tenant.Organisation.Slug
		evil := *g
		evil.tenant = storetest.NewTenant(t, store, storetest.Slug(t)+"-2", -1)
		evil.app("CRM", crmOrigin)
		var err error
		evil.staff, err = evil.admin.CreateRole(t.Context(), evil.boss(), domain.RoleSpec{Name: "Owner", Sees: domain.SeesOwn})
		require.NoError(t, err)
		ana := evil.member("ana@acme.test")
		theirs := evil.session("ana@acme.test")
		ask := func(path, token string) *httptest.ResponseRecorder {
			return g.ask(path, token, "X-Original-URL", crmOrigin+"/deals")
		}
		require.Equal(t, http.StatusOK, ask(checkPath+"?organisation="+slug, g.session("ana@acme.test")).Code)
		for _, path := range []string{"?organisation=" + slug, "?application=" + crmOrigin + "&organisation=" + slug} {
			out := ask(checkPath+path, theirs)
			require.Equal(t, http.StatusUnauthorized, out.Code)
			require.Equal(t, gateBase+"/sign-in/"+slug+"?return_to="+url.QueryEscape(crmOrigin+"/deals"), out.Header().Get(headerSignIn))
			require.Empty(t, out.Header().Get(headerUser)+out.Header().Get(headerEmail)+out.Header().Get(headerAssertion))
		}
		_, err = evil.admin.SetWindow(t.Context(), evil.boss(), ana.ID, domain.IfMatch{}, domain.WindowSpec{TimeZone: "UTC", ValidFrom: "2999-01-01"})
		require.NoError(t, err)
		require.Equal(t, http.StatusUnauthorized, ask(checkPath+"?organisation="+slug, theirs).Code, "nor are they told here why they may not come in there")
		require.Equal(t, http.StatusForbidden, ask(checkPath, theirs).Code)
	})
}
