package persistence

import (
	"usher/domain"
)

type seats struct{ session }

func (t seats) Plan(org domain.OrganisationID, plan domain.SeatPlan) error {
	if plan.Unlimited {
		return t.exec("INSERT INTO licences (organisation_id, licence, seat_limit) VALUES (?, ?, NULL)", org.UUID, plan.Licence)
	}
	if err := t.exec("INSERT INTO licences (organisation_id, licence, seat_limit) VALUES (?, ?, ?)", org.UUID, plan.Licence, plan.Limit); err != nil {
		return err
	}
	return t.exec(`WITH RECURSIVE numbers (n) AS (SELECT 1 WHERE `+castInt(t.dialect())+` >= 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < `+castInt(t.dialect())+`)
INSERT INTO seats (organisation_id, licence, seat_number) SELECT l.organisation_id, l.licence, n FROM numbers, licences l
WHERE l.organisation_id = ? AND l.licence = ?`, plan.Limit, plan.Limit, org.UUID, plan.Licence)
}

// castInt is a parameter that PostgreSQL knows to be a number.
func castInt(d dialect) string {
	if d == postgres {
		return "?::int"
	}
	return "?"
}

const (
	freeSeatSQL = ` WHERE organisation_id = ? AND licence = ? AND holder_id IS NULL ORDER BY seat_number LIMIT 1`

	claimSeatSQL = `UPDATE seats SET holder_id = ? WHERE organisation_id = ? AND licence = ? AND holder_id IS NULL AND seat_number = (SELECT seat_number FROM seats`

	takeSeatSQL = claimSeatSQL + freeSeatSQL

	// SQLite would walk through the seats that are held, in the order of the primary key.
	takeSeatSQLite = claimSeatSQL + ` INDEXED BY seats_free` + freeSeatSQL + `) RETURNING 1`

	// takeGuardedSQL takes a seat in an optimistic attempt: it divides by zero, which undoes the attempt, when there is
	// neither a seat that nobody else is about to take nor an unlimited plan, which has no seats and needs none.
	takeGuardedSQL = `WITH taken AS (` + takeSeatSQL + ` FOR UPDATE SKIP LOCKED) RETURNING 1)
SELECT 1/((SELECT count(*) FROM taken) + (SELECT count(*) FROM licences WHERE organisation_id = ? AND licence = ? AND seat_limit IS NULL))`
)

func (t seats) Take(org domain.OrganisationID, licence string, holder domain.UserID) error {
	take := []any{holder.UUID, org.UUID, licence, org.UUID, licence}
	if p, ok := t.session.(*postgresWrite); ok && p.optimistic() {
		return p.guarded(takeGuardedSQL, append(take, org.UUID, licence)...)
	}
	limit, limited, err := t.limit(org, licence, "")
	if err != nil || !limited {
		return err
	}
	if t.dialect() == postgres {
		if taken, err := t.take(takeSeatSQL+" FOR UPDATE SKIP LOCKED) RETURNING 1", take); err != nil || taken {
			return err
		}
		// Every free seat is about to be taken by somebody, who may yet fail: wait for them, one asker at a time.
		if limit, limited, err = t.limit(org, licence, " FOR UPDATE"); err != nil || !limited {
			return err
		}
		if taken, err := t.take(takeSeatSQL+" FOR UPDATE) RETURNING 1", take); err != nil || taken {
			return err
		}
	} else if taken, err := t.take(takeSeatSQLite, take); err != nil || taken {
		return err
	}
	return domain.SeatsExhausted(licence, limit, limit)
}

func (t seats) take(sql string, args []any) (taken bool, err error) {
	err = t.inside(sql, args, func(row) error {
		taken = true
		return nil
	})
	return taken, err
}

// limit reads the plan of a licence; lock is what the statement ends with.
func (t seats) limit(org domain.OrganisationID, licence, lock string) (limit int, limited bool, err error) {
	found := false
	err = t.inside("SELECT COALESCE(seat_limit, -1) FROM licences WHERE organisation_id = ? AND licence = ?"+lock,
		[]any{org.UUID, licence}, func(r row) error {
			found = true
			return r.Scan(&limit)
		})
	if err == nil && !found {
		err = domain.InvalidField("licence", "the organisation has no licence called "+clip(licence))
	}
	return limit, limit >= 0, err
}

func (t seats) Release(org domain.OrganisationID, holder domain.UserID) error {
	return t.exec("UPDATE seats SET holder_id = NULL WHERE organisation_id = ? AND holder_id = ?", org.UUID, holder.UUID)
}

func (t seats) Usage(org domain.OrganisationID) ([]domain.SeatUsage, error) {
	var list []domain.SeatUsage
	err := t.query(`SELECT l.licence, COALESCE(l.seat_limit, -1), CASE WHEN l.seat_limit IS NULL
THEN (SELECT count(*) FROM users u WHERE u.organisation_id = l.organisation_id AND u.licence = l.licence AND u.status <> 'inactive' AND u.archived_at IS NULL)
ELSE (SELECT count(*) FROM seats s WHERE s.organisation_id = l.organisation_id AND s.licence = l.licence AND s.holder_id IS NOT NULL) END
FROM licences l WHERE l.organisation_id = ? ORDER BY l.licence`, []any{org.UUID}, func(r row) error {
		var u domain.SeatUsage
		if err := r.Scan(&u.Licence, &u.Limit, &u.Held); err != nil {
			return err
		}
		if u.Limit < 0 {
			u.Unlimited, u.Limit = true, 0
		}
		list = append(list, u)
		return nil
	})
	return list, err
}
