package main

import (
	"usher/domain"
	"usher/internal/secret"
	"usher/oidc"
)

// providerFlags say which OpenID providers may be asked.
type providerFlags struct {
	OIDCAllowPrivate bool `name:"oidc-allow-private" group:"OpenID Connect" help:"Ask OpenID providers at addresses that are not public too, for one in the same network. Without it, nobody who names an issuer can make this server ask what is inside."`
}

// newRelyingParty makes what asks OpenID providers.
func (f providerFlags) newRelyingParty(env domain.Environment) (*oidc.RelyingParty, error) {
	return oidc.New(oidc.Config{AllowPrivate: f.OIDCAllowPrivate, Now: env.Now})
}

// sealPurpose is what the key for client secrets is derived for.
const sealPurpose = "oidc client secret"

// sealPlace is where the client's secret of a connection belongs.
func sealPlace(org domain.OrganisationID, id domain.ConnectionID) []byte {
	return []byte(org.String() + "/" + id.String())
}

// registrar makes registrations at OpenID providers, with the secrets of their clients.
func (a *App) registrar(key secret.Key) oidc.Registrar {
	return oidc.Registrar{
		BaseURL: a.baseURL(),
		Open: func(org domain.OrganisationID, id domain.ConnectionID, sealed []byte) ([]byte, error) {
			return key.Open(sealPurpose, sealed, sealPlace(org, id))
		},
	}
}
