package main

import (
	"context"
	"fmt"
	"strings"

	"usher/domain"
	"usher/internal/secret"
)

type connectionClient struct {
	connectionFlags
	OIDCIssuer           *string `name:"oidc-issuer" placeholder:"URL" help:"Another issuer; empty: nobody signs in by the connection any more."`
	OIDCClientID         *string `name:"oidc-client-id" placeholder:"ID" help:"Another client id, as it was registered at the issuer."`
	OIDCClientSecretFile string  `name:"oidc-client-secret-file" xor:"secret" placeholder:"FILE" help:"File with another secret of the client. It is kept encrypted under the secret key."`
	NoSecret             bool    `xor:"secret" help:"Forget the client's secret, as where it shows who it is by private_key_jwt."`

	keyFlags
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (connectionClient) Help() string {
	return `What is given holds from the next sign-in on; what is not stays. With another issuer the secret is forgotten unless a new one is given, the sessions that began by the connection end, and people are strangers: who they were at the old issuer is nobody's until the connection has it again, and who comes is looked for as at the first time.

Examples:

  usher connection client --org acme --name okta --oidc-client-secret-file secret.txt
  usher connection client --org acme --name okta --oidc-issuer https://login.acme.test --oidc-client-id usher --oidc-client-secret-file secret.txt`
}

// Run changes it.
func (c *connectionClient) Run(ctx context.Context, p *process) error {
	change := domain.OIDCChange{Issuer: c.OIDCIssuer, ClientID: c.OIDCClientID, NoSecret: c.NoSecret}
	if c.OIDCIssuer == nil && c.OIDCClientID == nil && c.OIDCClientSecretFile == "" && !c.NoSecret {
		return wrong("oidc-issuer", "say what is to be different: an issuer, a client id or a secret")
	}
	if c.OIDCClientSecretFile != "" {
		var err error
		if change.Seal, err = sealSecret(c.OIDCClientSecretFile, c.keyFlags, c.databaseFlags); err != nil {
			return err
		}
	}
	return p.withInstallation(ctx, c.openFor, func(in *domain.Installation) error {
		is, err := in.ChangeConnectionClient(ctx, c.Org, c.Name, change)
		if err != nil {
			return err
		}
		return c.print(p, showConnection(is), func() string {
			if is.OIDC.Issuer == "" {
				return fmt.Sprintf("Nobody signs in by the connection %s.\n", is.Name)
			}
			return fmt.Sprintf("The connection %s is the client %s of %s.\nTest it with: usher connection test --org %s --name %q\n",
				is.Name, visible(is.OIDC.ClientID), is.OIDC.Issuer, c.Org, is.Name)
		})
	})
}

// clientSecret is what a file holds.
func clientSecret(file string) (string, error) {
	text, err := secret.Read(file)
	if text = strings.TrimSpace(text); err == nil && text == "" {
		err = fmt.Errorf("%s is empty", file)
	}
	if err != nil {
		return "", wrong("oidc-client-secret-file", "%v; name a file that holds the client's secret", err)
	}
	return text, nil
}

// sealSecret encrypts the client's secret for the connection that gets it, and for no other.
func sealSecret(file string, keys keyFlags, database databaseFlags) (func(domain.OrganisationID, domain.ConnectionID) ([]byte, error), error) {
	text, err := clientSecret(file)
	if err != nil {
		return nil, err
	}
	url, err := database.url()
	if err != nil {
		return nil, err
	}
	key, err := keyring{keys, url}.key()
	if err != nil {
		return nil, err
	}
	return func(org domain.OrganisationID, id domain.ConnectionID) ([]byte, error) {
		return key.Seal(sealPurpose, []byte(text), sealPlace(org, id))
	}, nil
}
