package signin

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
)

// browser is somebody in front of the pages: it keeps cookies, and follows nothing by itself.
type browser struct {
	*gate

	door    http.Handler
	address string // and port, from which it comes
	cookies map[string]string
	headers map[string]string
}

func (g *gate) browser() *browser {
	return &browser{gate: g, door: g.door, address: "192.0.2.9:1234", cookies: map[string]string{}, headers: map[string]string{"Accept-Language": "en", "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}}
}

// seen is a page as it came.
type seen struct {
	*goquery.Document

	status  int
	header  http.Header
	cookies []*http.Cookie
	body    string
}

func (b *browser) get(path string) seen {
	b.Helper()
	return b.send(httptest.NewRequest(http.MethodGet, gateBase+path, http.NoBody))
}

// post sends a form, of pairs of name and value, as a page of this server does.
func (b *browser) post(path string, pairs ...string) seen {
	b.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	r := httptest.NewRequest(http.MethodPost, gateBase+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", gateBase)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.send(r)
}

func (b *browser) send(r *http.Request) seen {
	b.Helper()
	r = r.WithContext(b.Context())
	r.RemoteAddr = b.address
	for name, value := range b.headers {
		if r.Header.Get(name) == "" {
			r.Header.Set(name, value)
		}
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	b.door.ServeHTTP(w, r)
	answer := w.Result()
	s := seen{status: answer.StatusCode, header: answer.Header, cookies: answer.Cookies(), body: w.Body.String()}
	for _, c := range s.cookies {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	document, err := goquery.NewDocumentFromReader(bytes.NewReader(w.Body.Bytes()))
	require.NoError(b, err)
	s.Document = document
	return s
}

// to is where a page sends the browser.
func (s seen) to(t require.TestingT) string {
	require.Equal(t, http.StatusSeeOther, s.status, s.body)
	return s.header.Get("Location")
}

// text of what a selector finds, in one line.
func (s seen) text(selector string) string {
	return strings.Join(strings.Fields(s.Find(selector).Text()), " ")
}

func (b *browser) slug() string { return b.tenant.Organisation.Slug }

// signIn signs somebody in, and gives where that leads.
func (b *browser) signIn(name, password string) seen {
	b.Helper()
	b.get("/sign-in/" + b.slug())
	return b.post("/sign-in/"+b.slug(), "name", name, "password", password)
}

// session is the token of the browser's session; empty: it has none.
func (b *browser) session() string { return b.cookies["__Host-usher_session"] }

// invited is a person who was added and has not answered yet, with the token of their letter.
func (g *gate) invited(email string) (domain.User, string) {
	g.Helper()
	u, err := g.admin.Add(g.Context(), g.boss(), domain.NewPerson{GivenName: "Ben", FamilyName: "Ng", Email: email, Role: g.staff.ID})
	require.NoError(g, err)
	return u, g.letter(u, domain.LinkInvitation)
}

// letter is the token of the last link that somebody was sent.
func (g *gate) letter(u domain.User, kind domain.LinkKind) string {
	g.Helper()
	if kind == domain.LinkReset {
		storetest.SendResets(g, g.store, g.org(), g.entrance)
	}
	var last domain.Link
	require.NoError(g, g.store.Read(g.Context(), func(tx domain.Tx) (err error) {
		var found bool
		last, found, err = tx.Links().Latest(g.org(), u.ID, kind)
		require.True(g, found)
		return err
	}))
	return storetest.Links().Token(g.org(), kind, last.ID)
}

// eachBrowser runs a story over both databases.
func eachBrowser(t *testing.T, rule func(b *browser)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) { rule(newGate(t, store).browser()) })
}
