package toyidp_test

import (
	"crypto/rand"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/cmd/usher/toyidp"
	"usher/domain"
	"usher/oidc"
)

// scene is a provider, the relying party that it is registered at, and what it sends there.
type scene struct {
	*testing.T

	provider *httptest.Server
	party    *oidc.RelyingParty
	as       oidc.Registration

	mu     sync.Mutex
	bodies map[string]string // by method and path, the latest
	asked  map[string]int
	status int
}

const home = "http://127.0.0.1:1"

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{T: t, bodies: map[string]string{}, asked: map[string]int{}, status: http.StatusOK}
	usher := httptest.NewServer(s)
	t.Cleanup(usher.Close)
	var provider http.Handler
	s.provider = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { provider.ServeHTTP(w, r) }))
	t.Cleanup(s.provider.Close)
	s.as = oidc.Registration{
		Organisation: domain.OrganisationID{UUID: uuid.New()}, Connection: domain.ConnectionID{UUID: uuid.New()}, Issuer: s.provider.URL,
		ClientID: "usher", Client: oidc.Credential{Secret: "not a secret"}, RedirectURI: home + "/callback", Mapping: oidc.Preset(domain.KindGeneric),
	}
	toy, err := toyidp.New(toyidp.Config{
		Issuer: s.provider.URL, Now: time.Now, Random: rand.Reader, SCIM: toyidp.SCIM{URL: usher.URL + "/scim", Token: "t"},
		Client: toyidp.Client{ID: "usher", Secret: "not a secret", RedirectURI: home + "/callback", LogoutURI: usher.URL + "/logout", Home: home, SignIn: home + "/sign-in"},
		People: []toyidp.Person{{ID: "1", UserName: "ana@acme.test", Given: "Ana", Family: "García"}, {ID: "2", UserName: "bjorn@acme.test", Given: "Björn", Family: "Åkesson"}},
		Groups: []toyidp.Group{{Name: "Support", Members: []string{"1", "2"}}, {Name: "Team leads", Members: []string{"1"}}},
	})
	require.NoError(t, err)
	t.Cleanup(toy.Close)
	provider = toy
	s.party, err = oidc.New(oidc.Config{AllowHTTP: true, AllowPrivate: true, Now: time.Now})
	require.NoError(t, err)
	t.Cleanup(s.party.Close)
	return s
}

// ServeHTTP is Usher, as far as the provider sees it.
func (s *scene) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	s.bodies[r.Method+" "+r.URL.Path] = string(body)
	s.asked[r.Method+" "+r.URL.Path]++
	w.WriteHeader(s.status)
	_, _ = io.WriteString(w, `{"Resources":[{"id":"id-of-`+strings.TrimPrefix(r.URL.Path, "/scim/")+`"}]}`)
}

// answered is an answer, read to its end.
type answered struct {
	status   int
	location *url.URL // nil: the browser stays
	body     string
}

// ask sends a request as a browser would, without following where it leads.
func (s *scene) ask(method, address string, form url.Values) answered {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), method, address, strings.NewReader(form.Encode()))
	require.NoError(s, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	got, err := client.Do(r)
	require.NoError(s, err)
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	require.NoError(s, err)
	to, err := got.Location()
	require.True(s, err == nil || errors.Is(err, http.ErrNoLocation))
	return answered{got.StatusCode, to, string(body)}
}

// signIn clicks on somebody.
func (s *scene) signIn(person string) (oidc.Arrival, error) {
	s.Helper()
	away, started, err := s.party.Start(s.Context(), s.as, oidc.Wish{})
	require.NoError(s, err)
	page := s.ask(http.MethodGet, away, nil)
	require.Equal(s, http.StatusOK, page.status)
	document, err := goquery.NewDocumentFromReader(strings.NewReader(page.body))
	require.NoError(s, err)
	query, _ := document.Find("input[name=query]").First().Attr("value")
	back := s.ask(http.MethodPost, s.provider.URL+"/authorize", url.Values{"query": {query}, "person": {person}})
	require.Equal(s, http.StatusSeeOther, back.status)
	require.Equal(s, home+"/callback", back.location.Scheme+"://"+back.location.Host+back.location.Path)
	return s.party.Finish(s.Context(), s.as, started, back.location.Query())
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	require.True(t, oidc.Good(s.party.Check(t.Context(), s.as)), "the connection is as it should be")

	arrival, err := s.signIn("1")
	require.NoError(t, err)
	require.Equal(t, "1", arrival.Subject)
	require.NotEmpty(t, arrival.ProviderSession)
	require.Equal(t, oidc.Person{
		UserName: "ana@acme.test", Email: "ana@acme.test", EmailVerified: true, Name: "Ana García", GivenName: "Ana", FamilyName: "García",
		Groups: []string{"Support", "Team leads"},
	}, arrival.Person)

	_, err = s.signIn("nobody")
	var refused *oidc.Error
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "denied", refused.Check)

	for name, change := range map[string]url.Values{
		"another client":     {"client_id": {"mallory"}},
		"another address":    {"redirect_uri": {"http://127.0.0.1:2/steal"}},
		"without proof keys": {"code_challenge": {""}},
	} {
		q := url.Values{
			"client_id": {"usher"}, "redirect_uri": {home + "/callback"}, "response_type": {"code"}, "scope": {"openid"},
			"code_challenge": {"x"}, "code_challenge_method": {"S256"},
		}
		maps.Copy(q, change)
		got := s.ask(http.MethodGet, s.provider.URL+"/authorize?"+q.Encode(), nil)
		require.Equal(t, http.StatusBadRequest, got.status, name)
		require.Contains(t, got.body, "That did not work")
		got = s.ask(http.MethodPost, s.provider.URL+"/authorize", url.Values{"query": {q.Encode()}, "person": {"1"}})
		require.Equal(t, http.StatusBadRequest, got.status, name)
	}
}

// A code works once, with the key that it was asked for with, for who it was asked by.
func TestCodes(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	code := func() url.Values {
		q := url.Values{
			"client_id": {"usher"}, "redirect_uri": {home + "/callback"}, "response_type": {"code"}, "scope": {"openid"}, "code_challenge_method": {"S256"},
			"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, // RFC 7636 appendix B
		}
		back := s.ask(http.MethodPost, s.provider.URL+"/authorize", url.Values{"query": {q.Encode()}, "person": {"1"}})
		return url.Values{
			"grant_type": {"authorization_code"}, "redirect_uri": {home + "/callback"}, "code": {back.location.Query().Get("code")},
			"client_id": {"usher"}, "client_secret": {"not a secret"}, "code_verifier": {"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"},
		}
	}
	for name, change := range map[string]url.Values{
		"wrong secret": {"client_secret": {"wrong"}}, "wrong key": {"code_verifier": {"wrong"}}, "wrong address": {"redirect_uri": {"http://127.0.0.1:2/"}},
	} {
		form := code()
		maps.Copy(form, change)
		got := s.ask(http.MethodPost, s.provider.URL+"/token", form)
		require.NotEqual(t, http.StatusOK, got.status, name)
	}
	form := code()
	got := s.ask(http.MethodPost, s.provider.URL+"/token", form)
	require.Equal(t, http.StatusOK, got.status)
	got = s.ask(http.MethodPost, s.provider.URL+"/token", form)
	require.Equal(t, http.StatusBadRequest, got.status, "a second time")
}

func TestDirectory(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	act := func(path string, form url.Values) {
		t.Helper()
		got := s.ask(http.MethodPost, s.provider.URL+path, form)
		require.Equal(t, http.StatusSeeOther, got.status, got.body)
	}
	act("/people/2/deactivate", nil)
	require.JSONEq(t, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"active","value":false}]}`,
		s.bodies["PATCH /scim/Users/id-of-Users"])
	act("/people/2/reactivate", nil)
	require.Contains(t, s.bodies["PATCH /scim/Users/id-of-Users"], `"value":true`)
	act("/people/2/join", url.Values{"group": {"Team leads"}})
	require.Contains(t, s.bodies["PATCH /scim/Groups/id-of-Groups"], `"path":"members","value":[{"value":"id-of-Users"}]`)
	arrival, err := s.signIn("2")
	require.NoError(t, err)
	require.Equal(t, []string{"Support", "Team leads"}, arrival.Person.Groups)
	act("/people/2/leave", url.Values{"group": {"Team leads"}})
	require.Contains(t, s.bodies["PATCH /scim/Groups/id-of-Groups"], `members[value eq \"id-of-Users\"]`)

	// What Usher refuses shows, and has not happened here either.
	s.status = http.StatusForbidden
	got := s.ask(http.MethodPost, s.provider.URL+"/people/1/deactivate", nil)
	require.Equal(t, http.StatusBadGateway, got.status)
	require.Contains(t, got.body, "usher answered 403")
	require.Contains(t, got.body, "Deactivate: Ana García")
	require.NotContains(t, got.body, "Reactivate: Ana García")
	require.NotContains(t, got.body, "Bearer")

	got = s.ask(http.MethodPost, s.provider.URL+"/people/1/promote", nil)
	require.Equal(t, http.StatusNotFound, got.status)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.provider.URL+"/people/1/deactivate", http.NoBody)
	require.NoError(t, err)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	cross, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	require.NoError(t, cross.Body.Close())
	require.Equal(t, http.StatusForbidden, cross.StatusCode, "a page elsewhere clicks on nobody's behalf")
}

func TestSignOut(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	got := s.ask(http.MethodPost, s.provider.URL+"/people/1/sign-out", nil)
	require.Contains(t, got.body, "has not signed in at Usher")

	first, err := s.signIn("1")
	require.NoError(t, err)
	got = s.ask(http.MethodPost, s.provider.URL+"/people/1/sign-out", nil)
	require.Equal(t, http.StatusSeeOther, got.status, got.body)
	form, err := url.ParseQuery(s.bodies["POST /logout"])
	require.NoError(t, err)
	ending, err := s.party.EndSessions(t.Context(), s.as, form.Get("logout_token"))
	require.NoError(t, err)
	require.Equal(t, first.ProviderSession, ending.ProviderSession)
	require.Equal(t, "1", ending.Subject)

	// By the browser: back to Usher, and to nobody else.
	second, err := s.signIn("1")
	require.NoError(t, err)
	away, err := s.party.SignOut(t.Context(), s.as, second.LogoutHint, home+"/signed-out", "s")
	require.NoError(t, err)
	got = s.ask(http.MethodGet, away, nil)
	require.Equal(t, home+"/signed-out?state=s", got.location.String())
	got = s.ask(http.MethodPost, s.provider.URL+"/people/1/sign-out", nil)
	require.Contains(t, got.body, "has signed out since")
	got = s.ask(http.MethodGet, s.provider.URL+"/logout?post_logout_redirect_uri=http://127.0.0.1:11/", nil)
	require.Equal(t, http.StatusOK, got.status)
}

// Whoever reaches the demo may ask as often as they like.
func TestWhatIsKeptIsBounded(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for range 130 {
		_, err := s.signIn("1")
		require.NoError(t, err)
	}
	got := s.ask(http.MethodPost, s.provider.URL+"/people/1/sign-out", nil)
	require.Equal(t, http.StatusSeeOther, got.status, got.body)
	got = s.ask(http.MethodGet, s.provider.URL+"/", nil)
	document, err := goquery.NewDocumentFromReader(strings.NewReader(got.body))
	require.NoError(t, err)
	require.Equal(t, 12, document.Find("details").Length())
	require.Equal(t, 100, s.asked["POST /logout"], "the oldest sign-ins are forgotten")
}
