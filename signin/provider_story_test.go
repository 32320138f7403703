package signin

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/oidc/oidctest"
	"usher/persistence"
	"usher/persistence/storetest"
)

// What people do who come by an identity provider, from page to page, over every database; rules by their names.
func TestSingleSignOn(t *testing.T) {
	t.Parallel()
	each := storetest.Shared(t)
	for name, story := range map[string]func(*porch){
		"signing out": signOutAtProvider, "signing out without the provider": signOutWithoutProvider,
		"a fresh sign-in": freshSignIn, "access.mfa-stronger-once": strongerOnce, "invite.sso": invitedBySingleSignOn,
		"an address of Entra": addressOfEntra,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, store *persistence.Store) {
				p := newPorch(t, store)
				story(p)
				if !t.Failed() {
					storetest.Consistent(t, store, p.org())
				}
			})
		})
	}
}

// asked is what the provider is asked with, at an address.
func (p *porch) asked(address string) url.Values {
	p.Helper()
	u, err := url.Parse(address)
	require.NoError(p, err)
	return u.Query()
}

// freshSignIn: a change of what one gets in by needs a sign-in of the last minutes, which the provider is asked for and whose
// time it has to tell.
func freshSignIn(p *porch) {
	p.justInTime(p.connection)
	ago := func(d time.Duration) int64 { return p.clock.Now().Add(-d).Unix() }
	p.provider.Claims["auth_time"] = ago(time.Hour)
	ada := p.let(p.signIn(p.connection, p.provider))
	const wanted = "/account/security/app"
	prove := "/account/prove?return_to=" + url.QueryEscape(wanted)
	stale := func(why string) {
		p.Helper()
		w := p.get(wanted)
		require.Equal(p, []any{http.StatusSeeOther, prove}, []any{w.Code, w.Header().Get("Location")}, why)
	}
	stale("an hour ago is not lately")
	fresh := "?fresh=1&return_to=" + url.QueryEscape(wanted)
	require.Contains(p, p.get(prove).Body.String(), "/start?fresh=1&amp;return_to="+url.QueryEscape(wanted))
	before := p.asked(p.begin(p.connection, ""))
	require.False(p, before.Has("prompt") || before.Has("max_age"), "nobody is asked for more than is wanted")

	token := p.token()
	sessions, events := p.count("sessions"), p.count("events")
	for why, change := range map[string]func(*oidctest.Token){
		"an older sign-in": func(t *oidctest.Token) { t.Claims["auth_time"] = ago(2 * time.Minute) },
		"none told":        func(t *oidctest.Token) { delete(t.Claims, "auth_time") },
		"no number":        func(t *oidctest.Token) { t.Claims["auth_time"] = "now" },
	} {
		address := p.begin(p.connection, fresh)
		require.Equal(p, []string{"login", "0"}, []string{p.asked(address).Get("prompt"), p.asked(address).Get("max_age")}, why)
		p.provider.Forge = change
		p.told(p.get(back(p.connection, p.provider.Visit(address))), "provider-fresh", why)
		p.provider.Forge = nil
		require.Equal(p, token, p.token(), "%s: they are in as they were", why)
		stale(why)
	}
	require.Equal(p, []int{sessions, events}, []int{p.count("sessions"), p.count("events")})

	delete(p.provider.Claims, "auth_time") // so that the provider tells when it was
	w := p.get(back(p.connection, p.provider.Visit(p.begin(p.connection, fresh))))
	again := p.let(w)
	require.Equal(p, []any{wanted, ada.User}, []any{w.Header().Get("Location"), again.User})
	require.NotEqual(p, token, p.token())
	require.Equal(p, http.StatusOK, p.get(wanted).Code)
	require.Equal(p, sessions, p.count("sessions"), "the session before has ended")
	p.clock.Move(11 * time.Minute)
	stale("not for ever")

	// Whoever signs in there is in: it proves nothing of who was.
	p.provider.Claims["sub"], p.provider.Claims["preferred_username"], p.provider.Claims["email"] = "00u-eve", "eve@acme.test", "eve@acme.test"
	token = p.token()
	eve := p.let(p.get(back(p.connection, p.provider.Visit(p.begin(p.connection, fresh)))))
	require.NotEqual(p, ada.User, eve.User)
	_, err := p.twin.Entrance.Verify(p.Context(), token)
	require.True(p, domain.IsKind(err, domain.Unauthenticated))
}

// strongerOnce: who proved too little is sent back to the provider once, with the classes that would do, and then refused.
func strongerOnce(p *porch) {
	p.justInTime(p.connection)
	p.settings(p.connection, func(s *domain.ProviderSettings) { s.Proof.Contexts = []string{"phr", "phrh"} })
	const wanted = "/account?from=app"
	begin := func(query string) string { return p.begin(p.connection, "?return_to="+url.QueryEscape(wanted)+query) }
	sentBack := func(address string) string {
		p.Helper()
		require.Equal(p, "phr phrh", p.asked(address).Get("acr_values"))
		w := p.get(back(p.connection, p.provider.Visit(address)))
		require.Equal(p, http.StatusSeeOther, w.Code, w.Body)
		again := w.Header().Get("Location")
		asked := p.asked(again)
		require.Equal(p, []string{"phr phrh", "login", "ada@acme.test"}, []string{asked.Get("acr_values"), asked.Get("prompt"), asked.Get("login_hint")})
		require.NotEqual(p, p.asked(address).Get("state"), asked.Get("state"), "another sign-in, with a state of its own")
		require.NotEqual(p, p.asked(address).Get("nonce"), asked.Get("nonce"))
		require.Equal(p, []any{false, 1}, []any{p.browser.signedIn(), p.browser.started()})
		return again
	}
	for _, context := range []any{nil, "pwd"} {
		p.provider.Claims["acr"] = context
		again := sentBack(begin(""))
		p.refused(p.get(back(p.connection, p.provider.Visit(again))), "proof", "again too little, and no third time")
		require.Equal(p, []int{0, 0, 0, 0}, []int{p.browser.started(), p.count("users"), p.count("sessions"), p.count("identities")})
	}
	asked := p.asked(sentBack(begin("&fresh=1")))
	require.Equal(p, "0", asked.Get("max_age"), "what had to be fresh has to be still")
	p.browser = newJar()

	again := sentBack(begin(""))
	p.provider.Claims["acr"] = "phrh"
	w := p.get(back(p.connection, p.provider.Visit(again)))
	p.let(w)
	require.Equal(p, wanted, w.Header().Get("Location"), "where they wanted to go is not forgotten on the way")

	// A provider that says it could not is not asked again.
	p.browser = newJar()
	p.provider.Callback = func(q url.Values) {
		q.Del("code")
		q.Set("error", "unmet_authentication_requirements")
	}
	p.refused(p.get(back(p.connection, p.provider.Visit(begin("")))), "proof", "the provider cannot")
	require.Zero(p, p.browser.started())
}

// invited is somebody who was added by hand, with the path of their letter.
func (p *porch) invited(email string) (domain.User, string) {
	p.Helper()
	role, err := p.admin.CreateRole(p.Context(), p.boss(), domain.RoleSpec{Name: "of " + email, Sees: domain.SeesOwn})
	require.NoError(p, err)
	u, err := p.admin.Add(p.Context(), p.boss(), domain.NewPerson{GivenName: "Ben", FamilyName: "Ng", Email: email, Role: role.ID})
	require.NoError(p, err)
	var last domain.Link
	require.NoError(p, p.store.Read(p.Context(), func(tx domain.Tx) (err error) {
		last, _, err = tx.Links().Latest(p.org(), u.ID, domain.LinkInvitation)
		return err
	}))
	return u, "/invitation/" + storetest.Links().Token(p.org(), domain.LinkInvitation, last.ID)
}

// answer goes from a letter to the provider of a connection, in this browser.
func (p *porch) answer(letter string, c domain.Connection) string {
	p.Helper()
	to := p.leads(p.post(letter, "connection", c.ID.String()))
	require.Equal(p, startPath(c.ID), to)
	return p.begin(c, "")
}

// invitedBySingleSignOn: the open link binds the identity to the account, in the browser that opened it and once.
func invitedBySingleSignOn(p *porch) {
	ben, letter := p.invited("ben@acme.test")
	page := p.get(letter)
	require.Equal(p, http.StatusOK, page.Code)
	require.Contains(p, page.Body.String(), `value="`+p.connection.ID.String()+`"`, "a button of the page")

	// Another browser, that came with nothing: the provider's word alone makes nobody.
	here := p.browser
	p.browser = newJar()
	p.refused(p.signIn(p.connection, p.provider), "no-account", "no invitation was opened here")
	p.browser = here

	require.Equal(p, ben.ID, p.let(p.get(back(p.connection, p.provider.Visit(p.answer(letter, p.connection))))).User)
	require.Empty(p, p.browser.cookies[hostPrefix+invitationCookie])
	is, err := p.admin.Person(p.Context(), p.boss(), ben.ID)
	require.NoError(p, err)
	require.Equal(p, domain.Active, is.Status)
	require.Equal(p, 1, p.count("identities"))
	for _, again := range []int{p.get(letter).Code, p.post(letter, "connection", p.connection.ID.String()).Code, p.post(letter, "password", newPassword, "again", newPassword).Code} {
		require.Equal(p, http.StatusGone, again, "the link works once")
	}
	p.browser = newJar()
	require.Equal(p, ben.ID, p.let(p.signIn(p.connection, p.provider)).User, "from then on the identity is theirs")

	// Whose identity it is comes first: a colleague's letter changes nothing, and stays open.
	cleo, hers := p.invited("cleo@acme.test")
	require.Equal(p, ben.ID, p.let(p.get(back(p.connection, p.provider.Visit(p.answer(hers, p.connection))))).User)
	require.Equal(p, http.StatusOK, p.get(hers).Code)

	// Answered while the time of the link ran out.
	p.browser = newJar()
	p.provider.Claims["sub"] = "00u-cleo"
	p.clock.Move(7*24*time.Hour - time.Minute)
	address := p.answer(hers, p.connection)
	p.clock.Move(2 * time.Minute)
	p.refused(p.get(back(p.connection, p.provider.Visit(address))), "no-account", "its time was over")
	is, err = p.admin.Person(p.Context(), p.boss(), cleo.ID)
	require.NoError(p, err)
	require.Equal(p, domain.Pending, is.Status)
	require.Equal(p, http.StatusNotFound, newJar().send(p.door, http.MethodPost, p.again(cleo), url.Values{"connection": {cleo.ID.String()}}).Code, "a connection that is none")
}

// again is the path of a newer letter.
func (p *porch) again(u domain.User) string {
	p.Helper()
	l, err := p.admin.Invite(p.Context(), p.boss(), u.ID, domain.IfMatch{})
	require.NoError(p, err)
	return "/invitation/" + storetest.Links().Token(p.org(), domain.LinkInvitation, l.ID)
}
