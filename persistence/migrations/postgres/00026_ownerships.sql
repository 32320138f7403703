-- +goose Up

-- Since when somebody is an owner, and who made them one.
CREATE TABLE ownerships (
    organisation_id uuid NOT NULL,
    user_id         uuid NOT NULL,
    actor_kind      text NOT NULL,
    actor_id        uuid,
    since           bigint NOT NULL,
    CONSTRAINT ownerships_pkey PRIMARY KEY (organisation_id, user_id),
    CONSTRAINT ownerships_user FOREIGN KEY (organisation_id, user_id) REFERENCES users (organisation_id, user_id) ON DELETE CASCADE
);
-- Of those who are owners already the events tell it; first owners were made with their organisation.
INSERT INTO ownerships (organisation_id, user_id, actor_kind, actor_id, since)
SELECT e.organisation_id, e.subject_id, e.actor_kind, e.actor_id, e.occurred_at FROM events e
JOIN (SELECT organisation_id, subject_id, MAX(event_id::text) AS event_id FROM events
    WHERE subject_kind = 'user' AND (type = 'owner.made' OR type = 'user.created' AND actor_kind = 'operator')
    GROUP BY organisation_id, subject_id) latest
    ON latest.organisation_id = e.organisation_id AND latest.event_id::uuid = e.event_id
JOIN users u ON u.organisation_id = e.organisation_id AND u.user_id = e.subject_id AND u.owner AND u.archived_at IS NULL;

-- +goose Down
-- Migrations go forward only.
SELECT 1;
