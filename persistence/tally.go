package persistence

import "usher/domain"

type tallies struct{ session }

const addTallySQL = `INSERT INTO tallies (organisation_id, connection_id, kind, what, n, first_at, last_at, detail, request_id)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (organisation_id, connection_id, kind, what) DO UPDATE SET n = tallies.n + excluded.n,
last_at = excluded.last_at, detail = excluded.detail, request_id = excluded.request_id`

func (t tallies) Add(n domain.Tally) error {
	var there int
	found, err := fetch(t, "SELECT 1 FROM tallies WHERE organisation_id = ? AND connection_id = ? AND kind = ? AND what = ?",
		[]any{n.Organisation.UUID, n.Connection.UUID, string(n.Kind), n.What}, &there)
	if err != nil {
		return err
	}
	if !found {
		var known int
		if _, err := fetch(t, "SELECT count(*) FROM tallies WHERE organisation_id = ? AND connection_id = ? AND kind = ?",
			[]any{n.Organisation.UUID, n.Connection.UUID, string(n.Kind)}, &known); err != nil {
			return err
		}
		if known >= domain.MaxTallies {
			n.What = domain.Other
		}
	}
	return t.exec(addTallySQL, n.Organisation.UUID, n.Connection.UUID, string(n.Kind), n.What, n.Count,
		n.FirstAt.UnixMilli(), n.LastAt.UnixMilli(), n.Detail, n.RequestID)
}

func (t tallies) List(org domain.OrganisationID, connection domain.ConnectionID, kind domain.TallyKind) ([]domain.Tally, error) {
	var list []domain.Tally
	err := t.query(`SELECT what, n, first_at, last_at, detail, request_id FROM tallies
WHERE organisation_id = ? AND connection_id = ? AND kind = ? ORDER BY n DESC, what`,
		[]any{org.UUID, connection.UUID, string(kind)}, func(r row) error {
			n := domain.Tally{Organisation: org, Connection: connection, Kind: kind}
			var first, last int64
			if err := r.Scan(&n.What, &n.Count, &first, &last, &n.Detail, &n.RequestID); err != nil {
				return err
			}
			n.FirstAt, n.LastAt = instant(first), instant(last)
			list = append(list, n)
			return nil
		})
	return list, err
}
