package persistence

import (
	"errors"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"usher/domain"
)

// organisationRow is the table organisations.
type organisationRow struct {
	OrganisationID uuid.UUID `gorm:"primaryKey"`
	Slug           string
	Name           string
	CreatedAt      int64 `gorm:"autoCreateTime:false"`
	SuspendedAt    *int64
	SchemaVersion  int64
}

// TableName implements GORM's Tabler.
func (organisationRow) TableName() string { return "organisations" }

func (r organisationRow) noun() domain.Organisation {
	return domain.Organisation{
		ID: domain.OrganisationID{UUID: r.OrganisationID}, Slug: r.Slug, Name: r.Name, CreatedAt: instant(r.CreatedAt),
		SuspendedAt: instantPointer(r.SuspendedAt), SchemaVersion: r.SchemaVersion,
	}
}

type organisations struct{ session }

func (t organisations) Insert(o domain.Organisation) error {
	taken := &domain.Error{
		Kind: domain.Conflict, Code: domain.CodeSlugTaken, Field: "slug",
		Message: "an organisation with the slug " + o.Slug + " exists; choose another slug or delete that one",
	}
	if err := t.claim(taken, "INSERT INTO organisation_slugs (slug, organisation_id) VALUES (?, ?)", o.Slug, o.ID.UUID); err != nil {
		return err
	}
	row := organisationRow{
		OrganisationID: o.ID.UUID, Slug: o.Slug, Name: o.Name, CreatedAt: o.CreatedAt.UnixMilli(),
		SuspendedAt: millisPointer(o.SuspendedAt), SchemaVersion: o.SchemaVersion,
	}
	return t.fail(t.orm().Create(&row).Error)
}

func (t organisations) Get(id domain.OrganisationID) (domain.Organisation, error) {
	var r organisationRow
	err := t.orm().Where("organisation_id = ?", id.UUID).Take(&r).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return domain.Organisation{}, errNoOrganisation()
	}
	return r.noun(), err
}

func (t organisations) BySlug(slug string) (domain.Organisation, error) {
	var r organisationRow
	err := t.orm().Where("organisation_id = (SELECT organisation_id FROM organisation_slugs WHERE slug = ?)", slug).Take(&r).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return domain.Organisation{}, &domain.Error{
			Kind: domain.NotFound, Code: domain.CodeNotFound, Field: "org",
			Message: "there is no organisation with the slug " + clip(slug) + "; see usher org list",
		}
	}
	return r.noun(), err
}

func (t organisations) Sole() (domain.Organisation, bool, error) {
	var rows []organisationRow
	if err := t.orm().Limit(2).Find(&rows).Error; err != nil || len(rows) != 1 {
		return domain.Organisation{}, false, err
	}
	return rows[0].noun(), true, nil
}

func (t organisations) List() ([]domain.Organisation, error) {
	var rows []organisationRow
	if err := t.orm().Order("slug").Find(&rows).Error; err != nil {
		return nil, err
	}
	list := make([]domain.Organisation, len(rows))
	for i, r := range rows {
		list[i] = r.noun()
	}
	return list, nil
}

// errNoOrganisation is the outcome of a change to an organisation that is gone.
func errNoOrganisation() error { return notFound("organisation") }

// Suspend implements domain.Organisations.
func (t organisations) Suspend(id domain.OrganisationID, at time.Time) error {
	err := t.touch(errNoOrganisation(), "UPDATE organisations SET suspended_at = ? WHERE organisation_id = ?", millis(at), id.UUID)
	if err != nil {
		return err
	}
	return accessChanged(t, id)
}

// tablesOfOrganisation are those that no foreign key empties with the organisation.
func tablesOfOrganisation() []string {
	return []string{
		"memberships", "sign_in_names", "users", "groups", "events", "event_values", "resource_counts", "tallies",
		"rate_windows", "answers", "organisation_slugs", "domain_names", "signing_keys",
	}
}

func (t organisations) Delete(id domain.OrganisationID) error {
	if t.dialect() == sqlite {
		err := t.exec("DELETE FROM users_text WHERE rowid IN (SELECT search_row FROM users WHERE organisation_id = ?)", id.UUID)
		if err != nil {
			return err
		}
	}
	for _, table := range tablesOfOrganisation() {
		if err := t.exec("DELETE FROM "+table+" WHERE organisation_id = ?", id.UUID); err != nil {
			return err
		}
	}
	return t.touch(errNoOrganisation(), "DELETE FROM organisations WHERE organisation_id = ?", id.UUID)
}
