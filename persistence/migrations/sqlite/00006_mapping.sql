-- What groups give their members and what follows from it, in the same tables as for PostgreSQL.

-- +goose Up
-- "Members of this group get this". A group that is gone keeps its mappings, so there is no foreign key to it. What is not
-- given is NULL or empty; queues are identifiers between commas.
CREATE TABLE mappings (
    organisation_id text NOT NULL REFERENCES organisations ON DELETE CASCADE,
    mapping_id      text NOT NULL,
    group_id        text NOT NULL,
    priority        integer NOT NULL, -- the lowest wins
    role_id         text,
    profile_id      text,
    team_id         text,
    queues          text NOT NULL,
    licence         text NOT NULL,
    saved_by_kind   text NOT NULL,
    saved_by_id     text,
    version         integer NOT NULL,
    created_at      integer NOT NULL,
    modified_at     integer NOT NULL,
    CONSTRAINT mappings_pkey PRIMARY KEY (organisation_id, mapping_id)
);
CREATE INDEX mappings_group ON mappings (organisation_id, group_id);

-- What was said about what a person is to have, whether or not it won. source: extension, roles, or administrator for what
-- something stronger displaced. slot: what tells several of a kind apart. object_id: what is meant; NULL where it was said
-- that they have none, or where the text names nothing here.
CREATE TABLE user_claims (
    organisation_id text NOT NULL,
    user_id         text NOT NULL,
    kind            text NOT NULL,
    source          text NOT NULL,
    slot            text NOT NULL,
    object_id       text,
    text            text NOT NULL,
    claimed_at      integer NOT NULL,
    CONSTRAINT user_claims_pkey PRIMARY KEY (organisation_id, user_id, kind, source, slot),
    CONSTRAINT user_claims_user FOREIGN KEY (organisation_id, user_id) REFERENCES users (organisation_id, user_id) ON DELETE CASCADE
);

-- The mapping that gave something, and, for the kind licence, the licence.
ALTER TABLE assignments ADD COLUMN mapping_id text;
ALTER TABLE assignments ADD COLUMN licence text;

-- People who are to have another licence, of which no seat is free.
CREATE TABLE licence_wishes (
    organisation_id text NOT NULL,
    user_id         text NOT NULL,
    licence         text NOT NULL,
    since           integer NOT NULL,
    CONSTRAINT licence_wishes_pkey PRIMARY KEY (organisation_id, user_id),
    CONSTRAINT licence_wishes_user FOREIGN KEY (organisation_id, user_id) REFERENCES users (organisation_id, user_id) ON DELETE CASCADE
);
CREATE INDEX licence_wishes_licence ON licence_wishes (organisation_id, licence, since);

-- The queues, given by hand, that somebody was in when they were deactivated.
CREATE TABLE former_queues (
    organisation_id text NOT NULL,
    user_id         text NOT NULL,
    queue_id        text NOT NULL,
    left_at         integer NOT NULL,
    CONSTRAINT former_queues_pkey PRIMARY KEY (organisation_id, user_id, queue_id),
    CONSTRAINT former_queues_user FOREIGN KEY (organisation_id, user_id) REFERENCES users (organisation_id, user_id) ON DELETE CASCADE,
    CONSTRAINT former_queues_queue FOREIGN KEY (organisation_id, queue_id) REFERENCES queues (organisation_id, queue_id) ON DELETE CASCADE
);
CREATE INDEX former_queues_queue ON former_queues (organisation_id, queue_id);

-- Work of more than one unit: applying what changed to many people. Whom it is about: those below the groups (identifiers
-- between commas), those of a connection, those listed in job_people. phase and the positions say how far it has come.
CREATE TABLE jobs (
    organisation_id  text NOT NULL REFERENCES organisations ON DELETE CASCADE,
    job_id           text NOT NULL,
    about_kind       text NOT NULL,
    about_id         text NOT NULL,
    groups           text NOT NULL,
    connection_id    text,
    actor_kind       text NOT NULL,
    actor_id         text,
    request_id       text NOT NULL,
    phase            text NOT NULL,
    position_group   text,
    position_user    text,
    people           integer NOT NULL,
    looked_at        integer NOT NULL,
    changed          integer NOT NULL,
    created_at       integer NOT NULL,
    moved_at         integer NOT NULL,
    finished_at      integer,
    CONSTRAINT jobs_pkey PRIMARY KEY (organisation_id, job_id)
);
CREATE INDEX jobs_open ON jobs (organisation_id, moved_at) WHERE finished_at IS NULL;

CREATE TABLE job_people (
    organisation_id text NOT NULL,
    job_id          text NOT NULL,
    user_id         text NOT NULL,
    CONSTRAINT job_people_pkey PRIMARY KEY (organisation_id, job_id, user_id),
    CONSTRAINT job_people_job FOREIGN KEY (organisation_id, job_id) REFERENCES jobs (organisation_id, job_id) ON DELETE CASCADE
);

-- The groups in a group, without walking through its people.
CREATE INDEX memberships_nested ON memberships (organisation_id, group_id, member_id) WHERE member_kind = 2;

-- +goose Down
-- Migrations go forward only.
SELECT 1;
