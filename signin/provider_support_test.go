package signin

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/internal/secret"
	"usher/oidc"
	"usher/oidc/oidctest"
	"usher/persistence"
	"usher/persistence/storetest"
)

// porch is an organisation whose people come by a provider, and the door, as two processes have it.
type porch struct {
	*testing.T
	store      *persistence.Store
	clock      *storetest.Clock
	tenant     storetest.Tenant
	admin      *domain.Administration
	directory  *domain.Directory
	provider   *oidctest.Provider
	connection domain.Connection
	caller     domain.Caller
	door, twin *Handler
	log        *bytes.Buffer // of both
	browser    *jar
}

func newPorch(t *testing.T, store *persistence.Store) *porch {
	t.Helper()
	clock := storetest.NewClock()
	p := &porch{
		T: t, store: store, clock: clock, tenant: storetest.OwnTenant(t, store, -1), admin: domain.NewAdministration(store, clock.Environment(), rand.Reader),
		directory: domain.NewDirectory(store, clock.Environment()), provider: oidctest.New(t), log: new(bytes.Buffer), browser: newJar(),
	}
	p.provider.Now = clock.Now
	p.connection, p.caller = p.connect("idp", p.provider, domain.KindGeneric)
	p.door, p.twin = p.replica(p.provider.Roots, true), p.replica(p.provider.Roots, true)
	return p
}

// connect makes a connection whose people come by a provider.
func (p *porch) connect(name string, provider *oidctest.Provider, kind domain.ConnectionKind) (domain.Connection, domain.Caller) {
	p.Helper()
	c, _, caller := storetest.NewConnection(p, p.store, p.tenant.Organisation.ID, name, func(c *domain.Connection) {
		c.Kind, c.Activation = kind, domain.ActivateOnFirstAccess
		c.OIDC = domain.OIDCClient{Issuer: provider.Issuer, ClientID: oidctest.ClientID, SealedSecret: []byte(oidctest.ClientSecret)}
	})
	provider.Redirect = gateBase + oidc.CallbackPath(c.ID)
	return c, caller
}

// replica is the door as one more process has it.
func (p *porch) replica(roots *x509.CertPool, private bool) *Handler {
	p.Helper()
	return p.patient(roots, private, 0)
}

// patient is a replica that waits so long for a provider.
func (p *porch) patient(roots *x509.CertPool, private bool, patience time.Duration) *Handler {
	p.Helper()
	key, err := secret.Parse("a-secret-key-for-tests-0123456789abcdef")
	require.NoError(p, err)
	party, err := oidc.New(oidc.Config{AllowPrivate: private, Roots: roots, Now: p.clock.Now, Patience: patience})
	require.NoError(p, err)
	p.Cleanup(party.Close)
	door, err := New(Config{
		Entrance: domain.NewEntrance(p.store, p.clock.Environment(), rand.Reader), Party: party, BaseURL: gateBase,
		Registrar: oidc.Registrar{BaseURL: gateBase, OpenSecret: func(_ domain.OrganisationID, _ domain.ConnectionID, sealed []byte) ([]byte, error) {
			return sealed, nil
		}},
		Seal: func(text, place []byte) ([]byte, error) { return key.Seal("people", text, place) },
		Open: func(sealed, place []byte) ([]byte, error) { return key.Open("people", sealed, place) },
		Now:  p.clock.Now, Random: rand.Reader, Log: slog.New(slog.NewJSONHandler(p.log, nil)), RequestID: func(*http.Request) string { return "r-7" },
		ClientAddress: peer,
	})
	require.NoError(p, err)
	return door
}

func (p *porch) org() domain.OrganisationID { return p.tenant.Organisation.ID }

func (p *porch) boss() domain.Administrator {
	return domain.Administrator{Organisation: p.org(), Actor: domain.ActorOperator(), Owner: true}
}

func (p *porch) settings(c domain.Connection, change func(*domain.ProviderSettings)) {
	p.Helper()
	_, err := p.admin.ChangeProviderSettings(p.Context(), p.boss(), c.ID, domain.IfMatch{}, nil, func(s domain.ProviderSettings) domain.ProviderSettings {
		change(&s)
		return s
	})
	require.NoError(p, err)
}

// justInTime lets the connection make accounts, so that whoever is let in is seen.
func (p *porch) justInTime(c domain.Connection) {
	p.settings(c, func(s *domain.ProviderSettings) { s.JustInTime = true })
}

// count counts the rows of a table of the organisation.
func (p *porch) count(table string) int {
	p.Helper()
	return storetest.Count(p, storetest.Raw(p, p.store), "SELECT count(*) FROM "+table+" WHERE organisation_id = $1", p.org().String())
}

// jar is a browser of which there are the cookies, and nothing else.
type jar struct{ cookies map[string]string }

func newJar() *jar { return &jar{cookies: map[string]string{}} }

func (b *jar) send(door http.Handler, method, path string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Accept-Language", "en")
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	door.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	return w
}

// started are the sign-ins that the browser remembers to be away.
func (b *jar) started() (n int) {
	for name := range b.cookies {
		if strings.HasPrefix(name, hostPrefix+startedCookie) {
			n++
		}
	}
	return n
}

func (b *jar) signedIn() bool { return b.cookies[hostPrefix+sessionCookie] != "" }

func (p *porch) get(path string) *httptest.ResponseRecorder {
	return p.browser.send(p.door, http.MethodGet, path, nil)
}

// post sends a form, of pairs of name and value.
func (p *porch) post(path string, pairs ...string) *httptest.ResponseRecorder {
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return p.browser.send(p.door, http.MethodPost, path, form)
}

// begin starts a sign-in and gives the address at the provider.
func (p *porch) begin(c domain.Connection, query string) string {
	p.Helper()
	w := p.get("/oidc/" + c.ID.String() + "/start" + query)
	require.Equal(p, http.StatusSeeOther, w.Code, w.Body)
	return w.Header().Get("Location")
}

// back is the path that the provider sends the browser to.
func back(c domain.Connection, query url.Values) string {
	return oidc.CallbackPath(c.ID) + "?" + query.Encode()
}

// signIn goes there and back.
func (p *porch) signIn(c domain.Connection, provider *oidctest.Provider) *httptest.ResponseRecorder {
	p.Helper()
	return p.get(back(c, provider.Visit(p.begin(c, ""))))
}

// refused is a page that says so in the words of a key, with a reference that the log has, and nobody is in.
func (p *porch) refused(w *httptest.ResponseRecorder, key, why string) {
	p.Helper()
	p.told(w, key, why)
	require.False(p, p.browser.signedIn(), why)
}

// told is a page that says in the words of a key what went wrong, with a reference that the log has.
func (p *porch) told(w *httptest.ResponseRecorder, key, why string) {
	p.Helper()
	require.GreaterOrEqual(p, w.Code, 400, why)
	page, err := goquery.NewDocumentFromReader(bytes.NewReader(w.Body.Bytes()))
	require.NoError(p, err)
	require.Contains(p, page.Find("main").Text(), p.door.texts["en"].Text("error."+key+".title"), why)
	require.Equal(p, "r-7", page.Find("p.reference code").Text(), why)
	require.NotContains(p, p.log.String()+w.Body.String(), oidctest.ClientSecret)
}

// let is a sign-in that went well: the session is good at the other replica, too.
func (p *porch) let(w *httptest.ResponseRecorder) domain.Session {
	p.Helper()
	require.Equal(p, http.StatusSeeOther, w.Code, w.Body)
	in, err := p.twin.Entrance.Verify(p.Context(), p.browser.cookies[hostPrefix+sessionCookie])
	require.NoError(p, err)
	return in.Session
}
