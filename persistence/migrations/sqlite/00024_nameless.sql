-- Who was turned away by single sign-on stood in the log by the subject that their provider calls them, which nothing would
-- erase: often they have no account here. It is gone; tries of one are told from those of others otherwise now.

-- +goose Up

UPDATE event_values SET after_values = json_remove(after_values, '$.subject')
WHERE (organisation_id, event_id) IN (SELECT organisation_id, event_id FROM events WHERE type = 'connection.first_access_refused');

-- +goose Down
-- Migrations go forward only.
SELECT 1;
