package main

import (
	"context"
	"fmt"

	"usher/domain"
)

type orgPlan struct {
	orgFlags
	Set string `placeholder:"PLAN" help:"standard, professional or pro_plus; the last two include call statistics."`
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (orgPlan) Help() string {
	return `Examples:

  usher org plan acme
  usher org plan acme --set professional --json`
}

// shownPlan is a plan as JSON.
type shownPlan struct {
	Slug string `json:"slug"`
	Plan string `json:"plan"`
}

// Run shows or changes it.
func (c *orgPlan) Run(ctx context.Context, p *process) error {
	slug, err := c.one()
	if err != nil {
		return err
	}
	return p.withInstallation(ctx, c.openFor, func(in *domain.Installation) error {
		o, plan, err := in.PlanOf(ctx, slug)
		if c.Set != "" {
			o, plan, err = in.SetPlan(ctx, slug, domain.Plan(c.Set))
		}
		if err != nil {
			return err
		}
		return c.print(p, shownPlan{o.Slug, string(plan)}, func() string {
			return fmt.Sprintf("The organisation %s has the plan %s.\n", o.Slug, plan)
		})
	})
}
