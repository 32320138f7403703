package oidc

import (
	"context"
	"crypto/subtle"
	"maps"
	"net/url"

	goidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"usher/internal/redact"
)

// maxParameter bounds what comes back in the address.
const maxParameter = 8 << 10

func lost() *Error {
	return refuse(StepCallback, "cookie", SidePerson, "this browser does not remember having begun to sign in; allow cookies, and begin again", nil)
}

// Finish takes what the browser came back with to the provider and says who that is. started is what was sealed in this
// very browser; r is the registration as it is now. The code is used up, so a second call with the same is refused by
// the provider; the caller removes the cookie whatever comes out.
func (p *RelyingParty) Finish(ctx context.Context, r Registration, started Started, query url.Values) (Arrival, error) {
	if err := r.ready(); err != nil {
		return Arrival{}, err
	}
	if err := p.begun(r, started, query); err != nil {
		return Arrival{}, err
	}
	provider, err := p.Discover(ctx, r.Issuer)
	if err != nil {
		return Arrival{}, err
	}
	code, err := answered(provider, query)
	if err != nil {
		return Arrival{}, err
	}
	token, err := p.exchange(ctx, provider, r, code, string(started.Verifier))
	if err != nil {
		return Arrival{}, err
	}
	raw, _ := token.Extra("id_token").(string)
	if raw == "" {
		return Arrival{}, refuse(StepToken, "id_token", SideProvider, "the provider gives no ID token; let it know this client for OpenID Connect, with the scope openid", nil)
	}
	want := expected{client: r.ClientID, nonce: string(started.Nonce), accessToken: token.AccessToken}
	if started.MaxAge != nil {
		want.maxAge, want.aged = *started.MaxAge, true
	}
	all, err := p.idToken(ctx, provider, raw, want)
	if err != nil {
		return Arrival{}, err
	}
	return p.arrival(ctx, provider, r, started, token, raw, all)
}

// begun checks that this browser began this sign-in, with this connection, a short while ago.
func (p *RelyingParty) begun(r Registration, started Started, query url.Values) error {
	for _, name := range []string{"state", "code", "iss", "error", "error_description"} {
		if values := query[name]; len(values) > 1 || len(query.Get(name)) > maxParameter { // RFC 6749 section 3.1
			return refuse(StepCallback, name, SideProvider, "the provider's answer says "+name+" more than once, or at too great a length", nil)
		}
	}
	state := query.Get("state")
	switch {
	case started.State == "" || started.Nonce == "" || started.Verifier == "":
		return lost()
	case state == "":
		return refuse(StepCallback, "state", SidePerson, "the answer does not say which sign-in it belongs to; begin again", nil)
	case subtle.ConstantTimeCompare([]byte(state), []byte(started.State)) != 1:
		return refuse(StepCallback, "state", SidePerson, "the answer belongs to another sign-in than the one that was begun in this browser; begin again", nil)
	case !p.config.Now().Before(started.ExpiresAt):
		return refuse(StepCallback, "time", SidePerson, "signing in took too long; begin again", nil)
	case started.Organisation != r.Organisation || started.Connection != r.Connection:
		return refuse(StepCallback, "connection", SidePerson, "the sign-in was begun by another connection; begin again", nil)
	case started.Issuer != r.Issuer || started.ClientID != r.ClientID || started.RedirectURI != r.RedirectURI:
		return refuse(StepCallback, "connection", SidePerson, "the connection was changed meanwhile; begin again", nil)
	}
	return nil
}

// answered is the code that the provider sent along, if it is the provider and sent one.
func answered(provider Provider, query url.Values) (string, error) {
	switch issuer, given := query.Get("iss"), query.Has("iss"); { // RFC 9207 section 2.4
	case given && issuer != provider.Issuer:
		return "", refuse(StepCallback, "iss", SidePerson, "the answer is by another provider than the one that was asked; begin again", nil)
	case !given && provider.AnnouncesIssuer:
		return "", refuse(StepCallback, "iss", SideProvider, "the answer does not say which provider it is by, as this one always does; begin again", nil)
	}
	if query.Has("error") {
		return "", declined(query)
	}
	code := query.Get("code")
	if code == "" {
		return "", refuse(StepCallback, "code", SideProvider, "the provider sent nobody back and no reason; begin again", nil)
	}
	return code, nil
}

// declined explains an error that the provider sent back (RFC 6749 section 4.1.2.1, Core section 3.1.2.6).
func declined(query url.Values) *Error {
	e := refuse(StepCallback, "error", SideProvider, "the provider signs nobody in for this connection; its own words say more", nil)
	e.Said = redact.Line(query.Get("error")+" "+query.Get("error_description"), maxSaid, query.Get("state"))
	switch query.Get("error") {
	case "access_denied":
		e.Check, e.Side, e.Message = "denied", SidePerson, "the provider did not let you in for this application; if you think it should, ask who administers it to assign the application to you"
	case "login_required", "interaction_required", "account_selection_required", "consent_required":
		e.Check, e.Side, e.Message = "interaction", SidePerson, "the provider has to ask you something first; sign in again"
	case "temporarily_unavailable", "server_error":
		e.Check, e.Message = "unavailable", "the provider cannot do it at the moment; try again in a while"
	case "invalid_scope", "invalid_request", "unauthorized_client", "unsupported_response_type":
		e.Check, e.Message = "registration", "the provider does not accept how this connection asks; it has to be registered there as a web application with the code flow"
	case "unmet_authentication_requirements":
		e.Check, e.Side, e.Message = "requirements", SidePerson, "the provider could not sign you in as strongly as was asked for"
	}
	return e
}

// arrival maps the claims of a verified token.
func (p *RelyingParty) arrival(ctx context.Context, provider Provider, r Registration, started Started, token *oauth2.Token, raw string, all claims) (Arrival, error) {
	subject, err := r.Mapping.subject(provider.Issuer, all)
	if err != nil {
		return Arrival{}, err
	}
	a := Arrival{
		Organisation: r.Organisation, Connection: r.Connection, Issuer: r.Issuer, Subject: subject,
		Context: all.text("acr"), ProviderSession: all.text("sid"), LogoutHint: Secret(raw), Started: started,
	}
	a.Methods, _ = all.texts("amr", 20)
	a.SignedIn, _ = all.instant("auth_time")
	if r.Mapping.UserInfo {
		if all, err = p.more(ctx, provider, token, all); err != nil {
			return Arrival{}, err
		}
	}
	if err := r.Mapping.hosted(all); err != nil {
		return Arrival{}, err
	}
	a.Person = r.Mapping.person(all)
	return a, nil
}

// more adds what the userinfo endpoint says and the ID token does not. Its answer counts only if it is about the same
// subject (Core section 5.3.2); what the signed token says stays.
func (p *RelyingParty) more(ctx context.Context, provider Provider, token *oauth2.Token, all claims) (claims, error) {
	if provider.UserInfoEndpoint == "" {
		return nil, refuse(StepUserInfo, "endpoint", SideProvider, "this connection asks for userinfo, and the provider has none", nil)
	}
	config := goidc.ProviderConfig{IssuerURL: provider.Issuer, UserInfoURL: provider.UserInfoEndpoint, JWKSURL: provider.KeysURI}
	info, err := config.NewProvider(p.outgoing(ctx)).UserInfo(p.outgoing(ctx), oauth2.StaticTokenSource(token))
	if err != nil {
		if e := unreachable(StepUserInfo, err); e.Check != "connect" {
			return nil, e
		}
		// The cause may quote the answer, which is about a person.
		return nil, refuse(StepUserInfo, "answer", SideProvider, "the provider does not tell more about the person", nil)
	}
	if info.Subject == "" || info.Subject != all.text("sub") {
		return nil, refuse(StepUserInfo, "subject", SideProvider, "what the provider tells is about somebody else", nil)
	}
	var further claims
	if err := info.Claims(&further); err != nil {
		return nil, refuse(StepUserInfo, "json", SideProvider, "what the provider tells cannot be read", err)
	}
	maps.Copy(further, all)
	return further, nil
}
