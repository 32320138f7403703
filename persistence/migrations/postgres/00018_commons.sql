-- What the access of everybody in an organisation hangs on and no single person has is remembered between requests, for as
-- long as the organisation's stamp is the one it was read at (docs/decisions/009-what-people-have-in-common-is-remembered.md).

-- +goose Up

ALTER TABLE organisations ADD COLUMN commons_stamp uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000';

-- +goose Down
-- Migrations go forward only.
SELECT 1;
