package e2e_test

import (
	"net/http"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// push sends something to SCIM, as the directory does, and gives its id.
func (p *provider) push(method, path string, body any) string {
	p.Helper()
	var made struct {
		ID string `json:"id"`
	}
	p.ask(method, "/scim/v2"+path, p.token, body, &made)
	return made.ID
}

// provision pushes somebody.
func (p *provider) provision(o dexPerson) string {
	p.Helper()
	return p.push(http.MethodPost, "/Users", map[string]any{
		"schemas":  []string{"urn:ietf:params:scim:schemas:core:2.0:User"},
		"userName": o.address(), "externalId": o.subject(), "displayName": o.name, "active": true,
		"emails": []any{map[string]any{"value": o.address(), "type": "work", "primary": true}},
	})
}

// group pushes a group, whose members get the role and the profile of a name.
func (p *provider) group(name, gives string, members ...string) {
	p.Helper()
	list := make([]any, len(members))
	for i, id := range members {
		list[i] = map[string]any{"value": id}
	}
	group := p.push(http.MethodPost, "/Groups", map[string]any{
		"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Group"}, "displayName": name, "members": list,
	})
	p.api(http.MethodPost, "/mappings", map[string]any{"group_id": group, "role_id": p.roles[gives], "profile_id": p.profiles[gives]}, nil)
}

// setActive pushes that somebody goes, or is back.
func (p *provider) setActive(id string, active bool) {
	p.Helper()
	p.push(http.MethodPatch, "/Users/"+id, map[string]any{
		"schemas":    []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"},
		"Operations": []any{map[string]any{"op": "replace", "path": "active", "value": active}},
	})
}

// throughDex signs somebody in, from the organisation's door to where they come out.
func (w *window) throughDex(h *house, slug string, o dexPerson) {
	w.Helper()
	w.visit(h.public + "/sign-in/" + slug)
	w.press("Dex")
	w.fill("login", o.address(), "password", dexPassword)
	w.send("form")
}

// provisioned: the directory pushes somebody, they come for the first time, and are out with the next request after the
// directory says so, on either replica.
func provisioned(p *provider, ana dexPerson) {
	id := p.provision(ana)
	p.group("Support", "Agent", id)
	require.Equal(p, "pending", p.person(ana.address()).Status)

	w := p.open()
	w.visit(p.public + "/sign-in/" + p.slug)
	w.look("sign-in-with-provider")
	w.throughDex(p.house, p.slug, ana)
	w.sees(ana.name, "Agent")
	p.active(ana.address(), "Agent")
	p.outAtOnce(w, ana, id)
}

// madeJustInTime: nobody pushed them; they come, and are there, with what their group gives.
func madeJustInTime(p *provider, bo dexPerson) {
	p.group("Sales", "Agent")
	w := p.open()
	w.throughDex(p.house, p.slug, bo)
	w.sees(bo.name, "Agent")
	p.active(bo.address(), "Agent")
	var found struct {
		Resources []struct {
			ID string `json:"id"`
		} `json:"Resources"`
	}
	p.ask(http.MethodGet, "/scim/v2/Users", p.token, nil, &found)
	require.Len(p, found.Resources, 1)
	p.outAtOnce(w, bo, found.Resources[0].ID)
}

// outAtOnce: somebody who has a page open is deactivated by the directory. What is bounded is the work: one request to each
// replica, and neither answers with the page. How long it took is told.
func (p *provider) outAtOnce(w *window, o dexPerson, id string) {
	p.Helper()
	account := w.at()
	for _, which := range []string{"1", "2"} {
		w.replica(p.public, which)
		w.reload()
		w.sees(o.name)
	}
	p.setActive(id, false)
	began := time.Now()
	for _, which := range []string{"2", "1"} {
		w.replica(p.public, which)
		w.reload()
		require.NotContains(p, w.text("main"), o.name, "replica %s still shows the page", which)
		p.Logf("replica %s refuses %v after the directory was answered", which, time.Since(began).Round(time.Millisecond))
		w.visit(account)
	}

	w.throughDex(p.house, p.slug, o)
	w.sees("cannot")
	w.look("refused")
	p.setActive(id, true)
	w.throughDex(p.house, p.slug, o)
	w.sees(o.name)
}

// invitedToProvider: somebody who was added by hand answers their letter by single sign-on, comes back by it in another browser,
// and signs out in one of them. Dex has no place to sign out at, so they are signed in there still; what becomes of a provider
// that has one is shown by the tests of package signin.
func invitedToProvider(p *provider, o dexPerson) {
	p.invite("Ida", "Holm", o.address())
	letter := p.letters.link(p.T, o.address(), "invitation")
	w := p.open()
	w.visit(letter)
	w.sees("Welcome to Acme", o.name)
	w.look("invitation-with-provider")
	w.press("Dex")
	run(w, chromedp.WaitVisible(chromedp.CSS("[name=login]"))) // by way of a page that leads on
	w.fill("login", o.address(), "password", dexPassword)
	w.send("form")
	w.sees(o.name, "Agent")
	require.Equal(p, "active", p.person(o.address()).Status)

	elsewhere := p.open()
	elsewhere.visit(letter)
	elsewhere.sees("This link was used")
	elsewhere.throughDex(p.house, p.slug, o)
	elsewhere.sees(o.name)
	account := elsewhere.at()

	elsewhere.visit(p.public + "/sign-out")
	elsewhere.submit()
	elsewhere.sees("Sign in")
	for _, which := range []string{"1", "2"} {
		elsewhere.replica(p.public, which)
		elsewhere.visit(account)
		elsewhere.sees("Sign in")
		w.replica(p.public, which)
		w.reload()
		w.sees(o.name) // and nobody else is out
	}
}

// nobodyHere: somebody whom the provider knows and nobody here does is told whom to ask, and leaves nothing behind.
func nobodyHere(p *provider, o dexPerson) {
	w := p.open()
	w.throughDex(p.house, p.slug, o)
	w.look("nobody-here")
	var list struct {
		Items []person `json:"items"`
	}
	p.api(http.MethodGet, "/users?q="+o.account, nil, &list)
	require.Empty(p, list.Items)
}
