-- Creating one person, a statement after the other: what Usher sends in one round trip.
--
-- number is the person's; identifiers are made of it as those of the seed are. The guards that let Usher send all at
-- once (a division by zero where no row was changed) are left out.
\set n :n + 1
\set number :base + :n * :clients + :client_id
\set shard :number % 16
BEGIN;
SELECT 1/(CASE WHEN EXISTS (SELECT 1 FROM suspended_names n WHERE n.organisation_id = :org AND n.kind = 1 AND n.name_key IN (SELECT json_array_elements_text(('["limit.' || :number::text || '@limit.bench.test"]')::json))) OR EXISTS (SELECT 1 FROM suspended_names n WHERE n.organisation_id = :org AND n.kind = 2 AND n.name_key = (:connection::text || 'limit-' || :number::text)) THEN 0 ELSE 1 END);
INSERT INTO sign_in_names (organisation_id, name_key, user_id, connection_id, kind)
VALUES (:org, 'limit.' || :number::text || '@limit.bench.test', (:prefix::text || '8' || lpad(to_hex(:number::bigint), 15, '0'))::uuid,
  :connection, 'user_name')
ON CONFLICT (organisation_id, name_key) DO UPDATE SET kind = excluded.kind
WHERE sign_in_names.user_id = excluded.user_id;
INSERT INTO users (organisation_id, user_id, connection_id, status, owner, licence, user_name, user_name_key,
external_id, display_name, display_name_key, given_name_key, family_name_key, manager, manager_id, document, version, created_at,
modified_at, accepted_at, archived_at)
VALUES (:org, (:prefix::text || '8' || lpad(to_hex(:number::bigint), 15, '0'))::uuid, :connection, 'active', false, 'full',
  'limit.' || :number::text || '@limit.bench.test', 'limit.' || :number::text || '@limit.bench.test', 'limit-' || :number::text,
  'Ana Limit ' || :number::text, 'ana limit ' || :number::text, 'ana', 'limit', NULL, NULL,
  replace(replace(:document, :model_id, (:prefix::text || '8' || lpad(to_hex(:number::bigint), 15, '0'))::uuid::text),
    :model_name, 'limit.' || :number::text || '@limit.bench.test'), 1, :now, :now, :now, NULL);
INSERT INTO user_emails (organisation_id, user_id, position, address_key, type_key, is_primary)
VALUES (:org, (:prefix::text || '8' || lpad(to_hex(:number::bigint), 15, '0'))::uuid, 0, 'limit.' || :number::text || '@limit.bench.test', 'work', true);
INSERT INTO resource_counts (organisation_id, connection_id, kind, shard, n) VALUES (:org, :connection, 'user', :shard, 1)
ON CONFLICT (organisation_id, connection_id, kind, shard) DO UPDATE SET n = resource_counts.n + excluded.n;
INSERT INTO events (organisation_id, event_id, type, actor_kind, actor_id, subject_kind, subject_id, request_id, occurred_at)
VALUES (:org, (:prefix::text || '81' || lpad(to_hex(:number::bigint), 14, '0'))::uuid, 'user.created', 'connection', :connection, 'user',
  (:prefix::text || '8' || lpad(to_hex(:number::bigint), 15, '0'))::uuid, 'limit-' || :number::text, :now);
INSERT INTO event_values (organisation_id, subject_id, event_id, before_values, after_values, address, person_id)
VALUES (:org, (:prefix::text || '8' || lpad(to_hex(:number::bigint), 15, '0'))::uuid,
  (:prefix::text || '81' || lpad(to_hex(:number::bigint), 14, '0'))::uuid, NULL,
  replace(replace(:document, :model_id, (:prefix::text || '8' || lpad(to_hex(:number::bigint), 15, '0'))::uuid::text),
    :model_name, 'limit.' || :number::text || '@limit.bench.test'), '127.0.0.1', NULL);
WITH taken AS (UPDATE seats SET holder_id = (:prefix::text || '8' || lpad(to_hex(:number::bigint), 15, '0'))::uuid WHERE organisation_id = :org AND licence = 'full' AND holder_id IS NULL AND seat_number = (SELECT seat_number FROM seats WHERE organisation_id = :org AND licence = 'full' AND holder_id IS NULL ORDER BY seat_number LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING 1)
SELECT 1/((SELECT count(*) FROM taken) + (SELECT count(*) FROM licences WHERE organisation_id = :org AND licence = 'full' AND seat_limit IS NULL));
COMMIT;
