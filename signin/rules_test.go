package signin

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
)

// The rules of what people get in by, as they show on the pages.
func TestRulesOfPages(t *testing.T) {
	t.Parallel()
	each := storetest.Shared(t)
	for name, rule := range map[string]func(b *browser){
		"invite.once":               pagesInviteOnce,
		"invite.accept":             pagesInviteAccept,
		"invite.temporary-password": pagesTemporaryPassword,
		"invite.resend":             pagesInviteResend,
		"password.reset":            pagesReset,
		"password.policy":           pagesPasswordPolicy,
		"password.expiry":           pagesPasswordExpiry,
		"block.failed":              pagesBlockFailed,
		"block.no-lockout-dos":      pagesThrottled,
		"access.window":             pagesAccessWindow,
		"suspend.organisation":      pagesSuspended,
		"deactivate.doors":          pagesDeactivated,
		"access.decision":           pagesDecision,
		"owner.last":                pagesLastOwner,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, store *persistence.Store) {
				b := newGate(t, store).browser()
				rule(b)
				if !t.Failed() {
					storetest.Consistent(t, store, b.org())
				}
			})
		})
	}
}

const newPassword = "nine lanterns in snow"

// The link works once; looking at it changes nothing; one whose time is over asks for a new one, which the old one brings to
// the address on file and not to whoever asks.
func pagesInviteOnce(b *browser) {
	_, token := b.invited("ben@acme.test")
	path := "/invitation/" + token
	for range 3 { // as programs do that look at letters
		got := b.get(path)
		require.Equal(b, http.StatusOK, got.status)
		require.Equal(b, "Welcome to "+b.tenant.Organisation.Name, got.text("h1"))
		require.Contains(b, got.text("main"), "Ben Ng")
	}
	require.Empty(b, b.session())
	require.Equal(b, "/account", b.post(path, "password", newPassword, "again", newPassword).goes(b))
	require.NotEmpty(b, b.session())
	other := b.gate.browser()
	for _, got := range []seen{other.get(path), other.post(path, "password", newPassword, "again", newPassword)} {
		require.Equal(b, http.StatusGone, got.status)
		require.Equal(b, "This link was used", got.text("h1"))
	}
	require.Empty(b, other.session())

	v, late := b.invited("late@acme.test")
	b.clock.Move(7 * 24 * time.Hour)
	got := other.get("/invitation/" + late)
	require.Equal(b, http.StatusGone, got.status)
	require.Equal(b, "This link is too old", got.text("h1"))
	require.NotContains(b, got.body, "late@acme.test")
	again, ok := got.Find("main form").Attr("action")
	require.True(b, ok)
	require.Equal(b, http.StatusOK, other.post(again).status)
	fresh := b.letter(v, domain.LinkInvitation)
	require.NotEqual(b, late, fresh)
	require.Equal(b, http.StatusOK, other.get("/invitation/"+fresh).status)
	revoked := other.get("/invitation/" + late)
	require.Equal(b, http.StatusGone, revoked.status)

	_, err := b.admin.Invite(b.Context(), b.boss(), v.ID, domain.IfMatch{})
	require.NoError(b, err)
	require.Equal(b, "This link is no longer good", other.get("/invitation/"+fresh).text("h1"))
	require.Equal(b, http.StatusGone, other.get("/invitation/usher_link_x").status)
}

// Whoever accepts chooses a password that meets the policy, and is in.
func pagesInviteAccept(b *browser) {
	u, token := b.invited("ben@acme.test")
	path := "/invitation/" + token
	for password, wrong := range map[string]string{"short": "That is too short.", "ben@acme.test!": "It contains your user name.", strings.Repeat("x", 257): "That is too long.", "password of all": "Many people use this one"} {
		got := b.post(path, "password", password, "again", password)
		require.Equal(b, http.StatusUnprocessableEntity, got.status, password)
		require.Contains(b, got.text("#password-error"), wrong)
		require.NotContains(b, got.body, `value="`+password)
		require.Empty(b, b.session())
	}
	require.Contains(b, b.post(path, "password", newPassword, "again", newPassword+"x").text("#again-error"), "not the same")
	require.Equal(b, "/account", b.post(path, "password", newPassword, "again", newPassword).goes(b))
	account := b.get("/account")
	require.Equal(b, http.StatusOK, account.status)
	require.Equal(b, "Ben Ng", account.text("h1"))
	require.Contains(b, account.text("dl"), "RoleAgent")
	is, err := b.admin.Person(b.Context(), b.boss(), u.ID)
	require.NoError(b, err)
	require.Equal(b, domain.Active, is.Status)
}

func (g *gate) temporary(email string) {
	g.Helper()
	_, err := g.admin.Add(g.Context(), g.boss(), domain.NewPerson{GivenName: "Tim", FamilyName: "Po", Email: email, Role: g.staff.ID, TemporaryPassword: gatePassword})
	require.NoError(g, err)
}

func pagesTemporaryPassword(b *browser) {
	b.temporary("tim@acme.test")
	require.Equal(b, "/sign-in/password", b.signIn("tim@acme.test", gatePassword).goes(b))
	before := b.session()
	require.Equal(b, "/sign-in/password", b.get("/account").goes(b), "nothing is open before")
	require.Contains(b, b.get("/sign-in/password").text("main"), "choose a password that only you know")
	got := b.post("/sign-in/password", "current", gatePassword, "password", gatePassword, "again", gatePassword)
	require.Contains(b, got.text("#password-error"), "You had this one before")
	require.Contains(b, b.post("/sign-in/password", "current", "wrong", "password", newPassword, "again", newPassword).text("#current-error"), "not your current password")
	require.Equal(b, "/account?changed=password", b.post("/sign-in/password", "current", gatePassword, "password", newPassword, "again", newPassword).goes(b))
	require.NotEqual(b, before, b.session())
	require.Equal(b, "Tim Po", b.get("/account").text("h1"))

	b.temporary("tom@acme.test")
	b.clock.Move(7*24*time.Hour + time.Minute)
	late := b.gate.browser()
	refused := late.signIn("tom@acme.test", gatePassword)
	require.Equal(b, http.StatusForbidden, refused.status)
	require.Contains(b, refused.text("main"), "Your temporary password is no longer good.")
	require.Empty(b, late.session())
}

// After five an hour nobody brings more letters about.
func pagesInviteResend(b *browser) {
	u, _ := b.invited("ben@acme.test")
	for range 5 {
		_, err := b.admin.Invite(b.Context(), b.boss(), u.ID, domain.IfMatch{})
		require.NoError(b, err)
	}
	last := b.letter(u, domain.LinkInvitation)
	require.Equal(b, http.StatusOK, b.post("/invitation/"+last+"/again").status, "it is not expired: nothing happens, and that is said to nobody")
	require.Equal(b, last, b.letter(u, domain.LinkInvitation))
}

func pagesReset(b *browser) {
	u := b.member("ana@acme.test")
	require.Equal(b, "/account", b.signIn("ana@acme.test", gatePassword).goes(b))
	other := b.gate.browser()
	ask := func(name string) seen {
		got := other.post("/reset", "organisation", b.slug(), "name", name)
		require.Equal(b, http.StatusOK, got.status)
		return got
	}
	known, unknown := ask("ana@acme.test"), ask("nobody@acme.test")
	require.Equal(b, shape(known), shape(unknown))
	path := "/reset/" + b.letter(u, domain.LinkReset)
	require.Equal(b, "Choose a new password", other.get(path).text("h1"))
	require.Equal(b, "Ana Łuk", b.get("/account").text("h1"), "looking at it ends nothing")
	require.Equal(b, "/sign-in/"+b.slug()+"?changed=1", other.post(path, "password", newPassword, "again", newPassword).goes(b))
	require.Empty(b, other.session(), "it signs nobody in")
	require.Contains(b, b.get("/account").goes(b), "/sign-in?", "all sessions are over")
	done := other.get("/sign-in/" + b.slug() + "?changed=1")
	require.Contains(b, done.text(".notice.good"), "Your password is changed")
	require.Equal(b, "ana@acme.test", done.Find("#name").AttrOr("value", ""))
	require.Equal(b, http.StatusUnauthorized, other.signIn("ana@acme.test", gatePassword).status)
	require.Equal(b, "/account", other.signIn("ana@acme.test", newPassword).goes(b))
	require.Equal(b, "This link was used", other.get(path).text("h1"))

	ask("ana@acme.test")
	b.clock.Move(time.Hour)
	late := b.gate.browser()
	got := late.get("/reset/" + b.letter(u, domain.LinkReset))
	require.Equal(b, http.StatusGone, got.status)
	require.Equal(b, "/reset", got.Find("main a").First().AttrOr("href", ""))
}

func pagesPasswordPolicy(b *browser) {
	b.member("ana@acme.test")
	b.signIn("ana@acme.test", gatePassword)
	for password, wrong := range map[string]string{"short": "too short", strings.Repeat("ñ", 257): "too long", "password and more": "Many people", gatePassword: "You had this one", "ana@acme.test??": "user name", "a\xffb long enough": "not valid text"} {
		got := b.post("/sign-in/password", "current", gatePassword, "password", password, "again", password)
		require.Equal(b, http.StatusUnprocessableEntity, got.status, password)
		require.Contains(b, got.text("#password-error"), wrong)
	}
	b.headers["Accept-Language"] = "es-MX"
	got := b.post("/sign-in/password", "current", gatePassword, "password", "short", "again", "short")
	require.Contains(b, got.text("#password-error"), "Es demasiado corta.")
}

func pagesPasswordExpiry(b *browser) {
	b.member("ana@acme.test")
	b.clock.Move(120 * 24 * time.Hour)
	require.NoError(b, b.store.Write(b.Context(), func(tx domain.Tx) error { // that they were here lately
		u, _, err := tx.SignIns().ByName(b.org(), "ana@acme.test")
		if err != nil {
			return err
		}
		return tx.Inactivity().Accessed(b.org(), u, b.clock.Now())
	}))
	require.Equal(b, "/sign-in/password?return_to=%2Faccount%3Fx%3D1", b.post("/sign-in/"+b.slug(), "name", "ana@acme.test", "password", gatePassword, "return_to", "/account?x=1").goes(b))
	require.Equal(b, "/account?x=1", b.post("/sign-in/password", "current", gatePassword, "password", newPassword, "again", newPassword, "return_to", "/account?x=1").goes(b))
	require.Equal(b, http.StatusOK, b.get("/account").status)
}

// goes is where a page sends the browser in the end, when it first looks whether cookies are kept.
func (s seen) goes(b *browser) string {
	b.Helper()
	to := s.to(b)
	if strings.HasPrefix(to, "/sign-in/check?") {
		return b.get(to).to(b)
	}
	return to
}

// The sixth wrong password blocks, and from then on even the right one is refused with the same words as any other.
func pagesBlockFailed(b *browser) {
	u := b.member("ana@acme.test")
	var first seen
	for i := range 6 {
		got := b.signIn("ana@acme.test", "a wrong password")
		require.Equal(b, http.StatusUnauthorized, got.status)
		require.Equal(b, "ana@acme.test", got.Find("#name").AttrOr("value", ""))
		require.NotContains(b, got.body, "a wrong password")
		if i == 0 {
			first = got
		}
	}
	right := b.signIn("ana@acme.test", gatePassword)
	require.Equal(b, http.StatusUnauthorized, right.status)
	require.Equal(b, shape(first), shape(right))
	block, found, err := b.admin.BlockOf(b.Context(), b.boss(), u.ID)
	require.NoError(b, err)
	require.True(b, found)
	require.Equal(b, domain.BlockedByFailedSignIns, block.Reason)
}

// Many tries from one network are slowed before any account is blocked by them, and others come in meanwhile.
func pagesThrottled(b *browser) {
	b.member("ana@acme.test")
	status := 0
	var last seen
	for range 31 {
		last = b.post("/sign-in/"+b.slug(), "name", "ghost@acme.test", "password", "x")
		status = last.status
	}
	require.Equal(b, http.StatusTooManyRequests, status)
	require.Equal(b, "60", last.header.Get("Retry-After"))
	require.Equal(b, "ghost@acme.test", last.Find("#name").AttrOr("value", ""))
	require.Equal(b, http.StatusTooManyRequests, b.post("/sign-in/"+b.slug(), "name", "ana@acme.test", "password", gatePassword).status)
	b.clock.Move(time.Minute)
	require.Equal(b, "/account", b.signIn("ana@acme.test", gatePassword).goes(b))
}

// Outside their window people are told when it opens again, in their language and zone; a session in progress ends.
func pagesAccessWindow(b *browser) {
	u := b.member("ana@acme.test")
	b.signIn("ana@acme.test", gatePassword)
	spanish, zone := "es", "Europe/Madrid"
	_, err := b.admin.Edit(b.Context(), b.boss(), u.ID, domain.IfMatch{}, domain.PersonChange{Fields: domain.FieldChange{Language: &spanish, TimeZone: &zone}})
	require.NoError(b, err)
	madrid, err := time.LoadLocation(zone)
	require.NoError(b, err)
	opens := b.clock.Now().In(madrid).AddDate(0, 0, 3)
	from := opens.Format(time.DateOnly)
	_, err = b.admin.SetWindow(b.Context(), b.boss(), u.ID, domain.IfMatch{}, domain.WindowSpec{TimeZone: zone, ValidFrom: from})
	require.NoError(b, err)
	other := b.gate.browser()
	for _, got := range []seen{b.get("/account"), other.signIn("ana@acme.test", gatePassword)} {
		require.Equal(b, http.StatusForbidden, got.status)
		require.Equal(b, "es", got.Find("html").AttrOr("lang", ""))
		require.Equal(b, "Ahora no puede entrar", got.text("h1"))
		require.Contains(b, got.text("main"), "Su cuenta aún no es válida.")
		require.Contains(b, got.text(".opens"), "a las 00:00 (CE")
		require.Contains(b, got.text("main"), "r-7")
	}
	require.Empty(b, other.session())
}

func pagesSuspended(b *browser) {
	b.member("ana@acme.test")
	b.signIn("ana@acme.test", gatePassword)
	require.NoError(b, b.store.Write(b.Context(), func(tx domain.Tx) error { return tx.Organisations().Suspend(b.org(), b.clock.Now()) }))
	other := b.gate.browser()
	for _, got := range []seen{b.get("/account"), other.signIn("ana@acme.test", gatePassword)} {
		require.Equal(b, http.StatusForbidden, got.status)
		require.Contains(b, got.text("main"), "Your organisation is suspended. Everything is kept.")
	}
	require.Equal(b, http.StatusUnauthorized, other.signIn("ana@acme.test", "wrong").status, "who proves nothing learns nothing")
	require.NoError(b, b.store.Write(b.Context(), func(tx domain.Tx) error { return tx.Organisations().Suspend(b.org(), time.Time{}) }))
}

// Security 36: the next request of a deactivated person is refused, whatever they have, on every replica.
func pagesDeactivated(b *browser) {
	u := b.member("ana@acme.test")
	b.signIn("ana@acme.test", gatePassword)
	require.Equal(b, http.StatusOK, b.get("/account").status)
	b.post("/reset", "organisation", b.slug(), "name", "ana@acme.test")
	reset := "/reset/" + b.letter(u, domain.LinkReset)
	_, err := b.admin.Deactivate(b.Context(), b.boss(), u.ID, domain.IfMatch{})
	require.NoError(b, err)
	token := b.session()
	for _, door := range []http.Handler{b.door, b.replica()} {
		b.door, b.cookies["__Host-usher_session"] = door, token
		require.Equal(b, "/sign-in?return_to=%2Faccount&ended=1", b.get("/account").goes(b))
		require.Equal(b, http.StatusGone, b.get(reset).status)
		require.Equal(b, http.StatusUnauthorized, b.signIn("ana@acme.test", gatePassword).status)
	}
	require.Contains(b, b.get("/sign-in?ended=1").text(".notice")+b.get("/sign-in/"+b.slug()+"?ended=1").text(".notice"), "Your session has ended.")
}

// Whatever refuses somebody who is who they say, the page tells the reason that is told, and nothing else.
func pagesDecision(b *browser) {
	u := b.member("ana@acme.test")
	require.NoError(b, b.admin.Block(b.Context(), b.boss(), u.ID, domain.IfMatch{}))
	got := b.signIn("ana@acme.test", gatePassword)
	require.Equal(b, http.StatusForbidden, got.status)
	require.Contains(b, got.text("main"), "Your account is blocked by an administrator.")
	require.Equal(b, http.StatusUnauthorized, b.signIn("ana@acme.test", "wrong").status)
	for _, reason := range []string{
		domain.ReasonOrganisationSuspended, domain.ReasonInactive, domain.ReasonWaiting, domain.ReasonPending, domain.ReasonBlocked, domain.ReasonInactivity,
		domain.ReasonFailedSignIns, domain.ReasonNotYetValid, domain.ReasonNoLongerValid, domain.ReasonOutsideSchedule,
	} {
		for _, c := range b.gate.door.texts {
			require.True(b, c.Has("refused."+reason), reason)
			require.True(b, c.Has("refused."+reason+".remedy"), reason)
		}
	}
}

// The first owner comes by the link that was printed, good for 7 days. The last one is slowed, longer each time, and never
// blocked, and hears the same words as everybody.
func pagesLastOwner(b *browser) {
	made := b.sister()
	require.Equal(b, b.clock.Now().Add(7*24*time.Hour), made.Setup.ExpiresAt)
	require.Equal(b, "/account", b.post("/invitation/"+made.SetupToken, "password", newPassword, "again", newPassword).goes(b))
	require.Contains(b, b.get("/account").text("dl"), "Owner")
	path := "/sign-in/" + made.Organisation.Slug
	try := func(password string) seen { return b.post(path, "name", "olga@sister.test", "password", password) }
	var wrong seen
	for range 6 {
		wrong = try("a wrong password")
	}
	require.Equal(b, http.StatusUnauthorized, wrong.status)
	require.Equal(b, shape(wrong), shape(try(newPassword)), "slowed")
	b.clock.Move(29 * time.Second)
	require.Equal(b, http.StatusUnauthorized, try(newPassword).status)
	b.clock.Move(time.Second)
	require.Equal(b, http.StatusUnauthorized, try("a wrong password").status)
	b.clock.Move(59 * time.Second)
	require.Equal(b, http.StatusUnauthorized, try(newPassword).status, "twice as long")
	b.clock.Move(time.Second)
	require.Equal(b, "/account", try(newPassword).goes(b))
}
