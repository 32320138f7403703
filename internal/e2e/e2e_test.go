package e2e_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEndToEnd is one house, and all that happens in it at the same time.
//
//race:without the programs are processes of their own
func TestEndToEnd(t *testing.T) {
	t.Parallel()
	h := newHouse(t)

	// Connections first: Dex is told when it starts where people may come back to.
	at := freePort(t)
	ana := dexPerson{account: "ana", name: "Ana García", groups: []string{"Support"}}
	bo := dexPerson{account: "bo", name: "Bo Lindqvist", groups: []string{"Sales"}}
	eve := dexPerson{account: "eve", name: "Eve Adams"}
	ida := dexPerson{account: "ida", name: "Ida Holm"}
	d := &dex{issuer: "https://localhost:" + at + "/dex", secret: "what Dex knows Usher by", people: []dexPerson{ana, bo, eve, ida}}
	pushed := h.found("acme", "Acme").connect(d, "--claims", "external_id=sub", "--links-external-id", "yes")
	made := h.found("umbrella", "Umbrella").connect(d, "--just-in-time", "yes", "--applies-groups", "yes")
	d.run(t, build(t, filepath.Join("..", "dex"), "github.com/dexidp/dex/cmd/dex"), h.files, at)

	for name, story := range map[string]func(h *house){
		"the test of a connection": func(h *house) { tested(pushed.with(h)) },
		"provisioned by SCIM":      func(h *house) { provisioned(pushed.in(h), ana) },
		"made just in time":        func(h *house) { madeJustInTime(made.in(h), bo) },
		"invited to the provider":  func(h *house) { invitedToProvider(pushed.in(h), ida) },
		"nobody here":              func(h *house) { nobodyHere(pushed.in(h), eve) },
		"invitation and reset":     invited,
		"two steps":                twoSteps,
		"by passkey":               byPasskey,
		"without script":           withoutScript,
		"a newcomer's demo":        newcomer,
		"what goes wrong":          goneWrong,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			story(h.with(t))
		})
	}
}

// password is one that meets the policy.
const password = "seven purple bicycles in the rain"

// invited: somebody is added by hand, is invited by letter, chooses a password, forgets it, and chooses another.
func invited(h *house) {
	o := h.found("initech", "Initech")
	ada := o.invite("Ada", "Lovelace", "ada@initech.test")
	require.Equal(h, "pending", ada.Status)
	link := h.letters.link(h.T, "ada@initech.test", "invitation")

	w := h.open()
	w.visit(link)
	w.sees("Welcome to Initech", "Ada")
	w.look("invitation")
	w.fill("password", "password", "again", "password")
	w.submit()
	w.sees("too short")
	w.look("invitation-refused")
	w.fill("password", password, "again", password)
	w.submit()
	w.sees("Ada Lovelace", "Agent")
	require.Equal(h, "active", o.person("ada@initech.test").Status)
	w.look("account")
	require.EqualValues(h, 403, w.visit(h.public+"/auth/refused")) // where a proxy fetches why not
	w.sees("not one of your organisation", "You are signed in as Ada Lovelace")
	w.look("refused-application")
	w.visit(h.public + "/account")

	elsewhere := h.open()
	elsewhere.visit(link)
	elsewhere.sees("This link was used")
	elsewhere.look("link-used")

	// In another browser, by password; and out again from the first.
	elsewhere.visit(h.public + "/sign-in/initech")
	elsewhere.look("sign-in")
	elsewhere.fill("name", "ada@initech.test", "password", "not this one, surely")
	elsewhere.submit()
	elsewhere.look("sign-in-refused")
	elsewhere.fill("name", "ADA@initech.test", "password", password)
	elsewhere.submit()
	elsewhere.sees("Ada Lovelace")
	w.reload()
	w.look("account-two-sessions")
	w.press("Sign out everywhere else")
	elsewhere.replica(h.public, "2")
	elsewhere.reload()
	elsewhere.sees("Sign in")

	// Forgotten.
	elsewhere.visit(h.public + "/sign-in/initech")
	elsewhere.press("Forgotten")
	elsewhere.look("reset")
	elsewhere.fill("name", "ada@initech.test")
	elsewhere.submit()
	elsewhere.sees("Look into your mailbox")
	elsewhere.look("reset-sent")
	elsewhere.visit(h.letters.link(h.T, "ada@initech.test", "reset"))
	elsewhere.look("reset-password")
	elsewhere.fill("password", password+", again", "again", password+", again")
	elsewhere.submit()
	w.reload()
	w.sees("Sign in") // all sessions have ended
	w.visit(h.public + "/sign-in/initech")
	w.fill("name", "ada@initech.test", "password", password+", again")
	w.submit()
	w.sees("Ada Lovelace")
	w.visit(h.public + "/sign-in/password")
	w.look("change-password")
	w.visit(h.public + "/sign-out")
	w.look("sign-out")
	w.submit()
	w.sees("Sign in")
}

// withoutScript: the owner sets the organisation up in a browser that runs none.
func withoutScript(h *house) {
	o := h.found("hooli", "Hooli")
	w := h.browser.open(h.T, false)
	w.visit(o.setUp)
	w.sees("Welcome to Hooli")
	w.fill("password", password, "again", password)
	w.submit()
	w.sees("owner@hooli.test", "Owner")
	w.visit(h.public + "/sign-out")
	w.submit()
	w.visit(h.public + "/sign-in")
	w.fill("name", "owner@hooli.test")
	w.submit()
	w.sees("Where do you work?")
	w.fill("organisation", "hooli")
	w.submit()
	w.sees("Password")
	w.visit(h.public + "/sign-in/hooli?lang=es")
	w.sees("Contraseña")
	w.fill("name", "owner@hooli.test", "password", password)
	w.submit()
	w.sees("owner@hooli.test")
}

// goneWrong: pages that nobody wants to see.
func goneWrong(h *house) {
	w := h.open()
	require.EqualValues(h, 404, w.visit(h.public+"/sign-in/there/is/nothing/here"))
	w.sees("There is nothing here")
	w.look("not-found")
	w.visit(h.public + "/invitation/usher_link_nonsense")
	w.sees("not one of ours")
	w.look("link-unknown")
	w.visit(h.public + "/sign-in")
	w.look("sign-in-begin")
	w.visit(h.public + "/sign-in/organisation")
	w.look("sign-in-organisation")
	w.fill("organisation", "no-such-place")
	w.submit()
	w.look("sign-in-organisation-unknown")
}
