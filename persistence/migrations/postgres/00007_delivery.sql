-- What leaves the house: how far the event log was passed on, webhooks and what is sent to them, letters.

-- +goose Up
CREATE TABLE delivery_cursors (
    organisation_id uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
    commit_order    bigint NOT NULL,
    event_id        uuid NOT NULL,
    CONSTRAINT delivery_cursors_pkey PRIMARY KEY (organisation_id)
);

-- What happened before there was anything to pass on is not passed on.
INSERT INTO delivery_cursors (organisation_id, commit_order, event_id)
SELECT organisation_id, pg_current_xact_id()::text::bigint, '00000000-0000-0000-0000-000000000000' FROM organisations;

-- The latest events of whatever organisation, at next to no cost for who appends one.
CREATE INDEX events_latest ON events USING brin (commit_order) WITH (pages_per_range = 32, autosummarize = on);

CREATE TABLE webhooks (
    organisation_id     uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
    webhook_id          uuid NOT NULL,
    url                 text NOT NULL,
    description         text NOT NULL,
    types               text COLLATE "C" NOT NULL, -- with blanks between; none: all
    version             bigint NOT NULL,
    created_at          bigint NOT NULL,
    modified_at         bigint NOT NULL,
    disabled_at         bigint,
    disabled_reason     text NOT NULL,
    failing_since       bigint,
    secret              bytea NOT NULL, -- sealed
    former_secret       bytea,
    former_until        bigint,
    replay_commit       bigint, -- behind this position up to the next one everything is sent again
    replay_event        uuid,
    replay_until_commit bigint,
    replay_until_event  uuid,
    CONSTRAINT webhooks_pkey PRIMARY KEY (organisation_id, webhook_id)
);
CREATE INDEX webhooks_replaying ON webhooks (organisation_id) WHERE replay_commit IS NOT NULL;

CREATE TABLE webhook_deliveries (
    organisation_id uuid NOT NULL,
    webhook_id      uuid NOT NULL,
    event_id        uuid NOT NULL,
    commit_order    bigint NOT NULL,
    type            text NOT NULL,
    subject_id      uuid NOT NULL,
    state           text COLLATE "C" NOT NULL,
    attempts        bigint NOT NULL,
    first_at        bigint,
    last_at         bigint,
    status          bigint NOT NULL,
    problem         text NOT NULL,
    created_at      bigint NOT NULL,
    done_at         bigint,
    CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (organisation_id, webhook_id, event_id),
    CONSTRAINT webhook_deliveries_webhook FOREIGN KEY (organisation_id, webhook_id) REFERENCES webhooks (organisation_id, webhook_id) ON DELETE CASCADE
);
CREATE INDEX webhook_deliveries_lane ON webhook_deliveries (organisation_id, webhook_id, subject_id, commit_order, event_id) WHERE state = 'queued';
CREATE INDEX webhook_deliveries_order ON webhook_deliveries (organisation_id, webhook_id, commit_order, event_id);
CREATE INDEX webhook_deliveries_done ON webhook_deliveries (done_at) WHERE done_at IS NOT NULL;
CREATE INDEX webhook_deliveries_queued ON webhook_deliveries (created_at) WHERE state = 'queued';

-- What one webhook is to be told about one subject is sent one after the other. A lane is there as long as something is queued.
CREATE TABLE webhook_lanes (
    organisation_id uuid NOT NULL,
    webhook_id      uuid NOT NULL,
    subject_id      uuid NOT NULL,
    due_at          bigint NOT NULL,
    CONSTRAINT webhook_lanes_pkey PRIMARY KEY (organisation_id, webhook_id, subject_id),
    CONSTRAINT webhook_lanes_webhook FOREIGN KEY (organisation_id, webhook_id) REFERENCES webhooks (organisation_id, webhook_id) ON DELETE CASCADE
);
CREATE INDEX webhook_lanes_due ON webhook_lanes (due_at);

CREATE TABLE letters (
    organisation_id uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
    letter_id       uuid NOT NULL,
    kind            text NOT NULL,
    user_id         uuid NOT NULL,
    event_id        uuid NOT NULL,
    state           text COLLATE "C" NOT NULL,
    attempts        bigint NOT NULL,
    due_at          bigint NOT NULL,
    created_at      bigint NOT NULL,
    done_at         bigint,
    problem         text NOT NULL,
    CONSTRAINT letters_pkey PRIMARY KEY (organisation_id, letter_id)
);
CREATE INDEX letters_due ON letters (due_at) WHERE state = 'queued';
CREATE INDEX letters_done ON letters (done_at) WHERE done_at IS NOT NULL;

-- +goose Down
-- Migrations go forward only.
SELECT 1;
