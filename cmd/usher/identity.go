package main

import (
	"context"
	"fmt"

	"usher/domain"
)

type identityCommands struct {
	List   identityList   `cmd:"" help:"List the sign-ins at identity providers that are a person's."`
	Unlink identityUnlink `cmd:"" help:"Take a sign-in at an identity provider from a person; the sessions by it end."`
}

type identityList struct {
	Org  string `required:"" placeholder:"SLUG" help:"Slug of the organisation."`
	User string `required:"" placeholder:"PERSON" help:"The person's id or user name."`
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (identityList) Help() string {
	return `Example:

  usher identity list --org acme --user ana@acme.test --json`
}

// shownIdentity is an identity as JSON.
type shownIdentity struct {
	ID         string  `json:"id"`
	Connection string  `json:"connection"`
	Issuer     string  `json:"issuer"`
	Subject    string  `json:"subject"`
	By         string  `json:"by"`
	Since      *string `json:"since"`
	LastUsedAt *string `json:"last_used_at"`
}

// Run lists them.
func (c *identityList) Run(ctx context.Context, p *process) error {
	return p.withInstallation(ctx, c.openFor, func(in *domain.Installation) error {
		all, err := in.Identities(ctx, c.Org, c.User)
		if err != nil {
			return err
		}
		shown, rows := make([]shownIdentity, 0, len(all)), make([][]string, 0, len(all))
		for _, i := range all {
			shown = append(shown, shownIdentity{
				i.ID().String(), i.ConnectionName, i.Issuer, i.Subject, string(i.LinkedBy), moment(i.LinkedAt), moment(i.UsedAt),
			})
			rows = append(rows, []string{i.ID().String(), i.ConnectionName, i.Issuer, visible(i.Subject), string(i.LinkedBy), orDash(i.LinkedAt), orDash(i.UsedAt)})
		}
		return c.print(p, shown, func() string {
			return table([]string{"ID", "CONNECTION", "ISSUER", "SUBJECT", "BY", "SINCE", "LAST USED"}, rows, "This person has come by no identity provider.")
		})
	})
}

type identityUnlink struct {
	Org  string `required:"" placeholder:"SLUG" help:"Slug of the organisation."`
	User string `required:"" placeholder:"PERSON" help:"The person's id or user name."`
	ID   string `required:"" name:"id" placeholder:"ID" help:"Id of the sign-in, as \"usher identity list\" shows it."`
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (identityUnlink) Help() string {
	return `Who comes by it again is looked for anew, as at the first time; block or deactivate whoever is to stay out. The last owner's last way in stays.

Example:

  usher identity unlink --org acme --user ana@acme.test --id 6f1f2a53-0d0c-5a53-8f0e-2f4a3b0f6c11`
}

// Run takes it away.
func (c *identityUnlink) Run(ctx context.Context, p *process) error {
	id, ok := domain.ParseID[domain.Identity](c.ID)
	if !ok {
		return wrong("id", "this is no id of a sign-in; \"usher identity list\" shows them")
	}
	return p.withInstallation(ctx, c.openFor, func(in *domain.Installation) error {
		if err := in.Unlink(ctx, c.Org, c.User, id); err != nil {
			return err
		}
		out := struct {
			ID string `json:"id"`
		}{id.String()}
		return c.print(p, out, func() string {
			return fmt.Sprintf("The sign-in %s is no longer the person's, and the sessions by it have ended.\n", id)
		})
	})
}
