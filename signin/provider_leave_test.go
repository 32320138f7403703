package signin

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/oidc/oidctest"
)

// leads is where a page that leads on leads to, by itself and by its link.
func (p *porch) leads(w *httptest.ResponseRecorder) string {
	p.Helper()
	require.Equal(p, http.StatusOK, w.Code, w.Body)
	page, err := goquery.NewDocumentFromReader(w.Body)
	require.NoError(p, err)
	to := page.Find("main a").AttrOr("href", "")
	require.Equal(p, "0; url="+to, page.Find("meta[http-equiv=refresh]").AttrOr("content", ""))
	return to
}

// out: a session is over on the server, and the browser has forgotten it.
func (p *porch) out(token string) {
	p.Helper()
	require.False(p, p.browser.signedIn())
	_, err := p.twin.Entrance.Verify(p.Context(), token)
	require.True(p, domain.IsKind(err, domain.Unauthenticated), "%v", err)
}

func (p *porch) token() string { return p.browser.cookies[hostPrefix+sessionCookie] }

// signOutAtProvider: who signs out is out here at once, and goes to the provider with what it knows them by; from there they
// come back to their organisation's door, once, and only the browser that went.
func signOutAtProvider(p *porch) {
	p.justInTime(p.connection)
	session := p.let(p.signIn(p.connection, p.provider))
	token := p.token()
	address := p.leads(p.post("/sign-out"))
	p.out(token)
	asked, err := url.Parse(address)
	require.NoError(p, err)
	query := asked.Query()
	hint := query.Get("id_token_hint")
	require.Equal(p, 2, strings.Count(hint, "."), "the ID token of this sign-in")
	require.NotEmpty(p, query.Get("state"))
	require.NotContains(p, p.log.String(), hint)

	// What Leave gives is where an honest provider that knows the client sends the browser.
	back, own := strings.CutPrefix(p.provider.Leave(address, gateBase+"/sign-in"), gateBase)
	require.True(p, own)
	stranger := newJar()
	door := "/sign-in/" + p.tenant.Organisation.Slug + "?left=1"
	for why, w := range map[string]*httptest.ResponseRecorder{
		"another browser": stranger.send(p.door, http.MethodGet, back, nil),
		"another state":   p.get("/sign-in?state=made-up"),
		"no state":        p.get("/sign-in"),
	} {
		require.NotContains(p, w.Header().Get("Location"), "left", why)
	}
	w := p.get(back)
	require.Equal(p, []any{http.StatusSeeOther, door}, []any{w.Code, w.Header().Get("Location")})
	require.Contains(p, p.get(door).Body.String(), p.door.texts["en"].Text("sign_in.notice.left"))
	require.NotContains(p, p.get(back).Header().Get("Location"), "left", "once")
	require.Empty(p, p.browser.cookies[hostPrefix+leftCookie])

	// Ending this session among one's sessions is signing out; a state is of one way only.
	again := p.let(p.signIn(p.connection, p.provider))
	require.NotEqual(p, session.ID, again.ID)
	token = p.token()
	second := p.leads(p.post("/account/sessions/" + again.ID.String() + "/end"))
	p.out(token)
	require.NotContains(p, second, query.Get("state"))

	// A token that is too long for an address is left out; the provider asks the person then.
	p.provider.Claims["groups"] = strings.Split(strings.Repeat("a group with a long name,", 300), ",")
	p.let(p.signIn(p.connection, p.provider))
	third := p.leads(p.post("/sign-out"))
	require.NotContains(p, third, "id_token_hint")
	require.Contains(p, p.provider.Leave(third, gateBase+"/sign-in"), "state=")
}

// signOutWithoutProvider: nobody is kept in here by what their provider does not have or does not do.
func signOutWithoutProvider(p *porch) {
	p.justInTime(p.connection)
	leaves := func(why string) {
		p.Helper()
		token := p.token()
		w := p.post("/sign-out")
		require.Equal(p, []any{http.StatusSeeOther, "/sign-in"}, []any{w.Code, w.Header().Get("Location")}, why)
		p.out(token)
		require.Empty(p, p.browser.cookies[hostPrefix+leftCookie], why)
	}
	p.provider.Document = func(d map[string]any) { delete(d, "end_session_endpoint") }
	p.let(p.signIn(p.connection, p.provider))
	leaves("a provider without the endpoint")
	require.Empty(p, p.log.String(), "nothing is wrong with that")

	p.provider.Document = nil
	p.let(p.signIn(p.connection, p.provider))
	p.door = p.replica(p.provider.Roots, true) // which knows nothing of the provider yet
	p.provider.Instead = func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusBadGateway)
		return true
	}
	leaves("a provider that is down")
	require.Contains(p, p.log.String(), "nobody is signed out at the provider")
	require.Contains(p, p.log.String(), p.connection.ID.String())

	p.provider.Instead = nil
	p.door = p.replica(p.provider.Roots, true)
	p.provider.Claims["sid"] = "s-1"
	p.let(p.signIn(p.connection, p.provider))
	w := newJar().send(p.twin, http.MethodPost, "/oidc/"+p.connection.ID.String()+"/logout", url.Values{"logout_token": {p.provider.Logout(oidctest.Subject, "s-1").Compact()}})
	require.Equal(p, http.StatusOK, w.Code)
	leaves("a provider that ended the session before")

	p.let(p.signIn(p.connection, p.provider))
	_, err := p.admin.SetConnectionDisabled(p.Context(), p.boss(), p.connection.ID, true, domain.IfMatch{})
	require.NoError(p, err)
	leaves("a connection that was disabled")
}
