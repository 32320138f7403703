-- A page of 100 as Usher selects it: with total, groups and managers, and what proves the token.
SELECT u.organisation_id, u.user_id, u.connection_id, u.status, u.owner, u.licence, u.user_name, u.user_name_key,
COALESCE(u.external_id, ''), COALESCE(u.display_name, ''), COALESCE(u.manager, ''), u.document, u.version, u.created_at,
u.modified_at, COALESCE(u.accepted_at, 0), '', '', (SELECT CAST(COALESCE(SUM(n), 0) AS bigint) FROM resource_counts WHERE organisation_id = :org AND connection_id = :connection AND kind = 'user') FROM users u WHERE u.organisation_id = :org AND u.connection_id = :connection AND u.archived_at IS NULL AND EXISTS (SELECT 1 FROM tokens t
JOIN connections c ON c.organisation_id = t.organisation_id AND c.connection_id = t.connection_id
JOIN organisations o ON o.organisation_id = t.organisation_id
WHERE t.organisation_id = :org AND t.hash = :token AND t.connection_id = :connection AND t.revoked_at IS NULL
AND (t.expires_at IS NULL OR t.expires_at > :now) AND c.disabled_at IS NULL AND o.suspended_at IS NULL) ORDER BY u.user_id LIMIT 101;
SELECT x.member_id, x.group_id, g.display_name FROM unnest((ARRAY(SELECT user_id FROM users WHERE organisation_id = :org AND connection_id = :connection AND archived_at IS NULL ORDER BY user_id LIMIT 100))::uuid[]) AS listed(id)
JOIN memberships x ON x.organisation_id = :org AND x.member_id = listed.id
JOIN groups g ON g.organisation_id = x.organisation_id AND g.group_id = x.group_id AND g.archived_at IS NULL;
