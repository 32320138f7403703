-- +goose Up

-- When the owners were told that a token ends; NULL: they were not.
ALTER TABLE tokens ADD COLUMN warned_at integer;

-- Whose a key is: it ends with their access. NULL: nobody's, it is the application's.
ALTER TABLE api_keys ADD COLUMN user_id text;
CREATE INDEX api_keys_of_user ON api_keys (organisation_id, user_id) WHERE user_id IS NOT NULL;

-- +goose Down
-- Migrations go forward only.
SELECT 1;
