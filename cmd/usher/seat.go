package main

import (
	"context"
	"errors"
	"strconv"

	"usher/domain"
)

// seatChange is seats for a plan that is there already: every licence is named.
type seatChange []domain.SeatPlan

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *seatChange) UnmarshalText(text []byte) error {
	if string(text) == "unlimited" {
		return errors.New("name the licence, such as full=unlimited")
	}
	return (*seats)(s).UnmarshalText(text)
}

type orgSeats struct {
	orgFlags
	Set seatChange `placeholder:"PLAN" help:"Raise or reduce: a number for each licence such as full=100,simulator=unlimited. Licences that are not named stay as they are."`
	keyFlags
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (orgSeats) Help() string {
	return `Shows the seats of each licence; with --set changes the plan first. It can be cut to the number of held seats, no lower. New seats go to people who wait. Those of them whom their connection invites are sent the invitation with the seat, if the secret key is at hand: on PostgreSQL it has to be given, else an administrator invites them.

Examples:

  usher org seats acme
  usher org seats acme --set full=120 --json`
}

// shownSeats is a licence as JSON; limit is null where there is none.
type shownSeats struct {
	Licence string `json:"licence"`
	Limit   *int   `json:"limit"`
	Held    int    `json:"held"`
	Waiting int    `json:"waiting"`
}

// Run shows or changes them.
func (c *orgSeats) Run(ctx context.Context, p *process) error {
	slug, err := c.one()
	if err != nil {
		return err
	}
	return p.withLinks(ctx, c.databaseFlags, c.keyFlags, func(in *domain.Installation) error {
		usage, err := in.SetSeats(ctx, slug, c.Set)
		if err != nil {
			return err
		}
		shown, rows := make([]shownSeats, 0, len(usage)), make([][]string, 0, len(usage))
		for _, u := range usage {
			of, limit := shownSeats{Licence: u.Licence, Held: u.Held, Waiting: u.Waiting}, "unlimited"
			if !u.Unlimited {
				of.Limit, limit = &u.Limit, strconv.Itoa(u.Limit)
			}
			shown = append(shown, of)
			rows = append(rows, []string{u.Licence, limit, strconv.Itoa(u.Held), strconv.Itoa(u.Waiting)})
		}
		return c.print(p, shown, func() string {
			return table([]string{"LICENCE", "LIMIT", "HELD", "WAITING"}, rows, "The organisation has no licence.")
		})
	})
}
