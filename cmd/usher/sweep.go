package main

import (
	"context"
	"fmt"

	"usher/domain"
)

type sweepCommand struct {
	Org string `required:"" placeholder:"SLUG" help:"The organisation."`
	Now bool   `help:"Sweep at this moment, also where today's sweeps have run."`
	keyFlags
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (sweepCommand) Help() string {
	return `Does by hand what a server does by itself when the time has come. Who could sign in and was not here for the organisation's limit (90 days unless its policy says otherwise) is blocked, who is close to it is warned, once; the last owner is never blocked. Invitations and links whose time is over expire, people are told that their password expires, and owners that a token of a directory does, sessions that are over or whose access window has closed end, free seats go to those who wait, and the review that is due is opened. Who gets a seat is invited where their connection does so, if the secret key is at hand: on PostgreSQL it has to be given. Today's sweeps run once, whoever starts them and however often; one that was interrupted goes on where it ended.

Examples:

  usher sweep --org acme
  usher sweep --org acme --now --json`
}

// shownSweep is what the sweeps did, as JSON.
type shownSweep struct {
	Organisation    string  `json:"organisation"`
	DueAt           *string `json:"due_at"`
	Ran             bool    `json:"ran"`
	Blocked         int     `json:"blocked"`
	Warned          int     `json:"warned"`
	Protected       int     `json:"protected"`
	LinksExpired    int     `json:"links_expired"`
	PasswordsTold   int     `json:"passwords_told"`
	CredentialsTold int     `json:"credentials_told"`
	SessionsEnded   int     `json:"sessions_ended"`
	SeatsAssigned   int     `json:"seats_assigned"`
	ReviewsOpened   int     `json:"reviews_opened"`
}

// Run sweeps.
func (c *sweepCommand) Run(ctx context.Context, p *process) error {
	return p.withLinks(ctx, c.databaseFlags, c.keyFlags, func(in *domain.Installation) error {
		r, err := in.Sweep(ctx, c.Org, c.Now)
		if err != nil {
			return err
		}
		shown := shownSweep{
			Organisation: c.Org, DueAt: moment(r.DueAt), Ran: r.Done, Blocked: r.Blocked, Warned: r.Warned, Protected: r.Protected,
			LinksExpired: r.Expired, PasswordsTold: r.Told, CredentialsTold: r.Credentials, SessionsEnded: r.Ended, SeatsAssigned: r.Seated, ReviewsOpened: r.Reviews,
		}
		return c.print(p, shown, func() string {
			if !r.Done {
				return fmt.Sprintf("The sweeps of %s that were due at %s have run already; --now runs them again.\n", c.Org, orDash(r.DueAt))
			}
			return fmt.Sprintf("Blocked for inactivity: %d. Warned: %d. Owners kept, because they are the last: %d.\n", r.Blocked, r.Warned, r.Protected) +
				fmt.Sprintf("Links that expired: %d. Told that their password expires: %d. Tokens, secrets and keys of whose end was told: %d. Sessions ended: %d. Seats given to who waited: %d. Reviews opened: %d.\n",
					r.Expired, r.Told, r.Credentials, r.Ended, r.Seated, r.Reviews)
		})
	})
}
