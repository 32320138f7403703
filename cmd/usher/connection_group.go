package main

import (
	"context"
	"fmt"

	"usher/domain"
)

type connectionGroupCommands struct {
	Declare connectionGroupDeclare `cmd:"" help:"Declare a group that no directory pushes, by what the claims of sign-ins call it."`
	List    connectionGroupList    `cmd:"" help:"List the groups of a connection that were declared."`
	Remove  connectionGroupRemove  `cmd:"" help:"Remove a group that was declared; its people lose what it gave."`
}

// shownDeclaredGroup is a declared group as JSON.
type shownDeclaredGroup struct {
	ID        string  `json:"id"`
	Value     string  `json:"value"`
	Name      string  `json:"name"`
	CreatedAt *string `json:"created_at"`
}

func showDeclaredGroup(g domain.Group) shownDeclaredGroup {
	return shownDeclaredGroup{ID: g.ID.String(), Value: g.ClaimValue, Name: g.DisplayName.Text, CreatedAt: moment(g.CreatedAt)}
}

type connectionGroupDeclare struct {
	Org        string `required:"" placeholder:"SLUG" help:"Slug of the organisation."`
	Connection string `required:"" placeholder:"NAME" help:"Name of the connection."`
	Value      string `required:"" placeholder:"TEXT" help:"What the claim says, exactly, such as the object id of the group at Entra."`
	Name       string `required:"" placeholder:"NAME" help:"What people read."`
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (connectionGroupDeclare) Help() string {
	return `Mappings name it by its id as any group. Whoever signs in from then on with this claim has what they give, where the connection applies groups ("usher connection provider --applies-groups yes").

Example:

  usher connection group declare --org acme --connection entra --value 5b1f3c0e-6d0a-4b6e-9d55-0c6f0f1a2b3c --name Sales`
}

// Run declares it.
func (c *connectionGroupDeclare) Run(ctx context.Context, p *process) error {
	return p.withInstallation(ctx, c.openFor, func(in *domain.Installation) error {
		g, err := in.DeclareGroup(ctx, c.Org, c.Connection, domain.DeclaredGroupSpec{Value: c.Value, Name: c.Name})
		if err != nil {
			return err
		}
		return c.print(p, showDeclaredGroup(g), func() string {
			return fmt.Sprintf("The group %s of the connection %s is there; mappings name it %s.\n", g.DisplayName.Text, c.Connection, g.ID)
		})
	})
}

type connectionGroupList struct {
	Org        string `required:"" placeholder:"SLUG" help:"Slug of the organisation."`
	Connection string `required:"" placeholder:"NAME" help:"Name of the connection."`
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (connectionGroupList) Help() string {
	return `Example:

  usher connection group list --org acme --connection entra`
}

// Run lists them.
func (c *connectionGroupList) Run(ctx context.Context, p *process) error {
	return p.withInstallation(ctx, c.openFor, func(in *domain.Installation) error {
		all, err := in.DeclaredGroups(ctx, c.Org, c.Connection)
		if err != nil {
			return err
		}
		shown, rows := make([]shownDeclaredGroup, 0, len(all)), make([][]string, 0, len(all))
		for _, g := range all {
			shown = append(shown, showDeclaredGroup(g))
			rows = append(rows, []string{g.DisplayName.Text, visible(g.ClaimValue), orDash(g.CreatedAt), g.ID.String()})
		}
		return c.print(p, shown, func() string {
			return table([]string{"NAME", "VALUE", "CREATED", "ID"}, rows, "No group of this connection was declared.")
		})
	})
}

type connectionGroupRemove struct {
	Org        string `required:"" placeholder:"SLUG" help:"Slug of the organisation."`
	Connection string `required:"" placeholder:"NAME" help:"Name of the connection."`
	Value      string `required:"" placeholder:"TEXT" help:"What the claim says, as \"usher connection group list\" shows it."`
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (connectionGroupRemove) Help() string {
	return `Its mappings stay, without a group, until they are bound to another one or deleted.

Example:

  usher connection group remove --org acme --connection entra --value 5b1f3c0e-6d0a-4b6e-9d55-0c6f0f1a2b3c`
}

// Run removes it.
func (c *connectionGroupRemove) Run(ctx context.Context, p *process) error {
	return p.withInstallation(ctx, c.openFor, func(in *domain.Installation) error {
		g, err := in.RemoveDeclaredGroup(ctx, c.Org, c.Connection, c.Value)
		if err != nil {
			return err
		}
		return c.print(p, showDeclaredGroup(g), func() string {
			return fmt.Sprintf("The group %s of the connection %s is removed; nobody has anything by it.\n", g.DisplayName.Text, c.Connection)
		})
	})
}
