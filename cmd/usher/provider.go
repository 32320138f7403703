package main

import (
	"usher/domain"
	"usher/internal/secret"
	"usher/oidc"
	"usher/oidc/assertion"
)

// providerFlags say which OpenID providers may be asked.
type providerFlags struct {
	OIDCAllowPrivate bool `name:"oidc-allow-private" group:"OpenID Connect" help:"Ask OpenID providers at addresses that are not public too, for one in the same network. Without it, nobody who names an issuer can make this server ask what is inside."`
}

// newRelyingParty makes what asks OpenID providers. That of the demo asks one on this very machine, without TLS.
func (f providerFlags) newRelyingParty(env domain.Environment, demo bool) (*oidc.RelyingParty, error) {
	return oidc.New(oidc.Config{AllowPrivate: f.OIDCAllowPrivate || demo, AllowHTTP: demo, Now: env.Now})
}

// newSigner makes what signs assertions.
func (a *App) newSigner(key secret.Key) (*assertion.Signer, error) {
	return assertion.New(assertion.Config{
		Keys: a.Installation.SigningKeys, Issuer: a.baseURL(), Now: a.config.Environment.Now, Random: a.config.Random, Log: a.config.Log,
		Seal: func(text, place []byte) ([]byte, error) { return key.Seal(signingKeyPurpose, text, place) },
		Open: func(sealed, place []byte) ([]byte, error) { return key.Open(signingKeyPurpose, sealed, place) },
	})
}

// What the keys are derived for that encrypt what connections show their providers, and what signs our assertions.
const (
	sealPurpose       = "oidc client secret"
	clientKeyPurpose  = "oidc client key"
	signingKeyPurpose = "assertion signing key"
)

// sealPlace is where the client's secret of a connection belongs.
func sealPlace(org domain.OrganisationID, id domain.ConnectionID) []byte {
	return []byte(org.String() + "/" + id.String())
}

// clients knows connections as clients of their OpenID providers, and makes their keys.
func (a *App) clients(key secret.Key) oidc.Clients {
	return oidc.Clients{
		BaseURL: a.baseURL(), Random: a.config.Random,
		SealKey: func(org domain.OrganisationID, id domain.ConnectionID, plain []byte) ([]byte, error) {
			return key.Seal(clientKeyPurpose, plain, sealPlace(org, id))
		},
		SealPlain: func(org domain.OrganisationID, id domain.ConnectionID, plain []byte) ([]byte, error) {
			return key.Seal(sealPurpose, plain, sealPlace(org, id))
		},
	}
}

// registrar makes registrations at OpenID providers, with the secrets of their clients.
func (a *App) registrar(key secret.Key) oidc.Registrar {
	return oidc.Registrar{
		BaseURL: a.baseURL(),
		OpenSecret: func(org domain.OrganisationID, id domain.ConnectionID, sealed []byte) ([]byte, error) {
			return key.Open(sealPurpose, sealed, sealPlace(org, id))
		},
		OpenKey: func(org domain.OrganisationID, id domain.ConnectionID, sealed []byte) ([]byte, error) {
			return key.Open(clientKeyPurpose, sealed, sealPlace(org, id))
		},
	}
}
