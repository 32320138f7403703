package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/uuid"

	"usher/domain"
	"usher/domain/attribute"
	"usher/persistence"
)

type demoCommand struct {
	Listen   address `default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Where to listen; 127.0.0.1:8080 unless given. Port 0 is any free one."`
	LogLevel string  `enum:"debug,info,warn,error" default:"warn" placeholder:"LEVEL" help:"Log this and what is worse: debug, info, warn (unless given), error. Every request is a line at info."`
	outputFlags
}

// Help implements kong.HelpProvider.
func (demoCommand) Help() string {
	return `The database lies in a temporary directory and is gone when the demo ends. With --json the addresses and the token are printed for programs.

Examples:

  usher demo
  usher demo --listen 127.0.0.1:9000 --log-level info`
}

// shownDemo is what demo --json prints.
type shownDemo struct {
	URL          string `json:"url"`
	SCIMURL      string `json:"scim_url"`
	SCIMToken    string `json:"scim_token"`
	Organisation string `json:"organisation"`
	Users        int    `json:"users"`
	Groups       int    `json:"groups"`
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
	app.config.Box = newLetterBox()
	if err := app.open(ctx); err != nil {
		return err
	}
	shown, err := populate(ctx, app)
	if err == nil {
		err = c.print(p, shown, shown.invitation)
	}
	if err != nil {
		app.discard()
		if ctx.Err() != nil {
			return nil // told to stop before it began
		}
		return err
	}
	app.serve()
	return errors.Join(app.Wait(ctx), app.Stop(context.WithoutCancel(ctx)))
}

// invitation says what to try.
func (d shownDemo) invitation() string {
	return fmt.Sprintf(`Usher shows people to their seats. This demo is gone when it ends (Ctrl-C).

The organisation %[1]q has %[2]d people in %[3]d groups.

For an identity provider (or a SCIM client) on this machine:

  SCIM base URL  %[4]s
  Bearer token   %[5]s

Create a person:

  curl -sS -X POST %[4]s/Users \
    -H 'Authorization: Bearer %[5]s' -H 'Content-Type: application/scim+json' \
    -d '{"userName":"lin@acme.test","name":{"givenName":"Lin","familyName":"Chen"},"emails":[{"value":"lin@acme.test","type":"work","primary":true}]}'

List people, and find one:

  curl -sS '%[4]s/Users?count=10' -H 'Authorization: Bearer %[5]s'
  curl -sS -G %[4]s/Users -H 'Authorization: Bearer %[5]s' --data-urlencode 'filter=userName eq "ana@acme.test"'

The letters that it would have sent: %[6]s/demo/letters

Is it alive, and can it serve:

  curl -sS %[6]s/healthz %[6]s/readyz
`, d.Organisation, d.Users, d.Groups, d.SCIMURL, d.SCIMToken, d.URL)
}

// demoPerson is one of the people of the demo.
type demoPerson struct{ account, given, family, title, department string }

func demoPeople() []demoPerson {
	return []demoPerson{
		{"ana", "Ana", "García", "Head of Support", "Support"},
		{"bjorn", "Björn", "Åkesson", "Agent", "Support"},
		{"chioma", "Chioma", "Okafor", "Agent", "Support"},
		{"daniel", "Даниил", "Иванов", "Engineer", "Engineering"},
		{"emi", "絵美", "佐藤", "Engineer", "Engineering"},
		{"farah", "فرح", "حداد", "Accountant", "Finance"},
	}
}

// populate makes the organisation, and pushes people and groups as its identity provider would.
func populate(ctx context.Context, app *App) (shownDemo, error) {
	made, err := app.Installation.CreateOrganisation(ctx, domain.OrganisationSpec{Slug: "acme", Name: "Acme"})
	if err != nil {
		return shownDemo{}, err
	}
	bearer, err := domain.ParseBearer(made.TokenText)
	if err != nil {
		return shownDemo{}, err
	}
	caller, err := app.Directory.Authenticate(ctx, bearer)
	if err != nil {
		return shownDemo{}, err
	}
	shown := shownDemo{URL: app.URL(), SCIMURL: app.scimURL(), SCIMToken: made.TokenText, Organisation: made.Organisation.Name}
	members := map[string][]uuid.UUID{}
	var departments []string
	var manager string
	for _, person := range demoPeople() {
		user, err := app.Directory.Provision(ctx, caller, person.attributes(manager))
		if err != nil {
			return shownDemo{}, err
		}
		manager = cmp.Or(manager, user.ID.String())
		if members[person.department] == nil {
			departments = append(departments, person.department)
		}
		members[person.department] = append(members[person.department], user.ID.UUID)
		shown.Users++
	}
	for _, name := range departments {
		group := attribute.NewComplex(member("displayName", attribute.NewString(name)))
		if _, err := app.Directory.CreateGroup(ctx, caller, group, members[name]); err != nil {
			return shownDemo{}, err
		}
		shown.Groups++
	}
	return shown, nil
}

// attributes are the person as an identity provider would send them.
func (d demoPerson) attributes(manager string) attribute.Value {
	address := attribute.NewString(d.account + "@acme.test")
	enterprise := attribute.NewComplex(member("department", attribute.NewString(d.department)))
	if manager != "" {
		enterprise.Set("manager", attribute.NewComplex(member("value", attribute.NewString(manager))))
	}
	return attribute.NewComplex(
		member("externalId", attribute.NewString("demo-"+d.account)),
		member("userName", address),
		member("name", attribute.NewComplex(
			member("familyName", attribute.NewString(d.family)), member("givenName", attribute.NewString(d.given)))),
		member("displayName", attribute.NewString(d.given+" "+d.family)),
		member("title", attribute.NewString(d.title)),
		member("active", attribute.NewBool(true)),
		member("emails", attribute.NewList(attribute.NewComplex(
			member("value", address), member("type", attribute.NewString("work")), member("primary", attribute.NewBool(true))))),
		member(domain.URNEnterprise, enterprise),
	)
}

func member(name string, value attribute.Value) attribute.Member {
	return attribute.Member{Name: name, Value: value}
}
