-- +goose Up

-- Clients of connections, which are given short directory tokens for their id and secret (RFC 6749 section 4.4). Of the
-- secrets there is only the SHA-256; token_lifetime is in milliseconds.
CREATE TABLE oauth_clients (
    organisation_id  text NOT NULL,
    oauth_client_id  text NOT NULL,
    connection_id    text NOT NULL,
    hash             blob NOT NULL,
    previous_hash    blob NOT NULL,
    previous_ends_at integer,
    token_lifetime   integer NOT NULL,
    created_at       integer NOT NULL,
    rotated_at       integer,
    expires_at       integer,
    revoked_at       integer,
    last_used_at     integer,
    CONSTRAINT oauth_clients_pkey PRIMARY KEY (organisation_id, oauth_client_id),
    CONSTRAINT oauth_clients_connection FOREIGN KEY (organisation_id, connection_id) REFERENCES connections ON DELETE CASCADE
);

-- Which client was given a token; NULL for one that was made by hand.
ALTER TABLE tokens ADD COLUMN oauth_client_id text;
CREATE INDEX tokens_by_oauth_client ON tokens (organisation_id, oauth_client_id) WHERE oauth_client_id IS NOT NULL;

-- +goose Down
-- Migrations go forward only.
SELECT 1;
