package main

import (
	"context"
	"fmt"
	"os"

	"usher/domain"
)

type orgAppearance struct {
	orgFlags
	Accent   *string `placeholder:"#RRGGBB" help:"Colour of buttons and links; empty for none of its own."`
	Language *string `placeholder:"LANGUAGE" help:"Language of the pages for people of whom nothing else is known: en or es; empty for what the browser prefers."`
	Logo     *string `placeholder:"FILE" help:"A picture, PNG, JPEG or WebP, of at most 256 KiB; empty for none."`
	databaseFlags
	outputFlags
}

// Help implements kong.HelpProvider.
func (orgAppearance) Help() string {
	return `Without a flag it shows what there is.

Examples:

  usher org appearance acme
  usher org appearance acme --accent "#0a6cff" --language es --logo logo.png
  usher org appearance acme --logo "" --json`
}

// shownAppearance is an appearance as JSON.
type shownAppearance struct {
	Slug     string `json:"slug"`
	Accent   string `json:"accent"`
	Language string `json:"language"`
	Logo     string `json:"logo"`
}

// Run shows or changes it.
func (c *orgAppearance) Run(ctx context.Context, p *process) error {
	slug, err := c.one()
	if err != nil {
		return err
	}
	var logo *[]byte
	if c.Logo != nil {
		content, err := readLogo(*c.Logo)
		if err != nil {
			return err
		}
		logo = &content
	}
	return p.withInstallation(ctx, c.openFor, func(in *domain.Installation) error {
		a, err := in.Appearance(ctx, slug)
		if c.Accent != nil || c.Language != nil || logo != nil {
			a, err = in.ChangeAppearance(ctx, slug, domain.AppearanceChange{Accent: c.Accent, Language: c.Language}, logo)
		}
		if err != nil {
			return err
		}
		return c.print(p, shownAppearance{a.Slug, a.Accent, a.Language, a.LogoPath()}, func() string {
			or := func(text string) string {
				if text == "" {
					return "–"
				}
				return text
			}
			return fmt.Sprintf("The organisation %s:\n\n  Accent    %s\n  Language  %s\n  Logo      %s\n", a.Slug, or(a.Accent), or(a.Language), or(a.LogoPath()))
		})
	})
}

// readLogo reads a picture that may be one; of no file none.
func readLogo(file string) ([]byte, error) {
	if file == "" {
		return nil, nil
	}
	info, err := os.Stat(file)
	if err != nil || info.IsDir() {
		return nil, wrong("logo", "the file %s cannot be read; name a picture", file)
	}
	if info.Size() > domain.MaxLogo {
		return nil, wrong("logo", "the file %s has more than 256 KiB; use a smaller picture", file)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, wrong("logo", "the file %s cannot be read; name a picture", file)
	}
	if _, err := domain.ParseLogo(content); err != nil {
		return nil, err
	}
	return content, nil
}
