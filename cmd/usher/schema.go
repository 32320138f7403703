package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"usher/domain"
	"usher/scim/schema"
)

type schemaCommands struct {
	Add  schemaAdd  `cmd:"" help:"Add a schema with attributes of an organisation's own for people."`
	List schemaList `cmd:"" help:"List the schemas of an organisation."`
}

type schemaAdd struct {
	Org  string `required:"" placeholder:"SLUG" help:"Slug of the organisation."`
	File string `arg:"" help:"Definition, as JSON of RFC 7643 section 7."`
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (schemaAdd) Help() string {
	return `The attributes are understood, announced under /Schemas and filterable with the next request. A schema cannot be changed once people use it: a new version gets a URN of its own.

Example:

  usher schema add --org acme badge.json

where badge.json is:

  {"id": "urn:acme:params:scim:schemas:badge:1.0:User", "name": "Badge",
   "attributes": [{"name": "number", "type": "string", "caseExact": true}]}`
}

// maxDefinition bounds what is read of a definition.
const maxDefinition = 1 << 20

// shownSchema is a schema as JSON.
type shownSchema struct {
	URN        string          `json:"urn"`
	CreatedAt  *string         `json:"created_at"`
	Definition json.RawMessage `json:"definition,omitempty"`
}

// Run adds the schema.
func (c *schemaAdd) Run(ctx context.Context, p *process) error {
	definition, err := c.read()
	if err != nil {
		return err
	}
	return p.withInstallation(ctx, c.openFor, func(in *domain.Installation) error {
		s, err := in.AddSchema(ctx, c.Org, definition)
		if err != nil {
			return err
		}
		return c.print(p, shownSchema{URN: s.URN, CreatedAt: moment(s.CreatedAt)}, func() string {
			return fmt.Sprintf("The organisation %s has the schema %s.\n", c.Org, s.URN)
		})
	})
}

func (c *schemaAdd) read() (domain.Schema, error) {
	file, err := os.Open(c.File)
	if err != nil {
		return domain.Schema{}, wrong("file", "%v; name a file with the definition", err)
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, maxDefinition+1))
	switch {
	case err != nil:
		return domain.Schema{}, wrong("file", "%v; name a file with the definition", err)
	case len(text) > maxDefinition:
		return domain.Schema{}, wrong("file", "%s is larger than 1 MiB; a definition is a page or two", c.File)
	}
	return schema.Parse(text)
}

type schemaList struct {
	Org string `required:"" placeholder:"SLUG" help:"Slug of the organisation."`
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (schemaList) Help() string {
	return `Example:

  usher schema list --org acme --json`
}

// Run lists them.
func (c *schemaList) Run(ctx context.Context, p *process) error {
	return p.withInstallation(ctx, c.openFor, func(in *domain.Installation) error {
		all, err := in.ListSchemas(ctx, c.Org)
		if err != nil {
			return err
		}
		shown, rows := make([]shownSchema, 0, len(all)), make([][]string, 0, len(all))
		for _, s := range all {
			shown = append(shown, shownSchema{URN: s.URN, CreatedAt: moment(s.CreatedAt), Definition: s.Definition})
			rows = append(rows, []string{s.URN, orDash(s.CreatedAt)})
		}
		return c.print(p, shown, func() string {
			return table([]string{"URN", "ADDED"}, rows, "The organisation has no schema of its own.")
		})
	})
}
