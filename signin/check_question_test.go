package signin

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
)

// Each proxy in its own way, and what cannot be believed.
func TestHowProxiesAsk(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		g := newGate(t, store)
		g.member("ana@acme.test")
		token, slug := g.session("ana@acme.test"), g.tenant.Organisation.Slug
		forwarded := []string{"X-Forwarded-Proto", "https", "X-Forwarded-Host", "crm.acme.test", "X-Forwarded-Uri", "/deals?id=1&x=%2F%C3%A9"}
		back := "?return_to=https%3A%2F%2Fcrm.acme.test%2Fdeals%3Fid%3D1%26x%3D%252F%25C3%25A9"
		for name, c := range map[string]struct {
			path     string
			headers  []string
			out      int    // signed out, a page
			in       int    // signed in
			location string // signed out
		}{
			"nginx":              {"/auth/check", []string{"X-Original-URL", crmOrigin + "/deals?id=1&x=%2F%C3%A9"}, 401, 200, "/sign-in" + back},
			"nginx, redirecting": {"/auth/check?redirect=1", []string{"X-Original-URL", crmOrigin + "/deals?id=1&x=%2F%C3%A9"}, 302, 200, "/sign-in" + back},
			"Traefik, Caddy":     {"/auth/check", forwarded, 302, 200, "/sign-in" + back},
			"one that does not":  {"/auth/check?redirect=0", forwarded, 401, 200, "/sign-in" + back},
			"a form":             {"/auth/check", append([]string{"X-Forwarded-Method", "POST"}, forwarded...), 401, 200, "/sign-in" + back},
			"a web socket":       {"/auth/check", append([]string{"X-Forwarded-Proto", "wss"}, forwarded[2:]...), 302, 200, "/sign-in" + back},
			"Envoy":              {"/auth/check/deals?id=1&x=%2F%C3%A9", []string{"Host", "crm.acme.test", "X-Forwarded-Proto", "https"}, 302, 200, "/sign-in" + back},
			"Envoy, odd paths":   {"/auth/check//a/../b", []string{"Host", "crm.acme.test", "X-Forwarded-Proto", "https"}, 302, 200, "/sign-in?return_to=https%3A%2F%2Fcrm.acme.test%2F%2Fa%2F..%2Fb"},
			"Envoy's client does not choose": {
				"/auth/check/?application=" + crmOrigin, []string{"Host", "other.acme.test", "X-Forwarded-Proto", "https"}, 302, 403,
				"/sign-in?return_to=https%3A%2F%2Fother.acme.test%2F%3Fapplication%3Dhttps%3A%2F%2Fcrm.acme.test",
			},
			"the door of one organisation": {"/auth/check?organisation=" + slug, []string{"X-Original-URL", crmOrigin}, 401, 200, "/sign-in/" + slug + "?return_to=https%3A%2F%2Fcrm.acme.test%2F"},
			"an application by audience":   {"/auth/check?application=" + crmOrigin, []string{"X-Original-URL", "https://inner.test/"}, 401, 200, "/sign-in?return_to=https%3A%2F%2Finner.test%2F"},
			"an unknown application":       {"/auth/check?application=x", []string{"X-Original-URL", crmOrigin}, 401, 403, "/sign-in?return_to=https%3A%2F%2Fcrm.acme.test%2F"},
			"an unknown address":           {"/auth/check", []string{"X-Original-URL", "https://evil.test/"}, 401, 403, "/sign-in?return_to=https%3A%2F%2Fevil.test%2F"},
			"not https":                    {"/auth/check", []string{"X-Original-URL", "http://crm.acme.test/"}, 401, 403, "/sign-in"},
			"nothing":                      {"/auth/check", nil, 401, 403, "/sign-in"},
			"one of two":                   {"/auth/check", []string{"X-Forwarded-Host", "crm.acme.test"}, 401, 403, "/sign-in"},
			"a list of hosts":              {"/auth/check", append([]string{"X-Forwarded-Proto", "https", "X-Forwarded-Host", "evil.test, crm.acme.test"}, forwarded[4:]...), 401, 403, "/sign-in"},
			"both alike":                   {"/auth/check", append([]string{"X-Original-URL", crmOrigin + "/deals?id=1&x=%2F%C3%A9"}, forwarded...), 401, 200, "/sign-in" + back},
			"two that differ":              {"/auth/check", append([]string{"X-Original-URL", "https://evil.test/"}, forwarded...), 400, 400, ""},
			"twice":                        {"/auth/check", []string{"X-Original-URL", crmOrigin, "X-Original-URL", "https://evil.test"}, 400, 400, ""},
			"no address":                   {"/auth/check", []string{"X-Original-URL", "/deals"}, 400, 400, ""},
			"a long one":                   {"/auth/check", []string{"X-Original-URL", crmOrigin + "/" + strings.Repeat("x", maxReturn)}, 401, 200, "/sign-in?return_to=https%3A%2F%2Fcrm.acme.test%2F"},
		} {
			headers := append([]string{"Accept", "text/html,*/*"}, c.headers...)
			out := g.ask(c.path, "", headers...)
			if name == "a list of hosts" {
				require.Contains(g, []int{302, 401}, out.Code)
				c.out = out.Code
			}
			require.Equal(g, c.out, out.Code, name)
			if c.location != "" {
				require.Equal(g, gateBase+c.location, out.Header().Get(headerSignIn), name)
			}
			if c.out == http.StatusFound {
				require.Equal(g, gateBase+c.location, out.Header().Get("Location"), name)
			}
			in := g.ask(c.path, token, headers...)
			require.Equal(g, c.in, in.Code, "%s: %s", name, in.Body)
			if c.in == http.StatusForbidden {
				require.Equal(g, domain.CodeApplicationUnknown, in.Header().Get(headerReason), name)
			}
		}
		require.Equal(g, http.StatusUnauthorized, g.ask(checkPath, "", forwarded...).Code, "a script gets no page")
		r := httptest.NewRequest(http.MethodPost, "/auth/check/deals", strings.NewReader("x"))
		r.Host = "crm.acme.test"
		r.Header.Set("X-Forwarded-Proto", "https")
		r.Header.Set("Origin", "https://evil.test")
		r.AddCookie(&http.Cookie{Name: "__Host-usher_session", Value: token})
		w := httptest.NewRecorder()
		g.door.ServeHTTP(w, r)
		require.Equal(g, http.StatusOK, w.Code, "any method: whether the application takes it is for the application to say")
	})
}

// Names from everywhere, and from people with bad intentions, fit into headers and come out again.
func TestPlain(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": "", "Ana": "Ana", "Ana Luk": "Ana Luk", "Łuk": "%C5%81uk", "a\r\nX-Usher-Role: Owner": "a%0D%0AX-Usher-Role: Owner", " a ": "%20a%20", "50%,x": "50%25%2Cx",
		"\x00\x7f": "%00%7F", "日本": "%E6%97%A5%E6%9C%AC", " ": "%20",
	} {
		require.Equal(t, want, plain(text), text)
	}
}

// What is too long for a proxy is left out as a whole, and said to be.
func TestBoundsOfWhatIsTold(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, store *persistence.Store) {
		g := newGate(t, store)
		u := g.member("ana@acme.test")
		token := g.session("ana@acme.test")
		ids := make([]string, 300)
		for i := range ids {
			ids[i] = "object-" + strings.Repeat("x", 5) + string(rune('a'+i%26)) + string(rune('a'+i/26))
		}
		granted := permitted("teams:view").Union(domain.Permissions{{Module: "users", Action: "view"}: domain.TheseObjects(ids...)})
		var queues []domain.QueueID
		for i := range 40 {
			q, err := g.admin.CreateQueue(g.Context(), g.boss(), domain.GroupingSpec{Name: "Queue " + string(rune('a'+i%26)) + string(rune('a'+i/26))})
			require.NoError(g, err)
			queues = append(queues, q.ID)
		}
		g.give(u, domain.AccessChange{Granted: &granted, Queues: &queues})
		out := g.nginx(token)
		require.Equal(g, http.StatusOK, out.Code)
		require.Equal(g, []string{"permissions,queues", "", ""}, []string{out.Header().Get(headerOmitted), out.Header().Get(headerPermissions), out.Header().Get(headerQueues)})
		claims := g.claimed(out.Header().Get(headerAssertion), crmOrigin)
		require.Equal(g, []any{[]any{"permissions", "queues"}, []any{}, nil, []any{}}, []any{claims["omitted"], claims["permissions"], claims["objects"], claims["queues"]})
		size := 0
		for name, values := range out.Header() {
			size += len(name) + len(values[0]) + 4
		}
		require.Less(g, size, 16<<10, "what docs/bridge.md tells nginx to take")
	})
}
