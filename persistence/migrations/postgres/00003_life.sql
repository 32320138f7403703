-- +goose Up

-- The life of a person as administrators govern it. What users does not hold lives beside it, by the same key, so that a
-- push writes none of it.

-- An organisation without a row has the defaults (domain.DefaultPolicy).
CREATE TABLE policies (
    organisation_id         uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
    version                 bigint NOT NULL,
    inactivity_days         bigint NOT NULL,
    inactivity_warning_days bigint NOT NULL,
    suspension              text NOT NULL,
    email_change            text NOT NULL,
    seat_overflow           text NOT NULL,
    CONSTRAINT policies_pkey PRIMARY KEY (organisation_id)
);

-- Why somebody who otherwise could may not come in.
CREATE TABLE user_blocks (
    organisation_id uuid NOT NULL,
    user_id         uuid NOT NULL,
    reason          text NOT NULL,
    since           bigint NOT NULL,
    actor_kind      text NOT NULL,
    actor_id        uuid,
    CONSTRAINT user_blocks_pkey PRIMARY KEY (organisation_id, user_id),
    CONSTRAINT user_blocks_user FOREIGN KEY (organisation_id, user_id) REFERENCES users (organisation_id, user_id) ON DELETE CASCADE
);

-- Whom an administrator deactivated, and nobody brought back since (rule suspend.sticks).
CREATE TABLE suspensions (
    organisation_id uuid NOT NULL,
    user_id         uuid NOT NULL,
    since           bigint NOT NULL,
    actor_kind      text NOT NULL,
    actor_id        uuid,
    CONSTRAINT suspensions_pkey PRIMARY KEY (organisation_id, user_id),
    CONSTRAINT suspensions_user FOREIGN KEY (organisation_id, user_id) REFERENCES users (organisation_id, user_id) ON DELETE CASCADE
);

-- By what a suspended person who was archived is known again when a directory pushes them anew: 1 a user name or an
-- e-mail, folded; 2 an external id with its connection before it.
CREATE TABLE suspended_names (
    organisation_id uuid NOT NULL,
    kind            bigint NOT NULL,
    name_key        text COLLATE "C" NOT NULL,
    user_id         uuid NOT NULL,
    CONSTRAINT suspended_names_pkey PRIMARY KEY (organisation_id, kind, name_key, user_id),
    CONSTRAINT suspended_names_user FOREIGN KEY (organisation_id, user_id) REFERENCES users (organisation_id, user_id) ON DELETE CASCADE
);
CREATE INDEX suspended_names_of_user ON suspended_names (organisation_id, user_id);

-- When somebody may come in: dates inclusive as 2006-01-02, a weekly schedule as domain.Schedule spells it.
CREATE TABLE access_windows (
    organisation_id uuid NOT NULL,
    user_id         uuid NOT NULL,
    time_zone       text NOT NULL,
    valid_from      text COLLATE "C" NOT NULL,
    valid_until     text COLLATE "C" NOT NULL,
    schedule        text NOT NULL,
    CONSTRAINT access_windows_pkey PRIMARY KEY (organisation_id, user_id),
    CONSTRAINT access_windows_user FOREIGN KEY (organisation_id, user_id) REFERENCES users (organisation_id, user_id) ON DELETE CASCADE
);

-- From when inactivity is counted: the last access, and the last activation or unblocking.
CREATE TABLE inactivity (
    organisation_id uuid NOT NULL,
    user_id         uuid NOT NULL,
    accessed_at     bigint,
    restarted_at    bigint,
    warned_at       bigint,
    CONSTRAINT inactivity_pkey PRIMARY KEY (organisation_id, user_id),
    CONSTRAINT inactivity_user FOREIGN KEY (organisation_id, user_id) REFERENCES users (organisation_id, user_id) ON DELETE CASCADE
);

-- Who waits for a seat of a licence, in order of place, and what they become when they get it (rule seat.wait).
CREATE TABLE waiting_people (
    organisation_id uuid NOT NULL,
    user_id         uuid NOT NULL,
    licence         text COLLATE "C" NOT NULL,
    place           bigint NOT NULL,
    next_status     text NOT NULL,
    since           bigint NOT NULL,
    CONSTRAINT waiting_people_pkey PRIMARY KEY (organisation_id, user_id),
    CONSTRAINT waiting_people_place UNIQUE (organisation_id, licence, place),
    CONSTRAINT waiting_people_user FOREIGN KEY (organisation_id, user_id) REFERENCES users (organisation_id, user_id) ON DELETE CASCADE
);

-- A sweep of an organisation at a due time, and how far it has come. Its row is what makes it run once.
CREATE TABLE sweeps (
    organisation_id uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
    kind            text COLLATE "C" NOT NULL,
    due_at          bigint NOT NULL,
    after_user_id   uuid,
    finished_at     bigint,
    CONSTRAINT sweeps_pkey PRIMARY KEY (organisation_id, kind, due_at)
);

-- +goose Down
-- Migrations go forward only.
SELECT 1;
