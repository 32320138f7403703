package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"usher/admin/api"
	"usher/domain"
)

type apikeyCommands struct {
	Create apikeyCreate `cmd:"" help:"Make an API key for an application; it is shown once."`
	List   apikeyList   `cmd:"" help:"List the API keys of an organisation, without their secrets."`
	Revoke apikeyRevoke `cmd:"" help:"End an API key with the next request that bears it."`
}

type apikeyCreate struct {
	Org         string   `required:"" placeholder:"SLUG" help:"Slug of the organisation."`
	Name        string   `required:"" placeholder:"NAME" help:"What the key is for, as people read it."`
	Permissions []string `required:"" placeholder:"MODULE:ACTION,…" help:"What the key may do, on all objects, such as users:view,directory:edit."`
	User        string   `placeholder:"PERSON" help:"Whose it is, by id or user name: it permits no more than they may, and ends when they are deactivated. Nobody's unless given."`
	Expires     lifetime `placeholder:"DURATION" help:"How long it is good for, such as 8760h or 365d; for ever unless given."`
	publicFlags
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (apikeyCreate) Help() string {
	var modules, more []string
	for _, m := range domain.BuiltInModules() {
		modules = append(modules, m.ID)
		for _, action := range m.OwnActions() {
			more = append(more, m.ID+":"+action)
		}
	}
	return "Each of Usher's modules has the actions view, create, edit and delete: " + strings.Join(modules, ", ") + ". Beside these there are " +
		strings.Join(more, ", ") + `. The modules that the application registered may be named as well. The OpenAPI document at /api/v1/openapi.json says what each operation needs.

Examples:

  usher apikey create --org acme --name "HR system" --permissions users:view,users:create --expires 365d
  usher apikey create --org acme --name "Audit export" --permissions audit:view --json`
}

// Run makes the key.
func (c *apikeyCreate) Run(ctx context.Context, p *process) error {
	spec := domain.APIKeySpec{Name: c.Name, Lifetime: time.Duration(c.Expires)}
	for _, text := range c.Permissions {
		of, err := domain.ParsePermission(strings.TrimSpace(text))
		if err != nil {
			return err
		}
		spec.Permissions = append(spec.Permissions, of)
	}
	return p.withInstallation(ctx, c.openFor, func(in *domain.Installation) error {
		k, text, err := in.CreateAPIKeyOf(ctx, c.Org, c.User, spec)
		if err != nil {
			return err
		}
		out := struct {
			ID          string   `json:"id"`
			Name        string   `json:"name"`
			Permissions []string `json:"permissions"`
			APIURL      string   `json:"api_url"`
			APIKey      string   `json:"api_key"`
			ExpiresAt   *string  `json:"expires_at"`
		}{k.ID.String(), k.Name, permissionsOf(k), c.apiURL(), text, moment(k.ExpiresAt)}
		return c.print(p, out, func() string {
			expiry := "It does not expire."
			if !k.ExpiresAt.IsZero() {
				expiry = "It expires on " + orDash(k.ExpiresAt) + "."
			}
			return fmt.Sprintf("Give to the application:\n\n  API base URL  %s\n  API key       %s\n\nThe key is shown this once. It may: %s. %s\n",
				out.APIURL, text, strings.Join(out.Permissions, ", "), expiry)
		})
	})
}

// apiURL is where clients reach the REST API.
func (f publicFlags) apiURL() string {
	if f.PublicURL == "" {
		return "http://127.0.0.1:8080" + api.Prefix
	}
	return string(f.PublicURL) + api.Prefix
}

// permissionsOf lists what a key may do.
func permissionsOf(k domain.APIKey) []string {
	var words []string
	for _, of := range k.Permissions.List() {
		words = append(words, of.String())
	}
	return words
}

type apikeyList struct {
	Org string `required:"" placeholder:"SLUG" help:"Slug of the organisation."`
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (apikeyList) Help() string {
	return `Example:

  usher apikey list --org acme --json`
}

// shownKey is an API key as JSON.
type shownKey struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Permissions []string `json:"permissions"`
	Unknown     []string `json:"unknown_permissions"`
	State       string   `json:"state"`
	CreatedAt   *string  `json:"created_at"`
	ExpiresAt   *string  `json:"expires_at"`
	RevokedAt   *string  `json:"revoked_at"`
	LastUsedAt  *string  `json:"last_used_at"`
}

func showKey(k domain.APIKey, known domain.Catalogue, now time.Time) shownKey {
	state := "active"
	switch {
	case !k.RevokedAt.IsZero():
		state = "revoked"
	case !k.InForce(now):
		state = "expired"
	}
	return shownKey{
		ID: k.ID.String(), Name: k.Name, Permissions: permissionNames(k.Permissions), Unknown: permissionNames(k.Unknown(known)), State: state, CreatedAt: moment(k.CreatedAt),
		ExpiresAt: moment(k.ExpiresAt), RevokedAt: moment(k.RevokedAt), LastUsedAt: moment(k.LastUsedAt),
	}
}

// Run lists them.
func (c *apikeyList) Run(ctx context.Context, p *process) error {
	return p.withInstallation(ctx, c.openFor, func(in *domain.Installation) error {
		all, known, err := in.ListAPIKeys(ctx, c.Org)
		if err != nil {
			return err
		}
		shown, rows := make([]shownKey, 0, len(all)), make([][]string, 0, len(all))
		for _, k := range all {
			s := showKey(k, known, p.now())
			shown = append(shown, s)
			permissions := strings.Join(s.Permissions, ",")
			if len(s.Unknown) > 0 {
				permissions += " (unknown, permit nothing: " + strings.Join(s.Unknown, ",") + ")"
			}
			rows = append(rows, []string{s.ID, s.Name, s.State, orDash(k.CreatedAt), orDash(k.ExpiresAt), orDash(k.LastUsedAt), permissions})
		}
		return c.print(p, shown, func() string {
			return table([]string{"ID", "NAME", "STATE", "CREATED", "EXPIRES", "LAST USED", "PERMISSIONS"}, rows, "There is no API key; make one with \"usher apikey create\".")
		})
	})
}

type apikeyRevoke struct {
	Org string `required:"" placeholder:"SLUG" help:"Slug of the organisation."`
	ID  string `required:"" name:"id" placeholder:"ID" help:"Id of the key, as \"usher apikey list\" shows it."`
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (apikeyRevoke) Help() string {
	return `Example:

  usher apikey revoke --org acme --id 01980a2b-7c3d-7e4f-8a5b-6c7d8e9f0a1b`
}

// Run revokes it.
func (c *apikeyRevoke) Run(ctx context.Context, p *process) error {
	id, ok := domain.ParseID[domain.APIKey](c.ID)
	if !ok {
		return wrong("id", "this is no id of an API key; \"usher apikey list\" shows them")
	}
	return p.withInstallation(ctx, c.openFor, func(in *domain.Installation) error {
		k, err := in.RevokeAPIKey(ctx, c.Org, id)
		if err != nil {
			return err
		}
		out := struct {
			ID        string  `json:"id"`
			RevokedAt *string `json:"revoked_at"`
		}{k.ID.String(), moment(k.RevokedAt)}
		return c.print(p, out, func() string { return fmt.Sprintf("The API key %s is revoked.\n", k.ID) })
	})
}
