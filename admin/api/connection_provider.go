package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"usher/domain"
)

// Clients is what is to be known of connections as clients of their OpenID providers: adapter oidc implements it.
type Clients interface {
	// MakeKey makes a key pair for a connection, sealed for it.
	MakeKey(org domain.OrganisationID, id domain.ConnectionID) (keyID string, public, sealed []byte, err error)
	// SealSecret encrypts a client's secret for its connection.
	SealSecret(org domain.OrganisationID, id domain.ConnectionID, secret string) ([]byte, error)
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
	JustInTime     bool              `json:"just_in_time" doc:"Who has no account here gets one by signing in."`
	LinksExternal  bool              `json:"links_external_id" doc:"The claim that is external_id equals the directory's externalId, and finds the person."`
	AppliesGroups  bool              `json:"applies_groups" doc:"The claim that is groups counts as membership of this connection's groups, beside the directory's."`
	RefreshesNames bool              `json:"refreshes_names" doc:"Names and language of people who were made by signing in follow what the provider tells."`
	RequiredACR    []string          `json:"required_acr" nullable:"false" doc:"A sign-in has to prove one of these classes (acr)."`
	RequiredAMR    []string          `json:"required_amr" nullable:"false" doc:"A sign-in has to prove at least one of these methods (amr, RFC 8176)."`
	MaxAge         *int64            `json:"max_age" doc:"In seconds: people sign in anew at the provider who did so longer ago; null: however long ago."`
	Prompt         *string           `json:"prompt" doc:"What the provider is told to ask: login, consent or select_account; null: as it likes."`
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
		JustInTime     *bool              `json:"just_in_time,omitempty" doc:"Who has no account here gets one by signing in."`
		LinksExternal  *bool              `json:"links_external_id,omitempty" doc:"The claim that is external_id equals the directory's externalId."`
		AppliesGroups  *bool              `json:"applies_groups,omitempty" doc:"The claim that is groups counts as membership of this connection's groups."`
		RefreshesNames *bool              `json:"refreshes_names,omitempty" doc:"Names and language of people who were made by signing in follow the provider."`
		RequiredACR    *[]string          `json:"required_acr,omitempty" doc:"Replaces all; empty: none is asked for." maxItems:"10"`
		RequiredAMR    *[]string          `json:"required_amr,omitempty" doc:"Replaces all; empty: none is asked for." maxItems:"10"`
		MaxAge         *int64             `json:"max_age,omitempty" doc:"In seconds; -1: however long ago." minimum:"-1" maximum:"2592000"`
		Prompt         *string            `json:"prompt,omitempty" doc:"login, consent or select_account; empty: as the provider likes." maxLength:"20"`
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
		summary: "Change what a connection asks of its OpenID provider",
		description: "What is left out stays. With private_key_jwt a key pair is made, once; its private half never leaves. What decides who a sign-in is " +
			"(the claims subject, email, email_verified and external_id, and links_external_id) is changed by whoever holds every permission.", needs: "directory:edit",
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
	change(&p.JustInTime, b.JustInTime)
	change(&p.LinksExternalID, b.LinksExternal)
	change(&p.AppliesGroups, b.AppliesGroups)
	change(&p.RefreshesNames, b.RefreshesNames)
	change(&p.Proof.Contexts, b.RequiredACR)
	change(&p.Proof.Methods, b.RequiredAMR)
	change(&p.Proof.Prompt, b.Prompt)
	if b.MaxAge != nil {
		if p.Proof.MaxAge = nil; *b.MaxAge >= 0 {
			age := time.Duration(*b.MaxAge) * time.Second
			p.Proof.MaxAge = &age
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
		UserInfo: p.UserInfo, HostedDomains: p.HostedDomains, JustInTime: p.JustInTime, LinksExternal: p.LinksExternalID, AppliesGroups: p.AppliesGroups,
		RefreshesNames: p.RefreshesNames, RequiredACR: append([]string{}, p.Proof.Contexts...), RequiredAMR: append([]string{}, p.Proof.Methods...),
		Prompt: orNil(p.Proof.Prompt),
	}
	if p.Proof.MaxAge != nil {
		seconds := int64(*p.Proof.MaxAge / time.Second)
		told.MaxAge = &seconds
	}
	if told.Claims == nil {
		told.Claims = map[string]string{}
	}
	if key != nil {
		told.PublicKey = key
	}
	return &one[providerSettings]{ETag: tag(p.Version()), Body: told}, nil
}
