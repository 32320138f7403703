package main

import (
	"context"
	"fmt"
	"strings"

	"usher/domain"
	"usher/oidc"
)

type connectionTest struct {
	connectionFlags
	PublicURL baseURL `placeholder:"URL" help:"The address under which people reach the server, as serve has it; it is what the provider knows as the place to come back to. http://127.0.0.1:8080 unless given."`
	providerFlags
	keyFlags
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (connectionTest) Help() string {
	return `Asks the OpenID provider of a connection everything but a person, from its name to whether it accepts the client's secret, and says which step fails, why, and on which side to mend it. Nothing is changed. The exit code is 1 when a step fails.

Example:

  usher connection test --org acme --name okta --public-url https://usher.acme.test`
}

// shownCheck is the outcome of a test as JSON.
type shownCheck struct {
	Good  bool        `json:"good"`
	Steps []shownStep `json:"steps"`
}

type shownStep struct {
	Step    string  `json:"step"`
	Verdict string  `json:"verdict"`
	Message string  `json:"message"`
	Side    *string `json:"side"`
	Said    *string `json:"said"`
}

// Run tests it.
func (c *connectionTest) Run(ctx context.Context, p *process) error {
	url, err := c.url()
	if err != nil {
		return err
	}
	party, err := c.newRelyingParty(p.environment(), false)
	if err != nil {
		return err
	}
	defer party.Close()
	base := string(c.PublicURL)
	if base == "" {
		base = "http://127.0.0.1:8080"
	}
	checker := oidc.Checker{Party: party, Registrar: oidc.Registrar{
		BaseURL: base,
		OpenSecret: func(org domain.OrganisationID, id domain.ConnectionID, sealed []byte) ([]byte, error) {
			key, err := keyring{c.keyFlags, url}.existing()
			if err != nil {
				return nil, err
			}
			return key.Open(sealPurpose, sealed, sealPlace(org, id))
		},
		OpenKey: func(org domain.OrganisationID, id domain.ConnectionID, sealed []byte) ([]byte, error) {
			key, err := keyring{c.keyFlags, url}.existing()
			if err != nil {
				return nil, err
			}
			return key.Open(clientKeyPurpose, sealed, sealPlace(org, id))
		},
	}}
	var check domain.ConnectionCheck
	err = p.withInstallation(ctx, c.openFor, func(in *domain.Installation) (err error) {
		check, err = in.CheckConnection(ctx, c.Org, c.Name, checker)
		return err
	})
	if err != nil {
		return err
	}
	shown, rows, failed := shownCheck{Good: check.Good, Steps: []shownStep{}}, [][]string{}, ""
	for _, s := range check.Steps {
		shown.Steps = append(shown.Steps, shownStep{Step: s.Name, Verdict: s.Verdict, Message: s.Message, Side: orNull(s.Side), Said: orNull(s.Said)})
		rows = append(rows, []string{s.Name, s.Verdict, checkedWords(s)})
		if s.Verdict == string(oidc.Failed) {
			failed = s.Name
		}
	}
	if err := c.print(p, shown, func() string { return table([]string{"STEP", "VERDICT", "WHAT"}, rows, "Nothing was tested.") }); err != nil {
		return err
	}
	if !check.Good {
		return fmt.Errorf("the connection %s of %s fails at the step %s", check.Connection.Name, c.Org, failed)
	}
	return nil
}

// checkedWords are the words of a step in a table.
func checkedWords(s domain.CheckedStep) string {
	text := s.Message
	if s.Said != "" {
		text += fmt.Sprintf(" (the provider said %q)", s.Said)
	}
	if where := map[string]string{"provider": "mend it at the provider", "here": "mend it here"}[s.Side]; where != "" && s.Verdict == string(oidc.Failed) {
		text += "; " + where
	}
	return strings.ReplaceAll(text, "\t", " ")
}
