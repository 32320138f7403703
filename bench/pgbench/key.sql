-- One stored document by the person's key: what no server over PostgreSQL can pass.
\set person random(0, :users - 1)
SELECT document FROM users WHERE organisation_id = :org
AND user_id = (:prefix::text || '8' || lpad(to_hex(:person::bigint), 15, '0'))::uuid AND archived_at IS NULL;
