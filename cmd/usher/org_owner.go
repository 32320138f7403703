package main

import (
	"context"
	"fmt"

	"usher/domain"
)

type orgOwnerCommands struct {
	Make   orgOwnerMake   `cmd:"" help:"Make a person a system owner, who may do everything."`
	Unmake orgOwnerUnmake `cmd:"" help:"End an ownership; the last owner who can sign in stays one."`
	List   orgOwnerList   `cmd:"" help:"List the owners of an organisation."`
}

// shownOwner is a person as an owner, or as one no more, as JSON.
type shownOwner struct {
	ID        string          `json:"id"`
	UserName  string          `json:"user_name"`
	Name      string          `json:"display_name"`
	Status    string          `json:"status"`
	Owner     bool            `json:"owner"`
	Ownership *shownOwnership `json:"ownership"`
}

func showOwner(p domain.Person) shownOwner {
	return shownOwner{
		ID: p.ID.String(), UserName: p.UserName.Text, Name: p.Display(), Status: string(p.Status), Owner: p.Owner, Ownership: showOwnership(p.Ownership),
	}
}

// personFlags name a person of an organisation.
type personFlags struct {
	orgFlags
	User string `required:"" placeholder:"PERSON" help:"The person's id or user name."`
}

type orgOwnerMake struct {
	personFlags
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (orgOwnerMake) Help() string {
	return `Within the organisation only owners make owners. This is the way for one that was made without any, or whose only owner is gone: the person has to be there, by a directory or added by an administrator. An owner's licence is not simulator.

Examples:

  usher org owner make --org acme --user ana@acme.test
  usher org owner make acme --user ana@acme.test --json`
}

// Run makes the person an owner.
func (c *orgOwnerMake) Run(ctx context.Context, p *process) error {
	return c.own(ctx, p, c.databaseFlags, c.outputFlags, (*domain.Installation).MakeOwner, "%s (%s) is an owner of the organisation %s.\n")
}

type orgOwnerUnmake struct {
	personFlags
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (orgOwnerUnmake) Help() string {
	return `The last owner who can sign in stays one: make another person an owner first, who has come in once.

Example:

  usher org owner unmake --org acme --user ana@acme.test`
}

// Run ends it.
func (c *orgOwnerUnmake) Run(ctx context.Context, p *process) error {
	return c.own(ctx, p, c.databaseFlags, c.outputFlags, (*domain.Installation).UnmakeOwner, "%s (%s) is no owner of the organisation %s.\n")
}

// own runs a use case on the named person and prints how they are then.
func (f personFlags) own(ctx context.Context, p *process, database databaseFlags, output outputFlags,
	own func(in *domain.Installation, ctx context.Context, slug, person string) (domain.Person, error), text string,
) error {
	slug, err := f.one()
	if err != nil {
		return err
	}
	return p.withInstallation(ctx, database.openFor, func(in *domain.Installation) error {
		person, err := own(in, ctx, slug, f.User)
		if err != nil {
			return err
		}
		return output.print(p, showOwner(person), func() string {
			return fmt.Sprintf(text, visible(person.UserName.Text), person.Status, slug)
		})
	})
}

type orgOwnerList struct {
	orgFlags
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (orgOwnerList) Help() string {
	return `Example:

  usher org owner list --org acme --json`
}

// Run lists them.
func (c *orgOwnerList) Run(ctx context.Context, p *process) error {
	slug, err := c.one()
	if err != nil {
		return err
	}
	return p.withInstallation(ctx, c.openFor, func(in *domain.Installation) error {
		all, err := in.Owners(ctx, slug)
		if err != nil {
			return err
		}
		shown, rows := make([]shownOwner, 0, len(all)), make([][]string, 0, len(all))
		for _, owner := range all {
			shown = append(shown, showOwner(owner))
			rows = append(rows, []string{visible(owner.UserName.Text), string(owner.Status), orDash(owner.Ownership.Since), madeBy(owner.Ownership.By), owner.ID.String()})
		}
		return c.print(p, shown, func() string {
			return table([]string{"USER NAME", "STATUS", "SINCE", "BY", "ID"}, rows, "This organisation has no owner; make one with \"usher org owner make\".")
		})
	})
}

// madeBy is who made somebody an owner, in a table.
func madeBy(who domain.Actor) string {
	switch shown := showActor(who); {
	case who.Kind == "":
		return "-"
	case shown.ID == nil:
		return who.Kind
	default:
		return who.Kind + " " + *shown.ID
	}
}
