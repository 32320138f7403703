package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"usher/admin/api"
	"usher/domain"
	"usher/oauth"
	"usher/persistence/storetest"
	"usher/scim"
)

// The address of a client comes from a proxy only where the operator says so, and is one whatever was sent.
func TestClientAddress(t *testing.T) {
	t.Parallel()
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.1/32"), netip.MustParsePrefix("::1/128")}
	const long = 1 << 20
	for _, c := range []struct {
		peer, want string
		forwarded  []string
	}{
		{"198.51.100.1:5", "198.51.100.1", []string{"203.0.113.5"}},
		{"10.1.2.3:5", "203.0.113.5", []string{"203.0.113.5"}},
		{"10.1.2.3:5", "203.0.113.5", []string{"1.1.1.1, 203.0.113.5"}},
		{"10.1.2.3:5", "203.0.113.5", []string{"203.0.113.5, 192.0.2.1"}},
		{"10.1.2.3:5", "203.0.113.9", []string{"203.0.113.5", "203.0.113.9"}},
		{"10.1.2.3:5", "203.0.113.5", []string{"203.0.113.5", "192.0.2.1", "10.0.0.1"}},
		{"10.1.2.3:5", "10.1.2.3", nil},
		{"10.1.2.3:5", "10.1.2.3", []string{""}},
		{"10.1.2.3:5", "10.1.2.3", []string{"unknown"}},
		{"10.1.2.3:5", "10.1.2.3", []string{"203.0.113.5,"}},
		{"10.1.2.3:5", "10.9.9.9", []string{"10.9.9.9"}},
		{"10.1.2.3:5", "203.0.113.5", []string{"203.0.113.5:61234"}},
		{"10.1.2.3:5", "2001:db8::1", []string{"[2001:db8::1]:61234"}},
		{"[::1]:5", "2001:db8::1", []string{"2001:0DB8:0::1"}},
		{"[::ffff:10.0.0.1]:5", "203.0.113.5", []string{"::ffff:203.0.113.5"}},
		{"[fe80::1%eth0]:5", "fe80::1", nil},
		{"10.1.2.3:5", "fe80::1", []string{"fe80::1%eth0\x00<b>"}},
		{"10.1.2.3:5", "10.1.2.3", []string{"203.0.113.5\x00"}},
		{"10.1.2.3:5", "10.1.2.3", []string{strings.Repeat("9", long)}},
		{"10.1.2.3:5", "10.0.0.1", []string{strings.Repeat("10.0.0.1,", long/9) + "10.0.0.1"}},
		{"@", "", []string{"203.0.113.5"}},
		{"", "", nil},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		r.RemoteAddr = c.peer
		if c.forwarded != nil {
			r.Header["X-Forwarded-For"] = c.forwarded
		}
		require.Equal(t, c.want, clientAddress(r, proxies), "%s %.100q", c.peer, c.forwarded)
		peer, _, _ := strings.Cut(strings.Trim(strings.TrimSuffix(c.peer, ":5"), "[]@"), "%")
		require.Equal(t, strings.TrimPrefix(peer, "::ffff:"), clientAddress(r, nil), "nobody is believed")
	}
}

// frontDoor is a server that is asked without a socket, from whatever address.
type frontDoor struct {
	*testing.T

	app  *App
	door http.Handler
	peer string
	sent http.Header // with every request
}

func (f *frontDoor) ask(method, path, body string, header ...string) *httptest.ResponseRecorder {
	f.Helper()
	r := httptest.NewRequest(method, f.app.baseURL()+path, strings.NewReader(body))
	r.RemoteAddr, r.Header = f.peer, f.sent.Clone()
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	f.door.ServeHTTP(w, r.WithContext(f.Context()))
	return w
}

// toldEvent is what is looked at of an event as the feed tells it.
type toldEvent struct {
	ID    string `json:"id"`
	Type  string `json:"type"`
	Actor struct {
		Kind string `json:"kind"`
	} `json:"actor"`
	From *string `json:"from"`
}

// next is the last event of a type that has a later id. On PostgreSQL whatever else the server does may delay what is shown.
func (f *frontDoor) next(key, of string, than uuid.UUID) (found toldEvent) {
	f.Helper()
	require.Eventually(f, func() bool {
		var page struct {
			Items []toldEvent `json:"items"`
		}
		got := f.ask(http.MethodGet, api.Prefix+"/events?limit=1000&type="+of, "", "Authorization", key)
		if json.Unmarshal(got.Body.Bytes(), &page) != nil || len(page.Items) == 0 {
			return false
		}
		found = page.Items[len(page.Items)-1]
		return found.ID > than.String()
	}, time.Minute, 5*time.Millisecond, of)
	return found
}

// Every event says from where it was done, by whichever door: the address of who asked, which a proxy of the operator's may
// name and nobody else, and the machine of the command line.
func TestEventSaysFromWhere(t *testing.T) {
	t.Parallel()
	for name, from := range map[string]struct {
		peer, want string
		forwarded  []string
	}{
		"nobody in between":   {"198.51.100.9:1234", "198.51.100.9", nil},
		"a proxy":             {"10.1.2.3:1234", "2001:db8::5", []string{"203.0.113.5, 2001:db8::5"}},
		"a proxy's port":      {"10.1.2.3:1234", "203.0.113.5", []string{"203.0.113.5:61234"}},
		"somebody who claims": {"198.51.100.9:1234", "198.51.100.9", []string{"203.0.113.5"}},
		"garbage":             {"10.1.2.3:1234", "10.1.2.3", []string{"203.0.113.5, \x00'\"<b>", strings.Repeat("x\xff", 1<<19)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.EachDialectURL(t, func(t *testing.T, databaseURL string) {
				c := appConfig(databaseURL, io.Discard)
				c.Proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
				app := startApp(t, c)
				f := &frontDoor{T: t, app: app, door: app.handler(), peer: from.peer, sent: http.Header{}}
				if from.forwarded != nil {
					f.sent["X-Forwarded-For"] = from.forwarded
				}
				made, err := app.Installation.CreateOrganisation(t.Context(), domain.OrganisationSpec{Slug: "acme", OwnerEmail: "olga@acme.test"})
				require.NoError(t, err)
				key := "Bearer " + application(t, app, "acme")
				client, secret, err := app.Installation.CreateOAuthClient(t.Context(), "acme", "default", domain.OAuthClientSpec{})
				require.NoError(t, err)
				form := func(path string, pairs ...string) *httptest.ResponseRecorder {
					fields := url.Values{}
					for i := 0; i < len(pairs); i += 2 {
						fields.Set(pairs[i], pairs[i+1])
					}
					return f.ask(http.MethodPost, path, fields.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Origin", app.baseURL(), "Sec-Fetch-Site", "same-origin")
				}
				for _, done := range []struct {
					event, actor, want string
					status             int
					do                 func() int
				}{
					{"user.created", "connection", from.want, http.StatusCreated, func() int {
						return f.ask(http.MethodPost, scim.Prefix+"/Users", user("ana@acme.test"), "Authorization", "Bearer "+made.TokenText, "Content-Type", "application/scim+json").Code
					}},
					{"group.created", "connection", from.want, http.StatusOK, func() int { // many in one
						const bulk = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[{"method":"POST","path":"/Groups","bulkId":"g",` +
							`"data":{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Sales"}}]}`
						return f.ask(http.MethodPost, scim.Prefix+"/Bulk", bulk, "Authorization", "Bearer "+made.TokenText, "Content-Type", "application/scim+json").Code
					}},
					{"team.created", "api_key", from.want, http.StatusCreated, func() int {
						return f.ask(http.MethodPost, api.Prefix+"/teams", `{"name":"Blue"}`, "Authorization", key, "Content-Type", "application/json").Code
					}},
					{"token.created", "connection", from.want, http.StatusOK, func() int {
						return form(oauth.Path, "grant_type", "client_credentials", "client_id", client.ID.String(), "client_secret", secret).Code
					}},
					{"user.invitation_accepted", "user", from.want, http.StatusSeeOther, func() int {
						return form("/invitation/"+made.SetupToken, "password", goodPassword, "again", goodPassword).Code
					}},
					{"user.signed_in", "user", from.want, http.StatusSeeOther, func() int {
						return form("/sign-in/acme", "name", "olga@acme.test", "password", goodPassword).Code
					}},
					{"connection.created", "operator", "console-1", exitFine, func() int {
						var said bytes.Buffer
						p := &process{stdout: &said, stderr: &said, now: time.Now, newID: uuid.NewV7, random: rand.Reader, host: "console-1"}
						return p.execute(t.Context(), []string{"connection", "create", "--database", databaseURL, "--org", "acme", "--name", "ping"})
					}},
				} {
					before, err := uuid.NewV7()
					require.NoError(t, err)
					require.Equal(t, done.status, done.do(), done.event)
					is := f.next(key, done.event, before)
					require.Equal(t, []any{done.actor, &done.want}, []any{is.Actor.Kind, is.From}, done.event)
				}
			})
		})
	}
}
