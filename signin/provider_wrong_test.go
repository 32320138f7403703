package signin

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/oidc/oidctest"
	"usher/persistence"
	"usher/persistence/storetest"
)

// What goes wrong on the way to a provider and back: each has a page in plain words, with a reference and one line in the
// log, and leaves nothing behind.
func TestSingleSignOnGoesWrong(t *testing.T) {
	t.Parallel()
	each := storetest.Shared(t)
	for name, story := range map[string]func(*porch){
		"the provider is down": providerDown, "the provider is slow": providerSlow, "another issuer": anotherIssuer, "the client's secret": clientSecret,
		"rotated keys": rotatedKeys, "missing claims": missingClaims, "cookies are blocked": noCookies, "the back button": backButton,
		"two tabs": twoTabs, "a link twice and tomorrow": linkAgain, "a clock that is an hour wrong": wrongClock,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, store *persistence.Store) {
				p := newPorch(t, store)
				p.justInTime(p.connection)
				story(p)
				if !t.Failed() {
					storetest.Consistent(t, store, p.org())
				}
			})
		})
	}
}

// rows are the numbers of rows that the organisation has in each table.
func (p *porch) rows() map[string]int {
	p.Helper()
	db := storetest.Raw(p, p.store)
	var counts []string
	for _, table := range storetest.TenantTables(p, db) {
		counts = append(counts, "SELECT '"+table+"', count(*) FROM "+table+" WHERE organisation_id = $1")
	}
	found, err := db.QueryContext(p.Context(), strings.Join(counts, " UNION ALL "), p.org().String())
	require.NoError(p, err)
	all := map[string]int{}
	for found.Next() {
		var table string
		var n int
		require.NoError(p, found.Scan(&table, &n))
		all[table] = n
	}
	require.NoError(p, found.Err())
	require.NoError(p, db.Close())
	require.Len(p, all, len(counts))
	return all
}

// wrong is something that leads to a page in the words of a key. Nothing is left of it: no row anywhere, no session, no cookie
// of a sign-in, and one line in the log that says why.
func (p *porch) wrong(key, why string, try func() *httptest.ResponseRecorder) {
	p.Helper()
	before, token := p.rows(), p.token()
	p.log.Reset()
	w := try()
	p.told(w, key, why)
	page, err := goquery.NewDocumentFromReader(bytes.NewReader(w.Body.Bytes()))
	require.NoError(p, err)
	said := page.Find("main").Text()
	require.Contains(p, said, p.door.texts["en"].Text("error."+key+".text"), why)
	for _, ours := range []string{"oidc:", "%!", "context deadline", "dial tcp"} {
		require.NotContains(p, said, ours, why)
	}
	require.Equal(p, before, p.rows(), why)
	require.Equal(p, token, p.token(), why)
	require.Zero(p, p.browser.started(), why)
	lines := strings.Split(strings.TrimSpace(p.log.String()), "\n")
	require.Len(p, lines, 1, why)
	var line struct{ Cause string }
	require.NoError(p, json.Unmarshal([]byte(lines[0]), &line))
	require.NotEmpty(p, line.Cause, why)
}

// start is the way to the provider, from the beginning; comes is the way there and back.
func (p *porch) start() *httptest.ResponseRecorder { return p.get(startPath(p.connection.ID)) }

func (p *porch) comes() *httptest.ResponseRecorder { return p.signIn(p.connection, p.provider) }

// returns is the way back from where a sign-in was begun.
func (p *porch) returns(address string) func() *httptest.ResponseRecorder {
	answer := p.provider.Visit(address)
	return func() *httptest.ResponseRecorder { return p.get(back(p.connection, answer)) }
}

// anew forgets what is remembered of the provider.
func (p *porch) anew() { p.door = p.replica(p.provider.Roots, true) }

// at has the provider answer something else at a path.
func (p *porch) at(path string, answer http.HandlerFunc) {
	p.provider.Instead = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != path {
			return false
		}
		answer(w, r)
		return true
	}
}

func providerDown(p *porch) {
	for _, status := range []int{http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusInternalServerError} {
		p.at(oidctest.DocumentPath, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		p.anew()
		p.wrong("provider-down", "no document", p.start)
		for _, path := range []string{oidctest.KeysPath, oidctest.TokenPath} {
			p.at(path, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
			p.anew()
			p.wrong("provider-down", path, p.comes)
		}
	}
	p.at(oidctest.TokenPath, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":"temporarily_unavailable"}`))
	})
	p.anew()
	p.wrong("provider-down", "it says so itself", p.comes)
	p.provider.Instead = nil
	p.provider.Callback = func(q url.Values) {
		q.Del("code")
		q.Set("error", "temporarily_unavailable")
	}
	p.wrong("provider-down", "it says so on the way back", p.comes)
	p.provider.Callback = nil
	p.anew()
	p.wrong("provider-down", "a certificate that nobody knows", func() *httptest.ResponseRecorder {
		p.door = p.replica(nil, true)
		return p.start()
	})
	p.anew()
	p.let(p.comes())
	p.browser = newJar()

	address := p.begin(p.connection, "") // and then it goes
	returns := p.returns(address)
	p.provider.Close()
	p.wrong("provider-down", "gone meanwhile", returns)
	p.anew()
	p.wrong("provider-down", "nobody listens", p.start)
}

// providerSlow: how long a provider may take is bounded.
func providerSlow(p *porch) {
	const patience = 2 * time.Second // which is enough for what is not slow, on a busy machine
	for path, try := range map[string]func() *httptest.ResponseRecorder{oidctest.DocumentPath: p.start, oidctest.TokenPath: p.comes} {
		p.at(path, func(_ http.ResponseWriter, r *http.Request) {
			_ = r.ParseForm() // that nobody waits any more shows when all that was sent has been read
			<-r.Context().Done()
		})
		p.door = p.patient(p.provider.Roots, true, patience)
		p.wrong("provider-down", path, try)
		require.Contains(p, p.log.String(), "too long to answer", path)
	}
	p.at(oidctest.TokenPath, func(w http.ResponseWriter, r *http.Request) { // begins, and never comes to an end
		_ = r.ParseForm()
		_, _ = w.Write([]byte("{"))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	p.door = p.patient(p.provider.Roots, true, patience) // the one before may remember that the document did not come
	p.wrong("provider-down", "an answer without an end", p.comes)
	p.provider.Instead = nil
	p.anew()
	p.let(p.comes())
}

func anotherIssuer(p *porch) {
	p.provider.Document = func(d map[string]any) { d["issuer"] = "https://other.test" }
	p.anew()
	p.wrong("provider-here", "the document's", p.start)
	p.provider.Document = nil
	p.anew()
	p.provider.Forge = func(t *oidctest.Token) { t.Claims["iss"] = "https://other.test" }
	p.wrong("provider", "the token's", p.comes)
	p.provider.Forge = nil
	p.provider.Callback = func(q url.Values) { q.Set("iss", "https://other.test") }
	p.wrong("provider-again", "the answer's", p.comes)
	p.provider.Callback = nil
	p.let(p.comes())
}

func clientSecret(p *porch) {
	open := func(secret string, err error) {
		p.anew()
		p.door.Registrar.OpenSecret = func(domain.OrganisationID, domain.ConnectionID, []byte) ([]byte, error) { return []byte(secret), err }
	}
	open("not the secret", nil)
	p.wrong("provider-here", "one that the provider does not know, or not any more", p.comes)
	require.NotContains(p, p.log.String(), "not the secret")
	open("", errors.New("sealed under another key"))
	p.wrong("provider-here", "one that does not open", p.start)
	p.anew()
	p.let(p.comes())
}

// rotatedKeys: a new key is found by itself, one that was taken back is believed for an hour at most.
func rotatedKeys(p *porch) {
	p.let(p.comes())
	old := p.provider.Keys[0]
	p.provider.Keys = []oidctest.Key{oidctest.OtherRSA("two")}
	p.clock.Move(11 * time.Second)
	p.browser = newJar()
	p.let(p.comes())
	p.browser = newJar()
	withdrawn := func(t *oidctest.Token) { t.Header["kid"], t.Sign = old.ID, old.Sign }
	p.provider.Forge = withdrawn
	p.wrong("provider", "a key that was taken back", p.comes)
	p.clock.Move(2 * time.Hour)
	p.wrong("provider", "and later, too", p.comes)
	p.provider.Forge = func(t *oidctest.Token) { t.Header["kid"], t.Sign = "two", old.Sign }
	p.wrong("provider", "under the name of the new one", p.comes)
	p.provider.Forge, p.provider.Keys = nil, nil
	p.clock.Move(2 * time.Hour)
	address := p.begin(p.connection, "")
	p.provider.Keys = []oidctest.Key{old}
	returns := p.returns(address)
	p.at(oidctest.KeysPath, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"keys":[]}`)) })
	p.wrong("provider", "no keys at all", returns)
}

func missingClaims(p *porch) {
	without := func(names ...string) {
		p.provider.Forge = func(t *oidctest.Token) {
			for _, name := range names {
				delete(t.Claims, name)
			}
		}
	}
	for _, name := range []string{"sub", "aud", "iss", "nonce"} {
		without(name)
		p.wrong("provider", name, p.comes)
	}
	p.settings(p.connection, func(s *domain.ProviderSettings) { s.Claims = map[string]string{"subject": "employee"} })
	without()
	p.wrong("provider-claims", "the claim that says who it is", p.comes)
	p.settings(p.connection, func(s *domain.ProviderSettings) { s.Claims = nil; s.HostedDomains = []string{"acme.test"} })
	p.wrong("provider-account", "the domain that has to be the organisation's", p.comes)
	p.settings(p.connection, func(s *domain.ProviderSettings) { s.HostedDomains = nil })
	p.provider.Answer = func(tokens map[string]any) { delete(tokens, "id_token") }
	p.wrong("provider", "the ID token", p.comes)
	p.provider.Answer = nil

	// Nobody is made without a user name: that they came is all that is kept.
	without("preferred_username", "email")
	before := p.rows()
	p.refused(p.comes(), "no-account", "no name by which they could sign in")
	after := p.rows()
	require.Equal(p, before["events"]+1, after["events"], "connection.first_access_refused")
	require.Equal(p, before["tallies"]+1, after["tallies"], "turned_away")
	for _, grown := range []string{"events", "event_values", "tallies", "rate_windows"} { // one event in a window of an hour
		after[grown] = before[grown]
	}
	require.Equal(p, before, after)
	p.provider.Forge = nil
	p.let(p.comes())
}

func noCookies(p *porch) {
	returns := p.returns(p.begin(p.connection, ""))
	p.browser = newJar() // which has kept none
	p.wrong("provider-cookie", "cookies are blocked", returns)
	require.Contains(p, p.door.texts["en"].Text("error.provider-cookie.text"), "Allow cookies")
	require.Empty(p, p.provider.Posted(), "the code was not taken anywhere")
	p.browser.cookies[hostPrefix+startedCookie+"x"] = "rubbish"
	p.refused(returns(), "provider-cookie", "cookies that are not ours")
	p.browser = newJar()

	// A browser that keeps none comes from a letter.
	_, letter := p.invited("ben@acme.test")
	before := p.rows()
	require.Equal(p, startPath(p.connection.ID), p.leads(newJar().send(p.door, http.MethodPost, letter, url.Values{"connection": {p.connection.ID.String()}})))
	require.Equal(p, before, p.rows(), "the letter is as it was")
}

func backButton(p *porch) {
	answer := p.provider.Visit(p.begin(p.connection, ""))
	p.provider.Forge = func(t *oidctest.Token) { t.Claims["aud"] = "another" }
	failed := func() *httptest.ResponseRecorder { return p.get(back(p.connection, answer)) }
	p.wrong("provider", "it does not go well", failed)
	p.provider.Forge = nil
	p.wrong("provider-cookie", "the page again", failed)

	// Back to the provider's page, and once more from there; when one is in, that is all that it leads to.
	address := p.begin(p.connection, "")
	p.let(p.returns(address)())
	token, before := p.token(), p.rows()
	posted := len(p.provider.Posted())
	w := p.returns(address)()
	require.Equal(p, []any{http.StatusSeeOther, homePath}, []any{w.Code, w.Header().Get("Location")})
	require.Equal(p, []any{token, before, posted}, []any{p.token(), p.rows(), len(p.provider.Posted())})
	require.Contains(p, p.get(homePath).Header().Get("Cache-Control"), "no-store", "what is shown after signing out is asked for anew")
	w = p.post("/sign-out")
	require.Equal(p, http.StatusOK, w.Code)
	require.Contains(p, p.get(homePath).Header().Get("Location"), "/sign-in")
	p.wrong("provider-cookie", "after signing out", p.returns(address))
}

// twoTabs: both come to their end, in either order, and leave one session; what goes wrong in one is nothing to the other.
func twoTabs(p *porch) {
	for _, order := range [][2]int{{0, 1}, {1, 0}} {
		tabs := [2]string{p.begin(p.connection, "?return_to=/account?tab=0"), p.begin(p.connection, "?return_to=/account?tab=1")}
		require.Equal(p, 2, p.browser.started())
		for _, tab := range order {
			w := p.returns(tabs[tab])()
			p.let(w)
			require.Equal(p, "/account?tab="+string(rune('0'+tab)), w.Header().Get("Location"))
			require.Equal(p, 1, p.count("sessions"))
		}
		require.Zero(p, p.browser.started())
		require.Equal(p, http.StatusOK, p.get(homePath).Code)
		p.post("/sign-out")
	}
	first, second := p.begin(p.connection, ""), p.begin(p.connection, "")
	p.provider.Callback = func(q url.Values) {
		q.Del("code")
		q.Set("error", "access_denied")
	}
	p.refused(p.returns(first)(), "provider-denied", "in one")
	require.Equal(p, 1, p.browser.started())
	p.provider.Callback = nil
	p.let(p.returns(second)())
}

func linkAgain(p *porch) {
	answer := p.provider.Visit(p.begin(p.connection, ""))
	link := func() *httptest.ResponseRecorder { return p.get(back(p.connection, answer)) }
	kept := maps.Clone(p.browser.cookies)
	p.let(link())
	p.browser = newJar()
	p.wrong("provider-cookie", "somebody else has the address", link)
	p.browser.cookies = kept // as a browser has them that was put back to where it was
	p.wrong("provider-again", "twice, with the cookie", link)
	returns := p.returns(p.begin(p.connection, ""))
	p.clock.Move(24 * time.Hour)
	p.wrong("provider-again", "tomorrow", returns)

	// A link of the provider's portal may be used whenever; an answer to a letter only while it is open.
	portal := "?iss=" + url.QueryEscape(p.provider.Issuer)
	for range 2 {
		p.browser = newJar()
		p.let(p.returns(p.begin(p.connection, portal))())
		p.clock.Move(24 * time.Hour)
	}
	p.browser = newJar()
	_, letter := p.invited("ben@acme.test")
	p.clock.Move(7 * 24 * time.Hour)
	before := p.rows()
	p.log.Reset()
	for _, w := range []*httptest.ResponseRecorder{p.get(letter), p.post(letter, "connection", p.connection.ID.String())} {
		require.Equal(p, http.StatusGone, w.Code)
		page, err := goquery.NewDocumentFromReader(w.Body)
		require.NoError(p, err)
		require.Equal(p, []string{"This link is too old", "r-7"}, []string{page.Find("h1").Text(), page.Find("p.reference code").Text()})
	}
	require.Equal(p, 2, strings.Count(p.log.String(), "a link opened nothing"))
	require.NotContains(p, p.log.String(), letter[len("/invitation/"):])
	require.Equal(p, before, p.rows())
	require.Empty(p, p.browser.cookies[hostPrefix+invitationCookie])
}

// wrongClock: the provider's, or, what is the same to a token, this server's; and this server's while somebody is away.
func wrongClock(p *porch) {
	for _, by := range []time.Duration{time.Hour, -time.Hour} {
		p.provider.Now = func() time.Time { return p.clock.Now().Add(by) }
		p.wrong("provider-clock", by.String(), p.comes)
	}
	p.provider.Now = func() time.Time { return p.clock.Now().Add(59 * time.Second) }
	p.let(p.comes())
	p.browser = newJar()
	p.provider.Now = p.clock.Now
	returns := p.returns(p.begin(p.connection, ""))
	p.clock.Move(time.Hour)
	p.wrong("provider-again", "this server's clock, put right while they were away", returns)
	returns = p.returns(p.begin(p.connection, ""))
	p.provider.Now = func() time.Time { return p.clock.Now().Add(time.Hour) }
	p.clock.Move(-time.Hour)
	p.wrong("provider-clock", "and put back", returns)
	p.provider.Now = p.clock.Now
	p.let(p.comes())
}
