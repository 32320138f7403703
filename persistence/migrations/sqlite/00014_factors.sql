-- +goose Up

-- When who has a session last showed who they are, and by what beside a password.
ALTER TABLE sessions ADD COLUMN proved_at integer;
ALTER TABLE sessions ADD COLUMN factor text NOT NULL DEFAULT '';

-- The time step of the last code that was used, so that each is good once.
ALTER TABLE second_factors ADD COLUMN step integer NOT NULL DEFAULT 0;

-- Recovery codes that were not used. hash is the SHA-256 of one and of whose it is.
CREATE TABLE recovery_codes (
    organisation_id text NOT NULL,
    user_id         text NOT NULL,
    hash            blob NOT NULL,
    created_at      integer NOT NULL,
    CONSTRAINT recovery_codes_pkey PRIMARY KEY (organisation_id, user_id, hash),
    CONSTRAINT recovery_codes_sign_in FOREIGN KEY (organisation_id, user_id) REFERENCES sign_ins (organisation_id, user_id) ON DELETE CASCADE
);

-- Passkeys, of which the public half is here. transports has blanks between the words.
CREATE TABLE passkeys (
    organisation_id text NOT NULL,
    passkey_id      text NOT NULL,
    user_id         text NOT NULL,
    credential      blob NOT NULL,
    public_key      blob NOT NULL,
    flags           integer NOT NULL,
    transports      text NOT NULL,
    signatures      integer NOT NULL,
    name            text NOT NULL,
    created_at      integer NOT NULL,
    used_at         integer,
    CONSTRAINT passkeys_pkey PRIMARY KEY (organisation_id, passkey_id),
    CONSTRAINT passkeys_credential UNIQUE (organisation_id, credential),
    CONSTRAINT passkeys_sign_in FOREIGN KEY (organisation_id, user_id) REFERENCES sign_ins (organisation_id, user_id) ON DELETE CASCADE
);
CREATE INDEX passkeys_of_user ON passkeys (organisation_id, user_id);

-- +goose Down
-- Migrations go forward only.
SELECT 1;
