-- A page of 100 as Usher selects it: with total, groups and managers, and what proves the token.
SELECT u.organisation_id, u.user_id, u.connection_id, u.status, u.owner, u.licence, u.user_name, u.user_name_key,
COALESCE(u.external_id, ''), COALESCE(u.display_name, ''), COALESCE(u.manager, ''), u.document, u.version, u.created_at,
u.modified_at, COALESCE(u.accepted_at, 0), COALESCE(mi.user_id, me.user_id),
COALESCE(mi.display_name, mi.user_name, me.display_name, me.user_name, ''),
COALESCE((SELECT json_agg(json_build_array(g.group_id, g.display_name) ORDER BY g.group_id)::text FROM memberships x JOIN groups g ON g.organisation_id = x.organisation_id AND g.group_id = x.group_id AND g.archived_at IS NULL
WHERE x.organisation_id = u.organisation_id AND x.member_id = u.user_id), ''), (SELECT CAST(COALESCE(SUM(n), 0) AS bigint) FROM resource_counts WHERE organisation_id = :org AND connection_id = :connection AND kind = 'user') FROM users u
LEFT JOIN users mi ON mi.organisation_id = u.organisation_id AND mi.user_id = u.manager_id
AND mi.connection_id = u.connection_id AND mi.archived_at IS NULL
LEFT JOIN users me ON mi.user_id IS NULL AND u.manager IS NOT NULL AND me.organisation_id = u.organisation_id
AND me.connection_id = u.connection_id AND me.external_id = u.manager AND me.archived_at IS NULL
WHERE u.organisation_id = :org AND u.connection_id = :connection AND u.archived_at IS NULL AND EXISTS (SELECT 1 FROM tokens t
JOIN connections c ON c.organisation_id = t.organisation_id AND c.connection_id = t.connection_id
JOIN organisations o ON o.organisation_id = t.organisation_id
WHERE t.organisation_id = :org AND t.hash = :token AND t.connection_id = :connection AND t.revoked_at IS NULL
AND (t.expires_at IS NULL OR t.expires_at > :now) AND c.disabled_at IS NULL AND o.suspended_at IS NULL) ORDER BY u.user_id LIMIT 101;
