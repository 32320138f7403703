package oidc

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/oauth2"

	"usher/internal/redact"
)

// Step is a part of the way, for logs and for the test of a connection.
type Step string

// The steps, in their order.
const (
	StepConnection Step = "connection" // what is registered here
	StepAddress    Step = "address"    // the provider's name resolves, to an address that may be reached
	StepTLS        Step = "tls"        // it answers, with a certificate that holds
	StepDiscovery  Step = "discovery"  // its document is there and can be read
	StepIssuer     Step = "issuer"     // the document's issuer is the registered one
	StepEndpoints  Step = "endpoints"  // the addresses in it can be used
	StepKeys       Step = "keys"       // its key set
	StepAlgorithms Step = "algorithms" // it signs in a way that is accepted
	StepPKCE       Step = "pkce"       // it takes proof keys
	StepCallback   Step = "callback"   // what the browser came back with
	StepToken      Step = "token"      // the code for the tokens
	StepIDToken    Step = "id_token"   // the ID token
	StepUserInfo   Step = "userinfo"   // more claims
	StepClaims     Step = "claims"     // who that is
	StepLogout     Step = "logout"     // a logout token
)

// Side says who can mend it.
type Side string

// The sides.
const (
	SideProvider Side = "provider" // whoever runs the identity provider
	SideHere     Side = "here"     // whoever runs this connection or server
	SidePerson   Side = "person"   // whoever wants to sign in, by trying again
)

// Error is a refusal. Check is a stable word for what was looked at (state, nonce, audience, …); Message one sentence
// without secrets that a person can be shown; Said what the provider said itself, cut and in one line, which is foreign
// text and must be escaped wherever it shows; Err the cause for the log, without secrets too.
type Error struct {
	Step    Step
	Check   string
	Side    Side
	Message string
	Said    string
	Err     error
}

// Error is for logs.
func (e *Error) Error() string {
	s := fmt.Sprintf("oidc: %s (%s): %s", e.Step, e.Check, e.Message)
	if e.Said != "" {
		s += fmt.Sprintf(" (the provider said %q)", e.Said)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap gives the cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Err }

func refuse(step Step, check string, side Side, message string, cause error) *Error {
	return &Error{Step: step, Check: check, Side: side, Message: message, Err: cause}
}

// Refused is the refusal that err is or wraps.
func Refused(err error) (*Error, bool) {
	var e *Error
	ok := errors.As(err, &e)
	return e, ok
}

// maxSaid is how much of a provider's own words is kept, in characters.
const maxSaid = 200

// tokenRefusal explains what the token endpoint answered. The answer's body goes no further than its error code and
// description, without the secrets that the request held: an answer that cannot be read may hold anything.
func tokenRefusal(err error, secrets ...string) *Error {
	var answer *oauth2.RetrieveError
	if !errors.As(err, &answer) {
		if e, ok := Refused(err); ok {
			return e
		}
		if strings.Contains(err.Error(), "server response missing access_token") || strings.Contains(err.Error(), "cannot parse json") {
			return refuse(StepToken, "answer", SideProvider, "the provider's answer with the tokens cannot be read", nil)
		}
		e := unreachable(StepToken, err)
		e.Err = errors.New(redact.Line(e.Err.Error(), maxSaid, secrets...)) // what is no HTTP is quoted in it
		return e
	}
	e := refuse(StepToken, "answer", SideProvider, "the provider does not give the tokens", nil)
	if answer.Response != nil {
		e.Err = fmt.Errorf("the token endpoint answered %d", answer.Response.StatusCode)
	}
	e.Said = redact.Line(answer.ErrorCode+" "+answer.ErrorDescription, maxSaid, secrets...)
	switch answer.ErrorCode {
	case "invalid_grant":
		e.Check, e.Side = "code", SidePerson
		e.Message = "the provider does not know this sign-in any more: it was used already, or took too long; sign in again"
	case "invalid_client", "unauthorized_client":
		e.Check, e.Side = "client", SideHere
		e.Message = "the provider does not accept the client id, secret or key of this connection; an administrator has to enter the ones that it shows"
	case "redirect_uri_mismatch":
		e.Check, e.Side = "redirect_uri", SideProvider
		e.Message = "the provider does not know the address that people come back to; it has to be registered there"
	case "temporarily_unavailable", "server_error":
		e.Check, e.Message = "unavailable", "the provider cannot do it at the moment; try again in a while"
	case "":
		switch {
		case answer.Response == nil:
		case answer.Response.StatusCode/100 == 3:
			e.Check, e.Message = "redirect", "the provider's token endpoint sends elsewhere, which is not followed"
		case answer.Response.StatusCode/100 == 5:
			e.Check, e.Message = "status", "the provider cannot do it at the moment; try again in a while"
		}
	}
	return e
}
