-- From where something was done. An address is somebody's, so it is kept with what can be erased: address of the network or
-- name of the operator's machine, and person_id who acted, themselves or by a key of theirs. NULL: nobody who can be purged.
--
-- The key has the subject before the event, so that the values about somebody are found by it when they are erased. The table
-- keeps its rows out of the key (no WITHOUT ROWID): they hold whole documents, and few would fit a page of a tree in which
-- those of new events do not come last.

-- +goose Up
ALTER TABLE event_values RENAME TO former_event_values;
CREATE TABLE event_values (
    organisation_id text NOT NULL,
    subject_id      text NOT NULL,
    event_id        text NOT NULL,
    before_values   text,
    after_values    text,
    address         text,
    person_id       text,
    CONSTRAINT event_values_pkey PRIMARY KEY (organisation_id, subject_id, event_id)
);
INSERT INTO event_values (organisation_id, subject_id, event_id, before_values, after_values)
SELECT organisation_id, subject_id, event_id, before_values, after_values FROM former_event_values;
DROP TABLE former_event_values;
CREATE INDEX event_values_person ON event_values (organisation_id, person_id) WHERE person_id IS NOT NULL;

-- +goose Down
-- Migrations go forward only.
SELECT 1;
