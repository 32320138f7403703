package oidc

import (
	"context"
	"errors"
	"time"

	"usher/domain"
)

// CallbackPath is where browsers come back to for a connection: one address each, so that the answer of one provider
// cannot be taken for that of another.
func CallbackPath(id domain.ConnectionID) string { return "/oidc/" + id.String() + "/callback" }

// Registrar makes registrations of connections.
type Registrar struct {
	// BaseURL is where this server is reached, without a slash at its end.
	BaseURL string

	// Open decrypts the client's secret of a connection.
	Open func(org domain.OrganisationID, id domain.ConnectionID, sealed []byte) ([]byte, error)
}

// Registration is a connection as the client of its provider, with the preset of its kind. Errors only where the secret
// does not open.
func (g Registrar) Registration(c domain.Connection) (Registration, error) {
	r := Registration{
		Organisation: c.Organisation, Connection: c.ID, Issuer: c.OIDC.Issuer, ClientID: c.OIDC.ClientID,
		RedirectURI: g.BaseURL + CallbackPath(c.ID), Mapping: Preset(c.Kind), Disabled: !c.DisabledAt.IsZero(),
	}
	if len(c.OIDC.SealedSecret) == 0 {
		return r, nil
	}
	secret, err := g.Open(c.Organisation, c.ID, c.OIDC.SealedSecret)
	if err != nil {
		return Registration{}, refuse(StepConnection, "secret", SideHere, "the client's secret was encrypted under another secret key than the one that is set; set that key, or enter the client's secret again", err)
	}
	r.Client.Secret = Secret(secret)
	return r, nil
}

// checkTime bounds a whole test.
const checkTime = 40 * time.Second

// Checker tests connections. It implements [domain.ProviderChecker].
type Checker struct {
	Party     *RelyingParty
	Registrar Registrar
}

// CheckProvider implements domain.ProviderChecker. A secret that does not open is a step that fails.
func (c Checker) CheckProvider(ctx context.Context, connection domain.Connection) (bool, []domain.CheckedStep, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	var steps []Tested
	registration, err := c.Registrar.Registration(connection)
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
