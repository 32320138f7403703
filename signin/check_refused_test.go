package signin

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
)

// Whoever may not go on is told why: a browser by a page in their language, which says as whom they are signed in and where to
// sign out; a program, and a proxy that keeps the answer to itself, by a problem.
func TestWhyNot(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		g := newGate(t, store)
		u := g.member("ana@acme.test")
		token := g.session("ana@acme.test")
		spanish := "es"
		_, err := g.admin.Edit(g.Context(), g.boss(), u.ID, domain.IfMatch{}, domain.PersonChange{Fields: domain.FieldChange{Language: &spanish}})
		require.NoError(g, err)
		asked := func(path string, headers ...string) *httptest.ResponseRecorder {
			return g.ask(path, token, append([]string{"X-Original-URL", crmOrigin + "/deals?id=1"}, headers...)...)
		}
		forwarded := func(host string, headers ...string) *httptest.ResponseRecorder {
			return g.ask(checkPath, token, append([]string{"X-Forwarded-Proto", "https", "X-Forwarded-Host", host, "X-Forwarded-Uri", "/deals"}, headers...)...)
		}
		page := func(w *httptest.ResponseRecorder, reason string) string {
			require.Equal(g, http.StatusForbidden, w.Code, w.Body)
			require.Equal(g, reason, w.Header().Get(headerReason))
			require.Contains(g, w.Header().Get("Content-Type"), "text/html")
			require.Equal(g, "es", w.Header().Get("Content-Language"))
			doc, err := goquery.NewDocumentFromReader(strings.NewReader(w.Body.String()))
			require.NoError(g, err)
			require.Equal(g, gateBase+"/sign-out", doc.Find("main a.button").AttrOr("href", ""), "from whatever address it is shown at")
			require.True(g, strings.HasPrefix(doc.Find("link[rel=stylesheet]").AttrOr("href", ""), gateBase+"/assets/"))
			require.Contains(g, w.Header().Get("Content-Security-Policy"), "style-src "+gateBase+" ")
			require.NotEmpty(g, doc.Find(".reference code").Text())
			for name := range w.Header() {
				require.NotContains(g, []string{headerUser, headerAssertion}, name)
			}
			return doc.Find("main").Text()
		}
		read := func(w *httptest.ResponseRecorder) problem {
			require.Equal(g, "application/problem+json", w.Header().Get("Content-Type"))
			var p problem
			require.NoError(g, json.Unmarshal(w.Body.Bytes(), &p))
			require.Equal(g, w.Code, p.Status)
			return p
		}
		html := []string{"Accept", "text/html,*/*"}

		unknown := page(forwarded("other.acme.test", html...), domain.CodeApplicationUnknown)
		for _, says := range []string{"Esta aplicación no es de su organización.", "Ha iniciado sesión como Ana Łuk"} {
			require.Contains(g, unknown, says)
		}
		require.Equal(g, domain.CodeApplicationUnknown, read(forwarded("other.acme.test")).Code, "a program")
		require.Equal(g, domain.CodeApplicationUnknown, read(forwarded("other.acme.test", "Accept", "text/html", "X-Forwarded-Method", "POST")).Code, "a form")

		require.Equal(g, crmOrigin+"/deals?id=1", asked(refusedPath, html...).Header().Get("Location"), "nothing stops them any more")
		require.Equal(g, gateBase+"/account", g.ask(refusedPath+"?application="+crmOrigin, token, "X-Original-URL", "https://evil.test/").Header().Get("Location"))
		from := g.clock.Now().AddDate(1, 0, 0)
		_, err = g.admin.SetWindow(g.Context(), g.boss(), u.ID, domain.IfMatch{}, domain.WindowSpec{TimeZone: "Europe/Madrid", ValidFrom: from.Format(time.DateOnly)})
		require.NoError(g, err)
		late := page(asked(refusedPath, html...), "not_yet_valid")
		for _, says := range []string{g.door.texts["es"].Text("refused.not_yet_valid"), "Ana Łuk", from.Format("2006"), "(CE"} {
			require.Contains(g, late, says)
		}
		require.Equal(g, "not_yet_valid", read(asked(refusedPath)).Code)
		require.Equal(g, asked(checkPath).Header().Get(headerNextOpening), read(asked(checkPath, html...)).NextOpening, "nginx throws it away")

		token = ""
		out := asked(refusedPath, html...)
		require.Equal(g, http.StatusFound, out.Code, "signed out meanwhile")
		p := read(asked(checkPath))
		require.Equal(g, []string{domain.CodeUnauthenticated, out.Header().Get("Location")}, []string{p.Code, p.SignIn})
	})
}
