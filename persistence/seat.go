package persistence

import (
	"usher/domain"
)

type seats struct{ session }

func (t seats) Plan(org domain.OrganisationID, plan domain.SeatPlan) error {
	if err := commonsChanged(t, org); err != nil {
		return err
	}
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

	// openSeatSQLite reads the limit of a plan (-1: none) and the first free seat (0: none). SQLite would walk through the
	// seats that are held, in the order of the primary key. takeOpenSQLite takes that seat, with one writer there is nobody
	// else who could: by its whole key and without RETURNING, for which SQLite would open a savepoint, and every savepoint
	// has the words of the people before it in the same commit written into the search index.
	openSeatSQLite = `SELECT COALESCE(l.seat_limit, -1), COALESCE(CASE WHEN l.seat_limit IS NOT NULL THEN (SELECT s.seat_number FROM seats s INDEXED BY seats_free
WHERE s.organisation_id = l.organisation_id AND s.licence = l.licence AND s.holder_id IS NULL ORDER BY s.seat_number LIMIT 1) END, 0)
FROM licences l WHERE l.organisation_id = ? AND l.licence = ?`
	takeOpenSQLite = `UPDATE seats SET holder_id = ? WHERE organisation_id = ? AND licence = ? AND seat_number = ?`

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
	if t.dialect() == sqlite {
		return t.takeOpen(org, licence, holder)
	}
	_, limited, err := t.limit(org, licence, "")
	if err != nil || !limited {
		return err
	}
	if taken, err := t.take(takeSeatSQL+" FOR UPDATE SKIP LOCKED) RETURNING 1", take); err != nil || taken {
		return err
	}
	// Every free seat is about to be taken by somebody, who may yet fail: wait for them, one asker at a time.
	limit, limited, err := t.limit(org, licence, " FOR UPDATE")
	if err != nil || !limited {
		return err
	}
	if taken, err := t.take(takeSeatSQL+" FOR UPDATE) RETURNING 1", take); err != nil || taken {
		return err
	}
	return domain.SeatsExhausted(licence, limit, limit)
}

// takeOpen is Take on SQLite.
func (t seats) takeOpen(org domain.OrganisationID, licence string, holder domain.UserID) error {
	var limit, open int
	found, err := fetch(t, openSeatSQLite, []any{org.UUID, licence}, &limit, &open)
	switch {
	case err != nil:
		return err
	case !found:
		return noLicence(licence)
	case limit < 0:
		return nil
	case open == 0:
		return domain.SeatsExhausted(licence, limit, limit)
	}
	return t.exec(takeOpenSQLite, holder.UUID, org.UUID, licence, open)
}

// noLicence is the refusal of a licence that an organisation does not have.
func noLicence(licence string) error {
	return domain.InvalidField("licence", "the organisation has no licence "+clip(licence)+"; see the list of licences")
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
		err = noLicence(licence)
	}
	return limit, limit >= 0, err
}

func (t seats) Release(org domain.OrganisationID, holder domain.UserID) error {
	return t.exec("UPDATE seats SET holder_id = NULL WHERE organisation_id = ? AND holder_id = ?", org.UUID, holder.UUID)
}

// Share locks nothing where the plan has a limit: then there is a row to take, which does not change its meaning, and who
// found none would block others who share when they look at the plan under a lock.
func (t seats) Share(org domain.OrganisationID, licence string) error {
	_, limited, err := t.limit(org, licence, "")
	if err == nil && !limited {
		_, _, err = t.limit(org, licence, t.locking(" FOR KEY SHARE"))
	}
	return err
}

// locking is what a statement ends with; SQLite has one writer and needs nothing.
func (t seats) locking(lock string) string {
	if t.dialect() == postgres {
		return lock
	}
	return ""
}

func (t seats) Hold(org domain.OrganisationID, licence string) (domain.SeatPlan, bool, error) {
	plan := domain.SeatPlan{Licence: licence}
	found := false
	err := t.inside("SELECT COALESCE(seat_limit, -1) FROM licences WHERE organisation_id = ? AND licence = ?"+t.locking(" FOR UPDATE"),
		[]any{org.UUID, licence}, func(r row) error {
			found = true
			return r.Scan(&plan.Limit)
		})
	if plan.Limit < 0 {
		plan.Limit, plan.Unlimited = 0, true
	}
	return plan, found, err
}

func (t seats) Resize(org domain.OrganisationID, was, is domain.SeatPlan) error {
	if err := t.exec("UPDATE licences SET seat_limit = ? WHERE organisation_id = ? AND licence = ?", limitOrNull(is), org.UUID, is.Licence); err != nil {
		return err
	}
	switch {
	case is.Unlimited:
		return t.exec("DELETE FROM seats WHERE organisation_id = ? AND licence = ?", org.UUID, is.Licence)
	case was.Unlimited:
		return t.bound(org, is)
	case is.Limit > was.Limit:
		return t.add(org, is.Licence, is.Limit-was.Limit)
	}
	return t.remove(org, is, was.Limit-is.Limit)
}

func limitOrNull(plan domain.SeatPlan) any {
	if plan.Unlimited {
		return nil
	}
	return plan.Limit
}

// add makes seats, numbered after the highest there is.
func (t seats) add(org domain.OrganisationID, licence string, n int) error {
	return t.exec(`WITH RECURSIVE numbers (n) AS (SELECT 1 WHERE `+castInt(t.dialect())+` >= 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < `+castInt(t.dialect())+`),
last (n) AS (SELECT COALESCE(max(seat_number), 0) FROM seats WHERE organisation_id = ? AND licence = ?)
INSERT INTO seats (organisation_id, licence, seat_number) SELECT l.organisation_id, l.licence, last.n + numbers.n FROM numbers, last, licences l
WHERE l.organisation_id = ? AND l.licence = ?`, n, n, org.UUID, licence, org.UUID, licence)
}

// remove takes free seats away, the highest first. A seat that somebody is about to take is waited for; then others are
// looked for, until there are none.
func (t seats) remove(org domain.OrganisationID, is domain.SeatPlan, n int) error {
	for n > 0 {
		removed := 0
		// Materialized: PostgreSQL may run a subselect again for each row, and would find others free each time.
		err := t.inside(`WITH free AS MATERIALIZED (SELECT seat_number FROM seats
WHERE organisation_id = ? AND licence = ? AND holder_id IS NULL ORDER BY seat_number DESC LIMIT ?`+t.locking(" FOR UPDATE")+`)
DELETE FROM seats WHERE organisation_id = ? AND licence = ? AND seat_number IN (SELECT seat_number FROM free) RETURNING 1`,
			[]any{org.UUID, is.Licence, n, org.UUID, is.Licence}, func(row) error {
				removed++
				return nil
			})
		if err != nil {
			return err
		}
		if removed == 0 {
			return t.fail(domain.SeatsHeld(is.Licence, is.Limit+n, is.Limit))
		}
		n -= removed
	}
	return nil
}

const needsSeatSQL = " FROM users WHERE organisation_id = ? AND licence = ? AND status <> 'inactive' AND archived_at IS NULL"

// bound gives a plan a limit that had none, and so no seats: everybody who needs one gets one.
//
// On PostgreSQL people may be on their way in under the plan as it was. A push writes the person's row and the count of
// its connection before it looks at the plan, so the rows and the counts are locked first: whoever was quicker is waited
// for and then seen, whoever comes later sees the limit. Who comes otherwise shares the plan (Share), which is held.
func (t seats) bound(org domain.OrganisationID, is domain.SeatPlan) error {
	if t.dialect() == postgres {
		if err := t.inside(`INSERT INTO resource_counts (organisation_id, connection_id, kind, shard, n)
SELECT c.organisation_id, c.connection_id, '`+countUsers+`', s, 0 FROM connections c, generate_series(0, ?::int) s WHERE c.organisation_id = ?
ORDER BY c.connection_id, s
ON CONFLICT (organisation_id, connection_id, kind, shard) DO UPDATE SET n = resource_counts.n RETURNING 1`,
			[]any{countShards - 1, org.UUID}, func(row) error { return nil }); err != nil {
			return err
		}
		err := t.inside("SELECT user_id FROM users WHERE organisation_id = ? AND archived_at IS NULL ORDER BY user_id FOR UPDATE",
			[]any{org.UUID}, func(row) error { return nil })
		if err != nil {
			return err
		}
	}
	held := 0
	if err := t.inside("SELECT count(*)"+needsSeatSQL, []any{org.UUID, is.Licence}, func(r row) error { return r.Scan(&held) }); err != nil {
		return err
	}
	if held > is.Limit {
		return t.fail(domain.SeatsHeld(is.Licence, held, is.Limit))
	}
	if err := t.add(org, is.Licence, is.Limit); err != nil {
		return err
	}
	return t.exec(`UPDATE seats SET holder_id = (SELECT p.user_id FROM (SELECT user_id, row_number() OVER (ORDER BY user_id) AS n`+needsSeatSQL+`) p
WHERE p.n = seats.seat_number) WHERE organisation_id = ? AND licence = ? AND seat_number <= `+castInt(t.dialect()),
		org.UUID, is.Licence, org.UUID, is.Licence, held)
}

func (t seats) Usage(org domain.OrganisationID) ([]domain.SeatUsage, error) {
	var list []domain.SeatUsage
	err := t.query(`SELECT l.licence, COALESCE(l.seat_limit, -1), CASE WHEN l.seat_limit IS NULL
THEN (SELECT count(*) FROM users u WHERE u.organisation_id = l.organisation_id AND u.licence = l.licence AND u.status <> 'inactive' AND u.archived_at IS NULL)
ELSE (SELECT count(*) FROM seats s WHERE s.organisation_id = l.organisation_id AND s.licence = l.licence AND s.holder_id IS NOT NULL) END,
(SELECT count(*) FROM waiting_people w WHERE w.organisation_id = l.organisation_id AND w.licence = l.licence)
FROM licences l WHERE l.organisation_id = ? ORDER BY l.licence`, []any{org.UUID}, func(r row) error {
		var u domain.SeatUsage
		if err := r.Scan(&u.Licence, &u.Limit, &u.Held, &u.Waiting); err != nil {
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
