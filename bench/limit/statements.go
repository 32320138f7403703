package limit

import _ "embed" // the statements that read

// The statements that Usher runs on SQLite, one list for each operation, in their order. Tests compare the reads with
// what a store has prepared, and the writes with the texts in package persistence.

// What creates a person.
const (
	claimNameSQL = `INSERT INTO sign_in_names (organisation_id, name_key, user_id, connection_id, kind) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (organisation_id, name_key) DO UPDATE SET kind = excluded.kind
WHERE sign_in_names.user_id = excluded.user_id`

	insertUserSQL = `INSERT INTO users (organisation_id, user_id, connection_id, status, owner, licence, user_name, user_name_key,
external_id, display_name, display_name_key, given_name_key, family_name_key, manager, manager_id, document, version, created_at,
modified_at, accepted_at, archived_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)`

	insertEmailSQL = `INSERT INTO user_emails (organisation_id, user_id, position, address_key, type_key, is_primary) VALUES (?, ?, ?, ?, ?, ?)`

	indexWordsSQL = `INSERT INTO users_text (rowid, words) VALUES ((SELECT search_row FROM users WHERE organisation_id = ? AND user_id = ?), ?)`

	countSQL = `INSERT INTO resource_counts (organisation_id, connection_id, kind, shard, n) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (organisation_id, connection_id, kind, shard) DO UPDATE SET n = resource_counts.n + excluded.n`

	insertEventSQL = `INSERT INTO events (organisation_id, event_id, type, actor_kind, actor_id, subject_kind, subject_id, request_id, occurred_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`

	insertValuesSQL = `INSERT INTO event_values (organisation_id, subject_id, event_id, before_values, after_values, address, person_id) VALUES (?, ?, ?, ?, ?, ?, ?)`

	openSeatSQL = `SELECT COALESCE(l.seat_limit, -1), COALESCE(CASE WHEN l.seat_limit IS NOT NULL THEN (SELECT s.seat_number FROM seats s INDEXED BY seats_free
WHERE s.organisation_id = l.organisation_id AND s.licence = l.licence AND s.holder_id IS NULL ORDER BY s.seat_number LIMIT 1) END, 0)
FROM licences l WHERE l.organisation_id = ? AND l.licence = ?`

	// Only where seats are limited.
	takeSeatSQL = `UPDATE seats SET holder_id = ? WHERE organisation_id = ? AND licence = ? AND seat_number = ?`
)

// What switches a person off or on, beside the event and the seat.
const (
	saveUserSQL = `UPDATE users SET status = ?, owner = ?, licence = ?, user_name = ?, user_name_key = ?, external_id = ?,
display_name = ?, display_name_key = ?, given_name_key = ?, family_name_key = ?, manager = ?, manager_id = ?, document = ?, version = ?,
modified_at = ?, accepted_at = ? WHERE organisation_id = ? AND user_id = ? AND version = ? AND archived_at IS NULL`

	releaseSeatSQL = `UPDATE seats SET holder_id = NULL WHERE organisation_id = ? AND holder_id = ?`
)

// What is read: a person by id, by user name, and the first 100. The files are written by a test:
// go test ./bench/limit -update.
var (
	//go:embed get.sql
	getSQL string
	//go:embed equal.sql
	equalSQL string
	//go:embed page.sql
	pageSQL string
)
