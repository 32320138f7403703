-- +goose Up

-- What connections may do, and whose people are whose.

-- A connection without a row has the defaults (domain.DefaultConnectionPolicy). An empty text stands for what the
-- organisation decided. Limits are ids or names with blanks between them; NULL is no restriction.
CREATE TABLE connection_policies (
    organisation_id text NOT NULL,
    connection_id   text NOT NULL,
    version         integer NOT NULL,
    password_sync   text NOT NULL,
    seat_overflow   text NOT NULL,
    suspension      text NOT NULL,
    email_change    text NOT NULL,
    successor       text NOT NULL,
    fallback_id     text,
    adoption        text NOT NULL,
    roles           text,
    profiles        text,
    licences        text,
    CONSTRAINT connection_policies_pkey PRIMARY KEY (organisation_id, connection_id),
    CONSTRAINT connection_policies_connection FOREIGN KEY (organisation_id, connection_id) REFERENCES connections ON DELETE CASCADE
);

-- +goose Down
-- Migrations go forward only.
SELECT 1;
