-- Switching one person off or on, a statement after the other: the person is read (with what proves the token), and
-- what changed is written. Every client has people of its own, of the second half of the seed. A person is active while
-- the version is odd. Columns that stay are set to themselves.
\set n :n + 1
\set number :base + :n * :clients + :client_id
\set k random(0, :each - 1)
\set person :first + :k * :clients + :client_id
SELECT u.organisation_id, u.user_id, u.connection_id, u.status, u.owner, u.licence, u.user_name, u.user_name_key,
COALESCE(u.external_id, ''), COALESCE(u.display_name, ''), COALESCE(u.manager, ''), u.document, u.version, u.created_at,
u.modified_at, COALESCE(u.accepted_at, 0), CASE WHEN u.manager IS NULL THEN '' ELSE COALESCE((SELECT json_build_array(m.user_id, COALESCE(m.display_name, m.user_name))::text FROM users m WHERE m.organisation_id = u.organisation_id AND m.connection_id = u.connection_id AND m.archived_at IS NULL AND m.user_id = u.manager_id), (SELECT json_build_array(m.user_id, COALESCE(m.display_name, m.user_name))::text FROM users m WHERE m.organisation_id = u.organisation_id AND m.connection_id = u.connection_id AND m.archived_at IS NULL AND m.external_id = u.manager), '') END, to_json(ARRAY(SELECT json_build_array(x.group_id, (SELECT g.display_name FROM groups g WHERE g.organisation_id = x.organisation_id AND g.group_id = x.group_id AND g.archived_at IS NULL)) AS pair FROM memberships x WHERE x.organisation_id = u.organisation_id AND x.member_id = u.user_id))::text FROM users u WHERE u.organisation_id = :org AND u.user_id = (:prefix::text || '8' || lpad(to_hex(:person::bigint), 15, '0'))::uuid AND u.connection_id = :connection AND u.archived_at IS NULL AND (SELECT o.access_version FROM organisations o WHERE o.organisation_id = :org) = :access \gset
\set next :version + 1
\set active :version % 2 = 1
BEGIN;
\if :active
UPDATE users SET status = 'inactive', owner = owner, licence = licence, user_name = user_name, user_name_key = user_name_key, external_id = external_id,
display_name = display_name, display_name_key = display_name_key, given_name_key = given_name_key, family_name_key = family_name_key, manager = manager, manager_id = manager_id, document = replace(:document, :on, :off), version = :next,
modified_at = :now, accepted_at = accepted_at WHERE organisation_id = :org AND user_id = :user_id AND version = :version AND archived_at IS NULL;
INSERT INTO events (organisation_id, event_id, type, actor_kind, actor_id, subject_kind, subject_id, request_id, occurred_at)
VALUES (:org, (:prefix::text || '81' || lpad(to_hex(:number::bigint), 14, '0'))::uuid, 'user.deactivated', 'connection', :connection, 'user', :user_id,
  'limit-' || :number::text, :now);
INSERT INTO event_values (organisation_id, subject_id, event_id, before_values, after_values, address, person_id)
VALUES (:org, :user_id, (:prefix::text || '81' || lpad(to_hex(:number::bigint), 14, '0'))::uuid, '{' || :on || '}', '{' || :off || '}', '127.0.0.1', NULL);
INSERT INTO status_steps (organisation_id, user_id, type, actor_kind, actor_id, stepped_at) VALUES (:org, :user_id, 'user.deactivated', 'connection', :connection, :now)
ON CONFLICT (organisation_id, user_id) DO UPDATE SET type = excluded.type, actor_kind = excluded.actor_kind, actor_id = excluded.actor_id,
stepped_at = excluded.stepped_at;
SELECT 1/(CASE WHEN EXISTS (SELECT 1 FROM assignments WHERE organisation_id = :org AND user_id = :user_id AND kind = 'queue'
UNION ALL SELECT 1 FROM licence_wishes WHERE organisation_id = :org AND user_id = :user_id) THEN 0 ELSE 1 END);
DELETE FROM waiting_people WHERE organisation_id = :org AND user_id = :user_id;
UPDATE seats SET holder_id = NULL WHERE organisation_id = :org AND holder_id = :user_id;
SELECT 1 FROM licences WHERE organisation_id = :org AND licence = 'full' AND seat_limit IS NOT NULL FOR KEY SHARE;
SELECT 1/(CASE WHEN EXISTS (SELECT 1 FROM waiting_people WHERE organisation_id = :org AND licence = 'full')
OR EXISTS (SELECT 1 FROM licence_wishes WHERE organisation_id = :org AND licence = 'full') THEN 0 ELSE 1 END);
SELECT 1/(CASE WHEN EXISTS (SELECT 1 FROM records WHERE organisation_id = :org AND owner_id = :user_id) THEN 0 ELSE 1 END);
SELECT 1/(CASE WHEN EXISTS (SELECT 1 FROM sign_ins WHERE organisation_id = :org AND user_id = :user_id) THEN 0 ELSE 1 END);
\else
UPDATE users SET status = 'active', owner = owner, licence = licence, user_name = user_name, user_name_key = user_name_key, external_id = external_id,
display_name = display_name, display_name_key = display_name_key, given_name_key = given_name_key, family_name_key = family_name_key, manager = manager, manager_id = manager_id, document = replace(:document, :off, :on), version = :next,
modified_at = :now, accepted_at = accepted_at WHERE organisation_id = :org AND user_id = :user_id AND version = :version AND archived_at IS NULL;
INSERT INTO events (organisation_id, event_id, type, actor_kind, actor_id, subject_kind, subject_id, request_id, occurred_at)
VALUES (:org, (:prefix::text || '81' || lpad(to_hex(:number::bigint), 14, '0'))::uuid, 'user.activated', 'connection', :connection, 'user', :user_id,
  'limit-' || :number::text, :now);
INSERT INTO event_values (organisation_id, subject_id, event_id, before_values, after_values, address, person_id)
VALUES (:org, :user_id, (:prefix::text || '81' || lpad(to_hex(:number::bigint), 14, '0'))::uuid, '{' || :off || '}', '{' || :on || '}', '127.0.0.1', NULL);
INSERT INTO status_steps (organisation_id, user_id, type, actor_kind, actor_id, stepped_at) VALUES (:org, :user_id, 'user.activated', 'connection', :connection, :now)
ON CONFLICT (organisation_id, user_id) DO UPDATE SET type = excluded.type, actor_kind = excluded.actor_kind, actor_id = excluded.actor_id,
stepped_at = excluded.stepped_at;
SELECT since, actor_kind, actor_id FROM suspensions WHERE organisation_id = :org AND user_id = :user_id;
INSERT INTO inactivity (organisation_id, user_id, restarted_at) VALUES (:org, :user_id, :now)
ON CONFLICT (organisation_id, user_id) DO UPDATE SET restarted_at = excluded.restarted_at
WHERE COALESCE(inactivity.restarted_at, 0) < excluded.restarted_at;
SELECT 1/(CASE WHEN EXISTS (SELECT 1 FROM mappings WHERE organisation_id = :org AND queues <> '' UNION ALL SELECT 1 FROM user_claims WHERE organisation_id = :org AND user_id = :user_id AND kind = 'queue') THEN 0 ELSE 1 END);
WITH taken AS (UPDATE seats SET holder_id = :user_id WHERE organisation_id = :org AND licence = 'full' AND holder_id IS NULL AND seat_number = (SELECT seat_number FROM seats WHERE organisation_id = :org AND licence = 'full' AND holder_id IS NULL ORDER BY seat_number LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING 1)
SELECT 1/((SELECT count(*) FROM taken) + (SELECT count(*) FROM licences WHERE organisation_id = :org AND licence = 'full' AND seat_limit IS NULL));
\endif
COMMIT;
