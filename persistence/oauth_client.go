package persistence

import (
	"time"

	"usher/domain"
)

// The clients that are given short directory tokens (domain.OAuthTx).

func (t tx) OAuthClients() domain.OAuthClients { return oauthClients(t) }

type oauthClients struct{ session }

const oauthClientColumns = `connection_id, hash, previous_hash, COALESCE(previous_ends_at, 0), token_lifetime, created_at,
COALESCE(rotated_at, 0), COALESCE(expires_at, 0), COALESCE(revoked_at, 0), COALESCE(last_used_at, 0), COALESCE(warned_at, 0), oauth_client_id`

// scanOAuthClient reads the columns of a row.
func scanOAuthClient(r row, org domain.OrganisationID) (domain.OAuthClient, error) {
	c := domain.OAuthClient{Organisation: org}
	var hash, previous []byte
	var previousEnds, lifetime, created, rotated, expires, revoked, used, warned int64
	err := r.Scan(&c.Connection.UUID, &hash, &previous, &previousEnds, &lifetime, &created, &rotated, &expires, &revoked, &used, &warned, &c.ID.UUID)
	copy(c.Hash[:], hash)
	copy(c.Previous[:], previous)
	c.PreviousEndsAt, c.CreatedAt, c.RotatedAt = instant(previousEnds), instant(created), instant(rotated)
	c.ExpiresAt, c.RevokedAt, c.LastUsedAt = instant(expires), instant(revoked), instant(used)
	c.WarnedAt = instant(warned)
	c.TokenLifetime = time.Duration(lifetime) * time.Millisecond
	return c, err
}

func (t oauthClients) Insert(c domain.OAuthClient) error {
	return t.exec(`INSERT INTO oauth_clients (organisation_id, oauth_client_id, connection_id, hash, previous_hash, previous_ends_at,
token_lifetime, created_at, rotated_at, expires_at, revoked_at, last_used_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		c.Organisation.UUID, c.ID.UUID, c.Connection.UUID, c.Hash[:], c.Previous[:], millis(c.PreviousEndsAt), c.TokenLifetime.Milliseconds(),
		c.CreatedAt.UnixMilli(), millis(c.RotatedAt), millis(c.ExpiresAt), millis(c.RevokedAt), millis(c.LastUsedAt))
}

func (t oauthClients) Get(org domain.OrganisationID, id domain.OAuthClientID) (domain.OAuthClient, error) {
	return t.one(t.query, "SELECT "+oauthClientColumns+" FROM oauth_clients WHERE organisation_id = ? AND oauth_client_id = ?", org, id)
}

func (t oauthClients) Hold(org domain.OrganisationID, id domain.OAuthClientID) (domain.OAuthClient, error) {
	// An update of nothing locks the row.
	return t.one(t.inside, "UPDATE oauth_clients SET created_at = created_at WHERE organisation_id = ? AND oauth_client_id = ? RETURNING "+
		oauthClientColumns, org, id)
}

func (t oauthClients) one(read func(string, []any, func(row) error) error, sql string, org domain.OrganisationID, id domain.OAuthClientID) (c domain.OAuthClient, err error) {
	found := false
	err = read(sql, []any{org.UUID, id.UUID}, func(r row) (err error) {
		found = true
		c, err = scanOAuthClient(r, org)
		return err
	})
	if err == nil && !found {
		err = notFound("OAuth client")
	}
	return c, err
}

func (t oauthClients) List(org domain.OrganisationID, of domain.ConnectionID) ([]domain.OAuthClient, error) {
	var list []domain.OAuthClient
	err := t.query("SELECT "+oauthClientColumns+" FROM oauth_clients WHERE organisation_id = ? AND connection_id = ? ORDER BY oauth_client_id DESC",
		[]any{org.UUID, of.UUID}, func(r row) error {
			c, err := scanOAuthClient(r, org)
			list = append(list, c)
			return err
		})
	return list, err
}

func (t oauthClients) Save(c domain.OAuthClient) error {
	return t.touch(notFound("OAuth client"), `UPDATE oauth_clients SET hash = ?, previous_hash = ?, previous_ends_at = ?, rotated_at = ?, expires_at = ?,
revoked_at = ?, last_used_at = ?, warned_at = ? WHERE organisation_id = ? AND oauth_client_id = ?`,
		c.Hash[:], c.Previous[:], millis(c.PreviousEndsAt), millis(c.RotatedAt), millis(c.ExpiresAt), millis(c.RevokedAt), millis(c.LastUsedAt),
		millis(c.WarnedAt), c.Organisation.UUID, c.ID.UUID)
}

func (t oauthClients) Warned(org domain.OrganisationID, id domain.OAuthClientID, at time.Time) error {
	return t.touch(notFound("OAuth client"), "UPDATE oauth_clients SET warned_at = ? WHERE organisation_id = ? AND oauth_client_id = ?",
		millis(at), org.UUID, id.UUID)
}

func (t oauthClients) Tokens(org domain.OrganisationID, id domain.OAuthClientID) ([]domain.Token, error) {
	var rows []tokenRow
	if err := t.orm().Where("organisation_id = ? AND oauth_client_id = ?", org.UUID, id.UUID).Order("token_id").Find(&rows).Error; err != nil {
		return nil, err
	}
	list := make([]domain.Token, len(rows))
	for i, r := range rows {
		list[i] = r.noun()
	}
	return list, nil
}

func (t oauthClients) Forget(org domain.OrganisationID, id domain.OAuthClientID, now time.Time) error {
	return t.exec("DELETE FROM tokens WHERE organisation_id = ? AND oauth_client_id = ? AND (expires_at <= ? OR revoked_at IS NOT NULL)",
		org.UUID, id.UUID, now.UnixMilli())
}
