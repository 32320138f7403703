package persistence

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"usher/domain"
)

type webhooks struct{ session }

const webhookSQL = `SELECT webhook_id, url, description, types, version, created_at, modified_at, COALESCE(disabled_at, 0), disabled_reason,
COALESCE(failing_since, 0), secret, former_secret, COALESCE(former_until, 0) FROM webhooks WHERE organisation_id = ?`

func (t webhooks) all(org domain.OrganisationID, where string, args ...any) ([]domain.Webhook, error) {
	var list []domain.Webhook
	err := t.query(webhookSQL+where, append([]any{org.UUID}, args...), func(r row) error {
		w := domain.Webhook{Organisation: org}
		var types, reason string
		var created, modified, disabled, failing, former int64
		err := r.Scan(&w.ID.UUID, &w.URL, &w.Description, &types, &w.Version, &created, &modified, &disabled, &reason, &failing,
			&w.SealedSecret, &w.SealedFormer, &former)
		for of := range strings.FieldsSeq(types) {
			w.Types = append(w.Types, domain.EventType(of))
		}
		w.CreatedAt, w.ModifiedAt, w.DisabledAt = instant(created), instant(modified), instant(disabled)
		w.DisabledReason, w.FailingSince, w.FormerUntil = domain.WebhookStop(reason), instant(failing), instant(former)
		list = append(list, w)
		return err
	})
	return list, err
}

func (t webhooks) List(org domain.OrganisationID) ([]domain.Webhook, error) {
	return t.all(org, " ORDER BY webhook_id")
}

func (t webhooks) Get(org domain.OrganisationID, id domain.WebhookID) (domain.Webhook, error) {
	list, err := t.all(org, " AND webhook_id = ?", id.UUID)
	if err == nil && len(list) == 0 {
		err = notFound("webhook")
	}
	if err != nil {
		return domain.Webhook{}, err
	}
	return list[0], nil
}

func spellTypes(types []domain.EventType) string {
	words := make([]string, len(types))
	for i, of := range types {
		words[i] = string(of)
	}
	return strings.Join(words, " ")
}

// bytesOrNull stores no bytes as NULL.
func bytesOrNull(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return b
}

func (t webhooks) Insert(w domain.Webhook) error {
	return t.exec(`INSERT INTO webhooks (organisation_id, webhook_id, url, description, types, version, created_at, modified_at, disabled_at,
disabled_reason, failing_since, secret, former_secret, former_until) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		w.Organisation.UUID, w.ID.UUID, w.URL, w.Description, spellTypes(w.Types), w.Version, w.CreatedAt.UnixMilli(), w.ModifiedAt.UnixMilli(),
		millis(w.DisabledAt), string(w.DisabledReason), millis(w.FailingSince), w.SealedSecret, bytesOrNull(w.SealedFormer), millis(w.FormerUntil))
}

func (t webhooks) Save(was, is domain.Webhook) error {
	return t.touch(errStale, `UPDATE webhooks SET url = ?, description = ?, types = ?, version = ?, modified_at = ?, disabled_at = ?,
disabled_reason = ?, failing_since = ?, secret = ?, former_secret = ?, former_until = ? WHERE organisation_id = ? AND webhook_id = ? AND version = ?`,
		is.URL, is.Description, spellTypes(is.Types), is.Version, is.ModifiedAt.UnixMilli(), millis(is.DisabledAt), string(is.DisabledReason),
		millis(is.FailingSince), is.SealedSecret, bytesOrNull(is.SealedFormer), millis(is.FormerUntil),
		is.Organisation.UUID, is.ID.UUID, was.Version)
}

func (t webhooks) Failing(org domain.OrganisationID, id domain.WebhookID, since time.Time) error {
	return t.exec("UPDATE webhooks SET failing_since = ? WHERE organisation_id = ? AND webhook_id = ?", millis(since), org.UUID, id.UUID)
}

func (t webhooks) Delete(w domain.Webhook) error {
	return t.touch(errStale, "DELETE FROM webhooks WHERE organisation_id = ? AND webhook_id = ? AND version = ?", w.Organisation.UUID, w.ID.UUID, w.Version)
}

func (t webhooks) Replay(org domain.OrganisationID, id domain.WebhookID, r domain.Replay) error {
	const sql = `UPDATE webhooks SET replay_commit = ?, replay_event = ?, replay_until_commit = ?, replay_until_event = ?
WHERE organisation_id = ? AND webhook_id = ?`
	if r.IsZero() {
		return t.exec(sql, nil, nil, nil, nil, org.UUID, id.UUID)
	}
	return t.exec(sql, r.After.Commit, idOrLowest(r.After.ID.UUID), r.Until.Commit, idOrLowest(r.Until.ID.UUID), org.UUID, id.UUID)
}

func (t webhooks) Replaying(limit int) ([]domain.WebhookRef, error) {
	var list []domain.WebhookRef
	err := t.query("SELECT organisation_id, webhook_id FROM webhooks WHERE replay_commit IS NOT NULL LIMIT ?", []any{limit}, func(r row) error {
		var ref domain.WebhookRef
		err := r.Scan(&ref.Organisation.UUID, &ref.ID.UUID)
		list = append(list, ref)
		return err
	})
	return list, err
}

func (t webhooks) ClaimReplay(org domain.OrganisationID, id domain.WebhookID) (r domain.Replay, claimed bool, err error) {
	sql := `SELECT replay_commit, replay_event, replay_until_commit, replay_until_event FROM webhooks
WHERE organisation_id = ? AND webhook_id = ? AND replay_commit IS NOT NULL`
	if t.dialect() == postgres {
		sql += " FOR UPDATE SKIP LOCKED"
	}
	var after, until uuid.UUID
	err = t.inside(sql, []any{org.UUID, id.UUID}, func(found row) error {
		claimed = true
		return found.Scan(&r.After.Commit, &after, &r.Until.Commit, &until)
	})
	r.After.ID.UUID, r.Until.ID.UUID = after, until
	return r, claimed, err
}
