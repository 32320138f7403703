-- +goose Up

-- The latest step of somebody's life (docs/states.md), and who made it: the event that tells of it, without having to look
-- for it. Who has none is as a directory created them.
CREATE TABLE status_steps (
    organisation_id uuid NOT NULL,
    user_id         uuid NOT NULL,
    type            text NOT NULL,
    actor_kind      text NOT NULL,
    actor_id        uuid,
    stepped_at      bigint NOT NULL,
    CONSTRAINT status_steps_pkey PRIMARY KEY (organisation_id, user_id),
    CONSTRAINT status_steps_user FOREIGN KEY (organisation_id, user_id) REFERENCES users (organisation_id, user_id) ON DELETE CASCADE
);
INSERT INTO status_steps (organisation_id, user_id, type, actor_kind, actor_id, stepped_at)
SELECT e.organisation_id, e.subject_id, e.type, e.actor_kind, e.actor_id, e.occurred_at FROM events e
JOIN (SELECT organisation_id, subject_id, MAX(event_id::text) AS event_id FROM events
    WHERE subject_kind = 'user' AND (type IN ('user.activated', 'user.deactivated', 'user.confirmed', 'user.invitation_accepted',
        'user.first_access', 'seat.assigned') OR type = 'user.created' AND actor_kind <> 'connection')
    GROUP BY organisation_id, subject_id) latest
    ON latest.organisation_id = e.organisation_id AND latest.event_id::uuid = e.event_id
JOIN users u ON u.organisation_id = e.organisation_id AND u.user_id = e.subject_id AND u.archived_at IS NULL;

-- When the owners were told that a key, or a client's secret, ends; NULL: they were not.
ALTER TABLE api_keys ADD COLUMN warned_at bigint;
ALTER TABLE oauth_clients ADD COLUMN warned_at bigint;

-- When somebody last came by an identity; NULL: not since it is noted.
ALTER TABLE identities ADD COLUMN used_at bigint;

-- What an OpenID claim of the connection calls a group that an administrator declared; NULL: a directory's group. Those that
-- are declared are in no directory's sight.
ALTER TABLE groups ADD COLUMN claim_value text COLLATE "C";
CREATE UNIQUE INDEX groups_claim_value ON groups (organisation_id, connection_id, claim_value) WHERE claim_value IS NOT NULL AND archived_at IS NULL;

-- +goose Down
-- Migrations go forward only.
SELECT 1;
