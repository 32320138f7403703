package main

import (
	"context"
	"fmt"
	"strings"

	"usher/domain"
	"usher/oidc/assertion"
)

type applicationCommands struct {
	Create applicationCreate `cmd:"" help:"Register an application: people are let through to it, and it is told who they are."`
	List   applicationList   `cmd:"" help:"List the applications of an organisation."`
	Delete applicationDelete `cmd:"" help:"Take an application off the list; nobody is let through to it any more."`
}

type applicationCreate struct {
	Org         string   `required:"" placeholder:"SLUG" help:"Slug of the organisation."`
	Name        string   `required:"" placeholder:"NAME" help:"What the application is called, as people read it."`
	Description string   `placeholder:"TEXT" help:"What it is for."`
	Origin      []string `required:"" name:"origin" placeholder:"URL" help:"Where it is reached, as https://host or https://host:port; may be given more than once."`
	Audience    string   `placeholder:"NAME" help:"To whom assertions for it are addressed; the first origin unless given."`
	Algorithm   string   `placeholder:"NAME" help:"By which assertions are signed: EdDSA (also when not given) or ES256."`
	Modules     []string `placeholder:"MODULE,…" help:"Modules of the catalogue whose permissions it is told; all unless given."`
	publicFlags
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (applicationCreate) Help() string {
	return `Point the proxy in front of the application at /auth/check of this server; docs/bridge.md has it for nginx, Traefik, Caddy and Envoy.

Examples:

  usher application create --org acme --name CRM --origin https://crm.acme.test
  usher application create --org acme --name Dialler --origin https://dial.acme.test --algorithm ES256 --modules campaigns,queues --json`
}

// shownApplication is an application as JSON.
type shownApplication struct {
	ID        string   `json:"id"`
	Name      string   `json:"name"`
	Origins   []string `json:"origins"`
	Audience  string   `json:"audience"`
	Algorithm string   `json:"algorithm"`
	Modules   []string `json:"modules"`
	CreatedAt *string  `json:"created_at"`
}

func showApplication(a domain.Application) shownApplication {
	out := shownApplication{
		ID: a.ID.String(), Name: a.Name.Text, Origins: []string{}, Audience: a.Audience, Algorithm: a.Algorithm, Modules: append([]string{}, a.Modules...),
		CreatedAt: moment(a.CreatedAt),
	}
	for _, o := range a.Origins {
		out.Origins = append(out.Origins, string(o))
	}
	return out
}

// Run registers it.
func (c *applicationCreate) Run(ctx context.Context, p *process) error {
	return p.withInstallation(ctx, c.openFor, func(in *domain.Installation) error {
		a, err := in.CreateApplication(ctx, c.Org, domain.ApplicationSpec{
			Name: c.Name, Description: c.Description, Origins: c.Origin, Audience: c.Audience, Algorithm: c.Algorithm, Modules: c.Modules,
		})
		if err != nil {
			return err
		}
		out := struct {
			shownApplication

			CheckURL string `json:"check_url"`
			Issuer   string `json:"issuer"`
			KeysURL  string `json:"keys_url"`
		}{showApplication(a), c.base() + "/auth/check", c.base(), c.base() + assertion.Path}
		return c.print(p, out, func() string {
			return fmt.Sprintf("The application %s is registered. Its proxy asks, and it verifies by:\n\n  Check     %s\n  Issuer    %s\n  Audience  %s\n  Keys      %s\n",
				a.Name.Text, out.CheckURL, out.Issuer, a.Audience, out.KeysURL)
		})
	})
}

type applicationList struct {
	Org string `required:"" placeholder:"SLUG" help:"Slug of the organisation."`
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (applicationList) Help() string {
	return `Example:

  usher application list --org acme --json`
}

// Run lists them.
func (c *applicationList) Run(ctx context.Context, p *process) error {
	return p.withInstallation(ctx, c.openFor, func(in *domain.Installation) error {
		all, err := in.Applications(ctx, c.Org)
		if err != nil {
			return err
		}
		shown, rows := make([]shownApplication, 0, len(all)), make([][]string, 0, len(all))
		for _, a := range all {
			s := showApplication(a)
			shown = append(shown, s)
			rows = append(rows, []string{s.Name, s.Audience, s.Algorithm, strings.Join(s.Origins, ","), s.ID})
		}
		return c.print(p, shown, func() string {
			return table([]string{"NAME", "AUDIENCE", "ALGORITHM", "ORIGINS", "ID"}, rows, "There is no application; register one with \"usher application create\".")
		})
	})
}

type applicationDelete struct {
	Org  string `required:"" placeholder:"SLUG" help:"Slug of the organisation."`
	Name string `required:"" placeholder:"NAME" help:"Name of the application, as \"usher application list\" shows it."`
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (applicationDelete) Help() string {
	return `Example:

  usher application delete --org acme --name CRM`
}

// Run takes it off the list.
func (c *applicationDelete) Run(ctx context.Context, p *process) error {
	return p.withInstallation(ctx, c.openFor, func(in *domain.Installation) error {
		a, err := in.DeleteApplication(ctx, c.Org, c.Name)
		if err != nil {
			return err
		}
		return c.print(p, showApplication(a), func() string { return fmt.Sprintf("The application %s is off the list.\n", a.Name.Text) })
	})
}
