package signin

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/descope/virtualwebauthn"
	"github.com/pquerna/otp/totp"
	"github.com/stretchr/testify/require"

	"usher/domain"
	"usher/persistence"
	"usher/persistence/storetest"
)

// The rules of second factors at the door of people, over every database.
func TestRulesOfFactors(t *testing.T) {
	t.Parallel()
	each := storetest.Shared(t)
	for name, rule := range map[string]func(*factorBrowser){
		"access.mfa":         accessMFAEnrol,
		"access.mfa-passkey": accessMFAPasskeys,
		"access.mfa-account": accessMFAAccount,
		"access.mfa-invited": accessMFAInvited,
		"mfa.reset":          mfaResetAtTheDoor,
		"block.failed":       blockFailedByCodes,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, store *persistence.Store) {
				rule(newFactorBrowser(newGate(t, store)))
			})
		})
	}
}

// factorBrowser is somebody's, who has cookies and no script.
type factorBrowser struct {
	*gate

	cookies map[string]string
}

// newFactorBrowser is one that has been here before, and keeps cookies.
func newFactorBrowser(g *gate) *factorBrowser {
	return &factorBrowser{gate: g, cookies: map[string]string{"__Host-" + probeCookie: "1"}}
}

// shown is a page as it was answered.
type shown struct {
	*httptest.ResponseRecorder

	page *goquery.Document
}

func (b *factorBrowser) do(method, path string, form url.Values) shown {
	b.Helper()
	r := httptest.NewRequest(method, gateBase+path, strings.NewReader(form.Encode()))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	b.door.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		require.True(b, c.Secure && c.HttpOnly && c.SameSite == http.SameSiteLaxMode && strings.HasPrefix(c.Name, "__Host-"), c.Name)
		if b.cookies[c.Name] = c.Value; c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	page, err := goquery.NewDocumentFromReader(strings.NewReader(w.Body.String()))
	require.NoError(b, err)
	return shown{w, page}
}

func (b *factorBrowser) get(path string) shown { b.Helper(); return b.do(http.MethodGet, path, nil) }

func (b *factorBrowser) post(path string, pairs ...string) shown {
	b.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return b.do(http.MethodPost, path, form)
}

// to is where an answer sends the browser.
func (b *factorBrowser) to(s shown, path string) {
	b.Helper()
	require.Equal(b, http.StatusSeeOther, s.Code, s.Body.String())
	require.Equal(b, path, strings.NewReplacer("&ended=1", "", "?ended=1", "").Replace(s.Header().Get("Location")))
}

// says that a page has a text, by its key.
func (b *factorBrowser) says(s shown, status int, key string) {
	b.Helper()
	require.Equal(b, status, s.Code, s.Body.String())
	require.Contains(b, s.page.Find("main").Text(), b.door.texts["en"].Text(key))
}

func (b *factorBrowser) value(s shown, selector, attribute string) string {
	b.Helper()
	value, ok := s.page.Find(selector).Attr(attribute)
	require.True(b, ok, "%s: %s", selector, s.Body.String())
	return value
}

func (b *factorBrowser) token() string { return b.cookies["__Host-usher_session"] }

// password takes the step of a password.
func (b *factorBrowser) password() shown {
	b.Helper()
	return b.post("/sign-in/"+b.tenant.Organisation.Slug, "name", "ana@acme.test", "password", gatePassword)
}

// code is what the app of a seed shows now.
func (b *factorBrowser) code(seed string) string {
	b.Helper()
	code, err := totp.GenerateCode(seed, b.clock.Now())
	require.NoError(b, err)
	return code
}

func (b *factorBrowser) demand() {
	b.Helper()
	_, err := b.admin.ChangePolicy(b.Context(), b.boss(), domain.IfMatch{}, func(p domain.Policy) (domain.Policy, error) {
		p.MFA = domain.MFARequired
		return p, nil
	})
	require.NoError(b, err)
}

// enrol sets up an app in a sign-in that demands one, and gives its seed and the recovery codes.
func (b *factorBrowser) enrol() (seed string, codes []string) {
	b.Helper()
	b.to(b.password(), "/sign-in/enrol")
	page := b.get("/sign-in/enrol")
	require.Equal(b, http.StatusOK, page.Code, page.Body.String())
	seed = strings.ReplaceAll(page.page.Find(".seed").Text(), " ", "")
	link, err := url.Parse(b.value(page, `a[href^="otpauth:"]`, "href"))
	require.NoError(b, err)
	require.Equal(b, []string{seed, b.tenant.Organisation.Name}, []string{link.Query().Get("secret"), link.Query().Get("issuer")})
	require.NotEmpty(b, b.value(page, "svg.qr path", "d"))
	pending := b.value(page, "input[name=pending]", "value")
	require.NotContains(b, pending, seed)
	wrong := b.post("/sign-in/enrol", "pending", pending, "code", "000000")
	b.says(wrong, http.StatusUnprocessableEntity, "enrol.wrong")
	require.Equal(b, seed, strings.ReplaceAll(wrong.page.Find(".seed").Text(), " ", ""), "the picture stays the same")
	b.says(b.post("/sign-in/enrol", "pending", pending[:len(pending)-8]+"AAAAAAAA", "code", b.code(seed)), http.StatusUnprocessableEntity, "enrol.late")
	before := b.token()
	done := b.post("/sign-in/enrol", "pending", pending, "code", b.code(seed))
	b.says(done, http.StatusOK, "recovery.once")
	require.NotEqual(b, before, b.token(), "the session's id has changed (security 35)")
	done.page.Find(".codes li").Each(func(_ int, li *goquery.Selection) { codes = append(codes, li.Text()) })
	require.Len(b, codes, 10)
	return seed, codes
}

// accessMFAInvited: who has to set up a second factor to answer an invitation comes to where they were going, or home.
func accessMFAInvited(b *factorBrowser) {
	b.demand()
	for email, going := range map[string][2]string{
		"home@acme.test": {"", "/account"},
		"page@acme.test": {"/account/security", "/account/security"},
		"crm@acme.test":  {crmOrigin + "/deals", crmOrigin + "/deals"},
		"evil@acme.test": {"https://evil.test/", "/account"},
	} {
		b.cookies = map[string]string{"__Host-" + probeCookie: "1"}
		_, token := b.invited(email)
		page := b.get(withReturn("/invitation/"+token, going[0]))
		to := b.value(page, "input[name=return_to]", "value")
		step := b.post("/invitation/"+token, "password", gatePassword, "again", gatePassword, "return_to", to)
		require.Equal(b, withReturn("/sign-in/enrol", to), step.Header().Get("Location"))
		enrol := b.get(step.Header().Get("Location"))
		seed := strings.ReplaceAll(enrol.page.Find(".seed").Text(), " ", "")
		done := b.post("/sign-in/enrol", "pending", b.value(enrol, "input[name=pending]", "value"), "code", b.code(seed),
			"return_to", b.value(enrol, `form[action="/sign-in/enrol"] input[name=return_to]`, "value"))
		b.says(done, http.StatusOK, "recovery.once")
		require.Equal(b, going[1], b.value(done, "main a.button", "href"), email)
	}
}

// accessMFAEnrol: who needs a second factor sets one up before anything opens; then a password leads to it, a code opens once,
// a recovery code once, and a browser is remembered where that was ticked (security 35, 39).
func accessMFAEnrol(b *factorBrowser) {
	b.member("ana@acme.test")
	b.demand()
	b.to(b.get("/sign-in/enrol"), "/sign-in?return_to=%2Fsign-in%2Fenrol")
	seed, codes := b.enrol()
	require.Equal(b, http.StatusOK, b.get("/account").Code)
	b.post("/sign-out")

	for _, path := range []string{"/account", "/account/security", "/account/prove", "/account/security/app", "/sign-in/enrol"} {
		b.to(b.password(), "/sign-in/factor")
		require.Equal(b, "/sign-in/factor", strings.Split(b.get(path).Header().Get("Location"), "?")[0], path)
	}
	page := b.get("/sign-in/factor")
	require.Equal(b, http.StatusOK, page.Code)
	require.Equal(b, 1, page.page.Find("input[name=code]").Length())
	require.Contains(b, page.Header().Get("Content-Security-Policy"), "script-src 'nonce-")
	b.says(b.post("/sign-in/factor", "code", b.code(seed)), http.StatusUnauthorized, "factor.wrong") // it has confirmed the app
	b.clock.Move(30 * time.Second)
	before := b.token()
	b.to(b.post("/sign-in/factor", "code", b.code(seed), "return_to", "/account/security"), "/account/security")
	require.NotEqual(b, before, b.token())
	used := b.code(seed)
	b.post("/sign-out")
	b.password()
	b.says(b.post("/sign-in/factor", "code", used), http.StatusUnauthorized, "factor.wrong")
	b.to(b.post("/sign-in/factor/recovery", "recovery", strings.ToUpper(codes[0]), "remember", "1"), "/account")
	require.NotEmpty(b, b.cookies["__Host-usher_device"])
	b.post("/sign-out")
	b.to(b.password(), "/account")
	b.post("/sign-out")
	delete(b.cookies, "__Host-usher_device")
	b.password()
	b.says(b.post("/sign-in/factor/recovery", "recovery", codes[0]), http.StatusUnauthorized, "factor.wrong")

	// A clock that is half a minute wrong is no reason; a whole one is.
	b.clock.Move(5 * time.Minute)
	late, err := totp.GenerateCode(seed, b.clock.Now().Add(-60*time.Second))
	require.NoError(b, err)
	b.says(b.post("/sign-in/factor", "code", late), http.StatusUnauthorized, "factor.wrong")
	skewed, err := totp.GenerateCode(seed, b.clock.Now().Add(-30*time.Second))
	require.NoError(b, err)
	b.to(b.post("/sign-in/factor", "code", skewed[:3]+" "+skewed[3:]), "/account")

	// The seed is sealed for whose it is.
	require.NoError(b, b.store.Read(b.Context(), func(tx domain.Tx) error {
		p, err := b.entrance.Verify(b.Context(), b.token())
		require.NoError(b, err)
		factors, err := tx.SecondFactors().List(b.org(), p.Session.User)
		require.Len(b, factors, 1)
		require.NotContains(b, string(factors[0].Sealed), seed)
		open, openErr := b.door.Open(factors[0].Sealed, seedPlace(b.org(), p.Session.User))
		require.NoError(b, openErr)
		require.Equal(b, seed, string(open))
		_, openErr = b.door.Open(factors[0].Sealed, seedPlace(b.org(), domain.UserID(b.org())))
		require.Error(b, openErr)
		return err
	}))
}

// blockFailedByCodes: wrong codes and recovery codes count as wrong passwords do, also on another replica.
func blockFailedByCodes(b *factorBrowser) {
	b.member("ana@acme.test")
	b.demand()
	seed, codes := b.enrol()
	b.post("/sign-out")
	b.clock.Move(time.Minute)
	b.password()
	for i := range 6 {
		if i%2 == 0 {
			b.door = b.replica()
		}
		b.says(b.post([]string{"/sign-in/factor", "/sign-in/factor/recovery"}[i%2], "code", "123456", "recovery", "0000-0000-0000-0000"), http.StatusUnauthorized, "factor.wrong")
	}
	b.says(b.post("/sign-in/factor", "code", b.code(seed)), http.StatusUnauthorized, "factor.wrong")
	b.says(b.post("/sign-in/factor/recovery", "recovery", codes[0]), http.StatusUnauthorized, "factor.wrong")
	require.Equal(b, http.StatusUnauthorized, b.password().Code)
}

// mfaResetAtTheDoor: who lost everything sets a new one up at the next sign-in; what they had opens nothing.
func mfaResetAtTheDoor(b *factorBrowser) {
	u := b.member("ana@acme.test")
	b.demand()
	_, codes := b.enrol()
	require.NoError(b, b.admin.ResetSecondFactor(b.Context(), b.boss(), u.ID, domain.IfMatch{}))
	b.to(b.get("/account"), "/sign-in?return_to=%2Faccount")
	b.to(b.password(), "/sign-in/enrol")
	b.to(b.post("/sign-in/factor/recovery", "recovery", codes[0]), "/sign-in/enrol")
	b.enrol()
}

// device makes and uses passkeys as a phone does.
type device struct {
	party virtualwebauthn.RelyingParty
	virtualwebauthn.Authenticator
	key virtualwebauthn.Credential
}

func newDevice() *device {
	return &device{
		party:         virtualwebauthn.RelyingParty{ID: "usher.acme.test", Name: "Usher", Origin: gateBase},
		Authenticator: virtualwebauthn.NewAuthenticator(), key: virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2),
	}
}

// make answers the form that asks for a passkey.
func (d *device) make(b *factorBrowser, page shown) (challenge, answer string) {
	b.Helper()
	options, err := virtualwebauthn.ParseAttestationOptions(b.value(page, "form[data-passkey=create]", "data-options"))
	require.NoError(b, err)
	d.Options.UserHandle = []byte(options.UserID)
	return b.value(page, "form[data-passkey=create] input[name=challenge]", "value"), virtualwebauthn.CreateAttestationResponse(d.party, d.Authenticator, d.key, *options)
}

// use answers the form that asks to use one; the device counts.
func (d *device) use(b *factorBrowser, page shown) (challenge, answer string) {
	b.Helper()
	options, err := virtualwebauthn.ParseAssertionOptions(b.value(page, "form[data-passkey=get]", "data-options"))
	require.NoError(b, err)
	d.key.Counter++
	return b.value(page, "form[data-passkey=get] input[name=challenge]", "value"), virtualwebauthn.CreateAssertionResponse(d.party, d.Authenticator, d.key, *options)
}

// accessMFAPasskeys: a passkey is a second factor, and signs in without a name; what was signed is good once, in this browser,
// for this server, by a device that has seen who uses it, and by no copy of it.
func accessMFAPasskeys(b *factorBrowser) {
	b.member("ana@acme.test")
	b.to(b.password(), "/account")
	d := newDevice()
	page := b.get("/account/security/passkey")
	challenge, answer := d.make(b, page)
	b.says(b.post("/account/security/passkey", "challenge", challenge, "answer", answer, "name", " "), http.StatusUnprocessableEntity, "enrol.name")
	b.says(b.post("/account/security/passkey", "challenge", challenge, "answer", "{}", "name", "Phone"), http.StatusUnprocessableEntity, "enrol.passkey-wrong")
	foreign := *d
	foreign.party.Origin = "https://evil.test"
	_, evil := foreign.make(b, page)
	b.says(b.post("/account/security/passkey", "challenge", challenge, "answer", evil, "name", "Phone"), http.StatusUnprocessableEntity, "enrol.passkey-wrong")
	b.says(b.post("/account/security/passkey", "challenge", challenge, "answer", answer, "name", "Phone"), http.StatusOK, "recovery.once")
	require.Contains(b, b.get("/account/security").page.Find("main").Text(), "Phone")
	again := newDevice()
	challenge, answer = again.make(b, b.get("/account/security/passkey"))
	require.Equal(b, http.StatusSeeOther, b.post("/account/security/passkey", "challenge", challenge, "answer", answer, "name", "Laptop").Code)
	b.post("/sign-out")

	b.to(b.password(), "/sign-in/factor")
	challenge, answer = d.use(b, b.get("/sign-in/factor"))
	before := b.token()
	b.to(b.post("/sign-in/factor/passkey", "challenge", challenge, "answer", answer), "/account")
	require.NotEqual(b, before, b.token())
	b.post("/sign-out")

	alone := func(change func(d *device)) shown {
		page := b.get("/sign-in/passkey")
		require.Equal(b, http.StatusOK, page.Code)
		copied := *d
		copied.key.Counter = d.key.Counter
		if change != nil {
			change(&copied)
		}
		challenge, answer = copied.use(b, page)
		d.key.Counter = max(d.key.Counter, copied.key.Counter)
		return b.post("/sign-in/passkey", "challenge", challenge, "answer", answer)
	}
	b.says(alone(func(d *device) { d.Options.UserNotVerified = true }), http.StatusUnauthorized, "passkey.wrong")
	b.says(alone(func(d *device) { d.party.Origin = "https://evil.test" }), http.StatusUnauthorized, "passkey.wrong")
	b.says(alone(func(d *device) { d.party.ID = "evil.test" }), http.StatusUnauthorized, "passkey.wrong")
	b.says(alone(func(d *device) { d.key.Key = again.key.Key }), http.StatusUnauthorized, "passkey.wrong")
	b.says(alone(func(d *device) { d.Options.UserHandle = nil }), http.StatusUnauthorized, "passkey.wrong")
	b.to(alone(nil), "/account")
	b.post("/sign-out")
	b.says(b.post("/sign-in/passkey", "challenge", challenge, "answer", answer), http.StatusUnauthorized, "passkey.wrong")

	page = b.get("/sign-in/passkey")
	challenge, answer = d.use(b, page)
	kept := b.cookies["__Host-usher_browser"]
	b.cookies["__Host-usher_browser"] = "another"
	b.says(b.post("/sign-in/passkey", "challenge", challenge, "answer", answer), http.StatusUnauthorized, "passkey.wrong")
	b.cookies["__Host-usher_browser"] = kept
	b.clock.Move(5 * time.Minute)
	b.says(b.post("/sign-in/passkey", "challenge", challenge, "answer", answer), http.StatusUnauthorized, "passkey.wrong")

	b.says(alone(func(d *device) { d.key.Counter = 0 }), http.StatusUnauthorized, "factor.cloned")
	b.to(alone(nil), "/account")
}

// accessMFAAccount: on one's own page a second factor is set up, replaced and removed, by who has shown lately who they are.
func accessMFAAccount(b *factorBrowser) {
	b.member("ana@acme.test")
	b.to(b.password(), "/account")
	other := newFactorBrowser(b.gate)
	other.password()
	page := b.get("/account/security/app")
	seed := strings.ReplaceAll(page.page.Find(".seed").Text(), " ", "")
	pending := b.value(page, "input[name=pending]", "value")
	b.says(other.post("/account/security/app", "pending", pending, "code", b.code(seed)), http.StatusUnprocessableEntity, "enrol.late")
	b.says(b.post("/account/security/app", "pending", pending, "code", b.code(seed)), http.StatusOK, "recovery.once")
	b.to(other.get("/account"), "/sign-in?return_to=%2Faccount") // another second factor ends other sessions (security 37)

	shownCodes := b.post("/account/security/codes")
	b.says(shownCodes, http.StatusOK, "recovery.once")
	require.Equal(b, 10, shownCodes.page.Find(".codes li").Length())
	security := b.get("/account/security")
	require.Equal(b, http.StatusOK, security.Code)
	for _, secret := range []string{seed, shownCodes.page.Find(".codes li").First().Text()} {
		require.NotContains(b, security.Body.String(), secret)
	}

	b.clock.Move(10 * time.Minute)
	for _, path := range []string{"/app/remove", "/codes", "/devices/forget", "/passkeys/" + b.org().String() + "/remove"} {
		b.to(b.post("/account/security"+path), "/account/prove?return_to=%2Faccount%2Fsecurity")
	}
	b.to(b.get("/account/security/app"), "/account/prove?return_to=%2Faccount%2Fsecurity%2Fapp")
	b.says(b.post("/account/prove", "password", "no lantern in the snow"), http.StatusUnauthorized, "prove.wrong")
	before := b.token()
	b.to(b.post("/account/prove", "password", gatePassword, "return_to", "/account/security"), "/account/security")
	require.NotEqual(b, before, b.token())
	b.to(b.post("/account/security/app/remove"), "/account/security")
	require.Equal(b, http.StatusNotFound, b.post("/account/security/app/remove").Code)
	b.post("/sign-out")
	b.to(b.password(), "/account")
	require.Equal(b, http.StatusForbidden, b.crossSite("/account/security/codes"))

	b.member("bo@acme.test")
	b.to(other.post("/sign-in/"+b.tenant.Organisation.Slug, "name", "bo@acme.test", "password", gatePassword), "/account")
	require.Zero(b, other.get("/account/security").page.Find("#devices").Length(), "there is no second factor, and nothing to remember")
}

// crossSite is the status of a form that another site sends (security 44).
func (b *factorBrowser) crossSite(path string) int {
	r := httptest.NewRequest(http.MethodPost, gateBase+path, http.NoBody)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	r.AddCookie(&http.Cookie{Name: "__Host-usher_session", Value: b.token()})
	w := httptest.NewRecorder()
	b.door.ServeHTTP(w, r)
	return w.Code
}
