-- +goose Up

-- When an administrator changed somebody's own grants or revokes last; NULL: never since it is noted.
ALTER TABLE user_access ADD COLUMN granted_at bigint;
ALTER TABLE user_access ADD COLUMN revoked_at bigint;

-- Since when a default is this one; NULL: not since it is noted.
ALTER TABLE access_defaults ADD COLUMN role_at bigint;
ALTER TABLE access_defaults ADD COLUMN profile_at bigint;

-- +goose Down
-- Migrations go forward only.
SELECT 1;
