-- What leaves the house: how far the event log was passed on, webhooks and what is sent to them, letters.

-- +goose Up
CREATE TABLE delivery_cursors (
    organisation_id text NOT NULL REFERENCES organisations ON DELETE CASCADE,
    commit_order    integer NOT NULL,
    event_id        text NOT NULL,
    CONSTRAINT delivery_cursors_pkey PRIMARY KEY (organisation_id)
);

-- What happened before there was anything to pass on is not passed on.
INSERT INTO delivery_cursors (organisation_id, commit_order, event_id)
SELECT organisation_id, COALESCE((SELECT MAX(commit_order) FROM events), 0), 'ffffffff-ffff-ffff-ffff-ffffffffffff' FROM organisations;

CREATE TABLE webhooks (
    organisation_id     text NOT NULL REFERENCES organisations ON DELETE CASCADE,
    webhook_id          text NOT NULL,
    url                 text NOT NULL,
    description         text NOT NULL,
    types               text NOT NULL, -- with blanks between; none: all
    version             integer NOT NULL,
    created_at          integer NOT NULL,
    modified_at         integer NOT NULL,
    disabled_at         integer,
    disabled_reason     text NOT NULL,
    failing_since       integer,
    secret              blob NOT NULL, -- sealed
    former_secret       blob,
    former_until        integer,
    replay_commit       integer, -- behind this position up to the next one everything is sent again
    replay_event        text,
    replay_until_commit integer,
    replay_until_event  text,
    CONSTRAINT webhooks_pkey PRIMARY KEY (organisation_id, webhook_id)
);
CREATE INDEX webhooks_replaying ON webhooks (organisation_id) WHERE replay_commit IS NOT NULL;

CREATE TABLE webhook_deliveries (
    organisation_id text NOT NULL,
    webhook_id      text NOT NULL,
    event_id        text NOT NULL,
    commit_order    integer NOT NULL,
    type            text NOT NULL,
    subject_id      text NOT NULL,
    state           text NOT NULL,
    attempts        integer NOT NULL,
    first_at        integer,
    last_at         integer,
    status          integer NOT NULL,
    problem         text NOT NULL,
    created_at      integer NOT NULL,
    done_at         integer,
    CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (organisation_id, webhook_id, event_id),
    CONSTRAINT webhook_deliveries_webhook FOREIGN KEY (organisation_id, webhook_id) REFERENCES webhooks (organisation_id, webhook_id) ON DELETE CASCADE
);
CREATE INDEX webhook_deliveries_lane ON webhook_deliveries (organisation_id, webhook_id, subject_id, commit_order, event_id) WHERE state = 'queued';
CREATE INDEX webhook_deliveries_order ON webhook_deliveries (organisation_id, webhook_id, commit_order, event_id);
CREATE INDEX webhook_deliveries_done ON webhook_deliveries (done_at) WHERE done_at IS NOT NULL;
CREATE INDEX webhook_deliveries_queued ON webhook_deliveries (created_at) WHERE state = 'queued';

-- What one webhook is to be told about one subject is sent one after the other. A lane is there as long as something is queued.
CREATE TABLE webhook_lanes (
    organisation_id text NOT NULL,
    webhook_id      text NOT NULL,
    subject_id      text NOT NULL,
    due_at          integer NOT NULL,
    CONSTRAINT webhook_lanes_pkey PRIMARY KEY (organisation_id, webhook_id, subject_id),
    CONSTRAINT webhook_lanes_webhook FOREIGN KEY (organisation_id, webhook_id) REFERENCES webhooks (organisation_id, webhook_id) ON DELETE CASCADE
);
CREATE INDEX webhook_lanes_due ON webhook_lanes (due_at);

CREATE TABLE letters (
    organisation_id text NOT NULL REFERENCES organisations ON DELETE CASCADE,
    letter_id       text NOT NULL,
    kind            text NOT NULL,
    user_id         text NOT NULL,
    event_id        text NOT NULL,
    state           text NOT NULL,
    attempts        integer NOT NULL,
    due_at          integer NOT NULL,
    created_at      integer NOT NULL,
    done_at         integer,
    problem         text NOT NULL,
    CONSTRAINT letters_pkey PRIMARY KEY (organisation_id, letter_id)
);
CREATE INDEX letters_due ON letters (due_at) WHERE state = 'queued';
CREATE INDEX letters_done ON letters (done_at) WHERE done_at IS NOT NULL;

-- +goose Down
-- Migrations go forward only.
SELECT 1;
