-- Room for new versions of rows is a matter of PostgreSQL: SQLite changes a row in its place.

-- +goose Up
SELECT 1;

-- +goose Down
-- Migrations go forward only.
SELECT 1;
