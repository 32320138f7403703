package main

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"usher/domain"
	"usher/oauth"
	"usher/scim"
)

type orgCommands struct {
	Create  orgCreate  `cmd:"" help:"Make an organisation, with a connection named default and its token."`
	List    orgList    `cmd:"" help:"List the organisations."`
	Suspend orgSuspend `cmd:"" help:"Stop an organisation: its directories are refused; all data is kept."`
	Resume  orgResume  `cmd:"" help:"End a suspension."`
	Plan    orgPlan    `cmd:"" help:"Show or change what an organisation has bought beside seats."`
	Seats   orgSeats   `cmd:"" help:"Show the seats of an organisation, or raise and reduce them."`
	Delete  orgDelete  `cmd:"" help:"Erase an organisation with everything that belongs to it."`

	Owner      orgOwnerCommands `cmd:"" help:"Owners: who may do everything in an organisation."`
	Appearance orgAppearance    `cmd:"" help:"Show or change what an organisation looks like to people who sign in."`
}

// publicFlags say where clients reach the server.
type publicFlags struct {
	PublicURL baseURL `default:"http://127.0.0.1:8080" placeholder:"URL" help:"The address under which identity providers reach the server; http://127.0.0.1:8080 unless given."`
}

func (f publicFlags) base() string { return cmp.Or(string(f.PublicURL), "http://127.0.0.1:8080") }

func (f publicFlags) scimURL() string { return f.base() + scim.Prefix }

// tokenURL is where clients of OAuth get their tokens.
func (f publicFlags) tokenURL() string { return f.base() + oauth.Path }

type orgCreate struct {
	Slug       string `required:"" placeholder:"SLUG" help:"Short name in commands: lower-case letters, digits and hyphens."`
	Name       string `placeholder:"NAME" help:"Name that people read; the slug unless given."`
	OwnerEmail string `placeholder:"E-MAIL" help:"Make a pending owner with this address, who holds a full seat."`
	Seats      seats  `placeholder:"PLAN" help:"Seats that were bought: unlimited (also when not given), or a number for each licence such as full=100,simulator=20; full must be there."`
	Plan       string `placeholder:"PLAN" help:"What was bought: standard (also when not given), professional or pro_plus."`
	publicFlags
	keyFlags
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (orgCreate) Help() string {
	return `The token is shown this once. It goes, with the SCIM URL, into the identity provider. With an owner there is an address, good for 7 days, at which they choose their password; it is made with the secret key of the installation, so that one has to be given on PostgreSQL. The database is made when it is a file that does not exist.

Examples:

  usher org create --slug acme --name "Acme"
  usher org create --slug acme --owner-email ana@acme.test --seats full=100,simulator=20 --json`
}

// madeOrganisation is what org create --json prints. owner_setup_url is null without an owner, or without a secret key.
type madeOrganisation struct {
	ID            string  `json:"id"`
	Slug          string  `json:"slug"`
	Name          string  `json:"name"`
	Connection    string  `json:"connection"`
	SCIMURL       string  `json:"scim_url"`
	SCIMToken     string  `json:"scim_token"`
	OwnerID       *string `json:"owner_id"`
	OwnerSetupURL *string `json:"owner_setup_url"`
}

// Run makes the organisation.
func (c *orgCreate) Run(ctx context.Context, p *process) error {
	spec := domain.OrganisationSpec{Slug: c.Slug, Name: c.Name, OwnerEmail: c.OwnerEmail, Seats: c.Seats, Plan: domain.Plan(c.Plan)}
	if err := spec.Check(); err != nil { // before a database is made
		return err
	}
	environment := func() (domain.Environment, error) { return c.environment(p) }
	return p.withEnvironment(ctx, c.openOrCreate, environment, func(in *domain.Installation) error { return c.make(ctx, p, in, spec) })
}

// environment is what the domain takes from outside, with the key of links where an owner is to be invited and there is one.
func (c *orgCreate) environment(p *process) (domain.Environment, error) {
	if c.OwnerEmail == "" {
		return p.environment(), nil
	}
	return c.linking(p.environment(), c.databaseFlags)
}

func (c *orgCreate) make(ctx context.Context, p *process, in *domain.Installation, spec domain.OrganisationSpec) error {
	made, err := in.CreateOrganisation(ctx, spec)
	if err != nil {
		return err
	}
	o := made.Organisation
	out := madeOrganisation{
		ID: o.ID.String(), Slug: o.Slug, Name: o.Name, Connection: made.Connection.Name,
		SCIMURL: c.scimURL(), SCIMToken: made.TokenText,
	}
	if made.Owner != nil {
		id := made.Owner.ID.String()
		out.OwnerID = &id
	}
	if made.SetupToken != "" {
		address := c.base() + "/invitation/" + made.SetupToken
		out.OwnerSetupURL = &address
	}
	return c.print(p, out, func() string {
		return fmt.Sprintf("The organisation %s (%s) is there. Paste into its identity provider:\n\n"+
			"  SCIM base URL  %s\n  Bearer token   %s\n\nThe token is shown this once.\n", o.Slug, o.Name, out.SCIMURL, out.SCIMToken) + c.setup(out)
	})
}

// setup says how the owner gets in.
func (c *orgCreate) setup(made madeOrganisation) string {
	switch {
	case made.OwnerSetupURL != nil:
		return fmt.Sprintf("\nWithin 7 days, %s chooses a password at:\n\n  %s\n", c.OwnerEmail, *made.OwnerSetupURL)
	case made.OwnerID != nil:
		return "\nThere is no address for the owner to get in by, because no secret key was given (--secret-key); invite them by the API.\n"
	}
	return ""
}

type orgList struct {
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (orgList) Help() string {
	return `Example:

  usher org list --json`
}

// shownOrganisation is an organisation as JSON.
type shownOrganisation struct {
	ID          string  `json:"id"`
	Slug        string  `json:"slug"`
	Name        string  `json:"name"`
	CreatedAt   *string `json:"created_at"`
	SuspendedAt *string `json:"suspended_at"`
}

func showOrganisation(o domain.Organisation) shownOrganisation {
	return shownOrganisation{
		ID: o.ID.String(), Slug: o.Slug, Name: o.Name, CreatedAt: moment(o.CreatedAt), SuspendedAt: moment(o.SuspendedAt),
	}
}

// Run lists them.
func (c *orgList) Run(ctx context.Context, p *process) error {
	return p.withInstallation(ctx, c.openFor, func(in *domain.Installation) error {
		all, err := in.ListOrganisations(ctx)
		if err != nil {
			return err
		}
		shown, rows := make([]shownOrganisation, 0, len(all)), make([][]string, 0, len(all))
		for _, o := range all {
			shown = append(shown, showOrganisation(o))
			rows = append(rows, []string{o.Slug, o.Name, orDash(o.CreatedAt), orDash(o.SuspendedAt), o.ID.String()})
		}
		return c.print(p, shown, func() string {
			return table([]string{"SLUG", "NAME", "CREATED", "SUSPENDED", "ID"}, rows, "There is no organisation; make one with \"usher org create\".")
		})
	})
}

// orgFlags name one organisation: as argument, --slug or --org.
type orgFlags struct {
	Organisation string `arg:"" optional:"" help:"Slug of the organisation."`
	Slug         string `placeholder:"SLUG" help:"The same, as a flag."`
	Org          string `placeholder:"SLUG" help:"The same, as other commands spell it."`
}

// one is the organisation that was named.
func (f orgFlags) one() (string, error) {
	named := ""
	for _, s := range []string{f.Organisation, f.Slug, f.Org} {
		switch {
		case s == "":
		case named != "" && named != s:
			return "", wrong("org", "two organisations are named, %.80q and %.80q; name one", named, s)
		default:
			named = s
		}
	}
	if named == "" {
		return "", wrong("org", "name the organisation by its slug; \"usher org list\" shows which there are")
	}
	return named, nil
}

type orgSuspend struct {
	orgFlags
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (orgSuspend) Help() string {
	return `Example:

  usher org suspend acme`
}

// Run suspends it.
func (c *orgSuspend) Run(ctx context.Context, p *process) error {
	return c.orgFlags.change(ctx, p, c.databaseFlags, c.outputFlags, (*domain.Installation).SuspendOrganisation,
		func(o domain.Organisation) string {
			return fmt.Sprintf("The organisation %s is suspended since %s.\n", o.Slug, o.SuspendedAt.Format(time.RFC3339))
		})
}

type orgResume struct {
	orgFlags
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (orgResume) Help() string {
	return `Example:

  usher org resume acme`
}

// Run resumes it.
func (c *orgResume) Run(ctx context.Context, p *process) error {
	return c.orgFlags.change(ctx, p, c.databaseFlags, c.outputFlags, (*domain.Installation).ResumeOrganisation,
		func(o domain.Organisation) string {
			return fmt.Sprintf("The organisation %s is not suspended.\n", o.Slug)
		})
}

type orgDelete struct {
	orgFlags
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (orgDelete) Help() string {
	return `People, groups, connections, tokens and the event log are erased, for good. Tokens stay dead when an organisation of the same name is made later. To stop an organisation and keep its data, suspend it.

Examples:

  usher org delete acme
  usher org delete --slug acme --json`
}

// Run erases it.
func (c *orgDelete) Run(ctx context.Context, p *process) error {
	return c.orgFlags.change(ctx, p, c.databaseFlags, c.outputFlags, (*domain.Installation).DeleteOrganisation,
		func(o domain.Organisation) string { return fmt.Sprintf("The organisation %s is erased.\n", o.Slug) })
}

// change runs a use case on the named organisation and prints what it gives.
func (f orgFlags) change(ctx context.Context, p *process, database databaseFlags, output outputFlags,
	change func(*domain.Installation, context.Context, string) (domain.Organisation, error), text func(domain.Organisation) string,
) error {
	slug, err := f.one()
	if err != nil {
		return err
	}
	return p.withInstallation(ctx, database.openFor, func(in *domain.Installation) error {
		o, err := change(in, ctx, slug)
		if err != nil {
			return err
		}
		return output.print(p, showOrganisation(o), func() string { return text(o) })
	})
}
