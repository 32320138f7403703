-- What people may do: modules, roles, profiles, teams, queues, and what each person is given.
--
-- What a person is given lies beside users, not in it. These tables are written by administrators, whose changes of one
-- organisation take turns (see Assignments.Lock), so a foreign key to the organisation costs nobody anything. assignments
-- has none to what is given, since one column holds four kinds: what is deleted is taken from those who hold it first.

-- +goose Up
CREATE TABLE modules (
    organisation_id uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
    module          text COLLATE "C" NOT NULL,
    name            text NOT NULL,
    actions         text NOT NULL, -- its own, between commas
    has_objects     boolean NOT NULL,
    version         bigint NOT NULL,
    created_at      bigint NOT NULL,
    modified_at     bigint NOT NULL,
    CONSTRAINT modules_pkey PRIMARY KEY (organisation_id, module)
);

CREATE TABLE roles (
    organisation_id uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
    role_id         uuid NOT NULL,
    name            text NOT NULL,
    name_key        text COLLATE "C" NOT NULL,
    description     text NOT NULL,
    parent_id       uuid,
    sees            text NOT NULL,
    version         bigint NOT NULL,
    created_at      bigint NOT NULL,
    modified_at     bigint NOT NULL,
    CONSTRAINT roles_pkey PRIMARY KEY (organisation_id, role_id),
    CONSTRAINT roles_name UNIQUE (organisation_id, name_key)
);

CREATE TABLE profiles (
    organisation_id uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
    profile_id      uuid NOT NULL,
    name            text NOT NULL,
    name_key        text COLLATE "C" NOT NULL,
    description     text NOT NULL,
    icon            text NOT NULL,
    grants          text NOT NULL,
    baseline        boolean NOT NULL,
    system          boolean NOT NULL,
    version         bigint NOT NULL,
    created_at      bigint NOT NULL,
    modified_at     bigint NOT NULL,
    CONSTRAINT profiles_pkey PRIMARY KEY (organisation_id, profile_id),
    CONSTRAINT profiles_name UNIQUE (organisation_id, name_key)
);
CREATE INDEX profiles_baseline ON profiles (organisation_id, profile_id) WHERE baseline;

CREATE TABLE teams (
    organisation_id uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
    team_id         uuid NOT NULL,
    name            text NOT NULL,
    name_key        text COLLATE "C" NOT NULL,
    description     text NOT NULL,
    version         bigint NOT NULL,
    created_at      bigint NOT NULL,
    modified_at     bigint NOT NULL,
    CONSTRAINT teams_pkey PRIMARY KEY (organisation_id, team_id),
    CONSTRAINT teams_name UNIQUE (organisation_id, name_key)
);

CREATE TABLE queues (
    organisation_id uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
    queue_id        uuid NOT NULL,
    name            text NOT NULL,
    name_key        text COLLATE "C" NOT NULL,
    description     text NOT NULL,
    version         bigint NOT NULL,
    created_at      bigint NOT NULL,
    modified_at     bigint NOT NULL,
    CONSTRAINT queues_pkey PRIMARY KEY (organisation_id, queue_id),
    CONSTRAINT queues_name UNIQUE (organisation_id, name_key)
);

-- What people get when nobody gave them anything. No row: nothing.
CREATE TABLE access_defaults (
    organisation_id uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
    role_id         uuid,
    profile_id      uuid,
    version         bigint NOT NULL,
    CONSTRAINT access_defaults_pkey PRIMARY KEY (organisation_id)
);

-- kind: role, profile, team or queue. slot: empty for what a person has one of, the id for queues. object_id: what is
-- given, NULL where it was decided that they have none.
CREATE TABLE assignments (
    organisation_id uuid NOT NULL,
    user_id         uuid NOT NULL,
    kind            text COLLATE "C" NOT NULL,
    slot            text COLLATE "C" NOT NULL,
    object_id       uuid,
    source          text NOT NULL,
    locked          boolean NOT NULL,
    assigned_at     bigint NOT NULL,
    CONSTRAINT assignments_pkey PRIMARY KEY (organisation_id, user_id, kind, slot),
    CONSTRAINT assignments_user FOREIGN KEY (organisation_id, user_id) REFERENCES users (organisation_id, user_id) ON DELETE CASCADE
);
CREATE INDEX assignments_object ON assignments (organisation_id, kind, object_id, user_id);

-- A person's own grants and revokes, and the version of everything they are given.
CREATE TABLE user_access (
    organisation_id uuid NOT NULL,
    user_id         uuid NOT NULL,
    granted         text NOT NULL,
    revoked         text NOT NULL,
    version         bigint NOT NULL,
    modified_at     bigint NOT NULL,
    CONSTRAINT user_access_pkey PRIMARY KEY (organisation_id, user_id),
    CONSTRAINT user_access_user FOREIGN KEY (organisation_id, user_id) REFERENCES users (organisation_id, user_id) ON DELETE CASCADE
);

-- The modules that people with this licence reach, between commas. NULL means all.
ALTER TABLE licences ADD COLUMN modules text;
ALTER TABLE licences ADD COLUMN version bigint NOT NULL DEFAULT 1;
UPDATE licences SET modules = '' WHERE licence = 'simulator';

-- +goose Down
-- Migrations go forward only.
SELECT 1;
