package signin

import (
	"net/http"

	"usher/domain"
)

// signInForm is the page of a name and a password.
type signInForm struct {
	Slug     string
	Name     string // as it was typed
	ReturnTo string
	Error    string // in the language of the page
	Ways     []way
}

// way is a button that leads to an identity provider.
type way struct{ Href, Name string }

// home sends people to where they are at home.
func home(v *visit) error {
	if _, err := v.session(); err == nil {
		return v.redirect("/account")
	}
	return v.redirect("/sign-in")
}

// showSignIn asks whose door it is.
func showSignIn(v *visit) error {
	return v.render(http.StatusOK, "organisation", signInForm{ReturnTo: v.returnTo()})
}

// chooseOrganisation goes to the door of the organisation that was named.
func chooseOrganisation(v *visit) error {
	slug := v.r.PostFormValue("organisation")
	doorway, err := v.Entrance.DoorwayBySlug(v.r.Context(), slug)
	if domain.IsKind(err, domain.NotFound) {
		return v.render(http.StatusNotFound, "organisation", signInForm{Slug: slug, ReturnTo: v.returnTo(), Error: v.text("organisation.unknown")})
	}
	if err != nil {
		return err
	}
	return v.redirect(withReturn("/sign-in/"+doorway.Organisation.Slug, v.returnTo()))
}

// enter finds whose door the path names.
func (v *visit) enter() error {
	doorway, err := v.Entrance.DoorwayBySlug(v.r.Context(), v.r.PathValue("slug"))
	v.doorway = doorway
	return err
}

// form is the page of a name and a password, as it stands.
func (v *visit) form() signInForm {
	f := signInForm{Slug: v.doorway.Organisation.Slug, ReturnTo: v.returnTo()}
	for _, w := range v.doorway.Ways {
		f.Ways = append(f.Ways, way{withReturn("/oidc/"+w.Connection.String()+"/start", f.ReturnTo), w.Name})
	}
	return f
}

func showPassword(v *visit) error {
	if err := v.enter(); err != nil {
		return err
	}
	return v.render(http.StatusOK, "sign_in", v.form())
}

// signIn takes a name and a password. What is wrong keeps the name; the password is typed again.
func signIn(v *visit) error {
	if err := v.enter(); err != nil {
		return err
	}
	form := v.form()
	form.Name = v.r.PostFormValue("name")
	signed, err := v.Entrance.SignIn(v.r.Context(), v.doorway.Organisation.ID, form.Name, v.r.PostFormValue("password"), v.visitor())
	switch {
	case err == nil:
		return v.signedIn(signed, form.ReturnTo)
	case domain.IsCode(err, domain.CodeSignInRefused):
		form.Error = v.text("sign_in.refused")
		return v.render(http.StatusUnauthorized, "sign_in", form)
	}
	return err
}

// signOut ends the session on the server, and has the browser forget it.
func signOut(v *visit) error {
	if err := v.Entrance.SignOut(v.r.Context(), v.token(), v.visitor()); err != nil {
		return err
	}
	v.forget(sessionCookie)
	return v.redirect("/sign-in")
}

// showAccount is who is signed in.
func showAccount(v *visit) error {
	p, err := v.session()
	if err != nil {
		return err
	}
	if v.doorway, err = v.Entrance.Doorway(v.r.Context(), p.Session.Organisation); err != nil {
		return err
	}
	page := v.page("account.title", nil)
	page.SignedIn = v.doorway.Organisation.Name
	return v.show(http.StatusOK, "account", page)
}
