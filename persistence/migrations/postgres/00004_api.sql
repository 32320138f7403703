-- What applications that use the API need: their keys, the answers of their requests, and the event log in the order in
-- which it was committed.

-- +goose Up
CREATE TABLE api_keys (
    organisation_id uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
    api_key_id      uuid NOT NULL,
    name            text NOT NULL,
    permissions     text COLLATE "C" NOT NULL, -- module:action, with blanks between
    hash            bytea NOT NULL,
    created_at      bigint NOT NULL,
    expires_at      bigint,
    revoked_at      bigint,
    last_used_at    bigint,
    CONSTRAINT api_keys_pkey PRIMARY KEY (organisation_id, api_key_id),
    CONSTRAINT api_keys_hash UNIQUE (organisation_id, hash)
);

-- Every request with an Idempotency-Key writes here, so there is no foreign key to the organisation's row.
CREATE TABLE answers (
    organisation_id uuid NOT NULL,
    asker_id        uuid NOT NULL,
    idempotency_key text COLLATE "C" NOT NULL,
    request_hash    bytea NOT NULL,
    sealed          bytea,
    expires_at      bigint NOT NULL,
    CONSTRAINT answers_pkey PRIMARY KEY (organisation_id, asker_id, idempotency_key)
);
CREATE INDEX answers_expiry ON answers (organisation_id, expires_at);

CREATE INDEX events_feed ON events (organisation_id, commit_order, event_id);

-- +goose Down
-- Migrations go forward only.
SELECT 1;
