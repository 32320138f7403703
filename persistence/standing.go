package persistence

import "usher/domain"

const standingSQL = `EXISTS (SELECT 1 FROM tokens t
JOIN connections c ON c.organisation_id = t.organisation_id AND c.connection_id = t.connection_id
JOIN organisations o ON o.organisation_id = t.organisation_id
WHERE t.organisation_id = ? AND t.hash = ? AND t.connection_id = ? AND t.revoked_at IS NULL
AND (t.expires_at IS NULL OR t.expires_at > ?) AND c.disabled_at IS NULL AND o.suspended_at IS NULL)`

// standing is the condition under which a read for a recalled caller answers at all (see domain.Standing).
func standing(scope domain.Scope) (sql string, args []any) {
	return standingSQL, []any{scope.Organisation.UUID, scope.Standing.Token[:], scope.Connection.UUID, scope.Standing.Now.UnixMilli()}
}
