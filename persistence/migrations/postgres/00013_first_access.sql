-- +goose Up

-- Who comes by single sign-on: how they were found, what their provider said, and which of its sessions theirs began by.

-- By what an identity came to belong to somebody, and which names their provider told last of one who was made here then;
-- what an administrator or a directory has changed since is theirs. said is JSON.
ALTER TABLE identities ADD COLUMN linked_by text COLLATE "C" NOT NULL DEFAULT 'invitation';
ALTER TABLE identities ADD COLUMN said text COLLATE "C" NOT NULL DEFAULT '';

-- The groups of the person's connection that the claims of their last sign-in named. They are no members of them to the
-- directory, whose memberships are its own.
CREATE TABLE claimed_groups (
    organisation_id uuid NOT NULL,
    user_id         uuid NOT NULL,
    group_id        uuid NOT NULL,
    since           bigint NOT NULL,
    CONSTRAINT claimed_groups_pkey PRIMARY KEY (organisation_id, user_id, group_id),
    CONSTRAINT claimed_groups_user FOREIGN KEY (organisation_id, user_id) REFERENCES users (organisation_id, user_id) ON DELETE CASCADE
);
CREATE INDEX claimed_groups_of_group ON claimed_groups (organisation_id, group_id, user_id);

-- A session that began by single sign-on: the provider's name of its own session (sid), and the sealed token that ends that.
ALTER TABLE sessions ADD COLUMN connection_id uuid;
ALTER TABLE sessions ADD COLUMN issuer text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN provider_session text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN logout_hint bytea;
CREATE INDEX sessions_of_provider ON sessions (organisation_id, connection_id, provider_session) WHERE connection_id IS NOT NULL;

ALTER TABLE policies ADD COLUMN local_sign_in text COLLATE "C" NOT NULL DEFAULT 'allowed';

-- Lists have blanks between; max_age is in seconds, and NULL asks for nothing.
ALTER TABLE provider_settings ADD COLUMN just_in_time boolean NOT NULL DEFAULT false;
ALTER TABLE provider_settings ADD COLUMN links_external_id boolean NOT NULL DEFAULT false;
ALTER TABLE provider_settings ADD COLUMN applies_groups boolean NOT NULL DEFAULT false;
ALTER TABLE provider_settings ADD COLUMN refreshes_names boolean NOT NULL DEFAULT false;
ALTER TABLE provider_settings ADD COLUMN required_acr text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE provider_settings ADD COLUMN required_amr text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE provider_settings ADD COLUMN max_age bigint;
ALTER TABLE provider_settings ADD COLUMN prompt text COLLATE "C" NOT NULL DEFAULT '';

-- The address that a provider sends people back to names the connection alone.
CREATE INDEX connections_by_id ON connections (connection_id);

-- +goose Down
-- Migrations go forward only.
SELECT 1;
