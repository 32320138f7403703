package signin

import (
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"usher/domain"
)

// signInForm is the page of a name and a password.
type signInForm struct {
	Slug     string
	Name     string // as it was typed
	ReturnTo string
	Error    string // in the language of the page
	Notice   string // the key of something to say first
	Good     bool   // which is good news
	Ways     []way
	Password bool // it has fields for a name and a password
	Reset    string
	Passkey  string // where to sign in by one; empty: nowhere
}

// way is a button that leads to an identity provider.
type way struct{ Href, Name string }

// home sends people to where they are at home.
func home(v *visit) error {
	if _, err := v.session(); err == nil {
		return v.redirect(homePath)
	}
	return v.redirect("/sign-in")
}

// signIn takes a name and a password. What is wrong keeps the name; the password is typed again.
func signIn(v *visit) error {
	if err := v.enter(); err != nil {
		return err
	}
	form := v.form()
	form.Password = true
	form.Name = v.r.PostFormValue("name")
	signed, err := v.Entrance.SignIn(v.r.Context(), v.doorway.Organisation.ID, form.Name, v.r.PostFormValue("password"), v.visitor())
	switch {
	case err == nil:
		v.rememberPlace()
		v.forget(nameCookie)
		return v.signedIn(signed, form.ReturnTo)
	case domain.IsCode(err, domain.CodeSignInRefused):
		form.Error = v.text("sign_in.refused")
		return v.render(http.StatusUnauthorized, "sign_in", form)
	case domain.IsKind(err, domain.Throttled):
		v.retryAfter(time.Minute)
		form.Error = v.text("error.throttled.text")
		return v.render(http.StatusTooManyRequests, "sign_in", form)
	}
	return err
}

// showSignIn is the door of one organisation.
func showSignIn(v *visit) error {
	if err := v.enter(); err != nil {
		return err
	}
	v.probe()
	form := v.form()
	form.Name = v.opened(nameCookie)
	query := v.r.URL.Query()
	form.Password = form.Password || query.Get("with") == "password"
	for _, notice := range []string{"ended", "changed", "left"} {
		if query.Has(notice) {
			form.Notice, form.Good = "sign_in.notice."+notice, notice != "ended"
		}
	}
	return v.render(http.StatusOK, "sign_in", form)
}

// form is the page of a name and a password, as it stands.
func (v *visit) form() signInForm {
	slug := v.doorway.Organisation.Slug
	f := signInForm{Slug: slug, ReturnTo: v.returnTo(), Password: v.doorway.Locally, Reset: "/reset?organisation=" + url.QueryEscape(slug), Passkey: v.passkeyPath()}
	for _, w := range v.doorway.Ways {
		f.Ways = append(f.Ways, way{withReturn(startPath(w.Connection), f.ReturnTo), w.Name})
	}
	return f
}

// startPath is where the way to the provider of a connection begins.
func startPath(id domain.ConnectionID) string { return "/oidc/" + id.String() + "/start" }

// enter finds whose door the path names.
func (v *visit) enter() error {
	doorway, err := v.Entrance.DoorwayBySlug(v.r.Context(), v.r.PathValue("slug"))
	v.doorway = doorway
	return err
}

// enterBy finds the door of an organisation.
func (v *visit) enterBy(org domain.OrganisationID) error {
	doorway, err := v.Entrance.Doorway(v.r.Context(), org)
	v.doorway = doorway
	return err
}

// identifyForm is the page that asks who somebody is, before it is known where they belong.
type identifyForm struct {
	Name     string
	ReturnTo string
	Notice   string
	Places   []place
	Passkey  string // as in signInForm
}

// place is an organisation where somebody signed in before, in this browser.
type place struct{ Href, Name, Letter string }

// showIdentify asks who somebody is, where that says to which organisation they belong; who is signed in goes on.
func showIdentify(v *visit) error {
	if _, err := v.session(); err == nil {
		return v.goOn()
	}
	if slug, out := v.cameOut(); out {
		return v.redirect("/sign-in/" + slug + "?left=1")
	}
	v.probe()
	form := identifyForm{ReturnTo: v.returnTo(), Name: v.opened(nameCookie), Passkey: v.passkeyPath()}
	if v.r.URL.Query().Has("ended") {
		form.Notice = "sign_in.notice.ended"
	}
	expected, found, err := v.expected()
	if err != nil {
		return err
	}
	if found {
		return v.redirect(v.door(expected.Organisation.Slug))
	}
	form.Places = v.places()
	return v.render(http.StatusOK, "identify", form)
}

// expected is the door of the organisation that nobody need be asked for: the only one there is, or the only one that has the
// application where somebody wants to go.
func (v *visit) expected() (d domain.Doorway, found bool, err error) {
	if at, ok := parseReturn(v.returnTo()); ok && at != "" {
		if d, found, err = v.Entrance.DoorwayByOrigin(v.r.Context(), at); found || err != nil {
			return d, found, err
		}
	}
	return v.Entrance.SoleDoorway(v.r.Context())
}

// door is the address of an organisation's door, with what this page was asked with.
func (v *visit) door(slug string) string {
	to := withReturn("/sign-in/"+slug, v.returnTo())
	for _, notice := range []string{"ended", "changed"} {
		if v.r.URL.Query().Has(notice) {
			separator := "?"
			if strings.Contains(to, "?") {
				separator = "&"
			}
			to += separator + notice + "=1"
		}
	}
	return to
}

// identify goes where somebody of a name signs in: to the provider that is trusted for their e-mail's domain, else to the
// door of its organisation, or of the one that is expected. It looks at the domain and at no account, so that nobody learns who
// has one.
func identify(v *visit) error {
	name := strings.TrimSpace(v.r.PostFormValue("name"))
	if err := v.keepSealed(nameCookie, name, nameLifetime); err != nil {
		return err
	}
	found, err := v.Entrance.DoorwaysByEmail(v.r.Context(), name)
	if err != nil {
		return err
	}
	if len(found) > 0 { // at most one has proved the domain
		if v.doorway = found[0]; len(v.doorway.Ways) == 1 {
			return v.leave(startPath(v.doorway.Ways[0].Connection) + "?" + v.hinted(name).Encode())
		}
		return v.redirect(withReturn("/sign-in/"+v.doorway.Organisation.Slug, v.returnTo()))
	}
	expected, is, err := v.expected()
	if err != nil {
		return err
	}
	if is {
		return v.redirect(withReturn("/sign-in/"+expected.Organisation.Slug, v.returnTo()))
	}
	return v.redirect(withReturn("/sign-in/organisation", v.returnTo()))
}

// hinted is what the way to a provider is asked with: who comes, so that they need not say it twice, and where to return to.
func (v *visit) hinted(name string) url.Values {
	query := url.Values{"login_hint": {name}}
	if to := v.returnTo(); to != "" {
		query.Set("return_to", to)
	}
	return query
}

// organisationForm is the page that asks for an organisation by its short name.
type organisationForm struct {
	Slug     string
	ReturnTo string
	Error    string
	Places   []place
}

func showOrganisation(v *visit) error {
	expected, is, err := v.expected()
	if err != nil {
		return err
	}
	if is {
		return v.redirect(v.door(expected.Organisation.Slug))
	}
	v.probe()
	return v.render(http.StatusOK, "organisation", organisationForm{ReturnTo: v.returnTo(), Places: v.places()})
}

// chooseOrganisation goes to the door of the organisation that was named.
func chooseOrganisation(v *visit) error {
	slug := strings.ToLower(strings.TrimSpace(v.r.PostFormValue("organisation")))
	doorway, err := v.Entrance.DoorwayBySlug(v.r.Context(), slug)
	if domain.IsKind(err, domain.NotFound) {
		return v.render(http.StatusNotFound, "organisation", organisationForm{
			Slug: slug, ReturnTo: v.returnTo(), Error: v.text("organisation.unknown"), Places: v.places(),
		})
	}
	if err != nil {
		return err
	}
	return v.redirect(withReturn("/sign-in/"+doorway.Organisation.Slug, v.returnTo()))
}

// maxPlaces is how many organisations a browser remembers.
const maxPlaces = 5

// rememberPlace has the browser remember where somebody has signed in.
func (v *visit) rememberPlace() {
	slugs := append([]string{v.doorway.Organisation.Slug}, strings.Split(v.cookie(placesCookie), ".")...)
	kept := make([]string, 0, maxPlaces)
	for _, slug := range slugs {
		if _, err := domain.ParseSlug(slug); err == nil && !slices.Contains(kept, slug) && len(kept) < maxPlaces {
			kept = append(kept, slug)
		}
	}
	v.keep(placesCookie, strings.Join(kept, "."), year)
}

// places are where somebody has signed in, in this browser. What it remembers and is no more is left out.
func (v *visit) places() []place {
	var list []place
	for slug := range strings.SplitSeq(v.cookie(placesCookie), ".") {
		if _, err := domain.ParseSlug(slug); err != nil || len(list) == maxPlaces {
			continue
		}
		doorway, err := v.Entrance.DoorwayBySlug(v.r.Context(), slug)
		if err != nil {
			continue
		}
		v := visit{doorway: doorway, Handler: v.Handler, r: v.r}
		list = append(list, place{withReturn("/sign-in/"+slug, v.returnTo()), doorway.Organisation.Name, v.brand().Letter()})
	}
	return list
}

// checkCookies is where a browser comes that showed no cookie at all when it signed in: now it shows one, or keeps none.
func checkCookies(v *visit) error {
	if v.token() == "" {
		v.Log.LogAttrs(v.r.Context(), slog.LevelInfo, "a browser keeps no cookies")
		return v.render(http.StatusBadRequest, "cookies", v.returnTo())
	}
	return v.goOn()
}

// goOn goes where the person of the session wants to go.
func (v *visit) goOn() error {
	p, err := v.session()
	if err != nil && !domain.IsCode(err, domain.CodeStepMissing) {
		return err
	}
	to, err := v.onward(v.r.Context(), p.Session.Organisation, v.returnTo())
	if err != nil {
		return err
	}
	return v.redirect(to)
}

func showSignOut(v *visit) error {
	if v.token() == "" {
		return v.redirect("/sign-in")
	}
	return v.render(http.StatusOK, "sign_out", nil)
}

// signOut ends the session on the server, and has the browser forget it.
func signOut(v *visit) error {
	before, _ := v.session()
	if err := v.Entrance.SignOut(v.r.Context(), v.token(), v.visitor()); err != nil {
		return err
	}
	v.forget(sessionCookie)
	if elsewhere := v.leaveProvider(before.Session); elsewhere != "" {
		return v.redirect(elsewhere)
	}
	return v.redirect("/sign-in")
}
