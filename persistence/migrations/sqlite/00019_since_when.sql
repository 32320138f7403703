-- +goose Up

-- When an administrator changed somebody's own grants or revokes last; NULL: never since it is noted.
ALTER TABLE user_access ADD COLUMN granted_at integer;
ALTER TABLE user_access ADD COLUMN revoked_at integer;

-- Since when a default is this one; NULL: not since it is noted.
ALTER TABLE access_defaults ADD COLUMN role_at integer;
ALTER TABLE access_defaults ADD COLUMN profile_at integer;

-- +goose Down
-- Migrations go forward only.
SELECT 1;
