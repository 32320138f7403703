package signin

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/domain/attribute"
)

// changing is what differs from one answer to the next, whoever asks: nonces.
var changing = regexp.MustCompile(`nonce="[^"]*"`)

// shape is an answer without what differs from one to the next, and without the name that was typed.
func shape(s seen) []string {
	body := changing.ReplaceAllString(s.body, "")
	body = regexp.MustCompile(`(name="name" type="text" value=)"[^"]*"`).ReplaceAllString(body, "$1")
	kept := []string{http.StatusText(s.status), body, s.header.Get("Content-Type"), s.header.Get("Retry-After"), s.header.Get("Location")}
	for _, c := range s.cookies {
		kept = append(kept, c.Name)
	}
	return kept
}

// Security 14: markup and template text in what people are called are text.
func TestSecurity14MarkupIsInert(t *testing.T) {
	t.Parallel()
	eachBrowser(t, func(b *browser) {
		const hostile = `<img src=x onerror=alert(1)>{{.Data}}"'`
		u, err := b.admin.Add(b.Context(), b.boss(), domain.NewPerson{FullName: hostile, GivenName: hostile, FamilyName: "x", Email: "eve@acme.test", Role: b.staff.ID})
		require.NoError(b, err)
		path := "/invitation/" + b.letter(u, domain.LinkInvitation)
		got := b.get(path)
		require.Contains(b, got.text("main"), `{{.Data}}`)
		b.post(path, "password", gatePassword, "again", gatePassword)
		b.headers["User-Agent"] = hostile
		b.signIn(hostile, "x")
		for _, s := range []seen{got, b.get("/account"), b.post("/sign-in/"+b.slug(), "name", hostile, "password", "x", "return_to", hostile), b.get("/sign-in/organisation?return_to=" + url.QueryEscape(hostile)), b.get("/" + url.PathEscape(hostile))} {
			require.Zero(b, s.Find("img").Length())
			require.Zero(b, s.Find("[onerror]").Length())
			require.NotContains(b, s.body, "<img")
		}

		// What organisations and connections are called is said before anybody has signed in.
		made, err := domain.NewInstallation(b.store, b.clock.Environment(), rand.Reader).CreateOrganisation(b.Context(), domain.OrganisationSpec{Slug: "hostile", Name: hostile})
		require.NoError(b, err)
		issuer, client := "https://idp.test", "usher"
		owner := domain.Administrator{Organisation: made.Organisation.ID, Owner: true}
		_, err = b.admin.ChangeConnectionClient(b.Context(), owner, made.Connection.ID, domain.IfMatch{}, domain.OIDCChange{Issuer: &issuer, ClientID: &client})
		require.NoError(b, err)
		for _, path := range []string{"/sign-in/", "/reset?organisation="} {
			s := b.gate.browser().get(path + made.Organisation.Slug)
			require.Equal(b, http.StatusOK, s.status)
			require.Contains(b, s.text("body"), `{{.Data}}`, path)
			require.NotContains(b, s.body, "<img src=x")
			require.Zero(b, s.Find("[onerror]").Length())
		}
	})
}

// Security 33: where somebody wants to go comes back on every page and step, and is a place of ours or of an application.
func TestSecurity33ReturnTo(t *testing.T) {
	t.Parallel()
	eachBrowser(t, func(b *browser) {
		b.member("ana@acme.test")
		for to, want := range map[string]string{
			"/account?x=1": "/account?x=1", "//evil.test": "/account", `/\evil.test`: "/account", "https://evil.test/": "/account", "javascript:alert(1)": "/account",
			"/account\r\nSet-Cookie: a=b": "/account", "": "/account",
		} {
			fresh := b.gate.browser()
			fresh.get("/sign-in/" + b.slug())
			got := fresh.post("/sign-in/"+b.slug(), "name", "ana@acme.test", "password", gatePassword, "return_to", to)
			require.Equal(b, want, got.to(b), to)
			require.Equal(b, want, fresh.get("/sign-in?return_to="+url.QueryEscape(to)).to(b))
		}
		// To an application it is a page that leads on, since browsers hold what follows a form to where forms may go.
		fresh := b.gate.browser()
		fresh.get("/sign-in/" + b.slug())
		got := fresh.post("/sign-in/"+b.slug(), "name", "ana@acme.test", "password", gatePassword, "return_to", crmOrigin+"/deals?id=1")
		require.Equal(b, http.StatusOK, got.status)
		require.Equal(b, "0; url="+crmOrigin+"/deals?id=1", got.Find("meta[http-equiv=refresh]").AttrOr("content", ""))
		require.Equal(b, crmOrigin+"/deals?id=1", got.Find("main a").AttrOr("href", ""))
	})
}

// Security 35: the session's token is another one after every sign-in and step, and the old one is dead on the server.
func TestSecurity35Rotation(t *testing.T) {
	t.Parallel()
	eachBrowser(t, func(b *browser) {
		b.member("ana@acme.test")
		b.cookies["__Host-usher_session"] = domain.SessionTokenPrefix + "chosen-by-somebody-else"
		b.signIn("ana@acme.test", gatePassword)
		first := b.session()
		require.NotContains(b, first, "chosen")
		b.signIn("ana@acme.test", gatePassword)
		second := b.session()
		require.NotEqual(b, first, second)
		dead := func(token string) {
			b.Helper()
			_, err := b.entrance.Verify(b.Context(), token)
			require.True(b, domain.IsKind(err, domain.Unauthenticated))
		}
		dead(first)
		b.post("/sign-in/password", "current", gatePassword, "password", newPassword, "again", newPassword)
		third := b.session()
		require.NotEqual(b, second, third)
		dead(second)
		require.Equal(b, "Sign out?", b.get("/sign-out").text("h1"))
		require.NotEmpty(b, b.session(), "to look changes nothing")
		require.Equal(b, "/sign-in", b.post("/sign-out").to(b))
		require.Empty(b, b.session())
		dead(third)
		b.cookies["__Host-usher_session"] = third
		require.Contains(b, b.get("/account").to(b), "/sign-in?")
	})
}

// Security 37: a changed password ends the other sessions.
func TestSecurity37OthersEnd(t *testing.T) {
	t.Parallel()
	eachBrowser(t, func(b *browser) {
		b.member("ana@acme.test")
		other := b.gate.browser()
		b.signIn("ana@acme.test", gatePassword)
		other.signIn("ana@acme.test", gatePassword)
		require.Equal(b, 3, b.get("/account").Find("section[aria-labelledby=sessions] li").Length(), "the third began with the invitation")
		b.post("/sign-in/password", "current", gatePassword, "password", newPassword, "again", newPassword)
		require.Equal(b, http.StatusOK, b.get("/account").status)
		require.Contains(b, other.get("/account").to(b), "ended=1")
		require.Equal(b, 1, b.get("/account").Find("section[aria-labelledby=sessions] li").Length())
	})
}

// Security 41: a long password counts to its last character, and a link works once.
func TestSecurity41LongPassword(t *testing.T) {
	t.Parallel()
	eachBrowser(t, func(b *browser) {
		_, token := b.invited("ben@acme.test")
		long := strings.Repeat("long ", 51) + "x"
		require.Len(b, long, 256)
		require.Equal(b, "/account", b.post("/invitation/"+token, "password", long, "again", long).goes(b))
		require.Equal(b, http.StatusUnauthorized, b.signIn("ben@acme.test", long[:255]+"y").status)
		require.Equal(b, http.StatusUnauthorized, b.signIn("ben@acme.test", long[:255]).status)
		require.Equal(b, http.StatusUnauthorized, b.signIn("ben@acme.test", long+"x").status)
		require.Equal(b, "/account", b.signIn("ben@acme.test", long).to(b))
	})
}

// Security 42: nobody changes here what only a directory or an administrator says of them.
func TestSecurity42NothingOfOnesOwn(t *testing.T) {
	t.Parallel()
	eachBrowser(t, func(b *browser) {
		u := b.member("ana@acme.test")
		b.signIn("ana@acme.test", gatePassword)
		got := b.post("/account/language", "language", "es", "email", "boss@acme.test", "emails", "boss@acme.test", "owner", "true", "userName", "boss", "role", "x")
		require.Equal(b, "/account?changed=language", got.to(b))
		is, err := b.admin.Person(b.Context(), b.boss(), u.ID)
		require.NoError(b, err)
		tree, err := is.Attributes()
		require.NoError(b, err)
		require.JSONEq(b, `[{"value":"ana@acme.test","type":"work","primary":true}]`, string(attribute.AppendJSON(nil, tree.Get("emails"))))
		require.Equal(b, "ana@acme.test", is.UserName.Text)
		require.False(b, is.Owner)
		require.Equal(b, "Su idioma se ha guardado.", b.get("/account?changed=language").text(".notice"))
		require.Equal(b, http.StatusNotFound, b.post("/account/language", "language", "xx").status)
	})
}

// Security 43: what is secret is in no log, and in no address that a page names.
func TestSecurity43NothingSecretShows(t *testing.T) {
	t.Parallel()
	eachBrowser(t, func(b *browser) {
		var logged bytes.Buffer
		door := b.replica()
		door.Log = slog.New(slog.NewJSONHandler(&logged, nil))
		b.door = door
		_, token := b.invited("ben@acme.test")
		path := "/invitation/" + token
		b.get(path)
		b.post(path, "password", "short", "again", "short")
		b.post(path, "password", newPassword, "again", newPassword)
		session := b.session()
		account := b.get("/account")
		b.signIn("ben@acme.test", "a wrong password")
		door.Entrance = domain.NewEntrance(broken{}, b.clock.Environment(), rand.Reader)
		failed := b.get("/account")
		require.Equal(b, http.StatusInternalServerError, failed.status)
		require.Contains(b, failed.text(".reference"), "r-7")
		require.NotContains(b, failed.body, "on fire")
		b.get(path)
		require.Contains(b, logged.String(), "on fire")
		for _, secret := range []string{token, session, newPassword, "a wrong password", "short\""} {
			require.NotContains(b, logged.String(), secret)
			require.NotContains(b, account.body, secret)
		}
	})
}

// broken is a store that fails.
type broken struct{ domain.Store }

func (broken) Read(context.Context, func(domain.Tx) error) error {
	return errors.New("the disk is on fire")
}

func (broken) Write(context.Context, func(domain.Tx) error) error {
	return errors.New("the disk is on fire")
}

// Security 44: forms of other sites change nothing; cookies are bound to this host; pages keep to themselves.
func TestSecurity44OtherSites(t *testing.T) {
	t.Parallel()
	eachBrowser(t, func(b *browser) {
		b.member("ana@acme.test")
		b.signIn("ana@acme.test", gatePassword)
		for _, route := range routes() {
			if route.method == http.MethodGet {
				continue
			}
			path := strings.NewReplacer("{slug}", b.slug(), "{token}", "x", "{session}", "x", "{connection}", "x", "{passkey}", "x", "{device}", "x").Replace(route.pattern)
			for name, headers := range map[string][]string{
				"another site":     {"Sec-Fetch-Site", "cross-site", "Content-Type", "application/x-www-form-urlencoded"},
				"another origin":   {"Origin", "https://evil.test", "Content-Type", "application/x-www-form-urlencoded"},
				"text that is not": {"Content-Type", "text/plain", "Sec-Fetch-Site", "same-origin"},
			} {
				r := httptest.NewRequest(route.method, gateBase+path, strings.NewReader("name=ana@acme.test&password="+url.QueryEscape(gatePassword)))
				for i := 0; i+1 < len(headers); i += 2 {
					r.Header.Set(headers[i], headers[i+1])
				}
				require.Equal(b, http.StatusForbidden, b.send(r).status, "%s %s from %s", route.method, path, name)
			}
		}
		require.Equal(b, http.StatusOK, b.get("/account").status, "nothing was done")
		for _, path := range []string{"/account", "/sign-in/" + b.slug(), "/nowhere", "/sign-out", "/invitation/x"} {
			h := b.get(path).header
			policy := h.Get("Content-Security-Policy")
			for _, rule := range []string{"default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'", "script-src 'nonce-"} {
				require.Contains(b, policy, rule, path)
			}
			require.NotContains(b, policy, "unsafe")
			for name, value := range map[string]string{
				"X-Content-Type-Options": "nosniff", "Cross-Origin-Opener-Policy": "same-origin", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
				"Strict-Transport-Security": "max-age=31536000; includeSubDomains",
			} {
				require.Equal(b, value, h.Get(name), path)
			}
			require.NotEmpty(b, h.Get("Permissions-Policy"))
		}
		one, other := b.get("/account"), b.get("/account")
		require.NotEqual(b, one.header.Get("Content-Security-Policy"), other.header.Get("Content-Security-Policy"), "a nonce is of one page")
		fresh := b.gate.browser()
		set := slices.Concat(fresh.get("/sign-in/"+b.slug()).cookies, fresh.signIn("ana@acme.test", gatePassword).cookies)
		require.NotEmpty(b, set)
		for _, c := range set {
			require.True(b, strings.HasPrefix(c.Name, "__Host-"), c.Name)
			require.True(b, c.Secure && c.HttpOnly, c.Name)
			require.Equal(b, http.SameSiteLaxMode, c.SameSite, c.Name)
			require.Equal(b, "/", c.Path)
			require.Empty(b, c.Domain)
		}
		require.Equal(b, http.StatusMethodNotAllowed, b.post("/account").status)
		require.Equal(b, "GET, HEAD", b.post("/account").header.Get("Allow"))
	})
}

// Cookies that are blocked are found out by a round trip, and said.
func TestCookiesBlocked(t *testing.T) {
	t.Parallel()
	eachBrowser(t, func(b *browser) {
		b.member("ana@acme.test")
		got := b.post("/sign-in/"+b.slug(), "name", "ana@acme.test", "password", gatePassword, "return_to", "/account?x=1")
		check := got.to(b)
		require.Equal(b, "/sign-in/check?return_to=%2Faccount%3Fx%3D1", check)
		blocking := b.gate.browser()
		page := blocking.get(check)
		require.Equal(b, http.StatusBadRequest, page.status)
		require.Equal(b, []string{"Your browser keeps no cookies", "r-7"}, []string{page.text("h1"), page.text(".reference code")})
		again, err := url.Parse(page.Find("main a").AttrOr("href", ""))
		require.NoError(b, err)
		require.Equal(b, "/account?x=1", again.Query().Get("return_to"))
		require.Equal(b, "/account?x=1", b.get(check).to(b))
	})
}
