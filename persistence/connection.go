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
	if err := t.fail(err); err != nil {
		return err
	}
	return commonsChanged(t, c.Organisation)
}

func (t connections) Get(org domain.OrganisationID, id domain.ConnectionID) (domain.Connection, error) {
	var r connectionRow
	err := t.orm().Where("organisation_id = ? AND connection_id = ?", org.UUID, id.UUID).Take(&r).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return domain.Connection{}, notFound("connection")
	}
	return r.noun(), err
}

func (t connections) Locate(id domain.ConnectionID) (domain.Connection, error) {
	var r connectionRow
	err := t.orm().Where("connection_id = ?", id.UUID).Take(&r).Error
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

func (t connections) Register(was, is domain.Connection) error {
	err := t.touch(errStale, `UPDATE connections SET oidc_issuer = ?, oidc_client_id = ?, oidc_client_secret = ? WHERE organisation_id = ? AND connection_id = ?
AND COALESCE(oidc_issuer, '') = ? AND COALESCE(oidc_client_id, '') = ?`,
		textOrNull(is.OIDC.Issuer), textOrNull(is.OIDC.ClientID), is.OIDC.SealedSecret, is.Organisation.UUID, is.ID.UUID, was.OIDC.Issuer, was.OIDC.ClientID)
	if err != nil {
		return err
	}
	if err := commonsChanged(t, is.Organisation); err != nil {
		return err
	}
	return accessChanged(t, is.Organisation)
}

func (t connections) Disable(org domain.OrganisationID, id domain.ConnectionID, at time.Time) error {
	err := t.touch(notFound("connection"), "UPDATE connections SET disabled_at = ? WHERE organisation_id = ? AND connection_id = ?",
		millis(at), org.UUID, id.UUID)
	if err != nil {
		return err
	}
	if err := commonsChanged(t, org); err != nil {
		return err
	}
	return accessChanged(t, org)
}

// Delete implements domain.Connections. The rows of tokens, policies, identities and the like go with the connection's.
func (t connections) Delete(c domain.Connection, at time.Time) (people, groups int, err error) {
	org, id := c.Organisation.UUID, c.ID.UUID
	for table, n := range map[string]*int{"users": &people, "groups": &groups} {
		if _, err := fetch(t, "SELECT count(*) FROM "+table+" WHERE organisation_id = ? AND connection_id = ? AND archived_at IS NULL",
			[]any{org, id}, n); err != nil {
			return 0, 0, err
		}
	}
	err = t.touch(notFound("connection"), "DELETE FROM connections WHERE organisation_id = ? AND connection_id = ?", org, id)
	if err != nil {
		return 0, 0, err
	}
	if err := commonsChanged(t, c.Organisation); err != nil {
		return 0, 0, err
	}
	if err := t.exec("UPDATE domains SET adopter_id = NULL, version = version + 1 WHERE organisation_id = ? AND adopter_id = ?", org, id); err != nil {
		return 0, 0, err
	}
	if err := t.leave(c, at); err != nil {
		return 0, 0, err
	}
	return people, groups, accessChanged(t, c.Organisation)
}

// leave makes people of a connection that is gone those of none, and takes its groups away.
func (t connections) leave(c domain.Connection, at time.Time) error {
	org, id, now := c.Organisation.UUID, c.ID.UUID, at.UnixMilli()
	const its = "(SELECT group_id FROM groups WHERE organisation_id = ? AND connection_id = ? AND archived_at IS NULL)"
	for _, s := range []struct {
		sql  string
		args []any
	}{
		{`UPDATE sign_in_names SET connection_id = NULL WHERE organisation_id = ? AND user_id IN
(SELECT user_id FROM users WHERE organisation_id = ? AND connection_id = ? AND archived_at IS NULL)`, []any{org, org, id}},
		{"UPDATE users SET connection_id = NULL WHERE organisation_id = ? AND connection_id = ? AND archived_at IS NULL", []any{org, id}},
		{"DELETE FROM memberships WHERE organisation_id = ? AND group_id IN " + its, []any{org, org, id}},
		{"DELETE FROM memberships WHERE organisation_id = ? AND member_id IN " + its, []any{org, org, id}},
		{"DELETE FROM claimed_groups WHERE organisation_id = ? AND group_id IN " + its, []any{org, org, id}},
		{`UPDATE groups SET version = version + 1, modified_at = CASE WHEN modified_at < ? THEN ? ELSE modified_at + 1 END, archived_at = ?
WHERE organisation_id = ? AND connection_id = ? AND archived_at IS NULL`, []any{now, now, now, org, id}},
		{"DELETE FROM resource_counts WHERE organisation_id = ? AND connection_id = ?", []any{org, id}},
		{"DELETE FROM tallies WHERE organisation_id = ? AND connection_id = ?", []any{org, id}},
		{"DELETE FROM rate_windows WHERE organisation_id = ? AND connection_id = ?", []any{org, id}},
	} {
		if err := t.exec(s.sql, s.args...); err != nil {
			return err
		}
	}
	return nil
}

// strays are the connections s of which there is anything: what is counted, and groups that were declared, which are not.
const strays = `(SELECT organisation_id, connection_id FROM resource_counts
UNION ALL SELECT organisation_id, connection_id FROM groups WHERE claim_value IS NOT NULL AND archived_at IS NULL) AS s`

// astray is the condition under which such a connection is gone.
const astray = "NOT EXISTS (SELECT 1 FROM connections c WHERE c.organisation_id = s.organisation_id AND c.connection_id = s.connection_id)"

// Strays implements domain.Connections.
func (t connections) Strays(org domain.OrganisationID, at time.Time) error {
	var gone []domain.ConnectionID
	err := t.query("SELECT DISTINCT s.connection_id FROM "+strays+" WHERE s.organisation_id = ? AND "+astray, []any{org.UUID}, func(r row) error {
		var id domain.ConnectionID
		err := r.Scan(&id.UUID)
		gone = append(gone, id)
		return err
	})
	if err != nil {
		return err
	}
	for _, id := range gone {
		if _, err := claims(t).DropBeyond(org, id, domain.NothingAllowed()); err != nil {
			return err
		}
		if err := t.leave(domain.Connection{Organisation: org, ID: id}, at); err != nil {
			return err
		}
	}
	return nil
}
