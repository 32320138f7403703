package signin

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"usher/domain"
)

// passwordForm is a page that asks for a new password.
type passwordForm struct {
	Action   string // path that the form is sent to
	ReturnTo string
	Account  string // whose password, for programs that keep them
	Current  bool   // it asks for the current one too
	Least    int    // characters
	Errors   map[string]string
	Notice   string // key of why it is asked; empty: because the person wants to
}

// chosen is a new password as it was typed twice.
func (v *visit) chosen(form *passwordForm) (password string, ok bool) {
	password = v.r.PostFormValue("password")
	if password != v.r.PostFormValue("again") {
		form.Errors = map[string]string{"again": v.text("password.differs")}
		return "", false
	}
	return password, true
}

// passwordError puts the refusal of a password next to its field; false: the error is another one.
func (v *visit) passwordError(form *passwordForm, err error) (status int, ok bool) {
	var known *domain.Error
	if !errors.As(err, &known) {
		return 0, false
	}
	switch known.Code {
	case domain.CodePasswordRefused:
		form.Errors = map[string]string{"password": v.text("password.refused."+known.Reason, "least", domain.MinPassword, "most", domain.MaxPassword)}
		return http.StatusUnprocessableEntity, true
	case domain.CodeSignInRefused:
		form.Errors = map[string]string{"current": v.text("password.wrong")}
		return http.StatusUnauthorized, true
	case domain.CodeVersionMismatch:
		form.Errors = map[string]string{"password": v.text("password.changed-meanwhile")}
		return http.StatusConflict, true
	}
	return 0, false
}

// changing is who may choose a new password in a session: who is signed in, or whose sign-in has that step left.
func (v *visit) changing() (passwordForm, error) {
	form := passwordForm{Action: "/sign-in/password", ReturnTo: v.returnTo(), Current: true, Least: domain.MinPassword}
	p, err := v.session()
	if domain.IsCode(err, domain.CodeStepMissing) && p.Session.Steps[0] == domain.StepPassword {
		form.Notice, err = "password.must", nil
	}
	if err != nil {
		return form, err
	}
	return form, v.enterBy(p.Session.Organisation)
}

func showNewPassword(v *visit) error {
	form, err := v.changing()
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, "new_password", form)
}

func changePassword(v *visit) error {
	form, err := v.changing()
	if err != nil {
		return err
	}
	password, ok := v.chosen(&form)
	if !ok {
		return v.render(http.StatusUnprocessableEntity, "new_password", form)
	}
	signed, err := v.Entrance.ChangePassword(v.r.Context(), v.token(), v.r.PostFormValue("current"), password, v.visitor())
	if status, ok := v.passwordError(&form, err); ok {
		return v.render(status, "new_password", form)
	}
	if err != nil {
		return err
	}
	to := form.ReturnTo
	if to == "" {
		to = homePath + "?changed=password"
	}
	return v.renewed(signed, to)
}

// retryAfter tells when to come again.
func (v *visit) retryAfter(wait time.Duration) {
	v.w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)))
}
