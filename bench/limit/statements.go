package limit

// The statements that Usher runs on SQLite, one list for each operation, in their order. Tests compare the reads with
// what a store has prepared, and the writes with the texts in package persistence.

// What creates a person.
const (
	claimNameSQL = `INSERT INTO sign_in_names (organisation_id, name_key, user_id, connection_id, kind) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (organisation_id, name_key) DO UPDATE SET user_id = excluded.user_id, kind = excluded.kind
WHERE sign_in_names.user_id = excluded.user_id
OR (sign_in_names.kind = 'email' AND sign_in_names.connection_id = excluded.connection_id)`

	insertUserSQL = `INSERT INTO users (organisation_id, user_id, connection_id, status, owner, licence, user_name, user_name_key,
external_id, display_name, display_name_key, given_name_key, family_name_key, manager, manager_id, document, version, created_at,
modified_at, accepted_at, archived_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)`

	insertEmailSQL = `INSERT INTO user_emails (organisation_id, user_id, position, address_key, type_key, is_primary) VALUES (?, ?, ?, ?, ?, ?)`

	indexWordsSQL = `INSERT INTO users_text (rowid, words) SELECT search_row, ? FROM users WHERE organisation_id = ? AND user_id = ?`

	countSQL = `INSERT INTO resource_counts (organisation_id, connection_id, kind, shard, n) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (organisation_id, connection_id, kind, shard) DO UPDATE SET n = resource_counts.n + excluded.n`

	insertEventSQL = `INSERT INTO events (organisation_id, event_id, type, actor_kind, actor_id, subject_kind, subject_id, request_id, occurred_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`

	insertValuesSQL = `INSERT INTO event_values (organisation_id, event_id, subject_id, before_values, after_values) VALUES (?, ?, ?, ?, ?)`

	seatLimitSQL = `SELECT COALESCE(seat_limit, -1) FROM licences WHERE organisation_id = ? AND licence = ?`

	// Only where seats are limited.
	takeSeatSQL = `UPDATE seats SET holder_id = ? WHERE organisation_id = ? AND licence = ? AND holder_id IS NULL AND seat_number = (SELECT seat_number FROM seats WHERE organisation_id = ? AND licence = ? AND holder_id IS NULL ORDER BY seat_number LIMIT 1) RETURNING 1`
)

// What switches a person off or on, beside the event and the seat.
const (
	saveUserSQL = `UPDATE users SET status = ?, owner = ?, licence = ?, user_name = ?, user_name_key = ?, external_id = ?,
display_name = ?, display_name_key = ?, given_name_key = ?, family_name_key = ?, manager = ?, manager_id = ?, document = ?, version = ?,
modified_at = ?, accepted_at = ? WHERE organisation_id = ? AND user_id = ? AND version = ? AND archived_at IS NULL`

	releaseSeatSQL = `UPDATE seats SET holder_id = NULL WHERE organisation_id = ? AND holder_id = ?`
)

// What is read of a person, and what proves the token in the same statement.
const (
	userColumns = `SELECT u.organisation_id, u.user_id, u.connection_id, u.status, u.owner, u.licence, u.user_name, u.user_name_key,
COALESCE(u.external_id, ''), COALESCE(u.display_name, ''), COALESCE(u.manager, ''), u.document, u.version, u.created_at,
u.modified_at, COALESCE(u.accepted_at, 0), COALESCE(mi.user_id, me.user_id),
COALESCE(mi.display_name, mi.user_name, me.display_name, me.user_name, ''),
COALESCE((SELECT json_group_array(json_array(g.group_id, g.display_name)) FROM memberships x CROSS JOIN groups g ON g.organisation_id = x.organisation_id AND g.group_id = x.group_id AND g.archived_at IS NULL
WHERE x.organisation_id = u.organisation_id AND x.member_id = u.user_id), '')`

	managers = `
LEFT JOIN users mi ON mi.organisation_id = u.organisation_id AND mi.user_id = u.manager_id
AND mi.connection_id = u.connection_id AND mi.archived_at IS NULL
LEFT JOIN users me ON mi.user_id IS NULL AND u.manager IS NOT NULL AND me.organisation_id = u.organisation_id
AND me.connection_id = u.connection_id AND me.external_id = u.manager AND me.archived_at IS NULL`

	standing = ` AND EXISTS (SELECT 1 FROM tokens t
JOIN connections c ON c.organisation_id = t.organisation_id AND c.connection_id = t.connection_id
JOIN organisations o ON o.organisation_id = t.organisation_id
WHERE t.organisation_id = ? AND t.hash = ? AND t.connection_id = ? AND t.revoked_at IS NULL
AND (t.expires_at IS NULL OR t.expires_at > ?) AND c.disabled_at IS NULL AND o.suspended_at IS NULL)`

	getSQL = userColumns + ` FROM users u` + managers + `
WHERE u.organisation_id = ? AND u.user_id = ? AND u.connection_id = ? AND u.archived_at IS NULL` + standing

	equalSQL = userColumns + ` FROM users u INDEXED BY users_user_name` + managers + `
WHERE u.organisation_id = ? AND u.connection_id = ? AND u.archived_at IS NULL` + standing + `
AND u.user_name_key = ? ORDER BY u.user_id LIMIT 101`

	pageSQL = userColumns + `, (SELECT CAST(COALESCE(SUM(n), 0) AS bigint) FROM resource_counts WHERE organisation_id = ? AND connection_id = ? AND kind = 'user')
FROM users u INDEXED BY users_page` + managers + `
WHERE u.organisation_id = ? AND u.connection_id = ? AND u.archived_at IS NULL` + standing + `
ORDER BY u.user_id LIMIT 101`
)
