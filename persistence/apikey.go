package persistence

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"usher/domain"
)

type apiKeys struct{ session }

const (
	apiKeyColumns = `k.organisation_id, k.api_key_id, k.name, k.permissions, k.hash, k.created_at, COALESCE(k.expires_at, 0),
COALESCE(k.revoked_at, 0), COALESCE(k.last_used_at, 0), COALESCE(k.warned_at, 0), k.user_id`

	insertAPIKeySQL = `INSERT INTO api_keys (organisation_id, api_key_id, name, permissions, hash, created_at, expires_at, revoked_at,
last_used_at, user_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

	holderSQL = `SELECT ` + apiKeyColumns + `, o.suspended_at IS NOT NULL FROM api_keys k
JOIN organisations o ON o.organisation_id = k.organisation_id
WHERE k.organisation_id = ? AND k.hash = ? AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > ?)`
)

func (t apiKeys) Insert(k domain.APIKey) error {
	return t.exec(insertAPIKeySQL, k.Organisation.UUID, k.ID.UUID, k.Name, spellPermissions(k.Permissions), k.Hash[:],
		k.CreatedAt.UnixMilli(), millis(k.ExpiresAt), millis(k.RevokedAt), millis(k.LastUsedAt), idOrNull(k.User.UUID))
}

// idOrNull is an id, or NULL for none.
func idOrNull(id uuid.UUID) any {
	if id == uuid.Nil {
		return nil
	}
	return id
}

// scanAPIKey reads apiKeyColumns, and what follows them into more.
func scanAPIKey(r row, more ...any) (domain.APIKey, error) {
	var k domain.APIKey
	var permissions string
	var hash []byte
	var created, expires, revoked, used, warned int64
	var user *uuid.UUID
	dest := append([]any{&k.Organisation.UUID, &k.ID.UUID, &k.Name, &permissions, &hash, &created, &expires, &revoked, &used, &warned, &user}, more...)
	if err := r.Scan(dest...); err != nil {
		return domain.APIKey{}, err
	}
	if user != nil {
		k.User.UUID = *user
	}
	copy(k.Hash[:], hash)
	k.CreatedAt, k.ExpiresAt, k.RevokedAt, k.LastUsedAt = instant(created), instant(expires), instant(revoked), instant(used)
	k.WarnedAt = instant(warned)
	var err error
	k.Permissions, err = readPermissions(permissions)
	return k, err
}

// spellPermissions is a set in which every permission is on all objects, as api_keys.permissions has it.
func spellPermissions(set domain.Permissions) string {
	words := make([]string, 0, len(set))
	for _, of := range set.List() {
		words = append(words, of.String())
	}
	return strings.Join(words, " ")
}

func readPermissions(text string) (domain.Permissions, error) {
	set := domain.Permissions{}
	for word := range strings.FieldsSeq(text) {
		of, err := domain.ParsePermission(word)
		if err != nil {
			return nil, err
		}
		set[of] = domain.AllObjects()
	}
	return set, nil
}

func (t apiKeys) Get(org domain.OrganisationID, id domain.APIKeyID) (domain.APIKey, error) {
	list, err := t.list(" WHERE k.organisation_id = ? AND k.api_key_id = ?", org.UUID, id.UUID)
	if err == nil && len(list) == 0 {
		return domain.APIKey{}, notFound("API key")
	}
	if err != nil {
		return domain.APIKey{}, err
	}
	return list[0], nil
}

func (t apiKeys) List(org domain.OrganisationID) ([]domain.APIKey, error) {
	return t.list(" WHERE k.organisation_id = ? ORDER BY k.api_key_id DESC", org.UUID)
}

func (t apiKeys) list(where string, args ...any) ([]domain.APIKey, error) {
	var list []domain.APIKey
	err := t.query("SELECT "+apiKeyColumns+" FROM api_keys k"+where, args, func(r row) error {
		k, err := scanAPIKey(r)
		list = append(list, k)
		return err
	})
	return list, err
}

func (t apiKeys) Narrow(org domain.OrganisationID, id domain.APIKeyID, left domain.Permissions) error {
	return t.touch(notFound("API key"), "UPDATE api_keys SET permissions = ? WHERE organisation_id = ? AND api_key_id = ?", spellPermissions(left), org.UUID, id.UUID)
}

func (t apiKeys) Warned(org domain.OrganisationID, id domain.APIKeyID, at time.Time) error {
	return t.touch(notFound("API key"), "UPDATE api_keys SET warned_at = ? WHERE organisation_id = ? AND api_key_id = ?", millis(at), org.UUID, id.UUID)
}

func (t apiKeys) Revoke(org domain.OrganisationID, id domain.APIKeyID, at time.Time) error {
	return t.touch(notFound("API key"), "UPDATE api_keys SET revoked_at = COALESCE(revoked_at, ?) WHERE organisation_id = ? AND api_key_id = ?",
		millis(at), org.UUID, id.UUID)
}

func (t apiKeys) RevokeOf(org domain.OrganisationID, user domain.UserID, at time.Time) ([]domain.APIKeyID, error) {
	var ended []domain.APIKeyID
	err := t.inside(`UPDATE api_keys SET revoked_at = ? WHERE organisation_id = ? AND user_id = ? AND revoked_at IS NULL
AND (expires_at IS NULL OR expires_at > ?) RETURNING api_key_id`, []any{at.UnixMilli(), org.UUID, user.UUID, at.UnixMilli()}, func(r row) error {
		var id domain.APIKeyID
		err := r.Scan(&id.UUID)
		ended = append(ended, id)
		return err
	})
	slices.SortFunc(ended, func(a, b domain.APIKeyID) int { return slices.Compare(a.UUID[:], b.UUID[:]) })
	return ended, err
}

func (t apiKeys) Holder(b domain.Bearer, now time.Time) (key domain.APIKey, suspended bool, err error) {
	found := false
	err = t.query(holderSQL, []any{b.Organisation.UUID, b.Hash[:], now.UnixMilli()}, func(r row) (err error) {
		found = true
		key, err = scanAPIKey(r, &suspended)
		return err
	})
	if err == nil && !found {
		err = domain.UnknownAPIKey()
	}
	return key, suspended, err
}

func (t apiKeys) Used(org domain.OrganisationID, hash domain.TokenHash, at time.Time) error {
	return t.exec("UPDATE api_keys SET last_used_at = ? WHERE organisation_id = ? AND hash = ? AND (last_used_at IS NULL OR last_used_at < ?)",
		millis(at), org.UUID, hash[:], millis(at))
}
