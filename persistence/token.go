package persistence

import (
	"errors"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"usher/domain"
)

// tokenRow is the table tokens.
type tokenRow struct {
	OrganisationID uuid.UUID `gorm:"primaryKey"`
	TokenID        uuid.UUID `gorm:"primaryKey"`
	ConnectionID   uuid.UUID
	Hash           []byte
	CreatedAt      int64 `gorm:"autoCreateTime:false"`
	ExpiresAt      *int64
	RevokedAt      *int64
	LastUsedAt     *int64
	WarnedAt       *int64
	OAuthClientID  *uuid.UUID `gorm:"column:oauth_client_id"`
}

// TableName implements GORM's Tabler.
func (tokenRow) TableName() string { return "tokens" }

func (r tokenRow) noun() domain.Token {
	t := domain.Token{
		ID: domain.TokenID{UUID: r.TokenID}, Organisation: domain.OrganisationID{UUID: r.OrganisationID},
		Connection: domain.ConnectionID{UUID: r.ConnectionID}, CreatedAt: instant(r.CreatedAt),
		ExpiresAt: instantPointer(r.ExpiresAt), RevokedAt: instantPointer(r.RevokedAt), LastUsedAt: instantPointer(r.LastUsedAt),
		WarnedAt: instantPointer(r.WarnedAt),
	}
	if r.OAuthClientID != nil {
		t.Client.UUID = *r.OAuthClientID
	}
	copy(t.Hash[:], r.Hash)
	return t
}

type tokens struct{ session }

func (t tokens) Insert(n domain.Token) error {
	var client *uuid.UUID
	if !n.Client.IsZero() {
		client = &n.Client.UUID
	}
	return t.fail(t.orm().Create(&tokenRow{
		OrganisationID: n.Organisation.UUID, TokenID: n.ID.UUID, ConnectionID: n.Connection.UUID, Hash: n.Hash[:],
		CreatedAt: n.CreatedAt.UnixMilli(), ExpiresAt: millisPointer(n.ExpiresAt), RevokedAt: millisPointer(n.RevokedAt),
		LastUsedAt: millisPointer(n.LastUsedAt), WarnedAt: millisPointer(n.WarnedAt), OAuthClientID: client,
	}).Error)
}

func (t tokens) List(org domain.OrganisationID) ([]domain.Token, error) {
	var rows []tokenRow
	if err := t.orm().Where("organisation_id = ?", org.UUID).Order("token_id DESC").Find(&rows).Error; err != nil {
		return nil, err
	}
	list := make([]domain.Token, len(rows))
	for i, r := range rows {
		list[i] = r.noun()
	}
	return list, nil
}

func (t tokens) Get(org domain.OrganisationID, id domain.TokenID) (domain.Token, error) {
	var r tokenRow
	err := t.orm().Where("organisation_id = ? AND token_id = ?", org.UUID, id.UUID).Take(&r).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return domain.Token{}, notFound("token")
	}
	return r.noun(), err
}

func (t tokens) Expire(org domain.OrganisationID, id domain.TokenID, at time.Time) error {
	err := t.touch(notFound("token"), "UPDATE tokens SET expires_at = ? WHERE organisation_id = ? AND token_id = ?",
		millis(at), org.UUID, id.UUID)
	if err != nil {
		return err
	}
	return accessChanged(t, org)
}

func (t tokens) Warned(org domain.OrganisationID, id domain.TokenID, at time.Time) error {
	return t.touch(notFound("token"), "UPDATE tokens SET warned_at = ? WHERE organisation_id = ? AND token_id = ?", millis(at), org.UUID, id.UUID)
}

func (t tokens) Revoke(org domain.OrganisationID, id domain.TokenID, at time.Time) error {
	err := t.touch(notFound("token"), "UPDATE tokens SET revoked_at = COALESCE(revoked_at, ?) WHERE organisation_id = ? AND token_id = ?",
		millis(at), org.UUID, id.UUID)
	if err != nil {
		return err
	}
	return accessChanged(t, org)
}

const callerSQL = `SELECT t.connection_id, c.kind, c.activation, c.disabled_at IS NOT NULL, o.suspended_at IS NOT NULL, o.schema_version,
o.access_version, o.hands_out_extensions, ` + adoptsSQL + `, COALESCE(t.expires_at, 0), ` + policyColumns + `
FROM tokens t
JOIN connections c ON c.organisation_id = t.organisation_id AND c.connection_id = t.connection_id
LEFT JOIN connection_policies p ON p.organisation_id = t.organisation_id AND p.connection_id = t.connection_id
JOIN organisations o ON o.organisation_id = t.organisation_id
WHERE t.organisation_id = ? AND t.hash = ? AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > ?)`

func (t tokens) Caller(b domain.Bearer, now time.Time) (domain.Caller, error) {
	caller := domain.Caller{Organisation: b.Organisation, Token: b.Hash}
	var kind, activation string
	var expires int64
	var policy policyRow
	found, err := fetch(t, callerSQL, []any{b.Organisation.UUID, b.Hash[:], now.UnixMilli()},
		append([]any{&caller.Connection.UUID, &kind, &activation, &caller.ConnectionDisabled, &caller.OrganisationSuspended,
			&caller.SchemaVersion, &caller.AccessVersion, &caller.HandsOutExtensions, &caller.Adopts, &expires}, policy.dest()...)...)
	if err != nil {
		return domain.Caller{}, err
	}
	if !found {
		return domain.Caller{}, domain.UnknownToken()
	}
	caller.TokenExpiresAt = instant(expires)
	caller.Kind, caller.Activation = domain.ConnectionKind(kind), domain.Activation(activation)
	caller.Policy, err = policy.noun(caller.Activation)
	caller.Adopts = caller.Adopts && caller.Policy.Adoption != domain.AdoptNever
	return caller, err
}

func (t tokens) Used(org domain.OrganisationID, hash domain.TokenHash, at time.Time) error {
	return t.exec("UPDATE tokens SET last_used_at = ? WHERE organisation_id = ? AND hash = ? AND (last_used_at IS NULL OR last_used_at < ?)",
		millis(at), org.UUID, hash[:], millis(at))
}
