package signin

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
	"usher/web"
)

// keyLike is how a text that was not found would show: as its key.
var keyLike = regexp.MustCompile(`^[a-z_]+(\.[a-z_-]+)+$`)

// Every page, in every language, is whole: one heading, fields with labels, forms that stay here, no text that is missing,
// and nothing that the shield would not let run.
func TestPages(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		b := newGate(t, store).browser()
		shown := map[string]bool{}
		b.everyPage(func(name string, see func() seen) {
			titles := map[string]string{}
			for _, language := range web.Languages() {
				b.headers["Accept-Language"] = string(language)
				s := see()
				require.Equal(t, string(language), s.Find("html").AttrOr("lang", ""), name)
				require.Equal(t, string(language), s.header.Get("Content-Language"), name)
				whole(t, name, s)
				titles[s.text("title")+s.text("main")] = name
			}
			require.Len(t, titles, len(web.Languages()), "%s is the same in all languages", name)
			shown[name] = true
		})
		for _, name := range b.gate.door.book.Names() {
			known := shown[name] || byOthers[name]
			require.True(t, known, "the page %s is looked at by nobody", name)
		}
	})
}

// byOthers are pages whose topic has its own test.
var byOthers = map[string]bool{}

func whole(t *testing.T, name string, s seen) {
	t.Helper()
	require.Contains(t, s.header.Get("Content-Type"), "text/html", name)
	require.Equal(t, 1, s.Find("h1").Length(), name)
	require.NotEmpty(t, s.text("h1"), name)
	require.NotEmpty(t, s.text("title"), name)
	s.Find("body *").Each(func(_ int, e *goquery.Selection) {
		own := strings.TrimSpace(e.Contents().Not("*").Text())
		require.False(t, keyLike.MatchString(own), "%s: %q is the key of a text that is missing", name, own)
		for _, attribute := range e.Nodes[0].Attr {
			require.False(t, strings.HasPrefix(attribute.Key, "on"), "%s: %s", name, attribute.Key)
			require.NotEqual(t, "style", attribute.Key, name)
		}
	})
	s.Find("input:not([type=hidden]), select").Each(func(_ int, e *goquery.Selection) {
		id := e.AttrOr("id", "")
		require.NotEmpty(t, strings.TrimSpace(s.Find("label[for='"+id+"']").Text()), "%s: the field %s has no label", name, id)
		for described := range strings.FieldsSeq(e.AttrOr("aria-describedby", "")) {
			require.Equal(t, 1, s.Find("#"+described).Length(), "%s: %s", name, described)
		}
	})
	s.Find("form").Each(func(_ int, e *goquery.Selection) {
		require.True(t, strings.HasPrefix(e.AttrOr("action", ""), "/"), name)
		require.NotEmpty(t, strings.TrimSpace(e.Find("button").Text()), name)
	})
	s.Find("button, a").Each(func(_ int, e *goquery.Selection) {
		require.NotEmpty(t, strings.TrimSpace(e.Text()+e.AttrOr("aria-label", "")), name)
	})
	s.Find("script, style").Each(func(_ int, e *goquery.Selection) { require.NotEmpty(t, e.AttrOr("nonce", ""), name) })
	s.Find("link[href], script[src], img[src]").Each(func(_ int, e *goquery.Selection) {
		require.True(t, strings.HasPrefix(e.AttrOr("href", e.AttrOr("src", "")), "/"), "%s: everything comes from here", name)
	})
}

// everyPage gives each page there is to look, under its file's name.
func (b *browser) everyPage(look func(name string, see func() seen)) {
	b.Helper()
	get := func(name, path string, status int) {
		b.Helper()
		look(name, func() seen {
			s := b.get(path)
			require.Equal(b, status, s.status, path)
			return s
		})
	}
	post := func(name, path string, status int, pairs ...string) {
		b.Helper()
		look(name, func() seen {
			s := b.post(path, pairs...)
			require.Equal(b, status, s.status, path)
			return s
		})
	}
	b.member("ana@acme.test")
	_, token := b.invited("ben@acme.test")
	_, used := b.invited("used@acme.test")
	b.gate.browser().post("/invitation/"+used, "password", newPassword, "again", newPassword)
	other := b.sister().Organisation.Slug

	b.cookies["__Host-usher_places"] = b.slug() + "." + other
	get("identify", "/sign-in", http.StatusOK)
	get("organisation", "/sign-in/organisation", http.StatusOK)
	post("organisation", "/sign-in/organisation", http.StatusNotFound, "organisation", "nobody-at-all")
	get("sign_in", "/sign-in/"+b.slug(), http.StatusOK)
	get("sign_in", "/sign-in/"+b.slug()+"?ended=1", http.StatusOK)
	post("sign_in", "/sign-in/"+b.slug(), http.StatusUnauthorized, "name", "x", "password", "y")
	delete(b.cookies, "__Host-usher_session")
	get("cookies", "/sign-in/check", http.StatusBadRequest)
	get("invitation", "/invitation/"+token, http.StatusOK)
	post("invitation", "/invitation/"+token, http.StatusUnprocessableEntity, "password", "short", "again", "short")
	get("dead_link", "/invitation/"+used, http.StatusGone)
	get("dead_link", "/reset/x", http.StatusGone)
	post("asked_again", "/invitation/"+token+"/again", http.StatusOK)
	get("reset", "/reset", http.StatusOK)
	get("reset", "/reset?organisation="+b.slug(), http.StatusOK)
	post("reset_sent", "/reset", http.StatusOK, "organisation", b.slug(), "name", "ana@acme.test")
	get("error", "/account/nowhere", http.StatusNotFound)
	post("error", "/account", http.StatusMethodNotAllowed)
	u := b.member("blocked@acme.test")
	require.NoError(b, b.admin.Block(b.Context(), b.boss(), u.ID, domain.IfMatch{}))
	b.clock.Move(time.Minute)
	post("refused", "/sign-in/"+b.slug(), http.StatusForbidden, "name", "blocked@acme.test", "password", gatePassword)

	b.signIn("ana@acme.test", gatePassword)
	get("account", "/account", http.StatusOK)
	get("account", "/account?changed=sessions", http.StatusOK)
	get("new_password", "/sign-in/password", http.StatusOK)
	post("new_password", "/sign-in/password", http.StatusUnprocessableEntity, "current", gatePassword, "password", "x", "again", "y")
	get("sign_out", "/sign-out", http.StatusOK)
	look("leave", func() seen {
		s := b.post("/sign-in/"+b.slug(), "name", "ana@acme.test", "password", gatePassword, "return_to", crmOrigin+"/")
		require.Equal(b, http.StatusOK, s.status)
		return s
	})
	b.factorPages(get, post)
}

// factorPages are those of second factors, for who is signed in.
func (b *browser) factorPages(get func(name, path string, status int), post func(name, path string, status int, pairs ...string)) {
	b.Helper()
	get("security", "/account/security", http.StatusOK)
	get("enrol", "/account/security/app", http.StatusOK)
	get("enrol", "/account/security/passkey", http.StatusOK)
	post("enrol", "/account/security/app", http.StatusUnprocessableEntity, "code", "1")
	get("prove", "/account/prove", http.StatusOK)
	post("prove", "/account/prove", http.StatusUnauthorized, "password", "x")
	get("passkey", "/sign-in/passkey", http.StatusOK)
	done, err := b.entrance.Enrol(b.Context(), b.session(), domain.SecondFactor{Kind: domain.FactorTOTP, Sealed: []byte("x")}, domain.Visitor{})
	require.NoError(b, err)
	b.cookies["__Host-usher_session"] = done.Token
	get("security", "/account/security", http.StatusOK)
	post("recovery", "/account/security/codes", http.StatusOK)
	b.signIn("ana@acme.test", gatePassword)
	get("factor", "/sign-in/factor", http.StatusOK)
	post("factor", "/sign-in/factor", http.StatusUnauthorized, "code", "1")
}

// sister is one more organisation, with an owner who is still to choose a password.
func (g *gate) sister() domain.NewOrganisation {
	g.Helper()
	made, err := domain.NewInstallation(g.store, g.clock.Environment(), rand.Reader).CreateOrganisation(g.Context(), domain.OrganisationSpec{
		Slug: "sister", Name: "Sister", OwnerEmail: "olga@sister.test",
	})
	require.NoError(g, err)
	return made
}

// The only organisation there is needs not be named; where there are several, a browser knows those where somebody was.
func TestWhichOrganisation(t *testing.T) {
	t.Parallel()
	eachBrowser(t, func(b *browser) {
		require.Equal(b, "/sign-in/"+b.slug()+"?return_to=%2Faccount%3Fx", b.get("/sign-in?return_to=/account?x").to(b))
		require.Equal(b, "/sign-in", b.get("/").to(b))
		b.member("ana@acme.test")
		b.signIn("ana@acme.test", gatePassword)
		require.Equal(b, "/account", b.get("/").to(b))
		b.post("/sign-out")
		b.sister()
		page := b.get("/sign-in")
		require.Equal(b, "/sign-in/"+b.slug(), page.Find("a.tile").AttrOr("href", ""))
		require.Equal(b, "/sign-in/organisation", b.post("/sign-in", "name", "ana@acme.test").to(b))
		require.NotContains(b, strings.Join(cookieValues(b), " "), "ana@acme.test", "what was typed is sealed")
		require.Equal(b, "/sign-in/"+b.slug(), b.post("/sign-in/organisation", "organisation", " "+strings.ToUpper(b.slug())).to(b))
		require.Equal(b, "ana@acme.test", b.get("/sign-in/"+b.slug()).Find("#name").AttrOr("value", ""), "it is not typed twice")
		require.Equal(b, http.StatusNotFound, b.get("/sign-in/nobody-at-all").status)
	})
}

// Whoever is sent to sign in on the way to an application need not say where they belong, as long as there is one answer only:
// the only organisation there is, or that has the application.
func TestOrganisationOfAnApplication(t *testing.T) {
	t.Parallel()
	eachBrowser(t, func(b *browser) {
		_, err := domain.NewInstallation(b.store, b.clock.Environment(), rand.Reader).CreateConnection(b.Context(), b.slug(), domain.ConnectionSpec{
			Name: "Okta", Kind: domain.KindOkta, OIDC: domain.OIDCSpec{Issuer: "https://acme.okta.test", ClientID: "usher"},
		})
		require.NoError(b, err)
		asked := func(origin string) seen {
			sent := b.gate.ask(checkPath, "", "X-Original-URL", origin+"/deals?id=1", "Accept", "text/html").Header().Get(headerSignIn)
			require.Contains(b, sent, url.QueryEscape(origin+"/deals?id=1"))
			return b.get(strings.TrimPrefix(sent, gateBase))
		}
		door := "/sign-in/" + b.slug() + "?return_to=" + url.QueryEscape(crmOrigin+"/deals?id=1")
		require.Equal(b, door, asked(crmOrigin).to(b), "there is no other")
		require.Equal(b, strings.ReplaceAll(door, "crm", "elsewhere"), asked("https://elsewhere.acme.test").to(b))

		sister := b.sister().Organisation.ID
		require.Equal(b, door, asked(crmOrigin).to(b), "one has the application")
		to := url.Values{"return_to": {crmOrigin + "/deals?id=1"}}.Encode()
		require.Equal(b, door, b.get("/sign-in/organisation?"+to).to(b))
		require.Equal(b, door+"&ended=1", b.get("/sign-in?ended=1&"+to).to(b))
		require.Equal(b, door, b.post("/sign-in", "name", "ana", "return_to", crmOrigin+"/deals?id=1").to(b))
		require.Equal(b, http.StatusOK, asked("https://elsewhere.acme.test").status, "none has that one")

		_, err = b.admin.CreateApplication(b.Context(), domain.Administrator{Organisation: sister, Actor: domain.ActorOperator(), Owner: true},
			domain.ApplicationSpec{Name: "The same", Origins: []string{crmOrigin}})
		require.NoError(b, err)
		page := asked(crmOrigin)
		require.Equal(b, http.StatusOK, page.status, "two have it")
		require.Equal(b, crmOrigin+"/deals?id=1", page.Find("input[name=return_to]").AttrOr("value", ""))
	})
}

// The domain of an e-mail leads to the provider that is trusted for it, whether or not anybody has the address; where local
// sign-in is off, a page offers the provider alone, and owners can still give a password.
func TestHomeRealm(t *testing.T) {
	t.Parallel()
	eachBrowser(t, func(b *browser) {
		b.sister()
		in := domain.NewInstallation(b.store, b.clock.Environment(), rand.Reader)
		c, err := in.CreateConnection(b.Context(), b.slug(), domain.ConnectionSpec{Name: "Okta", Kind: domain.KindOkta, OIDC: domain.OIDCSpec{Issuer: "https://acme.okta.test", ClientID: "usher"}})
		require.NoError(b, err)
		_, err = in.AddEmailDomain(b.Context(), b.slug(), "acme.test")
		require.NoError(b, err)
		_, err = in.VouchForEmailDomain(b.Context(), b.slug(), "acme.test")
		require.NoError(b, err)
		_, err = b.admin.TrustConnections(b.Context(), b.boss(), "acme.test", domain.IfMatch{}, []domain.ConnectionID{c.ID})
		require.NoError(b, err)
		for _, name := range []string{"ana@acme.test", "nobody@acme.test"} {
			got := b.post("/sign-in", "name", name, "return_to", "/account?x=1")
			require.Equal(b, http.StatusOK, got.status)
			start, err := url.Parse(got.Find("main a").AttrOr("href", ""))
			require.NoError(b, err)
			require.Equal(b, "/oidc/"+c.ID.String()+"/start", start.Path)
			require.Equal(b, url.Values{"login_hint": {name}, "return_to": {"/account?x=1"}}, start.Query())
		}
		require.Equal(b, "/sign-in/organisation", b.post("/sign-in", "name", "ana@elsewhere.test").to(b))

		page := b.get("/sign-in/" + b.slug())
		require.Equal(b, "Continue with Okta", strings.TrimSpace(page.Find("main a.button").First().Text()))
		require.Equal(b, 1, page.Find("#password").Length())
		b.member("ana@acme.test")
		_, err = b.admin.ChangePolicy(b.Context(), b.boss(), domain.IfMatch{}, func(p domain.Policy) (domain.Policy, error) {
			p.LocalSignIn = domain.LocalSignInOwnersOnly
			return p, nil
		})
		require.NoError(b, err)
		page = b.get("/sign-in/" + b.slug())
		require.Zero(b, page.Find("#password").Length())
		require.Equal(b, 1, b.get(page.Find(".beside a").AttrOr("href", "")).Find("#password").Length(), "for owners")
		require.Equal(b, http.StatusUnauthorized, b.signIn("ana@acme.test", gatePassword).status)
		_, token := b.invited("ben@acme.test")
		invitation := b.get("/invitation/" + token)
		require.Zero(b, invitation.Find("#password").Length())
		require.Equal(b, http.StatusForbidden, b.post("/invitation/"+token, "password", newPassword, "again", newPassword).status)
	})
}

// A passkey is offered where it opens something: where local sign-in is off, on the owners' own way in only.
func TestWherePasskeysAreOffered(t *testing.T) {
	t.Parallel()
	eachBrowser(t, func(b *browser) {
		offered := func(path string) bool { return b.get(path).Find(`a[href^="/sign-in/passkey"]`).Length() == 1 }
		_, err := domain.NewInstallation(b.store, b.clock.Environment(), rand.Reader).CreateConnection(b.Context(), b.slug(), domain.ConnectionSpec{
			Name: "Okta", Kind: domain.KindOkta, OIDC: domain.OIDCSpec{Issuer: "https://acme.okta.test", ClientID: "usher"},
		})
		require.NoError(b, err)
		door := "/sign-in/" + b.slug()
		require.Equal(b, []bool{true, true}, []bool{offered(door), offered(door + "?with=password")})
		_, err = b.admin.ChangePolicy(b.Context(), b.boss(), domain.IfMatch{}, func(p domain.Policy) (domain.Policy, error) {
			p.LocalSignIn = domain.LocalSignInOwnersOnly
			return p, nil
		})
		require.NoError(b, err)
		require.Equal(b, []bool{false, true}, []bool{offered(door), offered(door + "?with=password")})
		b.sister()
		require.True(b, offered("/sign-in"), "of several organisations nobody knows yet which it is")
	})
}

func cookieValues(b *browser) []string {
	var all []string
	for _, value := range b.cookies {
		all = append(all, value)
	}
	return all
}

// The language is the person's, else what was chosen on the page, else in this browser, else what the browser prefers.
func TestLanguage(t *testing.T) {
	t.Parallel()
	eachBrowser(t, func(b *browser) {
		lang := func(s seen) string { return s.Find("html").AttrOr("lang", "") }
		b.headers["Accept-Language"] = "fr, es-MX;q=0.8, en;q=0.5"
		path := "/sign-in/" + b.slug()
		require.Equal(b, "es", lang(b.get(path)))
		require.Equal(b, "en", lang(b.get(path+"?lang=en")))
		require.Equal(b, "en", lang(b.get(path)), "it is kept")
		b.headers["Accept-Language"] = "fr"
		require.Equal(b, "en", lang(b.get(path)))
		u := b.member("ana@acme.test")
		spanish := "es-ES"
		_, err := b.admin.Edit(b.Context(), b.boss(), u.ID, domain.IfMatch{}, domain.PersonChange{Fields: domain.FieldChange{Language: &spanish}})
		require.NoError(b, err)
		b.signIn("ana@acme.test", gatePassword)
		require.Equal(b, "es", lang(b.get("/account")))
		b.post("/account/language", "language", "en")
		require.Equal(b, "en", lang(b.get("/account")))
		_, err = b.admin.ChangeAppearance(b.Context(), b.boss(), domain.IfMatch{}, domain.AppearanceChange{Language: &[]string{"es"}[0]})
		require.NoError(b, err)
		fresh := b.gate.browser()
		fresh.headers["Accept-Language"] = "fr"
		require.Equal(b, "es", lang(fresh.get(path)), "of whom nothing is known speaks the organisation's")
	})
}

// Sessions are listed, and ended one by one or all others at once.
func TestSessionsOfOnesOwn(t *testing.T) {
	t.Parallel()
	eachBrowser(t, func(b *browser) {
		b.member("ana@acme.test")
		phone, third := b.gate.browser(), b.gate.browser()
		phone.headers["User-Agent"] = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1"
		phone.signIn("ana@acme.test", gatePassword)
		third.signIn("ana@acme.test", gatePassword)
		b.signIn("ana@acme.test", gatePassword)
		page := b.get("/account")
		rows := page.Find("section[aria-labelledby=sessions] li")
		require.Equal(b, 4, rows.Length())
		require.Contains(b, rows.First().Text(), "This browser")
		require.Contains(b, rows.Text(), "Safari on iPhone")
		require.Contains(b, rows.Text(), "From 192.0.2.9")
		var end string
		rows.Each(func(_ int, row *goquery.Selection) {
			if strings.Contains(row.Text(), "iPhone") {
				end = row.Find("form").AttrOr("action", "")
			}
		})
		require.Equal(b, "/account?changed=session", b.post(end).to(b))
		require.Contains(b, phone.get("/account").to(b), "ended=1")
		require.Equal(b, http.StatusOK, third.get("/account").status)
		require.Equal(b, "/account?changed=session", b.post(end).to(b), "one that has ended is fine")
		b.member("bo@acme.test")
		foreign := b.gate.browser()
		foreign.signIn("bo@acme.test", gatePassword)
		own, err := b.entrance.Verify(b.Context(), b.session())
		require.NoError(b, err)
		foreign.post("/account/sessions/" + own.Session.ID.String() + "/end")
		require.Equal(b, http.StatusOK, b.get("/account").status, "nobody ends another's")
		require.Equal(b, "/account?changed=sessions", b.post("/account/sessions/others/end").to(b))
		require.Contains(b, third.get("/account").to(b), "ended=1")
		require.Equal(b, http.StatusOK, b.get("/account").status)
		require.Equal(b, "/sign-in", b.post("/account/sessions/"+own.Session.ID.String()+"/end").to(b))
		require.Empty(b, b.session())
	})
}

// A session ends when it was not used for as long as the policy says, and at the latest when it is as old as it says.
func TestSessionsEndByThemselves(t *testing.T) {
	t.Parallel()
	eachBrowser(t, func(b *browser) {
		b.member("ana@acme.test")
		b.signIn("ana@acme.test", gatePassword)
		b.clock.Move(12 * time.Hour)
		require.Contains(b, b.get("/account").to(b), "ended=1")
		b.signIn("ana@acme.test", gatePassword)
		for range 15 {
			b.clock.Move(11 * time.Hour)
			require.Equal(b, http.StatusOK, b.get("/account").status)
		}
		b.clock.Move(4 * time.Hour)
		require.Contains(b, b.get("/account").to(b), "ended=1")
	})
}
