package oidc

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Verdict on a step of a connection's test.
type Verdict string

// The verdicts.
const (
	Passed  Verdict = "passed"
	Failed  Verdict = "failed"
	Unclear Verdict = "unclear" // the provider does not let it be known; nothing speaks against it
	Skipped Verdict = "skipped" // an earlier step failed
)

// Tested is the outcome of one step of a test.
type Tested struct {
	Step    Step
	Verdict Verdict
	Message string // one sentence: what was found, or what is wrong and what to do
	Side    Side   // where to mend it; empty where nothing is to be mended
	Said    string // the provider's own words; foreign text
}

// StepClient is whether the provider accepts the client id and its secret or key.
const StepClient Step = "client"

// Check tests a connection from its name to its secret, without anybody signing in, and stops at the first step that
// fails. It asks the provider anew, whatever is remembered, and what it finds is remembered: after something was mended,
// a test makes this replica see it at once.
func (p *RelyingParty) Check(ctx context.Context, r Registration) []Tested {
	t := &test{party: p, registration: r}
	for _, step := range []struct {
		name Step
		run  func(context.Context) (string, error)
	}{
		{StepConnection, t.connection},
		{StepAddress, t.resolve},
		{StepTLS, t.connect},
		{StepDiscovery, t.discover},
		{StepIssuer, t.issuer},
		{StepEndpoints, t.endpoints},
		{StepAlgorithms, t.algorithms},
		{StepPKCE, t.pkce},
		{StepKeys, t.keySet},
		{StepClient, t.client},
	} {
		t.run(ctx, step.name, step.run)
	}
	return t.steps
}

// test is one run of Check.
type test struct {
	party        *RelyingParty
	registration Registration
	provider     Provider
	problem      *Error // what the document said that cannot be used
	steps        []Tested
	failed       bool
}

// errUnclear marks what the provider does not let be known.
var errUnclear = errors.New("unclear")

func (t *test) run(ctx context.Context, name Step, run func(context.Context) (string, error)) {
	if t.failed {
		t.steps = append(t.steps, Tested{Step: name, Verdict: Skipped, Message: "not tried, since an earlier step failed"})
		return
	}
	message, err := run(ctx)
	outcome := Tested{Step: name, Verdict: Passed, Message: message}
	var refusal *Error
	switch {
	case err == nil:
	case errors.As(err, &refusal):
		outcome.Verdict, outcome.Message, outcome.Side, outcome.Said = Failed, refusal.Message, refusal.Side, refusal.Said
		if errors.Is(refusal.Err, errUnclear) {
			outcome.Verdict = Unclear
		}
	default:
		outcome.Verdict, outcome.Message, outcome.Side = Failed, "the test was interrupted", SidePerson
	}
	t.failed = outcome.Verdict == Failed
	t.steps = append(t.steps, outcome)
}

func (t *test) connection(context.Context) (string, error) {
	if err := t.registration.ready(); err != nil {
		return "", err
	}
	if err := t.party.address(t.registration.Issuer); err != nil {
		return "", refuse(StepConnection, "issuer", SideHere, "the issuer of this connection is no https address", err)
	}
	if t.registration.Client.Key != nil {
		if _, err := signingAlgorithm(t.registration.Client.Key); err != nil {
			return "", refuse(StepConnection, "key", SideHere, "the key of this connection cannot sign for it", err)
		}
	}
	return "issuer " + t.registration.Issuer + ", client " + t.registration.ClientID, nil
}

func (t *test) resolve(ctx context.Context) (string, error) {
	u, err := url.Parse(t.registration.Issuer)
	if err != nil {
		return "", refuse(StepAddress, "issuer", SideHere, "the issuer of this connection is no https address", err)
	}
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil {
		return "", refuse(StepAddress, "name", SideProvider, "the name "+u.Hostname()+" cannot be resolved; see whether the issuer is spelled right", nil)
	}
	if !t.party.config.AllowPrivate && !slices.ContainsFunc(found, public) {
		return "", refuse(StepAddress, "private", SideHere, "the name "+u.Hostname()+" leads to an address that is not public; only the operator of this server can allow that", nil)
	}
	return u.Hostname() + " is " + listed(found), nil
}

func listed(addresses []netip.Addr) string {
	var texts []string
	for _, a := range addresses {
		texts = append(texts, a.Unmap().String())
	}
	slices.Sort(texts)
	return strings.Join(slices.Compact(texts), ", ")
}

// connect asks for the document and looks only at the connection.
func (t *test) connect(ctx context.Context) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, wellKnown(t.registration.Issuer), http.NoBody)
	if err != nil {
		return "", refuse(StepTLS, "address", SideHere, "the issuer of this connection is no address that can be asked", err)
	}
	answer, err := t.party.client.Do(request)
	if err != nil {
		return "", unreachable(StepTLS, err)
	}
	_ = answer.Body.Close()
	if answer.TLS == nil {
		return "it answers, without TLS, as the operator of this server allows", nil
	}
	until := answer.TLS.PeerCertificates[0].NotAfter
	return fmt.Sprintf("%s, certificate until %s", tls.VersionName(answer.TLS.Version), until.UTC().Format(time.DateOnly)), nil
}

// discover reads the document; what is wrong in it belongs to a later step.
func (t *test) discover(ctx context.Context) (string, error) {
	issuer := t.registration.Issuer
	t.party.providers.forget(issuer)
	provider, err := t.party.document(ctx, issuer)
	t.provider = provider
	var refusal *Error
	switch {
	case err == nil:
	case errors.As(err, &refusal) && refusal.Step == StepIssuer:
		t.problem = refusal
	default:
		return "", err
	}
	if t.problem == nil && !errors.As(t.party.usable(provider), &t.problem) {
		t.problem = nil
	}
	return "the document is at " + wellKnown(issuer), nil
}

// found gives the problem of the document if it belongs to a step.
func (t *test) found(step Step) error {
	if t.problem != nil && t.problem.Step == step {
		return t.problem
	}
	return nil
}

func (t *test) issuer(context.Context) (string, error) {
	return "it calls itself as registered", t.found(StepIssuer)
}

func (t *test) endpoints(context.Context) (string, error) {
	if t.registration.Mapping.UserInfo && t.provider.UserInfoEndpoint == "" {
		return "", refuse(StepEndpoints, "userinfo_endpoint", SideProvider, "this connection asks for userinfo, and the provider has none", nil)
	}
	if err := t.found(StepEndpoints); err != nil {
		return "", err
	}
	if t.provider.EndSessionEndpoint == "" {
		return "all that is needed is there; sessions at the provider cannot be ended from here", nil
	}
	return "all are there", nil
}

func (t *test) algorithms(context.Context) (string, error) {
	if len(t.provider.Algorithms) == 0 {
		return "", refuse(StepAlgorithms, "algorithm", SideProvider, "the provider does not announce how it signs ID tokens", errUnclear)
	}
	var common []string
	for _, name := range t.provider.Algorithms {
		if accepted(name) {
			common = append(common, name)
		}
	}
	return "ID tokens are signed with " + strings.Join(common, ", "), t.found(StepAlgorithms)
}

func (t *test) pkce(context.Context) (string, error) {
	if err := t.found(StepPKCE); err != nil {
		return "", err
	}
	if len(t.provider.ChallengeMethods) == 0 {
		return "", refuse(StepPKCE, "pkce", SideProvider, "the provider does not announce proof keys (PKCE); they are sent all the same", errUnclear)
	}
	return "proof keys by S256 are announced", nil
}

func (t *test) keySet(ctx context.Context) (string, error) {
	t.party.keys.forget(t.provider.KeysURI)
	keys, err := t.party.keysOf(ctx, t.provider, func(keySet) bool { return true })
	if err != nil {
		return "", err
	}
	if len(t.provider.Algorithms) > 0 && !slices.ContainsFunc(t.provider.Algorithms, func(name string) bool {
		return accepted(name) && len(keys.candidates(header{Algorithm: name})) > 0
	}) {
		return "", refuse(StepKeys, "algorithm", SideProvider, "none of the provider's keys suits the ways to sign that it announces", nil)
	}
	if len(keys) == 1 {
		return "1 key", nil
	}
	return fmt.Sprintf("%d keys", len(keys)), nil
}

// client asks for tokens with a code that nobody was given. A provider that knows the client says that the code is no good
// (invalid_grant); one that does not says so (invalid_client, RFC 6749 section 5.2).
func (t *test) client(ctx context.Context) (string, error) {
	code, err := t.party.random()
	if err != nil {
		return "", err
	}
	verifier, err := t.party.random()
	if err != nil {
		return "", err
	}
	_, err = t.party.exchange(ctx, t.provider, t.registration, code, verifier)
	refusal, known := Refused(err)
	switch {
	case err == nil:
		return "", refuse(StepClient, "code", SideProvider, "the provider gave tokens for a code that it never gave out; do not trust it", nil)
	case known && refusal.Check == "code":
		return "the provider accepts the client by " + string(t.registration.Client.way(t.provider)), nil
	case known && refusal.Step == StepToken && refusal.Check == "answer" && refusal.Said != "":
		// Some look at the code or the address first, and say so by words of their own.
		return "", &Error{
			Step: StepClient, Check: "answer", Side: SideProvider, Said: refusal.Said, Err: errUnclear,
			Message: "the provider refuses the made-up code by other words than expected, so that it is not known whether it accepts the client",
		}
	}
	return "", err
}

// Good reports whether nothing failed.
func Good(steps []Tested) bool {
	return !slices.ContainsFunc(steps, func(t Tested) bool { return t.Verdict == Failed })
}
