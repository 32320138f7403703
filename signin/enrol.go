package signin

import (
	"html/template"
	"net/http"

	"usher/domain"
)

// enrolForm is the page where a second factor is set up: in a sign-in that demands one, or from one's own account.
type enrolForm struct {
	Setup    setup
	Passkey  *ceremony
	Name     string // of the passkey
	Codes    bool   // show what is about apps
	Passkeys bool   // and about passkeys
	Demanded bool
	Action   string // of the form of a code
	Make     string // of the form of a passkey
	ReturnTo string
	Error    string // key of a text
}

// recoveryForm is the page that shows recovery codes, once.
type recoveryForm struct {
	Codes []string
	Next  string
}

// enrolling is who sets up a second factor: whose sign-in has come to that step, or who is signed in.
func (v *visit) enrolling() (domain.Session, domain.Factors, error) {
	s, f, err := v.Entrance.FactorStep(v.r.Context(), v.token(), v.visitor())
	if err != nil {
		return s, f, err
	}
	if len(s.Steps) > 0 && s.Steps[0] != domain.StepEnrol {
		return s, f, &domain.Error{Kind: domain.Forbidden, Code: domain.CodeStepMissing, Field: string(s.Steps[0])}
	}
	if len(s.Steps) == 0 && !s.Fresh(v.Now()) {
		return s, f, errProof
	}
	return s, f, v.at(s)
}

// accountName is under which name an app or a device keeps somebody.
func (v *visit) accountName(s domain.Session) (string, error) {
	return v.Entrance.NameOf(v.r.Context(), s)
}

func showEnrol(v *visit) error {
	s, f, err := v.enrolling()
	if err != nil {
		return err
	}
	if len(s.Steps) == 0 {
		return v.redirect(securityPath)
	}
	return v.askEnrol(http.StatusOK, s, f, v.enrolForm(s, true, true), "")
}

func showApp(v *visit) error {
	s, f, err := v.enrolling()
	if err != nil {
		return err
	}
	return v.askEnrol(http.StatusOK, s, f, v.enrolForm(s, true, false), "")
}

func showMakePasskey(v *visit) error {
	s, f, err := v.enrolling()
	if err != nil {
		return err
	}
	return v.askEnrol(http.StatusOK, s, f, v.enrolForm(s, false, true), "")
}

// enrolForm is the page, of apps, of passkeys, or of both.
func (v *visit) enrolForm(s domain.Session, codes, passkeys bool) enrolForm {
	form := enrolForm{
		Codes: codes, Passkeys: passkeys && v.passkeys != nil, Demanded: len(s.Steps) > 0, ReturnTo: v.returnTo(),
		Action: "/account/security/app", Make: "/account/security/passkey", Name: v.r.PostFormValue("name"),
	}
	if form.Name == "" {
		form.Name = v.browser(v.r.UserAgent())
	}
	if form.Demanded {
		form.Action, form.Make = "/sign-in/enrol", "/sign-in/enrol/passkey"
	}
	return form
}

// askEnrol shows the page, with a seed: the one of the form that was sent, where there was one.
func (v *visit) askEnrol(status int, s domain.Session, f domain.Factors, form enrolForm, wrong string) error {
	name, err := v.accountName(s)
	if err != nil {
		return err
	}
	form.Error = wrong
	if form.Codes {
		if seed, ok := v.openPending(s, v.r.PostFormValue("pending")); ok {
			form.Setup, err = v.setupOf(s, seed, v.doorway.Organisation.Name, name)
		} else {
			form.Setup, err = v.newSetup(s, v.doorway.Organisation.Name, name)
		}
		if err != nil {
			return err
		}
		form.Setup.Link = template.URL(form.Setup.URL) //nolint:gosec // made here
	}
	if form.Passkeys {
		if form.Passkey, err = v.making(ofSession(s, name, f), makePlace(s)); err != nil {
			return err
		}
	}
	return v.render(status, "enrol", form)
}

// enrolApp keeps an app, of which a code has shown that it has the seed.
func enrolApp(v *visit) error {
	s, f, err := v.enrolling()
	if err != nil {
		return err
	}
	demanded := len(s.Steps) > 0
	seed, ok := v.openPending(s, v.r.PostFormValue("pending"))
	if !ok {
		return v.askEnrol(http.StatusUnprocessableEntity, s, f, v.enrolForm(s, true, demanded), "enrol.late")
	}
	step, right := rightCode(seed, v.r.PostFormValue("code"), v.Now())
	if !right {
		return v.askEnrol(http.StatusUnprocessableEntity, s, f, v.enrolForm(s, true, demanded), "enrol.wrong")
	}
	sealed, err := v.Seal([]byte(seed), seedPlace(s.Organisation, s.User))
	if err != nil {
		return err
	}
	done, err := v.Entrance.Enrol(v.r.Context(), v.token(), domain.SecondFactor{Kind: domain.FactorTOTP, Sealed: sealed, Step: step}, v.visitor())
	if err != nil {
		return err
	}
	return v.enrolled(done, demanded)
}

// enrolPasskey keeps a passkey that a device has made.
func enrolPasskey(v *visit) error {
	s, f, err := v.enrolling()
	if err != nil {
		return err
	}
	demanded := len(s.Steps) > 0
	name, err := v.accountName(s)
	if err != nil {
		return err
	}
	challenge := v.openChallenge(makePlace(s))
	k, ok := v.made(ofSession(s, name, f), challenge)
	if !ok {
		return v.askEnrol(http.StatusUnprocessableEntity, s, f, v.enrolForm(s, demanded, true), "enrol.passkey-wrong")
	}
	done, err := v.Entrance.AddPasskey(v.r.Context(), v.token(), k, challenge, v.visitor())
	for code, wrong := range map[string]string{
		domain.CodeRequired: "enrol.name", domain.CodePasskeyTaken: "enrol.passkey-taken", domain.CodeTooMany: "enrol.passkey-many", domain.CodeInvalidValue: "enrol.passkey-wrong",
	} {
		if domain.IsCode(err, code) {
			return v.askEnrol(http.StatusUnprocessableEntity, s, f, v.enrolForm(s, demanded, true), wrong)
		}
	}
	if err != nil {
		return err
	}
	return v.enrolled(done, demanded)
}

// enrolled goes on from a second factor that was set up, by way of the recovery codes, where there are new ones: on the way
// in to where that leads, else back to where it was asked for.
func (v *visit) enrolled(done domain.Enrolled, demanded bool) error {
	v.forget(deviceCookie)
	to := v.returnTo()
	if to == "" && !demanded {
		to = securityPath
	}
	if len(done.RecoveryCodes) == 0 {
		return v.signedIn(done.SignedIn, to)
	}
	next, err := v.onward(v.r.Context(), done.Session.Organisation, to)
	if err != nil {
		return err
	}
	v.keep(sessionCookie, done.Token, 0)
	return v.render(http.StatusOK, "recovery", recoveryForm{Codes: done.RecoveryCodes, Next: next})
}
