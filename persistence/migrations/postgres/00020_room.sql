-- What the directory and jobs change again and again has room beside it, so that a new version of a row finds a place on the
-- same page and the indexes need not learn of it (a heap-only tuple). Those of trigrams above all: they collect what is new, and
-- whoever fills the collection waits until it is sorted in, up to a quarter of a second.

-- +goose Up

ALTER TABLE users SET (fillfactor = 80);
ALTER TABLE user_access SET (fillfactor = 80);
ALTER TABLE status_steps SET (fillfactor = 80);

-- +goose Down
-- Migrations go forward only.
SELECT 1;
