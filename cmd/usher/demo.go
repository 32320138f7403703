package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"usher/domain"
	"usher/persistence"
)

type demoCommand struct {
	Listen   address `default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Where to listen; 127.0.0.1:8080 unless given. Port 0 is any free one."`
	LogLevel string  `enum:"debug,info,warn,error" default:"warn" placeholder:"LEVEL" help:"Log this and what is worse: debug, info, warn (unless given), error. Every request is a line at info."`
	outputFlags
}

// Help implements kong.HelpProvider.
func (demoCommand) Help() string {
	return `Beside the server there is a toy identity provider, on a free port of this machine, where people sign in without a password and whose directory pushes them, and an application that is told who is there. The database lies in a temporary directory and is gone when the demo ends. With --json the addresses and the token are printed for programs.

Examples:

  usher demo
  usher demo --listen 127.0.0.1:9000 --log-level info`
}

// shownDemo is what demo --json prints.
type shownDemo struct {
	URL            string `json:"url"`
	SCIMURL        string `json:"scim_url"`
	SCIMToken      string `json:"scim_token"`
	Organisation   string `json:"organisation"`
	Users          int    `json:"users"`
	Groups         int    `json:"groups"`
	SignInURL      string `json:"sign_in_url"`
	DirectoryURL   string `json:"directory_url"` // of the toy identity provider
	OIDCIssuer     string `json:"oidc_issuer"`   // the same as a provider
	ApplicationURL string `json:"application_url"`
	LettersURL     string `json:"letters_url"`    // that it would have sent
	OwnerUserName  string `json:"owner_username"` // who is invited by one of them
}

// Run serves a throw-away organisation until it is told to stop.
func (c *demoCommand) Run(ctx context.Context, p *process) error {
	folder, err := os.MkdirTemp("", "usher-demo-")
	if err != nil {
		return fmt.Errorf("a temporary directory cannot be made: %w", err)
	}
	remove := func() { _ = os.RemoveAll(folder) }
	defer remove()
	forget := p.killed(remove)
	defer forget()

	log := newLogger(p.stderr, p.terminal, c.LogLevel)
	flags := serverFlags{Listen: cmp.Or(c.Listen, "127.0.0.1:8080")}
	app := NewApp(flags.config(p, log, persistence.Config{URL: "sqlite:" + filepath.Join(folder, "usher.db")}, keyFlags{}))
	app.config.Box, app.config.Demo = newLetterBox(), true
	if err := app.open(ctx); err != nil {
		return err
	}
	beside, err := openBeside(ctx)
	if err != nil {
		app.discard()
		return err
	}
	shown, err := populate(ctx, app, beside)
	if err == nil {
		err = c.print(p, shown, shown.invitation)
	}
	if err != nil {
		beside.discard()
		app.discard()
		if ctx.Err() != nil {
			return nil // told to stop before it began
		}
		return err
	}
	beside.serve(app)
	app.serve()
	err = app.Wait(ctx)
	return errors.Join(err, beside.stop(), app.Stop(context.WithoutCancel(ctx)))
}

// beside is what stands beside the server in the demo.
type beside struct {
	toy         *toy
	application *demoApplication
}

// openBeside takes a port for each.
func openBeside(ctx context.Context) (beside, error) {
	toy, err := openToy(ctx)
	if err != nil {
		return beside{}, err
	}
	application, err := openApplication(ctx)
	if err != nil {
		toy.discard()
	}
	return beside{toy, application}, err
}

func (b beside) serve(app *App) {
	b.toy.serve(app)
	b.application.serve(app)
}

func (b beside) stop() error { return errors.Join(b.toy.stop(), b.application.stop()) }

func (b beside) discard() {
	b.toy.discard()
	b.application.discard()
}

// invitation says what to try.
func (d shownDemo) invitation() string {
	return fmt.Sprintf(`Usher shows people to their seats. This demo is gone when it ends (Ctrl-C).

The organisation %[1]q has %[2]d people in %[3]d groups. Beside it stands a toy identity provider, in the place of its Okta,
Entra or Google. Click through a first and a last day at work:

  1. Sign in at        %[7]s
     with the toy identity provider: be Ana, without a password. It is her first access: pending becomes active.
  2. Her directory is  %[8]s
     Open it in another tab, and deactivate her there. It pushes that by SCIM.
  3. Go back to the first tab and reload: her session is over. Sign in as Ana again: refused, with the reason.
  4. Reactivate her in the directory: she gets in again.
  5. An application    %[11]s
     asks Usher who is there with every request, and knows Ana already. Sign her out, or open it in a private window: be
     Björn in it, add him to "Team leads" in the directory, and reload: he is a manager.

The owner, %[9]s, is invited by a letter. The letters that the demo would have sent: %[10]s

For another identity provider (or a SCIM client) on this machine:

  SCIM base URL  %[4]s
  Bearer token   %[5]s

Create a person:

  curl -sS -X POST %[4]s/Users \
    -H 'Authorization: Bearer %[5]s' -H 'Content-Type: application/scim+json' \
    -d '{"userName":"lin@acme.test","name":{"givenName":"Lin","familyName":"Chen"},"emails":[{"value":"lin@acme.test","type":"work","primary":true}]}'

List people, and find one:

  curl -sS '%[4]s/Users?count=10' -H 'Authorization: Bearer %[5]s'
  curl -sS -G %[4]s/Users -H 'Authorization: Bearer %[5]s' --data-urlencode 'filter=userName eq "ana@acme.test"'

Is it alive, and can it serve:

  curl -sS %[6]s/healthz %[6]s/readyz
`, d.Organisation, d.Users, d.Groups, d.SCIMURL, d.SCIMToken, d.URL, d.SignInURL, d.DirectoryURL, d.OwnerUserName, d.LettersURL, d.ApplicationURL)
}

// demoOwner is who is invited to run the organisation of the demo.
const demoOwner = "olga@acme.test"

// populate makes the organisation, and what its identity provider would have pushed of people and groups.
func populate(ctx context.Context, app *App, with beside) (shownDemo, error) {
	made, err := app.Installation.CreateOrganisation(ctx, domain.OrganisationSpec{Slug: "acme", Name: "Acme", OwnerEmail: demoOwner})
	if err != nil {
		return shownDemo{}, err
	}
	owner := domain.Administrator{Organisation: made.Organisation.ID, Actor: domain.ActorOperator(), Owner: true, From: app.config.Environment.Host}
	if _, err := app.Administration.Invite(ctx, owner, made.Owner.ID, domain.IfMatch{}); err != nil {
		return shownDemo{}, err
	}
	if err := with.application.register(ctx, app, owner); err != nil {
		return shownDemo{}, err
	}
	token, err := with.toy.connect(ctx, app, owner)
	if err != nil {
		return shownDemo{}, err
	}
	shown := shownDemo{
		URL: app.URL(), SCIMURL: app.scimURL(), SCIMToken: token, Organisation: made.Organisation.Name,
		SignInURL: app.baseURL() + "/sign-in/" + made.Organisation.Slug, DirectoryURL: with.toy.URL() + "/", OIDCIssuer: with.toy.URL(),
		ApplicationURL: with.application.URL() + "/",
		LettersURL:     app.baseURL() + lettersPath, OwnerUserName: demoOwner,
	}
	groups, err := push(ctx, app, token, &shown)
	if err != nil {
		return shownDemo{}, err
	}
	return shown, grant(ctx, app, owner, made, groups)
}

// grant maps groups to what their members get.
func grant(ctx context.Context, app *App, owner domain.Administrator, made domain.NewOrganisation, groups map[string]domain.GroupID) error {
	for priority, m := range []struct{ group, gives string }{{"Team leads", "Manager"}, {"Support", "Agent"}} {
		spec := domain.MappingSpec{Group: groups[m.group], Priority: priority + 1}
		for _, role := range made.Roles {
			if role.Name.Text == m.gives {
				spec.Grants.Role = role.ID
			}
		}
		for _, profile := range made.Profiles {
			if profile.Name.Text == m.gives {
				spec.Grants.Profile = profile.ID
			}
		}
		if _, err := app.Administration.CreateMapping(ctx, owner, spec); err != nil {
			return err
		}
	}
	return nil
}
