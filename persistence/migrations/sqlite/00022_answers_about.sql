-- About whom an answer is that is kept for an Idempotency-Key: it is sealed, and has to go when the person is erased. NULL: nobody,
-- or it was kept before, which ends within a day.

-- +goose Up
ALTER TABLE answers ADD COLUMN user_id text;

-- +goose Down
-- Migrations go forward only.
SELECT 1;
