-- +goose Up

-- Letters are sent organisation by organisation in turns, so that ten thousand invitations of one keep nobody else waiting,
-- and first those for which somebody waits (urgency 0), so that they keep nobody of the same one waiting either.
ALTER TABLE letters ADD COLUMN urgency bigint NOT NULL DEFAULT 1;
UPDATE letters SET urgency = 0 WHERE kind = 'reset';
DROP INDEX letters_due;
CREATE INDEX letters_due ON letters (organisation_id, urgency, due_at) WHERE state = 'queued';

-- +goose Down
-- Migrations go forward only.
SELECT 1;
