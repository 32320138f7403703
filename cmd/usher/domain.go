package main

import (
	"context"
	"fmt"

	"usher/domain"
)

type domainCommands struct {
	Add    domainAdd    `cmd:"" help:"Add an e-mail domain to an organisation, and say which record proves it."`
	Verify domainVerify `cmd:"" help:"Prove an e-mail domain by the word of the operator, without DNS."`
	List   domainList   `cmd:"" help:"List the e-mail domains of an organisation."`
	Remove domainRemove `cmd:"" help:"Remove an e-mail domain."`
}

// domainFlags name one domain.
type domainFlags struct {
	Org    string `required:"" placeholder:"SLUG" help:"Slug of the organisation."`
	Domain string `arg:"" help:"The part of the addresses behind the @, such as acme.example."`
}

// shownDomain is a domain as JSON.
type shownDomain struct {
	Domain      string   `json:"domain"`
	Written     string   `json:"written"`
	RecordName  string   `json:"record_name"`
	RecordValue string   `json:"record_value"`
	VerifiedAt  *string  `json:"verified_at"`
	VerifiedBy  *string  `json:"verified_by"`
	Trusted     []string `json:"trusted_connections"`
	Adopter     *string  `json:"adopter"`
}

func showDomain(e domain.EmailDomain) shownDomain {
	shown := shownDomain{
		Domain: e.Name, Written: e.Written, RecordName: e.Record(), RecordValue: e.Challenge, VerifiedAt: moment(e.VerifiedAt),
		VerifiedBy: orNull(string(e.VerifiedBy)), Trusted: append([]string{}, idNames(e.Trusted)...),
	}
	if !e.Adopter.IsZero() {
		shown.Adopter = orNull(e.Adopter.String())
	}
	return shown
}

type domainAdd struct {
	domainFlags
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (domainAdd) Help() string {
	return `An administrator proves it by the TXT record and the REST API (POST /api/v1/domains/{domain}/verify); "usher domain verify" takes the operator's word instead.

Example:

  usher domain add --org acme acme.example`
}

// Run adds it.
func (c *domainAdd) Run(ctx context.Context, p *process) error {
	return p.withInstallation(ctx, c.openFor, func(in *domain.Installation) error {
		e, err := in.AddEmailDomain(ctx, c.Org, c.Domain)
		if err != nil {
			return err
		}
		return c.print(p, showDomain(e), func() string {
			return fmt.Sprintf("Make this record in DNS to prove that %s belongs to %s:\n\n  %s  TXT  %s\n", e.Name, c.Org, e.Record(), e.Challenge)
		})
	})
}

type domainVerify struct {
	domainFlags
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (domainVerify) Help() string {
	return `You vouch for it: DNS is not asked. At most one organisation has a domain.

Example:

  usher domain verify --org acme acme.example`
}

// Run proves it.
func (c *domainVerify) Run(ctx context.Context, p *process) error {
	return p.withInstallation(ctx, c.openFor, func(in *domain.Installation) error {
		e, err := in.VouchForEmailDomain(ctx, c.Org, c.Domain)
		if err != nil {
			return err
		}
		return c.print(p, showDomain(e), func() string { return fmt.Sprintf("The domain %s is proved to be of %s.\n", e.Name, c.Org) })
	})
}

type domainList struct {
	Org string `required:"" placeholder:"SLUG" help:"Slug of the organisation."`
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (domainList) Help() string {
	return `Example:

  usher domain list --org acme`
}

// Run lists them.
func (c *domainList) Run(ctx context.Context, p *process) error {
	return p.withInstallation(ctx, c.openFor, func(in *domain.Installation) error {
		all, err := in.ListEmailDomains(ctx, c.Org)
		if err != nil {
			return err
		}
		shown, rows := make([]shownDomain, 0, len(all)), make([][]string, 0, len(all))
		for _, e := range all {
			shown = append(shown, showDomain(e))
			rows = append(rows, []string{e.Name, orDash(e.VerifiedAt), string(e.VerifiedBy), e.Record(), e.Challenge})
		}
		return c.print(p, shown, func() string {
			return table([]string{"DOMAIN", "VERIFIED", "BY", "RECORD", "VALUE"}, rows, "The organisation has no domain; add one with \"usher domain add\".")
		})
	})
}

type domainRemove struct {
	domainFlags
	databaseFlags
}

// Help implements kong.HelpProvider.
func (domainRemove) Help() string {
	return `No connection is trusted with its addresses any more, and another organisation may prove it.

Example:

  usher domain remove --org acme acme.example`
}

// Run removes it.
func (c *domainRemove) Run(ctx context.Context, p *process) error {
	return p.withInstallation(ctx, c.openFor, func(in *domain.Installation) error {
		if err := in.RemoveEmailDomain(ctx, c.Org, c.Domain); err != nil {
			return err
		}
		_, err := fmt.Fprintf(p.stdout, "The domain %s is removed from %s.\n", c.Domain, c.Org)
		return err
	})
}
