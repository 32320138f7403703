package persistence

import (
	"usher/domain"
)

type appearances struct{ session }

const appearanceSQL = `SELECT o.organisation_id, o.slug, o.name, COALESCE(a.accent, ''), COALESCE(a.language, ''), COALESCE(a.logo_tag, ''), COALESCE(a.version, 0)
FROM organisations o LEFT JOIN appearances a ON a.organisation_id = o.organisation_id WHERE `

func (t appearances) Get(org domain.OrganisationID, slug string) (domain.Appearance, error) {
	where, key := "o.organisation_id = ?", any(org.UUID)
	if org.IsZero() {
		where, key = "o.slug = ?", slug
	}
	var a domain.Appearance
	var logo string
	found, err := fetch(t, appearanceSQL+where, []any{key}, &a.Organisation.UUID, &a.Slug, &a.Name, &a.Accent, &a.Language, &logo, &a.Version)
	a.Logo = domain.LogoTag(logo)
	if err == nil && !found {
		err = errNoOrganisation()
	}
	return a, err
}

func (t appearances) Logo(slug string) (domain.Logo, error) {
	var logo domain.Logo
	var tag string
	found, err := fetch(t, `SELECT a.logo_tag, a.logo_type, a.logo FROM organisations o JOIN appearances a ON a.organisation_id = o.organisation_id
WHERE o.slug = ? AND a.logo IS NOT NULL`, []any{slug}, &tag, &logo.Type, &logo.Content)
	logo.Tag = domain.LogoTag(tag)
	if err == nil && !found {
		err = notFound("logo")
	}
	return logo, err
}

func (t appearances) Save(was, is domain.Appearance, logo *domain.Logo) error {
	err := t.touch(errStale, `INSERT INTO appearances (organisation_id, accent, language, logo_tag, logo_type, version) VALUES (?, ?, ?, '', '', ?)
ON CONFLICT (organisation_id) DO UPDATE SET accent = excluded.accent, language = excluded.language, version = excluded.version WHERE appearances.version = ?`,
		is.Organisation.UUID, is.Accent, is.Language, is.Version, was.Version)
	if err != nil || logo == nil {
		return err
	}
	return t.exec("UPDATE appearances SET logo_tag = ?, logo_type = ?, logo = ? WHERE organisation_id = ?",
		string(logo.Tag), logo.Type, bytesOrNull(logo.Content), is.Organisation.UUID)
}
