-- From where something was done. An address is somebody's, so it is kept with what can be erased: address of the network or
-- name of the operator's machine, and person_id who acted, themselves or by a key of theirs. NULL: nobody who can be purged.
--
-- The key has the subject before the event, so that the values about somebody are found by it when they are erased.

-- +goose Up
ALTER TABLE event_values ADD COLUMN address text;
ALTER TABLE event_values ADD COLUMN person_id uuid;
ALTER TABLE event_values DROP CONSTRAINT event_values_pkey;
ALTER TABLE event_values ADD CONSTRAINT event_values_pkey PRIMARY KEY (organisation_id, subject_id, event_id);
CREATE INDEX event_values_person ON event_values (organisation_id, person_id) WHERE person_id IS NOT NULL;

-- +goose Down
-- Migrations go forward only.
SELECT 1;
