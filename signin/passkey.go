package signin

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"usher/domain"
)

// relyingParty is this server as devices know it (W3C Web Authentication Level 3): by the name in its address. It is nil
// where the address has none, only a number, since browsers make no passkeys for numbers.
func relyingParty(base *url.URL, origin string) (*webauthn.WebAuthn, error) {
	if _, err := netip.ParseAddr(base.Hostname()); err == nil {
		return nil, nil //nolint:nilnil // there is none, and that is no error
	}
	party, err := webauthn.New(&webauthn.Config{RPID: base.Hostname(), RPDisplayName: "Usher", RPOrigins: []string{origin}})
	if err != nil {
		return nil, fmt.Errorf("signin: passkeys for %s: %w", base.Hostname(), err)
	}
	return party, nil
}

// owner is whose passkeys they are, as the library asks.
type owner struct {
	org      domain.OrganisationID
	user     domain.UserID
	name     string
	passkeys []domain.Passkey
}

// WebAuthnID is the user handle: both identifiers, so that whoever comes without a name is found. It says nothing of a person.
func (o owner) WebAuthnID() []byte { return slices.Concat(o.org.UUID[:], o.user.UUID[:]) }

// WebAuthnName is under which the device shows it.
func (o owner) WebAuthnName() string { return o.name }

// WebAuthnDisplayName is the same.
func (o owner) WebAuthnDisplayName() string { return o.name }

// WebAuthnCredentials are the passkeys as the library has them.
func (o owner) WebAuthnCredentials() []webauthn.Credential {
	list := make([]webauthn.Credential, len(o.passkeys))
	for i, k := range o.passkeys {
		list[i] = webauthn.Credential{
			ID: k.Credential, PublicKey: k.PublicKey, Flags: webauthn.NewCredentialFlags(protocol.AuthenticatorFlags(k.Flags)),
			Authenticator: webauthn.Authenticator{SignCount: k.Signatures},
		}
		for _, t := range k.Transports {
			list[i].Transport = append(list[i].Transport, protocol.AuthenticatorTransport(t))
		}
	}
	return list
}

// parseOwner reads a user handle.
func parseOwner(handle []byte) (o owner, ok bool) {
	if len(handle) != len(o.org.UUID)+len(o.user.UUID) {
		return o, false
	}
	copy(o.org.UUID[:], handle)
	copy(o.user.UUID[:], handle[len(o.org.UUID):])
	return o, true
}

// ceremony is what a page asks a device for, by the script of the page.
type ceremony struct {
	Options   string // for the browser, JSON
	Challenge string // sealed, for the form
}

// sealChallenge seals a challenge for the form that answers it, bound to what it is for and to the browser: in a session to
// that, else to a cookie.
func (v *visit) sealChallenge(c domain.Challenge, place string) (string, error) {
	sealed, err := v.Seal([]byte(strconv.FormatInt(c.EndsAt.UnixMilli(), 10)+" "+c.Text), []byte("passkey "+place))
	return base64.RawURLEncoding.EncodeToString(sealed), err
}

// openChallenge gives back the challenge of a form; the zero value for one that was made for something else.
func (v *visit) openChallenge(place string) domain.Challenge {
	sealed, err := base64.RawURLEncoding.DecodeString(v.r.PostFormValue("challenge"))
	if err != nil {
		return domain.Challenge{}
	}
	text, err := v.Open(sealed, []byte("passkey "+place))
	if err != nil {
		return domain.Challenge{}
	}
	ends, challenge, _ := strings.Cut(string(text), " ")
	at, err := strconv.ParseInt(ends, 10, 64)
	if err != nil {
		return domain.Challenge{}
	}
	return domain.Challenge{Text: challenge, EndsAt: time.UnixMilli(at)}
}

// makePlace and usePlace are what challenges in a session are for.
func makePlace(s domain.Session) string { return "make " + s.ID.String() }

func usePlace(s domain.Session) string { return "use " + s.ID.String() }

// anyPlace is of challenges for who has no session: they are bound to the browser, which keeps a number for that.
func (v *visit) anyPlace() (string, error) {
	number := v.cookie(browserCookie)
	if number == "" {
		c, err := v.Entrance.NewChallenge()
		if err != nil {
			return "", err
		}
		number = c.Text
		v.keep(browserCookie, number, 0)
	}
	return "any " + number, nil
}

// making is what a device is asked to make a passkey.
func (v *visit) making(o owner, place string) (*ceremony, error) {
	if v.passkeys == nil {
		return nil, nil //nolint:nilnil // browsers make none for this server
	}
	challenge, raw, err := v.newChallenge()
	if err != nil {
		return nil, err
	}
	options, _, err := v.passkeys.BeginRegistration(o,
		webauthn.WithRegistrationRelyingPartyName(v.doorway.Organisation.Name),
		webauthn.WithExclusions(webauthn.Credentials(o.WebAuthnCredentials()).CredentialDescriptors()),
		webauthn.WithAuthenticatorSelection(protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementPreferred, UserVerification: protocol.VerificationPreferred,
		}),
		func(c *protocol.PublicKeyCredentialCreationOptions) error {
			c.Challenge = raw
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("signin: ask for a passkey: %w", err)
	}
	return v.ceremony(challenge, place, options.Response)
}

// using is what a device is asked to prove somebody by one of their passkeys, or, with none, anybody by one of its own.
func (v *visit) using(o owner, place string, verification protocol.UserVerificationRequirement) (*ceremony, error) {
	if v.passkeys == nil {
		return nil, nil //nolint:nilnil // browsers have none for this server
	}
	challenge, raw, err := v.newChallenge()
	if err != nil {
		return nil, err
	}
	options := []webauthn.LoginOption{webauthn.WithChallenge(raw), webauthn.WithUserVerification(verification)}
	var asked *protocol.CredentialAssertion
	if len(o.passkeys) > 0 {
		asked, _, err = v.passkeys.BeginLogin(o, options...)
	} else {
		asked, _, err = v.passkeys.BeginDiscoverableLogin(options...)
	}
	if err != nil {
		return nil, fmt.Errorf("signin: ask for a passkey: %w", err)
	}
	return v.ceremony(challenge, place, asked.Response)
}

func (v *visit) newChallenge() (domain.Challenge, []byte, error) {
	c, err := v.Entrance.NewChallenge()
	if err != nil {
		return c, nil, err
	}
	raw, err := base64.RawURLEncoding.DecodeString(c.Text)
	return c, raw, err
}

func (v *visit) ceremony(challenge domain.Challenge, place string, options any) (*ceremony, error) {
	text, err := json.Marshal(options)
	if err != nil {
		return nil, fmt.Errorf("signin: spell what a device is asked: %w", err)
	}
	sealed, err := v.sealChallenge(challenge, place)
	return &ceremony{Options: string(text), Challenge: sealed}, err
}

// made is the passkey that a device has made, whose answer is verified; ok is false for an answer that is not right.
func (v *visit) made(o owner, challenge domain.Challenge) (k domain.Passkey, ok bool) {
	answer, err := protocol.ParseCredentialCreationResponseBytes([]byte(v.r.PostFormValue("answer")))
	if err != nil || v.passkeys == nil || challenge.Text == "" {
		return k, false
	}
	c, err := v.passkeys.CreateCredential(o, webauthn.SessionData{
		Challenge: challenge.Text, RelyingPartyID: v.passkeys.Config.RPID, UserID: o.WebAuthnID(),
		UserVerification: protocol.VerificationPreferred, CredParams: webauthn.CredentialParametersDefault(),
	}, answer)
	if err != nil {
		return k, false
	}
	k = domain.Passkey{
		Credential: c.ID, PublicKey: c.PublicKey, Flags: byte(c.Flags.ProtocolValue()), Signatures: c.Authenticator.SignCount, Name: v.r.PostFormValue("name"),
	}
	for _, t := range c.Transport {
		k.Transports = append(k.Transports, string(t))
	}
	return k, true
}

// given is what a device has signed, and, where it says so, for whom; ok is false for what is no answer at all.
func (v *visit) given(place string) (p domain.PasskeyGiven, whose owner, ok bool) {
	answer, err := protocol.ParseCredentialRequestResponseBytes([]byte(v.r.PostFormValue("answer")))
	if err != nil || v.passkeys == nil {
		return p, whose, false
	}
	whose, _ = parseOwner(answer.Response.UserHandle)
	challenge := v.openChallenge(place)
	return domain.PasskeyGiven{Challenge: challenge, Credential: answer.RawID, Check: func(k domain.Passkey) (domain.PasskeyAnswer, bool) {
		if challenge.Text == "" {
			return domain.PasskeyAnswer{}, false
		}
		o := owner{org: k.Organisation, user: k.User, passkeys: []domain.Passkey{k}}
		c, err := v.passkeys.ValidateLogin(o, webauthn.SessionData{
			Challenge: challenge.Text, RelyingPartyID: v.passkeys.Config.RPID, UserID: o.WebAuthnID(), UserVerification: protocol.VerificationPreferred,
		}, answer)
		if err != nil {
			return domain.PasskeyAnswer{}, false
		}
		data := answer.Response.AuthenticatorData
		return domain.PasskeyAnswer{Flags: byte(c.Flags.ProtocolValue()), Verified: data.Flags.HasUserVerified(), Signatures: data.Counter}, true
	}}, whose, true
}
