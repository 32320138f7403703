-- Whom an administrator chose as somebody's manager, so that they are known whatever connection has either of them. It counts as
-- long as the person's manager names them.

-- +goose Up

CREATE TABLE chosen_managers (
    organisation_id text NOT NULL,
    user_id         text NOT NULL,
    manager_id      text NOT NULL,
    CONSTRAINT chosen_managers_pkey PRIMARY KEY (organisation_id, user_id),
    CONSTRAINT chosen_managers_user FOREIGN KEY (organisation_id, user_id) REFERENCES users (organisation_id, user_id) ON DELETE CASCADE
);

-- +goose Down
-- Migrations go forward only.
SELECT 1;
