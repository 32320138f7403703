-- A page of 100 as Usher selects it: with total, groups and managers, and what proves the token.
SELECT u.organisation_id, u.user_id, u.connection_id, u.status, u.owner, u.licence, u.user_name, u.user_name_key,
COALESCE(u.external_id, ''), COALESCE(u.display_name, ''), COALESCE(u.manager, ''), u.document, u.version, u.created_at,
u.modified_at, COALESCE(u.accepted_at, 0), '', '', (SELECT CAST(COALESCE(SUM(n), 0) AS bigint) FROM resource_counts WHERE organisation_id = :org AND connection_id = :connection AND kind = 'user') FROM users u WHERE u.organisation_id = :org AND u.connection_id = :connection AND u.archived_at IS NULL AND (SELECT o.access_version FROM organisations o WHERE o.organisation_id = :org) = :access ORDER BY u.user_id LIMIT 101;
SELECT listed.id, x.group_id, g.display_name FROM unnest((ARRAY(SELECT user_id FROM users WHERE organisation_id = :org AND connection_id = :connection AND archived_at IS NULL ORDER BY user_id LIMIT 100))::uuid[]) AS listed(id)
CROSS JOIN LATERAL (SELECT m.group_id FROM memberships m WHERE m.organisation_id = :org AND m.member_id = listed.id OFFSET 0) AS x
JOIN groups g ON g.organisation_id = :org AND g.group_id = x.group_id AND g.archived_at IS NULL;
