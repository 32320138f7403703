package signin

import (
	"net/http"
	"time"

	"github.com/go-webauthn/webauthn/protocol"

	"usher/domain"
)

// factorForm is the page of the second factor.
type factorForm struct {
	Codes    bool // an app gives codes
	Recovery bool // there are recovery codes
	Passkey  *ceremony
	Remember bool // what was ticked
	ReturnTo string
	Error    string // key of a text
}

const rememberFor = 30 * 24 * time.Hour // as the domain does

// at has the page look like the organisation of a session.
func (v *visit) at(s domain.Session) error {
	return v.enterBy(s.Organisation)
}

// ofSession is whose passkeys a session can use.
func ofSession(s domain.Session, name string, f domain.Factors) owner {
	return owner{org: s.Organisation, user: s.User, name: name, passkeys: f.Passkeys}
}

// answering is whose sign-in waits for a second factor; who has none to give goes on to where they are.
func (v *visit) answering() (domain.Session, domain.Factors, error) {
	s, f, err := v.Entrance.FactorStep(v.r.Context(), v.token(), v.visitor())
	if err != nil {
		return s, f, err
	}
	if err := v.at(s); err != nil {
		return s, f, err
	}
	if len(s.Steps) > 0 && s.Steps[0] != domain.StepSecondFactor {
		return s, f, &domain.Error{Kind: domain.Forbidden, Code: domain.CodeStepMissing, Field: string(s.Steps[0])}
	}
	return s, f, nil
}

func showFactor(v *visit) error {
	s, f, err := v.answering()
	if err != nil {
		return err
	}
	if len(s.Steps) == 0 {
		return v.redirect(homePath)
	}
	return v.askFactor(http.StatusOK, s, f, "")
}

// askFactor asks for a second factor, again where one was wrong.
func (v *visit) askFactor(status int, s domain.Session, f domain.Factors, wrong string) error {
	form := factorForm{
		Codes: !f.CodesSince.IsZero(), Recovery: f.Recovery > 0, Remember: v.r.FormValue("remember") != "", ReturnTo: v.returnTo(), Error: wrong,
	}
	if len(f.Passkeys) > 0 {
		var err error
		if form.Passkey, err = v.using(ofSession(s, "", f), usePlace(s), protocol.VerificationPreferred); err != nil {
			return err
		}
	}
	return v.render(status, "factor", form)
}

func answerCode(v *visit) error {
	return v.answerBy(func(domain.Session) (domain.SignedIn, error) {
		return v.Entrance.Answer(v.r.Context(), v.token(), v.checkCode(v.r.PostFormValue("code")), v.visitor())
	})
}

func answerRecovery(v *visit) error {
	return v.answerBy(func(domain.Session) (domain.SignedIn, error) {
		return v.Entrance.AnswerRecovery(v.r.Context(), v.token(), v.r.PostFormValue("recovery"), v.visitor())
	})
}

func answerPasskey(v *visit) error {
	return v.answerBy(func(s domain.Session) (domain.SignedIn, error) {
		given, _, ok := v.given(usePlace(s))
		if !ok {
			return domain.SignedIn{}, &domain.Error{Kind: domain.Unauthenticated, Code: domain.CodeSignInRefused}
		}
		return v.Entrance.AnswerPasskey(v.r.Context(), v.token(), given, v.visitor())
	})
}

// answerBy takes the step of a second factor, and has the browser remembered where that was ticked.
func (v *visit) answerBy(answer func(s domain.Session) (domain.SignedIn, error)) error {
	s, f, err := v.answering()
	if err != nil {
		return err
	}
	signed, err := answer(s)
	if wrong := wrongFactor(err); wrong != "" {
		return v.askFactor(http.StatusUnauthorized, s, f, wrong)
	}
	if err != nil {
		return err
	}
	if v.r.PostFormValue("remember") != "" && len(signed.Session.Steps) == 0 {
		device, err := v.Entrance.RememberDevice(v.r.Context(), signed.Token, v.visitor())
		if err != nil {
			return err
		}
		v.keep(deviceCookie, device, rememberFor)
	}
	if signed.Session.Factor == domain.FactorRecovery && len(signed.Session.Steps) == 0 && f.Recovery-1 <= domain.RecoveryCodesFew {
		return v.signedIn(signed, securityPath)
	}
	return v.signedIn(signed, v.returnTo())
}

// wrongFactor is the text for a second factor, or a proof, that was not right; empty for another error.
func wrongFactor(err error) string {
	switch {
	case domain.IsCode(err, domain.CodeSignInRefused):
		return "factor.wrong"
	case domain.IsCode(err, domain.CodePasskeyCloned):
		return "factor.cloned"
	}
	return ""
}

// passkeyForm is the page of signing in by a passkey alone.
type passkeyForm struct {
	Passkey  *ceremony
	ReturnTo string
	Error    string
}

// passkeyPath is the page of signing in by a passkey alone; empty where browsers make none for this server.
func (v *visit) passkeyPath() string {
	if v.passkeys == nil {
		return ""
	}
	return withReturn("/sign-in/passkey", v.returnTo())
}

func showPasskey(v *visit) error { return v.askPasskey(http.StatusOK, "") }

func (v *visit) askPasskey(status int, wrong string) error {
	place, err := v.anyPlace()
	if err != nil {
		return err
	}
	form := passkeyForm{ReturnTo: v.returnTo(), Error: wrong}
	if form.Passkey, err = v.using(owner{}, place, protocol.VerificationRequired); err != nil {
		return err
	}
	return v.render(status, "passkey", form)
}

// signInByPasskey signs in whoever the device says it is, without a name or a password.
func signInByPasskey(v *visit) error {
	place, err := v.anyPlace()
	if err != nil {
		return err
	}
	given, whose, ok := v.given(place)
	if !ok {
		return v.askPasskey(http.StatusUnauthorized, "passkey.wrong")
	}
	signed, err := v.Entrance.SignInByPasskey(v.r.Context(), whose.org, whose.user, given, v.visitor())
	if domain.IsCode(err, domain.CodeSignInRefused) {
		return v.askPasskey(http.StatusUnauthorized, "passkey.wrong")
	}
	if wrong := wrongFactor(err); wrong != "" {
		return v.askPasskey(http.StatusUnauthorized, wrong)
	}
	if err != nil {
		return err
	}
	return v.signedIn(signed, v.returnTo())
}
