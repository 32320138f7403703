-- Organisations, connections, people, groups, seats and the event log.
--
-- Instants are bigint: milliseconds since 1970, UTC. Text compares byte by byte (COLLATE "C"): folding is done by the
-- application, and both databases must agree. The organisation leads every key, so that the schema shards by tenant;
-- organisation_slugs is the one table without it, because a slug is what finds the organisation.
--
-- Tables that every push writes have no foreign key to the organisation, connection or group: each check would lock
-- that one row for everybody. Whoever deletes one of those deletes what belongs to it.

-- +goose Up
CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE TABLE organisations (
    organisation_id uuid PRIMARY KEY,
    slug            text COLLATE "C" NOT NULL,
    name            text NOT NULL,
    created_at      bigint NOT NULL,
    suspended_at    bigint,
    schema_version  bigint NOT NULL DEFAULT 0,
    access_version  bigint NOT NULL DEFAULT 0 -- moves with whatever takes access away or gives it back
);

CREATE TABLE organisation_slugs (
    slug            text COLLATE "C" PRIMARY KEY,
    organisation_id uuid NOT NULL
);

CREATE TABLE connections (
    organisation_id    uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
    connection_id      uuid NOT NULL,
    name               text NOT NULL,
    name_key           text COLLATE "C" NOT NULL,
    kind               text NOT NULL,
    activation         text NOT NULL,
    oidc_issuer        text,
    oidc_client_id     text,
    oidc_client_secret bytea,
    created_at         bigint NOT NULL,
    disabled_at        bigint,
    CONSTRAINT connections_pkey PRIMARY KEY (organisation_id, connection_id),
    CONSTRAINT connections_name_key UNIQUE (organisation_id, name_key)
);

CREATE TABLE tokens (
    organisation_id uuid NOT NULL,
    token_id        uuid NOT NULL,
    connection_id   uuid NOT NULL,
    hash            bytea NOT NULL,
    created_at      bigint NOT NULL,
    expires_at      bigint,
    revoked_at      bigint,
    last_used_at    bigint,
    CONSTRAINT tokens_pkey PRIMARY KEY (organisation_id, token_id),
    CONSTRAINT tokens_hash UNIQUE (organisation_id, hash),
    CONSTRAINT tokens_connection FOREIGN KEY (organisation_id, connection_id) REFERENCES connections ON DELETE CASCADE
);

CREATE TABLE custom_schemas (
    organisation_id uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
    urn_key         text COLLATE "C" NOT NULL,
    urn             text NOT NULL,
    definition      text NOT NULL,
    created_at      bigint NOT NULL,
    CONSTRAINT custom_schemas_pkey PRIMARY KEY (organisation_id, urn_key)
);

CREATE TABLE users (
    organisation_id  uuid NOT NULL,
    user_id          uuid NOT NULL,
    connection_id    uuid,
    status           text NOT NULL,
    owner            boolean NOT NULL DEFAULT false,
    licence          text NOT NULL,
    user_name        text NOT NULL,
    user_name_key    text COLLATE "C" NOT NULL,
    external_id      text COLLATE "C",
    display_name     text,
    display_name_key text COLLATE "C",
    given_name_key   text COLLATE "C",
    family_name_key  text COLLATE "C",
    manager          text COLLATE "C",
    manager_id       uuid, -- manager where it has the form of an id
    document         text NOT NULL,
    version          bigint NOT NULL,
    created_at       bigint NOT NULL,
    modified_at      bigint NOT NULL,
    accepted_at      bigint,
    archived_at      bigint,
    CONSTRAINT users_pkey PRIMARY KEY (organisation_id, user_id)
);
CREATE UNIQUE INDEX users_user_name ON users (organisation_id, user_name_key) WHERE archived_at IS NULL;
CREATE UNIQUE INDEX users_external_id ON users (organisation_id, connection_id, external_id) WHERE archived_at IS NULL AND external_id IS NOT NULL;
CREATE INDEX users_page ON users (organisation_id, connection_id, user_id) WHERE archived_at IS NULL;
CREATE INDEX users_display_name ON users (organisation_id, display_name_key) WHERE archived_at IS NULL;
CREATE INDEX users_manager ON users (organisation_id, manager) WHERE archived_at IS NULL AND manager IS NOT NULL;
CREATE INDEX users_owners ON users (organisation_id, user_id) WHERE owner AND archived_at IS NULL;
CREATE INDEX users_user_name_text ON users USING gin (user_name_key gin_trgm_ops) WHERE archived_at IS NULL;
CREATE INDEX users_display_name_text ON users USING gin (display_name_key gin_trgm_ops) WHERE archived_at IS NULL;

CREATE TABLE user_emails (
    organisation_id uuid NOT NULL,
    user_id         uuid NOT NULL,
    position        integer NOT NULL,
    address_key     text COLLATE "C" NOT NULL,
    type_key        text COLLATE "C",
    is_primary      boolean NOT NULL,
    CONSTRAINT user_emails_pkey PRIMARY KEY (organisation_id, user_id, position),
    CONSTRAINT user_emails_user FOREIGN KEY (organisation_id, user_id) REFERENCES users (organisation_id, user_id) ON DELETE CASCADE
);
CREATE INDEX user_emails_address ON user_emails (organisation_id, address_key);
CREATE INDEX user_emails_address_text ON user_emails USING gin (address_key gin_trgm_ops);

-- User names and sign-in e-mails of different people share one name space (rule email.unique).
CREATE TABLE sign_in_names (
    organisation_id uuid NOT NULL,
    name_key        text COLLATE "C" NOT NULL,
    user_id         uuid NOT NULL,
    connection_id   uuid,
    kind            text NOT NULL,
    CONSTRAINT sign_in_names_pkey PRIMARY KEY (organisation_id, name_key)
);
CREATE INDEX sign_in_names_user ON sign_in_names (organisation_id, user_id);

CREATE TABLE groups (
    organisation_id  uuid NOT NULL,
    group_id         uuid NOT NULL,
    connection_id    uuid NOT NULL,
    external_id      text COLLATE "C",
    display_name     text NOT NULL,
    display_name_key text COLLATE "C" NOT NULL,
    document         text NOT NULL,
    version          bigint NOT NULL,
    created_at       bigint NOT NULL,
    modified_at      bigint NOT NULL,
    archived_at      bigint,
    CONSTRAINT groups_pkey PRIMARY KEY (organisation_id, group_id)
);
CREATE UNIQUE INDEX groups_external_id ON groups (organisation_id, connection_id, external_id) WHERE archived_at IS NULL AND external_id IS NOT NULL;
CREATE INDEX groups_page ON groups (organisation_id, connection_id, group_id) WHERE archived_at IS NULL;
CREATE INDEX groups_display_name ON groups (organisation_id, display_name_key) WHERE archived_at IS NULL;
CREATE INDEX groups_display_name_text ON groups USING gin (display_name_key gin_trgm_ops) WHERE archived_at IS NULL;

-- member_kind: 1 a person, 2 a nested group. A member that is archived shows nowhere.
CREATE TABLE memberships (
    organisation_id uuid NOT NULL,
    group_id        uuid NOT NULL,
    member_id       uuid NOT NULL,
    member_kind     smallint NOT NULL,
    CONSTRAINT memberships_pkey PRIMARY KEY (organisation_id, group_id, member_id)
);
CREATE INDEX memberships_member ON memberships (organisation_id, member_id, group_id);

-- A licence with a NULL limit is unlimited and has no seat rows.
CREATE TABLE licences (
    organisation_id uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
    licence         text COLLATE "C" NOT NULL,
    seat_limit      integer,
    CONSTRAINT licences_pkey PRIMARY KEY (organisation_id, licence)
);

-- A seat is a row: free, or held by one person.
CREATE TABLE seats (
    organisation_id uuid NOT NULL,
    licence         text COLLATE "C" NOT NULL,
    seat_number     integer NOT NULL,
    holder_id       uuid,
    CONSTRAINT seats_pkey PRIMARY KEY (organisation_id, licence, seat_number),
    CONSTRAINT seats_licence FOREIGN KEY (organisation_id, licence) REFERENCES licences ON DELETE CASCADE
);
CREATE UNIQUE INDEX seats_holder ON seats (organisation_id, holder_id) WHERE holder_id IS NOT NULL;
CREATE INDEX seats_free ON seats (organisation_id, licence, seat_number) WHERE holder_id IS NULL;

-- Append-only. commit_order lets a reader know which events may still be followed by ones that commit later.
CREATE TABLE events (
    organisation_id uuid NOT NULL,
    event_id        uuid NOT NULL,
    commit_order    bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
    type            text NOT NULL,
    actor_kind      text NOT NULL,
    actor_id        uuid,
    subject_kind    text NOT NULL,
    subject_id      uuid NOT NULL,
    request_id      text NOT NULL,
    occurred_at     bigint NOT NULL,
    CONSTRAINT events_pkey PRIMARY KEY (organisation_id, event_id)
);

-- The personal values of events, which can be erased without touching the log.
CREATE TABLE event_values (
    organisation_id uuid NOT NULL,
    event_id        uuid NOT NULL,
    subject_id      uuid NOT NULL,
    before_values   text,
    after_values    text,
    CONSTRAINT event_values_pkey PRIMARY KEY (organisation_id, event_id)
);

-- How many people and groups a connection shows; spread over shards so that no row is hot.
CREATE TABLE resource_counts (
    organisation_id uuid NOT NULL,
    connection_id   uuid NOT NULL,
    kind            text COLLATE "C" NOT NULL,
    shard           integer NOT NULL,
    n               bigint NOT NULL,
    CONSTRAINT resource_counts_pkey PRIMARY KEY (organisation_id, connection_id, kind, shard)
);

CREATE TABLE tallies (
    organisation_id uuid NOT NULL,
    connection_id   uuid NOT NULL,
    kind            text COLLATE "C" NOT NULL,
    what            text COLLATE "C" NOT NULL,
    n               bigint NOT NULL,
    first_at        bigint NOT NULL,
    last_at         bigint NOT NULL,
    detail          text NOT NULL,
    request_id      text NOT NULL,
    CONSTRAINT tallies_pkey PRIMARY KEY (organisation_id, connection_id, kind, what)
);

CREATE TABLE rate_windows (
    organisation_id uuid NOT NULL,
    connection_id   uuid NOT NULL,
    time_window     bigint NOT NULL,
    n               bigint NOT NULL,
    CONSTRAINT rate_windows_pkey PRIMARY KEY (organisation_id, connection_id, time_window)
);

-- +goose Down
-- Migrations go forward only.
SELECT 1;
