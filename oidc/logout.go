package oidc

import (
	"context"
	"net/url"
	"time"

	"usher/domain"
)

// logoutType is the type of a logout token (Back-Channel Logout 1.0 section 2.4), which no ID token has.
const logoutType = "logout+jwt"

// logoutEvent is the member of events that makes a token a logout token.
const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// logoutAge is how old a logout token may be. The specification asks for an expiry of two minutes or so; this bounds how
// long identifiers of tokens are remembered where a provider gives more.
const logoutAge = 10 * time.Minute

// SignOut gives the address at the provider that ends the session there too (RP-Initiated Logout 1.0 section 2), and from
// which the browser comes back to returnTo, which has to be registered. It is empty for a provider that has none: then
// only the session here ends. hint is [Arrival.LogoutHint].
func (p *RelyingParty) SignOut(ctx context.Context, r Registration, hint Secret, returnTo, state string) (string, error) {
	provider, err := p.Discover(ctx, r.Issuer)
	if err != nil || provider.EndSessionEndpoint == "" {
		return "", err
	}
	u, err := url.Parse(provider.EndSessionEndpoint)
	if err != nil {
		return "", refuse(StepEndpoints, "end_session_endpoint", SideProvider, "the provider announces no usable end_session_endpoint", err)
	}
	query := u.Query()
	query.Set("client_id", r.ClientID)
	if hint != "" {
		query.Set("id_token_hint", string(hint))
	}
	if returnTo != "" {
		query.Set("post_logout_redirect_uri", returnTo)
		if state != "" {
			query.Set("state", state)
		}
	}
	u.RawQuery = query.Encode()
	return u.String(), nil
}

// Ending says which sessions a provider has ended: those of the connection and issuer with this session of the provider's;
// where there is none, all of the subject's.
type Ending struct {
	Organisation    domain.OrganisationID
	Connection      domain.ConnectionID
	Issuer          string
	ProviderSession string // sid
	Subject         string // as [Arrival.Subject] has it; empty where the token names only the session

	Token string    // the token's identifier (jti), which may come once for the connection,
	Until time.Time // as long as a token of that age is taken
}

// EndSessions verifies a logout token (Back-Channel Logout 1.0 section 2.6). Such a token comes from anywhere, so what it
// costs is bounded before its signature is known to be good. Whether it came before, the caller finds out as it ends the sessions, in
// one step: a token is used up when what it says is done. A connection that is disabled still ends sessions.
func (p *RelyingParty) EndSessions(ctx context.Context, r Registration, raw string) (Ending, error) {
	r.Disabled = false // nobody comes in by it
	if err := r.ready(); err != nil {
		return Ending{}, err
	}
	provider, err := p.Discover(ctx, r.Issuer)
	if err != nil {
		return Ending{}, err
	}
	token, all, h, err := p.proven(ctx, StepLogout, provider, raw)
	if err != nil {
		return Ending{}, err
	}
	if err := addressed(StepLogout, provider.Issuer, r.ClientID, token, all); err != nil {
		return Ending{}, err
	}
	now := p.config.Now()
	if err := timely(StepLogout, now, token, all); err != nil {
		return Ending{}, err
	}
	events, _ := all["events"].(map[string]any)
	_, isObject := events[logoutEvent].(map[string]any)
	_, hasNonce := all["nonce"]
	id, session := all.text("jti"), all.text("sid")
	switch {
	case h.Type != "" && h.Type != logoutType && h.Type != "JWT":
		return Ending{}, refuse(StepLogout, "typ", SideProvider, "this is no logout token", nil)
	case !isObject:
		return Ending{}, refuse(StepLogout, "events", SideProvider, "this is no logout token: it does not speak of a logout", nil)
	case hasNonce:
		return Ending{}, refuse(StepLogout, "nonce", SideProvider, "this is no logout token: it has a nonce", nil)
	case session == "" && token.Subject == "":
		return Ending{}, refuse(StepLogout, "subject", SideProvider, "the logout token says neither which session nor whose", nil)
	case id == "":
		return Ending{}, refuse(StepLogout, "jti", SideProvider, "the logout token has no identifier", nil)
	case now.Sub(token.IssuedAt) > logoutAge:
		return Ending{}, refuse(StepLogout, "iat", SideProvider, "the logout token is too old", nil)
	}
	e := Ending{Organisation: r.Organisation, Connection: r.Connection, Issuer: r.Issuer, ProviderSession: session, Token: id, Until: token.IssuedAt.Add(logoutAge + Skew)}
	if token.Subject != "" {
		if e.Subject, err = r.Mapping.subject(provider.Issuer, all); err != nil && session == "" {
			return Ending{}, err
		}
	}
	return e, nil
}
