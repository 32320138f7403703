package persistence

import "usher/domain"

type rates struct{ session }

func (t rates) Add(scope domain.Scope, window int64, n int) (int, error) {
	var total int
	err := t.inside(`INSERT INTO rate_windows (organisation_id, connection_id, time_window, n) VALUES (?, ?, ?, ?)
ON CONFLICT (organisation_id, connection_id, time_window) DO UPDATE SET n = rate_windows.n + excluded.n RETURNING n`,
		[]any{scope.Organisation.UUID, scope.Connection.UUID, window, n}, func(r row) error { return r.Scan(&total) })
	if err != nil || total != n {
		return total, err
	}
	// The first of a window clears away what came before it.
	return total, t.exec("DELETE FROM rate_windows WHERE organisation_id = ? AND connection_id = ? AND time_window < ?",
		scope.Organisation.UUID, scope.Connection.UUID, window)
}

func (t rates) Count(scope domain.Scope, window int64) (total int, err error) {
	_, err = fetch(t, "SELECT n FROM rate_windows WHERE organisation_id = ? AND connection_id = ? AND time_window = ?",
		[]any{scope.Organisation.UUID, scope.Connection.UUID, window}, &total)
	return total, err
}
