package main

import (
	"context"
	"fmt"
	"strings"

	"usher/domain"
)

type connectionCommands struct {
	Create  connectionCreate  `cmd:"" help:"Make a connection to an identity provider."`
	List    connectionList    `cmd:"" help:"List the connections of an organisation."`
	Disable connectionDisable `cmd:"" help:"Stop a connection: its tokens are refused; its people stay."`
	Enable  connectionEnable  `cmd:"" help:"Let a connection work again."`
	Delete  connectionDelete  `cmd:"" help:"End a connection for ever: its tokens die; its people stay, of no connection."`
	Test    connectionTest    `cmd:"" help:"Test the OpenID provider of a connection, step by step."`
	Policy  connectionPolicy  `cmd:"" help:"Show or change what a connection may do."`

	Client   connectionClient   `cmd:"" help:"Change what a connection is at which OpenID provider: issuer, client, secret."`
	Provider connectionProvider `cmd:"" help:"Show or change what a connection asks of its OpenID provider, and what becomes of who comes by it."`

	Group connectionGroupCommands `cmd:"" help:"Declare groups that no directory pushes, known by the claims of sign-ins."`
}

// kinds are the names of all kinds of identity provider.
func kinds() string {
	var names []string
	for _, kind := range domain.ConnectionKinds() {
		names = append(names, string(kind))
	}
	return strings.Join(names, ", ")
}

// activations are the ways in which pushed people become active.
func activations() string {
	return strings.Join([]string{"", string(domain.ActivateOnFirstAccess), string(domain.ActivateAtOnce), string(domain.ActivateByInvitation)}, ",")
}

type connectionCreate struct {
	Org        string `required:"" placeholder:"SLUG" help:"Slug of the organisation."`
	Name       string `required:"" placeholder:"NAME" help:"Name of the connection in this organisation."`
	Kind       string `default:"generic" placeholder:"KIND" help:"Identity provider at the other end: ${kinds} (unless given). It chooses presets and labels, never rights."`
	Activation string `enum:"${activations}" default:"" placeholder:"WHEN" help:"When pushed people become active: first_access (with their first sign-in; the default with OpenID Connect), immediate (the default elsewhere), invite."`

	OIDCIssuer           string `name:"oidc-issuer" group:"OpenID Connect" placeholder:"URL" help:"Issuer, if people sign in by this connection."`
	OIDCClientID         string `name:"oidc-client-id" group:"OpenID Connect" placeholder:"ID" help:"Client id that was registered at the issuer."`
	OIDCClientSecretFile string `name:"oidc-client-secret-file" group:"OpenID Connect" placeholder:"FILE" help:"File with the client's secret. It is kept encrypted under the secret key."`

	keyFlags
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (connectionCreate) Help() string {
	return `A connection has no token of its own at first: "usher token create" makes one.

Examples:

  usher connection create --org acme --name okta --kind okta
  usher connection create --org acme --name entra --kind entra --oidc-issuer https://login.microsoftonline.com/TENANT/v2.0 --oidc-client-id ID --oidc-client-secret-file secret.txt`
}

// Run makes the connection.
func (c *connectionCreate) Run(ctx context.Context, p *process) error {
	spec, err := c.spec()
	if err != nil {
		return err
	}
	return p.withInstallation(ctx, c.openFor, func(in *domain.Installation) error {
		if spec.OIDC.Seal != nil {
			// Whatever would be refused is refused before a key is made for it.
			if err := c.available(ctx, in); err != nil {
				return err
			}
			if spec.OIDC.Seal, err = sealSecret(c.OIDCClientSecretFile, c.keyFlags, c.databaseFlags); err != nil {
				return err
			}
		}
		made, err := in.CreateConnection(ctx, c.Org, spec)
		if err != nil {
			return err
		}
		return c.print(p, showConnection(made), func() string {
			return fmt.Sprintf("The connection %s (%s) of %s is there; pushed people become active: %s.\n"+
				"Make its token with: usher token create --org %s --connection %q\n", made.Name, made.Kind, c.Org, made.Activation, c.Org, made.Name)
		})
	})
}

// spec is the connection as described, without the secret itself.
func (c *connectionCreate) spec() (domain.ConnectionSpec, error) {
	kind, err := domain.ParseConnectionKind(c.Kind)
	if err != nil {
		return domain.ConnectionSpec{}, err
	}
	spec := domain.ConnectionSpec{
		Name: c.Name, Kind: kind, Activation: domain.Activation(c.Activation),
		OIDC: domain.OIDCSpec{Issuer: c.OIDCIssuer, ClientID: c.OIDCClientID},
	}
	if c.OIDCClientSecretFile != "" {
		spec.OIDC.Seal = func(domain.OrganisationID, domain.ConnectionID) ([]byte, error) { return nil, nil }
		if _, err := clientSecret(c.OIDCClientSecretFile); err != nil {
			return spec, err
		}
		url, err := c.url()
		if err != nil {
			return spec, err
		}
		if err := (keyring{c.keyFlags, url}).check(); err != nil {
			return spec, err
		}
	}
	return spec, spec.Check()
}

// available refuses an organisation that is not there and a name that is taken.
func (c *connectionCreate) available(ctx context.Context, in *domain.Installation) error {
	there, err := in.ListConnections(ctx, c.Org)
	if err != nil {
		return err
	}
	for _, other := range there {
		if strings.EqualFold(other.Name, c.Name) {
			return wrong("name", "the organisation has a connection called %s; choose another name", other.Name)
		}
	}
	return nil
}

// shownConnection is a connection as JSON.
type shownConnection struct {
	ID           string  `json:"id"`
	Name         string  `json:"name"`
	Kind         string  `json:"kind"`
	Activation   string  `json:"activation"`
	OIDCIssuer   *string `json:"oidc_issuer"`
	OIDCClientID *string `json:"oidc_client_id"`
	CreatedAt    *string `json:"created_at"`
	DisabledAt   *string `json:"disabled_at"`
}

func showConnection(c domain.Connection) shownConnection {
	return shownConnection{
		ID: c.ID.String(), Name: c.Name, Kind: string(c.Kind), Activation: string(c.Activation),
		OIDCIssuer: orNull(c.OIDC.Issuer), OIDCClientID: orNull(c.OIDC.ClientID),
		CreatedAt: moment(c.CreatedAt), DisabledAt: moment(c.DisabledAt),
	}
}

type connectionList struct {
	Org string `required:"" placeholder:"SLUG" help:"Slug of the organisation."`
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (connectionList) Help() string {
	return `Example:

  usher connection list --org acme`
}

// Run lists them.
func (c *connectionList) Run(ctx context.Context, p *process) error {
	return p.withInstallation(ctx, c.openFor, func(in *domain.Installation) error {
		all, err := in.ListConnections(ctx, c.Org)
		if err != nil {
			return err
		}
		shown, rows := make([]shownConnection, 0, len(all)), make([][]string, 0, len(all))
		for _, n := range all {
			shown = append(shown, showConnection(n))
			rows = append(rows, []string{n.Name, string(n.Kind), string(n.Activation), orDash(n.CreatedAt), orDash(n.DisabledAt), n.ID.String()})
		}
		return c.print(p, shown, func() string {
			return table([]string{"NAME", "KIND", "ACTIVATION", "CREATED", "DISABLED", "ID"}, rows, "The organisation has no connection.")
		})
	})
}

// connectionFlags name one connection.
type connectionFlags struct {
	Org  string `required:"" placeholder:"SLUG" help:"Slug of the organisation."`
	Name string `required:"" aliases:"connection" placeholder:"NAME" help:"Name of the connection; also --connection."`
}

type connectionDisable struct {
	connectionFlags
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (connectionDisable) Help() string {
	return `Example:

  usher connection disable --org acme --name okta`
}

// Run disables it.
func (c *connectionDisable) Run(ctx context.Context, p *process) error {
	return p.withInstallation(ctx, c.openFor, func(in *domain.Installation) error {
		n, err := in.DisableConnection(ctx, c.Org, c.Name)
		if err != nil {
			return err
		}
		return c.print(p, showConnection(n), func() string { return fmt.Sprintf("The connection %s of %s is disabled.\n", n.Name, c.Org) })
	})
}

type connectionEnable struct {
	connectionFlags
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (connectionEnable) Help() string {
	return `Example:

  usher connection enable --org acme --name okta`
}

// Run enables it.
func (c *connectionEnable) Run(ctx context.Context, p *process) error {
	return p.withInstallation(ctx, c.openFor, func(in *domain.Installation) error {
		n, err := in.EnableConnection(ctx, c.Org, c.Name)
		if err != nil {
			return err
		}
		return c.print(p, showConnection(n), func() string { return fmt.Sprintf("The connection %s of %s is enabled.\n", n.Name, c.Org) })
	})
}

type connectionDelete struct {
	connectionFlags
	Yes bool `required:"" help:"You mean it: what is gone does not come back under the same name."`
	keyFlags
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (connectionDelete) Help() string {
	return `Its tokens, clients and linked sign-ins are dead for ever. Its people stay, with their seats, as people of no connection; its groups go, and with them what mappings gave for them.

Example:

  usher connection delete --org acme --name okta --yes`
}

// Run deletes it.
func (c *connectionDelete) Run(ctx context.Context, p *process) error {
	return p.withLinks(ctx, c.databaseFlags, c.keyFlags, func(in *domain.Installation) error {
		n, err := in.DeleteConnection(ctx, c.Org, c.Name)
		if err != nil {
			return err
		}
		return c.print(p, showConnection(n), func() string { return fmt.Sprintf("The connection %s of %s is deleted.\n", n.Name, c.Org) })
	})
}
