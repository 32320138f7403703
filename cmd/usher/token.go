package main

import (
	"context"
	"fmt"
	"time"

	"usher/domain"
)

type tokenCommands struct {
	Create tokenCreate `cmd:"" help:"Make a token for a connection; it is shown once."`
	List   tokenList   `cmd:"" help:"List the tokens of an organisation, without their secrets."`
	Revoke tokenRevoke `cmd:"" help:"End a token with the next request that bears it."`
}

type tokenCreate struct {
	Org        string   `required:"" placeholder:"SLUG" help:"Slug of the organisation."`
	Connection string   `default:"default" placeholder:"NAME" help:"Name of the connection; default unless given."`
	Expires    lifetime `placeholder:"DURATION" help:"How long it is good for, such as 8760h or 365d; for ever unless given."`

	ClientCredentials bool     `help:"Make an OAuth client, whose id and secret obtain short tokens, in place of a token."`
	TokenLifetime     lifetime `placeholder:"DURATION" help:"How long the tokens of an OAuth client are good for: 1h (unless given) to 6h."`
	publicFlags
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (tokenCreate) Help() string {
	return `The other tokens of the connection stay in force: make the new one, paste it into the identity provider, then revoke the old one.

Examples:

  usher token create --org acme --connection okta
  usher token create --org acme --connection okta --expires 365d --json
  usher token create --org acme --connection entra --client-credentials`
}

// Run makes the token.
func (c *tokenCreate) Run(ctx context.Context, p *process) error {
	switch {
	case c.ClientCredentials:
		return c.runClient(ctx, p)
	case c.TokenLifetime != 0:
		return wrong("token-lifetime", "it is for OAuth clients; add --client-credentials, or say --expires")
	}
	return p.withInstallation(ctx, c.openFor, func(in *domain.Installation) error {
		t, text, err := in.CreateToken(ctx, c.Org, domain.TokenSpec{Connection: c.Connection, Lifetime: time.Duration(c.Expires)})
		if err != nil {
			return err
		}
		out := struct {
			ID         string  `json:"id"`
			Connection string  `json:"connection"`
			SCIMURL    string  `json:"scim_url"`
			SCIMToken  string  `json:"scim_token"`
			ExpiresAt  *string `json:"expires_at"`
		}{t.ID.String(), c.Connection, c.scimURL(), text, moment(t.ExpiresAt)}
		return c.print(p, out, func() string {
			expiry := "It does not expire."
			if !t.ExpiresAt.IsZero() {
				expiry = "It expires on " + orDash(t.ExpiresAt) + "."
			}
			return fmt.Sprintf("Paste into the identity provider:\n\n  SCIM base URL  %s\n  Bearer token   %s\n\nThe token is shown this once. %s\n",
				out.SCIMURL, text, expiry)
		})
	})
}

// runClient makes an OAuth client.
func (c *tokenCreate) runClient(ctx context.Context, p *process) error {
	return p.withInstallation(ctx, c.openFor, func(in *domain.Installation) error {
		spec := domain.OAuthClientSpec{Lifetime: time.Duration(c.Expires), TokenLifetime: time.Duration(c.TokenLifetime)}
		made, secret, err := in.CreateOAuthClient(ctx, c.Org, c.Connection, spec)
		if err != nil {
			return err
		}
		out := struct {
			ID           string  `json:"id"`
			Connection   string  `json:"connection"`
			SCIMURL      string  `json:"scim_url"`
			TokenURL     string  `json:"token_url"`
			ClientID     string  `json:"client_id"`
			ClientSecret string  `json:"client_secret"`
			ExpiresAt    *string `json:"expires_at"`
		}{made.ID.String(), c.Connection, c.scimURL(), c.tokenURL(), made.ID.String(), secret, moment(made.ExpiresAt)}
		return c.print(p, out, func() string {
			expiry := "The client does not expire."
			if !made.ExpiresAt.IsZero() {
				expiry = "The client expires on " + orDash(made.ExpiresAt) + "."
			}
			return fmt.Sprintf("Paste into the identity provider:\n\n  SCIM base URL   %s\n  Token endpoint  %s\n  Client id       %s\n  Client secret   %s\n\nThe secret is shown this once. %s\n",
				out.SCIMURL, out.TokenURL, out.ClientID, secret, expiry)
		})
	})
}

type tokenList struct {
	Org        string `required:"" placeholder:"SLUG" help:"Slug of the organisation."`
	Connection string `placeholder:"NAME" help:"Only the tokens of this connection."`
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (tokenList) Help() string {
	return `Examples:

  usher token list --org acme
  usher token list --org acme --connection okta --json`
}

// shownToken is a token as JSON.
type shownToken struct {
	ID         string  `json:"id"`
	Connection string  `json:"connection"`
	State      string  `json:"state"`
	CreatedAt  *string `json:"created_at"`
	ExpiresAt  *string `json:"expires_at"`
	RevokedAt  *string `json:"revoked_at"`
	LastUsedAt *string `json:"last_used_at"`
}

func showToken(t domain.Token, connection string, now time.Time) shownToken {
	state := "active"
	switch {
	case !t.RevokedAt.IsZero():
		state = "revoked"
	case !t.ExpiresAt.IsZero() && !t.ExpiresAt.After(now):
		state = "expired"
	}
	return shownToken{
		ID: t.ID.String(), Connection: connection, State: state, CreatedAt: moment(t.CreatedAt),
		ExpiresAt: moment(t.ExpiresAt), RevokedAt: moment(t.RevokedAt), LastUsedAt: moment(t.LastUsedAt),
	}
}

// Run lists them.
func (c *tokenList) Run(ctx context.Context, p *process) error {
	return p.withInstallation(ctx, c.openFor, func(in *domain.Installation) error {
		all, err := in.ListTokens(ctx, c.Org, c.Connection)
		if err != nil {
			return err
		}
		shown, rows := make([]shownToken, 0, len(all)), make([][]string, 0, len(all))
		for _, t := range all {
			s := showToken(t.Token, t.ConnectionName, p.now())
			shown = append(shown, s)
			rows = append(rows, []string{s.ID, s.Connection, s.State, orDash(t.CreatedAt), orDash(t.ExpiresAt), orDash(t.LastUsedAt)})
		}
		return c.print(p, shown, func() string {
			return table([]string{"ID", "CONNECTION", "STATE", "CREATED", "EXPIRES", "LAST USED"}, rows, "There is no token; make one with \"usher token create\".")
		})
	})
}

type tokenRevoke struct {
	Org string `required:"" placeholder:"SLUG" help:"Slug of the organisation."`
	ID  string `required:"" name:"id" placeholder:"ID" help:"Id of the token, as \"usher token list\" shows it."`
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (tokenRevoke) Help() string {
	return `Example:

  usher token revoke --org acme --id 01980a2b-7c3d-7e4f-8a5b-6c7d8e9f0a1b`
}

// Run revokes it.
func (c *tokenRevoke) Run(ctx context.Context, p *process) error {
	id, ok := domain.ParseID[domain.Token](c.ID)
	if !ok {
		return wrong("id", "this is no id of a token; \"usher token list\" shows them")
	}
	return p.withInstallation(ctx, c.openFor, func(in *domain.Installation) error {
		t, err := in.RevokeToken(ctx, c.Org, id)
		if err != nil {
			return err
		}
		out := struct {
			ID        string  `json:"id"`
			RevokedAt *string `json:"revoked_at"`
		}{t.ID.String(), moment(t.RevokedAt)}
		return c.print(p, out, func() string { return fmt.Sprintf("The token %s is revoked.\n", t.ID) })
	})
}
