-- +goose Up

-- How this server speaks with OpenID providers, and signs assertions of its own.

-- The keys that sign our assertions. They belong to the installation, which stands as an organisation that is none (domain.OfInstallation). public_key is
-- a SubjectPublicKeyInfo, sealed_key a PKCS #8 key, encrypted under the secret key of the installation. That a generation
-- is there once is what makes a rotation happen once, whichever replica finds it due.
CREATE TABLE signing_keys (
    organisation_id uuid NOT NULL,
    algorithm       text COLLATE "C" NOT NULL,
    generation      bigint NOT NULL,
    key_id          text COLLATE "C" NOT NULL,
    public_key      bytea NOT NULL,
    sealed_key      bytea NOT NULL,
    created_at      bigint NOT NULL,
    used_from       bigint NOT NULL,
    CONSTRAINT signing_keys_pkey PRIMARY KEY (organisation_id, algorithm, generation)
);

-- Identifiers of tokens that may come once, by their SHA-256, until nobody would take them any more.
CREATE TABLE used_tokens (
    organisation_id uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
    token_hash      bytea NOT NULL,
    ends_at         bigint NOT NULL,
    CONSTRAINT used_tokens_pkey PRIMARY KEY (organisation_id, token_hash)
);
CREATE INDEX used_tokens_by_end ON used_tokens (organisation_id, ends_at);

-- What a connection asks of its OpenID provider. One without a row has the preset of its kind. Claims are lines of
-- what=name; scopes and domains have blanks between them, and NULL is what the preset says.
CREATE TABLE provider_settings (
    organisation_id uuid NOT NULL,
    connection_id   uuid NOT NULL,
    version         bigint NOT NULL,
    authentication  text COLLATE "C" NOT NULL,
    claims          text COLLATE "C" NOT NULL,
    scopes          text COLLATE "C",
    user_info       boolean NOT NULL,
    hosted_domains  text COLLATE "C",
    key_id          text COLLATE "C" NOT NULL,
    public_key      bytea,
    sealed_key      bytea,
    CONSTRAINT provider_settings_pkey PRIMARY KEY (organisation_id, connection_id),
    CONSTRAINT provider_settings_connection FOREIGN KEY (organisation_id, connection_id) REFERENCES connections ON DELETE CASCADE
);

-- +goose Down
-- Migrations go forward only.
SELECT 1;
