package main

import (
	"context"
	"fmt"

	"usher/domain"
)

type sweepCommand struct {
	Org string `required:"" placeholder:"SLUG" help:"The organisation."`
	Now bool   `help:"Sweep at this moment, also where today's sweep has run."`
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (sweepCommand) Help() string {
	return `Looks for people who were not here for long: who reaches the organisation's limit (90 days unless its policy says otherwise) is blocked, who is close to it is warned, once. The last owner is never blocked. Today's sweep runs once, whoever starts it and however often; one that was interrupted goes on where it ended.

Examples:

  usher sweep --org acme
  usher sweep --org acme --now --json`
}

// shownSweep is what a sweep did, as JSON.
type shownSweep struct {
	Organisation string  `json:"organisation"`
	DueAt        *string `json:"due_at"`
	Ran          bool    `json:"ran"`
	Blocked      int     `json:"blocked"`
	Warned       int     `json:"warned"`
	Protected    int     `json:"protected"`
}

// Run sweeps.
func (c *sweepCommand) Run(ctx context.Context, p *process) error {
	return p.withInstallation(ctx, c.openFor, func(in *domain.Installation) error {
		report, err := in.Sweep(ctx, c.Org, c.Now)
		if err != nil {
			return err
		}
		shown := shownSweep{
			Organisation: c.Org, DueAt: moment(report.DueAt), Ran: report.Done, Blocked: report.Blocked, Warned: report.Warned,
			Protected: report.Protected,
		}
		return c.print(p, shown, func() string {
			if !report.Done {
				return fmt.Sprintf("The sweep of %s that was due at %s has run already; --now runs another one.\n", c.Org, orDash(report.DueAt))
			}
			return fmt.Sprintf("Blocked for inactivity: %d. Warned: %d. Owners kept, because they are the last: %d.\n", report.Blocked, report.Warned, report.Protected)
		})
	})
}
