-- What applications that use the API need: their keys, the answers of their requests, and the event log in the order in
-- which it was committed.

-- +goose Up
CREATE TABLE api_keys (
    organisation_id text NOT NULL REFERENCES organisations ON DELETE CASCADE,
    api_key_id      text NOT NULL,
    name            text NOT NULL,
    permissions     text NOT NULL, -- module:action, with blanks between
    hash            blob NOT NULL,
    created_at      integer NOT NULL,
    expires_at      integer,
    revoked_at      integer,
    last_used_at    integer,
    CONSTRAINT api_keys_pkey PRIMARY KEY (organisation_id, api_key_id),
    CONSTRAINT api_keys_hash UNIQUE (organisation_id, hash)
);

-- Every request with an Idempotency-Key writes here, so there is no foreign key to the organisation's row.
CREATE TABLE answers (
    organisation_id text NOT NULL,
    asker_id        text NOT NULL,
    idempotency_key text NOT NULL,
    request_hash    blob NOT NULL,
    sealed          blob,
    expires_at      integer NOT NULL,
    CONSTRAINT answers_pkey PRIMARY KEY (organisation_id, asker_id, idempotency_key)
);
CREATE INDEX answers_expiry ON answers (organisation_id, expires_at);

CREATE INDEX events_feed ON events (organisation_id, commit_order);

-- +goose Down
-- Migrations go forward only.
SELECT 1;
