package persistence

import "usher/domain"

type waiting struct{ session }

func (t waiting) Join(p domain.WaitingPlace) error {
	// Whoever joins holds the plan (seats.Take looked at it under a lock), so that two never get one place.
	return t.exec(`INSERT INTO waiting_people (organisation_id, user_id, licence, place, next_status, since)
SELECT l.organisation_id, `+castID(t.dialect())+`, l.licence, COALESCE((SELECT max(w.place) FROM waiting_people w
WHERE w.organisation_id = l.organisation_id AND w.licence = l.licence), 0) + 1, `+castText(t.dialect())+`, `+castBig(t.dialect())+` FROM licences l
WHERE l.organisation_id = ? AND l.licence = ?`,
		p.User.UUID, string(p.Next), p.Since.UnixMilli(), p.Organisation.UUID, p.Licence)
}

func (t waiting) Leave(org domain.OrganisationID, user domain.UserID) error {
	return t.exec("DELETE FROM waiting_people WHERE organisation_id = ? AND user_id = ?", org.UUID, user.UUID)
}

const placeSQL = "SELECT user_id, licence, next_status, since FROM waiting_people WHERE organisation_id = ? AND "

// First is on the way of everybody who gives a seat back. On PostgreSQL such a unit of work shares the plan, which whoever
// joins the line locks: so either of them sees what the other has done, and those who give back do not wait for each
// other. An optimistic attempt does not wait for the answer: it divides by zero when somebody is in line, or wishes for the
// licence.
func (t waiting) First(org domain.OrganisationID, licence string) (p domain.WaitingPlace, found, wished bool, err error) {
	const plan = "SELECT 1 FROM licences WHERE organisation_id = ? AND licence = ? "
	if p, ok := t.session.(*postgresWrite); ok {
		if p.optimistic() {
			// Nobody waits for an unlimited plan, whose row is left alone.
			if err := p.exec(plan+"AND seat_limit IS NOT NULL FOR KEY SHARE", org.UUID, licence); err != nil {
				return domain.WaitingPlace{}, false, false, err
			}
			return domain.WaitingPlace{}, false, false, p.guarded(demandNobodySQL, org.UUID, licence, org.UUID, licence)
		}
		if err := t.inside(plan+"FOR UPDATE", []any{org.UUID, licence}, func(row) error { return nil }); err != nil {
			return domain.WaitingPlace{}, false, false, err
		}
	}
	p = domain.WaitingPlace{Organisation: org, Licence: licence}
	err = t.query(firstSQL, []any{org.UUID, licence, org.UUID, licence}, func(r row) error {
		var next string
		var since int64
		user := domain.UserID{}
		if err := r.Scan(&user.UUID, &next, &since); err != nil {
			return err
		}
		if wished = next == ""; !wished {
			found, p.User, p.Next, p.Since = true, user, domain.Status(next), instant(since)
		}
		return nil
	})
	if err != nil || !found {
		return domain.WaitingPlace{}, false, wished, err
	}
	return p, true, false, nil
}

const (
	demandNobodySQL = `SELECT 1/(CASE WHEN EXISTS (SELECT 1 FROM waiting_people WHERE organisation_id = ? AND licence = ?)
OR EXISTS (SELECT 1 FROM licence_wishes WHERE organisation_id = ? AND licence = ?) THEN 0 ELSE 1 END)`

	// firstSQL reads who is first in line and, without a status, who wishes for longest.
	firstSQL = `SELECT user_id, next_status, since FROM (SELECT user_id, next_status, since FROM waiting_people
WHERE organisation_id = ? AND licence = ? ORDER BY place LIMIT 1) w
UNION ALL SELECT user_id, '', since FROM (SELECT user_id, since FROM licence_wishes
WHERE organisation_id = ? AND licence = ? ORDER BY since LIMIT 1) x`
)

func (t waiting) Get(org domain.OrganisationID, user domain.UserID) (domain.WaitingPlace, bool, error) {
	return t.one(org, "user_id = ?", user.UUID)
}

func (t waiting) one(org domain.OrganisationID, where string, arg any) (domain.WaitingPlace, bool, error) {
	p := domain.WaitingPlace{Organisation: org}
	var next string
	var since int64
	found, err := fetch(t, placeSQL+where, []any{org.UUID, arg}, &p.User.UUID, &p.Licence, &next, &since)
	if err != nil || !found {
		return domain.WaitingPlace{}, false, err
	}
	p.Next, p.Since = domain.Status(next), instant(since)
	return p, true, nil
}

func (t waiting) Of(org domain.OrganisationID, users []domain.UserID) ([]domain.WaitingPlace, error) {
	var list []domain.WaitingPlace
	if len(users) == 0 {
		return list, nil
	}
	err := t.query(placeSQL+"user_id"+amongUsers(users), usersArgs(org, users), func(r row) error {
		p := domain.WaitingPlace{Organisation: org}
		var next string
		var since int64
		err := r.Scan(&p.User.UUID, &p.Licence, &next, &since)
		p.Next, p.Since = domain.Status(next), instant(since)
		list = append(list, p)
		return err
	})
	return list, err
}

func (t waiting) Ahead(p domain.WaitingPlace) (int, error) {
	var n int
	_, err := fetch(t, `SELECT count(*) FROM waiting_people w JOIN waiting_people me ON me.organisation_id = w.organisation_id AND me.licence = w.licence
WHERE w.organisation_id = ? AND me.user_id = ? AND w.place < me.place`, []any{p.Organisation.UUID, p.User.UUID}, &n)
	return n, err
}
