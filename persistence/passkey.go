package persistence

import (
	"strings"
	"time"

	"usher/domain"
)

type passkeys struct{ session }

const passkeyColumns = "passkey_id, user_id, credential, public_key, flags, transports, signatures, name, created_at, COALESCE(used_at, 0)"

// scanPasskey reads passkeyColumns.
func scanPasskey(r row, org domain.OrganisationID) (domain.Passkey, error) {
	k := domain.Passkey{Organisation: org}
	var flags, signatures, created, used int64
	var transports string
	err := r.Scan(&k.ID.UUID, &k.User.UUID, &k.Credential, &k.PublicKey, &flags, &transports, &signatures, &k.Name, &created, &used)
	k.Flags, k.Signatures = byte(flags), uint32(signatures)
	if transports != "" {
		k.Transports = strings.Fields(transports)
	}
	k.CreatedAt, k.UsedAt = instant(created), instant(used)
	return k, err
}

func (t passkeys) Insert(k domain.Passkey) error {
	return t.claim(domain.PasskeyTaken(), `INSERT INTO passkeys (organisation_id, passkey_id, user_id, credential, public_key, flags, transports, signatures,
name, created_at, used_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, k.Organisation.UUID, k.ID.UUID, k.User.UUID, k.Credential, k.PublicKey, int64(k.Flags),
		strings.Join(k.Transports, " "), int64(k.Signatures), k.Name, k.CreatedAt.UnixMilli(), millis(k.UsedAt))
}

func (t passkeys) ByCredential(org domain.OrganisationID, user domain.UserID, credential []byte) (domain.Passkey, error) {
	all, err := t.some(org, "user_id = ? AND credential = ?", user.UUID, credential)
	if err != nil {
		return domain.Passkey{}, err
	}
	if len(all) == 0 {
		return domain.Passkey{}, notFound("passkey")
	}
	return all[0], nil
}

func (t passkeys) List(org domain.OrganisationID, user domain.UserID) ([]domain.Passkey, error) {
	return t.some(org, "user_id = ? ORDER BY created_at DESC, passkey_id DESC", user.UUID)
}

func (t passkeys) some(org domain.OrganisationID, where string, args ...any) ([]domain.Passkey, error) {
	var list []domain.Passkey
	err := t.query("SELECT "+passkeyColumns+" FROM passkeys WHERE organisation_id = ? AND "+where, append([]any{org.UUID}, args...), func(r row) error {
		k, err := scanPasskey(r, org)
		list = append(list, k)
		return err
	})
	return list, err
}

func (t passkeys) Use(was domain.Passkey, flags byte, signatures uint32, at time.Time) error {
	return t.touch(errStale, `UPDATE passkeys SET flags = ?, signatures = ?, used_at = ?
WHERE organisation_id = ? AND passkey_id = ? AND signatures = ?`, int64(flags), int64(signatures), at.UnixMilli(),
		was.Organisation.UUID, was.ID.UUID, int64(was.Signatures))
}

func (t passkeys) Remove(org domain.OrganisationID, user domain.UserID, id domain.PasskeyID) error {
	return t.touch(notFound("passkey"), "DELETE FROM passkeys WHERE organisation_id = ? AND passkey_id = ? AND user_id = ?", org.UUID, id.UUID, user.UUID)
}

func (t passkeys) RemoveAll(org domain.OrganisationID, user domain.UserID) (int, error) {
	return gone(t, "DELETE FROM passkeys WHERE organisation_id = ? AND user_id = ? RETURNING 1", org.UUID, user.UUID)
}
