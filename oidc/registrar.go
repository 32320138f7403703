package oidc

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"time"

	"usher/domain"
)

// CallbackPath is where browsers come back to for a connection: one address each, so that the answer of one provider
// cannot be taken for that of another.
func CallbackPath(id domain.ConnectionID) string { return "/oidc/" + id.String() + "/callback" }

// Unseal decrypts a secret of a connection.
type Unseal func(org domain.OrganisationID, id domain.ConnectionID, sealed []byte) ([]byte, error)

// Registrar makes registrations of connections.
type Registrar struct {
	BaseURL    string // where this server is reached, without a slash at its end
	OpenSecret Unseal // decrypts the client's secret
	OpenKey    Unseal // decrypts the client's key (see [Clients])
}

// Registration is a connection as the client of its provider, with the preset of its kind and what was set beyond it.
// Errors only where a secret does not open.
func (g Registrar) Registration(c domain.Connection, s domain.ProviderSettings) (Registration, error) {
	r := Registration{
		Organisation: c.Organisation, Connection: c.ID, Issuer: c.OIDC.Issuer, ClientID: c.OIDC.ClientID, Scopes: s.Scopes,
		RedirectURI: g.BaseURL + CallbackPath(c.ID), Mapping: Preset(c.Kind).with(s), Disabled: !c.DisabledAt.IsZero(),
		Client: Credential{Way: Way(s.Authentication)},
	}
	if len(c.OIDC.SealedSecret) > 0 && r.Client.Way != PrivateKeyJWT && r.Client.Way != NoClientSecret {
		secret, err := g.OpenSecret(c.Organisation, c.ID, c.OIDC.SealedSecret)
		if err != nil {
			return Registration{}, refuse(StepConnection, "secret", SideHere, "the client's secret was encrypted under another secret key than the one that is set; set that key, or enter the client's secret again", err)
		}
		r.Client.Secret = Secret(secret)
	}
	if r.Client.Way == PrivateKeyJWT {
		key, err := g.key(s)
		if err != nil {
			return Registration{}, refuse(StepConnection, "key", SideHere, "the client's key was encrypted under another secret key than the one that is set; set that key", err)
		}
		r.Client.Key, r.Client.KeyID = key, s.KeyID
	}
	return r, nil
}

func (g Registrar) key(s domain.ProviderSettings) (crypto.Signer, error) {
	plain, err := g.OpenKey(s.Organisation, s.Connection, s.SealedKey)
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(plain)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, errors.New("it is no key that signs")
	}
	return key, nil
}

// with is a mapping with what was set in its place.
func (m Mapping) with(s domain.ProviderSettings) Mapping {
	for what, name := range s.Claims {
		switch what {
		case "subject":
			m.Subject, m.Tenant = name, ""
		case "user_name":
			m.UserName = name
		case "email":
			m.Email = name
		case "email_verified":
			m.EmailVerified = name
		case "name":
			m.Name = name
		case "given_name":
			m.GivenName = name
		case "family_name":
			m.FamilyName = name
		case "language":
			m.Language = name
		case "groups":
			m.Groups = name
		case "external_id":
			m.ExternalID = name
		}
	}
	m.UserInfo, m.HostedDomains = s.UserInfo, s.HostedDomains
	return m
}

// checkTime bounds a whole test.
const checkTime = 40 * time.Second

// Checker tests connections. It implements [domain.ProviderChecker].
type Checker struct {
	Party     *RelyingParty
	Registrar Registrar
}

// CheckProvider implements domain.ProviderChecker. A secret that does not open is a step that fails.
func (c Checker) CheckProvider(ctx context.Context, connection domain.Connection, settings domain.ProviderSettings) (bool, []domain.CheckedStep, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	var steps []Tested
	registration, err := c.Registrar.Registration(connection, settings)
	var refusal *Error
	switch {
	case errors.As(err, &refusal):
		steps = []Tested{{Step: refusal.Step, Verdict: Failed, Message: refusal.Message, Side: refusal.Side}}
	case err != nil:
		return false, nil, err
	default:
		steps = c.Party.Check(ctx, registration)
	}
	told := make([]domain.CheckedStep, len(steps))
	for i, s := range steps {
		told[i] = domain.CheckedStep{Name: string(s.Step), Verdict: string(s.Verdict), Message: s.Message, Side: string(s.Side), Said: s.Said}
	}
	return Good(steps), told, nil
}
