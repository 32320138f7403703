-- +goose Up

-- Clients of connections, which are given short directory tokens for their id and secret (RFC 6749 section 4.4). Of the
-- secrets there is only the SHA-256; token_lifetime is in milliseconds.
CREATE TABLE oauth_clients (
    organisation_id  uuid NOT NULL,
    oauth_client_id  uuid NOT NULL,
    connection_id    uuid NOT NULL,
    hash             bytea NOT NULL,
    previous_hash    bytea NOT NULL,
    previous_ends_at bigint,
    token_lifetime   bigint NOT NULL,
    created_at       bigint NOT NULL,
    rotated_at       bigint,
    expires_at       bigint,
    revoked_at       bigint,
    last_used_at     bigint,
    CONSTRAINT oauth_clients_pkey PRIMARY KEY (organisation_id, oauth_client_id),
    CONSTRAINT oauth_clients_connection FOREIGN KEY (organisation_id, connection_id) REFERENCES connections ON DELETE CASCADE
);

-- Which client was given a token; NULL for one that was made by hand.
ALTER TABLE tokens ADD COLUMN oauth_client_id uuid;
CREATE INDEX tokens_by_oauth_client ON tokens (organisation_id, oauth_client_id) WHERE oauth_client_id IS NOT NULL;

-- +goose Down
-- Migrations go forward only.
SELECT 1;
