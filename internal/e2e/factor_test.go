package e2e_test

import (
	"net/http"
	"strings"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/require"
)

// twoSteps: where a second factor is demanded, somebody sets up an app with the invitation, signs in by password and code,
// lets the browser be remembered, and gets in by a recovery code elsewhere. A forgotten password does not go round the
// second factor.
func twoSteps(h *house) {
	o := h.found("wayne", "Wayne")
	o.api(http.MethodPatch, "/policy", map[string]any{"mfa": "required"}, nil)
	o.invite("Bruce", "Wayne", "bruce@wayne.test")

	w := h.open()
	w.visit(h.letters.link(h.T, "bruce@wayne.test", "invitation"))
	w.fill("password", password, "again", password)
	w.submit()
	w.sees("Set up a second step")
	w.look("enrol")
	seed := strings.ReplaceAll(w.text(".seed"), " ", "")
	w.fill("code", "000000")
	w.submit()
	w.look("enrol-wrong")
	seed2 := strings.ReplaceAll(w.text(".seed"), " ", "")
	require.Equal(h, seed, seed2, "the app need not scan again")
	w.fill("code", code(h, seed, 0))
	w.submit()
	w.sees("Keep these recovery codes")
	w.look("recovery-codes")
	kept := run(w, chromedp.Evaluate[[]string](`[...document.querySelectorAll(".codes li")].map(e => e.textContent.trim())`))
	require.Len(h, kept, 10)
	w.press("I have kept them")
	w.sees("Bruce Wayne", "Agent") // where an invitation leads
	w.visit(h.public + "/account/security")
	w.sees("Second step and passkeys")
	w.look("security")
	require.Equal(h, "active", o.person("bruce@wayne.test").Status)

	w.leave(h)
	w.enter(h, "wayne", "bruce@wayne.test")
	w.sees("One more step")
	w.look("second-step")
	w.visit(h.public + "/account")
	require.NotContains(h, w.text("main"), "Bruce Wayne", "a password alone opens nothing")
	w.visit(h.public + "/sign-in/factor")
	w.fill("code", "000000")
	w.submit()
	w.look("second-step-wrong")
	run(w, chromedp.Click(chromedp.CSS(`[name="remember"]`)))
	w.fill("code", code(h, seed, 30*time.Second)) // a code is good once, and the app's next one is good already
	w.submit()
	w.sees("Bruce Wayne")
	w.leave(h)
	w.enter(h, "wayne", "bruce@wayne.test")
	w.sees("Bruce Wayne") // this browser is remembered

	elsewhere := h.open()
	elsewhere.visit(h.public + "/sign-in/wayne")
	elsewhere.press("Forgotten")
	elsewhere.fill("name", "bruce@wayne.test")
	elsewhere.submit()
	elsewhere.visit(h.letters.link(h.T, "bruce@wayne.test", "reset"))
	elsewhere.fill("password", password+", again", "again", password+", again")
	elsewhere.submit()
	elsewhere.visit(h.public + "/account")
	require.NotContains(h, elsewhere.text("main"), "Bruce Wayne", "a reset goes round nothing")
	elsewhere.visit(h.public + "/sign-in/wayne")
	elsewhere.fill("name", "bruce@wayne.test", "password", password+", again")
	elsewhere.submit()
	elsewhere.sees("One more step")
	run(elsewhere, chromedp.Click(chromedp.CSS("summary")))
	elsewhere.fill("recovery", kept[0])
	elsewhere.send(`main form[action="/sign-in/factor/recovery"]`)
	elsewhere.sees("Bruce Wayne")
}

// code is what an app shows, some time from now.
func code(h *house, seed string, later time.Duration) string {
	h.Helper()
	text, err := totp.GenerateCode(seed, time.Now().Add(later))
	require.NoError(h, err)
	return text
}

// leave signs out.
func (w *window) leave(h *house) {
	w.Helper()
	w.visit(h.public + "/sign-out")
	w.submit()
}

// enter signs in by password.
func (w *window) enter(h *house, slug, name string) {
	w.Helper()
	w.visit(h.public + "/sign-in/" + slug)
	w.fill("name", name, "password", password)
	w.submit()
}

// byPasskey: somebody adds a passkey, and needs neither name nor password from then on.
func byPasskey(h *house) {
	o := h.found("stark", "Stark")
	o.invite("Pepper", "Potts", "pepper@stark.test")
	w := h.open()
	w.device()
	w.visit(h.letters.link(h.T, "pepper@stark.test", "invitation"))
	w.fill("password", password, "again", password)
	w.submit()
	w.sees("Pepper Potts")
	w.visit(h.public + "/account/security/passkey")
	w.sees("Add a passkey")
	w.look("passkey-add")
	w.fill("name", "Pepper's laptop")
	w.press("Make a passkey")
	w.visit(h.public + "/account/security")
	w.sees("Pepper's laptop")
	w.look("security-with-passkey")

	w.leave(h)
	w.visit(h.public + "/sign-in/passkey")
	w.look("passkey")
	w.press("Use a passkey")
	w.sees("Pepper Potts")
}

// device gives the window a device that makes passkeys, and sees who uses it. Browsers ask one for a page that has the focus
// only, which windows side by side take from each other.
func (w *window) device() {
	w.Helper()
	call(w, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	call(w, webauthn.Enable, webauthn.EnableParams{})
	call(w, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: "ctap2", Transport: "internal", HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}})
}
