package signin

import (
	"net/http"
	"net/url"

	"github.com/go-webauthn/webauthn/protocol"

	"usher/domain"
)

// security is the page of what proves a person beside a password.
type security struct {
	domain.Factors

	Browsers []shownDevice // that are remembered
	Able     bool          // browsers make passkeys for this server
	Few      bool          // recovery codes are few
	Error    string        // key of a text
}

// shownDevice is a remembered browser.
type shownDevice struct {
	domain.Device

	Browser, System string // empty: not known
	Handheld        bool
}

const securityPath = "/account/security"

// errProof is a change of what one gets in by, without a proof of the last minutes; the page of the proof comes first.
var errProof = &domain.Error{Kind: domain.Forbidden, Code: domain.CodeProofMissing}

func showSecurity(v *visit) error { return v.tellSecurity(http.StatusOK, "") }

func (v *visit) tellSecurity(status int, wrong string) error {
	f, err := v.Entrance.Factors(v.r.Context(), v.token())
	if err != nil {
		return err
	}
	if _, err := v.known(); err != nil {
		return err
	}
	data := security{Factors: f, Able: v.passkeys != nil, Error: wrong, Few: f.Any() && f.Recovery <= domain.RecoveryCodesFew}
	for _, d := range f.Devices {
		browser, system, handheld := browserOf(d.Agent)
		data.Browsers = append(data.Browsers, shownDevice{Device: d, Browser: browser, System: system, Handheld: handheld})
	}
	return v.render(status, "security", data)
}

// changed goes back to the page from a change that has given the session another token.
func (v *visit) changed(signed domain.SignedIn, err error) error {
	if domain.IsCode(err, domain.CodeFactorNeeded) {
		return v.tellSecurity(http.StatusForbidden, "security.needed")
	}
	if err != nil {
		return err
	}
	v.forget(deviceCookie)
	return v.signedIn(signed, securityPath)
}

func removeApp(v *visit) error {
	return v.changed(v.Entrance.RemoveCodes(v.r.Context(), v.token(), v.visitor()))
}

func removePasskey(v *visit) error {
	id, ok := domain.ParseID[domain.Passkey](v.r.PathValue("passkey"))
	if !ok {
		return notFound(v)
	}
	return v.changed(v.Entrance.RemovePasskey(v.r.Context(), v.token(), id, v.visitor()))
}

// renewCodes shows new recovery codes, once.
func renewCodes(v *visit) error {
	codes, err := v.Entrance.RenewRecoveryCodes(v.r.Context(), v.token(), v.visitor())
	if err != nil {
		return err
	}
	p, err := v.session()
	if err != nil {
		return err
	}
	if err := v.at(p.Session); err != nil {
		return err
	}
	return v.render(http.StatusOK, "recovery", recoveryForm{Codes: codes, Next: securityPath})
}

func forgetDevice(v *visit) error {
	id, ok := domain.ParseID[domain.Device](v.r.PathValue("device"))
	if !ok {
		return notFound(v)
	}
	if err := v.Entrance.ForgetDevice(v.r.Context(), v.token(), id, v.visitor()); err != nil {
		return err
	}
	return v.redirect(securityPath)
}

func forgetDevices(v *visit) error {
	if err := v.Entrance.ForgetDevices(v.r.Context(), v.token(), v.visitor()); err != nil {
		return err
	}
	v.forget(deviceCookie)
	return v.redirect(securityPath)
}

// proveForm is the page where who is signed in shows again who they are.
type proveForm struct {
	Password bool
	Passkey  *ceremony
	Ways     []way
	ReturnTo string
	Error    string // key of a text
}

func showProve(v *visit) error { return v.askProof(http.StatusOK, "") }

func (v *visit) askProof(status int, wrong string) error {
	p, err := v.session()
	if err != nil {
		return err
	}
	f, err := v.Entrance.Factors(v.r.Context(), v.token())
	if err != nil {
		return err
	}
	if err := v.at(p.Session); err != nil {
		return err
	}
	form := proveForm{Password: f.HasPassword, ReturnTo: v.returnTo(), Error: wrong}
	if len(f.Passkeys) > 0 {
		if form.Passkey, err = v.using(ofSession(p.Session, "", f), usePlace(p.Session), protocol.VerificationRequired); err != nil {
			return err
		}
	}
	if !f.HasPassword {
		for _, w := range v.doorway.Ways {
			form.Ways = append(form.Ways, way{"/oidc/" + w.Connection.String() + "/start?fresh=1&return_to=" + url.QueryEscape(form.ReturnTo), w.Name})
		}
	}
	return v.render(status, "prove", form)
}

func proveByPassword(v *visit) error {
	return v.proved(v.Entrance.Prove(v.r.Context(), v.token(), v.r.PostFormValue("password"), v.visitor()))
}

func proveByPasskey(v *visit) error {
	p, err := v.session()
	if err != nil {
		return err
	}
	given, _, ok := v.given(usePlace(p.Session))
	if !ok {
		return v.askProof(http.StatusUnauthorized, "factor.wrong")
	}
	return v.proved(v.Entrance.ProveByPasskey(v.r.Context(), v.token(), given, v.visitor()))
}

func (v *visit) proved(signed domain.SignedIn, err error) error {
	if wrong := wrongFactor(err); wrong != "" {
		if wrong == "factor.wrong" {
			wrong = "prove.wrong"
		}
		return v.askProof(http.StatusUnauthorized, wrong)
	}
	if err != nil {
		return err
	}
	to := v.returnTo()
	if to == "" {
		to = securityPath
	}
	return v.signedIn(signed, to)
}
