-- A page of 100 stored documents with what an answer says of each, and nothing resolved.
SELECT user_id, document, version, created_at, modified_at FROM users
WHERE organisation_id = :org AND connection_id = :connection AND archived_at IS NULL ORDER BY user_id LIMIT 100;
