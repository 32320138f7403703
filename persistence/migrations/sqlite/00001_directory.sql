-- Organisations, connections, people, groups, seats and the event log.
--
-- The same tables as for PostgreSQL. Instants are integers: milliseconds since 1970, UTC. Identifiers are text in
-- canonical spelling. Text compares byte by byte (BINARY): folding is done by the application, and both databases must
-- agree. Tables that every push writes have no foreign key to the organisation, connection or group, as there.

-- +goose Up
CREATE TABLE organisations (
    organisation_id text NOT NULL PRIMARY KEY,
    slug            text NOT NULL,
    name            text NOT NULL,
    created_at      integer NOT NULL,
    suspended_at    integer,
    schema_version  integer NOT NULL DEFAULT 0,
    access_version  integer NOT NULL DEFAULT 0 -- moves with whatever takes access away or gives it back
);

CREATE TABLE organisation_slugs (
    slug            text NOT NULL PRIMARY KEY,
    organisation_id text NOT NULL
);

CREATE TABLE connections (
    organisation_id    text NOT NULL REFERENCES organisations ON DELETE CASCADE,
    connection_id      text NOT NULL,
    name               text NOT NULL,
    name_key           text NOT NULL,
    kind               text NOT NULL,
    activation         text NOT NULL,
    oidc_issuer        text,
    oidc_client_id     text,
    oidc_client_secret blob,
    created_at         integer NOT NULL,
    disabled_at        integer,
    CONSTRAINT connections_pkey PRIMARY KEY (organisation_id, connection_id),
    CONSTRAINT connections_name_key UNIQUE (organisation_id, name_key)
);

CREATE TABLE tokens (
    organisation_id text NOT NULL,
    token_id        text NOT NULL,
    connection_id   text NOT NULL,
    hash            blob NOT NULL,
    created_at      integer NOT NULL,
    expires_at      integer,
    revoked_at      integer,
    last_used_at    integer,
    CONSTRAINT tokens_pkey PRIMARY KEY (organisation_id, token_id),
    CONSTRAINT tokens_hash UNIQUE (organisation_id, hash),
    CONSTRAINT tokens_connection FOREIGN KEY (organisation_id, connection_id) REFERENCES connections ON DELETE CASCADE
);

CREATE TABLE custom_schemas (
    organisation_id text NOT NULL REFERENCES organisations ON DELETE CASCADE,
    urn_key         text NOT NULL,
    urn             text NOT NULL,
    definition      text NOT NULL,
    created_at      integer NOT NULL,
    CONSTRAINT custom_schemas_pkey PRIMARY KEY (organisation_id, urn_key)
);

CREATE TABLE users (
    search_row       integer PRIMARY KEY,
    organisation_id  text NOT NULL,
    user_id          text NOT NULL,
    connection_id    text,
    status           text NOT NULL,
    owner            integer NOT NULL DEFAULT 0,
    licence          text NOT NULL,
    user_name        text NOT NULL,
    user_name_key    text NOT NULL,
    external_id      text,
    display_name     text,
    display_name_key text,
    given_name_key   text,
    family_name_key  text,
    manager          text,
    manager_id       text, -- manager where it has the form of an id
    document         text NOT NULL,
    version          integer NOT NULL,
    created_at       integer NOT NULL,
    modified_at      integer NOT NULL,
    accepted_at      integer,
    archived_at      integer,
    CONSTRAINT users_pkey UNIQUE (organisation_id, user_id)
);
CREATE UNIQUE INDEX users_user_name ON users (organisation_id, user_name_key) WHERE archived_at IS NULL;
CREATE UNIQUE INDEX users_external_id ON users (organisation_id, connection_id, external_id) WHERE archived_at IS NULL AND external_id IS NOT NULL;
CREATE INDEX users_page ON users (organisation_id, connection_id, user_id) WHERE archived_at IS NULL;
CREATE INDEX users_display_name ON users (organisation_id, display_name_key) WHERE archived_at IS NULL;
CREATE INDEX users_manager ON users (organisation_id, manager) WHERE archived_at IS NULL AND manager IS NOT NULL;
CREATE INDEX users_owners ON users (organisation_id, user_id) WHERE owner AND archived_at IS NULL;

-- The trigrams of user name, display name and e-mails, for searches inside a text. It finds candidates, which are then
-- compared; so it keeps neither the text nor positions.
CREATE VIRTUAL TABLE users_text USING fts5 (words, content = '', contentless_delete = 1, detail = none, tokenize = 'trigram case_sensitive 1');

CREATE TABLE user_emails (
    organisation_id text NOT NULL,
    user_id         text NOT NULL,
    position        integer NOT NULL,
    address_key     text NOT NULL,
    type_key        text,
    is_primary      integer NOT NULL,
    CONSTRAINT user_emails_pkey PRIMARY KEY (organisation_id, user_id, position),
    CONSTRAINT user_emails_user FOREIGN KEY (organisation_id, user_id) REFERENCES users (organisation_id, user_id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX user_emails_address ON user_emails (organisation_id, address_key);

-- User names and sign-in e-mails of different people share one name space (rule email.unique).
CREATE TABLE sign_in_names (
    organisation_id text NOT NULL,
    name_key        text NOT NULL,
    user_id         text NOT NULL,
    connection_id   text,
    kind            text NOT NULL,
    CONSTRAINT sign_in_names_pkey PRIMARY KEY (organisation_id, name_key)
) WITHOUT ROWID;
CREATE INDEX sign_in_names_user ON sign_in_names (organisation_id, user_id);

CREATE TABLE groups (
    organisation_id  text NOT NULL,
    group_id         text NOT NULL,
    connection_id    text NOT NULL,
    external_id      text,
    display_name     text NOT NULL,
    display_name_key text NOT NULL,
    document         text NOT NULL,
    version          integer NOT NULL,
    created_at       integer NOT NULL,
    modified_at      integer NOT NULL,
    archived_at      integer,
    CONSTRAINT groups_pkey PRIMARY KEY (organisation_id, group_id)
);
CREATE UNIQUE INDEX groups_external_id ON groups (organisation_id, connection_id, external_id) WHERE archived_at IS NULL AND external_id IS NOT NULL;
CREATE INDEX groups_page ON groups (organisation_id, connection_id, group_id) WHERE archived_at IS NULL;
CREATE INDEX groups_display_name ON groups (organisation_id, display_name_key) WHERE archived_at IS NULL;

-- member_kind: 1 a person, 2 a nested group. A member that is archived shows nowhere.
CREATE TABLE memberships (
    organisation_id text NOT NULL,
    group_id        text NOT NULL,
    member_id       text NOT NULL,
    member_kind     integer NOT NULL,
    CONSTRAINT memberships_pkey PRIMARY KEY (organisation_id, group_id, member_id)
) WITHOUT ROWID;
CREATE INDEX memberships_member ON memberships (organisation_id, member_id, group_id);

-- A licence with a NULL limit is unlimited and has no seat rows.
CREATE TABLE licences (
    organisation_id text NOT NULL REFERENCES organisations ON DELETE CASCADE,
    licence         text NOT NULL,
    seat_limit      integer,
    CONSTRAINT licences_pkey PRIMARY KEY (organisation_id, licence)
);

-- A seat is a row: free, or held by one person.
CREATE TABLE seats (
    organisation_id text NOT NULL,
    licence         text NOT NULL,
    seat_number     integer NOT NULL,
    holder_id       text,
    CONSTRAINT seats_pkey PRIMARY KEY (organisation_id, licence, seat_number),
    CONSTRAINT seats_licence FOREIGN KEY (organisation_id, licence) REFERENCES licences ON DELETE CASCADE
) WITHOUT ROWID;
CREATE UNIQUE INDEX seats_holder ON seats (organisation_id, holder_id) WHERE holder_id IS NOT NULL;
CREATE INDEX seats_free ON seats (organisation_id, licence, seat_number) WHERE holder_id IS NULL;

-- Append-only. There is one writer, so commit_order is the order of commits.
CREATE TABLE events (
    commit_order    integer PRIMARY KEY,
    organisation_id text NOT NULL,
    event_id        text NOT NULL,
    type            text NOT NULL,
    actor_kind      text NOT NULL,
    actor_id        text,
    subject_kind    text NOT NULL,
    subject_id      text NOT NULL,
    request_id      text NOT NULL,
    occurred_at     integer NOT NULL,
    CONSTRAINT events_pkey UNIQUE (organisation_id, event_id)
);

-- The personal values of events, which can be erased without touching the log.
CREATE TABLE event_values (
    organisation_id text NOT NULL,
    event_id        text NOT NULL,
    subject_id      text NOT NULL,
    before_values   text,
    after_values    text,
    CONSTRAINT event_values_pkey PRIMARY KEY (organisation_id, event_id)
);

-- How many people and groups a connection shows; spread over shards so that no row is hot.
CREATE TABLE resource_counts (
    organisation_id text NOT NULL,
    connection_id   text NOT NULL,
    kind            text NOT NULL,
    shard           integer NOT NULL,
    n               integer NOT NULL,
    CONSTRAINT resource_counts_pkey PRIMARY KEY (organisation_id, connection_id, kind, shard)
) WITHOUT ROWID;

CREATE TABLE tallies (
    organisation_id text NOT NULL,
    connection_id   text NOT NULL,
    kind            text NOT NULL,
    what            text NOT NULL,
    n               integer NOT NULL,
    first_at        integer NOT NULL,
    last_at         integer NOT NULL,
    detail          text NOT NULL,
    request_id      text NOT NULL,
    CONSTRAINT tallies_pkey PRIMARY KEY (organisation_id, connection_id, kind, what)
) WITHOUT ROWID;

CREATE TABLE rate_windows (
    organisation_id text NOT NULL,
    connection_id   text NOT NULL,
    time_window     integer NOT NULL,
    n               integer NOT NULL,
    CONSTRAINT rate_windows_pkey PRIMARY KEY (organisation_id, connection_id, time_window)
) WITHOUT ROWID;

-- +goose Down
-- Migrations go forward only.
SELECT 1;
