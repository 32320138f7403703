-- Who asks for a link to choose a new password is answered before anybody looks who that is: the request waits here until then.
-- Rows of names that nobody has are of people that nobody is, so that user_id is no foreign key.

-- +goose Up

CREATE TABLE reset_requests (
    organisation_id uuid NOT NULL REFERENCES organisations ON DELETE CASCADE,
    user_id         uuid NOT NULL,
    request_id      text NOT NULL,
    address         text NOT NULL,
    requested_at    bigint NOT NULL,
    CONSTRAINT reset_requests_pkey PRIMARY KEY (organisation_id, user_id)
);
CREATE INDEX reset_requests_waiting ON reset_requests (requested_at);

-- +goose Down
-- Migrations go forward only.
SELECT 1;
