package main

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"usher/domain"
)

type connectionProvider struct {
	connectionFlags
	JustInTime      string   `enum:",yes,no" default:"" placeholder:"yes|no" help:"Whether who has no account gets one by signing in."`
	LinksExternalID string   `name:"links-external-id" enum:",yes,no" default:"" placeholder:"yes|no" help:"Whether the claim that is external_id equals the directory's externalId, and finds the person."`
	AppliesGroups   string   `enum:",yes,no" default:"" placeholder:"yes|no" help:"Whether the claim that is groups counts as membership of this connection's groups."`
	RefreshesNames  string   `enum:",yes,no" default:"" placeholder:"yes|no" help:"Whether names and language of people who were made by signing in follow the provider."`
	RequiredACR     []string `name:"required-acr" placeholder:"CLASS" help:"Classes (acr) of which a sign-in has to prove one, with commas between; any asks for none."`
	RequiredAMR     []string `name:"required-amr" placeholder:"METHOD" help:"Methods (amr) of which a sign-in has to prove one, such as mfa,otp; any asks for none."`
	MaxAge          string   `placeholder:"TIME" help:"How long ago people may have signed in at the provider, such as 12h, before they do so anew; any for however long."`
	Prompt          string   `enum:",login,consent,select_account,any" default:"" placeholder:"WHAT" help:"What the provider is told to ask: login, consent, select_account, or any, as it likes."`
	Scopes          []string `placeholder:"SCOPE" help:"What the provider is asked for beside openid, such as profile,email,groups, with commas between; preset for what the kind asks for, none for nothing."`
	Claims          []string `placeholder:"WHAT=CLAIM" help:"Which claim is what, such as groups=/realm_access/roles, in place of all that was said; preset for those of the kind."`

	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (connectionProvider) Help() string {
	return `Shows what a connection asks of its OpenID provider and what becomes of people who come by it; what is given is changed first, and holds for the next sign-in.

Examples:

  usher connection provider --org acme --name okta
  usher connection provider --org acme --name okta --just-in-time yes --applies-groups yes
  usher connection provider --org acme --name okta --required-amr mfa --max-age 12h`
}

// shownProvider is what a connection asks as JSON.
type shownProvider struct {
	Authentication  *string           `json:"authentication"`
	Claims          map[string]string `json:"claims"`
	Scopes          []string          `json:"scopes"`
	JustInTime      bool              `json:"just_in_time"`
	LinksExternalID bool              `json:"links_external_id"`
	AppliesGroups   bool              `json:"applies_groups"`
	RefreshesNames  bool              `json:"refreshes_names"`
	RequiredACR     []string          `json:"required_acr"`
	RequiredAMR     []string          `json:"required_amr"`
	MaxAge          *int64            `json:"max_age"`
	Prompt          *string           `json:"prompt"`
	Version         int64             `json:"version"`
}

// Run shows or changes it.
func (c *connectionProvider) Run(ctx context.Context, p *process) error {
	change, err := c.change()
	if err != nil {
		return err
	}
	return p.withInstallation(ctx, c.openFor, func(in *domain.Installation) error {
		_, s, err := in.ChangeProviderSettings(ctx, c.Org, c.Name, nil, change)
		if err != nil {
			return err
		}
		shown := showProvider(s)
		return c.print(p, shown, func() string {
			words := func(list []string) string {
				if len(list) == 0 {
					return "any"
				}
				return strings.Join(list, ", ")
			}
			age := "any"
			if s.Proof.MaxAge != nil {
				age = s.Proof.MaxAge.String()
			}
			rows := [][]string{
				{"just in time", yesOrNo(s.JustInTime)}, {"links external id", yesOrNo(s.LinksExternalID)}, {"applies groups", yesOrNo(s.AppliesGroups)},
				{"refreshes names", yesOrNo(s.RefreshesNames)}, {"required acr", words(s.Proof.Contexts)}, {"required amr", words(s.Proof.Methods)},
				{"max age", age}, {"prompt", orAny(s.Proof.Prompt)}, {"scopes", scopeWords(s.Scopes)}, {"version", strconv.FormatInt(s.Revision, 10)},
			}
			return table([]string{"PROVIDER", "VALUE"}, rows, "")
		})
	})
}

// scopesOf reads the flag of scopes; what was stays where none is given.
func scopesOf(flag, was []string) []string {
	switch {
	case len(flag) == 0:
		return was
	case slices.Equal(flag, []string{"preset"}):
		return nil
	case slices.Equal(flag, []string{"none"}):
		return []string{}
	}
	return flag
}

// scopeWords are the scopes in a table.
func scopeWords(scopes []string) string {
	switch {
	case scopes == nil:
		return "preset"
	case len(scopes) == 0:
		return "none"
	}
	return strings.Join(scopes, ", ")
}

func yesOrNo(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

func orAny(text string) string {
	if text == "" {
		return "any"
	}
	return text
}

// change reads the flags.
func (c *connectionProvider) change() (func(domain.ProviderSettings) domain.ProviderSettings, error) {
	var age *time.Duration
	if c.MaxAge != "" && c.MaxAge != "any" {
		d, err := time.ParseDuration(c.MaxAge)
		if err != nil || d < 0 || d > 30*24*time.Hour || d%time.Second != 0 {
			return nil, wrong("max-age", "use a time such as 12h or 30m, of whole seconds and at most 720h, which are 30 days, or any")
		}
		age = &d
	}
	claims := map[string]string{}
	for _, pair := range c.Claims {
		what, name, ok := strings.Cut(pair, "=")
		if !ok && pair != "preset" {
			return nil, wrong("claims", "%q is no claim; use WHAT=CLAIM, such as groups=roles", pair)
		}
		if ok {
			claims[what] = name
		}
	}
	return func(s domain.ProviderSettings) domain.ProviderSettings {
		for _, flag := range []struct {
			given string
			field *bool
		}{
			{c.JustInTime, &s.JustInTime}, {c.LinksExternalID, &s.LinksExternalID}, {c.AppliesGroups, &s.AppliesGroups}, {c.RefreshesNames, &s.RefreshesNames},
		} {
			if flag.given != "" {
				*flag.field = flag.given == "yes"
			}
		}
		if list, given := listed(c.RequiredACR); given {
			s.Proof.Contexts = list
		}
		if list, given := listed(c.RequiredAMR); given {
			s.Proof.Methods = list
		}
		if c.MaxAge != "" {
			s.Proof.MaxAge = age
		}
		if c.Prompt != "" {
			if s.Proof.Prompt = c.Prompt; c.Prompt == "any" {
				s.Proof.Prompt = ""
			}
		}
		if len(c.Claims) > 0 {
			s.Claims = claims
		}
		s.Scopes = scopesOf(c.Scopes, s.Scopes)
		return s
	}, nil
}

func showProvider(s domain.ProviderSettings) shownProvider {
	shown := shownProvider{
		Authentication: orNull(s.Authentication), Claims: s.Claims, Scopes: s.Scopes, JustInTime: s.JustInTime, LinksExternalID: s.LinksExternalID,
		AppliesGroups: s.AppliesGroups, RefreshesNames: s.RefreshesNames, RequiredACR: append([]string{}, s.Proof.Contexts...),
		RequiredAMR: append([]string{}, s.Proof.Methods...), Prompt: orNull(s.Proof.Prompt), Version: s.Revision,
	}
	if shown.Claims == nil {
		shown.Claims = map[string]string{}
	}
	if s.Proof.MaxAge != nil {
		seconds := int64(*s.Proof.MaxAge / time.Second)
		shown.MaxAge = &seconds
	}
	return shown
}
