package persistence

import (
	"errors"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"usher/domain"
	"usher/domain/attribute"
)

// connectionRow is the table connections.
type connectionRow struct {
	OrganisationID   uuid.UUID `gorm:"primaryKey"`
	ConnectionID     uuid.UUID `gorm:"primaryKey"`
	Name             string
	NameKey          string
	Kind             string
	Activation       string
	OIDCIssuer       *string `gorm:"column:oidc_issuer"`
	OIDCClientID     *string `gorm:"column:oidc_client_id"`
	OIDCClientSecret []byte  `gorm:"column:oidc_client_secret"`
	CreatedAt        int64   `gorm:"autoCreateTime:false"`
	DisabledAt       *int64
}

// TableName implements GORM's Tabler.
func (connectionRow) TableName() string { return "connections" }

func (r connectionRow) noun() domain.Connection {
	return domain.Connection{
		ID: domain.ConnectionID{UUID: r.ConnectionID}, Organisation: domain.OrganisationID{UUID: r.OrganisationID},
		Name: r.Name, Kind: domain.ConnectionKind(r.Kind), Activation: domain.Activation(r.Activation),
		OIDC:      domain.OIDCClient{Issuer: text(r.OIDCIssuer), ClientID: text(r.OIDCClientID), SealedSecret: r.OIDCClientSecret},
		CreatedAt: instant(r.CreatedAt), DisabledAt: instantPointer(r.DisabledAt),
	}
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func textPointer(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

type connections struct{ session }

func (t connections) Insert(c domain.Connection) error {
	err := t.orm().Create(&connectionRow{
		OrganisationID: c.Organisation.UUID, ConnectionID: c.ID.UUID, Name: c.Name, NameKey: attribute.Fold(c.Name),
		Kind: string(c.Kind), Activation: string(c.Activation), OIDCIssuer: textPointer(c.OIDC.Issuer),
		OIDCClientID: textPointer(c.OIDC.ClientID), OIDCClientSecret: c.OIDC.SealedSecret,
		CreatedAt: c.CreatedAt.UnixMilli(), DisabledAt: millisPointer(c.DisabledAt),
	}).Error
	if isTaken(err) {
		err = &domain.Error{
			Kind: domain.Conflict, Code: domain.CodeNameTaken, Field: "name",
			Message: "the organisation has a connection called " + clip(c.Name) + "; choose another name",
		}
	}
	return t.fail(err)
}

func (t connections) Get(org domain.OrganisationID, id domain.ConnectionID) (domain.Connection, error) {
	var r connectionRow
	err := t.orm().Where("organisation_id = ? AND connection_id = ?", org.UUID, id.UUID).Take(&r).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return domain.Connection{}, notFound("connection")
	}
	return r.noun(), err
}

func (t connections) ByName(org domain.OrganisationID, name string) (domain.Connection, error) {
	var r connectionRow
	err := t.orm().Where("organisation_id = ? AND name_key = ?", org.UUID, attribute.Fold(name)).Take(&r).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return domain.Connection{}, &domain.Error{
			Kind: domain.NotFound, Code: domain.CodeNotFound, Field: "connection",
			Message: "the organisation has no connection called " + clip(name) + "; see usher connection list",
		}
	}
	return r.noun(), err
}

func (t connections) List(org domain.OrganisationID) ([]domain.Connection, error) {
	var rows []connectionRow
	if err := t.orm().Where("organisation_id = ?", org.UUID).Order("name_key").Find(&rows).Error; err != nil {
		return nil, err
	}
	list := make([]domain.Connection, len(rows))
	for i, r := range rows {
		list[i] = r.noun()
	}
	return list, nil
}

func (t connections) Disable(org domain.OrganisationID, id domain.ConnectionID, at time.Time) error {
	err := t.touch(notFound("connection"), "UPDATE connections SET disabled_at = ? WHERE organisation_id = ? AND connection_id = ?",
		millis(at), org.UUID, id.UUID)
	if err != nil {
		return err
	}
	return accessChanged(t, org)
}
