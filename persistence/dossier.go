package persistence

import (
	"time"

	"github.com/google/uuid"

	"usher/domain"
)

type dossiers struct{ session }

// Read takes a few statements, however many people there are. The locks come first and in order, so that two who read the
// same people wait for each other and never block both.
func (t dossiers) Read(org domain.OrganisationID, users []domain.UserID, hold bool) ([]domain.Dossier, error) {
	ids := uuids(users)
	var list []domain.Dossier
	at := map[uuid.UUID]int{}
	if hold && t.dialect() == postgres {
		err := t.inside(`SELECT u.user_id FROM users u WHERE u.organisation_id = ? AND u.user_id = ANY(?::uuid[]) AND u.archived_at IS NULL
ORDER BY u.user_id FOR NO KEY UPDATE`, []any{org.UUID, ids}, func(row) error { return nil })
		if err != nil {
			return nil, err
		}
	}
	query := t.query
	if p, ok := t.session.(*postgresWrite); ok && hold {
		// A plan that was kept from when few people were given anything would walk through all that a job has written since.
		query = p.anew
	}
	if err := t.people(query, org, ids, func(d domain.Dossier) {
		at[d.Access.User.UUID] = len(list)
		list = append(list, d)
	}); err != nil {
		return nil, err
	}
	of := func(user uuid.UUID) *domain.Dossier {
		if i, here := at[user]; here {
			return &list[i]
		}
		return &domain.Dossier{} // gone
	}
	if err := t.reaching(org, ids, of); err != nil {
		return nil, err
	}
	return list, t.said(org, ids, of)
}

// among joins something with the people of a list.
func (t dossiers) among(what, on string) string {
	join := " JOIN "
	if t.dialect() == sqlite { // CROSS JOIN keeps the order: it would go through the list for each row
		join = " CROSS JOIN "
	}
	return idList(t.dialect()) + join + what + " ON " + on
}

// people reads what some people are given.
func (t dossiers) people(query func(string, []any, func(row) error) error, org domain.OrganisationID, ids []uuid.UUID, each func(domain.Dossier)) error {
	var d domain.Dossier
	var texts accessTexts
	flush := func() error {
		if d.Access.User.IsZero() {
			return nil
		}
		err := texts.into(&d.Access)
		each(d)
		return err
	}
	err := query("SELECT u.user_id, u.connection_id, u.status, "+userAccessColumns+" FROM "+
		t.among("users u", "u.organisation_id = ? AND u.user_id = listed.id")+userAccessJoins+" WHERE u.archived_at IS NULL ORDER BY u.user_id, a.kind, a.slot",
		[]any{ids, org.UUID}, func(r row) error {
			var user, connection uuid.UUID
			var status string
			next := givenRow{}
			if err := next.scan(r, &user, &connection, &status); err != nil {
				return err
			}
			if user != d.Access.User.UUID {
				if err := flush(); err != nil {
					return err
				}
				d = domain.Dossier{Status: domain.Status(status), Connection: domain.ConnectionID{UUID: connection}}
				d.Access.User, d.Access.Organisation = domain.UserID{UUID: user}, org
				texts = accessTexts{}
			}
			next.into(&d.Access, &texts)
			return nil
		})
	if err != nil {
		return err
	}
	return flush()
}

// upSQL begins a statement that goes from some people up through their groups, and through those that are claimed of them:
// cycles end, since no group is met twice, or three times where a claim leads there, too. Its parameters are the people and the
// organisation, both again, and the organisation.
func (t dossiers) upSQL() string {
	join := " JOIN "
	if t.dialect() == sqlite {
		join = " CROSS JOIN "
	}
	return "WITH RECURSIVE direct (person, id, claimed) AS (SELECT x.member_id, x.group_id, 0 FROM " +
		t.among("memberships x", "x.organisation_id = ? AND x.member_id = listed.id") + `
UNION ALL SELECT x.user_id, x.group_id, 1 FROM ` + t.among("claimed_groups x", "x.organisation_id = ? AND x.user_id = listed.id") + `),
up (person, id, claimed) AS (SELECT person, id, claimed FROM direct
UNION SELECT up.person, x.group_id, up.claimed FROM up` + join + "memberships x ON x.organisation_id = ? AND x.member_id = up.id) "
}

// reaching reads the mappings that reach some people.
func (t dossiers) reaching(org domain.OrganisationID, ids []uuid.UUID, of func(uuid.UUID) *domain.Dossier) error {
	var one int
	if some, err := fetch(t, "SELECT 1 FROM mappings WHERE organisation_id = ? LIMIT 1", []any{org.UUID}, &one); err != nil || !some {
		return err
	}
	join := " JOIN "
	if t.dialect() == sqlite {
		join = " CROSS JOIN "
	}
	return t.query(t.upSQL()+"SELECT up.person, m.mapping_id, MIN(up.claimed) FROM up"+join+
		"mappings m ON m.organisation_id = ? AND m.group_id = up.id GROUP BY up.person, m.mapping_id",
		[]any{ids, org.UUID, ids, org.UUID, org.UUID, org.UUID}, func(r row) error {
			var user uuid.UUID
			var id domain.MappingID
			var claimed int
			err := r.Scan(&user, &id.UUID, &claimed)
			d := of(user)
			d.Mappings = append(d.Mappings, id)
			if claimed == 1 { // and by no membership
				d.Claimed = append(d.Claimed, id)
			}
			return err
		})
}

// said reads what was said about some people, and what they wish for.
func (t dossiers) said(org domain.OrganisationID, ids []uuid.UUID, of func(uuid.UUID) *domain.Dossier) error {
	err := t.query("SELECT c.user_id, "+claimColumns+" FROM "+t.among("user_claims c", "c.organisation_id = ? AND c.user_id = listed.id")+
		" ORDER BY c.user_id, c.kind, c.source, c.slot", []any{ids, org.UUID}, func(r row) error {
		var user uuid.UUID
		c, err := scanClaim(r, &user)
		d := of(user)
		d.Claims = append(d.Claims, c)
		return err
	})
	if err != nil {
		return err
	}
	return t.query("SELECT w.user_id, w.licence, w.since FROM "+t.among("licence_wishes w", "w.organisation_id = ? AND w.user_id = listed.id"),
		[]any{ids, org.UUID}, func(r row) error {
			var user uuid.UUID
			var wish domain.LicenceWish
			var at int64
			err := r.Scan(&user, &wish.Licence, &at)
			wish.Since = instant(at)
			of(user).Wish = wish
			return err
		})
}

func (t dossiers) Wish(org domain.OrganisationID, user domain.UserID, wish domain.LicenceWish) error {
	if wish.Licence == "" {
		return t.exec("DELETE FROM licence_wishes WHERE organisation_id = ? AND user_id = ?", org.UUID, user.UUID)
	}
	return t.exec(`INSERT INTO licence_wishes (organisation_id, user_id, licence, since) VALUES (?, ?, ?, ?)
ON CONFLICT (organisation_id, user_id) DO UPDATE SET licence = excluded.licence, since = excluded.since`,
		org.UUID, user.UUID, wish.Licence, wish.Since.UnixMilli())
}

func (t dossiers) Wishing(org domain.OrganisationID, licence string, limit int) ([]domain.UserID, error) {
	return assignments(t).people("SELECT user_id FROM licence_wishes WHERE organisation_id = ? AND licence = ? ORDER BY since, user_id LIMIT ?",
		org.UUID, licence, limit)
}

func (t dossiers) Queues(org domain.OrganisationID, user domain.UserID) ([]domain.Given[domain.Queue], error) {
	u, err := assignments(t).Of(org, user)
	return u.Queues, err
}

func (t dossiers) DemandSettled(org domain.OrganisationID, user domain.UserID) error {
	return demandNone(t.session, `SELECT 1 FROM assignments WHERE organisation_id = ? AND user_id = ? AND kind = 'queue'
UNION ALL SELECT 1 FROM licence_wishes WHERE organisation_id = ? AND user_id = ?`, org.UUID, user.UUID, org.UUID, user.UUID)
}

func (t dossiers) FormerQueues(org domain.OrganisationID, user domain.UserID) ([]domain.QueueID, error) {
	var list []domain.QueueID
	err := t.query("SELECT queue_id FROM former_queues WHERE organisation_id = ? AND user_id = ? ORDER BY queue_id", []any{org.UUID, user.UUID},
		func(r row) error {
			var id domain.QueueID
			err := r.Scan(&id.UUID)
			list = append(list, id)
			return err
		})
	return list, err
}

func (t dossiers) RememberQueues(org domain.OrganisationID, user domain.UserID, queues []domain.QueueID, at time.Time) error {
	if err := t.exec("DELETE FROM former_queues WHERE organisation_id = ? AND user_id = ?", org.UUID, user.UUID); err != nil {
		return err
	}
	for _, q := range queues {
		err := t.exec("INSERT INTO former_queues (organisation_id, user_id, queue_id, left_at) VALUES (?, ?, ?, ?)", org.UUID, user.UUID, q.UUID, at.UnixMilli())
		if err != nil {
			return err
		}
	}
	return nil
}
