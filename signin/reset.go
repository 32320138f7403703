package signin

import (
	"net/http"
	"strings"
	"time"

	"usher/domain"
)

// resetForm is the page that asks whose password was forgotten.
type resetForm struct {
	Slug  string
	Asks  bool // for the organisation
	Name  string
	Error string
}

// resetting finds whose people the page is for: the organisation that is named, else the only one.
func (v *visit) resetting() (resetForm, error) {
	slug := strings.ToLower(strings.TrimSpace(v.r.FormValue("organisation")))
	form := resetForm{Slug: slug, Asks: v.r.Method == http.MethodPost && v.r.PostFormValue("asked") != ""}
	if slug == "" {
		sole, found, err := v.Entrance.SoleDoorway(v.r.Context())
		v.doorway, form.Slug, form.Asks = sole, sole.Organisation.Slug, !found
		return form, err
	}
	doorway, err := v.Entrance.DoorwayBySlug(v.r.Context(), slug)
	if domain.IsKind(err, domain.NotFound) {
		form.Asks, err = true, nil
	}
	v.doorway = doorway
	return form, err
}

func showReset(v *visit) error {
	form, err := v.resetting()
	if err != nil {
		return err
	}
	v.probe()
	form.Name = v.opened(nameCookie)
	return v.render(http.StatusOK, "reset", form)
}

// requestReset has a link sent to whoever may have a password, and says the same to everybody.
func requestReset(v *visit) error {
	form, err := v.resetting()
	if err != nil {
		return err
	}
	form.Name = strings.TrimSpace(v.r.PostFormValue("name"))
	err = v.Entrance.RequestReset(v.r.Context(), v.doorway.Organisation.ID, form.Name, v.visitor())
	switch {
	case domain.IsKind(err, domain.Throttled):
		v.retryAfter(time.Minute)
		form.Error = v.text("error.throttled.text")
		return v.render(http.StatusTooManyRequests, "reset", form)
	case err != nil:
		return err
	}
	return v.render(http.StatusOK, "reset_sent", form)
}

// showResetLink asks for a new password. It changes nothing: programs look at letters before people do.
func showResetLink(v *visit) error {
	form, err := v.resetLink()
	if err != nil {
		return v.dead(domain.LinkReset, err)
	}
	return v.render(http.StatusOK, "new_password", form)
}

func (v *visit) resetLink() (passwordForm, error) {
	opened, err := v.Entrance.OpenLink(v.r.Context(), domain.LinkReset, v.r.PathValue("token"))
	if err != nil {
		return passwordForm{}, err
	}
	return passwordForm{Action: v.r.URL.Path, Account: opened.UserName, Least: domain.MinPassword}, v.enterBy(opened.Organisation)
}

// resetPassword uses the link up. It signs nobody in, so that no second factor is gone round.
func resetPassword(v *visit) error {
	form, err := v.resetLink()
	if err != nil {
		return v.dead(domain.LinkReset, err)
	}
	password, ok := v.chosen(&form)
	if !ok {
		return v.render(http.StatusUnprocessableEntity, "new_password", form)
	}
	err = v.Entrance.ResetPassword(v.r.Context(), v.r.PathValue("token"), password, v.visitor())
	if status, ok := v.passwordError(&form, err); ok {
		return v.render(status, "new_password", form)
	}
	if err != nil {
		return v.dead(domain.LinkReset, err)
	}
	v.forget(sessionCookie)
	if err := v.keepSealed(nameCookie, form.Account, nameLifetime); err != nil {
		return err
	}
	return v.redirect("/sign-in/" + v.doorway.Organisation.Slug + "?changed=1")
}
