package api

import (
	"context"
	"encoding/json"
	"net/http"

	"usher/domain"
)

// Clients is what is to be known of connections as clients of their OpenID providers: adapter oidc implements it.
type Clients interface {
	// MakeKey makes a key pair for a connection, sealed for it.
	MakeKey(org domain.OrganisationID, id domain.ConnectionID) (keyID string, public, sealed []byte, err error)
	// JWK is the public key as a provider wants it; nil where there is none.
	JWK(s domain.ProviderSettings) (json.RawMessage, error)
	// CallbackURL is the address that has to be registered at the provider.
	CallbackURL(id domain.ConnectionID) string
}

// providerSettings are what a connection asks of its OpenID provider.
type providerSettings struct {
	CallbackURL    string            `json:"callback_url" doc:"The address to register at the provider."`
	Authentication *string           `json:"authentication" doc:"client_secret_basic, client_secret_post, private_key_jwt or none; null: as the provider announces."`
	Claims         map[string]string `json:"claims" doc:"Which claim is what, where it is not as the preset of the connection's kind has it."`
	Scopes         []string          `json:"scopes" doc:"Asked for beside openid; null: those of the preset."`
	UserInfo       bool              `json:"user_info" doc:"The userinfo endpoint is asked too."`
	HostedDomains  []string          `json:"hosted_domains" doc:"The only values of the claim hd that may sign in; null: any."`
	PublicKey      any               `json:"public_key" doc:"For private_key_jwt: the JSON web key (RFC 7517) to register at the provider; null: there is none."`
}

type changeProvider struct {
	Matching

	Body struct {
		Authentication *string            `json:"authentication,omitempty" doc:"client_secret_basic, client_secret_post, private_key_jwt (a key is made here) or none; empty: as the provider announces." maxLength:"40"`
		Claims         *map[string]string `json:"claims,omitempty" doc:"Replaces all. What (subject, user_name, email, email_verified, name, given_name, family_name, language, groups, external_id) is which claim, by its name or a JSON pointer; an empty name means that nothing is." maxProperties:"10"`
		Scopes         *[]string          `json:"scopes,omitempty" doc:"Replaces all. Asked for beside openid." maxItems:"50"`
		UserInfo       *bool              `json:"user_info,omitempty" doc:"Ask the userinfo endpoint too."`
		HostedDomains  *[]string          `json:"hosted_domains,omitempty" doc:"Replaces all; empty: any." maxItems:"50"`
	}
}

func (s *service) addConnectionProvider() {
	add(s, operation{
		method: http.MethodGet, path: "/connections/{id}/provider", id: "get-connection-provider", tag: "Connections",
		summary: "Read what a connection asks of its OpenID provider", needs: "directory:view",
	}, func(ctx context.Context, who domain.Administrator, in *ByID) (*one[providerSettings], error) {
		id, err := identified[domain.Connection](in.ID, "connection")
		if err != nil {
			return nil, err
		}
		settings, err := s.Administration.ProviderSettings(ctx, who, id)
		if err != nil {
			return nil, err
		}
		return s.oneProvider(id, settings)
	})
	add(s, operation{
		method: http.MethodPatch, path: "/connections/{id}/provider", id: "change-connection-provider", tag: "Connections",
		summary:     "Change what a connection asks of its OpenID provider",
		description: "What is left out stays. With private_key_jwt a key pair is made, once; its private half never leaves.", needs: "directory:edit",
	}, func(ctx context.Context, who domain.Administrator, in *changeProvider) (*one[providerSettings], error) {
		id, err := identified[domain.Connection](in.ID, "connection")
		if err != nil {
			return nil, err
		}
		settings, err := s.Administration.ChangeProviderSettings(ctx, who, id, ifMatch(in.IfMatch), s.Clients.MakeKey, in.apply)
		if err != nil {
			return nil, err
		}
		return s.oneProvider(id, settings)
	})
}

func (in *changeProvider) apply(p domain.ProviderSettings) domain.ProviderSettings {
	b := in.Body
	if b.Authentication != nil {
		p.Authentication = *b.Authentication
	}
	if b.Claims != nil {
		p.Claims = *b.Claims
	}
	if b.Scopes != nil {
		p.Scopes = *b.Scopes
	}
	if b.UserInfo != nil {
		p.UserInfo = *b.UserInfo
	}
	if b.HostedDomains != nil {
		if p.HostedDomains = *b.HostedDomains; len(p.HostedDomains) == 0 {
			p.HostedDomains = nil
		}
	}
	return p
}

func (s *service) oneProvider(id domain.ConnectionID, p domain.ProviderSettings) (*one[providerSettings], error) {
	key, err := s.Clients.JWK(p)
	if err != nil {
		return nil, err
	}
	told := providerSettings{
		CallbackURL: s.Clients.CallbackURL(id), Authentication: orNil(p.Authentication), Claims: p.Claims, Scopes: p.Scopes,
		UserInfo: p.UserInfo, HostedDomains: p.HostedDomains,
	}
	if told.Claims == nil {
		told.Claims = map[string]string{}
	}
	if key != nil {
		told.PublicKey = key
	}
	return &one[providerSettings]{ETag: tag(p.Version()), Body: told}, nil
}
