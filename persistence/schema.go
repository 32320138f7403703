package persistence

import (
	"github.com/google/uuid"

	"usher/domain"
	"usher/domain/attribute"
)

// schemaRow is the table custom_schemas.
type schemaRow struct {
	OrganisationID uuid.UUID `gorm:"primaryKey"`
	URNKey         string    `gorm:"primaryKey;column:urn_key"`
	URN            string    `gorm:"column:urn"`
	Definition     string
	CreatedAt      int64 `gorm:"autoCreateTime:false"`
}

// TableName implements GORM's Tabler.
func (schemaRow) TableName() string { return "custom_schemas" }

type schemas struct{ session }

func (t schemas) Insert(s domain.Schema) error {
	err := t.orm().Create(&schemaRow{
		OrganisationID: s.Organisation.UUID, URNKey: attribute.Fold(s.URN), URN: s.URN, Definition: string(s.Definition),
		CreatedAt: s.CreatedAt.UnixMilli(),
	}).Error
	if isTaken(err) {
		err = &domain.Error{
			Kind: domain.Conflict, Code: domain.CodeNameTaken, Field: "id",
			Message: "the organisation has a schema with this URN; give the new version a URN of its own",
		}
	}
	if err != nil {
		return t.fail(err)
	}
	return t.touch(errNoOrganisation(), "UPDATE organisations SET schema_version = schema_version + 1 WHERE organisation_id = ?", s.Organisation.UUID)
}

func (t schemas) List(org domain.OrganisationID) ([]domain.Schema, int64, error) {
	var version int64
	found, err := fetch(t, "SELECT schema_version FROM organisations WHERE organisation_id = ?", []any{org.UUID}, &version)
	if err != nil || !found {
		return nil, 0, err
	}
	var rows []schemaRow
	if err := t.orm().Where("organisation_id = ?", org.UUID).Order("urn_key").Find(&rows).Error; err != nil {
		return nil, 0, err
	}
	list := make([]domain.Schema, len(rows))
	for i, r := range rows {
		list[i] = domain.Schema{
			Organisation: domain.OrganisationID{UUID: r.OrganisationID}, URN: r.URN, Definition: []byte(r.Definition),
			CreatedAt: instant(r.CreatedAt),
		}
	}
	return list, version, nil
}
