-- +goose Up

-- What people get in by. Everything here hangs on a person's row of sign_ins, so that one look-up there says whether there
-- is anything at all.

ALTER TABLE policies ADD COLUMN failed_sign_ins bigint NOT NULL DEFAULT 5;
ALTER TABLE policies ADD COLUMN password_days bigint NOT NULL DEFAULT 120;
ALTER TABLE policies ADD COLUMN password_warning_days bigint NOT NULL DEFAULT 14;
ALTER TABLE policies ADD COLUMN invitation_days bigint NOT NULL DEFAULT 7;
ALTER TABLE policies ADD COLUMN session_idle_hours bigint NOT NULL DEFAULT 12;
ALTER TABLE policies ADD COLUMN session_days bigint NOT NULL DEFAULT 7;
ALTER TABLE policies ADD COLUMN mfa text NOT NULL DEFAULT 'optional';

-- How one person signs in. Of passwords there is what Argon2id made of them; previous_passwords has one after the other, with a blank between.
CREATE TABLE sign_ins (
    organisation_id    uuid NOT NULL,
    user_id            uuid NOT NULL,
    password           text NOT NULL DEFAULT '',
    password_set_at    bigint,
    password_ends_at   bigint,
    password_warned_at bigint,
    previous_passwords text NOT NULL DEFAULT '',
    failures           bigint NOT NULL DEFAULT 0,
    slowed_until       bigint,
    enrol              boolean NOT NULL DEFAULT false,
    CONSTRAINT sign_ins_pkey PRIMARY KEY (organisation_id, user_id),
    CONSTRAINT sign_ins_user FOREIGN KEY (organisation_id, user_id) REFERENCES users (organisation_id, user_id) ON DELETE CASCADE
);

-- Invitations and password resets. hash is the SHA-256 of the token that was mailed.
CREATE TABLE links (
    organisation_id uuid NOT NULL,
    link_id         uuid NOT NULL,
    user_id         uuid NOT NULL,
    kind            text COLLATE "C" NOT NULL,
    hash            bytea NOT NULL,
    state           text COLLATE "C" NOT NULL,
    resent          boolean NOT NULL,
    created_at      bigint NOT NULL,
    expires_at      bigint NOT NULL,
    ended_at        bigint,
    CONSTRAINT links_pkey PRIMARY KEY (organisation_id, link_id),
    CONSTRAINT links_sign_in FOREIGN KEY (organisation_id, user_id) REFERENCES sign_ins (organisation_id, user_id) ON DELETE CASCADE
);
CREATE INDEX links_of_user ON links (organisation_id, user_id, kind, created_at);
CREATE INDEX links_open ON links (organisation_id, expires_at) WHERE state = 'open';

-- Who is signed in, and where; steps is what is left to do before the session opens anything. hash is the SHA-256 of the token that the browser keeps.
CREATE TABLE sessions (
    organisation_id uuid NOT NULL,
    session_id      uuid NOT NULL,
    user_id         uuid NOT NULL,
    hash            bytea NOT NULL,
    method          text NOT NULL,
    steps           text NOT NULL DEFAULT '',
    agent           text NOT NULL,
    address         text NOT NULL,
    created_at      bigint NOT NULL,
    seen_at         bigint NOT NULL,
    CONSTRAINT sessions_pkey PRIMARY KEY (organisation_id, session_id),
    CONSTRAINT sessions_hash UNIQUE (organisation_id, hash),
    CONSTRAINT sessions_sign_in FOREIGN KEY (organisation_id, user_id) REFERENCES sign_ins (organisation_id, user_id) ON DELETE CASCADE
);
CREATE INDEX sessions_of_user ON sessions (organisation_id, user_id);

-- Browsers that are not asked for a second factor.
CREATE TABLE devices (
    organisation_id uuid NOT NULL,
    device_id       uuid NOT NULL,
    user_id         uuid NOT NULL,
    hash            bytea NOT NULL,
    agent           text NOT NULL,
    created_at      bigint NOT NULL,
    expires_at      bigint NOT NULL,
    CONSTRAINT devices_pkey PRIMARY KEY (organisation_id, device_id),
    CONSTRAINT devices_hash UNIQUE (organisation_id, hash),
    CONSTRAINT devices_sign_in FOREIGN KEY (organisation_id, user_id) REFERENCES sign_ins (organisation_id, user_id) ON DELETE CASCADE
);
CREATE INDEX devices_of_user ON devices (organisation_id, user_id);

-- What proves a person beside a password; sealed is under the installation's secret key.
CREATE TABLE second_factors (
    organisation_id uuid NOT NULL,
    user_id         uuid NOT NULL,
    kind            text COLLATE "C" NOT NULL,
    sealed          bytea NOT NULL,
    confirmed_at    bigint,
    CONSTRAINT second_factors_pkey PRIMARY KEY (organisation_id, user_id, kind),
    CONSTRAINT second_factors_sign_in FOREIGN KEY (organisation_id, user_id) REFERENCES sign_ins (organisation_id, user_id) ON DELETE CASCADE
);

-- Who people are at OpenID providers.
CREATE TABLE identities (
    organisation_id uuid NOT NULL,
    connection_id   uuid NOT NULL,
    issuer          text COLLATE "C" NOT NULL,
    subject         text COLLATE "C" NOT NULL,
    user_id         uuid NOT NULL,
    linked_at       bigint NOT NULL,
    CONSTRAINT identities_pkey PRIMARY KEY (organisation_id, connection_id, issuer, subject),
    CONSTRAINT identities_connection FOREIGN KEY (organisation_id, connection_id) REFERENCES connections (organisation_id, connection_id) ON DELETE CASCADE,
    CONSTRAINT identities_sign_in FOREIGN KEY (organisation_id, user_id) REFERENCES sign_ins (organisation_id, user_id) ON DELETE CASCADE
);
CREATE INDEX identities_of_user ON identities (organisation_id, user_id);

-- +goose Down
-- Migrations go forward only.
SELECT 1;
